// What the tests share: a sandbox with its page, served over real HTTP.

package page_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/sandbox"
	"github.com/airtime-go/airtime/sandbox/page"
)

// served is a sandbox with its page.
type served struct {
	*sandbox.Sandbox
	t   testing.TB
	url string
}

func serve(t testing.TB, opts ...sandbox.Option) served {
	t.Helper()
	sb, err := sandbox.New(opts...)
	require.NoError(t, err)
	server := httptest.NewServer(page.Around(sb))
	t.Cleanup(func() {
		_ = sb.Close()
		server.Close()
	})
	return served{sb, t, server.URL}
}

// reply is an answer, read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

// ask sends a request and follows no redirect.
func (s served) ask(method, path, body string, header ...string) reply {
	s.t.Helper()
	request, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	require.NoError(s.t, err)
	for i := 0; i < len(header); i += 2 {
		request.Header[header[i]] = []string{header[i+1]}
		if header[i] == "Host" {
			request.Host = header[i+1]
		}
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	require.NoError(s.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return reply{response.StatusCode, response.Header, string(text)}
}

// submit sends a form as the page does.
func (s served) submit(path string, fields url.Values) reply {
	return s.ask(http.MethodPost, path, fields.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Origin", s.url, "Sec-Fetch-Site", "same-origin")
}

// ding calls a method of DingConnect.
func (s served) ding(method, body string, header ...string) reply {
	header = append(header, "api_key", s.Credentials().DingAPIKey, "Content-Type", "application/json")
	return s.ask(http.MethodPost, "/api/V1/"+method, body, header...)
}

// dizlee calls an operation of Dizlee about a number.
func (s served) dizlee(operation, number, body string) reply {
	return s.ask(http.MethodPost, "/dizlee/"+operation, body,
		"apikey", s.Credentials().DizleeAPIKey, "HTTP_MSISDN", number, "Content-Type", "application/json")
}

// transfer is the body of a SendTransfer.
func transfer(sku, value, number, reference string) string {
	return `{"SkuCode":"` + sku + `","SendValue":` + value + `,"AccountNumber":"` + number + `","DistributorRef":"` + reference + `","ValidateOnly":false}`
}

func (s served) token() reply {
	c := s.Credentials()
	return s.ask(http.MethodPost, "/connect/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {c.DingClientID}, "client_secret": {c.DingClientSecret},
	}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

// lost calls a method whose answer does not come.
func (s served) lost(method, body string) {
	s.t.Helper()
	request, err := http.NewRequest(http.MethodPost, s.url+"/api/V1/"+method, strings.NewReader(body))
	require.NoError(s.t, err)
	request.Header = http.Header{"api_key": {s.Credentials().DingAPIKey}, "Content-Type": {"application/json"}}
	response, err := http.DefaultClient.Do(request)
	if err == nil {
		_ = response.Body.Close()
	}
	require.Error(s.t, err)
}
