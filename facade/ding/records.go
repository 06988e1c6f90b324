package ding

import (
	"context"
	"iter"

	"github.com/airtime-go/airtime/facade"
)

// TransferFilter says which transfers [Client.TransferRecords] yields. Fields that are given must all match.
type TransferFilter struct {
	// TransferRef is Ding's reference.
	TransferRef string
	// DistributorRef is the reference that SendTransfer was given. Several records can have it.
	DistributorRef string
	// AccountNumber is the account that was topped up, as it was sent.
	AccountNumber string
}

// TransferRecords yields transfers, newest first, page by page: it asks for 100 at a time and stops asking when the loop
// ends. A record that comes again on a later page, because new ones arrived meanwhile, is yielded once.
//
// An error is yielded once, at the end. It is [ErrPagingLimit] after the 600 records that the API hands out if there
// are more, and [ErrEmptyPage] if a page claims more records and brings none; either way the listing is incomplete.
func (c *Client) TransferRecords(ctx context.Context, filter TransferFilter, opts ...CallOption) iter.Seq2[TransferRecordWithErrorCodes, error] {
	return func(yield func(TransferRecordWithErrorCodes, error) bool) {
		opts, correlationID := fixCorrelationID(opts)
		seen := map[string]bool{}
		for skip := int32(0); ; {
			page, err := c.ListTransferRecords(ctx, ListTransferRecordsRequest{
				TransferRef:    filter.TransferRef,
				DistributorRef: filter.DistributorRef,
				AccountNumber:  filter.AccountNumber,
				Skip:           skip,
				Take:           maxTake,
			}, opts...)
			if err != nil {
				yield(TransferRecordWithErrorCodes{}, err)
				return
			}
			fresh := 0
			for _, item := range page.Items {
				if again(seen, item.TransferRecord) {
					continue
				}
				fresh++
				if !yield(item, nil) {
					return
				}
			}
			// A full page of old acquaintances can be: new records have pushed it down. A short one leads nowhere.
			stuck := len(page.Items) < maxTake && fresh == 0
			skip += int32(min(len(page.Items), maxTake))
			switch {
			case !page.ThereAreMoreItems:
				return
			case stuck:
				yield(TransferRecordWithErrorCodes{}, pagingError(correlationID, ErrEmptyPage))
				return
			case skip > maxSkip:
				yield(TransferRecordWithErrorCodes{}, pagingError(correlationID, ErrPagingLimit))
				return
			}
		}
	}
}

func pagingError(correlationID string, cause error) error {
	return &Error{Operation: "ListTransferRecords", CorrelationID: correlationID, outcome: facade.OutcomeRefused, cause: cause}
}

// again reports whether the record was seen before. A record without a TransferRef cannot be told from others.
func again(seen map[string]bool, record TransferRecord) bool {
	if record.TransferID == nil || isNoRef(record.TransferID.TransferRef) {
		return false
	}
	ref := record.TransferID.TransferRef
	if seen[ref] {
		return true
	}
	seen[ref] = true
	return false
}
