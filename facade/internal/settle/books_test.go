// What the simulation checks: what callers were told and what the journal holds, against the service's books.

package settle_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/settle"
)

// check holds everything that was told against the books.
func (w *world) check() {
	for i := range w.plan.references + w.plan.calls {
		ref := fmt.Sprint("order-", i)
		if paid := w.service.paid(ref); paid > 1 {
			w.errorf("%s was paid %d times", ref, paid)
		}
		w.checkEntry(ref)
	}
	for _, one := range w.told {
		w.checkTold(one)
		w.checkSame(one)
	}
}

func (w *world) checkTold(one told) {
	paid := w.service.paid(one.ref) > 0
	r := one.result
	conflict := errors.Is(r.Err, facade.ErrReferenceConflict)
	if !one.cancelled && errors.Is(r.Err, context.Canceled) {
		w.errorf("%s is %s (%v), and its caller had not left", one.ref, r.Verdict, r.Err)
	}
	switch r.Verdict {
	case settle.Accepted:
		if !paid && !w.wasMoving(one) {
			w.errorf("%s is accepted (%s), and was never paid", one.ref, r.Result)
		}
	case settle.Pending:
		if !paid && !w.wasMoving(one) {
			w.errorf("%s is pending (%s), and nothing was on its way", one.ref, r.Result)
		}
	case settle.Refused, settle.Later:
		// What is not noted leaves the reference to others, who may come later.
		noted := w.plan.journal && !errors.Is(r.Err, settle.ErrJournal)
		if paid && noted || w.service.paidOf(one.ref, one.at) > 0 {
			w.errorf("%s is %s (%s, %v), and was paid", one.ref, r.Verdict, r.Result, r.Err)
		}
	case settle.Unknown:
		excused := w.service.doubted(one.ref) || one.cancelled || conflict || w.crashed || w.broken || w.plan.processes > 1
		if !excused {
			w.errorf("%s is unknown (%s, %v), and no answer was lost", one.ref, r.Result, r.Err)
		}
	default:
		w.errorf("%s has the verdict %q", one.ref, r.Verdict)
	}
}

// outcomes are what the verdicts that settle a reference are in the journal.
var outcomes = map[settle.Verdict]facade.Outcome{
	settle.Accepted: facade.OutcomeAccepted, settle.Pending: facade.OutcomeAccepted,
	settle.Refused: facade.OutcomeRefused, settle.Later: facade.OutcomeTemporary,
}

// checkSame holds what a caller was told against the journal: everybody is told the same.
func (w *world) checkSame(one told) {
	outcome := outcomes[one.result.Verdict]
	if w.plan.deferred && one.result.Verdict == settle.Pending {
		return // nobody is told the end yet
	}
	if !w.plan.journal || w.plan.resumes || w.broken || outcome == "" {
		return
	}
	entry, found := w.shelf.entry(key(one.ref))
	switch {
	case !found || entry.Settlement == nil:
		w.errorf("somebody was told that %s is %s, and the journal does not hold it as settled", one.ref, outcome)
	case entry.Settlement.Outcome != outcome:
		w.errorf("somebody was told that %s is %s, and the journal has it as %s", one.ref, outcome, entry.Settlement.Outcome)
	}
}

// wasMoving reports whether there was a payment on its way that may have been seen so, and failed later.
func (w *world) wasMoving(one told) bool {
	w.service.mu.Lock()
	defer w.service.mu.Unlock()
	for _, p := range w.service.books[one.ref] {
		if p.request == one.request && p.ends.After(p.begun) {
			return true
		}
	}
	return false
}

// checkEntry holds the journal against the books.
func (w *world) checkEntry(ref string) {
	entry, found := w.shelf.entry(key(ref))
	sent, paid := w.service.sent(ref), w.service.paid(ref) > 0
	if w.shelf.leased(key(ref)) && !w.broken {
		w.errorf("%s is leased, and nobody works on it", ref)
	}
	switch {
	case !w.plan.journal:
	case !found:
		if sent > 0 && !w.plan.resumes {
			w.errorf("%s was sent %d times without a note", ref, sent)
		}
	case entry.Attempts < sent && !w.plan.resumes:
		w.errorf("%s was sent %d times, of which %d are noted", ref, sent, entry.Attempts)
	case entry.Settlement == nil:
	case entry.Settlement.Outcome == facade.OutcomeAccepted:
		if !paid && (w.plan.deferred || !w.wasMoving(told{ref: ref, request: string(entry.Request)})) {
			w.errorf("the journal has %s as accepted, and it was never paid", ref)
		}
	case paid:
		w.errorf("the journal has %s as %s, and it was paid", ref, entry.Settlement.Outcome)
	}
}

// recoverInPeace recovers what is still open when nothing goes wrong any more: only what is really not to be told may stay
// so.
func (w *world) recoverInPeace() {
	if !w.plan.journal {
		return
	}
	w.service.odds = odds{}
	w.told = nil
	p := &process{w: w, dice: newDice(w.seed, 1<<40), steps: -1, ctx: context.Background(), end: func() {}, journal: w.shelf.owner()}
	for owner := range w.owners() {
		owner.die() // those that lived to the end have ended in good order
	}
	var calls sync.WaitGroup
	p.recover(&calls, 1<<20)
	calls.Wait()
	for i := range w.plan.references {
		ref := fmt.Sprint("order-", i)
		entry, found := w.shelf.entry(key(ref))
		if found && entry.Settlement == nil {
			shown := w.service.shown(ref, string(entry.Request), time.Now())
			failedOnly := entry.Attempts > 1 && (shown.Verdict == settle.Refused || shown.Verdict == settle.Later)
			if shown.Verdict != settle.LookUp && !failedOnly {
				w.errorf("%s stays open after %d attempts, although the list says %s", ref, entry.Attempts, shown.Verdict)
			}
		}
	}
	w.check()
	if w.plan.journalFails == 0 {
		w.checkStored(p)
	}
}

// checkStored sends everything again: what is settled answers the same, and nothing leaves.
func (w *world) checkStored(p *process) {
	for i := range w.plan.references {
		ref := fmt.Sprint("order-", i)
		entry, found := w.shelf.entry(key(ref))
		if !found {
			continue
		}
		sent := w.service.sent(ref)
		result := p.flights.Do(context.Background(), p.newCase(newDice(w.seed, 1<<50+uint64(i)), ref, string(entry.Request)))
		if now := w.service.sent(ref); now != sent {
			w.errorf("%s was sent again although the journal holds it", ref)
		}
		if entry.Settlement != nil && !bytes.Equal([]byte(result.Result), entry.Settlement.Answer) {
			w.errorf("%s was settled with %q and comes back as %q", ref, entry.Settlement.Answer, result.Result)
		}
	}
}

func (w *world) owners() map[*memory]bool {
	w.shelf.mu.Lock()
	defer w.shelf.mu.Unlock()
	owners := map[*memory]bool{}
	for _, held := range w.shelf.entries {
		if held.owner != nil {
			owners[held.owner] = true
		}
	}
	return owners
}
