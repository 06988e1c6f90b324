// Package settle is the protocol by which money moves at most once, without any HTTP in it:
//
//	note ──► send ──► accepted, pending or refused ──► settle
//	           │ ▲
//	           │ └─ again, only if nothing left or the answer proves that nothing moved
//	           ▼
//	        look up, until past the time that the service may still work on it
//	           │
//	           └──► found: settle; not found: unknown, which stays open
//
// A [Case] is one reference on its way. What its observations mean is decided by the clients, in one table each
// (docs/outcomes.md); what follows from them is decided here: in settle.go what is sent, in lookup.go what is found out, in
// noting.go what the journal is told and asked, and in flights.go who shares a case. Time comes from package time, so that
// the whole can be simulated in a testing/synctest bubble.
package settle

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/airtime-go/airtime/facade"
)

// Verdict is what one observation, an answer or a look-up, proves about the money.
type Verdict string

const (
	// Accepted: it went through.
	Accepted Verdict = "accepted"
	// Pending: it was accepted and is on its way.
	Pending Verdict = "accepted and pending"
	// Refused: nothing moved, and the same request would be refused again.
	Refused Verdict = "refused"
	// Later: nothing moved by this attempt, and the same request may go through later.
	Later Verdict = "temporary"
	// LookUp: the observation proves nothing.
	LookUp Verdict = "look up"
	// Unknown: the observation proves nothing, and looking further would not help.
	Unknown Verdict = "unknown"
)

// Seen is an observation.
type Seen[R any] struct {
	Verdict Verdict
	// Left reports that the request may have reached the service. Only sends set it.
	Left bool
	// Earlier reports that the service knows of another attempt under the reference. Only sends set it.
	Earlier bool
	// Again allows another send. It counts with Later alone.
	Again bool
	// Pause is how long the service asks to wait before another send.
	Pause time.Duration
	// Absent reports a look-up that worked and found nothing.
	Absent bool
	// Moving reports a pending transfer whose end is near, so that looking on is worth it.
	Moving bool
	// Result is what the caller gets if the case ends with this observation.
	Result R
}

// Policy bounds a case.
type Policy struct {
	// MaxAttempts counts all sends.
	MaxAttempts int
	// Backoff returns the pause before send number n+1 where the service names none.
	Backoff func(n int) time.Duration
	// MaxPause is the longest pause that is waited before another send.
	MaxPause time.Duration
	// LookFor is how long after an attempt look-ups go on; the last one is made when it is over.
	LookFor time.Duration
	// FirstLook is the pause before the first look-up; it doubles up to MaxLookPause.
	FirstLook, MaxLookPause time.Duration
	// LookWithin bounds how much longer than LookFor the last look-up may take, which may have to wait for others; 0 means
	// not at all.
	LookWithin time.Duration
	// ResendAbsentFor is how long after the first attempt a reference that is still absent may be sent again: never, if 0.
	ResendAbsentFor time.Duration
	// Grace is how long a case goes on after its callers have given up.
	Grace time.Duration
}

// Case is one reference on its way. It is run once.
type Case[R any] struct {
	Policy Policy
	// Journal is nil if there is none.
	Journal facade.Journal
	Intent  facade.Intent
	// Send makes one attempt.
	Send func(ctx context.Context) Seen[R]
	// Look finds out what became of the attempts; nil if there is no way to.
	Look func(ctx context.Context) Seen[R]
	// Repeats reports that Look sends the request again, and so does whoever finds the entry open later.
	Repeats bool
	// OpenWhilePending reports that a pending end is none yet: it is the caller's result, and the entry stays open until the end is
	// known.
	OpenWhilePending bool
	// Open is the result of an entry that stays open although nothing was sent now.
	Open Seen[R]
	// Pack and Unpack turn a result into what the journal keeps, and back.
	Pack   func(R) []byte
	Unpack func(facade.Settlement) (R, error)
	// NotNoted is told of an outcome that could not be noted, or of a lease that could not be given up.
	NotNoted func(error)

	// attempts counts the sends, noted what the journal may have noted of them, and left all under the reference that may
	// have reached the service: of this case, the first when it began, and the last when it ended.
	attempts, noted, left int
	firstLeft, lastLeft   time.Time
	// doubtful reports that an attempt left of which neither an answer nor a look-up told what became. What is refused
	// later speaks of the later attempt alone.
	doubtful bool
	// lookedUp reports that a look-up decided, not an answer.
	lookedUp bool
	// watching reports that another caller holds the lease.
	watching bool
	resume   *resumption
	// patience ends when nobody waits any more, not even for the grace, and accepted is told of an acceptance before it is
	// noted; both are nil outside of [Flights].
	patience context.Context
	accepted func(Result[R])
}

// resumption is a case that looks before it sends, without a journal to tell what was sent before.
type resumption struct {
	since        time.Time
	sendIfAbsent bool
}

// Resuming makes the case look first, as if attempts had been made at since by who knows whom, and send only an absent
// reference, and only if it may. How often it was sent is not known: more than once, for all we know, which is noted with
// the intent, so that nobody takes the entry for one that never left, or whose one attempt failed.
func (c *Case[R]) Resuming(since time.Time, sendIfAbsent bool) *Case[R] {
	c.resume = &resumption{since: since, sendIfAbsent: sendIfAbsent}
	c.Intent.Earlier = 2
	return c
}

// Result is how a case ended.
type Result[R any] struct {
	// Verdict is Accepted, Pending, Refused, Later or Unknown.
	Verdict Verdict
	// Result is that of the observation that decided.
	Result R
	// Decided reports that there was such an observation; if not, Err says why.
	Decided bool
	// Err says why nothing was sent, or why it was not found out: the journal failed, the callers left, or the reference
	// stands for another request.
	Err error
	// Attempts counts the sends.
	Attempts int
	// Alone reports that Result is an answer, and that every other send under the reference is known to have moved nothing.
	Alone bool
}

// Run takes the case to its end. The context is the callers': once it is done nothing is sent any more, and what left is
// looked up for no longer than the policy's grace.
func (c *Case[R]) Run(ctx context.Context) Result[R] {
	patient := c.patience
	if patient == nil {
		outliving, stop := Outlive(ctx, c.Policy.Grace)
		defer stop()
		patient = outliving
	}
	var entry facade.Entry
	if c.Journal != nil {
		held, fresh, err := c.Journal.Begin(ctx, c.Intent)
		switch {
		case err != nil:
			return c.notBegun(patient, cmp.Or(context.Cause(ctx), err))
		case !fresh:
			return c.known(patient, held)
		}
		entry = held
	}
	return c.leased(patient, func() Result[R] {
		if c.resume != nil {
			return c.resumed(ctx, patient, entry)
		}
		return c.run(ctx, patient, Seen[R]{Verdict: Later})
	})
}

// resumed looks before it sends.
func (c *Case[R]) resumed(ctx, patient context.Context, entry facade.Entry) Result[R] {
	unknown := Seen[R]{Verdict: Unknown, Result: c.Open.Result}
	// For a journal whose Begin leaves them to Attempt.
	for range c.Intent.Earlier - entry.Attempts {
		if err := c.noteAttempt(patient); err != nil {
			return c.end(patient, unknown, err)
		}
	}
	c.left += c.Intent.Earlier
	c.firstLeft, c.lastLeft = c.resume.since, c.resume.since
	seen, absent := c.lookUp(patient, unknown)
	if !absent || !c.resume.sendIfAbsent {
		return c.end(patient, seen)
	}
	return c.run(ctx, patient, unknown)
}

// run sends, and looks up where an answer proves nothing. The result is what stands if the first attempt can't be noted.
func (c *Case[R]) run(ctx, patient context.Context, standing Seen[R]) Result[R] {
	for {
		if err := c.noteAttempt(ctx); err != nil {
			return c.end(patient, standing, err)
		}
		seen := c.send(ctx, patient)
		again := seen.Verdict == Later && seen.Again && c.attempts < c.Policy.MaxAttempts && c.pause(ctx, seen.Pause) && c.inTime()
		refused := seen.Verdict == Refused || seen.Verdict == Later
		if !again && (seen.Verdict == LookUp || refused && c.doubtful) {
			// What the service refused, or holds already, is not to be sent again however absent it is.
			lost := seen.Verdict == LookUp && !seen.Earlier
			var absent bool
			seen, absent = c.lookUp(patient, seen)
			c.doubtful = true
			again = lost && absent && c.attempts < c.Policy.MaxAttempts && c.inTime()
		}
		if !again {
			return c.end(patient, seen)
		}
		if c.doubtful {
			seen.Verdict = Unknown
		}
		standing = seen
	}
}

// inTime reports whether another send is allowed now: of what may have been done already only for as long as the service
// keeps it from being done twice.
func (c *Case[R]) inTime() bool {
	return !c.doubtful || elapsed(c.firstLeft) < c.Policy.ResendAbsentFor
}

// elapsed is the time since then by whichever clock says more: the monotonic one stands still while the machine is
// suspended, and the other one can be set back.
func elapsed(since time.Time) time.Duration {
	now := time.Now()
	return max(now.Sub(since), now.Round(0).Sub(since.Round(0)))
}

func (c *Case[R]) send(ctx, patient context.Context) Seen[R] {
	sending := time.Now()
	c.left++ // for all we know, until it comes back
	seen := c.Send(context.WithValue(patient, callers{}, ctx))
	c.attempts++
	c.lookedUp = false
	if seen.Earlier {
		c.left++
	}
	if !seen.Left && seen.Verdict != LookUp {
		c.left--
		return seen
	}
	c.lastLeft = time.Now()
	if c.firstLeft.IsZero() {
		c.firstLeft = sending
	}
	return seen
}

// pause waits before another send, and reports false if the wait would be too long for the policy or the callers.
func (c *Case[R]) pause(ctx context.Context, asked time.Duration) bool {
	if asked > c.Policy.MaxPause {
		return false
	}
	if asked <= 0 {
		asked = c.Policy.Backoff(c.attempts)
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= asked {
		return false
	}
	return Sleep(ctx, asked)
}

// end is the end of a case that has seen all it will. What was accepted stays so whatever becomes of the note.
func (c *Case[R]) end(ctx context.Context, seen Seen[R], reasons ...error) Result[R] {
	outcome := outcomes[seen.Verdict]
	if outcome == "" {
		seen.Verdict = Unknown
	}
	if c.OpenWhilePending && seen.Verdict == Pending {
		outcome = ""
	}
	result := Result[R]{Verdict: seen.Verdict, Result: seen.Result, Decided: len(reasons) == 0, Err: errors.Join(reasons...), Attempts: c.attempts}
	result.Alone = result.Decided && c.attempts > 0 && !c.lookedUp && !c.doubtful && c.resume == nil
	if c.stands(seen.Verdict) && c.accepted != nil {
		c.accepted(result)
	}
	if c.Journal == nil {
		return result
	}
	err := c.note(ctx, outcome, seen.Result)
	if theirs, found := c.overruled(ctx, result, err); found {
		return theirs
	}
	c.tell(err)
	return c.unlasting(result, err)
}

// outcomes are the verdicts that settle an entry. Pending does too: it is accepted, and its record says the rest.
var outcomes = map[Verdict]facade.Outcome{
	Accepted: facade.OutcomeAccepted,
	Pending:  facade.OutcomeAccepted,
	Refused:  facade.OutcomeRefused,
	Later:    facade.OutcomeTemporary,
}
