// SMSMO: what a subscriber writes to the merchant's short code, handed on as Dizlee does.

package sandbox

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// InboundMessage is an SMS from a subscriber to a short code.
type InboundMessage struct {
	Sender      string `json:"sender"`      // the subscriber's number; required
	Destination string `json:"destination"` // the short code; required
	Text        string `json:"text"`
	// MessageType is the language: "0" for English, which is also what an empty one is sent as, and "1" for Arabic. Others
	// are sent as they are.
	MessageType string `json:"messageType,omitempty"`
	// LowerCase spells the keys messageType and messageText, as the specification's table does, and not as its sample.
	LowerCase bool `json:"lowerCase,omitempty"`
	// AuthKey comes in the header authkey in place of the sandbox's own.
	AuthKey string `json:"authKey,omitempty"`
}

func (m InboundMessage) problems() error {
	var found []error
	for member, value := range map[string]string{"Sender": m.Sender, "Destination": m.Destination} {
		if value == "" {
			found = append(found, fmt.Errorf("sandbox: message: %s: it is empty", member))
		}
	}
	return errors.Join(found...)
}

// body is the message in one of its two spellings.
func (m InboundMessage) body() []byte {
	language, text := "MessageType", "MessageText"
	if m.LowerCase {
		language, text = "messageType", "messageText"
	}
	body, _ := json.Marshal(map[string]string{ // strings always marshal
		"Sender": m.Sender, "Destination": m.Destination, language: cmp.Or(m.MessageType, "0"), text: m.Text,
	})
	return body
}

// SendSMSMO plays the subscriber: it hands a message to the receiver of SMSMO and returns how that went, the second
// delivery included where the receiver has everything twice. What is to be repeated, or is shuffled, is delivered later,
// and returned as it stands. A message that was not taken is no error; one that lacks a required member is, and so
// are a sandbox that is closed or has no receiver of SMSMO.
func (s *Sandbox) SendSMSMO(ctx context.Context, message InboundMessage) ([]Delivery, error) {
	if err := message.problems(); err != nil {
		return nil, err
	}
	header := http.Header{"Authkey": {cmp.Or(message.AuthKey, s.settings.dizleeAuthKey)}}
	return s.courier.send(ctx, CallbackSMSMO, header, message.body())
}

// send delivers something at once, unless it is shuffled.
func (c *courier) send(ctx context.Context, callback Callback, header http.Header, body []byte) ([]Delivery, error) {
	added, to, err := c.addNow(callback, header, body)
	if err != nil {
		return nil, err
	}
	if to.Shuffle == 0 {
		for _, d := range added {
			c.attempt(ctx, d, to)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var sent []Delivery
	for _, d := range added {
		sent = append(sent, d.copied())
	}
	return sent, nil
}

// addNow adds deliveries. Those that are shuffled are queued, and the others are the caller's to attempt.
func (c *courier) addNow(callback Callback, header http.Header, body []byte) ([]*delivery, *receiver, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	to := c.receivers[callback]
	switch {
	case c.closed:
		return nil, nil, errClosed
	case to == nil:
		return nil, nil, fmt.Errorf("sandbox: there is no receiver of %s", callback)
	}
	added := c.add(callback, header, body, c.clock())
	for _, d := range added {
		if to.Shuffle > 0 {
			c.queue(d)
		} else {
			c.flights.Add(1)
		}
	}
	return added, to, nil
}
