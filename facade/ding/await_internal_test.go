// Tests of AwaitTransfer: by looking, by being told, and what it leaves in the journal.

package ding

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/sandbox"
)

// tell is what a notification handler does with what it believes.
func (b *book) tell(client *Client, ref string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	told := news{}
	for _, record := range b.records {
		if record.TransferRecord.TransferID.DistributorRef == ref {
			told.items = append([]TransferRecordWithErrorCodes{record.TransferRecordWithErrorCodes}, told.items...)
		}
	}
	told.complete = true
	told.end = own(&told.items[0].TransferRecord)
	client.endings.tell(ref, told)
}

func TestATransferIsAwaitedByLookingLessAndLessOften(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: take})
		client := b.newClient()
		sent, err := client.SendTransferDeferred(t.Context(), order("order-1"))
		require.NoError(t, err)
		begun := time.Now()
		time.AfterFunc(250*time.Second, func() { b.becomes("order-1", ProcessingStateComplete) })

		got, err := client.AwaitTransfer(t.Context(), *sent.TransferRecord.TransferID)

		require.NoError(t, err)
		assert.Equal(t, ProcessingStateComplete, got.TransferRecord.ProcessingState)
		assert.Equal(t, ResultCodeSuccess, got.ResultCode)
		var looks []int
		for _, at := range b.listsAt {
			looks = append(looks, int(at.Sub(begun).Round(time.Second).Seconds()))
		}
		assert.Equal(t, []int{2, 6, 14, 30, 62, 122, 182, 242, 302}, looks)
	})
}

func TestATransferIsAwaitedByBeingTold(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: take})
		client := b.newClient()
		sent, err := client.SendTransferDeferred(t.Context(), order("order-1"))
		require.NoError(t, err)
		time.AfterFunc(time.Second, func() {
			b.becomes("order-1", ProcessingStateFailed, resultCode(5))
			b.tell(client, "order-2x")
		})
		b.enter(order("order-2x"), ProcessingStateComplete)
		time.AfterFunc(1100*time.Millisecond, func() { b.tell(client, "order-1"); b.tell(client, "order-1") })
		begun := time.Now()

		got, err := client.AwaitTransfer(t.Context(), *sent.TransferRecord.TransferID, WithCorrelationID(sent.CorrelationID), nil)

		assert.Nil(t, got)
		assert.Equal(t, 1100*time.Millisecond, time.Since(begun), "a failure that was told of counts at once")
		failed := failureOf(t, err)
		assert.Equal(t, facade.OutcomeRefused, failed.Outcome())
		assert.Equal(t, ProcessingStateFailed, failed.Record.ProcessingState)
		assert.Equal(t, sent.CorrelationID, failed.CorrelationID)
		assert.Equal(t, ResultCodeServerError, failed.ResultCode)
		assert.Empty(t, b.lists)
		assert.Empty(t, client.endings.waiting, "nobody waits any more")
	})
}

func TestAFailureThatIsOnlySeenHasToLast(t *testing.T) {
	for name, tc := range map[string]struct {
		happens func(*book)
		outcome facade.Outcome
		within  time.Duration
		state   ProcessingState
	}{
		"it lasts":              {func(b *book) { b.becomes("order-1", "Failed", resultCode(5)) }, "refused", 123 * time.Second, "Failed"},
		"it lasts, and may not": {func(b *book) { b.becomes("order-1", "Failed", resultCode(3)) }, "temporary", 123 * time.Second, "Failed"},
		"it was cancelled":      {func(b *book) { b.becomes("order-1", "Cancelled") }, "refused", 123 * time.Second, "Cancelled"},
		"it passes": {func(b *book) {
			b.becomes("order-1", "Failed")
			time.Sleep(30 * time.Second)
			b.becomes("order-1", "Submitted")
			time.Sleep(30 * time.Second)
			b.becomes("order-1", "Failed")
			time.Sleep(50 * time.Second)
			b.becomes("order-1", "Complete")
		}, "accepted", 123 * time.Second, "Complete"},
		"it fails again": {func(b *book) {
			b.becomes("order-1", "Failed")
			time.Sleep(100 * time.Second)
			b.becomes("order-1", "Failed")
		}, "refused", 243 * time.Second, "Failed"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &book{send: take})
				journal := newNotebook()
				client := b.newClient(WithJournal(journal))
				sent, err := client.SendTransferDeferred(t.Context(), order("order-1"))
				require.NoError(t, err)
				begun := time.Now()
				go tc.happens(b)
				got, err := client.AwaitTransfer(t.Context(), *sent.TransferRecord.TransferID)
				assert.Equal(t, tc.outcome, facade.OutcomeOf(err), "%v", err)
				assert.LessOrEqual(t, time.Since(begun), tc.within)
				if err == nil {
					assert.Equal(t, tc.state, got.TransferRecord.ProcessingState)
				} else {
					assert.Equal(t, tc.state, failureOf(t, err).Record.ProcessingState)
				}
				require.NotNil(t, journal.entry("order-1").Settlement)
				assert.Equal(t, tc.outcome, journal.entry("order-1").Settlement.Outcome)
				again, err := client.SendTransferDeferred(t.Context(), order("order-1"))
				assert.Equal(t, tc.outcome, facade.OutcomeOf(err))
				if err == nil {
					assert.Equal(t, tc.state, again.TransferRecord.ProcessingState)
				}
				synctest.Wait()
			})
		})
	}
}

func TestWhoNoLongerWaitsIsToldWhatWasSeenLast(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: take})
		client := b.newClient()
		sent, err := client.SendTransferDeferred(t.Context(), order("order-1"))
		require.NoError(t, err)
		b.becomes("order-1", ProcessingStateProcessing)
		for at, record := range map[time.Duration]bool{time.Second: false, 10 * time.Second: true} {
			ctx, cancel := context.WithTimeout(t.Context(), at)
			defer cancel()
			_, err = client.AwaitTransfer(ctx, *sent.TransferRecord.TransferID)
			assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, record, failureOf(t, err).Record != nil)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = client.AwaitTransfer(ctx, *sent.TransferRecord.TransferID)
		assert.ErrorIs(t, err, context.Canceled)
		synctest.Wait()
		assert.Empty(t, client.endings.waiting)
	})
}

func TestErrorsOfTheListDoNotEndTheWait(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := 0
		b := open(t, &book{send: take})
		b.list = func(w http.ResponseWriter, _ *http.Request) {
			switch n++; n {
			case 1:
				drop(w)
			case 2:
				answer(w, 500, "<html>")
			case 3:
				answer(w, 503, `{"ResultCode":3,"ErrorCodes":[{"Code":"RateLimited"}]}`)
			case 4:
				answer(w, 200, `{"ResultCode":1,"Items":[]}`)
			default:
				b.page(w, ListTransferRecordsRequest{DistributorRef: "order-1", Take: 100})
			}
		}
		client := b.newClient()
		sent, err := client.SendTransferDeferred(t.Context(), order("order-1"))
		require.NoError(t, err)
		b.becomes("order-1", ProcessingStateComplete)
		_, err = client.AwaitTransfer(t.Context(), *sent.TransferRecord.TransferID)
		require.NoError(t, err)
		assert.Equal(t, 5, n)
	})
}

func TestRefusedCredentialsEndTheWait(t *testing.T) {
	id := TransferID{DistributorRef: "order-1", TransferRef: "700000"}
	bubble(t, func(t *testing.T) {
		b := open(t, &book{list: func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 401, `{"ResultCode":4,"ErrorCodes":[{"Code":"AuthenticationFailed"}]}`)
		}})
		_, err := b.newClient().AwaitTransfer(t.Context(), id)
		assert.ErrorIs(t, err, CodeAuthenticationFailed)
		assert.ErrorIs(t, err, facade.ErrOutcomeUnknown, "of the transfer, this says nothing")
	})
	bubble(t, func(t *testing.T) {
		b := open(t, &book{token: func(w http.ResponseWriter) { answer(w, 400, `{"error":"invalid_client"}`) }})
		client, err := NewClient(WithClientCredentials("client-1", "s3cret-of-the-tests"), WithTokenURL("http://localhost/token"),
			WithBaseURL("http://localhost"), WithHTTPClient(b.client))
		require.NoError(t, err)
		_, err = client.AwaitTransfer(t.Context(), id)
		assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
		assert.ErrorContains(t, err, "invalid_client")
		assert.Empty(t, b.lists)
	})
}

func TestAnIDHasToNameATransfer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		client := open(t, &book{}).newClient()
		for want, id := range map[string]TransferID{
			"DistributorRef is missing":               {TransferRef: "1"},
			"TransferRef stands for a validation":     {TransferRef: "0", DistributorRef: "order-1"},
			"X-Correlation-Id must be 1 to 128 print": {DistributorRef: "order-1"},
		} {
			_, err := client.AwaitTransfer(t.Context(), id, WithCorrelationID("two words"))
			assert.ErrorContains(t, err, want)
			assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(err))
		}
	})
}

func TestWhichOfSeveralTransfersUnderAReferenceIsAwaited(t *testing.T) {
	for name, tc := range map[string]struct {
		ref     string
		records []listed
		outcome facade.Outcome
		got     string
	}{
		"the named one, although another is complete": {"700001", []listed{{"Complete", nil}, {"Failed", nil}}, "refused", "700001"},
		"the named one, although another has failed":  {"700000", []listed{{"Complete", nil}, {"Failed", nil}}, "accepted", "700000"},
		"the named one is not there":                  {"700009", []listed{{"Complete", nil}}, "unknown", ""},
		"any: the complete one":                       {"", []listed{{"Complete", nil}, {"Failed", nil}}, "accepted", "700000"},
		"any: not while one is on its way":            {"", []listed{{"Processing", nil}, {"Failed", nil}}, "unknown", "700001"},
		"any: the newest of those that failed":        {"", []listed{{"Failed", nil}, {"Failed", nil}}, "refused", "700001"},
		"any: but no validation":                      {"", []listed{{"Complete", as(transferRef("0"))}}, "unknown", ""},
		"any: nor in a strange state":                 {"", []listed{{"Pondering", nil}, {"Failed", nil}}, "unknown", "700001"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &book{})
				for _, record := range tc.records {
					b.enter(order("order-1"), record.state, record.change...)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
				defer cancel()
				got, err := b.newClient().AwaitTransfer(ctx, TransferID{DistributorRef: "order-1", TransferRef: tc.ref})
				require.Equal(t, tc.outcome, facade.OutcomeOf(err), "%v", err)
				if err == nil {
					assert.Equal(t, tc.got, got.TransferRecord.TransferID.TransferRef)
					return
				}
				if tc.got == "" {
					assert.Nil(t, failureOf(t, err).Record)
					return
				}
				assert.Equal(t, tc.got, failureOf(t, err).Record.TransferID.TransferRef)
			})
		})
	}
}

func TestTheJournalTellsWhichTransferIsAwaited(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: take})
		client := b.newClient(WithJournal(newNotebook()))
		_, err := client.SendTransferDeferred(t.Context(), order("order-1"))
		require.NoError(t, err)
		b.enter(order("order-1"), ProcessingStateComplete, sku("OTHER"))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		_, err = client.AwaitTransfer(ctx, TransferID{DistributorRef: "order-1"})
		assert.ErrorIs(t, err, facade.ErrOutcomeUnknown, "that one was not sent by us")
	})
}

func TestManyWhoWaitShareTheirLooks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const many = 200
		b := open(t, &book{send: take})
		journal := newNotebook()
		client := b.newClient(WithJournal(journal))
		var all sync.WaitGroup
		for i := range many {
			all.Go(func() {
				ref := fmt.Sprint("order-", i)
				sent, err := client.SendTransferDeferred(t.Context(), order(ref))
				if !assert.NoError(t, err) {
					return
				}
				_, err = client.AwaitTransfer(t.Context(), *sent.TransferRecord.TransferID)
				assert.NoError(t, err)
			})
		}
		time.Sleep(70 * time.Second)
		for i := range many {
			b.becomes(fmt.Sprint("order-", i), ProcessingStateComplete)
		}
		all.Wait()
		_, lists := b.count()
		assert.Less(t, lists, 50)
		assert.Empty(t, client.endings.waiting)
		for i := range many {
			assert.NotNil(t, journal.entry(fmt.Sprint("order-", i)).Settlement)
		}
	})
}

func TestTheAnswerOfAnAwaitedTransferIsTheCallersOwn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{})
		id := *b.enter(order("order-1"), ProcessingStateComplete).TransferID
		client := b.newClient()
		first, err := client.AwaitTransfer(t.Context(), id)
		require.NoError(t, err)
		data, err := json.Marshal(first)
		require.NoError(t, err)
		assert.Contains(t, string(data), `"ProcessingState":"Complete"`)
	})
}

func TestWhatIsOlderThanThePagesIsFoundByItsReference(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const many = 10
		b := open(t, &book{})
		ids := make([]TransferID, many)
		for i := range many {
			ids[i] = *b.enter(order(fmt.Sprint("order-", i)), ProcessingStateSubmitted).TransferID
		}
		time.Sleep(time.Hour)
		for i := range 150 {
			b.enter(order(fmt.Sprint("newer-", i)), ProcessingStateComplete)
			time.Sleep(10 * time.Second)
		}
		client := b.newClient()
		var all sync.WaitGroup
		for _, id := range ids {
			all.Go(func() {
				got, err := client.AwaitTransfer(t.Context(), id)
				if assert.NoError(t, err) {
					got.TransferRecord.TransferID.TransferRef = "" // it is the caller's own
				}
			})
		}
		time.Sleep(5 * time.Minute)
		for _, id := range ids {
			b.becomes(id.DistributorRef, ProcessingStateComplete)
		}
		all.Wait()
		assert.LessOrEqual(t, b.mostListsWithin(UsageWindow), 50)
	})
}

func TestTheSandboxesDeferredTransfersAreAwaited(t *testing.T) {
	for account, outcome := range map[string]facade.Outcome{"447700900123": "accepted", "440000000004": "refused", "440000000003": "temporary"} {
		t.Run(account, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				sb, err := sandbox.New()
				require.NoError(t, err)
				b := open(t, &book{direct: sb})
				journal := newNotebook()
				client, err := NewClient(WithAPIKey(sb.Credentials().DingAPIKey), WithBaseURL("http://localhost"), WithHTTPClient(b.client), WithJournal(journal))
				require.NoError(t, err)
				request := order("order-1")
				request.SKUCode, request.AccountNumber = "GB_AB_10", account
				sent, err := client.SendTransferDeferred(t.Context(), request)
				require.NoError(t, err)
				assert.True(t, IsPending(sent.TransferRecord))
				_, err = client.AwaitTransfer(t.Context(), *sent.TransferRecord.TransferID)
				assert.Equal(t, outcome, facade.OutcomeOf(err), "%v", err)
				require.NotNil(t, journal.entry("order-1").Settlement)
				assert.Equal(t, outcome, journal.entry("order-1").Settlement.Outcome)
			})
		})
	}
}
