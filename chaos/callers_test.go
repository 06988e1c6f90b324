// Callers: who wants an order done, calls, and deals with what comes back as a careful program does.

package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/facade/dizlee"
	"github.com/airtime-go/airtime/money"
)

// report is what somebody was told about an order.
type report struct {
	order   order
	process string
	// by says how it was asked: "call", "resume" or "recovery".
	by      string
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

// mostCalls bounds how often one caller tries.
const mostCalls = 6

// serve has an order done, by all its callers.
func (w *world) serve(o order) {
	pause(context.Background(), o.starts)
	if !w.plan.journal {
		w.serveTogether(o)
		return
	}
	for n := range o.callers {
		w.calls.Go(func() {
			pause(context.Background(), w.dice.spread(time.Microsecond, time.Minute, "joins", o.reference, n))
			w.call(o, n)
		})
	}
	if !o.rival.IsZero() {
		w.calls.Go(func() {
			pause(context.Background(), w.dice.spread(time.Millisecond, time.Minute, "rivals", o.reference))
			w.call(o.ofRival(), -1)
		})
	}
}

// ofRival is the other order under the same reference.
func (o order) ofRival() order {
	o.amount, o.rival = o.rival, money.Decimal{}
	return o
}

// call is one caller, who goes on until something certain is known, or patience ends. A journal makes that safe.
func (w *world) call(o order, caller int) {
	for number := range mostCalls {
		about := []any{o.reference, caller, number}
		p := w.slots[w.dice.pick(len(w.slots), "asks", about)].await()
		r, told := w.ask(p, o, false, about)
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
				w.ask(p, o, false, []any{o.reference, n})
			}
		})
	}
	r, told := w.ask(p, o, false, []any{o.reference, 0})
	close(done)
	for number := range mostCalls {
		if told && r.outcome != facade.OutcomeUnknown || !o.protected() {
			break
		}
		about := []any{o.reference, resumes, number}
		sends := w.plan.preventsDuplicates && o.kind == transfer && w.dice.chance(0.5, "sends", about)
		r, told = w.askLater(o, !sends, about)
	}
	if !o.rival.IsZero() && told && r.outcome == facade.OutcomeAccepted {
		// It can be told neither that it was paid nor that it was not: somebody else's order was.
		w.askLater(o.ofRival(), o.kind == transfer, []any{o.reference, "rival"})
	}
}

// resumes marks what is drawn for somebody without a journal who asks again.
const resumes = "resumes"

// askLater is ask, after some thought, of whichever process.
func (w *world) askLater(o order, resume bool, about []any) (report, bool) {
	pause(context.Background(), w.dice.spread(100*time.Millisecond, 5*time.Minute, "thinks", about))
	return w.ask(w.slots[w.dice.pick(len(w.slots), "asks", about)].await(), o, resume, about)
}

// ask makes one call. It reports false if the process died, so that nobody was told anything.
func (w *world) ask(p *process, o order, resume bool, about []any) (report, bool) {
	r := report{order: o, process: p.name, by: "call", began: time.Now()}
	switch {
	case resume:
		r.by = "resume"
	case slices.Contains(about, any(resumes)):
		r.again = true
	}
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	if w.dice.chance(w.plan.impatient, "impatient", about) {
		ctx, cancel = context.WithTimeout(p.ctx, w.dice.spread(time.Millisecond, 200*time.Second, "patience", about))
		defer cancel()
	}
	w.diary.note(o.reference, "%s: %s", p.name, r.by)
	duplicate, err := p.do(ctx, o, resume)
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
func (p *process) do(ctx context.Context, o order, resume bool) (duplicate bool, err error) {
	switch o.kind {
	case transfer:
		if resume {
			_, err = p.ding.ResumeTransfer(ctx, o.transfer())
		} else {
			_, err = p.ding.SendTransfer(ctx, o.transfer())
		}
	case charge:
		var answer *dizlee.ChargeResponse
		if resume {
			answer, err = p.dizlee.ResumeCharge(ctx, o.chargeRequest())
		} else {
			answer, err = p.dizlee.Charge(ctx, o.chargeRequest())
		}
		duplicate = err == nil && answer.ByDuplicate
	case refund:
		if resume {
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
	r := report{order: w.orderOf(k, reference), process: p.name, by: "recovery", began: time.Now()}
	r.fill(err)
	w.tell(r)
}

// orderOf finds an order; the rival of one may be what was recovered.
func (w *world) orderOf(k kind, reference string) order {
	for _, o := range w.plan.orders {
		if o.kind != k || o.reference != reference {
			continue
		}
		if held := w.book.amountOf(o); !held.IsZero() {
			o.amount = held
		}
		return o
	}
	panic(fmt.Sprintf("recovered %s %q, which nobody has ordered", k, reference))
}

// recoverAtLast is what happens when all is well again: a new process settles what is still open.
func (w *world) recoverAtLast() {
	for _, f := range w.sandbox.Faults() {
		w.struck += f.Struck
	}
	w.sandbox.ClearFaults()
	w.plan.unreachable, w.plan.diskFails, w.plan.failing = 0, 0, 0
	for _, s := range w.slots {
		p := s.await()
		p.onDeath = nil
		p.die()
	}
	last := w.startProcess("Z", doom{}, nil)
	if w.plan.journal {
		w.recover(last)
	}
	last.die()
}
