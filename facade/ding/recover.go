package ding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/pipeline"
	"github.com/airtime-go/airtime/facade/internal/settle"
)

// Recovered is a transfer that an earlier life left open, and what became of it.
type Recovered struct {
	// Request is what was sent.
	Request SendTransferRequest
	// Answer is as SendTransfer would have returned it; nil if Err is set.
	Answer *SendTransferResponse
	// Deferred reports that it was sent by SendTransferDeferred. While it is on its way ([IsPending]), it stays open in the journal,
	// and is yielded by every recovery until its end is known.
	Deferred bool
	// Err is nil if the transfer was accepted. An [*Error] whose outcome is unknown stays open in the journal.
	Err error
}

// ErrNoJournal is in the chain of the error of a method that needs [WithJournal].
var ErrNoJournal = errors.New("there is no journal: use WithJournal")

// RecoverTransfers finds out what became of the transfers that the journal holds as open and no living process is
// working on, settles them, and yields each as it is known. Nothing is ever sent. It takes as long as it takes: up to
// 100 seconds for what was sent just before the crash, and several usage windows (of ten minutes) for very many. A deferred
// transfer that is on its way is accepted, and stays open until its end is known: [Client.AwaitTransfer] waits for that.
//
// What cannot be found stays open, is yielded with an unknown outcome, and is looked up again by the next call, until a
// person decides with [Client.SettleTransfer]. The second value is an error of the journal itself, which ends the
// iteration.
func (c *Client) RecoverTransfers(ctx context.Context) iter.Seq2[Recovered, error] {
	return func(yield func(Recovered, error) bool) {
		if c.journal == nil {
			yield(Recovered{}, withoutJournal("RecoverTransfers"))
			return
		}
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		ends := make(chan Recovered)
		var pending sync.WaitGroup
		var failed error
		for entry, err := range c.journal.Open(ctx, c.key("").Scope, operationSendTransfer) {
			if err != nil {
				failed = err
				break
			}
			pending.Go(func() {
				ends <- c.recoverOne(ctx, entry)
			})
		}
		go func() {
			pending.Wait()
			close(ends)
		}()
		for end := range ends {
			if !yield(end, nil) {
				stop()
				for range ends {
					continue // those that are under way give up and end
				}
				return
			}
		}
		if failed != nil {
			yield(Recovered{}, fmt.Errorf("ding: the journal could not be read: %w", failed))
		}
	}
}

// recoverOne settles one open entry.
func (c *Client) recoverOne(ctx context.Context, entry facade.Entry) Recovered {
	todo, t, err := c.reopen(ctx, &entry)
	if err != nil {
		_ = c.journal.Release(context.WithoutCancel(ctx), entry.Key)
		return Recovered{Request: SendTransferRequest{DistributorRef: entry.Reference}, Err: err}
	}
	// A person is not waiting here: the last look-up may wait for a window of the usage limit.
	todo.Policy.LookWithin = 0
	recovered := Recovered{Request: t.request, Deferred: t.options.deferred}
	recovered.Answer, recovered.Err = t.answered(todo.Recover(ctx, entry, todo.Open))
	return recovered
}

// reopen returns the case of an entry that an earlier life, or another call, began. Of the entry's attempts it leaves those that need to
// be found out about.
func (c *Client) reopen(ctx context.Context, entry *facade.Entry) (*settle.Case[transferred], *transfer, error) {
	request, deferred, err := c.noted(*entry)
	if err != nil {
		return nil, nil, err
	}
	options := collect(nil)
	options.deferred = deferred
	todo, t, err := c.newCase(request, options)
	if err != nil {
		return nil, nil, err
	}
	// The key and request are the entry's, to the byte.
	todo.Intent = entry.Intent
	t.attempts, t.firstSent = entry.Attempts, entry.FirstAttempt
	t.doubt.Attempts = entry.Attempts
	if deferred && entry.Attempts > 1 {
		if t.only = c.answeredWith(ctx, request.DistributorRef); t.only != "" {
			entry.Attempts = 1
		}
	}
	return todo, t, nil
}

// noted returns the request of an entry. One whose request cannot be read, or is not the key's, may have been paid all the
// same.
func (c *Client) noted(entry facade.Entry) (SendTransferRequest, bool, error) {
	request, deferred, err := readIntent(entry.Request)
	if err == nil && request.DistributorRef != entry.Reference {
		err = errors.New("its request has another DistributorRef")
	}
	if err != nil {
		// The text alone: what is damaged may show an account number in it.
		reason := c.pipeline.Scrubber().Shown(err.Error())
		return request, false, fmt.Errorf("ding: the journal's entry for %q cannot be read: %w: %s", entry.Reference, facade.ErrOutcomeUnknown, reason)
	}
	return request, deferred, nil
}

func withoutJournal(method string) error {
	return pipeline.Unusable(method, "the client", "cannot do it", ErrNoJournal)
}

// SettleTransfer notes what a person has found out about a transfer that the journal holds as open: that it was paid,
// or that it was not. Nothing is sent. A later SendTransfer under the reference returns that outcome.
//
// A [*facade.RequestError] says that nothing was noted: the reference is not in the journal ([facade.ErrNotNoted]), or is settled already. It is
// [facade.ErrLeased] if a call that is alive, here or in another process, is working on the transfer: that call may be about to
// send it, and finds out by itself. Without a journal it is [ErrNoJournal].
func (c *Client) SettleTransfer(ctx context.Context, distributorRef string, paid bool) error {
	const operation = "SettleTransfer"
	problem := func(field, reason string) error {
		return &facade.RequestError{Operation: operation, Problems: []facade.FieldProblem{{Field: field, Reason: reason}}}
	}
	if c.journal == nil {
		return withoutJournal(operation)
	}
	entry, found, err := c.journal.Get(ctx, c.key(distributorRef))
	switch {
	case err != nil:
		return fmt.Errorf("ding: the journal could not be read: %w", err)
	case !found:
		return pipeline.Unusable(operation, "DistributorRef", "cannot be settled", facade.ErrNotNoted)
	case entry.Settlement != nil:
		return problem("DistributorRef", "is settled already, as "+string(entry.Settlement.Outcome))
	case entry.Leased:
		return pipeline.Unusable(operation, "DistributorRef", "is being worked on", facade.ErrLeased)
	}
	request, _, err := c.noted(entry)
	if err != nil {
		return err
	}
	settlement, err := decidedByAPerson(request, entry.Attempts, paid)
	if err != nil {
		return err
	}
	if err := c.journal.Settle(ctx, entry.Key, settlement); err != nil {
		return fmt.Errorf("ding: the decision could not be noted: %w", err)
	}
	return nil
}

func decidedByAPerson(request SendTransferRequest, attempts int, paid bool) (facade.Settlement, error) {
	settlement := facade.Settlement{Outcome: facade.OutcomeRefused, By: "person", SettledAt: time.Now()}
	kept := stored{Error: &storedError{Attempts: attempts, Reason: "a person found out that it was not paid"}}
	if paid {
		settlement.Outcome = facade.OutcomeAccepted
		kept = stored{Answer: &SendTransferResponse{ResultCode: ResultCodeSuccess, TransferRecord: &TransferRecord{
			TransferID:      &TransferID{DistributorRef: request.DistributorRef},
			SKUCode:         request.SKUCode,
			AccountNumber:   request.AccountNumber,
			ProcessingState: ProcessingStateComplete,
		}}}
	}
	data, err := json.Marshal(kept)
	settlement.Answer = data
	return settlement, err
}

var errNotResumed = errors.New("nothing was sent, and what became of earlier attempts could not be found out")

// ResumeOption says what ResumeTransfer may do.
type ResumeOption func(*resumeOptions)

type resumeOptions struct{ sendIfAbsent bool }

// SendIfAbsent lets ResumeTransfer send a transfer that the list does not hold. It risks a second payment: the list may
// lag behind, and a reference that is missing there does not prove that nothing was sent. Use it only long after every
// earlier attempt (Ding may work on one for 90 seconds), and only where paying twice is the lesser evil. It takes absence for
// a proof: if the transfer is sent and refused then, the refusal speaks of that attempt alone.
func SendIfAbsent() ResumeOption { return func(o *resumeOptions) { o.sendIfAbsent = true } }

// ResumeTransfer is for programs without a journal that were interrupted: it looks a transfer up first. A live or completed
// one is returned as SendTransfer would. One that is listed as failed alone is unknown, with the failed record in the
// error, since an earlier attempt may not be listed yet. An absent one is looked for until [WithSettleTimeout] has passed,
// and is unknown then, unless [SendIfAbsent] is given. What a journal holds is never sent, whatever is given.
func (c *Client) ResumeTransfer(ctx context.Context, request SendTransferRequest, opts ...ResumeOption) (*SendTransferResponse, error) {
	if err := checkTransfer(request); err != nil {
		return nil, err
	}
	if request.ValidateOnly {
		return nil, &facade.RequestError{Operation: "ResumeTransfer", Problems: []facade.FieldProblem{{Field: "ValidateOnly", Reason: "is set, and a validation leaves nothing to resume"}}}
	}
	var may resumeOptions
	for _, opt := range opts {
		if opt != nil {
			opt(&may)
		}
	}
	todo, t, err := c.newCase(request, collect(nil))
	if err != nil {
		return nil, err
	}
	t.doubt.cause = errNotResumed
	return t.answered(c.flights.Do(ctx, todo.Resuming(time.Now(), may.sendIfAbsent)))
}
