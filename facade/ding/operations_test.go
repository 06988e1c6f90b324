// Tests of all 17 methods, driven from one table that the specification must agree with: what goes over the wire, the
// correlation id, and the head of the answer.

package ding_test

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/api/openapi"
	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/money"
)

// operation is a method of the client, called with everything that it takes.
type operation struct {
	name string
	call func(context.Context, *ding.Client, ...ding.CallOption) (any, error)
	// method, query and body are what must arrive.
	method, query, body string
	// answer is the least that makes the call succeed.
	answer string
	// money marks those that move money, whose lost answers are not repeated but looked up.
	money bool
}

const (
	plain    = `{"ResultCode":1,"ErrorCodes":[]}`
	accepted = `{"ResultCode":1,"ErrorCodes":[],"TransferRecord":{"TransferId":{"TransferRef":"700123","DistributorRef":"order-1"},` +
		`"SkuCode":"GB_TEST_10","AccountNumber":"` + account + `","ProcessingState":"Complete","ReceiptText":"PIN ` + pin + `",` +
		`"ReceiptParams":{"pin":"` + pin + `"}}}`
)

// transfer is a request that nothing is wrong with.
func transfer() ding.SendTransferRequest {
	return ding.SendTransferRequest{
		SKUCode:        "GB_TEST_10",
		SendValue:      money.MustParse("10.00"),
		AccountNumber:  account,
		DistributorRef: "order-1",
	}
}

func cancellation(ref string) ding.CancellationRequest {
	return ding.CancellationRequest{BatchItemRef: ref, TransferID: ding.TransferID{TransferRef: "700123", DistributorRef: "order-1"}}
}

// operations has every method once.
func operations() []operation {
	type ctx = context.Context
	type client = *ding.Client
	return []operation{
		{name: "GetErrorCodeDescriptions", method: "GET",
			call: func(c ctx, d client, o ...ding.CallOption) (any, error) { return d.GetErrorCodeDescriptions(c, o...) }},
		{name: "GetCurrencies", method: "GET",
			call: func(c ctx, d client, o ...ding.CallOption) (any, error) { return d.GetCurrencies(c, o...) }},
		{name: "GetCountries", method: "GET",
			call: func(c ctx, d client, o ...ding.CallOption) (any, error) { return d.GetCountries(c, o...) }},
		{name: "GetRegions", method: "GET", query: "countryIsos=IN&countryIsos=GB",
			call: func(c ctx, d client, o ...ding.CallOption) (any, error) {
				return d.GetRegions(c, ding.GetRegionsParams{CountryISOs: []string{"IN", "GB"}}, o...)
			}},
		{name: "GetProviders", method: "GET",
			query: "accountNumber=" + account + "&countryIsos=GB&providerCodes=P1&providerCodes=P%262&regionCodes=R1",
			call: func(c ctx, d client, o ...ding.CallOption) (any, error) {
				return d.GetProviders(c, ding.GetProvidersParams{ProviderCodes: []string{"P1", "P&2"}, CountryISOs: []string{"GB"},
					RegionCodes: []string{"R1"}, AccountNumber: account}, o...)
			}},
		{name: "GetProviderStatus", method: "GET", query: "providerCodes=P1&providerCodes=P2",
			call: func(c ctx, d client, o ...ding.CallOption) (any, error) {
				return d.GetProviderStatus(c, ding.GetProviderStatusParams{ProviderCodes: []string{"P1", "P2"}}, o...)
			}},
		{name: "GetProducts", method: "GET",
			query: "accountNumber=" + account + "&benefits=Data&benefits=Minutes&countryIsos=JM&countryIsos=HT&providerCodes=P1&regionCodes=R1&skuCodes=S1&skuCodes=S2",
			call: func(c ctx, d client, o ...ding.CallOption) (any, error) {
				return d.GetProducts(c, ding.GetProductsParams{CountryISOs: []string{"JM", "HT"}, ProviderCodes: []string{"P1"}, SKUCodes: []string{"S1", "S2"},
					Benefits: []ding.Benefit{ding.BenefitData, ding.BenefitMinutes}, RegionCodes: []string{"R1"}, AccountNumber: account}, o...)
			}},
		{name: "GetProductDescriptions", method: "GET", query: "languageCodes=en&languageCodes=fr&skuCodes=S1",
			call: func(c ctx, d client, o ...ding.CallOption) (any, error) {
				return d.GetProductDescriptions(c, ding.GetProductDescriptionsParams{LanguageCodes: []string{"en", "fr"}, SKUCodes: []string{"S1"}}, o...)
			}},
		{name: "GetPromotions", method: "GET", query: "accountNumber=" + account + "&countryIsos=GB&providerCodes=P1",
			call: func(c ctx, d client, o ...ding.CallOption) (any, error) {
				return d.GetPromotions(c, ding.GetPromotionsParams{CountryISOs: []string{"GB"}, ProviderCodes: []string{"P1"}, AccountNumber: account}, o...)
			}},
		{name: "GetPromotionDescriptions", method: "GET", query: "languageCodes=en",
			call: func(c ctx, d client, o ...ding.CallOption) (any, error) {
				return d.GetPromotionDescriptions(c, ding.GetPromotionDescriptionsParams{LanguageCodes: []string{"en"}}, o...)
			}},
		{name: "GetBalance", method: "GET",
			call: func(c ctx, d client, o ...ding.CallOption) (any, error) { return d.GetBalance(c, o...) }},
		{name: "GetAccountLookup", method: "GET", query: "accountNumber=someone%40example.com",
			call: func(c ctx, d client, o ...ding.CallOption) (any, error) {
				return d.GetAccountLookup(c, "someone@example.com", o...)
			}},
		{name: "EstimatePrices", method: "POST",
			body: `[{"BatchItemRef":"a","SendCurrencyIso":"EUR","SendValue":10.00,"SkuCode":"S1"},{"BatchItemRef":"b","ReceiveValue":0.7,"SkuCode":"S2"}]`,
			call: func(c ctx, d client, o ...ding.CallOption) (any, error) {
				return d.EstimatePrices(c, []ding.EstimationRequest{
					{BatchItemRef: "a", SKUCode: "S1", SendValue: money.MustParse("10.00"), SendCurrencyISO: "EUR"},
					{BatchItemRef: "b", SKUCode: "S2", ReceiveValue: money.MustParse("0.7")},
				}, o...)
			}},
		{name: "LookupBills", method: "POST",
			body: `{"AccountNumber":"` + account + `","Settings":[{"Name":"Birthday","Value":""}],"SkuCode":"S1"}`,
			call: func(c ctx, d client, o ...ding.CallOption) (any, error) {
				return d.LookupBills(c, ding.LookupBillsRequest{SKUCode: "S1", AccountNumber: account, Settings: []ding.Setting{{Name: "Birthday"}}}, o...)
			}},
		{name: "SendTransfer", method: "POST", money: true, answer: accepted,
			body: `{"AccountNumber":"` + account + `","BillRef":"B1","DistributorRef":"order-1","SendCurrencyIso":"EUR","SendValue":10.00,` +
				`"Settings":[{"Name":"Name","Value":"Value"}],"SkuCode":"GB_TEST_10","ValidateOnly":false}`,
			call: func(c ctx, d client, o ...ding.CallOption) (any, error) {
				request := transfer()
				request.BillRef, request.SendCurrencyISO = "B1", "EUR"
				request.Settings = []ding.Setting{{Name: "Name", Value: "Value"}}
				return d.SendTransfer(c, request, o...)
			}},
		{name: "ListTransferRecords", method: "POST",
			body: `{"AccountNumber":"` + account + `","DistributorRef":"order-1","Skip":100,"Take":50,"TransferRef":"700123"}`,
			call: func(c ctx, d client, o ...ding.CallOption) (any, error) {
				return d.ListTransferRecords(c, ding.ListTransferRecordsRequest{TransferRef: "700123", DistributorRef: "order-1",
					AccountNumber: account, Skip: 100, Take: 50}, o...)
			}},
		{name: "CancelTransfers", method: "POST", money: true,
			answer: `{"ResultCode":1,"ErrorCodes":[],"Items":[{"BatchItemRef":"a","ResultCode":1,"ErrorCodes":[],"ProcessingState":"Cancelled"}]}`,
			body:   `[{"BatchItemRef":"a","TransferId":{"DistributorRef":"order-1","TransferRef":"700123"}}]`,
			call: func(c ctx, d client, o ...ding.CallOption) (any, error) {
				return d.CancelTransfers(c, []ding.CancellationRequest{cancellation("a")}, o...)
			}},
	}
}

func (o operation) reply() reply {
	if o.answer != "" {
		return ok(o.answer)
	}
	return ok(plain)
}

func TestEveryOperationOfTheSpecificationIsAMethod(t *testing.T) {
	document, err := openapi3.NewLoader().LoadFromData(openapi.Ding)
	require.NoError(t, err)
	specified := map[string]string{}
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			specified[operation.OperationID] = method + " " + path
		}
	}
	tested := map[string]string{}
	for _, o := range operations() {
		tested[o.name] = o.method + " /api/V1/" + o.name
	}
	assert.Equal(t, specified, tested)

	var methods []string
	client := reflect.TypeFor[*ding.Client]()
	for method := range client.Methods() {
		methods = append(methods, method.Name)
	}
	beyond := []string{"Account", "AwaitTransfer", "Describe", "Format", "GoString", "RecoverTransfers", "ResumeTransfer", "SendTransferDeferred", "SettleTransfer",
		"String", "TransferRecords"}
	for name := range specified {
		assert.Contains(t, methods, name)
	}
	assert.Len(t, methods, len(specified)+len(beyond), "a method that is neither an operation nor one of %v: %v", beyond, methods)
}

func TestEveryOperationOnTheWire(t *testing.T) {
	for _, o := range operations() {
		t.Run(o.name, func(t *testing.T) {
			s := serve(t, o.reply())

			answer, err := o.call(t.Context(), newClient(t, s))

			require.NoError(t, err)
			assert.False(t, reflect.ValueOf(answer).IsNil())
			sent := s.seen()[0]
			assert.Equal(t, o.method, sent.method)
			assert.Equal(t, "/api/V1/"+o.name, sent.path)
			assert.Equal(t, o.query, sent.query)
			assert.Equal(t, o.body, sent.body, "the body byte by byte, so that 10.00 stays 10.00")
			assert.Equal(t, apiKey, sent.header.Get("api_key"))
			assert.Empty(t, sent.header.Get("Authorization"))
			assert.Equal(t, "application/json", sent.header.Get("Accept"))
			assert.NotContains(t, sent.header, "X-Options", "transfers are never deferred unasked")
			assert.NotContains(t, sent.header, "Idempotency-Key")
			if o.body != "" {
				assert.Equal(t, "application/json", sent.header.Get("Content-Type"))
			}
			assert.NoError(t, uuid.Validate(sent.header.Get("X-Correlation-Id")), "a correlation id is made where none is given")
		})
	}
}

func TestEmptyFiltersAreLeftOut(t *testing.T) {
	for name, tc := range map[string]struct {
		call  func(context.Context, *ding.Client) error
		query string
		body  string
	}{
		"no filters": {call: func(ctx context.Context, c *ding.Client) error {
			_, err := c.GetProducts(ctx, ding.GetProductsParams{})
			return err
		}},
		"empty lists": {call: func(ctx context.Context, c *ding.Client) error {
			_, err := c.GetProviders(ctx, ding.GetProvidersParams{ProviderCodes: []string{}, CountryISOs: []string{}, RegionCodes: nil})
			return err
		}},
		"a list of nothing": {call: func(ctx context.Context, c *ding.Client) error {
			_, err := c.GetProviderStatus(ctx, ding.GetProviderStatusParams{ProviderCodes: []string{""}})
			return err
		}},
		"empty strings among others": {query: "countryIsos=JM&countryIsos=HT", call: func(ctx context.Context, c *ding.Client) error {
			_, err := c.GetProducts(ctx, ding.GetProductsParams{CountryISOs: []string{"", "JM", "", "HT"}, Benefits: []ding.Benefit{""}})
			return err
		}},
		"commas, blanks and beyond ASCII": {query: "skuCodes=A%2CB&skuCodes=C+D&skuCodes=%C3%A9%3B", call: func(ctx context.Context, c *ding.Client) error {
			_, err := c.GetProducts(ctx, ding.GetProductsParams{SKUCodes: []string{"A,B", "C D", "é;"}})
			return err
		}},
		"no filter of records": {body: `{"Take":1}`, call: func(ctx context.Context, c *ding.Client) error {
			_, err := c.ListTransferRecords(ctx, ding.ListTransferRecordsRequest{Take: 1})
			return err
		}},
		"a validation says so": {
			body: `{"AccountNumber":"` + account + `","DistributorRef":"order-1","SendValue":10.00,"SkuCode":"GB_TEST_10","ValidateOnly":true}`,
			call: func(ctx context.Context, c *ding.Client) error {
				request := transfer()
				request.ValidateOnly = true
				_, err := c.SendTransfer(ctx, request)
				return err
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, ok(plain))
			require.NoError(t, tc.call(t.Context(), newClient(t, s)))
			assert.Equal(t, tc.query, s.seen()[0].query)
			assert.Equal(t, tc.body, s.seen()[0].body)
		})
	}
}

func TestABaseURLMayHaveAPath(t *testing.T) {
	s := serve(t, ok(plain))
	_, err := newClient(t, s, ding.WithBaseURL(s.url+"/proxy/ding/")).GetBalance(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "/proxy/ding/api/V1/GetBalance", s.seen()[0].path)
}

func TestCorrelationIDIsTheSameOverAllAttempts(t *testing.T) {
	for _, o := range operations() {
		if o.money {
			continue
		}
		for kind, opts := range map[string][]ding.CallOption{"generated": nil, "given": {ding.WithCorrelationID("order-1/try"), nil}} {
			t.Run(o.name+", "+kind, func(t *testing.T) {
				s := serve(t, html(502), envelope(503, 3, "TransientProviderError", ""), envelope(503, 3, "RateLimited", ""))

				_, err := o.call(t.Context(), newClient(t, s), opts...)

				failed := failure(t, err)
				for _, request := range s.seen() {
					assert.Equal(t, failed.CorrelationID, request.header.Get("X-Correlation-Id"))
					assert.Equal(t, o.body, request.body, "every attempt sends the whole body")
				}
				if kind == "given" {
					assert.Equal(t, "order-1/try", failed.CorrelationID)
				} else {
					assert.NoError(t, uuid.Validate(failed.CorrelationID))
				}
				assert.Equal(t, o.name, failed.Operation)
				assert.Equal(t, 3, failed.Attempts)
				assert.ErrorContains(t, err, failed.CorrelationID)
			})
		}
	}
}

func TestABadCorrelationIDIsNotSent(t *testing.T) {
	for name, id := range map[string]string{
		"empty": "", "with a blank": "a b", "with a line break": "a\r\nX-Evil: 1", "beyond ASCII": "ö", "too long": strings.Repeat("x", 129),
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, serve(t))
			for _, o := range operations() {
				_, err := o.call(t.Context(), client, ding.WithCorrelationID(id))
				var refused *facade.RequestError
				if assert.ErrorAs(t, err, &refused, o.name) {
					assert.Equal(t, "X-Correlation-Id", refused.Problems[0].Field)
					assert.Equal(t, o.name, refused.Operation)
				}
			}
		})
	}
	s := serve(t, ok(plain))
	longest := strings.Repeat("x", 128)
	_, err := newClient(t, s).GetBalance(t.Context(), ding.WithCorrelationID(longest))
	require.NoError(t, err)
	assert.Equal(t, longest, s.seen()[0].header.Get("X-Correlation-Id"))
}

func TestResponseHeadHasStatusAndHeadersOnly(t *testing.T) {
	for _, o := range operations() {
		t.Run(o.name, func(t *testing.T) {
			answer := o.reply()
			answer.header = map[string]string{"Cache-Control": "max-age=3600"}
			s := serve(t, answer)
			var head *http.Response

			_, err := o.call(t.Context(), newClient(t, s), ding.WithResponseHead(&head))

			require.NoError(t, err)
			require.NotNil(t, head)
			assert.Equal(t, http.StatusOK, head.StatusCode)
			assert.Equal(t, "max-age=3600", head.Header.Get("Cache-Control"))
			assert.Nil(t, head.Request, "the request's header holds the credentials")
			assert.Equal(t, http.NoBody, head.Body)
			assertNothingSecret(t, fmt.Sprintf("%+v", head))
		})
	}
	t.Run("of the last answer, failed ones too", func(t *testing.T) {
		var head *http.Response
		_, err := newClient(t, serve(t, html(502), envelope(400, 4, "ParameterInvalid", ""))).GetBalance(t.Context(), ding.WithResponseHead(&head))
		require.Error(t, err)
		assert.Equal(t, http.StatusBadRequest, head.StatusCode)
	})
	t.Run("left alone where no answer came", func(t *testing.T) {
		before := &http.Response{Status: "untouched"}
		head := before
		_, err := newClient(t, serve(t, times(3, reset())...)).GetBalance(t.Context(), ding.WithResponseHead(&head))
		require.Error(t, err)
		assert.Same(t, before, head)
	})
}

func TestCallOptionsOfTheCallerStayTheirs(t *testing.T) {
	s := serve(t, ok(`{"ResultCode":1}`), ok(`{"ResultCode":1}`))
	opts := slices.Grow([]ding.CallOption{ding.WithCorrelationID("mine")}, 8)
	client := newClient(t, s)
	for range client.TransferRecords(t.Context(), ding.TransferFilter{}, opts...) {
		t.Error("there are no records")
	}
	_, err := client.GetBalance(t.Context(), opts[:1]...)
	require.NoError(t, err)
	assert.Nil(t, opts[:2][1], "nothing was appended behind the caller's options")
	assert.Equal(t, "mine", s.seen()[1].header.Get("X-Correlation-Id"))
}
