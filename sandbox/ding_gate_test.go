package sandbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/gen/ding"
)

func TestAKeyCountsInItsOwnHeaderAlone(t *testing.T) {
	c := serve(t)
	key := c.sb.Credentials().DingAPIKey
	for name, asking := range map[string]*client{
		"no credentials at all":       c.with("api_key", ""),
		"a wrong key":                 c.with("api_key", "another"),
		"the key in X-Api-Key":        c.with("api_key", "").with("X-Api-Key", key),
		"the key as a bearer token":   c.with("api_key", "").with("Authorization", "Bearer "+key),
		"a token nobody issued":       c.with("api_key", "").with("Authorization", "Bearer a.b.c"),
		"the key as Basic":            c.with("api_key", "").with("Authorization", "Basic "+key),
		"a scheme without a token":    c.with("api_key", "").with("Authorization", "Bearer"),
		"a wrong key before anything": c.with("api_key", "another").with("Authorization", "Bearer x"),
	} {
		t.Run(name, func(t *testing.T) {
			requireRefused(t, asking.get("GetBalance", nil), 401, ding.ResultCodeClientError, "AuthenticationFailed")
		})
	}
	assert.Equal(t, 200, c.get("GetBalance", nil).status)
}

func TestWhoIsAskingComesBeforeWhatIsAsked(t *testing.T) {
	c := serve(t).with("api_key", "")
	requireRefused(t, c.post("/api/V1/SendTransfer", "{}"), 401, ding.ResultCodeClientError, "AuthenticationFailed")
}

func TestRequestsAreRefusedAsTheRealServiceDoes(t *testing.T) {
	c := serve(t)
	oneEstimate := func(members string) string { return `[{` + members + `}]` }
	for name, test := range map[string]struct {
		answer reply
		code   string
	}{
		"ValidateOnly left out":        {c.send(map[string]any{"ValidateOnly": nil}), "ParameterInvalid/ValidateOnly"},
		"ValidateOnly of another type": {c.send(map[string]any{"ValidateOnly": "yes"}), "ParameterInvalid/ValidateOnly"},
		"a required member left out":   {c.send(map[string]any{"DistributorRef": nil}), "ParameterMissing/DistributorRef"},
		"a required member null": {
			c.post("/api/V1/SendTransfer", `{"SkuCode":null,"SendValue":1,"AccountNumber":"1","DistributorRef":"r","ValidateOnly":true}`),
			"ParameterMissing/SkuCode",
		},
		"snake case, which is ignored": {
			c.post("/api/V1/LookupBills", `{"SkuCode":"MX_CF_TopUp","account_number":"12345678"}`), "ParameterMissing/AccountNumber",
		},
		"a setting without a value": {
			c.send(map[string]any{"Settings": []any{map[string]any{"Name": "x"}}}), "ParameterMissing/Settings",
		},
		"no JSON":                     {c.post("/api/V1/SendTransfer", "SkuCode=x"), "RequestInvalid"},
		"JSON with something after":   {c.post("/api/V1/SendTransfer", "{} {}"), "RequestInvalid"},
		"an array for an object":      {c.post("/api/V1/SendTransfer", "[]"), "RequestInvalid"},
		"an object for a batch":       {c.post("/api/V1/EstimatePrices", "{}"), "RequestInvalid"},
		"no body":                     {c.post("/api/V1/SendTransfer", ""), "RequestInvalid"},
		"a body that says null":       {c.post("/api/V1/SendTransfer", "null"), "RequestInvalid"},
		"a body without a type":       {c.do("POST", "/api/V1/SendTransfer", "", "{}"), "RequestInvalid"},
		"a body of another type":      {c.do("POST", "/api/V1/SendTransfer", "text/plain", "{}"), "RequestInvalid"},
		"a body beyond a mebibyte":    {c.send(map[string]any{"BillRef": strings.Repeat("x", 1<<20)}), "RequestInvalid"},
		"a number with endless zeros": {c.post("/api/V1/EstimatePrices", oneEstimate(`"BatchItemRef":"a","SkuCode":"x","SendValue":1e99`)), "RequestInvalid"},
		"a batch entry without reference": {
			c.post("/api/V1/EstimatePrices", oneEstimate(`"SkuCode":"GB_AB_TopUp","SendValue":10`)), "RequestInvalid",
		},
		"a batch entry with a blank reference": {
			c.post("/api/V1/EstimatePrices", oneEstimate(`"BatchItemRef":"","SkuCode":"GB_AB_TopUp"`)), "RequestInvalid",
		},
		"a batch with the same reference twice": {
			c.post("/api/V1/EstimatePrices", `[{"BatchItemRef":"a","SkuCode":"x"},{"BatchItemRef":"a","SkuCode":"x"}]`),
			"BatchItemRefMustBeUnique",
		},
		"a cancellation with the same reference twice": {
			c.post("/api/V1/CancelTransfers", strings.ReplaceAll(`[X,X]`, "X",
				`{"BatchItemRef":"a","TransferId":{"TransferRef":"1","DistributorRef":"r"}}`)),
			"BatchItemRefMustBeUnique",
		},
		"an empty query parameter":       {c.do("GET", "/api/V1/GetProducts?accountNumber=", "", ""), "ParameterInvalid/accountNumber"},
		"an empty value of a list":       {c.do("GET", "/api/V1/GetProducts?benefits=", "", ""), "ParameterInvalid/benefits"},
		"one value too many":             {c.do("GET", "/api/V1/GetAccountLookup?accountNumber=447700900123&accountNumber=1234567", "", ""), "ParameterInvalid/accountNumber"},
		"a list with commas":             {c.get("GetProviders", url.Values{"countryIsos": {"NG,KE"}}), "ParameterInvalid/countryIsos"},
		"Take beyond 100":                {c.post("/api/V1/ListTransferRecords", `{"Take":101}`), "ParameterOutOfRange/Take"},
		"Take of nothing":                {c.post("/api/V1/ListTransferRecords", `{"Take":0}`), "ParameterOutOfRange/Take"},
		"Skip beyond 500":                {c.post("/api/V1/ListTransferRecords", `{"Take":1,"Skip":501}`), "ParameterOutOfRange/Skip"},
		"both out of range, in one code": {c.post("/api/V1/ListTransferRecords", `{"Take":0,"Skip":-1}`), "ParameterOutOfRange/Skip,Take"},
		"a lookup of nothing":            {c.get("GetAccountLookup", nil), "ParameterMissing/accountNumber"},
	} {
		t.Run(name, func(t *testing.T) {
			requireRefused(t, test.answer, 400, ding.ResultCodeClientError, test.code)
		})
	}
	assert.Empty(t, c.sb.Payments())
}

func TestFaultsOfSeveralKindsComeTogether(t *testing.T) {
	answer := serve(t).send(map[string]any{"ValidateOnly": nil, "SkuCode": nil, "DistributorRef": nil, "BillRef": []any{}})
	envelope := into[ding.APIResponse](t, answer, 400)
	require.Len(t, envelope.ErrorCodes, 2)
	assert.Equal(t, "ParameterMissing", envelope.ErrorCodes[0].Code)
	assert.ElementsMatch(t, []string{"SkuCode", "DistributorRef"}, strings.Split(envelope.ErrorCodes[0].Context, ","))
	assert.ElementsMatch(t, []string{"BillRef", "ValidateOnly"}, strings.Split(envelope.ErrorCodes[1].Context, ","))
}

func TestOptionalMembersThatAreNullAreAbsent(t *testing.T) {
	c := serve(t)
	answer := c.post("/api/V1/SendTransfer", `{"SkuCode":"GB_AB_TopUp","SendValue":10.00,"SendCurrencyIso":null,
		"AccountNumber":"447700900123","DistributorRef":"r","Settings":null,"BillRef":null,"ValidateOnly":false}`)
	into[ding.SendTransferResponse](t, answer, 200)
	assert.Equal(t, "990.00", c.sb.Balance().String())
}

func TestNamesOfAQueryCountInAnyCase(t *testing.T) {
	c := serve(t)
	for _, name := range []string{"accountNumber", "AccountNumber", "ACCOUNTNUMBER"} {
		answer := c.get("GetAccountLookup", url.Values{name: {"447700900123"}})
		assert.Contains(t, string(answer.body), `"ProviderCode":"ABGB"`, name)
	}
	some := c.get("GetRegions", url.Values{"CountryIsos": {"GB"}, "countryIsos": {"KE"}})
	assert.Equal(t, 2, strings.Count(string(some.body), "RegionName"))
	requireRefused(t, c.get("GetProducts", url.Values{"AccountNumber": {""}}), 400, ding.ResultCodeClientError, "ParameterInvalid/accountNumber")
}

func TestUnknownMethodsAndWrongVerbsAreTold(t *testing.T) {
	c := serve(t)
	requireRefused(t, c.do("GET", "/api/V1/GetEverything", "", ""), 404, ding.ResultCodeClientError, "RequestInvalid")
	wrong := c.do("GET", "/api/V1/SendTransfer", "", "")
	requireRefused(t, wrong, 405, ding.ResultCodeClientError, "RequestInvalid")
	assert.Equal(t, "POST", wrong.header.Get("Allow"))
	assert.Equal(t, http.StatusNotFound, c.do("GET", "/", "", "").status)
	assert.Equal(t, http.StatusNotFound, c.do("GET", "/api/V2/GetBalance", "", "").status)
}

func TestAnswersSayWhatTheyAreAndHowLongTheyKeep(t *testing.T) {
	c := serve(t).with("X-Correlation-Id", "abc-1")
	for method, keeps := range map[string]string{
		"GetProducts":   "private, max-age=10800",
		"GetCountries":  "private, max-age=86400",
		"GetPromotions": "private, max-age=86400",
		"GetBalance":    "no-store", "GetProviderStatus": "no-store",
	} {
		answer := c.get(method, nil)
		assert.Equal(t, keeps, answer.header.Get("Cache-Control"), method)
		assert.Equal(t, "application/json; charset=utf-8", answer.header.Get("Content-Type"))
		assert.Equal(t, "abc-1", answer.header.Get("X-Correlation-Id"))
	}
}
