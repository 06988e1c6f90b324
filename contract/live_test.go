// The real service, where there are credentials for it: every operation that reads, and a transfer that is only validated.
// No money moves, and a guard of its own sees to that. The same calls are made against the sandbox in every run, so that they
// work on the day on which somebody has credentials.

package contract_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/api/openapi"
	"github.com/airtime-go/airtime/contract"
	"github.com/airtime-go/airtime/facade/ding"
)

var live = flag.Bool("live", false, "call the real DingConnect with DING_API_KEY, or DING_CLIENT_ID and DING_CLIENT_SECRET; moves no money")

// harmless refuses, before it leaves, every request that is not known to move nothing.
type harmless struct{ next http.RoundTripper }

var errMovesMoney = errors.New("refused here: it might move money")

// reads are the operations that move nothing, whatever they are asked.
var reads = []string{
	"GetBalance", "GetCountries", "GetCurrencies", "GetErrorCodeDescriptions", "GetRegions", "GetProviders", "GetProviderStatus",
	"GetProducts", "GetProductDescriptions", "GetPromotions", "GetPromotionDescriptions", "GetAccountLookup", "EstimatePrices",
	"LookupBills", "ListTransferRecords",
}

func (h harmless) RoundTrip(request *http.Request) (*http.Response, error) {
	operation, isAPI := strings.CutPrefix(request.URL.Path, "/api/V1/")
	switch {
	case !isAPI && strings.HasSuffix(request.URL.Path, "/connect/token"):
	case isAPI && slices.Contains(reads, operation):
	case isAPI && operation == "SendTransfer" && request.Method == http.MethodPost && request.Body != nil:
		body, err := io.ReadAll(request.Body)
		request.Body.Close()
		if err != nil || !validatesOnly(body) {
			return nil, errMovesMoney
		}
		request = request.Clone(request.Context())
		request.Body = io.NopCloser(bytes.NewReader(body))
	default:
		return nil, errMovesMoney
	}
	return h.next.RoundTrip(request)
}

// validatesOnly reports a body that says so once, and in the one spelling that nobody can read otherwise.
func validatesOnly(body []byte) bool {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil || strings.Count(strings.ToLower(string(body)), `validateonly`) != 1 {
		return false
	}
	return string(members["ValidateOnly"]) == "true"
}

func TestTheGuardLetsNoMoneyMove(t *testing.T) {
	for _, row := range []struct {
		method, path, body string
		passes             bool
	}{
		{"GET", "/api/V1/GetBalance", "", true},
		{"POST", "/connect/token", "grant_type=client_credentials", true},
		{"POST", "/api/V1/SendTransfer", `{"ValidateOnly":true}`, true},
		{"POST", "/api/V1/SendTransfer", `{"ValidateOnly":false}`, false},
		{"POST", "/api/V1/SendTransfer", `{"ValidateOnly":"true"}`, false},
		{"POST", "/api/V1/SendTransfer", `{"ValidateOnly":true,"ValidateOnly":false}`, false},
		{"POST", "/api/V1/SendTransfer", `{"ValidateOnly":true,"validateonly":false}`, false},
		{"POST", "/api/V1/SendTransfer", `{"validateOnly":true}`, false},
		{"POST", "/api/V1/SendTransfer", `[{"ValidateOnly":true}]`, false},
		{"POST", "/api/V1/SendTransfer", ``, false},
		{"GET", "/api/V1/SendTransfer", ``, false},
		{"POST", "/api/V1/CancelTransfers", `[]`, false},
		{"POST", "/api/V1/sendtransfer", `{"ValidateOnly":true}`, false},
		{"POST", "/api/V2/GetBalance", ``, false},
		{"POST", "/charge", `{}`, false},
	} {
		arrived := false
		guard := harmless{roundTrip(func(r *http.Request) (*http.Response, error) {
			arrived = true
			return answers{status: 200, body: "{}"}.RoundTrip(r)
		})}
		response, err := guard.RoundTrip(newRequest(t, row.method, "https://api.dingconnect.com"+row.path, row.body))
		if row.passes {
			require.NoError(t, err)
			response.Body.Close()
		} else {
			assert.ErrorIs(t, err, errMovesMoney)
		}
		assert.Equal(t, row.passes, arrived, "%s %s %s", row.method, row.path, row.body)
	}
	for _, operation := range load(t, openapi.Ding).operations() {
		money := operation == "SendTransfer" || operation == "CancelTransfers"
		assert.NotEqual(t, money, slices.Contains(reads, operation), operation)
	}
}

// credentials takes them from the environment; nil if there are none.
func credentials(environment func(string) string) []ding.Option {
	if key := environment("DING_API_KEY"); key != "" {
		return []ding.Option{ding.WithAPIKey(key)}
	}
	if id, secret := environment("DING_CLIENT_ID"), environment("DING_CLIENT_SECRET"); id != "" && secret != "" {
		return []ding.Option{ding.WithClientCredentials(id, secret)}
	}
	return nil
}

func TestLive(t *testing.T) {
	options := credentials(os.Getenv)
	switch {
	case !*live:
		t.Skip("the real service is called with -live only; Dizlee has no operation that reads")
	case options == nil:
		t.Skip("-live needs DING_API_KEY, or DING_CLIENT_ID and DING_CLIENT_SECRET; Dizlee has no operation that reads")
	}
	for _, violation := range callEverythingHarmless(t, "https://api.dingconnect.com", options) {
		// New fields are no fault of this module, but somebody should hear of them.
		if violation.Rule == contract.RuleUnknown {
			t.Log(violation)
		} else {
			t.Error(violation)
		}
	}
}

func TestWhatIsCalledLiveWorksInTheSandbox(t *testing.T) {
	env := environment(t)
	get := func(name string) string { return env[name] }
	assert.Len(t, credentials(get), 1)
	delete(env, "DING_API_KEY")
	require.Len(t, credentials(get), 1)
	violations := callEverythingHarmless(t, env["DING_BASE_URL"], append(credentials(get), ding.WithTokenURL(env["DING_TOKEN_URL"])))
	assert.Empty(t, violations)
	delete(env, "DING_CLIENT_SECRET")
	assert.Nil(t, credentials(get))
}

// callEverythingHarmless calls all that moves nothing, and returns where the answers are not as documented. What the account
// may not do, or the catalogue does not have, is no fault: an answer that says so is one as well.
func callEverythingHarmless(t *testing.T, base string, options []ding.Option) []contract.Violation {
	t.Helper()
	noted, called := &notes{}, &seen{operations: map[string]bool{}}
	transport, err := contract.NewTransport(harmless{called}, noted.add, contract.Strict(), contract.WithDingURL(base))
	require.NoError(t, err)
	client, err := ding.NewClient(append(options, ding.WithBaseURL(base), ding.WithHTTPClient(&http.Client{Transport: transport}))...)
	require.NoError(t, err)

	calls := dingCalls(client)
	for _, operation := range reads {
		ran(t, operation, calls[operation](t.Context()))
		assert.True(t, called.operations[path.Base(operation)] || operation == "LookupBills", "%s was not called", operation)
	}
	ran(t, "SendTransfer", validate(t.Context(), client))
	return noted.found
}

// ran accepts an answer, be it a refusal.
func ran(t *testing.T, operation string, err error) {
	t.Helper()
	var refused *ding.Error
	if errors.Is(err, errNoProduct) || errors.As(err, &refused) && refused.ResultCode != 0 {
		t.Logf("%s: %v", operation, err)
		return
	}
	assert.NoError(t, err, operation)
}

// validate asks whether a product could be sent to its own test number.
func validate(ctx context.Context, client *ding.Client) error {
	products, err := client.GetProducts(ctx, ding.GetProductsParams{CountryISOs: []string{"KE"}})
	if err != nil {
		return err
	}
	fit := slices.IndexFunc(products.Items, func(p ding.Product) bool {
		return p.UATNumber != "" && !p.LookupBillsRequired && len(p.SettingDefinitions) == 0
	})
	if fit < 0 {
		return errNoProduct
	}
	product := products.Items[fit]
	_, err = client.SendTransfer(ctx, ding.SendTransferRequest{
		SKUCode: product.SKUCode, SendValue: product.Minimum.SendValue, SendCurrencyISO: product.Minimum.SendCurrencyISO,
		AccountNumber: product.UATNumber, DistributorRef: "contract-validation", ValidateOnly: true,
	})
	return err
}
