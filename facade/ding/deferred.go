package ding

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/settle"
	gen "github.com/airtime-go/airtime/gen/ding"
)

// Deferred transfers: Ding takes them at once, tries them again by itself when they fail, and tells the end by a notification
// ("Deferred SendTransfer" in its description of the API).

// DeferredTransfer is a transfer that Ding has taken.
type DeferredTransfer struct {
	// SendTransferResponse is the answer: its record is Submitted as a rule, and is at its end already if it is not [IsPending].
	SendTransferResponse
	// CorrelationID is the X-Correlation-Id that it was sent with, which its notification will carry. It is empty if an earlier
	// call sent it, or the journal holds its end.
	CorrelationID string
}

// SendTransferDeferred is [Client.SendTransfer] for a transfer that need not be done at once. Ding answers when it has taken it, tries
// it again by itself when it fails, and tells the end by a notification to the webhook that is set up in the portal, for which
// there is [NotificationHandler]. [Client.AwaitTransfer] waits for the end, with or without a webhook. The notification will carry the
// X-Correlation-Id, which is the DistributorRef, or a UUID where that cannot be one or holds the account number. [WithCorrelationID]
// names another: give every transfer its own, since a failure may be told without any other reference.
//
// The call ends as SendTransfer does, and by the same rules: nothing is sent twice. Sent plainly and deferred, the same request is two, and
// the second is [facade.ErrReferenceConflict]. With [WithJournal], the transfer stays open in the journal until its end is
// known, by a notification, by AwaitTransfer or by [Client.RecoverTransfers]; until then, a call under the same reference looks it up.
// A failure that only the list tells of counts once it has lasted for 90 seconds, since Ding may be about to try it again.
//
// With ValidateOnly there is nothing to defer: that is a [*facade.RequestError].
func (c *Client) SendTransferDeferred(ctx context.Context, request SendTransferRequest, opts ...CallOption) (*DeferredTransfer, error) {
	if err := checkTransfer(request); err != nil {
		return nil, err
	}
	if request.ValidateOnly {
		return nil, &facade.RequestError{Operation: "SendTransferDeferred", Problems: []facade.FieldProblem{{Field: "ValidateOnly", Reason: "is set, and a validation cannot be deferred"}}}
	}
	// Logs show correlation ids, and no account number.
	if ref := request.DistributorRef; isCorrelationID(ref) && !strings.Contains(ref, request.AccountNumber) {
		opts = append([]CallOption{WithCorrelationID(ref)}, opts...)
	}
	options, err := newCallOptions(operationSendTransfer, opts)
	if err != nil {
		return nil, err
	}
	options.deferred = true
	todo, t, err := c.newCase(request, options)
	if err != nil {
		return nil, err
	}
	c.correlated.note(options.correlationID, TransferID{DistributorRef: request.DistributorRef}) // its notification may outrun the answer
	result := c.flights.Do(ctx, todo)
	answer, err := t.answered(result)
	if err != nil {
		return nil, err
	}
	if record := answer.TransferRecord; record != nil {
		c.correlated.note(options.correlationID, TransferID{DistributorRef: request.DistributorRef, TransferRef: refOf(*record)})
	}
	if result.Verdict == settle.Pending && result.Alone && result.Attempts > 1 {
		c.noteAnswered(ctx, *answer.TransferRecord.TransferID)
	}
	return &DeferredTransfer{SendTransferResponse: *answer, CorrelationID: result.Result.correlationID}, nil
}

// operationAnswered is under what the journal keeps the TransferRef that Ding has answered with, by DistributorRef.
const operationAnswered = "DeferredTransfer"

// noteAnswered notes which transfer the answer was about, if several attempts were made and the others are known to have moved nothing:
// its failure speaks for all of them, which nothing else in the journal tells.
func (c *Client) noteAnswered(ctx context.Context, id TransferID) {
	if c.journal == nil {
		return
	}
	key := c.key(id.DistributorRef)
	key.Operation = operationAnswered
	err := settle.Insist(ctx, func(ctx context.Context) error {
		_, _, err := c.journal.Begin(ctx, facade.Intent{Key: key, Request: []byte(id.TransferRef), NotedAt: time.Now()})
		if err != nil {
			return err
		}
		return c.journal.Settle(ctx, key, facade.Settlement{Outcome: facade.OutcomeAccepted, By: "answer", SettledAt: time.Now()})
	})
	if err != nil {
		c.notNoted(id.DistributorRef, err)
	}
}

// answeredWith returns the TransferRef that noteAnswered has noted; empty if none is.
func (c *Client) answeredWith(ctx context.Context, distributorRef string) string {
	key := c.key(distributorRef)
	key.Operation = operationAnswered
	entry, found, err := c.journal.Get(context.WithoutCancel(ctx), key)
	if err != nil || !found {
		return ""
	}
	return string(entry.Request)
}

// deferTransfer is the value of X-Options that makes a transfer deferred.
const deferTransfer = "DeferTransfer"

// sendParams are the headers of SendTransfer that are not every method's.
func (o callOptions) sendParams() *gen.SendTransferParams {
	if !o.deferred {
		return nil
	}
	option := deferTransfer
	return &gen.SendTransferParams{Options: &option}
}

// intent is what the journal keeps of a request. That it is deferred is a part of it, since whoever recovers it has to know, and
// since the same request sent plainly is another one.
type intent struct {
	SendTransferRequest
	Options string `json:"X-Options,omitempty"`
}

// intended writes an intent. One that is not deferred is the request alone.
func intended(request SendTransferRequest, deferred bool) ([]byte, error) {
	noted := intent{SendTransferRequest: request}
	if deferred {
		noted.Options = deferTransfer
	}
	return json.Marshal(noted)
}

// readIntent reads what intended has written.
func readIntent(data []byte) (request SendTransferRequest, deferred bool, err error) {
	var noted intent
	err = json.Unmarshal(data, &noted)
	return noted.SendTransferRequest, noted.Options == deferTransfer, err
}

// lasting is how long a failure of a deferred transfer has to be seen in the list, unchanged, until it counts as its end: the time for
// which Ding may work on a transfer. Whether the list shows a failure that Ding will try again is not documented.
const lasting = 90 * time.Second

// failures are the failed records that looks at the list have shown under one reference, by their TransferRef.
type failures map[string]failure

// failure is a failed record, by what would change if it were tried again, and since when it has been seen so.
type failure struct {
	as    string
	since time.Time
}

// note takes a look at the list into account. A look that failed, or that does not show all, tells nothing of what it does not show.
func (f failures) note(seen sighting) {
	shown := failures{}
	for _, item := range seen.items {
		record := item.TransferRecord
		if !isFailed(record.ProcessingState) {
			delete(f, refOf(record))
			continue
		}
		now := failure{as: fmt.Sprint(record.ProcessingState, record.CompletedUTC, item.ResultCode, item.ErrorCodes), since: time.Now()}
		if before, known := f[refOf(record)]; known && (before.since.IsZero() || before.as == now.as) {
			now.since = before.since
		}
		f[refOf(record)], shown[refOf(record)] = now, now
	}
	if !seen.complete {
		return
	}
	for ref := range f {
		if _, still := shown[ref]; !still {
			delete(f, ref)
		}
	}
}

// believe takes a failure for the end at once: Ding has told of it.
func (f failures) believe(record TransferRecord) { f[refOf(record)] = failure{} }

// lasted reports whether the failure of a record has been seen for long enough.
func (f failures) lasted(record TransferRecord) bool {
	seen, known := f[refOf(record)]
	return known && (seen.since.IsZero() || time.Since(seen.since) >= lasting)
}

// refOf is Ding's reference; empty if the record has none.
func refOf(record TransferRecord) string {
	if record.TransferID == nil {
		return ""
	}
	return record.TransferID.TransferRef
}
