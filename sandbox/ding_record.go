// Transfer records: how a transfer looks from outside, and in which form it is written.

package sandbox

import (
	"net/http"

	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/wire"
)

// recordJSON writes a record as the real service does: null where there is no receipt, and not an absent field.
type recordJSON struct {
	ding.TransferRecord
	ReceiptText   *string           `json:"ReceiptText"`
	ReceiptParams map[string]string `json:"ReceiptParams"`
}

// sendAnswer is ding.SendTransferResponse with such a record.
type sendAnswer struct {
	TransferRecord *recordJSON      `json:"TransferRecord,omitempty"`
	ResultCode     ding.ResultCode  `json:"ResultCode"`
	ErrorCodes     []ding.ErrorCode `json:"ErrorCodes"`
}

func answerSend(w http.ResponseWriter, record recordJSON) {
	answer(w, http.StatusOK, sendAnswer{
		TransferRecord: &record, ResultCode: ding.ResultCodeSuccess, ErrorCodes: success(),
	})
}

// failSend answers with the codes and a record that says no more than what was asked for.
func failSend(w http.ResponseWriter, request ding.SendTransferRequest, codes []ding.ErrorCode) {
	record := recordJSON{TransferRecord: ding.TransferRecord{
		SKUCode: request.SKUCode, AccountNumber: request.AccountNumber,
		ProcessingState: ding.ProcessingStateFailed, CommissionApplied: money.New(0, -2),
	}}
	fail(w, codes, sendAnswer{TransferRecord: &record, ResultCode: outcome(codes), ErrorCodes: codes})
}

// record is what is known of an order before it is booked. Commission is counted for a validation too: it is part of
// the estimate.
func (o order) record() ding.TransferRecord {
	price := o.price
	return ding.TransferRecord{
		SKUCode: o.request.SKUCode, AccountNumber: o.request.AccountNumber, Price: &price,
		CommissionApplied: price.SendValue.Mul(o.offer.Product.CommissionRate).Round(2),
	}
}

// record is a booked transfer.
func (s *dingServer) record(t transfer) recordJSON {
	record := t.order.record()
	record.TransferID = &ding.TransferID{TransferRef: t.ref, DistributorRef: t.request.DistributorRef}
	record.ProcessingState = t.state
	record.StartedUTC = wire.NewTime(t.started)
	switch t.state {
	case ding.ProcessingStateSubmitted, ding.ProcessingStateProcessing:
		return recordJSON{TransferRecord: record}
	case ding.ProcessingStateFailed, ding.ProcessingStateCancelled:
		record.CommissionApplied = money.New(0, -2)
	}
	record.CompletedUTC = wire.NewTime(t.completed)
	text, params := s.receipt(t)
	return recordJSON{TransferRecord: record, ReceiptText: text, ReceiptParams: params}
}

// receipt is what the customer gets: a PIN where the product is one, the provider's reference for a paid bill, and
// nothing for most.
func (s *dingServer) receipt(t transfer) (*string, map[string]string) {
	switch {
	case t.state != ding.ProcessingStateComplete:
		return nil, nil
	case t.offer.PIN():
		pin := s.ids.digits(16, "pin", t.ref)
		text := "PIN: " + pin
		return &text, map[string]string{"pin": pin, "providerRef": s.ids.label("provider", t.ref)}
	case t.offer.Product.LookupBillsRequired:
		return nil, map[string]string{"providerRef": s.ids.label("provider", t.ref)}
	}
	return nil, nil
}

// listedRecord is ding.TransferRecordWithErrorCodes with such a record.
type listedRecord struct {
	TransferRecord recordJSON       `json:"TransferRecord"`
	ResultCode     ding.ResultCode  `json:"ResultCode"`
	ErrorCodes     []ding.ErrorCode `json:"ErrorCodes"`
}

// listAnswer is ding.ListTransferRecordsResponse with such items.
type listAnswer struct {
	Items             []listedRecord   `json:"Items"`
	ThereAreMoreItems bool             `json:"ThereAreMoreItems"`
	ResultCode        ding.ResultCode  `json:"ResultCode"`
	ErrorCodes        []ding.ErrorCode `json:"ErrorCodes"`
}

// The bounds of a page, from the description page.
const (
	maxTake = 100
	maxSkip = 500
)

// ListTransferRecords lists the transfers of the last two months, newest first.
func (s *dingServer) ListTransferRecords(w http.ResponseWriter, r *http.Request) {
	by, ok := decode[ding.ListTransferRecordsRequest](w, r, "ListTransferRecords")
	if !ok {
		return
	}
	if codes := pageFlaws(by); len(codes) > 0 {
		refuse(w, "ListTransferRecords", codes...)
		return
	}
	at := now(s.clock)
	page, more := s.account.page(search{by, at.AddDate(0, -2, 0), s.clock()}, at)
	answer(w, http.StatusOK, listAnswer{
		Items: s.listed(page), ThereAreMoreItems: more,
		ResultCode: ding.ResultCodeSuccess, ErrorCodes: success(),
	})
}

func (s *dingServer) listed(transfers []transfer) []listedRecord {
	items := make([]listedRecord, 0, len(transfers))
	for _, t := range transfers {
		items = append(items, listedRecord{
			TransferRecord: s.record(t), ResultCode: outcome(t.codes), ErrorCodes: t.codes,
		})
	}
	return items
}

func pageFlaws(by ding.ListTransferRecordsRequest) []ding.ErrorCode {
	var found []violation
	if by.Skip < 0 || by.Skip > maxSkip {
		found = append(found, violation{flaw: flawRange, name: "Skip"})
	}
	if by.Take < 1 || by.Take > maxTake {
		found = append(found, violation{flaw: flawRange, name: "Take"})
	}
	return refusal(found)
}
