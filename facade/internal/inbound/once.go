package inbound

import (
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/http"
	"sync"
	"time"
)

// What makes several deliveries of the same thing one.

// Key says which deliveries are of the same thing. It holds nothing of it that could be read.
type Key [sha256.Size]byte

// KeyOf returns the key of what these parts, in this order, tell apart from everything else.
func KeyOf(parts ...string) Key {
	digest := sha256.New()
	for _, part := range parts {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		digest.Write(length[:])
		digest.Write([]byte(part))
	}
	return Key(digest.Sum(nil))
}

// Once lets deliveries of the same thing share one run of a function while it runs, and remembers for a while what was taken.
// It is safe for concurrent use.
type Once struct {
	limit  int
	window time.Duration

	mu      sync.Mutex
	running map[Key]*run
	taken   map[Key]struct{}
	// order has what was taken, oldest first: what is forgotten next.
	order list.List
}

type run struct {
	// done is closed once there is an error, or none.
	done chan struct{}
	err  error
}

type taken struct {
	key Key
	at  time.Time
}

// NewOnce remembers what was taken for the window, and of more than limit keys the latest.
func NewOnce(limit int, window time.Duration) *Once {
	return &Once{limit: limit, window: window, running: map[Key]*run{}, taken: map[Key]struct{}{}}
}

var (
	// errUnfinished is what those get who share a run that panics.
	errUnfinished = errors.New("the delivery that was being taken at the same time ended in a panic")
	// errUnderWay is what those get who cannot wait any longer for the run that they share.
	errUnderWay = &Refusal{http.StatusServiceUnavailable, "the same delivery is still being taken; send it again later", 10 * time.Second}
)

// Do calls take, unless the same was taken within the window, which is nil as well. If somebody else's take of the same
// key is running, its result is shared; after the context's end, that is a [*Refusal] with status 503. Only a nil error is
// remembered. A panic goes on to the caller whose take it was; those who share it get an error.
func (o *Once) Do(ctx context.Context, key Key, take func() error) error {
	shared, own := o.join(key)
	if shared == nil {
		return nil
	}
	if own {
		defer o.end(key, shared)
		shared.err = take()
		return shared.err
	}
	select {
	case <-shared.done:
		return shared.err
	case <-ctx.Done():
		return errUnderWay
	}
}

// Took reports whether the same was taken within the window.
func (o *Once) Took(key Key) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forget()
	_, known := o.taken[key]
	return known
}

// join returns the run of the key, and whether it is the caller's own; nil if the key was taken.
func (o *Once) join(key Key) (shared *run, own bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forget()
	if _, known := o.taken[key]; known {
		return nil, false
	}
	if shared, open := o.running[key]; open {
		return shared, false
	}
	shared = &run{done: make(chan struct{}), err: errUnfinished} // unless take returns
	o.running[key] = shared
	return shared, true
}

func (o *Once) end(key Key, own *run) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.running, key)
	close(own.done)
	if own.err == nil {
		o.taken[key] = struct{}{}
		o.order.PushBack(taken{key, time.Now()})
		o.forget()
	}
}

// forget drops what was taken longer ago than the window, and the oldest of more than the limit.
func (o *Once) forget() {
	for oldest := o.order.Front(); oldest != nil; oldest = o.order.Front() {
		was := oldest.Value.(taken)
		if o.order.Len() <= o.limit && time.Since(was.at) < o.window {
			return
		}
		o.order.Remove(oldest)
		delete(o.taken, was.key)
	}
}
