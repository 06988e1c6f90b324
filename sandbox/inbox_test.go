// What the tests of callbacks share: a receiver that holds what it is sent against the specification, and answers as it is
// told to.

package sandbox_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/api/openapi"
	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/sandbox"
)

// letter is one request that came.
type letter struct {
	path   string
	header http.Header
	body   []byte
}

// inbox is a receiver of callbacks.
type inbox struct {
	t         testing.TB
	operation string

	mu      sync.Mutex
	letters []letter
	// answers are the statuses of the first answers; those after them are 200.
	answers []int
}

func newInbox(t testing.TB, operation string, answers ...int) *inbox {
	return &inbox{t: t, operation: operation, answers: answers}
}

func (i *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	assert.NoError(i.t, err)
	assertCallback(i.t, i.operation, r, body)
	w.WriteHeader(i.take(letter{r.URL.Path, r.Header.Clone(), body}))
}

func (i *inbox) take(l letter) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.letters = append(i.letters, l)
	if len(i.letters) <= len(i.answers) {
		return i.answers[len(i.letters)-1]
	}
	return http.StatusOK
}

func (i *inbox) all() []letter {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]letter(nil), i.letters...)
}

// references are the DistributorRefs of the notifications that came, in their order.
func (i *inbox) references() []string {
	i.t.Helper()
	var refs []string
	for _, l := range i.all() {
		refs = append(refs, told(i.t, l.body).TransferRecord.TransferID.DistributorRef)
	}
	return refs
}

// told reads a notification.
func told(t testing.TB, body []byte) ding.SendTransferResponse {
	t.Helper()
	var response ding.SendTransferResponse
	require.NoError(t, json.Unmarshal(body, &response))
	return response
}

// open serves an inbox by plain http and names it as a receiver.
func (i *inbox) open() sandbox.Receiver {
	server := httptest.NewServer(i)
	i.t.Cleanup(server.Close)
	return sandbox.Receiver{URL: server.URL + "/hook"}
}

// callbacks finds the operation of a callback in either document.
var callbacks = sync.OnceValue(func() map[string]*routers.Route {
	found := map[string]*routers.Route{}
	for _, document := range []*openapi3.T{strictDocument(openapi.Ding), strictDocument(openapi.Dizlee)} {
		for _, item := range document.Paths.Map() {
			for _, operation := range item.Operations() {
				for _, callback := range operation.Callbacks {
					for path, called := range callback.Value.Map() {
						found[called.Post.OperationID] = &routers.Route{
							Spec: document, Path: path, PathItem: called, Method: http.MethodPost, Operation: called.Post,
						}
					}
				}
			}
		}
	}
	return found
})

// assertCallback holds a request of the sandbox's own against the specification, with members that it does not declare
// counted as violations.
func assertCallback(t testing.TB, operation string, r *http.Request, body []byte) {
	t.Helper()
	request := r.Clone(r.Context())
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	assert.Equal(t, http.MethodPost, r.Method)
	assert.NoError(t, openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: request, Route: callbacks()[operation],
		Options: &openapi3filter.Options{MultiError: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}), string(body))
}

// deferring is a client whose transfers are deferred.
func (c *client) deferring(correlationID string) *client {
	return c.with("X-Options", "DeferTransfer").with("X-Correlation-Id", correlationID)
}

// swallow reads a request to its end: a server learns only then that its client goes away.
func swallow(r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }
