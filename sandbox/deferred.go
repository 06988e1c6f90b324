// Deferred transfers: tried again when the provider fails, and told of only when they have ended.

package sandbox

import (
	"time"

	"github.com/airtime-go/airtime/gen/ding"
)

// A deferred transfer that fails over TransientProviderError or ProviderError is Processing, and is tried again
// DeferRetryDelay after its first try. The wait doubles from one retry to the next. It has failed when DeferRetries
// retries have: with these figures 75 seconds after it was accepted. Ding documents that it retries, but not when.
const (
	DeferRetries    = 3
	DeferRetryDelay = 10 * time.Second
)

// mendedAfter is how many tries fail of a transfer that completes then.
const mendedAfter = 2

func (o order) deferred() bool { return o.correlationID != "" }

// triesAgain puts a deferred transfer off whose try has failed, and reports whether it did.
func (a *account) triesAgain(t *transfer) bool {
	if !t.deferred() || len(t.verdict) == 0 || t.tries == DeferRetries {
		return false
	}
	if t.mends && t.tries == mendedAfter {
		t.verdict = nil
		return false
	}
	t.state = ding.ProcessingStateProcessing
	if a.failing {
		t.state, t.codes, t.completed = ding.ProcessingStateFailed, t.verdict, t.due
	}
	a.postpone(t, t.due.Add(DeferRetryDelay<<t.tries))
	t.tries++
	return true
}

// end keeps a deferred transfer that has its final state for whoever tells of it.
func (a *account) end(t *transfer) {
	if t.deferred() {
		a.ended = append(a.ended, t)
		a.tellChange()
	}
}

// tellChange never waits: one thing to be seen is as good as several.
func (a *account) tellChange() {
	select {
	case a.changed <- struct{}{}:
	default:
	}
}

// takeEnded returns the deferred transfers that have ended since it was last called.
func (a *account) takeEnded(at time.Time) []transfer {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle(at)
	ended := make([]transfer, 0, len(a.ended))
	for _, t := range a.ended {
		ended = append(ended, *t)
	}
	a.ended = nil
	return ended
}

// nextDue returns when something comes due next, if anything does.
func (a *account) nextDue() (due time.Time, pending bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.pending) == 0 {
		return time.Time{}, false
	}
	return a.pending[0].due, true
}
