// Tests of what a later life finds out about what an earlier one left open, and of what a person decides.

package dizlee_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/dizlee"
)

// leftOpen notes a request as a process does that is killed while it waits for the answer.
func leftOpen(t *testing.T, w *world, do doing) *memory {
	t.Helper()
	j := newMemory()
	w.then(silent)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := do(ctx, w.client(dizlee.WithJournal(j), dizlee.WithSettleAfterCancel(0)))
	require.ErrorIs(t, err, facade.ErrOutcomeUnknown)
	synctest.Wait()
	return j.reopened()
}

func recoverAll(t *testing.T, c *dizlee.Client) []dizlee.Recovered {
	t.Helper()
	var found []dizlee.Recovered
	for one, err := range c.Recover(t.Context()) {
		require.NoError(t, err)
		found = append(found, one)
	}
	return found
}

func TestWhatWasLeftOpenIsFoundOutAbout(t *testing.T) {
	for name, tc := range map[string]struct {
		do        doing
		steps     []step
		outcome   facade.Outcome
		duplicate bool
		at        []float64
	}{
		"a charge that was made":           {doCharge, []step{says("-305")}, accepted, true, []float64{2}},
		"a charge that never arrived":      {doCharge, []step{says("1")}, accepted, false, []float64{2}},
		"a charge that is refused":         {doCharge, []step{says("-304")}, unknown, false, untilTheEnd[1:]},
		"a charge that stays in doubt":     {doCharge, []step{says("-504")}, unknown, false, untilTheEnd[1:]},
		"a charge, with a key of no use":   {doCharge, []step{says("-101")}, unknown, false, []float64{2}},
		"a charge, put off for a while":    {doCharge, []step{says("-429"), lost, says("-305")}, accepted, true, []float64{2, 6, 14}},
		"a refund that was made":           {doRefund, []step{says("-320")}, accepted, true, []float64{2}},
		"a refund that never arrived":      {doRefund, []step{says("1")}, accepted, false, []float64{2}},
		"a refund of a part, which is not": {doPart, []step{says("1")}, unknown, false, []float64{}},
		"an SMS, which is not":             {doSMS, []step{says("1")}, unknown, false, []float64{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Run("by the next call", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, silent)
					j := leftOpen(t, w, tc.do)
					w.then(tc.steps...)
					duplicate, err := tc.do(t.Context(), w.client(dizlee.WithJournal(j)))
					assert.Equal(t, tc.outcome, facade.OutcomeOf(err), "%v", err)
					assert.Equal(t, tc.duplicate, duplicate)
					assert.Equal(t, tc.at, w.seconds())
				})
			})
			t.Run("by Recover", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, silent)
					j := leftOpen(t, w, tc.do)
					w.mu.Lock()
					sent := w.bodies[0]
					w.mu.Unlock()
					<-time.After(time.Hour)
					w.then(tc.steps...)
					found := recoverAll(t, w.client(dizlee.WithJournal(j)))
					require.Len(t, found, 1)
					assert.Equal(t, tc.outcome, facade.OutcomeOf(found[0].Err), "%v", found[0].Err)
					assert.Equal(t, found[0].Err == nil, found[0].Answer != nil)
					assert.NotNil(t, found[0].Request)
					assert.Equal(t, tc.at, w.seconds())
					for _, body := range w.bodies {
						assert.Equal(t, sent, body, "the repetition is the same request")
					}
					w.then(says("1"))
					again := recoverAll(t, w.client(dizlee.WithJournal(j.reopened())))
					if tc.outcome == unknown {
						assert.Len(t, again, 1, "it stays open")
					} else {
						assert.Empty(t, again)
						assert.Empty(t, w.seconds())
					}
				})
			})
		})
	}
}

func TestRecoverHandsOutWhatTheMethodsWould(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newWorld(t, says("1")), newMemory()
		j.fails = only("Settle", errors.New("the disk is full"))
		c := w.client(dizlee.WithJournal(j))
		for _, operation := range []string{"Charge", "Refund", "SendSMS"} {
			require.NoError(t, operations[operation](t.Context(), c))
			<-time.After(time.Second)
		}
		w.then(func(w http.ResponseWriter, r *http.Request) {
			says(map[string]string{"/charge": "-305", "/refund": "-320"}[r.URL.Path])(w, r)
		})
		found := recoverAll(t, w.client(dizlee.WithJournal(j.reopened())))
		require.Len(t, found, 3)
		for _, one := range found {
			switch one.Operation {
			case "Charge":
				assert.Equal(t, "acme-c-1", one.RequestID)
				assert.Equal(t, "0.250", one.Request.(dizlee.ChargeRequest).Amount.String())
				assert.True(t, one.Answer.(*dizlee.ChargeResponse).ByDuplicate)
			case "Refund":
				assert.Equal(t, "acme-c-1", one.Request.(dizlee.RefundRequest).TransactionID)
				assert.True(t, one.Answer.(*dizlee.RefundResponse).ByDuplicate)
			default:
				assert.Equal(t, "Your coins are here", one.Request.(dizlee.SendSMSRequest).MessageBody)
				assert.ErrorIs(t, one.Err, facade.ErrOutcomeUnknown)
				assert.Nil(t, one.Answer)
			}
		}
	})
}

func TestWhatNeverLeftIsNotSentLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newWorld(t, says("1")), newMemory()
		j.fails = func(method string) error {
			if method == "Begin" {
				return nil
			}
			return errDead
		}
		_, err := w.client(dizlee.WithJournal(j)).Charge(t.Context(), charge())
		require.Error(t, err)
		j = j.reopened()
		found := recoverAll(t, w.client(dizlee.WithJournal(j)))
		require.Len(t, found, 1)
		assert.Equal(t, temporary, facade.OutcomeOf(found[0].Err))
		assert.ErrorContains(t, found[0].Err, "never left")
		assert.Empty(t, w.seconds())
		_, err = w.client(dizlee.WithJournal(j.reopened())).Charge(t.Context(), charge())
		assert.Equal(t, temporary, facade.OutcomeOf(err))
		assert.Empty(t, w.seconds())
	})
}

func TestAnIDThatWasUsedBeforeIsNeverTakenForOurs(t *testing.T) {
	for name, tc := range map[string]struct {
		do   doing
		code string
	}{
		"a charge":           {doCharge, "-305"},
		"a refund":           {doRefund, "-320"},
		"a refund of a part": {doPart, "-320"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, j := newWorld(t, says(tc.code)), newMemory()
				_, err := tc.do(t.Context(), w.client(dizlee.WithJournal(j)))
				require.ErrorIs(t, err, dizlee.ErrIDUsedBefore)

				j = j.reopened()
				_, err = tc.do(t.Context(), w.client(dizlee.WithJournal(j)))
				assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
				if name != "a refund of a part" {
					assert.ErrorIs(t, err, dizlee.ErrIDUsedBefore)
					assert.ErrorIs(t, err, dizlee.Code(tc.code))
				}
				found := recoverAll(t, w.client(dizlee.WithJournal(j.reopened())))
				require.Len(t, found, 1)
				assert.ErrorIs(t, found[0].Err, facade.ErrOutcomeUnknown)
				assert.Len(t, w.seconds(), 1, "asking again would say the same of the same earlier use")
			})
		})
	}
}

func TestAPersonDecides(t *testing.T) {
	for operation, do := range map[string]doing{"Charge": doCharge, "Refund": doRefund, "SendSMS": doSMS} {
		for done, outcome := range map[bool]facade.Outcome{true: accepted, false: refused} {
			t.Run(fmt.Sprint(operation, " ", outcome), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, silent)
					c := w.client(dizlee.WithJournal(leftOpen(t, w, do)))
					w.then(says("1"))
					id := noted(operation).Reference

					require.NoError(t, c.Settle(t.Context(), operation, id, done))

					_, err := do(t.Context(), c)
					assert.Equal(t, outcome, facade.OutcomeOf(err))
					if err != nil {
						assert.ErrorContains(t, err, "a person")
					}
					assert.ErrorContains(t, c.Settle(t.Context(), operation, id, !done), "settled already")
					assert.Empty(t, recoverAll(t, c))
					assert.Empty(t, w.seconds())
				})
			})
		}
	}
}

func TestADecisionThatCannotBeTakenSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, silent)
		usage := func(c *dizlee.Client, operation, id, want string) {
			err := c.Settle(t.Context(), operation, id, true)
			assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(err))
			assert.ErrorContains(t, err, want)
		}
		j := leftOpen(t, w, doCharge)
		usage(w.client(dizlee.WithJournal(j)), "Charge", "acme-c-2", facade.ErrNotNoted.Error())
		usage(w.client(dizlee.WithJournal(j)), "Refund", "acme-c-1", facade.ErrNotNoted.Error())
		usage(w.client(dizlee.WithJournal(j)), "charge", "acme-c-1", "operation")
		usage(w.client(dizlee.WithJournal(j)), "Charge", " ", "id")
		usage(w.client(), "Charge", "acme-c-1", "WithJournal")
		assert.ErrorIs(t, w.client().Settle(t.Context(), "Charge", "acme-c-1", true), dizlee.ErrNoJournal)

		for _, method := range []string{"Get", "Settle"} {
			j.fails = only(method, errDead)
			assert.ErrorIs(t, w.client(dizlee.WithJournal(j)).Settle(t.Context(), "Charge", "acme-c-1", true), errDead)
		}
	})
}

func TestAPersonDoesNotDecideWhatACallIsWorkingOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newWorld(t, lost, says("-305")), newMemory()
		charged := make(chan error)
		go func() {
			_, err := w.client(dizlee.WithJournal(j)).Charge(t.Context(), charge())
			charged <- err
		}()
		<-time.After(time.Second)
		for _, done := range []bool{true, false} {
			err := w.client(dizlee.WithJournal(j.another())).Settle(t.Context(), "Charge", "acme-c-1", done)
			assert.ErrorIs(t, err, facade.ErrLeased)
			assert.ErrorContains(t, err, "is being worked on")
			assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(err))
		}
		assert.NoError(t, <-charged)
	})
}

func TestANoteThatAnIDWasUsedBeforeIsEnoughByHalf(t *testing.T) {
	for name, spoil := range map[string]func(*note){
		"begun and not settled": func(n *note) { n.Settlement = nil },
		"with a damaged answer": func(n *note) { n.Settlement.Answer = []byte("{") },
		"with no answer":        func(n *note) { n.Settlement.Answer = nil },
		"with an answer of success": func(n *note) {
			n.Settlement.Outcome, n.Settlement.Answer = accepted, []byte(`{"answer":{"status":"1"}}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, j := newWorld(t, says("-305")), newMemory()
				_, err := doCharge(t.Context(), w.client(dizlee.WithJournal(j)))
				require.ErrorIs(t, err, dizlee.ErrIDUsedBefore)
				j = j.reopened()
				key := noted("Charge")
				key.Operation += ": id used before"
				spoil(j.entries[key])

				_, err = doCharge(t.Context(), w.client(dizlee.WithJournal(j)))

				assert.ErrorIs(t, err, dizlee.ErrIDUsedBefore)
				assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
				assert.ErrorContains(t, err, "the id was used before")
				assert.NotContains(t, err.Error(), "HTTP 0")
				assert.Len(t, w.seconds(), 1)
			})
		})
	}
}

func TestAnIDThatMayHaveBeenUsedBeforeIsNotRepeatedWhileTheJournalCannotTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newWorld(t, says("-305")), newMemory()
		_, err := doCharge(t.Context(), w.client(dizlee.WithJournal(j)))
		require.ErrorIs(t, err, dizlee.ErrIDUsedBefore)
		j = j.reopened()
		j.fails = only("Get", errors.New("the disk is busy"))
		found := recoverAll(t, w.client(dizlee.WithJournal(j)))
		require.Len(t, found, 1)
		assert.ErrorIs(t, found[0].Err, facade.ErrOutcomeUnknown)
		assert.Len(t, w.seconds(), 1, "-305 would be taken for the proof of a charge that was never made")
	})
}

func TestAnEntryOfAnotherIDIsNotSent(t *testing.T) {
	for name, body := range map[string]string{"another id": `{"chargeRequestId":"acme-c-2","userId":"` + msisdn + `"}`, "no id": `{}`, "damaged": `{"chargeRequestId":"acme-c-1","amount":` + msisdn + `e` + msisdn + `}`} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, says("1"))
				j := leftOpen(t, w, doCharge)
				w.then(says("1"))
				j.entries[noted("Charge")].Request = []byte(body)
				found := recoverAll(t, w.client(dizlee.WithJournal(j)))
				require.Len(t, found, 1)
				assert.ErrorContains(t, found[0].Err, "cannot be read")
				assert.ErrorIs(t, found[0].Err, facade.ErrOutcomeUnknown, "it may have been made all the same")
				assert.NotContains(t, found[0].Err.Error(), msisdn)
				assert.Empty(t, w.seconds())
			})
		})
	}
}

func TestRecoverNeedsAJournalThatCanBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, says("1"))
		for _, err := range w.client().Recover(t.Context()) {
			assert.ErrorIs(t, err, dizlee.ErrNoJournal)
			assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(err))
		}
		j := leftOpen(t, w, doCharge)
		j.fails = only("Open", errDead)
		times := 0
		for _, err := range w.client(dizlee.WithJournal(j)).Recover(t.Context()) {
			assert.ErrorIs(t, err, errDead)
			times++
		}
		assert.Equal(t, 1, times)
	})
}

func TestAnEntryThatCannotBeReadIsReportedAndLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, says("1"))
		j := leftOpen(t, w, doCharge)
		w.then(says("1"))
		for damage, spoil := range map[string]func(*note){
			"the request": func(n *note) { n.Request = []byte(`{"amount":`) },
			"the answer": func(n *note) {
				n.Settlement = &facade.Settlement{Outcome: accepted, Answer: []byte(`{"answer":`)}
			},
			"no answer": func(n *note) { n.Settlement = &facade.Settlement{Outcome: accepted} },
		} {
			t.Log(damage)
			j.mu.Lock()
			n := j.entries[noted("Charge")]
			intact := *n
			spoil(n)
			j.mu.Unlock()
			c := w.client(dizlee.WithJournal(j))
			if damage == "the request" {
				found := recoverAll(t, c)
				require.Len(t, found, 1)
				assert.ErrorContains(t, found[0].Err, "cannot be read")
				assert.Equal(t, "acme-c-1", found[0].RequestID)
				assert.Nil(t, j.entries[noted("Charge")].Settlement)
			} else {
				_, err := c.Charge(t.Context(), charge())
				assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
				assert.ErrorContains(t, err, "the journal's entry")
			}
			*n = intact
		}
		assert.Empty(t, w.seconds())
	})
}

// many leaves charges open.
func many(t *testing.T, w *world, count int) *memory {
	t.Helper()
	j := newMemory()
	w.then(lost)
	c := w.client(dizlee.WithJournal(j), dizlee.WithSettleTimeout(time.Millisecond))
	for i := range count {
		r := charge()
		r.ChargeRequestID = fmt.Sprintf("acme-c-%d", i)
		_, err := c.Charge(t.Context(), r)
		require.ErrorIs(t, err, facade.ErrOutcomeUnknown)
	}
	return j.reopened()
}

func TestALotLeftOpenIsNoStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, lost)
		j := many(t, w, 50)
		w.then(says("-305"))
		found := recoverAll(t, w.client(dizlee.WithJournal(j)))
		assert.Len(t, found, 50)
		atOnce := map[float64]int{}
		for _, at := range w.seconds() {
			atOnce[at]++
			assert.LessOrEqual(t, atOnce[at], 8)
		}
	})
}

func TestLeavingARecoveryLeavesTheRestOpen(t *testing.T) {
	for name, leave := range map[string]func(context.CancelFunc) bool{
		"by a break":        func(context.CancelFunc) bool { return false },
		"by a cancellation": func(cancel context.CancelFunc) bool { cancel(); return true },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, lost)
				j := many(t, w, 20)
				w.then(says("-305"))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				settled := 0
				for one, err := range w.client(dizlee.WithJournal(j)).Recover(ctx) {
					require.NoError(t, err)
					if one.Err == nil {
						settled++
					} else {
						assert.ErrorIs(t, one.Err, facade.ErrOutcomeUnknown)
						assert.ErrorIs(t, one.Err, context.Canceled)
					}
					if !leave(cancel) {
						break
					}
				}
				assert.Equal(t, 2*time.Second, time.Since(w.began), "it is left at once")
				arrived := len(w.seconds())
				<-time.After(time.Hour)
				assert.Len(t, w.seconds(), arrived, "nothing is sent afterwards")
				// The same owner may take up what it has let go of.
				rest := recoverAll(t, w.client(dizlee.WithJournal(j)))
				assert.LessOrEqual(t, settled+len(rest), 20)
				assert.GreaterOrEqual(t, len(rest), 20-arrived)
				for _, one := range rest {
					assert.NoError(t, one.Err)
				}
			})
		})
	}
}

func TestOperationsWithAddressesOfTheirOwnAreKeptApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newWorld(t, lost), newMemory()
		own := []dizlee.Option{dizlee.WithRefundURL("http://127.0.0.1/dob/back"), dizlee.WithJournal(j), dizlee.WithSettleTimeout(time.Millisecond)}
		c := w.client(own...)
		for _, operation := range operations {
			require.ErrorIs(t, operation(t.Context(), c), facade.ErrOutcomeUnknown)
		}
		w.then(says("1"))
		assert.Len(t, recoverAll(t, w.client(dizlee.WithJournal(j.another()))), 2, "the refund is another address's")
		assert.Len(t, recoverAll(t, c), 2, "what is left: the refund, and the SMS, which is never sent again")
	})
}
