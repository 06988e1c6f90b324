package catalogue

import (
	"context"
	"sync"
	"time"
)

// life is what runs beside the callers of a catalogue, until Close.
type life struct {
	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
	// over is closed by Close.
	over chan struct{}
	keep sync.Once
	// installed tells the background of a generation, which may be due earlier than the one before.
	installed chan struct{}
}

// begin runs work beside its caller; cancel ends it when the catalogue is closed. On an error, cancel has been called.
func (l *life) begin(cancel context.CancelFunc, work func()) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		cancel()
		return ErrClosed
	}
	done := make(chan struct{})
	l.running.Go(func() {
		defer close(done)
		work()
	})
	l.running.Go(func() {
		select {
		case <-l.over:
			cancel()
		case <-done:
		}
	})
	return nil
}

func (l *life) ended() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// Close ends the requests under way and the refresh in the background, and waits for them. The generation in use can be
// used further; nothing more is loaded. It always returns nil.
func (c *Catalogue) Close() error {
	c.mu.Lock()
	if !c.closed {
		c.closed = true
		close(c.over)
	}
	c.mu.Unlock()
	c.running.Wait()
	return nil
}

// How the background refreshes: after nine tenths of an answer's lifetime, so that no reader waits, but no part more often than the
// service's limits allow, of which the strictest is 20 calls in ten minutes.
const leastRefreshPause = 45 * time.Second

// keepFresh begins to refresh in the background, if that is wanted and has not begun yet, and makes it look at the generation in use.
func (c *Catalogue) keepFresh() {
	if !c.background {
		return
	}
	c.keep.Do(func() {
		ctx, cancel := context.WithCancel(context.Background())
		// After Close there is nothing to begin.
		_ = c.begin(cancel, func() { c.refreshInTime(ctx) })
	})
	select {
	case c.installed <- struct{}{}:
	default: // it has not seen the one before either
	}
}

func (c *Catalogue) refreshInTime(ctx context.Context) {
	var tried [partCount]time.Time
	for {
		g := c.current.Load()
		var next time.Time
		for i, a := range g.answers {
			if at, wanted := c.sources[i].dueAt(a, tried[i]); wanted && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
		var due <-chan time.Time
		if !next.IsZero() {
			due = time.After(time.Until(next))
		}
		select {
		case <-ctx.Done():
			return
		case <-c.installed:
		case <-due:
			c.refreshDue(ctx, &tried)
		}
	}
}

// dueAt is when an answer is to be refreshed: not before the pause after a failure is over. One that has to be asked for every time
// is left to its readers.
func (s *source) dueAt(a *answer, tried time.Time) (at time.Time, wanted bool) {
	switch {
	case a.missing():
		at = time.Unix(0, 0) // long ago
	case a.freshUntil().IsZero() || a.lifetime == 0:
		return time.Time{}, false
	default:
		at = a.born.Add(a.lifetime - a.lifetime/10)
	}
	if earliest := tried.Add(leastRefreshPause); !tried.IsZero() && at.Before(earliest) {
		at = earliest
	}
	if paused := s.pausedUntil(); at.Before(paused) {
		at = paused
	}
	return at, true
}

// refreshDue asks for the parts whose time has come.
func (c *Catalogue) refreshDue(ctx context.Context, tried *[partCount]time.Time) {
	now := time.Now()
	g := c.current.Load()
	answers, err := c.gather(ctx, func(s *source) (*answer, error) {
		a := g.answers[s.index]
		if at, wanted := s.dueAt(a, tried[s.index]); !wanted || now.Before(at) {
			return a, nil
		}
		tried[s.index] = now
		next, err := s.get(ctx, now, true)
		if next == nil {
			// The one in use stays: its readers find out for themselves when it may be used no longer.
			next = a
		}
		return next, err
	})
	if err != nil && ctx.Err() == nil {
		c.logger.WarnContext(ctx, "the catalogue could not be refreshed", "service", "ding", "error", err)
	}
	if ctx.Err() == nil {
		c.install(answers)
	}
}

// State is what became of a part.
type State string

// What a [Progress] reports.
const (
	StateLoading   State = "loading"   // the request is under way
	StateLoaded    State = "loaded"    // the answer is there
	StateUnchanged State = "unchanged" // the answer that was there is still good
	StateFailed    State = "failed"    // no answer came
)

// Progress says how far a catalogue is.
type Progress struct {
	Part  Part
	State State
	// Items is how many items the part has, once it is there.
	Items int
	// Done of Total parts are there.
	Done, Total int
	// Err is why the part failed.
	Err error
}

// report tells the progress to whoever wants to know, one report at a time.
func (c *Catalogue) report(p Progress) {
	c.reporting.Lock()
	defer c.reporting.Unlock()
	if p.State == StateLoaded || p.State == StateUnchanged {
		c.there[p.Part] = true
	}
	if c.progress != nil {
		p.Done, p.Total = len(c.there), partCount
		c.progress(p)
	}
}
