package settle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/airtime-go/airtime/facade"
)

// Flights lets goroutines that send the same request under the same reference share one send.
type Flights[R any] struct {
	mu   sync.Mutex
	open map[string]*flight[R]
}

type flight[R any] struct {
	request []byte
	done    chan struct{}
	result  Result[R]

	// What follows is guarded by the mutex of Flights.
	callers int
	// latest is when the last caller's context ends; no end is known if one of them has no deadline.
	latest  time.Time
	endless bool
	// callOff ends the permission to send, and giveUp the look-ups, which leaving runs a grace later.
	callOff context.CancelCauseFunc
	giveUp  context.CancelFunc
	leaving *time.Timer
}

// ErrGaveUp is in the chain of the error of a caller who left before the end was known.
var ErrGaveUp = errors.New("the caller gave up waiting")

// Do runs the case, or joins the one that is under way for the same reference and request. Another request under the
// same reference is refused. The case goes on for as long as anybody waits for it, and for the policy's grace after that.
func (f *Flights[R]) Do(ctx context.Context, c *Case[R]) Result[R] {
	shared, err := f.join(ctx, c)
	if err != nil {
		return Result[R]{Verdict: Unknown, Err: err}
	}
	select {
	case <-shared.done:
		return shared.result
	case <-ctx.Done():
	}
	f.leave(shared, c.Policy.Grace, ctx.Err())
	timer := time.NewTimer(c.Policy.Grace)
	defer timer.Stop()
	select {
	case <-shared.done:
		return shared.result.after(ctx.Err())
	case <-timer.C:
	}
	// A result that is there by now has precedence over an unknown.
	select {
	case <-shared.done:
		return shared.result.after(ctx.Err())
	default:
		return Result[R]{Verdict: Unknown, Err: ErrGaveUp}.after(ctx.Err())
	}
}

// after adds why the caller left to a result that might have been another one if they had stayed.
func (r Result[R]) after(left error) Result[R] {
	switch {
	case r.Verdict != Unknown && r.Verdict != Later, errors.Is(r.Err, left):
	case r.Err == nil:
		r.Err = left
	default:
		r.Err = fmt.Errorf("%w: %w", r.Err, left)
	}
	return r
}

func (f *Flights[R]) join(ctx context.Context, c *Case[R]) (*flight[R], error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open == nil {
		f.open = map[string]*flight[R]{}
	}
	reference := c.Intent.Operation + "\x00" + c.Intent.Reference
	if shared := f.open[reference]; shared != nil {
		if !bytes.Equal(shared.request, c.Intent.Request) {
			return nil, facade.ErrReferenceConflict
		}
		shared.add(ctx)
		return shared, nil
	}
	shared := &flight[R]{request: c.Intent.Request, done: make(chan struct{})}
	shared.add(ctx)
	base := context.WithoutCancel(ctx)
	var own context.Context
	own, shared.callOff = context.WithCancelCause(base)
	c.patience, shared.giveUp = context.WithCancel(base)
	if err := ctx.Err(); err != nil {
		shared.callOff(err)
	}
	f.open[reference] = shared
	go func() {
		defer shared.giveUp()
		defer shared.callOff(nil)
		result := c.Run(waiting[R]{own, f, shared})
		f.mu.Lock()
		delete(f.open, reference)
		f.mu.Unlock()
		shared.result = result
		close(shared.done)
	}()
	return shared, nil
}

// add counts another caller. One who comes while the last is leaving keeps the look-ups going; what was called off is not
// sent after all.
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

// leave ends the case's permission to send once nobody waits for it any more, and its look-ups within the grace, of which a
// little is kept for noting how it ended.
func (f *Flights[R]) leave(shared *flight[R], grace time.Duration, reason error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	shared.callers--
	if shared.callers == 0 {
		shared.callOff(reason)
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
