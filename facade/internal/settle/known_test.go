// Tests of what the journal knows: entries that are settled, open, leased to others, resumed, or cannot be noted.

package settle_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/settle"
)

// begun is an entry that an earlier life left, after so many attempts.
func begun(t *testing.T, journal *memory, request string, attempts int) {
	t.Helper()
	_, fresh, err := journal.Begin(t.Context(), facade.Intent{Key: key("order-1"), Request: []byte(request), NotedAt: time.Now()})
	require.NoError(t, err)
	require.True(t, fresh)
	for range attempts {
		require.NoError(t, journal.Attempt(t.Context(), key("order-1"), time.Now()))
	}
}

func settled(t *testing.T, journal *memory, outcome facade.Outcome, answer string) {
	t.Helper()
	require.NoError(t, journal.Settle(t.Context(), key("order-1"), facade.Settlement{Outcome: outcome, Answer: []byte(answer), By: "answer"}))
}

func TestWhatTheJournalHoldsIsNeverSentAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		attempts int
		request  string
		outcome  facade.Outcome // of its settlement, if any
		looks    []seen
		verdict  settle.Verdict
		result   string
		is       error
		after    facade.Outcome // what it is settled as in the end
	}{
		"accepted":                        {outcome: facade.OutcomeAccepted, verdict: settle.Accepted, result: "stored", after: facade.OutcomeAccepted},
		"refused":                         {outcome: facade.OutcomeRefused, verdict: settle.Refused, result: "stored", after: facade.OutcomeRefused},
		"temporary":                       {outcome: facade.OutcomeTemporary, verdict: settle.Later, result: "stored", after: facade.OutcomeTemporary},
		"settled as what settles nothing": {outcome: facade.OutcomeUnknown, verdict: settle.Unknown, after: facade.OutcomeUnknown},
		"another request":                 {request: "another", attempts: 1, verdict: settle.Unknown, is: facade.ErrReferenceConflict},
		"another request, settled":        {request: "another", outcome: facade.OutcomeAccepted, verdict: settle.Unknown, is: facade.ErrReferenceConflict, after: facade.OutcomeAccepted},
		"open, never left":                {verdict: settle.Later, after: facade.OutcomeTemporary},
		"open, paid":                      {attempts: 1, looks: many(paid), verdict: settle.Accepted, result: "paid", after: facade.OutcomeAccepted},
		"open, failed":                    {attempts: 1, looks: many(refused), verdict: settle.Refused, result: "refused", after: facade.OutcomeRefused},
		"open, one of two failed":         {attempts: 2, looks: many(refused), verdict: settle.Unknown, result: "refused"},
		"open, absent":                    {attempts: 1, looks: many(absent), verdict: settle.Unknown, result: "open"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				shelf := newShelf()
				earlier := shelf.owner()
				if tc.request == "" {
					tc.request = "a transfer"
				}
				begun(t, earlier, tc.request, tc.attempts)
				if tc.outcome != "" {
					settled(t, earlier, tc.outcome, "stored")
				}
				earlier.die()
				s := play(nil, tc.looks)
				s.Policy.ResendAbsentFor = time.Hour
				s.Journal = shelf.owner()

				result := s.Run(t.Context())

				assert.Equal(t, tc.verdict, result.Verdict)
				assert.Equal(t, tc.result, result.Result)
				if tc.is != nil {
					assert.ErrorIs(t, result.Err, tc.is)
				}
				assert.Zero(t, s.sent)
				assert.False(t, shelf.leased(key("order-1")), "no lease is kept")
				entry, _ := shelf.entry(key("order-1"))
				if tc.after == "" {
					assert.Nil(t, entry.Settlement)
					return
				}
				require.NotNil(t, entry.Settlement)
				assert.Equal(t, tc.after, entry.Settlement.Outcome)
			})
		})
	}
}

func TestAnAnswerThatCannotBeReadStaysUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(nil, nil)
		journal := s.noting()
		begun(t, journal, "a transfer", 1)
		settled(t, journal, facade.OutcomeRefused, "garbled")
		s.Unpack = func(facade.Settlement) (string, error) { return "", errors.New("garbled") }
		result := s.Run(t.Context())
		assert.Equal(t, settle.Unknown, result.Verdict)
		assert.ErrorContains(t, result.Err, "garbled")
	})
}

func TestAClockThatWasSetNeverCutsTheWaitShort(t *testing.T) {
	for name, step := range map[string]time.Duration{"back": -30 * 24 * time.Hour, "forward": 30 * 24 * time.Hour, "not at all": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				shelf := newShelf()
				earlier := shelf.owner()
				// By its own clock, the earlier life was ahead, or behind.
				earlier.clock = func() time.Time { return time.Now().Add(-step) }
				begun(t, earlier, "a transfer", 1)
				earlier.die()
				s := play(nil, append(times(9, absent), paid))
				s.Journal = shelf.owner()

				result := s.Run(t.Context())

				assert.Equal(t, settle.Accepted, result.Verdict, "the service takes 95 s to show it")
				assert.Equal(t, 100*time.Second, time.Since(s.begun))
			})
		})
	}
}

func TestWhatAnotherIsAtWorkOnIsLeftToThem(t *testing.T) {
	for name, tc := range map[string]struct {
		owner   func(*testing.T, *memory)
		looks   []seen
		noLook  bool
		verdict settle.Verdict
		result  string
		took    time.Duration
	}{
		"they settle it":                    {owner: func(t *testing.T, m *memory) { settled(t, m, facade.OutcomeRefused, "theirs") }, looks: many(absent), verdict: settle.Refused, result: "theirs", took: 30 * time.Second},
		"they settle it, and none may look": {owner: func(t *testing.T, m *memory) { settled(t, m, facade.OutcomeAccepted, "theirs") }, noLook: true, verdict: settle.Accepted, result: "theirs", took: 30 * time.Second},
		"it is seen to be paid":             {looks: many(absent, paid), verdict: settle.Accepted, result: "paid", took: 3 * time.Second},
		"it is seen to be pending":          {looks: many(pending), verdict: settle.Pending, result: "submitted", took: time.Second},
		"a failed attempt of theirs":        {looks: many(refused), verdict: settle.Unknown, result: "refused", took: 100 * time.Second},
		"it is not there yet":               {looks: many(absent), verdict: settle.Unknown, result: "open", took: 100 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				shelf := newShelf()
				theirs := shelf.owner()
				begun(t, theirs, "a transfer", 0)
				if tc.owner != nil {
					time.AfterFunc(25*time.Second, func() { tc.owner(t, theirs) })
				}
				s := play(nil, tc.looks)
				s.Journal = shelf.owner()
				if tc.noLook {
					s.Look = nil
				}

				result := s.Run(t.Context())

				assert.Equal(t, tc.verdict, result.Verdict)
				assert.Equal(t, tc.result, result.Result)
				assert.Equal(t, tc.took, time.Since(s.begun))
				assert.Zero(t, s.sent)
				if tc.verdict == settle.Unknown {
					assert.True(t, shelf.leased(key("order-1")), "it is still theirs")
					assert.NoError(t, theirs.Attempt(t.Context(), key("order-1"), time.Now()))
				}
			})
		})
	}
}

func TestWatchingSeesASettlementBeforeTheLookUpsTurnComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shelf := newShelf()
		theirs := shelf.owner()
		begun(t, theirs, "a transfer", 1)
		time.AfterFunc(10*time.Second, func() { settled(t, theirs, facade.OutcomeAccepted, "theirs") })
		s := play(nil, nil)
		s.Journal = shelf.owner()
		s.Look = func(ctx context.Context) seen {
			<-ctx.Done()
			return unclear
		}
		assert.Equal(t, "theirs", s.Run(t.Context()).Result)
		assert.Less(t, time.Since(s.begun), 40*time.Second)
	})
}

func TestWatchingSeesWhatFailedWhileItWasLookedAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shelf := newShelf()
		theirs := shelf.owner()
		begun(t, theirs, "a transfer", 1)
		s := play(nil, nil)
		s.Journal = shelf.owner()
		s.Look = func(context.Context) seen {
			settled(t, theirs, facade.OutcomeRefused, "theirs")
			return pending
		}
		result := s.Run(t.Context())
		assert.Equal(t, settle.Refused, result.Verdict)
		assert.Equal(t, "theirs", result.Result)
	})
}

func TestWatchingLeavesTheLeaseToThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal := newShelf().owner()
		begun(t, journal, "a transfer", 1) // by another caller of the same owner
		journal.fault = failing("Settle", false, 1)
		s := play(nil, many(paid))
		s.Journal = journal
		assert.Equal(t, settle.Accepted, s.Run(t.Context()).Verdict)
		assert.True(t, journal.leased(key("order-1")))
	})
}

// failing breaks a method down, before or after it has done its work, from the nth call on.
func failing(method string, after bool, from int) func(string) (error, error) {
	calls := 0
	return func(called string) (error, error) {
		if called != method {
			return nil, nil
		}
		if calls++; calls < from {
			return nil, nil
		}
		if after {
			return nil, errDisk
		}
		return errDisk, nil
	}
}

func TestAJournalThatBreaksDown(t *testing.T) {
	for name, tc := range map[string]struct {
		method  string
		after   bool
		from    int
		before  func(*testing.T, *memory) // what the journal holds already
		resume  bool
		sends   []seen
		looks   []seen
		verdict settle.Verdict
		result  string
		sent    int
		is      error
		settled facade.Outcome
		told    bool // of an outcome that could not be noted
	}{
		"an intent that is not noted":              {method: "Begin", verdict: settle.Later, is: errDisk},
		"an intent that is noted, as nobody hears": {method: "Begin", after: true, verdict: settle.Later, is: errDisk, settled: facade.OutcomeTemporary},
		"an intent of which nothing can be learnt": {method: "all", verdict: settle.Unknown, result: "open", is: errDisk, told: true},
		"nothing can be learnt, and it was paid long ago": {method: "all", before: func(t *testing.T, m *memory) {
			begun(t, m, "a transfer", 1)
			settled(t, m, facade.OutcomeAccepted, "stored")
		}, verdict: settle.Unknown, result: "open", is: errDisk, told: true, settled: facade.OutcomeAccepted},
		"an intent that was noted long ago":       {method: "Begin", before: func(t *testing.T, m *memory) { begun(t, m, "a transfer", 1) }, verdict: settle.Unknown, result: "open", is: errDisk},
		"an intent that another is about to send": {method: "Begin", before: func(t *testing.T, m *memory) { begun(t, m, "a transfer", 0); time.Sleep(time.Second) }, verdict: settle.Unknown, result: "open", is: errDisk},
		"an intent that was settled long ago": {method: "Begin", before: func(t *testing.T, m *memory) {
			begun(t, m, "a transfer", 1)
			settled(t, m, facade.OutcomeAccepted, "stored")
		}, verdict: settle.Accepted, result: "stored", settled: facade.OutcomeAccepted},
		"another intent that was noted long ago":             {method: "Begin", before: func(t *testing.T, m *memory) { begun(t, m, "another", 1) }, verdict: settle.Unknown, is: facade.ErrReferenceConflict},
		"an intent to resume":                                {method: "Begin", resume: true, verdict: settle.Unknown, result: "open", is: errDisk},
		"an intent to resume that is noted, as nobody hears": {method: "Begin", after: true, resume: true, verdict: settle.Unknown, result: "open", is: errDisk},
		"an intent to resume that was settled long ago": {method: "Begin", resume: true, before: func(t *testing.T, m *memory) {
			begun(t, m, "a transfer", 1)
			settled(t, m, facade.OutcomeRefused, "stored")
		}, verdict: settle.Refused, result: "stored", settled: facade.OutcomeRefused},
		"an attempt that is not noted":                 {method: "Attempt", from: 1, verdict: settle.Later, is: errDisk, settled: facade.OutcomeTemporary},
		"an attempt that is noted, as nobody hears":    {method: "Attempt", from: 1, after: true, verdict: settle.Later, is: errDisk, settled: facade.OutcomeTemporary},
		"an attempt to resume, all of them before":     {method: "Attempt", from: 1, resume: true, looks: many(paid), verdict: settle.Accepted, result: "paid", settled: facade.OutcomeAccepted},
		"an attempt to resume, not counted before":     {method: "Attempt", from: 1, resume: true, looks: many(absent), verdict: settle.Unknown, result: "open", is: errDisk},
		"the second attempt, after a refusal":          {method: "Attempt", from: 2, sends: many(again), verdict: settle.Later, result: "again", sent: 1, is: errDisk, settled: facade.OutcomeTemporary},
		"the second attempt, after a doubt":            {method: "Attempt", from: 2, sends: many(lost), looks: many(absent), verdict: settle.Unknown, result: "lost", sent: 1, is: errDisk},
		"the third attempt, after a doubt and refusal": {method: "Attempt", from: 3, sends: many(lost, again), looks: many(absent), verdict: settle.Unknown, result: "again", sent: 2, is: errDisk},
		"an outcome: paid":                             {method: "Settle", sends: many(paid), verdict: settle.Accepted, result: "paid", sent: 1, told: true},
		"an outcome: paid, noted, as nobody hears":     {method: "Settle", after: true, sends: many(paid), verdict: settle.Accepted, result: "paid", sent: 1, told: true, settled: facade.OutcomeAccepted},
		"an outcome: refused":                          {method: "Settle", sends: many(refused), verdict: settle.Refused, result: "refused", sent: 1, told: true},
		"a lease that is not given up":                 {method: "Release", sends: many(lost), looks: many(hopeless), verdict: settle.Unknown, result: "hopeless", sent: 1, told: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				shelf := newShelf()
				if tc.before != nil {
					tc.before(t, shelf.owner())
				}
				s := play(tc.sends, tc.looks)
				s.Policy.ResendAbsentFor = time.Hour
				journal := shelf.owner()
				journal.uncounting = strings.HasSuffix(name, "not counted before")
				s.Journal = journal
				journal.fault = failing(tc.method, tc.after, tc.from)
				if tc.method == "all" {
					journal.fault = func(string) (error, error) { return errDisk, nil }
				}
				told := false
				s.NotNoted = func(err error) { told = errors.Is(err, errDisk) }
				if tc.resume {
					s.Resuming(time.Now(), true)
				}

				result := s.Run(t.Context())

				assert.Equal(t, tc.verdict, result.Verdict)
				assert.Equal(t, tc.result, result.Result)
				assert.Equal(t, tc.sent, s.sent)
				assert.Equal(t, tc.told, told)
				if tc.is != nil {
					assert.ErrorIs(t, result.Err, tc.is)
					assert.Equal(t, tc.is == errDisk, errors.Is(result.Err, settle.ErrJournal))
				} else {
					assert.NoError(t, result.Err)
				}
				entry, found := shelf.entry(key("order-1"))
				require.Equal(t, tc.settled != "", found && entry.Settlement != nil)
				if tc.settled != "" {
					assert.Equal(t, tc.settled, entry.Settlement.Outcome)
				}
			})
		})
	}
}

func TestAnOutcomeThatCouldNotBeNotedIsSettledAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(many(paid), many(paid))
		journal := s.noting()
		journal.fault = failing("Settle", false, 1)
		assert.Equal(t, settle.Accepted, s.Run(t.Context()).Verdict)

		journal.fault = nil
		n := 0
		for entry, err := range journal.Open(t.Context(), scope, "Send") {
			require.NoError(t, err)
			n++
			assert.Equal(t, settle.Accepted, s.Recover(t.Context(), entry, s.Open).Verdict)
		}
		assert.Equal(t, 1, n, "the same process may settle it: it is not taken for one in flight")
		entry, _ := journal.entry(key("order-1"))
		assert.Equal(t, facade.OutcomeAccepted, entry.Settlement.Outcome)
	})
}

func TestARefusalThatCannotBeNotedDoesNotLastWhereLookingIsRepeating(t *testing.T) {
	for name, tc := range map[string]struct {
		repeats bool
		sends   []seen
		fails   string
		verdict settle.Verdict
	}{
		"refused, and it will be repeated":          {true, many(refused), "Settle", settle.Unknown},
		"not now, and it will be repeated":          {true, many(later), "Settle", settle.Unknown},
		"done, and it will be found done":           {true, many(paid), "Settle", settle.Accepted},
		"refused, and it will only be looked at":    {false, many(refused), "Settle", settle.Refused},
		"refused, and noted":                        {true, many(refused), "", settle.Refused},
		"never left, so that nobody will repeat it": {true, nil, "Attempt", settle.Later},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := play(tc.sends, nil)
				s.Repeats = tc.repeats
				s.noting().fault = failing(tc.fails, false, 1)
				result := s.Run(t.Context())
				assert.Equal(t, tc.verdict, result.Verdict)
				assert.Equal(t, tc.fails == "Attempt" || tc.verdict == settle.Unknown, errors.Is(result.Err, errDisk))
			})
		})
	}
}

func TestResumingLooksBeforeItSends(t *testing.T) {
	for name, tc := range map[string]struct {
		may          bool
		sends, looks []seen
		verdict      settle.Verdict
		result       string
		sent         int
		settled      facade.Outcome
	}{
		"paid":                                  {may: true, looks: many(paid), verdict: settle.Accepted, result: "paid", settled: facade.OutcomeAccepted},
		"on its way":                            {looks: many(pending), verdict: settle.Pending, result: "submitted", settled: facade.OutcomeAccepted},
		"failed: an earlier one may be paid":    {may: true, looks: many(refused), verdict: settle.Unknown, result: "refused"},
		"absent":                                {looks: many(absent), verdict: settle.Unknown, result: "open"},
		"not clear":                             {may: true, looks: many(absent, unclear), verdict: settle.Unknown, result: "open"},
		"absent, and may be sent":               {may: true, sends: many(paid), looks: many(absent), verdict: settle.Accepted, result: "paid", sent: 1, settled: facade.OutcomeAccepted},
		"absent, sent, refused":                 {may: true, sends: many(refused), looks: many(absent), verdict: settle.Refused, result: "refused", sent: 1, settled: facade.OutcomeRefused},
		"absent, sent, lost, one failed":        {may: true, sends: many(lost), looks: append(times(10, absent), refused), verdict: settle.Unknown, result: "refused", sent: 1},
		"absent, sent, lost, absent: not again": {may: true, sends: many(lost), looks: many(absent), verdict: settle.Unknown, result: "lost", sent: 1},
	} {
		for _, kind := range []string{"with a journal", "with one that does not count what was before it", "without"} {
			t.Run(name+", "+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := play(tc.sends, tc.looks)
					journal := kind != "without"
					var noted *memory
					if journal {
						noted = s.noting()
						noted.uncounting = kind != "with a journal"
					}

					result := s.Resuming(time.Now(), tc.may).Run(t.Context())

					assert.Equal(t, tc.verdict, result.Verdict)
					assert.Equal(t, tc.result, result.Result)
					assert.Equal(t, tc.sent, s.sent)
					if !journal {
						return
					}
					entry, _ := noted.entry(key("order-1"))
					if tc.settled != "" {
						require.NotNil(t, entry.Settlement)
						assert.Equal(t, tc.settled, entry.Settlement.Outcome)
						return
					}
					assert.Nil(t, entry.Settlement)
					assert.GreaterOrEqual(t, entry.Attempts, 2, "who recovers it must not take it for one that never left, or left once")
				})
			})
		}
	}
}
