// Tests made from the look-up table: for every row, books that show it, and what a call whose answer was lost comes to.

package ding

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/settle"
	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/wire"
)

type listItem = TransferRecordWithErrorCodes

// as changes a record in the books.
func as(changes ...func(*listItem)) []func(*listItem) { return changes }

func sku(code string) func(*listItem) { return func(i *listItem) { i.TransferRecord.SKUCode = code } }
func accountIs(number string) func(*listItem) {
	return func(i *listItem) { i.TransferRecord.AccountNumber = number }
}
func value(amount string) func(*listItem) {
	return func(i *listItem) { i.TransferRecord.Price.SendValue = money.MustParse(amount) }
}
func currency(iso string) func(*listItem) {
	return func(i *listItem) { i.TransferRecord.Price.SendCurrencyISO = iso }
}
func resultCode(code ResultCode) func(*listItem) { return func(i *listItem) { i.ResultCode = code } }
func transferRef(ref string) func(*listItem) {
	return func(i *listItem) { i.TransferRecord.TransferID.TransferRef = ref }
}
func begun(ago time.Duration) func(*listItem) {
	return func(i *listItem) { i.TransferRecord.StartedUTC = wire.NewTime(time.Now().Add(ago)) }
}
func begunNever(i *listItem) { i.TransferRecord.StartedUTC = wire.Time{} }
func unpriced(i *listItem)   { i.TransferRecord.Price = nil }
func unnamed(i *listItem)    { i.TransferRecord.TransferID = nil }

// listed is a record that the list shows.
type listed struct {
	state  ProcessingState
	change []func(*listItem)
}

func TestWhatTheListShowsDecides(t *testing.T) {
	const (
		paid    = facade.OutcomeAccepted
		refused = facade.OutcomeRefused
		later   = facade.OutcomeTemporary
		unknown = facade.OutcomeUnknown
	)
	covered := map[sees]bool{}
	for name, tc := range map[string]struct {
		shows   sees
		records []listed
		change  func(*SendTransferRequest)
		outcome facade.Outcome
		pending bool
	}{
		"complete":                               {shows: seesDone, records: []listed{{"Complete", nil}}, outcome: paid},
		"complete, in Ding's other way":          {shows: seesDone, records: []listed{{"Completed", nil}}, outcome: paid},
		"complete, without a price":              {shows: seesDone, records: []listed{{"Complete", as(unpriced)}}, outcome: paid},
		"complete, the number with a plus":       {shows: seesDone, records: []listed{{"Complete", as(accountIs("+447700900123"))}}, outcome: paid},
		"complete, the number with 00":           {shows: seesDone, records: []listed{{"Complete", as(accountIs("00447700900123"))}}, outcome: paid},
		"complete, another scale":                {shows: seesDone, records: []listed{{"Complete", as(value("10"))}}, outcome: paid},
		"complete, an account that is a name":    {shows: seesDone, records: []listed{{"Complete", nil}}, change: func(r *SendTransferRequest) { r.AccountNumber = "someone@example.com" }, outcome: paid},
		"complete, in the currency asked for":    {shows: seesDone, records: []listed{{"Complete", nil}}, change: func(r *SendTransferRequest) { r.SendCurrencyISO = "EUR" }, outcome: paid},
		"complete, although a newer one failed":  {shows: seesDone, records: []listed{{"Complete", nil}, {"Failed", nil}}, outcome: paid},
		"complete, although an older one failed": {shows: seesDone, records: []listed{{"Failed", nil}, {"Complete", nil}}, outcome: paid},
		"complete twice":                         {shows: seesDone, records: []listed{{"Complete", nil}, {"Complete", nil}}, outcome: paid},
		"complete, beside one of others":         {shows: seesDone, records: []listed{{"Complete", as(sku("OTHER"))}, {"Complete", nil}}, outcome: paid},
		"complete, listed with an error":         {shows: seesDone, records: []listed{{"Complete", as(resultCode(5))}}, outcome: paid},
		"processing":                             {shows: seesProcessing, records: []listed{{"Processing", nil}}, outcome: paid, pending: true},
		"cancelling":                             {shows: seesProcessing, records: []listed{{"Cancelling", nil}}, outcome: paid, pending: true},
		"processing, although one failed":        {shows: seesProcessing, records: []listed{{"Processing", nil}, {"Failed", nil}}, outcome: paid, pending: true},
		"submitted":                              {shows: seesSubmitted, records: []listed{{"Submitted", nil}}, outcome: paid, pending: true},

		"failed":                                {shows: seesFailed, records: []listed{{"Failed", as(resultCode(5), unpriced)}}, outcome: refused},
		"failed, at another price":              {shows: seesFailed, records: []listed{{"Failed", as(resultCode(5), value("0.01"))}}, outcome: refused},
		"failed, listed as a success":           {shows: seesFailed, records: []listed{{"Failed", nil}}, outcome: refused},
		"cancelled":                             {shows: seesFailed, records: []listed{{"Cancelled", nil}}, outcome: refused},
		"failed for now":                        {shows: seesFailedForNow, records: []listed{{"Failed", as(resultCode(3))}}, outcome: later},
		"failed, a little before, by our clock": {shows: seesFailed, records: []listed{{"Failed", as(begun(-59 * time.Second))}}, outcome: refused},
		"failed, at a time that it hides":       {shows: seesFailed, records: []listed{{"Failed", as(begunNever)}}, outcome: refused},
		"failed, beside a validation":           {shows: seesFailed, records: []listed{{"Complete", as(transferRef("0"))}, {"Failed", nil}}, outcome: refused},
		"failed, beside a failed one of others": {shows: seesFailed, records: []listed{{"Failed", as(sku("OTHER"))}, {"Failed", nil}}, outcome: refused},

		"a state that is not known":             {shows: seesStrange, records: []listed{{"Pondering", nil}}, outcome: unknown},
		"a state that is not known, one failed": {shows: seesStrange, records: []listed{{"Pondering", nil}, {"Failed", nil}}, outcome: unknown},
		"another SKU":                           {shows: seesOther, records: []listed{{"Complete", as(sku("OTHER"))}}, outcome: unknown},
		"another account":                       {shows: seesOther, records: []listed{{"Complete", as(accountIs("447700900124"))}}, outcome: unknown},
		"another value":                         {shows: seesOther, records: []listed{{"Complete", as(value("10.01"))}}, outcome: unknown},
		"another currency":                      {shows: seesOther, records: []listed{{"Complete", as(currency("USD"))}}, change: func(r *SendTransferRequest) { r.SendCurrencyISO = "EUR" }, outcome: unknown},
		"another value, on its way":             {shows: seesOther, records: []listed{{"Submitted", as(value("1"))}}, outcome: unknown},
		"another value, and one failed":         {shows: seesOther, records: []listed{{"Complete", as(value("1"))}, {"Failed", nil}}, outcome: unknown},
		"another SKU, failed":                   {shows: seesOtherFailed, records: []listed{{"Failed", as(sku("OTHER"))}}, outcome: unknown},
		"failed before this one was sent":       {shows: seesOlderFailed, records: []listed{{"Failed", as(begun(-62 * time.Second))}}, outcome: unknown},
		"cancelled before this one was sent":    {shows: seesOlderFailed, records: []listed{{"Cancelled", as(begun(-time.Hour))}}, outcome: unknown},
		"a validation that failed":              {shows: seesValidation, records: []listed{{"Failed", as(transferRef("0"))}}, outcome: unknown},
		"a failed record without TransferRef":   {shows: seesValidation, records: []listed{{"Failed", as(transferRef(""))}}, outcome: unknown},
		"a validation":                          {shows: seesValidation, records: []listed{{"Complete", as(transferRef("0"))}}, outcome: unknown},
		"a record without TransferRef":          {shows: seesValidation, records: []listed{{"Complete", as(transferRef(""))}}, outcome: unknown},
		"a record without name":                 {shows: seesUnnamed, records: []listed{{"Failed", as(unnamed)}}, outcome: unknown},
		"nothing":                               {shows: seesNothing, outcome: unknown},
		"only part, of which one failed":        {shows: seesPart, records: many(101, listed{"Failed", nil}), outcome: unknown},
		"only part, of which one is complete":   {shows: seesDone, records: append(many(100, listed{"Failed", nil}), listed{"Complete", nil}), outcome: paid},
	} {
		covered[tc.shows] = true
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				request := order("order-1")
				if tc.change != nil {
					tc.change(&request)
				}
				b := open(t, &book{send: func(b *book, _ int, _ SendTransferRequest, w http.ResponseWriter, _ *http.Request) {
					for _, l := range tc.records {
						b.enter(request, l.state, l.change...)
					}
					drop(w)
				}})

				answered, err := b.newClient().SendTransfer(t.Context(), request)

				assert.Equal(t, tc.outcome, facade.OutcomeOf(err), "%v", err)
				assert.Len(t, b.sends, 1)
				assert.Equal(t, ListTransferRecordsRequest{DistributorRef: "order-1", Take: 100}, b.lists[0], "by the reference alone")
				if tc.outcome == paid {
					require.NoError(t, err)
					assert.Equal(t, tc.pending, IsPending(answered.TransferRecord))
					assert.True(t, succeeded(answered.ResultCode))
					assert.Equal(t, "order-1", answered.TransferRecord.TransferID.DistributorRef)
					return
				}
				failed := failureOf(t, err)
				if tc.outcome == unknown {
					assert.ErrorContains(t, err, "looked up: "+whyOf(t, tc.shows))
					return
				}
				assert.Equal(t, tc.records[len(tc.records)-1].state, failed.Record.ProcessingState)
			})
		})
	}
	for _, row := range lookUpTable {
		// What passes is only of deferred transfers, which have tests of their own.
		assert.True(t, covered[row.sees] || row.sees == seesError || row.sees == seesPassing, "nothing shows %s", row.sees)
	}
}

func many[T any](n int, one T) []T {
	all := make([]T, n)
	for i := range all {
		all[i] = one
	}
	return all
}

func whyOf(t *testing.T, shown sees) string {
	t.Helper()
	for _, row := range lookUpTable {
		if row.sees == shown {
			return row.why
		}
	}
	require.Failf(t, "no row", "for %s", shown)
	return ""
}

func TestTheLookUpTableSaysWhyAndDecidesOnce(t *testing.T) {
	seen := map[sees]bool{}
	for _, row := range lookUpTable {
		assert.False(t, seen[row.sees], row.sees)
		seen[row.sees] = true
		assert.NotEmpty(t, row.why)
		assert.True(t, !row.absent || row.verdict == settle.LookUp)
		assert.True(t, !row.moving || row.verdict == settle.Pending)
	}
}

func TestATransferThatIsOnItsWayIsFollowedToItsEnd(t *testing.T) {
	for name, tc := range map[string]struct {
		end     ProcessingState
		outcome facade.Outcome
		within  time.Duration
	}{
		"complete": {ProcessingStateComplete, facade.OutcomeAccepted, 31 * time.Second},
		"failed":   {ProcessingStateFailed, facade.OutcomeRefused, 101 * time.Second}, // a failure is believed at the end alone
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &book{send: loseAfter(ProcessingStateProcessing)})
				begun := time.Now()
				time.AfterFunc(20*time.Second, func() {
					b.mu.Lock()
					defer b.mu.Unlock()
					b.records[0].TransferRecord.ProcessingState = tc.end
				})
				_, err := b.newClient().SendTransfer(t.Context(), order("order-1"))
				assert.Equal(t, tc.outcome, facade.OutcomeOf(err))
				assert.Less(t, time.Since(begun), tc.within)
			})
		})
	}
}

func TestALookUpThatFailsIsMadeAgain(t *testing.T) {
	page := func(b *book, w http.ResponseWriter) {
		b.page(w, ListTransferRecordsRequest{DistributorRef: "order-1", Take: 100})
	}
	busy := func(after string) func(*book, http.ResponseWriter) {
		return func(_ *book, w http.ResponseWriter) {
			w.Header().Set("Retry-After", after)
			answer(w, 429, `{"ResultCode":3,"ErrorCodes":[{"Code":"RateLimited"}]}`)
		}
	}
	broken := func(_ *book, w http.ResponseWriter) { answer(w, 502, "<html>") }
	for name, tc := range map[string]struct {
		lists    []func(*book, http.ResponseWriter)
		outcome  facade.Outcome
		requests int
		took     time.Duration
	}{
		"once":                          {[]func(*book, http.ResponseWriter){broken, page}, facade.OutcomeAccepted, 2, 3 * time.Second},
		"a lost answer":                 {[]func(*book, http.ResponseWriter){func(_ *book, w http.ResponseWriter) { drop(w) }, page}, facade.OutcomeAccepted, 2, 3 * time.Second},
		"a refusal":                     {[]func(*book, http.ResponseWriter){func(_ *book, w http.ResponseWriter) { answer(w, 500, `{"ResultCode":5}`) }, page}, facade.OutcomeAccepted, 2, 3 * time.Second},
		"the limit, with a Retry-After": {[]func(*book, http.ResponseWriter){busy("40"), page}, facade.OutcomeAccepted, 2, 41 * time.Second},
		"the limit, for far too long":   {[]func(*book, http.ResponseWriter){busy("86400")}, facade.OutcomeUnknown, 1, 130 * time.Second},
		"always":                        {[]func(*book, http.ResponseWriter){broken}, facade.OutcomeUnknown, 10, 100 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &book{send: loseAfter(ProcessingStateComplete)})
				n := 0
				b.list = func(w http.ResponseWriter, _ *http.Request) {
					n++
					tc.lists[min(n, len(tc.lists))-1](b, w)
				}
				begun := time.Now()
				_, err := b.newClient().SendTransfer(t.Context(), order("order-1"))
				assert.Equal(t, tc.outcome, facade.OutcomeOf(err), "%v", err)
				assert.Equal(t, tc.requests, n, "requests, none of which is repeated behind the limit's back")
				assert.Equal(t, tc.took, time.Since(begun).Truncate(time.Second))
				if tc.outcome == facade.OutcomeUnknown && n > 1 {
					assert.ErrorContains(t, err, "looked up: the list of transfers could not be read: ListTransferRecords: ")
				}
			})
		})
	}
}

func TestWhatALookUpFindsShowsNothingSecret(t *testing.T) {
	bubble(t, func(t *testing.T) {
		secret := func(i *listItem) {
			i.ErrorCodes = []ErrorCode{{Code: "ProviderError", Context: "447700900123 key-of-the-tests"}}
		}
		b := open(t, &book{send: loseAfter(ProcessingStateFailed, secret)})
		_, err := b.newClient().SendTransfer(t.Context(), order("order-1"))
		require.ErrorIs(t, err, CodeProviderError)
		assert.NotContains(t, err.Error(), "447700900123")
		assert.NotContains(t, err.Error(), "key-of-the-tests")
		written, err := json.Marshal(failureOf(t, err).Codes)
		require.NoError(t, err)
		assert.NotContains(t, string(written), "447700900123")
	})
}

func TestAnAbsentTransferIsSentAgainOnlyIfDuplicatesArePrevented(t *testing.T) {
	prevented := says(400, `{"ResultCode":4,"ErrorCodes":[{"Code":"DuplicateTransactionPrevented"}],"TransferRecord":{"SkuCode":"GB_TEST_10","ProcessingState":"Failed"}}`)
	for name, tc := range map[string]struct {
		prevents bool
		send     func(*book, int, SendTransferRequest, http.ResponseWriter, *http.Request)
		hidden   time.Duration
		takes    time.Duration // the first answer
		sends    int
		outcome  facade.Outcome
	}{
		"never, without the feature":              {send: inTurn(lose, complete), sends: 1, outcome: facade.OutcomeUnknown},
		"with it, and it is paid":                 {prevents: true, send: inTurn(lose, complete), sends: 2, outcome: facade.OutcomeAccepted},
		"with it, and it had been paid":           {prevents: true, send: inTurn(loseAfter(ProcessingStateComplete), prevented), hidden: 110 * time.Second, sends: 2, outcome: facade.OutcomeAccepted},
		"with it, and it had been paid, unseen":   {prevents: true, send: inTurn(loseAfter(ProcessingStateComplete), prevented), hidden: time.Hour, sends: 2, outcome: facade.OutcomeUnknown},
		"with it, refused: the first may be paid": {prevents: true, send: inTurn(loseAfter(ProcessingStateComplete), says(500, `{"ResultCode":5,"ErrorCodes":[{"Code":"InsufficientBalance"}]}`)), hidden: time.Hour, sends: 2, outcome: facade.OutcomeUnknown},
		"with it, not now: the first may be paid": {prevents: true, send: inTurn(loseAfter(ProcessingStateComplete), says(429, `{"ResultCode":3,"ErrorCodes":[{"Code":"RateLimited"}]}`)), hidden: time.Hour, sends: 4, outcome: facade.OutcomeUnknown},
		"with it, lost for good":                  {prevents: true, send: lose, sends: 4, outcome: facade.OutcomeUnknown},
		"a duplicate, without the feature": {send: inTurn(func(b *book, n int, r SendTransferRequest, w http.ResponseWriter, h *http.Request) {
			b.enter(r, ProcessingStateComplete)
			prevented(b, n, r, w, h)
		}), sends: 1, outcome: facade.OutcomeAccepted},
		"a duplicate that is listed as failed": {send: inTurn(func(b *book, n int, r SendTransferRequest, w http.ResponseWriter, h *http.Request) {
			b.enter(r, ProcessingStateFailed)
			prevented(b, n, r, w, h)
		}), sends: 1, outcome: facade.OutcomeUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &book{send: tc.send, hidden: tc.hidden})
				var opts []Option
				if tc.prevents {
					opts = append(opts, WithPreventDuplicates())
				}
				_, err := b.newClient(opts...).SendTransfer(t.Context(), order("order-1"))
				assert.Equal(t, tc.outcome, facade.OutcomeOf(err), "%v", err)
				assert.Len(t, b.sends, tc.sends)
			})
		})
	}
}

func TestNothingIsSentAgainAfterFiftyMinutes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: lose})
		policy := facade.RetryPolicy{MaxAttempts: 1000}
		_, err := b.newClient(WithPreventDuplicates(), WithRetryPolicy(policy)).SendTransfer(t.Context(), order("order-1"))
		assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
		last := b.sentAt[len(b.sentAt)-1].Sub(b.sentAt[0])
		assert.Less(t, last, 50*time.Minute)
		assert.Greater(t, last, 45*time.Minute)
	})
}

// What a service that asks for long pauses can do to a resend: by the time that it would be made, Ding has forgotten the first.
func TestNothingIsSentAgainAfterFiftyMinutesWhateverPauseIsAskedFor(t *testing.T) {
	for pause, sends := range map[string]int{"2400": 3, "3000": 2} {
		t.Run(pause, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &book{hidden: 2 * time.Hour, send: inTurn(loseAfter(ProcessingStateComplete), func(_ *book, _ int, _ SendTransferRequest, w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Retry-After", pause)
					answer(w, 429, `{"ResultCode":3,"ErrorCodes":[{"Code":"RateLimited"}]}`)
				}, says(400, `{"ResultCode":4,"ErrorCodes":[{"Code":"DuplicateTransactionPrevented"}]}`))})
				client := b.newClient(WithPreventDuplicates(), WithRetryPolicy(facade.RetryPolicy{MaxRetryAfter: 2 * time.Hour}))
				_, err := client.SendTransfer(t.Context(), order("order-1"))
				assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
				assert.Len(t, b.sends, sends)
				assert.Less(t, b.sentAt[len(b.sentAt)-1].Sub(b.sentAt[0]), resendAbsentFor)
			})
		})
	}
}

func TestADuplicateIsNotSentAgainWhateverRecordComesWithIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: says(400, `{"ResultCode":4,"ErrorCodes":[{"Code":"DuplicateTransactionPrevented"}],"TransferRecord":{"TransferId":{"TransferRef":"7"},"ProcessingState":"Processing"}}`)})
		_, err := b.newClient(WithPreventDuplicates()).SendTransfer(t.Context(), order("order-1"))
		assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
		assert.Len(t, b.sends, 1)
	})
}

func TestAJournalTellsThatAFailedTransferIsTheOneThatWasSent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: loseAfter(ProcessingStateFailed, begun(-time.Hour))})
		_, err := b.newClient(WithJournal(newNotebook())).SendTransfer(t.Context(), order("order-1"))
		assert.Equal(t, facade.OutcomeRefused, facade.OutcomeOf(err), "however far the clocks differ: %v", err)
	})
}

func TestAReferenceThatFailedBeforeIsNotRefusedByThat(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{hidden: 20 * time.Second, send: inTurn(func(b *book, _ int, request SendTransferRequest, w http.ResponseWriter, _ *http.Request) {
			record := b.enter(request, ProcessingStateFailed)
			_ = json.NewEncoder(w).Encode(SendTransferResponse{ResultCode: 5, ErrorCodes: []ErrorCode{{Code: "InsufficientBalance"}}, TransferRecord: &record})
		}, loseAfter(ProcessingStateComplete))})
		client := b.newClient()
		_, err := client.SendTransfer(t.Context(), order("order-1"))
		require.ErrorIs(t, err, CodeInsufficientBalance)
		time.Sleep(5 * time.Minute) // somebody adds funds
		_, err = client.SendTransfer(t.Context(), order("order-1"))
		assert.NoError(t, err, "paid, and shown late")
	})
}

func TestWantOfBalanceIsBelievedUnlessTheListShowsOtherwise(t *testing.T) {
	envelope := `{"ResultCode":5,"ErrorCodes":[{"Code":"InsufficientBalance"}]}`
	enter := func(state ProcessingState, changes ...func(*listItem)) func(*book, int, SendTransferRequest, http.ResponseWriter, *http.Request) {
		return func(b *book, _ int, request SendTransferRequest, w http.ResponseWriter, _ *http.Request) {
			if state != "" {
				b.enter(request, state, changes...)
			}
			answer(w, 500, envelope)
		}
	}
	for name, tc := range map[string]struct {
		send    func(*book, int, SendTransferRequest, http.ResponseWriter, *http.Request)
		list    func(http.ResponseWriter, *http.Request)
		spent   bool // the usage limit
		outcome facade.Outcome
		within  time.Duration
	}{
		"it shows nothing":              {send: enter(""), outcome: facade.OutcomeRefused, within: 2 * time.Second},
		"it shows a failure":            {send: enter(ProcessingStateFailed), outcome: facade.OutcomeRefused, within: 2 * time.Second},
		"it shows a validation":         {send: enter(ProcessingStateComplete, transferRef("0")), outcome: facade.OutcomeRefused, within: 2 * time.Second},
		"it shows that another failed":  {send: enter(ProcessingStateFailed, sku("OTHER")), outcome: facade.OutcomeRefused, within: 2 * time.Second},
		"it cannot be read":             {send: enter(""), list: func(w http.ResponseWriter, _ *http.Request) { answer(w, 502, "<html>") }, outcome: facade.OutcomeRefused, within: 2 * time.Second},
		"it takes too long":             {send: enter(""), list: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, outcome: facade.OutcomeRefused, within: 11 * time.Second},
		"it is not to be asked for now": {send: enter(""), spent: true, outcome: facade.OutcomeRefused, within: 11 * time.Second},
		"it shows that it is paid":      {send: enter(ProcessingStateComplete), outcome: facade.OutcomeAccepted, within: 4 * time.Second},
		"it shows that it is recorded":  {send: enter(ProcessingStateSubmitted), outcome: facade.OutcomeAccepted, within: 4 * time.Second},
		"it shows another transfer":     {send: enter(ProcessingStateComplete, sku("OTHER")), outcome: facade.OutcomeUnknown, within: 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &book{send: tc.send, list: tc.list})
				client := b.newClient()
				if tc.spent {
					client.sweeper.rest(time.Minute)
				}
				begun := time.Now()
				_, err := client.SendTransfer(t.Context(), order("order-1"))
				assert.Equal(t, tc.outcome, facade.OutcomeOf(err), "%v", err)
				assert.LessOrEqual(t, time.Since(begun), tc.within)
				assert.Len(t, b.sends, 1)
				if tc.outcome == facade.OutcomeRefused {
					assert.ErrorIs(t, err, CodeInsufficientBalance)
					assert.ErrorContains(t, err, "add funds")
				}
				if tc.outcome == facade.OutcomeUnknown {
					assert.ErrorContains(t, err, "the list of transfers shows one that the answer denies")
				}
			})
		})
	}
}
