// Tests of what is refused before anything is sent: every field at fault is named.

package ding_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/money"
)

func TestRequestsAtFaultAreNotSent(t *testing.T) {
	send := func(change func(*ding.SendTransferRequest)) func(context.Context, *ding.Client) error {
		return func(ctx context.Context, c *ding.Client) error {
			request := transfer()
			change(&request)
			_, err := c.SendTransfer(ctx, request)
			return err
		}
	}
	bills := func(request ding.LookupBillsRequest) func(context.Context, *ding.Client) error {
		return func(ctx context.Context, c *ding.Client) error {
			_, err := c.LookupBills(ctx, request)
			return err
		}
	}
	list := func(skip, take int32) func(context.Context, *ding.Client) error {
		return func(ctx context.Context, c *ding.Client) error {
			_, err := c.ListTransferRecords(ctx, ding.ListTransferRecordsRequest{Skip: skip, Take: take})
			return err
		}
	}
	estimate := func(requests ...ding.EstimationRequest) func(context.Context, *ding.Client) error {
		return func(ctx context.Context, c *ding.Client) error {
			_, err := c.EstimatePrices(ctx, requests)
			return err
		}
	}
	cancel := func(requests ...ding.CancellationRequest) func(context.Context, *ding.Client) error {
		return func(ctx context.Context, c *ding.Client) error {
			_, err := c.CancelTransfers(ctx, requests)
			return err
		}
	}
	one := money.FromInt(1)
	estimation := func(ref string) ding.EstimationRequest {
		return ding.EstimationRequest{BatchItemRef: ref, SKUCode: "S", SendValue: one}
	}
	for name, tc := range map[string]struct {
		call func(context.Context, *ding.Client) error
		text string
	}{
		"a transfer of nothing": {
			send(func(r *ding.SendTransferRequest) { *r = ding.SendTransferRequest{} }),
			"SendTransfer was not sent: SkuCode is missing; DistributorRef is missing; AccountNumber is missing; SendValue is missing or zero",
		},
		"a bill without value": {
			send(func(r *ding.SendTransferRequest) { r.BillRef, r.SendValue = "B", money.Decimal{} }),
			"SendTransfer was not sent: SendValue is missing or zero",
		},
		"a validation of nothing": {
			send(func(r *ding.SendTransferRequest) { *r = ding.SendTransferRequest{ValidateOnly: true, BillRef: "B"} }),
			"SendTransfer was not sent: SkuCode is missing; DistributorRef is missing; AccountNumber is missing; SendValue is missing or zero",
		},
		"a plus sign": {
			send(func(r *ding.SendTransferRequest) { r.AccountNumber = "+" + account }),
			"SendTransfer was not sent: AccountNumber starts with +: write the digits alone",
		},
		"a negative value": {
			send(func(r *ding.SendTransferRequest) { r.SendValue = one.Neg() }),
			"SendTransfer was not sent: SendValue is negative",
		},
		"a negative value of a bill": {
			send(func(r *ding.SendTransferRequest) { r.SendValue, r.BillRef = one.Neg(), "B" }),
			"SendTransfer was not sent: SendValue is negative",
		},
		"a value of three decimals": {
			send(func(r *ding.SendTransferRequest) { r.SendValue = money.MustParse("1.005") }),
			"SendTransfer was not sent: SendValue has more than two decimals",
		},
		"settings without a name, and a missing reference": {
			send(func(r *ding.SendTransferRequest) {
				r.DistributorRef = ""
				r.Settings = []ding.Setting{{Value: "1"}, {Name: "N"}, {Value: "2"}}
			}),
			"SendTransfer was not sent: DistributorRef is missing; Settings[0].Name is missing; Settings[2].Name is missing",
		},
		"bills of nobody": {
			bills(ding.LookupBillsRequest{Settings: []ding.Setting{{}}}),
			"LookupBills was not sent: SkuCode is missing; AccountNumber is missing; Settings[0].Name is missing",
		},
		"bills of a number with a plus": {
			bills(ding.LookupBillsRequest{SKUCode: "S", AccountNumber: "+1"}),
			"LookupBills was not sent: AccountNumber starts with +: write the digits alone",
		},
		"a look-up of nothing": {
			func(ctx context.Context, c *ding.Client) error { _, err := c.GetAccountLookup(ctx, ""); return err },
			"GetAccountLookup was not sent: accountNumber is missing",
		},
		"a page of nothing":          {list(0, 0), "ListTransferRecords was not sent: Take must be between 1 and 100"},
		"a page beyond both bounds":  {list(501, 101), "ListTransferRecords was not sent: Take must be between 1 and 100; Skip must be between 0 and 500"},
		"a page before the first":    {list(-1, 1), "ListTransferRecords was not sent: Skip must be between 0 and 500"},
		"no estimates":               {estimate(), "EstimatePrices was not sent: the batch is empty"},
		"an estimate from both ends": {estimate(ding.EstimationRequest{BatchItemRef: "a", SKUCode: "S", SendValue: one, ReceiveValue: one}), "EstimatePrices was not sent: [0].SendValue and ReceiveValue are both given"},
		"estimates at fault in several ways": {
			estimate(estimation("a"), ding.EstimationRequest{SendValue: one.Neg()}, ding.EstimationRequest{BatchItemRef: "a", SKUCode: "S", ReceiveValue: one.Neg()}),
			"EstimatePrices was not sent: [1].SkuCode is missing; [1].SendValue is negative; [2].ReceiveValue is negative; [1].BatchItemRef is missing; [2].BatchItemRef is the same as that of item 0",
		},
		"a reference three times": {
			estimate(estimation("a"), estimation("b"), estimation("a"), estimation("a")),
			"EstimatePrices was not sent: [2].BatchItemRef is the same as that of item 0; [3].BatchItemRef is the same as that of item 0",
		},
		"no reference twice": {
			estimate(estimation(""), estimation("")),
			"EstimatePrices was not sent: [0].BatchItemRef is missing; [1].BatchItemRef is missing",
		},
		"no cancellations": {cancel(), "CancelTransfers was not sent: the batch is empty"},
		"cancellations at fault": {
			cancel(cancellation("a"), ding.CancellationRequest{BatchItemRef: "b"}, cancellation("a"), ding.CancellationRequest{}),
			"CancelTransfers was not sent: [1].TransferId has neither a TransferRef nor a DistributorRef; [3].TransferId has neither a TransferRef nor a DistributorRef; " +
				"[2].BatchItemRef is the same as that of item 0; [3].BatchItemRef is missing",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)

			err := tc.call(t.Context(), newClient(t, s))

			require.EqualError(t, err, tc.text)
			var refused *facade.RequestError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(err))
			assert.Empty(t, s.seen())
			assertNothingSecret(t, err.Error())
		})
	}
}

func TestRequestsThatLookOddAreSent(t *testing.T) {
	for name, change := range map[string]func(*ding.SendTransferRequest){
		"a number of the test mode":       func(r *ding.SendTransferRequest) { r.AccountNumber = "50900000000" },
		"an account that is no number":    func(r *ding.SendTransferRequest) { r.AccountNumber = "someone@example.com" },
		"more zeros than decimals matter": func(r *ding.SendTransferRequest) { r.SendValue = money.MustParse("10.0000") },
		"a setting without a value":       func(r *ding.SendTransferRequest) { r.Settings = []ding.Setting{{Name: "N"}} },
	} {
		t.Run(name, func(t *testing.T) {
			request := transfer()
			change(&request)
			_, err := newClient(t, serve(t, ok(accepted))).SendTransfer(t.Context(), request)
			assert.NoError(t, err)
		})
	}
}
