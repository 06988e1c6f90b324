// Deliveries in the background: on package time, over real networks, and through a Close in their middle.

package sandbox_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/internal/memnet"
	"github.com/airtime-go/airtime/sandbox"
)

// inMemory serves a handler on the bubble's clock and names it as a receiver.
func inMemory(t *testing.T, handler http.Handler) sandbox.Receiver {
	t.Helper()
	listener := memnet.Listen()
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(listener) }()
	transport := &http.Transport{DialContext: listener.Dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
	})
	return sandbox.Receiver{URL: "http://localhost/hook", Client: &http.Client{Transport: transport}}
}

// deferWithout sends a deferred transfer without a network.
func deferWithout(t *testing.T, sb *sandbox.Sandbox, changes map[string]any) {
	t.Helper()
	request := httptest.NewRequest(http.MethodPost, "/api/V1/SendTransfer", strings.NewReader(written(t, transfer(changes))))
	request.Header = http.Header{
		"Api_key": {sb.Credentials().DingAPIKey}, "Content-Type": {"application/json"},
		"X-Options": {"DeferTransfer"}, "X-Correlation-Id": {"1"},
	}
	recorder := httptest.NewRecorder()
	sb.ServeHTTP(recorder, request)
	require.Equal(t, http.StatusOK, recorder.Code, recorder.Body)
}

func TestNotificationsComeByThemselvesInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inbox := newInbox(t, "TransferFinished", 500)
		sb, err := sandbox.New(sandbox.WithNotifications(inMemory(t, inbox)))
		require.NoError(t, err)
		defer sb.Close()
		time.Sleep(time.Hour)
		deferWithout(t, sb, map[string]any{"AccountNumber": "440000000004", "DistributorRef": "slow"})
		deferWithout(t, sb, map[string]any{"DistributorRef": "quick"})

		time.Sleep(sandbox.DeferDelay - time.Nanosecond)
		synctest.Wait()
		assert.Empty(t, inbox.all())
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		assert.Equal(t, []string{"quick"}, inbox.references())
		time.Sleep(sandbox.RedeliveryDelay)
		synctest.Wait()
		assert.Equal(t, []string{"quick", "quick"}, inbox.references(), "the first was refused")
		time.Sleep(time.Minute + 9*time.Second)
		synctest.Wait()
		assert.Equal(t, []string{"quick", "quick", "slow"}, inbox.references())
		assert.Len(t, sb.Deliveries(), 2)
	})
}

// hanging answers the first requests not at all, and the others as the inbox does.
func hanging(inbox http.Handler, first int64) http.HandlerFunc {
	var count atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		if count.Add(1) <= first {
			swallow(r)
			<-r.Context().Done()
			return
		}
		inbox.ServeHTTP(w, r)
	}
}

func TestOneThatHangsHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inbox := newInbox(t, "TransferFinished")
		sb, err := sandbox.New(sandbox.WithNotifications(inMemory(t, hanging(inbox, 1))))
		require.NoError(t, err)
		defer sb.Close()
		for range 40 {
			deferWithout(t, sb, map[string]any{"AccountNumber": "440000000000"})
		}
		time.Sleep(sandbox.DeferDelay)
		synctest.Wait()
		assert.Len(t, inbox.all(), 39)
		time.Sleep(10*time.Second + sandbox.RedeliveryDelay)
		synctest.Wait()
		assert.Len(t, inbox.all(), 40)
	})
}

func TestManyThatHangAreAllDeliveredInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inbox := newInbox(t, "TransferFinished")
		sb, err := sandbox.New(sandbox.WithNotifications(inMemory(t, hanging(inbox, 60))))
		require.NoError(t, err)
		defer sb.Close()
		for range 40 { // more than are under way at once
			deferWithout(t, sb, map[string]any{"AccountNumber": "440000000000"})
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Len(t, inbox.all(), 40)
		for _, d := range sb.Deliveries() {
			assert.Equal(t, sandbox.DeliveryTaken, d.State)
		}
	})
}

func TestACancelledTransferIsToldAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inbox := newInbox(t, "TransferFinished")
		sb, err := sandbox.New(sandbox.WithNotifications(inMemory(t, inbox)))
		require.NoError(t, err)
		defer sb.Close()
		deferWithout(t, sb, map[string]any{"SkuCode": "US_PR_Nightly", "AccountNumber": "12025550123", "DistributorRef": "batch"})
		request := httptest.NewRequest(http.MethodPost, "/api/V1/CancelTransfers", strings.NewReader(
			`[{"BatchItemRef":"1","TransferId":{"TransferRef":"","DistributorRef":"batch"}}]`))
		request.Header = http.Header{"Api_key": {sb.Credentials().DingAPIKey}, "Content-Type": {"application/json"}}
		sb.ServeHTTP(httptest.NewRecorder(), request)
		synctest.Wait()
		assert.Equal(t, []string{"batch"}, inbox.references())
	})
}

func TestCloseEndsADeliveryInItsMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := inMemory(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			swallow(r)
			<-r.Context().Done()
		}))
		sb, err := sandbox.New(sandbox.WithNotifications(to), sandbox.WithSMSMO(to))
		require.NoError(t, err)
		began := time.Now()
		deferWithout(t, sb, nil)
		time.Sleep(sandbox.DeferDelay)
		deferWithout(t, sb, nil)
		message := make(chan []sandbox.Delivery)
		go func() {
			sent, err := sb.SendSMSMO(context.Background(), sandbox.InboundMessage{Sender: "9647701234567", Destination: "1234"})
			assert.NoError(t, err)
			message <- sent
		}()
		synctest.Wait()
		var twice sync.WaitGroup
		twice.Go(func() { assert.NoError(t, sb.Close()) })
		twice.Go(func() { assert.NoError(t, sb.Close()) })
		sent := <-message
		twice.Wait()
		assert.Equal(t, sandbox.DeferDelay, time.Since(began), "nobody waited for the timeout")
		assert.Equal(t, sandbox.DeliveryGivenUp, sent[0].State)
		for _, d := range sb.Deliveries() {
			assert.Equal(t, sandbox.DeliveryGivenUp, d.State)
			assert.Contains(t, d.Attempts[0].Problem, "canceled")
		}

		for name, err := range map[string]error{
			"Deliver": sb.Deliver(t.Context()), "SetNotifications": sb.SetNotifications(to), "SetSMSMO": sb.SetSMSMO(to),
		} {
			assert.ErrorContains(t, err, "closed", name)
		}
		_, err = sb.SendSMSMO(t.Context(), sandbox.InboundMessage{Sender: "1", Destination: "1"})
		assert.ErrorContains(t, err, "closed")
		sb.ClearNotifications()
		deferWithout(t, sb, nil)
		time.Sleep(time.Hour)
		assert.Equal(t, "970.00", sb.Balance().String(), "it answers and pays as before")
		assert.Len(t, sb.Deliveries(), 2)
	})
}

func TestWhatWaitsAtCloseIsGivenUp(t *testing.T) {
	c := serve(t, sandbox.WithNotifications(sandbox.Receiver{URL: unserved(t)}))
	c.deferOne()
	c.deliver()
	require.NoError(t, c.sb.Close())
	assert.Equal(t, sandbox.DeliveryGivenUp, c.sb.Deliveries()[0].State)
}

func TestWithoutReceiversNothingRunsInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb, err := sandbox.New()
		require.NoError(t, err)
		deferWithout(t, sb, nil)
		time.Sleep(time.Hour)
		// The bubble would not end with a goroutine in it.
		require.NoError(t, sb.Deliver(t.Context()))
		assert.Empty(t, sb.Deliveries())
	})
}

// Senders, listings, changes of the receiver and a Close, all at the same time and over real sockets, for the race detector.
func TestManyDoEverythingAtOnce(t *testing.T) {
	inbox := newInbox(t, "ReceiveSMS", 500, 503, 200, 500)
	to := inbox.open()
	to.Attempts, to.Twice = 3, true
	sb, err := sandbox.New(sandbox.WithSMSMO(to), sandbox.WithNotifications(sandbox.Receiver{URL: unserved(t)}))
	require.NoError(t, err)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 10 {
				_, err := sb.SendSMSMO(t.Context(), sandbox.InboundMessage{Sender: "9647701234567", Destination: "1234"})
				assert.NoError(t, err)
				sb.Deliveries()
			}
		})
		all.Go(func() {
			for range 10 {
				assert.NoError(t, sb.SetSMSMO(to))
				assert.NoError(t, sb.Deliver(t.Context()))
			}
		})
	}
	all.Wait()
	require.NoError(t, sb.Close())
	assert.Len(t, sb.Deliveries(), 160)
	assert.GreaterOrEqual(t, len(inbox.all()), 160)
	seen := map[int]bool{}
	for _, d := range sb.Deliveries() {
		assert.NotEmpty(t, d.Attempts)
		assert.False(t, seen[d.ID])
		seen[d.ID] = true
	}
}
