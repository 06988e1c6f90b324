//go:build unix

// Receivers that are killed, the next ones, and two at once: real processes, and a real file between them.

package ding_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/journal/sqlite"
	"github.com/airtime-go/airtime/money"
)

// What the child is told, by its environment: where the service, the journal and the log of what it did are, and what it is to do
// beside receiving: send a deferred transfer before, or kill itself while it takes something.
const (
	childService = "AIRTIME_TEST_SERVICE"
	childDir     = "AIRTIME_TEST_DIR"
	childSends   = "AIRTIME_TEST_SENDS"
	childDies    = "AIRTIME_TEST_DIES"
)

// tagged tells the service who asks, so that it can kill them.
type tagged struct{}

func (tagged) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Child", strconv.Itoa(os.Getpid()))
	return http.DefaultTransport.RoundTrip(r)
}

// TestTheChildReceives is the receiver when it is run as a process of its own; else, it does nothing.
func TestTheChildReceives(t *testing.T) {
	service, dir := os.Getenv(childService), os.Getenv(childDir)
	if service == "" {
		return
	}
	journal, err := sqlite.Open(filepath.Join(dir, "airtime.journal"))
	require.NoError(t, err)
	client, err := ding.NewClient(ding.WithAPIKey(apiKey), ding.WithBaseURL(service), ding.WithJournal(journal), ding.WithHTTPClient(&http.Client{Transport: tagged{}}))
	require.NoError(t, err)
	did := func(words ...any) error {
		log, err := os.OpenFile(filepath.Join(dir, "did"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer func() { _ = log.Close() }()
		_, err = fmt.Fprintln(log, words...)
		return err
	}
	for one, err := range client.RecoverTransfers(t.Context()) {
		require.NoError(t, err)
		require.NoError(t, one.Err)
		require.NoError(t, did("recovered", one.Answer.TransferRecord.ProcessingState))
	}
	if ref := os.Getenv(childSends); ref != "" {
		_, err := client.SendTransferDeferred(t.Context(), ding.SendTransferRequest{
			SKUCode: "GB_TEST_10", SendValue: money.MustParse("10"), AccountNumber: "447700900123", DistributorRef: ref,
		})
		require.NoError(t, err)
	}
	handler, err := ding.NewNotificationHandler(client, func(_ context.Context, n ding.Notification) error {
		if err := did("took", n.TransferRecord.TransferID.DistributorRef, n.Verified); err != nil {
			return err
		}
		if os.Getenv(childDies) != "" {
			return syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		return nil
	})
	require.NoError(t, err)
	fmt.Println("receiving at", httptest.NewServer(handler).URL)
	_, _ = os.Stdin.Read(make([]byte, 1)) // until the parent has gone
	require.NoError(t, journal.Close())
}

// receiving is a child.
type receiving struct {
	*exec.Cmd
	url   string
	stdin io.Closer
	lines *bufio.Scanner
}

// child runs a receiver, and returns when it receives, or has died.
func child(t *testing.T, dir, service string, environment ...string) *receiving {
	t.Helper()
	process := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTheChildReceives$")
	process.Env = append(os.Environ(), append(environment, childService+"="+service, childDir+"="+dir)...)
	stdin, err := process.StdinPipe()
	require.NoError(t, err)
	stdout, err := process.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, process.Start())
	r := &receiving{Cmd: process, stdin: stdin, lines: bufio.NewScanner(stdout)}
	for r.url == "" && r.lines.Scan() {
		_, r.url, _ = strings.Cut(r.lines.Text(), "receiving at ")
	}
	return r
}

// end ends a child that has not died yet.
func (r *receiving) end() {
	_ = r.stdin.Close()
	for r.lines.Scan() {
		continue
	}
	_ = r.Wait()
}

// did returns what the children did, in order.
func did(t *testing.T, dir string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "did"))
	if !os.IsNotExist(err) {
		require.NoError(t, err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// ledger is a service that has one transfer, in a state, and may kill a child that asks for something.
type ledger struct {
	mu    sync.Mutex
	state string
	kills string // the child that comes to this path
	sends int
}

func (l *ledger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	path := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	if path == "SendTransfer" {
		l.sends++
		l.state = "Submitted"
	}
	if path == l.kills {
		l.kills = ""
		pid, err := strconv.Atoi(r.Header.Get("X-Child"))
		if err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		return
	}
	switch {
	case path == "SendTransfer":
		ok(submitted("order-1")).play(w, nil)
	case l.state == "":
		ok(`{"ResultCode":1,"Items":[]}`).play(w, nil)
	default:
		ok(listing("order-1", l.state)).play(w, nil)
	}
}

func (l *ledger) becomes(state, kills string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state, l.kills = state, kills
}

func TestAReceiverThatIsKilledWhileItTakesGetsItAgain(t *testing.T) {
	dir := t.TempDir()
	service := httptest.NewServer(&ledger{state: "Complete"})
	defer service.Close()

	dying := child(t, dir, service.URL, childDies+"=1")
	_, err := http.Post(dying.url, "application/json", strings.NewReader(notified("order-1")))
	assert.Error(t, err, "nobody answers")
	dying.end()
	assert.Equal(t, []string{"took order-1 true"}, did(t, dir))

	for life := range 2 {
		next := child(t, dir, service.URL)
		for range 2 {
			assert.Equal(t, 200, notify(t, http.DefaultClient, next.url, notified("order-1")))
		}
		next.end()
		assert.Len(t, did(t, dir), 2, "at least once, and once after it has been noted: life %d", life)
	}
}

func TestAKillAtAnyMomentLosesAndDoublesNothing(t *testing.T) {
	for name, kills := range map[string]string{
		"before it is answered that the transfer is taken": "SendTransfer",
		"while it reads back":                              "ListTransferRecords",
		"not at all":                                       "",
	} {
		t.Run(name, func(t *testing.T) {
			dir, ledger := t.TempDir(), &ledger{kills: kills}
			service := httptest.NewServer(ledger)
			defer service.Close()
			first := child(t, dir, service.URL, childSends+"=order-1")
			if kills != "SendTransfer" {
				ledger.becomes("Complete", kills)
				response, err := http.Post(first.url, "application/json", strings.NewReader(notified("order-1")))
				assert.Equal(t, kills != "", err != nil)
				if err == nil {
					_ = response.Body.Close()
				}
			}
			first.end()

			ledger.becomes("Submitted", "")
			second := child(t, dir, service.URL)
			if kills == "" {
				assert.Equal(t, 200, notify(t, http.DefaultClient, second.url, notified("order-1")), "it was taken")
			} else {
				assert.Equal(t, 503, notify(t, http.DefaultClient, second.url, notified("order-1")))
				ledger.becomes("Complete", "")
				assert.Equal(t, 200, notify(t, http.DefaultClient, second.url, notified("order-1")))
			}
			second.end()
			third := child(t, dir, service.URL)
			assert.Equal(t, 200, notify(t, http.DefaultClient, third.url, notified("order-1")))
			third.end()

			want := []string{"recovered Submitted", "took order-1 true"}
			if kills == "" {
				want = want[1:]
			}
			assert.Equal(t, want, did(t, dir))
			assert.Equal(t, 1, ledger.sends)
		})
	}
}

func TestAnEndThatNobodyHasTakenIsRecovered(t *testing.T) {
	dir, ledger := t.TempDir(), &ledger{}
	service := httptest.NewServer(ledger)
	defer service.Close()
	dying := child(t, dir, service.URL, childSends+"=order-1", childDies+"=1")
	ledger.becomes("Complete", "")
	_, err := http.Post(dying.url, "application/json", strings.NewReader(notified("order-1")))
	assert.Error(t, err)
	dying.end()
	for range 2 {
		child(t, dir, service.URL).end()
	}
	assert.Equal(t, []string{"took order-1 true", "recovered Complete"}, did(t, dir))
}

func TestOfTwoProcessesOneTakesIt(t *testing.T) {
	dir := t.TempDir()
	service := httptest.NewServer(&ledger{state: "Complete"})
	defer service.Close()
	one, other := child(t, dir, service.URL), child(t, dir, service.URL)
	var all sync.WaitGroup
	for i := range 8 {
		url := []string{one.url, other.url}[i%2]
		all.Go(func() {
			for status := 0; status != 200; {
				status = notify(t, http.DefaultClient, url, notified("order-1"))
				if !assert.Contains(t, []int{200, 503}, status) {
					return
				}
			}
		})
	}
	all.Wait()
	one.end()
	other.end()
	assert.Equal(t, []string{"took order-1 true"}, did(t, dir))
}
