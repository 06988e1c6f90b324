package catalogue

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/money"
)

func priced(p ding.Price) ding.EstimatedPrice {
	return ding.EstimatedPrice{Price: &p, ResultCode: ding.ResultCodeSuccess}
}

func failed(result ding.ResultCode, code, context string) ding.EstimatedPrice {
	return ding.EstimatedPrice{ResultCode: result, ErrorCodes: []ding.ErrorCode{{Code: code, Context: context}}}
}

func nearest(p ding.Price) ding.EstimatedPrice {
	e := priced(p)
	e.ResultCode = ding.ResultCodeSuccessWithWarning
	e.ErrorCodes = []ding.ErrorCode{{Code: "NearestMatch", Context: "ProviderCannotSupplyRequestReceiveValue"}}
	return e
}

// shop has a ranged product, 76 afghanis a dollar less 10 per cent, and a fixed one.
func shop() parts {
	ranged := product("TopUp", "AWAF", "AFN", "1.00/76.00/0/0/68.40", "100.00/7600.00/0/0/6840.00")
	ranged.Minimum.TaxRate, ranged.Maximum.TaxRate = money.MustParse("10"), money.MustParse("10")
	ranged.Minimum.TaxCalculation, ranged.Maximum.TaxCalculation = "Inclusive", "Inclusive"
	return parts{
		providers: []ding.Provider{provider("AWAF", "AF", `^93\d{9}$`)},
		products:  []ding.Product{ranged, product("Ten", "AWAF", "AFN", "10.00/760.00/0.25/0.10/684.00")},
	}
}

func TestAQuoteHasTheServicesPrice(t *testing.T) {
	s := &service{down: map[string]string{"AWAF": "Back at noon."}, estimate: func(ding.EstimationRequest) ding.EstimatedPrice {
		return priced(price("AFN", "5.00/379.00/0/0.05/341.10"))
	}}
	c := selling(t, s, shop())
	begun := time.Now()
	q, err := c.QuoteSend(t.Context(), "TopUp", money.MustParse("5"))
	require.NoError(t, err)
	assert.Equal(t, "TopUp", q.Product.SKUCode)
	assert.Equal(t, "5.00", q.WantedSend.String())
	assert.Equal(t, "379.00", q.Price.ReceiveValue.String())
	assert.Equal(t, "341.10", q.Arrives().String())
	assert.Equal(t, "5.05", q.LeavesBalance().String())
	assert.True(t, q.Exact)
	assert.True(t, q.Down)
	assert.Equal(t, "Back at noon.", q.Message)
	assert.Empty(t, q.Warnings)
	assert.False(t, q.MadeAt.Before(begun))
	assert.Equal(t, "5.00", s.asked[0].SendValue.String())
	assert.Equal(t, "USD", s.asked[0].SendCurrencyISO)
	assert.True(t, s.asked[0].ReceiveValue.IsZero(), "the two may not both be given")

	_, err = c.QuoteSend(t.Context(), "Ten", money.MustParse("10.00"))
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"EstimatePrices": 2, "GetProviderStatus": 2}, s.requests)
}

func TestAQuoteForWhatIsReceived(t *testing.T) {
	s := &service{estimate: func(r ding.EstimationRequest) ding.EstimatedPrice {
		if !r.ReceiveValue.IsZero() && r.ReceiveValue.Equal(r.ReceiveValue.Round(0)) {
			return priced(price("AFN", "5.00/"+r.ReceiveValue.String()))
		}
		return nearest(price("AFN", "5.00/"+r.ReceiveValue.Round(0).String()))
	}}
	c := selling(t, s, shop())
	q, err := c.QuoteReceive(t.Context(), "TopUp", money.MustParse("380"))
	require.NoError(t, err)
	assert.Empty(t, q.Warnings)
	assert.Equal(t, "380", q.WantedReceive.String())
	assert.False(t, q.Down)

	q, err = c.QuoteReceive(t.Context(), "TopUp", money.MustParse("380.40"))
	require.NoError(t, err)
	assert.True(t, q.Exact)
	require.Len(t, q.Warnings, 1)
	var deviation *Deviation
	require.ErrorAs(t, q.Warnings[0], &deviation)
	assert.Equal(t, "380.40", deviation.Wanted.String())
	assert.Equal(t, "380", deviation.Given.String())
	assert.Equal(t, "AFN", deviation.Currency)
	require.ErrorIs(t, q.Warnings[0], ding.CodeNearestMatch)
	require.ErrorIs(t, q.Warnings[0], ding.ContextProviderCannotSupplyRequestReceiveValue)
	require.NotErrorIs(t, q.Warnings[0], ding.CodeRateLimited)
	require.NotErrorIs(t, q.Warnings[0], ding.Code(""))
	assert.EqualError(t, deviation, "the price is for a ReceiveValue of 380 AFN, 380.40 was asked for: NearestMatch/ProviderCannotSupplyRequestReceiveValue")
	assert.Contains(t, (&Deviation{Codes: []ding.ErrorCode{{Code: "A"}, {Code: "B"}}}).Error(), ": A, B")
}

func TestAPriceWithoutCurrenciesIsInTheProducts(t *testing.T) {
	s := &service{estimate: func(ding.EstimationRequest) ding.EstimatedPrice {
		return priced(ding.Price{SendValue: money.MustParse("5.00"), ReceiveValue: money.MustParse("380.00")})
	}}
	q, err := selling(t, s, shop()).QuoteSend(t.Context(), "TopUp", money.MustParse("5"))
	require.NoError(t, err)
	assert.Equal(t, "USD AFN", q.Price.SendCurrencyISO+" "+q.Price.ReceiveCurrencyISO)
}

func TestAWarningAboutTheWholeAnswerIsAboutItsOnlyPrice(t *testing.T) {
	s := &service{warning: "NearestMatch", estimate: func(ding.EstimationRequest) ding.EstimatedPrice { return priced(price("AFN", "5.00/380.00")) }}
	c := selling(t, s, shop())
	q, err := c.QuoteReceive(t.Context(), "TopUp", money.MustParse("380.40"))
	require.NoError(t, err)
	require.Len(t, q.Warnings, 1)
	require.ErrorIs(t, q.Warnings[0], ding.CodeNearestMatch)

	s.warning, s.estimate = "", func(ding.EstimationRequest) ding.EstimatedPrice {
		e := nearest(price("AFN", "5.00/380.00"))
		e.ResultCode = ding.ResultCodeSuccess
		return e
	}
	q, err = c.QuoteReceive(t.Context(), "TopUp", money.MustParse("380.40"))
	require.NoError(t, err)
	require.ErrorIs(t, q.Warnings[0], ding.CodeNearestMatch, "whatever the ResultCode says")
}

func TestAQuoteForWhatArrives(t *testing.T) {
	s := &service{estimate: func(r ding.EstimationRequest) ding.EstimatedPrice {
		if r.ReceiveValue.Equal(money.MustParse("100.00")) {
			return priced(price("AFN", "1.32/100.00/0/0/90.00"))
		}
		return nearest(price("AFN", "1.46/111.00/0/0/99.90"))
	}}
	c := selling(t, s, shop())
	q, err := c.QuoteReceive(t.Context(), "TopUp", money.MustParse("90"), AfterTax())
	require.NoError(t, err)
	assert.Equal(t, "90", q.WantedReceive.String())
	assert.Equal(t, "90.00", q.Arrives().String())
	assert.Empty(t, q.Warnings)

	q, err = c.QuoteReceive(t.Context(), "TopUp", money.MustParse("100"), AfterTax())
	require.NoError(t, err)
	assert.Equal(t, "111.12", s.asked[1].ReceiveValue.String(), "100 / 0.9, rounded up")
	require.Len(t, q.Warnings, 2)
	var deviation *Deviation
	require.ErrorAs(t, q.Warnings[1], &deviation)
	assert.Equal(t, "ReceiveValueExcludingTax", deviation.Field)
	assert.Equal(t, "99.90", deviation.Given.String())

	_, err = c.QuoteReceive(t.Context(), "TopUp", money.MustParse("68.39"), AfterTax())
	assert.ErrorContains(t, err, "68.40 to 6840.00 AFN")
}

func TestAnAmountThatCannotBeHadIsNotAskedFor(t *testing.T) {
	s, p := &service{}, shop()
	p.products = append(p.products, ding.Product{SKUCode: "Priceless", ProviderCode: "AWAF"})
	c := selling(t, s, p)
	for _, tc := range []struct {
		sku, send, receive, want string
	}{
		{"TopUp", "0.99", "", "1.00 to 100.00 USD"}, {"TopUp", "100.01", "", "1.00 to 100.00 USD"},
		{"TopUp", "5.001", "", "SendValue has more than two decimals"}, {"TopUp", "0", "", "SendValue is not above zero"},
		{"TopUp", "-5", "", "SendValue is not above zero"}, {"Ten", "9.99", "", "10.00 USD only"}, {"Ten", "10.01", "", "10.00 USD only"},
		{"TopUp", "", "75.99", "76.00 to 7600.00 AFN"}, {"TopUp", "", "7600.01", "76.00 to 7600.00 AFN"}, {"TopUp", "", "0", "ReceiveValue is not above zero"},
		{"Ten", "", "759", "760.00 AFN only"}, {"Nothing", "1", "", `SkuCode is not in the catalogue: "Nothing"`}, {" ", "1", "", "SkuCode is missing"},
		{"Priceless", "1", "", `SkuCode has no price in the catalogue: "Priceless"`}, {"Priceless", "", "1", "SkuCode has no price"},
	} {
		var err error
		if tc.send != "" {
			_, err = c.QuoteSend(t.Context(), tc.sku, money.MustParse(tc.send))
		} else {
			_, err = c.QuoteReceive(t.Context(), tc.sku, money.MustParse(tc.receive))
		}
		require.ErrorContains(t, err, tc.want, "%+v", tc)
		assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(err))
	}
	assert.Empty(t, s.requests)
}

func TestAPriceThatTheServiceRefusesSaysWhy(t *testing.T) {
	var answer ding.EstimatedPrice
	s := &service{estimate: func(ding.EstimationRequest) ding.EstimatedPrice { return answer }}
	c := selling(t, s, shop())
	answer = failed(ding.ResultCodeClientError, "ParameterOutOfRange", "SendValue")
	_, err := c.QuoteSend(t.Context(), "TopUp", money.MustParse("5"))
	require.ErrorIs(t, err, ding.CodeParameterOutOfRange)
	require.ErrorIs(t, err, ding.Code("SendValue"))
	assert.Equal(t, facade.OutcomeRefused, facade.OutcomeOf(err))
	answer = failed(ding.ResultCodeTransientError, "TransientProviderError", "ProviderTimedOut")
	_, err = c.QuoteSend(t.Context(), "TopUp", money.MustParse("5"))
	require.ErrorIs(t, err, ding.ContextProviderTimedOut)
	assert.Equal(t, facade.OutcomeTemporary, facade.OutcomeOf(err))
	answer = ding.EstimatedPrice{ResultCode: ding.ResultCodeSuccess}
	_, err = c.QuoteSend(t.Context(), "TopUp", money.MustParse("5"))
	require.ErrorIs(t, err, errNoPrice)
	s.estimateFail = http.StatusServiceUnavailable
	_, err = c.QuoteSend(t.Context(), "TopUp", money.MustParse("5"))
	require.ErrorIs(t, err, ding.CodeRateLimited)
}

func TestAQuoteWithoutStatusHasAWarning(t *testing.T) {
	s := &service{statusFails: true, estimate: func(ding.EstimationRequest) ding.EstimatedPrice { return priced(price("AFN", "5.00/380.00")) }}
	q, err := selling(t, s, shop()).QuoteSend(t.Context(), "TopUp", money.MustParse("5"))
	require.NoError(t, err)
	assert.False(t, q.Down)
	require.Len(t, q.Warnings, 1)
	assert.ErrorIs(t, q.Warnings[0], ding.CodeRateLimited)
}

func TestALocalEstimateAsksNobody(t *testing.T) {
	s := &service{}
	c := selling(t, s, shop())
	for _, tc := range []struct {
		sku, send, receive string
		want               string
		exact              bool
	}{
		{"TopUp", "5", "", "5.00 delivers 380.00, 342.00 after tax", false},
		{"TopUp", "1", "", "1.00 delivers 76.00, 68.40 after tax", true},
		{"TopUp", "", "380.50", "5.01 delivers 380.50, 342.45 after tax", false}, // 5.00657…
		{"Ten", "10", "", "10.00 delivers 760.00, 684.00 after tax", true},
		{"Ten", "", "760", "10.00 delivers 760.00, 684.00 after tax", true},
	} {
		var q *Quote
		var err error
		if tc.send != "" {
			q, err = c.QuoteSend(t.Context(), tc.sku, money.MustParse(tc.send), LocalEstimate(), nil)
		} else {
			q, err = c.QuoteReceive(t.Context(), tc.sku, money.MustParse(tc.receive), LocalEstimate())
		}
		require.NoError(t, err)
		assert.Equal(t, tc.want, fmt.Sprintf("%s delivers %s, %s after tax", q.Price.SendValue, q.Price.ReceiveValue, q.Arrives()))
		assert.Equal(t, tc.exact, q.Exact)
		assert.Empty(t, q.Warnings)
	}
	assert.Empty(t, s.requests)
}

// quoted makes a quote of a product by the catalogue alone.
func quoted(t *testing.T, p parts, sku, send string) *Quote {
	t.Helper()
	c := holding(t, nil, p)
	q, err := c.QuoteSend(t.Context(), sku, money.MustParse(send), LocalEstimate())
	require.NoError(t, err)
	return q
}

func TestARequestFromAQuote(t *testing.T) {
	settings := []ding.Setting{{Name: "Note", Value: "x"}}
	request, err := quoted(t, shop(), "TopUp", "5").Request(Order{AccountNumber: "+93 700 000 000", DistributorRef: "order-1", Settings: settings})
	require.NoError(t, err)
	assert.Equal(t, ding.SendTransferRequest{
		SKUCode: "TopUp", SendValue: money.MustParse("5.00"), SendCurrencyISO: "USD", AccountNumber: "93700000000", DistributorRef: "order-1", Settings: settings,
	}, request)
	settings[0].Value = "changed"
	assert.Equal(t, "x", request.Settings[0].Value)
}

func TestARequestNamesEveryFieldAtFault(t *testing.T) {
	p := shop()
	p.products[0].LookupBillsRequired = true
	p.products[0].SettingDefinitions = []ding.SettingDefinition{{Name: "Rut", Description: "8 digits", IsMandatory: true}}
	q := quoted(t, p, "TopUp", "5")
	q.Price.SendValue = money.MustParse("500.001")
	q.Price.SendCurrencyISO = "EUR"
	_, err := q.Request(Order{})
	var wrong *facade.RequestError
	require.ErrorAs(t, err, &wrong)
	var fields []string
	for _, problem := range wrong.Problems {
		fields = append(fields, problem.Field)
	}
	assert.Equal(t, []string{"AccountNumber", "DistributorRef", "SendValue", "SendCurrencyIso", "SendValue", "BillRef", "Settings[Rut]"}, fields)
	assert.ErrorContains(t, err, "1.00 to 100.00 USD")
	assert.ErrorContains(t, err, "8 digits")
	assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(err))

	_, err = (&Quote{MadeAt: time.Now()}).Request(Order{AccountNumber: "1", DistributorRef: "2"})
	assert.ErrorContains(t, err, "no product")

	request, err := quoted(t, p, "TopUp", "5").Request(Order{
		AccountNumber: "anna@example.com", DistributorRef: "1", BillRef: "b-1", Settings: []ding.Setting{{Name: "Rut", Value: "12345678"}},
	})
	require.NoError(t, err)
	assert.Equal(t, "b-1", request.BillRef)
	assert.Equal(t, "anna@example.com", request.AccountNumber)
}

func TestAnAccountNumberIsReadAsTheProductWantsIt(t *testing.T) {
	phone, meter := []ding.Benefit{ding.BenefitData, "Chess"}, []ding.Benefit{ding.BenefitElectricity}
	for _, tc := range []struct {
		benefits      []ding.Benefit
		written, want string
	}{
		{phone, "0093 700-000.000", "93700000000"}, {nil, "0093 700-000.000", "93700000000"}, {phone, "+93 700 000 000", "93700000000"},
		{meter, "0093700000000", "0093700000000"}, {meter, " 12-345-678 ", "12-345-678"}, {meter, "+93 700 000 000", "93700000000"},
		{[]ding.Benefit{"Chess"}, "0012345678", "0012345678"}, {phone, "anna@example.com", "anna@example.com"},
	} {
		got, err := ProductAccount(&ding.Product{Benefits: tc.benefits}, tc.written)
		require.NoError(t, err)
		assert.Equal(t, tc.want, got, "%v %s", tc.benefits, tc.written)
		request, err := (&Quote{
			Product: &ding.Product{SKUCode: "S", Benefits: tc.benefits, Minimum: price("AFN", "5.00/380.00")}, Price: price("AFN", "5.00/380.00"), MadeAt: time.Now(),
		}).Request(Order{AccountNumber: tc.written, DistributorRef: "1"})
		require.NoError(t, err)
		assert.Equal(t, tc.want, request.AccountNumber)
	}
	_, err := ProductAccount(nil, " ")
	assert.ErrorContains(t, err, "AccountNumber is missing")
}

func TestAQuoteIsForItsOwnNumber(t *testing.T) {
	q := quoted(t, shop(), "TopUp", "5")
	q.AccountNumber = "93700000000"
	for number, right := range map[string]bool{"": true, "93700000000": true, "+93 700-000-000": true, "0093700000000": true, "93700000001": false, "700000000": false} {
		request, err := q.Request(Order{AccountNumber: number, DistributorRef: "1"})
		if !right {
			require.ErrorContains(t, err, "is not the one that the quote was made for")
			assert.NotContains(t, err.Error(), "93700")
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, "93700000000", request.AccountNumber)
	}
	q.AccountNumber = "0093456789"
	request, err := q.Request(Order{AccountNumber: "0093456789", DistributorRef: "1"})
	require.NoError(t, err)
	assert.Equal(t, "0093456789", request.AccountNumber, "a meter's number keeps its zeros")
}

func TestAQuoteGetsTooOld(t *testing.T) {
	for age, option := range map[time.Duration]Option{defaultQuoteAge: nil, time.Minute: WithQuoteAge(time.Minute)} {
		synctest.Test(t, func(t *testing.T) {
			c := holding(t, nil, shop())
			if option != nil {
				require.NoError(t, option(c))
			}
			q, err := c.QuoteSend(t.Context(), "Ten", money.MustParse("10"), LocalEstimate())
			require.NoError(t, err)
			time.Sleep(age)
			_, err = q.Request(Order{AccountNumber: "93700000000", DistributorRef: "1"})
			require.NoError(t, err)
			time.Sleep(time.Second)
			_, err = q.Request(Order{AccountNumber: "93700000000"})
			require.ErrorIs(t, err, ErrQuoteTooOld)
			var wrong *facade.RequestError
			require.ErrorAs(t, err, &wrong, "what else is wrong is said too")
			assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(q.tooOld()))
			assert.ErrorContains(t, err, (age + time.Second).String())
		})
	}
	require.Error(t, WithQuoteAge(0)(&Catalogue{}))
	c, err := New(&ding.Client{})
	require.NoError(t, err)
	assert.Equal(t, defaultQuoteAge, c.quoteAge)
	assert.True(t, strings.HasPrefix(ErrQuoteTooOld.Error(), "the quote"))
}
