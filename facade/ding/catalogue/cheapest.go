package catalogue

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/money"
)

// What to sell, if it is only known what shall arrive.

var (
	// ErrNoProduct: nothing that can be sold to the number now delivers what was asked for. The errors joined to it say why the products
	// that came close do not, and what went wrong with the match. Its outcome is temporary where one of them may do later.
	ErrNoProduct = errors.New("no product delivers that to this number")
	// ErrProviderDown is in the chain of an [ErrNoProduct] where a provider that is down has such a product.
	ErrProviderDown = errors.New("the provider is down")
)

const (
	// mostEstimates is how many EstimatePrices requests one choice may cost, of 50 in ten minutes.
	mostEstimates = 3
	// estimateBatch is how many prices one of them asks for. The service's own limit is not documented.
	estimateBatch = 20
	// mostReasons is how many of the products that did not do are explained, and how many of the match's warnings are told then.
	mostReasons = 5
)

// Cheapest quotes the product that delivers at least so much of the currency to the account number, and takes the least off the
// balance (SendValue + DistributorFee); of two that cost the same, the one that delivers more, and then the one whose SKU comes first.
// What counts as delivered is what arrives after tax ([Arrives]).
//
// The number is matched as [Catalogue.Match] does it, unless that has been done ([Matched]). Products in the currency, of every kind unless [OnlyProducts] narrows them, are
// compared by estimates from the catalogue; EstimatePrices then gives the exact prices of the best ones, in three requests at most,
// and none is returned whose exact price delivers less than asked. With [LocalEstimate] that is left out.
//
// Where the look-up named the providers, all of them are compared. Where only patterns fit, the number belongs to one of several, and
// the cheapest product may be another's: then those that fit best are asked first, and the next best only if they sell nothing that
// will do and none of them is down; such a quote has a [*Doubt] among its warnings. What is sold everywhere is always compared.
//
// Left out are products that need a bill, those of providers that are down now, and those of providers whose pattern cannot be used.
// If nothing is left, the error is [ErrNoProduct], with [ErrProviderDown] in its chain if a provider that is down would have had one.
func (c *Catalogue) Cheapest(ctx context.Context, accountNumber string, atLeast money.Decimal, currencyISO string, opts ...QuoteOption) (*Quote, error) {
	quotes, err := c.Offers(ctx, accountNumber, atLeast, currencyISO, opts...)
	if err != nil {
		return nil, err
	}
	return quotes[0], nil
}

// Offers returns the quotes among which [Catalogue.Cheapest] chooses, the cheapest first; at least one if there is no error. The list
// ends with those whose exact prices were asked for: there may be more that are dearer.
func (c *Catalogue) Offers(ctx context.Context, accountNumber string, atLeast money.Decimal, currencyISO string, opts ...QuoteOption) ([]*Quote, error) {
	var checks facade.Checks
	checks.Require(atLeast.Sign() > 0, "ReceiveValue", "is not above zero")
	checks.Require(strings.TrimSpace(currencyISO) != "", "ReceiveCurrencyIso", "is missing")
	if err := checks.Err("Cheapest"); err != nil {
		return nil, err
	}
	how := newQuoting(opts)
	match, err := c.matchOnce(ctx, accountNumber, how.match)
	if err != nil {
		return nil, err
	}
	choice := &choice{atLeast: atLeast, currency: strings.TrimSpace(currencyISO), how: how, estimates: mostEstimates}
	for _, candidates := range ranked(match.Candidates) {
		choice.gather(candidates)
		if err := choice.comparable(); err != nil {
			return nil, err
		}
		if err := c.price(ctx, choice); err != nil {
			return nil, err
		}
		if len(choice.done) > 0 || errors.Is(errors.Join(choice.why...), ErrProviderDown) {
			break
		}
	}
	return choice.result(match)
}

// matchOnce matches the number, unless that has been done.
func (c *Catalogue) matchOnce(ctx context.Context, accountNumber string, made *Match) (*Match, error) {
	if made == nil {
		return c.Match(ctx, accountNumber)
	}
	account, err := readAccount("Cheapest", accountNumber)
	if err != nil {
		return nil, err
	}
	var checks facade.Checks
	checks.Require(account.is(made.AccountNumber), "AccountNumber", "is not the one that was matched")
	return made, checks.Err("Cheapest")
}

// ranked splits candidates into those that are as likely as each other, the likeliest first. What is sold everywhere is in the first.
func ranked(candidates []Candidate) [][]Candidate {
	ranks := make([][]Candidate, 1)
	previous := -1
	for _, candidate := range candidates {
		last := len(ranks) - 1
		switch {
		case candidate.By == ByEverywhere:
			last = 0
		case previous >= 0 && candidate.rank != previous:
			ranks = append(ranks, nil)
			last++
			fallthrough
		default:
			previous = candidate.rank
		}
		ranks[last] = append(ranks[last], candidate)
	}
	return ranks
}

// price finds out what the products that may do cost.
func (c *Catalogue) price(ctx context.Context, ch *choice) error {
	if !ch.how.local {
		return c.confirm(ctx, ch)
	}
	for _, o := range ch.open {
		o.quote = c.newQuote(ask{o.product, afterTax, ch.atLeast}, o.local, o.localIsExact, nil)
		ch.done = append(ch.done, o)
	}
	return nil
}

// choice is the way to a result.
type choice struct {
	atLeast  money.Decimal
	currency string
	how      quoting
	// estimates is how many EstimatePrices requests may still be made.
	estimates int

	// open are the products whose exact price is not known yet, the cheapest first, and done those of which it is.
	open, done []*offer
	// why says of products why they will not do. Of those in other currencies it is only noted which these are.
	why        []error
	currencies []string
}

// offer is a product that may do.
type offer struct {
	product *ding.Product
	by      By
	message string
	// local is the price by the catalogue.
	local        ding.Price
	localIsExact bool
	// next is what to ask for, asked is how often it was.
	next  ask
	asked int
	quote *Quote
}

// gather finds the products of some candidates that may do, by the catalogue.
func (ch *choice) gather(candidates []Candidate) {
	seen := map[string]bool{}
	ch.open = nil
	for _, candidate := range candidates {
		if candidate.By == ByUnchecked {
			continue
		}
		for _, product := range ch.allowed(candidate) {
			if seen[product.SKUCode] || !ch.isInCurrency(product) {
				continue
			}
			seen[product.SKUCode] = true
			switch o, err := ch.consider(product); {
			case err != nil:
				ch.why = append(ch.why, err)
			case candidate.Down:
				ch.why = append(ch.why, fmt.Errorf("%s: %w: %s", product.SKUCode, ErrProviderDown, candidate.Message))
			default:
				o.by, o.message = candidate.By, candidate.Message
				ch.open = append(ch.open, o)
			}
		}
	}
	slices.SortStableFunc(ch.open, func(a, b *offer) int { return compare(a.product, a.local, b.product, b.local) })
}

func (ch *choice) isInCurrency(product *ding.Product) bool {
	low, _ := ends(product)
	if strings.EqualFold(low.ReceiveCurrencyISO, ch.currency) {
		return true
	}
	if low.ReceiveCurrencyISO != "" && !slices.Contains(ch.currencies, low.ReceiveCurrencyISO) {
		ch.currencies = append(ch.currencies, low.ReceiveCurrencyISO)
	}
	return false
}

// allowed returns the candidate's products that pass the filter.
func (ch *choice) allowed(candidate Candidate) []*ding.Product {
	products := candidate.Products()
	filter := ch.how.filter
	if len(products) == 0 || filter.isEmpty() {
		return products
	}
	code := candidate.Provider.ProviderCode
	if len(filter.ProviderCodes) > 0 && !slices.Contains(filter.ProviderCodes, code) {
		return nil
	}
	filter.ProviderCodes = []string{code}
	pass := map[string]bool{}
	for product := range candidate.data.Products(filter) {
		pass[product.SKUCode] = true
	}
	return slices.DeleteFunc(products, func(p *ding.Product) bool { return !pass[p.SKUCode] })
}

func (f Filter) isEmpty() bool {
	return len(f.SKUCodes)+len(f.ProviderCodes)+len(f.CountryISOs)+len(f.RegionCodes)+len(f.Benefits)+len(f.PaymentTypes) == 0
}

// consider finds out where in its range a product delivers enough, and what it costs there by the catalogue.
func (ch *choice) consider(product *ding.Product) (*offer, error) {
	low, high := ends(product)
	o := &offer{product: product}
	switch {
	case product.LookupBillsRequired:
		return nil, fmt.Errorf("%s needs a bill", product.SKUCode)
	case sendValue.check(product, low.SendValue) != nil, low.SendValue.Sign() <= 0 && Arrives(low).Sign() > 0:
		return nil, fmt.Errorf("%s cannot be sold for %s to %s %s", product.SKUCode, low.SendValue, high.SendValue, low.SendCurrencyISO)
	case Arrives(low).Cmp(ch.atLeast) >= 0:
		o.local, o.localIsExact, o.next = low, true, ask{product, sendValue, low.SendValue}
		return o, nil
	case Arrives(high).Cmp(ch.atLeast) < 0:
		return nil, fmt.Errorf("%s delivers %s %s at most", product.SKUCode, Arrives(high), high.ReceiveCurrencyISO)
	}
	wanted := ch.deliverable(low, high)
	gross, err := beforeTax(product, wanted)
	if err == nil {
		o.local, o.localIsExact, err = afterTax.estimate(product, wanted)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", product.SKUCode, err)
	}
	o.next = askReceive(product, gross)
	return o, nil
}

// deliverable rounds what shall arrive at least up to the decimals that the product's receive values have.
func (ch *choice) deliverable(low, high ding.Price) money.Decimal {
	wanted, err := round(rational(ch.atLeast), receivePlaces(low.ReceiveValue, high.ReceiveValue), up)
	if most := Arrives(high); err != nil || wanted.Cmp(most) > 0 {
		return most
	}
	return wanted
}

// askReceive asks for a ReceiveValue, or for the upper end of the range if that is beyond it.
func askReceive(product *ding.Product, value money.Decimal) ask {
	if _, high := ends(product); value.Cmp(high.ReceiveValue) >= 0 {
		return ask{product, sendValue, high.SendValue}
	}
	return ask{product, receiveValue, value}
}

// comparable refuses prices in several currencies: which one is least cannot be told.
func (ch *choice) comparable() error {
	for _, o := range ch.open {
		if first := ch.open[0].local.SendCurrencyISO; o.local.SendCurrencyISO != first {
			return fmt.Errorf("%w: prices in %s and %s cannot be compared", ErrNoProduct, first, o.local.SendCurrencyISO)
		}
	}
	return nil
}

// compare sorts by what leaves the balance, then by what arrives, most first, then by SKU.
func compare(a *ding.Product, priceA ding.Price, b *ding.Product, priceB ding.Price) int {
	if order := LeavesBalance(priceA).Cmp(LeavesBalance(priceB)); order != 0 {
		return order
	}
	if order := Arrives(priceB).Cmp(Arrives(priceA)); order != 0 {
		return order
	}
	return strings.Compare(a.SKUCode, b.SKUCode)
}

// confirm asks for the exact prices of the best products, until no other can be better by the catalogue.
func (c *Catalogue) confirm(ctx context.Context, ch *choice) error {
	for ; ch.estimates > 0; ch.estimates-- {
		ch.drop()
		batch := ch.open[:min(len(ch.open), estimateBatch)]
		if len(batch) == 0 {
			return nil
		}
		asks := make([]ask, len(batch))
		for i, o := range batch {
			asks[i] = o.next
		}
		estimates, err := c.estimate(ctx, asks)
		if err != nil && len(ch.done) == 0 {
			return err
		}
		if err != nil {
			return nil
		}
		rest := slices.Clone(ch.open[len(batch):])
		ch.open = nil
		for i, o := range batch {
			ch.judge(o, estimates[i])
		}
		// Those that have to be asked again come before those that are dearer anyway.
		ch.open = append(ch.open, rest...)
	}
	for _, o := range ch.open {
		ch.why = append(ch.why, fmt.Errorf("%s: its exact price was not asked for any more", o.product.SKUCode))
	}
	return nil
}

// drop forgets the products that cannot be better, by the catalogue, than the best exact price.
func (ch *choice) drop() {
	if len(ch.done) == 0 {
		return
	}
	best := slices.MinFunc(ch.done, compareQuotes).quote
	ch.open = slices.DeleteFunc(ch.open, func(o *offer) bool { return LeavesBalance(o.local).Cmp(best.LeavesBalance()) > 0 })
}

func compareQuotes(a, b *offer) int {
	return compare(a.product, a.quote.Price, b.product, b.quote.Price)
}

// judge decides whether an exact price will do, or what to ask for next.
func (ch *choice) judge(o *offer, e estimated) {
	o.asked++
	switch {
	case e.err != nil:
		if o.next.on.field == receiveValue.field && errors.Is(e.err, ding.CodeParameterOutOfRange) {
			// Near the ends of the range the service may not see a ReceiveValue where the catalogue does.
			o.next = ask{o.product, sendValue, o.local.SendValue}
			ch.open = append(ch.open, o)
			return
		}
		ch.why = append(ch.why, e.err)
	case sendValue.check(o.product, e.quote.Price.SendValue) != nil:
		ch.why = append(ch.why, sendValue.check(o.product, e.quote.Price.SendValue))
	case !strings.EqualFold(e.quote.Price.ReceiveCurrencyISO, ch.currency) || e.quote.Price.SendCurrencyISO != o.local.SendCurrencyISO:
		ch.why = append(ch.why, fmt.Errorf("%s is priced in another currency now", o.product.SKUCode))
	case e.quote.Arrives().Cmp(ch.atLeast) < 0:
		ch.raise(o, e.quote)
	default:
		o.quote = e.quote
		ch.done = append(ch.done, o)
	}
}

// raise asks for more of a product whose exact price delivers less than asked: for what was missing, and no more, since the balance
// pays for it. A provider that knows whole amounts only says so by NearestMatch; then the next whole one comes first.
func (ch *choice) raise(o *offer, short *Quote) {
	next := ch.more(o, short)
	if IsFixed(o.product) || next.on.field == o.next.on.field && next.value.Equal(o.next.value) {
		ch.why = append(ch.why, fmt.Errorf("%s delivers %s %s now", o.product.SKUCode, short.Arrives(), short.Price.ReceiveCurrencyISO))
		return
	}
	o.next = next
	ch.open = append(ch.open, o)
}

// more returns what to ask for where the last price was short.
func (ch *choice) more(o *offer, short *Quote) ask {
	missing := ch.atLeast.Sub(short.Arrives())
	if o.next.on.field == sendValue.field {
		return ask{o.product, sendValue, ch.raisedSend(o, missing)}
	}
	asked := o.next.value
	if whole := wholeUp(asked); errors.Is(errors.Join(short.Warnings...), ding.CodeNearestMatch) && !whole.Equal(asked) {
		return askReceive(o.product, whole)
	}
	// Of what is missing after tax, more is missing before it.
	if gross, err := beforeTax(o.product, missing); err == nil {
		missing = gross
	}
	return askReceive(o.product, asked.Add(missing))
}

// raisedSend returns a SendValue that is higher by what is missing, as far as the ends of the range tell, and by 0.01 at least.
func (ch *choice) raisedSend(o *offer, missing money.Decimal) money.Decimal {
	low, high := ends(o.product)
	step := money.New(1, -places)
	if width := rational(Arrives(high).Sub(Arrives(low))); width.Sign() > 0 {
		rise := new(big.Rat).Mul(rational(missing), rational(high.SendValue.Sub(low.SendValue)))
		if exact, err := round(rise.Quo(rise, width), places, up); err == nil && exact.Cmp(step) > 0 {
			step = exact
		}
	}
	if raised := o.next.value.Add(step); raised.Cmp(high.SendValue) < 0 {
		return raised
	}
	return high.SendValue
}

// result sorts the quotes, or says why there is none.
func (ch *choice) result(match *Match) ([]*Quote, error) {
	if len(ch.done) == 0 {
		reasons, canWait := ch.reasons(match)
		return nil, &noProduct{reasons, canWait}
	}
	slices.SortStableFunc(ch.done, compareQuotes)
	quotes := make([]*Quote, len(ch.done))
	for i, o := range ch.done {
		quotes[i] = o.quote
		o.quote.AccountNumber, o.quote.By, o.quote.Message = match.AccountNumber, o.by, o.message
		o.quote.WantedSend, o.quote.WantedReceive = money.Decimal{}, ch.atLeast
		// What was asked for on the way says nothing, unless the service has a word for it.
		o.quote.Warnings = slices.DeleteFunc(o.quote.Warnings, func(err error) bool { return !errors.Is(err, ding.CodeNearestMatch) })
		o.quote.Warnings = append(o.quote.Warnings, match.Warnings...)
		if o.by == ByPattern {
			o.quote.Warnings = append(o.quote.Warnings, &Doubt{ProviderCode: o.product.ProviderCode})
		}
	}
	return quotes, nil
}

// reasons returns why the products will not do, those first that can be waited for, and then what went wrong with the match.
// canWait reports that there are such, or that the look-up may do better later.
func (ch *choice) reasons(match *Match) (all []error, canWait bool) {
	var waiting, others []error
	for _, err := range ch.why {
		if errors.Is(err, ErrProviderDown) || facade.OutcomeOf(err) == facade.OutcomeTemporary {
			waiting = append(waiting, err)
			continue
		}
		others = append(others, err)
	}
	all = append(waiting, others...)
	switch currencies := strings.Join(slices.Sorted(slices.Values(ch.currencies)), ", "); {
	case len(match.Candidates) == 0:
		all = []error{errors.New("no provider is known for the number")}
	case len(all) == 0 && currencies != "":
		all = []error{fmt.Errorf("what there is for the number is in %s, not in %s", currencies, ch.currency)}
	}
	all = append(all[:min(len(all), mostReasons)], match.Warnings[:min(len(match.Warnings), mostReasons)]...)
	return all, len(waiting) > 0 || facade.OutcomeOf(match.LookupErr) == facade.OutcomeTemporary
}

// noProduct is an [ErrNoProduct] with its reasons.
type noProduct struct {
	reasons []error
	canWait bool
}

func (e *noProduct) Error() string { return errors.Join(e.Unwrap()...).Error() }

func (e *noProduct) Unwrap() []error { return append([]error{ErrNoProduct}, e.reasons...) }

// Outcome is temporary where a product may do later, and refused otherwise.
func (e *noProduct) Outcome() facade.Outcome {
	if e.canWait {
		return facade.OutcomeTemporary
	}
	return facade.OutcomeRefused
}
