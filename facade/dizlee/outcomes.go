// The outcome table: what each answer to a call means, and whether the call may be sent again.

package dizlee

import (
	"fmt"
	"slices"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/pipeline"
	"github.com/airtime-go/airtime/facade/internal/settle"
)

// subject is what a call is about, as far as that decides about its outcome.
type subject string

const (
	aCharge    subject = "Charge"
	fullRefund subject = "Refund of everything"
	partRefund subject = "Refund of a part"
	anSMS      subject = "SendSMS"
)

// repeatable reports whether the id protects against doing it twice, so that asking again is the way to find out.
func (s subject) repeatable() bool { return slices.Contains(protected, s) }

var (
	protected = []subject{aCharge, fullRefund}
	// unprotected have no code of their own for having been done: -320 speaks of the whole charge, and an SMS has none.
	unprotected = []subject{partRefund, anSMS}
	refunds     = []subject{fullRefund, partRefund}
	everything  = []subject{aCharge, fullRefund, partRefund, anSMS}
)

// came says what came back from an attempt.
type came string

const (
	cameNothingLeft came = "no connection could be made"
	cameLost        came = "the connection broke or the time-out passed"
	cameRedirect    came = "a redirect"
	cameTooLarge    came = "a body beyond the bound"
	cameUnreadable  came = "no envelope (HTML, cut off, no status), whatever the HTTP status"
	cameEnvelope    came = "an envelope, whatever the HTTP status"
)

// turn says whether an earlier attempt of ours, whose answer was lost, may have arrived.
type turn string

const (
	first  turn = "first"
	repeat turn = "repeat"
)

// row is one row of the table. Empty fields fit everything.
type row struct {
	subjects []subject
	came     came
	statuses []Code
	turn     turn
	// verdict is what it means. To look up is to repeat the same request with the same id.
	verdict settle.Verdict
	// again allows another send.
	again bool
	// byDuplicate marks a success that only the refusal of a duplicate proves.
	byDuplicate bool
	// usedBefore marks an id that somebody used before this call did.
	usedBefore bool
	// why explains the verdict, and is the reason in an error whose outcome is unknown.
	why string
}

// inDoubt are the codes after which nobody but the operator knows.
var inDoubt = []Code{CodeOperatorTimeout, CodeInternalError, CodeUnknownOperatorError}

// duplicates are the codes of ids that were used before.
var duplicates = []Code{CodeDuplicateTransaction, CodeAlreadyRefunded}

// outcomeTable is what an answer means, and nothing else is: the first row that fits decides. docs/outcomes.md is written
// from it, and so are the tests.
var outcomeTable = []row{
	{subjects: everything, came: cameNothingLeft, turn: first, verdict: settle.Later, again: true, why: "nothing left"},
	{subjects: protected, came: cameNothingLeft, turn: repeat, verdict: settle.LookUp, why: "the repetition did not leave, and the lost attempt may have arrived"},

	{subjects: protected, came: cameLost, verdict: settle.LookUp, why: "the request may have arrived"},
	{subjects: protected, came: cameRedirect, verdict: settle.LookUp, why: "whoever redirects may have passed the request on"},
	{subjects: protected, came: cameTooLarge, verdict: settle.LookUp, why: "the answer was not read to its end"},
	{subjects: protected, came: cameUnreadable, verdict: settle.LookUp, why: "a proxy can answer over a finished charge"},
	{subjects: unprotected, came: cameLost, verdict: settle.Unknown, why: "the request may have arrived, and nothing protects against doing it twice"},
	{subjects: unprotected, came: cameRedirect, verdict: settle.Unknown, why: "whoever redirects may have passed the request on, and nothing protects against doing it twice"},
	{subjects: unprotected, came: cameTooLarge, verdict: settle.Unknown, why: "the answer was not read to its end, and nothing protects against doing it twice"},
	{subjects: unprotected, came: cameUnreadable, verdict: settle.Unknown, why: "a proxy can answer over finished work, and nothing protects against doing it twice"},

	{subjects: everything, came: cameEnvelope, statuses: []Code{Code(StatusCodeOK)}, verdict: settle.Accepted, why: "done, whatever statusDetail says"},
	{subjects: everything, came: cameEnvelope, statuses: []Code{CodeTooManyRequests}, turn: first, verdict: settle.Later, again: true, why: "refused before processing"},
	{subjects: everything, came: cameEnvelope, statuses: []Code{CodeQuotaExceeded, CodeSMSFailed}, turn: first, verdict: settle.Later, why: "not done; when it would be is not known"},
	{subjects: protected, came: cameEnvelope, statuses: listed(temporary), turn: repeat, verdict: settle.LookUp, why: "the repetition was refused for now, which proves nothing about the lost attempt"},
	{subjects: protected, came: cameEnvelope, statuses: inDoubt, verdict: settle.LookUp, why: "the operator may have done it"},
	{subjects: unprotected, came: cameEnvelope, statuses: inDoubt, verdict: settle.Unknown, why: "the operator may have done it, and nothing protects against doing it twice"},

	{subjects: []subject{aCharge}, came: cameEnvelope, statuses: []Code{CodeDuplicateTransaction}, turn: repeat, verdict: settle.Accepted, byDuplicate: true, why: "the lost attempt went through"},
	{subjects: []subject{fullRefund}, came: cameEnvelope, statuses: []Code{CodeAlreadyRefunded}, turn: repeat, verdict: settle.Accepted, byDuplicate: true, why: "the lost attempt went through"},
	{subjects: append([]subject{aCharge}, refunds...), came: cameEnvelope, statuses: duplicates, turn: first, verdict: settle.Unknown, usedBefore: true, why: "the id was used before, and what was done under it then may stand"},
	{subjects: protected, came: cameEnvelope, statuses: duplicates, turn: repeat, verdict: settle.Unknown, why: "the code is not documented for this, so it does not tell about the lost attempt"},

	{subjects: protected, came: cameEnvelope, statuses: []Code{CodeAuthenticationFailed}, turn: repeat, verdict: settle.Unknown, why: "the repetition was refused at the door, before anybody looked at its id"},
	{subjects: protected, came: cameEnvelope, statuses: listed(refused), turn: repeat, verdict: settle.LookUp, why: "the repetition was refused, and the lost attempt may be the reason: it may have used up the credit or a limit"},
	{subjects: everything, came: cameEnvelope, statuses: listed(refused), turn: first, verdict: settle.Refused, why: "nothing moved"},
	{subjects: everything, came: cameEnvelope, verdict: settle.Unknown, why: "the code is not documented"},
}

// listed returns the documented codes with an outcome, in their order.
func listed(outcome facade.Outcome) []Code {
	var found []Code
	for code, known := range codes {
		if known.outcome == outcome {
			found = append(found, code)
		}
	}
	slices.Sort(found)
	return found
}

// finding is what is known about an attempt before its meaning is decided.
type finding struct {
	subject subject
	came    came
	status  Code
	turn    turn
}

// outcomeOf returns the first row that fits. The last row fits every envelope, and each failure has rows of its own.
func outcomeOf(f finding) row {
	for _, r := range outcomeTable {
		if r.fits(f) {
			return r
		}
	}
	return row{verdict: settle.Unknown, why: "nothing is known about such an answer"}
}

func (r row) fits(f finding) bool {
	return slices.Contains(r.subjects, f.subject) && r.came == f.came &&
		(r.turn == "" || r.turn == f.turn) &&
		(len(r.statuses) == 0 || slices.Contains(r.statuses, f.status))
}

// cameOf says what an attempt brought; readable reports that the body is an envelope.
func cameOf(failure pipeline.Failure, readable bool) came {
	switch failure {
	case pipeline.NotSent, pipeline.NoCredentials, pipeline.CredentialsRefused:
		return cameNothingLeft
	case pipeline.Lost:
		return cameLost
	case pipeline.Redirected:
		return cameRedirect
	case pipeline.TooLarge:
		return cameTooLarge
	}
	if !readable {
		return cameUnreadable
	}
	return cameEnvelope
}

// String describes a row for tests.
func (r row) String() string {
	return fmt.Sprintf("%v: %s %v, %s turn → %s", r.subjects, r.came, r.statuses, r.turn, r.verdict)
}

// outcomes are the verdicts in the words of errors. A doubt is unknown until a repetition resolves it.
var outcomes = map[settle.Verdict]facade.Outcome{
	settle.Accepted: facade.OutcomeAccepted,
	settle.Refused:  facade.OutcomeRefused,
	settle.Later:    facade.OutcomeTemporary,
	settle.LookUp:   facade.OutcomeUnknown,
	settle.Unknown:  facade.OutcomeUnknown,
}
