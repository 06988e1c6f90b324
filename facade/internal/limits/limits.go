// Package limits keeps a client within the usage limits of a service: so many requests of a row in any window of time.
//
// Only the service knows when a request arrives. A request therefore counts from when it was begun until a window and a margin
// after its answer, which is later than the service counts it, whatever the latency. One that was given up may arrive late: it
// counts as if it had been answered when its time-out would have passed. A proxy that holds it back for longer is beyond what a
// client can know.
package limits

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"
)

// Margin is added to the window: timers and the service's clock are not exact.
const Margin = time.Second

// Forever is the patience of those who wait as long as their context lasts.
const Forever time.Duration = math.MaxInt64

// Limiter holds requests back until there is room for them. It is safe for concurrent use. A nil one has no limits.
type Limiter struct {
	// span is how long an answered request counts.
	span time.Duration

	mu   sync.Mutex
	rows map[string]*row
	// answers counts all answers, so that it can be told which came before which.
	answers uint64
}

// row is what is limited together.
type row struct {
	name  string
	limit int
	// underway is how many requests have been begun and not answered.
	underway int
	// answered are those that still count, in the order in which they stop to.
	answered []answer
	// closed is until when the service has said that it has no room; zero if it has not.
	closed time.Time
	// queue are those who wait, in the order in which they came.
	queue []*waiter
	// alarm rings when the next answered request stops counting.
	alarm *time.Timer
}

type answer struct {
	at     time.Time
	serial uint64
}

type waiter struct {
	// room is closed when there is room.
	room chan struct{}
	// forever is set for those who go before those who would give up.
	forever bool
}

// New returns a limiter that allows so many requests per window, by row. A row that is absent, or not above 0, is unlimited.
func New(window time.Duration, rows map[string]int) *Limiter {
	l := &Limiter{span: window + Margin, rows: map[string]*row{}}
	for name, limit := range rows {
		if limit > 0 {
			l.rows[name] = &row{name: name, limit: limit}
		}
	}
	return l
}

// Full reports that there is no room in time. Nothing was taken.
type Full struct {
	// Row is what is full, and Limit how many requests it has.
	Row   string
	Limit int
	// Until is when there is room at the earliest, and Wait how long that is.
	Until time.Time
	Wait  time.Duration
}

// Error says what is full and until when.
func (f *Full) Error() string {
	return fmt.Sprintf("the %d requests of %s are used up until %s", f.Limit, f.Row, f.Until.UTC().Format(time.RFC3339))
}

// Request is a place in a row. Its methods do nothing where there is no limit.
type Request struct {
	limiter *Limiter
	row     *row
	// places is how many it has taken; 0 once it is over.
	places int
}

// Acquire takes a place in a row for one request that is begun now, after waiting for room and for those who came before. Before it
// waits, it calls waiting with how long that takes at least. It returns a [*Full] as soon as it is clear that there is no
// room within patience or before the context's deadline, and the context's error if it ends. Those whose patience is [Forever]
// go before the others: a payment may hang on them.
func (l *Limiter) Acquire(ctx context.Context, name string, patience time.Duration, waiting func(time.Duration)) (*Request, error) {
	if l == nil || l.rows[name] == nil {
		return nil, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r := l.rows[name]
	turn, full := l.join(ctx, r, patience)
	if full != nil {
		return nil, full
	}
	request := &Request{limiter: l, row: r, places: 1}
	if turn == nil {
		return request, nil
	}
	waiting(turn.wait)
	impatient := time.NewTimer(patience)
	defer impatient.Stop()
	select {
	case <-turn.room:
		return request, nil
	case <-ctx.Done():
		if l.leave(r, turn.waiter) != nil {
			return nil, ctx.Err()
		}
	case <-impatient.C:
		// Those under way took longer for their answers than they could have.
		if full := l.leave(r, turn.waiter); full != nil {
			return nil, full
		}
	}
	return request, nil // there was room at the last moment
}

// turn is a place in the queue, and how long it takes at least.
type turn struct {
	*waiter
	wait time.Duration
}

// join takes a place, or one in the queue; if that takes too long, neither.
func (l *Limiter) join(ctx context.Context, r *row, patience time.Duration) (*turn, *Full) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advance(r)
	if r.free() > 0 { // so nobody waits: those who did have got theirs
		r.underway++
		return nil, nil
	}
	joined := &waiter{room: make(chan struct{}), forever: patience == Forever}
	at := r.position(joined)
	full := l.full(r, at)
	if deadline, bounded := ctx.Deadline(); full.Wait > patience || bounded && !full.Until.Before(deadline) {
		return nil, full
	}
	r.queue = slices.Insert(r.queue, at, joined)
	l.advance(r)
	return &turn{joined, full.Wait}, nil
}

// leave takes a waiter out of the queue and returns what it would wait for; nil if it has got its place, be it at this very moment.
func (l *Limiter) leave(r *row, w *waiter) *Full {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advance(r)
	i := slices.Index(r.queue, w)
	if i < 0 {
		return nil
	}
	r.queue = slices.Delete(r.queue, i, i+1)
	return l.full(r, r.position(w))
}

// position is where in the queue somebody belongs who comes now.
func (r *row) position(w *waiter) int {
	if !w.forever {
		return len(r.queue)
	}
	i := slices.IndexFunc(r.queue, func(other *waiter) bool { return !other.forever })
	if i < 0 {
		return len(r.queue)
	}
	return i
}

// full describes a row that has no place, behind so many who wait.
func (l *Limiter) full(r *row, ahead int) *Full {
	now := time.Now()
	until := l.next(r, now, ahead)
	return &Full{Row: r.name, Limit: r.limit, Until: until, Wait: until.Sub(now)}
}

// advance forgets what no longer counts, gives those who wait the places that there are, and sees to it that it is called again.
func (l *Limiter) advance(r *row) {
	now := time.Now()
	over := 0
	for over < len(r.answered) && !now.Before(r.answered[over].at.Add(l.span)) {
		over++
	}
	r.answered = slices.Delete(r.answered, 0, over)
	if !now.Before(r.closed) {
		r.closed = time.Time{}
	}
	for len(r.queue) > 0 && r.free() > 0 {
		r.underway++
		close(r.queue[0].room)
		r.queue = slices.Delete(r.queue, 0, 1)
	}
	if r.alarm != nil {
		r.alarm.Stop()
		r.alarm = nil
	}
	// Where all are under way, the first answer sees to it.
	if len(r.queue) > 0 && (len(r.answered) > 0 || !r.closed.IsZero()) {
		r.alarm = time.AfterFunc(l.next(r, now, 0).Sub(now), func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.advance(r)
		})
	}
}

// free is how many places there are; below 0 where more were taken than asked for.
func (r *row) free() int {
	left := r.limit - r.underway - len(r.answered)
	if !r.closed.IsZero() {
		return min(0, left)
	}
	return left
}

// next returns when there is a place in a row that has none, at the earliest: behind so many who wait, and with answers at once
// for all that are under way.
func (l *Limiter) next(r *row, now time.Time, ahead int) time.Time {
	round, place := ahead/r.limit, ahead%r.limit
	at := now.Add(l.span)
	switch behind := place + r.underway + len(r.answered) - r.limit; {
	case behind < 0:
		at = now
	case behind < len(r.answered):
		at = r.answered[behind].at.Add(l.span)
	}
	if at.Before(r.closed) {
		at = r.closed
	}
	return at.Add(time.Duration(round) * l.span)
}

// Repeated counts the request once more: it was sent again without asking, as net/http does over connections that have died.
func (q *Request) Repeated() {
	if q == nil {
		return
	}
	q.limiter.mu.Lock()
	defer q.limiter.mu.Unlock()
	if q.places > 0 {
		q.places++
		q.row.underway++
	}
}

// Answered says that the answer has come, or that neither it nor the request is on its way any more: the request counts for a
// window from now.
func (q *Request) Answered() { q.end(time.Now()) }

// GivenUp says that nobody waits for the answer any more. Until then the request may still arrive, and it counts for a window from
// there.
func (q *Request) GivenUp(until time.Time) {
	if now := time.Now(); until.Before(now) {
		until = now
	}
	q.end(until)
}

// Return gives the place back, unless the request is over: nothing has left.
func (q *Request) Return() { q.end(time.Time{}) }

// end ends the request. It counts for a window from that time, if it is not zero.
func (q *Request) end(at time.Time) {
	if q == nil {
		return
	}
	l := q.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	for ; q.places > 0; q.places-- {
		q.row.underway--
		if at.IsZero() {
			continue
		}
		l.answers++
		i := len(q.row.answered)
		for i > 0 && at.Before(q.row.answered[i-1].at) {
			i--
		}
		q.row.answered = slices.Insert(q.row.answered, i, answer{at: at, serial: l.answers})
	}
	l.advance(q.row)
}

// Refused says that the service has no room in the row for so long, although there is some here: others use the account too. Nobody
// gets a place until then, for a window at most.
func (q *Request) Refused(pause time.Duration) {
	if q == nil {
		return
	}
	l := q.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := time.Now().Add(min(pause, l.span)); until.After(q.row.closed) {
		q.row.closed = until
	}
	l.advance(q.row)
}

// Mark stands for all answers that have come by now.
type Mark struct {
	answers uint64
	at      time.Time
}

// Mark returns one.
func (l *Limiter) Mark() Mark {
	if l == nil {
		return Mark{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return Mark{l.answers, time.Now()}
}

// Reset forgets all requests, of all rows, that were answered before the mark, and what the service has refused. What the service
// resets by itself it does while the request that is the reason is under way: only those that were answered before that one was
// begun are sure to be forgotten there. One that was given up is not, if it may have arrived later.
func (l *Limiter) Reset(before Mark) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.rows {
		r.closed = time.Time{}
		r.answered = slices.DeleteFunc(r.answered, func(a answer) bool { return a.serial <= before.answers && !a.at.After(before.at) })
		l.advance(r)
	}
}

// Spare reports whether more than so many percent of the row are free, and none of those who wait needs them.
func (l *Limiter) Spare(name string, percent int) bool {
	if l == nil || l.rows[name] == nil {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.rows[name]
	l.advance(r)
	return len(r.queue) == 0 && 100*r.free() > percent*r.limit
}

// Pace returns how long somebody with many requests should wait before the next, the last of which was begun then, so that
// others find room as well: not at all while half of the row is free; from there on, what is left is spread over the time until
// there is more.
func (l *Limiter) Pace(name string, last time.Time) time.Duration {
	if l == nil || l.rows[name] == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.rows[name]
	l.advance(r)
	now := time.Now()
	left := r.free()
	more := l.span
	if len(r.answered) > 0 {
		more = r.answered[0].at.Add(l.span).Sub(now)
	}
	switch {
	case left <= 0:
		return l.next(r, now, len(r.queue)).Sub(now)
	case 2*left >= r.limit:
		return 0
	}
	return last.Add(more / time.Duration(left+1)).Sub(now)
}
