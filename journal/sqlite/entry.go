// What a client does with one entry: note the intent and each attempt, settle it or give it up, and read it.

package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/airtime-go/airtime/facade"
)

// entryColumns are what scanEntry reads. The last says whether the owner, if any, counts as alive.
const entryColumns = `scope, operation, reference, request, noted_at, attempts, first_attempt, last_attempt,
	outcome, answer, settled_by, settled_at, coalesce(owner, ''), coalesce(owner IN (SELECT id FROM owners), 0)`

// timeLayout has one width, so that times sort as text.
const timeLayout = "2006-01-02T15:04:05.000000000Z"

// storedEntry is an entry with what the file says of its lease.
type storedEntry struct {
	facade.Entry
	owner      string
	ownerAlive bool
}

// Begin is [facade.Journal]'s. Scope, operation and reference must not be empty.
func (j *Journal) Begin(ctx context.Context, intent facade.Intent) (facade.Entry, bool, error) {
	noted, err := timeText(intent.NotedAt)
	if intent.Scope == "" || intent.Operation == "" || intent.Reference == "" {
		err = errors.New("scope, operation and reference must not be empty")
	}
	if err != nil {
		return facade.Entry{}, false, j.failed("begin", intent.Key, err)
	}
	entry, fresh, err := j.begin(ctx, intent, noted)
	if err == nil && entry.Leased && entry.owner != j.owner.id {
		// That owner may have died since the last look.
		if _, err = j.sweepOwners(ctx); err == nil {
			entry, fresh, err = j.begin(ctx, intent, noted)
		}
	}
	if err != nil {
		return facade.Entry{}, false, j.failed("begin", intent.Key, err)
	}
	return entry.Entry, fresh, nil
}

func (j *Journal) begin(ctx context.Context, intent facade.Intent, noted string) (entry storedEntry, fresh bool, err error) {
	lease := j.recovery.lease(intent.Key, nil)
	err = j.writer.do(ctx, func(t *transaction) error {
		lease.undo()
		inserted, err := t.change(t.insert, intent.Scope, intent.Operation, intent.Reference, blob(intent.Request), noted, t.me.id, intent.Earlier)
		if err != nil {
			return err
		}
		fresh = inserted == 1
		if entry, err = scanEntry(t.find.QueryRow(keyArgs(intent.Key)...)); err != nil {
			return err
		}
		if fresh || entry.Settlement != nil {
			entry.Leased = false
			return nil
		}
		if !bytes.Equal(entry.Request, intent.Request) {
			// The caller has no business with it, and would not release it.
			entry.Leased = j.atWork(entry)
			return nil
		}
		taken, err := lease.take(t, entry)
		entry.Leased = !taken
		return err
	})
	if err != nil {
		lease.undo()
	}
	return entry, fresh, err
}

// Attempt is [facade.Journal]'s. The last attempt of an entry never moves back, whatever the clock does.
func (j *Journal) Attempt(ctx context.Context, key facade.Key, at time.Time) error {
	when, err := timeText(at)
	if err == nil && at.IsZero() {
		err = errors.New("an attempt has a time")
	}
	if err == nil {
		err = j.changeEntry(ctx, key, func(t *transaction) (int64, error) {
			return t.change(t.attempt, when, when, t.me.id, key.Scope, key.Operation, key.Reference, t.me.id)
		}, func(entry storedEntry) error {
			if entry.Settlement != nil {
				return settledAs(*entry.Settlement)
			}
			return facade.ErrLeased
		})
	}
	return j.failed("attempt", key, err)
}

// Settle is [facade.Journal]'s.
func (j *Journal) Settle(ctx context.Context, key facade.Key, settlement facade.Settlement) error {
	when, err := timeText(settlement.SettledAt)
	switch settlement.Outcome {
	case facade.OutcomeAccepted, facade.OutcomeRefused, facade.OutcomeTemporary:
	default:
		err = fmt.Errorf("the outcome %q settles nothing", settlement.Outcome)
	}
	if err == nil {
		err = j.changeEntry(ctx, key, func(t *transaction) (int64, error) {
			return t.change(t.settle, string(settlement.Outcome), blob(settlement.Answer), settlement.By, when,
				key.Scope, key.Operation, key.Reference, t.me.id)
		}, func(entry storedEntry) error {
			switch {
			case entry.Settlement == nil:
				return facade.ErrLeased
			case entry.Settlement.Outcome != settlement.Outcome:
				return settledAs(*entry.Settlement)
			}
			return nil
		})
	}
	return j.failed("settle", key, err)
}

// Release is [facade.Journal]'s.
func (j *Journal) Release(ctx context.Context, key facade.Key) error {
	err := j.changeEntry(ctx, key, func(t *transaction) (int64, error) {
		return t.change(t.release, key.Scope, key.Operation, key.Reference, t.me.id)
	}, func(storedEntry) error { return nil })
	return j.failed("release", key, err)
}

// Get is [facade.Journal]'s.
func (j *Journal) Get(ctx context.Context, key facade.Key) (facade.Entry, bool, error) {
	entry, err := scanEntry(j.db.QueryRowContext(ctx, `SELECT `+entryColumns+` FROM entries WHERE `+byKey, keyArgs(key)...))
	if errors.Is(err, facade.ErrNotNoted) {
		return facade.Entry{}, false, nil
	}
	if err != nil {
		return facade.Entry{}, false, j.failed("get", key, j.reading(err))
	}
	entry.Leased = j.atWork(entry)
	return entry.Entry, true, nil
}

// atWork reports whether another owner that counts as alive, or another caller of this one, is working on the entry.
func (j *Journal) atWork(entry storedEntry) bool {
	return entry.ownerAlive && (entry.owner != j.owner.id || !j.recovery.idle(entry.Key))
}

// changeEntry changes one row. Where that changes nothing, refuse says why; if it is a lease whose owner turns out to be
// dead, the change is tried once more.
func (j *Journal) changeEntry(ctx context.Context, key facade.Key, change func(*transaction) (int64, error), refuse func(storedEntry) error) error {
	for last := false; ; last = true {
		var refused error
		var entry storedEntry
		err := j.writer.do(ctx, func(t *transaction) error {
			refused = nil
			changed, err := change(t)
			if err != nil || changed == 1 {
				return err
			}
			entry, err = scanEntry(t.find.QueryRow(keyArgs(key)...))
			switch {
			case errors.Is(err, facade.ErrNotNoted):
				refused = err
			case err != nil:
				return err
			default:
				refused = refuse(entry)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if refused == nil {
			j.recovery.forget(key)
			return nil
		}
		if last || !errors.Is(refused, facade.ErrLeased) {
			return refused
		}
		if err := j.awaitOwners(ctx, map[string]bool{entry.owner: true}); err != nil {
			return err
		}
	}
}

func settledAs(settlement facade.Settlement) error {
	return fmt.Errorf("%w, as %s", facade.ErrSettled, settlement.Outcome)
}

// failed says which entry of which file an error is about. The message has no request in it: that holds account numbers.
func (j *Journal) failed(doing string, key facade.Key, err error) error {
	if err == nil {
		return nil
	}
	return explain(j.path, fmt.Sprintf("%s %s %s", doing, key.Operation, key.Reference), err)
}

func keyArgs(key facade.Key) []any {
	return []any{key.Scope, key.Operation, key.Reference}
}

// blob keeps nil from becoming NULL, and the driver from seeing the caller's bytes change.
func blob(b []byte) []byte {
	return append([]byte{}, b...)
}

// timeText is empty for the zero time.
func timeText(t time.Time) (string, error) {
	if t.IsZero() {
		return "", nil
	}
	t = t.UTC()
	if t.Year() < 0 || t.Year() > 9999 {
		return "", fmt.Errorf("the year %d has no four digits", t.Year())
	}
	return t.Format(timeLayout), nil
}

func parseTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(timeLayout, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: %q is no time", ErrDamaged, text)
	}
	return t, nil
}

// scanEntry reads entryColumns. Its error is ErrNotNoted if there is no row.
func scanEntry(row interface{ Scan(...any) error }) (storedEntry, error) {
	var e storedEntry
	var noted string
	var first, last, outcome, by, settled sql.NullString
	var answer []byte
	err := row.Scan(&e.Scope, &e.Operation, &e.Reference, &e.Request, &noted, &e.Attempts, &first, &last,
		&outcome, &answer, &by, &settled, &e.owner, &e.ownerAlive)
	if errors.Is(err, sql.ErrNoRows) {
		return storedEntry{}, facade.ErrNotNoted
	}
	if err != nil {
		return storedEntry{}, err
	}
	var problems [4]error
	e.NotedAt, problems[0] = parseTime(noted)
	e.FirstAttempt, problems[1] = parseTime(first.String)
	e.LastAttempt, problems[2] = parseTime(last.String)
	if outcome.Valid {
		e.Settlement = &facade.Settlement{Outcome: facade.Outcome(outcome.String), Answer: answer, By: by.String}
		e.Settlement.SettledAt, problems[3] = parseTime(settled.String)
	}
	return e, errors.Join(problems[:]...)
}
