// Tests of single cases: what follows from each observation, how long it takes, and what the journal holds in the end.

package settle_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/settle"
)

type seen = settle.Seen[string]

// What can be observed.
var (
	paid      = seen{Verdict: settle.Accepted, Left: true, Result: "paid"}
	pending   = seen{Verdict: settle.Pending, Left: true, Result: "submitted"}
	moving    = seen{Verdict: settle.Pending, Moving: true, Result: "processing"}
	refused   = seen{Verdict: settle.Refused, Left: true, Result: "refused"}
	later     = seen{Verdict: settle.Later, Left: true, Result: "later"}
	again     = seen{Verdict: settle.Later, Left: true, Again: true, Result: "again"}
	notLeft   = seen{Verdict: settle.Later, Again: true, Result: "not left"}
	lost      = seen{Verdict: settle.LookUp, Left: true, Result: "lost"}
	duplicate = seen{Verdict: settle.LookUp, Left: true, Earlier: true, Result: "duplicate"}
	strange   = seen{Verdict: "strange", Left: true, Result: "strange"}
	absent    = seen{Verdict: settle.LookUp, Absent: true}
	unclear   = seen{Verdict: settle.LookUp}
	hopeless  = seen{Verdict: settle.Unknown, Result: "hopeless"}
)

// script is a case whose observations are given; the last look-up comes again and again.
type script struct {
	sends, looks []seen
	sent, looked int
	lookedAt     []time.Duration
	begun        time.Time
	*settle.Case[string]
}

func play(sends, looks []seen) *script {
	s := &script{sends: sends, looks: looks, begun: time.Now()}
	s.Case = &settle.Case[string]{
		Policy: policy(),
		Intent: facade.Intent{Key: key("order-1"), Request: []byte("a transfer"), NotedAt: time.Now()},
		Send: func(context.Context) seen {
			s.sent++
			return s.sends[s.sent-1]
		},
		Look: func(context.Context) seen {
			s.looked++
			s.lookedAt = append(s.lookedAt, time.Since(s.begun))
			return s.looks[min(s.looked, len(s.looks))-1]
		},
		Open:   seen{Verdict: settle.Unknown, Result: "open"},
		Pack:   func(r string) []byte { return []byte(r) },
		Unpack: func(settled facade.Settlement) (string, error) { return string(settled.Answer), nil },
	}
	return s
}

// noting gives the case a journal of its own.
func (s *script) noting() *memory {
	journal := newShelf().owner()
	s.Journal = journal
	return journal
}

func many(s ...seen) []seen { return s }

func TestWhatFollowsFromEachObservation(t *testing.T) {
	const lookFor = 100 * time.Second
	for name, tc := range map[string]struct {
		sends, looks []seen
		guarded      bool // duplicates are prevented
		verdict      settle.Verdict
		result       string
		sent         int
		took         time.Duration // exactly; -1 for the time of the look-ups
		settled      facade.Outcome
		by           string
	}{
		"paid":                  {sends: many(paid), verdict: settle.Accepted, result: "paid", sent: 1, settled: facade.OutcomeAccepted, by: "answer"},
		"submitted":             {sends: many(pending), verdict: settle.Pending, result: "submitted", sent: 1, settled: facade.OutcomeAccepted, by: "answer"},
		"refused":               {sends: many(refused), verdict: settle.Refused, result: "refused", sent: 1, settled: facade.OutcomeRefused, by: "answer"},
		"not now":               {sends: many(later), verdict: settle.Later, result: "later", sent: 1, settled: facade.OutcomeTemporary, by: "answer"},
		"not now, then paid":    {sends: many(again, paid), verdict: settle.Accepted, result: "paid", sent: 2, took: time.Second, settled: facade.OutcomeAccepted, by: "answer"},
		"never leaves":          {sends: many(notLeft, notLeft, notLeft, notLeft), verdict: settle.Later, result: "not left", sent: 4, took: 6 * time.Second, settled: facade.OutcomeTemporary, by: "answer"},
		"leaves at last":        {sends: many(notLeft, notLeft, paid), verdict: settle.Accepted, result: "paid", sent: 3, took: 3 * time.Second, settled: facade.OutcomeAccepted, by: "answer"},
		"an unheard-of verdict": {sends: many(strange), verdict: settle.Unknown, result: "strange", sent: 1},
		"lost, and nothing more can be said": {
			sends: many(seen{Verdict: settle.Unknown, Left: true, Result: "lost"}), verdict: settle.Unknown, result: "lost", sent: 1},

		"lost and paid":                            {sends: many(lost), looks: many(paid), verdict: settle.Accepted, result: "paid", sent: 1, took: time.Second, settled: facade.OutcomeAccepted, by: "look-up"},
		"lost and submitted":                       {sends: many(lost), looks: many(pending), verdict: settle.Pending, result: "submitted", sent: 1, took: time.Second, settled: facade.OutcomeAccepted, by: "look-up"},
		"lost and failed":                          {sends: many(lost), looks: many(refused), verdict: settle.Refused, result: "refused", sent: 1, took: -1, settled: facade.OutcomeRefused, by: "look-up"},
		"lost and failed for now":                  {sends: many(lost), looks: many(again), verdict: settle.Later, result: "again", sent: 1, took: -1, settled: facade.OutcomeTemporary, by: "look-up"},
		"lost, an older one failed, paid":          {sends: many(lost), looks: many(refused, refused, paid), verdict: settle.Accepted, result: "paid", sent: 1, took: 7 * time.Second, settled: facade.OutcomeAccepted, by: "look-up"},
		"lost, failed, hidden again":               {sends: many(lost), looks: many(refused, absent), verdict: settle.Unknown, result: "refused", sent: 1, took: -1},
		"lost, on its way, paid":                   {sends: many(lost), looks: many(moving, moving, paid), verdict: settle.Accepted, result: "paid", sent: 1, took: 7 * time.Second, settled: facade.OutcomeAccepted, by: "look-up"},
		"lost, on its way, failed":                 {sends: many(lost), looks: many(moving, refused), verdict: settle.Refused, result: "refused", sent: 1, took: -1, settled: facade.OutcomeRefused, by: "look-up"},
		"lost, and on its way to the end":          {sends: many(lost), looks: many(moving), verdict: settle.Pending, result: "processing", sent: 1, took: -1, settled: facade.OutcomeAccepted, by: "look-up"},
		"lost, on its way, hidden again":           {sends: many(lost), looks: many(moving, absent), verdict: settle.Pending, result: "processing", sent: 1, took: -1, settled: facade.OutcomeAccepted, by: "look-up"},
		"lost and absent":                          {sends: many(lost), looks: many(absent), verdict: settle.Unknown, result: "lost", sent: 1, took: -1},
		"lost, and nothing to be learnt":           {sends: many(lost), looks: many(unclear), verdict: settle.Unknown, result: "lost", sent: 1, took: -1},
		"lost, and no use to look on":              {sends: many(lost), looks: many(unclear, hopeless), verdict: settle.Unknown, result: "hopeless", sent: 1, took: 3 * time.Second},
		"lost, listed late":                        {sends: many(lost), looks: many(absent, absent, absent, absent, paid), verdict: settle.Accepted, result: "paid", sent: 1, took: 30 * time.Second, settled: facade.OutcomeAccepted, by: "look-up"},
		"lost the second time, and one failed":     {sends: many(again, lost), looks: many(refused), verdict: settle.Unknown, result: "refused", sent: 2, took: -1},
		"lost the second time, and paid":           {sends: many(again, lost), looks: many(refused, paid), verdict: settle.Accepted, result: "paid", sent: 2, took: 4 * time.Second, settled: facade.OutcomeAccepted, by: "look-up"},
		"lost the second time, on its way, failed": {sends: many(again, lost), looks: many(moving, refused), verdict: settle.Unknown, result: "refused", sent: 2, took: -1},
		"lost after one that never left, failed":   {sends: many(notLeft, lost), looks: many(refused), verdict: settle.Refused, result: "refused", sent: 2, took: -1, settled: facade.OutcomeRefused, by: "look-up"},
		"a duplicate of what is paid":              {sends: many(duplicate), looks: many(paid), verdict: settle.Accepted, result: "paid", sent: 1, took: time.Second, settled: facade.OutcomeAccepted, by: "look-up"},
		"a duplicate that is itself listed failed": {sends: many(duplicate), looks: many(refused), verdict: settle.Unknown, result: "refused", sent: 1, took: -1},

		"guarded: absent, sent again, paid":                    {guarded: true, sends: many(lost, paid), looks: many(absent), verdict: settle.Accepted, result: "paid", sent: 2, took: -1, settled: facade.OutcomeAccepted, by: "answer"},
		"guarded: absent, a duplicate, not listed":             {guarded: true, sends: many(lost, duplicate), looks: many(absent), verdict: settle.Unknown, result: "duplicate", sent: 2, took: 2 * lookFor},
		"guarded: absent, a duplicate, listed":                 {guarded: true, sends: many(lost, duplicate), looks: append(times(10, absent), paid), verdict: settle.Accepted, result: "paid", sent: 2, took: lookFor + time.Second, settled: facade.OutcomeAccepted, by: "look-up"},
		"guarded: not clear, so not sent again":                {guarded: true, sends: many(lost), looks: many(absent, unclear), verdict: settle.Unknown, result: "lost", sent: 1, took: -1},
		"guarded: absent, then refused: the first may be paid": {guarded: true, sends: many(lost, refused), looks: many(absent), verdict: settle.Unknown, result: "refused", sent: 2, took: 2 * lookFor},
		"guarded: absent, then not now, to the end":            {guarded: true, sends: many(lost, again, again, again), looks: many(absent), verdict: settle.Unknown, result: "again", sent: 4, took: 2*lookFor + 5*time.Second},
		"guarded: absent, then not now, then listed":           {guarded: true, sends: many(lost, later), looks: append(times(10, absent), paid), verdict: settle.Accepted, result: "paid", sent: 2, took: lookFor + time.Second, settled: facade.OutcomeAccepted, by: "look-up"},
		"guarded: always lost and absent":                      {guarded: true, sends: many(lost, lost, lost, lost), looks: many(absent), verdict: settle.Unknown, result: "lost", sent: 4, took: 4 * lookFor},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := play(tc.sends, tc.looks)
				journal := s.noting()
				if tc.guarded {
					s.Policy.ResendAbsentFor = 50 * time.Minute
				}

				result := s.Run(t.Context())

				assert.Equal(t, tc.verdict, result.Verdict)
				assert.Equal(t, tc.result, result.Result)
				assert.Equal(t, tc.sent, s.sent, "sends")
				assert.Equal(t, tc.sent, result.Attempts)
				assert.True(t, result.Decided)
				assert.NoError(t, result.Err)
				if tc.took < 0 {
					tc.took = lookFor + min(time.Duration(len(tc.sends)-1)*time.Second, lookFor)*boolAs(tc.sends[0].Again)
				}
				assert.Equal(t, tc.took, time.Since(s.begun))

				entry, _ := journal.entry(key("order-1"))
				assert.Equal(t, tc.sent, entry.Attempts, "each is noted")
				assert.False(t, journal.leased(key("order-1")), "the lease has ended")
				if tc.settled == "" {
					assert.Nil(t, entry.Settlement, "it stays open")
					return
				}
				require.NotNil(t, entry.Settlement)
				assert.Equal(t, tc.settled, entry.Settlement.Outcome)
				assert.Equal(t, tc.result, string(entry.Settlement.Answer))
				assert.Equal(t, tc.by, entry.Settlement.By)
			})
		})
	}
}

func times(n int, s seen) []seen {
	all := make([]seen, n)
	for i := range all {
		all[i] = s
	}
	return all
}

func boolAs(b bool) time.Duration {
	if b {
		return 1
	}
	return 0
}

func TestLookUpsBackOffUntilPastTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(many(lost), many(absent))
		s.Run(t.Context())
		var at []int
		for _, when := range s.lookedAt {
			at = append(at, int(when.Seconds()))
		}
		assert.Equal(t, []int{1, 3, 7, 15, 30, 45, 60, 75, 90, 100}, at)
	})
}

func TestALookUpMayWaitForItsTurnUntilALittlePastTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(many(lost), nil)
		s.Look = func(ctx context.Context) seen {
			<-ctx.Done()
			return unclear
		}
		result := s.Run(t.Context())
		assert.Equal(t, settle.Unknown, result.Verdict)
		assert.Equal(t, 130*time.Second, time.Since(s.begun))
	})
}

func TestACaseThatCannotLookIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(many(lost), nil)
		s.Look = nil
		result := s.Run(t.Context())
		assert.Equal(t, settle.Unknown, result.Verdict)
		assert.Equal(t, "lost", result.Result)
		assert.Zero(t, time.Since(s.begun))
	})
}

func TestAPauseThatIsTooLongIsNotBegun(t *testing.T) {
	asks := func(pause time.Duration) seen {
		return seen{Verdict: settle.Later, Left: true, Again: true, Pause: pause, Result: "busy"}
	}
	for name, tc := range map[string]struct {
		pause, deadline, took time.Duration
		sent                  int
	}{
		"beyond the policy":         {pause: 61 * time.Second, deadline: time.Hour, sent: 1},
		"beyond the deadline":       {pause: 30 * time.Second, deadline: 30 * time.Second, sent: 1},
		"within both, to the limit": {pause: time.Minute, deadline: 2 * time.Minute, took: time.Minute, sent: 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tc.deadline)
				defer cancel()
				s := play(many(asks(tc.pause), paid), nil)
				result := new(settle.Flights[string]).Do(ctx, s.Case)
				assert.Equal(t, tc.sent, s.sent)
				assert.Equal(t, tc.took, time.Since(s.begun))
				assert.Equal(t, tc.sent == 2, result.Verdict == settle.Accepted)
			})
		})
	}
}

func TestAResendHasToBeSoon(t *testing.T) {
	for name, tc := range map[string]struct {
		window time.Duration
		sent   int
	}{
		"never, unless it is allowed":         {0, 1},
		"not once the time is over":           {100 * time.Second, 1},
		"counted from before the first left":  {149 * time.Second, 1},
		"as long as there is a little of it":  {151 * time.Second, 2},
		"and not for ever, however often":     {251 * time.Second, 3},
		"the policy bounds the attempts, too": {time.Hour, 4},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := play(times(4, lost), many(absent))
				s.Policy.ResendAbsentFor = tc.window
				send := s.Send
				s.Send = func(ctx context.Context) seen {
					if s.sent == 0 {
						time.Sleep(50 * time.Second)
					}
					return send(ctx)
				}
				assert.Equal(t, settle.Unknown, s.Run(t.Context()).Verdict)
				assert.Equal(t, tc.sent, s.sent)
			})
		})
	}
}

func TestAResendThatHasToWaitHasToBeSoonAllTheSame(t *testing.T) {
	busy := seen{Verdict: settle.Later, Left: true, Again: true, Pause: time.Minute, Result: "busy"}
	for name, tc := range map[string]struct {
		window time.Duration
		sent   int
	}{
		"the pause ends in time": {161 * time.Second, 3},
		"the pause ends too late, and the lost one may have been paid": {159 * time.Second, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := play(many(lost, busy, paid), many(absent))
				s.Policy.ResendAbsentFor = tc.window
				result := s.Run(t.Context())
				assert.Equal(t, tc.sent, s.sent)
				assert.Equal(t, tc.sent == 2, result.Verdict == settle.Unknown)
			})
		})
	}
}

func TestWhatIsToBeLookedUpCountsAsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(many(again, seen{Verdict: settle.LookUp, Result: "lost"}), many(refused))
		assert.Equal(t, settle.Unknown, s.Run(t.Context()).Verdict, "the failed one may be the first")
		assert.Equal(t, 101*time.Second, time.Since(s.begun))
	})
}

func TestWhatOutlivesItsCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		outliving, stop := settle.Outlive(ctx, 5*time.Second)
		defer stop()
		time.Sleep(time.Hour)
		require.NoError(t, outliving.Err())
		cancel()
		time.Sleep(5*time.Second - time.Millisecond)
		assert.NoError(t, outliving.Err())
		time.Sleep(time.Millisecond)
		synctest.Wait()
		assert.ErrorIs(t, outliving.Err(), context.Canceled)

		outliving, stop = settle.Outlive(t.Context(), time.Hour)
		stop()
		assert.Error(t, outliving.Err(), "or is ended when it is not needed any more")
	})
}

func TestASleepEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		assert.True(t, settle.Sleep(ctx, time.Second/2))
		assert.False(t, settle.Sleep(ctx, time.Minute))
		assert.Equal(t, time.Second, time.Since(begun))
		assert.False(t, settle.Sleep(ctx, 0), "a context that has ended leaves no time at all")
	})
}

func TestASendIsCalledOffOnlyBeforeItLeaves(t *testing.T) {
	for name, tc := range map[string]struct {
		leavesAfter, took time.Duration
	}{
		"called off while it is connecting":    {2 * time.Second, time.Second},
		"waited for a little once it has left": {time.Second / 2, time.Second + 5*time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				s := play(nil, many(absent))
				s.Send = func(ctx context.Context) seen {
					until, left, stop := settle.UntilLeft(ctx)
					defer stop()
					if !settle.Sleep(until, tc.leavesAfter) {
						return notLeft
					}
					left()
					<-until.Done()
					return lost
				}
				result := s.Run(ctx)
				assert.Equal(t, tc.took, time.Since(s.begun))
				assert.Equal(t, tc.took > 2*time.Second, result.Verdict == settle.Unknown, result.Verdict)
			})
		})
	}
	until, left, stop := settle.UntilLeft(t.Context())
	left()
	assert.NoError(t, until.Err(), "outside of a case there is nobody to call it off")
	stop()
	assert.Error(t, until.Err())
}

var errGone = errors.New("the program ends")

func TestNothingIsSentOnceTheCallersAreGone(t *testing.T) {
	for name, journal := range map[string]bool{"with a journal": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				s := play(many(again, paid), nil)
				if journal {
					s.noting()
				}
				time.AfterFunc(time.Second/2, func() { cancel(errGone) })
				result := s.Run(ctx)
				assert.Equal(t, 1, s.sent)
				assert.Equal(t, settle.Later, result.Verdict, "what was sent proves that nothing moved")
				assert.Equal(t, "again", result.Result)

				s = play(many(paid), nil)
				result = s.Run(ctx)
				assert.Zero(t, s.sent)
				assert.Equal(t, settle.Later, result.Verdict)
				assert.ErrorIs(t, result.Err, errGone)
			})
		})
	}
}
