// Group commit: one goroutine writes, and puts the notes that have queued up into one transaction.

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	codes "modernc.org/sqlite/lib"
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
	settings settings
	files    files
	// inLog is how many notes were made since the log was folded.
	inLog int

	mu     sync.RWMutex // held for reading while a note is put into the queue
	closed bool
	done   chan struct{}
}

func startWriter(db *sql.DB, me owner, path string, s settings) (*writer, error) {
	conn, err := db.Conn(context.Background())
	if err != nil {
		return nil, err
	}
	tx, err := newTransaction(conn, me, s.busyTimeout)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	known, err := begun(tx, path)
	if err != nil {
		return nil, errors.Join(err, tx.close(), conn.Close())
	}
	w := &writer{conn: conn, tx: tx, files: known, queue: make(chan *queued, s.maxBatch), settings: s, done: make(chan struct{})}
	go w.loop()
	return w, nil
}

// begun has the main file tell of the log that this journal will write to, and returns the files. What follows at once is
// the owner's first heartbeat.
func begun(t *transaction, path string) (files, error) {
	for range 3 { // others may be at work
		marked, err := t.mark()
		if err != nil {
			return nil, err
		}
		if marked {
			break
		}
	}
	return openFiles(path)
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

// close writes what is queued, then the last note, if any, and ends.
func (w *writer) close(last note) error {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.queue)
	}
	w.mu.Unlock()
	<-w.done
	var err error
	if last != nil {
		q := &queued{note: last, result: make(chan error, 1)}
		w.write(q)
		if err = <-q.result; err != nil {
			err = errors.Join(err, keepLog(w.conn))
		}
	}
	return errors.Join(err, w.tx.close(), w.conn.Close())
}

func (w *writer) loop() {
	defer close(w.done)
	for first := range w.queue {
		w.write(first)
	}
}

// write waits until SQLite lets this process write, and commits what has queued up by then. If that fails, each note is
// tried alone, so that one that can't be written stops no other.
func (w *writer) write(first *queued) {
	waiting := len(w.queue)
	if err := w.tx.start(); err != nil {
		// Those that came later have not waited for long.
		w.fail(first, waiting, err)
		return
	}
	batch := w.batch(first)
	err := w.tx.finish(w.tx.all(batch))
	if err == nil || len(batch) == 1 {
		w.answer(batch, err)
		return
	}
	for n := range batch {
		if err := w.tx.start(); err != nil {
			w.answer(batch[n:], err)
			return
		}
		one := batch[n : n+1]
		w.answer(one, w.tx.finish(w.tx.all(one)))
	}
}

// batch takes what is queued by now, without waiting for more, and leaves out what its callers have given up.
func (w *writer) batch(first *queued) []*queued {
	var batch []*queued
	for next := first; next != nil; {
		if next.taken.CompareAndSwap(false, true) {
			batch = append(batch, next)
		}
		if len(batch) == w.settings.maxBatch {
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

// answer tells the callers, and folds the log when it is due.
func (w *writer) answer(batch []*queued, err error) {
	if err == nil {
		err = w.files.check()
	}
	for _, q := range batch {
		q.result <- err
	}
	if w.inLog += len(batch); w.inLog < w.settings.foldAfter {
		return
	}
	w.inLog = 0
	if folded, _ := w.tx.fold(); !folded {
		w.inLog = w.settings.foldAfter * 7 / 8 // soon again; whatever is wrong with the disk, the next note tells
	}
}

// fail answers the first and so many of those that are queued behind it.
func (w *writer) fail(first *queued, behind int, err error) {
	for q := first; ; q = <-w.queue {
		if q.taken.CompareAndSwap(false, true) {
			q.result <- err
		}
		if behind == 0 {
			return
		}
		behind--
	}
}

// transaction is what a note writes through: the statements on the writer's connection.
type transaction struct {
	conn        *sql.Conn
	me          owner
	busyTimeout time.Duration
	// prepared are the statements below.
	prepared []*sql.Stmt

	begin, commit, rollback                       *sql.Stmt
	setApart, apart, checkpoint                   *sql.Stmt
	insert, find, attempt, settle, release, claim *sql.Stmt
	joinOwners, beat, evict, leaveOwners          *sql.Stmt
}

// free is the condition that no living owner other than the one in the parameter has leased the entry.
const free = `(owner IS NULL OR owner = ? OR owner NOT IN (SELECT id FROM owners))`

const byKey = `scope = ? AND operation = ? AND reference = ?`

const joinColumns = `INSERT INTO owners (id, beats, lease_ns, boot, namespace, pid, started) VALUES (?, 0, ?, ?, ?, ?, ?) ON CONFLICT (id) `

func newTransaction(conn *sql.Conn, me owner, busyTimeout time.Duration) (*transaction, error) {
	t := &transaction{conn: conn, me: me, busyTimeout: busyTimeout}
	statements := []struct {
		into **sql.Stmt
		text string
	}{
		{&t.begin, `BEGIN IMMEDIATE`},
		{&t.commit, `COMMIT`},
		{&t.rollback, `ROLLBACK`},
		{&t.setApart, `UPDATE log SET apart = ?1 WHERE apart <> ?1`},
		{&t.apart, `SELECT apart FROM log`},
		{&t.checkpoint, `PRAGMA wal_checkpoint(PASSIVE)`},
		{&t.insert, `INSERT INTO entries (scope, operation, reference, request, noted_at, owner, attempts, first_attempt, last_attempt)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, iif(?7 > 0, ?5, NULL), iif(?7 > 0, ?5, NULL))
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
		t.prepared = append(t.prepared, statement)
	}
	// From here on, start does the waiting.
	if _, err := conn.ExecContext(context.Background(), "PRAGMA busy_timeout = 0"); err != nil {
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

// close ends the statements. One left behind would keep SQLite from closing the file, and from emptying its log.
func (t *transaction) close() error {
	var failures []error
	for _, statement := range t.prepared {
		failures = append(failures, statement.Close())
	}
	return errors.Join(failures...)
}

// start returns once this process may write. It asks more often than SQLite would, whose pauses grow to 100 ms: a process
// that writes without a pause of its own would leave the others next to nothing.
func (t *transaction) start() error {
	for started := time.Now(); ; time.Sleep(time.Millisecond + rand.N(2*time.Millisecond)) {
		if _, err := t.begin.Exec(); code(err) != codes.SQLITE_BUSY || time.Since(started) > t.busyTimeout {
			return err
		}
	}
}

// finish runs the changes and commits them, or has nothing changed. No change is no error.
func (t *transaction) finish(changes func() error) error {
	err := changes()
	if err == nil {
		_, err = t.commit.Exec()
	}
	if err != nil {
		// SQLite has rolled back on its own after some errors; then this fails, and nothing is lost by it.
		_, _ = t.rollback.Exec()
	}
	return err
}

// alone makes the changes in a transaction of their own.
func (t *transaction) alone(changes func() error) error {
	if err := t.start(); err != nil {
		return err
	}
	return t.finish(changes)
}

// all are the changes of a batch. An owner that others took for dead, wrongly, is back among the living with it, before
// anything is leased to it.
func (t *transaction) all(batch []*queued) func() error {
	return func() error {
		if len(batch) == 0 {
			return nil // their callers have given up
		}
		if err := t.setLog(0); err != nil {
			return err
		}
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
}

// change runs a statement and tells how many rows it changed.
func (t *transaction) change(statement *sql.Stmt, args ...any) (int64, error) {
	result, err := statement.Exec(args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
