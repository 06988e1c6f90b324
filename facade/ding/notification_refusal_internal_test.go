// Tests of what the notification handler refuses, and from whom.

package ding

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/wire"
)

func TestWhatDoesNotAgreeIsRefused(t *testing.T) {
	type told = func(*SendTransferResponse)
	record := func(change func(*TransferRecord)) told {
		return func(s *SendTransferResponse) { change(s.TransferRecord) }
	}
	for name, tc := range map[string]struct {
		listed listed
		told   told
		status int
		in     string
	}{
		"as it is":                         {told: func(*SendTransferResponse) {}, status: 200},
		"no price, SKU or account":         {told: record(func(r *TransferRecord) { r.Price, r.SKUCode, r.AccountNumber = nil, "", "" }), status: 200},
		"the account as it is dialled":     {told: record(func(r *TransferRecord) { r.AccountNumber = "07700900123" }), status: 200},
		"another scale":                    {told: record(func(r *TransferRecord) { r.Price.SendValue = money.MustParse("10") }), status: 200},
		"Completed":                        {told: record(func(r *TransferRecord) { r.ProcessingState = "Completed" }), status: 200},
		"a failure, at any price":          {listed: listed{"Failed", as(value("0.00"), resultCode(5))}, told: record(func(r *TransferRecord) { r.Price.SendValue = money.MustParse("10") }), status: 200},
		"another SKU":                      {told: record(func(r *TransferRecord) { r.SKUCode = "OTHER" }), status: 403, in: "SkuCode"},
		"another account":                  {told: record(func(r *TransferRecord) { r.AccountNumber = "447700900124" }), status: 403, in: "AccountNumber"},
		"more":                             {told: record(func(r *TransferRecord) { r.Price.SendValue = money.MustParse("100") }), status: 403, in: "SendValue"},
		"another currency":                 {told: record(func(r *TransferRecord) { r.Price.SendCurrencyISO = "USD" }), status: 403, in: "SendCurrencyIso"},
		"a failure of what is complete":    {told: record(func(r *TransferRecord) { r.ProcessingState = "Failed" }), status: 403, in: "ProcessingState"},
		"a success of what has failed":     {listed: listed{"Failed", as(resultCode(5))}, told: func(s *SendTransferResponse) { s.TransferRecord.ProcessingState, s.ResultCode = "Complete", 1 }, status: 503, in: "has it as failed"},
		"another one than that failed":     {listed: listed{"Failed", as(resultCode(5))}, told: record(func(r *TransferRecord) { r.TransferID.TransferRef = "1" }), status: 503, in: "does not have it"},
		"another TransferRef":              {told: record(func(r *TransferRecord) { r.TransferID.TransferRef = "1" }), status: 403, in: "TransferRef"},
		"another DistributorRef":           {told: record(func(r *TransferRecord) { r.TransferID.DistributorRef = "order-2" }), status: 503, in: "does not have it"},
		"the end of what is on its way":    {listed: listed{"Submitted", nil}, told: record(func(r *TransferRecord) { r.ProcessingState = "Complete" }), status: 503, in: "not at its end"},
		"the end of a strange state":       {listed: listed{"Pondering", nil}, told: record(func(r *TransferRecord) { r.ProcessingState = "Complete" }), status: 503, in: "not at its end"},
		"of another SKU, and on its way":   {listed: listed{"Submitted", nil}, told: record(func(r *TransferRecord) { r.ProcessingState, r.SKUCode = "Complete", "OTHER" }), status: 403, in: "SkuCode"},
		"a time long ago, which is no use": {told: record(func(r *TransferRecord) { r.StartedUTC = wire.NewTime(time.Unix(0, 0)) }), status: 200},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &book{})
				journal, box := newNotebook(), &mailbox{}
				var log bytes.Buffer
				client := b.newClient(WithJournal(journal), WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
				state := tc.listed.state
				if state == "" {
					state = ProcessingStateComplete
				}
				b.enter(order("order-1"), state, tc.listed.change...)
				leave(t, journal, client, order("order-1"), 1)
				told, leave := client.endings.join("order-1")
				defer leave()

				answer := deliver(box.handler(t, client), b.tells("order-1", tc.told))

				assert.Equal(t, tc.status, answer.Code, answer.Body.String())
				taken := tc.status == 200
				assert.Equal(t, taken, len(box.taken) == 1)
				assert.Equal(t, taken, journal.entry("order-1").Settlement != nil)
				assert.Equal(t, taken, len(told) == 1)
				assert.Contains(t, log.String(), tc.in)
				assert.NotContains(t, answer.Body.String(), "OTHER")
				assert.Equal(t, tc.status == 503, answer.Header().Get("Retry-After") == "30")
			})
		})
	}
}

func TestWhatIsNoEndIsRefusedBeforeItIsReadBack(t *testing.T) {
	const whole = `{"ResultCode":1,"ErrorCodes":[],"TransferRecord":{"TransferId":{"TransferRef":"7","DistributorRef":"order-1"},"ProcessingState":"Complete"}}`
	replace := func(old, new string) string { return strings.Replace(whole, old, new, 1) }
	post := func(*http.Request) {}
	for name, tc := range map[string]struct {
		body   string
		change func(*http.Request)
		status int
		says   string
	}{
		"with GET":                    {whole, func(r *http.Request) { r.Method = "GET" }, 405, "POST"},
		"as a form":                   {whole, func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }, 415, "application/json"},
		"nothing":                     {"", post, 400, "empty"},
		"null":                        {"null", post, 400, "object"},
		"junk":                        {"TransferRecord", post, 400, "object"},
		"cut off":                     {whole[:60], post, 400, "JSON object"},
		"twice":                       {whole + whole, post, 400, "nothing else"},
		"not UTF-8":                   {replace("order-1", "\xff"), post, 400, "UTF-8"},
		"too much":                    {replace("order-1", strings.Repeat("x", 70_000)), post, 413, "bytes"},
		"no record":                   {`{"ResultCode":1}`, post, 400, "TransferRecord is missing"},
		"a null record":               {`{"ResultCode":1,"TransferRecord":null}`, post, 400, "TransferRecord is missing"},
		"no id":                       {replace(`"TransferId":{"TransferRef":"7","DistributorRef":"order-1"},`, ""), post, 400, "TransferId is missing"},
		"a null id":                   {replace(`{"TransferRef":"7","DistributorRef":"order-1"}`, "null"), post, 400, "TransferId is missing"},
		"a null DistributorRef":       {replace(`"order-1"`, "null"), post, 400, "DistributorRef is missing"},
		"a null TransferRef":          {replace(`"7"`, "null"), post, 400, "TransferRef is missing"},
		"a validation":                {replace(`"7"`, `"0"`), post, 400, "validation"},
		"a number for a reference":    {replace(`"7"`, `7`), post, 400, "TransferRef has a value of the wrong type"},
		"not final":                   {replace("Complete", "Submitted"), post, 400, "ProcessingState is not final"},
		"a strange state":             {replace("Complete", "Pondering"), post, 400, "ProcessingState is not final"},
		"a null state":                {replace(`"Complete"`, "null"), post, 400, "ProcessingState is not final"},
		"no ResultCode":               {replace(`"ResultCode":1,`, ""), post, 400, "ResultCode is missing"},
		"complete, with a ResultCode": {replace(`"ResultCode":1`, `"ResultCode":5`), post, 400, "ResultCode contradicts"},
		"an amount that is none":      {replace(`"ProcessingState"`, `"CommissionApplied":"<b>","ProcessingState"`), post, 400, "wrong type"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b, box := open(t, &book{}), &mailbox{}
				for _, opts := range [][]NotificationOption{nil, {WithoutReadBack()}} {
					answer := deliver(box.handler(t, b.newClient(), opts...), tc.body, tc.change)
					assert.Equal(t, tc.status, answer.Code)
					assert.Contains(t, answer.Body.String(), tc.says)
					assert.NotContains(t, answer.Body.String(), "order-1")
					assert.NotContains(t, answer.Body.String(), "Pondering")
					assert.NotContains(t, answer.Body.String(), "<b>")
				}
				assert.Zero(t, box.calls)
				assert.Empty(t, b.lists)
			})
		})
	}
}

func TestStrangersAreTurnedAway(t *testing.T) {
	to := func(path string) func(*http.Request) { return func(r *http.Request) { r.URL.Path = path } }
	from := func(address string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = address } }
	allowed := WithAllowedSenders(netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32"))
	secret := WithPathSecret("old-secret", "new-secret")
	for name, tc := range map[string]struct {
		opt    NotificationOption
		change func(*http.Request)
		status int
	}{
		"the first secret":           {secret, to("/hooks/ding/old-secret"), 200},
		"the second secret":          {secret, to("/new-secret"), 200},
		"no secret":                  {secret, to("/hooks/ding/"), 404},
		"no path":                    {secret, to(""), 404},
		"part of a secret":           {secret, to("/hooks/new-secre"), 404},
		"a secret that is not last":  {secret, to("/new-secret/x"), 404},
		"a secret in another case":   {secret, to("/NEW-SECRET"), 404},
		"an allowed network":         {allowed, from("192.0.2.7:1000"), 200},
		"an allowed one, mapped":     {allowed, from("[::ffff:192.0.2.7]:1000"), 200},
		"an allowed one, with zone":  {allowed, from("[2001:db8::1%eth0]:1000"), 200},
		"another network":            {allowed, from("198.51.100.7:1000"), 403},
		"an address that is none":    {allowed, from("somewhere"), 403},
		"a socket without addresses": {allowed, from("@"), 403},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b, box := open(t, &book{}), &mailbox{}
				b.enter(order("order-1"), ProcessingStateComplete)
				var log bytes.Buffer
				handler := box.handler(t, b.newClient(), tc.opt, WithNotificationLogger(slog.New(slog.NewTextHandler(&log, nil))))
				got := deliver(handler, b.tells("order-1"), tc.change)
				assert.Equal(t, tc.status, got.Code)
				assert.Equal(t, tc.status == 200, box.calls == 1)
				assert.NotContains(t, log.String()+got.Body.String()+fmt.Sprintf("%+v", handler.config), "-secret")
			})
		})
	}
}

func TestAHandlerThatCannotBeMade(t *testing.T) {
	bubble(t, func(t *testing.T) {
		_, err := NewNotificationHandler(nil, nil, nil, WithPathSecret(), WithPathSecret("good", " "), WithPathSecret("a/b"), WithAllowedSenders(),
			WithAllowedSenders(netip.Prefix{}), WithNotificationLogger(nil))
		for _, want := range []string{"no client", "no function", "option 1 is nil", "path secret", "no network", "logger is nil"} {
			assert.ErrorContains(t, err, want)
		}
	})
}

func TestASlowSenderIsCutOff(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, box := open(t, &book{}), &mailbox{}
		receiver := open(t, &book{direct: box.handler(t, b.newClient(), WithoutReadBack())})
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/slow", &dripping{})
		require.NoError(t, err)
		begun := time.Now()
		response, err := receiver.client.Do(request)
		require.NoError(t, err)
		assert.Equal(t, http.StatusRequestTimeout, response.StatusCode)
		_ = response.Body.Close()
		assert.Less(t, time.Since(begun), 15*time.Second)
		assert.Zero(t, box.calls)
		time.Sleep(2 * time.Second) // until its writer has noticed
	})
}

// dripping is a body that never ends, a blank a second.
type dripping struct{}

func (*dripping) Read(p []byte) (int, error) {
	time.Sleep(time.Second)
	p[0] = ' '
	return 1, nil
}

func TestAForgeryDoesNotKeepTheRealOneOut(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, box := open(t, &book{}), &mailbox{}
		b.enter(order("order-1"), ProcessingStateComplete)
		handler := box.handler(t, b.newClient())
		forged := b.tells("order-1", func(s *SendTransferResponse) { s.TransferRecord.AccountNumber = "447700900999" })
		answers := make(chan int, 20)
		for i := range cap(answers) {
			body := forged
			if i == 10 {
				body = b.tells("order-1")
			}
			go func() { answers <- deliver(handler, body).Code }()
		}
		got := map[int]int{}
		for range cap(answers) {
			got[<-answers]++
		}
		assert.Equal(t, map[int]int{http.StatusOK: 1, http.StatusForbidden: 19}, got)
		require.Len(t, box.taken, 1)
		assert.Equal(t, order("").AccountNumber, box.taken[0].TransferRecord.AccountNumber)
		assert.Equal(t, http.StatusOK, deliver(handler, forged).Code, "what was taken comes to nobody again, whatever it says")
		assert.Equal(t, 1, box.calls)
	})
}
