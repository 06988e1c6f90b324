// Package sqlite keeps the journal of what is about to be sent, and of what became of it, in one SQLite file: the
// embedded default for [facade.Journal]. It needs no cgo, no server and no set-up:
//
//	journal, err := sqlite.Open("/var/lib/shop/airtime.journal")
//	...
//	defer journal.Close()
//	client, err := ding.NewClient(ding.WithAPIKey(key), ding.WithJournal(journal))
//
// # What is promised
//
// Begin, Attempt, Settle and Release return once their note is on the disk (write-ahead log, synchronous=FULL), so that
// neither kill -9 nor a power cut loses it. A call whose context ends before its turn to be written notes nothing, also
// while it waits for another process; from then on the call waits for the result, whatever its context says, so that its
// answer is true. After an error of the disk the note may be there or not. That is harmless as long as nothing is sent
// after a Begin or Attempt that failed, and a Settle is repeated. Close writes what is queued; what comes later is
// [ErrClosed].
//
// # What it costs
//
// A commit is one fsync, and a note 0.15 ms of computing: alone on a virtual machine's disk it took 1 to 1.7 times as long
// as an fsync of as many bytes. The notes of many goroutines share a commit: whatever has queued up while the disk was busy
// goes into the next one, and nobody waits for company. There, 64 goroutines got through 6 to 20 times as many notes as
// with a commit each. Every thousand notes the log is folded into the main file, for five fsyncs more. To open a journal
// and close it takes a dozen, and about 30 ms for each MiB of content, which is checked up to 32 MiB.
//
// # The file
//
// It holds what [facade.Intent] and [facade.Settlement] hold and nothing else: no API key, token or secret, but account
// numbers, inside the requests. Its mode is 0600, and an existing journal that others may read is tightened to that;
// missing directories are made with 0700. It only ever grows, because a reference that was used must stay known.
//
// While it is open there are two more files beside it, PATH-wal and PATH-shm, and after a crash they may stay. PATH-wal
// then holds notes that are nowhere else: copy or move together whatever there is, while nobody has it open, and give a
// container the directory, not the file alone. It has to be on a local disk, since write-ahead logs do not work over a
// network. Another program such as sqlite3 may read it while it is in use; this process must not open the file by other
// means, since closing it again would drop SQLite's locks on it.
//
// A new journal is made under the name PATH.new- followed by 26 random letters and digits, and gets its own name once it is
// whole and on the disk, in one step that never replaces another file; of several processes that make it at once, one is
// first and the others take what they find. What a process that was killed meanwhile leaves under such a name does no harm,
// and is removed when the journal is next opened. On a file system without hard links, a kill within that one step may
// leave an empty file, which is refused like any other.
//
// # Damage
//
// A file that is damaged, is something else, or was written by a later version of this package is refused with an error
// that says what to do, and its content is left as it is. So is an empty file: it may have been a journal. So is a journal
// whose log is missing or damaged in the middle; damage to the log's last commit alone can't be told from one that a power
// cut tore before it was acknowledged. If the log is lost for good, and every payment since the last backup has been looked
// up by hand, "UPDATE log SET apart = 0" has the rest opened. Once it is open, a journal that finds one of its files moved,
// removed or replaced notes nothing more, until that is undone.
//
// # Several processes
//
// They may share a file. Each [Journal] is an owner, and leases the entries that it begins or recovers. An owner is alive
// while its process runs: on Linux that is looked up in /proc, so that what a killed process left can be recovered at
// once. Where it can't be looked up (another system, another container, before the last reboot) an owner is dead when it
// was seen to miss its heartbeats for a whole lease, measured by the observer's monotonic clock, in which the time that the
// observer itself was stopped does not count; no wall clocks are compared. A process that hangs but exists keeps its
// leases: end it first.
package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/airtime-go/airtime/facade"
)

var _ facade.Journal = (*Journal)(nil)

// ErrClosed is the error of every method after Close.
var ErrClosed = errors.New("the journal is closed")

const (
	defaultHeartbeat   = 5 * time.Second
	heartbeatsPerLease = 6
	defaultBusyTimeout = 10 * time.Second
	// maxBatch bounds how many notes share a commit, and so how much one failure can take along.
	maxBatch = 256
	// foldAfter is how many notes the log gathers before they are folded into the main file, and the log starts anew.
	foldAfter = 1000
)

// Journal is an open journal file, and one owner of leases in it. It is safe for concurrent use.
type Journal struct {
	path     string
	settings settings
	db       *sql.DB
	owner    owner
	writer   *writer

	watch    watch
	recovery recovery

	stop      chan struct{}
	beating   sync.WaitGroup
	closeOnce sync.Once
	closeErr  error
}

type settings struct {
	heartbeat   time.Duration
	busyTimeout time.Duration
	maxBatch    int
	foldAfter   int
	process     process
	disk        disk
}

// Option adjusts a journal as it is opened.
type Option func(*settings) error

// WithHeartbeat sets how often the journal shows other processes that it is alive: 5 s unless told. Its leases last six
// times as long. At least 10 ms.
func WithHeartbeat(interval time.Duration) Option {
	return func(s *settings) error {
		if interval < 10*time.Millisecond {
			return fmt.Errorf("a heartbeat every %v: it takes at least 10ms", interval)
		}
		s.heartbeat = interval
		return nil
	}
}

// WithBusyTimeout sets how long a note waits for another process that is writing: 10 s unless told. At least 1 ms.
func WithBusyTimeout(limit time.Duration) Option {
	return func(s *settings) error {
		if limit < time.Millisecond {
			return fmt.Errorf("a busy timeout of %v: it takes at least 1ms", limit)
		}
		s.busyTimeout = limit
		return nil
	}
}

// Open opens the journal in the file at path, and makes it and its directories if there is none yet. The error of a file
// that can't be used names it and says what to do; its chain has [ErrDamaged], [ErrForeign] or [ErrNewerVersion] where
// one fits. Call Close when the clients that use the journal are done.
func Open(path string, opts ...Option) (*Journal, error) {
	s := settings{
		heartbeat: defaultHeartbeat, busyTimeout: defaultBusyTimeout, maxBatch: maxBatch, foldAfter: foldAfter, process: thisProcess(),
		disk: disk{link: os.Link, syncDirectory: syncDirectory},
	}
	for _, opt := range opts {
		if err := opt(&s); err != nil {
			return nil, fmt.Errorf("journal %s: %w", path, err)
		}
	}
	if path == "" {
		return nil, errors.New("journal: the path is empty")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("journal %s: %w", path, err)
	}
	file, err := followLink(absolute)
	if err != nil {
		return nil, explain(absolute, "open", err)
	}
	if err := s.prepareFile(file); err != nil {
		return nil, explain(file, "open", err)
	}
	db, err := openDatabase(file, s.busyTimeout)
	if err != nil {
		return nil, explain(file, "open", err)
	}
	removeUnfinished(file)
	j := &Journal{
		path: file, settings: s, db: db,
		owner: owner{id: rand.Text(), lease: heartbeatsPerLease * s.heartbeat, process: s.process},
		stop:  make(chan struct{}),
	}
	if err := j.start(); err != nil {
		return nil, errors.Join(explain(file, "open", err), db.Close())
	}
	return j, nil
}

// start begins to write, registers the owner, and keeps its heart beating.
func (j *Journal) start() error {
	var err error
	if j.writer, err = startWriter(j.db, j.owner, j.path, j.settings); err != nil {
		return err
	}
	here.Store(j.owner.id, true)
	ctx := context.Background()
	if err = j.beat(ctx); err == nil {
		_, err = j.sweepOwners(ctx)
	}
	if err != nil {
		here.Delete(j.owner.id)
		j.db.SetMaxIdleConns(0)
		return errors.Join(err, j.writer.close(j.leave))
	}
	j.beating.Go(j.keepBeating)
	return nil
}

// Close writes what is queued, gives up every lease, and closes the file. A request that is still in flight would lose
// its lease, so close the journal after the calls that use it have returned. Closing again does nothing.
func (j *Journal) Close() error {
	j.closeOnce.Do(func() {
		close(j.stop)
		j.beating.Wait()
		j.db.SetMaxIdleConns(0) // the writer's connection is to be the last, since it decides about the log
		// Nothing may be noted after that: it would register the owner anew.
		j.closeErr = errors.Join(j.writer.close(j.leave), j.db.Close())
		here.Delete(j.owner.id)
		if j.closeErr != nil {
			j.closeErr = explain(j.path, "close", j.closeErr)
		}
	})
	return j.closeErr
}
