// Tests of what was left open: recovered, resumed, settled by a person, and cancellations read back.

package ding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
)

// leave puts an entry into the journal as a process leaves it that is killed after so many attempts.
func leave(t *testing.T, journal *notebook, client *Client, request SendTransferRequest, attempts int) {
	t.Helper()
	body, err := json.Marshal(request)
	require.NoError(t, err)
	key := client.key(request.DistributorRef)
	_, fresh, err := journal.Begin(t.Context(), facade.Intent{Key: key, Request: body, NotedAt: time.Now()})
	require.NoError(t, err)
	require.True(t, fresh)
	for range attempts {
		require.NoError(t, journal.Attempt(t.Context(), key, time.Now()))
	}
	journal.crash()
}

func TestRecoverTransfersSettlesWhatWasLeftOpen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: lose})
		journal := newNotebook()
		client := b.newClient(WithJournal(journal))
		for ref, attempts := range map[string]int{"never-left": 0, "paid": 1, "pending": 1, "failed": 1, "one-failed": 2, "absent": 1, "retried-and-paid": 3} {
			leave(t, journal, client, order(ref), attempts)
		}
		b.enter(order("paid"), ProcessingStateComplete)
		b.enter(order("pending"), ProcessingStateSubmitted)
		b.enter(order("failed"), ProcessingStateFailed)
		b.enter(order("one-failed"), ProcessingStateFailed)
		b.enter(order("retried-and-paid"), ProcessingStateFailed)
		b.enter(order("retried-and-paid"), ProcessingStateComplete)
		begun := time.Now()

		got := map[string]facade.Outcome{}
		var order []string
		for one, err := range client.RecoverTransfers(t.Context()) {
			require.NoError(t, err)
			got[one.Request.DistributorRef] = facade.OutcomeOf(one.Err)
			order = append(order, one.Request.DistributorRef)
			assert.Equal(t, one.Err == nil, one.Answer != nil)
			if one.Err != nil {
				assert.Empty(t, failureOf(t, one.Err).CorrelationID, "nothing was sent")
			}
		}

		assert.Equal(t, map[string]facade.Outcome{
			"never-left": facade.OutcomeTemporary, "paid": facade.OutcomeAccepted, "pending": facade.OutcomeAccepted, "failed": facade.OutcomeRefused,
			"one-failed": facade.OutcomeUnknown, "absent": facade.OutcomeUnknown, "retried-and-paid": facade.OutcomeAccepted,
		}, got)
		assert.Equal(t, "never-left", order[0], "each comes as it is known")
		assert.Equal(t, DefaultSettleTimeout, time.Since(begun).Truncate(time.Second))
		assert.Empty(t, b.sends, "nothing is ever sent")
		for ref, outcome := range got {
			entry := journal.entry(ref)
			assert.Equal(t, outcome == facade.OutcomeUnknown, entry.Settlement == nil, ref)
			assert.False(t, entry.Leased, ref)
		}

		b.enter(SendTransferRequest{SKUCode: "GB_TEST_10", AccountNumber: "447700900123", DistributorRef: "absent"}, ProcessingStateComplete, func(i *TransferRecordWithErrorCodes) { i.TransferRecord.Price = nil })
		again := map[string]facade.Outcome{}
		for one, err := range client.RecoverTransfers(t.Context()) {
			require.NoError(t, err)
			again[one.Request.DistributorRef] = facade.OutcomeOf(one.Err)
		}
		assert.Equal(t, map[string]facade.Outcome{"absent": facade.OutcomeAccepted, "one-failed": facade.OutcomeUnknown}, again, "unknown stays open until it is found")
	})
}

func TestARecoveryThatIsGivenUpLeavesTheRestOpen(t *testing.T) {
	for name, giveUp := range map[string]func(context.CancelFunc) bool{
		"by leaving the loop":       func(context.CancelFunc) bool { return false },
		"by cancelling its context": func(cancel context.CancelFunc) bool { cancel(); return true },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &book{send: lose})
				journal := newNotebook()
				client := b.newClient(WithJournal(journal))
				leave(t, journal, client, order("never-left"), 0)
				for i := range 50 {
					leave(t, journal, client, order(fmt.Sprint("order-", i)), 1)
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				begun := time.Now()
				n := 0
				for one, err := range client.RecoverTransfers(ctx) {
					require.NoError(t, err)
					n++
					if n > 1 {
						assert.ErrorIs(t, one.Err, facade.ErrOutcomeUnknown)
					}
					if !giveUp(cancel) {
						break
					}
				}
				assert.Contains(t, []int{1, 51}, n)
				assert.Less(t, time.Since(begun), 10*time.Second)
				assert.Len(t, journal.open(client.key("").Scope, []string{operationSendTransfer}), 50, "open, and leased to nobody")
			})
		})
	}
}

func TestARecoveryThatCannotBeMade(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{})
		n := 0
		for _, err := range b.newClient().RecoverTransfers(t.Context()) {
			var refused *facade.RequestError
			require.ErrorAs(t, err, &refused)
			assert.ErrorContains(t, err, "use WithJournal")
			assert.ErrorIs(t, err, ErrNoJournal)
			assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(err))
			n++
		}
		journal := newNotebook()
		journal.fails["Open"] = errors.New("the disk is gone")
		client := b.newClient(WithJournal(journal))
		leave(t, journal, client, order("order-1"), 0)
		key := client.key("garbled")
		_, _, err := journal.Begin(t.Context(), facade.Intent{Key: key, Request: []byte("{")})
		require.NoError(t, err)
		journal.crash()
		got := map[string]facade.Outcome{}
		for one, err := range client.RecoverTransfers(t.Context()) {
			if err != nil {
				assert.ErrorIs(t, err, journal.fails["Open"])
				n++
				continue
			}
			got[one.Request.DistributorRef] = facade.OutcomeOf(one.Err)
		}
		assert.Equal(t, 2, n, "one error each")
		assert.Equal(t, map[string]facade.Outcome{"order-1": facade.OutcomeTemporary, "garbled": facade.OutcomeUnknown}, got, "what was there before it is recovered")
		assert.Nil(t, journal.entry("garbled").Settlement)
		assert.False(t, journal.entry("garbled").Leased)
		assert.ErrorIs(t, client.SettleTransfer(t.Context(), "garbled", true), facade.ErrOutcomeUnknown)
	})
}

func TestAPersonSettlesATransfer(t *testing.T) {
	for name, tc := range map[string]struct {
		paid    bool
		outcome facade.Outcome
	}{"as paid": {true, facade.OutcomeAccepted}, "as not paid": {false, facade.OutcomeRefused}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &book{send: lose})
				journal := newNotebook()
				client := b.newClient(WithJournal(journal))
				_, err := client.SendTransfer(t.Context(), order("order-1"))
				require.ErrorIs(t, err, facade.ErrOutcomeUnknown)

				require.NoError(t, client.SettleTransfer(t.Context(), "order-1", tc.paid))

				answered, err := client.SendTransfer(t.Context(), order("order-1"))
				assert.Equal(t, tc.outcome, facade.OutcomeOf(err), "%v", err)
				assert.Len(t, b.sends, 1)
				if tc.paid {
					assert.Equal(t, "order-1", answered.TransferRecord.TransferID.DistributorRef)
				} else {
					assert.ErrorContains(t, err, "a person found out that it was not paid")
				}
				assert.Equal(t, "person", journal.entry("order-1").Settlement.By)
				assert.ErrorContains(t, client.SettleTransfer(t.Context(), "order-1", tc.paid), "is settled already")
			})
		})
	}
}

func TestWhatAPersonCannotSettle(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: func(b *book, n int, request SendTransferRequest, w http.ResponseWriter, r *http.Request) {
			time.Sleep(10 * time.Second)
			complete(b, n, request, w, r)
		}})
		assert.ErrorIs(t, b.newClient().SettleTransfer(t.Context(), "order-1", true), ErrNoJournal)
		journal := newNotebook()
		client := b.newClient(WithJournal(journal))
		absent := client.SettleTransfer(t.Context(), "order-1", true)
		assert.ErrorIs(t, absent, facade.ErrNotNoted)
		assert.ErrorContains(t, absent, "DistributorRef cannot be settled")
		assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(absent))

		sent := make(chan error)
		go func() {
			_, err := client.SendTransfer(t.Context(), order("order-1"))
			sent <- err
		}()
		time.Sleep(time.Second)
		for _, paid := range []bool{true, false} {
			err := client.SettleTransfer(t.Context(), "order-1", paid)
			assert.ErrorIs(t, err, facade.ErrLeased)
			assert.ErrorContains(t, err, "is being worked on")
			assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(err))
		}
		assert.NoError(t, <-sent)

		leave(t, journal, client, order("order-2"), 1)
		for method, text := range map[string]string{"Get": "the journal could not be read", "Settle": "the decision could not be noted"} {
			journal.fails[method] = errors.New("the disk is gone")
			err := client.SettleTransfer(t.Context(), "order-2", true)
			assert.ErrorIs(t, err, journal.fails[method])
			assert.ErrorContains(t, err, text)
			delete(journal.fails, method)
		}
	})
}

func TestResumeTransferLooksFirst(t *testing.T) {
	for name, tc := range map[string]struct {
		state   ProcessingState
		may     bool
		send    func(*book, int, SendTransferRequest, http.ResponseWriter, *http.Request)
		outcome facade.Outcome
		sends   int
		says    string
	}{
		"paid":                          {state: ProcessingStateComplete, may: true, outcome: facade.OutcomeAccepted},
		"on its way":                    {state: ProcessingStateSubmitted, may: true, outcome: facade.OutcomeAccepted},
		"failed":                        {state: ProcessingStateFailed, may: true, outcome: facade.OutcomeUnknown, says: "the list of transfers holds it as failed"},
		"absent":                        {outcome: facade.OutcomeUnknown, says: "nothing was sent, and what became of earlier attempts could not be found out; looked up: the list does not have it"},
		"absent, and may be sent":       {may: true, send: complete, outcome: facade.OutcomeAccepted, sends: 1},
		"absent, sent, and lost":        {may: true, send: lose, outcome: facade.OutcomeUnknown, sends: 1, says: "looked up: the list does not have it"},
		"absent, sent, lost, and found": {may: true, send: loseAfter(ProcessingStateComplete), outcome: facade.OutcomeAccepted, sends: 1},
		"absent, sent, and refused":     {may: true, send: says(400, `{"ResultCode":4,"ErrorCodes":[{"Code":"AccountNumberInvalid"}]}`), outcome: facade.OutcomeRefused, sends: 1},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &book{send: tc.send})
				if tc.state != "" {
					b.enter(order("order-1"), tc.state)
				}
				var opts []ResumeOption
				if tc.may {
					opts = append(opts, SendIfAbsent(), nil)
				}
				_, err := b.newClient().ResumeTransfer(t.Context(), order("order-1"), opts...)
				assert.Equal(t, tc.outcome, facade.OutcomeOf(err), "%v", err)
				assert.Len(t, b.sends, tc.sends)
				if tc.says != "" {
					assert.ErrorContains(t, err, tc.says)
				}
				if err != nil {
					assert.Equal(t, tc.sends > 0, failureOf(t, err).CorrelationID != "", "only what was sent has one")
				}
				if tc.state == ProcessingStateFailed {
					assert.Equal(t, ProcessingStateFailed, failureOf(t, err).Record.ProcessingState)
				}
			})
		})
	}
	client, err := NewClient(WithAPIKey("key-of-the-tests"))
	require.NoError(t, err)
	_, err = client.ResumeTransfer(t.Context(), SendTransferRequest{})
	assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(err))
}

func TestWhatWasResumedInVainIsNotTakenForUnsent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: complete})
		journal := newNotebook()
		client := b.newClient(WithJournal(journal))
		b.hidden = time.Hour
		b.enter(order("order-1"), ProcessingStateComplete) // by an earlier life without a journal
		_, err := client.ResumeTransfer(t.Context(), order("order-1"))
		require.ErrorIs(t, err, facade.ErrOutcomeUnknown)

		for one := range client.RecoverTransfers(t.Context()) {
			assert.ErrorIs(t, one.Err, facade.ErrOutcomeUnknown, "it may have been paid before")
		}
		_, err = client.SendTransfer(t.Context(), order("order-1"))
		assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
		_, err = client.ResumeTransfer(t.Context(), order("order-1"), SendIfAbsent())
		assert.ErrorIs(t, err, facade.ErrOutcomeUnknown, "what the journal holds is never sent")
		assert.Empty(t, b.sends)
		time.Sleep(time.Hour)
		_, err = client.SendTransfer(t.Context(), order("order-1"))
		assert.NoError(t, err)
		assert.Empty(t, b.sends)
	})
}

func TestALostCancellationIsReadBack(t *testing.T) {
	cancellation := func(ref string) CancellationRequest {
		return CancellationRequest{BatchItemRef: ref, TransferID: TransferID{DistributorRef: ref}}
	}
	bubble(t, func(t *testing.T) {
		b := open(t, &book{cancel: func(w http.ResponseWriter, _ *http.Request) { drop(w) }})
		states := map[string]ProcessingState{"cancelled": "Cancelled", "cancelling": "Cancelling", "submitted": "Submitted", "complete": "Complete", "failed": "Failed", "new": "Pondering"}
		var requests []CancellationRequest
		for ref, state := range states {
			b.enter(order(ref), state)
			requests = append(requests, cancellation(ref))
		}
		b.enter(order("twice"), ProcessingStateCancelled)
		b.enter(order("twice"), ProcessingStateSubmitted)
		requests = append(requests, cancellation("twice"), cancellation("absent"), CancellationRequest{BatchItemRef: "by-ref", TransferID: TransferID{TransferRef: "700000"}})

		begun := time.Now()
		time.AfterFunc(10*time.Second, func() { b.enter(order("late"), ProcessingStateCancelled) })
		requests = append(requests, cancellation("late"))

		answered, err := b.newClient().CancelTransfers(t.Context(), requests, WithCorrelationID("call-1"))

		require.NoError(t, err)
		assert.Equal(t, readBackAfter, b.listsAt[0].Sub(begun), "a cancellation needs time to take effect")
		got := map[string]facade.Outcome{}
		for i, result := range answered.Results {
			assert.Equal(t, requests[i].BatchItemRef, result.BatchItemRef)
			got[result.BatchItemRef] = facade.OutcomeOf(result.Err)
			if result.Err != nil {
				assert.Equal(t, "call-1", failureOf(t, result.Err).CorrelationID)
			}
		}
		delete(got, "by-ref") // it is whichever was entered first
		assert.Equal(t, map[string]facade.Outcome{
			"cancelled": facade.OutcomeAccepted, "cancelling": facade.OutcomeUnknown, "submitted": facade.OutcomeUnknown, "complete": facade.OutcomeRefused,
			"failed": facade.OutcomeRefused, "new": facade.OutcomeUnknown, "twice": facade.OutcomeUnknown, "absent": facade.OutcomeUnknown,
			"late": facade.OutcomeAccepted,
		}, got)
		assert.Equal(t, 1, b.cancels, "it is never sent again")
		assert.Len(t, answered.Items, 8)
		assert.LessOrEqual(t, b.mostListsWithin(window), 50)
	})
	for name, tc := range map[string]struct {
		list     func(http.ResponseWriter, *http.Request)
		patience time.Duration
		opts     []Option
	}{
		"and none can be read":              {list: func(w http.ResponseWriter, _ *http.Request) { answer(w, 502, "") }, patience: time.Hour},
		"and the caller leaves at once":     {patience: time.Second, opts: []Option{WithSettleAfterCancel(0)}},
		"and there is no time to read many": {patience: time.Hour, opts: []Option{WithSettleTimeout(time.Millisecond)}, list: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &book{cancel: func(w http.ResponseWriter, _ *http.Request) { drop(w) }, list: tc.list})
				ctx, cancel := context.WithTimeout(t.Context(), tc.patience)
				defer cancel()
				begun := time.Now()
				_, err := b.newClient(tc.opts...).CancelTransfers(ctx, []CancellationRequest{cancellation("a")})
				assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
				assert.LessOrEqual(t, time.Since(begun), DefaultSettleTimeout)
				assert.Equal(t, 1, b.cancels)
			})
		})
	}
}
