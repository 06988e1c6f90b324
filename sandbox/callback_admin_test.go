package sandbox_test

import (
	"crypto/tls"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/sandbox"
)

const (
	notificationsPath = "/_sandbox/notifications"
	messagesPath      = "/_sandbox/mo"
	messageToPath     = "/_sandbox/mo/receiver"
)

// deliveries is what the admin endpoints list.
type deliveries struct {
	To         string
	Deliveries []sandbox.Delivery
}

func TestNotificationsAreSetAndSeenOverHTTP(t *testing.T) {
	certificate, err := sandbox.NewCertificate()
	require.NoError(t, err)
	inbox := newInbox(t, "TransferFinished", 500)
	server := httptest.NewUnstartedServer(inbox)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate.TLS}}
	server.StartTLS()
	defer server.Close()
	c := serve(t)
	assert.JSONEq(t, `{"to":"","deliveries":[]}`, string(c.do("GET", notificationsPath, "", "").body))
	set := c.post(notificationsPath, map[string]any{
		"url": server.URL + "/hook/secret-path", "rootCAs": string(certificate.CAPEM), "timeout": "5s", "attempts": 2,
		"twice": true, "shuffle": "0s",
	})
	assert.Equal(t, deliveries{server.URL, []sandbox.Delivery{}}, into[deliveries](t, set, 200))

	c.deferOne()
	c.deliver()
	listed := c.do("GET", notificationsPath, "", "")
	assert.Equal(t, c.sb.Deliveries(), into[deliveries](t, listed, 200).Deliveries)
	assert.NotContains(t, string(listed.body), "secret-path")
	var names struct{ Deliveries []map[string]any }
	require.NoError(t, json.Unmarshal(listed.body, &names))
	first := names.Deliveries[0]
	assert.Equal(t, "Waiting", first["state"])
	assert.Equal(t, "1", first["correlationId"])
	assert.Equal(t, []any{map[string]any{"at": "2026-05-08T15:23:33Z", "status": 500.0}}, first["attempts"])
	assert.Equal(t, 1.0, first["body"].(map[string]any)["ResultCode"])
	assert.Equal(t, "Taken", names.Deliveries[1]["state"])

	assert.Equal(t, 204, c.do("DELETE", notificationsPath, "", "").status)
	after := into[deliveries](t, c.do("GET", notificationsPath, "", ""), 200)
	assert.Empty(t, after.To)
	assert.Equal(t, sandbox.DeliveryGivenUp, after.Deliveries[0].State)
}

func TestMessagesAreSentAndSeenOverHTTP(t *testing.T) {
	inbox := newInbox(t, "ReceiveSMS")
	c := stranger(t)
	set := c.post(messageToPath, map[string]any{"url": inbox.open().URL})
	assert.True(t, strings.HasPrefix(into[deliveries](t, set, 200).To, "http://127.0.0.1:"))
	sent := into[deliveries](t, c.post(messagesPath,
		`{"sender":"9647701234567","destination":"1234","text":"STOP","messageType":"0","lowerCase":true,"authKey":"k"}`), 200)
	require.Len(t, sent.Deliveries, 1)
	assert.Equal(t, sandbox.DeliveryTaken, sent.Deliveries[0].State)
	assert.Contains(t, string(inbox.all()[0].body), `"messageText":"STOP"`)
	assert.Equal(t, "k", inbox.all()[0].header.Get("authkey"))
	listed := c.do("GET", messagesPath, "", "")
	assert.Equal(t, sent.Deliveries, into[deliveries](t, listed, 200).Deliveries)
	assert.NotContains(t, string(listed.body), "authkey")
	assert.JSONEq(t, `{"to":"","deliveries":[]}`, string(c.do("GET", notificationsPath, "", "").body), "they are no notifications")
	assert.Equal(t, 204, c.do("DELETE", messageToPath, "", "").status)
	assert.Contains(t, into[map[string]string](t, c.post(messagesPath, `{"sender":"1","destination":"1"}`), 400)["error"], "receiver")
}

func TestABadCallbackIsRefusedOverHTTP(t *testing.T) {
	c := stranger(t)
	for name, test := range map[string]struct{ path, body, tell string }{
		"no JSON":                {notificationsPath, `{`, "receiver"},
		"a list":                 {messageToPath, `[]`, "receiver"},
		"nothing":                {messageToPath, `null`, "URL"},
		"something after it":     {notificationsPath, `{"url":"https://shop.example"}}`, "follows"},
		"a misspelt member":      {notificationsPath, `{"uri":"https://shop.example"}`, "uri"},
		"a member of other type": {notificationsPath, `{"url":"https://shop.example","twice":1}`, "twice"},
		"no duration":            {notificationsPath, `{"url":"https://shop.example","timeout":"5"}`, `timeout: "5"`},
		"another":                {notificationsPath, `{"url":"https://shop.example","shuffle":"soon"}`, `shuffle: "soon"`},
		"authorities in no PEM":  {notificationsPath, `{"url":"https://shop.example","rootCAs":"x"}`, "rootCAs"},
		"http to anybody":        {notificationsPath, `{"url":"http://shop.example"}`, "URL"},
		"too long":               {notificationsPath, `{"url":"` + strings.Repeat("x", 1<<20) + `"}`, "too large"},
		"a message of nobody":    {messagesPath, `{}`, "Sender"},
		"a message misspelt":     {messagesPath, `{"message":"STOP"}`, "message"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Contains(t, into[map[string]string](t, c.post(test.path, test.body), 400)["error"], test.tell)
		})
	}
	assert.Empty(t, into[deliveries](t, c.do("GET", notificationsPath, "", ""), 200).To)
	assert.Equal(t, 405, c.do("PUT", notificationsPath, "", "").status)
	assert.Equal(t, 405, c.do("GET", messageToPath, "", "").status)
}

// FuzzCallbackAdmin holds that whatever is posted is answered in JSON, and that nothing is called by it that must not be.
func FuzzCallbackAdmin(f *testing.F) {
	for _, path := range []string{notificationsPath, messageToPath, messagesPath} {
		f.Add(path, `{"url":"http://shop.example","attempts":1}`)
		f.Add(path, `{"url":"https://localhost","timeout":"-1s","rootCAs":"-----BEGIN CERTIFICATE-----"}`)
		f.Add(path, `{"sender":"1","destination":"2","text":"\ud800"}`)
	}
	c := clock{at: start}
	sb, err := sandbox.New(sandbox.WithClock(c.now))
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, path, body string) {
		sb.ClearSMSMO() // a message would go out to whatever was made up before
		request := httptest.NewRequest("POST", "/", strings.NewReader(body))
		request.URL.Path = path
		recorder := httptest.NewRecorder()
		sb.ServeHTTP(recorder, request)
		if path == notificationsPath || path == messageToPath || path == messagesPath {
			require.True(t, json.Valid(recorder.Body.Bytes()), recorder.Body)
			require.Contains(t, []int{200, 400}, recorder.Code)
		}
		require.Empty(t, sb.Deliveries())
	})
}
