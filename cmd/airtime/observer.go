// What is told of one request while it is under way, and of where its result comes from.

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/dizlee"
)

// observer sees what happens to one request between the command and its result, and tells people who wait.
type observer struct {
	app *app
	// ctx ends when the run is interrupted.
	ctx context.Context
	// operation and reference name the request.
	operation, reference string
	// finding is what is done about a lost answer, for people; empty if nothing is.
	finding string

	mu sync.Mutex
	// stored is what the journal held about the request already, if it was settled.
	stored *facade.Settlement
	// noted reports that the journal holds the request, and lost that an answer was lost.
	noted, lost bool
}

// tell says something while the call is under way. With --json stderr is for the error object alone.
func (o *observer) tell(format string, args ...any) {
	if !o.app.json {
		_, _ = fmt.Fprintf(o.app.stderr, o.operation+": "+format+"\n", args...)
	}
}

// sees is the hook of the request's client.
func (o *observer) sees() facade.AttemptHook {
	progress := o.app.progress()
	return func(ctx context.Context, attempt facade.Attempt) {
		progress(ctx, attempt)
		if attempt.Operation != o.operation || facade.OutcomeOf(attempt.Err) != facade.OutcomeUnknown || errors.Is(attempt.Err, dizlee.ErrIDUsedBefore) {
			return
		}
		o.mu.Lock()
		first := !o.lost
		o.lost = true
		o.mu.Unlock()
		if first && o.finding != "" && o.ctx.Err() == nil {
			o.tell("the answer was lost (%s); %s", whatCame(attempt), o.finding)
		}
	}
}

// watches returns the journal with the observer in front of it.
func (o *observer) watches(journal facade.Journal, looksOnly bool) facade.Journal {
	return &watchedJournal{Journal: journal, observer: o, looksOnly: looksOnly}
}

// explains adds to an error what to do about it. What to do after an unknown outcome is afterLost, which is told whether the
// journal holds the request.
func (o *observer) explains(err error, afterLost func(noted bool) string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch outcome := facade.OutcomeOf(err); {
	case outcome == facade.OutcomeUnknown:
		return o.advises(err, afterLost(o.noted))
	case errors.Is(err, facade.ErrReferenceConflict):
		return o.advises(err, "nothing was sent: take a new reference for this one, in place of "+quote(o.reference))
	case o.stored != nil:
		return o.advises(err, "nothing was sent: "+quote(o.reference)+" was settled at "+instant(o.stored.SettledAt)+", "+settledBy(*o.stored))
	case outcome == facade.OutcomeTemporary && o.noted:
		return o.advises(err, "the journal keeps "+quote(o.reference)+" as never done, so take a new reference to send it again")
	}
	return brokenJournal(err)
}

func (o *observer) advises(err error, advice string) error {
	return &adviceError{error: err, advice: advice, reference: o.reference}
}

// tellWhereFrom tells where a result comes from, unless from the answer. What is missing from a stored one says unkept.
func (a *app) tellWhereFrom(o *observer, what, unkept string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.stored != nil:
		a.notice("nothing was sent: this is %s as the journal has it, settled at %s, %s", what, instant(o.stored.SettledAt), settledBy(*o.stored))
		if unkept != "" {
			a.notice("%s", unkept)
		}
	case o.lost:
		a.notice("the answer was lost, and the outcome was found out")
	}
}

// watchedJournal tells an observer what a journal knew already.
type watchedJournal struct {
	facade.Journal
	observer  *observer
	looksOnly bool
	// absent reports that the journal does not hold the request, and is not to.
	absent atomic.Bool
}

// Begin is the journal's own, unless nothing is to be noted.
func (w *watchedJournal) Begin(ctx context.Context, intent facade.Intent) (facade.Entry, bool, error) {
	if w.looksOnly {
		if _, found, err := w.Get(ctx, intent.Key); err != nil || !found {
			w.absent.Store(true)
			return facade.Entry{Intent: intent}, true, err
		}
	}
	entry, fresh, err := w.Journal.Begin(ctx, intent)
	if err == nil && intent.Operation == w.observer.operation {
		w.observer.begun(entry, !fresh && bytes.Equal(entry.Request, intent.Request))
	}
	return entry, fresh, err
}

// begun takes note of what a journal says: known is an entry that was there before, for the same request.
func (o *observer) begun(entry facade.Entry, known bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.noted = true
	switch {
	case !known:
		// The client has something to say about another request.
	case entry.Settlement != nil:
		o.stored = entry.Settlement
	case entry.Leased:
		o.tell("another process is at work on %s; waiting for what becomes of it", quote(o.reference))
	default:
		o.tell("%s was left open at %s; finding out what became of it", quote(o.reference), instant(entry.NotedAt))
	}
}

// Attempt, Settle and Release are the journal's own, if it holds the request.

func (w *watchedJournal) Attempt(ctx context.Context, key facade.Key, at time.Time) error {
	if w.absent.Load() {
		return nil
	}
	return w.Journal.Attempt(ctx, key, at)
}

func (w *watchedJournal) Settle(ctx context.Context, key facade.Key, settlement facade.Settlement) error {
	if w.absent.Load() {
		return nil
	}
	err := w.Journal.Settle(ctx, key, settlement)
	if err != nil {
		w.observer.tell("the outcome (%s) could not be noted, so the journal keeps it open: %s", settlement.Outcome, oneLine(err.Error()))
	}
	return err
}

func (w *watchedJournal) Release(ctx context.Context, key facade.Key) error {
	if w.absent.Load() {
		return nil
	}
	return w.Journal.Release(ctx, key)
}
