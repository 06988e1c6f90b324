// Tests of deferred transfers: what is sent, what stays open in the journal, and when a failure counts.

package ding

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/wire"
)

// take enters a transfer as Submitted and says so.
func take(b *book, _ int, request SendTransferRequest, w http.ResponseWriter, _ *http.Request) {
	record := b.enter(request, ProcessingStateSubmitted)
	_ = json.NewEncoder(w).Encode(SendTransferResponse{ResultCode: 1, TransferRecord: &record})
}

// becomes changes the latest record of a reference.
func (b *book) becomes(ref string, state ProcessingState, change ...func(*listItem)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := len(b.records) - 1; i >= 0; i-- {
		item := &b.records[i].TransferRecordWithErrorCodes
		if item.TransferRecord.TransferID.DistributorRef != ref {
			continue
		}
		item.TransferRecord.ProcessingState, item.TransferRecord.CompletedUTC = state, wire.NewTime(time.Now())
		for _, c := range change {
			c(item)
		}
		return
	}
	assert.Fail(b.t, "no record", ref)
}

// headers keeps the headers of every send, and goes on to answer it.
func headers(kept *[]http.Header, send func(*book, int, SendTransferRequest, http.ResponseWriter, *http.Request)) func(*book, int, SendTransferRequest, http.ResponseWriter, *http.Request) {
	return func(b *book, n int, request SendTransferRequest, w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		*kept = append(*kept, r.Header)
		b.mu.Unlock()
		send(b, n, request, w, r)
	}
}

func TestADeferredTransferSaysSoInEveryAttempt(t *testing.T) {
	limited := says(429, `{"ResultCode":3,"ErrorCodes":[{"Code":"RateLimited"}]}`)
	for name, opts := range map[string][]CallOption{"with an id of ours": nil, "with the caller's": {WithCorrelationID("call-1")}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var sent []http.Header
				b := open(t, &book{send: headers(&sent, inTurn(limited, take))})
				got, err := b.newClient().SendTransferDeferred(t.Context(), order("order-1"), opts...)
				require.NoError(t, err)
				assert.True(t, IsPending(got.TransferRecord))
				assert.Equal(t, "700000", got.TransferRecord.TransferID.TransferRef)
				if opts != nil {
					assert.Equal(t, "call-1", got.CorrelationID)
				}
				require.Len(t, sent, 2)
				for _, header := range sent {
					assert.Equal(t, "DeferTransfer", header.Get("X-Options"))
					assert.Equal(t, got.CorrelationID, header.Get("X-Correlation-Id"))
				}
				assert.Len(t, got.CorrelationID, len(sent[0].Get("X-Correlation-Id")))
			})
		})
	}
	bubble(t, func(t *testing.T) {
		var sent []http.Header
		b := open(t, &book{send: headers(&sent, complete)})
		_, err := b.newClient().SendTransfer(t.Context(), order("order-1"))
		require.NoError(t, err)
		assert.NotContains(t, sent[0], "X-Options", "a plain one does not")
	})
}

func TestADeferredTransferIsCheckedFirst(t *testing.T) {
	bubble(t, func(t *testing.T) {
		client := open(t, &book{}).newClient()
		validation, flawed := order("order-1"), order("")
		validation.ValidateOnly = true
		for want, send := range map[string]func() error{
			"ValidateOnly":              func() error { _, err := client.SendTransferDeferred(t.Context(), validation); return err },
			"DistributorRef is missing": func() error { _, err := client.SendTransferDeferred(t.Context(), flawed); return err },
			"X-Correlation-Id must be 1 to": func() error {
				_, err := client.SendTransferDeferred(t.Context(), order("a"), WithCorrelationID(""))
				return err
			},
		} {
			err := send()
			assert.ErrorContains(t, err, want)
			assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(err))
		}
	})
}

func TestAPendingDeferredTransferStaysOpenInTheJournal(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: take})
		journal := newNotebook()
		client := b.newClient(WithJournal(journal))
		first, err := client.SendTransferDeferred(t.Context(), order("order-1"))
		require.NoError(t, err)
		entry := journal.entry("order-1")
		assert.Nil(t, entry.Settlement)
		assert.False(t, entry.Leased, "anybody may find out")
		assert.Contains(t, string(entry.Request), `"X-Options":"DeferTransfer"`)
		assert.NotContains(t, string(entry.Request), "Correlation")
		assert.Equal(t, "order-1", first.CorrelationID)

		again, err := client.SendTransferDeferred(t.Context(), order("order-1"))
		require.NoError(t, err)
		assert.True(t, IsPending(again.TransferRecord), "it is looked up")
		assert.Empty(t, again.CorrelationID, "this call sent nothing")
		assert.Nil(t, journal.entry("order-1").Settlement)

		b.becomes("order-1", ProcessingStateComplete)
		again, err = client.SendTransferDeferred(t.Context(), order("order-1"))
		require.NoError(t, err)
		assert.False(t, IsPending(again.TransferRecord))
		require.NotNil(t, journal.entry("order-1").Settlement)
		assert.Equal(t, facade.OutcomeAccepted, journal.entry("order-1").Settlement.Outcome)
		again, err = client.SendTransferDeferred(t.Context(), order("order-1"))
		require.NoError(t, err)
		assert.Equal(t, ProcessingStateComplete, again.TransferRecord.ProcessingState, "as stored")
		assert.Len(t, b.sends, 1)
	})
}

func TestADeferredTransferThatEndsAtOnceIsSettled(t *testing.T) {
	for outcome, send := range map[facade.Outcome]func(*book, int, SendTransferRequest, http.ResponseWriter, *http.Request){
		facade.OutcomeAccepted:  complete,
		facade.OutcomeRefused:   says(400, `{"ResultCode":4,"ErrorCodes":[{"Code":"ParameterInvalid","Context":"SkuCode"}],"TransferRecord":{"ProcessingState":"Failed","SkuCode":"GB_TEST_10"}}`),
		facade.OutcomeTemporary: says(429, `{"ResultCode":3,"ErrorCodes":[{"Code":"RateLimited"}]}`),
	} {
		bubble(t, func(t *testing.T) {
			journal := newNotebook()
			client := open(t, &book{send: send}).newClient(WithJournal(journal))
			_, err := client.SendTransferDeferred(t.Context(), order("order-1"))
			assert.Equal(t, outcome, facade.OutcomeOf(err))
			require.NotNil(t, journal.entry("order-1").Settlement)
			assert.Equal(t, outcome, journal.entry("order-1").Settlement.Outcome)
		})
	}
}

func TestPlainAndDeferredAreTwoRequests(t *testing.T) {
	type send func(*testing.T, *Client) error
	plain := func(t *testing.T, c *Client) error {
		_, err := c.SendTransfer(t.Context(), order("order-1"))
		return err
	}
	deferred := func(t *testing.T, c *Client) error {
		_, err := c.SendTransferDeferred(t.Context(), order("order-1"))
		return err
	}
	for name, pair := range map[string][2]send{"plain first": {plain, deferred}, "deferred first": {deferred, plain}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &book{send: take})
				journal := newNotebook()
				client := b.newClient(WithJournal(journal))
				require.NoError(t, pair[0](t, client))
				err := pair[1](t, client)
				assert.ErrorIs(t, err, facade.ErrReferenceConflict)
				assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(err))
				journal.crash()
				assert.ErrorIs(t, pair[1](t, b.newClient(WithJournal(journal))), facade.ErrReferenceConflict, "in the next life as well")
				assert.Len(t, b.sends, 1)
			})
		})
	}
}

func TestAPlainIntentIsTheRequestAlone(t *testing.T) {
	request := order("order-1")
	request.Settings = []Setting{{Name: "a", Value: "b"}}
	want, err := json.Marshal(request)
	require.NoError(t, err)
	got, err := intended(request, false)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "what older versions have noted stays the same request")
	read, deferred, err := readIntent(want)
	require.NoError(t, err)
	assert.Equal(t, request.Settings, read.Settings)
	assert.False(t, deferred)
}

func TestCallersWhoShareADeferredTransferGetItsCorrelationID(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: take, dialling: time.Second})
		client := b.newClient()
		ids := make(chan string, 2)
		for i := range 2 {
			go func() {
				got, err := client.SendTransferDeferred(t.Context(), order("order-1"), WithCorrelationID(fmt.Sprint("call-", i)))
				assert.NoError(t, err)
				ids <- got.CorrelationID
			}()
		}
		assert.Equal(t, <-ids, <-ids)
		assert.Len(t, b.sends, 1)
	})
}

func TestALostAnswerOfADeferredTransferIsLookedUp(t *testing.T) {
	for name, tc := range map[string]struct {
		state   ProcessingState
		then    func(*book)
		outcome facade.Outcome
		within  time.Duration
		settled bool
	}{
		"submitted":                      {state: "Submitted", outcome: facade.OutcomeAccepted, within: 2 * time.Second},
		"processing is known to be so":   {state: "Processing", outcome: facade.OutcomeAccepted, within: 2 * time.Second},
		"complete":                       {state: "Complete", outcome: facade.OutcomeAccepted, within: 2 * time.Second, settled: true},
		"failed all the time":            {state: "Failed", outcome: facade.OutcomeRefused, within: 101 * time.Second, settled: true},
		"failed once, and complete then": {state: "Failed", then: func(b *book) { time.Sleep(80 * time.Second); b.becomes("order-1", "Complete") }, outcome: facade.OutcomeAccepted, within: 101 * time.Second, settled: true},
		"failed anew":                    {state: "Failed", then: func(b *book) { time.Sleep(40 * time.Second); b.becomes("order-1", "Failed") }, outcome: facade.OutcomeUnknown, within: 101 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &book{send: loseAfter(tc.state)})
				if tc.then != nil {
					go tc.then(b)
				}
				journal := newNotebook()
				begun := time.Now()
				got, err := b.newClient(WithJournal(journal)).SendTransferDeferred(t.Context(), order("order-1"), WithCorrelationID("call-1"))
				assert.Equal(t, tc.outcome, facade.OutcomeOf(err), "%v", err)
				assert.LessOrEqual(t, time.Since(begun), tc.within)
				assert.Equal(t, tc.settled, journal.entry("order-1").Settlement != nil)
				assert.Len(t, b.sends, 1)
				if err == nil {
					assert.Equal(t, "call-1", got.CorrelationID)
				} else if tc.outcome == facade.OutcomeUnknown {
					assert.ErrorContains(t, err, "looked up: "+whyOf(t, seesPassing))
				}
			})
		})
	}
}

func TestAFailureCountsOnceItHasLasted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		item := func(state ProcessingState, code ResultCode) sighting {
			return sighting{complete: true, items: []listItem{{ResultCode: code, TransferRecord: TransferRecord{ProcessingState: state, TransferID: &TransferID{TransferRef: "1"}}}}}
		}
		look := func(f failures, seen sighting) bool {
			f.note(seen)
			return f.lasted(item("", 0).items[0].TransferRecord)
		}
		f := failures{}
		assert.False(t, look(f, item("Failed", 5)))
		time.Sleep(lasting - 1)
		assert.False(t, look(f, item("Failed", 5)))
		time.Sleep(time.Nanosecond)
		assert.True(t, look(f, item("Failed", 5)))
		assert.False(t, look(f, item("Failed", 3)), "another failure begins anew")
		time.Sleep(lasting)
		assert.True(t, look(f, sighting{err: errNoConnection}), "an error tells nothing")
		assert.True(t, look(f, sighting{}), "nor does a part")
		assert.False(t, look(f, sighting{complete: true, absent: true}), "one that is gone is not failed")
		assert.False(t, look(f, item("Failed", 3)))
		assert.False(t, look(f, item("Submitted", 1)), "it is being tried again")
		f.believe(item("", 0).items[0].TransferRecord)
		assert.True(t, look(f, item("Failed", 3)), "what Ding has told of counts at once")
		assert.Empty(t, refOf(TransferRecord{}))
	})
}

func TestRecoveryLeavesDeferredTransfersOpenUntilTheirEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: take})
		journal := newNotebook()
		client := b.newClient(WithJournal(journal))
		for _, ref := range []string{"pending", "processing", "paid", "failed"} {
			_, err := client.SendTransferDeferred(t.Context(), order(ref))
			require.NoError(t, err)
		}
		_, err := client.SendTransfer(t.Context(), order("plain"))
		require.NoError(t, err)
		journal.crash()
		b.becomes("processing", ProcessingStateProcessing)
		b.becomes("paid", ProcessingStateComplete)
		b.becomes("failed", ProcessingStateFailed)
		client = b.newClient(WithJournal(journal))
		for range 2 {
			got := map[string]facade.Outcome{}
			for one, err := range client.RecoverTransfers(t.Context()) {
				require.NoError(t, err)
				assert.True(t, one.Deferred)
				got[one.Request.DistributorRef] = facade.OutcomeOf(one.Err)
				if one.Err == nil {
					assert.Equal(t, one.Request.DistributorRef != "paid", IsPending(one.Answer.TransferRecord))
				}
			}
			assert.Equal(t, facade.OutcomeAccepted, got["pending"])
			assert.Equal(t, facade.OutcomeAccepted, got["processing"])
			if len(got) == 4 {
				assert.Equal(t, map[string]facade.Outcome{"pending": "accepted", "processing": "accepted", "paid": "accepted", "failed": "refused"}, got)
			} else {
				assert.Len(t, got, 2, "those that have not ended are yielded again")
			}
			for ref, settled := range map[string]bool{"plain": true, "paid": true, "failed": true, "pending": false, "processing": false} {
				assert.Equal(t, settled, journal.entry(ref).Settlement != nil, ref)
				assert.False(t, journal.entry(ref).Leased, ref)
			}
		}
		assert.Len(t, b.sends, 5)
		require.NoError(t, client.SettleTransfer(t.Context(), "pending", false), "a person may decide")
		synctest.Wait()
	})
}
