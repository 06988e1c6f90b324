// The batch methods, EstimatePrices and CancelTransfers. Each entry is judged by itself, and the answers come in another
// order than the questions, since the real service promises none.

package sandbox

import (
	"net/http"

	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/sandbox/internal/catalogue"
)

// rotated moves the first answer to the end, so that a client that relies on the order is found out.
func rotated[T any](items []T) []T {
	if len(items) < 2 {
		return items
	}
	return append(items[1:len(items):len(items)], items[0])
}

// EstimatePrices tells what products cost and deliver.
func (s *dingServer) EstimatePrices(w http.ResponseWriter, r *http.Request) {
	batch, ok := decode[[]ding.EstimationRequest](w, r, "EstimatePrices")
	if !ok {
		return
	}
	if code, ok := uniqueRefs(batch, func(e ding.EstimationRequest) string { return e.BatchItemRef }); !ok {
		refuse(w, "EstimatePrices", code)
		return
	}
	items := make([]ding.EstimatedPrice, 0, len(batch))
	for _, entry := range batch {
		price, codes := s.estimate(entry)
		items = append(items, ding.EstimatedPrice{
			BatchItemRef: entry.BatchItemRef, SKUCode: entry.SKUCode, Price: price,
			ResultCode: outcome(codes), ErrorCodes: codes,
		})
	}
	answer(w, http.StatusOK, ding.EstimatePricesResponse{
		Items: rotated(items), ResultCode: ding.ResultCodeSuccess, ErrorCodes: success(),
	})
}

// estimate answers one entry. With NearestMatch there is a price as well as a code.
func (s *dingServer) estimate(entry ding.EstimationRequest) (*ding.Price, []ding.ErrorCode) {
	refused := func(code, context string) (*ding.Price, []ding.ErrorCode) {
		return nil, []ding.ErrorCode{{Code: code, Context: context}}
	}
	offer, found := s.catalogue.Offer(entry.SKUCode)
	switch {
	case !found:
		return refused(codeParameterInvalid, "SkuCode")
	case !ownCurrency(entry.SendCurrencyISO):
		return refused(codeParameterInvalid, "SendCurrencyIso")
	case !entry.SendValue.IsZero() && !entry.ReceiveValue.IsZero():
		return refused(codeParameterCombinationInvalid, "SendValue,ReceiveValue")
	case entry.SendValue.IsZero() && entry.ReceiveValue.IsZero():
		return refused(codeParameterMissing, "SendValue,ReceiveValue")
	case !entry.ReceiveValue.IsZero():
		return estimateReceive(offer, entry)
	case !offer.InRange(entry.SendValue):
		return refused(codeParameterOutOfRange, "SendValue")
	}
	price := offer.PriceOf(entry.SendValue)
	return &price, success()
}

// estimateReceive prices what is to arrive.
func estimateReceive(offer *catalogue.Offer, entry ding.EstimationRequest) (*ding.Price, []ding.ErrorCode) {
	price, exact, ok := offer.PriceFor(entry.ReceiveValue)
	if !ok {
		return nil, []ding.ErrorCode{{Code: codeParameterOutOfRange, Context: "ReceiveValue"}}
	}
	if !exact {
		return &price, []ding.ErrorCode{{Code: codeNearestMatch, Context: contextWholeReceiveValue}}
	}
	return &price, success()
}

// CancelTransfers stops Batch transfers that are still Submitted.
func (s *dingServer) CancelTransfers(w http.ResponseWriter, r *http.Request) {
	batch, ok := decode[[]ding.CancellationRequest](w, r, "CancelTransfers")
	if !ok {
		return
	}
	if code, ok := uniqueRefs(batch, func(c ding.CancellationRequest) string { return c.BatchItemRef }); !ok {
		refuse(w, "CancelTransfers", code)
		return
	}
	items := make([]ding.TransferWithState, 0, len(batch))
	for _, entry := range batch {
		state, codes := s.account.cancel(entry.TransferID, now(s.clock))
		items = append(items, ding.TransferWithState{
			BatchItemRef: entry.BatchItemRef, TransferID: entry.TransferID, ProcessingState: state,
			ResultCode: outcome(codes), ErrorCodes: codes,
		})
	}
	answer(w, http.StatusOK, ding.CancelTransfersResponse{
		Items: rotated(items), ResultCode: ding.ResultCodeSuccess, ErrorCodes: success(),
	})
}
