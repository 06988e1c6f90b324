// Tests of SendTransfer from the caller's side: what is journalled, shared, given up, and never sent.

package ding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/money"
)

func TestTheJournalAnswersInPlaceOfTheService(t *testing.T) {
	failed := says(500, `{"ResultCode":5,"ErrorCodes":[{"Code":"ProviderError","Context":"RechargeNotAllowed"}],"TransferRecord":{"SkuCode":"GB_TEST_10","ProcessingState":"Failed"}}`)
	for name, tc := range map[string]struct {
		send    func(*book, int, SendTransferRequest, http.ResponseWriter, *http.Request)
		outcome facade.Outcome
		is      error
	}{
		"what was accepted": {send: complete, outcome: facade.OutcomeAccepted},
		"what was refused":  {send: failed, outcome: facade.OutcomeRefused, is: ContextRechargeNotAllowed},
		"what was found":    {send: loseAfter(ProcessingStateSubmitted), outcome: facade.OutcomeAccepted},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &book{send: tc.send})
				journal := newNotebook()
				client := b.newClient(WithJournal(journal))
				first, firstErr := client.SendTransfer(t.Context(), order("order-1"))
				sends, lists := b.count()

				again, err := client.SendTransfer(t.Context(), order("order-1"))

				nowSends, nowLists := b.count()
				assert.Equal(t, []int{sends, lists}, []int{nowSends, nowLists}, "nothing is asked for")
				assert.Equal(t, tc.outcome, facade.OutcomeOf(firstErr))
				assert.Equal(t, tc.outcome, facade.OutcomeOf(err))
				if tc.is == nil {
					assert.Equal(t, first.TransferRecord.TransferID, again.TransferRecord.TransferID)
					return
				}
				assert.ErrorIs(t, err, tc.is)
				assert.ErrorContains(t, err, "settled before, as the journal says")
				assert.Equal(t, failureOf(t, firstErr).Record.ProcessingState, failureOf(t, err).Record.ProcessingState)
				assert.Equal(t, 500, failureOf(t, err).HTTPStatus)

				other := order("order-1")
				other.SendValue = money.MustParse("20.00")
				_, err = client.SendTransfer(t.Context(), other)
				assert.ErrorIs(t, err, facade.ErrReferenceConflict)
				assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(err))
			})
		})
	}
}

func TestTheJournalKeepsNothingSecret(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: says(200, `{"ResultCode":1,"TransferRecord":{"TransferId":{"TransferRef":"7","DistributorRef":"order-1"},"SkuCode":"GB_TEST_10",
			"AccountNumber":"447700900123","ProcessingState":"Complete","ReceiptText":"PIN 4929-0000-1234","ReceiptParams":{"pin":"4929-0000-1234"}}}`)})
		journal := newNotebook()
		answered, err := b.newClient(WithJournal(journal)).SendTransfer(t.Context(), order("order-1"))
		require.NoError(t, err)
		assert.Contains(t, answered.TransferRecord.ReceiptText.Reveal(), "4929", "the caller has it")
		entry := journal.entry("order-1")
		kept := string(entry.Request) + string(entry.Settlement.Answer)
		assert.NotContains(t, kept, "4929")
		assert.NotContains(t, kept, "key-of-the-tests")
		assert.Contains(t, kept, `"TransferRef":"7"`)
		assert.Equal(t, "ding http://localhost", entry.Scope)
	})
}

func TestWhatCannotBeNotedIsNotSent(t *testing.T) {
	for method, settled := range map[string]bool{"Begin": false, "Attempt": true} {
		t.Run(method, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &book{send: complete})
				journal := newNotebook()
				full := errors.New("the disk is full")
				journal.fails[method] = full
				_, err := b.newClient(WithJournal(journal)).SendTransfer(t.Context(), order("order-1"))
				assert.Empty(t, b.sends)
				assert.ErrorIs(t, err, full)
				assert.Equal(t, facade.OutcomeTemporary, facade.OutcomeOf(err))
				assert.NotContains(t, err.Error(), "\n")
				assert.ErrorContains(t, err, "nothing moved")
				entry := journal.entry("order-1")
				assert.Equal(t, settled, entry != nil && entry.Settlement != nil)
			})
		})
	}
}

func TestAnOutcomeThatCannotBeNotedIsTheCallersAllTheSame(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: complete})
		journal := newNotebook()
		journal.fails["Settle"] = errors.New("the disk is full")
		var log strings.Builder
		client := b.newClient(WithJournal(journal), WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		_, err := client.SendTransfer(t.Context(), order("order-1"))
		require.NoError(t, err)
		assert.Contains(t, log.String(), "an outcome could not be noted")
		assert.Contains(t, log.String(), "the disk is full")

		delete(journal.fails, "Settle")
		for one, err := range client.RecoverTransfers(t.Context()) {
			require.NoError(t, err)
			assert.NoError(t, one.Err)
		}
		assert.Equal(t, facade.OutcomeAccepted, journal.entry("order-1").Settlement.Outcome)
		assert.Len(t, b.sends, 1)
	})
}

func TestCallersOfOneReferenceShareATransfer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: func(b *book, n int, request SendTransferRequest, w http.ResponseWriter, r *http.Request) {
			time.Sleep(10 * time.Second)
			w.Header().Set("X-Served-By", "ding-7")
			complete(b, n, request, w, r)
		}})
		client := b.newClient()
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				var head *http.Response
				answered, err := client.SendTransfer(t.Context(), order("order-1"), WithResponseHead(&head))
				if assert.NoError(t, err) {
					answered.TransferRecord.SKUCode = "mine" // nobody else sees that
					head.Header.Set("X-Served-By", "mine")
				}
			})
		}
		all.Go(func() {
			time.Sleep(time.Second)
			other := order("order-1")
			other.AccountNumber = "447700900124"
			_, err := client.SendTransfer(t.Context(), other)
			assert.ErrorIs(t, err, facade.ErrReferenceConflict)
			assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(err))
		})
		all.Wait()
		assert.Len(t, b.sends, 1)
	})
}

func TestAfterACancellationTheCallBlocksForALittle(t *testing.T) {
	late := func(b *book, n int, request SendTransferRequest, w http.ResponseWriter, r *http.Request) {
		time.Sleep(4 * time.Second)
		complete(b, n, request, w, r)
	}
	never := func(_ *book, _ int, _ SendTransferRequest, _ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
	}
	for name, tc := range map[string]struct {
		send     func(*book, int, SendTransferRequest, http.ResponseWriter, *http.Request)
		dialling time.Duration
		opts     []Option
		after    time.Duration
		outcome  facade.Outcome
		most     time.Duration
		sends    int
	}{
		"and the answer comes":                    {send: late, after: time.Second, outcome: facade.OutcomeAccepted, most: 4 * time.Second, sends: 1},
		"and it is found":                         {send: loseAfter(ProcessingStateComplete), after: time.Second / 2, outcome: facade.OutcomeAccepted, most: 2 * time.Second, sends: 1},
		"and then it is unknown":                  {send: never, after: time.Second, outcome: facade.OutcomeUnknown, most: 6 * time.Second, sends: 1},
		"and it was not found":                    {send: lose, after: 30 * time.Second, outcome: facade.OutcomeUnknown, most: 35 * time.Second, sends: 1},
		"longer, if told":                         {send: late, after: time.Second, opts: []Option{WithSettleAfterCancel(time.Minute)}, outcome: facade.OutcomeAccepted, most: 4 * time.Second, sends: 1},
		"not at all, if told":                     {send: never, after: time.Second, opts: []Option{WithSettleAfterCancel(0)}, outcome: facade.OutcomeUnknown, most: time.Second, sends: 1},
		"unless nothing has left":                 {send: complete, dialling: 3 * time.Second, after: time.Second, outcome: facade.OutcomeTemporary, most: time.Second},
		"unless it was cancelled before the call": {send: complete, outcome: facade.OutcomeTemporary},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &book{send: tc.send, dialling: tc.dialling})
				ctx, cancel := context.WithTimeout(t.Context(), tc.after)
				defer cancel()
				client := b.newClient(tc.opts...)
				begun := time.Now()

				_, err := client.SendTransfer(ctx, order("order-1"))

				took := time.Since(begun)
				time.Sleep(time.Minute)
				synctest.Wait()
				assert.Len(t, b.sends, tc.sends, "nothing is sent later either")
				assert.Equal(t, tc.outcome, facade.OutcomeOf(err), "%v", err)
				assert.LessOrEqual(t, took, tc.most)
				if err != nil {
					assert.ErrorIs(t, err, context.DeadlineExceeded)
					assert.NotContains(t, err.Error(), "\n")
				}
			})
		})
	}
}

func TestAValidationIsNeverJournalled(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: inTurn(lose, says(200, `{"ResultCode":1,"TransferRecord":{"TransferId":{"TransferRef":"0"},"ProcessingState":"Complete"}}`))})
		journal := newNotebook()
		validation := order("order-1")
		validation.ValidateOnly = true
		client := b.newClient(WithJournal(journal))
		answered, err := client.SendTransfer(t.Context(), validation)
		require.NoError(t, err)
		assert.Equal(t, "0", answered.TransferRecord.TransferID.TransferRef)
		assert.False(t, IsPending(answered.TransferRecord))
		assert.Len(t, b.sends, 2, "it is repeated like a read")
		assert.Nil(t, journal.entry("order-1"))

		_, err = client.ResumeTransfer(t.Context(), validation, nil)
		var refused *facade.RequestError
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, "ValidateOnly", refused.Problems[0].Field)
		assert.Nil(t, journal.entry("order-1"))
	})
}

func TestAnAttemptLastsTwoMinutes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: func(_ *book, _ int, _ SendTransferRequest, _ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
		}})
		begun := time.Now()
		_, err := b.newClient().SendTransfer(t.Context(), order("order-1"))
		assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 2*time.Minute+DefaultSettleTimeout, time.Since(begun).Truncate(time.Second))
	})
}

func TestTheSettleTimeoutIsTheCallers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: lose})
		begun := time.Now()
		_, err := b.newClient(WithSettleTimeout(10*time.Second)).SendTransfer(t.Context(), order("order-1"))
		assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
		assert.Equal(t, 10*time.Second, time.Since(begun).Truncate(time.Second))
	})
}

func TestPausesBetweenSendsStayWithinThePolicy(t *testing.T) {
	for name, tc := range map[string]struct {
		policy facade.RetryPolicy
		n      int
		most   time.Duration
	}{
		"the first":             {facade.DefaultRetryPolicy(), 1, 500 * time.Millisecond},
		"the third":             {facade.DefaultRetryPolicy(), 3, 2 * time.Second},
		"the hundredth":         {facade.DefaultRetryPolicy(), 100, 10 * time.Second},
		"as long as it can get": {facade.RetryPolicy{BaseDelay: 1 << 62, MaxDelay: 1<<63 - 1}, 9, 1<<63 - 1},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := NewClient(WithAPIKey("key-of-the-tests"), WithRetryPolicy(tc.policy))
			require.NoError(t, err)
			for range 100 {
				pause := client.policy().Backoff(tc.n)
				assert.GreaterOrEqual(t, pause, time.Duration(0))
				assert.LessOrEqual(t, pause, tc.most)
			}
		})
	}
}

func TestAStoredAnswerThatCannotBeReadIsNoRefusal(t *testing.T) {
	for name, answer := range map[string]string{"no JSON": "{", "no answer": `{}`, "nothing": ""} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &book{send: complete})
				journal := newNotebook()
				client := b.newClient(WithJournal(journal))
				_, err := client.SendTransfer(t.Context(), order("order-1"))
				require.NoError(t, err)
				key := client.key("order-1")
				journal.entries[key].Settlement.Answer = []byte(answer)
				_, err = client.SendTransfer(t.Context(), order("order-1"))
				assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
				assert.ErrorContains(t, err, `the journal's entry for "order-1"`)
			})
		})
	}
}

func TestEverythingThatIsStoredComesBack(t *testing.T) {
	client, err := NewClient(WithAPIKey("key-of-the-tests"))
	require.NoError(t, err)
	request := order("order-1")
	_, tr, err := client.newCase(request, callOptions{correlationID: "call-1"})
	require.NoError(t, err)
	for _, outcome := range []facade.Outcome{facade.OutcomeRefused, facade.OutcomeTemporary} {
		kept := pack(transferred{err: &Error{
			HTTPStatus: 503, ResultCode: 3, Codes: []ErrorCode{{Code: "RateLimited", Context: "C"}}, Attempts: 4, Record: &TransferRecord{SKUCode: "S"}, cause: errors.New("why"),
		}})
		back, err := tr.unpack(facade.Settlement{Outcome: outcome, Answer: kept})
		require.NoError(t, err)
		assert.Equal(t, outcome, back.err.Outcome())
		assert.Equal(t, 503, back.err.HTTPStatus)
		assert.Equal(t, 4, back.err.Attempts)
		assert.ErrorIs(t, back.err, CodeRateLimited)
		assert.Equal(t, "S", back.err.Record.SKUCode)
		assert.ErrorContains(t, back.err, "why")
		assert.Empty(t, back.err.CorrelationID, "this call has sent nothing")
	}
	back, err := tr.unpack(facade.Settlement{Outcome: facade.OutcomeTemporary})
	require.NoError(t, err)
	assert.Equal(t, facade.OutcomeTemporary, back.err.Outcome(), "what never left has nothing stored")
	assert.True(t, json.Valid(pack(transferred{})))
	assert.Contains(t, fmt.Sprint(outcomeTable[0]), "no connection could be made")
}
