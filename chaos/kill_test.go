// For real: a process pays, charges and refunds through a sandbox in another process, over loopback, with a journal on the
// disk, and is killed with SIGKILL at random moments, again and again.

package chaos

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/journal/sqlite"
	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/sandbox"
)

const (
	roleVariable    = "AIRTIME_CHAOS_ROLE"
	addressVariable = "AIRTIME_CHAOS_ADDRESS"
	journalVariable = "AIRTIME_CHAOS_JOURNAL"
	firstVariable   = "AIRTIME_CHAOS_FIRST"
	sharedVariable  = "AIRTIME_CHAOS_SHARED"
	againVariable   = "AIRTIME_CHAOS_AGAIN"
)

func TestMain(m *testing.M) {
	roles := map[string]func() error{"sandbox": serveSandbox, "pay": payUntilKilled, "finish": finishWhatIsOpen}
	role := os.Getenv(roleVariable)
	if role == "" {
		if !raceDetector {
			// Worlds hand over from goroutine to goroutine; a second processor only makes that slower.
			runtime.GOMAXPROCS(1)
		}
		debug.SetGCPercent(400) // worlds are small, and make much that is soon of no use
		os.Exit(m.Run())
	}
	if err := roles[role](); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
}

// child is this binary in one of its roles.
type child struct {
	command *exec.Cmd
	stdin   io.Closer
	lines   *bufio.Scanner
}

// startChild runs this binary in a role. Its standard input stays open until the test ends.
func startChild(t *testing.T, role string, environment ...string) child {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(append(os.Environ(), roleVariable+"="+role), environment...)
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	require.NoError(t, err)
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() { _ = stdin.Close() })
	return child{command, stdin, bufio.NewScanner(stdout)}
}

// told is everything that the paying processes wrote down.
type told struct {
	mu sync.Mutex
	// asked are the orders that were begun, and answered those whose callers were told an outcome.
	asked    []string
	answered map[string]bool
	reports  []report
}

// hear takes one line: "asks 12 Charge", "told 12 Charge accepted", or "recovered 12 Charge accepted".
func (o *told) hear(t *testing.T, line string) {
	t.Helper()
	words := strings.Fields(line)
	if len(words) < 3 || words[0] == "error" {
		t.Errorf("a payer says: %s", line)
		return
	}
	id := words[1] + " " + words[2]
	o.mu.Lock()
	defer o.mu.Unlock()
	if words[0] == "asks" {
		o.asked = append(o.asked, id)
		return
	}
	o.reports = append(o.reports, report{order: realOrder(words[2], words[1]), by: manner(words[0]), outcome: facade.Outcome(words[3])})
	if words[0] == "told" {
		o.answered[id] = true
	}
}

// follow hears what a payer has to tell, and kills it soon after it has told so much.
func (o *told) follow(t *testing.T, payer child, left int) {
	for payer.lines.Scan() {
		o.hear(t, payer.lines.Text())
		if left--; left == 0 {
			time.AfterFunc(rand.N(10*time.Millisecond), func() { _ = payer.command.Process.Kill() })
		}
	}
	assert.Error(t, payer.command.Wait(), "it was to be killed")
}

// interrupted are the orders whose callers were never told anything.
func (o *told) interrupted() []string {
	var open []string
	for _, id := range o.asked {
		if !o.answered[id] && !slices.Contains(open, id) {
			open = append(open, id)
		}
	}
	return open
}

func TestKilledProcessesPayAtMostOnce(t *testing.T) {
	t.Parallel()
	const lives, slots, perLife, perSlot = 5, 2, 1000, 500
	random := rand.New(rand.NewPCG(rand.Uint64(), 1))
	server := startChild(t, "sandbox")
	require.True(t, server.lines.Scan())
	base := server.lines.Text()
	journal := filepath.Join(t.TempDir(), "journal")
	environment := []string{addressVariable + "=" + base, journalVariable + "=" + journal}

	all := &told{answered: map[string]bool{}}
	for life := range lives {
		again := all.interrupted()
		again = again[max(0, len(again)-4):]
		var payers sync.WaitGroup
		for slot := range slots {
			payer := startChild(t, "pay", append(environment, fmt.Sprintf("%s=%d", firstVariable, life*perLife+slot*perSlot),
				fmt.Sprintf("%s=%d", sharedVariable, life*perLife), againVariable+"="+strings.Join(again, ","))...)
			left := 1 + random.IntN(80)
			payers.Go(func() { all.follow(t, payer, left) })
		}
		payers.Wait()
	}

	finisher := startChild(t, "finish", append(environment, fmt.Sprintf("%s=%d", firstVariable, lives*perLife))...)
	for finisher.lines.Scan() {
		all.hear(t, finisher.lines.Text())
	}
	require.NoError(t, finisher.command.Wait())

	e := &evidence{plan: plan{deaths: lives, processes: slots, journal: true}, ledger: ledgerOf(t, base), reports: all.reports, entries: entriesOf(t, journal, base, all.asked)}
	e.failed = func(string) bool { return false }
	violations := e.judge()
	for _, v := range violations[:min(mostComplaints, len(violations))] {
		t.Errorf("%s is violated by %s: %s", v.rule, v.reference, v.what)
	}
	t.Logf("%d violations after %d kills: %d orders, %d of them cut off, %d done", len(violations), lives*slots, len(all.asked), len(all.interrupted()), len(e.paid()))
	assert.Greater(t, 2*len(e.paid()), len(all.asked), "most of it was done")
	assert.NotEmpty(t, all.interrupted(), "a kill hit something that was under way")
	require.NoError(t, server.stdin.Close())
	require.NoError(t, server.command.Wait())
}

func ledgerOf(t *testing.T, base string) sandbox.Ledger {
	t.Helper()
	response, err := http.Get(base + "/_sandbox/ledger")
	require.NoError(t, err)
	defer response.Body.Close()
	var ledger sandbox.Ledger
	require.NoError(t, json.NewDecoder(response.Body).Decode(&ledger))
	return ledger
}

// entriesOf reads what the journal holds of every order that was ever begun.
func entriesOf(t *testing.T, path, base string, asked []string) []facade.Entry {
	t.Helper()
	journal, err := sqlite.Open(path)
	require.NoError(t, err)
	defer func() { assert.NoError(t, journal.Close()) }()
	place := strings.Replace(base, "127.0.0.1", "localhost", 1) // one name for this machine
	entries := []facade.Entry{}
	for _, id := range asked {
		number, operation, _ := strings.Cut(id, " ")
		key := facade.Key{Scope: "dizlee " + place + "/dizlee", Operation: operation, Reference: operation + "-" + number}
		if operation == string(transfer) {
			key.Scope = "ding " + place
		}
		entry, found, err := journal.Get(t.Context(), key)
		require.NoError(t, err)
		if found {
			entries = append(entries, entry)
		}
	}
	return entries
}

// realOrder is the order of a number: everything about it follows from that.
func realOrder(operation, number string) order {
	o := order{kind: kind(operation), reference: operation + "-" + number, sku: topUp, account: "447700900123", amount: money.FromInt(5)}
	switch o.kind {
	case charge:
		o.account, o.amount = "9647701234567", money.FromInt(100)
	case refund:
		o.account, o.amount, o.charge = "9647701234567", money.Decimal{}, string(charge)+"-"+number
	case message:
		o.account, o.amount = "9647701234567", money.Decimal{}
	}
	return o
}
