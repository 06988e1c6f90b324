// Several processes on one file, for real: this test binary runs itself, and is killed with SIGKILL.

package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
)

const (
	roleVariable = "AIRTIME_JOURNAL_TEST_ROLE"
	pathVariable = "AIRTIME_JOURNAL_TEST_PATH"
	nameVariable = "AIRTIME_JOURNAL_TEST_NAME"
)

// roles are what this binary does as a child.
var roles = map[string]func(path, name string) error{
	"wait": waitChild, "race": opening(raceChild), "write": opening(writeChild), "hold": opening(holdChild),
	"make": makeChild, "killed while making": killedChild, "abreast": abreastChild,
}

func TestMain(m *testing.M) {
	role := roles[os.Getenv(roleVariable)]
	if role == nil {
		os.Exit(m.Run())
	}
	if err := role(os.Getenv(pathVariable), os.Getenv(nameVariable)); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
}

func waitChild(string, string) error {
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

func opening(role func(*Journal, string) error) func(path, name string) error {
	return func(path, name string) error {
		journal, err := Open(path)
		if err != nil {
			return err
		}
		return role(journal, name)
	}
}

// raceChild begins the same references as its siblings and tells which were fresh.
func raceChild(journal *Journal, _ string) error {
	for n := range 100 {
		reference := fmt.Sprint("order-", n)
		_, fresh, err := journal.Begin(context.Background(), intent(reference))
		if err != nil {
			return err
		}
		if fresh {
			fmt.Println("fresh", reference)
		}
	}
	return journal.Close()
}

// writeChild tells of each note once it is acknowledged, until it is killed.
func writeChild(journal *Journal, name string) error {
	failed := make(chan error)
	for g := range 4 {
		go func() {
			for n := 0; ; n++ {
				if err := writeOne(journal, fmt.Sprintf("%s-%d-%d", name, g, n)); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	return <-failed
}

func writeOne(journal *Journal, reference string) error {
	ctx := context.Background()
	if _, fresh, err := journal.Begin(ctx, intent(reference)); err != nil || !fresh {
		return fmt.Errorf("%s: fresh %t: %w", reference, fresh, err)
	}
	fmt.Println("begun", reference)
	if err := journal.Attempt(ctx, key(reference), noted); err != nil {
		return err
	}
	fmt.Println("attempted", reference)
	if err := journal.Settle(ctx, key(reference), settled(facade.OutcomeAccepted)); err != nil {
		return err
	}
	fmt.Println("settled", reference)
	return nil
}

// holdChild begins one entry and keeps it until its parent is done with it.
func holdChild(journal *Journal, name string) error {
	if _, _, err := journal.Begin(context.Background(), intent(name)); err != nil {
		return err
	}
	fmt.Println("begun", name)
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// startChild runs this binary in a role. Its standard input stays open until the test ends.
func startChild(t *testing.T, role, path, name string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), roleVariable+"="+role, pathVariable+"="+path, nameVariable+"="+name)
	stdin, err := child.StdinPipe()
	require.NoError(t, err)
	t.Cleanup(func() { _ = stdin.Close() })
	stdout, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	return child, bufio.NewScanner(stdout)
}

func TestOfManyProcessesOneIsFresh(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	fresh := map[string]int{}
	var mu sync.Mutex
	var children sync.WaitGroup
	for range 4 {
		child, lines := startChild(t, "race", path, "")
		children.Go(func() {
			for lines.Scan() {
				mu.Lock()
				fresh[lines.Text()]++
				mu.Unlock()
			}
			assert.NoError(t, child.Wait())
		})
	}
	children.Wait()
	assert.Len(t, fresh, 100)
	for line, times := range fresh {
		assert.Equal(t, 1, times, line)
	}
}

func TestKillLosesNoAcknowledgedNote(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	acknowledged := map[string]string{}
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 8 {
		child, lines := startChild(t, "write", path, fmt.Sprint("round-", round))
		// Killed in the middle of what it was doing when it told of its nth note.
		left := 1 + random.IntN(120)
		for lines.Scan() {
			what, reference, _ := strings.Cut(lines.Text(), " ")
			require.NotEqual(t, "error", what, reference)
			acknowledged[reference] = what
			if left--; left == 0 {
				require.NoError(t, child.Process.Kill())
			}
		}
		assert.Error(t, child.Wait())
		checkAcknowledged(t, path, acknowledged)
	}
}

func checkAcknowledged(t *testing.T, path string, acknowledged map[string]string) {
	t.Helper()
	journal := open(t, path)
	open := map[string]bool{}
	for _, reference := range opened(t, journal) {
		open[reference] = true
	}
	for reference, what := range acknowledged {
		entry := get(t, journal, reference)
		switch what {
		case "settled":
			assert.NotNil(t, entry.Settlement, reference)
			fallthrough
		case "attempted":
			assert.Equal(t, 1, entry.Attempts, reference)
		}
		assert.Equal(t, entry.Settlement == nil, open[reference], "%s: what is open is found at once", reference)
	}
	require.NoError(t, journal.Close())
}

func TestWhatAProcessHoldsIsFreeOnceItIsKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	journal := open(t, path)
	child, lines := startChild(t, "hold", path, "order-1")
	require.True(t, lines.Scan())
	require.Equal(t, "begun order-1", lines.Text())

	started := time.Now()
	assert.Empty(t, opened(t, journal))
	entry, _, err := journal.Begin(t.Context(), intent("order-1"))
	require.NoError(t, err)
	assert.True(t, entry.Leased)
	if thisProcess().boot != "" {
		assert.Less(t, time.Since(started), 4*time.Second, "it is looked up, not waited for")
	}

	require.NoError(t, child.Process.Kill())
	assert.Error(t, child.Wait())
	entry, fresh, err := journal.Begin(t.Context(), intent("order-1"))
	require.NoError(t, err)
	assert.False(t, fresh)
	if thisProcess().boot != "" {
		assert.False(t, entry.Leased, "the caller may find out what became of it")
		require.NoError(t, journal.Release(t.Context(), key("order-1")))
	}
	assert.Equal(t, []string{"order-1"}, opened(t, journal))
}

// makeChild makes one journal after the other and tells of each, until it kills itself.
func makeChild(dir, delay string) error {
	after, err := time.ParseDuration(delay)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	time.AfterFunc(after, killSelf)
	for n := 0; ; n++ {
		name := fmt.Sprint("journal-", n)
		journal, err := Open(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		fmt.Println(name)
		if err := journal.Close(); err != nil {
			return err
		}
	}
}

func killSelf() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
}

// killedChild is killed at the named moment.
func killedChild(path, moment string) error {
	at := func(reached string) {
		if reached == moment {
			killSelf()
			select {}
		}
	}
	_, err := Open(path, func(s *settings) error {
		s.disk.syncDirectory = func(string) error {
			at("before the directory is synced")
			return nil
		}
		s.disk.link = func(name, another string) error {
			at("before it is in place")
			defer at("once it is in place")
			return os.Link(name, another)
		}
		return nil
	})
	return err
}

// abreastChild makes journals at the same moments as its siblings and tells in which it was the first to begin an entry.
func abreastChild(dir, plan string) error {
	var start int64
	var links bool
	if _, err := fmt.Sscan(plan, &start, &links); err != nil {
		return err
	}
	var opts []Option
	if !links {
		opts = append(opts, withoutLinks)
	}
	for n := range 10 {
		<-time.After(time.Until(time.Unix(0, start).Add(time.Duration(n) * 40 * time.Millisecond)))
		name := fmt.Sprint("journal-", n)
		journal, err := Open(filepath.Join(dir, name), opts...)
		if err != nil {
			return err
		}
		_, fresh, err := journal.Begin(context.Background(), intent("order-1"))
		if err := errors.Join(err, journal.Close()); err != nil {
			return err
		}
		if fresh {
			fmt.Println(name)
		}
	}
	return nil
}

func TestManyProcessesMayMakeTheFileAtOnce(t *testing.T) {
	for name, links := range map[string]bool{"linked": true, "without hard links": false} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			firsts := []string{}
			var mu sync.Mutex
			var children sync.WaitGroup
			plan := fmt.Sprint(time.Now().Add(300*time.Millisecond).UnixNano(), " ", links)
			for range 5 {
				child, lines := startChild(t, "abreast", dir, plan)
				children.Go(func() {
					for lines.Scan() {
						mu.Lock()
						firsts = append(firsts, lines.Text())
						mu.Unlock()
					}
					assert.NoError(t, child.Wait())
				})
			}
			children.Wait()
			assert.Len(t, firsts, 10)
			for _, name := range firsts {
				closeAlone(t, filepath.Join(dir, name))
			}
			assert.ElementsMatch(t, names(t, dir), firsts, "one journal each, in which one was first, and nothing else is left")
		})
	}
}

func TestAKillLeavesAWholeNewJournalOrNone(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	unfinishedAtAll := 0
	for range 20 {
		dir := t.TempDir()
		child, lines := startChild(t, "make", dir, fmt.Sprint(random.IntN(40_000), "us"))
		require.True(t, lines.Scan())
		require.Equal(t, "ready", lines.Text())
		made := []string{}
		for lines.Scan() {
			made = append(made, lines.Text())
		}
		require.Equal(t, -1, child.Wait().(*exec.ExitError).ExitCode(), "it was killed: %v", made)
		assert.Subset(t, names(t, dir), made)
		for _, name := range names(t, dir) {
			base, _, left := strings.Cut(name, unfinished)
			if left {
				unfinishedAtAll++
			}
			base = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(base, "-wal"), "-shm"), "-journal")
			closeAlone(t, filepath.Join(dir, base))
			if !slices.Contains(made, base) {
				made = append(made, base)
			}
		}
		assert.ElementsMatch(t, made, names(t, dir))
	}
	t.Log("killed while one was unfinished:", unfinishedAtAll)
}

func TestAKilledMakerIsInNobodysWay(t *testing.T) {
	tests := map[string]struct{ journal, unfinished bool }{
		"before it is in place":          {false, true},
		"once it is in place":            {true, true},
		"before the directory is synced": {true, false},
	}
	for moment, left := range tests {
		t.Run(moment, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "journal")
			child, _ := startChild(t, "killed while making", path, moment)
			require.Equal(t, -1, child.Wait().(*exec.ExitError).ExitCode(), "it was killed")
			assert.Equal(t, left.unfinished, len(unfinishedNames(path)) == 1)
			info, err := os.Stat(path)
			assert.Equal(t, left.journal, err == nil)
			if err == nil {
				assert.Positive(t, info.Size())
			}
			journal := open(t, path)
			begin(t, journal, "order-1")
			assert.Empty(t, unfinishedNames(path))
			require.NoError(t, journal.Close())
			assert.Equal(t, []string{"journal"}, names(t, dir))
		})
	}
}
