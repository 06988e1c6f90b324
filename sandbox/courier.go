// The courier: brings callbacks to their receivers, again and again until they are taken.

package sandbox

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// A delivery that was not answered with a 2xx is attempted again RedeliveryDelay after that. The wait doubles from one
// attempt to the next, up to MaxRedeliveryDelay; Retry-After makes no difference. Ding documents no schedule.
const (
	RedeliveryDelay    = time.Second
	MaxRedeliveryDelay = time.Minute
)

// deliveriesAtOnce is how many attempts are under way at the same time, in the background.
const deliveriesAtOnce = 16

var errClosed = errors.New("sandbox: it is closed, and delivers nothing any more")

// courier is safe for concurrent use. It runs in the background only if it may, and only once it has a receiver.
type courier struct {
	account *account
	ids     mint
	clock   func() time.Time
	byHand  bool
	// compose writes the notification of a transfer.
	compose func(transfer) []byte

	// closing ends with Close, and every attempt with it.
	closing context.Context
	cancel  context.CancelFunc
	// flights are the attempts that are under way, and the work in the background.
	flights sync.WaitGroup

	mu        sync.Mutex // taken before the account's
	running   bool
	closed    bool
	receivers map[Callback]*receiver
	all       []*delivery
	waiting   []*delivery // those that are not under way, in the order in which they come due
}

// delivery is a Delivery with what is needed to bring it.
type delivery struct {
	Delivery
	header http.Header
	due    time.Time
}

func newCourier(s settings, account *account, ids mint, compose func(transfer) []byte) *courier {
	c := &courier{
		account: account, ids: ids, clock: s.clock, byHand: s.byHand, compose: compose, receivers: map[Callback]*receiver{},
	}
	c.closing, c.cancel = context.WithCancel(context.Background())
	return c
}

// set names a receiver, in place of the one before.
func (c *courier) set(callback Callback, to Receiver) error {
	if err := to.problems(callback); err != nil {
		return err
	}
	return c.put(callback, to)
}

// put takes a receiver that has no problems.
func (c *courier) put(callback Callback, to Receiver) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errClosed
	}
	c.collect(c.clock()) // what has ended before was told to the receiver before, or to nobody
	c.release(callback)
	c.receivers[callback] = to.open(callback)
	if !c.byHand && !c.running {
		c.running = true
		c.flights.Go(c.run)
	}
	return nil
}

// clear forgets a receiver and gives up what waits for it.
func (c *courier) clear(callback Callback) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.collect(c.clock())
	c.release(callback)
	delete(c.receivers, callback)
	c.giveUp(func(d *delivery) bool { return d.Callback == callback })
}

func (c *courier) release(callback Callback) {
	if to := c.receivers[callback]; to != nil {
		to.release()
	}
}

func (c *courier) giveUp(which func(*delivery) bool) {
	c.waiting = slices.DeleteFunc(c.waiting, func(d *delivery) bool {
		if which(d) {
			d.State = DeliveryGivenUp
			return true
		}
		return false
	})
}

// close stops all work and waits for its end.
func (c *courier) close() {
	c.mu.Lock()
	c.closed = true
	c.giveUp(func(*delivery) bool { return true })
	c.mu.Unlock()
	c.cancel()
	c.flights.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	for callback := range c.receivers {
		c.release(callback)
	}
}

// collect turns the transfers that have ended into deliveries, if somebody wants them.
func (c *courier) collect(at time.Time) {
	for _, t := range c.account.takeEnded(at) {
		if c.receivers[CallbackNotification] != nil {
			header := http.Header{"X-Correlation-Id": {t.correlationID}}
			for _, d := range c.add(CallbackNotification, header, c.compose(t), t.completed) {
				c.queue(d)
			}
		}
	}
}

// add makes the deliveries of one callback.
func (c *courier) add(callback Callback, header http.Header, body []byte, at time.Time) []*delivery {
	to := c.receivers[callback]
	header.Set("Content-Type", "application/json; charset=utf-8")
	copies := 1
	if to.Twice {
		copies = 2
	}
	var added []*delivery
	for range copies {
		d := &delivery{
			Delivery: Delivery{
				ID: len(c.all) + 1, Callback: callback, CorrelationID: header.Get("X-Correlation-Id"), Body: body,
				State: DeliveryWaiting, Attempts: []Attempt{},
			},
			header: header, due: at,
		}
		if to.Shuffle > 0 {
			d.due = at.Add(time.Duration(c.ids.number(uint64(to.Shuffle)+1, "shuffle", strconv.Itoa(d.ID))))
		}
		c.all = append(c.all, d)
		added = append(added, d)
	}
	return added
}

func (c *courier) queue(d *delivery) {
	next, _ := slices.BinarySearchFunc(c.waiting, d.due, func(other *delivery, due time.Time) int {
		if other.due.After(due) {
			return 1
		}
		return -1 // those that come due together stay in the order in which they came
	})
	c.waiting = slices.Insert(c.waiting, next, d)
	c.account.tellChange()
}

// take returns the next delivery that is due, out of the queue, and its receiver; whoever takes it must attempt it.
// Without one it returns when to ask again, if that is known.
func (c *courier) take(at time.Time) (d *delivery, to *receiver, next time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, nil, time.Time{}
	}
	c.collect(at)
	if len(c.waiting) > 0 && !c.waiting[0].due.After(at) {
		d = c.waiting[0]
		c.waiting = c.waiting[1:]
		c.flights.Add(1)
		return d, c.receivers[d.Callback], time.Time{}
	}
	next, pending := c.account.nextDue()
	if len(c.waiting) > 0 && (!pending || c.waiting[0].due.Before(next)) {
		next = c.waiting[0].due
	}
	return nil, nil, next
}

// attempt brings a delivery that was taken, notes what came of it, and puts it back in the queue if it is to be repeated.
func (c *courier) attempt(ctx context.Context, d *delivery, to *receiver) {
	defer c.flights.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.closing, cancel)()
	at := c.clock().UTC()
	status, problem := to.post(ctx, d.header, d.Body)

	c.mu.Lock()
	defer c.mu.Unlock()
	d.Attempts = append(d.Attempts, Attempt{At: at, Status: status, Problem: problem})
	now := c.receivers[d.Callback] // which may be another by now
	switch {
	case status >= 200 && status < 300:
		d.State = DeliveryTaken
	case c.closed || now == nil || len(d.Attempts) >= now.Attempts:
		d.State = DeliveryGivenUp
	default:
		d.due = c.clock().Add(redeliveryDelay(len(d.Attempts)))
		c.queue(d)
	}
}

// redeliveryDelay is the wait after so many attempts.
func redeliveryDelay(attempts int) time.Duration {
	const doublings = 6 // which lead beyond MaxRedeliveryDelay
	return min(RedeliveryDelay<<min(attempts-1, doublings), MaxRedeliveryDelay)
}

// deliver attempts everything that is due, one after the other.
func (c *courier) deliver(ctx context.Context) error {
	at := c.clock()
	for ctx.Err() == nil {
		d, to, _ := c.take(at)
		if d == nil {
			break
		}
		c.attempt(ctx, d, to)
	}
	if c.closing.Err() != nil {
		return errClosed
	}
	return ctx.Err()
}

// run delivers in the background, until the sandbox is closed.
func (c *courier) run() {
	slots := make(chan struct{}, deliveriesAtOnce)
	for c.closing.Err() == nil {
		d, to, next := c.take(c.clock())
		if d == nil {
			c.await(next)
			continue
		}
		slots <- struct{}{} // every attempt ends, so one comes free
		go func() {
			defer func() { <-slots }()
			c.attempt(c.closing, d, to)
		}()
	}
}

// await waits until something may be due: at that moment, which is zero if nothing is known of, or earlier.
func (c *courier) await(next time.Time) {
	var due <-chan time.Time
	if !next.IsZero() {
		due = time.After(next.Sub(c.clock()))
	}
	select {
	case <-due:
	case <-c.account.changed:
	case <-c.closing.Done():
	}
}
