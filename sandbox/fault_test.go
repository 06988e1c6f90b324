package sandbox_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/sandbox"
)

// attempt sends a request that may get no answer, or one that no specification knows. The error is that of the exchange or
// of reading the body.
func (c *client) attempt(path, contentType, body string) (reply, error) {
	c.t.Helper()
	request, err := http.NewRequest(http.MethodPost, c.server.URL+path, strings.NewReader(body))
	require.NoError(c.t, err)
	for name, values := range c.header {
		request.Header[name] = values
	}
	request.Header.Set("Content-Type", contentType)
	response, err := c.server.Client().Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, text}, err
}

func written(t testing.TB, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}

// work is one request of a service, and how to count how often it was done.
type work struct {
	path, contentType string
	body              func(c *client) string
	done              func(c *client) int
}

var works = map[sandbox.Service]work{
	sandbox.ServiceDing: {
		"/api/V1/SendTransfer", "application/json",
		func(c *client) string { return written(c.t, transfer(nil)) },
		func(c *client) int { return len(c.sb.Payments()) },
	},
	sandbox.ServiceDizlee: {
		"/dizlee/charge", "application/json",
		func(c *client) string { return written(c.t, chargeRequest(nil)) },
		func(c *client) int { return len(c.sb.Charges()) },
	},
	sandbox.ServiceToken: {
		"/connect/token", formType,
		func(c *client) string { return c.credentials().Encode() },
		// Tokens are not in the books, but they are numbered: the next one tells how many came before it.
		func(c *client) int {
			next, fresh := c.token(), serve(c.t)
			for n := 0; ; n++ {
				if fresh.token() == next {
					return n
				}
			}
		},
	},
}

// seen is what a client sees of a fault.
type seen struct {
	status      int // 0: no answer
	broken      bool
	contentType string
	body        string // a part of it
	retryAfter  string
}

func TestEveryFaultIsPlayedBeforeOrAfterTheWork(t *testing.T) {
	const json, plain = "application/json", "text/plain"
	services := []sandbox.Service{sandbox.ServiceDing, sandbox.ServiceDizlee, sandbox.ServiceToken}
	for name, test := range map[string]struct {
		fault sandbox.Fault
		want  seen
		only  sandbox.Service
	}{
		"the connection drops":      {sandbox.Fault{Kind: sandbox.DropConnection}, seen{broken: true}, ""},
		"the answer breaks off":     {sandbox.Fault{Kind: sandbox.ResetMidAnswer}, seen{200, true, json, "{", ""}, ""},
		"the body is cut":           {sandbox.Fault{Kind: sandbox.TruncatedBody}, seen{200, false, json, "{", ""}, ""},
		"it takes time":             {sandbox.Fault{Kind: sandbox.Delay, For: time.Millisecond}, seen{200, false, json, "}", ""}, ""},
		"a proxy's page":            {sandbox.Fault{Kind: sandbox.HTML502}, seen{502, false, "text/html", "<html>", ""}, ""},
		"a bare 503":                {sandbox.Fault{Kind: sandbox.Bare503}, seen{503, false, "", "", ""}, ""},
		"a 503 that says when":      {sandbox.Fault{Kind: sandbox.ServiceUnavailable503, RetryAfter: 7 * time.Second}, seen{503, false, plain, "Unavailable", "7"}, ""},
		"a 503 that says now":       {sandbox.Fault{Kind: sandbox.ServiceUnavailable503}, seen{503, false, plain, "Unavailable", "0"}, ""},
		"a 503 in Ding's form":      {sandbox.Fault{Kind: sandbox.ServiceUnavailable503, Envelope: true}, seen{503, false, json, `"ResultCode":3`, "0"}, sandbox.ServiceDing},
		"a 503 in Dizlee's form":    {sandbox.Fault{Kind: sandbox.ServiceUnavailable503, Envelope: true}, seen{503, false, json, `"status":"-504"`, "0"}, sandbox.ServiceDizlee},
		"a 503 in the RFC's form":   {sandbox.Fault{Kind: sandbox.ServiceUnavailable503, Envelope: true}, seen{503, false, json, `"temporarily_unavailable"`, "0"}, sandbox.ServiceToken},
		"a bare 429":                {sandbox.Fault{Kind: sandbox.TooManyRequests429}, seen{429, false, "", "", ""}, ""},
		"a bare 429 that says when": {sandbox.Fault{Kind: sandbox.TooManyRequests429, RetryAfter: time.Minute}, seen{429, false, "", "", "60"}, ""},
		"a 429 in Ding's form":      {sandbox.Fault{Kind: sandbox.TooManyRequests429, Envelope: true}, seen{429, false, json, `"RateLimited"`, ""}, sandbox.ServiceDing},
	} {
		for _, when := range []sandbox.Moment{sandbox.BeforeWork, sandbox.AfterWork} {
			for _, service := range services {
				if test.only != "" && test.only != service {
					continue
				}
				t.Run(fmt.Sprint(name, " ", when, " at ", service), func(t *testing.T) {
					c := serve(t).with(msisdnHeader, subscriber)
					fault := test.fault
					fault.When, fault.Service, fault.Count = when, service, 1
					_, err := c.sb.Inject(fault)
					require.NoError(t, err)
					work := works[service]

					answer, err := c.attempt(work.path, work.contentType, work.body(c))
					assert.Equal(t, test.want.broken, err != nil, "%v", err)
					assert.Equal(t, test.want.status, answer.status)
					assert.True(t, strings.HasPrefix(answer.header.Get("Content-Type"), test.want.contentType))
					assert.Contains(t, string(answer.body), test.want.body)
					assert.Equal(t, test.want.retryAfter, answer.header.Get("Retry-After"))
					if fault.Kind == sandbox.ResetMidAnswer || fault.Kind == sandbox.TruncatedBody {
						assert.NotEmpty(t, answer.body)
						assert.False(t, isJSON(answer.body), "%s", answer.body)
					}

					times := 0
					if when == sandbox.AfterWork || fault.Kind == sandbox.Delay {
						times = 1
					}
					assert.Equal(t, times, work.done(c))
					assert.Equal(t, 1, c.sb.Faults()[0].Struck)
					again, err := c.attempt(work.path, work.contentType, work.body(c))
					require.NoError(t, err, "it strikes once")
					assert.Equal(t, 200, again.status)
				})
			}
		}
	}
}

func isJSON(body []byte) bool { return json.Valid(body) }

func TestAnEnvelopeIsNeverALie(t *testing.T) {
	for name, test := range map[string]struct {
		fault        sandbox.Fault
		status       int
		result       ding.ResultCode
		code         string
		failedRecord bool
		paid         int
	}{
		"401, nothing done": {sandbox.Fault{Kind: sandbox.TokenExpired401}, 401, 4, "AuthenticationFailed/TokenExpired", false, 0},
		"429, nothing done": {sandbox.Fault{Kind: sandbox.TooManyRequests429, When: sandbox.BeforeWork, Envelope: true}, 429, 3, "RateLimited", true, 0},
		"429, all done": {sandbox.Fault{Kind: sandbox.TooManyRequests429, When: sandbox.AfterWork, Service: sandbox.ServiceDing, Envelope: true},
			429, 3, "RateLimited/TransactionStillInProgress", false, 1},
		"503, nothing done": {sandbox.Fault{Kind: sandbox.ServiceUnavailable503, When: sandbox.BeforeWork, Envelope: true},
			503, 3, "TransientProviderError/ProviderTemporarilyUnavailable", true, 0},
		"503, all done": {sandbox.Fault{Kind: sandbox.ServiceUnavailable503, When: sandbox.AfterWork, Envelope: true},
			503, 3, "TransientProviderError/ProviderTimedOut", false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			c := serve(t, sandbox.WithFault(test.fault)).with("X-Correlation-Id", "17")
			answer := c.send(nil) // which holds it against the specification
			requireRefused(t, answer, test.status, test.result, test.code)
			record := into[ding.SendTransferResponse](t, answer, test.status).TransferRecord
			require.Equal(t, test.failedRecord, record != nil)
			if record != nil {
				assert.Equal(t, ding.ProcessingStateFailed, record.ProcessingState)
				assert.Equal(t, "447700900123", record.AccountNumber)
			}
			assert.Equal(t, "17", answer.header.Get("X-Correlation-Id"))
			assert.Len(t, c.sb.Payments(), test.paid)
		})
	}
	t.Run("of a method without records", func(t *testing.T) {
		c := serve(t, sandbox.WithFault(sandbox.Fault{Kind: sandbox.TooManyRequests429, When: sandbox.BeforeWork, Envelope: true}))
		requireRefused(t, c.get("GetBalance", nil), 429, 3, "RateLimited")
		requireRefused(t, c.post("/api/V1/LookupBills", `{}`), 429, 3, "RateLimited")
		requireRefused(t, c.send(map[string]any{"SendValue": "ten"}), 400, 4, "RequestInvalid")
		c = c.with(msisdnHeader, subscriber)
		limited, err := c.attempt("/dizlee/charge", "application/json", written(t, chargeRequest(nil)))
		require.NoError(t, err)
		assert.Equal(t, "-429", into[dizleeAnswer](t, limited, 429).Status)
	})
}

func TestAFaultThatMakesNoSenseIsRefusedByTheNameOfItsMember(t *testing.T) {
	c := serve(t)
	drop := func(change func(*sandbox.Fault)) sandbox.Fault {
		f := sandbox.Fault{Kind: sandbox.DropConnection, When: sandbox.AfterWork}
		change(&f)
		return f
	}
	for name, test := range map[string]struct {
		fault sandbox.Fault
		tell  string
	}{
		"no kind":                      {sandbox.Fault{When: sandbox.BeforeWork}, "Kind"},
		"an unknown kind":              {drop(func(f *sandbox.Fault) { f.Kind = "Earthquake" }), `Kind: "Earthquake"`},
		"no moment":                    {sandbox.Fault{Kind: sandbox.HTML502}, "When"},
		"an unknown service":           {drop(func(f *sandbox.Fault) { f.Service = "bank" }), "Service"},
		"an unknown operation":         {drop(func(f *sandbox.Fault) { f.Operation = "SendTransfers" }), "Operation"},
		"another service's operation":  {drop(func(f *sandbox.Fault) { f.Service, f.Operation = sandbox.ServiceDizlee, "SendTransfer" }), "Operation"},
		"a webhook":                    {drop(func(f *sandbox.Fault) { f.Operation = "ReceiveSMS" }), "Operation"},
		"a reference of a token":       {drop(func(f *sandbox.Fault) { f.Service, f.Reference = sandbox.ServiceToken, "x" }), "Reference"},
		"an account of a token":        {drop(func(f *sandbox.Fault) { f.Service, f.Account = sandbox.ServiceToken, "x" }), "Account"},
		"a drop that lasts":            {drop(func(f *sandbox.Fault) { f.For = time.Second }), "For"},
		"a delay of no time":           {drop(func(f *sandbox.Fault) { f.Kind = sandbox.Delay }), "For"},
		"records hidden for less":      {sandbox.Fault{Kind: sandbox.HideRecords, For: -time.Second}, "For"},
		"hidden before they are":       {sandbox.Fault{Kind: sandbox.HideRecords, For: time.Second, When: sandbox.BeforeWork}, "When"},
		"records of Dizlee":            {sandbox.Fault{Kind: sandbox.HideRecords, For: time.Second, Service: sandbox.ServiceDizlee}, "Service"},
		"records of a read":            {sandbox.Fault{Kind: sandbox.HideRecords, For: time.Second, Operation: "GetBalance"}, "Operation"},
		"a token expired after all":    {sandbox.Fault{Kind: sandbox.TokenExpired401, When: sandbox.AfterWork}, "When"},
		"a token of Dizlee":            {sandbox.Fault{Kind: sandbox.TokenExpired401, Service: sandbox.ServiceDizlee}, "Service"},
		"a drop with Retry-After":      {drop(func(f *sandbox.Fault) { f.RetryAfter = time.Second }), "RetryAfter"},
		"half seconds":                 {drop(func(f *sandbox.Fault) { f.Kind, f.RetryAfter = sandbox.TooManyRequests429, 1500*time.Millisecond }), "RetryAfter"},
		"a drop with an envelope":      {drop(func(f *sandbox.Fault) { f.Envelope = true }), "Envelope"},
		"a 429 that would be a lie":    {drop(func(f *sandbox.Fault) { f.Kind, f.Envelope = sandbox.TooManyRequests429, true }), "Envelope"},
		"abandoned without a delay":    {drop(func(f *sandbox.Fault) { f.Abandon = true }), "Abandon"},
		"abandoned after the work":     {drop(func(f *sandbox.Fault) { f.Kind, f.For, f.Abandon = sandbox.Delay, time.Second, true }), "Abandon"},
		"more than certain":            {drop(func(f *sandbox.Fault) { f.Probability = 1.01 }), "Probability"},
		"less than impossible":         {drop(func(f *sandbox.Fault) { f.Probability = -0.1 }), "Probability"},
		"a probability that is none":   {drop(func(f *sandbox.Fault) { f.Probability = math.NaN() }), "Probability"},
		"a count below nothing":        {drop(func(f *sandbox.Fault) { f.Count = -1 }), "Count"},
		"fewer than none to be spared": {drop(func(f *sandbox.Fault) { f.Skip = -1 }), "Skip"},
	} {
		t.Run(name, func(t *testing.T) {
			remove, err := c.sb.Inject(test.fault)
			require.ErrorContains(t, err, "sandbox: fault: "+test.tell)
			assert.NotContains(t, err.Error(), "\n", "nothing else is wrong")
			assert.Nil(t, remove)
			_, err = sandbox.New(sandbox.WithFault(test.fault))
			assert.ErrorContains(t, err, test.tell)
		})
	}
	assert.Empty(t, c.sb.Faults())
	_, err := c.sb.Inject(sandbox.Fault{Kind: sandbox.Delay, Skip: -1})
	assert.ErrorContains(t, err, "When")
	assert.ErrorContains(t, err, "For")
	assert.ErrorContains(t, err, "Skip")
}

func TestAFaultStrikesWhatItIsMeantFor(t *testing.T) {
	ask := map[string]func(c *client) (reply, error){
		"send": func(c *client) (reply, error) {
			return c.attempt("/api/V1/SendTransfer", "application/json", written(c.t, transfer(nil)))
		},
		"send2": func(c *client) (reply, error) {
			return c.attempt("/api/V1/SendTransfer", "application/json", written(c.t, transfer(map[string]any{"DistributorRef": "ref-2", "AccountNumber": "447911123456"})))
		},
		"list": func(c *client) (reply, error) {
			return c.attempt("/api/V1/ListTransferRecords", "application/json", `{"DistributorRef":"ref-1","Take":1}`)
		},
		"cancel": func(c *client) (reply, error) {
			return c.attempt("/api/V1/CancelTransfers", "application/json", `[{"BatchItemRef":"1","TransferId":{"TransferRef":"1","DistributorRef":"other"}},{"BatchItemRef":"2","TransferId":{"TransferRef":"1","DistributorRef":"ref-1"}}]`)
		},
		"lookup": func(c *client) (reply, error) {
			return c.attempt("/api/V1/GetAccountLookup?accountNumber=447700900123", "application/json", "")
		},
		"charge": func(c *client) (reply, error) {
			return c.attempt("/dizlee/charge", "application/json", written(c.t, chargeRequest(nil)))
		},
		"refund": func(c *client) (reply, error) {
			return c.attempt("/dizlee/refund", "application/json", written(c.t, refundRequest(nil)))
		},
		"sms": func(c *client) (reply, error) {
			return c.attempt("/dizlee/sms", "application/json", written(c.t, smsRequest(nil)))
		},
		"token":     func(c *client) (reply, error) { return c.attempt("/connect/token", formType, "") },
		"discovery": func(c *client) (reply, error) { return c.attempt("/.well-known/openid-configuration", "", "") },
		"elsewhere": func(c *client) (reply, error) { return c.attempt("/api/V1/Nothing", "", "") },
	}
	for name, test := range map[string]struct {
		choice sandbox.Fault
		struck string
	}{
		"everything":      {sandbox.Fault{}, "cancel charge elsewhere list lookup refund send send2 sms token"},
		"a service":       {sandbox.Fault{Service: sandbox.ServiceDing}, "cancel elsewhere list lookup send send2"},
		"the other":       {sandbox.Fault{Service: sandbox.ServiceDizlee}, "charge refund sms"},
		"the third":       {sandbox.Fault{Service: sandbox.ServiceToken}, "token"},
		"an operation":    {sandbox.Fault{Operation: "SendTransfer"}, "send send2"},
		"a transfer":      {sandbox.Fault{Reference: "ref-1"}, "cancel list send"},
		"a send of it":    {sandbox.Fault{Reference: "ref-1", Operation: "SendTransfer"}, "send"},
		"a charge":        {sandbox.Fault{Reference: "SBX-1"}, "charge"},
		"a refund":        {sandbox.Fault{Reference: "SBX-R1"}, "refund"},
		"a message":       {sandbox.Fault{Reference: "SBX-S1"}, "sms"},
		"an account":      {sandbox.Fault{Account: "447700900123"}, "lookup send"},
		"a subscriber":    {sandbox.Fault{Account: subscriber}, "charge refund sms"},
		"both together":   {sandbox.Fault{Account: "447911123456", Reference: "ref-2"}, "send2"},
		"nobody":          {sandbox.Fault{Account: "447911123456", Reference: "ref-1"}, ""},
		"the token alone": {sandbox.Fault{Operation: "Token"}, "token"},
	} {
		t.Run(name, func(t *testing.T) {
			fault := test.choice
			fault.Kind, fault.When = sandbox.HTML502, sandbox.BeforeWork
			c := serve(t, sandbox.WithFault(fault)).with(msisdnHeader, subscriber)
			expected, found := strings.Fields(test.struck), []string{}
			for request, send := range ask {
				answer, err := send(c)
				require.NoError(t, err)
				if answer.status == 502 {
					found = append(found, request)
				}
			}
			assert.ElementsMatch(t, expected, found)
			assert.Equal(t, len(expected), c.sb.Faults()[0].Struck)
		})
	}
}

// manyRefs is how many references struckBy uses, three times each.
const manyRefs = 50

// struckBy sends one request for each reference, each several times, from so many goroutines, and returns which were
// struck.
func struckBy(c *client, goroutines int, fault sandbox.Fault) map[string]string {
	var mu sync.Mutex
	struck := map[string]string{}
	_, err := c.sb.Inject(fault)
	require.NoError(c.t, err)
	var crowd sync.WaitGroup
	for g := range goroutines {
		crowd.Go(func() {
			for i := g; i < manyRefs; i += goroutines {
				ref := fmt.Sprint("ref-", i)
				for range 3 {
					answer, err := c.attempt("/api/V1/SendTransfer", "application/json", written(c.t, transfer(map[string]any{"DistributorRef": ref, "SendValue": json.Number("5")})))
					assert.NoError(c.t, err)
					mu.Lock()
					struck[ref] += fmt.Sprint(answer.status == 503, " ")
					mu.Unlock()
				}
			}
		})
	}
	crowd.Wait()
	return struck
}

func TestTheSameSeedStrikesTheSameRequestsInAnyOrder(t *testing.T) {
	fault := sandbox.Fault{Kind: sandbox.Bare503, When: sandbox.AfterWork, Probability: 0.3}
	rich := sandbox.WithBalance(money.FromInt(10_000))
	c := serve(t, rich)
	alone := struckBy(c, 1, fault)
	assert.Equal(t, alone, struckBy(serve(t, rich), 8, fault))
	assert.NotEqual(t, alone, struckBy(serve(t, rich, sandbox.WithSeed(2)), 1, fault))
	assert.Contains(t, slices.Collect(maps.Values(alone)), "true false false ", "each repetition is drawn for itself")
	assert.InDelta(t, 45, c.sb.Faults()[0].Struck, 20, "three in ten of 150")
	assert.Len(t, c.sb.Payments(), 3*manyRefs, "struck or not")
}

func TestCountsHoldUnderConcurrentUse(t *testing.T) {
	c := serve(t, sandbox.WithBalance(money.FromInt(10_000)))
	struckBy(c, 8, sandbox.Fault{Kind: sandbox.Bare503, When: sandbox.BeforeWork, Skip: 20, Count: 7})
	status := c.sb.Faults()[0]
	assert.Equal(t, 3*manyRefs, status.Matched)
	assert.Equal(t, 7, status.Struck)
	assert.Len(t, c.sb.Payments(), 3*manyRefs-7)
}

func TestSomeRequestsAreSparedAtFirst(t *testing.T) {
	c := serve(t, sandbox.WithFault(sandbox.Fault{Kind: sandbox.Bare503, When: sandbox.BeforeWork, Skip: 1, Count: 2}))
	var told []int
	for range 5 {
		answer, err := c.attempt("/api/V1/SendTransfer", "application/json", written(t, transfer(nil)))
		require.NoError(t, err)
		told = append(told, answer.status)
	}
	assert.Equal(t, []int{200, 503, 503, 200, 200}, told)
}

func TestOfTwoFaultsTheFirstTakesTheAnswersPlace(t *testing.T) {
	c := serve(t,
		sandbox.WithFault(sandbox.Fault{Kind: sandbox.HTML502, When: sandbox.AfterWork, Count: 1}),
		sandbox.WithFault(sandbox.Fault{Kind: sandbox.Bare503, When: sandbox.BeforeWork, Count: 1}))
	for _, want := range []struct{ status, paid int }{{502, 1}, {503, 1}, {200, 2}} {
		answer, err := c.attempt("/api/V1/SendTransfer", "application/json", written(t, transfer(nil)))
		require.NoError(t, err)
		assert.Equal(t, want.status, answer.status)
		assert.Len(t, c.sb.Payments(), want.paid)
	}
}

func TestFaultsComeAndGo(t *testing.T) {
	c := serve(t)
	status := func() int {
		answer, err := c.attempt("/api/V1/GetBalance", "", "")
		require.NoError(t, err)
		return answer.status
	}
	first, err := c.sb.Inject(sandbox.Fault{Kind: sandbox.HTML502, When: sandbox.BeforeWork})
	require.NoError(t, err)
	_, err = c.sb.Inject(sandbox.Fault{Kind: sandbox.Bare503, When: sandbox.BeforeWork})
	require.NoError(t, err)
	assert.Equal(t, 502, status())
	first()
	first()
	assert.Equal(t, 503, status())
	assert.Equal(t, 2, c.sb.Faults()[0].ID)
	c.sb.ClearFaults()
	assert.Empty(t, c.sb.Faults())
	assert.Equal(t, 405, status(), "it is a GET")
	_, err = c.sb.Inject(sandbox.Fault{Kind: sandbox.TokenExpired401})
	require.NoError(t, err)
	assert.Equal(t, []sandbox.FaultStatus{{ID: 3, Fault: sandbox.Fault{
		Kind: sandbox.TokenExpired401, When: sandbox.BeforeWork, Service: sandbox.ServiceDing,
	}}}, c.sb.Faults(), "with what follows from the kind filled in")
}

func TestANewTransferCanBeHidden(t *testing.T) {
	c := serve(t, sandbox.WithFault(sandbox.Fault{Kind: sandbox.HideRecords, For: 30 * time.Second, Count: 1}),
		sandbox.WithFault(sandbox.Fault{Kind: sandbox.HideRecords, For: 10 * time.Second, Count: 1}))
	c.sent(map[string]any{"ValidateOnly": true})
	assert.Zero(t, c.sb.Faults()[0].Matched, "a validation makes no transfer")
	hidden := c.sent(map[string]any{"DistributorRef": "hidden"}).TransferID
	c.sent(map[string]any{"DistributorRef": "plain"})
	assert.Len(t, c.sb.Payments(), 2)
	listed := func(filter map[string]any) int { return len(c.list(filter).Items) }
	c.clock.advance(30*time.Second - time.Nanosecond)
	assert.Zero(t, listed(map[string]any{"DistributorRef": "hidden"}))
	assert.Zero(t, listed(map[string]any{"TransferRef": hidden.TransferRef}))
	assert.Equal(t, 1, listed(map[string]any{}))
	c.clock.advance(time.Nanosecond)
	assert.Equal(t, 1, listed(map[string]any{"DistributorRef": "hidden"}))
	assert.Equal(t, 2, listed(map[string]any{}))
}

func TestADroppedConnectionIsReset(t *testing.T) {
	for _, when := range []sandbox.Moment{sandbox.BeforeWork, sandbox.AfterWork} {
		c := serve(t, sandbox.WithFault(sandbox.Fault{Kind: sandbox.DropConnection, When: when}))
		_, err := c.attempt("/api/V1/SendTransfer", "application/json", written(t, transfer(nil)))
		assert.True(t, errors.Is(err, syscall.ECONNRESET), "%v", err)
	}
}
