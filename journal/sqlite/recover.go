// Open, which yields what was left open, and what of it this process is at work on.

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"

	"github.com/airtime-go/airtime/facade"
)

// pageSize is how many candidates are read at once; each is leased only when it is its turn.
const pageSize = 128

// iteration is one run over Open.
type iteration struct{ ended bool }

// recovery knows which entries this owner leased by an iteration of Open. Those whose iteration has ended are idle: an
// entry that is leased to this owner and not idle is in flight.
type recovery struct {
	mu     sync.Mutex
	leased map[facade.Key]*iteration
}

func (r *recovery) idle(key facade.Key) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	by := r.leased[key]
	return by != nil && by.ended
}

// forget takes note that the entry is settled, released or in flight.
func (r *recovery) forget(key facade.Key) {
	r.set(key, nil)
}

func (r *recovery) set(key facade.Key, by *iteration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if by == nil {
		delete(r.leased, key)
		return
	}
	if r.leased == nil {
		r.leased = map[facade.Key]*iteration{}
	}
	r.leased[key] = by
}

func (r *recovery) get(key facade.Key) *iteration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.leased[key]
}

func (r *recovery) end(by *iteration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	by.ended = true
}

// lease is an attempt to lease an entry that is open: for an iteration, or for a caller of Begin if that is nil.
type lease struct {
	recovery *recovery
	key      facade.Key
	by       *iteration
	taken    bool
	before   *iteration
}

func (r *recovery) lease(key facade.Key, by *iteration) *lease {
	return &lease{recovery: r, key: key, by: by}
}

// take leases the entry unless somebody alive is at work on it. It runs in the writer's goroutine, so that of two
// callers in this process only one succeeds.
func (l *lease) take(t *transaction, entry storedEntry) (bool, error) {
	switch {
	case entry.owner == t.me.id:
		if !l.recovery.idle(l.key) {
			return false, nil
		}
	default:
		claimed, err := t.change(t.claim, t.me.id, l.key.Scope, l.key.Operation, l.key.Reference, t.me.id)
		if err != nil || claimed == 0 {
			return false, err
		}
	}
	l.taken, l.before = true, l.recovery.get(l.key)
	l.recovery.set(l.key, l.by)
	return true, nil
}

// undo goes back to what was before take, whose transaction has failed.
func (l *lease) undo() {
	if l.taken {
		l.recovery.set(l.key, l.before)
		l.taken = false
	}
}

// Open is [facade.Journal]'s. At least one operation must be named. Where owners have to be watched for their heartbeats
// it yields what is free first, and then waits, for a lease at most or until the context ends, which is its error then.
func (j *Journal) Open(ctx context.Context, scope string, operations ...string) iter.Seq2[facade.Entry, error] {
	return func(yield func(facade.Entry, error) bool) {
		current := &iteration{}
		defer j.recovery.end(current)
		seen := map[facade.Key]bool{}
		var err error
		if len(operations) == 0 {
			err = errors.New("no operation is named")
		} else {
			_, err = j.sweepOwners(ctx)
		}
		for err == nil {
			var waitFor map[string]bool
			var stop bool
			if waitFor, stop, err = j.openPass(ctx, current, seen, scope, operations, yield); stop {
				return
			}
			if err != nil || len(waitFor) == 0 {
				break
			}
			err = j.awaitOwners(ctx, waitFor)
		}
		if err != nil {
			yield(facade.Entry{}, explain(j.path, "open entries", err))
		}
	}
}

// openPass yields what is free and not seen yet, oldest first, and returns the owners of the rest that may be dead.
func (j *Journal) openPass(ctx context.Context, current *iteration, seen map[facade.Key]bool, scope string, operations []string,
	yield func(facade.Entry, error) bool) (waitFor map[string]bool, stop bool, err error) {
	waitFor = map[string]bool{}
	after := storedEntry{}
	for {
		page, err := j.openPage(ctx, scope, operations, after)
		if err != nil {
			return nil, false, err
		}
		for _, candidate := range page {
			if seen[candidate.Key] {
				continue
			}
			entry, leased, err := j.leaseOpen(ctx, candidate.Key, current)
			if err != nil {
				return nil, false, err
			}
			if !leased {
				if candidate.owner != j.owner.id && j.undecided(candidate.owner) {
					waitFor[candidate.owner] = true
				}
				continue
			}
			seen[candidate.Key] = true
			if !yield(entry, nil) {
				return nil, true, nil
			}
		}
		if len(page) < pageSize {
			return waitFor, false, nil
		}
		after = page[len(page)-1]
	}
}

// openPage reads the next open entries, whoever has leased them, and closes the query before anything is yielded.
func (j *Journal) openPage(ctx context.Context, scope string, operations []string, after storedEntry) ([]storedEntry, error) {
	noted, err := timeText(after.NotedAt)
	if err != nil {
		return nil, err
	}
	args := []any{scope, noted, after.Operation, after.Reference}
	for _, operation := range operations {
		args = append(args, operation)
	}
	query := fmt.Sprintf(`SELECT %s FROM entries WHERE outcome IS NULL AND scope = ?
		AND (noted_at, operation, reference) > (?, ?, ?) AND operation IN (%s)
		ORDER BY noted_at, operation, reference LIMIT %d`,
		entryColumns, strings.TrimSuffix(strings.Repeat("?, ", len(operations)), ", "), pageSize)
	rows, err := j.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, j.reading(err)
	}
	defer rows.Close()
	var page []storedEntry
	for rows.Next() {
		entry, err := scanEntry(rows)
		if err != nil {
			return nil, err
		}
		page = append(page, entry)
	}
	return page, j.reading(rows.Err())
}

// leaseOpen leases the entry to this owner if it is still open and nobody alive is at work on it.
func (j *Journal) leaseOpen(ctx context.Context, key facade.Key, current *iteration) (entry facade.Entry, leased bool, err error) {
	lease := j.recovery.lease(key, current)
	err = j.writer.do(ctx, func(t *transaction) error {
		lease.undo()
		leased = false
		found, err := scanEntry(t.find.QueryRow(keyArgs(key)...))
		if err != nil || found.Settlement != nil {
			return err
		}
		entry = found.Entry
		leased, err = lease.take(t, found)
		return err
	})
	if err != nil {
		lease.undo()
	}
	return entry, leased, err
}
