// Tests of notes that fail for a moment, come too late, or are contradicted, and of cases that never come to their end.

package settle_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/settle"
)

// moments breaks each method down for so many calls.
func moments(fails map[string]int) func(string) (error, error) {
	return func(method string) (error, error) {
		if fails[method] == 0 {
			return nil, nil
		}
		fails[method]--
		return errDisk, nil
	}
}

func TestANoteThatFailsForAMomentIsTriedAgain(t *testing.T) {
	const always = 1000
	for name, tc := range map[string]struct {
		fails   map[string]int
		sends   []seen
		looks   []seen
		verdict settle.Verdict
		settled facade.Outcome
		told    bool
		leased  bool
	}{
		"what was accepted":                      {fails: map[string]int{"Settle": 3}, sends: many(paid), verdict: settle.Accepted, settled: facade.OutcomeAccepted},
		"what was refused":                       {fails: map[string]int{"Settle": 3}, sends: many(refused), verdict: settle.Refused, settled: facade.OutcomeRefused},
		"a lease that is given up":               {fails: map[string]int{"Release": 3}, sends: many(lost), looks: many(hopeless), verdict: settle.Unknown},
		"what cannot be settled is let go of":    {fails: map[string]int{"Settle": always, "Release": 3}, sends: many(paid), verdict: settle.Accepted, told: true},
		"a lease that cannot be given up at all": {fails: map[string]int{"Release": always}, sends: many(lost), looks: many(hopeless), verdict: settle.Unknown, told: true, leased: true},
		"nothing can be noted at all":            {fails: map[string]int{"Settle": always, "Release": always}, sends: many(paid), verdict: settle.Accepted, told: true, leased: true},
		"an intent, and what became of it":       {fails: map[string]int{"Begin": 1, "Get": 3}, verdict: settle.Later},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := play(tc.sends, tc.looks)
				s.Policy.FirstLook = 0
				journal := s.noting()
				journal.fault = moments(tc.fails)
				var told error
				s.NotNoted = func(err error) { told = err }

				result := s.Run(t.Context())

				assert.Equal(t, tc.verdict, result.Verdict)
				assert.Equal(t, tc.told, errors.Is(told, errDisk))
				assert.Equal(t, tc.leased, journal.leased(key("order-1")))
				entry, _ := journal.entry(key("order-1"))
				require.Equal(t, tc.settled != "", entry.Settlement != nil)
				if tc.settled != "" {
					assert.Equal(t, tc.settled, entry.Settlement.Outcome)
				}
				assert.Less(t, time.Since(s.begun), time.Second/2, "nobody is kept waiting for long")
			})
		})
	}
}

// hanging is a journal whose notes wait until they are called off.
type hanging struct{ *memory }

func (h hanging) Settle(ctx context.Context, _ facade.Key, _ facade.Settlement) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestAJournalThatHangsIsNotWaitedForForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(many(paid), nil)
		journal := s.noting()
		s.Journal = hanging{journal}
		assert.Equal(t, settle.Accepted, s.Run(t.Context()).Verdict)
		assert.Equal(t, 10*time.Second, time.Since(s.begun))
		assert.False(t, journal.leased(key("order-1")), "the lease is given up all the same")
	})
}

func TestNothingLeavesOnceTheCallersHaveLeftWhileItWasNoted(t *testing.T) {
	for name, tc := range map[string]struct {
		sends    []seen
		looks    []seen
		breaks   bool // the note fails, too
		verdict  settle.Verdict
		sent     int
		attempts int
		settled  bool
	}{
		"the first attempt: it never left":         {verdict: settle.Later, attempts: 1, settled: true},
		"the first attempt, which fails as well":   {breaks: true, verdict: settle.Later, attempts: 1, settled: true},
		"the second, after one that moved nothing": {sends: many(again), verdict: settle.Later, sent: 1, attempts: 2, settled: true},
		"the second, after one that was lost":      {sends: many(lost), looks: many(absent), verdict: settle.Unknown, sent: 1, attempts: 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				s := play(append(tc.sends, paid), tc.looks)
				s.Policy.ResendAbsentFor = time.Hour
				journal := s.noting()
				noted := 0
				journal.takes = func(method string) time.Duration {
					if method == "Attempt" {
						if noted++; noted > len(tc.sends) {
							time.AfterFunc(time.Second, func() { cancel(errGone) })
						}
						return 2 * time.Second
					}
					return 0
				}
				if tc.breaks {
					journal.fault = failing("Attempt", true, 1)
				}

				result := s.Run(ctx)

				assert.Equal(t, tc.verdict, result.Verdict)
				assert.ErrorIs(t, result.Err, errGone)
				assert.Equal(t, tc.sent, s.sent)
				entry, _ := journal.entry(key("order-1"))
				assert.Equal(t, tc.attempts, entry.Attempts)
				assert.Equal(t, tc.settled, entry.Settlement != nil)
				assert.False(t, journal.leased(key("order-1")))
			})
		})
	}
}

func TestAnAttemptThatWasNotedAndNeverLeftIsNoProofLater(t *testing.T) {
	for name, tc := range map[string]struct {
		repeats bool
		verdict settle.Verdict // of the call whose end could not be noted
	}{
		"where whoever recovers it only looks":  {false, settle.Later},
		"where whoever recovers it sends again": {true, settle.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				s := play(nil, many(absent))
				s.Repeats = tc.repeats
				journal := s.noting()
				journal.fault = failing("Settle", false, 1)
				journal.takes = func(method string) time.Duration {
					if method == "Attempt" {
						return 2 * time.Second
					}
					return 0
				}
				assert.Equal(t, tc.verdict, s.Run(ctx).Verdict)
				assert.Zero(t, s.sent)

				journal.die()
				next := play(nil, many(absent))
				next.Journal = journal.owner()
				assert.Equal(t, settle.Unknown, next.Run(t.Context()).Verdict)
			})
		})
	}
}

func TestWhatSomebodyElseHasSettledMeanwhileIsWhatEverybodyIsTold(t *testing.T) {
	another := func(journal *memory) { journal.entries[key("order-1")].owner = journal.owner() }
	for name, tc := range map[string]struct {
		sends      []seen
		meanwhile  facade.Outcome // what a person notes while the first attempt is under way
		takenOver  bool           // by another owner, who takes us for dead
		unreadable bool
		verdict    settle.Verdict
		result     string
		told       bool
	}{
		"ours is refused, theirs is paid":             {sends: many(refused), meanwhile: facade.OutcomeAccepted, verdict: settle.Accepted, result: "theirs"},
		"ours is temporary, theirs is refused":        {sends: many(later), meanwhile: facade.OutcomeRefused, verdict: settle.Refused, result: "theirs"},
		"ours is to be sent again, theirs is paid":    {sends: many(again, paid), meanwhile: facade.OutcomeAccepted, verdict: settle.Accepted, result: "theirs"},
		"ours is to be sent again, theirs is unpaid":  {sends: many(again, paid), meanwhile: facade.OutcomeRefused, verdict: settle.Refused, result: "theirs"},
		"ours is not known, theirs is unpaid":         {sends: many(lost, paid), meanwhile: facade.OutcomeRefused, verdict: settle.Refused, result: "theirs"},
		"ours is paid, theirs is unpaid":              {sends: many(paid), meanwhile: facade.OutcomeRefused, verdict: settle.Accepted, result: "paid", told: true},
		"ours is refused, and theirs cannot be read":  {sends: many(refused), meanwhile: facade.OutcomeAccepted, unreadable: true, verdict: settle.Unknown, result: "refused", told: true},
		"ours is refused, and they are at work on it": {sends: many(refused), takenOver: true, verdict: settle.Unknown, result: "refused", told: true},
		"ours is paid, and they are at work on it":    {sends: many(paid), takenOver: true, verdict: settle.Accepted, result: "paid"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := play(tc.sends, many(absent))
				s.Policy.ResendAbsentFor = time.Hour
				journal := s.noting()
				send := s.Send
				s.Send = func(ctx context.Context) seen {
					if tc.meanwhile != "" {
						settled(t, journal, tc.meanwhile, "theirs")
					}
					if tc.takenOver {
						another(journal)
					}
					if tc.unreadable {
						journal.fault = failing("Get", false, 1)
					}
					return send(ctx)
				}
				told := false
				s.NotNoted = func(error) { told = true }

				result := s.Run(t.Context())

				assert.Equal(t, tc.verdict, result.Verdict)
				assert.Equal(t, tc.result, result.Result)
				assert.Equal(t, tc.told, told)
				assert.Equal(t, 1, s.sent, "nothing is sent after it was settled")
				assert.Equal(t, result.Verdict == settle.Unknown, errors.Is(result.Err, settle.ErrJournal))
			})
		})
	}
}

func TestACaseThatNeverEndsGivesUpItsLease(t *testing.T) {
	stops := map[string]func(){
		"a panic":            func() { panic("a hook of the caller's") },
		"the goroutine ends": runtime.Goexit,
	}
	for name, stop := range stops {
		for where, prepare := range map[string]func(*script, *memory){
			"while it is sent":      func(s *script, _ *memory) { s.Send = func(context.Context) seen { stop(); return paid } },
			"while it is looked up": func(s *script, _ *memory) { s.Look = func(context.Context) seen { stop(); return paid } },
			"while it is recovered": func(s *script, journal *memory) {
				earlier := journal.owner()
				begun(t, earlier, "a transfer", 1)
				earlier.die()
				s.Look = func(context.Context) seen { stop(); return paid }
			},
		} {
			t.Run(name+" "+where, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := play(many(lost), nil)
					journal := s.noting()
					prepare(s, journal)
					ended := make(chan bool)
					go func() {
						defer close(ended)
						defer func() { _ = recover() }()
						s.Run(t.Context())
					}()
					<-ended
					entry, found := journal.entry(key("order-1"))
					require.True(t, found)
					assert.Nil(t, entry.Settlement)
					assert.False(t, journal.leased(key("order-1")), "so that it can be recovered")
				})
			})
		}
	}
}

// TestWhatIsResumedIsNeverTakenForWhatNeverLeft kills a resumption at every note: an earlier life may have paid.
func TestWhatIsResumedIsNeverTakenForWhatNeverLeft(t *testing.T) {
	for _, shows := range []seen{absent, refused} {
		for crashAt := range 4 {
			synctest.Test(t, func(t *testing.T) {
				s := play(nil, many(shows))
				journal := s.noting()
				steps := 0
				journal.step = func() {
					if steps++; steps > crashAt {
						runtime.Goexit()
					}
				}
				ended := make(chan bool)
				go func() {
					defer close(ended)
					s.Resuming(time.Now(), false).Run(t.Context())
				}()
				<-ended
				journal.die()

				next := journal.owner()
				for entry, err := range next.Open(t.Context(), scope, "Send") {
					require.NoError(t, err)
					recovery := play(nil, many(shows))
					recovery.Journal = next
					assert.Equal(t, settle.Unknown, recovery.Recover(t.Context(), entry, s.Open).Verdict, "killed at note %d", crashAt)
				}
			})
		}
	}
}
