package ding

import (
	"fmt"
	"slices"

	"github.com/airtime-go/airtime/facade/internal/pipeline"
	"github.com/airtime-go/airtime/facade/internal/settle"
)

// What an answer to a money call means is this table and nothing else: the first row that fits decides. docs/outcomes.md
// is written from it, and so are the tests.

// came says what came back from an attempt.
type came string

const (
	cameNoRoom       came = "the client's own usage limit left no room in time"
	cameNothingLeft  came = "no connection could be made"
	cameNoToken      came = "no access token could be had"
	cameTokenRefused came = "the identity provider refused the credentials"
	cameLost         came = "the connection broke or the time-out passed"
	cameRedirect     came = "a redirect"
	cameTooLarge     came = "a body beyond the bound"
	cameUnreadable   came = "no envelope (HTML, cut off, no ResultCode), whatever the status"
	cameEnvelope     came = "an envelope"
)

// recordIs says what the envelope's transfer record looks like.
type recordIs string

const (
	recordAny     recordIs = ""
	recordNone    recordIs = "none"
	recordDone    recordIs = "Complete"
	recordMoving  recordIs = "Submitted, Processing or Cancelling"
	recordFailed  recordIs = "Failed"
	recordCancel  recordIs = "Cancelled"
	recordNoRef   recordIs = "no TransferRef, or 0"
	recordStrange recordIs = "a state that is not known"
	recordOther   recordIs = "another reference; Failed or Cancelled with another SKU or account, unless the ResultCode is 4"
)

// operationSendDeferred is what the table calls a SendTransfer that is deferred, which is a SendTransfer in all other rows.
const operationSendDeferred = "SendTransfer, deferred"

// row is one row of the table. Empty fields fit everything.
type row struct {
	// operations are those that the row is for.
	operations []string
	came       came
	resultCode ResultCode
	code       Code
	context    Code
	records    []recordIs
	// verdict is what it means; again allows another send, once if the credentials were the reason.
	verdict settle.Verdict
	again   bool
	once    bool
	// asked has the list of transfers asked before the verdict is believed: no record proves it.
	asked bool
	// why explains the verdict, and completes the message of an error whose outcome is unknown.
	why string
}

var (
	sendOnly   = []string{operationSendTransfer}
	deferOnly  = []string{operationSendDeferred}
	cancelOnly = []string{operationCancelTransfers}
	both       = []string{operationSendTransfer, operationCancelTransfers}
	ended      = []recordIs{recordFailed, recordCancel}
)

var outcomeTable = []row{
	{operations: both, came: cameNothingLeft, verdict: settle.Later, again: true, why: "nothing left"},
	{operations: both, came: cameNoRoom, verdict: settle.Later, why: "nothing left"},
	{operations: both, came: cameNoToken, verdict: settle.Later, why: "nothing left; a token that could not be had is not asked for again at once"},
	{operations: both, came: cameTokenRefused, verdict: settle.Refused, why: "nothing left"},
	{operations: both, came: cameLost, verdict: settle.LookUp, why: "the request may have arrived"},
	{operations: both, came: cameRedirect, verdict: settle.LookUp, why: "whoever redirects may have passed the request on"},
	{operations: both, came: cameTooLarge, verdict: settle.LookUp, why: "the answer was not read to its end"},
	{operations: both, came: cameUnreadable, verdict: settle.LookUp, why: "a proxy can answer over a finished transfer"},

	{operations: sendOnly, came: cameEnvelope, resultCode: ResultCodeSuccess, records: []recordIs{recordDone}, verdict: settle.Accepted, why: "paid"},
	{operations: sendOnly, came: cameEnvelope, resultCode: ResultCodeSuccess, records: []recordIs{recordMoving}, verdict: settle.Pending, why: "recorded, and on its way"},
	{operations: sendOnly, came: cameEnvelope, resultCode: ResultCodeSuccess, verdict: settle.LookUp, why: "the envelope contradicts its record, or has none"},
	{operations: sendOnly, came: cameEnvelope, records: []recordIs{recordOther}, verdict: settle.LookUp, why: "the record is another transfer's"},
	{operations: sendOnly, came: cameEnvelope, records: []recordIs{recordDone, recordMoving, recordNoRef, recordStrange}, verdict: settle.LookUp, why: "the envelope contradicts its record"},
	{operations: sendOnly, came: cameEnvelope, code: CodeDuplicateTransactionPrevented, verdict: settle.LookUp, why: "a transfer under this reference is in progress or has succeeded"},
	{operations: sendOnly, came: cameEnvelope, context: ContextTransactionStillInProgress, verdict: settle.LookUp, why: "a similar transfer is under way, which may be this one"},
	{operations: sendOnly, came: cameEnvelope, resultCode: ResultCodeTransientError, code: CodeRateLimited, verdict: settle.Later, again: true, why: "refused before anything was done"},
	{operations: deferOnly, came: cameEnvelope, resultCode: ResultCodeTransientError, records: ended, verdict: settle.LookUp, why: "Ding tries a deferred transfer again by itself, so that its failure need not last"},
	{operations: sendOnly, came: cameEnvelope, resultCode: ResultCodeTransientError, context: ContextProviderTimedOut, records: ended, verdict: settle.Later, why: "counts as failed and is not charged; not sent again, since the provider may be late"},
	{operations: sendOnly, came: cameEnvelope, resultCode: ResultCodeTransientError, records: []recordIs{recordFailed}, verdict: settle.Later, again: true, why: "the record proves the failure"},
	{operations: sendOnly, came: cameEnvelope, resultCode: ResultCodeTransientError, records: []recordIs{recordCancel}, verdict: settle.Later, why: "the record proves that it was cancelled; not sent again, since somebody wanted that"},
	{operations: sendOnly, came: cameEnvelope, resultCode: ResultCodeTransientError, verdict: settle.LookUp, why: "no record proves the failure"},
	{operations: sendOnly, came: cameEnvelope, resultCode: ResultCodeServerError, records: ended, verdict: settle.Refused, why: "the record proves the failure"},
	{operations: sendOnly, came: cameEnvelope, resultCode: ResultCodeServerError, code: CodeInsufficientBalance, verdict: settle.Refused, asked: true, why: "by Ding's description, the balance does not suffice to serve the request; no record proves it, so the list is asked"},
	{operations: sendOnly, came: cameEnvelope, resultCode: ResultCodeServerError, verdict: settle.LookUp, why: "no record proves the failure"},

	{operations: sendOnly, came: cameEnvelope, resultCode: ResultCodeClientError, code: CodeAuthenticationFailed, verdict: settle.Later, again: true, once: true, why: "refused at the door; with OAuth it is sent once more with a fresh token, with an API key it is refused"},
	{operations: both, came: cameEnvelope, resultCode: ResultCodeClientError, verdict: settle.Refused, why: "the request is at fault"},

	{operations: cancelOnly, came: cameEnvelope, resultCode: ResultCodeSuccess, verdict: settle.Accepted, why: "every item has its own state: only Cancelled is cancelled"},
	{operations: cancelOnly, came: cameEnvelope, resultCode: ResultCodeTransientError, context: ContextTransactionStillInProgress, verdict: settle.LookUp, why: "one is under way, which may be this one"},
	{operations: cancelOnly, came: cameEnvelope, resultCode: ResultCodeTransientError, verdict: settle.Later, why: "by Ding's description, no item was looked at"},
	{operations: cancelOnly, came: cameEnvelope, resultCode: ResultCodeServerError, verdict: settle.Refused, why: "by Ding's description, no item was looked at"},

	{operations: both, came: cameEnvelope, verdict: settle.LookUp, why: "the ResultCode is none that is documented"},
}

// outcomeOf returns the first row that fits. The last row fits every envelope, and each failure has one of its own.
func outcomeOf(f *finding) row {
	for _, r := range outcomeTable {
		if r.fits(f) {
			return r
		}
	}
	return row{verdict: settle.LookUp, why: "nothing is known about such an answer"}
}

func (r row) fits(f *finding) bool {
	switch {
	case !r.isFor(f), r.came != f.came():
		return false
	case r.resultCode == ResultCodeSuccess && !succeeded(f.envelope.ResultCode):
		return false
	case r.resultCode > ResultCodeSuccess && r.resultCode != f.envelope.ResultCode:
		return false
	case r.code != "" && !r.named(f.envelope.ErrorCodes), r.context != "" && !has(f.envelope.ErrorCodes, r.context):
		return false
	}
	return len(r.records) == 0 || slices.Contains(r.records, f.recordIs())
}

// isFor reports whether the row is for such an operation.
func (r row) isFor(f *finding) bool {
	return slices.Contains(r.operations, f.operation) || f.deferred && slices.Contains(r.operations, operationSendDeferred)
}

// named reports whether the codes are those of the row: for a doubt it is enough that one of them is, but a proof holds
// only if no other code says something else.
func (r row) named(codes []ErrorCode) bool {
	if r.verdict == settle.LookUp {
		return has(codes, r.code)
	}
	return len(codes) > 0 && !slices.ContainsFunc(codes, func(code ErrorCode) bool { return Code(code.Code) != r.code })
}

func (f *finding) came() came {
	switch f.Failure {
	case pipeline.Limited:
		return cameNoRoom
	case pipeline.NotSent:
		return cameNothingLeft
	case pipeline.NoCredentials:
		return cameNoToken
	case pipeline.CredentialsRefused:
		return cameTokenRefused
	case pipeline.Lost:
		return cameLost
	case pipeline.Redirected:
		return cameRedirect
	case pipeline.TooLarge:
		return cameTooLarge
	}
	if f.unreadable != nil {
		return cameUnreadable
	}
	return cameEnvelope
}

// recordIs looks at the answer's record the way the table does. One that does not say whose it is, is ours.
func (f *finding) recordIs() recordIs {
	record, request := f.record, f.request
	if record == nil || request == nil {
		return classify(record)
	}
	differs := record.TransferID != nil && record.TransferID.DistributorRef != "" && record.TransferID.DistributorRef != request.DistributorRef
	if isFailed(record.ProcessingState) && f.envelope.ResultCode != ResultCodeClientError {
		// A failure is what lets a transfer be sent again, so it has to be of this one. It has no reference, as a rule. A
		// client error needs no record for its proof.
		differs = differs || record.SKUCode != "" && record.SKUCode != request.SKUCode ||
			record.AccountNumber != "" && !sameAccount(record.AccountNumber, request.AccountNumber)
	}
	if differs {
		return recordOther
	}
	return classify(record)
}

// classify looks at a record by itself.
func classify(record *TransferRecord) recordIs {
	switch {
	case record == nil:
		return recordNone
	case record.ProcessingState == ProcessingStateCancelled:
		return recordCancel
	case isFailed(record.ProcessingState):
		return recordFailed
	case record.ProcessingState == "" && (record.TransferID == nil || isNoRef(record.TransferID.TransferRef)):
		return recordNone
	case !isLive(record.ProcessingState):
		return recordStrange
	case record.TransferID == nil || isNoRef(record.TransferID.TransferRef):
		return recordNoRef
	case record.ProcessingState == ProcessingStateComplete || record.ProcessingState == stateCompleted:
		return recordDone
	}
	return recordMoving
}

// String describes a row for the document and for tests.
func (r row) String() string {
	return fmt.Sprintf("%v: %s, ResultCode %d, %s/%s, record %v → %s", r.operations, r.came, r.resultCode, r.code, r.context, r.records, r.verdict)
}
