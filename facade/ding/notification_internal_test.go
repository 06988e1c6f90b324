// Tests of the notification handler: what it believes, what it refuses, and how often the user's function gets it.

package ding

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
)

// mailbox is a user's function that keeps what it gets, and fails when it is told to.
type mailbox struct {
	mu    sync.Mutex
	taken []Notification
	// fails, if set, decides about call number n, from 1; calls counts them.
	fails func(n int) error
	calls int
}

func (m *mailbox) take(_ context.Context, n Notification) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	if m.fails != nil {
		if err := m.fails(m.calls); err != nil {
			return err
		}
	}
	m.taken = append(m.taken, n)
	return nil
}

func (m *mailbox) handler(t testing.TB, client *Client, opts ...NotificationOption) *NotificationHandler {
	t.Helper()
	handler, err := NewNotificationHandler(client, m.take, opts...)
	require.NoError(t, err)
	return handler
}

// deliver posts a body, as Ding would.
func deliver(handler http.Handler, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodPost, "/hooks/ding", strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set("X-Correlation-Id", "call-1")
	for _, c := range change {
		c(request)
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder
}

// tells is the body of a notification of the latest record under a reference, with the nulls that Ding sends.
func (b *book) tells(ref string, change ...func(*SendTransferResponse)) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := len(b.records) - 1; i >= 0; i-- {
		item := b.records[i].TransferRecordWithErrorCodes
		if item.TransferRecord.TransferID.DistributorRef == ref {
			told := SendTransferResponse{ResultCode: item.ResultCode, ErrorCodes: item.ErrorCodes, TransferRecord: own(&item.TransferRecord)}
			told.TransferRecord.ReceiptText, told.TransferRecord.ReceiptParams = "", nil
			for _, c := range change {
				c(&told)
			}
			data, err := json.Marshal(told)
			assert.NoError(b.t, err)
			return strings.Replace(string(data), `"ProcessingState"`, `"ReceiptText":null,"ReceiptParams":null,"ProcessingState"`, 1)
		}
	}
	assert.Fail(b.t, "no record", ref)
	return ""
}

func TestANotificationIsHandedOverAsTheListHasIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: take})
		journal, box := newNotebook(), &mailbox{}
		client := b.newClient(WithJournal(journal))
		handler := box.handler(t, client)
		sent, err := client.SendTransferDeferred(t.Context(), order("order-1"))
		require.NoError(t, err)
		b.becomes("order-1", ProcessingStateComplete, func(i *listItem) { i.TransferRecord.ReceiptText = "PIN 1234" })
		awaited := make(chan error, 1)
		go func() {
			_, err := client.AwaitTransfer(t.Context(), *sent.TransferRecord.TransferID)
			awaited <- err
		}()
		synctest.Wait()
		begun := time.Now()

		answer := deliver(handler, b.tells("order-1"), func(r *http.Request) { r.Header.Set("X-Ding-Webhook-Signature", "sig") })

		assert.Equal(t, http.StatusOK, answer.Code)
		assert.Empty(t, answer.Body.String())
		require.Len(t, box.taken, 1)
		got := box.taken[0]
		assert.True(t, got.Verified)
		assert.Equal(t, "call-1", got.CorrelationID)
		assert.Equal(t, "PIN 1234", got.TransferRecord.ReceiptText.Reveal())
		assert.Equal(t, http.Header{"X-Ding-Webhook-Signature": {"sig"}}, got.Signature)
		assert.NoError(t, <-awaited)
		assert.Less(t, time.Since(begun), time.Second, "by the notification")
		require.NotNil(t, journal.entry("order-1").Settlement)
		assert.Equal(t, "look-up", journal.entry("order-1").Settlement.By)
		var shown bytes.Buffer
		slog.New(slog.NewJSONHandler(&shown, nil)).Info("", "notification", got)
		assert.Contains(t, shown.String(), "447*******23")
		assert.NotContains(t, shown.String(), "1234")
	})
}

func TestAListThatCannotBeReadConfirmsNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, box := open(t, &book{}), &mailbox{}
		b.enter(order("order-1"), ProcessingStateComplete)
		var log bytes.Buffer
		client := b.newClient(WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		handler := box.handler(t, client, WithNotificationLogger(client.logger))
		b.list = func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 500, `{"ResultCode":5,"ErrorCodes":[{"Code":"447700900123"}]}`)
		}
		got := deliver(handler, b.tells("order-1"))
		assert.Equal(t, http.StatusServiceUnavailable, got.Code)
		assert.NotContains(t, log.String()+got.Body.String(), "447700900123")

		block := make(chan struct{})
		b.list = func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-block:
				b.page(w, ListTransferRecordsRequest{DistributorRef: "order-1", Take: 100})
			case <-r.Context().Done():
			}
		}
		begun := time.Now()
		assert.Equal(t, http.StatusServiceUnavailable, deliver(handler, b.tells("order-1")).Code)
		assert.Equal(t, readBackWithin, time.Since(begun))

		var all sync.WaitGroup
		for range maxReadBacks {
			all.Go(func() { assert.Equal(t, http.StatusOK, deliver(handler, b.tells("order-1")).Code) })
		}
		synctest.Wait()
		begun = time.Now()
		got = deliver(handler, b.tells("order-1"))
		assert.Equal(t, http.StatusServiceUnavailable, got.Code)
		assert.Contains(t, got.Body.String(), "too many")
		assert.Zero(t, time.Since(begun))
		close(block)
		all.Wait()
		assert.Equal(t, 1, box.calls, "once for all of them")
		assert.Equal(t, http.StatusOK, deliver(handler, b.tells("order-1")).Code)
	})
}

func TestANotificationIsHandedOverOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, box := open(t, &book{}), &mailbox{}
		b.enter(order("order-1"), ProcessingStateComplete)
		handler := box.handler(t, b.newClient())
		for range 3 {
			assert.Equal(t, http.StatusOK, deliver(handler, b.tells("order-1")).Code)
		}
		assert.Equal(t, 1, box.calls)
		assert.Len(t, b.lists, 1, "what is known is not read back")
		assert.Equal(t, http.StatusOK, deliver(box.handler(t, b.newClient()), b.tells("order-1")).Code)
		assert.Equal(t, 2, box.calls, "a program without a journal forgets")
		time.Sleep(rememberedFor)
		assert.Equal(t, http.StatusOK, deliver(handler, b.tells("order-1")).Code)
		assert.Equal(t, 3, box.calls, "and so does everybody after a day")
		b.enter(order("order-1"), ProcessingStateComplete)
		assert.Equal(t, http.StatusOK, deliver(handler, b.tells("order-1")).Code)
		assert.Equal(t, 4, box.calls, "another transfer under the reference is another one")
	})
}

func TestWhatIsNotedIsHandedOverOnceForGood(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, box, journal := open(t, &book{}), &mailbox{}, newNotebook()
		b.enter(order("order-1"), ProcessingStateComplete)
		next := func() *NotificationHandler {
			journal.crash()
			return box.handler(t, b.newClient(WithJournal(journal)))
		}
		boom := errors.New("the database is down")
		box.fails = func(n int) error {
			if n <= 2 {
				return boom
			}
			return nil
		}
		handler := next()
		for range 2 {
			got := deliver(handler, b.tells("order-1"))
			assert.Equal(t, http.StatusInternalServerError, got.Code)
			assert.NotContains(t, got.Body.String(), "database")
		}
		assert.Equal(t, http.StatusOK, deliver(handler, b.tells("order-1")).Code)
		lists := len(b.lists)
		assert.Equal(t, http.StatusOK, deliver(next(), b.tells("order-1")).Code)
		assert.Equal(t, 3, box.calls, "the next life knows")
		assert.Len(t, b.lists, lists, "without asking")
	})
}

func TestAReceiverThatIsKilledInTheMiddleTakesItAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, box, journal := open(t, &book{}), &mailbox{}, newNotebook()
		b.enter(order("order-1"), ProcessingStateComplete)
		client := b.newClient(WithJournal(journal))
		handler := box.handler(t, client)
		n, err := readNotification(http.Header{}, []byte(b.tells("order-1")))
		require.NoError(t, err)
		names, err := json.Marshal(n.names())
		require.NoError(t, err)
		_, fresh, err := journal.Begin(t.Context(), facade.Intent{Key: handler.key(n), Request: names, NotedAt: time.Now()})
		require.NoError(t, err)
		require.True(t, fresh)

		got := deliver(handler, b.tells("order-1"))
		assert.Equal(t, http.StatusServiceUnavailable, got.Code, "somebody else is taking it")
		assert.Equal(t, "30", got.Header().Get("Retry-After"))
		assert.Zero(t, box.calls)

		journal.crash()
		assert.Equal(t, http.StatusOK, deliver(handler, b.tells("order-1")).Code)
		assert.Equal(t, 1, box.calls)
		for range client.RecoverTransfers(t.Context()) {
			assert.Fail(t, "a notification is no transfer")
		}
	})
}

func TestAPanicLeavesTheNotificationToTheNext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, box, journal := open(t, &book{}), &mailbox{}, newNotebook()
		b.enter(order("order-1"), ProcessingStateComplete)
		handler := box.handler(t, b.newClient(WithJournal(journal)))
		box.fails = func(n int) error {
			if n == 1 {
				panic("oops")
			}
			return nil
		}
		assert.PanicsWithValue(t, "oops", func() { deliver(handler, b.tells("order-1")) })
		assert.Equal(t, http.StatusOK, deliver(handler, b.tells("order-1")).Code)
		assert.Len(t, box.taken, 1)
	})
}

func TestAJournalThatBreaksDownDuringANotification(t *testing.T) {
	for method, status := range map[string]int{"Begin": 503, "Settle": 200, "Get": 200, "Release": 500} {
		t.Run(method, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b, box, journal := open(t, &book{}), &mailbox{}, newNotebook()
				b.enter(order("order-1"), ProcessingStateComplete)
				var log bytes.Buffer
				handler := box.handler(t, b.newClient(WithJournal(journal)), WithNotificationLogger(slog.New(slog.NewTextHandler(&log, nil))))
				journal.fails[method] = errors.New("the disk is full")
				if method == "Release" {
					box.fails = func(int) error { return errors.New("the queue is full") }
				}
				assert.Equal(t, status, deliver(handler, b.tells("order-1")).Code)
				assert.Equal(t, method != "Begin", box.calls == 1)
				assert.Equal(t, method != "Get", strings.Contains(log.String(), "the disk is full"))
				if status == 200 {
					assert.Equal(t, 200, deliver(handler, b.tells("order-1")).Code)
					assert.Equal(t, 1, box.calls, "this life knows")
				}
			})
		})
	}
}

func TestTwoReceiversWithOneJournal(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, box, journal := open(t, &book{}), &mailbox{}, newNotebook()
		b.enter(order("order-1"), ProcessingStateComplete)
		client := b.newClient(WithJournal(journal))
		one, other := box.handler(t, client), box.handler(t, client)
		assert.Equal(t, 200, deliver(one, b.tells("order-1")).Code)
		// As if it had been settled after the other one had looked.
		n, err := readNotification(http.Header{}, []byte(b.tells("order-1")))
		require.NoError(t, err)
		require.NoError(t, other.deliver(t.Context(), n))
		assert.Equal(t, 1, box.calls)
	})
}

func TestWithoutReadBackWhatIsToldCounts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, box, journal := open(t, &book{send: take}), &mailbox{}, newNotebook()
		client := b.newClient(WithJournal(journal))
		handler := box.handler(t, client, WithoutReadBack())
		_, err := client.SendTransferDeferred(t.Context(), order("order-1"))
		require.NoError(t, err)
		time.AfterFunc(time.Second, func() {
			got := deliver(handler, b.tells("order-1", func(s *SendTransferResponse) {
				s.TransferRecord.ProcessingState, s.ResultCode = "Failed", 3
				s.ErrorCodes = []ErrorCode{{Code: "TransientProviderError", Context: "447700900123"}}
			}))
			assert.Equal(t, 200, got.Code)
		})
		_, err = client.AwaitTransfer(t.Context(), TransferID{DistributorRef: "order-1"})
		assert.ErrorIs(t, err, CodeTransientProviderError)
		assert.Equal(t, facade.OutcomeTemporary, facade.OutcomeOf(err))
		synctest.Wait()
		require.Len(t, box.taken, 1)
		assert.False(t, box.taken[0].Verified)
		assert.NotContains(t, fmt.Sprint(box.taken[0].ErrorCodes), "447700900123")
		assert.Empty(t, b.lists)
		settlement := journal.entry("order-1").Settlement
		require.NotNil(t, settlement)
		assert.Equal(t, facade.OutcomeTemporary, settlement.Outcome)
		assert.Equal(t, "notification", settlement.By)
	})
}
