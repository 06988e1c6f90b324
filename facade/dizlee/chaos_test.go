// A simulation: many calls through every mix of faults and crashes, in virtual time, held against the sandbox's books.
//
//	go test ./facade/dizlee -run Chaos -seeds 5000

package dizlee_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/dizlee"
	"github.com/airtime-go/airtime/sandbox"
)

var (
	seeds     = flag.Int("seeds", 25, "how many simulations to run")
	firstSeed = flag.Uint64("first-seed", 1, "the seed of the first")
)

// storm stands between the clients and the sandbox. What it does to a request follows from the seed, the request's id and
// how often that has come, whatever the order of arrival.
type storm struct {
	seed    uint64
	service http.Handler

	mu    sync.Mutex
	calm  bool
	came  map[string]int
	done  map[string]int
	lives map[string]*life
}

// life is one process, from its start until it crashes.
type life struct {
	journal *memory
	kill    context.CancelFunc
	mu      sync.Mutex
	dead    bool
}

func (l *life) crash() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = true
	if l.journal != nil {
		l.journal.mu.Lock()
		l.journal.dead = true
		l.journal.mu.Unlock()
	}
	l.kill()
}

func (l *life) crashed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dead
}

func (s *storm) dice(id string, salt int) *rand.Rand {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, id, salt)
	return rand.New(rand.NewPCG(s.seed, h.Sum64()))
}

var idOf = regexp.MustCompile(`"(?:charge|refund|sms)RequestId":"([^"]+)"`)

func (s *storm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has gone before its request was whole
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	id := string(idOf.FindSubmatch(body)[1])
	s.mu.Lock()
	s.came[id]++
	dice, calm, process := s.dice(id, s.came[id]), s.calm, s.lives[id]
	s.mu.Unlock()
	if calm || dice.IntN(100) < 35 {
		s.work(id, w, r)
		return
	}
	before := dice.IntN(2) == 0
	if !before {
		s.work(id, httptest.NewRecorder(), r)
	}
	if process != nil && dice.IntN(4) == 0 {
		process.crash()
	}
	// A refusal is truthful only if nothing was done, and only at the door.
	doors := []step{says("-429"), says("-429", "Retry-After", "9"), says("-322"), says("-101")}
	doubts := []step{
		lost, cutOff, page, redirect, says("-504"), says("-500"), says("-308"), silent,
		step(answers(503, "")), step(answers(503, "", "Retry-After", "11")), step(answers(429, "")), step(answers(200, `{"status":""}`)),
	}
	pick := dice.IntN(len(doubts) + len(doors))
	switch {
	case before && pick >= len(doubts):
		doors[pick-len(doubts)](w, r)
	default:
		doubts[pick%len(doubts)](w, r)
	}
}

// work lets the sandbox do it, and counts what it did.
func (s *storm) work(id string, w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.done[id]++
	s.mu.Unlock()
	s.service.ServeHTTP(w, r)
}

// errand is one call of the simulation.
type errand struct {
	id, number string
	kind       string // Charge, Refund, Part or SendSMS
}

func (e errand) operation() string {
	if e.kind == "Part" {
		return "Refund"
	}
	return e.kind
}

func (e errand) run(ctx context.Context, c *dizlee.Client, resume bool) error {
	var err error
	switch e.kind {
	case "Charge":
		r := charge()
		r.ChargeRequestID, r.UserID = e.id, e.number
		if resume {
			_, err = c.ResumeCharge(ctx, r)
		} else {
			_, err = c.Charge(ctx, r)
		}
	case "Refund", "Part":
		r, part := refund(), decimal("0.100")
		r.RefundRequestID, r.TransactionID, r.UserID = e.id, "for-"+e.id, e.number
		if e.kind == "Part" {
			r.Amount = &part
			resume = false
		}
		if resume {
			_, err = c.ResumeRefund(ctx, r)
		} else {
			_, err = c.Refund(ctx, r)
		}
	default:
		r := sms()
		r.SMSRequestID, r.Receiver = e.id, e.number
		_, err = c.SendSMS(ctx, r)
	}
	return err
}

// simulation is one seed.
type simulation struct {
	t         *testing.T
	sb        *sandbox.Sandbox
	storm     *storm
	transport *http.Transport
}

func newSimulation(t *testing.T, seed uint64) *simulation {
	sb, err := sandbox.New(sandbox.WithSeed(seed))
	require.NoError(t, err)
	s := &storm{seed: seed, service: sb, calm: true, came: map[string]int{}, done: map[string]int{}, lives: map[string]*life{}}
	return &simulation{t: t, sb: sb, storm: s, transport: serveInMemory(t, s, func() error { return nil })}
}

// errands returns the calls of a seed, with what they stand on in the books.
func (s *simulation) errands() []errand {
	dice := s.storm.dice("errands", 0)
	numbers := []string{goodNumber, goodNumber, goodNumber, lostNumber, poorNumber, troubleNumber}
	kinds := []string{"Charge", "Charge", "Refund", "Part", "SendSMS"}
	calm := clientOf(s.t, s.sb, s.transport)
	var all []errand
	for i := range 12 {
		e := errand{id: fmt.Sprintf("e%d", i), number: numbers[dice.IntN(len(numbers))], kind: kinds[dice.IntN(len(kinds))]}
		if e.operation() == "Refund" {
			e.number = []string{goodNumber, lostNumber}[dice.IntN(2)]
			r := charge()
			r.ChargeRequestID, r.UserID = "for-"+e.id, e.number
			_, err := calm.Charge(s.t.Context(), r)
			require.NoError(s.t, err)
		}
		all = append(all, e)
	}
	return all
}

// live takes an errand through as many lives as it needs, and returns what the program was told in the last one. Without a
// journal, a program that has crashed resumes.
func (s *simulation) live(e errand, journal *memory) error {
	dice := s.storm.dice(e.id, -1)
	resume := false
	for {
		ctx, kill := context.WithCancel(s.t.Context())
		process := &life{journal: journal, kill: kill}
		s.storm.mu.Lock()
		s.storm.lives[e.id] = process
		s.storm.mu.Unlock()
		opts := []dizlee.Option{dizlee.WithAttemptHook(func(context.Context, facade.Attempt) {
			if dice.IntN(12) == 0 {
				process.crash() // the answer is there, and is not noted any more
			}
		})}
		if journal != nil {
			opts = append(opts, dizlee.WithJournal(journal))
		}
		// A connection that cannot be made.
		transport := s.transport.Clone()
		dial := transport.DialContext
		refusals := dice.IntN(3)
		transport.DialContext = func(ctx context.Context, network, address string) (conn net.Conn, err error) {
			if refusals--; refusals >= 0 || process.crashed() {
				return nil, errRefused
			}
			return dial(ctx, network, address)
		}
		err := s.once(ctx, e, clientOf(s.t, s.sb, transport, opts...), journal, resume && dice.IntN(2) == 0, resume && journal == nil)
		crashed := process.crashed()
		kill()
		transport.CloseIdleConnections()
		if !crashed {
			return err
		}
		if journal == nil && (e.kind == "Part" || e.kind == "SendSMS") {
			return facade.ErrOutcomeUnknown // nothing could tell
		}
		resume = true
		if journal != nil {
			journal = journal.reopened()
		}
		<-time.After(time.Duration(dice.IntN(20)) * time.Second)
	}
}

// once is one life: the call, or a recovery, which then is asked what became of the call.
func (s *simulation) once(ctx context.Context, e errand, c *dizlee.Client, journal *memory, recovers, resumes bool) error {
	if journal != nil && recovers {
		for _, err := range c.Recover(ctx) {
			if err != nil {
				return err
			}
		}
	}
	return e.run(ctx, c, resumes)
}

// held holds what the program was told against the books.
func (s *simulation) held(e errand, told error) {
	t, outcome := s.t, facade.OutcomeOf(told)
	moved := s.moved(e.id)
	switch outcome {
	case facade.OutcomeAccepted:
		assert.Equal(t, 1, moved, "%v is reported accepted", e)
	case facade.OutcomeRefused, facade.OutcomeTemporary:
		assert.Zero(t, moved, "%v is reported %s: %v", e, outcome, told)
	case facade.OutcomeUnknown:
		assert.LessOrEqual(t, moved, 1, "%v", e)
	default:
		t.Errorf("%v: %v", e, told)
	}
	if e.kind == "Part" || e.kind == "SendSMS" {
		assert.LessOrEqual(t, s.storm.done[e.id], 1, "%v is never repeated on a guess", e)
	}
}

// moved counts what the books hold under an id.
func (s *simulation) moved(id string) int {
	books, count := s.sb.Ledger(), 0
	for _, c := range books.Charges {
		count += one(c.ChargeRequestID == id)
	}
	for _, r := range books.Refunds {
		count += one(r.RefundRequestID == id)
	}
	for _, m := range books.Messages {
		count += one(m.SMSRequestID == id)
	}
	return count
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

func TestChaos(t *testing.T) {
	calls, unknowns := 0, 0
	for seed := *firstSeed; seed < *firstSeed+uint64(*seeds); seed++ {
		for name, noted := range map[string]bool{"with a journal": true, "without": false} {
			ok := t.Run(fmt.Sprintf("seed %d %s", seed, name), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c, u := simulate(t, seed, noted)
					calls, unknowns = calls+c, unknowns+u
				})
			})
			require.True(t, ok, "again with -first-seed %d -seeds 1", seed)
		}
	}
	t.Logf("%d charges and refunds of everything, %d unknown at first", calls, unknowns)
	assert.Less(t, unknowns*5, calls, "unknowns are rare")
}

// simulate runs a seed, and returns how many calls could be found out about, and how many were not at once.
func simulate(t *testing.T, seed uint64, noted bool) (calls, unknowns int) {
	s := newSimulation(t, seed)
	errands := s.errands()
	s.storm.calm = false
	told := make([]error, len(errands))
	journals := make([]*memory, len(errands))
	var running sync.WaitGroup
	for i, e := range errands {
		if noted {
			journals[i] = newMemory()
		}
		running.Go(func() { told[i] = s.live(e, journals[i]) })
	}
	running.Wait()
	for i, e := range errands {
		s.held(e, told[i])
		if e.number != troubleNumber && (e.kind == "Charge" || e.kind == "Refund") {
			calls++
			unknowns += one(errors.Is(told[i], facade.ErrOutcomeUnknown))
		}
	}
	if noted {
		s.aftermath(errands, told, journals)
	}
	return calls, unknowns
}

// aftermath recovers in calm weather: what can be found out about is, and all that was said before still holds.
func (s *simulation) aftermath(errands []errand, told []error, journals []*memory) {
	s.storm.mu.Lock()
	s.storm.calm = true
	s.storm.mu.Unlock()
	for i, e := range errands {
		journal := journals[i].reopened()
		c := clientOf(s.t, s.sb, s.transport, dizlee.WithJournal(journal))
		for _, err := range c.Recover(s.t.Context()) {
			require.NoError(s.t, err)
		}
		after := e.run(s.t.Context(), c, false)
		s.held(e, after)
		if !errors.Is(told[i], facade.ErrOutcomeUnknown) {
			assert.Equal(s.t, facade.OutcomeOf(told[i]), facade.OutcomeOf(after), "%v", e)
		}
		protected := e.kind == "Charge" || e.kind == "Refund"
		// A refusal tells nothing about an attempt that was lost, so what stayed unknown of those who are refused stays so.
		if protected && e.number != troubleNumber && (e.number != poorNumber || !errors.Is(told[i], facade.ErrOutcomeUnknown)) {
			assert.NotErrorIs(s.t, after, facade.ErrOutcomeUnknown, "%v", e)
		}
		entry, found, err := journal.Get(s.t.Context(), facade.Key{Scope: "dizlee http://localhost/dizlee", Operation: e.operation(), Reference: e.id})
		require.NoError(s.t, err)
		require.True(s.t, found)
		if entry.Settlement != nil {
			assert.Equal(s.t, one(entry.Settlement.Outcome == facade.OutcomeAccepted), s.moved(e.id), "the journal and the books agree about %v", e)
		}
	}
}
