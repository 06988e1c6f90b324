// Leases: what is in flight is left alone, what is left behind is found, in one process and between owners. Other
// processes are played by journals whose process can't be looked up, in virtual time.

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
)

// elsewhere makes the journal's process one that nobody can look up, and that can look up nobody.
func elsewhere(s *settings) error {
	s.process = process{pid: 1}
	return nil
}

// crash stops a journal without a word, as kill -9 would.
func crash(t *testing.T, journal *Journal) {
	t.Helper()
	close(journal.stop)
	journal.beating.Wait()
	require.NoError(t, journal.writer.close(nil))
	require.NoError(t, journal.db.Close())
}

// opened iterates to the end and returns the references.
func opened(t testing.TB, journal *Journal) []string {
	t.Helper()
	references := []string{}
	for entry, err := range journal.Open(t.Context(), scope, "SendTransfer") {
		require.NoError(t, err)
		references = append(references, entry.Reference)
	}
	return references
}

func TestOpenLeavesAloneWhatIsInFlight(t *testing.T) {
	journal := newJournal(t)
	for _, reference := range []string{"in-flight", "released", "settled", "released-and-sent-again", "released-and-begun-again"} {
		begin(t, journal, reference)
	}
	for _, reference := range []string{"released", "released-and-sent-again", "released-and-begun-again"} {
		require.NoError(t, journal.Release(t.Context(), key(reference)))
		assert.False(t, get(t, journal, reference).Leased)
	}
	require.NoError(t, journal.Settle(t.Context(), key("settled"), settled(facade.OutcomeRefused)))
	require.NoError(t, journal.Attempt(t.Context(), key("released-and-sent-again"), noted))
	entry, fresh, err := journal.Begin(t.Context(), intent("released-and-begun-again"))
	require.NoError(t, err)
	assert.False(t, fresh)
	assert.False(t, entry.Leased, "it was free, and is this caller's now")

	assert.Equal(t, []string{"released"}, opened(t, journal))
	assert.True(t, get(t, journal, "in-flight").Leased)
}

func TestOpenYieldsAgainWhatAnEarlierOneLeftOpen(t *testing.T) {
	journal := newJournal(t)
	for n := range 4 {
		begin(t, journal, fmt.Sprint("order-", n))
		require.NoError(t, journal.Release(t.Context(), key(fmt.Sprint("order-", n))))
	}
	for entry, err := range journal.Open(t.Context(), scope, "SendTransfer") {
		require.NoError(t, err)
		assert.NotContains(t, opened(t, journal), entry.Reference, "this iteration is at work on it")
		break
	}
	assert.Equal(t, []string{"order-0", "order-1", "order-2", "order-3"}, opened(t, journal))

	require.NoError(t, journal.Settle(t.Context(), key("order-1"), settled(facade.OutcomeAccepted)))
	require.NoError(t, journal.Attempt(t.Context(), key("order-2"), noted))
	assert.Equal(t, []string{"order-0", "order-3"}, opened(t, journal), "one is settled, one in flight")

	entry, _, err := journal.Begin(t.Context(), intent("order-3"))
	require.NoError(t, err)
	assert.False(t, entry.Leased, "an idle one is the caller's")
	entry, _, err = journal.Begin(t.Context(), intent("order-3"))
	require.NoError(t, err)
	assert.True(t, entry.Leased, "but of one caller only")
	assert.Equal(t, []string{"order-0"}, opened(t, journal))
}

func TestAnotherRequestUnderAReferenceLeasesNothing(t *testing.T) {
	journal := newJournal(t)
	begin(t, journal, "order-1")
	another := intent("order-1")
	another.Request = []byte("{}")
	entry, fresh, err := journal.Begin(t.Context(), another)
	require.NoError(t, err)
	assert.False(t, fresh)
	assert.True(t, entry.Leased)

	require.NoError(t, journal.Release(t.Context(), key("order-1")))
	entry, _, err = journal.Begin(t.Context(), another)
	require.NoError(t, err)
	assert.False(t, entry.Leased)
	assert.Equal(t, []string{"order-1"}, opened(t, journal))
}

func TestOpenIsOldestFirstOverManyPages(t *testing.T) {
	journal := newJournal(t)
	want := []string{}
	require.NoError(t, journal.writer.do(t.Context(), func(tx *transaction) error {
		want = want[:0]
		for n := range 3*pageSize + 5 {
			reference := fmt.Sprintf("order-%d", n)
			want = append(want, reference)
			at := noted.Add(time.Duration(n) * time.Second).Format(timeLayout)
			if _, err := tx.change(tx.insert, scope, "SendTransfer", reference, []byte("{}"), at, "nobody", 0); err != nil {
				return err
			}
		}
		_, err := tx.change(tx.insert, scope, "ChargeMobile", "charge", []byte("{}"), "", "nobody", 0)
		return err
	}))
	assert.Equal(t, want, opened(t, journal))
}

func TestOfTwoOpensEachEntryGoesToOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	first, second := open(t, path), open(t, path)
	for n := range 40 {
		begin(t, first, fmt.Sprint("order-", n))
		require.NoError(t, first.Release(t.Context(), key(fmt.Sprint("order-", n))))
	}
	var mu sync.Mutex
	yielded := map[string]int{}
	var both sync.WaitGroup
	for _, journal := range []*Journal{first, second, first} {
		both.Go(func() {
			for entry, err := range journal.Open(context.Background(), scope, "SendTransfer") {
				assert.NoError(t, err)
				mu.Lock()
				yielded[entry.Reference]++
				mu.Unlock()
				assert.NoError(t, journal.Settle(context.Background(), entry.Key, settled(facade.OutcomeAccepted)))
			}
		})
	}
	both.Wait()
	assert.Len(t, yielded, 40)
	for reference, times := range yielded {
		assert.Equal(t, 1, times, reference)
	}
}

func TestALivingOwnersEntriesAreItsOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	first, second := open(t, path), open(t, path)
	begin(t, first, "order-1")

	assert.Empty(t, opened(t, second))
	entry, fresh, err := second.Begin(t.Context(), intent("order-1"))
	require.NoError(t, err)
	assert.False(t, fresh)
	assert.True(t, entry.Leased)
	assert.True(t, get(t, second, "order-1").Leased)
	assert.ErrorIs(t, second.Attempt(t.Context(), key("order-1"), noted), facade.ErrLeased)
	assert.ErrorIs(t, second.Settle(t.Context(), key("order-1"), settled(facade.OutcomeRefused)), facade.ErrLeased)
	assert.ErrorIs(t, second.Settle(t.Context(), key("order-1"), settled(facade.OutcomeTemporary)), facade.ErrLeased)
	assert.NoError(t, second.Release(t.Context(), key("order-1")), "it is not second's to release")
	assert.NoError(t, first.Attempt(t.Context(), key("order-1"), noted))
	assert.NoError(t, second.Settle(t.Context(), key("order-1"), settled(facade.OutcomeAccepted)), "proof is proof")
}

func TestCloseGivesUpEveryLease(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	first, second := open(t, path), open(t, path)
	begin(t, first, "order-1")
	require.NoError(t, first.Close())
	assert.Equal(t, []string{"order-1"}, opened(t, second))
	var owners int
	require.NoError(t, second.db.QueryRow("SELECT count(*) FROM owners").Scan(&owners))
	assert.Equal(t, 1, owners)
}

func TestAnOwnerThatCannotBeLookedUpIsJudgedByItsHeartbeat(t *testing.T) {
	tests := map[string]struct {
		fate func(*testing.T, *Journal)
		// want is what the observer may take over, within the times.
		want        []string
		least, most time.Duration
	}{
		"crashed: free after a whole lease": {crash, []string{"order-1"}, 30 * time.Second, 31 * time.Second},
		"alive: left alone after a heartbeat": {func(t *testing.T, journal *Journal) {
			t.Cleanup(func() { assert.NoError(t, journal.Close()) })
		}, []string{}, 0, 6 * time.Second},
		"closed: free at once": {func(t *testing.T, journal *Journal) { require.NoError(t, journal.Close()) }, []string{"order-1"}, 0, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "journal")
			synctest.Test(t, func(t *testing.T) {
				first := openHere(t, path)
				begin(t, first, "order-1")
				test.fate(t, first)
				second := openHere(t, path)
				defer func() { require.NoError(t, second.Close()) }()
				started := time.Now()
				assert.Equal(t, test.want, opened(t, second))
				assert.GreaterOrEqual(t, time.Since(started), test.least)
				assert.LessOrEqual(t, time.Since(started), test.most)
			})
		})
	}
}

func openHere(t *testing.T, path string) *Journal {
	t.Helper()
	journal, err := Open(path, elsewhere)
	require.NoError(t, err)
	return journal
}

func TestAnObserverThatWasStoppedCondemnsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch{}
		o := owner{id: "suspended with the observer", lease: 30 * time.Second}
		assert.Equal(t, undecided, w.look(o, 7, process{}))
		for range 5 {
			<-time.After(time.Hour)
			assert.Equal(t, undecided, w.look(o, 7, process{}), "it may not have had its turn")
		}
		assert.Equal(t, alive, w.look(o, 8, process{}))
		for range 5 {
			<-time.After(5 * time.Second)
			assert.Equal(t, alive, w.look(o, 8, process{}))
		}
		<-time.After(5 * time.Second)
		assert.Equal(t, dead, w.look(o, 8, process{}))
	})
}

// TestAnOwnerThatAnotherProgramInThisProcessWasIsFreedAfterALease plays exec(3), which keeps the process.
func TestAnOwnerThatAnotherProgramInThisProcessWasIsFreedAfterALease(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	synctest.Test(t, func(t *testing.T) {
		before, err := Open(path)
		require.NoError(t, err)
		begin(t, before, "order-1")
		crash(t, before)
		here.Delete(before.owner.id)
		now, err := Open(path)
		require.NoError(t, err)
		started := time.Now()
		assert.Equal(t, []string{"order-1"}, opened(t, now))
		assert.InDelta(t, 30, time.Since(started).Seconds(), 1)
		require.NoError(t, now.Close())
	})
}

func TestALivingOwnerKeepsItsLeaseForDays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	synctest.Test(t, func(t *testing.T) {
		first, second := openHere(t, path), openHere(t, path)
		begin(t, first, "order-1")
		<-time.After(10 * time.Minute)
		assert.Empty(t, opened(t, second))
		crash(t, first)
		started := time.Now()
		<-time.After(36 * time.Second)
		assert.Equal(t, []string{"order-1"}, opened(t, second))
		assert.Less(t, time.Since(started), 37*time.Second, "the watch goes on between the calls")
		require.NoError(t, second.Close())
	})
}

func TestWhoNeedsAnEntryWaitsUntilItsOwnerIsKnownToBeDead(t *testing.T) {
	tests := map[string]func(*testing.T, *Journal) error{
		"to settle it": func(t *testing.T, journal *Journal) error {
			return journal.Settle(t.Context(), key("order-1"), settled(facade.OutcomeRefused))
		},
		"to send it": func(t *testing.T, journal *Journal) error { return journal.Attempt(t.Context(), key("order-1"), noted) },
	}
	for name, act := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "journal")
			synctest.Test(t, func(t *testing.T) {
				first := openHere(t, path)
				begin(t, first, "order-1")
				crash(t, first)
				second := openHere(t, path)
				started := time.Now()
				require.NoError(t, act(t, second))
				assert.InDelta(t, 30, time.Since(started).Seconds(), 1)
				require.NoError(t, second.Close())
			})
		})
	}
}

func TestTheWaitEndsWithTheContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	synctest.Test(t, func(t *testing.T) {
		first := openHere(t, path)
		begin(t, first, "order-1")
		crash(t, first)
		second := openHere(t, path)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		assert.ErrorIs(t, firstError(second.Open(ctx, scope, "SendTransfer")), context.DeadlineExceeded)
		require.NoError(t, second.Close())
	})
}

func TestAnOwnerWronglyTakenForDeadSendsNothingThatAnotherHasTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	first, second := open(t, path), open(t, path)
	begin(t, first, "taken")
	begin(t, first, "not-taken")
	evictOwner(t, second, first.owner.id)
	require.NoError(t, second.Attempt(t.Context(), key("taken"), noted))

	assert.ErrorIs(t, first.Attempt(t.Context(), key("taken"), noted), facade.ErrLeased)
	require.NoError(t, first.Attempt(t.Context(), key("not-taken"), noted))
	assert.Empty(t, opened(t, second), "first is back among the living")
}

func evictOwner(t *testing.T, journal *Journal, id string) {
	t.Helper()
	require.NoError(t, journal.writer.do(t.Context(), func(tx *transaction) error {
		_, err := tx.change(tx.leaveOwners, id)
		return err
	}))
}

func TestALeaseOfACommitThatFailedIsTakenAgain(t *testing.T) {
	journal := newJournal(t)
	begin(t, journal, "order-1")
	require.NoError(t, journal.Release(t.Context(), key("order-1")))
	require.Equal(t, []string{"order-1"}, opened(t, journal), "it is idle now")

	release := blockWriter(t, journal)
	bad := errors.New("the disk failed")
	begun := make(chan facade.Entry, 1)
	failed := make(chan error, 1)
	go func() {
		entry, _, err := journal.Begin(context.Background(), intent("order-1"))
		assert.NoError(t, err)
		begun <- entry
	}()
	require.Eventually(t, func() bool { return len(journal.writer.queue) == 1 }, 10*time.Second, time.Millisecond)
	go func() { failed <- journal.writer.do(context.Background(), func(*transaction) error { return bad }) }()
	require.Eventually(t, func() bool { return len(journal.writer.queue) == 2 }, 10*time.Second, time.Millisecond)
	release()
	assert.False(t, (<-begun).Leased)
	assert.ErrorIs(t, <-failed, bad)
}

func TestALeaseThatCouldNotBeNotedIsNotHeld(t *testing.T) {
	journal := newJournal(t)
	begin(t, journal, "order-1")
	require.NoError(t, journal.Release(t.Context(), key("order-1")))
	require.Equal(t, []string{"order-1"}, opened(t, journal))
	lease := journal.recovery.lease(key("order-1"), nil)
	require.Error(t, journal.writer.do(t.Context(), func(tx *transaction) error {
		taken, err := lease.take(tx, storedEntry{owner: journal.owner.id})
		require.NoError(t, err)
		require.True(t, taken)
		return errors.New("the disk failed")
	}))
	lease.undo()
	assert.Equal(t, []string{"order-1"}, opened(t, journal))
}
