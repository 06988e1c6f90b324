//go:build unix

// A receiver that is killed in the middle of a delivery, and the next one: real processes, and a real file between them.

package ding_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/journal/sqlite"
)

// What the child is told, by its environment: where the service, the journal and the log of what it took are, and whether it
// is to be killed while it takes something.
const (
	childService = "AIRTIME_TEST_SERVICE"
	childDir     = "AIRTIME_TEST_DIR"
	childDies    = "AIRTIME_TEST_DIES"
)

// TestTheChildReceives is the receiver when it is run as a process of its own; else, it does nothing.
func TestTheChildReceives(t *testing.T) {
	service, dir := os.Getenv(childService), os.Getenv(childDir)
	if service == "" {
		return
	}
	journal, err := sqlite.Open(filepath.Join(dir, "airtime.journal"))
	require.NoError(t, err)
	client, err := ding.NewClient(ding.WithAPIKey(apiKey), ding.WithBaseURL(service), ding.WithJournal(journal))
	require.NoError(t, err)
	handler, err := ding.NewNotificationHandler(client, func(_ context.Context, n ding.Notification) error {
		log, err := os.OpenFile(filepath.Join(dir, "taken"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer func() { _ = log.Close() }()
		if _, err := fmt.Fprintln(log, n.TransferRecord.TransferID.DistributorRef, n.Verified); err != nil {
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

// child runs a receiver, and returns its URL and what ends it.
func child(t *testing.T, dir, service string, environment ...string) (url string, end func()) {
	t.Helper()
	process := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTheChildReceives$")
	process.Env = append(os.Environ(), append(environment, childService+"="+service, childDir+"="+dir)...)
	stdin, err := process.StdinPipe()
	require.NoError(t, err)
	stdout, err := process.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, process.Start())
	lines := bufio.NewScanner(stdout)
	for url == "" && lines.Scan() {
		_, url, _ = strings.Cut(lines.Text(), "receiving at ")
	}
	require.NotEmpty(t, url, "the child does not receive")
	return url, func() {
		_ = stdin.Close()
		for lines.Scan() {
			continue
		}
		_ = process.Wait()
	}
}

func TestAReceiverThatIsKilledWhileItTakesGetsItAgain(t *testing.T) {
	dir := t.TempDir()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		ok(listing("order-1", "Complete")).play(w, nil)
	}))
	defer service.Close()
	taken := func() int {
		data, err := os.ReadFile(filepath.Join(dir, "taken"))
		require.NoError(t, err)
		return strings.Count(string(data), "order-1 true\n")
	}

	url, end := child(t, dir, service.URL, childDies+"=1")
	_, err := http.Post(url, "application/json", strings.NewReader(notified("order-1")))
	assert.Error(t, err, "nobody answers")
	end()
	assert.Equal(t, 1, taken())

	url, end = child(t, dir, service.URL)
	for range 2 {
		assert.Equal(t, 200, notify(t, http.DefaultClient, url, notified("order-1")))
	}
	end()
	assert.Equal(t, 2, taken(), "at least once")

	url, end = child(t, dir, service.URL)
	assert.Equal(t, 200, notify(t, http.DefaultClient, url, notified("order-1")))
	end()
	assert.Equal(t, 2, taken(), "and once after it has been noted")
}
