package catalogue

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/money"
)

func TestWhatArrivesIsAfterTax(t *testing.T) {
	for name, tc := range map[string]struct {
		receive, excluding, rate string
		calculation              ding.TaxCalculation
		want                     string
	}{
		"the description page's example":     {"76.0", "68.40", "10.0000", "Inclusive", "68.40"},
		"the same, calculated":               {"76.0", "0", "10.0000", "Inclusive", "68.4"},
		"rounded down":                       {"33.33", "0", "10", "Inclusive", "29.99"}, // 29.997
		"a rate with decimals":               {"1000", "0", "17.5", "Inclusive", "825"},
		"on top":                             {"76.0", "0", "10", "Exclusive", "76"},
		"on top, and the service says so":    {"76.0", "76.00", "10", "Exclusive", "76"},
		"the service has the last word":      {"76.0", "70.00", "10", "Exclusive", "70"},
		"the provider's own rules":           {"76.0", "0", "10", "", "68.4"},
		"the provider's own rules, answered": {"76.0", "69.09", "10", "", "69.09"},
		"a way that came later":              {"76.0", "0", "10", "Reverse", "68.4"},
		"no tax":                             {"29.00", "0", "0", "", "29"},
		"nothing left":                       {"76", "0", "100", "Inclusive", "0"},
		"a rate that cannot be":              {"76", "0", "250", "Inclusive", "0"},
	} {
		t.Run(name, func(t *testing.T) {
			p := ding.Price{
				ReceiveValue: money.MustParse(tc.receive), ReceiveValueExcludingTax: money.MustParse(tc.excluding),
				TaxRate: money.MustParse(tc.rate), TaxCalculation: tc.calculation,
			}
			assert.True(t, money.MustParse(tc.want).Equal(Arrives(p)), "%s, not %s", tc.want, Arrives(p))
		})
	}
}

func TestFeesSayWhoGetsWhat(t *testing.T) {
	p := price("AFN", "5.00/380/0.50/0.15")
	assert.Equal(t, "4.50", ProviderGets(p).String())
	assert.Equal(t, "5.15", LeavesBalance(p).String())
	q := Quote{Price: p}
	assert.Equal(t, "5.00", q.CustomerPays().String(), "the customer's fee is contained")
	assert.Equal(t, "4.50", q.ProviderGets().String())
	assert.Equal(t, "5.15", q.LeavesBalance().String())
	assert.Equal(t, "380", q.Arrives().String())
}

func TestAnEstimateLiesOnTheStraightLine(t *testing.T) {
	// 3.00 at the lower end deliver 10.00, 4.00 at the upper end 20.00: 10 a dollar. The fees grow from 0.10 to 0.20.
	p := product("SKU", "P", "AFN", "3.00/10.00/0.10/0.10/9.00", "4.00/20.00/0.20/0.20/18.00")
	for name, tc := range map[string]struct {
		on    amount
		value string
		// want: send, receive, customer fee, distributor fee, arrives
		want  [5]string
		exact bool
	}{
		"the lower end":            {sendValue, "3", [5]string{"3.00", "10.00", "0.10", "0.10", "9.00"}, true},
		"the upper end":            {sendValue, "4.00", [5]string{"4.00", "20.00", "0.20", "0.20", "18.00"}, true},
		"the middle":               {sendValue, "3.50", [5]string{"3.50", "15.00", "0.15", "0.15", "13.50"}, false},
		"fees are rounded up":      {sendValue, "3.51", [5]string{"3.51", "15.10", "0.16", "0.16", "13.59"}, false},
		"for what is received":     {receiveValue, "15.00", [5]string{"3.50", "15.00", "0.15", "0.15", "13.50"}, false},
		"what is sent, rounded up": {receiveValue, "15.01", [5]string{"3.51", "15.01", "0.16", "0.16", "13.50"}, false}, // 3.501; 13.509
		"for what arrives":         {afterTax, "13.50", [5]string{"3.50", "15.00", "0.15", "0.15", "13.50"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, exact, err := tc.on.estimate(&p, money.MustParse(tc.value))
			require.NoError(t, err)
			assert.Equal(t, tc.want, [5]string{
				got.SendValue.String(), got.ReceiveValue.String(), got.CustomerFee.String(), got.DistributorFee.String(), got.ReceiveValueExcludingTax.String(),
			})
			assert.Equal(t, tc.exact, exact)
		})
	}
}

func TestAnEstimateOfAThirdRoundsForTheCustomer(t *testing.T) {
	// 1.00 to 4.00 deliver 0 to 100: a third of a hundred for each dollar.
	p := product("SKU", "P", "AFN", "1.00/0.00", "4.00/100.00")
	got, exact, err := sendValue.estimate(&p, money.MustParse("2.00"))
	require.NoError(t, err)
	assert.False(t, exact)
	assert.Equal(t, "33.33", got.ReceiveValue.String(), "not 33.34, which would not arrive")
	got, _, err = receiveValue.estimate(&p, money.MustParse("50.01"))
	require.NoError(t, err)
	assert.Equal(t, "2.51", got.SendValue.String(), "2.5003 rounded up, since 2.50 does not suffice")
}

func TestPricesThatAllowNoEstimate(t *testing.T) {
	flat := product("SKU", "P", "AFN", "1.00/50.00", "4.00/50.00")
	_, _, err := receiveValue.estimate(&flat, money.MustParse("49"))
	require.ErrorIs(t, err, errNoEstimate)
	nothing := product("SKU", "P", "AFN", "1.00/0", "4.00/0")
	nothing.Maximum.TaxRate = money.MustParse("5")
	_, err = beforeTax(&nothing, money.MustParse("1"))
	require.ErrorIs(t, err, errNoEstimate)
	taxed := product("SKU", "P", "AFN", "1.00/50", "4.00/200")
	taxed.Maximum.TaxRate = money.MustParse("100")
	_, err = beforeTax(&taxed, money.MustParse("1"))
	require.ErrorIs(t, err, errNoEstimate)
	_, err = round(rational(money.MustParse("1e63")), places, up)
	require.ErrorIs(t, err, errNoEstimate)
}

func TestWhatMustBeReceivedForSoMuchToArrive(t *testing.T) {
	inclusive := product("SKU", "P", "AFN", "1.00/76.00/0/0/68.40", "100.00/7600.00/0/0/6840.00")
	inclusive.Maximum.TaxRate = money.MustParse("10")
	inclusive.Maximum.TaxCalculation = ding.TaxCalculationInclusive
	unnamed := inclusive
	unnamed.Maximum.TaxRate = money.Decimal{}
	exclusive := product("SKU", "P", "AFN", "1.00/76.00/0/0/76.00", "100.00/7600.00/0/0/7600.00")
	exclusive.Maximum.TaxRate = money.MustParse("10")
	exclusive.Maximum.TaxCalculation = ding.TaxCalculationExclusive
	for _, tc := range []struct {
		product       *ding.Product
		arrives, want string
	}{
		{&inclusive, "90", "100.00"}, {&inclusive, "100", "111.12"}, // 111.11 leaves 99.999
		{&inclusive, "68.40", "76.00"}, {&inclusive, "6840", "7600.00"},
		{&unnamed, "90", "100.00"}, {&exclusive, "90", "90.00"},
	} {
		got, err := beforeTax(tc.product, money.MustParse(tc.arrives))
		require.NoError(t, err)
		assert.Equal(t, tc.want, got.String(), tc.arrives)
	}
}

func TestALimitErrorNamesLimitsAndCurrency(t *testing.T) {
	ranged := product("AF_TopUp", "P", "AFN", "1.00/76.00", "100.00/7600.00")
	fixed := product("AF_10", "P", "AFN", "10.00/760.00")
	onlyMinimum := product("AF_5", "P", "AFN", "5.00/380.00")
	onlyMinimum.Maximum = ding.Price{}
	assert.False(t, IsFixed(&ranged))
	assert.True(t, IsFixed(&fixed))
	assert.True(t, IsFixed(&onlyMinimum))
	for _, tc := range []struct {
		on      amount
		product *ding.Product
		value   string
		want    string
	}{
		{sendValue, &ranged, "1", ""}, {sendValue, &ranged, "100.00", ""}, {sendValue, &fixed, "10", ""}, {sendValue, &onlyMinimum, "5", ""},
		{sendValue, &ranged, "100.01", "AF_TopUp cannot be had for a SendValue of 100.01 USD: it is sold for 1.00 to 100.00 USD"},
		{receiveValue, &ranged, "75.99", "AF_TopUp cannot be had for a ReceiveValue of 75.99 AFN: it is sold for 76.00 to 7600.00 AFN"},
		{sendValue, &fixed, "9.99", "AF_10 cannot be had for a SendValue of 9.99 USD: it is sold for 10.00 USD only"},
		{sendValue, &onlyMinimum, "6", "AF_5 cannot be had for a SendValue of 6 USD: it is sold for 5.00 USD only"},
	} {
		err := tc.on.check(tc.product, money.MustParse(tc.value))
		if tc.want == "" {
			require.NoError(t, err)
			continue
		}
		require.EqualError(t, err, tc.want)
		assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(err))
	}
}

func TestWholeAmountsAreRoundedUp(t *testing.T) {
	for value, want := range map[string]string{"100": "100", "100.00": "100", "100.01": "101", "100.5": "101", "100.99": "101", "0.2": "1"} {
		assert.Equal(t, want, wholeUp(money.MustParse(value)).String())
	}
}

func TestAPriceMayBeMissing(t *testing.T) {
	five := price("AFN", "5.00/380.00")
	for name, p := range map[string]ding.Product{"the upper end": {Minimum: five}, "the lower end": {Maximum: five}, "neither": {Minimum: five, Maximum: five}} {
		low, high := ends(&p)
		assert.Equal(t, [2]ding.Price{five, five}, [2]ding.Price{low, high}, name)
		assert.True(t, IsFixed(&p), name)
	}
}

func TestThousandthsArriveWhereThePricesHaveThem(t *testing.T) {
	// 1.00 delivers 0.307 dinars; the service writes zeros at the end or leaves them out.
	dinars := product("SKU", "P", "KWD", "1.00/0.3070/0/0/0.3070", "100.00/30.70/0/0/30.70")
	for _, tc := range []struct {
		on                         amount
		value, send, receive, left string
	}{
		{sendValue, "5.00", "5.00", "1.535", "1.535"}, {receiveValue, "1.535", "5.00", "1.535", "1.535"},
		{sendValue, "5.01", "5.01", "1.538", "1.538"}, // 1.53807
		{receiveValue, "1.536", "5.01", "1.536", "1.536"}, {receiveValue, "1.5355", "5.01", "1.535", "1.535"},
	} {
		got, _, err := tc.on.estimate(&dinars, money.MustParse(tc.value))
		require.NoError(t, err)
		assert.Equal(t, []string{tc.send, tc.receive, tc.left}, []string{got.SendValue.String(), got.ReceiveValue.String(), got.ReceiveValueExcludingTax.String()}, tc.value)
	}
	taxed := price("KWD", "1.00/0.307")
	taxed.TaxRate = money.MustParse("10")
	assert.Equal(t, "0.276", Arrives(taxed).String(), "0.2763")
	assert.Equal(t, 2, receivePlaces(money.MustParse("76.0000"), money.MustParse("76")))
}
