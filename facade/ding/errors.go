package ding

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/airtime-go/airtime/facade"
)

// Error is what every method returns, always as a pointer, when a call was made and did not succeed. A request that
// was never sent, because a field is at fault, is a [*facade.RequestError] instead.
//
// errors.Is finds codes and contexts ([Code]), [facade.ErrOutcomeUnknown], [facade.ErrUndecodable] and the ends of a
// context; [facade.OutcomeOf] tells what the error means for the money.
type Error struct {
	// Operation is the method's name, such as "SendTransfer".
	Operation string
	// HTTPStatus is the status of the answer; 0 if none came.
	HTTPStatus int
	// ResultCode is the envelope's; 0 if there was no envelope.
	ResultCode ResultCode
	// Codes are the envelope's error codes with their contexts.
	Codes []ErrorCode
	// CorrelationID is the X-Correlation-Id of all attempts: what Ding's support asks for. It is empty if a transfer was not sent by
	// this call, but by an earlier one, or not at all.
	CorrelationID string
	// Attempts is how many attempts were made.
	Attempts int
	// RetryAfter is what the last answer asked for, or how long a usage limit leaves no room; 0 if neither names anything usable.
	RetryAfter time.Duration
	// Record is the transfer record that came with a failed SendTransfer; nil if none did.
	Record *TransferRecord
	// BatchItemRef names the item of a batch that the error is about; empty if it is about the whole call.
	BatchItemRef string
	// Excerpt is the beginning of a body that could not be read, with everything taken out that may be secret.
	Excerpt string

	outcome facade.Outcome
	cause   error
	// looked says what the last look-up showed; empty if there was none.
	looked string
}

// Paging ends with one of these in the chain of its error, where it must not look complete.
var (
	// ErrPagingLimit: the API hands out no more than 600 records, and there are more. Narrow the filter.
	ErrPagingLimit = errors.New("the API hands out no more than 600 records, and there are more: narrow the filter")
	// ErrEmptyPage: the API says that there are more records and hands out none, or none that are new.
	ErrEmptyPage = errors.New("the API says that there are more records and hands out none")
)

// ErrItemMissing is in the chain of the error of a batch item that the answer left out.
var ErrItemMissing = errors.New("the answer has no result for this item")

// Outcome tells what the error means: refused, temporary or unknown. An error that was made elsewhere counts as refused.
func (e *Error) Outcome() facade.Outcome {
	if e.outcome == "" {
		return facade.OutcomeRefused
	}
	return e.outcome
}

// Is matches a [Code] against the error's codes and contexts.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && has(e.Codes, code)
}

// Unwrap returns [facade.ErrOutcomeUnknown] where that is the outcome, and the cause.
func (e *Error) Unwrap() []error {
	var chain []error
	if e.outcome == facade.OutcomeUnknown {
		chain = append(chain, facade.ErrOutcomeUnknown)
	}
	if e.cause != nil {
		chain = append(chain, e.cause)
	}
	return chain
}

// Error says what happened, to which operation, and what to do. It holds no secrets, account numbers or receipts.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "ding: %s", e.Operation)
	if e.BatchItemRef != "" {
		fmt.Fprintf(&b, " item %q", e.BatchItemRef)
	}
	b.WriteString(": " + e.summary())
	for i, code := range e.Codes {
		b.WriteString(separator(i) + code.Code)
		if code.Context != "" {
			b.WriteString("/" + code.Context)
		}
	}
	if e.cause != nil {
		b.WriteString(": " + e.cause.Error())
	}
	if e.looked != "" {
		b.WriteString("; looked up: " + e.looked)
	}
	if e.Excerpt != "" {
		fmt.Fprintf(&b, " (%q)", e.Excerpt)
	}
	if what := e.whatToDo(); what != "" {
		b.WriteString("; " + what)
	}
	b.WriteString(e.details())
	return b.String()
}

func separator(i int) string {
	if i == 0 {
		return ": "
	}
	return ", "
}

func (e *Error) summary() string {
	switch e.outcome {
	case facade.OutcomeUnknown:
		return "the outcome is unknown"
	case facade.OutcomeTemporary:
		if e.movesMoney() {
			return "failed for now, nothing moved"
		}
		return "failed for now"
	case facade.OutcomeUsage:
		return "not sent"
	default:
		return "refused"
	}
}

// movesMoney reports whether the operation is one of those of which it says something that nothing moved: a read moves nothing anyway.
func (e *Error) movesMoney() bool {
	switch e.Operation {
	case operationSendTransfer, operationCancelTransfers, operationAwaitTransfer:
		return true
	}
	return false
}

// whatToDo completes the message: an unknown outcome comes first, then the closest code.
func (e *Error) whatToDo() string {
	switch {
	case e.outcome == facade.OutcomeUnknown && e.Operation == operationCancelTransfers:
		return "do not send again: look at the transfer's state later, or ask Ding"
	case e.outcome == facade.OutcomeUnknown && e.Operation == operationAwaitTransfer:
		return "do not send again: wait for it again, or ask Ding"
	case e.outcome == facade.OutcomeUnknown:
		return "do not send again: recover it later, or ask Ding"
	}
	for _, code := range e.Codes {
		for _, known := range []Code{Code(code.Context), Code(code.Code)} {
			if what := advice[known]; what != "" {
				return what
			}
		}
	}
	return ""
}

func (e *Error) details() string {
	var parts []string
	if e.HTTPStatus != 0 {
		parts = append(parts, fmt.Sprintf("HTTP %d", e.HTTPStatus))
	}
	if e.ResultCode != 0 {
		parts = append(parts, fmt.Sprintf("ResultCode %d", e.ResultCode))
	}
	if e.RetryAfter > 0 {
		parts = append(parts, "retry after "+e.RetryAfter.Round(time.Second).String())
	}
	if e.Attempts > 1 {
		parts = append(parts, fmt.Sprintf("%d attempts", e.Attempts))
	}
	if e.CorrelationID != "" {
		parts = append(parts, "correlation id "+e.CorrelationID)
	}
	if len(parts) == 0 {
		return ""
	}
	return " [" + strings.Join(parts, ", ") + "]"
}

// LogValue gives a log the parts of the error as attributes.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("operation", e.Operation),
		slog.String("outcome", string(e.Outcome())),
		slog.Int("httpStatus", e.HTTPStatus),
		slog.Int("resultCode", int(e.ResultCode)),
		slog.Int("attempts", e.Attempts),
		slog.String("correlationId", e.CorrelationID),
	}
	if len(e.Codes) > 0 {
		attrs = append(attrs, slog.Any("codes", e.Codes))
	}
	if e.RetryAfter > 0 {
		attrs = append(attrs, slog.Duration("retryAfter", e.RetryAfter))
	}
	return slog.GroupValue(append(attrs, slog.String("message", e.Error()))...)
}
