// The write-ahead log, which holds notes that are nowhere else: what tells that it was taken away, or damaged.

package sqlite

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// A log as SQLite writes it, see "WAL-mode File Format" of SQLite's documentation.
const (
	logHeaderSize   = 32
	frameHeaderSize = 24
)

var errLogGone = fmt.Errorf("%w: its log is gone, and with it notes that were nowhere else", ErrDamaged)

// fold moves what is in the log into the main file, has that tell of the log to come, and reports whether it could. It is
// called when no transaction is under way.
func (t *transaction) fold() (bool, error) {
	folded, err := t.mark()
	if err != nil {
		return false, err
	}
	return folded, t.alone(func() error { return t.setLog(0) })
}

// mark sets apart to 1, in the main file too, and reports whether it could. The next commit sets it back to 0, but in the
// log: so whoever reads 1 has lost the log, or reads it right now. Another process that notes something meanwhile, or
// reads, prevents it; then the main file tells of the log as well as it did before.
func (t *transaction) mark() (bool, error) {
	if err := t.alone(func() error { return t.setLog(1) }); err != nil {
		return false, err
	}
	var busy, inLog, moved, apart int
	if err := t.checkpoint.QueryRow().Scan(&busy, &inLog, &moved); err != nil {
		return false, err
	}
	err := t.apart.QueryRow().Scan(&apart)
	return moved == inLog && apart == 1, err
}

func (t *transaction) setLog(apart int) error {
	_, err := t.change(t.setApart, apart)
	return err
}

// keepLog has the log stay when the connection is closed, although that is the last one: if the last commit has failed, the
// main file may still tell of a log.
func keepLog(conn *sql.Conn) error {
	return conn.Raw(func(raw any) error {
		_, err := raw.(interface {
			FileControlPersistWAL(database string, mode int) (int, error)
		}).FileControlPersistWAL("main", 1)
		return err
	})
}

// checkLogIsThere compares what the main file tells with what lies beside it. The log can't vanish meanwhile, since this
// process has the journal open.
func checkLogIsThere(path string, apart int) error {
	if apart == 0 {
		return nil
	}
	log, err := os.Stat(path + "-wal")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err != nil || log.Size() <= logHeaderSize {
		return errLogGone
	}
	return nil
}

// checkLog refuses a damaged log before SQLite sees it, since SQLite would drop what comes after the damage without a word.
// Read while others write it, a log may look damaged, but not time and again.
func checkLog(path string) error {
	for tries := 1; ; tries++ {
		log, err := os.ReadFile(path + "-wal")
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if !damagedLog(log) {
			return nil
		}
		if tries == 5 {
			return fmt.Errorf("%w: its log %s-wal is damaged in the middle", ErrDamaged, path)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// damagedLog tells damage from a log that merely ends in a commit that a power cut has torn. Each frame's checksum goes on
// from that of the frame before. A frame that goes on from a commit was written after that commit had reached the disk with
// all before it: if something before it is invalid nevertheless, that came later.
func damagedLog(log []byte) bool {
	if len(log) <= logHeaderSize {
		return false // the header is on the disk before the first frame is written
	}
	var order binary.ByteOrder = binary.LittleEndian
	if log[3]&1 == 1 {
		order = binary.BigEndian
	}
	sum := logSum{}.add(order, log[:24])
	size := int(binary.BigEndian.Uint32(log[8:12]))
	if sum != storedSum(log[24:]) || size < 512 || size > 65536 {
		return true
	}
	salts := log[16:24]
	broken, afterCommit := false, false
	for rest := log[logHeaderSize:]; len(rest) >= frameHeaderSize+size; rest = rest[frameHeaderSize+size:] {
		header, page := rest[:frameHeaderSize], rest[frameHeaderSize:frameHeaderSize+size]
		current := bytes.Equal(header[8:16], salts) // or left from before the log started anew
		valid := current && sum.add(order, header[:8]).add(order, page) == storedSum(header[16:])
		if valid && broken && afterCommit {
			return true
		}
		broken = broken || !valid
		afterCommit = current && binary.BigEndian.Uint32(header[4:8]) != 0
		sum = storedSum(header[16:])
	}
	return false
}

// logSum is the checksum of SQLite's logs.
type logSum [2]uint32

func storedSum(b []byte) logSum {
	return logSum{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])}
}

func (s logSum) add(order binary.ByteOrder, b []byte) logSum {
	for ; len(b) >= 8; b = b[8:] {
		s[0] += order.Uint32(b) + s[1]
		s[1] += order.Uint32(b[4:]) + s[0]
	}
	return s
}

// files are those of an open journal. A note in a file that has lost its name is one that nobody will find.
type files map[string]fs.FileInfo

func openFiles(path string) (files, error) {
	found := files{}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		found[name] = info
	}
	return found, nil
}

// check fails unless each file still has its name.
func (f files) check() error {
	for name, info := range f {
		now, err := os.Stat(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err != nil || !os.SameFile(info, now) {
			return fmt.Errorf("%w: %s", errMoved, name)
		}
	}
	return nil
}
