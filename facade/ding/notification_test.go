// Notifications over real HTTP: from receivers that are restarted, from the sandbox's transfers, and under load.

package ding_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/journal/sqlite"
	"github.com/airtime-go/airtime/money"
)

// notified is the body of a notification, as Ding's description shows one.
func notified(ref string) string {
	return fmt.Sprintf(`{"TransferRecord":{"TransferId":{"TransferRef":"33","DistributorRef":%q},"SkuCode":"GB_TEST_10","Price":{"CustomerFee":0,`+
		`"DistributorFee":0,"ReceiveValue":76.0,"ReceiveCurrencyIso":"GBP","ReceiveValueExcludingTax":68.40,"TaxRate":10.000,"TaxName":null,`+
		`"TaxCalculation":null,"SendValue":10,"SendCurrencyIso":"EUR"},"CommissionApplied":0,"StartedUtc":"2026-01-09T21:40:15Z",`+
		`"CompletedUtc":"2026-01-09T21:40:15Z","ProcessingState":"Complete","ReceiptText":null,"ReceiptParams":null,"AccountNumber":"447700900123"},`+
		`"ResultCode":1,"ErrorCodes":[]}`, ref)
}

// submitted is the answer that comes before it.
func submitted(ref string) string { return inState(ref, "Submitted") }

func inState(ref, state string) string {
	return strings.Replace(notified(ref), `"ProcessingState":"Complete"`, `"ProcessingState":"`+state+`"`, 1)
}

// listing is the list that has it, in a state.
func listing(ref, state string) string {
	return `{"ResultCode":1,"ErrorCodes":[],"ThereAreMoreItems":false,"Items":[` + inState(ref, state) + `]}`
}

// notify posts a body, and returns the status.
func notify(t testing.TB, client *http.Client, url, body string) int {
	response, err := client.Post(url, "application/json", strings.NewReader(body))
	if !assert.NoError(t, err) {
		return 0
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// receiver is one life of a program that receives notifications.
type receiver struct {
	client  *ding.Client
	journal *sqlite.Journal
	server  *httptest.Server
}

func receive(t *testing.T, service *service, path string, take func(context.Context, ding.Notification) error) *receiver {
	t.Helper()
	journal, err := sqlite.Open(path)
	require.NoError(t, err)
	client := newClient(t, service, ding.WithJournal(journal))
	handler, err := ding.NewNotificationHandler(client, take)
	require.NoError(t, err)
	r := &receiver{client, journal, httptest.NewServer(handler)}
	t.Cleanup(func() { r.end(t) })
	return r
}

func (r *receiver) end(t *testing.T) {
	r.server.Close()
	assert.NoError(t, r.journal.Close())
}

func TestATransferIsFollowedAcrossRestarts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "airtime.journal")
	service := serve(t, ok(submitted("order-1")), ok(listing("order-1", "Submitted")), ok(listing("order-1", "Submitted")), ok(listing("order-1", "Complete")))
	request := ding.SendTransferRequest{SKUCode: "GB_TEST_10", SendValue: money.MustParse("10"), AccountNumber: "447700900123", DistributorRef: "order-1"}
	var taken []ding.Notification
	take := func(_ context.Context, n ding.Notification) error {
		taken = append(taken, n)
		return nil
	}

	first := receive(t, service, path, take)
	_, err := first.client.SendTransferDeferred(t.Context(), request)
	require.NoError(t, err)
	first.end(t)

	second := receive(t, service, path, take)
	for one, err := range second.client.RecoverTransfers(t.Context()) {
		require.NoError(t, err)
		require.NoError(t, one.Err)
		assert.True(t, ding.IsPending(one.Answer.TransferRecord))
	}
	assert.Equal(t, 503, notify(t, http.DefaultClient, second.server.URL, notified("order-1")), "the list is not there yet")
	_, err = second.client.SendTransfer(t.Context(), request)
	assert.ErrorIs(t, err, facade.ErrReferenceConflict)
	assert.Empty(t, taken)
	assert.Equal(t, 200, notify(t, http.DefaultClient, second.server.URL, notified("order-1")))
	require.Len(t, taken, 1)
	second.end(t)

	third := receive(t, service, path, take)
	assert.Equal(t, 200, notify(t, http.DefaultClient, third.server.URL, notified("order-1")))
	assert.Len(t, taken, 1, "it was noted")
	for range third.client.RecoverTransfers(t.Context()) {
		assert.Fail(t, "nothing is open any more")
	}
	answer, err := third.client.SendTransferDeferred(t.Context(), request)
	require.NoError(t, err)
	assert.Equal(t, ding.ProcessingStateComplete, answer.TransferRecord.ProcessingState)
}

func TestUnderLoadNothingIsLostOrDoubled(t *testing.T) {
	journal, err := sqlite.Open(filepath.Join(t.TempDir(), "airtime.journal"))
	require.NoError(t, err)
	defer func() { assert.NoError(t, journal.Close()) }()
	for name, opts := range map[string][]ding.Option{"in memory": nil, "with a journal": {ding.WithJournal(journal)}} {
		t.Run(name, func(t *testing.T) {
			const many, senders, deliveries = 500, 16, 2
			var taken sync.Map
			var doubled, failed atomic.Int64
			handler, err := ding.NewNotificationHandler(newClient(t, serve(t), opts...), func(_ context.Context, n ding.Notification) error {
				if rand.IntN(10) == 0 {
					failed.Add(1)
					return errors.New("the database is busy")
				}
				if _, again := taken.LoadOrStore(n.TransferRecord.TransferID.DistributorRef, true); again {
					doubled.Add(1)
				}
				return nil
			}, ding.WithoutReadBack())
			require.NoError(t, err)
			server := httptest.NewServer(handler)
			defer server.Close()
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: senders}}
			defer client.CloseIdleConnections()

			queue := make(chan string)
			var all sync.WaitGroup
			for range senders {
				all.Go(func() {
					for body := range queue {
						for status := 0; status != 200; {
							status = notify(t, client, server.URL, body)
							if !assert.Contains(t, []int{200, 500, 503}, status) {
								return
							}
						}
					}
				})
			}
			for i := range many * deliveries {
				queue <- notified(fmt.Sprint("order-", i/deliveries))
			}
			close(queue)
			all.Wait()

			got := 0
			taken.Range(func(any, any) bool { got++; return true })
			assert.Equal(t, many, got, "none is lost")
			assert.Zero(t, doubled.Load(), "none is doubled")
			assert.Positive(t, failed.Load())
		})
	}
}

// BenchmarkNotifications compares the handler, without read-back, with one that does no more than decode the same body.
func BenchmarkNotifications(b *testing.B) {
	client, err := ding.NewClient(ding.WithAPIKey("key-of-the-bench"))
	require.NoError(b, err)
	handler, err := ding.NewNotificationHandler(client, func(context.Context, ding.Notification) error { return nil }, ding.WithoutReadBack())
	require.NoError(b, err)
	bare := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var told ding.SendTransferResponse
		if json.NewDecoder(r.Body).Decode(&told) != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	var servers [2]*httptest.Server
	for i, receiver := range []http.Handler{bare, handler} {
		servers[i] = httptest.NewServer(receiver)
		defer servers[i].Close()
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	defer transport.CloseIdleConnections()
	sender := &http.Client{Transport: transport}
	var n atomic.Int64
	deliver := func(b *testing.B, server *httptest.Server) {
		if status := notify(b, sender, server.URL, notified(fmt.Sprint("order-", n.Add(1)))); status != http.StatusOK {
			b.Errorf("HTTP %d", status)
		}
	}
	for i, name := range []string{"bare", "handler"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					deliver(b, servers[i])
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "notifications/s")
		})
	}
	// In turns of 256, so that what else the machine does slows both down alike.
	b.Run("in turns", func(b *testing.B) {
		var took [2]time.Duration
		before := n.Load()
		for b.Loop() {
			for i, server := range servers {
				began := time.Now()
				var senders sync.WaitGroup
				for range 16 {
					senders.Go(func() {
						for range 16 {
							deliver(b, server)
						}
					})
				}
				senders.Wait()
				took[i] += time.Since(began)
			}
		}
		b.ReportMetric(took[0].Seconds()/took[1].Seconds(), "of-bare")
		b.ReportMetric(float64(n.Load()-before)/2/took[1].Seconds(), "notifications/s")
	})
}
