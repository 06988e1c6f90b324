// Callers: who wants an order done, calls, and deals with what comes back as a careful program does.

package chaos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/facade/dizlee"
)

// report is what somebody was told about an order.
type report struct {
	order   order
	process string
	// by says how it was asked.
	by      manner
	outcome facade.Outcome
	text    string
	began   time.Time
	at      time.Time
	// gaveUp: the caller's context had ended. conflict: another request has the reference. unnoted: the journal failed.
	// duplicate: it counts as done because a duplicate was refused. prevented: Ding has refused one.
	gaveUp, conflict, unnoted, duplicate, prevented bool
	// again: somebody without a journal has sent it before, of which the client can know nothing.
	again bool
}

// manner is how an order is asked for.
type manner string

const (
	byCall     manner = "call"
	byResuming manner = "resume"
	// bySendingAtLast resumes, hours later, and sends what is absent.
	bySendingAtLast manner = "resume at last"
	byRecovery      manner = "recovery"
	byValidating    manner = "validation"
)

// mostCalls bounds how often one caller tries.
const mostCalls = 6

// serve has an order done, by all its callers.
func (w *world) serve(o order) {
	pause(context.Background(), o.starts)
	switch {
	case o.stranger != (other{}):
		_, _ = w.stranger.do(context.Background(), o.as(o.stranger), byCall) // what becomes of it is that program's business
	case o.before:
		ctx, cancel := context.WithTimeout(context.Background(), w.dice.spread(time.Millisecond, time.Minute, "lives", o.reference))
		_, _ = w.stranger.do(ctx, o, byCall) // nobody was told
		cancel()
	}
	if o.validated {
		w.validate(o)
	}
	if !w.plan.journal {
		w.serveTogether(o)
		return
	}
	for n := range o.callers {
		w.calls.Go(func() {
			if n > 0 { // often while the first is noting what it is about to send
				pause(context.Background(), w.dice.spread(100*time.Microsecond, time.Minute, "joins", o.reference, n))
			}
			w.call(o, n)
		})
	}
	if o.rival != (other{}) {
		w.calls.Go(func() {
			pause(context.Background(), w.dice.spread(time.Millisecond, time.Minute, "rivals", o.reference))
			w.call(o.as(o.rival), -1)
		})
	}
}

// validate asks what would become of a transfer, under its own reference. That is a read: its outcome is never unknown.
func (w *world) validate(o order) {
	p := w.slots[w.dice.pick(len(w.slots), "asks", "validation", o.reference)].await()
	request := o.transfer()
	request.ValidateOnly = true
	_, err := p.ding.SendTransfer(p.ctx, request)
	if r := (report{order: o, process: p.name, by: byValidating}); !p.isDead() && facade.OutcomeOf(err) == facade.OutcomeUnknown {
		r.fill(err)
		w.tell(r)
	}
}

// call is one caller, who goes on until something certain is known, or patience ends. A journal makes that safe.
func (w *world) call(o order, caller int) {
	for number := range mostCalls {
		about := []any{o.reference, caller, number}
		p := w.slots[w.dice.pick(len(w.slots), "asks", about)].await()
		by := byCall
		if o.before {
			by = byResuming
		}
		r, told := w.ask(p, o, by, about)
		if told && !w.dice.chance(askAgain[r.outcome], "asks again", about) {
			return
		}
		pause(context.Background(), w.dice.spread(100*time.Millisecond, 5*time.Minute, "thinks", about))
	}
}

// askAgain is how often a caller who was told something asks again.
var askAgain = map[facade.Outcome]float64{
	facade.OutcomeUnknown: 0.7, facade.OutcomeTemporary: 0.4, facade.OutcomeAccepted: 0.15, facade.OutcomeRefused: 0.1,
}

// serveTogether is for those without a journal: callers join while the first is waiting, all in one process, and nobody
// sends again, unless the service is known to prevent duplicates. What is lost with a process, or unknown, is resumed.
func (w *world) serveTogether(o order) {
	p := w.slots[w.dice.pick(len(w.slots), "asks", o.reference)].await()
	done := make(chan struct{})
	for n := 1; n < o.callers; n++ {
		w.calls.Go(func() {
			timer := time.NewTimer(w.dice.spread(time.Microsecond, time.Minute, "joins", o.reference, n))
			defer timer.Stop()
			select {
			case <-done:
			case <-timer.C:
				w.ask(p, o, byCall, []any{o.reference, n})
			}
		})
	}
	r, told := w.ask(p, o, byCall, []any{o.reference, 0})
	close(done)
	for number := range mostCalls {
		if told && r.outcome != facade.OutcomeUnknown || !o.protected() {
			break
		}
		about := []any{o.reference, resumes, number}
		sends := w.plan.preventsDuplicates && o.kind == transfer && w.dice.chance(0.5, "sends", about)
		by := byResuming
		if sends {
			by = byCall
		}
		r, told = w.askLater(o, by, about)
	}
	if o.rival != (other{}) && told && r.outcome == facade.OutcomeAccepted {
		// It can be told neither that it was paid nor that it was not: somebody else's order was.
		by := byCall
		if o.kind == transfer && !w.plan.preventsDuplicates {
			by = byResuming
		}
		w.askLater(o.as(o.rival), by, []any{o.reference, "rival"})
	}
}

// resumes marks what is drawn for somebody without a journal who asks again.
const resumes = "resumes"

// askLater is ask, after some thought, of whichever process.
func (w *world) askLater(o order, by manner, about []any) (report, bool) {
	pause(context.Background(), w.dice.spread(100*time.Millisecond, 5*time.Minute, "thinks", about))
	return w.ask(w.slots[w.dice.pick(len(w.slots), "asks", about)].await(), o, by, about)
}

// ask makes one call. It reports false if the process died, so that nobody was told anything.
func (w *world) ask(p *process, o order, by manner, about []any) (report, bool) {
	r := report{order: o, process: p.name, by: by, began: time.Now()}
	r.again = by == byCall && slices.Contains(about, any(resumes))
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	patience := time.Duration(0)
	if w.dice.chance(w.plan.impatient, "impatient", about) {
		patience = w.dice.spread(time.Millisecond, 200*time.Second, "patience", about)
		ctx, cancel = context.WithTimeout(p.ctx, patience)
		defer cancel()
	}
	w.diary.note(o.reference, "%s: %s", p.name, r.by)
	done := w.waiting(ask{name: o.name()}, p, patience)
	duplicate, err := p.do(ctx, o, by)
	done()
	if p.isDead() {
		w.diary.note(o.reference, "%s: died before it could tell", p.name)
		return r, false
	}
	r.gaveUp, r.duplicate = ctx.Err() != nil, duplicate
	r.fill(err)
	w.tell(r)
	return r, true
}

func (r *report) fill(err error) {
	r.outcome = facade.OutcomeOf(err)
	r.conflict = errors.Is(err, facade.ErrReferenceConflict)
	r.unnoted = errors.Is(err, errDisk)
	r.prevented = errors.Is(err, ding.CodeDuplicateTransactionPrevented)
	if err != nil {
		r.text = err.Error()
	}
}

// do has the order done by the process's clients. Duplicate reports a success that only a refused duplicate proves.
func (p *process) do(ctx context.Context, o order, by manner) (duplicate bool, err error) {
	switch o.kind {
	case transfer:
		switch by {
		case byResuming:
			_, err = p.ding.ResumeTransfer(ctx, o.transfer())
		case bySendingAtLast:
			_, err = p.ding.ResumeTransfer(ctx, o.transfer(), ding.SendIfAbsent())
		default:
			_, err = p.ding.SendTransfer(ctx, o.transfer())
		}
	case charge:
		var answer *dizlee.ChargeResponse
		if by == byResuming {
			answer, err = p.dizlee.ResumeCharge(ctx, o.chargeRequest())
		} else {
			answer, err = p.dizlee.Charge(ctx, o.chargeRequest())
		}
		duplicate = err == nil && answer.ByDuplicate
	case refund:
		if by == byResuming {
			_, err = p.dizlee.ResumeRefund(ctx, o.refund())
		} else {
			_, err = p.dizlee.Refund(ctx, o.refund())
		}
	case message:
		_, err = p.dizlee.SendSMS(ctx, o.message())
	}
	return duplicate, err
}

func (o order) transfer() ding.SendTransferRequest {
	return ding.SendTransferRequest{SKUCode: o.sku, SendValue: o.amount, AccountNumber: o.account, DistributorRef: o.reference}
}

func (o order) chargeRequest() dizlee.ChargeRequest {
	return dizlee.ChargeRequest{ChargeRequestID: o.reference, UserID: o.account, Amount: o.amount, Currency: "IQD", FirstCharge: true}
}

func (o order) refund() dizlee.RefundRequest {
	request := dizlee.RefundRequest{RefundRequestID: o.reference, UserID: o.account, TransactionID: o.charge, Currency: "IQD", Reason: "asked for"}
	if !o.amount.IsZero() {
		request.Amount = &o.amount
	}
	return request
}

func (o order) message() dizlee.SendSMSRequest {
	return dizlee.SendSMSRequest{
		SMSRequestID: o.reference, SubscriptionID: dizlee.OneTimePurchase, Sender: "4040", Receiver: o.account,
		Language: dizlee.LanguageEnglish, MessageBody: "for " + o.reference,
	}
}

// recover settles what earlier lives left open, and tells what became of it.
func (w *world) recover(p *process) {
	defer w.waiting(ask{recovery: true}, p, 0)()
	for found, err := range p.ding.RecoverTransfers(p.ctx) {
		if err != nil || p.isDead() {
			break
		}
		w.tellRecovered(p, transfer, found.Request.DistributorRef, found.Err)
	}
	for found, err := range p.dizlee.Recover(p.ctx) {
		if err != nil || p.isDead() {
			break
		}
		w.tellRecovered(p, kind(found.Operation), found.RequestID, found.Err)
	}
}

func (w *world) tellRecovered(p *process, k kind, reference string, err error) {
	r := report{order: w.orderOf(k, reference), process: p.name, by: byRecovery, began: time.Now()}
	r.fill(err)
	w.tell(r)
}

// orderOf finds an order; the rival of one may be what was recovered.
func (w *world) orderOf(k kind, reference string) order {
	for _, o := range w.plan.orders {
		if o.kind != k || o.reference != reference {
			continue
		}
		if o.rival != (other{}) && w.book.holds(o.as(o.rival)) {
			o = o.as(o.rival)
		}
		return o
	}
	panic(fmt.Sprintf("recovered %s %q, which nobody has ordered", k, reference))
}

// resumeAtLast is what somebody without a journal may do hours later, when no attempt can be under way and every record is
// listed, however badly that goes: send what is absent.
func (w *world) resumeAtLast() {
	if w.plan.journal {
		return
	}
	w.finally = time.Now()
	last := map[string]facade.Outcome{}
	for _, r := range w.reports {
		if last[r.order.reference] != facade.OutcomeRefused {
			last[r.order.reference] = r.outcome
		}
	}
	p, asked := w.slots[0].await(), 0
	orders := slices.Clone(w.plan.orders)
	slices.SortStableFunc(orders, func(a, b order) int { // those first that the list does not show
		return cmp.Compare(w.plan.viewOf(b.reference), w.plan.viewOf(a.reference))
	})
	for _, o := range orders {
		outcome, told := last[o.reference]
		doubted := w.plan.viewOf(o.reference) > slowly || w.dice.chance(0.1, "is doubted at last", o.reference)
		open := outcome == facade.OutcomeUnknown || outcome == facade.OutcomeAccepted && doubted
		if o.kind != transfer || !told || !open || asked == 12 {
			continue
		}
		asked++
		w.calls.Go(func() { w.ask(p, o, bySendingAtLast, []any{o.reference, bySendingAtLast}) })
		pause(context.Background(), 40*time.Second)
	}
	w.calls.Wait()
}

// recoverAtLast is what happens when all is well again: a new process settles what is still open.
func (w *world) recoverAtLast() {
	for _, f := range w.sandbox.Faults() {
		w.struck += f.Struck
	}
	w.sandbox.ClearFaults()
	w.plan.unreachable, w.plan.diskFails, w.plan.failing, w.plan.limited, w.plan.strange, w.plan.fullDisk = 0, 0, 0, 0, 0, 0
	for _, s := range w.slots {
		p := s.await()
		p.onDeath = nil
		p.die()
	}
	if w.stranger != nil {
		w.stranger.die()
	}
	last := w.startProcess("Z", doom{}, nil)
	if w.plan.journal {
		w.recover(last)
	}
	last.die()
}
