// The file on the disk: who may read it, how the database in it is opened, and what an error means.

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// ErrDamaged is in the chain of the error for a journal whose content can't be trusted.
var ErrDamaged = errors.New("the journal is damaged")

// ErrForeign is in the chain of the error for a file that is no journal.
var ErrForeign = errors.New("the file is no journal")

// ErrNewerVersion is in the chain of the error for a journal that a later version of this package wrote.
var ErrNewerVersion = errors.New("the journal was written by a later version")

// errMoved is damage to what comes after.
var errMoved = fmt.Errorf("%w: a file of it was removed or replaced while it was open", ErrDamaged)

// errEmpty is damage, since no journal is ever empty: one that was cut to nothing must not start from zero.
var errEmpty = fmt.Errorf("%w: it is empty", ErrDamaged)

// openDatabase opens the file and proves that it is a sound journal. Another process that opens it for the first time, or
// recovers it after a crash, is waited for.
func openDatabase(path string, busyTimeout time.Duration) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dataSource(path, busyTimeout))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4)
	started := time.Now()
	for {
		err = prepareConnection(path, db)
		if err == nil {
			return db, nil
		}
		if code(err) != codes.SQLITE_BUSY || time.Since(started) > busyTimeout {
			return nil, errors.Join(err, db.Close())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func prepareConnection(path string, db *sql.DB) error {
	ctx := context.Background()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	if err := prepareDatabase(ctx, conn, path); err != nil {
		return errors.Join(err, conn.Close())
	}
	if err := conn.Close(); err != nil {
		return err
	}
	return tighten(path)
}

// dataSource never lets SQLite make the file, since it would make it readable for others. Full fsync is what it takes on
// macOS for a commit to reach the disk.
func dataSource(path string, busyTimeout time.Duration) string {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // a Windows drive
	}
	location := url.URL{Scheme: "file", Path: slashed}
	query := url.Values{
		"mode":          {"rw"},
		"_defensive":    {"1"},
		"_dqs":          {"0"},
		"_error_rc":     {"1"},
		"_busy_timeout": {fmt.Sprint(busyTimeout.Milliseconds())},
		"_synchronous":  {"FULL"},
		"_pragma":       {"wal_autocheckpoint(0)", "fullfsync(1)", "checkpoint_fullfsync(1)", "trusted_schema(0)", "cell_size_check(1)"},
	}
	location.RawQuery = query.Encode()
	return location.String()
}

// tighten keeps others from reading account numbers. The mode is set by name, since no file is opened here that SQLite may
// have open: to close any descriptor of a database drops all locks that its process has on it.
func tighten(path string) error {
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 == 0 {
			continue
		}
		if err := os.Chmod(name, info.Mode().Perm()&^0o077); err != nil {
			return fmt.Errorf("others may read it, and that can't be changed: %w", err)
		}
	}
	return nil
}

const (
	consequence     = ". A journal that does not know the references that were used could pay one again: look up what was open first"
	restoreAdvice   = "Restore it from a backup" + consequence
	emptyAdvice     = restoreAdvice + ". If no journal was ever kept there, remove the file (or give another name) and it will be made"
	logAdvice       = "Put the log back beside the journal, or restore both from a backup" + consequence
	movedAdvice     = "End every process that has the journal open. If the journal itself was moved, put it back, or restore it from a backup" + consequence
	wrongPathAdvice = "Name another file, or restore the journal from a backup if this is where it was"
)

// explain names the file and says what to do about the error.
func explain(path, doing string, err error) error {
	advice := ""
	switch code(err) {
	case codes.SQLITE_NOTADB:
		err, advice = fmt.Errorf("%w, and no SQLite database either: %w", ErrForeign, err), wrongPathAdvice
	case codes.SQLITE_CORRUPT:
		err, advice = fmt.Errorf("%w: %w", ErrDamaged, err), restoreAdvice
	case codes.SQLITE_READONLY, codes.SQLITE_CANTOPEN, codes.SQLITE_PERM:
		advice = "Let this user write the file and its directory"
	case codes.SQLITE_BUSY, codes.SQLITE_PROTOCOL:
		advice = "Another process has been writing all the while: see what it is doing"
	case codes.SQLITE_FULL:
		advice = "The disk is full: make room"
	case codes.SQLITE_IOERR:
		advice = "The disk failed, or the file may not grow (ulimit -f): see the system's log"
	}
	switch {
	case advice != "":
	case errors.Is(err, errLogGone):
		advice = logAdvice
	case errors.Is(err, errMoved):
		advice = movedAdvice
	case errors.Is(err, errEmpty):
		advice = emptyAdvice
	case errors.Is(err, ErrForeign):
		advice = wrongPathAdvice
	case errors.Is(err, ErrDamaged):
		advice = restoreAdvice
	case errors.Is(err, ErrNewerVersion):
		advice = "Update this program"
	}
	if advice != "" {
		return fmt.Errorf("journal %s: %s: %w. %s", path, doing, err, advice)
	}
	return fmt.Errorf("journal %s: %s: %w", path, doing, err)
}

// reading says of the error of a query that was under way as the journal was closed that this is why.
func (j *Journal) reading(err error) error {
	select {
	case <-j.stop:
		if err != nil {
			return ErrClosed
		}
	default:
	}
	return err
}

// code is SQLite's primary result code, or 0 for an error that is not SQLite's.
func code(err error) int {
	var failure *driver.Error
	if errors.As(err, &failure) {
		return failure.Code() & 0xff
	}
	return 0
}
