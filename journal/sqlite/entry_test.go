// The life of one entry: noted once, attempted, settled once, given up, read back as it was.

package sqlite

import (
	"context"
	"database/sql"
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

func open(t testing.TB, path string, opts ...Option) *Journal {
	t.Helper()
	journal, err := Open(path, opts...)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, journal.Close()) })
	return journal
}

func newJournal(t testing.TB) *Journal {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "journal"))
}

func begin(t testing.TB, journal *Journal, reference string) {
	t.Helper()
	_, fresh, err := journal.Begin(t.Context(), intent(reference))
	require.NoError(t, err)
	require.True(t, fresh, "%s was there already", reference)
}

func get(t testing.TB, journal *Journal, reference string) facade.Entry {
	t.Helper()
	entry, found, err := journal.Get(t.Context(), key(reference))
	require.NoError(t, err)
	require.True(t, found, "%s is not there", reference)
	return entry
}

func settled(outcome facade.Outcome) facade.Settlement {
	return facade.Settlement{Outcome: outcome, Answer: []byte(`{"TransferRef":"7"}`), By: "answer", SettledAt: noted.Add(time.Minute)}
}

func TestEntriesAreStoredAsTheyWere(t *testing.T) {
	tests := map[string]facade.Intent{
		"a usual one":                       intent("order-1"),
		"a reference with quotes and bytes": {Key: facade.Key{Scope: "s'\"", Operation: "Op;--", Reference: "é\x00'\n\xff"}, Request: []byte{0, 1, 255}, NotedAt: noted},
		"no request, no time":               {Key: key("order-2")},
		"a time elsewhere":                  {Key: key("order-3"), Request: []byte("{}"), NotedAt: noted.In(time.FixedZone("", 3600))},
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "journal")
			journal := open(t, path)
			entry, fresh, err := journal.Begin(t.Context(), in)
			require.NoError(t, err)
			assert.True(t, fresh)
			require.NoError(t, journal.Attempt(t.Context(), in.Key, noted.Add(time.Second)))
			require.NoError(t, journal.Attempt(t.Context(), in.Key, noted.Add(2*time.Second)))
			require.NoError(t, journal.Settle(t.Context(), in.Key, settled(facade.OutcomeRefused)))
			require.NoError(t, journal.Close())

			assert.Equal(t, in.Key, entry.Key)
			entry, found, err := open(t, path).Get(t.Context(), in.Key)
			require.NoError(t, err)
			require.True(t, found)
			want := settled(facade.OutcomeRefused)
			in.NotedAt = in.NotedAt.UTC()
			assert.Equal(t, facade.Entry{Intent: in, Attempts: 2, FirstAttempt: noted.Add(time.Second), LastAttempt: noted.Add(2 * time.Second), Settlement: &want}, entry)
		})
	}
}

func TestAnIntentIsNotedOnce(t *testing.T) {
	journal := newJournal(t)
	begin(t, journal, "order-1")

	again := intent("order-1")
	again.Request = []byte("another request")
	entry, fresh, err := journal.Begin(t.Context(), again)
	require.NoError(t, err)
	assert.False(t, fresh)
	assert.Equal(t, intent("order-1").Request, entry.Request, "the caller compares the requests")
	assert.True(t, entry.Leased, "it is in flight here")

	elsewhere := intent("order-1")
	elsewhere.Operation = "ChargeMobile"
	_, fresh, err = journal.Begin(t.Context(), elsewhere)
	require.NoError(t, err)
	assert.True(t, fresh, "a reference stands for one request of its operation")

	require.NoError(t, journal.Settle(t.Context(), key("order-1"), settled(facade.OutcomeAccepted)))
	entry, fresh, err = journal.Begin(t.Context(), again)
	require.NoError(t, err)
	assert.False(t, fresh)
	assert.False(t, entry.Leased)
	assert.Equal(t, facade.OutcomeAccepted, entry.Settlement.Outcome)
}

func TestEarlierAttemptsAreNotedWithTheIntent(t *testing.T) {
	journal := newJournal(t)
	resumed := intent("order-1")
	resumed.Earlier = 2
	begun, fresh, err := journal.Begin(t.Context(), resumed)
	require.NoError(t, err)
	require.True(t, fresh)
	for _, entry := range []facade.Entry{begun, get(t, journal, "order-1")} {
		assert.Equal(t, 2, entry.Attempts)
		assert.True(t, entry.FirstAttempt.Equal(resumed.NotedAt))
		assert.True(t, entry.LastAttempt.Equal(resumed.NotedAt))
	}
	require.NoError(t, journal.Attempt(t.Context(), key("order-1"), noted.Add(time.Minute)))
	entry := get(t, journal, "order-1")
	assert.Equal(t, 3, entry.Attempts)
	assert.True(t, entry.FirstAttempt.Equal(resumed.NotedAt))
	assert.True(t, entry.LastAttempt.Equal(noted.Add(time.Minute)))
}

func TestOfManyCallersOneIsFresh(t *testing.T) {
	journal := newJournal(t)
	fresh := make(chan bool, 400)
	var callers sync.WaitGroup
	for n := range 400 {
		callers.Go(func() {
			_, isFresh, err := journal.Begin(context.Background(), intent(fmt.Sprint("order-", n%100)))
			assert.NoError(t, err)
			fresh <- isFresh
		})
	}
	callers.Wait()
	close(fresh)
	count := 0
	for isFresh := range fresh {
		if isFresh {
			count++
		}
	}
	assert.Equal(t, 100, count)
}

func TestAnEntrySettlesOnce(t *testing.T) {
	outcomes := []facade.Outcome{facade.OutcomeAccepted, facade.OutcomeRefused, facade.OutcomeTemporary}
	for _, first := range outcomes {
		for _, second := range outcomes {
			t.Run(fmt.Sprintf("%s then %s", first, second), func(t *testing.T) {
				journal := newJournal(t)
				begin(t, journal, "order-1")
				require.NoError(t, journal.Settle(t.Context(), key("order-1"), settled(first)))
				later := settled(second)
				later.By = "person"
				err := journal.Settle(t.Context(), key("order-1"), later)
				if first == second {
					assert.NoError(t, err)
				} else {
					assert.ErrorIs(t, err, facade.ErrSettled)
					assert.ErrorContains(t, err, "as "+string(first))
				}
				assert.Equal(t, settled(first), *get(t, journal, "order-1").Settlement)
				assert.ErrorIs(t, journal.Attempt(t.Context(), key("order-1"), noted), facade.ErrSettled)
				assert.NoError(t, journal.Release(t.Context(), key("order-1")))
			})
		}
	}
}

func TestTheLastAttemptNeverMovesBack(t *testing.T) {
	journal := newJournal(t)
	begin(t, journal, "order-1")
	require.NoError(t, journal.Attempt(t.Context(), key("order-1"), noted))
	require.NoError(t, journal.Attempt(t.Context(), key("order-1"), noted.Add(-time.Hour)))
	entry := get(t, journal, "order-1")
	assert.Equal(t, 2, entry.Attempts)
	assert.Equal(t, noted, entry.FirstAttempt)
	assert.Equal(t, noted, entry.LastAttempt)
}

func TestWhatCannotBeNotedIsRefused(t *testing.T) {
	journal := newJournal(t)
	begin(t, journal, "order-1")
	far := time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)
	change := func(change func(*facade.Intent)) error {
		in := intent("order-2")
		change(&in)
		_, _, err := journal.Begin(t.Context(), in)
		return err
	}
	tests := map[string]struct {
		err  error
		want string
	}{
		"no scope":                  {change(func(in *facade.Intent) { in.Scope = "" }), "must not be empty"},
		"no operation":              {change(func(in *facade.Intent) { in.Operation = "" }), "must not be empty"},
		"no reference":              {change(func(in *facade.Intent) { in.Reference = "" }), "must not be empty"},
		"a time far away":           {change(func(in *facade.Intent) { in.NotedAt = far }), "12026"},
		"an attempt at no time":     {journal.Attempt(t.Context(), key("order-1"), time.Time{}), "has a time"},
		"an attempt far away":       {journal.Attempt(t.Context(), key("order-1"), far), "12026"},
		"an attempt without intent": {journal.Attempt(t.Context(), key("order-3"), noted), facade.ErrNotNoted.Error()},
		"settled without intent":    {journal.Settle(t.Context(), key("order-3"), settled(facade.OutcomeAccepted)), facade.ErrNotNoted.Error()},
		"settled as unknown":        {journal.Settle(t.Context(), key("order-1"), settled(facade.OutcomeUnknown)), "settles nothing"},
		"settled as nothing":        {journal.Settle(t.Context(), key("order-1"), settled("")), "settles nothing"},
		"released without intent":   {journal.Release(t.Context(), key("order-3")), facade.ErrNotNoted.Error()},
		"settled far away":          {journal.Settle(t.Context(), key("order-1"), facade.Settlement{Outcome: facade.OutcomeAccepted, SettledAt: far}), "12026"},
		"open without an operation": {firstError(journal.Open(t.Context(), scope)), "no operation is named"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, test.err, test.want)
			assert.ErrorContains(t, test.err, journal.path)
			assert.NotContains(t, test.err.Error(), "447700900123")
		})
	}
	_, found, err := journal.Get(t.Context(), key("order-2"))
	require.NoError(t, err)
	assert.False(t, found)
	assert.Nil(t, get(t, journal, "order-1").Settlement)
}

func firstError(entries func(func(facade.Entry, error) bool)) error {
	for _, err := range entries {
		return err
	}
	return nil
}

func TestACallThatGivesUpBeforeItsTurnNotesNothing(t *testing.T) {
	journal := newJournal(t)
	release := blockWriter(t, journal)

	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		_, _, err := journal.Begin(ctx, intent("order-1"))
		failed <- err
	}()
	require.Eventually(t, func() bool { return len(journal.writer.queue) == 1 }, 10*time.Second, time.Millisecond)
	cancel()
	assert.ErrorIs(t, <-failed, context.Canceled)
	release()

	_, _, err := journal.Begin(ctx, intent("order-2"))
	assert.ErrorIs(t, err, context.Canceled)
	for _, reference := range []string{"order-1", "order-2"} {
		_, found, err := journal.Get(t.Context(), key(reference))
		require.NoError(t, err)
		assert.False(t, found, reference)
	}
}

func TestACallThatGivesUpWhileAnotherProcessWritesReturnsAtOnce(t *testing.T) {
	journal := newJournal(t)
	unlock := lock(t, journal.path)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	for n := range 2 {
		go func() {
			_, _, err := journal.Begin(ctx, intent(fmt.Sprint("order-", n)))
			failed <- err
		}()
	}
	require.Eventually(t, func() bool { return len(journal.writer.queue) == 1 }, 10*time.Second, time.Millisecond,
		"one waits for the other process, and the other behind it")
	cancel()
	assert.ErrorIs(t, <-failed, context.Canceled)
	assert.ErrorIs(t, <-failed, context.Canceled)
	unlock()
	begin(t, journal, "order-0")
	begin(t, journal, "order-1")
}

// lock keeps everybody else from writing to the file, as another process might, until the returned function is called.
func lock(t *testing.T, path string) (unlock func()) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	_, err = db.Exec("BEGIN IMMEDIATE")
	require.NoError(t, err)
	return func() {
		_, err := db.Exec("ROLLBACK")
		assert.NoError(t, errors.Join(err, db.Close()))
	}
}

func TestThoseWhoWaitForTheSameWriterFailTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	synctest.Test(t, func(t *testing.T) {
		journal, err := Open(path)
		require.NoError(t, err)
		unlock := lock(t, path)
		started := time.Now()
		var callers sync.WaitGroup
		for n := range 40 {
			callers.Go(func() {
				_, _, err := journal.Begin(t.Context(), intent(fmt.Sprint("order-", n)))
				assert.ErrorContains(t, err, "Another process has been writing")
				assert.GreaterOrEqual(t, time.Since(started), defaultBusyTimeout)
			})
		}
		callers.Wait()
		assert.LessOrEqual(t, time.Since(started), 2*defaultBusyTimeout+time.Second)
		unlock()
		require.NoError(t, journal.Close())
	})
}

func TestACallWhoseTurnHasComeIsAnsweredTruly(t *testing.T) {
	journal := newJournal(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := journal.writer.do(ctx, func(tx *transaction) error {
		cancel() // the caller gives up while its note is being written
		_, err := tx.change(tx.insert, scope, "SendTransfer", "order-1", []byte("{}"), "", tx.me.id, 0)
		return err
	})
	require.NoError(t, err)
	get(t, journal, "order-1")
}

// blockWriter keeps the writer busy until the returned function is called.
func blockWriter(t *testing.T, journal *Journal) (release func()) {
	t.Helper()
	busy, released, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		done <- journal.writer.do(context.Background(), func(*transaction) error {
			close(busy)
			<-released
			return nil
		})
	}()
	<-busy
	return func() {
		close(released)
		require.NoError(t, <-done)
	}
}

func TestANoteThatFailsStopsNoOther(t *testing.T) {
	journal := newJournal(t)
	release := blockWriter(t, journal)
	results := make(chan error, 2)
	bad := errors.New("the disk is full")
	go func() { results <- journal.writer.do(context.Background(), func(*transaction) error { return bad }) }()
	go func() {
		_, _, err := journal.Begin(context.Background(), intent("order-1"))
		results <- err
	}()
	require.Eventually(t, func() bool { return len(journal.writer.queue) == 2 }, 10*time.Second, time.Millisecond)
	release()
	assert.ElementsMatch(t, []error{bad, nil}, []error{<-results, <-results})
	get(t, journal, "order-1")
}

func TestAClosedJournalSaysSo(t *testing.T) {
	journal := newJournal(t)
	begin(t, journal, "order-1")
	require.NoError(t, journal.Close())
	require.NoError(t, journal.Close(), "closing again does nothing")

	_, _, err := journal.Begin(t.Context(), intent("order-2"))
	assert.ErrorIs(t, err, ErrClosed)
	assert.ErrorIs(t, journal.Attempt(t.Context(), key("order-1"), noted), ErrClosed)
	assert.ErrorIs(t, journal.Settle(t.Context(), key("order-1"), settled(facade.OutcomeAccepted)), ErrClosed)
	_, _, err = journal.Get(t.Context(), key("order-1"))
	assert.ErrorIs(t, err, ErrClosed)
	assert.ErrorIs(t, firstError(journal.Open(t.Context(), scope, "SendTransfer")), ErrClosed)
}

func TestCloseLosesNothingThatWasAcknowledged(t *testing.T) {
	journal := newJournal(t)
	const callers = 4
	atWork := make(chan bool, callers)
	acknowledged := make(chan int, callers)
	for caller := range callers {
		go func() {
			for n := 0; ; n++ {
				reference := fmt.Sprint("order-", caller, "-", n)
				if _, _, err := journal.Begin(context.Background(), intent(reference)); err != nil {
					assert.ErrorIs(t, err, ErrClosed)
					acknowledged <- n
					return
				}
				if n == 0 {
					atWork <- true
				}
				if _, _, err := journal.Get(context.Background(), key(reference)); err != nil {
					assert.ErrorIs(t, err, ErrClosed)
				}
				if err := firstError(journal.Open(context.Background(), scope, "SendTransfer")); err != nil {
					assert.ErrorIs(t, err, ErrClosed)
				}
			}
		}()
	}
	for range callers {
		<-atWork
	}
	require.NoError(t, journal.Close())
	total := 0
	for range callers {
		total += <-acknowledged
	}
	again := open(t, journal.path)
	var owners int
	require.NoError(t, again.db.QueryRow("SELECT count(*) FROM owners").Scan(&owners))
	assert.Equal(t, 1, owners, "what was noted last has not registered the owner anew")
	assert.Len(t, opened(t, again), total)
}

func TestOptionsOutOfBoundsAreRefused(t *testing.T) {
	for name, opt := range map[string]Option{
		"a heartbeat without rest": WithHeartbeat(time.Millisecond),
		"no busy timeout":          WithBusyTimeout(0),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(filepath.Join(t.TempDir(), "journal"), opt)
			assert.ErrorContains(t, err, "at least")
		})
	}
	open(t, filepath.Join(t.TempDir(), "journal"), WithHeartbeat(time.Second), WithBusyTimeout(time.Second))
}
