package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/airtime-go/airtime/facade/internal/limits"
)

// worthTelling is how long a call has to wait for room before it says so.
const worthTelling = time.Second

// admit returns a place for an attempt once the usage limit leaves room, or why there will be none in time. A context that
// ends brings neither: the attempt finds out by itself.
func (p *Pipeline) admit(ctx context.Context, call Call) (*limits.Request, *limits.Full) {
	patience := p.settings.Retry.MaxRetryAfter
	if call.Patient {
		patience = limits.Forever
	}
	place, err := p.settings.Limits.Acquire(ctx, call.Usage, patience, func(wait time.Duration) {
		if wait > worthTelling {
			p.log(ctx, slog.LevelInfo, "waiting for the usage limit", call, slog.Duration("wait", wait))
		}
	})
	var full *limits.Full
	errors.As(err, &full)
	return place, full
}

// refuse returns the error of a call for which there is no room, after that many attempts. Nothing was attempted, so the hook is
// told nothing.
func (p *Pipeline) refuse(ctx context.Context, call Call, attempts int, full *limits.Full) error {
	answer := Answer{scrub: p.Scrubber(call.Private...), RetryAfter: full.Wait, Attempt: attempts}
	verdict := call.Judge(answer.fail(Limited, full))
	p.log(ctx, slog.LevelWarn, "call failed: a usage limit leaves no room", call,
		slog.String("row", full.Row), slog.Int("limit", full.Limit), slog.Duration("wait", full.Wait))
	return verdict.Err
}
