// The log: a journal without it, or with a damaged one, is refused, and what merely looks like that is not.

package sqlite

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// copyFiles copies what is there of an open or abandoned journal, as a backup might, and returns the copy's path.
func copyFiles(t *testing.T, path string, suffixes ...string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	for _, suffix := range suffixes {
		content, err := os.ReadFile(path + suffix)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(to+suffix, content, 0o600))
	}
	return to
}

const soon = 16

// foldingSoon has the log folded after so few notes.
func foldingSoon(s *settings) error {
	s.foldAfter = soon
	return nil
}

// abandoned returns the path of a journal as a killed process leaves it, which had noted so many intents.
func abandoned(t *testing.T, notes int) string {
	t.Helper()
	journal := open(t, filepath.Join(t.TempDir(), "journal"), foldingSoon)
	for n := range notes {
		begin(t, journal, fmt.Sprint("order-", n))
	}
	// The log is folded before the next note is made.
	require.NoError(t, journal.writer.do(t.Context(), func(*transaction) error { return nil }))
	return copyFiles(t, journal.path, "", "-wal")
}

func TestAJournalWithoutItsLogIsRefused(t *testing.T) {
	tests := map[string]struct {
		notes int
		take  func(log string) error
	}{
		"removed":                   {1, os.Remove},
		"cut to nothing":            {1, func(log string) error { return os.Truncate(log, 0) }},
		"cut to its header":         {1, func(log string) error { return os.Truncate(log, logHeaderSize) }},
		"no note was made yet":      {0, os.Remove},
		"it was folded since":       {soon + 3, os.Remove},
		"it was about to be folded": {soon - 2, os.Remove},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := abandoned(t, test.notes)
			require.NoError(t, test.take(path+"-wal"))
			before := hashes(t, path)
			for range 2 {
				_, err := Open(path)
				require.ErrorIs(t, err, ErrDamaged)
				assert.ErrorContains(t, err, "its log is gone")
				assert.ErrorContains(t, err, "Put the log back")
				assert.Equal(t, before, hashes(t, path))
			}
			alter(t, path, "UPDATE log SET apart = 0")
			assert.NoError(t, open(t, path).Close(), "as the package's documentation says")
		})
	}
}

func TestAbandonedJournalsAreWhole(t *testing.T) {
	for name, visit := range map[string]func(*testing.T, string){
		"left alone":                    func(*testing.T, string) {},
		"opened by another program":     func(t *testing.T, path string) { alter(t, path, "SELECT count(*) FROM entries") },
		"opened by this one and closed": func(t *testing.T, path string) { require.NoError(t, open(t, path).Close()) },
	} {
		t.Run(name, func(t *testing.T) {
			for _, notes := range []int{1, soon + 3} {
				path := abandoned(t, notes)
				visit(t, path)
				journal := open(t, path)
				for n := range notes {
					get(t, journal, fmt.Sprint("order-", n))
				}
			}
		})
	}
}

// TestAKillWhileTheLogIsFoldedLosesNothing copies the files at the moment at which even a reader of the log is told of one.
func TestAKillWhileTheLogIsFoldedLosesNothing(t *testing.T) {
	journal := newJournal(t)
	begin(t, journal, "order-1")
	conn, err := journal.db.Conn(t.Context())
	require.NoError(t, err)
	tx, err := newTransaction(conn, journal.owner, 0)
	require.NoError(t, err)

	reading, err := journal.db.Begin()
	require.NoError(t, err)
	var count int
	require.NoError(t, reading.QueryRow("SELECT count(*) FROM entries").Scan(&count))
	begin(t, journal, "order-2")
	folded, err := tx.mark()
	require.NoError(t, err)
	assert.False(t, folded, "the reader still needs the log as it was")
	require.NoError(t, reading.Rollback())
	folded, err = tx.mark()
	require.NoError(t, err)
	assert.True(t, folded)
	whole, alone := copyFiles(t, journal.path, "", "-wal"), copyFiles(t, journal.path, "")
	folded, err = tx.fold()
	require.NoError(t, err)
	assert.True(t, folded)
	visited := copyFiles(t, journal.path, "", "-wal")
	require.NoError(t, tx.close())
	require.NoError(t, conn.Close())

	get(t, open(t, whole), "order-2")
	_, err = Open(alone)
	assert.ErrorIs(t, err, ErrDamaged)
	alter(t, visited, "SELECT count(*) FROM entries")
	assert.NoFileExists(t, visited+"-wal")
	get(t, open(t, visited), "order-2")
}

func TestAJournalWhoseLastCommitFailedCanBeOpenedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	journal, err := Open(path)
	require.NoError(t, err)
	begin(t, journal, "order-1")
	marked, err := journal.writer.tx.mark()
	require.NoError(t, err)
	require.True(t, marked)
	_, err = journal.writer.conn.ExecContext(t.Context(), "PRAGMA query_only = 1")
	require.NoError(t, err)
	require.Error(t, journal.Close())
	get(t, open(t, path), "order-1")
}

func TestTheLogDoesNotGrowForEver(t *testing.T) {
	journal := open(t, filepath.Join(t.TempDir(), "journal"), foldingSoon)
	size := func(upTo int) int64 {
		for n := upTo - 3*soon; n < upTo; n++ {
			begin(t, journal, fmt.Sprint("order-", n))
		}
		info, err := os.Stat(journal.path + "-wal")
		require.NoError(t, err)
		return info.Size()
	}
	before := size(3 * soon)
	size(6 * soon)
	assert.Less(t, size(9*soon), 2*before)
}

// TestADamagedLogIsRefused flips bits all over a log: either it is refused and left as it is, or all is there but what
// can't be told from a commit that a power cut has torn, the last one.
func TestADamagedLogIsRefused(t *testing.T) {
	const notes = 6
	path := abandoned(t, notes)
	log, err := os.ReadFile(path + "-wal")
	require.NoError(t, err)
	refused := 0
	for at := 0; at < len(log); at += 509 {
		damaged := bytes.Clone(log)
		damaged[at] ^= 1 << (at % 8)
		copied := copyFiles(t, path, "")
		require.NoError(t, os.WriteFile(copied+"-wal", damaged, 0o600))
		journal, err := Open(copied)
		if err != nil {
			refused++
			require.ErrorIs(t, err, ErrDamaged)
			require.ErrorContains(t, err, copied+"-wal")
			left, err := os.ReadFile(copied + "-wal")
			require.NoError(t, err)
			require.Equal(t, damaged, left)
			continue
		}
		for n := range notes - 1 {
			_, found, err := journal.Get(t.Context(), key(fmt.Sprint("order-", n)))
			require.NoError(t, err)
			require.True(t, found, "order-%d is lost by a flipped bit at %d of %d", n, at, len(log))
		}
		require.NoError(t, journal.Close())
	}
	assert.Greater(t, refused, len(log)/509/2)
}

func TestATornEndOfTheLogIsNoDamage(t *testing.T) {
	for _, torn := range []int64{1, 100, 4096, 4120, 5000} {
		path := abandoned(t, 3)
		log, err := os.Stat(path + "-wal")
		require.NoError(t, err)
		require.NoError(t, os.Truncate(path+"-wal", log.Size()-torn))
		journal := open(t, path)
		get(t, journal, "order-1")
		begin(t, journal, "order-2")
	}
}

func TestANoteInAFileThatLostItsNameIsNone(t *testing.T) {
	tests := map[string]struct {
		move func(path string) error
		// back undoes it.
		back func(path string) error
	}{
		"the journal was moved": {
			func(path string) error { return os.Rename(path, path+".old") },
			func(path string) error { return os.Rename(path+".old", path) },
		},
		"the journal was replaced": {
			func(path string) error {
				if err := os.Rename(path, path+".old"); err != nil {
					return err
				}
				return os.WriteFile(path, nil, 0o600)
			},
			func(path string) error { return os.Rename(path+".old", path) },
		},
		"its log was moved": {
			func(path string) error { return os.Rename(path+"-wal", path+".old") },
			func(path string) error { return os.Rename(path+".old", path+"-wal") },
		},
		"its index of the log was moved": {
			func(path string) error { return os.Rename(path+"-shm", path+".old") },
			func(path string) error { return os.Rename(path+".old", path+"-shm") },
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			journal := newJournal(t)
			begin(t, journal, "order-1")
			require.NoError(t, test.move(journal.path))

			_, fresh, err := journal.Begin(t.Context(), intent("order-2"))
			require.ErrorIs(t, err, ErrDamaged)
			assert.False(t, fresh)
			assert.ErrorContains(t, err, "End every process")
			assert.ErrorIs(t, journal.Attempt(t.Context(), key("order-1"), noted), ErrDamaged)

			require.NoError(t, test.back(journal.path))
			assert.NoError(t, journal.Attempt(t.Context(), key("order-1"), noted))
		})
	}
}

func TestAJournalWhoseFilesWereAllReplacedSaysSoWhenItIsClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	journal, err := Open(path)
	require.NoError(t, err)
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		require.NoError(t, os.Remove(name))
	}
	_, _, err = journal.Begin(t.Context(), intent("order-1"))
	require.ErrorIs(t, err, ErrDamaged)
	another := open(t, path)
	begin(t, another, "order-1")
	assert.ErrorIs(t, journal.Close(), ErrDamaged)
	begin(t, another, "order-2")
	require.NoError(t, another.Close(), "the log of the journal in its place is left alone")
}

func TestTheLogBehindASymbolicLinkIsPrivateToo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	path := filepath.Join(dir, "journal")
	require.NoError(t, open(t, path).Close())
	require.NoError(t, os.Chmod(path, 0o644))
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(path, link))
	journal := open(t, link)
	begin(t, journal, "order-1")
	assert.Equal(t, map[string]fs.FileMode{"d": 0o700, "journal": 0o600, "journal-wal": 0o600, "journal-shm": 0o600}, modes(t, dir))
	begin(t, open(t, path), "order-2")
	get(t, journal, "order-2")
}
