// What is done about calls whose outcome an earlier life left open.

package dizlee

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/pipeline"
)

// Recovered is a call that an earlier life left open, and what became of it.
type Recovered struct {
	// Operation is "Charge", "Refund" or "SendSMS".
	Operation string
	// RequestID is the caller's own id: chargeRequestId, refundRequestId or smsRequestId.
	RequestID string
	// Request is what was sent: a [ChargeRequest], [RefundRequest] or [SendSMSRequest].
	Request any
	// Answer is as the method would have returned it: a [*ChargeResponse], [*RefundResponse] or [*SendSMSResponse]; nil
	// if Err is set.
	Answer any
	// Err is nil if it went through. An [*Error] whose outcome is unknown stays open in the journal.
	Err error
}

// ErrNoJournal is in the chain of the error of a method that needs [WithJournal].
var ErrNoJournal = errors.New("there is no journal: use WithJournal")

func withoutJournal(method string) error {
	return pipeline.Unusable(method, "the client", "cannot do it", ErrNoJournal)
}

// recoveredAtOnce bounds how many repetitions are under way, so that a crash is not followed by a storm.
const recoveredAtOnce = 8

// Recover finds out what became of the calls that the journal holds as open and no living process is working on,
// settles them, and yields each as it is known. What never left is settled as temporary.
//
// Dizlee has no query, so that the only way to find out about a charge is to repeat it with its id: if the first attempt
// never arrived, the subscriber is charged now. The same holds for a refund of everything. Both are repeated for up to
// [WithSettleTimeout] each. A refund of a part and an SMS are never repeated, since they might be done twice: if
// they left, they are yielded as unknown.
//
// What cannot be found out stays open, is yielded with an unknown outcome, and is tried again by the next Recover, until a
// person decides with [Client.Settle]. The second value is an error of the journal itself, which ends the iteration.
// Leaving the iteration early leaves the rest open.
func (c *Client) Recover(ctx context.Context) iter.Seq2[Recovered, error] {
	return func(yield func(Recovered, error) bool) {
		if c.journal == nil {
			yield(Recovered{}, withoutJournal("Recover"))
			return
		}
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		entries, failed := c.leftOpen(ctx)
		ends := make(chan Recovered)
		go c.recoverAll(ctx, entries, ends)
		gone := false
		for end := range ends {
			if !gone && !yield(end, nil) {
				// What is under way gives up and is let go of; nothing leaves this method before that.
				gone = true
				stop()
			}
		}
		if failed != nil && !gone {
			yield(Recovered{}, fmt.Errorf("dizlee: the journal could not be read: %w", failed))
		}
	}
}

// leftOpen returns the open entries of all operations: each has an address of its own, or shares the root.
func (c *Client) leftOpen(ctx context.Context) ([]facade.Entry, error) {
	var entries []facade.Entry
	sharing := map[string][]string{}
	for _, operation := range allOperations {
		if c.address(operation) != "" {
			sharing[c.scope(operation)] = append(sharing[c.scope(operation)], operation)
		}
	}
	for scope, operations := range sharing {
		for entry, err := range c.journal.Open(ctx, scope, operations...) {
			if err != nil {
				return entries, err
			}
			entries = append(entries, entry)
		}
	}
	slices.SortStableFunc(entries, func(a, b facade.Entry) int { return a.NotedAt.Compare(b.NotedAt) })
	return entries, nil
}

func (c *Client) recoverAll(ctx context.Context, entries []facade.Entry, ends chan<- Recovered) {
	defer close(ends)
	todo := make(chan facade.Entry)
	var workers sync.WaitGroup
	for range min(recoveredAtOnce, len(entries)) {
		workers.Go(func() {
			for entry := range todo {
				ends <- c.recoverOne(ctx, entry)
			}
		})
	}
	for _, entry := range entries {
		todo <- entry
	}
	close(todo)
	workers.Wait()
}

// recoverOne settles one open entry.
func (c *Client) recoverOne(ctx context.Context, entry facade.Entry) Recovered {
	recovered := Recovered{Operation: entry.Operation, RequestID: entry.Reference}
	k, request, err := readCall(entry)
	if err != nil {
		_ = c.journal.Release(context.WithoutCancel(ctx), entry.Key)
		// It may have been done all the same. The text alone, since what is damaged may show a number in it.
		recovered.Err = fmt.Errorf("dizlee: the journal's entry for %q cannot be read: %w: %s", entry.Reference,
			facade.ErrOutcomeUnknown, pipeline.Answer{}.Shown(err.Error()))
		return recovered
	}
	recovered.Request = request
	t := newTransaction(c, k)
	t.callers, t.recovering = ctx, true
	todo := t.newCase()
	// The key is the entry's, to the byte.
	todo.Intent = entry.Intent
	a, err := t.answered(ctx, todo.Recover(ctx, t.book.inherit(entry), todo.Open), callOptions{})
	if err != nil {
		recovered.Err = err
		return recovered
	}
	switch entry.Operation {
	case operationCharge:
		recovered.Answer = a.charge()
	case operationRefund:
		recovered.Answer = a.refund()
	default:
		recovered.Answer = a.sms()
	}
	return recovered
}

// Settle notes what a person has found out about a call that the journal holds as open: that it was done, or that it was
// not. The operation is "Charge", "Refund" or "SendSMS", and id the caller's own. Nothing is sent. The method called with the
// id later returns that outcome.
//
// A [*facade.RequestError] says that nothing was noted: the id is not in the journal ([facade.ErrNotNoted]), or is settled already. It is
// [facade.ErrLeased] if a call that is alive, here or in another process, is working on the id: that call may be about to send
// it, and finds out by itself. Without a journal it is [ErrNoJournal].
func (c *Client) Settle(ctx context.Context, operation, id string, done bool) error {
	const method = "Settle"
	if c.journal == nil {
		return withoutJournal(method)
	}
	var checks facade.Checks
	checks.Require(slices.Contains(allOperations, operation), "operation", "must be Charge, Refund or SendSMS")
	checks.Require(!pipeline.Blank(id), "id", "is missing")
	if err := checks.Err(method); err != nil {
		return err
	}
	entry, found, err := c.journal.Get(ctx, facade.Key{Scope: c.scope(operation), Operation: operation, Reference: id})
	if err != nil {
		return fmt.Errorf("dizlee: the journal could not be read: %w", err)
	}
	if !found {
		return pipeline.Unusable(method, "id", "cannot be settled", facade.ErrNotNoted)
	}
	checks.Require(entry.Settlement == nil, "id", "is settled already")
	if err := checks.Err(method); err != nil {
		return err
	}
	if entry.Leased {
		return pipeline.Unusable(method, "id", "is being worked on", facade.ErrLeased)
	}
	if err := c.journal.Settle(ctx, entry.Key, decided(entry, done)); err != nil {
		return fmt.Errorf("dizlee: the decision could not be noted: %w", err)
	}
	return nil
}

// decided is the settlement by a person.
func decided(entry facade.Entry, done bool) facade.Settlement {
	s := facade.Settlement{Outcome: facade.OutcomeRefused, By: "person", SettledAt: time.Now()}
	end := ended{err: &Error{Attempts: entry.Attempts, reason: "a person found out that it was not done"}}
	if done {
		s.Outcome = facade.OutcomeAccepted
		end = ended{answer: &answer{Status: StatusCodeOK, StatusDetail: "A person found out that it was done."}}
	}
	s.Answer = pack(end)
	return s
}

// ResumeCharge is for programs without a journal that were interrupted while they charged: it sends the same charge with
// the same id again, and takes [CodeDuplicateTransaction] for the proof that the earlier attempt went through. If none ever
// arrived, the subscriber is charged now.
//
// It risks this: if the id was used for something else, or by somebody else, that earlier charge is taken for this one.
// The request has to be the same as before, amount and all. Use [Client.Charge] for what has never been sent.
func (c *Client) ResumeCharge(ctx context.Context, request ChargeRequest, opts ...CallOption) (*ChargeResponse, error) {
	return c.charge(ctx, request, true, opts)
}

// ResumeRefund is for programs without a journal that were interrupted while they refunded everything: it sends the same
// refund with the same id again, and takes [CodeAlreadyRefunded] for the proof that the earlier attempt went through. If
// none ever arrived, it is refunded now. A refund of a part is a [*facade.RequestError]: it might be done twice.
//
// It risks this: if the charge was refunded under another id meanwhile, that is taken for this refund.
func (c *Client) ResumeRefund(ctx context.Context, request RefundRequest, opts ...CallOption) (*RefundResponse, error) {
	if request.Amount != nil {
		var checks facade.Checks
		checks.Require(false, "amount", "must be absent: a refund of a part is never sent again")
		return nil, checks.Err("ResumeRefund")
	}
	return c.refund(ctx, request, true, opts)
}
