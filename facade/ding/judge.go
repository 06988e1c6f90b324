package ding

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"strings"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/pipeline"
	gen "github.com/airtime-go/airtime/gen/ding"
)

// What an answer means is decided here: by judgeRead for everything that moves nothing, and by the table in outcomes.go
// for SendTransfer and CancelTransfers, where a doubt is an unknown outcome.

// finding is what is known about an attempt before its meaning is decided.
type finding struct {
	pipeline.Answer
	operation     string
	correlationID string
	// request is what a SendTransfer sent; nil otherwise.
	request *SendTransferRequest
	// deferred reports that it was sent as a deferred transfer.
	deferred bool
	// decode reads the body in place of encoding/json, if it is not nil.
	decode   func(body []byte, answer any) error
	envelope gen.APIResponse
	// record is that of a SendTransfer; nil otherwise, or if the answer has none.
	record *TransferRecord
	// unreadable says why the answer is no envelope; nil if it is one, or if there is no answer.
	unreadable error
	// truncated reports that the answer is the beginning of JSON.
	truncated bool
}

// read decodes the answer's body into the operation's own answer type. A failed answer need not fit that type, so the
// envelope alone will do then.
func (f *finding) read(into any) {
	if f.Failure != pipeline.None {
		return
	}
	decode := json.Unmarshal
	if f.decode != nil {
		decode = f.decode
	}
	err := decode(f.Body, into)
	if sent, ok := into.(*gen.SendTransferResponse); ok {
		f.record = sent.TransferRecord
	}
	if err == nil {
		f.envelope = envelopeOf(into)
	}
	if failed := err != nil || f.decode != nil && !succeeded(f.envelope.ResultCode); failed && f.readFailure() {
		err = nil
	}
	if err == nil && f.envelope.ResultCode == 0 {
		err = errors.New("it has no ResultCode")
	}
	if err == nil {
		return
	}
	f.envelope = gen.APIResponse{}
	f.truncated = isTruncated(f.Body)
	f.unreadable = fmt.Errorf("%w: HTTP %d: %s", facade.ErrUndecodable, f.Status, f.Shown(err.Error()))
}

// readFailure reads as much of an answer as decides about a failure: the envelope, and the state of a record, since a
// record that cannot be read to its end must not lose the state by which it contradicts the envelope. It reports false
// if that cannot be read either, or is no failure.
func (f *finding) readFailure() bool {
	var brief struct {
		gen.APIResponse
		TransferRecord *struct{ ProcessingState ProcessingState }
	}
	if json.Unmarshal(f.Body, &brief) != nil || succeeded(brief.ResultCode) || brief.ResultCode == 0 {
		return false
	}
	f.envelope = brief.APIResponse
	if brief.TransferRecord != nil {
		if f.record == nil {
			f.record = &TransferRecord{}
		}
		f.record.ProcessingState = brief.TransferRecord.ProcessingState
	}
	return true
}

// isTruncated reports whether the body is the beginning of JSON; an empty body is the beginning of nothing.
func isTruncated(body []byte) bool {
	var value json.RawMessage
	return errors.Is(json.NewDecoder(bytes.NewReader(body)).Decode(&value), io.ErrUnexpectedEOF)
}

// codes returns error codes as an error or a log may show them.
func (f *finding) codes(sent []ErrorCode) []ErrorCode { return shownCodes(sent, f.Shown) }

// shownCodes returns error codes with every text as shown makes it.
func shownCodes(sent []ErrorCode, shown func(string) string) []ErrorCode {
	// Nobody reads more of them, and a service gone mad may send thousands.
	const most = 20
	var codes []ErrorCode
	for _, code := range sent[:min(len(sent), most)] {
		codes = append(codes, ErrorCode{Code: shown(code.Code), Context: shown(code.Context)})
	}
	return codes
}

// envelopeOf returns the two fields that every answer type has.
func envelopeOf(answer any) gen.APIResponse {
	value := reflect.ValueOf(answer).Elem()
	return gen.APIResponse{
		ResultCode: value.FieldByName("ResultCode").Interface().(ResultCode),
		ErrorCodes: value.FieldByName("ErrorCodes").Interface().([]ErrorCode),
	}
}

func succeeded(code ResultCode) bool {
	return code == ResultCodeSuccess || code == ResultCodeSuccessWithWarning
}

// fail makes the verdict's error.
func (f *finding) fail(outcome facade.Outcome, cause error) *Error {
	e := &Error{
		Operation:     f.operation,
		HTTPStatus:    f.Status,
		ResultCode:    f.envelope.ResultCode,
		Codes:         f.codes(f.envelope.ErrorCodes),
		CorrelationID: f.correlationID,
		Attempts:      f.Attempt,
		RetryAfter:    f.RetryAfter,
		Record:        f.record,
		outcome:       outcome,
		cause:         cause,
	}
	if f.unreadable != nil && !f.mayHoldReceipt() {
		e.Excerpt = f.Excerpt()
	}
	return e
}

// data matches the beginning of JSON, and receipt what speaks of one.
var (
	data    = regexp.MustCompile(`^\s*[{\["]`)
	receipt = regexp.MustCompile(`(?i)receipt|\bpin\b`)
)

// mayHoldReceipt reports a body that could not be read and may be that of a transfer all the same. It can hold a
// voucher's PIN, which nothing would recognise as one, so nothing of it is shown.
func (f *finding) mayHoldReceipt() bool {
	switch f.operation {
	case operationSendTransfer, "ListTransferRecords":
		return data.Match(f.Body) || receipt.Match(f.Body)
	}
	return false
}

// staleToken reports that the service refused the credentials, which a fresh token may cure.
func (f *finding) staleToken() bool {
	return f.envelope.ResultCode == ResultCodeClientError && has(f.envelope.ErrorCodes, CodeAuthenticationFailed)
}

// judgeRead decides about a call that moves nothing.
func judgeRead(f finding) pipeline.Verdict {
	temporary := func(cause error) pipeline.Verdict {
		return pipeline.Verdict{Err: f.fail(facade.OutcomeTemporary, cause), Retry: true, UsedUp: f.usedUp()}
	}
	refused := func(cause error) pipeline.Verdict {
		return pipeline.Verdict{Err: f.fail(facade.OutcomeRefused, cause), StaleToken: f.staleToken()}
	}
	switch f.Failure {
	case pipeline.NoCredentials:
		// A token that could not be had is not asked for again: the next call may.
		return pipeline.Verdict{Err: f.fail(facade.OutcomeTemporary, f.Err)}
	case pipeline.Limited:
		return pipeline.Verdict{Err: f.fail(facade.OutcomeTemporary, usageLimitError(f.Err))}
	case pipeline.NotSent, pipeline.Lost:
		return temporary(f.Err)
	case pipeline.CredentialsRefused, pipeline.Redirected, pipeline.TooLarge:
		return refused(f.Err)
	}
	switch {
	case f.unreadable != nil && (f.truncated || passing(f.Status)):
		return temporary(f.unreadable)
	case f.unreadable != nil:
		return refused(f.unreadable)
	case succeeded(f.envelope.ResultCode):
		return pipeline.Verdict{}
	case f.envelope.ResultCode == ResultCodeTransientError:
		return temporary(nil)
	default:
		return refused(nil)
	}
}

// usedUp reports that the method's usage limit was the reason. RateLimited also stands for a fraud rule on an account number,
// which says nothing of the requests for others.
func (f *finding) usedUp() bool {
	switch f.operation {
	case operationSendTransfer, operationLookupBills, operationGetAccountLookup:
		return false
	}
	return f.Status == http.StatusTooManyRequests || has(f.envelope.ErrorCodes, CodeRateLimited)
}

// passing reports a status that speaks of the moment, not of the request. It decides only where there is no envelope.
func passing(status int) bool {
	return status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
}

// judgeMoney decides about a call that moves money, by the outcome table. The pipeline never sends it again.
func judgeMoney(f finding) pipeline.Verdict { return f.verdict(outcomeOf(&f)) }

// verdict turns a row of the outcome table into what the pipeline reports and the caller gets.
func (f *finding) verdict(decided row) pipeline.Verdict {
	outcome := outcomes[decided.verdict]
	if outcome == facade.OutcomeAccepted {
		return pipeline.Verdict{}
	}
	cause := usageLimitError(f.Err)
	switch {
	case f.unreadable != nil:
		cause = f.unreadable
	case cause == nil && outcome == facade.OutcomeUnknown:
		cause = errors.New(decided.why)
	}
	return pipeline.Verdict{Err: f.fail(outcome, cause), StaleToken: f.staleToken()}
}

var errUndocumented = errors.New("the ResultCode is none that is documented")

// stateCompleted is how some of Ding's texts spell Complete.
const stateCompleted ProcessingState = "Completed"

func isLive(state ProcessingState) bool {
	switch state {
	case ProcessingStateComplete, stateCompleted, ProcessingStateSubmitted, ProcessingStateProcessing, ProcessingStateCancelling:
		return true
	}
	return false
}

func isFailed(state ProcessingState) bool {
	return state == ProcessingStateFailed || state == ProcessingStateCancelled
}

// isNoRef reports a TransferRef that stands for no transfer: a validation has none, or "0".
func isNoRef(ref string) bool { return strings.Trim(ref, "0 ") == "" }
