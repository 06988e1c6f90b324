package settle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/airtime-go/airtime/facade"
)

// What the journal is told, and what follows from what it holds already or cannot tell.

// ErrJournal is in the chain of the error of a request that was not sent, or whose end is not known, because the journal
// failed.
var ErrJournal = errors.New("the journal could not note it")

// notBegun ends a case whose intent could not be noted. Nothing was sent now. That says nothing about earlier calls under
// the reference, in this life or another, so the journal is asked for those: what it cannot tell is unknown.
func (c *Case[R]) notBegun(ctx context.Context, failed error) Result[R] {
	reason := fmt.Errorf("%w: %w", ErrJournal, failed)
	unknown := Seen[R]{Verdict: Unknown, Result: c.Open.Result}
	never := Seen[R]{Verdict: Later}
	if c.resume != nil {
		never = unknown // an earlier life may have sent it without a journal
	}
	entry, found, err := c.held(ctx)
	switch {
	case err != nil:
		// The intent may be there, and leased, as nobody heard.
		return c.end(ctx, unknown, fmt.Errorf("%w, nor could it be read: %w", reason, err))
	case !found:
		return Result[R]{Verdict: never.Verdict, Result: never.Result, Err: reason}
	case !bytes.Equal(entry.Request, c.Intent.Request):
		return Result[R]{Verdict: Unknown, Err: facade.ErrReferenceConflict}
	case entry.Settlement != nil:
		return c.stored(*entry.Settlement)
	case entry.NotedAt.Equal(c.Intent.NotedAt) && entry.Attempts <= c.Intent.Earlier:
		// It is our own: it was noted after all, and nobody else sends it.
		return c.end(ctx, never, reason)
	}
	return Result[R]{Verdict: Unknown, Result: unknown.Result, Err: reason}
}

// known goes on with an entry that the journal held already: it is never sent again.
func (c *Case[R]) known(patient context.Context, entry facade.Entry) Result[R] {
	switch {
	case !bytes.Equal(entry.Request, c.Intent.Request):
		return Result[R]{Verdict: Unknown, Err: facade.ErrReferenceConflict}
	case entry.Settlement != nil:
		return c.stored(*entry.Settlement)
	case entry.Leased:
		return c.watch(patient)
	}
	return c.Recover(patient, entry, c.Open)
}

// stored is the result that the journal holds.
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
	return Result[R]{Verdict: verdict, Result: result, Decided: true, Attempts: c.attempts}
}

// settled returns the result that the journal holds by now, if it does.
func (c *Case[R]) settled(ctx context.Context) (Result[R], bool) {
	entry, found, err := c.held(ctx)
	if err != nil || !found || entry.Settlement == nil {
		return Result[R]{}, false
	}
	return c.stored(*entry.Settlement), true
}

// stands reports that nothing in the journal can change the result: it was accepted. But what others work on may have failed
// since it was seen on its way.
func (c *Case[R]) stands(verdict Verdict) bool {
	return verdict == Accepted || verdict == Pending && !c.watching
}

// overruled returns what somebody else has settled the entry as, if the journal refused a note for that: a person, or who
// took it over while we were taken for dead. Whoever asks later is told theirs, and it may be an acceptance.
func (c *Case[R]) overruled(ctx context.Context, ours Result[R], notNoted error) (Result[R], bool) {
	if c.stands(ours.Verdict) || !errors.Is(errors.Join(notNoted, ours.Err), facade.ErrSettled) {
		return Result[R]{}, false
	}
	return c.settled(ctx)
}

// unlasting turns a proof that nothing moved into unknown if it could not be noted and need not last: where the entry is
// another's by now, and where it stays open and will be repeated, and may go through then.
func (c *Case[R]) unlasting(result Result[R], notNoted error) Result[R] {
	another := errors.Is(notNoted, facade.ErrSettled) || errors.Is(notNoted, facade.ErrLeased)
	repeated := notNoted != nil && c.Repeats && c.noted > 0
	if (result.Verdict == Refused || result.Verdict == Later) && (another || repeated) {
		result.Verdict, result.Err = Unknown, fmt.Errorf("%w: %w", ErrJournal, notNoted)
	}
	return result
}

// tell tells of what could not be noted.
func (c *Case[R]) tell(notNoted error) {
	if notNoted != nil && c.NotNoted != nil {
		c.NotNoted(notNoted)
	}
}

// noteAttempt notes that the request is about to leave. The context must not have ended, neither before nor after that may
// have taken its time: nothing leaves after it. An attempt that is noted and does not leave is one too many in the entry
// of a case that never comes to its end: who recovers it looks for what is not there, and finds it unknown at worst.
func (c *Case[R]) noteAttempt(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if c.Journal == nil {
		return nil
	}
	c.noted++
	err := c.Journal.Attempt(ctx, c.Intent.Key, time.Now())
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrJournal, err)
	}
	return nil
}

// note settles the entry, or gives up its lease if there is no outcome or it can't be noted: then the entry stays open, and
// Open may yield it at once.
func (c *Case[R]) note(ctx context.Context, outcome facade.Outcome, result R) error {
	var failed error
	if outcome != "" {
		by := "answer"
		if c.lookedUp {
			by = "look-up"
		}
		if failed = c.settle(ctx, outcome, result, by); failed == nil {
			return nil
		}
	}
	return errors.Join(failed, c.release(ctx))
}

// Conclude settles an entry by an end that was found out without the case, of the one transfer that the entry can be of: Accepted
// is proof whoever works on it, and a failure only if nobody does, and if no more than one attempt was made that it can be of.
// What somebody else has settled stays as it is. By says how it was found out, as [facade.Settlement] has it.
func (c *Case[R]) Conclude(ctx context.Context, entry facade.Entry, seen Seen[R], by string) error {
	failed := seen.Verdict == Refused || seen.Verdict == Later
	switch {
	case entry.Settlement != nil, entry.Attempts == 0, !failed && seen.Verdict != Accepted, failed && (entry.Leased || entry.Attempts > 1):
		return nil
	}
	err := c.settle(ctx, outcomes[seen.Verdict], seen.Result, by)
	if errors.Is(err, facade.ErrSettled) || errors.Is(err, facade.ErrLeased) {
		return nil
	}
	return err
}

// settle settles the entry.
func (c *Case[R]) settle(ctx context.Context, outcome facade.Outcome, result R, by string) error {
	settlement := facade.Settlement{Outcome: outcome, Answer: c.Pack(result), By: by, SettledAt: time.Now()}
	return Insist(ctx, func(ctx context.Context) error { return c.Journal.Settle(ctx, c.Intent.Key, settlement) })
}

// release gives up the lease, if it is this case's.
func (c *Case[R]) release(ctx context.Context) error {
	if c.Journal == nil || c.watching {
		return nil
	}
	return Insist(ctx, func(ctx context.Context) error { return c.Journal.Release(ctx, c.Intent.Key) })
}

// leased does what is to be done under the lease of an entry. If that panics, or ends its goroutine, nobody will settle the
// entry, and the process may live on: the lease is given up.
func (c *Case[R]) leased(ctx context.Context, do func() Result[R]) Result[R] {
	ended := false
	defer func() {
		if !ended {
			c.tell(c.release(ctx))
		}
	}()
	result := do()
	ended = true
	return result
}

// held returns what the journal holds under the case's key.
func (c *Case[R]) held(ctx context.Context) (entry facade.Entry, found bool, err error) {
	err = Insist(ctx, func(ctx context.Context) (err error) {
		entry, found, err = c.Journal.Get(ctx, c.Intent.Key)
		return err
	})
	return entry, found, err
}

// What a journal fails to do may work a moment later: a lease that is not given up would keep the entry from everybody for
// as long as the process lives. The pauses fit into the part of the grace that is kept for this, if it is the default.
const (
	firstInsistence = 25 * time.Millisecond
	lastInsistence  = 100 * time.Millisecond
	// insistFor bounds how long a journal that hangs is waited for.
	insistFor = 10 * time.Second
)

// Insist does what is to be done whatever has become of the callers, and tries again a few times if it fails, unless the
// journal has said that it never will.
func Insist(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), insistFor)
	defer cancel()
	for pause := firstInsistence; ; pause *= 2 {
		err := do(ctx)
		final := err == nil || errors.Is(err, facade.ErrSettled) || errors.Is(err, facade.ErrLeased) || errors.Is(err, facade.ErrNotNoted)
		if final || pause > lastInsistence || !Sleep(ctx, pause) {
			return err
		}
	}
}
