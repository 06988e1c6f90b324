// Tests of what the end of an awaited transfer leaves in the journal.

package ding

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
)

func TestWhatAnEndSettles(t *testing.T) {
	left := func(attempts int, deferred bool) func(*testing.T, *notebook, *Client) {
		return func(t *testing.T, journal *notebook, client *Client) {
			body, err := intended(order("order-1"), deferred)
			require.NoError(t, err)
			_, _, err = journal.Begin(t.Context(), facade.Intent{Key: client.key("order-1"), Request: body, NotedAt: time.Now()})
			require.NoError(t, err)
			for range attempts {
				require.NoError(t, journal.Attempt(t.Context(), client.key("order-1"), time.Now()))
			}
			journal.crash()
		}
	}
	for name, tc := range map[string]struct {
		entry  func(*testing.T, *notebook, *Client)
		leased bool
		shows  []listed
		want   facade.Outcome
	}{
		"complete":                              {entry: left(1, true), shows: []listed{{"Complete", nil}}, want: "accepted"},
		"complete, of several attempts":         {entry: left(3, true), shows: []listed{{"Complete", nil}}, want: "accepted"},
		"complete, while somebody works on it":  {entry: left(1, true), leased: true, shows: []listed{{"Complete", nil}}, want: "accepted"},
		"complete, and sent plainly":            {entry: left(1, false), shows: []listed{{"Complete", nil}}, want: "accepted"},
		"failed":                                {entry: left(1, true), shows: []listed{{"Failed", nil}}, want: "refused"},
		"failed for now":                        {entry: left(1, true), shows: []listed{{"Failed", as(resultCode(3))}}, want: "temporary"},
		"failed, one of several attempts":       {entry: left(2, true), shows: []listed{{"Failed", nil}}},
		"failed, while somebody works on it":    {entry: left(1, true), leased: true, shows: []listed{{"Failed", nil}}},
		"failed, with another SKU":              {entry: left(1, true), shows: []listed{{"Failed", as(sku("OTHER"))}}},
		"complete, at another value":            {entry: left(1, true), shows: []listed{{"Complete", as(value("11.00"))}}},
		"failed, while another is on its way":   {entry: left(1, true), shows: []listed{{"Submitted", as(transferRef("1"))}, {"Failed", nil}}},
		"failed, while another one is complete": {entry: left(1, true), shows: []listed{{"Complete", as(transferRef("1"))}, {"Failed", nil}}},
		"complete, and it never left":           {entry: left(0, true), shows: []listed{{"Complete", nil}}},
		"complete, and the entry is unreadable": {entry: func(t *testing.T, journal *notebook, client *Client) {
			_, _, err := journal.Begin(t.Context(), facade.Intent{Key: client.key("order-1"), Request: []byte("{")})
			require.NoError(t, err)
		}, shows: []listed{{"Complete", nil}}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &book{})
				journal := newNotebook()
				client := b.newClient(WithJournal(journal))
				tc.entry(t, journal, client)
				journal.leased[client.key("order-1")] = tc.leased
				var end TransferRecord
				for _, record := range tc.shows {
					end = b.enter(order("order-1"), record.state, record.change...)
				}
				_, err := client.AwaitTransfer(t.Context(), *end.TransferID)
				assert.NotErrorIs(t, err, facade.ErrOutcomeUnknown)
				settlement := journal.entry("order-1").Settlement
				if tc.want == "" {
					assert.Nil(t, settlement)
					return
				}
				require.NotNil(t, settlement)
				assert.Equal(t, tc.want, settlement.Outcome)
				assert.Equal(t, "look-up", settlement.By)
				assert.Contains(t, string(settlement.Answer), end.TransferID.TransferRef)
			})
		})
	}
}

func TestAFailureSettlesSeveralAttemptsIfTheOthersAreKnownToHaveFailed(t *testing.T) {
	limited := says(429, `{"ResultCode":3,"ErrorCodes":[{"Code":"RateLimited"}]}`)
	lost := func(b *book, n int, r SendTransferRequest, w http.ResponseWriter, q *http.Request) { drop(w) }
	for name, tc := range map[string]struct {
		first   func(*book, int, SendTransferRequest, http.ResponseWriter, *http.Request)
		fails   string
		settled bool
	}{
		"the first was refused":                           {first: limited, settled: true},
		"the first was refused, and that cannot be noted": {first: limited, fails: "Begin"},
		"the first was lost":                              {first: lost},
	} {
		for _, recovers := range []bool{false, true} {
			t.Run(fmt.Sprint(name, recovers), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					b, journal := open(t, &book{}), newNotebook()
					b.send = inTurn(tc.first, func(b *book, n int, r SendTransferRequest, w http.ResponseWriter, q *http.Request) {
						if tc.fails != "" {
							journal.mu.Lock()
							journal.fails[tc.fails] = errors.New("the disk is full")
							journal.mu.Unlock()
						}
						take(b, n, r, w, q)
					})
					sent, err := b.newClient(WithJournal(journal), WithPreventDuplicates()).SendTransferDeferred(t.Context(), order("order-1"))
					require.NoError(t, err)
					clear(journal.fails)
					journal.crash()
					b.enter(order("order-1"), ProcessingStateFailed, transferRef("1")) // the one that was refused
					b.mu.Lock()
					b.records[0].TransferRecord.ProcessingState = ProcessingStateFailed
					b.mu.Unlock()
					client := b.newClient(WithJournal(journal))
					if recovers {
						for one, err := range client.RecoverTransfers(t.Context()) {
							require.NoError(t, err)
							assert.Equal(t, tc.settled, facade.OutcomeOf(one.Err) == facade.OutcomeRefused)
						}
					} else {
						_, err = client.AwaitTransfer(t.Context(), *sent.TransferRecord.TransferID)
						assert.Equal(t, facade.OutcomeRefused, facade.OutcomeOf(err))
					}
					settled := journal.entries[b.newClient().key("order-1")].Settlement != nil
					assert.Equal(t, tc.settled, settled)
					assert.Len(t, b.sends, 2)
				})
			})
		}
	}
}

func TestAnEndThatCannotBeNotedIsAnEndAllTheSame(t *testing.T) {
	for _, method := range []string{"Get", "Settle"} {
		bubble(t, func(t *testing.T) {
			b := open(t, &book{send: take})
			journal := newNotebook()
			var log bytes.Buffer
			client := b.newClient(WithJournal(journal), WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
			_, err := client.SendTransferDeferred(t.Context(), order("order-1"))
			require.NoError(t, err)
			b.becomes("order-1", ProcessingStateComplete)
			journal.fails[method] = errors.New("the disk is full")
			_, err = client.AwaitTransfer(t.Context(), TransferID{DistributorRef: "order-1"})
			require.NoError(t, err)
			assert.Contains(t, log.String(), "an outcome could not be noted")
		})
	}
	bubble(t, func(t *testing.T) {
		journal := newNotebook()
		journal.fails["Settle"] = facade.ErrLeased
		b := open(t, &book{send: take})
		var log bytes.Buffer
		client := b.newClient(WithJournal(journal), WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		_, err := client.SendTransferDeferred(t.Context(), order("order-1"))
		require.NoError(t, err)
		b.becomes("order-1", ProcessingStateComplete)
		_, err = client.AwaitTransfer(t.Context(), TransferID{DistributorRef: "order-1"})
		require.NoError(t, err)
		assert.NotContains(t, log.String(), "could not be noted", "somebody else is at it")
	})
}

func TestAnEndThatTheJournalHoldsIsReturnedAtOnce(t *testing.T) {
	paid := `{"answer":{"ResultCode":1,"TransferRecord":{"TransferId":{"TransferRef":"7","DistributorRef":"order-1"},"ProcessingState":"Complete"}}}`
	failed := `{"error":{"resultCode":5,"codes":[{"Code":"ProviderError"}],"record":{"TransferId":{"TransferRef":"7","DistributorRef":"order-1"},"ProcessingState":"Failed"}}}`
	for name, tc := range map[string]struct {
		outcome    facade.Outcome
		answer, by string
		id         TransferID
		atOnce     bool
	}{
		"paid":                            {"accepted", paid, "look-up", TransferID{TransferRef: "7"}, true},
		"paid, by the reference":          {"accepted", paid, "answer", TransferID{}, true},
		"failed":                          {"refused", failed, "look-up", TransferID{TransferRef: "7"}, true},
		"failed for now":                  {"temporary", failed, "notification", TransferID{}, true},
		"never sent":                      {"refused", `{"error":{"reason":"nothing left"}}`, "answer", TransferID{}, true},
		"unpaid, as a person says":        {"refused", `{"error":{"reason":"unpaid"}}`, "person", TransferID{TransferRef: "7"}, true},
		"another one is paid":             {"accepted", paid, "look-up", TransferID{TransferRef: "8"}, false},
		"another one failed":              {"refused", failed, "look-up", TransferID{TransferRef: "8"}, false},
		"accepted, and was on its way":    {"accepted", strings.Replace(paid, "Complete", "Submitted", 1), "answer", TransferID{TransferRef: "7"}, false},
		"an outcome that cannot be read":  {"accepted", `{`, "answer", TransferID{}, false},
		"an acceptance without an answer": {"accepted", `{}`, "answer", TransferID{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b, journal := open(t, &book{}), newNotebook()
				client := b.newClient(WithJournal(journal))
				leave(t, journal, client, order("order-1"), 1)
				require.NoError(t, journal.Settle(t.Context(), client.key("order-1"), facade.Settlement{Outcome: tc.outcome, Answer: []byte(tc.answer), By: tc.by}))
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				begun := time.Now()
				tc.id.DistributorRef = "order-1"
				answer, err := client.AwaitTransfer(ctx, tc.id, WithCorrelationID("call-1"))
				assert.Equal(t, tc.atOnce, time.Since(begun) == 0)
				switch {
				case !tc.atOnce:
					assert.ErrorIs(t, err, context.DeadlineExceeded)
				case tc.outcome == facade.OutcomeAccepted:
					require.NoError(t, err)
					assert.Equal(t, ProcessingStateComplete, answer.TransferRecord.ProcessingState)
				default:
					assert.Equal(t, tc.outcome, facade.OutcomeOf(err))
					assert.ErrorContains(t, err, "AwaitTransfer")
					assert.ErrorContains(t, err, "call-1")
				}
				assert.Equal(t, tc.atOnce, len(b.lists) == 0)
			})
		})
	}
}
