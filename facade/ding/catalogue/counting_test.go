// The service that the tests of the cache talk to: in memory, so that it fits into a bubble of virtual time. It counts what it is
// asked, and answers with whatever headers a test wants.

package catalogue

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/internal/memnet"
)

// countingService answers every method with a body of a small catalogue, unless told otherwise.
type countingService struct {
	t      testing.TB
	client *http.Client
	bodies generated

	mu     sync.Mutex
	asked  map[string][]*http.Request
	header map[string]string
	// answer, if set, answers a method in place of the body; n counts its requests from 1.
	answer map[string]func(n int, w http.ResponseWriter, r *http.Request)
}

func smallShape() shape {
	return shape{countries: 3, providers: 6, products: 24, languages: []string{"en", "es"}, repeating: 50}
}

// count starts a service.
func count(t testing.TB) *countingService {
	t.Helper()
	s := &countingService{t: t, bodies: generate(smallShape(), 1), asked: map[string][]*http.Request{}, answer: map[string]func(int, http.ResponseWriter, *http.Request){}}
	listener := memnet.Listen()
	server := &http.Server{Handler: http.HandlerFunc(s.serve)}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener)
	}()
	transport := &http.Transport{MaxIdleConnsPerHost: partCount, DialContext: listener.Dial}
	s.client = &http.Client{Transport: transport}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		<-served
	})
	return s
}

func (s *countingService) serve(w http.ResponseWriter, r *http.Request) {
	method := strings.TrimPrefix(r.URL.Path, "/api/V1/")
	s.mu.Lock()
	s.asked[method] = append(s.asked[method], r)
	n, answer := len(s.asked[method]), s.answer[method]
	for name, value := range s.header {
		w.Header().Set(name, value)
	}
	s.mu.Unlock()
	if answer != nil {
		answer(n, w, r)
		return
	}
	_, _ = w.Write(s.bodies[method])
}

// on answers a method in another way.
func (s *countingService) on(method string, answer func(n int, w http.ResponseWriter, r *http.Request)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer[method] = answer
}

// head sets headers of all answers from now on: name, value, and so on.
func (s *countingService) head(pairs ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.header = map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		s.header[pairs[i]] = pairs[i+1]
	}
}

// requests returns those of a method.
func (s *countingService) requests(method string) []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[method]
}

// total returns how many requests came in all.
func (s *countingService) total() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, asked := range s.asked {
		n += len(asked)
	}
	return n
}

// ding returns a client that makes one attempt for each call.
func (s *countingService) ding(opts ...ding.Option) *ding.Client {
	s.t.Helper()
	client, err := ding.NewClient(append([]ding.Option{
		ding.WithAPIKey("key-of-the-tests"), ding.WithBaseURL("http://localhost"), ding.WithHTTPClient(s.client),
		ding.WithRetryPolicy(facade.RetryPolicy{MaxAttempts: 1}),
	}, opts...)...)
	require.NoError(s.t, err)
	return client
}

func (s *countingService) catalogue(opts ...Option) *Catalogue {
	s.t.Helper()
	c, err := New(s.ding(), opts...)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// overloaded answers as a service does that is overloaded.
func overloaded(_ int, w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, `{"ResultCode":3,"ErrorCodes":[{"Code":"TransientProviderError"}]}`)
}

// says answers with an envelope.
func says(status int, resultCode int, code string) func(int, http.ResponseWriter, *http.Request) {
	return func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"ResultCode":%d,"ErrorCodes":[{"Code":%q}]}`, resultCode, code)
	}
}

// page answers as something in between does, that is not the service.
func page(status int) func(int, http.ResponseWriter, *http.Request) {
	return func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<html>")
	}
}

// virtually runs a test in virtual time.
func virtually(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}
