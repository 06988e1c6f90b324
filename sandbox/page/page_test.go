// Tests of the page over HTTP: what it shows, what it hides, and what its forms do.

package page_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/sandbox"
)

func (s served) see() string {
	s.t.Helper()
	answer := s.ask(http.MethodGet, "/", "")
	require.Equal(s.t, 200, answer.status, answer.body)
	return answer.body
}

func TestWhatSomebodyHasSentIsTextAndNothingElse(t *testing.T) {
	s := serve(t)
	const breakout = `<script>alert(1)</script>`
	sent := s.ding("SendTransfer", transfer("GB_AB_TopUp", "5", "447700900123", breakout))
	require.Equal(t, 200, sent.status, sent.body)
	faulty := s.submit("/_page/faults", url.Values{"kind": {breakout}, "when": {`"><img src=x>`}, "count": {breakout}, "reference": {breakout}})
	assert.Equal(t, 422, faulty.status)
	for _, text := range []string{s.see(), faulty.body, s.ask(http.MethodGet, "/_page/live", "").body} {
		assert.NotContains(t, text, breakout)
		assert.NotContains(t, text, "<img src=x>")
	}
	assert.Contains(t, s.see(), "&lt;script&gt;alert(1)")
}

func TestTheBrowserIsAllowedNothingFromElsewhere(t *testing.T) {
	s := serve(t)
	for _, path := range []string{"/", "/_page/live", "/_page/page.js", "/docs/ding", "/docs/dizlee", "/docs/ding.yaml"} {
		answer := s.ask(http.MethodGet, path, "")
		policy := answer.header.Get("Content-Security-Policy")
		assert.Contains(t, policy, "default-src 'none'; script-src 'self';", path)
		assert.Contains(t, policy, "frame-ancestors 'none'", path)
		assert.Equal(t, "nosniff", answer.header.Get("X-Content-Type-Options"))
		if path != "/docs/ding.yaml" {
			assert.NotRegexp(t, `(src|href)="(https?:)?//`, answer.body, path)
			assert.NotRegexp(t, `<script>|<style| style=| on[a-z]+="`, answer.body, path)
		}
	}
	assert.Equal(t, 404, s.ask(http.MethodGet, "/_page/page.html", "").status, "templates are not for reading")
	assert.Equal(t, 404, s.ask(http.MethodGet, "/_page/nothing.js", "").status)
}

func TestOtherSitesGetNoFurther(t *testing.T) {
	s := serve(t)
	_, err := s.Inject(sandbox.Fault{Kind: sandbox.Bare503, When: sandbox.BeforeWork, Operation: "Charge"})
	require.NoError(t, err)
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	fault := `{"kind":"Bare503","when":"BeforeWork"}`
	tests := map[string]struct {
		method, path, body string
		header             []string
		status             int
	}{
		"a form of another site":             {"POST", "/_page/faults/remove", "", []string{"Origin", "http://evil.example", "Sec-Fetch-Site", "cross-site"}, 403},
		"an old browser tells the origin":    {"POST", "/_page/faults/remove", "", []string{"Origin", "http://evil.example"}, 403},
		"another port is another site":       {"POST", "/_page/faults/remove", "", []string{"Origin", "http://127.0.0.1:1", "Sec-Fetch-Site", "same-site"}, 403},
		"a name that was made to point here": {"GET", "/", "", []string{"Host", "evil.example:8645"}, 421},
		"the same, posting":                  {"POST", "/_page/faults/remove", "", []string{"Host", "evil.example", "Origin", "http://evil.example", "Sec-Fetch-Site", "same-origin"}, 421},
		"the documentation is behind it too": {"GET", "/docs/ding", "", []string{"Host", "evil.example"}, 421},
		"a site at the admin endpoints":      {"POST", "/_sandbox/faults", fault, []string{"Origin", "http://evil.example", "Content-Type", "text/plain"}, 403},
		"a name at the admin endpoints":      {"POST", "/_sandbox/faults", fault, []string{"Host", "evil.example", "Origin", "http://evil.example"}, 421},
	}
	for name, tt := range tests {
		answer := s.ask(tt.method, tt.path, tt.body, append(tt.header, form...)...)
		assert.Equal(t, tt.status, answer.status, name)
		assert.NotContains(t, answer.body, s.Credentials().DingAPIKey, name)
		assert.Len(t, s.Faults(), 1, name)
	}
	for _, host := range []string{"localhost:8645", "LOCALHOST", "sandbox.localhost:1", "127.0.0.1:8645", "[::1]:8645", "[::1]", "192.0.2.7:8645"} {
		assert.Equal(t, 200, s.ask(http.MethodGet, "/", "", "Host", host).status, host)
	}
	assert.Equal(t, 201, s.ask(http.MethodPost, "/_sandbox/faults", fault, "Host", "sandbox:8645").status, "a program in another container")
}

func TestSecretsAreHidden(t *testing.T) {
	s := serve(t)
	token := regexp.MustCompile(`"access_token":"([^"]+)"`).FindStringSubmatch(s.token().body)[1]
	sent := s.ding("SendTransfer", transfer("XG_OR_PIN25", "25", "guest@shop.example", "order-1")).body
	pin := regexp.MustCompile(`"pin":"(\d+)"`).FindStringSubmatch(sent)[1]
	page := s.see()
	assert.NotContains(t, page, token[:len(token)-6])
	assert.Contains(t, page, "••••"+token[len(token)-6:])
	assert.Regexp(t, `<details id="receipt-\d+"><summary>Receipt ••••••</summary><pre>PIN: `+pin, page, "it is for whoever opens it")
	assert.Equal(t, 1, strings.Count(page, "PIN: "+pin))

	hook := httptest.NewServer(http.NotFoundHandler())
	defer hook.Close()
	set := s.submit("/_page/receivers", url.Values{"callback": {"Notification"}, "url": {hook.URL + "/path-secret"}})
	assert.Equal(t, 303, set.status)
	assert.NotContains(t, s.see(), "path-secret")
	assert.Contains(t, s.see(), "Notifications go to <code>"+hook.URL)
}

func TestTheFormOfAFault(t *testing.T) {
	s := serve(t)
	tests := map[string]struct {
		fields url.Values
		fault  sandbox.Fault
		wrong  string
	}{
		"any request": {
			fields: url.Values{"kind": {"Bare503"}, "when": {"BeforeWork"}, "operation": {""}, "count": {"0"}},
			fault:  sandbox.Fault{Kind: sandbox.Bare503, When: sandbox.BeforeWork},
		},
		"anything of a service": {
			fields: url.Values{"kind": {"HTML502"}, "when": {"AfterWork"}, "operation": {"dizlee "}, "percent": {"25"}, "skip": {"2"}},
			fault:  sandbox.Fault{Kind: sandbox.HTML502, When: sandbox.AfterWork, Service: sandbox.ServiceDizlee, Probability: 0.25, Skip: 2},
		},
		"fields that are hidden say nothing": {
			fields: url.Values{"kind": {"TokenExpired401"}, "when": {"AfterWork"}, "operation": {"dizlee Charge"}, "for": {"2s"}, "retryAfter": {"7s"}, "envelope": {"yes"}, "count": {"1"}},
			fault:  sandbox.Fault{Kind: sandbox.TokenExpired401, When: sandbox.BeforeWork, Service: sandbox.ServiceDing, Count: 1},
		},
		"what lasts": {
			fields: url.Values{"kind": {"HideRecords"}, "for": {"40s"}, "account": {" 447700900123 "}},
			fault: sandbox.Fault{
				Kind: sandbox.HideRecords, When: sandbox.AfterWork, Service: sandbox.ServiceDing, Operation: "SendTransfer", For: 40 * time.Second, Account: "447700900123",
			},
		},
		"what says when to come back": {
			fields: url.Values{"kind": {"ServiceUnavailable503"}, "when": {"BeforeWork"}, "operation": {"ding GetBalance"}, "retryAfter": {"7s"}, "envelope": {"yes"}},
			fault: sandbox.Fault{
				Kind: sandbox.ServiceUnavailable503, When: sandbox.BeforeWork, Service: sandbox.ServiceDing, Operation: "GetBalance", RetryAfter: 7 * time.Second, Envelope: true,
			},
		},
		"no kind":          {fields: url.Values{"kind": {""}, "when": {"BeforeWork"}}, wrong: "is none of DropConnection"},
		"no number":        {fields: url.Values{"kind": {"Bare503"}, "when": {"BeforeWork"}, "count": {"often"}}, wrong: "How often: &#34;often&#34; is no whole number"},
		"no duration":      {fields: url.Values{"kind": {"Delay"}, "when": {"BeforeWork"}, "for": {"long"}}, wrong: "For how long: &#34;long&#34; is no duration"},
		"beyond certainty": {fields: url.Values{"kind": {"Bare503"}, "when": {"BeforeWork"}, "percent": {"101"}, "reference": {"order-17"}}, wrong: "is not between 0 and 1"},
	}
	for name, tt := range tests {
		s.ClearFaults()
		answer := s.submit("/_page/faults", tt.fields)
		if tt.wrong != "" {
			assert.Equal(t, 422, answer.status, name)
			assert.Contains(t, answer.body, tt.wrong, name)
			assert.Contains(t, answer.body, `role="alert"`, name)
			assert.Contains(t, answer.body, tt.fields.Get("reference"), "what was filled in is kept: "+name)
			assert.Empty(t, s.Faults(), name)
			continue
		}
		assert.Equal(t, 303, answer.status, answer.body)
		assert.Equal(t, "/#faults", answer.header.Get("Location"))
		if faults := s.Faults(); assert.Len(t, faults, 1, name) {
			assert.Equal(t, tt.fault, faults[0].Fault, name)
		}
	}
	assert.Equal(t, 303, s.submit("/_page/faults/remove", url.Values{"id": {"404"}}).status, "it is gone, which is what was wanted")
	assert.Equal(t, 303, s.submit("/_page/faults/remove", nil).status)
	assert.Empty(t, s.Faults())
}

func TestEveryKindAndOperationCanBeChosen(t *testing.T) {
	text := serve(t).see()
	for _, kind := range sandbox.FaultKinds() {
		assert.Contains(t, text, ">"+string(kind)+"</option>")
	}
	for of, operations := range map[sandbox.Service][]string{
		sandbox.ServiceDing: {"SendTransfer", "GetBalance"}, sandbox.ServiceDizlee: {"Charge", "Refund", "SendSMS"}, sandbox.ServiceToken: {"Token"},
	} {
		for _, operation := range operations {
			assert.Contains(t, text, `<option value="`+string(of)+" "+operation+`"`)
		}
	}
}

func TestAnInboundMessageIsSentByTheForm(t *testing.T) {
	s := serve(t)
	message := url.Values{"sender": {"9647701234567"}, "destination": {"1234"}, "text": {"أوقف"}, "arabic": {"yes"}, "lowerCase": {"yes"}}
	nobody := s.submit("/_page/messages", message)
	assert.Equal(t, 422, nobody.status)
	assert.Contains(t, nobody.body, "there is no receiver of SMSMO")
	assert.Contains(t, nobody.body, "أوقف</textarea>")

	received := make(chan string, 1)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { received <- r.Header.Get("Authkey") }))
	defer hook.Close()
	require.Equal(t, 303, s.submit("/_page/receivers", url.Values{"callback": {"SMSMO"}, "url": {hook.URL}}).status)
	require.Equal(t, 303, s.submit("/_page/messages", message).status)
	assert.Equal(t, s.Credentials().DizleeAuthKey, <-received)
	require.Len(t, s.Deliveries(), 1)
	assert.JSONEq(t, `{"Sender":"9647701234567","Destination":"1234","messageType":"1","messageText":"أوقف"}`, string(s.Deliveries()[0].Body))
	assert.Regexp(t, `<p class="bubble in" dir="auto">أوقف</p>`, s.see())

	wrong := s.submit("/_page/receivers", url.Values{"callback": {"SMSMO"}, "url": {"http://elsewhere.example/"}})
	assert.Equal(t, 422, wrong.status)
	assert.Contains(t, wrong.body, "on a loopback host alone")
	require.Equal(t, 303, s.submit("/_page/receivers", url.Values{"callback": {"SMSMO"}}).status)
	assert.Contains(t, s.see(), "No receiver of inbound SMS")
}

func TestThePanelsAreSentAgainOnlyWhenTheyChange(t *testing.T) {
	at := time.Date(2026, time.May, 8, 15, 23, 28, 0, time.UTC)
	s := serve(t, sandbox.WithClock(func() time.Time { return at }))
	first := s.ask(http.MethodGet, "/_page/live", "")
	require.Equal(t, 200, first.status)
	version := first.header.Get("Etag")
	assert.Equal(t, 304, s.ask(http.MethodGet, "/_page/live", "", "If-None-Match", version).status)
	s.ding("SendTransfer", transfer("GB_AB_TopUp", "5", "447700900123", "order-1"))
	assert.Equal(t, 200, s.ask(http.MethodGet, "/_page/live", "", "If-None-Match", version).status)
}

func TestLimitsThatAreSwitchedOffAreSaidToBe(t *testing.T) {
	assert.Contains(t, serve(t, sandbox.WithoutUsageLimits()).see(), "Switched off")
}

func TestEverythingElseIsTheSandbox(t *testing.T) {
	s := serve(t)
	assert.Equal(t, 200, s.ask(http.MethodGet, "/api/V1/GetBalance", "", "api_key", s.Credentials().DingAPIKey).status)
	assert.Equal(t, 200, s.ask(http.MethodGet, "/_sandbox/ledger", "").status)
	for _, path := range []string{"//api/V1/GetBalance", "/documents", "/index.html"} {
		assert.Equal(t, 404, s.ask(http.MethodGet, path, "").status, path)
	}
	assert.Equal(t, 405, s.ask(http.MethodPost, "/", "").status)
	assert.Equal(t, 303, s.ask(http.MethodGet, "/_page/faults", "").status, "a form's answer, asked for again")
}

// TestEveryLineCanBePasted lets a shell take the lines apart, and sends what curl would.
func TestEveryLineCanBePasted(t *testing.T) {
	s := serve(t)
	text := s.see()
	for _, id := range []string{"balance", "send", "list", "token", "charge", "refund", "sms", "ledger"} {
		written := regexp.MustCompile(`(?s)<pre id="curl-` + id + `"[^>]*>(.*?)</pre>`).FindStringSubmatch(text)
		require.Len(t, written, 2, id)
		line := strings.NewReplacer("&#39;", "'", "&#34;", `"`, "&#43;", "+", "&amp;", "&").Replace(written[1])
		parts, err := exec.Command("sh", "-c", "curl() { printf '%s\\0' \"$@\"; }\n"+line).Output()
		require.NoError(t, err)
		arguments := strings.Split(strings.TrimSuffix(string(parts), "\x00"), "\x00")
		answer := s.curl(arguments)
		assert.Equal(t, 200, answer.status, "%s: %s", id, answer.body)
		assert.NotRegexp(t, `"status":"-`, answer.body, id)
	}
	ledger := s.Ledger()
	assert.Len(t, ledger.Payments, 1)
	assert.Len(t, ledger.Charges, 1)
	assert.Len(t, ledger.Refunds, 1)
	assert.Len(t, ledger.Messages, 1)
}

// curl does what curl does with these arguments.
func (s served) curl(arguments []string) reply {
	s.t.Helper()
	method, header, data := http.MethodGet, []string{}, []string{}
	for i := 1; i+1 < len(arguments); i += 2 {
		switch value := arguments[i+1]; arguments[i] {
		case "-H":
			name, content, _ := strings.Cut(value, ": ")
			header = append(header, name, content)
		case "-d":
			method, data = http.MethodPost, append(data, value)
		case "--data-urlencode":
			name, content, _ := strings.Cut(value, "=")
			data = append(data, name+"="+url.QueryEscape(content))
		}
	}
	if method == http.MethodPost && len(header) == 0 {
		header = []string{"Content-Type", "application/x-www-form-urlencoded"}
	}
	return s.ask(method, strings.TrimPrefix(arguments[0], s.url), strings.Join(data, "&"), header...)
}
