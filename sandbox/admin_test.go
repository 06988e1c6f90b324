package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/sandbox"
)

const faultsPath = "/_sandbox/faults"

// stranger is a client without any credentials.
func stranger(t *testing.T) *client {
	c := *serve(t)
	c.header = http.Header{}
	return &c
}

func TestFaultsAreInjectedListedAndRemovedOverHTTP(t *testing.T) {
	c := stranger(t)
	injected := c.post(faultsPath, `{"kind":"Delay","when":"BeforeWork","service":"ding","operation":"SendTransfer","reference":"order-17","account":"447700900123","for":"2m30s","abandon":true,"probability":0.25,"skip":1,"count":3}`)
	first := into[sandbox.FaultStatus](t, injected, 201)
	assert.Equal(t, sandbox.FaultStatus{ID: 1, Fault: sandbox.Fault{
		Kind: sandbox.Delay, When: sandbox.BeforeWork, Service: sandbox.ServiceDing, Operation: "SendTransfer", Reference: "order-17",
		Account: "447700900123", For: 150 * time.Second, Abandon: true, Probability: 0.25, Skip: 1, Count: 3,
	}}, first)
	assert.Equal(t, faultsPath+"/1", injected.header.Get("Location"))
	into[sandbox.FaultStatus](t, c.post(faultsPath, `{"kind":"ServiceUnavailable503","when":"AfterWork","envelope":true,"retryAfter":"7s"}`), 201)
	lost, err := c.attempt("/dizlee/charge", "application/json", "")
	require.NoError(t, err)
	assert.Equal(t, "7", lost.header.Get("Retry-After"))

	type list struct{ Faults []sandbox.FaultStatus }
	listed := c.do("GET", faultsPath, "", "")
	assert.Equal(t, c.sb.Faults(), into[list](t, listed, 200).Faults)
	assert.True(t, strings.HasSuffix(string(listed.body), "}\n"), "a line for people")
	assert.Contains(t, string(listed.body), `{"id":2,"fault":{"kind":"ServiceUnavailable503","when":"AfterWork","retryAfter":"7s","envelope":true},"matched":1,"struck":1}`)

	assert.Equal(t, 204, c.do("DELETE", faultsPath+"/1", "", "").status)
	assert.Equal(t, 404, c.do("DELETE", faultsPath+"/1", "", "").status)
	assert.Equal(t, 404, c.do("DELETE", faultsPath+"/first", "", "").status)
	assert.Len(t, c.sb.Faults(), 1)
	assert.Equal(t, 204, c.do("DELETE", faultsPath, "", "").status)
	assert.JSONEq(t, `{"faults":[]}`, string(c.do("GET", faultsPath, "", "").body))
}

func TestABadFaultIsRefusedOverHTTP(t *testing.T) {
	c := stranger(t)
	for name, test := range map[string]struct{ body, tell string }{
		"no JSON":                 {`{`, "JSON"},
		"a list":                  {`[]`, "fault"},
		"nothing":                 {`null`, "Kind"},
		"a misspelt member":       {`{"kind":"HTML502","when":"BeforeWork","refrence":"x"}`, "refrence"},
		"a member of other type":  {`{"kind":"HTML502","when":"BeforeWork","count":"1"}`, "count"},
		"a duration as a number":  {`{"kind":"Delay","when":"BeforeWork","for":2}`, "for"},
		"a duration without unit": {`{"kind":"Delay","when":"BeforeWork","for":"2"}`, `for: "2"`},
		"another such":            {`{"kind":"TooManyRequests429","when":"BeforeWork","retryAfter":"soon"}`, `retryAfter: "soon"`},
		"a probability of 0":      {`{"kind":"HTML502","when":"BeforeWork","probability":0}`, "probability"},
		"one that makes no sense": {`{"kind":"HTML502"}`, "When"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Contains(t, into[map[string]string](t, c.post(faultsPath, test.body), 400)["error"], test.tell)
		})
	}
	assert.Empty(t, c.sb.Faults())
	assert.Equal(t, 405, c.do("PUT", faultsPath, "", "").status)
	assert.Equal(t, 404, c.do("GET", "/_sandbox/nothing", "", "").status)
}

func TestTheBooksAreOpenOverHTTP(t *testing.T) {
	c := serve(t)
	outside := *c
	outside.header = http.Header{}
	assert.JSONEq(t, `{"balance":1000.00,"currency":"USD","payments":[],"charges":[],"refunds":[],"messages":[]}`,
		string(outside.do("GET", "/_sandbox/ledger", "", "").body))

	c.sent(nil)
	c.sent(nil)
	c.charge(nil)
	c.refund(nil)
	c.sms(nil)
	ledger := into[sandbox.Ledger](t, outside.do("GET", "/_sandbox/ledger", "", ""), 200)
	assert.Equal(t, c.sb.Ledger(), ledger)
	assert.Equal(t, "980.00", ledger.Balance.String())
	assert.Equal(t, c.sb.Payments(), ledger.Payments)
	assert.Equal(t, c.sb.Charges(), ledger.Charges)
	assert.Equal(t, c.sb.Refunds(), ledger.Refunds)
	assert.Equal(t, c.sb.Messages(), ledger.Messages)
	var names struct{ Payments []map[string]any }
	require.NoError(t, json.Unmarshal(outside.do("GET", "/_sandbox/ledger", "", "").body, &names))
	require.Len(t, names.Payments, 2, "a reference that was paid twice stands there twice")
	for _, payment := range names.Payments {
		assert.Equal(t, "ref-1", payment["distributorRef"])
	}
}

func TestThousandsOfTransfersAreFoundByTheirReferences(t *testing.T) {
	c := serve(t)
	const count = 1200
	for i := range count {
		c.sb.ServeHTTP(discard{http.Header{}}, c.request(written(t, transfer(map[string]any{
			"DistributorRef": fmt.Sprint("ref-", i%(count/2)), "AccountNumber": "440000000000", // which costs nothing
		}))))
	}
	found := c.list(map[string]any{"DistributorRef": "ref-7", "AccountNumber": "440000000000"}).Items
	require.Len(t, found, 2)
	newest := found[0].TransferRecord.TransferID
	assert.Greater(t, newest.TransferRef, found[1].TransferRecord.TransferID.TransferRef)
	assert.Len(t, c.list(map[string]any{"TransferRef": newest.TransferRef, "DistributorRef": "ref-7"}).Items, 1)
	assert.Empty(t, c.list(map[string]any{"TransferRef": newest.TransferRef, "DistributorRef": "ref-8"}).Items)
	page := c.list(map[string]any{"Skip": 500})
	assert.True(t, page.ThereAreMoreItems)
	assert.Equal(t, "ref-99", page.Items[0].TransferRecord.TransferID.DistributorRef)
}

// request is a SendTransfer that goes to the sandbox without a network.
func (c *client) request(body string) *http.Request {
	request := httptest.NewRequest(http.MethodPost, "/api/V1/SendTransfer", strings.NewReader(body))
	request.Header.Set("api_key", c.sb.Credentials().DingAPIKey)
	request.Header.Set("Content-Type", "application/json")
	return request
}

// discard takes an answer that nobody reads.
type discard struct{ header http.Header }

func (d discard) Header() http.Header            { return d.header }
func (d discard) WriteHeader(int)                {}
func (d discard) Write(text []byte) (int, error) { return len(text), nil }

// FuzzFaults holds that a fault is either refused in words or in force as it was injected.
func FuzzFaults(f *testing.F) {
	for _, body := range []string{
		`{"kind":"Delay","when":"BeforeWork","service":"ding","reference":"order-17","for":"2m30s","probability":0.25,"skip":1,"count":3}`,
		`{"kind":"ServiceUnavailable503","when":"AfterWork","retryAfter":"7s","envelope":true}`,
		`{"kind":"HideRecords","for":"-1ns","account":"447700900123"}`, `{"kind":"Weather"}`, `{"kind":"DropConnection","when":"AfterWork","probability":1e400}`, `[]`, ``,
	} {
		f.Add(body)
	}
	sb, err := sandbox.New()
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, body string) {
		post := httptest.NewRecorder()
		sb.ServeHTTP(post, httptest.NewRequest(http.MethodPost, faultsPath, strings.NewReader(body)))
		list := httptest.NewRecorder()
		sb.ServeHTTP(list, httptest.NewRequest(http.MethodGet, faultsPath, nil))
		require.True(t, json.Valid(list.Body.Bytes()), list.Body)
		switch post.Code {
		case http.StatusCreated:
			require.Len(t, sb.Faults(), 1)
			require.Contains(t, list.Body.String(), strings.TrimSpace(post.Body.String()))
			sb.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodDelete, faultsPath, nil))
		case http.StatusBadRequest:
			var refusal struct{ Error string }
			require.NoError(t, json.Unmarshal(post.Body.Bytes(), &refusal))
			require.NotEmpty(t, refusal.Error)
		default:
			require.Fail(t, "neither injected nor refused", "%d %s", post.Code, post.Body)
		}
		require.Empty(t, sb.Faults())
	})
}
