// Processes: each has clients of its own, and can die at any step of the protocol. A dead one has no more effect on
// anything: its connections are cut, its notes are not written, and what its calls return reaches nobody.

package chaos

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/facade/dizlee"
)

// step is a point in the protocol at which a process may die.
type step string

const (
	stepBegin     step = "begin"
	stepBegun     step = "begun"
	stepAttempt   step = "attempt"
	stepAttempted step = "attempted"
	stepSettle    step = "settle"
	stepSettled   step = "settled"
	stepRelease   step = "release"
	stepReleased  step = "released"
	// An open entry is leased for a recovery. Nobody dies there.
	stepLease step = "lease"
	// A request is about to be written, has been written, and an answer has come.
	stepWrite   step = "write"
	stepWritten step = "written"
	stepRead    step = "read"
)

var allSteps = []step{
	stepBegin, stepBegun, stepAttempt, stepAttempted, stepSettle, stepSettled, stepRelease, stepReleased, stepWrite, stepWritten, stepRead,
}

// doom says when a process dies: at the nth passing of a step, or after a time. The zero doom is none.
type doom struct {
	at    step
	after int
	in    time.Duration
}

var errDead = errors.New("the process is dead")

// process is one life of a program.
type process struct {
	world  *world
	name   string
	ctx    context.Context
	ding   *ding.Client
	dizlee *dizlee.Client
	// onDeath is called once.
	onDeath func()

	mu        sync.Mutex
	dead      bool
	doom      doom
	kill      context.CancelFunc
	lines     map[*line]bool
	transport *http.Transport
}

func (w *world) startProcess(name string, d doom, onDeath func()) *process {
	p := w.newProcess(name, d, onDeath)
	p.makeClients(p.transport, w.plan.journal)
	if d.in > 0 {
		w.background.Go(func() {
			if pause(p.ctx, d.in) {
				p.die()
			}
		})
	}
	return p
}

func (w *world) newProcess(name string, d doom, onDeath func()) *process {
	ctx, kill := context.WithCancel(context.Background())
	p := &process{world: w, name: name, ctx: ctx, kill: kill, doom: d, onDeath: onDeath, lines: map[*line]bool{}}
	p.transport = &http.Transport{DialContext: p.dial, MaxIdleConnsPerHost: 64}
	return p
}

// startStranger starts another program, which uses some of our references for orders of its own, and has no journal.
func (w *world) startStranger() *process {
	p := w.newProcess("X", doom{}, nil)
	p.makeClients(strangers{p.transport}, false)
	return p
}

// strangerHeader marks another program's requests.
const strangerHeader = "X-Stranger"

type strangers struct{ http.RoundTripper }

func (s strangers) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set(strangerHeader, "yes")
	return s.RoundTripper.RoundTrip(request)
}

// makeClients makes both clients over a transport, as the plan has them.
func (p *process) makeClients(transport http.RoundTripper, journalled bool) {
	w := p.world
	if w.mutation.transport != nil {
		transport = w.mutation.transport(transport)
	}
	client := &http.Client{Transport: transport}
	keys := w.sandbox.Credentials()
	// Without jitter a seed's run comes again; the pauses of the network make up for it.
	policy := facade.RetryPolicy{BaseDelay: time.Nanosecond, MaxDelay: time.Nanosecond, MaxAttempts: w.plan.attempts}

	forDing := []ding.Option{ding.WithBaseURL(address), ding.WithHTTPClient(client), ding.WithRetryPolicy(policy)}
	if w.plan.oauth {
		forDing = append(forDing, ding.WithClientCredentials(keys.DingClientID, keys.DingClientSecret), ding.WithTokenURL(address+"/connect/token"))
	} else {
		forDing = append(forDing, ding.WithAPIKey(keys.DingAPIKey))
	}
	if w.plan.preventsDuplicates {
		forDing = append(forDing, ding.WithPreventDuplicates())
	}
	forDizlee := []dizlee.Option{
		dizlee.WithAPIKey(keys.DizleeAPIKey), dizlee.WithBaseURL(address + "/dizlee"), dizlee.WithHTTPClient(client), dizlee.WithRetryPolicy(policy),
		dizlee.WithMerchant(dizlee.Merchant{AggregatorID: keys.DizleeAggregatorID, MerchantID: keys.DizleeMerchantID, Product: keys.DizleeProduct, SubProduct: keys.DizleeSubProduct}),
	}
	if w.plan.duplicateAsUnknown {
		forDizlee = append(forDizlee, dizlee.WithDuplicateAsUnknown())
	}
	if journalled {
		var journal facade.Journal = pen{book: w.book, self: p}
		if w.mutation.journal != nil {
			journal = w.mutation.journal(journal)
		}
		forDing = append(forDing, ding.WithJournal(journal))
		forDizlee = append(forDizlee, dizlee.WithJournal(journal))
	}
	forDing = append(forDing, w.mutation.ding...)

	var err error
	if p.ding, err = ding.NewClient(forDing...); err == nil {
		p.dizlee, err = dizlee.NewClient(forDizlee...)
	}
	if err != nil {
		panic(err) // the options are this file's own
	}
}

func (p *process) isDead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

// pass passes a step, alive or not.
func (p *process) pass(s step) error {
	p.mu.Lock()
	if !p.dead && p.doom.at == s {
		p.doom.after--
	}
	doomed := !p.dead && p.doom.at == s && p.doom.after == 0
	p.mu.Unlock()
	if doomed {
		p.world.diary.note("", "%s dies at %s", p.name, s)
		p.die()
	}
	if p.isDead() {
		return errDead
	}
	return nil
}

// die ends the process.
func (p *process) die() {
	p.mu.Lock()
	if p.dead {
		p.mu.Unlock()
		return
	}
	p.dead = true
	var lines []*line
	for l := range p.lines {
		lines = append(lines, l)
	}
	p.mu.Unlock()
	p.world.diary.note("", "%s is dead", p.name)
	for _, l := range lines {
		_ = l.Conn.Close()
	}
	p.kill()
	if p.onDeath != nil {
		p.onDeath()
	}
}

var errNoConnection = errors.New("connection refused")

// dial connects to the world's server, unless the network is down.
func (p *process) dial(ctx context.Context, network, address string) (net.Conn, error) {
	w := p.world
	p.mu.Lock()
	dead := p.dead
	p.mu.Unlock()
	if dead {
		return nil, errDead
	}
	if w.dice.chance(w.plan.unreachable, "unreachable", p.name, time.Now().UnixMilli()) {
		return nil, errNoConnection
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(p.ctx, stop)()
	if !pause(ctx, w.dice.spread(time.Millisecond, 2*time.Second, "connects", p.name, time.Now().UnixMicro())) {
		return nil, ctx.Err()
	}
	near, err := w.listener.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l := &line{Conn: near, process: p}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		_ = near.Close()
		return nil, errDead
	}
	p.lines[l] = true
	return l, nil
}

// line is a connection of a process. It is cut when the process dies.
type line struct {
	net.Conn
	process *process
}

// Write sends, unless the process dies first. After the write, the request has left, whatever becomes of the process.
func (l *line) Write(data []byte) (int, error) {
	if err := l.process.pass(stepWrite); err != nil {
		return 0, err
	}
	n, err := l.Conn.Write(data)
	return n, errors.Join(err, l.process.pass(stepWritten))
}

// Read receives, unless the process dies.
func (l *line) Read(data []byte) (int, error) {
	n, err := l.Conn.Read(data)
	if err == nil {
		err = l.process.pass(stepRead)
	}
	if err != nil && l.process.isDead() {
		return 0, errDead
	}
	return n, err
}

func (l *line) Close() error {
	l.process.mu.Lock()
	delete(l.process.lines, l)
	l.process.mu.Unlock()
	return l.Conn.Close()
}
