// Tests of what is told about attempts: hook, log and error count the same ones, and none of them shows the customer.

package ding

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/money"
)

// told is what hook and log were told of SendTransfer.
type told struct {
	mu      sync.Mutex
	numbers []int
	log     strings.Builder
}

func (w *told) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(line)
}

func (w *told) options() []Option {
	return []Option{
		WithLogger(slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		WithAttemptHook(func(_ context.Context, attempt facade.Attempt) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if attempt.Operation == operationSendTransfer {
				w.numbers = append(w.numbers, attempt.Number)
			}
		}),
	}
}

// logged returns the numbers of the attempts in the log.
func (w *told) logged(t *testing.T) []int {
	t.Helper()
	var numbers []int
	for line := range strings.Lines(w.log.String()) {
		var entry struct {
			Operation string
			Attempt   int
		}
		require.NoError(t, json.Unmarshal([]byte(line), &entry))
		if entry.Operation == operationSendTransfer && entry.Attempt > 0 {
			numbers = append(numbers, entry.Attempt)
		}
	}
	return numbers
}

func TestHookLogAndErrorCountTheSameAttempts(t *testing.T) {
	busy := says(429, `{"ResultCode":3,"ErrorCodes":[{"Code":"RateLimited"}]}`)
	for name, tc := range map[string]struct {
		send     func(*book, int, SendTransferRequest, http.ResponseWriter, *http.Request)
		refusing bool
		opts     []Option
		numbers  []int
	}{
		"one that goes through":            {send: complete, numbers: []int{1}},
		"refused for now, then paid":       {send: inTurn(busy, busy, complete), numbers: []int{1, 2, 3}},
		"refused for now, again and again": {send: busy, numbers: []int{1, 2, 3, 4}},
		"none that leaves":                 {refusing: true, numbers: []int{1, 2, 3, 4}},
		"lost, and sent again":             {send: lose, opts: []Option{WithPreventDuplicates()}, numbers: []int{1, 2, 3, 4}},
		"refused for now, then lost":       {send: inTurn(busy, lose), numbers: []int{1, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b, w := open(t, &book{send: tc.send, refusing: tc.refusing}), &told{}
				_, err := b.newClient(append(tc.opts, w.options()...)...).SendTransfer(t.Context(), order("order-1"))
				assert.Equal(t, tc.numbers, w.numbers)
				assert.Equal(t, tc.numbers, w.logged(t))
				if err != nil {
					assert.Equal(t, len(tc.numbers), failureOf(t, err).Attempts)
				}
			})
		})
	}
}

func TestNothingOfTheCustomerIsShownWhereverItComesFrom(t *testing.T) {
	const account, identity, pin = "jane.doe@example.org", "ID 77-AB", "4929 0000 1234"
	echoed := ErrorCode{Code: "ProviderError", Context: account + ", " + identity + ", " + pin + ", 447700900123"}
	failed := func(i *listItem) { i.ErrorCodes, i.ResultCode = []ErrorCode{echoed}, 5 }
	codes, err := json.Marshal([]ErrorCode{echoed})
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		send func(*book, int, SendTransferRequest, http.ResponseWriter, *http.Request)
		list func(http.ResponseWriter, *http.Request)
	}{
		"by an answer": {send: says(500, `{"ResultCode":5,"ErrorCodes":`+string(codes)+`,"TransferRecord":{"ProcessingState":"Failed"}}`)},
		"by the list":  {send: loseAfter(ProcessingStateFailed, failed)},
		"by a list that cannot be read": {send: lose, list: func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 500, `{"ResultCode":5,"ErrorCodes":`+string(codes)+`}`)
		}},
		"by a page in place of the list": {send: lose, list: func(w http.ResponseWriter, _ *http.Request) { answer(w, 502, "<b>"+echoed.Context+"</b>") }},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b, w, journal := open(t, &book{send: tc.send, list: tc.list}), &told{}, newNotebook()
				client := b.newClient(append(w.options(), WithJournal(journal))...)
				request := order("order-1")
				request.AccountNumber, request.Settings = account, []Setting{{Name: "Identity", Value: identity}}
				for range 2 { // the second time, by the journal
					_, err := client.SendTransfer(t.Context(), request)
					require.Error(t, err)
					shown := w.log.String() + err.Error() + fmt.Sprintf("%+v %v", err, failureOf(t, err).Codes) + failureOf(t, err).LogValue().String()
					for _, private := range []string{account, identity, pin, "447700900123"} {
						assert.False(t, strings.Contains(shown, private), "%s is shown", private)
					}
					assert.Contains(t, err.Error(), "[redacted]")
				}
			})
		})
	}
}

func TestWhatAJournalHoldsIsShownAsIfItCameFromOutside(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, journal := open(t, &book{}), newNotebook()
		client := b.newClient(WithJournal(journal))
		leave(t, journal, client, order("order-1"), 1)
		require.NoError(t, journal.Settle(t.Context(), client.key("order-1"), facade.Settlement{Outcome: facade.OutcomeRefused,
			Answer: []byte(`{"error":{"codes":[{"Code":"ProviderError","Context":"PIN 4929-0000-1234 of 447700900123"}],"reason":"no account 447700900123, key-of-the-tests"}}`)}))
		_, err := client.SendTransfer(t.Context(), order("order-1"))
		assert.ErrorIs(t, err, CodeProviderError)
		for _, private := range []string{"4929", "447700900123", "key-of-the-tests"} {
			assert.NotContains(t, fmt.Sprintf("%v %+v", err, failureOf(t, err).Codes), private)
		}

		leave(t, journal, client, order("order-2"), 1)
		journal.entries[client.key("order-2")].Request = []byte(`{"DistributorRef":"order-2","SendValue":447700900123e447700900123}`)
		for one := range client.RecoverTransfers(t.Context()) {
			assert.ErrorContains(t, one.Err, "cannot be read")
			assert.NotContains(t, one.Err.Error(), "447700900123")
		}
	})
}

func TestAnEntryOfAnotherReferenceIsNotLookedUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, journal := open(t, &book{}), newNotebook()
		client := b.newClient(WithJournal(journal))
		leave(t, journal, client, order("order-1"), 1)
		b.enter(order("order-2"), ProcessingStateComplete)
		body, err := json.Marshal(order("order-2"))
		require.NoError(t, err)
		journal.entries[client.key("order-1")].Request = body
		for one := range client.RecoverTransfers(t.Context()) {
			assert.ErrorIs(t, one.Err, facade.ErrOutcomeUnknown)
			assert.ErrorContains(t, one.Err, "another DistributorRef")
			assert.Equal(t, "order-1", one.Request.DistributorRef)
		}
		assert.Nil(t, journal.entry("order-1").Settlement)
		assert.Error(t, client.SettleTransfer(t.Context(), "order-1", true))
		assert.Empty(t, b.lists)
	})
}

func TestCallersWhoShareATransferCannotChangeWhatOthersGot(t *testing.T) {
	for name, send := range map[string]func(*book, int, SendTransferRequest, http.ResponseWriter, *http.Request){
		"an answer": says(200, `{"ResultCode":2,"ErrorCodes":[{"Code":"NearestMatch"}],"TransferRecord":{"TransferId":{"TransferRef":"7"},"ProcessingState":"Complete","Price":{"SendValue":10},"ReceiptParams":{"pin":"1234"}}}`),
		"an error":  says(500, `{"ResultCode":5,"ErrorCodes":[{"Code":"OtherError"}],"TransferRecord":{"TransferId":{"TransferRef":"7"},"ProcessingState":"Failed","Price":{"SendValue":10},"ReceiptParams":{"pin":"1234"}}}`),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &book{send: func(b *book, n int, request SendTransferRequest, w http.ResponseWriter, r *http.Request) {
					time.Sleep(time.Second)
					send(b, n, request, w, r)
				}})
				client := b.newClient()
				var all sync.WaitGroup
				for range 10 {
					all.Go(func() {
						answered, err := client.SendTransfer(t.Context(), order("order-1"))
						var record *TransferRecord
						var codes []ErrorCode
						if err != nil {
							record, codes = failureOf(t, err).Record, failureOf(t, err).Codes
						} else {
							record, codes = answered.TransferRecord, answered.ErrorCodes
						}
						assert.Equal(t, "7", record.TransferID.TransferRef)
						assert.Equal(t, "10", record.Price.SendValue.String())
						assert.Equal(t, "1234", record.ReceiptParams["pin"])
						assert.NotEqual(t, "Mine", codes[0].Code)
						record.TransferID.TransferRef, codes[0].Code = "8", "Mine"
						record.Price.SendValue = money.MustParse("0")
						record.ReceiptParams["pin"] = "0"
					})
				}
				all.Wait()
				assert.Len(t, b.sends, 1)
			})
		})
	}
}
