// How a new journal comes to be: under another name until it is whole, then put in place in one step, and never in place of
// a file that is there.

package sqlite

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A journal that is being made has its name, unfinished, and randomLength characters of [rand.Text].
const (
	unfinished   = ".new-"
	randomLength = 26
)

// disk is what a new journal asks of the file system, apart from holding it.
type disk struct {
	// link gives a file one more name, and fails if something has that name.
	link func(name, another string) error
	// syncDirectory has the names in a directory outlast a crash.
	syncDirectory func(dir string) error
}

// followLink returns the file that a symbolic link leads to: beside that, SQLite keeps its log. No journal is made there.
func followLink(path string) (string, error) {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != fs.ModeSymlink {
		return path, nil // what is wrong, if anything, shows later
	}
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", errors.New("it is a symbolic link to a file that is not there: bring that back, or remove the link for a new journal")
	}
	return target, err
}

// prepareFile makes the journal and its directories unless it is there, and refuses what can't be one by its looks.
func (s settings) prepareFile(path string) error {
	dir := filepath.Dir(path)
	if err := s.disk.makeDirectories(dir); err != nil {
		return fmt.Errorf("its directory can't be made: %w", err)
	}
	found, err := s.look(path)
	if err == nil && !found {
		if err = s.create(path); err == nil {
			found, err = s.look(path)
		}
		if err == nil && !found {
			err = errors.New("it was taken away while it was made")
		}
	}
	if err != nil {
		return err
	}
	// Whoever put it in place may have been killed before this.
	if err := s.disk.syncDirectory(dir); err != nil {
		return err
	}
	return checkLog(path)
}

// look tells whether a journal is there, by its looks. An empty file is none, but for a moment it may stand for one: see
// claim.
func (s settings) look(path string) (found bool, err error) {
	for started := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		found, err = lookOnce(path)
		if !errors.Is(err, errEmpty) {
			return found, err
		}
		if len(unfinishedNames(path)) == 0 || time.Since(started) > s.busyTimeout {
			return lookOnce(path) // it may have been put in place since
		}
	}
}

func lookOnce(path string) (found bool, err error) {
	// The logs come first, since they appear after the journal.
	log := findLog(path)
	journal, err := os.Stat(path)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return false, err
	case err == nil && !journal.Mode().IsRegular():
		return false, fmt.Errorf("%w: it is no regular file", ErrForeign)
	case err == nil && journal.Size() > 0:
		return true, nil
	case log != "":
		return false, fmt.Errorf("%w: it is gone or empty, but its log %s is there", ErrDamaged, log)
	case err == nil:
		return false, errEmpty
	}
	return false, nil
}

// findLog returns the name of a log that says that a journal was at path, or nothing.
func findLog(path string) string {
	for _, name := range []string{path + "-wal", path + "-journal"} {
		if log, err := os.Stat(name); err == nil && log.Size() > 0 {
			return name
		}
	}
	return ""
}

// create makes a whole journal and puts it in place, unless another process is faster.
func (s settings) create(path string) error {
	name := path + unfinished + rand.Text()[:randomLength]
	err := build(name, s.busyTimeout)
	if err == nil {
		err = s.place(name, path)
	}
	// It may be gone; if it can't be removed, the next to open the journal tries again.
	_ = os.Remove(name)
	if err == nil {
		return nil
	}
	if found, _ := lookOnce(path); found {
		return nil // whoever was faster has cleared this one away
	}
	return fmt.Errorf("it can't be made: %w", err)
}

// build returns once the new journal is on the disk. It keeps the rollback journal in memory, so that a killed process
// leaves no more than this one file behind.
func build(name string, busyTimeout time.Duration) (err error) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", dataSource(name, busyTimeout))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	_, err = db.Exec("PRAGMA journal_mode = MEMORY;" + creation())
	return errors.Join(err, db.Close())
}

// place gives a whole journal its name, if that is free.
func (s settings) place(name, path string) error {
	err := s.disk.link(name, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	if claimed := claim(name, path); claimed != nil {
		return fmt.Errorf("%w; and without a hard link: %w", err, claimed)
	}
	return nil
}

// claim is for a file system without hard links: it takes the name with an empty file, and then renames the journal onto
// that. Killed in between, it leaves the empty file, which is refused: it is not for this package to delete.
func claim(name, path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	mine, err := file.Stat()
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	// This process may have been stopped for long, and the empty file replaced.
	there, err := os.Stat(path)
	if err != nil || there.Size() > 0 || !os.SameFile(mine, there) {
		return err
	}
	return os.Rename(name, path)
}

// removeUnfinished clears away what was left by processes that were killed while they made the journal. One that still
// makes it is late: it finds the journal that is there.
func removeUnfinished(path string) {
	for _, name := range unfinishedNames(path) {
		_ = os.Remove(name) // it does no harm
	}
}

// unfinishedNames are those of the files that create has under way, or has left.
func unfinishedNames(path string) []string {
	dir, base := filepath.Split(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // not readable
	}
	var names []string
	for _, entry := range entries {
		random, ok := strings.CutPrefix(entry.Name(), base+unfinished)
		if ok && entry.Type().IsRegular() && isRandom(random) {
			names = append(names, filepath.Join(dir, entry.Name()))
		}
	}
	return names
}

// isRandom knows the alphabet of [rand.Text]: nobody else's file is taken for a journal that is being made.
func isRandom(text string) bool {
	return len(text) == randomLength && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// makeDirectories makes what is missing of a directory, readable for its owner alone, and sees to it that each is still
// there after a crash.
func (d disk) makeDirectories(dir string) error {
	if _, err := os.Stat(dir); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(dir)
	if err := d.makeDirectories(parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return d.syncDirectory(parent)
}

func syncDirectory(dir string) error {
	handle, err := os.Open(dir)
	if err != nil {
		return nil // not readable: nothing to sync through
	}
	_ = handle.Sync() // not every system can sync a directory
	return handle.Close()
}
