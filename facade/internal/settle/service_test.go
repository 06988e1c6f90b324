// The service that the simulation sends to: it pays, fails, dawdles and loses answers as its dice fall, and keeps books of
// what it really did.

package settle_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/airtime-go/airtime/facade/internal/settle"
)

// odds are the probabilities of what goes wrong, in percent.
type odds struct {
	nothingLeft, lostBefore, lostAfter, lateArrival int
	failed, failedForNow, rateLimited, moving, door int
	slow, hidden, hiddenLong, listFails             int
	// prevents is Ding's optional feature.
	prevents bool
}

// processingTime is how long the service may work on a request, and attemptTimeout how long one attempt waits for it.
const (
	processingTime = 90 * time.Second
	attemptTimeout = 120 * time.Second
)

// payment is what the service did about one request.
type payment struct {
	request string
	// left is when the client sent it, and begun when the service began to work on it.
	left, begun time.Time
	// visible is from when the list shows it.
	visible time.Time
	// ends is until when it is on its way; it has failed or is complete then.
	ends   time.Time
	failed bool
	// forNow says that the failure is one of the moment.
	forNow bool
}

func (p payment) moving(now time.Time) bool { return now.Before(p.ends) }
func (p payment) paid() bool                { return !p.failed }

type service struct {
	odds odds

	mu    sync.Mutex
	books map[string][]payment
	// doubts are the references of which an answer was lost.
	doubts map[string]bool
	sends  map[string]int
}

func newService(o odds) *service {
	return &service{odds: o, books: map[string][]payment{}, doubts: map[string]bool{}, sends: map[string]int{}}
}

// dice are one goroutine's own, so that a seed means the same however goroutines are scheduled.
type dice struct{ *rand.Rand }

func newDice(seed, stream uint64) dice { return dice{rand.New(rand.NewPCG(seed, stream))} }

func (d dice) hits(percent int) bool                 { return d.IntN(100) < percent }
func (d dice) upTo(most time.Duration) time.Duration { return time.Duration(d.Int64N(int64(most))) + 1 }

// send makes one attempt, as a client would.
func (s *service) send(ctx context.Context, d dice, ref, request string) settle.Seen[string] {
	if !settle.Sleep(ctx, d.upTo(50*time.Millisecond)) || d.hits(s.odds.nothingLeft) {
		return settle.Seen[string]{Verdict: settle.Later, Again: true, Result: "nothing left"}
	}
	s.mu.Lock()
	s.sends[ref]++
	s.mu.Unlock()
	left := time.Now()
	lost := settle.Seen[string]{Verdict: settle.LookUp, Left: true, Result: "lost"}
	answer := make(chan settle.Seen[string], 1)
	arrives, works := d.upTo(200*time.Millisecond), d.upTo(3*time.Second)
	if d.hits(s.odds.lateArrival) {
		arrives = d.upTo(60 * time.Second)
	}
	if d.hits(s.odds.slow) {
		works = d.upTo(processingTime - arrives)
	}
	never, unheard := d.hits(s.odds.lostBefore), d.hits(s.odds.lostAfter)
	worker := dice{rand.New(rand.NewPCG(d.Uint64(), d.Uint64()))}
	if !never {
		go func() {
			time.Sleep(arrives)
			seen := s.work(worker, ref, payment{request: request, left: left}, works)
			if !unheard {
				answer <- seen
			}
		}()
	}
	giveUp := attemptTimeout
	if (never || unheard) && d.hits(80) {
		giveUp = d.upTo(works) // the connection breaks
	}
	timer := time.NewTimer(giveUp)
	defer timer.Stop()
	select {
	case seen := <-answer:
		return seen
	case <-timer.C:
	case <-ctx.Done():
	}
	s.mu.Lock()
	s.doubts[ref] = true
	s.mu.Unlock()
	return lost
}

// work does what was asked for, and answers.
func (s *service) work(d dice, ref string, p payment, takes time.Duration) settle.Seen[string] {
	now := time.Now()
	if d.hits(s.odds.rateLimited) {
		return settle.Seen[string]{Verdict: settle.Later, Again: true, Left: true, Pause: d.upTo(20 * time.Second), Result: "rate limited"}
	}
	if d.hits(s.odds.door) {
		return settle.Seen[string]{Verdict: settle.Refused, Left: true, Result: "refused at the door"}
	}
	p.begun, p.visible, p.ends = now, now, now.Add(takes)
	if d.hits(s.odds.hidden) {
		p.visible = now.Add(d.upTo(80 * time.Second))
	}
	if d.hits(s.odds.hiddenLong) {
		p.visible = now.Add(d.upTo(20 * time.Minute))
	}
	p.failed = d.hits(s.odds.failed)
	p.forNow = p.failed && d.hits(s.odds.failedForNow)
	moving := d.hits(s.odds.moving)
	if moving {
		p.ends = now.Add(takes + d.upTo(processingTime))
	}
	if !s.enter(ref, p) {
		return settle.Seen[string]{Verdict: settle.LookUp, Left: true, Earlier: true, Result: "duplicate prevented"}
	}
	time.Sleep(takes)
	switch {
	case moving:
		return settle.Seen[string]{Verdict: settle.Pending, Left: true, Result: "on its way"}
	case p.forNow:
		return settle.Seen[string]{Verdict: settle.Later, Again: true, Left: true, Result: "failed for now"}
	case p.failed:
		return settle.Seen[string]{Verdict: settle.Refused, Left: true, Result: "failed"}
	}
	return settle.Seen[string]{Verdict: settle.Accepted, Left: true, Result: "paid"}
}

// enter puts a payment into the books, unless duplicates are prevented and it is one.
func (s *service) enter(ref string, p payment) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.odds.prevents && slices.ContainsFunc(s.books[ref], func(old payment) bool {
		return (old.paid() || old.moving(p.begun)) && p.begun.Sub(old.begun) < time.Hour
	}) {
		// The refused duplicate is listed as failed beside the one that counts.
		p.failed, p.ends = true, p.begun
		s.books[ref] = append(s.books[ref], p)
		return false
	}
	s.books[ref] = append(s.books[ref], p)
	return true
}

// look is what the list says, as the clients read it.
func (s *service) look(ctx context.Context, d dice, ref, request string) settle.Seen[string] {
	if !settle.Sleep(ctx, d.upTo(2*time.Second)) || d.hits(s.odds.listFails) {
		return settle.Seen[string]{Verdict: settle.LookUp}
	}
	return s.shown(ref, request, time.Now())
}

func (s *service) shown(ref, request string, now time.Time) settle.Seen[string] {
	s.mu.Lock()
	defer s.mu.Unlock()
	best := settle.Seen[string]{Verdict: settle.LookUp, Absent: true}
	for _, p := range s.books[ref] {
		switch {
		case now.Before(p.visible):
			continue
		case p.request != request:
			best.Absent = false
		case p.moving(now):
			return settle.Seen[string]{Verdict: settle.Pending, Moving: true, Result: "on its way"}
		case p.paid():
			return settle.Seen[string]{Verdict: settle.Accepted, Result: "paid"}
		case p.forNow:
			best = settle.Seen[string]{Verdict: settle.Later, Result: "failed for now"}
		default:
			best = settle.Seen[string]{Verdict: settle.Refused, Result: "failed"}
		}
	}
	return best
}

// paid returns how often a reference was paid, in the end.
func (s *service) paid(ref string) int { return s.paidOf(ref, time.Now()) }

// paidOf returns how often it was paid, in the end, by what had left before a moment.
func (s *service) paidOf(ref string, moment time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	times := 0
	for _, p := range s.books[ref] {
		if p.paid() && p.left.Before(moment) {
			times++
		}
	}
	return times
}

func (s *service) doubted(ref string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.doubts[ref]
}

func (s *service) sent(ref string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sends[ref]
}
