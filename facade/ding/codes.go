package ding

import "strings"

// Code is an error code or a context code. It is an error itself, so that errors.Is finds it in an [*Error] whether the
// service sent it as a code or as a context:
//
//	errors.Is(err, ding.CodeInsufficientBalance)
//	errors.Is(err, ding.ContextTokenExpired)
//	errors.Is(err, ding.Code("SendValue")) // a parameter that the context names
//
// The lists below are those of the API's description page and what was measured beside it. They grow: treat an unknown
// code by its ResultCode.
type Code string

// Error returns the code.
func (c Code) Error() string { return string(c) }

// Error codes, by the ResultCode that they come with.
const (
	// CodeNearestMatch warns that the request could not be met exactly (ResultCode 2).
	CodeNearestMatch Code = "NearestMatch"

	// CodeRateLimited: too many requests at once, or a fraud rule on the account number (3).
	CodeRateLimited Code = "RateLimited"
	// CodeTransientProviderError: the provider had a passing problem (3).
	CodeTransientProviderError Code = "TransientProviderError"

	// CodeAccountNumberInvalid: the account number was not accepted (4).
	CodeAccountNumberInvalid Code = "AccountNumberInvalid"
	// CodeAuthenticationFailed: the key or token is missing, wrong or expired (4).
	CodeAuthenticationFailed Code = "AuthenticationFailed"
	// CodeBatchItemRefMustBeUnique: two items of a batch have the same BatchItemRef (4).
	CodeBatchItemRefMustBeUnique Code = "BatchItemRefMustBeUnique"
	// CodeParameterCombinationInvalid: the parameters that the context names do not go together (4).
	CodeParameterCombinationInvalid Code = "ParameterCombinationInvalid"
	// CodeParameterInvalid: the parameters that the context names are invalid (4).
	CodeParameterInvalid Code = "ParameterInvalid"
	// CodeParameterMissing: the parameters that the context names are missing (4).
	CodeParameterMissing Code = "ParameterMissing"
	// CodeParameterOutOfRange: the parameters that the context names are out of range; for SendValue, the price may have changed (4).
	CodeParameterOutOfRange Code = "ParameterOutOfRange"
	// CodeRequestInvalid: the request does not fit the method (4).
	CodeRequestInvalid Code = "RequestInvalid"
	// CodeTooManyParameters: the parameters that the context names have too many values (4).
	CodeTooManyParameters Code = "TooManyParameters"
	// CodeDuplicateTransactionPrevented: the DistributorRef was used within the last 60 minutes by a transfer that is in
	// progress or has succeeded (4). Only accounts with the feature Prevent Duplicates get it.
	CodeDuplicateTransactionPrevented Code = "DuplicateTransactionPrevented"

	// CodeInsufficientBalance: the account's balance does not suffice (5).
	CodeInsufficientBalance Code = "InsufficientBalance"
	// CodeOtherError: the request failed for an unclassified reason (5).
	CodeOtherError Code = "OtherError"
	// CodeProviderError: the provider failed (5).
	CodeProviderError Code = "ProviderError"
)

// Context codes. Where the context names parameters instead, it is a list of their names, separated by commas.
const (
	// ContextProviderCannotSupplyRequestReceiveValue, of NearestMatch: the estimate is for the nearest amount that the provider can deliver.
	ContextProviderCannotSupplyRequestReceiveValue Code = "ProviderCannotSupplyRequestReceiveValue"
	// ContextTransactionStillInProgress, of RateLimited: a similar transfer is under way.
	ContextTransactionStillInProgress Code = "TransactionStillInProgress"
	// ContextProviderTimedOut: the provider did not answer within the 90 seconds that a transfer may take.
	ContextProviderTimedOut Code = "ProviderTimedOut"
	// ContextProviderRefusedRequest: the provider said no; the account may not be eligible for the product.
	ContextProviderRefusedRequest Code = "ProviderRefusedRequest"
	// ContextProviderTemporarilyUnavailable: the provider is down.
	ContextProviderTemporarilyUnavailable Code = "ProviderTemporarilyUnavailable"
	// ContextProductUnavailable: this amount cannot be had at present.
	ContextProductUnavailable Code = "ProductUnavailable"
	// ContextAccountTemporarilyUnavailable: the provider has blocked the account for now.
	ContextAccountTemporarilyUnavailable Code = "AccountTemporarilyUnavailable"
	// ContextAccountNumberFailedRegex, of AccountNumberInvalid: the number has the wrong form.
	ContextAccountNumberFailedRegex Code = "AccountNumberFailedRegex"
	// ContextTokenExpired, of AuthenticationFailed: the OAuth token has expired.
	ContextTokenExpired Code = "TokenExpired"
	// ContextMultipleRecordsMatched, of RequestInvalid: several transfers fit, and none was cancelled.
	ContextMultipleRecordsMatched Code = "MultipleRecordsMatched"
	// ContextInstantTransfersCannotBeCancelled, of RequestInvalid: only Batch transfers can be cancelled.
	ContextInstantTransfersCannotBeCancelled Code = "InstantTransfersCannotBeCancelled"
	// ContextNoRecordsFound, of RequestInvalid: no transfer fits that could be cancelled.
	ContextNoRecordsFound Code = "NoRecordsFound"
	// ContextProviderUnknownError, of ProviderError: something unclassified happened between Ding and the provider.
	ContextProviderUnknownError Code = "ProviderUnknownError"
	// ContextRechargeNotAllowed, of ProviderError: the provider does not let this account be topped up. Not on the description page; measured.
	ContextRechargeNotAllowed Code = "RechargeNotAllowed"
)

// advice says what to do about a code or context, to complete an error message. The context is asked first, being closer.
var advice = map[Code]string{
	CodeRateLimited:                       "slow down and try later",
	CodeTransientProviderError:            "try later",
	CodeAccountNumberInvalid:              "check the account number and its provider",
	CodeAuthenticationFailed:              "check the credentials",
	CodeInsufficientBalance:               "add funds to the Ding account",
	CodeOtherError:                        "contact Ding with the correlation id",
	CodeProviderError:                     "contact Ding with the correlation id",
	CodeDuplicateTransactionPrevented:     "look the reference up with ListTransferRecords",
	ContextTransactionStillInProgress:     "look the reference up with ListTransferRecords before sending anything",
	ContextAccountNumberFailedRegex:       "write the account number in international form, digits only, without +",
	ContextTokenExpired:                   "ask for a new token",
	ContextProductUnavailable:             "try another amount",
	ContextProviderTemporarilyUnavailable: "try later; GetProviderStatus tells when the provider is back",
}

// matches reports whether the code or the context is target, or the context names target among other parameters.
func matches(code ErrorCode, target Code) bool {
	if target == "" {
		return false
	}
	if Code(code.Code) == target || Code(code.Context) == target {
		return true
	}
	for name := range strings.SplitSeq(code.Context, ",") {
		if Code(strings.TrimSpace(name)) == target {
			return true
		}
	}
	return false
}

// has reports whether any of the codes matches target.
func has(codes []ErrorCode, target Code) bool {
	for _, code := range codes {
		if matches(code, target) {
			return true
		}
	}
	return false
}
