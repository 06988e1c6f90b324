package catalogue

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/money"
)

// Quote is what a product costs and delivers, and when that was found out.
type Quote struct {
	// Product is what is quoted. It is shared: do not change it.
	Product *ding.Product
	// AccountNumber is the number that the quote was made for; empty if it was made for a product alone.
	AccountNumber string
	// By is what the provider is known by to serve that number; empty if nobody asked, as for a quote of a product alone.
	By By
	// WantedSend or WantedReceive is what was asked for; the other is zero. The Price can differ, and then there is a [*Deviation].
	WantedSend, WantedReceive money.Decimal
	// Price is what it comes to.
	Price ding.Price
	// Exact reports that the price is the service's own. It is false for one that was estimated between two others ([LocalEstimate]).
	Exact bool
	// Down reports that the provider says of itself that it processes no transfers now; Message is what it has to say. Where the
	// status was not asked for or could not be had, Down is false.
	Down    bool
	Message string
	// Warnings are what a buyer may want to know before paying: a [*Deviation], a provider status that could not be had, and for a
	// number's quote the warnings of its [Match].
	Warnings Warnings
	// MadeAt is when the price was found out.
	MadeAt time.Time
	// MaxAge is how old it may be when a transfer is made from it ([WithQuoteAge]); 0 means 15 minutes.
	MaxAge time.Duration
}

// Warnings are errors that survive JSON: a [*Deviation] and a [*Doubt] as what they are, all others by their text.
type Warnings []error

// savedWarning is one of them in JSON.
type savedWarning struct {
	Deviation *Deviation `json:",omitempty"`
	Doubt     *Doubt     `json:",omitempty"`
	Text      string
}

// MarshalJSON writes a list of objects, each with the Text and, where there is one, the Deviation or Doubt.
func (w Warnings) MarshalJSON() ([]byte, error) {
	saved := make([]savedWarning, len(w))
	for i, err := range w {
		if err == nil {
			continue
		}
		saved[i].Text = err.Error()
		if !errors.As(err, &saved[i].Deviation) {
			errors.As(err, &saved[i].Doubt)
		}
	}
	return json.Marshal(saved)
}

// UnmarshalJSON reads what MarshalJSON has written.
func (w *Warnings) UnmarshalJSON(text []byte) error {
	var saved []savedWarning
	if err := json.Unmarshal(text, &saved); err != nil {
		return err
	}
	*w = nil
	for _, s := range saved {
		switch {
		case s.Deviation != nil:
			*w = append(*w, s.Deviation)
		case s.Doubt != nil:
			*w = append(*w, s.Doubt)
		default:
			*w = append(*w, errors.New(s.Text))
		}
	}
	return nil
}

// CustomerPays returns what the customer pays in all, in SendCurrencyISO: SendValue, which contains the CustomerFee.
func (q *Quote) CustomerPays() money.Decimal { return q.Price.SendValue }

// ProviderGets is [ProviderGets] of the quote's price.
func (q *Quote) ProviderGets() money.Decimal { return ProviderGets(q.Price) }

// LeavesBalance is [LeavesBalance] of the quote's price.
func (q *Quote) LeavesBalance() money.Decimal { return LeavesBalance(q.Price) }

// Arrives is [Arrives] of the quote's price: what the customer can use, after tax.
func (q *Quote) Arrives() money.Decimal { return Arrives(q.Price) }

// Deviation is the warning that a price is for another amount than the one that was asked for. errors.Is finds its codes and
// contexts, such as [ding.CodeNearestMatch] and [ding.ContextProviderCannotSupplyRequestReceiveValue].
type Deviation struct {
	// Field is "SendValue", "ReceiveValue", or "ReceiveValueExcludingTax" where what arrives after tax was asked for.
	Field string
	// Wanted is what was asked for, Given what the price is for, both in Currency.
	Wanted, Given money.Decimal
	Currency      string
	// Codes are the service's own words for it; none if it gave none.
	Codes []ding.ErrorCode
}

// Error names both amounts.
func (d *Deviation) Error() string {
	text := fmt.Sprintf("the price is for a %s of %s %s, %s was asked for", d.Field, d.Given, d.Currency, d.Wanted)
	for i, code := range d.Codes {
		separator := ", "
		if i == 0 {
			separator = ": "
		}
		text += separator + strings.TrimSuffix(code.Code+"/"+code.Context, "/")
	}
	return text
}

// Is matches a [ding.Code] against the codes and their contexts.
func (d *Deviation) Is(target error) bool {
	wanted, ok := target.(ding.Code)
	if !ok || wanted == "" {
		return false
	}
	for _, code := range d.Codes {
		if ding.Code(code.Code) == wanted || ding.Code(code.Context) == wanted {
			return true
		}
	}
	return false
}

// Doubt is the warning that the number may belong to another provider than the one whose product is quoted: only its pattern fits.
type Doubt struct {
	// ProviderCode is the provider's that the quote is of.
	ProviderCode string
}

// Error names the provider.
func (d *Doubt) Error() string {
	return fmt.Sprintf("the number may belong to another provider than %s: the look-up did not name it, only its pattern fits", d.ProviderCode)
}

// QuoteOption changes one quote.
type QuoteOption func(*quoting)

// quoting is how a quote is made.
type quoting struct {
	local, afterTax bool
	filter          Filter
	match           *Match
}

// LocalEstimate makes the quote from the catalogue alone, and asks the service neither for the price nor for the provider status.
// Between the ends of a product's range the price lies on the straight line, with what is paid rounded up and what arrives rounded
// down; it is not Exact then, since a provider's own steps and rounding are not known.
func LocalEstimate() QuoteOption { return func(q *quoting) { q.local = true } }

// AfterTax makes [Catalogue.QuoteReceive] take the value as what arrives after tax, and not as the price's ReceiveValue.
func AfterTax() QuoteOption { return func(q *quoting) { q.afterTax = true } }

// OnlyProducts makes [Catalogue.Cheapest] and [Catalogue.Offers] choose among the products that pass the filter, such as those with
// certain benefits.
func OnlyProducts(filter Filter) QuoteOption { return func(q *quoting) { q.filter = filter } }

// Matched makes [Catalogue.Cheapest] and [Catalogue.Offers] use what [Catalogue.Match] has found out about the number before: it is
// neither looked up again, nor is the provider status asked for.
func Matched(match *Match) QuoteOption { return func(q *quoting) { q.match = match } }

func newQuoting(opts []QuoteOption) quoting {
	var q quoting
	for _, opt := range opts {
		if opt != nil {
			opt(&q)
		}
	}
	return q
}

// QuoteSend quotes a product for a SendValue, in the product's SendCurrencyISO, with two decimals at most. A fixed product is quoted
// at its own price only.
//
// EstimatePrices is asked for the price, and GetProviderStatus whether the provider is down, each at most 50 times in ten minutes.
// The error is a [*facade.RequestError] or a [*LimitError] if the amount cannot be had, and else the service's: errors.Is finds the
// codes that it gave for this price.
func (c *Catalogue) QuoteSend(ctx context.Context, skuCode string, value money.Decimal, opts ...QuoteOption) (*Quote, error) {
	product, err := c.quoted(ctx, "QuoteSend", skuCode, sendValue, value)
	if err != nil {
		return nil, err
	}
	if err := sendValue.check(product, value); err != nil {
		return nil, err
	}
	return c.quote(ctx, newQuoting(opts), ask{product: product, on: sendValue, value: value.Round(places)})
}

// QuoteReceive quotes a product for a ReceiveValue, in the product's ReceiveCurrencyISO; with [AfterTax] for what arrives after tax.
// A fixed product is quoted for what it delivers only. Where the provider cannot deliver exactly that, the quote is for the nearest
// amount, and has a [*Deviation] among its warnings; that can be less than what was asked for.
//
// It asks and fails as [Catalogue.QuoteSend] does.
func (c *Catalogue) QuoteReceive(ctx context.Context, skuCode string, value money.Decimal, opts ...QuoteOption) (*Quote, error) {
	product, err := c.quoted(ctx, "QuoteReceive", skuCode, receiveValue, value)
	if err != nil {
		return nil, err
	}
	how := newQuoting(opts)
	if !how.afterTax {
		if err := receiveValue.check(product, value); err != nil {
			return nil, err
		}
		return c.quote(ctx, how, ask{product: product, on: receiveValue, value: value})
	}
	if err := afterTax.check(product, value); err != nil {
		return nil, err
	}
	gross, err := beforeTax(product, value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", skuCode, err)
	}
	quote, err := c.quote(ctx, how, ask{product: product, on: receiveValue, value: gross})
	if err == nil {
		quote.WantedReceive = value
		if arrives := quote.Arrives(); arrives.Cmp(value) < 0 {
			quote.Warnings = append(quote.Warnings, &Deviation{Field: afterTax.field, Wanted: value, Given: arrives, Currency: quote.Price.ReceiveCurrencyISO})
		}
	}
	return quote, err
}

// quoted returns the product to quote, and checks the form of the amount.
func (c *Catalogue) quoted(ctx context.Context, operation, skuCode string, a amount, value money.Decimal) (*ding.Product, error) {
	var checks facade.Checks
	checks.Require(strings.TrimSpace(skuCode) != "", "SkuCode", "is missing")
	checks.Require(value.Sign() > 0, a.field, "is not above zero")
	checks.Require(a.field != sendValue.field || value.Equal(value.Round(places)), a.field, "has more than two decimals")
	if err := checks.Err(operation); err != nil {
		return nil, err
	}
	data, err := c.Data(ctx)
	if err != nil {
		return nil, err
	}
	product, known := data.Product(skuCode)
	if !known {
		return nil, unknownSKU(operation, skuCode)
	}
	if _, high := ends(product); high.SendValue.Sign() <= 0 {
		return nil, &facade.RequestError{Operation: operation, Problems: []facade.FieldProblem{{Field: "SkuCode", Reason: "has no price in the catalogue: " + strconv.Quote(skuCode)}}}
	}
	return product, nil
}

// ask is one price that is asked for.
type ask struct {
	product *ding.Product
	on      amount
	value   money.Decimal
}

// quote asks for one price, and at the same time whether the provider is down.
func (c *Catalogue) quote(ctx context.Context, how quoting, a ask) (*Quote, error) {
	if how.local {
		return c.quoteLocally(a)
	}
	ctx, cancel := context.WithCancel(ctx)
	var status Status
	var statusErr error
	var asking sync.WaitGroup
	asking.Go(func() { status, statusErr = c.statusSoon(ctx, []string{a.product.ProviderCode}) })
	quotes, err := c.estimate(ctx, []ask{a})
	if err == nil {
		err = quotes[0].err
	}
	if err != nil {
		cancel()
		asking.Wait()
		return nil, err
	}
	asking.Wait()
	cancel()
	quote := quotes[0].quote
	if statusErr != nil {
		quote.Warnings = append(quote.Warnings, statusErr)
	}
	quote.Down, quote.Message = status.Down(a.product.ProviderCode)
	return quote, nil
}

func (c *Catalogue) quoteLocally(a ask) (*Quote, error) {
	price, exact, err := a.on.estimate(a.product, a.value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.product.SKUCode, err)
	}
	return c.newQuote(a, price, exact, nil), nil
}

// newQuote makes a quote, and compares it with what was asked for.
func (c *Catalogue) newQuote(a ask, price ding.Price, exact bool, codes []ding.ErrorCode) *Quote {
	q := &Quote{Product: a.product, Price: price, Exact: exact, MadeAt: time.Now(), MaxAge: c.quoteAge}
	if a.on.field == sendValue.field {
		q.WantedSend = a.value
	} else {
		q.WantedReceive = a.value
	}
	if given := a.on.of(price); len(codes) > 0 || !given.Equal(a.value) {
		q.Warnings = append(q.Warnings, &Deviation{Field: a.on.field, Wanted: a.value, Given: given, Currency: a.on.currency(price), Codes: codes})
	}
	return q
}

// estimated is what became of one price that was asked for.
type estimated struct {
	quote *Quote
	err   error
}

// estimate asks EstimatePrices for several prices at once. The error is about all of them.
func (c *Catalogue) estimate(ctx context.Context, asks []ask) ([]estimated, error) {
	requests := make([]ding.EstimationRequest, len(asks))
	for i, a := range asks {
		requests[i] = ding.EstimationRequest{SKUCode: a.product.SKUCode, BatchItemRef: strconv.Itoa(i + 1)}
		if a.on.field == sendValue.field {
			low, _ := ends(a.product)
			requests[i].SendValue, requests[i].SendCurrencyISO = a.value, low.SendCurrencyISO
		} else {
			requests[i].ReceiveValue = a.value
		}
	}
	answer, err := c.client.EstimatePrices(ctx, requests)
	if err != nil {
		return nil, err
	}
	estimates := make([]estimated, len(asks))
	for i, result := range answer.Results {
		if len(asks) == 1 && result.Item != nil && len(result.Item.ErrorCodes) == 0 {
			// What is said of the whole answer is said of its only price.
			result.Item.ErrorCodes = answer.ErrorCodes
		}
		estimates[i].quote, estimates[i].err = c.read(asks[i], result)
	}
	return estimates, nil
}

var errNoPrice = errors.New("the service gave no price")

// read makes a quote of one item of the service's answer.
func (c *Catalogue) read(a ask, result ding.BatchResult[ding.EstimatedPrice]) (*Quote, error) {
	switch {
	case result.Err != nil:
		return nil, fmt.Errorf("%s has no price: %w", a.product.SKUCode, result.Err)
	case result.Item.Price == nil || result.Item.Price.SendValue.Sign() <= 0:
		return nil, fmt.Errorf("%s: %w", a.product.SKUCode, errNoPrice)
	}
	price := *result.Item.Price
	// A price without currencies is in the product's.
	low, _ := ends(a.product)
	price.SendCurrencyISO = cmp.Or(price.SendCurrencyISO, low.SendCurrencyISO)
	price.ReceiveCurrencyISO = cmp.Or(price.ReceiveCurrencyISO, low.ReceiveCurrencyISO)
	return c.newQuote(a, price, true, result.Item.ErrorCodes), nil
}
