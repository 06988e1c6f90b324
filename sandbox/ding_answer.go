// DingConnect's answers: the codes, the HTTP status that goes with each, and how bodies are written.

package sandbox

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/sandbox/internal/published"
)

// The error codes that the sandbox gives.
const (
	codeNearestMatch                = "NearestMatch"
	codeRateLimited                 = "RateLimited"
	codeTransientProviderError      = "TransientProviderError"
	codeAccountNumberInvalid        = "AccountNumberInvalid"
	codeAuthenticationFailed        = "AuthenticationFailed"
	codeBatchItemRefMustBeUnique    = "BatchItemRefMustBeUnique"
	codeParameterCombinationInvalid = "ParameterCombinationInvalid"
	codeParameterInvalid            = "ParameterInvalid"
	codeParameterMissing            = "ParameterMissing"
	codeParameterOutOfRange         = "ParameterOutOfRange"
	codeRequestInvalid              = "RequestInvalid"
	codeTooManyParameters           = "TooManyParameters"
	codeInsufficientBalance         = "InsufficientBalance"

	codeDuplicateTransactionPrevented = "DuplicateTransactionPrevented"

	codeOtherError    = "OtherError"
	codeProviderError = "ProviderError"
)

// The context codes that it gives.
const (
	contextWholeReceiveValue  = "ProviderCannotSupplyRequestReceiveValue"
	contextTimedOut           = "ProviderTimedOut"
	contextRefused            = "ProviderRefusedRequest"
	contextUnavailable        = "ProviderTemporarilyUnavailable"
	contextProductUnavailable = "ProductUnavailable"
	contextFailedRegex        = "AccountNumberFailedRegex"
	contextTokenExpired       = "TokenExpired"
	contextStillInProgress    = "TransactionStillInProgress"
	contextMultipleMatched    = "MultipleRecordsMatched"
	contextInstant            = "InstantTransfersCannotBeCancelled"
	contextNoRecordsFound     = "NoRecordsFound"
	contextRechargeNotAllowed = "RechargeNotAllowed"
)

// How long answers keep: Ding advises to refresh products every three hours and the rest daily. Prices belong to one
// account, hence private.
const (
	maxAgeProducts           = "private, max-age=10800"
	maxAgeOtherReferenceData = "private, max-age=86400"
)

// retryAfterSeconds is short, so that tests that wait for it are quick.
const retryAfterSeconds = "1"

// resultCode returns the class of a code; those not listed are the client's fault.
func resultCode(code string) ding.ResultCode {
	switch code {
	case codeNearestMatch:
		return ding.ResultCodeSuccessWithWarning
	case codeRateLimited, codeTransientProviderError:
		return ding.ResultCodeTransientError
	case codeInsufficientBalance, codeOtherError, codeProviderError:
		return ding.ResultCodeServerError
	default:
		return ding.ResultCodeClientError
	}
}

// outcome returns the ResultCode that the first code stands for; without codes it is a success.
func outcome(codes []ding.ErrorCode) ding.ResultCode {
	if len(codes) == 0 {
		return ding.ResultCodeSuccess
	}
	return resultCode(codes[0].Code)
}

// httpStatus returns the status that the real service sends with such codes.
func httpStatus(codes []ding.ErrorCode) int {
	switch outcome(codes) {
	case ding.ResultCodeTransientError:
		if codes[0].Code == codeRateLimited {
			return http.StatusTooManyRequests
		}
		return http.StatusServiceUnavailable
	case ding.ResultCodeClientError:
		return http.StatusBadRequest
	case ding.ResultCodeServerError:
		return http.StatusInternalServerError
	default:
		return http.StatusOK
	}
}

// fail writes a body with the status of its codes, and with Retry-After, unless it is there, where a later attempt makes sense.
func fail(w http.ResponseWriter, codes []ding.ErrorCode, body any) {
	if outcome(codes) == ding.ResultCodeTransientError && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", retryAfterSeconds)
	}
	answer(w, httpStatus(codes), body)
}

// refuse answers a call that has failed as a whole, in the form of its operation; HTTP 429 has one form for all.
func refuse(w http.ResponseWriter, operation string, codes ...ding.ErrorCode) {
	var body any = ding.APIResponse{ResultCode: outcome(codes), ErrorCodes: codes}
	if operation == "LookupBills" && httpStatus(codes) != http.StatusTooManyRequests {
		body = ding.LookupBillsResponse{ResultCode: outcome(codes), ErrorCodes: codes, Items: []ding.Bill{}}
	}
	fail(w, codes, body)
}

// refuseStranger answers a request whose credentials are not accepted.
func refuseStranger(w http.ResponseWriter, context string) {
	answer(w, http.StatusUnauthorized, ding.APIResponse{
		ResultCode: ding.ResultCodeClientError,
		ErrorCodes: []ding.ErrorCode{{Code: codeAuthenticationFailed, Context: context}},
	})
}

// answer writes JSON. Marshalling comes first, so that a value that can't be written is an error and not half an
// answer.
func answer(w http.ResponseWriter, status int, body any) {
	text, err := marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"ResultCode":5,"ErrorCodes":[{"Code":"OtherError"}]}`)
	}
	if a, ok := w.(arranged); ok {
		text = a.order.Arrange(a.operation, strconv.Itoa(status), text)
	}
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client may have gone; there is nobody left to tell
}

// marshal writes JSON as the services do: < and & are themselves.
func marshal(body any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(body)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}

// arranged gets answers with their fields in the service's order. Generated types have them in that of the alphabet.
type arranged struct {
	http.ResponseWriter
	order     *published.Order
	operation string
}

// writtenAnyway are fields that are written where there is nothing to say, by schema: what samples of DingConnect have as null,
// and a flag and a number, which .NET does not leave out.
var writtenAnyway = map[string]map[string]string{
	"Price":          {"TaxRate": "0", "TaxName": "null", "TaxCalculation": "null"},
	"TransferRecord": {"ReceiptText": "null", "ReceiptParams": "null"},
	"Product":        {"LookupBillsRequired": "false"},
}

// keepFor allows the client to keep an answer.
func keepFor(w http.ResponseWriter, cacheControl string) {
	w.Header().Set("Cache-Control", cacheControl)
}

// success is the codes of a plain success: an empty list, not null.
func success() []ding.ErrorCode { return []ding.ErrorCode{} }
