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
// (docs/outcomes.md); what follows from them is decided here. Time comes from package time, so that the whole can be
// simulated in a testing/synctest bubble.
package settle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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

// Case is one reference on its way.
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
	// Open is the result of an entry that stays open although nothing was sent now.
	Open Seen[R]
	// Pack and Unpack turn a result into what the journal keeps, and back.
	Pack   func(R) []byte
	Unpack func(facade.Settlement) (R, error)
	// NotNoted is told of an outcome that could not be noted; the entry stays open and is settled again later.
	NotNoted func(error)

	attempts, left      int
	firstLeft, lastLeft time.Time
	// doubtful reports that an attempt left of which neither an answer nor a look-up told what became. What is refused
	// later speaks of the later attempt alone.
	doubtful bool
	// lookedUp reports that a look-up decided, not an answer.
	lookedUp bool
	resume   *resumption
	// patience ends when nobody waits any more, not even for the grace; nil outside of [Flights].
	patience context.Context
}

// resumption is a case that looks before it sends, without a journal to tell what was sent before.
type resumption struct {
	since        time.Time
	sendIfAbsent bool
}

// Resuming makes the case look first, as if an attempt had been made at since by who knows whom, and send only an
// absent reference, and only if it may.
func (c *Case[R]) Resuming(since time.Time, sendIfAbsent bool) *Case[R] {
	c.resume = &resumption{since: since, sendIfAbsent: sendIfAbsent}
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
	// Err says why nothing was sent: the journal failed, or the reference stands for another request.
	Err error
	// Attempts counts the sends.
	Attempts int
}

// ErrJournal is in the chain of the error of a request that was not sent because it could not be noted.
var ErrJournal = errors.New("the journal could not note it")

// Run takes the case to its end. The context is the callers': once it is done nothing is sent any more, and what left is
// looked up for no longer than the policy's grace.
func (c *Case[R]) Run(ctx context.Context) Result[R] {
	patient := c.patience
	if patient == nil {
		outliving, stop := Outlive(ctx, c.Policy.Grace)
		defer stop()
		patient = outliving
	}
	if c.Journal != nil {
		entry, fresh, err := c.Journal.Begin(ctx, c.Intent)
		switch {
		case err != nil:
			return c.notBegun(patient, err)
		case !fresh:
			return c.known(patient, entry)
		}
	}
	if c.resume != nil {
		return c.resumed(ctx, patient)
	}
	return c.run(ctx, patient, Seen[R]{Verdict: Later})
}

// notBegun ends a case whose intent could not be noted. Nothing was sent now. That says nothing about earlier calls under
// the reference, so the journal is asked for those.
func (c *Case[R]) notBegun(ctx context.Context, reason error) Result[R] {
	reason = fmt.Errorf("%w: %w", ErrJournal, reason)
	entry, found, err := c.Journal.Get(ctx, c.Intent.Key)
	own := found && entry.NotedAt.Equal(c.Intent.NotedAt) && entry.Attempts == 0
	switch {
	case c.resume != nil:
		return Result[R]{Verdict: Unknown, Result: c.Open.Result, Err: reason}
	case err != nil || !found:
		return Result[R]{Verdict: Later, Err: reason}
	case !bytes.Equal(entry.Request, c.Intent.Request):
		return Result[R]{Verdict: Unknown, Err: facade.ErrReferenceConflict}
	case entry.Settlement != nil:
		return c.stored(*entry.Settlement)
	case own:
		return c.end(ctx, Seen[R]{Verdict: Later}, reason)
	}
	return Result[R]{Verdict: Unknown, Result: c.Open.Result, Err: reason}
}

// resumed looks before it sends. How often the request was sent before is not known: more than once, for all we know, which
// is noted too, so that nobody takes the entry for one that never left.
func (c *Case[R]) resumed(ctx, patient context.Context) Result[R] {
	unknown := Seen[R]{Verdict: Unknown, Result: c.Open.Result}
	for range 2 {
		if err := c.noteAttempt(ctx); err != nil {
			return c.end(patient, unknown, err)
		}
	}
	c.left, c.firstLeft, c.lastLeft = 2, c.resume.since, c.resume.since
	seen, absent := c.lookUp(patient, unknown)
	if !absent || !c.resume.sendIfAbsent {
		return c.end(patient, seen)
	}
	return c.run(ctx, patient, unknown)
}

// known goes on with an entry that the journal held already: it is never sent again.
func (c *Case[R]) known(patient context.Context, entry facade.Entry) Result[R] {
	switch {
	case !bytes.Equal(entry.Request, c.Intent.Request):
		c.leaveAlone(patient, entry)
		return Result[R]{Verdict: Unknown, Err: facade.ErrReferenceConflict}
	case entry.Settlement != nil:
		return c.stored(*entry.Settlement)
	case entry.Leased:
		return c.watch(patient)
	}
	return c.Recover(patient, entry, c.Open)
}

// leaveAlone gives up the lease of an entry that Begin handed out although it is another request's.
func (c *Case[R]) leaveAlone(ctx context.Context, entry facade.Entry) {
	if entry.Settlement != nil || entry.Leased {
		return
	}
	if err := c.Journal.Release(context.WithoutCancel(ctx), entry.Key); err != nil && c.NotNoted != nil {
		c.NotNoted(err)
	}
}

// watch waits for what another living owner is working on. That owner may be about to send, so what it has not done yet
// proves nothing: only its settlement, or a transfer that is seen to be accepted, does.
func (c *Case[R]) watch(ctx context.Context) Result[R] {
	var settled *Result[R]
	look := c.Look
	c.Look = func(ctx context.Context) Seen[R] {
		if entry, found, err := c.Journal.Get(ctx, c.Intent.Key); err == nil && found && entry.Settlement != nil {
			result := c.stored(*entry.Settlement)
			settled = &result
			return Seen[R]{Verdict: Unknown}
		}
		if look == nil {
			return Seen[R]{Verdict: LookUp}
		}
		if c.Policy.LookWithin > 0 {
			// The journal may know before the look-up's turn comes.
			bounded, cancel := context.WithTimeout(ctx, c.Policy.LookWithin)
			defer cancel()
			ctx = bounded
		}
		return look(ctx)
	}
	c.left, c.lastLeft = 2, time.Now()
	seen, _ := c.lookUp(ctx, c.Open)
	switch {
	case settled != nil:
		return *settled
	case seen.Verdict == Accepted, seen.Verdict == Pending:
		return c.end(ctx, seen)
	}
	return Result[R]{Verdict: Unknown, Result: seen.Result, Decided: true}
}

// Recover finds out what became of an entry that an earlier life left open. Its result is that of unknown if it can't.
//
// It looks for as long as after an attempt made now: the times in the journal are by a clock that may have been set since,
// and a step must not cut the wait short.
func (c *Case[R]) Recover(ctx context.Context, entry facade.Entry, unknown Seen[R]) Result[R] {
	c.attempts, c.left, c.lookedUp = entry.Attempts, entry.Attempts, true
	if entry.Attempts == 0 {
		// Every attempt is noted before it leaves, so this one never left.
		return c.end(ctx, Seen[R]{Verdict: Later})
	}
	c.lastLeft = time.Now()
	seen, _ := c.lookUp(ctx, unknown)
	return c.end(ctx, seen)
}

func (c *Case[R]) stored(settlement facade.Settlement) Result[R] {
	verdicts := map[facade.Outcome]Verdict{facade.OutcomeAccepted: Accepted, facade.OutcomeRefused: Refused, facade.OutcomeTemporary: Later}
	verdict, known := verdicts[settlement.Outcome]
	if !known {
		return Result[R]{Verdict: Unknown, Err: fmt.Errorf("the journal holds an outcome that settles nothing: %q", settlement.Outcome)}
	}
	result, err := c.Unpack(settlement)
	if err != nil {
		return Result[R]{Verdict: Unknown, Err: err}
	}
	return Result[R]{Verdict: verdict, Result: result, Decided: true}
}

// run sends, and looks up where an answer proves nothing. The result is what stands if the first attempt can't be noted.
func (c *Case[R]) run(ctx, patient context.Context, standing Seen[R]) Result[R] {
	for {
		if err := c.noteAttempt(ctx); err != nil {
			return c.end(patient, standing, err)
		}
		seen := c.send(ctx, patient)
		again := seen.Verdict == Later && seen.Again && c.attempts < c.Policy.MaxAttempts && c.pause(ctx, seen.Pause)
		refused := seen.Verdict == Refused || seen.Verdict == Later
		if !again && (seen.Verdict == LookUp || refused && c.doubtful) {
			// What the service refused, or holds already, is not to be sent again however absent it is.
			lost := seen.Verdict == LookUp && !seen.Earlier
			var absent bool
			seen, absent = c.lookUp(patient, seen)
			again = lost && absent && c.attempts < c.Policy.MaxAttempts && elapsed(c.firstLeft) < c.Policy.ResendAbsentFor
			c.doubtful = true
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

func (c *Case[R]) send(ctx, patient context.Context) Seen[R] {
	sending := time.Now()
	seen := c.Send(context.WithValue(patient, callers{}, ctx))
	c.attempts++
	c.lookedUp = false
	if seen.Earlier {
		c.left++
	}
	if seen.Left {
		c.left++
		c.lastLeft = time.Now()
		if c.firstLeft.IsZero() {
			c.firstLeft = sending
		}
	}
	return seen
}

// elapsed is the time since then by whichever clock says more: the monotonic one stands still while the machine is
// suspended, and the other one can be set back.
func elapsed(since time.Time) time.Duration {
	now := time.Now()
	return max(now.Sub(since), now.Round(0).Sub(since.Round(0)))
}

// lookUp looks until it knows, until the service cannot be working on it any more, or until the callers' patience ends.
// What it cannot find out keeps the result of the doubt. It returns absent if the last look-up worked and found nothing.
func (c *Case[R]) lookUp(ctx context.Context, doubt Seen[R]) (seen Seen[R], absent bool) {
	seen = Seen[R]{Verdict: Unknown, Result: doubt.Result}
	if c.Look == nil {
		return seen, false
	}
	c.lookedUp = true
	deadline := c.lastLeft.Add(c.Policy.LookFor)
	for pause := c.Policy.FirstLook; ; pause = min(2*pause, c.Policy.MaxLookPause) {
		last := !time.Now().Add(pause).Before(deadline)
		if last {
			pause = max(0, time.Until(deadline))
		}
		if !Sleep(ctx, pause) {
			return seen, false
		}
		found := c.look(ctx, deadline)
		// One that waited for its turn for so long is the last as well.
		last = last || !time.Now().Before(deadline)
		switch found.Verdict {
		case Accepted, Unknown:
			return found, false
		case Pending:
			if !found.Moving || last {
				return found, false
			}
			seen = found
		case Refused, Later:
			// With one attempt made, its failure is all there is. With more, the one that failed need not be the one that
			// was lost; what was seen pending has failed meanwhile.
			if c.left <= 1 {
				return found, false
			}
			seen = Seen[R]{Verdict: Unknown, Result: found.Result}
		}
		if last {
			return seen, found.Absent
		}
	}
}

// look makes one look-up. It may wait for its turn until the look-ups are over, and a little longer.
func (c *Case[R]) look(ctx context.Context, deadline time.Time) Seen[R] {
	if c.Policy.LookWithin > 0 {
		bounded, cancel := context.WithDeadline(ctx, deadline.Add(c.Policy.LookWithin))
		defer cancel()
		ctx = bounded
	}
	return c.Look(ctx)
}

// noteAttempt notes that the request is about to leave. The context must not have ended: nothing leaves after that.
func (c *Case[R]) noteAttempt(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if c.Journal == nil {
		return nil
	}
	if err := c.Journal.Attempt(ctx, c.Intent.Key, time.Now()); err != nil {
		return fmt.Errorf("%w: %w", ErrJournal, err)
	}
	return nil
}

// end notes the outcome, or gives up the lease of what stays open. An outcome that can't be noted stays open too.
func (c *Case[R]) end(ctx context.Context, seen Seen[R], reasons ...error) Result[R] {
	outcome, settled := outcomes[seen.Verdict]
	if !settled {
		seen.Verdict = Unknown
	}
	result := Result[R]{Verdict: seen.Verdict, Result: seen.Result, Decided: len(reasons) == 0, Err: errors.Join(reasons...), Attempts: c.attempts}
	if c.Journal == nil {
		return result
	}
	// The outcome is noted whatever has become of the callers.
	ctx = context.WithoutCancel(ctx)
	var err error
	if settled {
		by := "answer"
		if c.lookedUp {
			by = "look-up"
		}
		err = c.Journal.Settle(ctx, c.Intent.Key, facade.Settlement{Outcome: outcome, Answer: c.Pack(seen.Result), By: by, SettledAt: time.Now()})
	}
	if err != nil && c.Repeats && c.attempts > 0 && (seen.Verdict == Refused || seen.Verdict == Later) {
		// The entry stays open, so that it will be repeated, and may go through then: to call it refused would not last.
		result.Verdict, result.Err = Unknown, fmt.Errorf("%w: %w", ErrJournal, err)
	}
	if !settled || err != nil {
		err = errors.Join(err, c.Journal.Release(ctx, c.Intent.Key))
	}
	if err != nil && c.NotNoted != nil {
		c.NotNoted(err)
	}
	return result
}

// outcomes are the verdicts that settle an entry. Pending does too: it is accepted, and its record says the rest.
var outcomes = map[Verdict]facade.Outcome{
	Accepted: facade.OutcomeAccepted,
	Pending:  facade.OutcomeAccepted,
	Refused:  facade.OutcomeRefused,
	Later:    facade.OutcomeTemporary,
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
