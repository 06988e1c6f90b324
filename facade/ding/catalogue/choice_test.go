// What a choice among products costs: no step too far where a price falls short, and no operator that the number hardly belongs to.

package catalogue

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/money"
)

func TestWhatIsMissingIsAskedForAndNoMore(t *testing.T) {
	hundredth := money.MustParse("0.01")
	for name, tc := range map[string]struct {
		low, high, atLeast string
		exact              func(ding.EstimationRequest) ding.Price
		want               string
	}{
		"a cent is missing of a receive value": {"0.50/0.40", "50.00/40.00", "2.00", func(r ding.EstimationRequest) ding.Price {
			// The service delivers a cent less than it is asked for.
			return price("USD", fmt.Sprintf("%s/%s", r.ReceiveValue.Mul(money.MustParse("1.25")).Round(2), r.ReceiveValue.Sub(hundredth)))
		}, "2.51 for 2.00"},
		"a cent is missing at the lower end": {"1.00/0.80", "50.00/40.00", "0.80", func(r ding.EstimationRequest) ding.Price {
			return price("USD", fmt.Sprintf("%s/%s", r.SendValue, r.SendValue.Mul(money.MustParse("0.8")).Sub(hundredth).Round(2)))
		}, "1.02 for 0.81"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &service{estimate: func(r ding.EstimationRequest) ding.EstimatedPrice { return priced(tc.exact(r)) }}
			c := selling(t, s, market(product("Dollars", "AWAF", "USD", tc.low, tc.high)))
			q, err := c.Cheapest(t.Context(), "93700000000", money.MustParse(tc.atLeast), "USD")
			require.NoError(t, err)
			assert.Equal(t, tc.want, fmt.Sprintf("%s for %s", q.Price.SendValue, q.Price.ReceiveValue))
			assert.Equal(t, 2, s.requests["EstimatePrices"])
		})
	}
}

// operators are three of one country: the number of the tests fits all patterns, and that of NEAR best.
func operators(products ...ding.Product) parts {
	return parts{
		countries: []ding.Country{country("AF", 11, 11, "93")},
		providers: []ding.Provider{
			provider("WIDE", "AF", `^93\d{9}$`), provider("NEAR", "AF", `^93(70|71)\d{7}$`), provider("MID", "AF", `^937\d{8}$`), provider("ALL", "XG", `^\d+$`),
		},
		products: products,
	}
}

func TestTheLikeliestProviderComesBeforeTheCheapest(t *testing.T) {
	near, mid, wide := product("Near", "NEAR", "AFN", "6.00/400.00"), product("Mid", "MID", "AFN", "5.00/400.00"), product("Wide", "WIDE", "AFN", "4.00/400.00")
	for name, tc := range map[string]struct {
		products []ding.Product
		down     string
		lookUp   string
		want     string
		by       By
		doubt    bool
	}{
		"the best fit, although it is dearer":         {[]ding.Product{wide, mid, near}, "", nobody, "Near", ByPattern, true},
		"the next best, where the best sells nothing": {[]ding.Product{wide, mid}, "", nobody, "Mid", ByPattern, true},
		"the last, where nobody else sells":           {[]ding.Product{wide}, "", nobody, "Wide", ByPattern, true},
		"never another's, where the best is down":     {[]ding.Product{wide, near}, "NEAR", nobody, "", "", false},
		"of those looked up, the cheapest": {[]ding.Product{wide, mid, near}, "",
			`{"ResultCode":1,"CountryIso":"AF","AccountNumberNormalized":"93700000000","Items":[{"ProviderCode":"NEAR","RegionCode":"AF"},{"ProviderCode":"MID","RegionCode":"AF"}]}`,
			"Mid", ByLookup, false},
		"what is sold everywhere": {[]ding.Product{near, product("Card", "ALL", "AFN", "3.00/400.00")}, "", nobody, "Card", ByEverywhere, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := operators(tc.products...)
			s := &service{estimate: listed(p), lookUp: ok(tc.lookUp), down: map[string]string{}}
			if tc.down != "" {
				s.down[tc.down] = "Back soon."
			}
			q, err := selling(t, s, p).Cheapest(t.Context(), "93700000000", money.MustParse("400"), "AFN")
			if tc.want == "" {
				require.ErrorIs(t, err, ErrProviderDown)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tc.want, q.Product.SKUCode)
			assert.Equal(t, tc.by, q.By)
			var doubt *Doubt
			if assert.Equal(t, tc.doubt, errors.As(errors.Join(q.Warnings...), &doubt)) && tc.doubt {
				assert.Equal(t, q.Product.ProviderCode, doubt.ProviderCode)
				assert.ErrorContains(t, doubt, doubt.ProviderCode)
			}
		})
	}
}
