// The error of a call that was sent, or could not be: what happened, whether money moved, and what to do.

package dizlee

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/airtime-go/airtime/facade"
)

// Error is a call that did not go through, or of which nobody knows. Use it as a pointer, with errors.As. It holds no
// API key and no MSISDN.
type Error struct {
	// Operation is "Charge", "Refund" or "SendSMS".
	Operation string
	// HTTPStatus is the answer's HTTP status; 0 if no answer came. It decides nothing.
	HTTPStatus int
	// Status is the code in the answer; empty if there was no answer, or none that could be read.
	Status Code
	// StatusDetail is the answer's own explanation, for people.
	StatusDetail string
	// RequestID is the caller's own id: chargeRequestId, refundRequestId or smsRequestId.
	RequestID string
	// ChargeResponseID is the operator's id of a charge, where even a failed one got one.
	ChargeResponseID string
	// Attempts is how many attempts were made, repetitions included.
	Attempts int
	// RetryAfter is how long the service asks to wait; 0 if it doesn't say.
	RetryAfter time.Duration
	// Excerpt is the beginning of an answer that could not be read, with whatever may be a secret taken out.
	Excerpt string

	subject subject
	outcome facade.Outcome
	// usedBefore reports that somebody used the id before this call did.
	usedBefore bool
	// notSent reports that the service has seen nothing.
	notSent bool
	// undecodable reports that an answer came and is no envelope.
	undecodable bool
	// repeated is how the last repetition was refused, which proves nothing about the attempt that was lost.
	repeated Code
	// reason is the cause's text, fit to be shown.
	reason string
	cause  error
}

// ErrIDUsedBefore is in the chain of the error of a charge or refund whose very first attempt was answered with
// [CodeDuplicateTransaction] or [CodeAlreadyRefunded]: the id, or the refund of that charge, is not new, and what was
// done under it earlier may stand. The outcome is unknown; find out what used the id before choosing another one.
var ErrIDUsedBefore = errors.New("the id was used before this call")

// Error says what happened and what to do.
func (e *Error) Error() string {
	text := "dizlee: " + e.Operation
	if e.RequestID != "" {
		text += fmt.Sprintf(" %q", e.RequestID)
	}
	text += ": " + e.summary() + ": " + e.what()
	if e.repeated != "" && e.Outcome() == facade.OutcomeUnknown {
		text += fmt.Sprintf("; repeated, it was answered with %v, which does not tell about the attempt that was lost", e.repeated)
	}
	return text + "; " + e.remedy()
}

func (e *Error) summary() string {
	switch {
	case e.notSent, e.Outcome() == facade.OutcomeUsage:
		return "not sent"
	case e.Outcome() == facade.OutcomeUnknown:
		return "the outcome is unknown"
	case e.Outcome() == facade.OutcomeTemporary:
		return "refused for now, nothing moved"
	default:
		return "refused"
	}
}

// what tells what came back.
func (e *Error) what() string {
	if e.Status == "" {
		return e.whatInstead()
	}
	text := fmt.Sprintf("HTTP %d, %v", e.HTTPStatus, e.Status)
	if e.StatusDetail != "" {
		text += fmt.Sprintf(" (%q)", e.StatusDetail)
	}
	if e.reason != "" {
		text += ": " + e.reason
	}
	return text
}

// whatInstead tells what came back in place of an envelope.
func (e *Error) whatInstead() string {
	text := e.reason
	if text == "" {
		text = fmt.Sprintf("HTTP %d, and %v", e.HTTPStatus, facade.ErrUndecodable)
	}
	if e.Excerpt != "" {
		text += fmt.Sprintf(" (%q)", e.Excerpt)
	}
	return text
}

// remedy tells what to do.
func (e *Error) remedy() string {
	known := e.Status.look()
	switch {
	case e.Outcome() == facade.OutcomeUsage:
		return "use an id of its own for every request"
	case e.notSent:
		return "nothing moved, so it can be tried again"
	case e.RetryAfter > 0 && e.Advice() == AdviceRetryLater:
		return fmt.Sprintf("%s, in %v at the earliest", known.remedy, e.RetryAfter.Round(time.Second))
	case known.remedy != "":
		return known.remedy
	case e.usedBefore:
		return "find out what used the id before"
	case e.Outcome() != facade.OutcomeUnknown:
		return "nothing moved"
	case e.Operation == operationSendSMS:
		return "the subscriber may have the message, and sending it again may deliver it twice"
	case e.subject == partRefund:
		return "the subscriber may have the money back, and nothing protects a refund of a part from being made twice: ask Dizlee"
	default:
		return "only the same request with the same id tells (Recover, or ResumeCharge and ResumeRefund): success, -305 and " +
			"(for a refund) -320 then mean that it was done once; a new id may do it twice"
	}
}

// Outcome says whether money moved: refused and temporary mean that none did.
func (e *Error) Outcome() facade.Outcome {
	switch {
	case e.outcome != "":
		return e.outcome
	case e.notSent:
		return facade.OutcomeTemporary
	}
	return e.Status.Outcome()
}

// Advice says what to do, in terms that a program can act on.
func (e *Error) Advice() Advice {
	switch {
	case e.Outcome() == facade.OutcomeUsage:
		return AdviceFixRequest
	case e.Outcome() == facade.OutcomeUnknown:
		return AdviceUnknown
	case e.Outcome() == facade.OutcomeTemporary:
		return AdviceRetryLater
	case e.Status == "":
		return AdviceStop
	}
	return e.Status.Advice()
}

// Is reports whether target is the error's [Code], or a class that its code belongs to, such as [ErrInsufficientFunds].
func (e *Error) Is(target error) bool {
	return e.Status != "" && errors.Is(e.Status, target)
}

// Unwrap returns [facade.ErrOutcomeUnknown] where money may have moved, [ErrIDUsedBefore] where the id was not new,
// [facade.ErrUndecodable] where an answer came that could not be read, and what went wrong otherwise, such as an ended
// context or [facade.ErrReferenceConflict].
func (e *Error) Unwrap() []error {
	var chain []error
	if e.Outcome() == facade.OutcomeUnknown {
		chain = append(chain, facade.ErrOutcomeUnknown)
	}
	if e.usedBefore {
		chain = append(chain, ErrIDUsedBefore)
	}
	if e.undecodable {
		chain = append(chain, facade.ErrUndecodable)
	}
	if e.cause != nil {
		chain = append(chain, e.cause)
	}
	return chain
}

// LogValue logs the error's parts; those that are empty are left out.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("operation", e.Operation),
		slog.String("outcome", string(e.Outcome())),
		slog.String("advice", string(e.Advice())),
		slog.Int("attempts", e.Attempts),
	}
	if e.HTTPStatus != 0 {
		attrs = append(attrs, slog.Int("httpStatus", e.HTTPStatus))
	}
	if e.RetryAfter > 0 {
		attrs = append(attrs, slog.Duration("retryAfter", e.RetryAfter))
	}
	for _, text := range []slog.Attr{
		slog.String("requestId", e.RequestID),
		slog.String("status", string(e.Status)),
		slog.String("statusDetail", e.StatusDetail),
		slog.String("chargeResponseId", e.ChargeResponseID),
		slog.String("cause", e.reason),
		slog.String("excerpt", e.Excerpt),
	} {
		if text.Value.String() != "" {
			attrs = append(attrs, text)
		}
	}
	return slog.GroupValue(attrs...)
}
