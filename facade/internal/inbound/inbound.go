// Package inbound is how a handler for callbacks takes what a service, or anybody who says so, sends: within bounds, once, and
// to the end.
//
//	method ──► admit ──► Content-Type ──► body ──► take ──► answer
//	  405     the          415          400, 408,   │
//	        handler's                     413       ├─ nil: 200
//	                                                ├─ a [Refusal]: its status
//	                                                └─ anything else, a panic: 500
//
// Answers are for the sender's log: short plain text that holds nothing of what was sent, and no secret. [Once] makes
// several deliveries of the same thing one.
package inbound

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"
)

// What one delivery may take, unless a handler sets other [Limits].
const (
	// DefaultBody is the most bytes that a body may have: many times what the documented ones need.
	DefaultBody = 64 << 10
	// DefaultRead is how long a body may take to arrive.
	DefaultRead = 10 * time.Second
	// DefaultTake is how long the context of the function lasts that takes the delivery.
	DefaultTake = 30 * time.Second
)

// Limits bound one delivery; what is 0 has its default.
type Limits struct {
	// Body is the most bytes that a body may have.
	Body int64
	// Read is how long a body may take to arrive. It needs a ResponseWriter whose read deadline can be set, as those of
	// net/http can; without, the server's own ReadTimeout has to do.
	Read time.Duration
	// Take is how long the context lasts that take gets.
	Take time.Duration
}

func (l Limits) withDefaults() Limits {
	if l.Body == 0 {
		l.Body = DefaultBody
	}
	if l.Read == 0 {
		l.Read = DefaultRead
	}
	if l.Take == 0 {
		l.Take = DefaultTake
	}
	return l
}

// Refusal is the error of a delivery that is not taken, and the answer to its sender.
type Refusal struct {
	// Status is the HTTP status.
	Status int
	// Text is the answer's body. It says what to do, and must hold no secret and nothing that was sent.
	Text string
	// RetryAfter asks the sender to wait for so long; 0 says nothing about it.
	RetryAfter time.Duration
}

// Refuse returns a refusal.
func Refuse(status int, text string) *Refusal { return &Refusal{Status: status, Text: text} }

// Error returns the text.
func (r *Refusal) Error() string { return r.Text }

// notTaken answers for errors that are none of the sender's business.
var notTaken = Refuse(http.StatusInternalServerError, "not taken; send it again later")

// Serve takes one delivery and answers it: 200 only if take has returned nil, what a [*Refusal] in the chain of an error says,
// 500 for every other error. It returns the error for the handler to log; nil if the delivery was taken.
//
// Admit decides before anything of the body is read whether the sender may deliver at all; nil admits everybody. Take gets the
// body: UTF-8, not empty, without a byte order mark; [Decode] reads it. Take runs in the request's goroutine, in a context
// that has the request's values and outlives its connection, so that a sender who hangs up does not cut it in half; it ends
// after Limits.Take. If take panics, the answer is 500, and the panic goes on to net/http.
func (l Limits) Serve(w http.ResponseWriter, r *http.Request, admit func() error, take func(ctx context.Context, body []byte) error) error {
	l = l.withDefaults()
	body, err := l.receive(w, r, admit)
	switch {
	case err == nil:
		err = l.run(w, r, body, take)
	case body == nil && r.ContentLength != 0:
		// Otherwise net/http reads the rest before it answers, be the sender ever so slow.
		last(w, r)
	}
	answer(w, err)
	return err
}

// run calls take, and answers for it if it does not return.
func (l Limits) run(w http.ResponseWriter, r *http.Request, body []byte, take func(context.Context, []byte) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), l.Take)
	defer cancel()
	returned := false
	defer func() {
		if !returned {
			// After a panic, net/http closes the connection, whatever it has not sent yet.
			last(w, r)
			answer(w, notTaken)
			_ = http.NewResponseController(w).Flush()
		}
	}()
	err := take(ctx, body)
	returned = true
	return err
}

// last says that nothing more is taken over this connection. HTTP/2 would end all that others have under way over it.
func last(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor == 1 {
		w.Header().Set("Connection", "close")
	}
}

func answer(w http.ResponseWriter, err error) {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	if err == nil {
		w.WriteHeader(http.StatusOK)
		return
	}
	refusal := notTaken
	_ = errors.As(err, &refusal)
	if refusal.Status == http.StatusMethodNotAllowed {
		header.Set("Allow", http.MethodPost)
	}
	if refusal.RetryAfter > 0 {
		header.Set("Retry-After", strconv.FormatFloat(math.Ceil(refusal.RetryAfter.Seconds()), 'f', 0, 64))
	}
	text := refusal.Text + "\n"
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(refusal.Status)
	_, _ = io.WriteString(w, text)
}
