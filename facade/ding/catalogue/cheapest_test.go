package catalogue

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/money"
)

const number = "93700000000"

// market has two operators that take the number, of which one can be down, and a shop of XG.
func market(products ...ding.Product) parts {
	return parts{
		countries: []ding.Country{country("AF", 11, 11, "93")},
		providers: []ding.Provider{provider("AWAF", "AF", `^93\d{9}$`), provider("ETAF", "AF", `^93\d{9}$`), provider("BADAF", "AF", `(`), provider("GIXG", "XG", `^\d+$`), provider("OTPK", "PK", `^92\d+$`)},
		products:  products,
	}
}

// listed prices everything as the catalogue does.
func listed(p parts) func(ding.EstimationRequest) ding.EstimatedPrice {
	d := newData(p)
	return func(r ding.EstimationRequest) ding.EstimatedPrice {
		product, _ := d.Product(r.SKUCode)
		on, value := sendValue, r.SendValue
		if value.IsZero() {
			on, value = receiveValue, r.ReceiveValue
		}
		price, _, err := on.estimate(product, value)
		if err != nil {
			return failed(ding.ResultCodeServerError, "OtherError", "")
		}
		return priced(price)
	}
}

func TestTheCheapestProductThatDeliversEnough(t *testing.T) {
	taxed := product("Taxed", "AWAF", "AFN", "1.00/76.00/0/0/68.40", "100.00/7600.00/0/0/6840.00")
	taxed.Maximum.TaxRate = money.MustParse("10")
	bill := product("Bill", "AWAF", "AFN", "0.10/500.00")
	bill.LookupBillsRequired = true
	data := product("Data", "AWAF", "AFN", "6.00/500.00")
	data.Benefits = []ding.Benefit{ding.BenefitData}
	for name, tc := range map[string]struct {
		products []ding.Product
		atLeast  string
		opts     []QuoteOption
		want     string
	}{
		"a range, at the value asked for": {
			[]ding.Product{product("Range", "AWAF", "AFN", "1.00/76.00", "100.00/7600.00"), product("Ten", "ETAF", "AFN", "10.00/760.00")},
			"380", nil, "Range: 5.00 for 380.00",
		},
		"a fixed product that delivers more for less": {
			[]ding.Product{product("Range", "AWAF", "AFN", "1.00/76.00", "100.00/7600.00"), product("Special", "ETAF", "AFN", "4.99/500.00")},
			"380", nil, "Special: 4.99 for 500.00",
		},
		"fees count": {
			[]ding.Product{product("Fee", "AWAF", "AFN", "5.00/400.00/0/0.50"), product("NoFee", "ETAF", "AFN", "5.49/400.00")},
			"380", nil, "NoFee: 5.49 for 400.00",
		},
		"the customer's fee is contained": {
			[]ding.Product{product("Fee", "AWAF", "AFN", "5.00/400.00/0.50"), product("NoFee", "ETAF", "AFN", "5.01/400.00")},
			"380", nil, "Fee: 5.00 for 400.00",
		},
		"the lower end, if that is more than enough": {
			[]ding.Product{product("Range", "AWAF", "AFN", "1.00/76.00", "100.00/7600.00")}, "10", nil, "Range: 1.00 for 76.00",
		},
		"the upper end": {
			[]ding.Product{product("Range", "AWAF", "AFN", "1.00/76.00", "100.00/7600.00")}, "7600", nil, "Range: 100.00 for 7600.00",
		},
		"after tax": { // 380 / 0.9 = 422.23; 1 + (422.23 - 76) / 76 = 5.5556, rounded up
			[]ding.Product{taxed, product("Ten", "ETAF", "AFN", "10.00/760.00")}, "380", nil, "Taxed: 5.56 for 422.23",
		},
		"a tie goes to what delivers more": {
			[]ding.Product{product("A", "AWAF", "AFN", "5.00/400.00"), product("B", "ETAF", "AFN", "5.00/410.00")}, "380", nil, "B: 5.00 for 410.00",
		},
		"and then to the SKU": {
			[]ding.Product{product("B", "AWAF", "AFN", "5.00/400.00"), product("A", "ETAF", "AFN", "5.00/400.00")}, "380", nil, "A: 5.00 for 400.00",
		},
		"not a bill, another currency, another country's, or what cannot be told": {
			[]ding.Product{
				bill, product("Usd", "AWAF", "USD", "0.10/500.00"), product("Pak", "OTPK", "AFN", "0.10/500.00"), product("Bad", "BADAF", "AFN", "0.10/500.00"),
				product("Dear", "AWAF", "AFN", "9.00/400.00"),
			}, "380", nil, "Dear: 9.00 for 400.00",
		},
		"what is sold everywhere": {
			[]ding.Product{product("Card", "GIXG", "AFN", "4.00/400.00"), product("Ten", "AWAF", "AFN", "10.00/760.00")}, "380", nil, "Card: 4.00 for 400.00",
		},
		"among some products": {
			[]ding.Product{data, product("Ten", "AWAF", "AFN", "5.00/760.00")}, "380",
			[]QuoteOption{OnlyProducts(Filter{Benefits: []ding.Benefit{ding.BenefitData}})}, "Data: 6.00 for 500.00",
		},
		"by estimates alone": {
			[]ding.Product{product("Range", "AWAF", "AFN", "1.00/76.00", "100.00/7600.00"), product("Ten", "ETAF", "AFN", "10.00/760.00")},
			"380", []QuoteOption{LocalEstimate()}, "Range: 5.00 for 380.00",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := market(tc.products...)
			s := &service{estimate: listed(p)}
			q, err := selling(t, s, p).Cheapest(t.Context(), "+93 700 000 000", money.MustParse(tc.atLeast), "afn", tc.opts...)
			require.NoError(t, err)
			assert.Equal(t, tc.want, fmt.Sprintf("%s: %s for %s", q.Product.SKUCode, q.Price.SendValue, q.Price.ReceiveValue))
			assert.GreaterOrEqual(t, q.Arrives().Cmp(money.MustParse(tc.atLeast)), 0)
			assert.Equal(t, tc.atLeast, q.WantedReceive.String())
			assert.Equal(t, number, q.AccountNumber)
			assert.True(t, q.WantedSend.IsZero())
			assert.LessOrEqual(t, s.requests["EstimatePrices"], 1)
			warnings := 1 // the broken pattern
			if q.By == ByPattern {
				warnings++
				assert.ErrorAs(t, errors.Join(q.Warnings...), new(*Doubt))
			}
			assert.Len(t, q.Warnings, warnings)
			_, err = q.Request(Order{DistributorRef: "1"})
			require.NoError(t, err)
		})
	}
}

func TestAnEstimateOfTheCheapestPromisesNoLess(t *testing.T) {
	for _, tc := range []struct {
		product       ding.Product
		atLeast, want string
	}{
		{product("A", "AWAF", "AFN", "1.00/100.00", "50.00/5000.00"), "333.331", "3.34 for 333.34"},
		{product("A", "AWAF", "AFN", "1.00/0.307", "100.00/30.7"), "0.5055", "1.65 for 0.506"},
		{product("A", "AWAF", "AFN", "1.00/0.307", "100.00/30.70055"), "30.7005", "100.00 for 30.70055"},
	} {
		c := holding(t, nobodyKnows{}, market(tc.product))
		q, err := c.Cheapest(t.Context(), number, money.MustParse(tc.atLeast), "AFN", LocalEstimate())
		require.NoError(t, err)
		assert.Equal(t, tc.want, fmt.Sprintf("%s for %s", q.Price.SendValue, q.Arrives()))
	}
}

func TestANumberThatIsMatchedIsNotLookedUpAgain(t *testing.T) {
	p := market(product("Ten", "AWAF", "AFN", "10.00/760.00"))
	s := &service{estimate: listed(p)}
	c := selling(t, s, p)
	m, err := c.Match(t.Context(), number)
	require.NoError(t, err)
	for _, written := range []string{number, "+93 700 000 000"} {
		q, err := c.Cheapest(t.Context(), written, money.MustParse("380"), "AFN", Matched(m))
		require.NoError(t, err)
		assert.Equal(t, number, q.AccountNumber)
	}
	assert.Equal(t, map[string]int{"GetAccountLookup": 1, "GetProviderStatus": 1, "EstimatePrices": 2}, s.requests)
	_, err = c.Cheapest(t.Context(), "93700000001", money.MustParse("380"), "AFN", Matched(m))
	require.EqualError(t, err, "Cheapest was not sent: AccountNumber is not the one that was matched")
	_, err = c.Cheapest(t.Context(), " ", money.MustParse("380"), "AFN", Matched(m))
	require.ErrorContains(t, err, "AccountNumber is missing")
}

func TestWhyAProductWillNotDo(t *testing.T) {
	bill := product("Bill", "AWAF", "AFN", "0.10/500.00")
	bill.LookupBillsRequired = true
	p := market(bill, product("Swapped", "AWAF", "AFN", "50.00/3800.00", "1.00/76.00"), product("Free", "AWAF", "AFN", "0/500.00"),
		ding.Product{SKUCode: "Priceless", ProviderCode: "AWAF"}, ding.Product{SKUCode: "Small", ProviderCode: "AWAF", Maximum: price("AFN", "5.00/300.00")})
	_, err := holding(t, nobodyKnows{}, p).Cheapest(t.Context(), number, money.MustParse("380"), "AFN")
	assert.Equal(t, facade.OutcomeRefused, facade.OutcomeOf(err))
	assert.EqualError(t, err, "no product delivers that to this number\nBill needs a bill\n"+
		"Swapped cannot be sold for 50.00 to 1.00 USD\nFree cannot be sold for 0 to 0 USD\nSmall delivers 300.00 AFN at most\n"+
		"provider BADAF: the provider's pattern cannot be used: error parsing regexp: missing closing ) in `(`")
}

func TestWhatMayBeSoldLaterIsRefusedForNowOnly(t *testing.T) {
	p := market(product("Ten", "AWAF", "AFN", "10.00/760.00"), product("Small", "ETAF", "AFN", "1.00/76.00"))
	cheapest := func(s *service) error {
		_, err := selling(t, s, p).Cheapest(t.Context(), number, money.MustParse("380"), "AFN")
		require.ErrorIs(t, err, ErrNoProduct)
		return err
	}
	timedOut := &service{estimate: func(ding.EstimationRequest) ding.EstimatedPrice {
		return failed(ding.ResultCodeTransientError, "TransientProviderError", "ProviderTimedOut")
	}}
	err := cheapest(timedOut)
	assert.Equal(t, facade.OutcomeTemporary, facade.OutcomeOf(err))
	require.ErrorIs(t, err, ding.ContextProviderTimedOut)
	assert.Equal(t, facade.OutcomeTemporary, facade.OutcomeOf(cheapest(&service{down: map[string]string{"AWAF": "Back at noon."}})))
	assert.Equal(t, facade.OutcomeRefused, facade.OutcomeOf(cheapest(&service{estimate: func(ding.EstimationRequest) ding.EstimatedPrice {
		return failed(ding.ResultCodeServerError, "ProviderError", "ProductUnavailable")
	}})))

	p.products = p.products[1:]
	assert.Equal(t, facade.OutcomeRefused, facade.OutcomeOf(cheapest(&service{})))
	err = cheapest(&service{lookUp: func(string) (int, string) { return http.StatusServiceUnavailable, busy }})
	assert.Equal(t, facade.OutcomeTemporary, facade.OutcomeOf(err), "the look-up may name another provider")
	require.ErrorIs(t, err, ding.CodeRateLimited)
}

func TestTheExactPriceDecides(t *testing.T) {
	ranged := product("Range", "AWAF", "AFN", "1.00/76.00", "100.00/7600.00")
	fixed := product("Fixed", "ETAF", "AFN", "6.00/400.00")
	for name, tc := range map[string]struct {
		exact    func(ding.EstimationRequest) ding.EstimatedPrice
		atLeast  string
		want     string
		requests int
	}{
		"the one that looked cheaper is not": {func(r ding.EstimationRequest) ding.EstimatedPrice {
			if r.SKUCode == "Range" {
				return priced(price("AFN", "6.50/380.00"))
			}
			return priced(price("AFN", "6.00/400.00"))
		}, "380", "Fixed: 6.00 for 400.00", 1},
		"a provider of whole amounts is asked for the next one": {func(r ding.EstimationRequest) ding.EstimatedPrice {
			if r.SKUCode == "Fixed" {
				return priced(price("AFN", "6.00/400.00"))
			}
			if whole := r.ReceiveValue.Round(0); !whole.Equal(r.ReceiveValue) {
				return nearest(price("AFN", "5.00/"+whole.String()))
			}
			return priced(price("AFN", "5.02/"+r.ReceiveValue.String()))
		}, "380.40", "Range: 5.02 for 381", 2},
		"and given up if it goes on delivering less": {func(r ding.EstimationRequest) ding.EstimatedPrice {
			if r.SKUCode == "Fixed" {
				return priced(price("AFN", "6.00/400.00"))
			}
			return nearest(price("AFN", "5.00/379.00"))
		}, "380", "Fixed: 6.00 for 400.00", 3},
		"a fixed product that delivers less now is dropped": {func(r ding.EstimationRequest) ding.EstimatedPrice {
			if r.SKUCode == "Fixed" {
				return priced(price("AFN", "6.00/300.00"))
			}
			return priced(price("AFN", "7.00/380.00"))
		}, "380", "Range: 7.00 for 380.00", 1},
		"a receive value that is refused is asked for from the other end": {func(r ding.EstimationRequest) ding.EstimatedPrice {
			if !r.ReceiveValue.IsZero() {
				return failed(ding.ResultCodeClientError, "ParameterOutOfRange", "ReceiveValue")
			}
			if r.SKUCode == "Fixed" {
				return priced(price("AFN", "6.00/400.00"))
			}
			return priced(price("AFN", r.SendValue.String()+"/380.01"))
		}, "380", "Range: 5.00 for 380.01", 2},
		"a product that has no price is left out": {func(r ding.EstimationRequest) ding.EstimatedPrice {
			if r.SKUCode == "Range" {
				return failed(ding.ResultCodeServerError, "ProviderError", "ProductUnavailable")
			}
			return priced(price("AFN", "6.00/400.00"))
		}, "380", "Fixed: 6.00 for 400.00", 1},
		"so is one beyond its limits": {func(r ding.EstimationRequest) ding.EstimatedPrice {
			if r.SKUCode == "Range" {
				return priced(price("AFN", "0.50/380.00"))
			}
			return priced(price("AFN", "6.00/400.00"))
		}, "380", "Fixed: 6.00 for 400.00", 1},
		"and one in another currency": {func(r ding.EstimationRequest) ding.EstimatedPrice {
			if r.SKUCode == "Range" {
				return priced(price("PKR", "5.00/380.00"))
			}
			return priced(price("AFN", "6.00/400.00"))
		}, "380", "Fixed: 6.00 for 400.00", 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := &service{estimate: tc.exact}
			q, err := selling(t, s, market(ranged, fixed)).Cheapest(t.Context(), number, money.MustParse(tc.atLeast), "AFN")
			require.NoError(t, err)
			assert.Equal(t, tc.want, fmt.Sprintf("%s: %s for %s", q.Product.SKUCode, q.Price.SendValue, q.Price.ReceiveValue))
			assert.Equal(t, tc.requests, s.requests["EstimatePrices"])
			assert.True(t, q.Exact)
		})
	}
}

func TestOfManyProductsTheBestAreAskedFor(t *testing.T) {
	var products []ding.Product
	for i := range 90 {
		products = append(products, product(fmt.Sprintf("P%02d", i), "AWAF", "AFN", fmt.Sprintf("%d.00/400.00", 5+i)))
	}
	p := market(products...)
	s := &service{estimate: func(r ding.EstimationRequest) ding.EstimatedPrice {
		answer := listed(p)(r)
		if r.SendValue.Cmp(money.MustParse("30")) < 0 {
			answer.Price.ReceiveValue = money.MustParse("1") // the cheap ones deliver next to nothing now
		}
		return answer
	}}
	c := selling(t, s, p)
	offers, err := c.Offers(t.Context(), number, money.MustParse("380"), "AFN")
	require.NoError(t, err)
	assert.Equal(t, "30.00", offers[0].Price.SendValue.String())
	assert.Len(t, offers, 15, "5 to 44 were asked for in two requests, 30 to 44 deliver enough")
	assert.Equal(t, 2, s.requests["EstimatePrices"])

	s.estimate = func(ding.EstimationRequest) ding.EstimatedPrice { return priced(price("AFN", "5.00/1.00")) }
	_, err = c.Cheapest(t.Context(), number, money.MustParse("380"), "AFN")
	require.ErrorIs(t, err, ErrNoProduct)
	assert.Equal(t, 2+mostEstimates, s.requests["EstimatePrices"])
	assert.Less(t, len(err.Error()), 600)
}

func TestNothingIsOfferedThatCannotBeSold(t *testing.T) {
	fixed := product("Fixed", "ETAF", "AFN", "6.00/400.00")
	p := market(fixed, product("Small", "AWAF", "AFN", "1.00/76.00", "2.00/152.00"))
	s := &service{estimate: listed(p), down: map[string]string{"ETAF": "Back at noon."}}
	c := selling(t, s, p)
	_, err := c.Cheapest(t.Context(), number, money.MustParse("380"), "AFN")
	require.ErrorIs(t, err, ErrNoProduct)
	require.ErrorIs(t, err, ErrProviderDown)
	assert.ErrorContains(t, err, "Back at noon.")
	assert.ErrorContains(t, err, "Small delivers 152.00 AFN at most")
	assert.Zero(t, s.requests["EstimatePrices"])

	_, err = c.Cheapest(t.Context(), number, money.MustParse("380"), "EUR")
	require.ErrorIs(t, err, ErrNoProduct)
	require.NotErrorIs(t, err, ErrProviderDown)
	require.ErrorContains(t, err, "what there is for the number is in AFN, not in EUR")
	_, err = c.Cheapest(t.Context(), "a number of nobody", money.MustParse("380"), "AFN")
	require.ErrorContains(t, err, "no provider is known for the number")

	s.down, s.estimateFail = nil, http.StatusServiceUnavailable
	_, err = c.Cheapest(t.Context(), number, money.MustParse("380"), "AFN")
	require.ErrorIs(t, err, ding.CodeRateLimited)

	euros := fixed
	euros.SKUCode, euros.Minimum.SendCurrencyISO = "Euros", "EUR"
	_, err = selling(t, s, market(fixed, euros)).Cheapest(t.Context(), number, money.MustParse("380"), "AFN")
	require.ErrorContains(t, err, "cannot be compared")

	for _, tc := range [][3]string{{"", "380", "AFN"}, {number, "0", "AFN"}, {number, "380", ""}} {
		_, err = c.Cheapest(t.Context(), tc[0], money.MustParse(tc[1]), tc[2])
		assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(err))
	}
}
