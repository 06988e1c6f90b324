// Group commit: one goroutine writes, and puts the notes that have queued up into one transaction.

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"
)

// note is one change. It may run more than once, and only its last run counts; it returns an error only if SQLite failed.
type note func(*transaction) error

// queued is a note that waits to be written.
type queued struct {
	note note
	// taken is set once: by the writer that starts on it, or by the caller that gives up before that.
	taken  atomic.Bool
	result chan error
}

// writer owns the one connection that writes.
type writer struct {
	conn     *sql.Conn
	tx       *transaction
	queue    chan *queued
	maxBatch int

	mu     sync.RWMutex // held for reading while a note is put into the queue
	closed bool
	done   chan struct{}
}

func startWriter(db *sql.DB, me owner, maxBatch int) (*writer, error) {
	conn, err := db.Conn(context.Background())
	if err != nil {
		return nil, err
	}
	tx, err := newTransaction(conn, me)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	w := &writer{conn: conn, tx: tx, queue: make(chan *queued, maxBatch), maxBatch: maxBatch, done: make(chan struct{})}
	go w.loop()
	return w, nil
}

// do returns once the note is on the disk, or has failed. If the context ends before the writer starts on it, it is never
// written; from then on the result is waited for.
func (w *writer) do(ctx context.Context, n note) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q := &queued{note: n, result: make(chan error, 1)}
	if err := w.enqueue(ctx, q); err != nil {
		return err
	}
	select {
	case err := <-q.result:
		return err
	case <-ctx.Done():
		if q.taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
		return <-q.result
	}
}

func (w *writer) enqueue(ctx context.Context, q *queued) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return ErrClosed
	}
	select {
	case w.queue <- q:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close writes what is queued, and ends.
func (w *writer) close() error {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.queue)
	}
	w.mu.Unlock()
	<-w.done
	return errors.Join(w.tx.close(), w.conn.Close())
}

func (w *writer) loop() {
	defer close(w.done)
	for first := range w.queue {
		w.write(w.batch(first))
	}
}

// batch adds what is queued by now, without waiting for more, and leaves out what its callers have given up.
func (w *writer) batch(first *queued) []*queued {
	var batch []*queued
	for next := first; next != nil; {
		if next.taken.CompareAndSwap(false, true) {
			batch = append(batch, next)
		}
		if len(batch) == w.maxBatch {
			break
		}
		select {
		case next = <-w.queue:
		default:
			next = nil
		}
	}
	return batch
}

// write commits the batch. If it fails, each note is tried alone, so that one that can't be written stops no other.
func (w *writer) write(batch []*queued) {
	if len(batch) == 0 {
		return
	}
	err := w.tx.commit(batch)
	if err != nil && len(batch) > 1 {
		for _, q := range batch {
			q.result <- w.tx.commit([]*queued{q})
		}
		return
	}
	for _, q := range batch {
		q.result <- err
	}
}

// transaction is what a note writes through: the statements on the writer's connection.
type transaction struct {
	conn *sql.Conn
	me   owner
	// all are the statements below.
	all []*sql.Stmt

	begin, commitAll, rollback                    *sql.Stmt
	insert, find, attempt, settle, release, claim *sql.Stmt
	joinOwners, beat, evict, leaveOwners          *sql.Stmt
}

// free is the condition that no living owner other than the one in the parameter has leased the entry.
const free = `(owner IS NULL OR owner = ? OR owner NOT IN (SELECT id FROM owners))`

const byKey = `scope = ? AND operation = ? AND reference = ?`

const joinColumns = `INSERT INTO owners (id, beats, lease_ns, boot, namespace, pid, started) VALUES (?, 0, ?, ?, ?, ?, ?) ON CONFLICT (id) `

func newTransaction(conn *sql.Conn, me owner) (*transaction, error) {
	t := &transaction{conn: conn, me: me}
	statements := []struct {
		into **sql.Stmt
		text string
	}{
		{&t.begin, `BEGIN IMMEDIATE`},
		{&t.commitAll, `COMMIT`},
		{&t.rollback, `ROLLBACK`},
		{&t.insert, `INSERT INTO entries (scope, operation, reference, request, noted_at, owner) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT DO NOTHING`},
		{&t.find, `SELECT ` + entryColumns + ` FROM entries WHERE ` + byKey},
		{&t.attempt, `UPDATE entries SET attempts = attempts + 1, first_attempt = coalesce(first_attempt, ?),
			last_attempt = max(coalesce(last_attempt, ''), ?), owner = ? WHERE ` + byKey + ` AND outcome IS NULL AND ` + free},
		{&t.settle, `UPDATE entries SET outcome = ?1, answer = ?2, settled_by = ?3, settled_at = ?4, owner = NULL
			WHERE scope = ?5 AND operation = ?6 AND reference = ?7 AND outcome IS NULL
			AND (?1 = 'accepted' OR owner IS NULL OR owner = ?8 OR owner NOT IN (SELECT id FROM owners))`},
		{&t.release, `UPDATE entries SET owner = NULL WHERE ` + byKey + ` AND outcome IS NULL AND owner = ?`},
		{&t.claim, `UPDATE entries SET owner = ? WHERE ` + byKey + ` AND outcome IS NULL AND ` + free},
		{&t.joinOwners, joinColumns + `DO NOTHING`},
		{&t.beat, joinColumns + `DO UPDATE SET beats = beats + 1`},
		{&t.evict, `DELETE FROM owners WHERE id = ? AND beats = ?`},
		{&t.leaveOwners, `DELETE FROM owners WHERE id = ?`},
	}
	for _, s := range statements {
		statement, err := conn.PrepareContext(context.Background(), s.text)
		if err != nil {
			return nil, errors.Join(err, t.close())
		}
		*s.into = statement
		t.all = append(t.all, statement)
	}
	return t, nil
}

// close ends the statements. One left behind would keep SQLite from closing the file, and from emptying its log.
func (t *transaction) close() error {
	var failures []error
	for _, statement := range t.all {
		failures = append(failures, statement.Close())
	}
	return errors.Join(failures...)
}

// commit writes the notes in one transaction. An owner that others took for dead, wrongly, is back among the living
// with it, before anything is leased to it.
func (t *transaction) commit(batch []*queued) error {
	if _, err := t.begin.Exec(); err != nil {
		return err
	}
	err := t.run(batch)
	if err == nil {
		_, err = t.commitAll.Exec()
	}
	if err != nil {
		// SQLite has rolled back on its own after some errors; then this fails, and nothing is lost by it.
		_, _ = t.rollback.Exec()
	}
	return err
}

func (t *transaction) run(batch []*queued) error {
	if _, err := t.change(t.joinOwners, t.me.columns()...); err != nil {
		return err
	}
	for _, q := range batch {
		if err := q.note(t); err != nil {
			return err
		}
	}
	return nil
}

// change runs a statement and tells how many rows it changed.
func (t *transaction) change(statement *sql.Stmt, args ...any) (int64, error) {
	result, err := statement.Exec(args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
