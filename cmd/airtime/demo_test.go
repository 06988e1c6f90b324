package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/sandbox"
)

func TestTheDemoTellsTheWholeStory(t *testing.T) {
	r := airtime(t, nil, "demo")
	require.Equal(t, 0, r.code, r.err)
	assert.Empty(t, r.err)
	place := 0
	for _, part := range []string{
		"1. Token", "POST /connect/token", "client_secret=[redacted]", `"access_token": "[redacted]"`,
		"2. Balance", "Authorization: Bearer [redacted]", "3. Lookup", "4. Products", "5. Price",
		"6. Send", "POST /api/V1/SendTransfer", "7. Records", "the balance fell from 1000.00 to 987.50",
		"8. Defer", "X-Options: DeferTransfer", `"ProcessingState": "Submitted"`,
		"9. Notification", "POST /callbacks/ding", `"ProcessingState": "Complete"`, "POST /api/V1/ListTransferRecords", "from 987.50 to 982.50",
		"10. Charge", "HTTP_MSISDN: " + chargedNumber, "apikey: [redacted]", "11. Refund", "12. SMS",
		"13. Reply", "POST /callbacks/dizlee", "Authkey: [redacted]", reply,
		"Summary", "5.00 USD, Complete by notification", "1000.00 USD before, 982.50 USD after", "status 1", reply,
	} {
		found := strings.Index(r.out[place:], part)
		require.GreaterOrEqual(t, found, 0, "%q is missing or out of order in:\n%s", part, r.out)
		place += found
	}
	box, err := sandbox.New()
	require.NoError(t, err)
	for _, secret := range []string{box.Credentials().DingClientSecret, box.Credentials().DizleeAPIKey, box.Credentials().DizleeAuthKey} {
		assert.NotContains(t, r.out, secret)
	}
}

func TestTheDemoAsJSONIsOneObjectALine(t *testing.T) {
	r := airtime(t, nil, "demo --json")
	require.Equal(t, 0, r.code, r.err)
	all := strings.Split(strings.TrimSpace(r.out), "\n")
	require.Len(t, all, 14)
	for i, line := range all[:13] {
		var step struct {
			Step      int
			Name      string
			Exchanges []struct {
				Method, Path string
				Status       int
			}
			Facts []string
		}
		require.NoError(t, json.Unmarshal([]byte(line), &step))
		assert.Equal(t, i+1, step.Step)
		assert.NotEmpty(t, step.Exchanges, step.Name)
		assert.NotEmpty(t, step.Facts, step.Name)
	}
	var last struct{ Summary map[string]string }
	require.NoError(t, json.Unmarshal([]byte(all[13]), &last))
	assert.Equal(t, "982.50 USD", last.Summary["balanceAfter"])
	assert.Equal(t, "Complete", last.Summary["deferredState"])
	assert.Equal(t, reply, last.Summary["reply"])
	assert.Equal(t, "1", last.Summary["refundStatus"])
}

// tellAgainst tells the story against a sandbox whose answers to one path are changed.
func tellAgainst(t *testing.T, path string, change func(http.ResponseWriter, []byte)) error {
	t.Helper()
	clock := &skippingClock{}
	box, err := sandbox.New(sandbox.WithClock(clock.now))
	require.NoError(t, err)
	url := serveRaw(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, path) {
			box.ServeHTTP(w, r)
			return
		}
		kept := httptest.NewRecorder()
		box.ServeHTTP(kept, r)
		change(w, kept.Body.Bytes())
	})
	tale, err := newStory(url, box, clock)
	require.NoError(t, err)
	defer tale.close()
	a := newApp(func(string) string { return "" }, io.Discard, io.Discard)
	return a.tell(t.Context(), tale)
}

func TestTheDemoFailsWhereAStepDoes(t *testing.T) {
	instead := func(answer string) func(http.ResponseWriter, []byte) {
		return func(w http.ResponseWriter, _ []byte) { _, _ = io.WriteString(w, answer) }
	}
	replacing := func(old, new string) func(http.ResponseWriter, []byte) {
		return func(w http.ResponseWriter, body []byte) {
			_, _ = io.WriteString(w, strings.ReplaceAll(string(body), old, new))
		}
	}
	refusal := instead(envelope(4, "ParameterInvalid", "x"))
	tests := []struct {
		name, path string
		change     func(http.ResponseWriter, []byte)
		says       string
	}{
		{"no token", "/connect/token", instead(`{}`), "step 1, Token"},
		{"no balance", "/GetBalance", refusal, "step 1, Token"},
		{"nothing in the account", "/GetBalance", instead(`{"ResultCode":1,"Balance":0}`), "step 2, Balance"},
		{"no provider", "/GetAccountLookup", instead(`{"ResultCode":1,"Items":[]}`), "step 3, Lookup: no provider"},
		{"no lookup", "/GetAccountLookup", refusal, "step 3, Lookup"},
		{"no product", "/GetProducts", instead(`{"ResultCode":1,"Items":[]}`), "step 4, Products: none of 0"},
		{"no products", "/GetProducts", refusal, "step 4, Products"},
		{"no price", "/EstimatePrices", instead(`{"ResultCode":1,"Items":[{"BatchItemRef":"1","ResultCode":1}]}`), "step 5, Price: the estimate has no price"},
		{"no estimate", "/EstimatePrices", instead(`{"ResultCode":1,"Items":[]}`), "step 5, Price"},
		{"estimates refused", "/EstimatePrices", refusal, "step 5, Price"},
		{"the transfer refused", "/SendTransfer", refusal, "step 6, Send"},
		{"the transfer pending", "/SendTransfer", replacing(`"Complete"`, `"Submitted"`), "step 6, Send: the transfer is Submitted"},
		{"no record", "/ListTransferRecords", instead(`{"ResultCode":1,"Items":[]}`), "step 7, Records: 0 records"},
		{"no records", "/ListTransferRecords", refusal, "step 7, Records"},
		{"another record", "/ListTransferRecords", replacing(`"Complete"`, `"Failed"`), "step 7, Records"},
		{"a price that never left the balance", "/GetBalance", instead(`{"ResultCode":1,"Balance":1000.00}`), "the balance fell by 0.00, and the price was 12.50"},
		{"the deferred transfer at its end", "/SendTransfer", replacing(`"Submitted"`, `"Complete"`), "step 8, Defer: the deferred transfer is Complete already"},
		{"a notification that contradicts the list", "/ListTransferRecords", replacing(deferredRef, "other"), "step 9, Notification: no notification was taken"},
		{"the charge refused", "/charge", instead(`{"status":"-304"}`), "step 10, Charge"},
		{"the refund refused", "/refund", instead(`{"status":"-319"}`), "step 11, Refund"},
		{"the SMS lost", "/sms", instead(`gone`), "step 12, SMS"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tellAgainst(t, tt.path, tt.change)
			require.Error(t, err)
			assert.Contains(t, err.Error(), tt.says)
		})
	}
}

func TestTheDemoFailsWithoutItsReceiver(t *testing.T) {
	clock := &skippingClock{}
	box, err := sandbox.New(sandbox.WithClock(clock.now))
	require.NoError(t, err)
	tale, err := newStory(serveRaw(t, box.ServeHTTP), box, clock)
	require.NoError(t, err)
	defer tale.close()
	require.NoError(t, tale.receiver.server.Close())
	_, err = tale.hearReply(t.Context())
	assert.EqualError(t, err, "no message was taken")
	assert.Contains(t, tale.wire.take(nil)[0].text(), "← no answer")
	box.ClearSMSMO()
	_, err = tale.hearReply(t.Context())
	assert.ErrorContains(t, err, "the subscriber cannot write")
	require.NoError(t, box.Close())
	_, err = tale.beNotified(t.Context())
	assert.ErrorContains(t, err, "nothing could be delivered")
}

func TestTheStoryHasRoomForOneEvent(t *testing.T) {
	kept := make(chan string, 1)
	take := keep(kept)
	require.NoError(t, take(t.Context(), "first"))
	require.Error(t, take(t.Context(), "second"))
	event, err := taken(kept, "event")
	require.NoError(t, err)
	assert.Equal(t, "first", event)
}

func TestTheDemoNeedsSomewhereToWrite(t *testing.T) {
	for _, flags := range [][]string{{"demo"}, {"demo", "--json"}} {
		var stderr lockedBuffer
		assert.Equal(t, 3, run(t.Context(), flags, func(string) string { return "" }, brokenPipe{}, &stderr))
	}
}

func TestWhatIsNoJSONIsShownAsText(t *testing.T) {
	page := exchange{Method: "GET", Path: "/", Status: 502, ResponseBody: shownBody([]byte(htmlPage))}
	assert.Contains(t, page.text(), "502 Bad Gateway")
	assert.Nil(t, shownBody(nil))
}
