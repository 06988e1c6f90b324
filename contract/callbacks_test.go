package contract_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/api/openapi"
	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/gen/dizlee"
	"github.com/airtime-go/airtime/sandbox"
)

// callbacks returns the operations that the service calls, by id.
func (s spec) callbacks() map[string]*routers.Route {
	found := map[string]*routers.Route{}
	for _, item := range s.doc.Paths.Map() {
		for _, operation := range item.Operations() {
			for _, callback := range operation.Callbacks {
				for path, called := range callback.Value.Map() {
					for method, operation := range called.Operations() {
						found[operation.OperationID] = &routers.Route{
							Spec: s.doc, Path: path, PathItem: called, Method: method, Operation: operation,
						}
					}
				}
			}
		}
	}
	return found
}

// listener takes callbacks by https, at a path for each operation, and holds them against the specs.
type listener struct {
	t      *testing.T
	routes map[string]*routers.Route

	mu     sync.Mutex
	bodies map[string][][]byte
}

func (l *listener) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	assert.NoError(l.t, err)
	name := strings.TrimPrefix(r.URL.Path, "/")
	route := l.routes[name]
	assert.Equal(l.t, route.Method, r.Method)
	request := r.Clone(r.Context())
	request.Body = io.NopCloser(bytes.NewReader(body))
	identified := openapi3filter.NoopAuthenticationFunc
	if route.Operation.Security != nil {
		identified = authenticated // what the document asks of requests to the service is not asked of its callbacks
	}
	assert.NoError(l.t, openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: request, Route: route, Options: &openapi3filter.Options{MultiError: true, AuthenticationFunc: identified},
	}), string(body))
	for _, ref := range route.Operation.Parameters {
		assert.NotEmpty(l.t, r.Header.Get(ref.Value.Name), ref.Value.Name)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bodies[name] = append(l.bodies[name], body)
}

func TestTheSandboxKeepsTheContractOfEveryCallback(t *testing.T) {
	routes := load(t, openapi.Ding).callbacks()
	maps.Copy(routes, load(t, openapi.Dizlee).callbacks())
	listening := &listener{t: t, routes: routes, bodies: map[string][][]byte{}}
	certificate, err := sandbox.NewCertificate()
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(listening)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate.TLS}}
	server.StartTLS()
	defer server.Close()
	to := func(operation string) sandbox.Receiver {
		return sandbox.Receiver{URL: server.URL + "/" + operation, RootCAs: certificate.RootCAs}
	}
	clock := time.Date(2026, time.May, 8, 15, 0, 0, 0, time.UTC)
	sb, err := sandbox.New(
		sandbox.WithNotifications(to("TransferFinished")), sandbox.WithSMSMO(to("ReceiveSMS")),
		sandbox.WithClock(func() time.Time { return clock }))
	require.NoError(t, err)
	defer sb.Close()

	for _, order := range []string{
		`"SkuCode":"KE_SV_TopUp","SendValue":5.00,"AccountNumber":"254722123456"`,
		`"SkuCode":"GB_AB_TopUp","SendValue":10.00,"AccountNumber":"440000000004"`,
		`"SkuCode":"XG_OR_PIN25","SendValue":25,"AccountNumber":"guest@shop.example"`,
		`"SkuCode":"US_PR_Nightly","SendValue":10.00,"AccountNumber":"12025550123"`,
	} {
		request := httptest.NewRequest(http.MethodPost, "/api/V1/SendTransfer",
			strings.NewReader(`{`+order+`,"DistributorRef":"order","ValidateOnly":false}`))
		request.Header = http.Header{
			"Api_key": {sb.Credentials().DingAPIKey}, "Content-Type": {"application/json"},
			"X-Options": {"DeferTransfer"}, "X-Correlation-Id": {"7b1c"},
		}
		answer := httptest.NewRecorder()
		sb.ServeHTTP(answer, request)
		require.Equal(t, http.StatusOK, answer.Code, answer.Body)
	}
	clock = clock.Add(time.Hour)
	require.NoError(t, sb.Deliver(t.Context()))
	for _, lowerCase := range []bool{false, true} {
		_, err := sb.SendSMSMO(t.Context(), sandbox.InboundMessage{
			Sender: "9647701234567", Destination: "1234", Text: "إلغاء", MessageType: "1", LowerCase: lowerCase,
		})
		require.NoError(t, err)
	}

	for id := range routes {
		assert.NotEmpty(t, listening.bodies[id], "a callback that the sandbox does not make")
	}
	states := map[ding.ProcessingState]int{}
	for _, body := range listening.bodies["TransferFinished"] {
		var response ding.SendTransferResponse
		require.NoError(t, json.Unmarshal(body, &response))
		states[response.TransferRecord.ProcessingState]++
	}
	assert.Equal(t, map[ding.ProcessingState]int{ding.ProcessingStateComplete: 3, ding.ProcessingStateFailed: 1}, states)
	for _, body := range listening.bodies["ReceiveSMS"] {
		var message dizlee.InboundMessage
		require.NoError(t, json.Unmarshal(body, &message))
		assert.Equal(t, "9647701234567", message.Sender)
	}
}
