// Who owns the open entries: each journal that is open registers as an owner, shows its heartbeat, and tells which of the
// others are dead. An entry is leased while its owner has a row; to take a dead owner's row away frees all it had.

package sqlite

import (
	"context"
	"maps"
	"sync"
	"time"
)

// owner is a journal that is or was open.
type owner struct {
	id      string
	lease   time.Duration
	process process
}

func (o owner) columns() []any {
	return []any{o.id, int64(o.lease), o.process.boot, o.process.namespace, o.process.pid, o.process.started}
}

// watch is what this journal knows of other owners.
type watch struct {
	mu       sync.Mutex
	observed map[string]observation
	// undecided are the owners that may turn out to be dead within a lease.
	undecided map[string]bool
}

// observation is what was seen of an owner's heartbeat.
type observation struct {
	beats int64
	// last is when it was last looked at, by the observer's monotonic clock, and silent how long it has not moved.
	last   time.Time
	silent time.Duration
	moved  bool
}

// again adds no more than one heartbeat between two looks: if the observer was stopped for longer, the owner may have been
// stopped with it, as all are when a machine or a container is suspended.
func (o observation) again(now time.Time, lease time.Duration) observation {
	o.silent += min(now.Sub(o.last), lease/heartbeatsPerLease)
	o.last = now
	return o
}

// here are the owners of this process, by id. One that is not among them, but has its process, was left by a program
// that replaced itself with this one (see exec(3)), or by another copy of this package.
var here sync.Map

// liveness is what is known of an owner.
type liveness int

const (
	undecided liveness = iota
	alive
	dead
)

// look judges an owner by its process, or if that can't be seen, by its heartbeat.
func (w *watch) look(o owner, beats int64, self process) liveness {
	_, ours := here.Load(o.id)
	if known := o.process.liveness(self); known != undecided && (ours || o.process != self) {
		return known
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	before, known := w.observed[o.id]
	seen := observation{beats: beats, last: time.Now(), moved: known}
	if known && beats == before.beats {
		seen = before.again(seen.last, o.lease)
	}
	if w.observed == nil {
		w.observed = map[string]observation{}
	}
	w.observed[o.id] = seen
	switch {
	case seen.silent >= o.lease:
		return dead
	case seen.moved:
		return alive
	}
	return undecided
}

// keepBeating shows that this owner is alive, and frees what the dead have left, until the journal is closed. What fails
// is tried again at the next beat: if writing fails for a whole lease, nothing can be sent either.
func (j *Journal) keepBeating() {
	ticker := time.NewTicker(j.settings.heartbeat)
	defer ticker.Stop()
	ctx := context.Background()
	for {
		select {
		case <-j.stop:
			return
		case <-ticker.C:
			_ = j.beat(ctx)
			_, _ = j.sweepOwners(ctx)
		}
	}
}

// beat registers this owner, or counts its heartbeat on.
func (j *Journal) beat(ctx context.Context) error {
	return j.writer.do(ctx, func(t *transaction) error {
		_, err := t.change(t.beat, t.me.columns()...)
		return err
	})
}

// leave frees everything that is leased to this owner.
func (j *Journal) leave(t *transaction) error {
	_, err := t.change(t.leaveOwners, t.me.id)
	return err
}

// sweepOwners looks at every other owner, takes the rows of dead ones away, and returns which are undecided.
func (j *Journal) sweepOwners(ctx context.Context) (map[string]bool, error) {
	rows, err := j.db.QueryContext(ctx, `SELECT id, lease_ns, boot, namespace, pid, started, beats FROM owners WHERE id <> ?`, j.owner.id)
	if err != nil {
		return nil, j.reading(err)
	}
	defer rows.Close()
	open := map[string]bool{}
	gone := map[string]int64{}
	present := map[string]bool{}
	for rows.Next() {
		var o owner
		var beats int64
		if err := rows.Scan(&o.id, (*int64)(&o.lease), &o.process.boot, &o.process.namespace, &o.process.pid, &o.process.started, &beats); err != nil {
			return nil, err
		}
		present[o.id] = true
		switch j.watch.look(o, beats, j.owner.process) {
		case dead:
			gone[o.id] = beats
		case undecided:
			open[o.id] = true
		}
	}
	if err := rows.Err(); err != nil {
		return nil, j.reading(err)
	}
	j.watch.remember(open, present)
	return open, j.evict(ctx, gone)
}

// evict takes the rows of dead owners away, unless their heart has beaten since it was looked at.
func (j *Journal) evict(ctx context.Context, gone map[string]int64) error {
	if len(gone) == 0 {
		return nil
	}
	return j.writer.do(ctx, func(t *transaction) error {
		for id, beats := range gone {
			if _, err := t.change(t.evict, id, beats); err != nil {
				return err
			}
		}
		return nil
	})
}

// remember notes who is undecided, and forgets the owners that have left.
func (w *watch) remember(open, present map[string]bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.undecided = open
	maps.DeleteFunc(w.observed, func(id string, _ observation) bool { return !present[id] })
}

func (j *Journal) undecided(id string) bool {
	j.watch.mu.Lock()
	defer j.watch.mu.Unlock()
	return j.watch.undecided[id]
}

// awaitOwners returns once it is known of each of the owners whether it is alive: within a lease.
func (j *Journal) awaitOwners(ctx context.Context, ids map[string]bool) error {
	pause := min(j.settings.heartbeat/4, 250*time.Millisecond)
	for {
		open, err := j.sweepOwners(ctx)
		if err != nil {
			return err
		}
		waiting := false
		for id := range ids {
			waiting = waiting || open[id]
		}
		if !waiting {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-j.stop:
			return ErrClosed
		case <-time.After(pause):
		}
	}
}
