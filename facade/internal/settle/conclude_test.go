// Tests of ends that are found out without a case, and of pending ends that are none.

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

// pendingCase is a deferred one whose sends and looks say what they are given.
func pendingCase(journal facade.Journal, says settle.Seen[string]) *settle.Case[string] {
	return &settle.Case[string]{
		Policy: policy(), Journal: journal, OpenWhilePending: true,
		Intent: facade.Intent{Key: key("order-1"), Request: []byte("a transfer"), NotedAt: time.Now()},
		Send:   func(context.Context) settle.Seen[string] { return says },
		Look:   func(context.Context) settle.Seen[string] { return says },
		Pack:   func(r string) []byte { return []byte(r) },
		Unpack: func(s facade.Settlement) (string, error) { return string(s.Answer), nil },
	}
}

func TestAPendingEndStaysOpenUntilItsEndIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shelf := newShelf()
		var flights settle.Flights[string]
		pending := settle.Seen[string]{Verdict: settle.Pending, Left: true, Result: "on its way"}
		for range 2 {
			result := flights.Do(t.Context(), pendingCase(shelf.owner(), pending))
			assert.Equal(t, settle.Pending, result.Verdict)
			assert.True(t, result.Decided)
			assert.NoError(t, result.Err)
			entry, _ := shelf.entry(key("order-1"))
			assert.Nil(t, entry.Settlement)
			assert.Equal(t, 1, entry.Attempts, "it is looked up, and not sent again")
			assert.False(t, shelf.leased(key("order-1")))
		}
		result := flights.Do(t.Context(), pendingCase(shelf.owner(), settle.Seen[string]{Verdict: settle.Accepted, Result: "paid"}))
		assert.Equal(t, settle.Accepted, result.Verdict)
		entry, _ := shelf.entry(key("order-1"))
		require.NotNil(t, entry.Settlement)
		assert.Equal(t, "look-up", entry.Settlement.By)
	})
}

func TestWhichEndsConcludeAnEntry(t *testing.T) {
	for name, tc := range map[string]struct {
		verdict  settle.Verdict
		attempts int
		leased   bool
		settles  facade.Outcome
	}{
		"paid":                                  {settle.Accepted, 1, false, "accepted"},
		"paid, by one of several attempts":      {settle.Accepted, 3, false, "accepted"},
		"paid, while somebody works on it":      {settle.Accepted, 1, true, "accepted"},
		"paid, and it never left":               {settle.Accepted, 0, false, ""},
		"failed":                                {settle.Refused, 1, false, "refused"},
		"failed for now":                        {settle.Later, 1, false, "temporary"},
		"failed, of several attempts":           {settle.Refused, 2, false, ""},
		"failed, while somebody works on it":    {settle.Refused, 1, true, ""},
		"on its way":                            {settle.Pending, 1, false, ""},
		"seen, and not to be told from others":  {settle.LookUp, 1, false, ""},
		"not known, and not worth looking more": {settle.Unknown, 1, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				shelf := newShelf()
				journal, other := shelf.owner(), shelf.owner()
				c := pendingCase(journal, settle.Seen[string]{})
				_, _, err := other.Begin(t.Context(), c.Intent)
				require.NoError(t, err)
				for range tc.attempts {
					require.NoError(t, other.Attempt(t.Context(), c.Intent.Key, time.Now()))
				}
				if !tc.leased {
					require.NoError(t, other.Release(t.Context(), c.Intent.Key))
				}
				entry, _, err := journal.Get(t.Context(), c.Intent.Key)
				require.NoError(t, err)
				require.Equal(t, tc.leased, entry.Leased)
				require.NoError(t, c.Conclude(t.Context(), entry, settle.Seen[string]{Verdict: tc.verdict, Result: "the end"}, "notification"))
				entry, _ = shelf.entry(c.Intent.Key)
				if tc.settles == "" {
					assert.Nil(t, entry.Settlement)
					return
				}
				require.NotNil(t, entry.Settlement)
				assert.Equal(t, tc.settles, entry.Settlement.Outcome)
				assert.Equal(t, "notification", entry.Settlement.By)
				assert.Equal(t, "the end", string(entry.Settlement.Answer))
				require.NoError(t, c.Conclude(t.Context(), entry, settle.Seen[string]{Verdict: settle.Accepted}, "look-up"), "what is settled stays so")
				again, _ := shelf.entry(c.Intent.Key)
				assert.Equal(t, entry.Settlement, again.Settlement)
			})
		})
	}
}

func TestAnEndThatIsOvertakenOrCannotBeNoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shelf := newShelf()
		journal := shelf.owner()
		c := pendingCase(journal, settle.Seen[string]{})
		_, _, err := journal.Begin(t.Context(), c.Intent)
		require.NoError(t, err)
		require.NoError(t, journal.Attempt(t.Context(), c.Intent.Key, time.Now()))
		require.NoError(t, journal.Release(t.Context(), c.Intent.Key))
		stale, _, err := journal.Get(t.Context(), c.Intent.Key)
		require.NoError(t, err)
		journal.fault = func(string) (error, error) { return errors.New("the disk is full"), nil }
		assert.ErrorContains(t, c.Conclude(t.Context(), stale, settle.Seen[string]{Verdict: settle.Accepted}, "look-up"), "the disk is full")
		journal.fault = nil
		require.NoError(t, journal.Settle(t.Context(), c.Intent.Key, facade.Settlement{Outcome: facade.OutcomeRefused, By: "person"}))
		require.NoError(t, c.Conclude(t.Context(), stale, settle.Seen[string]{Verdict: settle.Accepted}, "look-up"), "a person was faster")
		entry, _ := shelf.entry(c.Intent.Key)
		assert.Equal(t, "person", entry.Settlement.By)
	})
}
