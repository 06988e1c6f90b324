// The scripted service that the tests of this package talk to over loopback: it plays its replies in turn, keeps what
// it was sent, and fails the test for every request that never came or came too often.

package ding_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
)

const (
	apiKey  = "key-of-the-tests-0001"
	account = "447700900123"
	pin     = "4929-0000-1234"
)

// reply is one scripted answer.
type reply struct {
	status int
	body   string
	header map[string]string
	// act, if set, answers instead.
	act func(http.ResponseWriter, *http.Request)
}

// ok is an answer with HTTP 200.
func ok(body string) reply { return reply{status: http.StatusOK, body: body} }

// envelope is an answer with a ResultCode and, if code is given, one error code.
func envelope(status, resultCode int, code, context string) reply {
	codes := ""
	if code != "" {
		codes = fmt.Sprintf(`{"Code":%q,"Context":%q}`, code, context)
	}
	return reply{status: status, body: fmt.Sprintf(`{"ResultCode":%d,"ErrorCodes":[%s]}`, resultCode, codes)}
}

func html(status int) reply {
	return reply{
		status: status,
		body:   "<html><head><style>p{}</style></head><body><h1>Bad Gateway</h1><p>nginx</p></body></html>",
		header: map[string]string{"Content-Type": "text/html"},
	}
}

// cut is a body that ends before its Content-Length.
func cut(body string) reply {
	return reply{act: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)+100))
		_, _ = io.WriteString(w, body)
	}}
}

// reset closes the connection with a TCP reset, after the request was read.
func reset() reply {
	return reply{act: func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}}
}

// times repeats a reply.
func times(n int, r reply) []reply { return slices.Repeat([]reply{r}, n) }

// received is a request as it arrived.
type received struct {
	method, path, query, body string
	header                    http.Header
}

type service struct {
	url          string
	lookUpsAside bool

	mu       sync.Mutex
	script   []reply
	requests []received
}

// serve plays the script.
func serve(t *testing.T, script ...reply) *service {
	t.Helper()
	return start(t, &service{script: script})
}

// serveMoney plays the script, and answers the look-ups after lost answers aside: the list is empty.
func serveMoney(t *testing.T, script ...reply) *service {
	t.Helper()
	return start(t, &service{script: script, lookUpsAside: true})
}

// serveFor is serveMoney for what moves money, and serve for the rest.
func serveFor(t *testing.T, moves bool, script ...reply) *service {
	t.Helper()
	return start(t, &service{script: script, lookUpsAside: moves})
}

func start(t *testing.T, s *service) *service {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.lookUpsAside && r.URL.Path == "/api/V1/ListTransferRecords" {
			ok(plain).play(w, r)
			return
		}
		next, expected := s.take(r)
		if !expected {
			t.Errorf("request %d to %s was not expected", len(s.seen()), r.URL.Path)
			next = envelope(http.StatusBadRequest, 4, "RequestInvalid", "")
		}
		next.play(w, r)
	}))
	s.url = server.URL
	t.Cleanup(func() {
		server.Close()
		assert.Len(t, s.seen(), len(s.script), "requests that came, of those that were expected")
	})
	return s
}

func (s *service) take(r *http.Request) (reply, bool) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, received{r.Method, r.URL.Path, r.URL.RawQuery, string(body), r.Header})
	if len(s.requests) > len(s.script) {
		return reply{}, false
	}
	return s.script[len(s.requests)-1], true
}

func (s *service) seen() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

func (r reply) play(w http.ResponseWriter, request *http.Request) {
	if r.act != nil {
		r.act(w, request)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	for name, value := range r.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(r.status)
	_, _ = io.WriteString(w, r.body)
}

// impatient is a policy whose pauses are over at once.
func impatient() facade.RetryPolicy {
	return facade.RetryPolicy{MaxAttempts: 3, BaseDelay: 1, MaxDelay: 1}
}

// newClient returns a client for a service, with an API key unless the options say otherwise.
func newClient(t *testing.T, s *service, opts ...ding.Option) *ding.Client {
	t.Helper()
	return newClientWith(t, s, append([]ding.Option{ding.WithAPIKey(apiKey)}, opts...)...)
}

func newClientWith(t *testing.T, s *service, opts ...ding.Option) *ding.Client {
	t.Helper()
	client, err := ding.NewClient(append([]ding.Option{
		ding.WithBaseURL(s.url), ding.WithRetryPolicy(impatient()), ding.WithSettleTimeout(time.Millisecond),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

// identityProvider hands out token-1, token-2 and so on, and counts them.
func identityProvider(t *testing.T, tokens int) *service {
	t.Helper()
	script := make([]reply, tokens)
	for i := range script {
		script[i] = ok(fmt.Sprintf(`{"access_token":"token-number-%d","token_type":"Bearer","expires_in":1800}`, i+1))
	}
	return serve(t, script...)
}

// failure returns err as the package's error.
func failure(t *testing.T, err error) *ding.Error {
	t.Helper()
	var failed *ding.Error
	require.ErrorAs(t, err, &failed)
	return failed
}

// assertNothingSecret fails if a text shows what was sent: credentials, the account number or a voucher's PIN.
func assertNothingSecret(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{apiKey, account, pin, clientSecret, "token-number-"} {
		assert.False(t, strings.Contains(text, secret), "%q shows %q", text, secret)
	}
}
