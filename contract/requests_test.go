// Every request that the documents allow, and those that they do not: what the clients send is valid and is what they were
// asked to send, and whatever the sandbox is sent, its answer is valid.

package contract_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/api/openapi"
	"github.com/airtime-go/airtime/contract"
	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/sandbox"
)

// asked is a request that a document describes.
type asked struct {
	operation, path, method string
	// schema is that of the body, or of an object with the query's parameters.
	schema *openapi3.Schema
	body   bool
}

// requestsOf lists the requests of all operations.
func requestsOf(document *openapi3.T) []asked {
	var all []asked
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			one := asked{operation: operation.OperationID, path: path, method: method, body: operation.RequestBody != nil}
			if one.body {
				one.schema = operation.RequestBody.Value.Content.Get("application/json").Schema.Value
			} else {
				one.schema = openapi3.NewObjectSchema()
				for _, ref := range operation.Parameters {
					if ref.Value.In == openapi3.ParameterInQuery {
						one.schema.WithPropertyRef(ref.Value.Name, ref.Value.Schema)
					}
				}
			}
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b asked) int { return strings.Compare(a.operation, b.operation) })
	return all
}

// everything is an ordinary request with everything in it.
func (a asked) everything() any { return sensible(ordinary(a.schema, true)) }

// variants are those of the request. What a query cannot carry is left out.
func (a asked) variants() []variant {
	var fit []variant
	for _, v := range variants(a.schema, a.everything()) {
		if a.body || v.violated == "" {
			fit = append(fit, v)
		}
	}
	return fit
}

// query is a request's parameters as a client may send them; what is empty is left out.
func query(params any) url.Values {
	values := url.Values{}
	for name, value := range params.(map[string]any) {
		list, many := value.([]any)
		if !many {
			list = []any{value}
		}
		for _, one := range list {
			if text := fmt.Sprint(one); one != nil && text != "" {
				values.Add(name, text)
			}
		}
	}
	return values
}

// recorded is a transport that keeps the first request and answers with the sandbox.
type recorded struct {
	sandbox http.Handler
	request *http.Request
	body    []byte
}

func (r *recorded) RoundTrip(request *http.Request) (*http.Response, error) {
	var body []byte
	if request.Body != nil {
		body, _ = io.ReadAll(request.Body)
		request.Body.Close()
	}
	if r.request == nil {
		r.request, r.body = request, body
	}
	served := request.Clone(request.Context())
	served.Body = io.NopCloser(bytes.NewReader(body))
	served.Header = http.Header{} // a server sees canonical names, whatever the spelling on the wire
	for name, values := range request.Header {
		served.Header[http.CanonicalHeaderKey(name)] = values
	}
	answer := httptest.NewRecorder()
	r.sandbox.ServeHTTP(answer, served)
	response := answer.Result()
	response.Request = request
	return response, nil
}

// newSandbox returns a sandbox that both keys of the tests' clients fit.
func newSandbox(t testing.TB) *sandbox.Sandbox {
	t.Helper()
	sb, err := sandbox.New(sandbox.WithoutUsageLimits())
	require.NoError(t, err)
	return sb
}

// keyed sets the sandbox's credentials, and for Dizlee, takes its addresses as the document has them.
func keyed(sb *sandbox.Sandbox, dizlee bool) http.Handler {
	keys := sb.Credentials()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("api_key", keys.DingAPIKey)
		r.Header.Set("apikey", keys.DizleeAPIKey)
		if dizlee {
			r.URL.Path = "/dizlee" + r.URL.Path
		}
		sb.ServeHTTP(w, r)
	})
}

func TestClientsSendWhatTheDocumentsAllow(t *testing.T) {
	t.Parallel()
	for service, text := range map[contract.Service][]byte{contract.Ding: openapi.Ding, contract.Dizlee: openapi.Dizlee} {
		for _, a := range requestsOf(load(t, text).doc) {
			t.Run(a.operation, func(t *testing.T) {
				t.Parallel()
				sb := newSandbox(t)
				for _, v := range a.variants() {
					t.Run(v.name(), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) { requireSent(t, service, sb, a, v) })
					})
				}
			})
		}
	}
}

func requireSent(t *testing.T, service contract.Service, sb *sandbox.Sandbox, a asked, v variant) {
	wire := &recorded{sandbox: keyed(sb, service == contract.Dizlee)}
	transport, strict, lenient := judged(t, wire)
	var client any = newDing(t, transport)
	if service == contract.Dizlee {
		client = newDizlee(t, transport)
	}
	if !fits(client, a.operation, v.body) {
		return // a client in Go cannot even be asked for it
	}
	_, err := call(t, client, a.operation, v.body)
	assert.Empty(t, strict.lines())
	assert.Empty(t, lenient.lines())
	if wire.request == nil {
		var refused *facade.RequestError
		require.ErrorAs(t, err, &refused, "neither sent nor refused")
		assert.NotEqual(t, "everything", v.what, "%v", err)
		return
	}
	if !a.body {
		assert.Equal(t, query(v.body), wire.request.URL.Query())
		return
	}
	var sent any
	decoder := json.NewDecoder(bytes.NewReader(wire.body))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&sent))
	if service == contract.Ding || v.violated == "" && !strings.HasSuffix(v.what, "blank") && v.what != "required only" {
		// What is left out of a request to Dizlee is filled in.
		assert.Empty(t, differences(a.schema, v.body, sent, ""))
	}
}

func TestTheSandboxAnswersEverythingAsTheDocumentsSay(t *testing.T) {
	t.Parallel()
	for service, text := range map[contract.Service][]byte{contract.Ding: openapi.Ding, contract.Dizlee: openapi.Dizlee} {
		for _, a := range requestsOf(load(t, text).doc) {
			t.Run(a.operation, func(t *testing.T) {
				t.Parallel()
				sb := newSandbox(t)
				for _, v := range a.variants() {
					t.Run(v.name(), func(t *testing.T) { requireAnswered(t, service, sb, a, v) })
				}
			})
		}
	}
}

func requireAnswered(t *testing.T, service contract.Service, sb *sandbox.Sandbox, a asked, v variant) {
	requireAnswer(t, service, keyed(sb, service == contract.Dizlee), a, v)
}

// requireAnswer makes a request of a service, and holds it and the answer, whose status it returns, against the document.
func requireAnswer(t *testing.T, service contract.Service, handler http.Handler, a asked, v variant) int {
	transport, strict, lenient := judged(t, &recorded{sandbox: handler})
	base := map[contract.Service]string{contract.Ding: "https://api.dingconnect.com", contract.Dizlee: "https://dizlee.example"}[service]
	request := newRequest(t, a.method, base+a.path, "")
	request.Header = http.Header{"Api_key": {"k"}, "Apikey": {"k"}, "Http_msisdn": {"9641234567890"}}
	if a.body {
		request = newRequest(t, a.method, base+a.path, string(written(t, v.body)))
		request.Header = http.Header{"Api_key": {"k"}, "Apikey": {"k"}, "Http_msisdn": {"9641234567890"}, "Content-Type": {"application/json"}}
	} else {
		request.URL.RawQuery = query(v.body).Encode()
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	var envelope struct {
		ResultCode int
		Status     string `json:"status"`
	}
	require.NoError(t, json.NewDecoder(response.Body).Decode(&envelope))
	require.NoError(t, response.Body.Close())
	lines := strict.lines()
	if v.violated != "" {
		assert.Contains(t, lines, fmt.Sprintf("request body %s %s", v.pointer, v.violated))
	}
	assert.Equal(t, v.violated == "", len(lines) == 0, "%v", lines)
	for _, line := range lines {
		assert.True(t, strings.HasPrefix(line, "request body "+v.pointer+" "), line)
	}
	if len(lenient.found) > 0 { // DingConnect's answer to a fault, or Dizlee's
		assert.True(t, response.StatusCode == http.StatusBadRequest && envelope.ResultCode == 4 || envelope.Status == "-100" || envelope.Status == "-311",
			"HTTP %d, ResultCode %d, status %q", response.StatusCode, envelope.ResultCode, envelope.Status)
	}
	return response.StatusCode
}

// fits reports whether a client's argument can hold a request.
func fits(client any, operation string, body any) bool {
	argument := argumentOf(client, operation)
	if argument == nil {
		return true
	}
	text, err := json.Marshal(body)
	return err == nil && json.Unmarshal(text, argument) == nil
}

func TestTheSandboxFailsAsTheDocumentsSay(t *testing.T) {
	sb := newSandbox(t)
	for service, text := range map[contract.Service][]byte{contract.Ding: openapi.Ding, contract.Dizlee: openapi.Dizlee} {
		served := keyed(sb, service == contract.Dizlee)
		for _, a := range requestsOf(load(t, text).doc) {
			for kind, status := range map[sandbox.FaultKind]int{sandbox.ServiceUnavailable503: 503, sandbox.TooManyRequests429: 429} {
				t.Run(a.operation+"/"+string(kind), func(t *testing.T) {
					remove, err := sb.Inject(sandbox.Fault{Kind: kind, When: sandbox.BeforeWork, Operation: a.operation, RetryAfter: time.Second, Envelope: true})
					require.NoError(t, err)
					defer remove()
					assert.Equal(t, status, requireAnswer(t, service, served, a, variant{body: a.everything()}))
				})
			}
			t.Run(a.operation+"/another key", func(t *testing.T) {
				stranger := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if service == contract.Dizlee {
						r.URL.Path = "/dizlee" + r.URL.Path
					}
					sb.ServeHTTP(w, r)
				})
				status := requireAnswer(t, service, stranger, a, variant{body: a.everything()})
				assert.True(t, status == http.StatusUnauthorized || service == contract.Dizlee, "HTTP %d", status)
			})
		}
	}
}
