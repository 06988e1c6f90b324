// Usage limits stand in three places: in the client, which keeps to them, in the specification, which states them, and in the
// sandbox, which enforces what the specification states. Here they are held against each other.

package contract_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/api/openapi"
	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/internal/memnet"
	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/sandbox"
)

func TestTheClientsTableIsTheSpecifications(t *testing.T) {
	stated := map[string]int{}
	for _, path := range load(t, openapi.Ding).doc.Paths.Map() {
		for _, operation := range path.Operations() {
			if limit, found := operation.Extensions["x-usage-limit"]; found {
				stated[operation.OperationID] = int(limit.(float64))
			} else if operation.OperationID == "SendTransfer" {
				stated["SendTransfer"] = ding.Unlimited
			}
			if limit, found := operation.Extensions["x-usage-limit-validate-only"]; found {
				stated[operation.OperationID+" (Validate Only)"] = int(limit.(float64))
			}
		}
	}
	assert.Equal(t, ding.UsageLimits(), stated)
	assert.Len(t, stated, 17, "the rows of Ding's description")
}

// far is a sandbox a while away, and what it has answered.
type far struct {
	sandbox *sandbox.Sandbox
	slowest time.Duration

	mu       sync.Mutex
	statuses map[string]map[int]int // by path
}

func (f *far) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !wait(r.Context(), rand.N(f.slowest)) {
		return // nobody is there any more
	}
	answer := &status{ResponseWriter: w, code: 200}
	f.sandbox.ServeHTTP(answer, r)
	f.mu.Lock()
	operation := strings.TrimPrefix(r.URL.Path, "/api/V1/")
	if f.statuses[operation] == nil {
		f.statuses[operation] = map[int]int{}
	}
	f.statuses[operation][answer.code]++
	f.mu.Unlock()
	wait(r.Context(), rand.N(f.slowest))
}

// status remembers the status of an answer.
type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// take returns how many answers had which status, by operation, and forgets them.
func (f *far) take() map[string]map[int]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	taken := f.statuses
	f.statuses = map[string]map[int]int{}
	return taken
}

// wait passes time; false if the context ended.
func wait(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// limitedCalls makes small requests, by row of the table.
func limitedCalls(client *ding.Client) map[string]func(context.Context) error {
	none := []string{"none"}
	return map[string]func(context.Context) error{
		"GetErrorCodeDescriptions": func(ctx context.Context) error { _, err := client.GetErrorCodeDescriptions(ctx); return err },
		"GetCurrencies":            func(ctx context.Context) error { _, err := client.GetCurrencies(ctx); return err },
		"GetCountries":             func(ctx context.Context) error { _, err := client.GetCountries(ctx); return err },
		"GetRegions": func(ctx context.Context) error {
			_, err := client.GetRegions(ctx, ding.GetRegionsParams{CountryISOs: []string{"JM"}})
			return err
		},
		"GetProviders": func(ctx context.Context) error {
			_, err := client.GetProviders(ctx, ding.GetProvidersParams{ProviderCodes: none})
			return err
		},
		"GetProviderStatus": func(ctx context.Context) error {
			_, err := client.GetProviderStatus(ctx, ding.GetProviderStatusParams{ProviderCodes: none})
			return err
		},
		"GetProducts": func(ctx context.Context) error {
			_, err := client.GetProducts(ctx, ding.GetProductsParams{SKUCodes: none})
			return err
		},
		"GetProductDescriptions": func(ctx context.Context) error {
			_, err := client.GetProductDescriptions(ctx, ding.GetProductDescriptionsParams{SKUCodes: none})
			return err
		},
		"GetBalance": func(ctx context.Context) error { _, err := client.GetBalance(ctx); return err },
		"GetPromotions": func(ctx context.Context) error {
			_, err := client.GetPromotions(ctx, ding.GetPromotionsParams{ProviderCodes: none})
			return err
		},
		"GetPromotionDescriptions": func(ctx context.Context) error {
			_, err := client.GetPromotionDescriptions(ctx, ding.GetPromotionDescriptionsParams{LanguageCodes: []string{"en"}})
			return err
		},
		"GetAccountLookup": func(ctx context.Context) error { _, err := client.GetAccountLookup(ctx, "18765550123"); return err },
		"EstimatePrices": func(ctx context.Context) error {
			_, err := client.EstimatePrices(ctx, []ding.EstimationRequest{{BatchItemRef: "a", SKUCode: "GB_AB_TopUp", SendValue: money.FromInt(10)}})
			return err
		},
		"ListTransferRecords": func(ctx context.Context) error {
			_, err := client.ListTransferRecords(ctx, ding.ListTransferRecordsRequest{Take: 1})
			return err
		},
		"CancelTransfers": func(ctx context.Context) error {
			_, err := client.CancelTransfers(ctx, []ding.CancellationRequest{{BatchItemRef: "a", TransferID: ding.TransferID{TransferRef: "1"}}})
			return err
		},
		ding.ValidateOnlyRow: func(ctx context.Context) error { return pay(ctx, client, "validation", true) },
	}
}

func pay(ctx context.Context, client *ding.Client, ref string, validateOnly bool) error {
	_, err := client.SendTransfer(ctx, ding.SendTransferRequest{
		SKUCode: "GB_AB_TopUp", SendValue: money.FromInt(10), AccountNumber: "447700900123", DistributorRef: ref, ValidateOnly: validateOnly,
	})
	return err
}

// TestOneClientUnderLoadMeetsNo429: forty goroutines and all methods, first without a payment and then with some.
func TestOneClientUnderLoadMeetsNo429(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sb, err := sandbox.New(sandbox.WithBalance(money.FromInt(1_000_000)))
		require.NoError(t, err)
		service := &far{sandbox: sb, slowest: time.Second, statuses: map[string]map[int]int{}}
		listener := memnet.Listen()
		server := &http.Server{Handler: service}
		go func() { _ = server.Serve(listener) }()
		transport := &http.Transport{DialContext: listener.Dial, MaxIdleConnsPerHost: 50}
		defer func() {
			// Requests that were given up may still be at the server: it notices only once it has read their bodies.
			wait(context.Background(), 2*service.slowest)
			transport.CloseIdleConnections()
			_ = server.Shutdown(context.Background()) // which waits for those whose callers have left
		}()
		client, err := ding.NewClient(ding.WithAPIKey(sb.Credentials().DingAPIKey), ding.WithBaseURL("http://localhost"),
			ding.WithHTTPClient(&http.Client{Transport: transport}), ding.WithRetryPolicy(facade.RetryPolicy{MaxRetryAfter: time.Hour}))
		require.NoError(t, err)
		calls := limitedCalls(client)
		var rows []string
		for row, limit := range ding.UsageLimits() {
			if limit != ding.Unlimited {
				rows = append(rows, row)
			}
		}
		slices.Sort(rows)

		// load keeps forty goroutines busy for a while.
		load := func(lasts time.Duration, paying bool) {
			ctx, cancel := context.WithTimeout(t.Context(), lasts)
			defer cancel()
			var all sync.WaitGroup
			for _, row := range rows { // two that want as much of a method as they can get
				for range 2 {
					all.Go(func() {
						for ctx.Err() == nil {
							if err := calls[row](ctx); err != nil {
								acceptable(t, ctx, err)
								wait(ctx, time.Minute)
							}
						}
					})
				}
			}
			for range 7 { // somebody who wants this and that, and not at any price
				all.Go(func() {
					for wait(ctx, rand.N(20*time.Second)) {
						hasty, cancel := context.WithTimeout(ctx, rand.N(time.Minute))
						acceptable(t, hasty, calls[rows[rand.IntN(len(rows))]](hasty))
						cancel()
					}
				})
			}
			if paying {
				all.Go(func() {
					for i := 0; wait(ctx, rand.N(12*time.Minute)); i++ {
						assert.NoError(t, pay(context.WithoutCancel(ctx), client, fmt.Sprint("order-", i), false))
					}
				})
			}
			all.Wait()
		}

		const quiet = time.Hour
		load(quiet, false)
		answers := service.take()
		for row, limit := range ding.UsageLimits() {
			// A window is followed by a margin and by the answers on their way; the last one may be cut.
			least := limit * int(quiet/(ding.UsageWindow+time.Minute))
			operation, _, _ := strings.Cut(row, " ")
			assert.Zero(t, answers[operation][429], row)
			assert.GreaterOrEqual(t, answers[operation][200], least, "%s is not held up for nothing", row)
			t.Logf("%-28s %d answers in %s, at %d in ten minutes", row, answers[operation][200], quiet, limit)
		}

		load(time.Hour, true)
		for operation, statuses := range service.take() {
			assert.Zero(t, statuses[429], operation)
			t.Logf("%-28s %d answers in an hour with payments", operation, statuses[200])
		}
		assert.NotEmpty(t, sb.Payments())
	})
}

// acceptable holds an error against those that a limited call may end with.
func acceptable(t *testing.T, ctx context.Context, err error) {
	var full *ding.UsageLimitError
	switch {
	case err == nil, errors.As(err, &full), ctx.Err() != nil:
	default:
		assert.NoError(t, err)
	}
}
