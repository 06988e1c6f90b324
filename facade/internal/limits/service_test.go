package limits_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/airtime-go/airtime/facade/internal/limits"
)

// Here the limiter is held against a service that counts arrivals, however late they are.

// service counts as Ding may: every arrival, in every span of a window, until a transfer succeeds.
type service struct {
	mu       sync.Mutex
	arrivals map[string][]time.Time
	worst    map[string]int
}

func (s *service) arrive(row string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	kept := s.arrivals[row][:0]
	for _, at := range s.arrivals[row] {
		if now.Sub(at) <= window {
			kept = append(kept, at)
		}
	}
	s.arrivals[row] = append(kept, now)
	s.worst[row] = max(s.worst[row], len(s.arrivals[row]))
}

func (s *service) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.arrivals)
}

// TestTheServiceNeverCountsMore: whatever the latencies, and whenever transfers reset the limits.
func TestTheServiceNeverCountsMore(t *testing.T) {
	rows := map[string]int{"GetCountries": 20, "GetProducts": 50, "ValidateOnly": 100, "tiny": 1}
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := limits.New(window, rows)
				s := &service{arrivals: map[string][]time.Time{}, worst: map[string]int{}}
				slowest := []time.Duration{0, time.Second, time.Minute, 15 * time.Minute}[seed%4]
				ctx, cancel := context.WithTimeout(t.Context(), 6*time.Hour)
				defer cancel()
				var all sync.WaitGroup
				for row := range rows {
					for worker := range 6 {
						dice := rand.New(rand.NewPCG(seed, uint64(len(row)*100+worker)))
						all.Go(func() { s.keepAsking(ctx, l, row, dice, slowest) })
					}
				}
				if seed%3 > 0 {
					for worker := range 2 {
						dice := rand.New(rand.NewPCG(seed, uint64(worker)))
						all.Go(func() { s.keepPaying(ctx, l, dice, slowest) })
					}
				}
				all.Wait()
				s.mu.Lock() // what arrives late may do so now
				defer s.mu.Unlock()
				for row, limit := range rows {
					assert.LessOrEqual(t, s.worst[row], limit, row)
					if slowest <= time.Second {
						assert.Equal(t, limit, s.worst[row], "%s: nothing is wasted", row)
					}
				}
			})
		})
	}
}

// keepAsking makes requests of a row, one after the other, all of which take their time.
func (s *service) keepAsking(ctx context.Context, l *limits.Limiter, row string, dice *rand.Rand, slowest time.Duration) {
	for ctx.Err() == nil {
		patience := limits.Forever
		if dice.IntN(4) == 0 {
			patience = time.Duration(dice.Int64N(int64(window)))
		}
		request, err := l.Acquire(ctx, row, patience, nobodyToTell)
		if err != nil {
			rest(ctx, time.Duration(dice.Int64N(int64(time.Minute))))
			continue
		}
		rest(ctx, latency(dice, slowest))
		switch dice.IntN(20) {
		case 0: // it did not leave
			request.Return()
		case 1, 2: // nobody waits for it any more, and it arrives when it likes
			late := latency(dice, slowest)
			request.GivenUp(time.Now().Add(late))
			if late == 0 {
				s.arrive(row)
			} else {
				time.AfterFunc(time.Duration(dice.Int64N(int64(late))), func() { s.arrive(row) })
			}
		default:
			s.arrive(row)
			rest(ctx, latency(dice, slowest))
			request.Answered() // or there is no answer, and its time-out has passed
		}
	}
}

// keepPaying sends transfers that succeed, now and then.
func (s *service) keepPaying(ctx context.Context, l *limits.Limiter, dice *rand.Rand, slowest time.Duration) {
	for rest(ctx, time.Duration(dice.Int64N(int64(20*time.Minute)))); ctx.Err() == nil; rest(ctx, time.Duration(dice.Int64N(int64(20*time.Minute)))) {
		mark := l.Mark()
		rest(ctx, latency(dice, slowest))
		s.reset()
		rest(ctx, latency(dice, slowest))
		l.Reset(mark)
	}
}

func latency(dice *rand.Rand, slowest time.Duration) time.Duration {
	if slowest == 0 || dice.IntN(3) == 0 {
		return 0
	}
	return time.Duration(dice.Int64N(int64(slowest)))
}

// rest passes time. When the test is over, everything is over at once.
func rest(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
