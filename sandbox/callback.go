// Callbacks: what the sandbox tells others by itself, and what became of it.

package sandbox

import (
	"context"
	"encoding/json"
	"slices"
	"time"
)

// Callback is a kind of request that a service makes.
type Callback string

// The callbacks.
const (
	CallbackNotification Callback = "Notification" // DingConnect tells how a deferred transfer has ended
	CallbackSMSMO        Callback = "SMSMO"        // Dizlee hands on what a subscriber wrote
)

// DeliveryState says how far a delivery is.
type DeliveryState string

// The states.
const (
	DeliveryWaiting DeliveryState = "Waiting" // it is under way, or is attempted again
	DeliveryTaken   DeliveryState = "Taken"   // it was answered with a 2xx
	DeliveryGivenUp DeliveryState = "GivenUp" // no attempt is left, its receiver was cleared, or the sandbox closed
)

// Delivery is one callback to its receiver. What is delivered twice makes two of them.
type Delivery struct {
	// ID counts the deliveries of a sandbox from 1.
	ID       int      `json:"id"`
	Callback Callback `json:"callback"`
	// CorrelationID is the header X-Correlation-Id of a notification.
	CorrelationID string `json:"correlationId,omitempty"`
	// Body is the same in every attempt. It can hold a PIN.
	Body     json.RawMessage `json:"body"`
	State    DeliveryState   `json:"state"`
	Attempts []Attempt       `json:"attempts"` // those that have ended, oldest first
}

// Attempt is one request of a delivery.
type Attempt struct {
	// At is when it began, by the sandbox's clock.
	At time.Time `json:"at"`
	// Status is the HTTP status of the answer, 0 if none came, and Problem says why none did.
	Status  int    `json:"status,omitempty"`
	Problem string `json:"problem,omitempty"`
}

// SetNotifications tells the receiver how deferred transfers end, from now on, as the webhook that is set up in
// DingConnect's portal does; what ended before is not told. Deliveries that wait go to it too. The error names every
// member of the receiver that makes no sense, and nothing changes then; after Close it is an error too.
//
// Unless the sandbox has a clock of its own ([WithClock]), deliveries are made in the background, some at once, until
// [Sandbox.Close]. A sandbox that is made in a testing/synctest bubble has to be given its receivers, and to be closed, in
// there.
func (s *Sandbox) SetNotifications(to Receiver) error {
	return s.courier.set(CallbackNotification, to)
}

// ClearNotifications ends what SetNotifications began. Deliveries that wait are given up.
func (s *Sandbox) ClearNotifications() { s.courier.clear(CallbackNotification) }

// SetSMSMO names the receiver of what subscribers write. All of SetNotifications goes for it.
func (s *Sandbox) SetSMSMO(to Receiver) error { return s.courier.set(CallbackSMSMO, to) }

// ClearSMSMO ends what SetSMSMO began. Deliveries that wait are given up.
func (s *Sandbox) ClearSMSMO() { s.courier.clear(CallbackSMSMO) }

// Deliver makes all deliveries that are due, one after the other, and returns once they have been answered or have
// failed; [Sandbox.Deliveries] tells which. It is for a sandbox with a clock of its own: move the clock, and call it. The
// error is the context's, or that the sandbox is closed.
func (s *Sandbox) Deliver(ctx context.Context) error { return s.courier.deliver(ctx) }

// Deliveries returns all deliveries, oldest first.
func (s *Sandbox) Deliveries() []Delivery { return s.courier.list() }

// Close ends all deliveries, those under way included, and waits for their end; nothing is delivered afterwards. The
// sandbox answers requests as before. A sandbox without receivers needs no Close. The error is always nil.
func (s *Sandbox) Close() error {
	s.courier.close()
	return nil
}

func (c *courier) list(callbacks ...Callback) []Delivery {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := []Delivery{}
	for _, d := range c.all {
		if len(callbacks) == 0 || slices.Contains(callbacks, d.Callback) {
			all = append(all, d.copied())
		}
	}
	return all
}

// copied is the delivery as it stands.
func (d *delivery) copied() Delivery {
	shown := d.Delivery
	shown.Body, shown.Attempts = slices.Clone(d.Body), slices.Clone(d.Attempts)
	return shown
}
