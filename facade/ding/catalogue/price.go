package catalogue

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/money"
)

// What a price means, and what it comes to between the two ends of a product's range. All arithmetic is exact; where a result has to
// be rounded, what is paid is rounded up and what arrives is rounded down.

const (
	// places is how many decimals a SendValue and the fees have, and receive values as a rule.
	places = 2
	// mostPlaces is how many a receive value has at most: dinars are divided into thousandths.
	mostPlaces = 3
)

// receivePlaces returns how many decimals a receive value has, going by some that the service gave: two, or more if one of them
// needs more.
func receivePlaces(given ...money.Decimal) int {
	for _, value := range given {
		if !value.Equal(value.Round(places)) {
			return mostPlaces
		}
	}
	return places
}

// Arrives returns what the customer can use once tax is taken off, in ReceiveCurrencyISO: the price's ReceiveValueExcludingTax. Where
// the service left that out, it is calculated from TaxRate, which is in per cent:
//
//   - Inclusive: ReceiveValue contains the tax, which is that share of it. 76.00 at 10 per cent leave 68.40, as in the example of
//     the API's description page; it is not 76.00 / 1.10.
//   - Exclusive: the tax comes on top of ReceiveValue, so that all of it arrives.
//   - Blank, or anything new: the provider settles it by its own rules. The tax counts as part of ReceiveValue then, so that what is
//     promised does arrive.
func Arrives(price ding.Price) money.Decimal {
	if !price.ReceiveValueExcludingTax.IsZero() {
		return price.ReceiveValueExcludingTax
	}
	if price.TaxRate.Sign() <= 0 || price.TaxCalculation == ding.TaxCalculationExclusive {
		return price.ReceiveValue
	}
	remains := new(big.Rat).Mul(rational(price.ReceiveValue), rational(money.FromInt(100).Sub(price.TaxRate)))
	left, err := round(remains.Quo(remains, big.NewRat(100, 1)), receivePlaces(price.ReceiveValue), down)
	if err != nil || left.Sign() < 0 {
		return money.Decimal{}
	}
	return left
}

// ProviderGets returns the part of the price that goes to the provider, in SendCurrencyISO: SendValue - CustomerFee.
func ProviderGets(price ding.Price) money.Decimal { return price.SendValue.Sub(price.CustomerFee) }

// LeavesBalance returns what the transfer takes off the account's balance, in SendCurrencyISO: SendValue + DistributorFee.
func LeavesBalance(price ding.Price) money.Decimal { return price.SendValue.Add(price.DistributorFee) }

// IsFixed reports that a product has one price, which its Minimum and Maximum both are.
func IsFixed(product *ding.Product) bool {
	low, high := ends(product)
	return low.SendValue.Equal(high.SendValue)
}

// LimitError reports an amount that a product is not sold for. Nothing was asked or sent.
type LimitError struct {
	// SKUCode is the product's.
	SKUCode string
	// Field is "SendValue", "ReceiveValue", or "ReceiveValueExcludingTax" where what arrives after tax was asked for.
	Field string
	// Value is the amount asked for, Minimum and Maximum are what can be had, all in Currency.
	Value, Minimum, Maximum money.Decimal
	Currency                string
}

// Error names the limits and their currency.
func (e *LimitError) Error() string {
	limits := fmt.Sprintf("it is sold for %s to %s %s", e.Minimum, e.Maximum, e.Currency)
	if e.Minimum.Equal(e.Maximum) {
		limits = fmt.Sprintf("it is sold for %s %s only", e.Minimum, e.Currency)
	}
	return fmt.Sprintf("%s cannot be had for a %s of %s %s: %s", e.SKUCode, e.Field, e.Value, e.Currency, limits)
}

// Outcome is always [facade.OutcomeUsage].
func (e *LimitError) Outcome() facade.Outcome { return facade.OutcomeUsage }

// amount is one of the axes along which a product has a range.
type amount struct {
	field    string
	of       func(ding.Price) money.Decimal
	currency func(ding.Price) string
}

var (
	sendValue    = amount{"SendValue", func(p ding.Price) money.Decimal { return p.SendValue }, func(p ding.Price) string { return p.SendCurrencyISO }}
	receiveValue = amount{"ReceiveValue", func(p ding.Price) money.Decimal { return p.ReceiveValue }, func(p ding.Price) string { return p.ReceiveCurrencyISO }}
	afterTax     = amount{"ReceiveValueExcludingTax", Arrives, func(p ding.Price) string { return p.ReceiveCurrencyISO }}
)

// ends returns a product's prices at both ends of its range. A fixed price is both, and so is one whose other end is missing.
func ends(product *ding.Product) (low, high ding.Price) {
	switch {
	case product.Maximum.SendValue.IsZero():
		return product.Minimum, product.Minimum
	case product.Minimum == ding.Price{}:
		return product.Maximum, product.Maximum
	}
	return product.Minimum, product.Maximum
}

// check returns a [*LimitError] for a value that is not within the product's range.
func (a amount) check(product *ding.Product, value money.Decimal) error {
	low, high := ends(product)
	if value.Cmp(a.of(low)) >= 0 && value.Cmp(a.of(high)) <= 0 {
		return nil
	}
	return &LimitError{SKUCode: product.SKUCode, Field: a.field, Value: value, Minimum: a.of(low), Maximum: a.of(high), Currency: a.currency(low)}
}

// estimate returns a product's price on the straight line between the ends of its range, where the amount is the value. At the ends
// themselves, and so for every fixed price, it is the catalogue's own and exact.
func (a amount) estimate(product *ding.Product, value money.Decimal) (price ding.Price, exact bool, err error) {
	low, high := ends(product)
	switch {
	case value.Equal(a.of(low)):
		return low, true, nil
	case value.Equal(a.of(high)):
		return high, true, nil
	}
	between := line{a.of(low), a.of(high), value}
	received := receivePlaces(low.ReceiveValue, high.ReceiveValue)
	price = low
	for _, part := range []struct {
		into   *money.Decimal
		of     func(ding.Price) money.Decimal
		places int
		way    rounding
	}{
		{&price.SendValue, sendValue.of, places, up},
		{&price.CustomerFee, func(p ding.Price) money.Decimal { return p.CustomerFee }, places, up},
		{&price.DistributorFee, func(p ding.Price) money.Decimal { return p.DistributorFee }, places, up},
		{&price.ReceiveValue, receiveValue.of, received, down},
		{&price.ReceiveValueExcludingTax, Arrives, received, down},
	} {
		if *part.into, err = between.at(part.of(low), part.of(high), part.places, part.way); err != nil {
			return ding.Price{}, false, err
		}
	}
	return price, false, nil
}

// line is where a value lies between two others.
type line struct{ from, to, value money.Decimal }

// at returns what lies there between two amounts, rounded.
func (l line) at(low, high money.Decimal, places int, way rounding) (money.Decimal, error) {
	width := l.to.Sub(l.from)
	if width.IsZero() {
		return money.Decimal{}, errNoEstimate
	}
	share := new(big.Rat).Quo(rational(l.value.Sub(l.from)), rational(width))
	rise := share.Mul(share, rational(high.Sub(low)))
	return round(rise.Add(rise, rational(low)), places, way)
}

var errNoEstimate = errors.New("the product's prices allow no estimate")

// beforeTax returns the ReceiveValue of which so much arrives, rounded up. The tax of a product is that of its upper end, where
// rounding weighs least.
func beforeTax(product *ding.Product, arrives money.Decimal) (money.Decimal, error) {
	low, high := ends(product)
	switch {
	case arrives.Equal(Arrives(low)):
		return low.ReceiveValue, nil
	case arrives.Equal(Arrives(high)):
		return high.ReceiveValue, nil
	}
	if high.ReceiveValue.Sign() <= 0 {
		return money.Decimal{}, errNoEstimate
	}
	share := big.NewRat(1, 1)
	if rate := money.FromInt(100).Sub(high.TaxRate); !Arrives(high).Equal(high.ReceiveValue) {
		share.Quo(rational(rate), big.NewRat(100, 1))
		if high.TaxRate.Sign() <= 0 {
			share.Quo(rational(Arrives(high)), rational(high.ReceiveValue))
		}
	}
	if share.Sign() <= 0 {
		return money.Decimal{}, errNoEstimate
	}
	return round(new(big.Rat).Quo(rational(arrives), share), receivePlaces(low.ReceiveValue, high.ReceiveValue), up)
}

func rational(d money.Decimal) *big.Rat {
	r, _ := new(big.Rat).SetString(d.String()) // a Decimal always prints a number
	return r
}

// rounding is the way in which a result is brought to its places.
type rounding bool

const (
	down rounding = false
	up   rounding = true
)

// round brings a number to so many places. The error is about one that is beyond the bounds of package money.
func round(r *big.Rat, places int, way rounding) (money.Decimal, error) {
	unit := money.New(1, int32(-places))
	units := new(big.Rat).Quo(r, rational(unit))
	// Euclidean division by a positive number rounds towards minus infinity.
	whole, rest := new(big.Int).DivMod(units.Num(), units.Denom(), new(big.Int))
	if way == up && rest.Sign() > 0 {
		whole.Add(whole, big.NewInt(1))
	}
	n, err := money.Parse(whole.String())
	if err != nil {
		return money.Decimal{}, errNoEstimate
	}
	return n.Mul(unit), nil
}

// wholeUp rounds an amount up to a whole one.
func wholeUp(d money.Decimal) money.Decimal {
	if whole := d.Round(0); whole.Cmp(d) >= 0 {
		return whole
	}
	return d.Round(0).Add(money.FromInt(1))
}
