// A world: the sandbox, the network, the journal, processes that live and die, and callers. It runs in a bubble of virtual
// time from its first call to its last recovery.

package chaos

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/internal/memnet"
	"github.com/airtime-go/airtime/sandbox"
)

// world is everything that exists during a run.
type world struct {
	plan     plan
	dice     dice
	mutation mutation
	sandbox  *sandbox.Sandbox
	listener *memnet.Listener
	front    *front
	book     *book
	slots    []*slot
	diary    *diary
	// validated are the transfers that somebody validates before they are sent, by reference.
	validated map[string]order
	// stranger is another program; nil if there is none.
	stranger *process
	// finally is when what is absent is sent at last; zero where nobody does so.
	finally time.Time

	mu      sync.Mutex
	reports []report
	asks    []ask
	fates   map[string]int
	deaths  int
	struck  int

	// calls are the callers, and background is what happens beside them: deaths, rebirths and recoveries.
	calls, background sync.WaitGroup
}

// mutation is something broken on purpose. The zero mutation breaks nothing.
type mutation struct {
	transport func(http.RoundTripper) http.RoundTripper
	journal   func(facade.Journal) facade.Journal
	ding      []ding.Option
	// featureIsOff: Ding does not prevent duplicates, although the plan says so.
	featureIsOff bool
	// told changes what callers are told.
	told func(report) report
}

// run plays a world to its end and returns what is to be judged.
func run(t *testing.T, p plan, m mutation) *evidence {
	var found *evidence
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, p, m)
		for _, o := range p.orders {
			w.calls.Go(func() { w.serve(o) })
		}
		w.calls.Wait()
		w.background.Wait()
		// Late work gets done, hidden transfers show up, leases of callers are released.
		pause(context.Background(), 2*time.Hour)
		synctest.Wait()
		w.resumeAtLast()
		w.background.Wait()
		leased := w.book.entries()
		w.recoverAtLast()
		found = w.evidence()
		found.plan, found.leased = p, leased // the world's own plan has been cleared up
	})
	return found
}

func newWorld(t *testing.T, p plan, m mutation) *world {
	t.Helper()
	options := []sandbox.Option{sandbox.WithSeed(p.seed), sandbox.WithBalance(p.balance), sandbox.WithTokenLifetime(p.tokenLifetime)}
	for _, f := range p.faults {
		options = append(options, sandbox.WithFault(f))
	}
	sb, err := sandbox.New(options...)
	require.NoError(t, err)
	w := &world{
		plan: p, dice: dice(p.seed), mutation: m, sandbox: sb, book: newBook(), fates: map[string]int{},
		listener: memnet.Listen(),
		diary:    &diary{began: time.Now(), pages: map[string][]string{}}, validated: map[string]order{},
	}
	for _, o := range p.orders {
		if o.validated {
			w.validated[o.reference] = o
		}
	}
	w.front = &front{world: w, seen: map[string]int{}, working: map[string]int{}, disguised: map[string]string{}}
	server := &http.Server{Handler: w.front, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(w.listener) }()
	t.Cleanup(func() { _ = server.Close() })
	if slices.ContainsFunc(p.orders, func(o order) bool { return o.before || o.stranger != (other{}) }) {
		w.stranger = w.startStranger()
	}
	for i := range p.processes {
		w.slots = append(w.slots, newSlot(w, string(rune('A'+i))))
	}
	return w
}

// slot is a place where a program runs, in one process after the other.
type slot struct {
	world *world
	name  string

	mu      sync.Mutex
	lives   int
	current *process
	up      chan struct{} // closed once there is a process
}

func newSlot(w *world, name string) *slot {
	s := &slot{world: w, name: name, up: make(chan struct{})}
	s.start()
	return s
}

// start begins a life, the first thing in which is to recover what the last one left.
func (s *slot) start() {
	s.mu.Lock()
	s.lives++
	life := s.lives
	s.mu.Unlock()
	var d doom
	if life <= s.world.plan.deaths {
		d = s.world.plan.doomOf(s.name, life)
	}
	p := s.world.startProcess(fmt.Sprintf("%s%d", s.name, life), d, s.died)
	s.mu.Lock()
	s.current = p
	close(s.up)
	s.mu.Unlock()
	s.world.diary.note("", "%s lives", p.name)
	if life > 1 && s.world.plan.journal {
		s.world.background.Go(func() { s.world.recover(p) })
	}
}

// died arranges the next life.
func (s *slot) died() {
	s.mu.Lock()
	s.current, s.up = nil, make(chan struct{})
	life := s.lives
	s.mu.Unlock()
	s.world.mu.Lock()
	s.world.deaths++
	s.world.mu.Unlock()
	s.world.background.Go(func() {
		pause(context.Background(), s.world.dice.spread(10*time.Millisecond, 10*time.Minute, "down", s.name, life))
		s.start()
	})
}

// await returns the process once there is one.
func (s *slot) await() *process {
	for {
		s.mu.Lock()
		current, up := s.current, s.up
		s.mu.Unlock()
		if current != nil {
			return current
		}
		<-up
	}
}

// fate is how a write to the journal goes.
type fate struct {
	takes time.Duration
	// fails reports an error, after the note was made all the same if noted.
	fails, noted bool
}

func (w *world) fateOf(s step, key facade.Key) fate {
	about := string(s) + key.Operation + key.Reference
	w.mu.Lock()
	w.fates[about]++
	number := w.fates[about]
	w.mu.Unlock()
	f := fate{
		takes: w.dice.spread(100*time.Microsecond, 20*time.Millisecond, "writes", about, number),
		fails: w.dice.chance(w.plan.diskFails, "fails", about, number),
		noted: w.dice.chance(0.5, "noted", about, number),
	}
	if w.dice.chance(w.plan.fullDisk, "is full", time.Since(w.diary.began)/(30*time.Second)) {
		f.fails, f.noted = true, false
	}
	return f
}

// tell keeps what a caller was told.
func (w *world) tell(r report) {
	if w.mutation.told != nil {
		r = w.mutation.told(r)
	}
	r.at = time.Now()
	w.diary.note(r.order.reference, "%s: %s says %s %s", r.process, r.by, r.outcome, cmp.Or(r.text, "."))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reports = append(w.reports, r)
}

// evidence gathers what is to be judged.
func (w *world) evidence() *evidence {
	e := &evidence{plan: w.plan, ledger: w.sandbox.Ledger(), reports: w.reports, asks: w.asks, finally: w.finally, deaths: w.deaths, struck: w.struck, history: w.diary.of}
	if w.plan.journal {
		e.entries, e.hands = w.book.entries(), w.book.hands
	}
	for _, came := range w.front.arrivals {
		e.arrivals = append(e.arrivals, *came)
	}
	e.failed = w.failedAtLast
	return e
}

// diary is what happened, by reference; "" is for what concerns everybody.
type diary struct {
	began time.Time

	mu    sync.Mutex
	pages map[string][]string
}

func (d *diary) note(reference, format string, args ...any) {
	line := fmt.Sprintf("%14s  %s", time.Since(d.began).Round(time.Microsecond), fmt.Sprintf(format, args...))
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pages[reference] = append(d.pages[reference], line)
}

// of returns the history of a reference, and then that of the processes.
func (d *diary) of(reference string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.pages[reference], "\n") + "\nand meanwhile\n" + strings.Join(d.pages[""], "\n")
}

// pause waits in virtual time, and reports false if the context ended first.
func pause(ctx context.Context, long time.Duration) bool {
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
