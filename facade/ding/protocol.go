package ding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/pipeline"
	"github.com/airtime-go/airtime/facade/internal/settle"
	gen "github.com/airtime-go/airtime/gen/ding"
)

// This file ties SendTransfer to the protocol of package settle: how one attempt is made, how a reference is looked up,
// and what the journal keeps.

// transferred is what a transfer comes to: an answer, or an error.
type transferred struct {
	answer *SendTransferResponse
	err    *Error
	head   *http.Response
	// correlationID is what it was sent with; empty if an earlier life sent it.
	correlationID string
}

// Look-ups after a lost answer: the first comes soon, since most transfers take seconds; the last is made when Ding's 90
// seconds are over.
const (
	firstLook    = time.Second
	maxLookPause = 15 * time.Second
	// lookWithin bounds how much longer the last look-up of a call that somebody waits for may take: behind many others, it may
	// not come to its turn.
	lookWithin = 30 * time.Second
	// resendAbsentFor keeps a resend well inside the 60 minutes for which Ding prevents duplicates.
	resendAbsentFor = 50 * time.Minute
)

func (c *Client) policy() settle.Policy {
	policy := settle.Policy{
		MaxAttempts:  c.retry.MaxAttempts,
		MaxPause:     c.retry.MaxRetryAfter,
		LookFor:      c.settleTimeout,
		LookWithin:   lookWithin,
		FirstLook:    firstLook,
		MaxLookPause: maxLookPause,
		Grace:        c.settleAfterCancel,
		Backoff:      func(n int) time.Duration { return pipeline.Backoff(c.retry, n) },
	}
	if c.preventDuplicates {
		policy.ResendAbsentFor = resendAbsentFor
	}
	return policy
}

// transfer is one SendTransfer on its way.
type transfer struct {
	client   *Client
	request  SendTransferRequest
	options  callOptions
	attempts int
	// sent reports that this case has made an attempt, and not an earlier life alone. Callers read it while the case goes on.
	sent      atomic.Bool
	refreshed bool
	firstSent time.Time
	// doubt is the error that the call ends with if nothing is found out.
	doubt *Error
	// only is the TransferRef of the one attempt that did not come to nothing, of a deferred transfer of which several were made; empty
	// if that is not known.
	only string
	// failures are what look-ups have seen fail, of a deferred transfer.
	failures failures
}

// newCase prepares the protocol for a request.
func (c *Client) newCase(request SendTransferRequest, options callOptions) (*settle.Case[transferred], *transfer, error) {
	body, err := intended(request, options.deferred)
	if err != nil {
		return nil, nil, &facade.RequestError{Operation: operationSendTransfer, Problems: []facade.FieldProblem{{Field: "the request", Reason: "cannot be written as JSON: " + err.Error()}}}
	}
	t := &transfer{client: c, request: request, options: options, failures: failures{}}
	t.doubt = t.fail(facade.OutcomeUnknown, errStillOpen)
	return &settle.Case[transferred]{
		Policy:  c.policy(),
		Journal: c.journal,
		Intent: facade.Intent{
			Key:     c.key(request.DistributorRef),
			Request: body,
			NotedAt: time.Now(),
		},
		Send: t.send,
		Look: t.look,

		OpenWhilePending: options.deferred,

		Open:     settle.Seen[transferred]{Verdict: settle.Unknown, Result: transferred{err: t.doubt}},
		Pack:     pack,
		Unpack:   t.unpack,
		NotNoted: func(err error) { c.notNoted(request.DistributorRef, err) },
	}, t, nil
}

func (c *Client) key(distributorRef string) facade.Key {
	return facade.Key{Scope: "ding " + pipeline.Place(c.server), Operation: operationSendTransfer, Reference: distributorRef}
}

var errStillOpen = errors.New("the journal holds it as sent, and it could not be found out what became of it")

// send makes one attempt and reads it by the outcome table.
func (t *transfer) send(ctx context.Context) settle.Seen[transferred] {
	ctx, left, stop := settle.UntilLeft(ctx)
	defer stop()
	if t.firstSent.IsZero() {
		t.firstSent = time.Now()
	}
	var decided row
	var head *http.Response
	op := operation{name: operationSendTransfer, money: true, private: t.private(), earlier: t.attempts}
	t.attempts++
	t.sent.Store(true)
	op.judge = func(f finding) pipeline.Verdict {
		f.request, f.deferred = &t.request, t.options.deferred
		decided = outcomeOf(&f)
		if decided.once {
			if !t.client.oauth || t.refreshed {
				decided.verdict, decided.again = settle.Refused, false
			}
			t.refreshed = true
		}
		verdict := f.verdict(decided)
		verdict.ResetsUsage = decided.verdict == settle.Accepted
		return verdict
	}
	opts := []CallOption{WithCorrelationID(t.options.correlationID), WithResponseHead(&head)}
	answer, found, err := exchange[SendTransferResponse](ctx, t.client, op, opts, func(server string) (*http.Request, error) {
		request, err := gen.NewSendTransferRequest(server, t.options.sendParams(), t.request)
		if err == nil {
			request.Body = departing{request.Body, left}
		}
		return request, err
	})
	seen := settle.Seen[transferred]{
		Verdict: decided.verdict,
		Again:   decided.again,
		Left:    found.left(),
		Earlier: has(found.envelope.ErrorCodes, CodeDuplicateTransactionPrevented),
		Pause:   found.RetryAfter,
		Result:  transferred{answer: answer, head: head, correlationID: t.options.correlationID},
	}
	if failed := (*Error)(nil); errors.As(err, &failed) {
		// A copy, since the attempt hook has seen the original.
		copied := *failed
		t.doubt, seen.Result.err = &copied, &copied
	}
	switch {
	case seen.Verdict == settle.Accepted:
		t.client.sweeper.wake()
	case decided.asked && t.contradicted(ctx):
		seen.Verdict = settle.LookUp
		t.doubt.outcome, t.doubt.cause = facade.OutcomeUnknown, errContradicted
	}
	return seen
}

// private lists what the request says of the customer.
func (t *transfer) private() []string { return private(t.request.AccountNumber, t.request.Settings) }

// departing is a request's body that tells when it is read: from then on the request may be on its way.
type departing struct {
	io.ReadCloser
	left func()
}

func (d departing) Read(p []byte) (int, error) {
	d.left()
	return d.ReadCloser.Read(p)
}

// outcomes are the verdicts in the words of errors. A doubt is unknown until a look-up resolves it.
var outcomes = map[settle.Verdict]facade.Outcome{
	settle.Accepted: facade.OutcomeAccepted,
	settle.Pending:  facade.OutcomeAccepted,
	settle.Refused:  facade.OutcomeRefused,
	settle.Later:    facade.OutcomeTemporary,
	settle.LookUp:   facade.OutcomeUnknown,
	settle.Unknown:  facade.OutcomeUnknown,
}

// left reports whether the request may have reached the service.
func (f *finding) left() bool {
	switch f.came() {
	case cameNoRoom, cameNothingLeft, cameNoToken, cameTokenRefused:
		return false
	}
	return true
}

// stored is what the journal keeps of an outcome. Receipts are left out: they can hold a voucher's PIN, and the list of
// transfers has them.
type stored struct {
	Answer *SendTransferResponse `json:"answer,omitempty"`
	Error  *storedError          `json:"error,omitempty"`
}

type storedError struct {
	HTTPStatus int             `json:"httpStatus,omitempty"`
	ResultCode ResultCode      `json:"resultCode,omitempty"`
	Codes      []ErrorCode     `json:"codes,omitempty"`
	Record     *TransferRecord `json:"record,omitempty"`
	Attempts   int             `json:"attempts,omitempty"`
	Reason     string          `json:"reason,omitempty"`
}

func pack(result transferred) []byte {
	var kept stored
	if result.answer != nil {
		answer := *result.answer
		answer.TransferRecord = withoutReceipt(answer.TransferRecord)
		kept.Answer = &answer
	}
	if err := result.err; err != nil {
		kept.Error = &storedError{HTTPStatus: err.HTTPStatus, ResultCode: err.ResultCode, Codes: err.Codes, Record: withoutReceipt(err.Record), Attempts: err.Attempts}
		if err.cause != nil {
			kept.Error.Reason = err.cause.Error()
		}
	}
	// Nothing in here can fail to be written: the amounts came from JSON.
	data, _ := json.Marshal(kept)
	return data
}

func withoutReceipt(record *TransferRecord) *TransferRecord {
	if record == nil {
		return nil
	}
	bare := *record
	bare.ReceiptText, bare.ReceiptParams = "", nil
	return &bare
}

// fail makes an error that no answer stands behind. Only who runs the case may call it.
func (t *transfer) fail(outcome facade.Outcome, cause error) *Error {
	return &Error{Operation: operationSendTransfer, CorrelationID: t.sentWith(), Attempts: t.attempts, outcome: outcome, cause: cause}
}

// sentWith is the X-Correlation-Id that the transfer was sent with; empty if an earlier life sent it, or nobody yet.
func (t *transfer) sentWith() string {
	if !t.sent.Load() {
		return ""
	}
	return t.options.correlationID
}

func (t *transfer) unpack(settlement facade.Settlement) (transferred, error) {
	var kept stored
	if len(settlement.Answer) > 0 {
		if err := json.Unmarshal(settlement.Answer, &kept); err != nil {
			return transferred{}, fmt.Errorf("the journal's entry for %q cannot be read: %w", t.request.DistributorRef, err)
		}
	}
	if settlement.Outcome == facade.OutcomeAccepted {
		if kept.Answer == nil {
			return transferred{}, fmt.Errorf("the journal's entry for %q has no answer", t.request.DistributorRef)
		}
		return transferred{answer: kept.Answer}, nil
	}
	err := t.fail(settlement.Outcome, errFromJournal)
	if kept.Error != nil {
		// Written by who knows which version of this program, it is shown as if it came from outside.
		scrub := t.client.pipeline.Scrubber(t.private()...)
		err.HTTPStatus, err.ResultCode, err.Codes, err.Record, err.Attempts =
			kept.Error.HTTPStatus, kept.Error.ResultCode, shownCodes(kept.Error.Codes, scrub.Shown), kept.Error.Record, kept.Error.Attempts
		if kept.Error.Reason != "" {
			err.cause = fmt.Errorf("%w: %s", errFromJournal, scrub.Redact(kept.Error.Reason))
		}
	}
	return transferred{err: err}, nil
}

var errFromJournal = errors.New("settled before, as the journal says; a new transfer needs a new DistributorRef")

// own copies a record: callers share a send, and nobody shall see what another does to what they got.
func own(record *TransferRecord) *TransferRecord {
	if record == nil {
		return nil
	}
	copied := *record
	if copied.TransferID != nil {
		id := *copied.TransferID
		copied.TransferID = &id
	}
	if copied.Price != nil {
		price := *copied.Price
		copied.Price = &price
	}
	copied.ReceiptParams = maps.Clone(copied.ReceiptParams)
	return &copied
}

// answered turns the end of a case into what SendTransfer returns.
func (t *transfer) answered(result settle.Result[transferred]) (*SendTransferResponse, error) {
	end := result.Result
	if t.options.head != nil && end.head != nil {
		head := *end.head
		head.Header = end.head.Header.Clone()
		*t.options.head = &head
	}
	switch result.Verdict {
	case settle.Accepted, settle.Pending:
		answer := *end.answer
		answer.TransferRecord, answer.ErrorCodes = own(answer.TransferRecord), slices.Clone(answer.ErrorCodes)
		return &answer, nil
	}
	failure := end.err
	if failure == nil {
		// Not by fail: the case may still be under way for others.
		failure = &Error{Operation: operationSendTransfer, CorrelationID: t.sentWith(), Attempts: result.Attempts}
	}
	copied := *failure
	copied.outcome = outcomes[result.Verdict]
	if copied.Attempts == 0 {
		copied.Attempts = result.Attempts // those that the journal tells of
	}
	copied.Record, copied.Codes = own(copied.Record), slices.Clone(copied.Codes)
	switch {
	case result.Err == nil:
		return nil, &copied
	case copied.cause == nil:
		copied.cause = result.Err
	case !errors.Is(copied.cause, result.Err):
		copied.cause = fmt.Errorf("%w: %w", result.Err, copied.cause)
	}
	if errors.Is(result.Err, facade.ErrReferenceConflict) {
		copied.outcome = facade.OutcomeUsage
	}
	return nil, &copied
}
