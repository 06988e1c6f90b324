// How calls follow the protocol of package settle: one attempt, the repetition that finds out about a lost one, and the
// end.

package dizlee

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/pipeline"
	"github.com/airtime-go/airtime/facade/internal/settle"
)

// Repetitions after a lost answer: the first leaves the lost attempt some time to settle.
const (
	firstRepetition    = 2 * time.Second
	maxRepetitionPause = 30 * time.Second
)

func (c *Client) policy() settle.Policy {
	return settle.Policy{
		MaxAttempts:  c.retry.MaxAttempts,
		MaxPause:     c.retry.MaxRetryAfter,
		LookFor:      c.settleTimeout,
		FirstLook:    firstRepetition,
		MaxLookPause: maxRepetitionPause,
		Grace:        c.settleAfterCancel,
		Backoff:      func(n int) time.Duration { return pipeline.Backoff(c.retry, n) },
	}
}

// ended is what a call came to: an answer or an error.
type ended struct {
	answer *answer
	err    *Error
	// head is where the head of the last answer is; nil if none of this call's came.
	head **http.Response
	// calledOff reports a doubt that stayed because the callers had left.
	calledOff bool
}

// transaction is one id on its way. All of it happens in one goroutine.
type transaction struct {
	client *Client
	call   call
	book   *book
	// callers ends once nobody waits any more; nothing is sent after that.
	callers  context.Context
	attempts int
	// repeating reports that an attempt under this id may have arrived, so that the next one is a repetition.
	repeating bool
	// resumed reports that a program without a journal may have sent the request before.
	resumed bool
	// doubt is the error of the attempt that was lost, which is the call's if nothing more is found out.
	doubt *Error
	head  *http.Response

	// inherited reports that the journal held the id already, watching that somebody else works on it, and recovering that
	// nobody waits for this id alone: the context is that of the whole recovery, and has no patience of its own.
	inherited, watching, recovering bool
	// repeatUntil is when repetitions end, lastEnded when the last one did, and notBefore what the service asked for.
	repeatUntil, lastEnded, notBefore time.Time
}

func newTransaction(c *Client, k call) *transaction {
	t := &transaction{client: c, call: k}
	t.book = &book{Journal: c.journal, t: t}
	t.doubt = t.fail(facade.OutcomeUnknown, errStillOpen)
	return t
}

var errStillOpen = errors.New("the journal holds it as sent, and what became of it could not be found out")

func (t *transaction) key() facade.Key {
	return facade.Key{Scope: t.client.scope(t.call.operation), Operation: t.call.operation, Reference: t.call.id}
}

// scope keeps what went to different addresses apart.
func (c *Client) scope(operation string) string {
	return "dizlee " + pipeline.Place(c.address(operation))
}

func (t *transaction) intent() facade.Intent {
	intent := facade.Intent{Key: t.key(), Request: t.call.body, NotedAt: time.Now()}
	if t.resumed {
		// The attempt of long ago, so that nobody takes the entry for one that never left.
		intent.Earlier = 1
	}
	return intent
}

func (t *transaction) newCase() *settle.Case[ended] {
	todo := &settle.Case[ended]{
		Policy:   t.client.policy(),
		Journal:  t.book,
		Intent:   t.intent(),
		Send:     t.send,
		Open:     settle.Seen[ended]{Verdict: settle.Unknown, Result: t.end(nil, t.doubt)},
		Pack:     pack,
		Unpack:   t.unpack,
		NotNoted: t.notNoted,
	}
	if t.call.subject.repeatable() {
		todo.Look, todo.Repeats = t.look, true
	}
	return todo
}

func (t *transaction) end(a *answer, err *Error) ended {
	return ended{answer: a, err: err, head: &t.head}
}

func (t *transaction) notNoted(err error) {
	t.client.logger.LogAttrs(context.Background(), slog.LevelError, "an outcome could not be noted; it stays open in the journal",
		slog.String("service", "dizlee"), slog.String("operation", t.call.operation), slog.String("requestId", t.call.id),
		slog.String("error", err.Error()))
}

// send makes an attempt that nothing is known of before.
func (t *transaction) send(ctx context.Context) settle.Seen[ended] {
	seen, decided := t.attempt(ctx)
	if decided.usedBefore {
		t.book.markUsedBefore(seen.Result)
	}
	if seen.Verdict == settle.LookUp {
		t.repeatUntil = time.Now().Add(t.client.settleTimeout)
		// What was refused before processing does not count as sent: with the same id, a later refusal stands for all.
		seen.Left = true
		// A copy, since the attempt hook has seen the original.
		doubt := *seen.Result.err
		t.doubt, seen.Result.err = &doubt, &doubt
		seen.Result.calledOff = t.callers.Err() != nil
	}
	return seen
}

// look finds out what became of a lost attempt: by the same request with the same id, as long as anybody waits.
func (t *transaction) look(ctx context.Context) settle.Seen[ended] {
	giveUp := settle.Seen[ended]{Verdict: settle.Unknown, Result: t.end(nil, t.doubt)}
	lookOn := settle.Seen[ended]{Verdict: settle.LookUp}
	switch {
	case t.watching:
		return lookOn
	case t.callers.Err() != nil:
		giveUp.Result.calledOff = true
		return giveUp
	case t.lastEnded.After(t.repeatUntil), t.notBefore.After(t.repeatUntil):
		return giveUp
	case time.Now().Before(t.notBefore):
		return lookOn
	}
	if t.recovering {
		outliving, stop := settle.Outlive(ctx, t.client.settleAfterCancel)
		defer stop()
		ctx = outliving
	}
	if t.inherited {
		used, found, err := t.book.usedBefore(ctx)
		switch {
		case err != nil:
			// Without that note, a repetition could take the answer of an earlier use for its own.
			return lookOn
		case found:
			return settle.Seen[ended]{Verdict: settle.Unknown, Result: used}
		}
	}
	t.repeating = true
	if err := t.book.Attempt(ctx, t.key(), time.Now()); err != nil {
		return t.overtaken(ctx, err)
	}
	seen, _ := t.attempt(ctx)
	t.lastEnded = time.Now()
	t.doubt.Attempts = t.attempts
	if failure := seen.Result.err; failure != nil && failure.Status.Outcome() != facade.OutcomeUnknown {
		t.doubt.repeated = failure.Status
	}
	return seen
}

// overtaken is what a repetition comes to that the journal does not allow: by now, somebody else may have settled it.
func (t *transaction) overtaken(ctx context.Context, reason error) settle.Seen[ended] {
	if errors.Is(reason, facade.ErrSettled) {
		entry, found, err := t.book.Get(ctx, t.key())
		if err == nil && found && entry.Settlement != nil {
			if end, err := t.unpack(*entry.Settlement); err == nil {
				return settle.Seen[ended]{Verdict: settledAs[entry.Settlement.Outcome], Result: end}
			}
		}
	}
	return settle.Seen[ended]{Verdict: settle.LookUp}
}

var settledAs = map[facade.Outcome]settle.Verdict{
	facade.OutcomeAccepted:  settle.Accepted,
	facade.OutcomeRefused:   settle.Refused,
	facade.OutcomeTemporary: settle.Later,
}

// attempt sends the request once, and reads what comes back by the outcome table.
func (t *transaction) attempt(ctx context.Context) (settle.Seen[ended], row) {
	earlier := t.attempts
	t.attempts++
	ctx, stop := untilConnected(ctx, t.callers)
	defer stop()
	var (
		decided row
		seen    settle.Seen[ended]
	)
	_ = t.client.do(ctx, pipeline.Call{
		Operation:     t.call.operation,
		CorrelationID: t.call.id,
		Build:         func(ctx context.Context) (*http.Request, error) { return t.client.request(ctx, t.call) },
		Money:         true,
		Earlier:       earlier,
		Private:       []string{t.call.msisdn},
		MaxBody:       maxBody,
		Head:          &t.head,
		Judge: func(came pipeline.Answer) pipeline.Verdict {
			var a *answer
			var failure *Error
			decided, a, failure = t.judge(came)
			seen = settle.Seen[ended]{Verdict: decided.verdict, Again: decided.again, Pause: came.RetryAfter, Result: t.end(a, failure)}
			t.notBefore = time.Now().Add(came.RetryAfter)
			if failure == nil {
				return pipeline.Verdict{}
			}
			return pipeline.Verdict{Err: failure}
		},
	})
	return seen, decided
}

// untilConnected returns a context that ends when the callers' does while a connection is still being made: what has not
// left by then is not to leave. Once there is a connection, the attempt may go on to bring its answer.
func untilConnected(ctx, callers context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	var connecting atomic.Bool
	callOff := func() {
		if connecting.Load() && callers.Err() != nil {
			cancel()
		}
	}
	detach := context.AfterFunc(callers, callOff)
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) {
			connecting.Store(true)
			callOff()
		},
		GotConn: func(httptrace.GotConnInfo) { connecting.Store(false) },
	})
	return traced, func() {
		detach()
		cancel()
	}
}

// answered turns the end of a case, which may be another caller's, into what a call returns.
func (t *transaction) answered(ctx context.Context, result settle.Result[ended], options callOptions) (answer, error) {
	end := result.Result
	if options.head != nil && end.head != nil && *end.head != nil {
		*options.head = *end.head
	}
	if result.Verdict == settle.Accepted {
		return *end.answer, nil
	}
	if t.resumed && result.Verdict == settle.Later && (end.err == nil || !errors.Is(end.err, errFromJournal)) {
		// Nothing was sent now, or not processed. That says nothing about what may have been sent before.
		result.Verdict = settle.Unknown
	}
	// Nothing of the transaction that changes is read here: it goes on if this caller has given up.
	failure := t.call.fail(outcomes[result.Verdict])
	if end.err != nil {
		*failure = *end.err
	}
	failure.outcome = outcomes[result.Verdict]
	failure.notSent = failure.notSent && result.Verdict == settle.Later
	switch {
	case errors.Is(result.Err, facade.ErrReferenceConflict):
		failure.outcome = facade.OutcomeUsage
		failure.because(result.Err)
	case result.Err != nil:
		failure.notSent = result.Verdict == settle.Later && (end.err == nil || end.err.notSent)
		failure.because(result.Err)
	case end.err == nil && result.Verdict == settle.Later:
		failure.notSent = true
		failure.because(errNeverLeft)
	}
	if gone := ctx.Err(); gone != nil && failure.outcome == facade.OutcomeUnknown && !errors.Is(failure, gone) {
		failure.because(gone)
	}
	return answer{}, failure
}

var errNeverLeft = errors.New("the journal holds it, and it never left")

// fail makes an error that no answer stands behind.
func (t *transaction) fail(outcome facade.Outcome, reason error) *Error {
	e := t.call.fail(outcome)
	e.Attempts = t.attempts
	if reason != nil {
		e.because(reason)
	}
	return e
}

func (k call) fail(outcome facade.Outcome) *Error {
	return &Error{Operation: k.operation, RequestID: k.id, subject: k.subject, outcome: outcome}
}

// because puts another reason before those that an error has.
func (e *Error) because(reason error) {
	text := strings.ReplaceAll(reason.Error(), "\n", ": ")
	if e.reason != "" {
		text += ": " + e.reason
	}
	e.reason = text
	if e.cause != nil {
		reason = fmt.Errorf("%w: %w", reason, e.cause)
	}
	e.cause = reason
}
