package contract_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/api/openapi"
	"github.com/airtime-go/airtime/contract"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/facade/dizlee"
	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/sandbox"
)

// spec is a document that traffic is held against.
type spec struct{ doc *openapi3.T }

func load(t testing.TB, data []byte) spec {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(data)
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	return spec{doc: doc}
}

// operations returns the ids of all operations, sorted.
func (s spec) operations() []string {
	var ids []string
	for _, path := range s.doc.Paths.Map() {
		for _, operation := range path.Operations() {
			ids = append(ids, operation.OperationID)
		}
	}
	slices.Sort(ids)
	return ids
}

// strict returns a client whose requests and answers all have to be as the documents say, to the letter, and the operations
// that it has seen.
func strict(t *testing.T, options ...contract.Option) (*http.Client, *seen) {
	t.Helper()
	arrived := &seen{operations: map[string]bool{}}
	transport, err := contract.NewTransport(arrived, func(v contract.Violation) { t.Error(v) }, append(options, contract.Strict())...)
	require.NoError(t, err)
	return &http.Client{Transport: transport}, arrived
}

// seen remembers the last parts of the paths that were asked for.
type seen struct {
	mu         sync.Mutex
	operations map[string]bool
}

func (s *seen) RoundTrip(request *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.operations[path.Base(request.URL.Path)] = true
	s.mu.Unlock()
	return http.DefaultTransport.RoundTrip(request)
}

// authenticated holds a request against one of the spec's security schemes.
func authenticated(_ context.Context, input *openapi3filter.AuthenticationInput) error {
	header := input.RequestValidationInput.Request.Header
	if input.SecurityScheme.Type == "apiKey" {
		if header.Get(input.SecurityScheme.Name) != "" {
			return nil
		}
		return input.NewError(nil)
	}
	if strings.HasPrefix(header.Get("Authorization"), "Bearer ") {
		return nil
	}
	return input.NewError(nil)
}

// environment starts a sandbox and returns what it would have exported.
func environment(t *testing.T) map[string]string {
	t.Helper()
	sb, err := sandbox.New()
	require.NoError(t, err)
	server := httptest.NewServer(sb)
	t.Cleanup(server.Close)
	env := map[string]string{}
	for _, line := range sb.Environment(server.URL) {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	return env
}

// errNoProduct says that the catalogue has no product of the kind that a call needs; a sandbox's has one of each.
var errNoProduct = errors.New("there is no such product")

// dingCalls has one call per operation of the spec.
func dingCalls(client *ding.Client) map[string]func(ctx context.Context) error {
	// A product of each kind that the calls need, found as a user would find it.
	find := func(ctx context.Context, fits func(ding.Product) bool) (ding.Product, error) {
		products, err := client.GetProducts(ctx, ding.GetProductsParams{})
		if err != nil {
			return ding.Product{}, err
		}
		if fit := slices.IndexFunc(products.Items, fits); fit >= 0 {
			return products.Items[fit], nil
		}
		return ding.Product{}, errNoProduct
	}
	plain := func(mode ding.ProcessingMode) func(ding.Product) bool {
		return func(p ding.Product) bool {
			return p.ProcessingMode == mode && !p.LookupBillsRequired && len(p.SettingDefinitions) == 0
		}
	}
	send := func(ctx context.Context, product ding.Product, account, ref string) (*ding.SendTransferResponse, error) {
		return client.SendTransfer(ctx, ding.SendTransferRequest{
			SKUCode: product.SKUCode, SendValue: product.Minimum.SendValue, SendCurrencyISO: product.Minimum.SendCurrencyISO,
			AccountNumber: account, DistributorRef: ref,
		})
	}
	return map[string]func(ctx context.Context) error{
		"GetBalance":               func(ctx context.Context) error { _, err := client.GetBalance(ctx); return err },
		"GetCountries":             func(ctx context.Context) error { _, err := client.GetCountries(ctx); return err },
		"GetCurrencies":            func(ctx context.Context) error { _, err := client.GetCurrencies(ctx); return err },
		"GetErrorCodeDescriptions": func(ctx context.Context) error { _, err := client.GetErrorCodeDescriptions(ctx); return err },
		"GetRegions": func(ctx context.Context) error {
			_, err := client.GetRegions(ctx, ding.GetRegionsParams{CountryISOs: []string{"JM", "KE"}})
			return err
		},
		"GetProviders": func(ctx context.Context) error {
			_, err := client.GetProviders(ctx, ding.GetProvidersParams{CountryISOs: []string{"JM", "KE"}, AccountNumber: "18765550123"})
			return err
		},
		"GetProviderStatus": func(ctx context.Context) error {
			_, err := client.GetProviderStatus(ctx, ding.GetProviderStatusParams{})
			return err
		},
		"GetProducts": func(ctx context.Context) error {
			_, err := client.GetProducts(ctx, ding.GetProductsParams{CountryISOs: []string{"JM", "KE"}, Benefits: []ding.Benefit{ding.BenefitMobile, ding.BenefitData}})
			return err
		},
		"GetProductDescriptions": func(ctx context.Context) error {
			_, err := client.GetProductDescriptions(ctx, ding.GetProductDescriptionsParams{LanguageCodes: []string{"en", "es"}})
			return err
		},
		"GetPromotions": func(ctx context.Context) error {
			_, err := client.GetPromotions(ctx, ding.GetPromotionsParams{})
			return err
		},
		"GetPromotionDescriptions": func(ctx context.Context) error {
			_, err := client.GetPromotionDescriptions(ctx, ding.GetPromotionDescriptionsParams{LanguageCodes: []string{"en"}})
			return err
		},
		"GetAccountLookup": func(ctx context.Context) error {
			_, err := client.GetAccountLookup(ctx, "18765550123")
			return err
		},
		"EstimatePrices": func(ctx context.Context) error {
			product, err := find(ctx, plain(ding.ProcessingModeInstant))
			if err != nil {
				return err
			}
			answer, err := client.EstimatePrices(ctx, []ding.EstimationRequest{
				{BatchItemRef: "a", SKUCode: product.SKUCode, SendValue: product.Minimum.SendValue},
				{BatchItemRef: "b", SKUCode: product.SKUCode, ReceiveValue: product.Maximum.ReceiveValue},
			})
			if err != nil {
				return err
			}
			for _, result := range answer.Results {
				if result.Err != nil {
					return result.Err
				}
			}
			return nil
		},
		"LookupBills": func(ctx context.Context) error {
			product, err := find(ctx, func(p ding.Product) bool { return p.LookupBillsRequired })
			if err != nil {
				return err
			}
			_, err = client.LookupBills(ctx, ding.LookupBillsRequest{SKUCode: product.SKUCode, AccountNumber: product.UATNumber})
			return err
		},
		"SendTransfer": func(ctx context.Context) error {
			product, err := find(ctx, plain(ding.ProcessingModeInstant))
			if err != nil {
				return err
			}
			_, err = send(ctx, product, product.UATNumber, "contract-1")
			return err
		},
		"ListTransferRecords": func(ctx context.Context) error {
			for _, err := range client.TransferRecords(ctx, ding.TransferFilter{}) {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"CancelTransfers": func(ctx context.Context) error {
			product, err := find(ctx, plain(ding.ProcessingModeBatch))
			if err != nil {
				return err
			}
			sent, err := send(ctx, product, product.UATNumber, "contract-2")
			if err != nil {
				return err
			}
			_, err = client.CancelTransfers(ctx, []ding.CancellationRequest{{BatchItemRef: "a", TransferID: *sent.TransferRecord.TransferID}})
			return err
		},
	}
}

func TestDingClientAndSandboxKeepTheContract(t *testing.T) {
	doc := load(t, openapi.Ding)
	env := environment(t)
	clients := map[string][]ding.Option{
		"API key": {ding.WithAPIKey(env["DING_API_KEY"])},
		"OAuth":   {ding.WithClientCredentials(env["DING_CLIENT_ID"], env["DING_CLIENT_SECRET"]), ding.WithTokenURL(env["DING_TOKEN_URL"])},
	}
	for name, credentials := range clients {
		t.Run(name, func(t *testing.T) {
			held, arrived := strict(t, contract.WithDingURL(env["DING_BASE_URL"]))
			client, err := ding.NewClient(append(credentials, ding.WithBaseURL(env["DING_BASE_URL"]),
				ding.WithHTTPClient(held))...)
			require.NoError(t, err)
			calls := dingCalls(client)
			require.Equal(t, doc.operations(), slices.Sorted(maps.Keys(calls)), "every operation of the spec has a call here")
			for _, operation := range doc.operations() {
				assert.NoError(t, calls[operation](t.Context()), operation)
				assert.True(t, arrived.operations[operation], "%s did not arrive", operation)
			}
		})
	}
}

func TestDizleeClientAndSandboxKeepTheContract(t *testing.T) {
	doc := load(t, openapi.Dizlee)
	env := environment(t)
	held, arrived := strict(t, contract.WithDizleeURL(env["DIZLEE_BASE_URL"]))
	client, err := dizlee.NewClient(
		dizlee.WithAPIKey(env["DIZLEE_API_KEY"]),
		dizlee.WithBaseURL(env["DIZLEE_BASE_URL"]),
		dizlee.WithMerchant(dizlee.Merchant{
			AggregatorID: env["DIZLEE_AGGREGATOR_ID"], MerchantID: env["DIZLEE_MERCHANT_ID"],
			Product: env["DIZLEE_PRODUCT"], SubProduct: env["DIZLEE_SUB_PRODUCT"],
		}),
		dizlee.WithMerchantCode("SHOP"),
		dizlee.WithHTTPClient(held),
	)
	require.NoError(t, err)

	id := func(name string) string { return "SHOP" + name }
	const msisdn = "9647700000001"
	vat := 0
	calls := map[string]func() error{
		"Charge": func() error {
			_, err := client.Charge(t.Context(), dizlee.ChargeRequest{
				ChargeRequestID: id("charge"), UserID: msisdn, Amount: money.MustParse("0.250"), Currency: "IQD", FirstCharge: true,
				VATAmount: &vat, BillingType: dizlee.BillingTypePrepaid, ProfileRequestID: id("profile"), SID: "1", PID: "2",
			})
			return err
		},
		"Refund": func() error {
			part := money.MustParse("0.100")
			_, err := client.Refund(t.Context(), dizlee.RefundRequest{
				RefundRequestID: id("refund"), TransactionID: id("charge"), UserID: msisdn, Amount: &part, Currency: "IQD", Reason: "returned",
			})
			return err
		},
		"SendSMS": func() error {
			_, err := client.SendSMS(t.Context(), dizlee.SendSMSRequest{
				SMSRequestID: id("sms"), Sender: "1234", Receiver: msisdn, Language: dizlee.LanguageArabic, MessageBody: "مرحبا",
			})
			return err
		},
	}
	require.Equal(t, doc.operations(), slices.Sorted(maps.Keys(calls)), "every operation of the spec has a call here")
	for _, operation := range doc.operations() {
		assert.NoError(t, calls[operation](), operation)
	}
	assert.Equal(t, map[string]bool{"charge": true, "refund": true, "sms": true}, arrived.operations)
}
