package catalogue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
)

// A product with LookupBillsRequired is sold one way only: look the account's bills up, choose one, pay it.

// OpenBill is a bill that can be paid: it knows for which product and account it was looked up, and with which settings.
type OpenBill struct {
	ding.Bill
	// Product is what pays the bill.
	Product *ding.Product
	// AccountNumber and Settings are those that the bill was looked up with.
	AccountNumber string
	Settings      []ding.Setting
	// At is when it was looked up.
	At time.Time
	// MaxAge is how old that may be when the bill is paid ([WithQuoteAge]); 0 means 15 minutes.
	MaxAge time.Duration
}

// Bills looks up the open bills of an account for a product. The settings are checked first: every mandatory one has to be
// there. [ProductAccount] reads the number. It always asks the service.
func (c *Catalogue) Bills(ctx context.Context, skuCode, accountNumber string, settings ...ding.Setting) ([]OpenBill, error) {
	data, err := c.Data(ctx)
	if err != nil {
		return nil, err
	}
	product, known := data.Product(skuCode)
	if !known {
		return nil, unknownSKU("LookupBills", skuCode)
	}
	accountNumber, err = ProductAccount(product, accountNumber)
	problems := settingProblems(product, settings)
	if wrong := (*facade.RequestError)(nil); errors.As(err, &wrong) {
		problems = append(slices.Clone(wrong.Problems), problems...)
	}
	if len(problems) > 0 {
		return nil, &facade.RequestError{Operation: "LookupBills", Problems: problems}
	}
	settings = slices.Clone(settings)
	answer, err := c.client.LookupBills(ctx, ding.LookupBillsRequest{SKUCode: skuCode, AccountNumber: accountNumber, Settings: settings})
	if err != nil {
		return nil, err
	}
	bills := make([]OpenBill, 0, len(answer.Items))
	for _, bill := range answer.Items {
		bills = append(bills, OpenBill{
			Bill: bill, Product: product, AccountNumber: accountNumber, Settings: slices.Clone(settings), At: time.Now(), MaxAge: c.quoteAge,
		})
	}
	return bills, nil
}

// Request makes the transfer that pays the bill, under a reference that is new for every payment. What is wrong with it is
// told at once: a bill without a product, a BillRef or an amount, by field, and one that was looked up too long ago ([ErrQuoteTooOld]).
func (b OpenBill) Request(distributorRef string) (ding.SendTransferRequest, error) {
	var problems []facade.FieldProblem
	need := func(ok bool, field, reason string) {
		if !ok {
			problems = append(problems, facade.FieldProblem{Field: field, Reason: reason})
		}
	}
	need(b.Product != nil, "SkuCode", "is missing: the bill has no product")
	need(strings.TrimSpace(distributorRef) != "", "DistributorRef", "is missing")
	need(strings.TrimSpace(b.BillRef) != "", "BillRef", "is missing: the bill has none")
	need(b.Price.SendValue.Sign() > 0, "SendValue", "is missing: the bill has no amount")
	var wrong error
	if len(problems) > 0 {
		wrong = &facade.RequestError{Operation: "SendTransfer", Problems: problems}
	}
	if err := errors.Join(tooOld("looked up", b.At, b.MaxAge), wrong); err != nil {
		return ding.SendTransferRequest{}, err
	}
	return ding.SendTransferRequest{
		SKUCode:         b.Product.SKUCode,
		SendValue:       b.Price.SendValue,
		SendCurrencyISO: b.Price.SendCurrencyISO,
		AccountNumber:   b.AccountNumber,
		DistributorRef:  distributorRef,
		BillRef:         b.BillRef,
		Settings:        slices.Clone(b.Settings),
	}, nil
}

func unknownSKU(operation, skuCode string) error {
	return &facade.RequestError{Operation: operation, Problems: []facade.FieldProblem{{Field: "SkuCode", Reason: fmt.Sprintf("is not in the catalogue: %q", skuCode)}}}
}
