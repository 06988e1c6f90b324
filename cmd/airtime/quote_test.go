package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/ding"
)

type shownQuote struct {
	SKUCode, AccountNumber, By, Message, Command                                 string
	WantedSend, WantedReceive                                                    *json.Number
	CustomerPays, ProviderGets, LeavesBalance, ArrivesBeforeTax, ArrivesAfterTax json.Number
	Exact, Down                                                                  bool
	Warnings                                                                     []struct {
		Message, Field, Currency string
		Wanted, Given            json.Number
		Codes                    []struct{ Code, Context string }
	}
	Product struct{ SKUCode string }
}

func quotedAs[Q any](t *testing.T, r result) Q {
	t.Helper()
	require.Equal(t, 0, r.code, r.err)
	assert.Empty(t, r.err)
	var shown Q
	require.NoError(t, json.Unmarshal([]byte(r.out), &shown), r.out)
	return shown
}

func TestAQuoteTellsWhatIsPaidAndWhatArrives(t *testing.T) {
	r := airtime(t, nil, "--sandbox ding quote --sku ES_MS_TopUp --send 10.00")
	assert.Equal(t, 0, r.code, r.err)
	assert.Equal(t, strings.Join([]string{
		"Product             ES_MS_TopUp Meseta Top-up",
		"Provider            MSES",
		"Send value          10.00 USD",
		"Customer fee        none",
		"Distributor fee     0.15 USD, on top of it",
		"Customer pays       10.00 USD",
		"Leaves the balance  10.15 USD",
		"Arrives             9.20 EUR before tax, 9.20 EUR after",
		"Price               exact",
		"",
		"To send it (add --confirm to pay):",
		"",
		"  airtime --sandbox ding send --sku ES_MS_TopUp --value 10.00 --currency USD --account NUMBER --ref REF",
		"",
	}, "\n"), r.out)
}

func TestAQuoteHasTaxAndWarnings(t *testing.T) {
	kenya := airtime(t, nil, "--sandbox ding quote --sku KE_SV_TopUp --receive 90 --after-tax --account +254-722-123456")
	assert.Contains(t, kenya.out, "100.00 KES before tax, 90.00 KES after")
	assert.Contains(t, kenya.out, "10 % AIT inclusive")
	assert.Contains(t, kenya.out, "--account 254722123456 ")

	senegal := airtime(t, nil, "--sandbox ding quote --sku SN_TR_TopUp --receive 1000.40")
	assert.Contains(t, senegal.out, "Warning             the price is for a ReceiveValue of 1000.00 XOF, 1000.40 was asked for: NearestMatch/")

	shown := quotedAs[shownQuote](t, airtime(t, nil, "--sandbox ding quote --sku SN_TR_TopUp --receive 1000.40 --json"))
	require.Len(t, shown.Warnings, 1)
	warning := shown.Warnings[0]
	assert.Equal(t, []any{"ReceiveValue", json.Number("1000.40"), json.Number("1000.00"), "XOF", "NearestMatch"},
		[]any{warning.Field, warning.Wanted, warning.Given, warning.Currency, warning.Codes[0].Code})
	assert.Equal(t, "1000.40", shown.WantedReceive.String())
	assert.Nil(t, shown.WantedSend)
	assert.True(t, shown.Exact)
	assert.Equal(t, "SN_TR_TopUp", shown.Product.SKUCode)

	local := quotedAs[shownQuote](t, airtime(t, nil, "--sandbox ding quote --sku ES_MS_TopUp --send 10 --estimate --json"))
	assert.False(t, local.Exact)
	assert.Equal(t, "10.15", local.LeavesBalance.String())
	assert.Equal(t, "9.20", local.ArrivesAfterTax.String())
	assert.Contains(t, airtime(t, nil, "--sandbox ding quote --sku ES_MS_TopUp --send 10 --estimate").out, "estimated from the catalogue")
}

func TestAQuoteSaysThatItsProviderIsDown(t *testing.T) {
	r := airtime(t, nil, "--sandbox ding quote --sku GH_VT_TopUp --send 5")
	assert.Equal(t, 0, r.code, r.err)
	assert.Contains(t, r.out, "Provider is down    yes: We are working on our network")
}

func TestAQuoteAsksForWhatSendWillNeed(t *testing.T) {
	meter := airtime(t, nil, "--sandbox ding quote --sku NG_LW_TopUp --send 5 --account 12345678901")
	assert.Contains(t, meter.out, "--account 12345678901 --setting MeterType=VALUE --ref REF\n")
	bill := airtime(t, nil, "--sandbox ding quote --sku MX_CF_TopUp --send 5")
	assert.Contains(t, bill.out, "--bill-ref BILL-REF --ref REF\n")
	assert.Contains(t, bill.out, "airtime ding bills --sku MX_CF_TopUp --account NUMBER")
}

func TestAMetersNumberKeepsItsZeros(t *testing.T) {
	meter := airtime(t, nil, "--sandbox ding quote --sku NG_LW_TopUp --send 5 --account 00345678901")
	assert.Contains(t, meter.out, "--account 00345678901 ")
	r := airtimeArgs(t.Context(), t, nil, "--sandbox", "ding", "quote", "--sku", "NG_LW_TopUp", "--send", "5", "--account", "1\t2")
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.err, "AccountNumber holds control characters")
}

func TestAQuoteTellsWhatIsUnusualAboutTheDelivery(t *testing.T) {
	assert.Contains(t, airtime(t, nil, "--sandbox ding quote --sku XG_OR_PIN10 --send 10").out, "Delivery            by what the receipt says, such as a PIN\n")
	assert.NotContains(t, airtime(t, nil, "--sandbox ding quote --sku ES_MS_TopUp --send 10").out, "Delivery")
	for want, p := range map[string]ding.Product{
		"":                                {ProcessingMode: "Instant", RedemptionMechanism: "Immediate"},
		"Batch, not at once":              {ProcessingMode: "Batch"},
		"Weekly, not at once; Pigeon":     {ProcessingMode: "Weekly", RedemptionMechanism: "Pigeon"},
		"by its instructions: Dial *100#": {RedemptionMechanism: "ReadAdditionalInformation", AdditionalInformation: "Dial *100#"},
		"by its instructions":             {RedemptionMechanism: "ReadAdditionalInformation"},
	} {
		assert.Equal(t, want, deliveryOf(&p))
	}
}

func TestAQuoteKnowsTheNumbersRegion(t *testing.T) {
	for _, number := range []string{"919823012345", "919845012345"} {
		shown := quotedAs[shownQuote](t, airtime(t, nil, "--sandbox ding quote --account "+number+" --receive 500 --currency INR --json"))
		assert.Equal(t, "IN_DK_TopUp", shown.SKUCode)
	}
}

func TestTheCommandOfAQuoteCanBePasted(t *testing.T) {
	box := countingSandbox(t, nil)
	shown := quotedAs[shownQuote](t, airtime(t, box.env, "ding quote --account 254722123456 --receive 90 --currency KES --json"))
	assert.Equal(t, "airtime ding send --sku KE_SV_TopUp --value 0.78 --currency USD --account 254722123456 --ref REF", shown.Command)
	r := airtime(t, box.env, strings.TrimPrefix(shown.Command, "airtime "))
	assert.Equal(t, 0, r.code, r.err)
	assert.Contains(t, r.err, "validated only")
}

func TestTheCheapestProductForANumber(t *testing.T) {
	const line = "--sandbox ding quote --account 254722123456 --receive 90 --currency KES"
	assert.Contains(t, airtime(t, nil, line).out, "Account number      254722123456\nFound by            lookup\n")

	r := airtime(t, nil, line+" --all")
	assert.Contains(t, r.out, "KE_SV_TopUp  SVKE      Savanna Top-up     lookup    0.78 USD       0.78 USD        90.00 KES   exact\n")
	assert.Contains(t, r.out, "KE_SV_2GB ")
	assert.Contains(t, r.out, "airtime --sandbox ding send --sku KE_SV_TopUp ")

	all := quotedAs[[]shownQuote](t, airtime(t, nil, line+" --all --json"))
	require.Len(t, all, 2)
	assert.Equal(t, "KE_SV_TopUp", all[0].SKUCode)
	assert.Equal(t, "254722123456", all[1].AccountNumber)
	assert.Equal(t, "lookup", all[1].By)
	assert.Equal(t, "90", all[0].WantedReceive.String())

	local := quotedAs[shownQuote](t, airtime(t, nil, line+" --estimate --json"))
	assert.False(t, local.Exact)
}

func TestOffersTellWhatWentWrongOnTheWay(t *testing.T) {
	box := countingSandbox(t, map[string]http.HandlerFunc{"GetAccountLookup": says(500, envelope(5, "OtherError", ""))})
	r := airtime(t, box.env, "ding quote --account 254722123456 --receive 90 --currency KES --all")
	assert.Equal(t, 0, r.code, r.err)
	assert.Contains(t, r.err, "the provider could not be looked up")
	assert.Contains(t, airtime(t, box.env, "ding quote --account 254722123456 --receive 90 --currency KES").out, "Warning             the provider could not be looked up")
}

func TestWhatCannotBeQuotedEndsWithItsCode(t *testing.T) {
	for name, tc := range map[string]struct {
		flags, says string
		code        int
	}{
		"more than any product delivers":    {"--account 233240123456 --receive 50000 --currency GHS", "GH_GC_TopUp delivers 496.00 GHS at most; GH_GC_3GB", 1},
		"a currency that nothing is in":     {"--account 233240123456 --receive 50 --currency EUR", "airtime ding match 233240123456 --products", 1},
		"a provider that is down":           {"--account 233200123456 --receive 50 --currency GHS", "the provider is down", 3},
		"no product of that name":           {"--sku NOPE --send 5", "there is no product NOPE", 1},
		"neither amount":                    {"--sku GB_AB_TopUp", "--send or --receive must be given", 2},
		"both amounts":                      {"--sku GB_AB_TopUp --send 5 --receive 5", "--send and --receive do not go together", 2},
		"neither product nor number":        {"--send 5", "--sku or --account must be given", 2},
		"more than the product is sold for": {"--sku GB_AB_TopUp --send 1000", "5.00 to 60.00 USD", 2},
	} {
		t.Run(name, func(t *testing.T) {
			r := airtime(t, nil, "--sandbox ding quote "+tc.flags)
			assert.Equal(t, tc.code, r.code, r.err)
			assert.Contains(t, r.err, tc.says)
			assert.Empty(t, r.out)
			failureOf(t, airtime(t, nil, "--sandbox ding quote --json "+tc.flags))
		})
	}
}

func TestAQuoteOfAProductLoadsThatOneAlone(t *testing.T) {
	box := countingSandbox(t, nil)
	require.Equal(t, 0, airtime(t, box.env, "ding quote --sku GB_AB_TopUp --send 10").code)
	assert.Equal(t, "skuCodes=GB_AB_TopUp", box.query("GetProducts"))
	var asked []string
	for _, request := range box.seen() {
		asked = append(asked, request.path[strings.LastIndexByte(request.path, '/')+1:])
	}
	assert.ElementsMatch(t, []string{"GetProducts", "EstimatePrices", "GetProviderStatus"}, asked)
}
