// Package pipeline is the one way in which a client of this module sends a request:
//
//	usage limit → credentials → send → bounded read → judge → hook and log → pause → again
//
// It knows HTTP and nothing of either service: what an answer means is told by the call's Judge, which is where the
// services differ. One file per concern: settings.go (what a client is made of), admit.go (whether there is room for an attempt), send.go (one attempt), retry.go
// (whether and when there is another), transport.go (what net/http is kept from), credentials.go and oauth.go (who asks),
// scrub.go and spelling.go (what may be shown), request.go (what is refused before it is sent).
package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/airtime-go/airtime/facade"
)

// Pipeline sends the calls of one client. It is safe for concurrent use.
type Pipeline struct {
	settings Settings
	client   *http.Client
	budget   *budget
	// traced reports that the transport tells truly whether a connection was made, which only *http.Transport does, bare or
	// in what can be seen through.
	traced bool
}

// Call is one operation, as far as the pipeline has to know it.
type Call struct {
	// Operation names the method in errors, logs and hooks.
	Operation string
	// CorrelationID goes into logs and hooks; Build puts it on the wire where the service wants it.
	CorrelationID string
	// Build makes the request. It is called once per attempt, so that a body never has to be rewound.
	Build func(ctx context.Context) (*http.Request, error)
	// Money marks a call that moves money or sends a message: one attempt, and nothing that would let net/http replay it.
	Money bool
	// Earlier is how many attempts were made before, by calls of this pipeline or by an earlier life, of what this call is an
	// attempt of. Attempts are counted on from there.
	Earlier int
	// Private is what the request says of the customer, such as the account number: it is taken out of texts like a secret.
	Private []string
	// Usage is the row of the usage limits that an attempt counts in; empty if in none.
	Usage string
	// Patient marks a call that waits for room in its row as long as its context lasts, and not for MaxRetryAfter at most.
	Patient bool
	// MaxBody bounds the answer's body, in bytes.
	MaxBody int64
	// Head, if set, receives the head of the last answer.
	Head **http.Response
	// Judge says what an answer means. It also decides what is returned to the caller, by keeping what it decoded.
	Judge func(Answer) Verdict
}

// Verdict is what a service makes of an answer.
type Verdict struct {
	// Err is nil if the call succeeded.
	Err error
	// Retry allows another attempt, if the call is a read.
	Retry bool
	// StaleToken reports that the service refused the access token; a read is sent once more with a fresh one.
	StaleToken bool
	// UsedUp reports a refusal for the sake of the usage limit: there is no room in the call's row before the answer's
	// Retry-After, whoever asks.
	UsedUp bool
	// ResetsUsage reports a success by which the service resets its usage limits.
	ResetsUsage bool
}

// Do sends the call, as often as its verdicts and the policy allow, and returns the error of the last verdict.
func (p *Pipeline) Do(ctx context.Context, call Call) error {
	refreshed := false
	for number := 1; ; number++ {
		place, refusal := p.admit(ctx, call)
		if refusal != nil {
			return p.refuse(ctx, call, call.Earlier+number-1, refusal)
		}
		mark := p.settings.Limits.Mark()
		started := time.Now()
		answer, credential := p.attempt(ctx, call, place)
		answer.Attempt = call.Earlier + number
		answer.Duration = time.Since(started)
		verdict := call.Judge(answer)
		if verdict.Err == nil {
			p.budget.earn()
		}
		if verdict.UsedUp {
			place.Refused(answer.RetryAfter)
		}
		if verdict.ResetsUsage {
			p.settings.Limits.Reset(mark)
		}

		var again bool
		var pause time.Duration
		switch {
		case verdict.StaleToken && p.settings.Credentials.Forget(credential) && !refreshed && !call.Money && ctx.Err() == nil:
			again, refreshed = true, true
		case verdict.Err != nil && verdict.Retry && !call.Money && number < p.settings.Retry.MaxAttempts:
			pause, again = p.pause(ctx, number, answer)
		}
		p.report(ctx, call, answer, verdict, again, pause)
		if !again {
			return verdict.Err
		}
		if !sleep(ctx, pause) {
			return fmt.Errorf("%w; it was not repeated: %w", verdict.Err, ctx.Err())
		}
	}
}

// report tells the hook and the log what an attempt came to.
func (p *Pipeline) report(ctx context.Context, call Call, answer Answer, verdict Verdict, again bool, pause time.Duration) {
	if p.settings.OnAttempt != nil {
		p.settings.OnAttempt(ctx, facade.Attempt{
			Operation:     call.Operation,
			CorrelationID: call.CorrelationID,
			Number:        answer.Attempt,
			Status:        answer.Status,
			Duration:      answer.Duration,
			Err:           verdict.Err,
			Repeated:      again,
			Pause:         pause,
		})
	}
	level, message := slog.LevelDebug, "call succeeded"
	switch {
	case again:
		level, message = slog.LevelInfo, "call will be repeated"
	case verdict.Err != nil:
		level, message = slog.LevelWarn, "call failed"
	}
	attrs := []slog.Attr{
		slog.Int("attempt", answer.Attempt),
		slog.Int("httpStatus", answer.Status),
		slog.Duration("duration", answer.Duration),
	}
	if again {
		attrs = append(attrs, slog.Duration("pause", pause))
	}
	if verdict.Err != nil {
		attrs = append(attrs, slog.Any("error", verdict.Err))
	}
	p.log(ctx, level, message, call, attrs...)
}

// log writes an entry about a call.
func (p *Pipeline) log(ctx context.Context, level slog.Level, message string, call Call, attrs ...slog.Attr) {
	about := []slog.Attr{slog.String("service", p.settings.Service), slog.String("operation", call.Operation)}
	if call.CorrelationID != "" {
		about = append(about, slog.String("correlationId", call.CorrelationID))
	}
	p.settings.Logger.LogAttrs(ctx, level, message, append(about, attrs...)...)
}

// sleep waits, and reports false if the context ended first.
func sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}
