package settle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/airtime-go/airtime/facade"
)

// Who shares a case: callers with the same request under the same reference, each of whom may leave, or come when it is
// nearly over.

// Flights lets goroutines that send the same request under the same reference share one send.
type Flights[R any] struct {
	mu   sync.Mutex
	open map[facade.Key]*flight[R]
	past memory
}

type flight[R any] struct {
	request  []byte
	resuming bool
	// callOff ends the permission to send, and giveUp the look-ups.
	callOff context.CancelCauseFunc
	giveUp  context.CancelFunc

	// done is closed once there is a result, or a panic.
	done     chan struct{}
	result   Result[R]
	panicked *panicked

	// What follows is guarded by the mutex of Flights.
	callers int
	// latest is when the last caller's context ends; no end is known if one of them has no deadline.
	latest  time.Time
	endless bool
	// calledOff reports that nothing is sent any more, and leaving gives up a grace later.
	calledOff bool
	leaving   *time.Timer
	// accepted is the result if it is known, and being noted.
	accepted *Result[R]
}

// ErrGaveUp is in the chain of the error of a caller who left before the end was known.
var ErrGaveUp = errors.New("the caller gave up waiting")

var (
	errCalledOff = errors.New("all who waited for it have left")
	errExited    = errors.New("the goroutine that worked on it was ended")
)

// Do runs the case, or joins the one that is under way for the same reference and request. Another request under the
// same reference is refused. The case goes on for as long as anybody waits for it, and for the policy's grace after that.
// If the case panics, all who wait for it do: with a journal, its entry stays open, and is nobody's.
func (f *Flights[R]) Do(ctx context.Context, c *Case[R]) Result[R] {
	for {
		shared, calledOff, err := f.join(ctx, c)
		if err != nil {
			return Result[R]{Verdict: Unknown, Err: err}
		}
		result := f.wait(ctx, shared, c.Policy.Grace)
		if ctx.Err() != nil || !result.speaksOfOthers(calledOff, c.resume != nil && !shared.resuming) {
			return result.after(ctx.Err())
		}
	}
}

// speaksOfOthers reports that what somebody else's case came to is no answer to one who joined it, who is to have a case of
// their own, now that the other is over.
//
// It had been called off when they came: it may not have been sent for that alone, and nothing moved. With a journal, which
// holds it as temporary now, and never lets it be sent again, they are told that; without, it is sent. What is unknown stays
// so: a case of their own would not know what left.
//
// Or they resume what may have been sent long ago, and it does not: that nothing moved is true of its own attempts alone.
func (r Result[R]) speaksOfOthers(calledOff, resumes bool) bool {
	switch r.Verdict {
	case Later:
		return calledOff || resumes
	case Refused:
		return resumes
	}
	return false
}

// wait waits for the end of a flight, or for the grace once the caller has left.
func (f *Flights[R]) wait(ctx context.Context, shared *flight[R], grace time.Duration) Result[R] {
	select {
	case <-shared.done:
	case <-ctx.Done():
		f.leave(shared, grace)
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-shared.done:
		case <-timer.C:
		}
	}
	// A result that is there by now has precedence over an unknown.
	select {
	case <-shared.done:
		if shared.panicked != nil {
			panic(shared.panicked)
		}
		return shared.result
	default:
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if shared.accepted != nil {
		return *shared.accepted
	}
	return Result[R]{Verdict: Unknown, Err: ErrGaveUp}
}

// after adds why the caller left to a result that might have been another one if they had stayed.
func (r Result[R]) after(left error) Result[R] {
	switch {
	case left == nil, r.Verdict != Unknown && r.Verdict != Later, errors.Is(r.Err, left):
	case r.Err == nil:
		r.Err = left
	default:
		r.Err = fmt.Errorf("%w: %w", r.Err, left)
	}
	return r
}

// join returns the flight for the case, and whether it had been called off when the caller came. They then keep the look-ups
// going; what was called off is not sent after all.
func (f *Flights[R]) join(ctx context.Context, c *Case[R]) (shared *flight[R], calledOff bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	shared = f.open[c.Intent.Key]
	switch {
	case shared == nil:
		shared = f.begin(ctx, c)
	case !bytes.Equal(shared.request, c.Intent.Request):
		return nil, false, facade.ErrReferenceConflict
	default:
		calledOff = shared.calledOff
	}
	shared.add(ctx)
	return shared, calledOff, nil
}

// begin takes the case off, in a goroutine of its own. Who is gone already does not send.
func (f *Flights[R]) begin(ctx context.Context, c *Case[R]) *flight[R] {
	shared := &flight[R]{
		request: c.Intent.Request, resuming: c.resume != nil, done: make(chan struct{}),
		result: Result[R]{Verdict: Unknown, Err: errExited}, // unless it returns
	}
	base := context.WithoutCancel(ctx)
	var own context.Context
	own, shared.callOff = context.WithCancelCause(base)
	c.patience, shared.giveUp = context.WithCancel(base)
	if ctx.Err() != nil {
		shared.forbid()
	}
	c.accepted = func(result Result[R]) {
		f.mu.Lock()
		defer f.mu.Unlock()
		shared.accepted = &result
	}
	c.left = f.past.left(c.Intent.Key)
	if f.open == nil {
		f.open = map[facade.Key]*flight[R]{}
	}
	f.open[c.Intent.Key] = shared
	go func() {
		defer f.land(shared, c)
		shared.result = c.Run(waiting[R]{own, f, shared})
	}()
	return shared
}

// land ends a flight, however its case ended: whoever comes next must not wait for it.
func (f *Flights[R]) land(shared *flight[R], c *Case[R]) {
	if value := recover(); value != nil {
		shared.panicked = &panicked{value, debug.Stack()}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.open, c.Intent.Key)
	if c.Journal == nil && shared.result.Verdict != Accepted {
		f.past.add(c.Intent.Key, c.left)
	}
	close(shared.done)
	shared.callOff(nil)
	shared.giveUp()
	if shared.leaving != nil {
		shared.leaving.Stop()
	}
}

// memory is how many attempts left under the latest references that were not accepted, for programs without a journal: they
// may send a reference again that was refused for now. If the answer is lost then, the failed transfer that is found may be
// the earlier one's, and proves nothing.
type memory struct{ recent, older map[facade.Key]int }

// remembered is how many references are remembered at least; twice as many are at most.
const remembered = 10_000

func (m *memory) left(key facade.Key) int { return max(m.recent[key], m.older[key]) }

func (m *memory) add(key facade.Key, left int) {
	if left == 0 {
		return
	}
	if m.recent == nil || len(m.recent) >= remembered {
		m.older, m.recent = m.recent, map[facade.Key]int{}
	}
	m.recent[key] = left
}

// panicked carries a panic over to the goroutines of those who waited, with the stack that theirs would not show.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("%v\n\n%s", p.value, p.stack) }

// Unwrap returns the value if it is an error.
func (p *panicked) Unwrap() error {
	err, _ := p.value.(error)
	return err
}

// add counts another caller.
func (f *flight[R]) add(ctx context.Context) {
	f.callers++
	if f.leaving != nil {
		f.leaving.Stop()
		f.leaving = nil
	}
	deadline, limited := ctx.Deadline()
	switch {
	case !limited:
		f.endless = true
	case deadline.After(f.latest):
		f.latest = deadline
	}
}

// forbid ends the permission to send, for good.
func (f *flight[R]) forbid() {
	f.calledOff = true
	f.callOff(errCalledOff)
}

// leave ends the case's permission to send once nobody waits for it any more, and its look-ups within the grace, of which a
// little is kept for noting how it ended.
func (f *Flights[R]) leave(shared *flight[R], grace time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	shared.callers--
	if shared.callers > 0 {
		return
	}
	shared.forbid()
	select {
	case <-shared.done:
	default:
		shared.leaving = time.AfterFunc(grace-grace/20, shared.giveUp)
	}
}

// waiting is the context of all callers of a flight: it ends once all have left, and its deadline is the last one's, so
// that no pause is begun that would outlast them.
type waiting[R any] struct {
	context.Context
	all    *Flights[R]
	flight *flight[R]
}

// Deadline is that of the caller who waits longest.
func (w waiting[R]) Deadline() (time.Time, bool) {
	w.all.mu.Lock()
	defer w.all.mu.Unlock()
	return w.flight.latest, !w.flight.endless
}
