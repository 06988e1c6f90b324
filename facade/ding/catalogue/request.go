package catalogue

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
)

// ErrQuoteTooOld is in the chain of the error of a request from a quote, or from a bill, that was made too long ago. Make a new one:
// prices change.
var ErrQuoteTooOld = errors.New("the quote is too old")

// defaultQuoteAge is time enough to show a price and have it paid.
const defaultQuoteAge = 15 * time.Minute

// WithQuoteAge sets how old a quote or a bill may be when a transfer is made from it; 15 minutes if it is not set.
func WithQuoteAge(age time.Duration) Option {
	return func(c *Catalogue) error {
		if age <= 0 {
			return fmt.Errorf("a quote age of %s is none", age)
		}
		c.quoteAge = age
		return nil
	}
}

// Order is what a transfer needs beside a quote.
type Order struct {
	// AccountNumber is who gets it, as [ProductAccount] reads it; it may be left out if the quote was made for a number.
	AccountNumber string
	// DistributorRef is the transfer's own reference, new for every payment: a repeated one is paid again.
	DistributorRef string
	// Settings are the values that the product asks for.
	Settings []ding.Setting
	// BillRef is that of the bill, for a product with LookupBillsRequired. [Catalogue.Bills] finds bills.
	BillRef string
}

// Request makes the transfer of a quote, after checking it: the quote's age ([ErrQuoteTooOld]), the product's limits for SendValue,
// mandatory settings, the bill where one is needed, and that the number is the quote's own. The error names every field at fault at
// once, as a [*facade.RequestError]. SendValue and SendCurrencyISO are the quote's; ValidateOnly is false.
//
// A quote that is not Exact, or whose provider was down, can be sent all the same: the service has the last word on both.
func (q *Quote) Request(order Order) (ding.SendTransferRequest, error) {
	number, problems := q.accountNumber(order.AccountNumber)
	problems = append(problems, q.problems(order)...)
	var wrong error
	if len(problems) > 0 {
		wrong = &facade.RequestError{Operation: "SendTransfer", Problems: problems}
	}
	if err := errors.Join(q.tooOld(), wrong); err != nil {
		return ding.SendTransferRequest{}, err
	}
	return ding.SendTransferRequest{
		SKUCode:         q.Product.SKUCode,
		SendValue:       q.Price.SendValue,
		SendCurrencyISO: q.Price.SendCurrencyISO,
		AccountNumber:   number,
		DistributorRef:  order.DistributorRef,
		Settings:        slices.Clone(order.Settings),
		BillRef:         order.BillRef,
	}, nil
}

// phoneBenefits are those of products whose account is a phone.
var phoneBenefits = []ding.Benefit{ding.BenefitMobile, ding.BenefitMinutes, ding.BenefitData, ding.BenefitLongDistance}

// ProductAccount returns an account number as a transfer of the product wants it: a phone number in international form, digits
// only, however it is written ([Catalogue.Match]), and everything else as it is. A product that names benefits, and none of a
// phone's among them, goes to a meter or a contract, whose number may begin with zeros: digits are read as a phone number there only if
// a + says so. The error is a [*facade.RequestError] about a number that is missing or cannot be one.
func ProductAccount(product *ding.Product, written string) (string, error) {
	read, err := readAccount("SendTransfer", written)
	if err != nil {
		return "", err
	}
	isPhones := product == nil || len(product.Benefits) == 0 ||
		slices.ContainsFunc(product.Benefits, func(b ding.Benefit) bool { return slices.Contains(phoneBenefits, b) })
	if isPhones || read.isInternational {
		return read.number, nil
	}
	return read.written, nil
}

// accountNumber returns the number as a transfer wants it.
func (q *Quote) accountNumber(ordered string) (string, []facade.FieldProblem) {
	if strings.TrimSpace(ordered) == "" && q.AccountNumber != "" {
		return q.AccountNumber, nil
	}
	number, err := ProductAccount(q.Product, ordered)
	if wrong := (*facade.RequestError)(nil); errors.As(err, &wrong) {
		return "", wrong.Problems
	}
	if q.AccountNumber == "" {
		return number, nil
	}
	// The quote's number says how it was read; it has been read already.
	if read, _ := readAccount("SendTransfer", ordered); read.is(q.AccountNumber) {
		return q.AccountNumber, nil
	}
	return "", []facade.FieldProblem{{Field: "AccountNumber", Reason: "is not the one that the quote was made for"}}
}

func (q *Quote) problems(order Order) []facade.FieldProblem {
	if q.Product == nil {
		return []facade.FieldProblem{{Field: "SkuCode", Reason: "is missing: the quote has no product"}}
	}
	var problems []facade.FieldProblem
	require := func(ok bool, field, reason string) {
		if !ok {
			problems = append(problems, facade.FieldProblem{Field: field, Reason: reason})
		}
	}
	low, high := ends(q.Product)
	value := q.Price.SendValue
	require(strings.TrimSpace(order.DistributorRef) != "", "DistributorRef", "is missing")
	require(value.Equal(value.Round(places)), "SendValue", "has more than two decimals")
	require(q.Price.SendCurrencyISO == low.SendCurrencyISO, "SendCurrencyIso",
		fmt.Sprintf("is %s, and the product's limits are in %s", q.Price.SendCurrencyISO, low.SendCurrencyISO))
	require(value.Sign() > 0 && sendValue.check(q.Product, value) == nil, "SendValue",
		fmt.Sprintf("is %s, and the product is sold for %s to %s %s", value, low.SendValue, high.SendValue, low.SendCurrencyISO))
	require(!q.Product.LookupBillsRequired || strings.TrimSpace(order.BillRef) != "", "BillRef", "is missing: the product needs a bill, look it up first")
	return append(problems, settingProblems(q.Product, order.Settings)...)
}

// quoteTooOld is a quote's age as an error.
type quoteTooOld struct {
	// what was done with it then: a quote is made, a bill looked up.
	what      string
	age, most time.Duration
}

func (e *quoteTooOld) Error() string {
	return fmt.Sprintf("%s: it was %s %s ago, %s are allowed", ErrQuoteTooOld, e.what, e.age.Round(time.Second), e.most)
}

func (e *quoteTooOld) Unwrap() error { return ErrQuoteTooOld }

// Outcome is always [facade.OutcomeUsage].
func (e *quoteTooOld) Outcome() facade.Outcome { return facade.OutcomeUsage }

func (q *Quote) tooOld() error { return tooOld("made", q.MadeAt, q.MaxAge) }

// tooOld checks an age; no limit is the usual one.
func tooOld(what string, at time.Time, most time.Duration) error {
	if most == 0 {
		most = defaultQuoteAge
	}
	if age := time.Since(at); age > most {
		return &quoteTooOld{what, age, most}
	}
	return nil
}
