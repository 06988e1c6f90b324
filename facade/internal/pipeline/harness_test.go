// The rig that the tests of this package share: a pipeline whose every word is recorded, and a network in memory, on
// which net/http can run inside a synctest bubble.

package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/internal/memnet"
)

const (
	testKey     = "k3y/with+odd=chars&more"
	testAccount = "447700900123"
	testURL     = "http://service.example/api?accountNumber=" + testAccount
)

// rig is a pipeline that writes down what its hook and its log were told.
type rig struct {
	*Pipeline
	mu       sync.Mutex
	attempts []facade.Attempt
	log      bytes.Buffer
}

func newRig(t *testing.T, transport http.RoundTripper, change func(*Settings)) *rig {
	t.Helper()
	r := &rig{}
	settings := Settings{
		Service:     "test",
		Credentials: APIKey{Header: "api_key", Key: testKey},
		Logger:      slog.New(slog.NewJSONHandler(r, &slog.HandlerOptions{Level: slog.LevelDebug})),
		OnAttempt: func(_ context.Context, attempt facade.Attempt) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.attempts = append(r.attempts, attempt)
		},
	}
	require.NoError(t, settings.SetHTTPClient(&http.Client{Transport: transport}))
	if change != nil {
		change(&settings)
	}
	var err error
	r.Pipeline, err = New(settings)
	require.NoError(t, err)
	return r
}

// Write takes the log.
func (r *rig) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Write(line)
}

// seen is everything that left the pipeline other than through its answer.
func (r *rig) seen() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return fmt.Sprintf("%s %+v", r.log.String(), r.attempts)
}

// failed is the error of the rig's own judge.
type failed struct{ Answer }

func (f *failed) Error() string {
	if f.Err != nil {
		return f.Err.Error()
	}
	return fmt.Sprintf("HTTP %d", f.Status)
}

func (f *failed) Unwrap() error { return f.Err }

// GoString leaves out the answer's header, which is the server's.
func (f *failed) GoString() string { return f.Error() }

// judge takes a whole 2xx for a success, 401 for a stale token, and everything else for worth another attempt.
func judge(answer Answer) Verdict {
	switch {
	case answer.Failure == None && answer.Status >= 200 && answer.Status < 300:
		return Verdict{}
	case answer.Status == http.StatusUnauthorized:
		return Verdict{Err: &failed{answer}, StaleToken: true}
	}
	return Verdict{Err: &failed{answer}, Retry: true}
}

// send makes a call to the test's URL and returns its last answer.
func (r *rig) send(ctx context.Context, change func(*Call)) (Answer, error) {
	var last Answer
	call := Call{
		Operation:     "GetThings",
		CorrelationID: "corr-1",
		MaxBody:       1 << 20,
		Build:         get(testURL),
	}
	call.Judge = func(answer Answer) Verdict { return judge(answer) }
	if change != nil {
		change(&call)
	}
	inner := call.Judge
	call.Judge = func(answer Answer) Verdict {
		last = answer
		return inner(answer)
	}
	err := r.Do(ctx, call)
	return last, err
}

func get(url string) func(context.Context) (*http.Request, error) {
	return func(ctx context.Context) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	}
}

// post builds a request whose body net/http could rewind.
func post(url, body string) func(context.Context) (*http.Request, error) {
	return func(ctx context.Context) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	}
}

// money makes a call one that moves money.
func money(url string) func(*Call) {
	return func(call *Call) {
		call.Money = true
		call.Build = post(url, `{"SendValue":1.00}`)
	}
}

// roundTripper is a transport that the pipeline cannot look into.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// scripted answers with each response in turn, and fails the test on a request too many.
func scripted(t *testing.T, responses ...*http.Response) roundTripper {
	var mu sync.Mutex
	next := 0
	return func(request *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		if next >= len(responses) {
			t.Errorf("request %d came unexpectedly", next+1)
			return nil, errors.New("the script is over")
		}
		response := responses[next]
		response.Request = request
		next++
		return response, nil
	}
}

func respond(status int, body string, header ...string) *http.Response {
	response := &http.Response{
		StatusCode: status,
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     http.Header{},
		Body:       io.NopCloser(strings.NewReader(body)),
	}
	for i := 0; i+1 < len(header); i += 2 {
		response.Header.Add(header[i], header[i+1])
	}
	return response
}

// inMemory serves the handler in memory until the test ends, and returns a transport that reaches it under any address.
func inMemory(t *testing.T, handler http.HandlerFunc) *http.Transport {
	listener := memnet.Listen()
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(listener) }()
	transport := &http.Transport{DialContext: listener.Dial, DisableKeepAlives: true}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
	})
	return transport
}

// rawServer hands each connection of a loopback listener to serve, and returns the server's URL.
func rawServer(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var connections sync.WaitGroup
	connections.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Go(func() {
				defer connection.Close()
				serve(connection)
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		connections.Wait()
	})
	return "http://" + listener.Addr().String()
}

// ownTransport is an *http.Transport of the test's own, whose connections end with it.
func ownTransport(t *testing.T) *http.Transport {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}
