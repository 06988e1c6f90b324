// A service that answers account look-ups, provider status and estimates by hand, and the reference data that go with it.

package catalogue

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/money"
)

// service counts requests by method. What it has no answer for is a test's mistake.
type service struct {
	mu       sync.Mutex
	requests map[string]int
	asked    []ding.EstimationRequest
	numbers  []string
	codes    []string

	// lookUp and estimate answer; a nil one answers as the API does where it does not know. down has messages by provider.
	lookUp       func(number string) (int, string)
	estimate     func(ding.EstimationRequest) ding.EstimatedPrice
	down         map[string]string
	statusFails  bool
	estimateFail int
	// warning is a code that estimates are answered with as a whole.
	warning string
}

const (
	nobody  = `{"ResultCode":2,"ErrorCodes":[{"Code":"NearestMatch"}],"Items":[],"CountryIso":null,"AccountNumberNormalized":null}`
	busy    = `{"ResultCode":3,"ErrorCodes":[{"Code":"RateLimited"}]}`
	invalid = `{"ResultCode":4,"ErrorCodes":[{"Code":"AccountNumberInvalid","Context":"AccountNumberFailedRegex"}]}`
	noKey   = `{"ResultCode":4,"ErrorCodes":[{"Code":"AuthenticationFailed"}]}`
)

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	method := path.Base(r.URL.Path)
	if s.requests == nil {
		s.requests = map[string]int{}
	}
	s.requests[method]++
	w.Header().Set("Content-Type", "application/json")
	switch method {
	case "GetAccountLookup":
		number := r.URL.Query().Get("accountNumber")
		s.numbers = append(s.numbers, number)
		status, body := http.StatusOK, nobody
		if s.lookUp != nil {
			status, body = s.lookUp(number)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	case "GetProviderStatus":
		s.status(w, r)
	case "EstimatePrices":
		s.estimates(w, r)
	default:
		http.Error(w, "unexpected "+method, http.StatusTeapot)
	}
}

func (s *service) status(w http.ResponseWriter, r *http.Request) {
	if s.statusFails {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(busy))
		return
	}
	s.codes = r.URL.Query()["providerCodes"]
	answer := ding.GetProviderStatusResponse{ResultCode: ding.ResultCodeSuccess}
	for _, code := range s.codes {
		message, down := s.down[code]
		answer.Items = append(answer.Items, ding.ProviderStatus{ProviderCode: code, IsProcessingTransfers: !down, Message: message})
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *service) estimates(w http.ResponseWriter, r *http.Request) {
	if s.estimateFail != 0 {
		w.WriteHeader(s.estimateFail)
		_, _ = w.Write([]byte(busy))
		return
	}
	var batch []ding.EstimationRequest
	_ = json.NewDecoder(r.Body).Decode(&batch)
	answer := map[string]any{"ResultCode": 1, "ErrorCodes": []string{}}
	if s.warning != "" {
		answer = map[string]any{"ResultCode": 2, "ErrorCodes": []ding.ErrorCode{{Code: s.warning}}}
	}
	var items []ding.EstimatedPrice
	for _, entry := range batch {
		s.asked = append(s.asked, entry)
		item := s.estimate(entry)
		item.BatchItemRef, item.SKUCode = entry.BatchItemRef, entry.SKUCode
		items = append([]ding.EstimatedPrice{item}, items...)
	}
	answer["Items"] = items
	_ = json.NewEncoder(w).Encode(answer)
}

// selling returns a catalogue of the parts whose client talks to the service.
func selling(t testing.TB, s *service, p parts) *Catalogue {
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	client, err := ding.NewClient(ding.WithAPIKey("a-test-key"), ding.WithBaseURL(server.URL), ding.WithRetryPolicy(facade.RetryPolicy{MaxAttempts: 1}))
	require.NoError(t, err)
	return holding(t, client, p)
}

// price makes a price in USD and the currency: "5.00/380.00" sends 5.00 and delivers 380.00; what follows are the customer fee, the
// distributor fee, and what is left after tax.
func price(currencyISO, text string) ding.Price {
	values := make([]money.Decimal, 5)
	for i, part := range strings.Split(text, "/") {
		values[i] = money.MustParse(part)
	}
	return ding.Price{
		SendValue: values[0], SendCurrencyISO: "USD", ReceiveValue: values[1], ReceiveCurrencyISO: currencyISO,
		CustomerFee: values[2], DistributorFee: values[3], ReceiveValueExcludingTax: values[4],
	}
}

// product makes one that ranges between two prices, or has one.
func product(sku, providerCode, currencyISO, low string, high ...string) ding.Product {
	p := ding.Product{SKUCode: sku, ProviderCode: providerCode, Minimum: price(currencyISO, low), Maximum: price(currencyISO, low)}
	if len(high) > 0 {
		p.Maximum = price(currencyISO, high[0])
	}
	return p
}

func provider(code, countryISO, pattern string) ding.Provider {
	return ding.Provider{ProviderCode: code, CountryISO: countryISO, ValidationRegex: pattern}
}

func country(iso string, shortest, longest int32, prefixes ...string) ding.Country {
	c := ding.Country{CountryISO: iso}
	for _, prefix := range prefixes {
		c.InternationalDialingInformation = append(c.InternationalDialingInformation,
			ding.InternationalDialingInfo{Prefix: prefix, MinimumLength: shortest, MaximumLength: longest})
	}
	return c
}

func ok(body string) func(string) (int, string) {
	return func(string) (int, string) { return http.StatusOK, body }
}

// nobodyKnows is a client that has no account number and no provider status.
type nobodyKnows struct{ Client }

func (nobodyKnows) GetAccountLookup(context.Context, string, ...ding.CallOption) (*ding.GetAccountLookupResponse, error) {
	return &ding.GetAccountLookupResponse{ResultCode: ding.ResultCodeSuccessWithWarning}, nil
}

func (nobodyKnows) GetProviderStatus(context.Context, ding.GetProviderStatusParams, ...ding.CallOption) (*ding.GetProviderStatusResponse, error) {
	return &ding.GetProviderStatusResponse{ResultCode: ding.ResultCodeSuccess}, nil
}
