package ding

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/settle"
	gen "github.com/airtime-go/airtime/gen/ding"
)

// BatchResult is what became of one item of a batch.
type BatchResult[Item any] struct {
	// BatchItemRef is that of the request's item.
	BatchItemRef string
	// Item is the answer's item; nil if the answer has none for this BatchItemRef.
	Item *Item
	// Err is an [*Error] if the item failed or is missing. ResultCode 2 is no error: Item.ErrorCodes has the warning.
	Err error
}

// EstimatePricesResponse is the answer of EstimatePrices, with its items matched to the request.
type EstimatePricesResponse struct {
	gen.EstimatePricesResponse
	// Results has one entry per requested estimate, in the order of the request.
	Results []BatchResult[EstimatedPrice] `json:"-"`
}

// CancelTransfersResponse is the answer of CancelTransfers, with its items matched to the request.
type CancelTransfersResponse struct {
	gen.CancelTransfersResponse
	// Results has one entry per requested cancellation, in the order of the request.
	Results []BatchResult[TransferWithState] `json:"-"`
}

// EstimatePrices tells what products cost and deliver, for a SendValue or a ReceiveValue each, never both. The error is
// about the whole call; every item has its own in Results. At most 50 calls in ten minutes.
func (c *Client) EstimatePrices(ctx context.Context, requests []EstimationRequest, opts ...CallOption) (*EstimatePricesResponse, error) {
	const name = "EstimatePrices"
	var checks facade.Checks
	refs := make([]string, len(requests))
	for i, request := range requests {
		refs[i] = request.BatchItemRef
		checks.Require(request.SKUCode != "", item(i, "SkuCode"), "is missing")
		checks.Require(request.SendValue.Sign() >= 0, item(i, "SendValue"), "is negative")
		checks.Require(request.ReceiveValue.Sign() >= 0, item(i, "ReceiveValue"), "is negative")
		checks.Require(request.SendValue.IsZero() || request.ReceiveValue.IsZero(), item(i, "SendValue"), "and ReceiveValue are both given")
	}
	checkRefs(&checks, refs)
	if err := checks.Err(name); err != nil {
		return nil, err
	}
	answer, found, err := exchange[gen.EstimatePricesResponse](ctx, c, operation{name: name}, opts, func(server string) (*http.Request, error) {
		return gen.NewEstimatePricesRequest(server, requests)
	})
	if err != nil {
		return nil, err
	}
	results := match(found, refs, answer.Items, facade.OutcomeTemporary, func(i EstimatedPrice) batchItem {
		return batchItem{i.BatchItemRef, i.ResultCode, i.ErrorCodes}
	})
	return &EstimatePricesResponse{EstimatePricesResponse: *answer, Results: results}, nil
}

// CancelTransfers asks for Batch transfers to be cancelled. Only an item whose ProcessingState is Cancelled has been;
// Cancelling is still open. It is never sent twice. Where the answer is lost, the transfers' states are read back: a
// transfer that is Cancelled counts as cancelled, one that is Complete or Failed as refused, and any other is
// [facade.ErrOutcomeUnknown], since the cancellation may still come. At most 50 calls in ten minutes.
func (c *Client) CancelTransfers(ctx context.Context, requests []CancellationRequest, opts ...CallOption) (*CancelTransfersResponse, error) {
	const name = operationCancelTransfers
	var checks facade.Checks
	refs := make([]string, len(requests))
	for i, request := range requests {
		refs[i] = request.BatchItemRef
		checks.Require(request.TransferID.TransferRef != "" || request.TransferID.DistributorRef != "", item(i, "TransferId"), "has neither a TransferRef nor a DistributorRef")
	}
	checkRefs(&checks, refs)
	if err := checks.Err(name); err != nil {
		return nil, err
	}
	opts, _ = fixCorrelationID(opts)
	answer, found, err := exchange[gen.CancelTransfersResponse](ctx, c, operation{name: name, money: true}, opts, func(server string) (*http.Request, error) {
		return gen.NewCancelTransfersRequest(server, requests)
	})
	if errors.Is(err, facade.ErrOutcomeUnknown) {
		return c.readBack(ctx, found, requests, err)
	}
	if err != nil {
		return nil, err
	}
	results := match(found, refs, answer.Items, facade.OutcomeUnknown, func(i TransferWithState) batchItem {
		return batchItem{i.BatchItemRef, i.ResultCode, i.ErrorCodes}
	})
	var doubts []int
	var again []CancellationRequest
	for i, result := range results {
		if isDoubtful(requests[i], result) {
			doubts, again = append(doubts, i), append(again, requests[i])
		}
	}
	if len(doubts) > 0 {
		unclear := found.failItem(batchItem{}, facade.OutcomeUnknown, errUnclearItem)
		for i, result := range c.readStates(ctx, found, again, unclear) {
			results[doubts[i]] = result
		}
	}
	return &CancelTransfersResponse{CancelTransfersResponse: *answer, Results: results}, nil
}

var errUnclearItem = errors.New("the answer does not say what became of the transfer, and neither does the list of transfers")

// isDoubtful reports a cancellation's result that proves nothing: it is missing, another transfer's, or contradicts itself.
func isDoubtful(request CancellationRequest, result BatchResult[TransferWithState]) bool {
	item := result.Item
	if item == nil {
		return true
	}
	differs := func(answered, asked string) bool { return answered != "" && asked != "" && answered != asked }
	if differs(item.TransferID.TransferRef, request.TransferID.TransferRef) || differs(item.TransferID.DistributorRef, request.TransferID.DistributorRef) {
		return true
	}
	if result.Err == nil {
		return false
	}
	under := item.ProcessingState == ProcessingStateCancelled || item.ProcessingState == ProcessingStateCancelling
	return under || has(item.ErrorCodes, ContextTransactionStillInProgress) || facade.OutcomeOf(result.Err) == facade.OutcomeUnknown
}

// readBackAfter gives a cancellation whose answer was lost the time to take effect.
const readBackAfter = 2 * time.Second

// readBack finds out what became of cancellations whose answer was lost. If none can be read, it returns lost.
func (c *Client) readBack(ctx context.Context, found *finding, requests []CancellationRequest, lost error) (*CancelTransfersResponse, error) {
	answer := &CancelTransfersResponse{
		CancelTransfersResponse: gen.CancelTransfersResponse{ResultCode: ResultCodeSuccess},
		Results:                 c.readStates(ctx, found, requests, lost),
	}
	for _, result := range answer.Results {
		if result.Item != nil {
			answer.Items = append(answer.Items, *result.Item)
		}
	}
	if len(answer.Items) == 0 {
		return nil, lost
	}
	return answer, nil
}

// readStates reads each transfer until it is Cancelling no more, as long as there is time.
func (c *Client) readStates(ctx context.Context, found *finding, requests []CancellationRequest, lost error) []BatchResult[TransferWithState] {
	patient, stop := settle.Outlive(ctx, c.settleAfterCancel)
	defer stop()
	// Behind many look-ups, a batch could wait for its turn for an hour.
	patient, done := context.WithTimeout(patient, c.settleTimeout)
	defer done()
	records, errs := make([]*TransferRecord, len(requests)), make([]error, len(requests))
	open := len(requests)
	for pause := min(readBackAfter, c.settleTimeout/2); open > 0 && settle.Sleep(patient, pause); pause = min(2*pause, maxLookPause) {
		open = 0
		for i, request := range requests {
			if records[i] != nil && records[i].ProcessingState != ProcessingStateCancelling {
				continue
			}
			if record, err := c.readOne(patient, request.TransferID); err == nil {
				records[i] = record
			} else {
				errs[i] = err
			}
			if records[i] == nil || records[i].ProcessingState == ProcessingStateCancelling {
				open++
			}
		}
	}
	results := make([]BatchResult[TransferWithState], len(requests))
	for i, request := range requests {
		ref := request.BatchItemRef
		results[i].BatchItemRef = ref
		record := records[i]
		if record == nil {
			results[i].Err = found.failItem(batchItem{ref: ref}, facade.OutcomeUnknown, cmp.Or(errs[i], lost))
			continue
		}
		results[i].Item = &TransferWithState{BatchItemRef: ref, TransferID: *record.TransferID, ProcessingState: record.ProcessingState, ResultCode: ResultCodeSuccess}
		results[i].Err = cancelled(found, ref, record)
	}
	return results
}

// cancelled returns nil if the record is that of a cancelled transfer, and else says what it is.
func cancelled(found *finding, ref string, record *TransferRecord) error {
	outcome := facade.OutcomeUnknown
	switch classify(record) {
	case recordCancel:
		return nil
	case recordDone, recordFailed:
		outcome = facade.OutcomeRefused
	}
	return found.failItem(batchItem{ref: ref}, outcome, fmt.Errorf("the answer was lost; the transfer is %s", record.ProcessingState))
}

// readOne reads the one transfer that the id names.
func (c *Client) readOne(ctx context.Context, id TransferID) (*TransferRecord, error) {
	page, err := c.sweeper.page(ctx, ListTransferRecordsRequest{TransferRef: id.TransferRef, DistributorRef: id.DistributorRef, Take: maxTake}, nil)
	if err != nil {
		return nil, err
	}
	var records []TransferRecord
	for _, item := range page.Items {
		own := item.TransferRecord.TransferID
		if own != nil && (id.TransferRef == "" || own.TransferRef == id.TransferRef) && (id.DistributorRef == "" || own.DistributorRef == id.DistributorRef) {
			records = append(records, item.TransferRecord)
		}
	}
	if len(records) != 1 {
		return nil, fmt.Errorf("the answer was lost; the list has %d transfers of that name", len(records))
	}
	return &records[0], nil
}

// item names a field of a batch's item, such as "[2].SkuCode".
func item(index int, name string) string { return field("", index, name) }

// checkRefs makes sure that answers can be told apart: every item needs a BatchItemRef of its own.
func checkRefs(checks *facade.Checks, refs []string) {
	checks.Require(len(refs) > 0, "the batch", "is empty")
	first := map[string]int{}
	for i, ref := range refs {
		name := item(i, "BatchItemRef")
		checks.Require(ref != "", name, "is missing")
		if earlier, taken := first[ref]; taken && ref != "" {
			checks.Require(false, name, "is the same as that of item "+strconv.Itoa(earlier))
			continue
		}
		first[ref] = i
	}
}

// batchItem is what the items of all batches have in common.
type batchItem struct {
	ref        string
	resultCode ResultCode
	codes      []ErrorCode
}

// match brings an answer's items into the order of the request and gives each its own error. An item that the answer
// leaves out, or gives a ResultCode that is none, has the outcome ifUnclear; of one that is answered twice the first
// result counts.
func match[Item any](found *finding, refs []string, items []Item, ifUnclear facade.Outcome, common func(Item) batchItem) []BatchResult[Item] {
	byRef := make(map[string]*Item, len(items))
	for i := range items {
		if ref := common(items[i]).ref; byRef[ref] == nil {
			byRef[ref] = &items[i]
		}
	}
	results := make([]BatchResult[Item], len(refs))
	for i, ref := range refs {
		results[i] = BatchResult[Item]{BatchItemRef: ref, Item: byRef[ref]}
		if byRef[ref] == nil {
			results[i].Err = found.failItem(batchItem{ref: ref}, ifUnclear, ErrItemMissing)
			continue
		}
		answered := common(*byRef[ref])
		switch answered.resultCode {
		case ResultCodeSuccess, ResultCodeSuccessWithWarning:
		case ResultCodeTransientError:
			results[i].Err = found.failItem(answered, facade.OutcomeTemporary, nil)
		case ResultCodeClientError, ResultCodeServerError:
			results[i].Err = found.failItem(answered, facade.OutcomeRefused, nil)
		default:
			results[i].Err = found.failItem(answered, ifUnclear, errUndocumented)
		}
	}
	return results
}

// failItem makes the error of one item of an answer that succeeded as a whole.
func (f *finding) failItem(item batchItem, outcome facade.Outcome, cause error) *Error {
	e := f.fail(outcome, cause)
	e.BatchItemRef, e.ResultCode, e.Codes = item.ref, item.resultCode, f.codes(item.codes)
	return e
}
