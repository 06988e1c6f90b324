// What the tests share: a sandbox served over real HTTP, a clock that they move, and a check of every answer against the
// specification, with fields that it does not declare counted as violations.

package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/api/openapi"
	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/sandbox"
)

// start is when the clock of the tests begins.
var start = time.Date(2026, time.May, 8, 15, 23, 28, 0, time.UTC)

// clock is a clock that moves when it is told to.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// client is a client of one sandbox. Its requests carry both keys unless told otherwise.
type client struct {
	t      testing.TB
	sb     *sandbox.Sandbox
	server *httptest.Server
	clock  *clock
	header http.Header
}

func serve(t testing.TB, opts ...sandbox.Option) *client {
	t.Helper()
	c := &clock{at: start}
	sb, err := sandbox.New(append([]sandbox.Option{sandbox.WithClock(c.now)}, opts...)...)
	require.NoError(t, err)
	server := httptest.NewServer(sb)
	t.Cleanup(server.Close)
	keys := sb.Credentials()
	return &client{t: t, sb: sb, server: server, clock: c, header: http.Header{
		"api_key": {keys.DingAPIKey}, "apikey": {keys.DizleeAPIKey},
	}}
}

// with returns the client with a header set, or removed if the value is empty.
func (c *client) with(name, value string) *client {
	changed := *c
	changed.header = c.header.Clone()
	if value == "" {
		delete(changed.header, name)
	} else {
		changed.header[name] = []string{value}
	}
	return &changed
}

// reply is an answer, read to its end.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request and holds the answer against the specification, if the specification knows the request.
func (c *client) do(method, path, contentType, body string) reply {
	c.t.Helper()
	request, err := http.NewRequest(method, c.server.URL+path, strings.NewReader(body))
	require.NoError(c.t, err)
	for name, values := range c.header {
		request.Header[name] = values
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := c.server.Client().Do(request)
	require.NoError(c.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(c.t, err)
	answer := reply{response.StatusCode, response.Header, text}
	requireConform(c.t, request, answer)
	return answer
}

func (c *client) get(method string, query url.Values) reply {
	c.t.Helper()
	path := "/api/V1/" + method
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return c.do(http.MethodGet, path, "", "")
}

func (c *client) post(path string, body any) reply {
	c.t.Helper()
	text, isText := body.(string)
	if !isText {
		encoded, err := json.Marshal(body)
		require.NoError(c.t, err)
		text = string(encoded)
	}
	return c.do(http.MethodPost, path, "application/json", text)
}

// into decodes an answer that must have that status.
func into[T any](t testing.TB, answer reply, status int) T {
	t.Helper()
	require.Equal(t, status, answer.status, string(answer.body))
	var value T
	require.NoError(t, json.Unmarshal(answer.body, &value), string(answer.body))
	return value
}

// requireRefused holds an answer of DingConnect against a status, a class and a "Code/Context".
func requireRefused(t testing.TB, answer reply, status int, result ding.ResultCode, code string) {
	t.Helper()
	envelope := into[ding.APIResponse](t, answer, status)
	require.Equal(t, result, envelope.ResultCode)
	require.Len(t, envelope.ErrorCodes, 1)
	require.Equal(t, code, spell(envelope.ErrorCodes[0]))
}

func spell(e ding.ErrorCode) string {
	if e.Context == "" {
		return e.Code
	}
	return e.Code + "/" + e.Context
}

// documents finds the operation of a request in either document.
var documents = sync.OnceValue(func() []routers.Router {
	return []routers.Router{strictRouter(strictDocument(openapi.Ding)), strictRouter(strictDocument(openapi.Dizlee))}
})

func strictDocument(text []byte) *openapi3.T {
	document, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		panic(err)
	}
	document.Servers = nil
	for _, ref := range document.Components.Schemas {
		if schema := ref.Value; schema.Type.Is("object") {
			no := false
			schema.AdditionalProperties = openapi3.BoolSchema{Has: &no}
		}
	}
	return document
}

func strictRouter(document *openapi3.T) routers.Router {
	router, err := gorillamux.NewRouter(document)
	if err != nil {
		panic(err)
	}
	return router
}

func requireConform(t testing.TB, request *http.Request, answer reply) {
	t.Helper()
	local := request.Clone(context.Background())
	local.URL.Path = strings.TrimPrefix(local.URL.Path, "/dizlee")
	for _, router := range documents() {
		route, parameters, err := router.FindRoute(local)
		if err != nil {
			continue
		}
		require.NoError(t, openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
			RequestValidationInput: &openapi3filter.RequestValidationInput{Request: local, PathParams: parameters, Route: route},
			Status:                 answer.status, Header: answer.header, Body: io.NopCloser(bytes.NewReader(answer.body)),
			Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
		}), "%s %s: %s", request.Method, request.URL.Path, answer.body)
	}
}

// transfer is a SendTransfer request as a client would write it; change members before sending.
func transfer(changes map[string]any) map[string]any {
	request := map[string]any{
		"SkuCode": "GB_AB_TopUp", "SendValue": json.Number("10.00"), "AccountNumber": "447700900123",
		"DistributorRef": "ref-1", "ValidateOnly": false,
	}
	for name, value := range changes {
		if value == nil {
			delete(request, name)
		} else {
			request[name] = value
		}
	}
	return request
}

func (c *client) send(changes map[string]any) reply {
	c.t.Helper()
	return c.post("/api/V1/SendTransfer", transfer(changes))
}

// sent sends a transfer that must succeed.
func (c *client) sent(changes map[string]any) ding.TransferRecord {
	c.t.Helper()
	return *into[ding.SendTransferResponse](c.t, c.send(changes), http.StatusOK).TransferRecord
}

func (c *client) list(filter map[string]any) ding.ListTransferRecordsResponse {
	c.t.Helper()
	if filter["Take"] == nil {
		filter["Take"] = 100
	}
	return into[ding.ListTransferRecordsResponse](c.t, c.post("/api/V1/ListTransferRecords", filter), http.StatusOK)
}
