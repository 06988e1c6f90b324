// SendTransfer: is the request in order, what will the provider say, and what is answered.

package sandbox

import (
	"net/http"
	"strings"

	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/sandbox/internal/catalogue"
)

// SendTransfer pays and delivers, or only validates.
func (s *dingServer) SendTransfer(w http.ResponseWriter, r *http.Request, params ding.SendTransferParams) {
	request, ok := decode[ding.SendTransferRequest](w, r, "SendTransfer")
	if !ok {
		return
	}
	correlationID := r.Header.Get("X-Correlation-Id")
	deferred := params.Options != nil && *params.Options == "DeferTransfer"
	if deferred && correlationID == "" {
		failSend(w, request, []ding.ErrorCode{{Code: codeParameterMissing, Context: "X-Correlation-Id"}})
		return
	}
	o, codes := s.judge(request)
	if len(codes) > 0 {
		failSend(w, request, codes)
		return
	}
	if request.ValidateOnly {
		s.validateOnly(w, o)
		return
	}
	if deferred {
		o.correlationID = correlationID
	}
	if lasts := hiddenFor(r.Context()); lasts > 0 {
		o.hidden = s.clock().Add(lasts)
	}
	t, codes := s.account.send(o, now(s.clock))
	if len(codes) > 0 {
		failSend(w, request, codes)
		return
	}
	if t.state == ding.ProcessingStateFailed {
		failSend(w, request, t.codes)
		return
	}
	if t.state == ding.ProcessingStateComplete {
		s.usage.reset()
	}
	record := s.record(t)
	if t.deferred() && t.state == ding.ProcessingStateSubmitted {
		record.CompletedUTC = record.StartedUTC // DingConnect's sample of such an answer has it, although nothing is completed
	}
	answerSend(w, record)
}

// judge turns a request into an order, or returns the codes by which its parameters refuse it.
func (s *dingServer) judge(request ding.SendTransferRequest) (order, []ding.ErrorCode) {
	offer, found := s.catalogue.Offer(request.SKUCode)
	if !found {
		return order{}, []ding.ErrorCode{{Code: codeParameterInvalid, Context: "SkuCode"}}
	}
	if codes := s.parameterFlaws(offer, request); len(codes) > 0 {
		return order{}, codes
	}
	o := order{offer: offer, request: request, price: offer.PriceOf(request.SendValue)}
	o.verdict, o.test = accountVerdict(offer, request.AccountNumber)
	o.mends = o.test && len(o.verdict) > 0 && o.verdict[0].Context == contextTimedOut
	return o, nil
}

func (s *dingServer) parameterFlaws(offer *catalogue.Offer, request ding.SendTransferRequest) []ding.ErrorCode {
	var codes []ding.ErrorCode
	complain := func(wrong bool, code, context string) {
		if wrong {
			codes = append(codes, ding.ErrorCode{Code: code, Context: context})
		}
	}
	missing := append(offer.MissingSettings(request.Settings), missingBillRef(offer, request.BillRef)...)
	complain(len(missing) > 0, codeParameterMissing, strings.Join(missing, ","))
	complain(request.DistributorRef == "", codeParameterInvalid, "DistributorRef")
	complain(!ownCurrency(request.SendCurrencyISO), codeParameterInvalid, "SendCurrencyIso")
	complain(request.SendValue.Places() > 2, codeParameterInvalid, "SendValue")
	complain(!offer.InRange(request.SendValue), codeParameterOutOfRange, "SendValue")
	if offer.Product.LookupBillsRequired && request.BillRef != "" {
		bill, found := s.bill(offer, request.AccountNumber, request.BillRef)
		complain(!found, codeParameterInvalid, "BillRef")
		complain(found && !bill.Price.SendValue.Equal(request.SendValue), codeParameterOutOfRange, "SendValue")
	}
	return codes
}

func missingBillRef(offer *catalogue.Offer, ref string) []string {
	if offer.Product.LookupBillsRequired && ref == "" {
		return []string{"BillRef"}
	}
	return nil
}

// ownCurrency reports whether a currency is the account's, which is also what leaving it out means.
func ownCurrency(iso string) bool { return iso == "" || iso == accountCurrency }

// uatVerdicts is what the last digit of a UatNumber stands for; 0 is a success.
var uatVerdicts = map[byte]ding.ErrorCode{
	'1': {Code: codeRateLimited},
	'2': {Code: codeTransientProviderError, Context: contextTimedOut},
	'3': {Code: codeTransientProviderError, Context: contextRefused},
	'4': {Code: codeProviderError, Context: contextProductUnavailable},
	'5': {Code: codeAccountNumberInvalid, Context: contextRefused},
	'6': {Code: codeProviderError, Context: contextUnavailable},
	'7': {Code: codeInsufficientBalance},
	'8': {Code: codeAccountNumberInvalid, Context: contextFailedRegex},
	'9': {Code: codeProviderError, Context: contextRechargeNotAllowed},
}

// accountVerdict tells what becomes of a transfer to that account, and whether it is a test.
func accountVerdict(offer *catalogue.Offer, account string) (verdict []ding.ErrorCode, test bool) {
	switch offer.Fit(account) {
	case catalogue.TestAccount:
		digit, _ := offer.UATDigit(account)
		if code, fails := uatVerdicts[digit]; fails {
			return []ding.ErrorCode{code}, true
		}
		return nil, true
	case catalogue.Malformed:
		return []ding.ErrorCode{{Code: codeAccountNumberInvalid, Context: contextFailedRegex}}, false
	case catalogue.WrongLine:
		return []ding.ErrorCode{{Code: codeAccountNumberInvalid, Context: contextRefused}}, false
	}
	if offer.Down != "" {
		return []ding.ErrorCode{{Code: codeTransientProviderError, Context: contextUnavailable}}, false
	}
	return nil, false
}

// validateOnly answers what would happen. A success looks like a payment, but for the TransferRef 0 and the dates that
// are not there; it leaves no trace.
func (s *dingServer) validateOnly(w http.ResponseWriter, o order) {
	if len(o.verdict) == 0 && !s.account.could(o, now(s.clock)) {
		o.verdict = insufficientBalance()
	}
	if len(o.verdict) > 0 {
		failSend(w, o.request, o.verdict)
		return
	}
	record := o.record()
	record.ProcessingState = ding.ProcessingStateComplete
	record.TransferID = &ding.TransferID{TransferRef: "0", DistributorRef: o.request.DistributorRef}
	answerSend(w, recordJSON{TransferRecord: record})
}
