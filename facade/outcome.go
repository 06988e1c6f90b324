package facade

import "errors"

// Outcome says what a call came to, in the terms a program acts on.
type Outcome string

const (
	// OutcomeAccepted: the call went through.
	OutcomeAccepted Outcome = "accepted"
	// OutcomeRefused: the service said no, and nothing moved. The same request will be refused until something changes.
	OutcomeRefused Outcome = "refused"
	// OutcomeTemporary: nothing moved, and the same request may go through later.
	OutcomeTemporary Outcome = "temporary"
	// OutcomeUnknown: the answer was lost or cannot be trusted, and money may have moved. Find out before trying again.
	OutcomeUnknown Outcome = "unknown"
	// OutcomeUsage: the request was never sent, because it could not have been accepted.
	OutcomeUsage Outcome = "usage"
)

// ErrOutcomeUnknown is in the chain of every error after which money may or may not have moved: the request left, and
// no answer came that proves what became of it. Find out first, as the service's package says; never try again under a
// new reference on a guess.
var ErrOutcomeUnknown = errors.New("the outcome is unknown: money may have moved, find out before trying again")

// ErrUndecodable is in the chain of an error whose answer arrived and could not be read: no JSON, or not the service's envelope.
var ErrUndecodable = errors.New("the answer could not be read")

// OutcomeOf returns the outcome that err stands for: accepted for nil, refused for an error of unknown origin. Of several
// errors joined, one after which money may have moved counts most.
func OutcomeOf(err error) Outcome {
	if err == nil {
		return OutcomeAccepted
	}
	if errors.Is(err, ErrOutcomeUnknown) {
		return OutcomeUnknown
	}
	var known interface{ Outcome() Outcome }
	if errors.As(err, &known) {
		return known.Outcome()
	}
	return OutcomeRefused
}
