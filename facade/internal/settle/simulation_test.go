// A simulation of the protocol with virtual time: processes that share a journal send, give up, crash and recover, against a
// service that loses answers; what they were told is then held against the service's books.

package settle_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/settle"
)

var (
	seeds     = flag.Int("seeds", 150, "how many seeds each world is simulated with")
	firstSeed = flag.Uint64("seed", 1, "the first seed")
)

const scope = "the simulation"

func key(ref string) facade.Key {
	return facade.Key{Scope: scope, Operation: "Send", Reference: ref}
}

// plan is a kind of world.
type plan struct {
	odds odds
	// journal is whether there is one, and journalFails and journalSlow how often it breaks down and takes its time, in
	// percent.
	journal                   bool
	journalFails, journalSlow int
	processes                 int
	references                int
	calls                     int
	// within is how long calls keep beginning; if zero, five minutes with a journal, and no time without.
	within time.Duration
	// resumes is a world whose first life has no journal, and dies; the others have one, and resume.
	resumes bool
	// deferred is a world whose pending ends stay open until their end is known.
	deferred bool
	// cancels, crashes and conflicts are how often a call is given up, a process dies, and a reference is used for
	// something else, in percent.
	cancels, crashes, conflicts int
}

var (
	calm     = odds{lostAfter: 40, moving: 10, hidden: 20, slow: 10}
	rough    = odds{nothingLeft: 8, lostBefore: 10, lostAfter: 20, lateArrival: 10, failed: 20, failedForNow: 50, rateLimited: 10, moving: 15, door: 8, slow: 15, hidden: 15, hiddenLong: 5, listFails: 15}
	guarded  = with(rough, func(o *odds) { o.prevents = true })
	outraged = odds{nothingLeft: 5, lostBefore: 20, lostAfter: 50, lateArrival: 30, failed: 40, failedForNow: 50, rateLimited: 10, moving: 30, door: 15, slow: 40, hidden: 30, hiddenLong: 20, listFails: 40}
)

func with(o odds, change func(*odds)) odds {
	change(&o)
	return o
}

func TestMoneyMovesAtMostOnceInEveryWorld(t *testing.T) {
	worlds := map[string]plan{
		"one process without journal":                     {odds: rough, processes: 1, references: 3, calls: 6, cancels: 25},
		"without journal, duplicates prevented":           {odds: guarded, processes: 1, references: 3, calls: 6, cancels: 25},
		"one process with a journal":                      {odds: rough, journal: true, processes: 1, references: 3, calls: 8, cancels: 25, conflicts: 5},
		"crashes":                                         {odds: rough, journal: true, processes: 1, references: 3, calls: 8, cancels: 10, crashes: 80},
		"several processes that crash":                    {odds: rough, journal: true, processes: 3, references: 3, calls: 6, cancels: 15, crashes: 60, conflicts: 5},
		"several processes, duplicates prevented":         {odds: guarded, journal: true, processes: 3, references: 3, calls: 6, cancels: 15, crashes: 60},
		"a journal that breaks down":                      {odds: rough, journal: true, journalFails: 15, processes: 2, references: 3, calls: 6, cancels: 15, crashes: 40},
		"a journal that breaks down, guarded":             {odds: guarded, journal: true, journalFails: 15, processes: 2, references: 3, calls: 6, cancels: 15, crashes: 40},
		"a list that lags behind, duplicates prevented":   {odds: with(guarded, func(o *odds) { o.hiddenLong, o.lostAfter, o.rateLimited = 50, 50, 30 }), processes: 1, references: 3, calls: 6, cancels: 10},
		"processes at the same moment":                    {odds: with(rough, func(o *odds) { o.failed, o.failedForNow, o.hidden, o.lostAfter = 60, 90, 0, 5 }), journal: true, processes: 3, references: 1, calls: 2, crashes: 30, within: 15 * time.Second},
		"callers who come and go":                         {odds: rough, processes: 1, references: 2, calls: 10, cancels: 70, within: 20 * time.Second},
		"callers who come and go, with a journal":         {odds: rough, journal: true, processes: 1, references: 2, calls: 10, cancels: 70, within: 20 * time.Second},
		"callers who come and go while it is noted":       {odds: rough, journal: true, journalSlow: 50, journalFails: 5, processes: 2, references: 2, calls: 8, cancels: 60, crashes: 30, within: 20 * time.Second},
		"a life without a journal that is resumed":        {odds: rough, journal: true, journalFails: 10, resumes: true, processes: 1, references: 3, calls: 6, cancels: 15, crashes: 100},
		"deferred transfers":                              {odds: with(rough, func(o *odds) { o.moving = 70 }), journal: true, deferred: true, processes: 2, references: 3, calls: 6, cancels: 15, crashes: 50},
		"everything goes wrong":                           {odds: outraged, journal: true, journalFails: 5, processes: 3, references: 2, calls: 6, cancels: 30, crashes: 70, conflicts: 10},
		"everything goes wrong, and duplicates prevented": {odds: with(outraged, func(o *odds) { o.prevents = true }), journal: true, journalFails: 5, processes: 3, references: 2, calls: 6, cancels: 30, crashes: 70},
	}
	for name, p := range worlds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := *firstSeed; seed < *firstSeed+uint64(*seeds) && !t.Failed(); seed++ {
				simulate(t, p, seed)
			}
		})
	}
}

func TestLostAnswersAreFound(t *testing.T) {
	for seed := *firstSeed; seed < *firstSeed+uint64(*seeds) && !t.Failed(); seed++ {
		told := simulate(t, plan{odds: calm, journal: seed%2 == 0, processes: 1, references: 3, calls: 5}, seed)
		for _, one := range told {
			if one.result.Verdict != settle.Accepted && one.result.Verdict != settle.Pending {
				t.Errorf("seed %d: %s was paid and its answer lost, and is %s", seed, one.ref, one.result.Verdict)
			}
		}
	}
}

// told is what a caller was told of a reference.
type told struct {
	ref, request string
	result       settle.Result[string]
	// cancelled reports that the caller's context had ended.
	cancelled bool
	at        time.Time
}

// world is one simulation.
type world struct {
	t       *testing.T
	plan    plan
	seed    uint64
	service *service
	shelf   *shelf
	going   sync.WaitGroup

	mu      sync.Mutex
	told    []told
	crashed bool
	broken  bool
}

func simulate(t *testing.T, p plan, seed uint64) []told {
	var w *world
	synctest.Test(t, func(t *testing.T) {
		w = &world{t: t, plan: p, seed: seed, service: newService(p.odds), shelf: newShelf()}
		for i := range p.processes {
			w.going.Go(func() { w.live(uint64(i + 1)) })
		}
		w.going.Wait()
		time.Sleep(2 * time.Hour) // whatever the service is still at, and hides, is over and shown
		synctest.Wait()
		w.check()
		w.recoverInPeace()
	})
	return w.told
}

func (w *world) errorf(format string, args ...any) {
	w.t.Errorf("seed %d: "+format, append([]any{w.seed}, args...)...)
}

// process is one life.
type process struct {
	w       *world
	dice    dice
	ctx     context.Context
	end     context.CancelFunc
	journal *memory
	flights settle.Flights[string]

	mu    sync.Mutex
	dead  bool
	steps int // until it crashes; none if negative
}

// live is a chain of lives, each after the crash of the one before.
func (w *world) live(number uint64) {
	d := newDice(w.seed, number)
	for life := uint64(0); ; life++ {
		p := &process{w: w, dice: newDice(w.seed, 1000*number+life), steps: -1}
		p.ctx, p.end = context.WithCancel(context.Background())
		if d.hits(w.plan.crashes) && life < 4 {
			p.steps = d.IntN(30)
		}
		if w.plan.journal && (life > 0 || !w.plan.resumes) {
			p.journal = w.shelf.owner()
			p.journal.step = p.step
			p.journal.fault = p.fault()
			p.journal.takes = p.slowness()
		}
		p.run(life, 1000*number+life)
		p.end()
		if !p.isDead() {
			return
		}
		time.Sleep(d.upTo(30 * time.Second))
	}
}

// step is where a process may crash: its goroutines end where they are, and what they sent is under way.
func (p *process) step() {
	p.mu.Lock()
	if p.steps == 0 {
		p.dead = true
	}
	p.steps--
	dead := p.dead
	p.mu.Unlock()
	if !dead {
		return
	}
	p.w.mu.Lock()
	p.w.crashed = true
	p.w.mu.Unlock()
	if p.journal != nil {
		p.journal.die()
	}
	p.end()
	runtime.Goexit()
}

func (p *process) isDead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

// fault breaks the journal down, for one note or for a while.
func (p *process) fault() func(string) (error, error) {
	var mu sync.Mutex
	var until time.Time
	d := newDice(p.dice.Uint64(), p.dice.Uint64())
	return func(string) (before, after error) {
		mu.Lock()
		defer mu.Unlock()
		if time.Now().Before(until) {
			return errDisk, nil
		}
		if !d.hits(p.w.plan.journalFails) {
			return nil, nil
		}
		p.w.mu.Lock()
		p.w.broken = true
		p.w.mu.Unlock()
		if d.hits(50) {
			until = time.Now().Add(d.upTo(20 * time.Second))
		}
		if d.hits(50) {
			return errDisk, nil
		}
		return nil, errDisk
	}
}

// slowness makes the journal take its time now and then.
func (p *process) slowness() func(string) time.Duration {
	var mu sync.Mutex
	d := newDice(p.dice.Uint64(), p.dice.Uint64())
	return func(string) time.Duration {
		mu.Lock()
		defer mu.Unlock()
		if !d.hits(p.w.plan.journalSlow) {
			return 0
		}
		return d.upTo(3 * time.Second)
	}
}

// run recovers what an earlier life left open, and makes calls.
func (p *process) run(life, stream uint64) {
	var calls sync.WaitGroup
	if p.journal != nil && life > 0 {
		calls.Go(func() { p.recover(&calls, stream) })
	}
	for i := range p.w.plan.calls {
		d := newDice(p.w.seed, stream<<20+uint64(i))
		ref := fmt.Sprint("order-", d.IntN(p.w.plan.references))
		if p.journal == nil || p.w.plan.resumes {
			// Without a journal nothing is remembered, so that a reference is used once, if by several callers at once.
			ref = fmt.Sprint("order-", i*p.w.plan.references/p.w.plan.calls)
		}
		calls.Go(func() { p.call(d, ref) })
	}
	calls.Wait()
}

func (p *process) call(d dice, ref string) {
	if within := p.w.plan.within; within > 0 || p.journal != nil {
		time.Sleep(d.upTo(cmp.Or(within, 5*time.Minute)))
	}
	request := "a transfer"
	if d.hits(p.w.plan.conflicts) {
		request = "another transfer"
	}
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	if d.hits(p.w.plan.cancels) {
		time.AfterFunc(d.upTo(150*time.Second), cancel)
	}
	if p.isDead() || p.journal == nil && p.w.mayHaveMoved(ref) {
		return
	}
	began := time.Now()
	todo := p.newCase(d, ref, request)
	if p.w.plan.resumes && p.journal != nil {
		todo.Resuming(time.Now(), false)
	}
	result := p.flights.Do(ctx, todo)
	if took := time.Since(began); ctx.Err() == nil && took > 20*time.Minute {
		p.w.errorf("%s took %v", ref, took)
	}
	p.tell(told{ref: ref, request: request, result: result, cancelled: ctx.Err() != nil, at: time.Now()})
	if p.w.plan.deferred && result.Verdict == settle.Pending {
		p.learn(d, ref, request)
	}
}

// learn is told of a reference's end some time later, and concludes the entry by what the list shows then.
func (p *process) learn(d dice, ref, request string) {
	time.Sleep(d.upTo(5 * time.Minute))
	entry, found, err := p.journal.Get(p.ctx, key(ref))
	if err != nil || !found || string(entry.Request) != request {
		return
	}
	p.step()
	if err := p.newCase(d, ref, request).Conclude(p.ctx, entry, p.w.service.shown(ref, request, time.Now()), "notification"); err != nil && !p.isDead() {
		p.w.errorf("the end of %s could not be noted: %v", ref, err)
	}
}

// mayHaveMoved reports whether somebody was told of a reference what forbids to use it again without a journal.
func (w *world) mayHaveMoved(ref string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.told, func(one told) bool { return one.ref == ref && one.result.Verdict != settle.Later })
}

// tell notes what a caller was told, unless the process died before.
func (p *process) tell(one told) {
	if p.isDead() {
		return
	}
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.w.told = append(p.w.told, one)
}

func (p *process) newCase(d dice, ref, request string) *settle.Case[string] {
	var journal facade.Journal
	if p.journal != nil {
		journal = p.journal
	}
	own := newDice(d.Uint64(), d.Uint64())
	c := &settle.Case[string]{
		Policy:  policy(),
		Journal: journal,
		Intent:  facade.Intent{Key: key(ref), Request: []byte(request), NotedAt: time.Now()},
		Send: func(ctx context.Context) settle.Seen[string] {
			p.step()
			seen := p.w.service.send(ctx, own, ref, request)
			p.step()
			return seen
		},
		Look: func(ctx context.Context) settle.Seen[string] {
			p.step()
			return p.w.service.look(ctx, own, ref, request)
		},
		Open: settle.Seen[string]{Verdict: settle.Unknown, Result: "open"},

		OpenWhilePending: p.w.plan.deferred,

		Pack:   func(r string) []byte { return []byte(r) },
		Unpack: func(s facade.Settlement) (string, error) { return string(s.Answer), nil },
	}
	if p.w.plan.odds.prevents {
		c.Policy.ResendAbsentFor = 50 * time.Minute
	}
	return c
}

func policy() settle.Policy {
	return settle.Policy{
		MaxAttempts: 4, MaxPause: time.Minute, Grace: 5 * time.Second,
		LookFor: 100 * time.Second, LookWithin: 30 * time.Second, FirstLook: time.Second, MaxLookPause: 15 * time.Second,
		Backoff: func(n int) time.Duration { return time.Duration(n) * time.Second },
	}
}

// recover settles what is open, each in a goroutine of its own, as the clients do.
func (p *process) recover(calls *sync.WaitGroup, stream uint64) {
	n := uint64(0)
	for entry, err := range p.journal.Open(p.ctx, scope, "Send") {
		if err != nil {
			return
		}
		n++
		d := newDice(p.w.seed, stream<<20+1<<19+n)
		calls.Go(func() {
			c := p.newCase(d, entry.Reference, string(entry.Request))
			c.Policy.LookWithin = 0
			c.Intent = entry.Intent
			result := c.Recover(p.ctx, entry, c.Open)
			p.tell(told{ref: entry.Reference, request: string(entry.Request), result: result, at: time.Now()})
		})
	}
}
