// What is in the file: its identity, its version and its tables, and how a file is told from one that is no journal.

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
)

const (
	// applicationID marks the file as a journal, in SQLite's header field for that: "AirJ".
	applicationID = 0x4169724A
	// schemaVersion is the header's user_version. A change of the schema adds one, and a migration.
	schemaVersion = 1
	// checkedSize bounds the files whose whole content is checked when they are opened, so that opening stays quick.
	checkedSize = 32 << 20
)

// schema is compared with the file's to the letter. Times are UTC and of one width, so that they sort as text; an entry
// is open while its outcome is NULL, and leased while its owner has a row in owners. The index entries_again is there for
// the check of the content, which compares it with the table: a flipped bit in what decides over money is noticed in
// either. What log is for, fold tells.
var schema = map[string]string{
	"entries": `CREATE TABLE entries (
	scope TEXT NOT NULL,
	operation TEXT NOT NULL,
	reference TEXT NOT NULL,
	request BLOB NOT NULL,
	noted_at TEXT NOT NULL,
	attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
	first_attempt TEXT,
	last_attempt TEXT,
	outcome TEXT CHECK (outcome IN ('accepted', 'refused', 'temporary')),
	answer BLOB,
	settled_by TEXT,
	settled_at TEXT,
	owner TEXT,
	PRIMARY KEY (scope, operation, reference)
) STRICT, WITHOUT ROWID`,
	"entries_again": `CREATE INDEX entries_again ON entries (scope, operation, reference, attempts, first_attempt, last_attempt, outcome)`,
	"log":           `CREATE TABLE log (apart INTEGER NOT NULL CHECK (apart IN (0, 1))) STRICT`,
	"open_entries":  `CREATE INDEX open_entries ON entries (scope, noted_at, operation, reference) WHERE outcome IS NULL`,
	"owners": `CREATE TABLE owners (
	id TEXT NOT NULL PRIMARY KEY,
	beats INTEGER NOT NULL,
	lease_ns INTEGER NOT NULL,
	boot TEXT NOT NULL,
	namespace TEXT NOT NULL,
	pid INTEGER NOT NULL,
	started TEXT NOT NULL
) STRICT, WITHOUT ROWID`,
}

// creationOrder is that of schema's statements: an index comes after its table.
var creationOrder = []string{"entries", "entries_again", "open_entries", "owners", "log"}

// creation is SQL that makes the whole journal in one transaction.
func creation() string {
	var text strings.Builder
	text.WriteString("BEGIN;\n")
	for _, name := range creationOrder {
		text.WriteString(schema[name] + ";\n")
	}
	fmt.Fprintf(&text, "INSERT INTO log VALUES (0); PRAGMA application_id = %d; PRAGMA user_version = %d;\nCOMMIT", applicationID, schemaVersion)
	return text.String()
}

// prepareDatabase makes sure that the file is a sound journal of this version.
func prepareDatabase(ctx context.Context, conn *sql.Conn, path string) error {
	pages, err := pragma(ctx, conn, "page_count")
	if err != nil {
		return err
	}
	if pages == 0 {
		return withoutPages(path)
	}
	if err := checkIdentity(ctx, conn); err != nil {
		return err
	}
	if err := checkSchema(ctx, conn); err != nil {
		return err
	}
	var apart int
	if err := conn.QueryRowContext(ctx, "SELECT apart FROM log").Scan(&apart); err != nil {
		return err
	}
	if err := checkLogIsThere(path, apart); err != nil {
		return err
	}
	if err := checkContent(ctx, conn); err != nil {
		return err
	}
	var mode string
	if err := conn.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("SQLite can't keep a write-ahead log there (journal mode %s): use a local disk", mode)
	}
	return nil
}

func pragma(ctx context.Context, conn *sql.Conn, name string) (int64, error) {
	var value int64
	err := conn.QueryRowContext(ctx, "PRAGMA "+name).Scan(&value)
	return value, err
}

// withoutPages says what is wrong with a file in which SQLite sees nothing: it takes a single byte for that, too.
func withoutPages(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.Size() > 0 {
		return fmt.Errorf("%w, and no SQLite database either", ErrForeign)
	}
	return errors.Join(errEmpty, err)
}

func checkIdentity(ctx context.Context, conn *sql.Conn) error {
	id, err := pragma(ctx, conn, "application_id")
	if err != nil {
		return err
	}
	version, err := pragma(ctx, conn, "user_version")
	if err != nil {
		return err
	}
	switch {
	case id != applicationID:
		return fmt.Errorf("%w: it is the SQLite database of another application", ErrForeign)
	case version > schemaVersion:
		return fmt.Errorf("%w: it has version %d, and this program knows %d", ErrNewerVersion, version, schemaVersion)
	case version != schemaVersion:
		return fmt.Errorf("%w: it has version %d, which never was", ErrDamaged, version)
	}
	return nil
}

// checkSchema leaves out what SQLite adds on its own, such as the statistics of ANALYZE.
func checkSchema(ctx context.Context, conn *sql.Conn) error {
	rows, err := conn.QueryContext(ctx, `SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\'`)
	if err != nil {
		return err
	}
	defer rows.Close()
	found := map[string]string{}
	for rows.Next() {
		var name, statement sql.NullString
		if err := rows.Scan(&name, &statement); err != nil {
			return err
		}
		found[name.String] = statement.String
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if !maps.Equal(found, schema) {
		return fmt.Errorf("%w: its tables are not those of a journal", ErrDamaged)
	}
	return nil
}

// checkContent compares every page, row and index, since an index that misses an entry would have it sent again.
func checkContent(ctx context.Context, conn *sql.Conn) error {
	pages, err := pragma(ctx, conn, "page_count")
	if err != nil {
		return err
	}
	size, err := pragma(ctx, conn, "page_size")
	if err != nil {
		return err
	}
	if pages*size > checkedSize {
		return nil
	}
	var verdict string
	if err := conn.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", ErrDamaged, verdict)
	}
	return nil
}
