package ding

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/pipeline"
	gen "github.com/airtime-go/airtime/gen/ding"
)

// SendTransfer pays: it sends a product to an account number. Every DistributorRef must be new: Ding pays a transfer
// that is sent again under the same reference again.
//
// The call ends in one of three ways:
//
//   - an answer: the transfer is accepted. Its record is Complete, or still on its way ([IsPending]), to be followed with
//     [Client.ListTransferRecords]. ResultCode 2 is a success too; ErrorCodes holds its warning.
//   - an [*Error] whose Outcome is refused or temporary: nothing moved. Record holds the failed record, if one came.
//   - an error that is [facade.ErrOutcomeUnknown]: the money may have moved, and it could not be found out. Never send
//     again on a guess.
//
// It is sent again only where nothing had left, or where the answer proves that nothing moved. A lost answer is looked
// up in the list of transfers, until past the 90 seconds that Ding may work on it ([WithSettleTimeout]). When the context
// ends, nothing more is sent, and the call blocks for at most [WithSettleAfterCancel] longer. docs/outcomes.md has the
// whole table. Goroutines that send the same request under the same reference share one send; a different request under
// it is [facade.ErrReferenceConflict].
//
// With ValidateOnly nothing is paid, whatever the record says: it reads Complete with a TransferRef that is "0" or
// absent. Such a call is repeated like a read, and its outcome is never unknown. At most 100 of them in ten minutes.
//
// A field at fault is reported as a [*facade.RequestError], before anything is sent.
func (c *Client) SendTransfer(ctx context.Context, request SendTransferRequest, opts ...CallOption) (*SendTransferResponse, error) {
	if err := checkTransfer(request); err != nil {
		return nil, err
	}
	if request.ValidateOnly {
		check := operation{name: operationSendTransfer, usage: ValidateOnlyRow, private: private(request.AccountNumber, request.Settings)}
		return call[SendTransferResponse](ctx, c, check, opts, func(server string) (*http.Request, error) {
			return gen.NewSendTransferRequest(server, nil, request)
		})
	}
	options, err := newCallOptions(operationSendTransfer, opts)
	if err != nil {
		return nil, err
	}
	todo, t, err := c.newCase(request, options)
	if err != nil {
		return nil, err
	}
	return t.answered(c.flights.Do(ctx, todo))
}

// IsPending reports that an accepted transfer is still on its way: Submitted, Processing or Cancelling.
func IsPending(record *TransferRecord) bool { return classify(record) == recordMoving }

// sendValuePlaces is how many decimals a SendValue has (measured).
const sendValuePlaces = 2

func checkTransfer(request SendTransferRequest) error {
	var checks facade.Checks
	checks.Require(!pipeline.Blank(request.SKUCode), "SkuCode", "is missing")
	checks.Require(!pipeline.Blank(request.DistributorRef), "DistributorRef", "is missing")
	checkAccountNumber(&checks, request.AccountNumber)
	switch {
	case request.SendValue.Sign() < 0:
		checks.Require(false, "SendValue", "is negative")
	case request.SendValue.IsZero():
		checks.Require(false, "SendValue", "is missing or zero")
	default:
		checks.Require(request.SendValue.Equal(request.SendValue.Round(sendValuePlaces)), "SendValue", "has more than two decimals")
	}
	checkSettings(&checks, request.Settings)
	return checks.Err(operationSendTransfer)
}

func checkAccountNumber(checks *facade.Checks, account string) {
	checks.Require(!pipeline.Blank(account), "AccountNumber", "is missing")
	checks.Require(!strings.HasPrefix(account, "+"), "AccountNumber", "starts with +: write the digits alone")
}

func checkSettings(checks *facade.Checks, settings []Setting) {
	for i, setting := range settings {
		checks.Require(setting.Name != "", field("Settings", i, "Name"), "is missing")
	}
}

// private lists what a request says of the customer.
func private(account string, settings []Setting) []string {
	values := []string{account}
	for _, setting := range settings {
		values = append(values, setting.Value)
	}
	return values
}

// field names a field of a list's item, such as "Settings[1].Name".
func field(list string, index int, name string) string {
	return list + "[" + strconv.Itoa(index) + "]." + name
}

// LookupBills returns the open bills of an account, for a product with LookupBillsRequired. Pay one by sending its
// BillRef and its price's SendValue, with the same SKU and account number.
func (c *Client) LookupBills(ctx context.Context, request LookupBillsRequest, opts ...CallOption) (*LookupBillsResponse, error) {
	const name = operationLookupBills
	var checks facade.Checks
	checks.Require(!pipeline.Blank(request.SKUCode), "SkuCode", "is missing")
	checkAccountNumber(&checks, request.AccountNumber)
	checkSettings(&checks, request.Settings)
	if err := checks.Err(name); err != nil {
		return nil, err
	}
	return call[LookupBillsResponse](ctx, c, operation{name: name, private: private(request.AccountNumber, request.Settings)}, opts, func(server string) (*http.Request, error) {
		return gen.NewLookupBillsRequest(server, request)
	})
}

// What the API allows in one page of records, and in all pages.
const (
	maxTake = 100
	maxSkip = 500
)

// ListTransferRecords returns one page of transfers, newest first, of the last two months: at most 100 (Take) after
// passing over at most 500 (Skip). Filters are ANDed. [Client.TransferRecords] turns the pages. At most 50 calls in ten
// minutes.
func (c *Client) ListTransferRecords(ctx context.Context, request ListTransferRecordsRequest, opts ...CallOption) (*ListTransferRecordsResponse, error) {
	const name = operationListTransferRecords
	var checks facade.Checks
	checks.Require(request.Take >= 1 && request.Take <= maxTake, "Take", "must be between 1 and 100")
	checks.Require(request.Skip >= 0 && request.Skip <= maxSkip, "Skip", "must be between 0 and 500")
	if err := checks.Err(name); err != nil {
		return nil, err
	}
	return call[ListTransferRecordsResponse](ctx, c, operation{name: name, private: private(request.AccountNumber, nil)}, opts, func(server string) (*http.Request, error) {
		return gen.NewListTransferRecordsRequest(server, request)
	})
}
