// Tests of calls with a journal: what is noted, and what of it keeps a request from being sent.

package dizlee_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/dizlee"
)

func TestASettledIDIsNotSentAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		do        doing
		operation string
		steps     []step
		outcome   facade.Outcome
		duplicate bool
		attempts  int
	}{
		"accepted":                {doCharge, "Charge", []step{step(answers(200, succeeded))}, accepted, false, 1},
		"accepted by a duplicate": {doCharge, "Charge", []step{lost, says("-305")}, accepted, true, 2},
		"refused":                 {doCharge, "Charge", []step{says("-304")}, refused, false, 1},
		"temporary":               {doCharge, "Charge", []step{says("-322")}, temporary, false, 1},
		"a refund":                {doRefund, "Refund", []step{says("1")}, accepted, false, 1},
		"a refund of a part":      {doPart, "Refund", []step{says("-327")}, refused, false, 1},
		"an SMS":                  {doSMS, "SendSMS", []step{says("1")}, accepted, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, j := newWorld(t, tc.steps...), newMemory()
				_, before := tc.do(t.Context(), w.client(dizlee.WithJournal(j)))
				require.Equal(t, tc.outcome, facade.OutcomeOf(before))
				entry := j.entry(t, tc.operation)
				require.NotNil(t, entry.Settlement)
				assert.Equal(t, tc.outcome, entry.Settlement.Outcome)
				assert.Equal(t, tc.attempts, entry.Attempts)
				assert.NotContains(t, string(entry.Request)+string(entry.Settlement.Answer), "k3y")

				w.then(lost)
				duplicate, after := tc.do(t.Context(), w.client(dizlee.WithJournal(j.reopened())))
				assert.Equal(t, tc.outcome, facade.OutcomeOf(after))
				assert.Equal(t, tc.duplicate, duplicate)
				if before != nil {
					var was, is *dizlee.Error
					require.ErrorAs(t, before, &was)
					require.ErrorAs(t, after, &is)
					assert.Equal(t, was.Status, is.Status)
					assert.Equal(t, was.StatusDetail, is.StatusDetail)
					assert.Equal(t, was.HTTPStatus, is.HTTPStatus)
					assert.ErrorContains(t, after, "settled before")
				}
				assert.Empty(t, w.seconds())
			})
		})
	}
}

func TestAnotherRequestUnderAKnownIDIsAConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newWorld(t, says("1")), newMemory()
		_, err := w.client(dizlee.WithJournal(j)).Charge(t.Context(), charge())
		require.NoError(t, err)
		other := charge()
		other.UserID = "9647700900999"
		_, err = w.client(dizlee.WithJournal(j.reopened())).Charge(t.Context(), other)
		assert.ErrorIs(t, err, facade.ErrReferenceConflict)
		assert.NotErrorIs(t, err, facade.ErrOutcomeUnknown)
		assert.Len(t, w.seconds(), 1)
	})
}

func TestNothingIsSentThatCannotBeNoted(t *testing.T) {
	for _, method := range []string{"Begin", "Attempt"} {
		for name, operation := range operations {
			t.Run(method+" of "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w, j, full := newWorld(t, says("1")), newMemory(), errors.New("the disk is full")
					j.fails = only(method, full)
					err := operation(t.Context(), w.client(dizlee.WithJournal(j)))
					assert.Equal(t, temporary, facade.OutcomeOf(err))
					assert.ErrorIs(t, err, full)
					assert.ErrorContains(t, err, "not sent")
					assert.Empty(t, w.seconds())
				})
			})
		}
	}
}

func TestAnOutcomeThatCannotBeNotedIsReportedAndStaysOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newWorld(t, says("1"), says("-305")), newMemory()
		j.fails = only("Settle", errors.New("the disk is full"))
		var log bytes.Buffer
		c := w.client(dizlee.WithJournal(j), dizlee.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))

		_, err := c.Charge(t.Context(), charge())

		require.NoError(t, err)
		assert.Nil(t, j.entry(t, "Charge").Settlement)
		assert.Contains(t, log.String(), "the disk is full")
		assert.Contains(t, log.String(), "acme-c-1")
		assert.NotContains(t, log.String(), msisdn)

		found := recoverAll(t, w.client(dizlee.WithJournal(j.reopened())))
		require.Len(t, found, 1)
		assert.NoError(t, found[0].Err)
		assert.True(t, found[0].Answer.(*dizlee.ChargeResponse).ByDuplicate)
	})
}

func TestWhatOthersWorkOnIsLeftAlone(t *testing.T) {
	for name, of := range map[string]func(*memory) *memory{
		"another process":              (*memory).another,
		"another client of this owner": func(j *memory) *memory { return j },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, j := newWorld(t, lost, says("-504"), says("-504"), says("-305")), newMemory()
				var both sync.WaitGroup
				both.Go(func() {
					_, err := w.client(dizlee.WithJournal(j)).Charge(t.Context(), charge())
					assert.NoError(t, err)
				})
				synctest.Wait()
				<-time.After(500 * time.Millisecond)
				other := w.client(dizlee.WithJournal(of(j)))
				assert.Empty(t, recoverAll(t, other))
				got, err := other.Charge(t.Context(), charge())
				if assert.NoError(t, err) {
					assert.True(t, got.ByDuplicate)
				}
				both.Wait()
				assert.Equal(t, []float64{0, 2, 6, 14}, w.seconds(), "one of them alone has sent")
			})
		})
	}
}

func TestWhatALivingProcessNeverFinishesIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newWorld(t, says("1")), newMemory()
		_, _, err := j.Begin(t.Context(), intentOf(t, w))
		require.NoError(t, err)
		_, err = w.client(dizlee.WithJournal(j.another())).Charge(t.Context(), charge())
		assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
		assert.Equal(t, 100*time.Second, time.Since(w.began))
		assert.Empty(t, w.seconds())
	})
}

// intentOf returns what a client notes of the package's charge.
func intentOf(t *testing.T, w *world) facade.Intent {
	t.Helper()
	j := newMemory()
	j.fails = only("Attempt", errDead)
	_, err := w.client(dizlee.WithJournal(j)).Charge(t.Context(), charge())
	require.Error(t, err)
	return j.entry(t, "Charge").Intent
}

func TestARepetitionThatTheJournalForbidsIsNotSent(t *testing.T) {
	// proven is what another process has found out; it alone may settle what is leased.
	proven := func(t *testing.T, j *memory) {
		assert.NoError(t, j.another().Settle(t.Context(), noted("Charge"), facade.Settlement{Outcome: accepted, Answer: []byte(`{"answer":{"status":"1"}}`)}))
	}
	for name, tc := range map[string]struct {
		meanwhile func(t *testing.T, j *memory)
		outcome   facade.Outcome
	}{
		"another process knows that it was done": {proven, accepted},
		"the journal breaks": {func(_ *testing.T, j *memory) {
			j.mu.Lock()
			defer j.mu.Unlock()
			j.fails = only("Attempt", errDead)
		}, unknown},
		"the journal breaks after it was settled": {func(t *testing.T, j *memory) {
			proven(t, j)
			j.mu.Lock()
			defer j.mu.Unlock()
			j.fails = only("Get", errDead)
		}, unknown},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, j := newWorld(t, lost, says("1")), newMemory()
				time.AfterFunc(time.Second, func() { tc.meanwhile(t, j) })
				_, err := w.client(dizlee.WithJournal(j)).Charge(t.Context(), charge())
				assert.Equal(t, tc.outcome, facade.OutcomeOf(err))
				assert.Equal(t, []float64{0}, w.seconds())
			})
		})
	}
}

// forgetful is a journal from before Begin was told of earlier attempts.
type forgetful struct{ *memory }

func (f forgetful) Begin(ctx context.Context, intent facade.Intent) (facade.Entry, bool, error) {
	intent.Earlier = 0
	return f.memory.Begin(ctx, intent)
}

func TestWhatIsResumedIsNeverTakenForUnsent(t *testing.T) {
	for name, of := range map[string]func(*memory) facade.Journal{
		"noted at once":                func(j *memory) facade.Journal { return j },
		"noted by a journal's Attempt": func(j *memory) facade.Journal { return forgetful{j} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, j := newWorld(t, noConnection), newMemory()
				_, err := resumeCharge(t.Context(), w.client(dizlee.WithJournal(of(j))))
				require.ErrorIs(t, err, facade.ErrOutcomeUnknown, "an earlier life may have charged")
				assert.Positive(t, j.entry(t, "Charge").Attempts)
				w.then(says("-305"))
				found := recoverAll(t, w.client(dizlee.WithJournal(of(j.reopened()))))
				require.Len(t, found, 1)
				assert.NoError(t, found[0].Err)
			})
		})
	}
}
