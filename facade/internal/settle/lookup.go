package settle

import (
	"context"
	"time"

	"github.com/airtime-go/airtime/facade"
)

// What is found out about attempts that left: by a case of its own attempts, about those of an earlier life, and about
// those that somebody else is making.

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
			// With one attempt made, its failure is all there is; but not before the end, since what is seen may be an older
			// one that nobody told us of, while ours is still to be seen. With more attempts, the one that failed need not be the
			// one that was lost; what was seen pending has failed meanwhile.
			if last && c.left <= 1 {
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

// Recover finds out what became of an entry that an earlier life left open. Its result is that of unknown if it can't.
//
// It looks for as long as after an attempt made now: the times in the journal are by a clock that may have been set since,
// and a step must not cut the wait short.
func (c *Case[R]) Recover(ctx context.Context, entry facade.Entry, unknown Seen[R]) Result[R] {
	c.attempts, c.noted, c.left, c.lookedUp = entry.Attempts, entry.Attempts, entry.Attempts, true
	return c.leased(ctx, func() Result[R] {
		if entry.Attempts == 0 {
			// Every attempt is noted before it leaves, so this one never left.
			return c.end(ctx, Seen[R]{Verdict: Later})
		}
		c.lastLeft = time.Now()
		seen, _ := c.lookUp(ctx, unknown)
		return c.end(ctx, seen)
	})
}

// watch waits for what another caller or living owner is working on. They may be about to send, so what they have not done
// yet proves nothing: only their settlement, or a transfer that is seen to be accepted, does.
func (c *Case[R]) watch(ctx context.Context) Result[R] {
	look := c.Look
	c.Look = func(ctx context.Context) Seen[R] {
		entry, found, err := c.Journal.Get(ctx, c.Intent.Key)
		switch {
		case err == nil && found && entry.Settlement != nil:
			return Seen[R]{Verdict: Unknown} // which ends the look-ups; what it says is read below
		case look == nil:
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
	c.watching = true
	c.left, c.lastLeft = 2, time.Now()
	seen, _ := c.lookUp(ctx, c.Open)
	if seen.Verdict == Accepted || seen.Verdict == Pending {
		return c.end(ctx, seen)
	}
	if theirs, found := c.settled(ctx); found {
		return theirs
	}
	return Result[R]{Verdict: Unknown, Result: seen.Result, Decided: true}
}
