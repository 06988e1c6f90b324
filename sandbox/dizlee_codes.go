// Dizlee's code tables: what each code says, and which numbers bring it about.

package sandbox

import (
	"slices"

	"github.com/airtime-go/airtime/gen/dizlee"
)

// statusTexts words every code of the two tables.
var statusTexts = map[dizlee.StatusCode]string{
	dizlee.StatusCodeOK:                         "Successful Operation.",
	dizlee.StatusCodeMissingParameter:           "A parameter or its value is missing",
	dizlee.StatusCodeAuthenticationFailed:       "Not authorized for this request",
	dizlee.StatusCodeActionNotPossible:          "The action cannot be performed",
	dizlee.StatusCodeAccountInactive:            "Operation failed. The account is inactive",
	dizlee.StatusCodeSingleChargeFailed:         "Operation failed. The single charge failed",
	dizlee.StatusCodeOperatorBillingNotAllowed:  "Operation failed. Operator billing is not allowed for this user",
	dizlee.StatusCodeSMSFailed:                  "The SMS could not be sent",
	dizlee.StatusCodeInsufficientFunds:          "Operation failed. Insufficient funds",
	dizlee.StatusCodeDuplicateTransaction:       "Operation failed. Duplicate transaction",
	dizlee.StatusCodeOperatorBillingWithdrawn:   "Operation failed. End the subscription",
	dizlee.StatusCodeServiceSuspended:           "Operation failed. Suspend the service",
	dizlee.StatusCodeUnknownOperatorError:       "Unknown error at the operator",
	dizlee.StatusCodeBadMSISDN:                  "No such user",
	dizlee.StatusCodeNotEligible:                "The user is not eligible",
	dizlee.StatusCodeThirtyDayLimitExceeded:     "The charge limit of the past 30 days would be exceeded",
	dizlee.StatusCodeChargeNotFound:             "Operation failed. There is no such charge",
	dizlee.StatusCodeAlreadyRefunded:            "Operation failed. The charge has been refunded before",
	dizlee.StatusCodeQuotaExceeded:              "The quota is exceeded",
	dizlee.StatusCodeInsufficientFundsAlternate: "Operation failed. Insufficient funds",
	dizlee.StatusCodeSubscriberInactive:         "The user is not eligible: inactive",
	dizlee.StatusCodeSubscriberHasStop:          "The user is not eligible: such services are stopped",
	dizlee.StatusCodeCorporateCustomer:          "The user is not eligible: corporate customer",
	dizlee.StatusCodeRefundRejected:             "Operation failed. The refund is rejected",
	dizlee.StatusCodeServiceNotFound:            "Operation failed. There is no such service",
	dizlee.StatusCodeProductNotFound:            "Operation failed. There is no such product",
	dizlee.StatusCodeTransactionIDInvalid:       "The transaction id is wrong or has expired",
	dizlee.StatusCodeChannelNotAllowed:          "Subscribing through this channel is not allowed",
	dizlee.StatusCodeTooManyRequests:            "The rate limit is reached",
	dizlee.StatusCodeInternalError:              "Something went wrong",
	dizlee.StatusCodeOperatorTimeout:            "The operator did not answer in time",
}

// statusDetail words a code, and what it is about if that is known.
func statusDetail(code dizlee.StatusCode, about string) string {
	if about == "" {
		return statusTexts[code]
	}
	return statusTexts[code] + ": " + about
}

// refundCodes are those that only a refund is answered with.
var refundCodes = []dizlee.StatusCode{
	dizlee.StatusCodeChargeNotFound, dizlee.StatusCodeAlreadyRefunded, dizlee.StatusCodeRefundRejected,
}

// messagingCodes are those of the messaging table.
var messagingCodes = []dizlee.StatusCode{
	dizlee.StatusCodeMissingParameter, dizlee.StatusCodeAuthenticationFailed, dizlee.StatusCodeActionNotPossible,
	dizlee.StatusCodeSMSFailed, dizlee.StatusCodeUnknownOperatorError, dizlee.StatusCodeBadMSISDN,
	dizlee.StatusCodeTooManyRequests, dizlee.StatusCodeInternalError, dizlee.StatusCodeOperatorTimeout,
}

// codeOf returns the code that the last three digits of a number spell, if there is one.
func codeOf(msisdn string) (dizlee.StatusCode, bool) {
	code := dizlee.StatusCode("-" + msisdn[max(0, len(msisdn)-3):])
	_, known := statusTexts[code]
	return code, known
}

// refundVerdict is the code that a number brings about in a refund, OK for most.
func refundVerdict(msisdn string) dizlee.StatusCode {
	code, known := codeOf(msisdn)
	if !known || code == dizlee.StatusCodeSMSFailed {
		return dizlee.StatusCodeOK
	}
	return code
}

// chargeVerdict is the code that a number brings about in a charge, OK for most.
func chargeVerdict(msisdn string) dizlee.StatusCode {
	code := refundVerdict(msisdn)
	if slices.Contains(refundCodes, code) {
		return dizlee.StatusCodeOK
	}
	return code
}

// messageVerdict is the code that a number brings about in an SMS, OK for most.
func messageVerdict(msisdn string) dizlee.StatusCode {
	if code, _ := codeOf(msisdn); slices.Contains(messagingCodes, code) {
		return code
	}
	return dizlee.StatusCodeOK
}

// done reports whether an operation with that verdict is carried out: after a time-out at the operator it was, and
// only the answer is missing.
func done(verdict dizlee.StatusCode) bool {
	return verdict == dizlee.StatusCodeOK || verdict == dizlee.StatusCodeOperatorTimeout
}
