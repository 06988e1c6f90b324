// A new journal: it appears whole or not at all, next to nothing else, and takes nobody's place.

package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const someRandom = "ABCDEFGHIJKLMNOPQRSTUV2345"

// linking replaces os.Link.
func linking(link func(name, another string) error) Option {
	return func(s *settings) error {
		s.disk.link = link
		return nil
	}
}

// withoutLinks plays a file system that has no hard links.
func withoutLinks(s *settings) error {
	return linking(func(string, string) error { return errors.ErrUnsupported })(s)
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	found := []string{}
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	return found
}

// closeAlone has SQLite clear its log away, which it may not do when several close at once.
func closeAlone(t *testing.T, path string) {
	t.Helper()
	require.NoError(t, open(t, path).Close())
}

func TestAJournalCutToNothingNeverStartsFromZero(t *testing.T) {
	const advice = "If no journal was ever kept there, remove the file (or give another name) and it will be made"
	tests := map[string]struct {
		cut    func(t *testing.T, path string)
		advice string
		// startsAnew: with the empty file removed, as the error says.
		startsAnew bool
	}{
		"closed": {func(t *testing.T, path string) {
			require.NoError(t, errors.Join(os.Remove(path+"-wal"), os.Remove(path+"-shm"), os.Truncate(path, 0)))
		}, advice, true},
		"with its log": {func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 0)) }, "its log", false},
		"with a log cut to nothing too": {func(t *testing.T, path string) {
			require.NoError(t, errors.Join(os.Truncate(path, 0), os.Truncate(path+"-wal", 0)))
		}, advice, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "d")
			path := filepath.Join(dir, "journal")
			leaveBehind(t, path)
			test.cut(t, path)
			before := hashes(t, dir)
			for range 2 {
				_, err := Open(path)
				require.ErrorIs(t, err, ErrDamaged)
				assert.ErrorContains(t, err, "journal "+path+": ")
				assert.ErrorContains(t, err, test.advice)
				assert.ErrorContains(t, err, "Restore it from a backup")
				assert.Equal(t, before, hashes(t, dir))
			}
			require.NoError(t, os.Remove(path))
			if test.startsAnew {
				begin(t, open(t, path), "order-1")
				return
			}
			_, err := Open(path)
			assert.ErrorIs(t, err, ErrDamaged, "the log still tells of it")
		})
	}
}

// leaveBehind leaves the files of a killed process: the note is in the log alone.
func leaveBehind(t *testing.T, path string) {
	t.Helper()
	child, lines := startChild(t, "hold", path, "order-1")
	require.True(t, lines.Scan())
	require.Equal(t, "begun order-1", lines.Text())
	require.NoError(t, child.Process.Kill())
	require.Error(t, child.Wait())
}

func TestAJournalCutToNothingWhileItIsOpenedIsDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	_, err := openDatabase(path, time.Second)
	assert.ErrorIs(t, err, ErrDamaged)
}

func TestANewJournalIsPutInPlaceWholeAndItsDirectoriesAreSynced(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "a", "b")
	path := filepath.Join(dir, "journal")
	steps := []string{}
	var whole []byte
	watched := func(s *settings) error {
		s.disk.syncDirectory = func(dir string) error {
			steps = append(steps, "sync "+dir)
			return syncDirectory(dir)
		}
		return linking(func(name, another string) error {
			steps = append(steps, "link "+another)
			assert.Equal(t, []string{filepath.Base(name)}, names(t, dir))
			assert.Equal(t, []string{name}, unfinishedNames(path))
			info, err := os.Stat(name)
			require.NoError(t, err)
			assert.Equal(t, fs.FileMode(0o600), info.Mode())
			whole, err = os.ReadFile(name)
			require.NoError(t, err)
			return os.Link(name, another)
		})(s)
	}
	begin(t, open(t, path, watched), "order-1")
	assert.Equal(t, []string{"sync " + root, "sync " + filepath.Dir(dir), "link " + path, "sync " + dir}, steps)
	assert.Equal(t, []string{"journal", "journal-shm", "journal-wal"}, names(t, dir))

	steps = nil
	require.NoError(t, open(t, path, watched).Close())
	assert.Equal(t, []string{"sync " + dir}, steps, "who made it may have been killed before that")

	other := filepath.Join(t.TempDir(), "other")
	require.NoError(t, os.WriteFile(other, whole, 0o600))
	begin(t, open(t, other), "order-1")
}

func TestADirectoryThatCannotBeSyncedIsAnError(t *testing.T) {
	failing := func(s *settings) error {
		s.disk.syncDirectory = func(string) error { return fs.ErrInvalid }
		return nil
	}
	dir := t.TempDir()
	for _, path := range []string{filepath.Join(dir, "journal"), filepath.Join(dir, "new", "journal")} {
		_, err := Open(path, failing)
		assert.ErrorIs(t, err, fs.ErrInvalid)
		assert.ErrorContains(t, err, path)
	}
}

// TestAFileThatAppearsMeanwhileIsKept puts a file there between the look and the link.
func TestAFileThatAppearsMeanwhileIsKept(t *testing.T) {
	links := map[string]func(name, another string) error{
		"linked":        os.Link,
		"without links": func(string, string) error { return errors.ErrUnsupported },
		"cleared away":  func(name, another string) error { return errors.Join(os.Remove(name), os.Link(name, another)) },
	}
	tests := map[string]struct {
		content []byte
		want    error
	}{
		"a journal":          {sound(t), nil},
		"another's file":     {[]byte("a letter"), ErrForeign},
		"an empty file":      {nil, ErrDamaged},
		"half of a journal":  {sound(t)[:9000], ErrDamaged},
		"a journal's header": {sound(t)[:100], ErrDamaged},
	}
	for how, link := range links {
		for name, test := range tests {
			t.Run(how+"/"+name, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "journal")
				journal, err := Open(path, linking(func(name, another string) error {
					require.NoError(t, os.WriteFile(path, test.content, 0o600))
					return link(name, another)
				}))
				if test.want == nil {
					require.NoError(t, err)
					get(t, journal, "order-1")
					require.NoError(t, journal.Close())
				} else {
					require.ErrorIs(t, err, test.want)
					content, err := os.ReadFile(path)
					require.NoError(t, err)
					assert.Equal(t, string(test.content), string(content))
				}
				assert.Equal(t, []string{"journal"}, names(t, filepath.Dir(path)))
			})
		}
	}
}

func TestManyMayMakeTheFileAtOnce(t *testing.T) {
	for name, opts := range map[string][]Option{"linked": nil, "without hard links": {withoutLinks}} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "dir")
			path := filepath.Join(dir, "journal")
			fresh := make(chan bool, 16)
			var openers sync.WaitGroup
			for range cap(fresh) {
				openers.Go(func() {
					journal, err := Open(path, opts...)
					if !assert.NoError(t, err) {
						return
					}
					_, first, err := journal.Begin(t.Context(), intent("order-1"))
					assert.NoError(t, errors.Join(err, journal.Close()))
					if first {
						fresh <- true
					}
				})
			}
			openers.Wait()
			assert.Len(t, fresh, 1)
			closeAlone(t, path)
			assert.Equal(t, []string{"journal"}, names(t, dir))
			assert.Equal(t, fs.FileMode(0o600), modes(t, dir)["journal"])
		})
	}
}

// A name that is claimed by an empty file gets its journal at once, or never.
func TestAClaimedNameIsWaitedFor(t *testing.T) {
	tests := map[string]struct {
		finish func(t *testing.T, name, path string)
		want   error
		waits  time.Duration
	}{
		"put in place": {func(t *testing.T, name, path string) { require.NoError(t, os.Rename(name, path)) }, nil, 5 * time.Millisecond},
		"given up":     {func(t *testing.T, name, path string) { require.NoError(t, os.Remove(name)) }, ErrDamaged, 5 * time.Millisecond},
		"left":         {func(*testing.T, string, string) {}, ErrDamaged, 10*time.Second + 5*time.Millisecond},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			content := sound(t)
			path := filepath.Join(t.TempDir(), "journal")
			unfinishedName := path + unfinished + someRandom
			require.NoError(t, os.WriteFile(path, nil, 0o600))
			require.NoError(t, os.WriteFile(unfinishedName, content, 0o600))
			synctest.Test(t, func(t *testing.T) {
				started := time.Now()
				go func() {
					synctest.Wait()
					test.finish(t, unfinishedName, path)
				}()
				journal, err := Open(path)
				assert.ErrorIs(t, err, test.want)
				assert.Equal(t, test.waits, time.Since(started))
				if err == nil {
					get(t, journal, "order-1")
					require.NoError(t, journal.Close())
				}
			})
		})
	}
}

func TestWhatAKilledProcessLeftIsClearedAwayAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "journal")
	keep := []string{
		"journal.new-", "journal.new-backup", "journal.new-" + strings.ToLower(someRandom), "journal.new-" + someRandom + "A",
		"journal.new-" + someRandom[1:] + "1", "other.new-" + someRandom, "journal.new", "xjournal.new-" + someRandom,
	}
	write := func(name string, content []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	for _, name := range keep {
		write(name, []byte("mine"))
	}
	directory := "journal.new-" + strings.Repeat("D", randomLength)
	require.NoError(t, os.Mkdir(filepath.Join(dir, directory), 0o700))
	leave := func() {
		write("journal.new-"+strings.Repeat("A", randomLength), nil)
		write("journal.new-"+strings.Repeat("B", randomLength), sound(t)[:5000])
	}
	for _, when := range []string{"new", "there already"} {
		leave()
		require.NoError(t, open(t, path).Close())
		assert.ElementsMatch(t, append([]string{"journal", directory}, keep...), names(t, dir), when)
	}
	require.NoError(t, os.Truncate(path, 100))
	leave()
	before := names(t, dir)
	_, err := Open(path)
	require.ErrorIs(t, err, ErrDamaged)
	assert.Equal(t, before, names(t, dir), "beside a damaged journal everything stays as it is")
}

func TestASymbolicLinkIsFollowedButLeadsToNoNewJournal(t *testing.T) {
	dir := t.TempDir()
	target, path := filepath.Join(dir, "target"), filepath.Join(dir, "journal")
	require.NoError(t, os.Symlink(target, path))
	_, err := Open(path)
	require.ErrorContains(t, err, "symbolic link")
	assert.ErrorContains(t, err, path)
	assert.Equal(t, []string{"journal"}, names(t, dir))

	require.NoError(t, os.WriteFile(target, nil, 0o600))
	_, err = Open(path)
	require.ErrorIs(t, err, ErrDamaged)

	require.NoError(t, os.WriteFile(target, sound(t), 0o600))
	get(t, open(t, path), "order-1")
}

func TestAJournalThatCannotBeMadeIsNamedAndLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	long := filepath.Join(dir, strings.Repeat("x", 240))
	_, err := Open(long)
	require.ErrorContains(t, err, "journal "+long+": open: it can't be made: ")
	assert.ErrorContains(t, err, "too long")

	path := filepath.Join(dir, "journal")
	_, err = Open(path, linking(func(name, _ string) error { return errors.Join(os.Remove(name), fs.ErrPermission) }))
	require.ErrorIs(t, err, fs.ErrPermission)
	assert.ErrorIs(t, err, fs.ErrNotExist, "both ways are told of")
	require.NoError(t, os.Remove(path))

	_, err = Open(path, linking(func(name, _ string) error { return os.Remove(name) }))
	require.ErrorContains(t, err, "taken away")
	assert.Empty(t, names(t, dir))

	require.NoError(t, os.WriteFile(long, sound(t), 0o600))
	get(t, open(t, long), "order-1")
	assert.NoError(t, settings{busyTimeout: time.Second}.create(long), "somebody else has made it meanwhile")
}
