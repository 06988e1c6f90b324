// Tests of callers who come when a flight is no longer theirs to share: it was called off, has failed before, or panics.

package settle_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/settle"
)

func TestOneWhoComesAfterAllHaveLeftGetsAnAnswerOfTheirOwn(t *testing.T) {
	for name, tc := range map[string]struct {
		journal bool
		sends   []seen
		looks   []seen
		guarded bool
		verdict settle.Verdict
		result  string
		sent    int
	}{
		"nothing moved, so it is sent":                            {sends: many(again, paid), verdict: settle.Accepted, result: "paid", sent: 2},
		"nothing left, so it is sent":                             {sends: many(notLeft, refused), verdict: settle.Refused, result: "refused", sent: 2},
		"with a journal it is never sent again":                   {journal: true, sends: many(again), verdict: settle.Later, result: "again", sent: 1},
		"it is paid after all":                                    {sends: many(paid), verdict: settle.Accepted, result: "paid", sent: 1},
		"it is refused after all":                                 {sends: many(refused), verdict: settle.Refused, result: "refused", sent: 1},
		"what is lost is looked up and not sent again":            {sends: many(lost), looks: many(absent), verdict: settle.Unknown, result: "lost", sent: 1},
		"what is lost is not sent again where it might have been": {guarded: true, sends: many(lost), looks: many(absent), verdict: settle.Unknown, result: "lost", sent: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := share(0, seen{}, tc.looks...)
				if tc.journal {
					s.noting()
				}
				if tc.guarded {
					s.Policy.ResendAbsentFor = time.Hour
				}
				inFlight := 0
				s.Send = func(context.Context) seen {
					s.sent++
					inFlight++
					assert.Equal(t, 1, inFlight, "one send at a time")
					time.Sleep(4 * time.Second)
					inFlight--
					return tc.sends[s.sent-1]
				}
				s.call(t, "leaves", 0, time.Second)
				s.call(t, "comes late", 2*time.Second, time.Hour)
				s.call(t, "comes later", 3*time.Second, time.Hour)
				s.waiting.Wait()

				assert.Equal(t, tc.sent, s.sent)
				for _, late := range []string{"comes late", "comes later"} {
					result := s.results[late]
					assert.Equal(t, tc.verdict, result.Verdict, late)
					assert.Equal(t, tc.result, result.Result, late)
					assert.NotErrorIs(t, result.Err, context.DeadlineExceeded, "their own context is fine")
					assert.NotErrorIs(t, result.Err, context.Canceled, "their own context is fine")
				}
				if first := s.results["leaves"]; first.Verdict == settle.Later || first.Verdict == settle.Unknown {
					assert.ErrorIs(t, first.Err, context.DeadlineExceeded)
				}
			})
		})
	}
}

// reluctant is a journal whose Begin waits until it is called off.
type reluctant struct{ *memory }

func (r reluctant) Begin(ctx context.Context, _ facade.Intent) (facade.Entry, bool, error) {
	<-ctx.Done()
	return facade.Entry{}, false, ctx.Err()
}

func TestOneWhoComesLateIsNotToldThatTheyLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := share(time.Second, paid)
		journal := s.noting()
		begun(t, journal, "a transfer", 1)
		journal.takes = func(string) time.Duration { return 2 * time.Second }
		s.Journal = reluctant{journal}
		s.call(t, "leaves", 0, time.Second)
		s.call(t, "comes late", 2*time.Second, time.Hour)
		s.waiting.Wait()
		late := s.results["comes late"]
		assert.Equal(t, settle.Unknown, late.Verdict)
		assert.ErrorIs(t, late.Err, settle.ErrJournal)
		assert.NotErrorIs(t, late.Err, context.Canceled)
		assert.ErrorIs(t, s.results["leaves"].Err, context.DeadlineExceeded)
	})
}

func TestAnAcceptanceIsNotHeldBackByTheNoteOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := share(time.Second, lost, times(2, absent)...)
		s.looks = append(s.looks, paid)
		journal := s.noting()
		journal.takes = func(method string) time.Duration {
			if method == "Settle" {
				return time.Minute
			}
			return 0
		}
		s.call(t, "leaves", 0, 4*time.Second)
		s.waiting.Wait()
		assert.Equal(t, settle.Accepted, s.results["leaves"].Verdict)
		assert.Equal(t, 9*time.Second, s.took["leaves"], "the grace is 5 s")
		time.Sleep(time.Hour)
		entry, _ := journal.entry(key("order-1"))
		require.NotNil(t, entry.Settlement, "it is noted all the same")
	})
}

func TestAFailedTransferOfAnEarlierCallProvesNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		first   seen
		looks   []seen
		between int // other references that fail meanwhile
		verdict settle.Verdict
	}{
		"the failed one may be the earlier one": {first: later, looks: many(refused), verdict: settle.Unknown},
		"however many have failed meanwhile":    {first: later, looks: many(refused), between: 10_001, verdict: settle.Unknown},
		"the later one is seen to be paid":      {first: later, looks: many(refused, paid), verdict: settle.Accepted},
		"the earlier one never left":            {first: notLeft, looks: many(refused), verdict: settle.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var flights settle.Flights[string]
				first := play(many(tc.first), nil)
				first.Policy.MaxAttempts = 1
				require.Equal(t, settle.Later, flights.Do(t.Context(), first.Case).Verdict)
				for i := range tc.between {
					other := play(many(later), nil)
					other.Intent.Key = key(fmt.Sprint("other-", i))
					flights.Do(t.Context(), other.Case)
				}

				assert.Equal(t, tc.verdict, flights.Do(t.Context(), play(many(lost), tc.looks).Case).Verdict)
			})
		})
	}
}

func TestWhoResumesIsNotToldOfAnotherCallAlone(t *testing.T) {
	for name, tc := range map[string]struct {
		comes   seen
		looks   []seen
		verdict settle.Verdict
	}{
		"it is refused, and an earlier life's is paid":    {refused, many(paid), settle.Accepted},
		"it moved nothing, and an earlier life's is paid": {later, many(paid), settle.Accepted},
		"it is refused, and nothing is known of before":   {refused, many(absent), settle.Unknown},
		"it is paid": {paid, nil, settle.Accepted},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := share(2*time.Second, tc.comes, tc.looks...)
				s.call(t, "sends", 0, time.Hour)
				synctest.Wait()
				resuming := *s.Case
				result := s.flights.Do(t.Context(), resuming.Resuming(time.Now(), false))
				s.waiting.Wait()
				assert.Equal(t, tc.verdict, result.Verdict)
				assert.Equal(t, tc.comes.Verdict, s.results["sends"].Verdict)
				assert.Equal(t, 1, s.sent)
			})
		})
	}
}

var errHook = errors.New("a hook of the caller's")

func TestAPanicReachesAllWhoWaitAndNobodyWaitsForEver(t *testing.T) {
	for kind, journal := range map[string]bool{"with a journal": true, "without": false} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := share(0, paid)
				var noted *memory
				if journal {
					noted = s.noting()
				}
				calm := s.Send
				s.Send = func(context.Context) seen {
					time.Sleep(time.Second)
					panic(errHook)
				}
				panics := make(chan any, 2)
				for range cap(panics) {
					own := *s.Case
					go func() {
						defer func() { panics <- recover() }()
						s.flights.Do(t.Context(), &own)
					}()
				}
				for range cap(panics) {
					err, _ := (<-panics).(error)
					require.ErrorIs(t, err, errHook)
					assert.ErrorContains(t, err, "called_off_test.go", "it tells where")
				}

				s.Send = calm
				result := s.flights.Do(t.Context(), play(many(paid), many(paid)).withJournal(s.Journal))
				assert.Equal(t, settle.Accepted, result.Verdict, "the reference is free for the next call")
				if journal {
					entry, _ := noted.entry(key("order-1"))
					assert.Equal(t, "look-up", entry.Settlement.By, "which finds out, and sends nothing")
				}
			})
		})
	}
}

func (s *script) withJournal(journal facade.Journal) *settle.Case[string] {
	s.Journal = journal
	return s.Case
}

func TestAPanicOfWhatOnlyFailsPanicsToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := share(0, paid)
		s.Send = func(context.Context) seen { panic("a text") }
		defer func() {
			err, _ := recover().(error)
			assert.ErrorContains(t, err, "a text")
			assert.NoError(t, errors.Unwrap(err))
		}()
		s.flights.Do(t.Context(), s.Case)
	})
}

func TestACaseWhoseGoroutineEndsIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := share(0, paid)
		s.Send = func(context.Context) seen {
			runtime.Goexit()
			return paid
		}
		assert.Equal(t, settle.Unknown, s.flights.Do(t.Context(), s.Case).Verdict)
		result := s.flights.Do(t.Context(), play(many(lost), many(refused)).Case)
		assert.Equal(t, settle.Unknown, result.Verdict, "the failed one may be the one that was being sent")
	})
}
