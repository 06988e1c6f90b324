package ding

import (
	"context"
	"errors"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/settle"
)

// What the list of transfers means for a lost answer is the table below: of all that the list shows under the reference,
// the row that comes first decides. docs/outcomes.md is written from it.

// sees says what a look-up shows.
type sees string

const (
	seesDone         sees = "a match that is Complete"
	seesProcessing   sees = "a match that is Processing or Cancelling"
	seesSubmitted    sees = "a match that is Submitted"
	seesStrange      sees = "a match in a state that is not known"
	seesOther        sees = "a transfer that differs in SKU, account or value and has not failed"
	seesPart         sees = "only part of what there is"
	seesPassing      sees = "a match that is Failed or Cancelled, of a deferred transfer, and has not been seen so for 90 seconds"
	seesFailedForNow sees = "a match that is Failed or Cancelled, with ResultCode 3"
	seesFailed       sees = "a match that is Failed or Cancelled"
	seesOlderFailed  sees = "a match that is Failed or Cancelled, and began a minute or more before the first attempt; without a journal"
	seesOtherFailed  sees = "a failed transfer that differs in SKU or account, or in TransferRef from the one that Ding has answered with"
	seesValidation   sees = "a record without TransferRef, or with 0, whatever its state"
	seesUnnamed      sees = "nothing, but records that do not say whose they are"
	seesNothing      sees = "nothing"
	seesError        sees = "an error: the list could not be read"
)

// lookUpRow is one row of the table.
type lookUpRow struct {
	sees    sees
	verdict settle.Verdict
	// moving goes on looking as long as there is time, absent allows what an absent reference allows.
	moving, absent bool
	// why explains the verdict, and completes the message of an error whose outcome stays unknown.
	why string
}

var lookUpTable = []lookUpRow{
	{sees: seesDone, verdict: settle.Accepted, why: "it is paid"},
	{sees: seesProcessing, verdict: settle.Pending, moving: true, why: "it is recorded and on its way"},
	{sees: seesSubmitted, verdict: settle.Pending, why: "it is recorded; a Batch transfer can stay so for long"},
	{sees: seesStrange, verdict: settle.LookUp, why: "the list has it in a state that is not known"},
	{sees: seesOther, verdict: settle.LookUp, why: "the list has another transfer under this reference, which differs in SKU, account or value"},
	{sees: seesPart, verdict: settle.LookUp, why: "the list has more records under this reference than it hands out"},
	{sees: seesPassing, verdict: settle.LookUp, why: "the list has it as failed, and Ding tries a deferred transfer again by itself"},
	{sees: seesFailedForNow, verdict: settle.Later, why: "the list has it as failed"},
	{sees: seesFailed, verdict: settle.Refused, why: "the list has it as failed"},
	{sees: seesOlderFailed, verdict: settle.LookUp, why: "the list has only an older transfer under this reference, which failed"},
	{sees: seesOtherFailed, verdict: settle.LookUp, why: "the list has only another transfer under this reference, which failed"},
	{sees: seesValidation, verdict: settle.LookUp, why: "the list has only a validation under this reference"},
	{sees: seesUnnamed, verdict: settle.LookUp, why: "the list does not have it, but records that do not say whose they are"},
	{sees: seesNothing, verdict: settle.LookUp, absent: true, why: "the list does not have it"},
	{sees: seesError, verdict: settle.LookUp, why: "the list of transfers could not be read"},
}

// look asks the list for the reference, and compares what it finds with what was sent.
func (t *transfer) look(ctx context.Context) settle.Seen[transferred] {
	settle.Sleep(ctx, apart(t.request.DistributorRef))
	seen := t.client.sweeper.look(ctx, t.request.DistributorRef, t.firstSent, t.private()...)
	t.failures.note(seen)
	return t.compare(seen)
}

// apart is a time below a millisecond that depends on the reference alone. References that one answer woke together would
// otherwise ask at the same instant, in an order that nobody can repeat: package chaos runs a world again by its seed.
func apart(distributorRef string) time.Duration {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(distributorRef)) // a hash takes everything
	return time.Duration(hash.Sum64() % uint64(time.Millisecond))
}

// compare decides by the table.
func (t *transfer) compare(seen sighting) settle.Seen[transferred] {
	for _, row := range lookUpTable {
		item, shown := t.shows(seen, row.sees)
		if !shown {
			continue
		}
		t.noteDoubt(row, seen.err)
		decided := settle.Seen[transferred]{Verdict: row.verdict, Moving: row.moving && !t.options.deferred, Absent: row.absent}
		switch row.verdict {
		case settle.Accepted, settle.Pending:
			decided.Result = t.foundAs(item)
		case settle.Refused, settle.Later:
			decided.Result = t.failedAs(item, outcomes[row.verdict])
		}
		return decided
	}
	return settle.Seen[transferred]{Verdict: settle.LookUp}
}

// shows reports whether a look-up shows that, and the first record in which it does.
func (t *transfer) shows(seen sighting, what sees) (TransferRecordWithErrorCodes, bool) {
	none := TransferRecordWithErrorCodes{}
	switch what {
	case seesError:
		return none, seen.err != nil
	case seesNothing:
		return none, seen.absent
	case seesUnnamed:
		return none, seen.err == nil && len(seen.items) == 0 && !seen.absent
	case seesPart:
		return none, seen.err == nil && !seen.complete
	}
	i := slices.IndexFunc(seen.items, func(item TransferRecordWithErrorCodes) bool { return t.recognise(item) == what })
	if i < 0 {
		return none, false
	}
	return seen.items[i], true
}

// recognise tells what one record under the reference is.
func (t *transfer) recognise(item TransferRecordWithErrorCodes) sees {
	record := item.TransferRecord
	kind, same, failed := classify(&record), t.matches(record), isFailed(record.ProcessingState)
	switch {
	case record.TransferID == nil || isNoRef(record.TransferID.TransferRef):
		return seesValidation
	case failed && !same, failed && t.only != "" && refOf(record) != t.only:
		return seesOtherFailed
	case failed && t.precededBy(record):
		return seesOlderFailed
	case failed && t.options.deferred && !t.failures.lasted(record):
		return seesPassing
	case failed && item.ResultCode == ResultCodeTransientError:
		return seesFailedForNow
	case failed:
		return seesFailed
	case !same:
		return seesOther
	case kind == recordDone:
		return seesDone
	case kind == recordMoving && record.ProcessingState == ProcessingStateSubmitted:
		return seesSubmitted
	case kind == recordMoving:
		return seesProcessing
	}
	return seesStrange
}

// startDoubt is how far Ding's clock and ours may differ for a failed record to be one of our own attempts. Where they differ
// more, a failure is found unknown, and not the other way round.
const startDoubt = time.Minute

// precededBy reports that a record is of an earlier transfer. A reference that failed may have been used again, by who knows
// how many attempts before this call: only a journal would tell.
func (t *transfer) precededBy(record TransferRecord) bool {
	started := record.StartedUTC
	return t.client.journal == nil && !started.IsZero() && started.Before(t.firstSent.Add(-startDoubt))
}

// confirmWithin bounds how long an answer that needs no look-up by itself waits for one, behind many others.
const confirmWithin = 10 * time.Second

var errContradicted = errors.New("the list of transfers shows one that the answer denies")

// contradicted asks the list once, and reports that it shows a transfer under the reference that may be paid. What it does not
// show, or does not show in time, leaves the answer standing.
func (t *transfer) contradicted(ctx context.Context) bool {
	ctx, stop := context.WithTimeout(ctx, confirmWithin)
	defer stop()
	if !settle.Sleep(ctx, firstLook) {
		return false
	}
	seen := t.client.sweeper.look(ctx, t.request.DistributorRef, t.firstSent, t.private()...)
	return slices.ContainsFunc(seen.items, func(item TransferRecordWithErrorCodes) bool {
		switch t.recognise(item) {
		case seesDone, seesProcessing, seesSubmitted, seesStrange, seesOther:
			return true
		}
		return false
	})
}

// matches reports whether a record is of what was sent, as far as it says. A failed record has no price to go by, and if
// it has one, not that of what was asked for.
func (t *transfer) matches(record TransferRecord) bool {
	if record.SKUCode != t.request.SKUCode || !sameAccount(record.AccountNumber, t.request.AccountNumber) {
		return false
	}
	price := record.Price
	if price == nil || isFailed(record.ProcessingState) {
		return true
	}
	currency := t.request.SendCurrencyISO
	return price.SendValue.Equal(t.request.SendValue) && (currency == "" || price.SendCurrencyISO == "" || price.SendCurrencyISO == currency)
}

// sameAccount compares account numbers, which a service may hand back as they are dialled within their country.
func sameAccount(a, b string) bool {
	const national = 7 // digits that a phone number has at least, without its country's code
	a, b = bare(a), bare(b)
	if a == b {
		return true
	}
	short, long := a, b
	if len(a) > len(b) {
		short, long = b, a
	}
	return len(short) >= national && strings.Trim(short+long, "0123456789") == "" && strings.HasSuffix(long, short)
}

// bare strips what a service may write differently in a phone number; anything else is compared as it is.
func bare(account string) string {
	stripped := strings.TrimLeft(account, "+0")
	if stripped == "" || strings.Trim(stripped, "0123456789") != "" {
		return account
	}
	return stripped
}

// foundAs is the answer that was lost, as the list has it.
func (t *transfer) foundAs(item TransferRecordWithErrorCodes) transferred {
	return transferred{answer: answerOf(item), correlationID: t.sentWith()}
}

// answerOf is a listed transfer that was accepted, as SendTransfer would answer it.
func answerOf(item TransferRecordWithErrorCodes) *SendTransferResponse {
	answer := &SendTransferResponse{TransferRecord: &item.TransferRecord, ResultCode: item.ResultCode, ErrorCodes: item.ErrorCodes}
	if !succeeded(answer.ResultCode) {
		answer.ResultCode = ResultCodeSuccess
	}
	return answer
}

func (t *transfer) failedAs(item TransferRecordWithErrorCodes, outcome facade.Outcome) transferred {
	err := t.fail(outcome, errFoundFailed)
	codes := shownCodes(item.ErrorCodes, t.client.pipeline.Scrubber(t.private()...).Shown)
	err.ResultCode, err.Codes, err.Record = item.ResultCode, codes, &item.TransferRecord
	return transferred{err: err}
}

var errFoundFailed = errors.New("the answer was lost; the list of transfers holds it as failed")

// noteDoubt lets the error of what stays unknown tell what the last look-up showed.
func (t *transfer) noteDoubt(row lookUpRow, err error) {
	if row.verdict != settle.LookUp || t.doubt == nil {
		return
	}
	t.doubt.looked = row.why
	if err != nil {
		t.doubt.looked += ": " + t.client.pipeline.Scrubber(t.private()...).Redact(strings.TrimPrefix(err.Error(), "ding: "))
	}
}
