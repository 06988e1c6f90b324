package ding

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/pipeline"
	"github.com/airtime-go/airtime/facade/internal/settle"
)

const (
	operationAwaitTransfer = "AwaitTransfer"
	// firstAwait is the pause before the first look of AwaitTransfer; it doubles up to maxAwaitPause.
	firstAwait    = 2 * time.Second
	maxAwaitPause = time.Minute
)

// AwaitTransfer waits for the end of a transfer that was accepted and is on its way, such as a deferred or a Batch one. It is told by
// a notification, if a [NotificationHandler] of this client receives one, and looks at the list of transfers meanwhile: after two
// seconds, and then ever less often, down to once a minute. Everybody who waits shares these requests.
//
// Give the id of the transfer's record. Without TransferRef, the end is that of all there is under the DistributorRef: one that is Complete,
// or else, once none is on its way any more, a failed one. Of the options, only [WithCorrelationID] has a meaning: the id that the
// transfer was sent with, for the error.
//
// The call ends in one of three ways:
//
//   - an answer: the transfer is Complete.
//   - an [*Error] whose Outcome is refused or temporary: it has failed or was cancelled, and nothing was paid. Record holds it. A failure
//     that only the list tells of counts once it has been seen for 90 seconds, unchanged: Ding tries a deferred transfer again by itself.
//   - an error that is [facade.ErrOutcomeUnknown]: the context has ended, or the service refused the credentials, which is in its chain. Record
//     holds what was seen last, if anything was. Wait again.
//
// With [WithJournal], the entry of the transfer is settled by its end, and an end that it holds already is returned at once, without a
// receipt: [Client.ListTransferRecords] has that. A failure leaves it open if several attempts were made and not all of the others are
// known to have failed: it may not be of the one that was lost.
func (c *Client) AwaitTransfer(ctx context.Context, id TransferID, opts ...CallOption) (*SendTransferResponse, error) {
	a, err := c.newAwait(id, opts)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	told, leave := c.endings.join(id.DistributorRef)
	defer leave()
	if settled, ended := a.recall(ctx); ended {
		return a.settled(settled)
	}
	looks := make(chan sighting)
	go a.look(ctx, looks)
	for {
		var seen news
		select {
		case seen = <-told:
		case seen.sighting = <-looks:
		case <-ctx.Done():
			return nil, a.unknown(ctx.Err())
		}
		if refusedCredentials(seen.err) && ctx.Err() == nil {
			return nil, a.unknown(seen.err)
		}
		if item, ended := a.ended(seen); ended {
			c.noteEnd(ctx, seen.sighting, item, a.failures, cmp.Or(seen.by, "look-up"))
			return a.end(item)
		}
	}
}

// await is one AwaitTransfer.
type await struct {
	client        *Client
	id            TransferID
	correlationID string
	// since is when the transfer was sent, or later.
	since time.Time
	// sent is what the journal says was sent; nil if it doesn't.
	sent *transfer
	// failures are those that were seen, and last is what was seen last.
	failures failures
	last     *TransferRecord
}

func (c *Client) newAwait(id TransferID, opts []CallOption) (*await, error) {
	var checks facade.Checks
	checks.Require(!pipeline.Blank(id.DistributorRef), "DistributorRef", "is missing")
	checks.Require(id.TransferRef == "" || !isNoRef(id.TransferRef), "TransferRef", "stands for a validation, which has no end: give that of a transfer, or none")
	var options callOptions
	for _, opt := range opts {
		if opt != nil {
			opt(&options)
		}
	}
	checks.Require(options.correlationID == "" || isCorrelationID(options.correlationID), "X-Correlation-Id", correlationIDRule)
	if err := checks.Err(operationAwaitTransfer); err != nil {
		return nil, err
	}
	return &await{client: c, id: id, correlationID: options.correlationID, since: time.Now(), failures: failures{}}, nil
}

// recall takes from the journal what was sent, and the end, if the journal holds one that is the transfer's.
func (a *await) recall(ctx context.Context) (end transferred, ended bool) {
	if a.client.journal == nil {
		return end, false
	}
	entry, found, err := a.client.journal.Get(ctx, a.client.key(a.id.DistributorRef))
	if err != nil || !found {
		return end, false // an error is told when the end is to be noted
	}
	_, t, err := a.client.reopen(ctx, &entry)
	if err != nil {
		return end, false // as RecoverTransfers will tell
	}
	if !entry.FirstAttempt.IsZero() {
		a.sent, a.since = t, entry.FirstAttempt
	}
	if entry.Settlement == nil {
		return end, false
	}
	end, err = t.unpack(*entry.Settlement)
	// A person decides about all there is under the reference.
	own := a.id.TransferRef == "" || end.ref() == a.id.TransferRef || entry.Settlement.By == "person"
	moving := end.answer != nil && (end.answer.TransferRecord == nil || finalState(*end.answer.TransferRecord) == "")
	return end, err == nil && own && !moving
}

// settled is what the journal holds as the end.
func (a *await) settled(end transferred) (*SendTransferResponse, error) {
	if end.err == nil {
		return end.answer, nil
	}
	failed := *end.err
	failed.Operation, failed.CorrelationID, failed.Attempts = operationAwaitTransfer, a.correlationID, 0
	return nil, &failed
}

// look looks at the list for as long as the context lasts.
func (a *await) look(ctx context.Context, looks chan<- sighting) {
	var private []string
	if a.sent != nil {
		private = a.sent.private()
	}
	since := a.since
	for pause := firstAwait; settle.Sleep(ctx, pause+apart(a.id.DistributorRef)); pause = min(2*pause, maxAwaitPause) {
		seen := a.client.sweeper.look(ctx, a.id.DistributorRef, since, private...)
		switch {
		case seen.absent:
			since = time.Time{} // it may be older than the pages that were read
		case since.IsZero() && len(seen.items) > 0:
			since = seen.items[len(seen.items)-1].TransferRecord.StartedUTC.Time // so that pages are of use again
		}
		select {
		case looks <- seen:
		case <-ctx.Done():
			return
		}
	}
}

// ended returns the record with which the transfer has ended, if it has.
func (a *await) ended(seen news) (end TransferRecordWithErrorCodes, ended bool) {
	a.failures.note(seen.sighting)
	if seen.end != nil {
		a.failures.believe(*seen.end)
	}
	open := a.id.TransferRef == "" && !seen.complete
	fresh := true
	for _, item := range seen.items {
		record := item.TransferRecord
		if !a.isOwn(record) {
			continue
		}
		if fresh {
			a.last, fresh = own(&record), false // the newest comes first
		}
		switch kind := classify(&record); {
		case kind == recordDone:
			return item, true
		case !isFailed(record.ProcessingState), !a.failures.lasted(record):
			open = true
		case !ended:
			end, ended = item, true
		}
	}
	return end, ended && !open
}

// isOwn reports whether a record under the reference is the transfer's, as far as it is known.
func (a *await) isOwn(record TransferRecord) bool {
	switch {
	case isNoRef(refOf(record)):
		return false
	case a.id.TransferRef != "":
		return refOf(record) == a.id.TransferRef
	}
	return a.sent == nil || a.sent.matches(record)
}

// end is what the transfer has come to.
func (a *await) end(item TransferRecordWithErrorCodes) (*SendTransferResponse, error) {
	record := own(&item.TransferRecord)
	if !isFailed(record.ProcessingState) {
		answer := answerOf(item)
		answer.TransferRecord, answer.ErrorCodes = record, slices.Clone(item.ErrorCodes)
		return answer, nil
	}
	failed := a.fail(facade.OutcomeRefused, errNotDelivered)
	if item.ResultCode == ResultCodeTransientError {
		failed.outcome = facade.OutcomeTemporary
	}
	failed.ResultCode, failed.Record = item.ResultCode, record
	failed.Codes = shownCodes(item.ErrorCodes, a.client.pipeline.Scrubber(record.AccountNumber).Shown)
	return nil, failed
}

var errNotDelivered = errors.New("the transfer has ended without being delivered, and is not charged")

// unknown is the error of who no longer waits.
func (a *await) unknown(cause error) *Error {
	failed := a.fail(facade.OutcomeUnknown, cause)
	failed.Record = a.last
	return failed
}

func (a *await) fail(outcome facade.Outcome, cause error) *Error {
	return &Error{Operation: operationAwaitTransfer, CorrelationID: a.correlationID, outcome: outcome, cause: cause}
}

// refusedCredentials reports an error that looking again would only repeat.
func refusedCredentials(err error) bool {
	var token *pipeline.TokenError
	return errors.Is(err, CodeAuthenticationFailed) || errors.As(err, &token) && token.Refused
}

// noteEnd settles the journal's entry of a transfer that has ended, if it has one, by what is seen under its reference. The failures
// are those that count, and by says how it was found out.
func (c *Client) noteEnd(ctx context.Context, seen sighting, item TransferRecordWithErrorCodes, known failures, by string) {
	if c.journal == nil {
		return
	}
	ctx = context.WithoutCancel(ctx)
	id := *item.TransferRecord.TransferID
	entry, found, err := c.journal.Get(ctx, c.key(id.DistributorRef))
	if err == nil && found {
		todo, t, unreadable := c.reopen(ctx, &entry)
		if unreadable != nil {
			return // as RecoverTransfers will tell
		}
		t.failures = known
		if verdict := t.compare(seen); verdict.Result.ref() == id.TransferRef {
			err = todo.Conclude(ctx, entry, verdict, by)
		}
	}
	if err != nil {
		c.notNoted(id.DistributorRef, err)
	}
}

// ref is Ding's reference of what a transfer came to; empty if that has no record.
func (r transferred) ref() string {
	switch {
	case r.answer != nil && r.answer.TransferRecord != nil:
		return refOf(*r.answer.TransferRecord)
	case r.err != nil && r.err.Record != nil:
		return refOf(*r.err.Record)
	}
	return ""
}

// notNoted tells of an outcome that is not in the journal.
func (c *Client) notNoted(distributorRef string, err error) {
	c.logger.LogAttrs(context.Background(), slog.LevelError, "an outcome could not be noted; it stays open in the journal",
		slog.String("service", "ding"), slog.String("distributorRef", distributorRef), slog.String("error", err.Error()))
}

// news is what there is under a reference. What Ding has told of itself counts at once, such as a failure.
type news struct {
	sighting
	// end is the record that Ding has told of; nil if it was only looked for.
	end *TransferRecord
	// by is how a settlement says that it was found out; empty if it was looked for.
	by string
}

// endings passes what notifications tell on to those who await it, by DistributorRef.
type endings struct {
	mu      sync.Mutex
	waiting map[string]map[chan news]bool
}

// join returns what will be told of a reference, the latest of it, until the caller leaves.
func (e *endings) join(distributorRef string) (told <-chan news, leave func()) {
	latest := make(chan news, 1)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.waiting == nil {
		e.waiting = map[string]map[chan news]bool{}
	}
	if e.waiting[distributorRef] == nil {
		e.waiting[distributorRef] = map[chan news]bool{}
	}
	e.waiting[distributorRef][latest] = true
	return latest, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.waiting[distributorRef], latest)
		if len(e.waiting[distributorRef]) == 0 {
			delete(e.waiting, distributorRef)
		}
	}
}

// tell hands the news to all who await them, in place of older ones that they have not come to.
func (e *endings) tell(distributorRef string, latest news) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for waiting := range e.waiting[distributorRef] {
		select {
		case <-waiting:
		default:
		}
		waiting <- latest
	}
}
