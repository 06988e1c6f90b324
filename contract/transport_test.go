// What a Transport reports, mode by mode, and what it lets pass.

package contract_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/contract"
)

// answers is a transport that answers everything with one answer, having read the request's body as net/http does.
type answers struct {
	status int
	header http.Header
	body   string
}

func (a answers) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body != nil {
		_, _ = io.Copy(io.Discard, request.Body)
		request.Body.Close()
	}
	header := a.header
	if header == nil {
		header = http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	}
	return &http.Response{StatusCode: a.status, Header: header, Body: io.NopCloser(strings.NewReader(a.body)), ContentLength: -1, Request: request}, nil
}

// notes collects violations.
type notes struct {
	mu    sync.Mutex
	found []contract.Violation
}

func (n *notes) add(v contract.Violation) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.found = append(n.found, v)
}

// lines returns what was found, as "direction part field rule".
func (n *notes) lines() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	lines := []string{}
	for _, v := range n.found {
		line := strings.Join([]string{string(v.Direction), string(v.Part), v.Field, string(v.Rule)}, " ")
		if v.Count > 1 {
			line += " ×" + strconv.Itoa(v.Count)
		}
		lines = append(lines, line)
	}
	return lines
}

// examined returns a client around a transport, and what is reported.
func examined(t *testing.T, next http.RoundTripper, options ...contract.Option) (*http.Client, *notes) {
	t.Helper()
	noted := &notes{}
	transport, err := contract.NewTransport(next, noted.add, options...)
	require.NoError(t, err)
	return &http.Client{Transport: transport}, noted
}

func newRequest(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, url, content)
	require.NoError(t, err)
	request.Header["api_key"] = []string{"k"}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	return request
}

// fetch sends a request and reads the answer to its end.
func fetch(t *testing.T, client *http.Client, request *http.Request) string {
	t.Helper()
	response, err := client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(body)
}

const (
	api     = "https://api.dingconnect.com/api/V1/"
	balance = `{"Balance":12.50,"CurrencyIso":"EUR","ResultCode":1,"ErrorCodes":[]}`
	order   = `{"SkuCode":"KE_SV_TopUp","SendValue":5.00,"AccountNumber":"254722123456","DistributorRef":"r","ValidateOnly":true}`
	lookup  = `{"Items":[],"ResultCode":1,"ErrorCodes":[]}`
)

func TestWhatViolatesTheDocument(t *testing.T) {
	json := http.Header{"Content-Type": {"application/json"}}
	html := http.Header{"Content-Type": {"text/html"}}
	for _, row := range []struct {
		name            string
		method, url     string // GET GetBalance, unless said otherwise
		sent            string
		change          func(*http.Request)
		status          int // 200, unless said otherwise
		header          http.Header
		body            string
		strict, lenient []string
	}{
		{name: "nothing", body: balance},
		{name: "nothing in a request", method: "POST", url: api + "SendTransfer", sent: order, body: `{"ResultCode":1,"ErrorCodes":[]}`},
		{name: "a field that is missing", body: `{"CurrencyIso":"EUR","ResultCode":1,"ErrorCodes":[]}`,
			strict: []string{"response body /Balance required"}, lenient: []string{"response body /Balance required"}},
		{name: "another type", body: `{"Balance":"12.50","CurrencyIso":"EUR","ResultCode":1,"ErrorCodes":[]}`,
			strict: []string{"response body /Balance type"}, lenient: []string{"response body /Balance type"}},
		{name: "a new field", body: `{"Balance":1,"CurrencyIso":"EUR","ResultCode":1,"ErrorCodes":[],"Credit":{"Limit":null}}`,
			strict: []string{"response body /Credit unknown"}},
		{name: "a new field below", body: `{"Balance":1,"CurrencyIso":"EUR","ResultCode":1,"ErrorCodes":[{"Code":"a","Hint":1},{"Code":"b","Hint":2}]}`,
			strict: []string{"response body /ErrorCodes/0/Hint unknown ×2"}},
		{name: "a new field in something optional", url: api + "SendTransfer", method: "POST", sent: order,
			body:   `{"ResultCode":1,"ErrorCodes":[],"TransferRecord":{"SkuCode":"a","AccountNumber":"1","CommissionApplied":0,"ProcessingState":"Complete","Price":null,"Colour":"red","ReceiptParams":{"any":"name"}}}`,
			strict: []string{"response body /TransferRecord/Colour unknown"}},
		{name: "a null that is documented", url: api + "GetAccountLookup?accountNumber=1", body: `{"CountryIso":null,"Items":[],"ResultCode":1,"ErrorCodes":[]}`},
		{name: "a null that is not", body: `{"Balance":1,"CurrencyIso":null,"ResultCode":1,"ErrorCodes":null}`,
			strict: []string{"response body /CurrencyIso null", "response body /ErrorCodes null"}},
		{name: "a null as an item", body: `{"Balance":1,"CurrencyIso":"EUR","ResultCode":1,"ErrorCodes":[null]}`,
			strict: []string{"response body /ErrorCodes/0 null"}, lenient: []string{"response body /ErrorCodes/0 null"}},
		{name: "null for all", body: `null`, strict: []string{"response body  null"}, lenient: []string{"response body  null"}},
		{name: "an array that is an object", body: `{"Balance":1,"CurrencyIso":"EUR","ResultCode":1,"ErrorCodes":{"a":1}}`,
			strict: []string{"response body /ErrorCodes type"}, lenient: []string{"response body /ErrorCodes type"}},
		{name: "an array that is a text", body: `{"Balance":1,"CurrencyIso":"EUR","ResultCode":1,"ErrorCodes":"none"}`,
			strict: []string{"response body /ErrorCodes type"}, lenient: []string{"response body /ErrorCodes type"}},
		{name: "an object that is an array", body: `[1]`, strict: []string{"response body  type"}, lenient: []string{"response body  type"}},
		{name: "an object that is a number", body: ` 12`, strict: []string{"response body  type"}, lenient: []string{"response body  type"}},
		{name: "a number with a fraction", body: `{"Balance":1,"CurrencyIso":"EUR","ResultCode":1.5,"ErrorCodes":[]}`,
			strict: []string{"response body /ResultCode type"}, lenient: []string{"response body /ResultCode type"}},
		{name: "a number beyond int32", body: `{"Balance":1,"CurrencyIso":"EUR","ResultCode":4294967296,"ErrorCodes":[]}`,
			strict: []string{"response body /ResultCode format"}, lenient: []string{"response body /ResultCode format"}},
		{name: "no JSON", body: `Balance: 12`, strict: []string{"response body  syntax"}, lenient: []string{"response body  syntax"}},
		{name: "half an answer", body: balance[:30], strict: []string{"response body  syntax"}, lenient: []string{"response body  syntax"}},
		{name: "an answer and a half", body: balance + `{}`, strict: []string{"response body  syntax"}, lenient: []string{"response body  syntax"}},
		{name: "no answer", strict: []string{"response body  required"}, lenient: []string{"response body  required"}},
		{name: "a byte order mark", body: "\uFEFF" + balance, strict: []string{"response body  syntax"}},
		{name: "another media type", header: html, body: `<html>`,
			strict: []string{"response header Content-Type mediaType"}, lenient: []string{"response header Content-Type mediaType"}},
		{name: "a proxy's page", status: 503, header: html, body: `<html>`, strict: []string{"response header Content-Type mediaType"}},
		{name: "a proxy's silence", status: 503, header: http.Header{}, strict: []string{"response body  required"}},
		{name: "a status that is not declared", status: 418, body: balance, strict: []string{"response status  unknown"}},
		{name: "a redirect", status: 302, header: http.Header{}, strict: []string{"response status  unknown"}},
		{name: "nothing new, which was not asked", status: 304, header: http.Header{}, strict: []string{"response status  unknown"}},
		{name: "nothing new", status: 304, header: http.Header{}, change: func(r *http.Request) { r.Header.Set("If-None-Match", `"a"`) }},
		{name: "an encoding that is not understood", header: http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"br"}}, body: "x",
			strict: []string{"response body  unexamined"}, lenient: []string{"response body  unexamined"}},
		{name: "a value that is too large", body: `{"CurrencyIso":"` + strings.Repeat("E", 3<<20) + `","Balance":1,"ResultCode":1,"ErrorCodes":[]}`,
			strict: []string{"response body  unexamined"}, lenient: []string{"response body  unexamined"}},
		{name: "a field whose name may be a secret", body: `{"Balance":1,"CurrencyIso":"EUR","ResultCode":1,"ErrorCodes":[],"254722123456":1}`,
			strict: []string{"response body /(unprintable) unknown"}},
		{name: "an unsuited answer to a failure", status: 400, header: json, body: `{"ResultCode":4}`,
			strict: []string{"response body /ErrorCodes required"}, lenient: []string{"response body /ErrorCodes required"}},

		{name: "an operation that is none", url: api + "GetMoney", status: 404, strict: []string{"request url  operation"}, lenient: []string{"request url  operation"}},
		{name: "another method", method: "DELETE", body: balance, strict: []string{"request url  operation"}, lenient: []string{"request url  operation"}},
		{name: "no credentials", change: func(r *http.Request) { r.Header = http.Header{} }, body: balance,
			strict: []string{"request credentials  required"}, lenient: []string{"request credentials  required"}},
		{name: "a key that was left empty", change: func(r *http.Request) { r.Header = http.Header{"Api_key": {""}} }, body: balance,
			strict: []string{"request credentials  required"}, lenient: []string{"request credentials  required"}},
		{name: "a token", change: func(r *http.Request) { r.Header = http.Header{"Authorization": {"Bearer t"}} }, body: balance},
		{name: "an empty parameter", url: api + "GetAccountLookup?accountNumber=", body: lookup,
			strict: []string{"request query accountNumber empty"}, lenient: []string{"request query accountNumber empty"}},
		{name: "a new parameter", url: api + "GetAccountLookup?accountNumber=1&colour=red", body: lookup, strict: []string{"request query colour unknown"}},
		{name: "a body that is missing", method: "POST", url: api + "ListTransferRecords", status: 400, body: `{"ResultCode":4,"ErrorCodes":[]}`,
			strict: []string{"request body  required"}, lenient: []string{"request body  required"}},
		{name: "a body that is too much", change: func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("{}")) }, body: balance, strict: []string{"request body  unknown"}},
		{name: "half a request", method: "POST", url: api + "ListTransferRecords", sent: `{"Take":`, status: 400, body: `{"ResultCode":4,"ErrorCodes":[]}`,
			strict: []string{"request body  syntax"}, lenient: []string{"request body  syntax"}},
		{name: "a form", method: "POST", url: api + "ListTransferRecords", sent: "Take=1", change: func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") },
			status: 400, body: `{"ResultCode":4,"ErrorCodes":[]}`,
			strict: []string{"request header Content-Type mediaType"}, lenient: []string{"request header Content-Type mediaType"}},
		{name: "a required null in a request", method: "POST", url: api + "SendTransfer", sent: strings.Replace(order, "true", "null", 1), status: 400, body: `{"ResultCode":4,"ErrorCodes":[]}`,
			strict: []string{"request body /ValidateOnly null"}, lenient: []string{"request body /ValidateOnly required"}},
		{name: "an optional null in a request", method: "POST", url: api + "SendTransfer", sent: `{"BillRef":null,` + order[1:], body: `{"ResultCode":1,"ErrorCodes":[]}`,
			strict: []string{"request body /BillRef null"}},
		{name: "a number beyond its bounds", method: "POST", url: api + "ListTransferRecords", sent: `{"Take":101}`, status: 400, body: `{"ResultCode":4,"ErrorCodes":[]}`,
			strict: []string{"request body /Take maximum"}, lenient: []string{"request body /Take maximum"}},
		{name: "a batch", method: "POST", url: api + "EstimatePrices", sent: `[{"BatchItemRef":"a","SkuCode":"b"},{"BatchItemRef":"c","sku_code":"d"}]`, body: lookup,
			strict: []string{"request body /1/SkuCode required", "request body /1/sku_code unknown"}, lenient: []string{"request body /1/SkuCode required"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			for mode, options := range map[string][]contract.Option{"strict": {contract.Strict()}, "lenient": nil} {
				answer := answers{status: max(row.status, 200), header: row.header, body: row.body}
				if row.status != 0 {
					answer.status = row.status
				}
				client, noted := examined(t, answer, options...)
				client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
				method, url := row.method, row.url
				if method == "" {
					method = http.MethodGet
				}
				if url == "" {
					url = api + "GetBalance"
				}
				request := newRequest(t, method, url, row.sent)
				if row.change != nil {
					row.change(request)
				}
				assert.Equal(t, row.body, fetch(t, client, request), "what passes is not changed")
				want := row.lenient
				if mode == "strict" {
					want = row.strict
				}
				assert.Equal(t, append([]string{}, want...), noted.lines(), mode)
				for _, v := range noted.found {
					assert.Equal(t, contract.Ding, v.Service)
					assert.Equal(t, answer.status, v.Status)
					assert.Positive(t, v.Count)
					for _, text := range []string{v.String(), v.LogValue().String()} {
						assert.NotContains(t, text, "254722123456")
						assert.NotContains(t, text, "12.50")
					}
				}
			}
		})
	}
}

func TestAViolationSaysEverythingInALine(t *testing.T) {
	client, noted := examined(t, answers{status: 200, body: `{"Items":[{"Code":"a"},{"Code":"b"}],"ResultCode":1,"ErrorCodes":[]}`})
	fetch(t, client, newRequest(t, http.MethodGet, api+"GetErrorCodeDescriptions", ""))
	require.Len(t, noted.found, 1)
	assert.Equal(t, "ding response of GetErrorCodeDescriptions (HTTP 200): body /Items/0/Message is missing (2 times)", noted.found[0].String())
	assert.Equal(t, contract.Violation{
		Service: contract.Ding, Operation: "GetErrorCodeDescriptions", Direction: contract.Response, Status: 200,
		Part: contract.PartBody, Field: "/Items/0/Message", Rule: contract.RuleRequired, Reason: "is missing", Count: 2,
	}, noted.found[0])
}

func TestAnAnswerFullOfViolationsIsReportedUpToABound(t *testing.T) {
	var body strings.Builder
	body.WriteString(`{"Balance":1,"CurrencyIso":"EUR","ResultCode":1,"ErrorCodes":[`)
	for i := range 2000 {
		body.WriteString(`{"Code":"a","field` + strconv.Itoa(i) + `":1},`)
	}
	body.WriteString(`{"Code":"b"}]}`)
	client, noted := examined(t, answers{status: 200, body: body.String()}, contract.Strict())
	fetch(t, client, newRequest(t, http.MethodGet, api+"GetBalance", ""))
	assert.Len(t, noted.found, 100)
}

func TestWhichRequestsAreExamined(t *testing.T) {
	const charge = `{"chargeRequestId":"a"}`
	for _, row := range []struct {
		url       string
		service   contract.Service // empty if the request is none of the transport's business
		operation string
	}{
		{"https://api.dingconnect.com/api/V1/GetBalance", contract.Ding, "GetBalance"},
		{"https://API.DingConnect.com:443/api/V1/GetBalance?a=b", contract.Ding, "GetBalance"},
		{"http://api.dingconnect.com/api/V1/GetBalance", "", ""},
		{"http://localhost:8080/api/V1/GetBalance", contract.Ding, "GetBalance"},
		{"http://localhost:8080/api/V2/GetBalance", contract.Ding, ""},
		{"http://localhost:8080/connect/token", "", ""},
		{"http://localhost:8080/.well-known/openid-configuration", "", ""},
		{"https://idp.ding.com/connect/token", "", ""},
		{"http://localhost:8080/dizlee/charge", contract.Dizlee, "Charge"},
		{"http://localhost:8080/dizlee/api/charge", contract.Dizlee, ""},
		{"http://localhost:9090/api/V1/GetNothing", contract.Ding, ""},
		{"http://localhost:9090/api/V1/GetBalance", contract.Ding, "GetBalance"},
		{"http://localhost:9090/nothing", contract.Dizlee, ""},
		{"https://gate.example/take-it", contract.Dizlee, "Charge"},
		{"https://gate.example/take-it/", "", ""},
		{"https://gate.example/give-back", contract.Dizlee, "Refund"},
		{"https://gate.example/charge", "", ""},
		{"https://elsewhere.example/api/V1/GetBalance", "", ""},
	} {
		t.Run(row.url, func(t *testing.T) {
			client, noted := examined(t, answers{status: 200, body: `{}`},
				contract.WithDingURL("http://localhost:9090"), contract.WithDizleeURL("http://localhost:9090"), contract.WithDingURL("http://localhost:8080/"), contract.WithDizleeURL("http://localhost:8080/dizlee"),
				contract.WithDizleeOperationURL("Charge", "https://gate.example/take-it"),
				contract.WithDizleeOperationURL("Refund", "https://gate.example/give-back"))
			method, body := http.MethodGet, ""
			if row.service == contract.Dizlee {
				method, body = http.MethodPost, charge
			}
			fetch(t, client, newRequest(t, method, row.url, body))
			if row.service == "" {
				assert.Empty(t, noted.found)
				return
			}
			require.NotEmpty(t, noted.found)
			assert.Equal(t, row.service, noted.found[0].Service)
			assert.Equal(t, row.operation, noted.found[0].Operation)
		})
	}
}

func TestEveryBadOptionIsNamed(t *testing.T) {
	_, err := contract.NewTransport(nil, nil, nil, contract.WithDingURL("secret"), contract.WithDizleeURL("://"),
		contract.WithDizleeOperationURL("Pay", "https://gate.example/pay"))
	require.Error(t, err)
	for _, part := range []string{"nobody to report to", "option 1 is nil", "Ding URL", "Dizlee URL", `no operation "Pay"`} {
		assert.ErrorContains(t, err, part)
	}
	assert.NotContains(t, err.Error(), "secret")

	transport, err := contract.NewTransport(nil, func(contract.Violation) {})
	require.NoError(t, err)
	assert.Equal(t, http.DefaultTransport, transport.Wrapped())
}

func TestWhatIsNotRequestedIsNotExamined(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
	defer server.Close()
	client, noted := examined(t, nil)
	echo := newRequest(t, http.MethodPost, server.URL+"/api/V1/SendTransfer", "any text")
	assert.Equal(t, "any text", fetch(t, client, echo))
	assert.Empty(t, noted.found)
	client.CloseIdleConnections()
}
