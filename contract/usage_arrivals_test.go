// The usage limits against a service that counts in every way that its description allows: by any window of ten minutes, sliding or
// not, from when a request arrives, which may be after its caller has given it up.

package contract_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/internal/memnet"
)

// counting is a service that counts what arrives, by row, and forgets it at a successful transfer.
type counting struct {
	slowest time.Duration

	mu       sync.Mutex
	arrivals map[string][]time.Time
	most     map[string]int
	total    int
}

// ServeHTTP lets the request travel, counts it whether or not anybody still waits for it, and answers.
func (s *counting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	travel(s.slowest)
	var request ding.SendTransferRequest
	_ = json.Unmarshal(body, &request)
	row := strings.TrimPrefix(r.URL.Path, "/api/V1/")
	if request.ValidateOnly {
		row = ding.ValidateOnlyRow
	}
	s.arrive(row)
	w.Header().Set("Content-Type", "application/json")
	if rand.IntN(20) == 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	travel(s.slowest)
	answer := map[string]any{"ResultCode": 1, "ErrorCodes": []any{}, "Items": []any{}}
	if row == "SendTransfer" {
		answer["TransferRecord"] = map[string]any{"TransferId": map[string]any{"TransferRef": "7", "DistributorRef": request.DistributorRef}, "ProcessingState": "Complete"}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// travel takes its time, whoever has left.
func travel(slowest time.Duration) { wait(context.Background(), rand.N(slowest)) }

// arrive counts a request. A window that does not slide may begin at any moment, so it holds no more than the one that ends now.
func (s *counting) arrive(row string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total++
	if row == "SendTransfer" {
		clear(s.arrivals)
		return
	}
	now := time.Now()
	var counted []time.Time
	for _, at := range s.arrivals[row] {
		if now.Sub(at) <= ding.UsageWindow {
			counted = append(counted, at)
		}
	}
	s.arrivals[row] = append(counted, now)
	s.most[row] = max(s.most[row], len(s.arrivals[row]))
}

func TestHoweverTheServiceCountsItNeverCountsMore(t *testing.T) {
	for _, slowest := range []time.Duration{5 * time.Second, 40 * time.Second} {
		t.Run(fmt.Sprint("up to ", slowest, " each way"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				service := &counting{slowest: slowest, arrivals: map[string][]time.Time{}, most: map[string]int{}}
				listener := memnet.Listen()
				server := &http.Server{Handler: service}
				go func() { _ = server.Serve(listener) }()
				transport := &http.Transport{DialContext: listener.Dial, MaxIdleConnsPerHost: 50}
				defer func() {
					transport.CloseIdleConnections()
					_ = server.Shutdown(context.Background())
				}()
				client, err := ding.NewClient(ding.WithAPIKey("key-of-the-tests"), ding.WithBaseURL("http://localhost"),
					ding.WithHTTPClient(&http.Client{Transport: transport}), ding.WithRetryPolicy(facade.RetryPolicy{MaxRetryAfter: time.Hour}))
				require.NoError(t, err)

				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				var all sync.WaitGroup
				for _, call := range limitedCalls(client) {
					for patience := range 4 { // who lose it, half of them while their requests are still on the way
						all.Go(func() {
							for wait(ctx, rand.N(5*time.Second)) {
								hasty, cancel := context.WithTimeout(ctx, rand.N(slowest)+time.Duration(patience/2)*time.Minute)
								_ = call(hasty)
								cancel()
							}
						})
					}
				}
				all.Go(func() {
					for i := 0; wait(ctx, rand.N(25*time.Minute)); i++ {
						_ = pay(ctx, client, fmt.Sprint("order-", i), false)
					}
				})
				all.Wait()
				service.mu.Lock() // some are still on their way
				defer service.mu.Unlock()
				for row, limit := range ding.UsageLimits() {
					if limit != ding.Unlimited {
						assert.LessOrEqual(t, service.most[row], limit, row)
						assert.Positive(t, service.most[row], row)
					}
				}
				t.Logf("%d requests", service.total)
			})
		})
	}
}
