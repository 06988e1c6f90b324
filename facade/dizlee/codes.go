// The response codes of both tables: what each means, what to do about it, and whether money moved.

package dizlee

import (
	"errors"

	"github.com/airtime-go/airtime/facade"
	gen "github.com/airtime-go/airtime/gen/dizlee"
)

// Code is the status of a call that did not go through, as the service writes it. It is an error, so that
// errors.Is(err, dizlee.CodeBadMSISDN) works on every error of this package. The list is open.
type Code string

// The codes of the charging and the messaging table.
const (
	// CodeMissingParameter (-100): a parameter or its value is missing.
	CodeMissingParameter = Code(gen.StatusCodeMissingParameter)
	// CodeAuthenticationFailed (-101): the API key is not accepted for this request.
	CodeAuthenticationFailed = Code(gen.StatusCodeAuthenticationFailed)
	// CodeActionNotPossible (-200): the action cannot be performed.
	CodeActionNotPossible = Code(gen.StatusCodeActionNotPossible)
	// CodeAccountInactive (-300): the subscriber's account is inactive.
	CodeAccountInactive = Code(gen.StatusCodeAccountInactive)
	// CodeSingleChargeFailed (-301): the single charge failed.
	CodeSingleChargeFailed = Code(gen.StatusCodeSingleChargeFailed)
	// CodeOperatorBillingNotAllowed (-302): the subscriber may not pay through the operator.
	CodeOperatorBillingNotAllowed = Code(gen.StatusCodeOperatorBillingNotAllowed)
	// CodeSMSFailed (-303): the SMS could not be sent.
	CodeSMSFailed = Code(gen.StatusCodeSMSFailed)
	// CodeInsufficientFunds (-304): the subscriber has too little credit; see also [ErrInsufficientFunds].
	CodeInsufficientFunds = Code(gen.StatusCodeInsufficientFunds)
	// CodeDuplicateTransaction (-305): the id was used before.
	CodeDuplicateTransaction = Code(gen.StatusCodeDuplicateTransaction)
	// CodeOperatorBillingWithdrawn (-306): at a renewal, the subscriber may no longer pay through the operator.
	CodeOperatorBillingWithdrawn = Code(gen.StatusCodeOperatorBillingWithdrawn)
	// CodeServiceSuspended (-307): the service is to be suspended for the subscriber.
	CodeServiceSuspended = Code(gen.StatusCodeServiceSuspended)
	// CodeUnknownOperatorError (-308): the operator failed in a way that nobody explains.
	CodeUnknownOperatorError = Code(gen.StatusCodeUnknownOperatorError)
	// CodeBadMSISDN (-311): no such subscriber.
	CodeBadMSISDN = Code(gen.StatusCodeBadMSISDN)
	// CodeNotEligible (-317): the subscriber is not eligible.
	CodeNotEligible = Code(gen.StatusCodeNotEligible)
	// CodeThirtyDayLimitExceeded (-318): the charge would exceed what may be charged within 30 days.
	CodeThirtyDayLimitExceeded = Code(gen.StatusCodeThirtyDayLimitExceeded)
	// CodeChargeNotFound (-319): the charge to refund was not found.
	CodeChargeNotFound = Code(gen.StatusCodeChargeNotFound)
	// CodeAlreadyRefunded (-320): the charge has been refunded before.
	CodeAlreadyRefunded = Code(gen.StatusCodeAlreadyRefunded)
	// CodeQuotaExceeded (-322): a quota is used up.
	CodeQuotaExceeded = Code(gen.StatusCodeQuotaExceeded)
	// CodeInsufficientFundsAlternate (-323): a second code for too little credit; see also [ErrInsufficientFunds].
	CodeInsufficientFundsAlternate = Code(gen.StatusCodeInsufficientFundsAlternate)
	// CodeSubscriberInactive (-324): not eligible, since the subscriber is inactive.
	CodeSubscriberInactive = Code(gen.StatusCodeSubscriberInactive)
	// CodeSubscriberHasStop (-325): not eligible, since the subscriber has had such services stopped.
	CodeSubscriberHasStop = Code(gen.StatusCodeSubscriberHasStop)
	// CodeCorporateCustomer (-326): not eligible, since the number belongs to a company.
	CodeCorporateCustomer = Code(gen.StatusCodeCorporateCustomer)
	// CodeRefundRejected (-327): the refund was rejected.
	CodeRefundRejected = Code(gen.StatusCodeRefundRejected)
	// CodeServiceNotFound (-330): the service was not found.
	CodeServiceNotFound = Code(gen.StatusCodeServiceNotFound)
	// CodeProductNotFound (-331): the product was not found.
	CodeProductNotFound = Code(gen.StatusCodeProductNotFound)
	// CodeTransactionIDInvalid (-332): the id of an eligibility check or transaction is wrong or has expired.
	CodeTransactionIDInvalid = Code(gen.StatusCodeTransactionIDInvalid)
	// CodeChannelNotAllowed (-333): subscribing through this channel is not allowed.
	CodeChannelNotAllowed = Code(gen.StatusCodeChannelNotAllowed)
	// CodeTooManyRequests (-429): refused before processing, because too many requests came.
	CodeTooManyRequests = Code(gen.StatusCodeTooManyRequests)
	// CodeInternalError (-500): Dizlee failed on the way.
	CodeInternalError = Code(gen.StatusCodeInternalError)
	// CodeOperatorTimeout (-504): the operator did not answer Dizlee in time.
	CodeOperatorTimeout = Code(gen.StatusCodeOperatorTimeout)
)

// ErrInsufficientFunds stands for both codes by which operators say that the subscriber has too little credit:
// errors.Is finds it in an error with [CodeInsufficientFunds] or [CodeInsufficientFundsAlternate].
var ErrInsufficientFunds = errors.New("insufficient funds")

// Advice says what to do about an error.
type Advice string

const (
	// AdviceRetryLater: the same request may pass later; see [Error.RetryAfter].
	AdviceRetryLater Advice = "retry later"
	// AdviceFixRequest: something in the request, the API key or the merchant's set-up is wrong.
	AdviceFixRequest Advice = "fix the request"
	// AdviceAskUser: the subscriber has to do something first, or pay in another way.
	AdviceAskUser Advice = "ask the user"
	// AdviceStop: this will not pass; do not try it again for this subscriber or charge.
	AdviceStop Advice = "stop"
	// AdviceUnknown: money may have moved; find out before anything else. See the package comment.
	AdviceUnknown Advice = "unknown"
)

// code is what is known of one code.
type code struct {
	advice  Advice
	outcome facade.Outcome
	meaning string
	// remedy is for people; empty where it depends on the operation.
	remedy string
}

const (
	refused   = facade.OutcomeRefused
	temporary = facade.OutcomeTemporary
	unknown   = facade.OutcomeUnknown
)

// codes is both tables of the specification, with what to do about each code. Whatever is not in it is unknown.
var codes = map[Code]code{
	CodeMissingParameter:           {AdviceFixRequest, refused, "a parameter or its value is missing", "fix the request"},
	CodeAuthenticationFailed:       {AdviceFixRequest, refused, "not authorised", "check the API key and what Dizlee has enabled for it"},
	CodeActionNotPossible:          {AdviceStop, refused, "the action cannot be performed", "ask Dizlee if it stays so"},
	CodeAccountInactive:            {AdviceAskUser, refused, "the subscriber's account is inactive", "the subscriber has to settle it with the operator"},
	CodeSingleChargeFailed:         {AdviceAskUser, refused, "the single charge failed", "offer the subscriber another way to pay"},
	CodeOperatorBillingNotAllowed:  {AdviceStop, refused, "the subscriber may not pay through the operator", "do not offer it to this subscriber again"},
	CodeSMSFailed:                  {AdviceRetryLater, temporary, "the SMS could not be sent", "try again later"},
	CodeInsufficientFunds:          {AdviceAskUser, refused, "insufficient funds", "the subscriber has to top up, or pay in another way"},
	CodeDuplicateTransaction:       {AdviceUnknown, unknown, "duplicate transaction", "the id was used before: if by an earlier attempt at this very call, that one went through; if not, the id is not unique"},
	CodeOperatorBillingWithdrawn:   {AdviceStop, refused, "the subscriber may no longer pay through the operator", "end the subscription"},
	CodeServiceSuspended:           {AdviceStop, refused, "the service is to be suspended", "suspend it for this subscriber"},
	CodeUnknownOperatorError:       {AdviceUnknown, unknown, "unknown error at the operator", ""},
	CodeBadMSISDN:                  {AdviceFixRequest, refused, "no such subscriber", "check the number"},
	CodeNotEligible:                {AdviceStop, refused, "the subscriber is not eligible", "do not try this subscriber again"},
	CodeThirtyDayLimitExceeded:     {AdviceAskUser, refused, "the limit on charges within 30 days is reached", "the subscriber has to wait until earlier charges are older, or pay in another way"},
	CodeChargeNotFound:             {AdviceFixRequest, refused, "the charge to refund was not found", "check transactionId"},
	CodeAlreadyRefunded:            {AdviceUnknown, unknown, "the charge has been refunded before", "nothing more was given back now: if by an earlier attempt at this very refund, that one went through; if not, look for the other refund"},
	CodeQuotaExceeded:              {AdviceRetryLater, temporary, "a quota is used up", "try again later, or ask Dizlee for more"},
	CodeInsufficientFundsAlternate: {AdviceAskUser, refused, "insufficient funds", "the subscriber has to top up, or pay in another way"},
	CodeSubscriberInactive:         {AdviceStop, refused, "not eligible: the subscriber is inactive", "do not try this subscriber again"},
	CodeSubscriberHasStop:          {AdviceStop, refused, "not eligible: the subscriber has had such services stopped", "do not try this subscriber again"},
	CodeCorporateCustomer:          {AdviceStop, refused, "not eligible: the number belongs to a company", "do not try this subscriber again"},
	CodeRefundRejected:             {AdviceStop, refused, "the refund was rejected", "ask Dizlee why"},
	CodeServiceNotFound:            {AdviceFixRequest, refused, "the service was not found", "check SID and what Dizlee has set up"},
	CodeProductNotFound:            {AdviceFixRequest, refused, "the product was not found", "check PID, product and subProduct"},
	CodeTransactionIDInvalid:       {AdviceFixRequest, refused, "an id is wrong or has expired", "start over with a new one"},
	CodeChannelNotAllowed:          {AdviceFixRequest, refused, "not allowed through this channel", "use another channel"},
	CodeTooManyRequests:            {AdviceRetryLater, temporary, "too many requests", "slow down and try again later"},
	CodeInternalError:              {AdviceUnknown, unknown, "internal error at Dizlee", ""},
	CodeOperatorTimeout:            {AdviceUnknown, unknown, "the operator did not answer in time", ""},
}

// look returns what is known of c.
func (c Code) look() code {
	known, ok := codes[c]
	if !ok {
		return code{advice: AdviceUnknown, outcome: unknown, meaning: "a code that is not documented"}
	}
	return known
}

// Is makes both codes for too little credit match [ErrInsufficientFunds].
func (c Code) Is(target error) bool {
	return target == ErrInsufficientFunds && (c == CodeInsufficientFunds || c == CodeInsufficientFundsAlternate)
}

// Error returns the code and its meaning.
func (c Code) Error() string { return "status " + string(c) + ", " + c.look().meaning }

// Meaning says in a few words what the code stands for.
func (c Code) Meaning() string { return c.look().meaning }

// Advice says what to do about it; [AdviceUnknown] for a code that is not documented.
func (c Code) Advice() Advice { return c.look().advice }

// Outcome says what an attempt with this code came to, if it was the first; [facade.OutcomeUnknown] for a code that is
// not documented. [Error.Outcome] is that of the call.
func (c Code) Outcome() facade.Outcome { return c.look().outcome }
