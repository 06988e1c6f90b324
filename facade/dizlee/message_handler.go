// The handler for messages from subscribers: who may deliver, what they are answered, and what comes twice.

package dizlee

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/inbound"
	"github.com/airtime-go/airtime/facade/internal/pipeline"
)

// MessageHandler takes the messages of subscribers that operators deliver through Dizlee (SMSMO). It is an [http.Handler] for
// the one URL that Dizlee is given, and safe for concurrent use. [NewMessageHandler] makes one.
type MessageHandler struct {
	take   func(context.Context, Message) error
	keys   inbound.Secrets
	once   *inbound.Once
	logger *slog.Logger
}

// NewMessageHandler makes a handler that hands every message to take, or reports everything that is wrong with its arguments.
// [WithAuthKeys] is required.
//
// The sender is answered 200 only once take has returned nil, which therefore means that the message is safe: store it, and
// work on it afterwards. Take may be called by several goroutines at once. Its context outlives the sender's connection, so
// that a sender who hangs up does not cut it in half, and ends after 30 seconds; take has to heed that, for nothing else ends
// it. After an error, the sender is answered 500, and not told why. A panic is answered so too, and goes on to net/http.
//
// Dizlee does not document whether a message that was not answered 200 comes again, when, and how often; nor has a message an
// id. So a message may be lost that take fails on, and one may come twice that take was done with, its answer being lost:
// [WithoutRepeats] drops it. Across a crash, a message is taken at least once, if it comes again.
//
// Everything else is answered without calling take, in a line of plain text that repeats nothing of what was sent: 401 for a
// key that is missing or wrong, before the body is read; 405 for a method other than POST; 415 for a body that is declared
// to be something else than JSON in UTF-8; 413 for one above 64 KiB, 408 for one that takes longer than 10 seconds to
// arrive; 400 for what is no message, with the names of the fields at fault. The server needs a ReadHeaderTimeout and an
// IdleTimeout of its own: a handler sees no connection that sends no request.
func NewMessageHandler(take func(context.Context, Message) error, opts ...MessageOption) (*MessageHandler, error) {
	h := &MessageHandler{take: take, logger: slog.New(slog.DiscardHandler)}
	var problems []error
	if take == nil {
		problems = append(problems, errors.New("there is no function to take messages"))
	}
	for i, option := range opts {
		if option == nil {
			problems = append(problems, fmt.Errorf("option %d is nil", i+1))
			continue
		}
		problems = append(problems, option(h))
	}
	if h.keys == nil {
		problems = append(problems, errors.New("WithAuthKeys is missing"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("dizlee: no message handler can be made:\n%w", err)
	}
	return h, nil
}

// MessageOption sets one thing about a handler. A bad value is reported by [NewMessageHandler], together with all others.
type MessageOption func(*MessageHandler) error

// WithAuthKeys sets the keys, chosen by the merchant and given to Dizlee, one of which has to come in the header authkey. It
// is required. Several are for changing the key without losing a message: have both until Dizlee uses the new one.
func WithAuthKeys(keys ...string) MessageOption {
	return func(h *MessageHandler) error {
		h.keys = inbound.NewSecrets(keys...)
		if len(keys) == 0 {
			return errors.New("WithAuthKeys: there is no key, so that everybody could deliver messages")
		}
		var problems []error
		for i, key := range keys {
			if err := pipeline.CheckSecret(fmt.Sprintf("auth key %d", i+1), key); err != nil {
				problems = append(problems, fmt.Errorf("WithAuthKeys: %w", err))
			}
		}
		return errors.Join(problems...)
	}
}

// repeatsKept bounds what [WithoutRepeats] remembers to some ten megabytes.
const repeatsKept = 1 << 16

// WithoutRepeats drops redeliveries: what has the sender, destination, text and language of a message that was taken less than
// the window ago is answered 200 without calling take; if that message is being taken right now, it is answered what
// that one is. A message that take failed on is not remembered.
//
// Leave it out where a subscriber can mean the same text twice, such as a vote, or keep the window shorter than that
// takes: a redelivery and a second message look the same. The latest 65536 messages are remembered, in this handler only
// and until the process ends.
func WithoutRepeats(window time.Duration) MessageOption {
	return func(h *MessageHandler) error {
		if window <= 0 {
			return errors.New("WithoutRepeats: the window is not positive; leave the option out to take repeats")
		}
		h.once = inbound.NewOnce(repeatsKept, window)
		return nil
	}
}

// WithMessageLogger logs what becomes of deliveries; without it, nothing is logged. Logs hold no key and no text, and MSISDNs
// only masked, the sender's in the errors of take as well.
func WithMessageLogger(logger *slog.Logger) MessageOption {
	return func(h *MessageHandler) error {
		if logger == nil {
			return errors.New("WithMessageLogger: the logger is nil; leave the option out to log nothing")
		}
		h.logger = logger
		return nil
	}
}

// ServeHTTP takes one delivery.
func (h *MessageHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d := delivery{MessageHandler: h}
	err := inbound.Limits{}.Serve(w, r, func() error { return h.admit(r) }, d.accept)
	d.log(r, err)
}

var errUnauthorised = inbound.Refuse(http.StatusUnauthorized, "authkey is missing or wrong: send the key that the merchant gave to Dizlee")

// admit wants every authkey to be right: the specification spells the header in two ways, and a sender may send both.
func (h *MessageHandler) admit(r *http.Request) error {
	presented := r.Header.Values("Authkey")
	right := len(presented) > 0
	for _, key := range presented {
		right = h.keys.Match(key) && right
	}
	if !right {
		return errUnauthorised
	}
	return nil
}

// delivery is one request, and what is known of it.
type delivery struct {
	*MessageHandler
	message Message
	// taken reports that take was called for this very delivery.
	taken bool
}

func (d *delivery) accept(ctx context.Context, body []byte) error {
	message, err := readMessage(body)
	if err != nil {
		return err
	}
	d.message = message
	take := func() error {
		d.taken = true
		return d.take(ctx, message)
	}
	if d.once == nil {
		return take()
	}
	same := inbound.KeyOf(message.Sender, message.Destination, message.Text, string(message.MessageType))
	return d.once.Do(ctx, same, take)
}

// log tells what became of the delivery. The sender may have gone, and the context with them.
func (d *delivery) log(r *http.Request, err error) {
	ctx := context.WithoutCancel(r.Context())
	var refusal *inbound.Refusal
	switch {
	case errors.As(err, &refusal):
		d.logger.WarnContext(ctx, "a delivery was refused",
			"status", refusal.Status, "reason", refusal.Text, "remote", r.RemoteAddr)
	case err != nil:
		reason := strings.ReplaceAll(err.Error(), d.message.Sender, facade.MaskAccount(d.message.Sender))
		d.logger.ErrorContext(ctx, "a message was not taken", "message", d.message, "error", reason)
	case !d.taken:
		d.logger.InfoContext(ctx, "a message that came again was dropped", "message", d.message)
	default:
		d.logger.DebugContext(ctx, "a message was taken", "message", d.message)
	}
}
