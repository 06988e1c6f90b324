// What it costs to take a message, beside what it costs to decode one.

package dizlee_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/dizlee"
)

// BenchmarkMessages compares the handler with one that does no more than decode the same body, over loopback. They take turns of 256, so
// that what else the machine does slows both down alike.
func BenchmarkMessages(b *testing.B) {
	handler, err := dizlee.NewMessageHandler(func(context.Context, dizlee.Message) error { return nil }, dizlee.WithAuthKeys(authKey, olderKey))
	require.NoError(b, err)
	bare := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var told struct{ Sender, Destination, MessageType, MessageText string }
		if json.NewDecoder(r.Body).Decode(&told) != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	defer transport.CloseIdleConnections()
	deliver := func(url string) {
		request, err := http.NewRequest(http.MethodPost, url, strings.NewReader(
			`{"Sender":"9647700900123","Destination":"1234","MessageType":"1","MessageText":"إلغاء"}`))
		if err != nil {
			b.Error(err)
			return
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("authkey", authKey)
		response, err := transport.RoundTrip(request)
		if err != nil {
			b.Error(err)
			return
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			b.Errorf("HTTP %d", response.StatusCode)
		}
	}
	var servers [2]*httptest.Server
	for i, receiver := range []http.Handler{bare, handler} {
		servers[i] = httptest.NewServer(receiver)
		defer servers[i].Close()
	}
	var took [2]time.Duration
	turns := 0
	for b.Loop() {
		turns++
		for i, server := range servers {
			began := time.Now()
			var senders sync.WaitGroup
			for range 16 {
				senders.Go(func() {
					for range 16 {
						deliver(server.URL)
					}
				})
			}
			senders.Wait()
			took[i] += time.Since(began)
		}
	}
	b.ReportMetric(took[0].Seconds()/took[1].Seconds(), "of-bare")
	b.ReportMetric(float64(256*turns)/took[1].Seconds(), "messages/s")
}
