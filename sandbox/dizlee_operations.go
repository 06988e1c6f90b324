// Dizlee's operations: charge, refund and SMS.

package sandbox

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/airtime-go/airtime/gen/dizlee"
	"github.com/airtime-go/airtime/money"
)

// maxPlaces is how exact an amount may be: IQD, KWD, BHD, JOD and OMR have three places.
const maxPlaces = 3

// noChargeResponseID is what a failed charge carries in place of an id.
const noChargeResponseID = "-1"

// oddOperator reports whether a number belongs to the operator that answers like the odd samples of the specification:
// Kuwait's.
func oddOperator(msisdn string) bool { return strings.HasPrefix(msisdn, "965") }

// Charge takes an amount from a subscriber.
func (s *dizleeServer) Charge(w http.ResponseWriter, r *http.Request) {
	request, ok := decodeDizlee(w, r, func(c dizlee.ChargeRequest) string { return c.UserID })
	if !ok {
		return
	}
	if unusable := unusableAmounts(map[string]money.Decimal{
		"amount": request.Amount, "totalCharge_p30d": request.TotalCharge30Days,
	}); unusable != "" {
		answerCharge(w, dizlee.StatusCodeMissingParameter, unusable, "")
		return
	}
	code, id := s.operator.charge(request, now(s.clock))
	answerCharge(w, code, "", id)
}

func answerCharge(w http.ResponseWriter, code dizlee.StatusCode, about, id string) {
	response := dizlee.ChargeResponse{Status: code, StatusDetail: statusDetail(code, about), ChargeResponseID: id}
	switch {
	case code != dizlee.StatusCodeOK:
		response.ChargeResponseID = noChargeResponseID
	case id == "":
		response.StatusDetail = " " + response.StatusDetail // the odd operator's stray blank
	}
	answer(w, http.StatusOK, response)
}

// unusableAmounts names the amounts that have too many places, sorted.
func unusableAmounts(amounts map[string]money.Decimal) string {
	var names string
	for _, name := range []string{"amount", "totalCharge_p30d"} {
		if amounts[name].Places() > maxPlaces {
			names += ", " + name
		}
	}
	return strings.TrimPrefix(names, ", ")
}

// Refund gives an amount back.
func (s *dizleeServer) Refund(w http.ResponseWriter, r *http.Request) {
	request, ok := decodeDizlee(w, r, func(c dizlee.RefundRequest) string { return c.UserID })
	if !ok {
		return
	}
	if request.Amount != nil && request.Amount.Places() > maxPlaces {
		answerRefund(w, dizlee.StatusCodeMissingParameter, statusDetail(dizlee.StatusCodeMissingParameter, "amount"))
		return
	}
	code := s.operator.refund(request, now(s.clock))
	detail := statusDetail(code, "")
	if code == dizlee.StatusCodeOK && oddOperator(request.UserID) {
		detail = "Unknown Error." // a success all the same, as in the second sample of the specification
	}
	answerRefund(w, code, detail)
}

func answerRefund(w http.ResponseWriter, code dizlee.StatusCode, detail string) {
	answer(w, http.StatusOK, dizlee.RefundResponse{Status: code, StatusDetail: detail})
}

// SendSMS delivers a message.
func (s *dizleeServer) SendSMS(w http.ResponseWriter, r *http.Request) {
	request, ok := decodeDizlee(w, r, func(m dizlee.SendSMSRequest) string { return m.Receiver })
	if !ok {
		return
	}
	if request.Language != dizlee.LanguageEnglish && request.Language != dizlee.LanguageArabic {
		refuseDizlee(w, http.StatusOK, dizlee.StatusCodeMissingParameter, "language")
		return
	}
	code := s.operator.deliver(request, now(s.clock))
	detail := map[dizlee.StatusCode]string{dizlee.StatusCodeOK: "Sms successfully sent."}[code]
	answer(w, http.StatusOK, dizlee.SendSMSResponse{
		Status: code, StatusDetail: cmp.Or(detail, statusDetail(code, "")),
	})
}
