package pipeline

import (
	"context"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/airtime-go/airtime/facade"
)

// pause returns how long to wait before the next attempt, and false if there must be none: the service asks for more
// patience than the policy or the context has, or the budget is spent.
func (p *Pipeline) pause(ctx context.Context, number int, answer Answer) (time.Duration, bool) {
	if ctx.Err() != nil {
		return 0, false
	}
	pause := Backoff(p.settings.Retry, number)
	if answer.RetryAfter > 0 {
		if answer.RetryAfter > p.settings.Retry.MaxRetryAfter {
			return 0, false
		}
		pause = answer.RetryAfter
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= pause {
		return 0, false
	}
	return pause, p.budget.spend()
}

// Backoff draws a pause after an attempt, between nothing and a bound that doubles with every attempt (full jitter).
func Backoff(policy facade.RetryPolicy, number int) time.Duration {
	bound := policy.MaxDelay
	// Compared the other way round, so that no shift overflows.
	if shift := number - 1; policy.BaseDelay <= policy.MaxDelay>>shift {
		bound = policy.BaseDelay << shift
	}
	return rand.N(min(bound, math.MaxInt64-1) + 1)
}

// retryAfter reads a Retry-After header, as seconds or as an HTTP date. Junk, a negative number and a date in the past
// count as absent. A number too large for a Duration becomes the largest one: longer than anybody waits.
func retryAfter(header http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if value == "" {
		return 0
	}
	if when, err := http.ParseTime(value); err == nil {
		return max(0, when.Sub(now))
	}
	if strings.Trim(value, "0123456789.") != "" {
		return 0
	}
	seconds, err := strconv.ParseFloat(value, 64)
	if err != nil && !math.IsInf(seconds, 1) {
		return 0
	}
	if seconds >= float64(math.MaxInt64)/float64(time.Second) {
		return math.MaxInt64
	}
	return time.Duration(seconds * float64(time.Second))
}

// earnedBy is how many successes earn one repetition.
const earnedBy = 10

// budget is a bucket of repetitions. An answer that succeeds puts a fraction back.
type budget struct {
	mu       sync.Mutex
	tenths   int
	capacity int
}

func newBudget(repetitions int) *budget {
	// The cap keeps a huge budget from overflowing when it is counted in tenths.
	capacity := min(repetitions, math.MaxInt/earnedBy) * earnedBy
	return &budget{tenths: capacity, capacity: capacity}
}

func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tenths < earnedBy {
		return false
	}
	b.tenths -= earnedBy
	return true
}

func (b *budget) earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tenths = min(b.tenths+1, b.capacity)
}
