// Faults over other transports than plain TCP: in memory with virtual time, TLS, HTTP/2, and none at all.

package sandbox_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/internal/memnet"
	"github.com/airtime-go/airtime/sandbox"
)

// servePipes serves a sandbox on the bubble's clock, in memory.
func servePipes(t *testing.T, faults ...sandbox.Fault) (*sandbox.Sandbox, *http.Client) {
	t.Helper()
	var opts []sandbox.Option
	for _, f := range faults {
		opts = append(opts, sandbox.WithFault(f))
	}
	sb, err := sandbox.New(opts...)
	require.NoError(t, err)
	listener := memnet.Listen()
	server := &http.Server{Handler: sb}
	go func() { _ = server.Serve(listener) }()
	transport := &http.Transport{DialContext: listener.Dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
	})
	return sb, &http.Client{Transport: transport}
}

// sendOver sends a transfer and returns the status of an answer that is whole.
func sendOver(ctx context.Context, t *testing.T, sb *sandbox.Sandbox, client *http.Client, base string) (int, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/api/V1/SendTransfer", strings.NewReader(written(t, transfer(nil))))
	require.NoError(t, err)
	request.Header.Set("api_key", sb.Credentials().DingAPIKey)
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

const memory = "http://sandbox.example"

func TestADelayRunsOnVirtualTime(t *testing.T) {
	for name, test := range map[string]struct {
		faults []sandbox.Fault
		takes  time.Duration
	}{
		"before":   {[]sandbox.Fault{{Kind: sandbox.Delay, When: sandbox.BeforeWork, For: 80 * time.Second}}, 80 * time.Second},
		"after":    {[]sandbox.Fault{{Kind: sandbox.Delay, When: sandbox.AfterWork, For: 80 * time.Second}}, 80 * time.Second},
		"together": {[]sandbox.Fault{{Kind: sandbox.Delay, When: sandbox.AfterWork, For: time.Second}, {Kind: sandbox.Delay, When: sandbox.BeforeWork, For: time.Minute}}, 61 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sb, client := servePipes(t, test.faults...)
				began := time.Now()
				status, err := sendOver(t.Context(), t, sb, client, memory)
				require.NoError(t, err)
				assert.Equal(t, 200, status)
				assert.Equal(t, test.takes, time.Since(began))
				assert.Len(t, sb.Payments(), 1)
			})
		})
	}
}

func TestAClientThatGoesAwayMayLeaveWorkBehind(t *testing.T) {
	for name, test := range map[string]struct {
		fault       sandbox.Fault
		atOnce, end int // payments when the client has gone, and in the end
	}{
		"before the work":              {sandbox.Fault{When: sandbox.BeforeWork}, 0, 1},
		"before work that is given up": {sandbox.Fault{When: sandbox.BeforeWork, Abandon: true}, 0, 0},
		"after the work":               {sandbox.Fault{When: sandbox.AfterWork}, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fault := test.fault
				fault.Kind, fault.For = sandbox.Delay, time.Minute
				sb, client := servePipes(t, fault)
				impatient, stop := context.WithTimeout(t.Context(), 10*time.Second)
				defer stop()
				_, err := sendOver(impatient, t, sb, client, memory)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				synctest.Wait()
				assert.Len(t, sb.Payments(), test.atOnce)
				<-time.After(time.Minute) // of the bubble
				synctest.Wait()
				assert.Len(t, sb.Payments(), test.end)
			})
		})
	}
}

func TestConnectionsInMemoryAreDroppedToo(t *testing.T) {
	for _, kind := range []sandbox.FaultKind{sandbox.DropConnection, sandbox.ResetMidAnswer} {
		for _, when := range []sandbox.Moment{sandbox.BeforeWork, sandbox.AfterWork} {
			t.Run(string(kind)+" "+string(when), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					sb, client := servePipes(t, sandbox.Fault{Kind: kind, When: when, Count: 1})
					_, err := sendOver(t.Context(), t, sb, client, memory)
					require.Error(t, err)
					assert.Len(t, sb.Payments(), paidAlready(when))
					status, err := sendOver(t.Context(), t, sb, client, memory)
					require.NoError(t, err)
					assert.Equal(t, 200, status)
				})
			})
		}
	}
}

func paidAlready(when sandbox.Moment) int {
	if when == sandbox.AfterWork {
		return 1
	}
	return 0
}

func TestConnectionsWithTLSAreDroppedAndStreamsEnded(t *testing.T) {
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		for _, kind := range []sandbox.FaultKind{sandbox.DropConnection, sandbox.ResetMidAnswer} {
			for _, when := range []sandbox.Moment{sandbox.BeforeWork, sandbox.AfterWork} {
				t.Run(name+" "+string(kind)+" "+string(when), func(t *testing.T) {
					sb, err := sandbox.New(sandbox.WithFault(sandbox.Fault{Kind: kind, When: when, Count: 1, Operation: "SendTransfer"}))
					require.NoError(t, err)
					server := httptest.NewUnstartedServer(sb)
					server.EnableHTTP2 = http2
					server.StartTLS()
					defer server.Close()
					_, err = sendOver(t.Context(), t, sb, server.Client(), server.URL)
					require.Error(t, err)
					assert.Len(t, sb.Payments(), paidAlready(when))
					status, err := sendOver(t.Context(), t, sb, server.Client(), server.URL)
					require.NoError(t, err)
					assert.Equal(t, 200, status)
				})
			}
		}
	}
}

func TestWithoutAConnectionADropIsAnAbortedHandler(t *testing.T) {
	sb, err := sandbox.New(sandbox.WithFault(sandbox.Fault{Kind: sandbox.DropConnection, When: sandbox.BeforeWork}))
	require.NoError(t, err)
	request := httptest.NewRequest(http.MethodGet, "/api/V1/GetBalance", nil)
	assert.PanicsWithError(t, http.ErrAbortHandler.Error(), func() { sb.ServeHTTP(httptest.NewRecorder(), request) })
}
