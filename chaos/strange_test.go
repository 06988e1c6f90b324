// Strange answers: what proxies, gateways and a service out of its mind may say over work that was done, or over none. The
// sandbox does not lie; these do not tell. Whoever believes one of them is wrong half of the time.

package chaos

import (
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/money"
)

// saying is an answer that proves nothing.
type saying struct {
	status   int
	location string
	// text is the body, if it is no envelope of Ding's.
	text string
	ding *ding.SendTransferResponse
	// recorded gives the envelope a record in this state, and referred is the record's TransferRef.
	recorded ding.ProcessingState
	referred string
	// undone reports that it would be a lie over work that was done.
	undone bool
}

func coded(result ding.ResultCode, codes ...ding.ErrorCode) *ding.SendTransferResponse {
	return &ding.SendTransferResponse{ResultCode: result, ErrorCodes: append([]ding.ErrorCode{}, codes...)}
}

// portal is what a proxy shows that wants to be talked to first.
const portal = "<!DOCTYPE html><title>Welcome</title><p>Please accept our terms."

// tooLarge is beyond every bound for an answer, and JSON.
var tooLarge = `{"ResultCode":1,"status":"1"` + strings.Repeat(" ", 5<<20) + "}"

var (
	fromProxies = []saying{
		{status: http.StatusFound, location: "https://elsewhere.invalid/"},
		{status: http.StatusTemporaryRedirect, location: address + "/moved"},
		{status: http.StatusOK, text: portal}, {status: http.StatusUnauthorized, text: portal}, {status: http.StatusNotFound, text: portal},
		{status: http.StatusOK, text: "{}"}, {status: http.StatusBadRequest},
	}
	fromDing = append([]saying{
		{status: http.StatusOK, ding: coded(ding.ResultCodeSuccess)},
		{status: http.StatusOK, ding: coded(ding.ResultCodeSuccess), recorded: ding.ProcessingStateFailed, referred: "77"},
		{status: http.StatusOK, ding: coded(ding.ResultCodeSuccess), recorded: ding.ProcessingStateComplete, referred: "0"},
		{status: http.StatusOK, ding: coded(ding.ResultCodeSuccess), recorded: ding.ProcessingStateComplete},
		{status: http.StatusOK, ding: coded(ding.ResultCodeSuccess), recorded: "Paused", referred: "77"},
		{status: http.StatusInternalServerError, ding: coded(ding.ResultCodeServerError)},
		{status: http.StatusInternalServerError, ding: coded(ding.ResultCodeServerError, ding.ErrorCode{Code: "InsufficientBalance"}, ding.ErrorCode{Code: "ProviderError"})},
		{status: http.StatusServiceUnavailable, ding: coded(ding.ResultCodeTransientError)},
		{status: http.StatusServiceUnavailable, ding: coded(ding.ResultCodeTransientError, ding.ErrorCode{Code: "RateLimited", Context: "TransactionStillInProgress"})},
		{status: http.StatusServiceUnavailable, ding: coded(ding.ResultCodeTransientError, ding.ErrorCode{Code: "RateLimited"}, ding.ErrorCode{Code: "TransientProviderError"})},
		{status: http.StatusServiceUnavailable, ding: coded(ding.ResultCodeTransientError, ding.ErrorCode{Code: "TransientProviderError", Context: "ProviderTimedOut"})},
		{status: http.StatusServiceUnavailable, ding: coded(ding.ResultCodeTransientError, ding.ErrorCode{Code: "TransientProviderError"}), recorded: ding.ProcessingStateComplete, referred: "77"},
		{status: http.StatusBadRequest, ding: coded(ding.ResultCodeClientError), recorded: ding.ProcessingStateProcessing, referred: "77"},
		{status: http.StatusInternalServerError, ding: coded(ding.ResultCodeServerError), recorded: ding.ProcessingStateSubmitted, referred: "77"},
		{status: http.StatusBadRequest, ding: coded(ding.ResultCodeClientError, ding.ErrorCode{Code: "DuplicateTransactionPrevented"})},
		{status: http.StatusOK, ding: coded(99)},
		{status: http.StatusOK, text: tooLarge},
		// Not charged, but the provider may still deliver: it must not be sent again.
		{status: http.StatusServiceUnavailable, ding: coded(ding.ResultCodeTransientError, ding.ErrorCode{Code: "TransientProviderError", Context: "ProviderTimedOut"}), recorded: ding.ProcessingStateFailed, undone: true},
	}, fromProxies...)
	fromDizlee = append([]saying{
		{status: http.StatusOK, text: `{"status":"-999","statusDetail":"Something new."}`},
		{status: http.StatusOK, text: `{"status":"-504"}`}, {status: http.StatusOK, text: `{"status":"-500"}`}, {status: http.StatusOK, text: `{"status":"-308"}`},
		{status: http.StatusOK, text: `{"status":"0"}`}, {status: http.StatusOK, text: `{"statusDetail":"Successful Operation."}`},
		{status: http.StatusOK, text: tooLarge[:len(tooLarge)-1]},
		{status: http.StatusOK, text: `{"status":"-429"}`, undone: true}, {status: http.StatusOK, text: `{"status":"-101"}`, undone: true},
		{status: http.StatusOK, text: `{"status":"-303"}`, undone: true}, {status: http.StatusOK, text: `{"status":"-322"}`, undone: true},
	}, fromProxies...)
)

func (f *front) isStrange(about subject, number int) bool {
	switch kind(about.operation) {
	case transfer, charge, refund, message:
		return f.world.dice.chance(f.world.plan.strange, "strange", about, number)
	}
	return false
}

// answerStrangely has the work done, or not, and says something that does not tell.
func (f *front) answerStrangely(w *watched, r *http.Request, number int) {
	about, sayings := w.came.subject, fromDizlee
	if about.operation == string(transfer) {
		sayings = fromDing
	}
	says := sayings[f.world.dice.pick(len(sayings), "says", about, number)]
	if !says.undone && f.world.dice.chance(0.6, "done all the same", about, number) && !f.prevented(about) {
		f.world.sandbox.ServeHTTP(httptest.NewRecorder(), r)
	}
	if says.location != "" {
		w.Header().Set("Location", says.location)
	}
	text := []byte(says.text)
	if says.ding != nil {
		answer := *says.ding
		if says.recorded != "" {
			record := f.world.orderOf(transfer, about.reference).record(says.referred, says.recorded)
			answer.TransferRecord = &record
		}
		w.Header().Set("Content-Type", "application/json")
		text = written(answer)
	}
	w.WriteHeader(says.status)
	_, _ = w.Write(text) // if the process has died, nobody is left to tell
}

// prevented reports a transfer that the service would not make a second time.
func (f *front) prevented(about subject) bool {
	return about.operation == string(transfer) && f.preventsDuplicates() && f.isDuplicate(about.reference)
}

func (f *front) preventsDuplicates() bool {
	return f.world.plan.preventsDuplicates && !f.world.mutation.featureIsOff
}

// record is how the service has an order, if it has it at all.
func (o order) record(transferRef string, state ding.ProcessingState) ding.TransferRecord {
	return ding.TransferRecord{
		TransferID: &ding.TransferID{TransferRef: transferRef, DistributorRef: o.reference}, SKUCode: o.sku, AccountNumber: o.account,
		Price:           &ding.Price{SendValue: o.amount, SendCurrencyISO: "USD", ReceiveValue: o.amount, ReceiveCurrencyISO: "GBP", TaxRate: money.Decimal{}},
		ProcessingState: state,
	}
}
