// The file: who may read it, what is in it, and what is said of one that is damaged or something else.

package sqlite

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
)

func modes(t *testing.T, dir string) map[string]fs.FileMode {
	t.Helper()
	found := map[string]fs.FileMode{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := entry.Info()
		require.NoError(t, err)
		found[entry.Name()] = info.Mode().Perm()
		return nil
	}))
	return found
}

func TestOnlyTheOwnerMayReadTheFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "airtime")
	journal := open(t, filepath.Join(dir, "journal"))
	begin(t, journal, "order-1")
	assert.Equal(t, map[string]fs.FileMode{"state": 0o700, "airtime": 0o700, "journal": 0o600, "journal-wal": 0o600, "journal-shm": 0o600},
		modes(t, filepath.Dir(dir)))
}

func TestAJournalThatOthersMayReadIsTightened(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	path := filepath.Join(dir, "journal")
	require.NoError(t, open(t, path).Close())
	require.NoError(t, os.Chmod(path, 0o664))
	open(t, path)
	assert.Equal(t, map[string]fs.FileMode{"d": 0o700, "journal": 0o600, "journal-wal": 0o600, "journal-shm": 0o600}, modes(t, dir))
}

func TestAnyPathWillDo(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, path := range []string{"journal", "with space?mode=memory#x%20", "ünïcode&_pragma=x.db", ":memory:", "file:x"} {
		t.Run(path, func(t *testing.T) {
			journal := open(t, path)
			begin(t, journal, "order-1")
			require.NoError(t, journal.Close())
			require.FileExists(t, path)
			get(t, open(t, path), "order-1")
		})
	}
}

func TestAClosedJournalIsOneFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	journal := open(t, filepath.Join(dir, "journal"))
	begin(t, journal, "order-1")
	assert.Empty(t, opened(t, journal))
	require.NoError(t, journal.Close())
	assert.Equal(t, map[string]fs.FileMode{"d": 0o700, "journal": 0o600}, modes(t, dir))
}

func TestTheFileHoldsWhatItWasGivenAndNothingElse(t *testing.T) {
	t.Setenv("AIRTIME_API_KEY", "never-in-a-file")
	path := filepath.Join(t.TempDir(), "journal")
	journal := open(t, path)
	begin(t, journal, "order-1")
	require.NoError(t, journal.Settle(t.Context(), key("order-1"), settled(facade.OutcomeAccepted)))
	columns := map[string]any{}
	rows, err := journal.db.Query("SELECT * FROM entries")
	require.NoError(t, err)
	defer rows.Close()
	names, err := rows.Columns()
	require.NoError(t, err)
	values := make([]any, len(names))
	into := make([]any, len(names))
	for n := range values {
		into[n] = &values[n]
	}
	require.True(t, rows.Next())
	require.NoError(t, rows.Scan(into...))
	for n, name := range names {
		columns[name] = values[n]
	}
	assert.Equal(t, map[string]any{
		"scope": scope, "operation": "SendTransfer", "reference": "order-1", "request": intent("order-1").Request,
		"noted_at": "2026-03-04T05:06:07.000000890Z", "attempts": int64(0), "first_attempt": nil, "last_attempt": nil,
		"outcome": "accepted", "answer": []byte(`{"TransferRef":"7"}`), "settled_by": "answer",
		"settled_at": "2026-03-04T05:07:07.000000890Z", "owner": nil,
	}, columns)
	require.False(t, rows.Next())
	for _, name := range []string{path, path + "-wal"} {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.NotContains(t, string(content), "never-in-a-file")
	}
}

// sound returns the bytes of a closed journal with a few entries.
func sound(t testing.TB) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sound")
	journal, err := Open(path)
	require.NoError(t, err)
	for _, reference := range []string{"order-1", "order-2", "order-3"} {
		in := intent(reference)
		in.Request = append(in.Request, strings.Repeat(" ", 2000)...)
		_, _, err := journal.Begin(t.Context(), in)
		require.NoError(t, err)
	}
	require.NoError(t, journal.Settle(t.Context(), key("order-1"), settled(facade.OutcomeAccepted)))
	require.NoError(t, journal.Close())
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return content
}

// alter runs SQL on the file at path, as another program might.
func alter(t *testing.T, path, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	_, err = db.Exec(statements)
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

func TestAFileThatIsNoSoundJournalIsRefusedAndLeftAsItIs(t *testing.T) {
	write := func(content []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) { require.NoError(t, os.WriteFile(path, content, 0o644)) }
	}
	journal := sound(t)
	altered := func(statements string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			write(journal)(t, path)
			alter(t, path, statements)
		}
	}
	overwritten := func(at int) []byte {
		content := bytes.Clone(journal)
		copy(content[at:], bytes.Repeat([]byte{0xA5}, 512))
		return content
	}
	tests := map[string]struct {
		arrange func(*testing.T, string)
		kind    error
		advice  string
	}{
		"random bytes":                       {write(bytes.Repeat([]byte("\x13\x37random"), 1000)), ErrForeign, "Name another file"},
		"one byte":                           {write([]byte("x")), ErrForeign, "Name another file"},
		"zeros":                              {write(make([]byte, 8192)), ErrForeign, "Name another file"},
		"text":                               {write([]byte("SQLite format 4, or so\n")), ErrForeign, "Name another file"},
		"another database":                   {func(t *testing.T, path string) { alter(t, path, "CREATE TABLE songs (title TEXT)") }, ErrForeign, "Name another file"},
		"an empty database":                  {func(t *testing.T, path string) { alter(t, path, "VACUUM; PRAGMA user_version = 1") }, ErrForeign, "Name another file"},
		"a later version":                    {altered("PRAGMA user_version = 2"), ErrNewerVersion, "Update this program"},
		"an impossible version":              {altered("PRAGMA user_version = 0"), ErrDamaged, "Restore it"},
		"a table is missing":                 {altered("DROP TABLE owners"), ErrDamaged, "Restore it"},
		"an index is missing":                {altered("DROP INDEX open_entries"), ErrDamaged, "Restore it"},
		"a trigger is added":                 {altered("CREATE TRIGGER t AFTER INSERT ON entries BEGIN DELETE FROM entries; END"), ErrDamaged, "Restore it"},
		"cut in the middle":                  {write(journal[:len(journal)/2]), ErrDamaged, "Restore it"},
		"cut in the header":                  {write(journal[:60]), ErrDamaged, "Restore it"},
		"cut by one page":                    {write(journal[:len(journal)-4096]), ErrDamaged, "Restore it"},
		"the header is overwritten":          {write(overwritten(0)), ErrForeign, "Name another file"},
		"an entry is overwritten":            {write(overwritten(4096)), ErrDamaged, "Restore it"},
		"a directory":                        {func(t *testing.T, path string) { require.NoError(t, os.Mkdir(path, 0o755)) }, ErrForeign, "Name another file"},
		"empty":                              {write(nil), ErrDamaged, "remove the file (or give another name)"},
		"gone, but for its log":              {func(t *testing.T, path string) { write([]byte("log"))(t, path+"-wal") }, ErrDamaged, "Restore it"},
		"gone, but for its rollback journal": {func(t *testing.T, path string) { write([]byte("log"))(t, path+"-journal") }, ErrDamaged, "Restore it"},
		"emptied, but for its log": {func(t *testing.T, path string) {
			write(nil)(t, path)
			write([]byte("log"))(t, path+"-wal")
		}, ErrDamaged, "Restore it"},
		"below a file":    {func(t *testing.T, path string) { write(nil)(t, filepath.Dir(path)) }, nil, "not a directory"},
		"a name too long": {func(*testing.T, string) {}, nil, "too long"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "d")
			path := filepath.Join(dir, "journal")
			if name == "a name too long" {
				path = filepath.Join(dir, strings.Repeat("x", 300))
			}
			if name != "below a file" {
				require.NoError(t, os.Mkdir(dir, 0o755))
			}
			test.arrange(t, path)
			before := hashes(t, dir)

			opened, err := Open(path)
			require.Error(t, err)
			assert.Nil(t, opened)
			if test.kind != nil {
				assert.ErrorIs(t, err, test.kind)
			}
			assert.ErrorContains(t, err, path)
			assert.ErrorContains(t, err, test.advice)
			assert.Equal(t, before, hashes(t, dir))
		})
	}
}

// TestAFlippedBitInAReferenceIsDamage changes a key in the table or in an index to one that sorts alike: nothing is out of
// order, but a reference that was used would be fresh again.
func TestAFlippedBitInAReferenceIsDamage(t *testing.T) {
	journal := sound(t)
	for _, text := range []string{"SendTransferorder-1", "SendTransferorder-2", "SendTransferorder-3", "accepted"} {
		refused := 0
		for rest := journal; ; {
			at := bytes.Index(rest, []byte(text))
			if at < 0 {
				break
			}
			rest = rest[at+len(text):]
			content := bytes.Clone(journal)
			content[len(content)-len(rest)-1] ^= 1
			path := filepath.Join(t.TempDir(), "journal")
			require.NoError(t, os.WriteFile(path, content, 0o600))
			opened, err := Open(path)
			if err != nil {
				refused++
				assert.ErrorIs(t, err, ErrDamaged)
				continue
			}
			for _, reference := range []string{"order-1", "order-2", "order-3"} {
				get(t, opened, reference) // it was in what is left of a deleted row
			}
			assert.Equal(t, facade.OutcomeAccepted, get(t, opened, "order-1").Settlement.Outcome)
			require.NoError(t, opened.Close())
		}
		assert.GreaterOrEqual(t, refused, 2, text)
	}
}

func hashes(t *testing.T, dir string) map[string][32]byte {
	t.Helper()
	found := map[string][32]byte{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		found[path] = sha256.Sum256(content)
		return err
	}))
	return found
}

func TestWhatSQLiteAddsOnItsOwnIsNoDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	require.NoError(t, os.WriteFile(path, sound(t), 0o600))
	alter(t, path, "ANALYZE; VACUUM")
	get(t, open(t, path), "order-1")
}

func TestAWriterThatDoesNotLetGoIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	journal := open(t, path, WithBusyTimeout(20*time.Millisecond))
	unlock := lock(t, path)
	_, _, err := journal.Begin(t.Context(), intent("order-1"))
	assert.ErrorContains(t, err, "Another process has been writing")
	assert.ErrorContains(t, err, path)
	_, err = Open(path, WithBusyTimeout(20*time.Millisecond))
	assert.ErrorContains(t, err, "Another process has been writing")
	unlock()
	begin(t, journal, "order-1")
}

func TestAFullDiskIsNamedAndStopsNothingElse(t *testing.T) {
	journal := newJournal(t)
	begin(t, journal, "order-1")
	_, err := journal.writer.conn.ExecContext(t.Context(), "PRAGMA max_page_count = 8")
	require.NoError(t, err)
	large := intent("large")
	large.Request = make([]byte, 1<<20)
	_, _, err = journal.Begin(t.Context(), large)
	assert.ErrorContains(t, err, "make room")
	_, found, err := journal.Get(t.Context(), large.Key)
	require.NoError(t, err)
	assert.False(t, found)
	assert.NoError(t, journal.Settle(t.Context(), key("order-1"), settled(facade.OutcomeRefused)))
}

func TestAFileThatCannotBeWrittenIsSaidToBe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	require.NoError(t, open(t, path).Close())
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	require.NoError(t, err)
	_, err = db.Exec("DELETE FROM entries")
	assert.ErrorContains(t, explain(path, "open", err), "Let this user write")
	require.NoError(t, db.Close())
}

func TestTimesThatAreNoneAreDamage(t *testing.T) {
	journal := newJournal(t)
	begin(t, journal, "order-1")
	require.NoError(t, journal.Release(t.Context(), key("order-1")))
	_, err := journal.db.Exec("UPDATE entries SET noted_at = 'yesterday'")
	require.NoError(t, err)
	_, _, err = journal.Get(t.Context(), key("order-1"))
	assert.ErrorIs(t, err, ErrDamaged)
	_, _, err = journal.Begin(t.Context(), intent("order-1"))
	assert.ErrorIs(t, err, ErrDamaged)
	assert.ErrorIs(t, firstError(journal.Open(t.Context(), scope, "SendTransfer")), ErrDamaged)
}

// FuzzOpen damages a journal: it is refused with an error that names it, or works.
func FuzzOpen(f *testing.F) {
	journal := sound(f)
	f.Add(uint32(0), []byte("SQLite"), uint32(len(journal)))
	f.Add(uint32(18), []byte{1, 1}, uint32(len(journal)))
	f.Add(uint32(60), []byte{0, 0, 0, 2}, uint32(len(journal)))
	f.Add(uint32(4096), []byte{0xff, 0xff, 0xff}, uint32(len(journal)))
	f.Add(uint32(8192+3), []byte{0, 9}, uint32(len(journal)-100))
	path := filepath.Join(f.TempDir(), "journal")
	f.Fuzz(func(t *testing.T, at uint32, patch []byte, size uint32) {
		content := bytes.Clone(journal)
		copy(content[int(at)%len(content):], patch)
		content = content[:min(int(size), len(content))]
		for _, name := range []string{path, path + "-wal", path + "-shm", path + "-journal"} {
			require.NoError(t, errIfThere(os.Remove(name)))
		}
		require.NoError(t, os.WriteFile(path, content, 0o600))
		opened, err := Open(path)
		if err != nil {
			require.ErrorContains(t, err, path)
			return
		}
		defer opened.Close()
		_, _, err = opened.Begin(t.Context(), intent("order-1"))
		requireNamed(t, err, path)
		_, _, err = opened.Begin(t.Context(), intent("new"))
		requireNamed(t, err, path)
		for _, err := range opened.Open(t.Context(), scope, "SendTransfer") {
			requireNamed(t, err, path)
		}
	})
}

func errIfThere(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

func requireNamed(t *testing.T, err error, path string) {
	t.Helper()
	if err != nil {
		require.ErrorContains(t, err, path)
	}
}
