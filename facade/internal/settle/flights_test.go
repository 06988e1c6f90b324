// Tests of callers who share one send: who gets what, and what happens when some or all of them leave.

package settle_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/settle"
)

// sharing is a case that is sent for a while, and the callers who wait for it.
type sharing struct {
	*script
	flights settle.Flights[string]
	waiting sync.WaitGroup
	mu      sync.Mutex
	results map[string]settle.Result[string]
	took    map[string]time.Duration
	// called off is when the sending was told that nobody waits any more.
	calledOff time.Duration
}

// share makes a case that sends for so long, and then sees what is given.
func share(takes time.Duration, comes seen, looks ...seen) *sharing {
	s := &sharing{script: play(nil, looks), results: map[string]settle.Result[string]{}, took: map[string]time.Duration{}}
	s.Send = func(ctx context.Context) seen {
		s.sent++
		if !settle.Sleep(ctx, takes) {
			s.calledOff = time.Since(s.begun)
			return lost
		}
		return comes
	}
	return s
}

// call waits for the result, from at to until.
func (s *sharing) call(t *testing.T, name string, at, until time.Duration) {
	s.waiting.Go(func() {
		time.Sleep(at)
		ctx, cancel := context.WithTimeout(t.Context(), until-at)
		defer cancel()
		own := *s.Case
		result := s.flights.Do(ctx, &own)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.results[name], s.took[name] = result, time.Since(s.begun)
	})
}

func TestCallersShareOneSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := share(10*time.Second, paid)
		s.noting()
		for i, name := range []string{"first", "second", "third"} {
			s.call(t, name, time.Duration(i)*time.Second, time.Hour)
		}
		s.call(t, "next day", 24*time.Hour, 25*time.Hour)
		s.waiting.Wait()

		assert.Equal(t, 1, s.sent)
		for name, result := range s.results {
			assert.Equal(t, settle.Accepted, result.Verdict, name)
			assert.Equal(t, "paid", result.Result, name)
		}
		assert.Len(t, s.results, 4)
		assert.Equal(t, 10*time.Second, s.took["third"])
	})
}

func TestAnotherRequestUnderTheReferenceIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := share(10*time.Second, paid)
		s.call(t, "first", 0, time.Hour)
		synctest.Wait()
		other := play(nil, nil)
		other.Intent.Request = []byte("another")

		result := s.flights.Do(t.Context(), other.Case)

		assert.ErrorIs(t, result.Err, facade.ErrReferenceConflict)
		assert.Equal(t, settle.Unknown, result.Verdict)
		s.waiting.Wait()
		assert.Equal(t, settle.Accepted, s.results["first"].Verdict)

		different := play(many(paid), nil)
		different.Intent.Operation = "Refund"
		assert.Equal(t, settle.Accepted, s.flights.Do(t.Context(), different.Case).Verdict, "another operation has references of its own")
	})
}

func TestOneCallerLeavesAndTheOthersStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := share(20*time.Second, paid)
		s.call(t, "leaves", 0, 2*time.Second)
		s.call(t, "leaves just before the end", 0, 18*time.Second)
		s.call(t, "stays", time.Second, time.Hour)
		s.waiting.Wait()

		assert.Equal(t, 7*time.Second, s.took["leaves"], "the grace is 5 s")
		assert.Equal(t, settle.Unknown, s.results["leaves"].Verdict)
		assert.ErrorIs(t, s.results["leaves"].Err, settle.ErrGaveUp)
		assert.ErrorIs(t, s.results["leaves"].Err, context.DeadlineExceeded)
		assert.Equal(t, 20*time.Second, s.took["leaves just before the end"])
		assert.Equal(t, settle.Accepted, s.results["leaves just before the end"].Verdict)
		assert.NoError(t, s.results["leaves just before the end"].Err)
		assert.Equal(t, settle.Accepted, s.results["stays"].Verdict)
		assert.Zero(t, s.calledOff)
	})
}

func TestAllCallersLeave(t *testing.T) {
	for name, tc := range map[string]struct {
		takes   time.Duration
		comes   seen
		looks   []seen
		verdict settle.Verdict
		took    time.Duration
		result  string
	}{
		"and the answer comes within the grace": {takes: 4 * time.Second, comes: paid, verdict: settle.Accepted, took: 4 * time.Second, result: "paid"},
		"and a refusal comes within the grace":  {takes: 4 * time.Second, comes: refused, verdict: settle.Refused, took: 4 * time.Second, result: "refused"},
		"and it is found within the grace":      {takes: time.Second, comes: lost, looks: many(absent, paid), verdict: settle.Accepted, took: 4 * time.Second, result: "paid"},
		"and nothing comes":                     {takes: time.Hour, verdict: settle.Unknown, took: 6750 * time.Millisecond, result: "lost"},
		"and it is not found":                   {takes: time.Second, comes: lost, looks: many(absent), verdict: settle.Unknown, took: 6750 * time.Millisecond, result: "lost"},
		"and a pause would last longer":         {takes: time.Second + time.Second/2, comes: again, verdict: settle.Later, took: time.Second + time.Second/2, result: "again"},
	} {
		for kind, journal := range map[string]bool{"with a journal": true, "without": false} {
			t.Run(name+", "+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := share(tc.takes, tc.comes, tc.looks...)
					var noted *memory
					if journal {
						noted = s.noting()
					}
					s.call(t, "one", 0, time.Second)
					s.call(t, "last", 0, 2*time.Second)
					s.waiting.Wait()

					last := s.results["last"]
					assert.Equal(t, tc.verdict, last.Verdict)
					assert.Equal(t, tc.result, last.Result)
					assert.Equal(t, tc.took, s.took["last"])
					assert.Equal(t, 1, s.sent, "nothing more is sent")
					if tc.verdict == settle.Unknown {
						assert.ErrorIs(t, last.Err, context.DeadlineExceeded)
					}
					if journal {
						entry, _ := noted.entry(key("order-1"))
						assert.Equal(t, tc.verdict != settle.Unknown, entry.Settlement != nil)
						assert.False(t, noted.leased(key("order-1")))
					}
				})
			})
		}
	}
}

func TestOneWhoComesWhileTheLastIsLeavingKeepsTheLookUpsGoing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := share(time.Second, lost, append(times(4, absent), paid)...)
		s.call(t, "leaves", 0, 2*time.Second)
		s.call(t, "comes again", 5*time.Second, time.Hour)
		s.waiting.Wait()

		assert.Equal(t, settle.Unknown, s.results["leaves"].Verdict)
		assert.Equal(t, 7*time.Second, s.took["leaves"])
		assert.Equal(t, settle.Accepted, s.results["comes again"].Verdict)
		assert.Equal(t, 1, s.sent, "it is not sent again for that")
	})
}

func TestACallerWhoIsGoneBeforeTheyCameSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s := share(time.Second, paid)
		result := s.flights.Do(ctx, s.Case)
		assert.Equal(t, settle.Later, result.Verdict)
		assert.ErrorIs(t, result.Err, context.Canceled)
		assert.Zero(t, s.sent)
		assert.Zero(t, time.Since(s.begun))
	})
}

func TestWithoutGraceNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := share(time.Hour, paid)
		s.Policy.Grace = 0
		s.call(t, "leaves", 0, time.Second)
		s.waiting.Wait()
		assert.Equal(t, settle.Unknown, s.results["leaves"].Verdict)
		assert.Equal(t, time.Second, s.took["leaves"])
	})
}

func TestThePauseThatOneCallerHasTimeForIsWaited(t *testing.T) {
	busy := seen{Verdict: settle.Later, Left: true, Again: true, Pause: 30 * time.Second, Result: "busy"}
	for name, tc := range map[string]struct {
		patience time.Duration
		sent     int
	}{"all are in a hurry": {20 * time.Second, 1}, "one is not": {time.Minute, 2}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := share(time.Second, busy)
				s.Policy.MaxAttempts = 2
				s.call(t, "hurried", 0, 10*time.Second)
				s.call(t, "patient", 0, tc.patience)
				s.waiting.Wait()
				assert.Equal(t, tc.sent, s.sent)
				assert.Equal(t, settle.Later, s.results["patient"].Verdict)
			})
		})
	}
}
