// An offer: one product together with what is needed to price it and to judge an account number for it.

package catalogue

import (
	"math/big"
	"strings"

	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/money"
)

// AccountCurrency is the currency of the account, of its balance and of every SendValue.
const AccountCurrency = "USD"

// Offer is one product on sale.
type Offer struct {
	// Product is the product as GetProducts shows it.
	Product ding.Product
	// Down is why the provider processes nothing at present, empty while it does.
	Down string

	network   *network
	catalogue *Catalogue
	perDollar money.Decimal
	currency  string
	whole     bool
	tax       taxSource
	fees      feeSource
}

// Batch reports whether the product is delivered later, after SendTransfer has answered.
func (o *Offer) Batch() bool { return o.Product.ProcessingMode == ding.ProcessingModeBatch }

// PIN reports whether a transfer of the product yields a PIN.
func (o *Offer) PIN() bool {
	return o.Product.RedemptionMechanism == ding.RedemptionMechanismReadReceipt
}

// InRange reports whether an amount may be sent. A product with a fixed price takes that price only.
func (o *Offer) InRange(send money.Decimal) bool {
	return send.Cmp(o.Product.Minimum.SendValue) >= 0 && send.Cmp(o.Product.Maximum.SendValue) <= 0
}

// MissingSettings returns the names of the mandatory settings that are not there, or are there without a value.
func (o *Offer) MissingSettings(given []ding.Setting) []string {
	values := make(map[string]string, len(given))
	for _, setting := range given {
		values[setting.Name] = setting.Value
	}
	var missing []string
	for _, definition := range o.Product.SettingDefinitions {
		if definition.IsMandatory && values[definition.Name] == "" {
			missing = append(missing, definition.Name)
		}
	}
	return missing
}

// Fit says how an account number goes with the product.
func (o *Offer) Fit(account string) Fit {
	if _, test := o.UATDigit(account); test {
		return TestAccount
	}
	if o.network.accepts(account) {
		return Fits
	}
	if country := o.network.country; country.numbers(account) && len(o.catalogue.candidates(account)) > 0 {
		return WrongLine
	}
	return Malformed
}

// UATDigit returns the last digit of an account that is the product's UatNumber in all others.
func (o *Offer) UATDigit(account string) (byte, bool) {
	uat := o.Product.UATNumber
	if len(account) != len(uat) || !onlyDigits(account) {
		return 0, false
	}
	return account[len(account)-1], strings.HasPrefix(account, uat[:len(uat)-1])
}

// PriceOf returns what an amount costs and delivers: what is left after the customer fee, at the rate of the country,
// cut to whole units where the provider knows no others.
func (o *Offer) PriceOf(send money.Decimal) ding.Price {
	receive := send.Sub(o.fees.Customer).Mul(o.perDollar).Round(2)
	if o.whole {
		receive = wholePart(receive)
	}
	return o.price(send, receive)
}

// PriceFor returns what a receive value costs. exact is false if the provider can't supply precisely that value; the
// price is then the one of the nearest that it can. ok is false if the value is out of the product's range.
func (o *Offer) PriceFor(receive money.Decimal) (price ding.Price, exact, ok bool) {
	supplied := receive.Round(2)
	if o.whole {
		supplied = receive.Round(0)
	}
	// Bounds come first, so that nothing absurd is calculated with.
	if supplied.Sign() <= 0 || supplied.Cmp(o.Product.Maximum.ReceiveValue) > 0 {
		return ding.Price{}, false, false
	}
	cost := o.cost(supplied)
	return o.price(cost, supplied.Round(2)), supplied.Equal(receive), o.InRange(cost)
}

// cost is the least amount in whole cents that delivers a receive value. The ends of the range cost what the product
// says: their receive values may have been rounded.
func (o *Offer) cost(receive money.Decimal) money.Decimal {
	switch {
	case receive.Equal(o.Product.Minimum.ReceiveValue):
		return o.Product.Minimum.SendValue
	case receive.Equal(o.Product.Maximum.ReceiveValue):
		return o.Product.Maximum.SendValue
	default:
		return quotientInCents(receive, o.perDollar).Add(o.fees.Customer)
	}
}

func (o *Offer) price(send, receive money.Decimal) ding.Price {
	return ding.Price{
		SendValue:                send.Round(2),
		SendCurrencyISO:          AccountCurrency,
		CustomerFee:              o.fees.Customer.Round(2),
		DistributorFee:           o.fees.Distributor.Round(2),
		ReceiveValue:             receive,
		ReceiveCurrencyISO:       o.currency,
		ReceiveValueExcludingTax: o.afterTax(receive),
		TaxRate:                  o.tax.Rate.Round(4), // the places that DingConnect's sample has
		TaxName:                  o.tax.Name,
		TaxCalculation:           o.tax.Calculation,
	}
}

// afterTax takes the tax off where it is part of the receive value: 76.00 at 10 per cent leaves 68.40, as in the
// example of the description page.
func (o *Offer) afterTax(receive money.Decimal) money.Decimal {
	if o.tax.Calculation != ding.TaxCalculationInclusive {
		return receive
	}
	percent := money.New(1, -2)
	return receive.Sub(receive.Mul(o.tax.Rate).Mul(percent)).Round(2)
}

// wholePart cuts off what comes after the point of an amount above zero, keeping two places.
func wholePart(amount money.Decimal) money.Decimal {
	whole := amount.Round(0)
	if whole.Cmp(amount) > 0 {
		whole = whole.Sub(money.FromInt(1))
	}
	return whole.Round(2)
}

// quotientInCents divides, exactly, and then rounds up to a cent, so that the amount surely suffices.
func quotientInCents(amount, divisor money.Decimal) money.Decimal {
	cents := new(big.Rat).Quo(rational(amount.Mul(money.FromInt(100))), rational(divisor))
	whole, rest := new(big.Int).QuoRem(cents.Num(), cents.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		whole.Add(whole, big.NewInt(1))
	}
	return money.MustParse(whole.String()).Mul(money.New(1, -2))
}

func rational(amount money.Decimal) *big.Rat {
	r, _ := new(big.Rat).SetString(amount.String()) // a Decimal always prints a number
	return r
}
