// What is told while a call is under way: repetitions, and with -v every attempt.

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
)

// logger writes what the clients log: text, or JSON lines where stderr is for programs.
func (a *app) logger() *slog.Logger { return a.loggerFrom(slog.LevelDebug) }

// loggerFrom writes what is at least as grave as that.
func (a *app) loggerFrom(level slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if a.json {
		return slog.New(slog.NewJSONHandler(a.stderr, options))
	}
	return slog.New(slog.NewTextHandler(a.stderr, options))
}

// progress tells people why nothing seems to happen. Logs say the same and more, so with -v they do alone.
func (a *app) progress() facade.AttemptHook {
	return func(_ context.Context, attempt facade.Attempt) {
		if !attempt.Repeated || a.json || a.verbose {
			return
		}
		when := "at once"
		if attempt.Pause > 0 {
			when = "in " + attempt.Pause.Round(10*time.Millisecond).String()
		}
		a.clearStatus()
		_, _ = fmt.Fprintf(a.stderr, "%s: %s, trying again %s (attempt %d of %d)\n",
			attempt.Operation, whatCame(attempt), when, attempt.Number+1, retryPolicy.MaxAttempts)
	}
}

func whatCame(attempt facade.Attempt) string {
	var failed *ding.Error
	switch {
	case attempt.Status == 0:
		return "no answer"
	case errors.As(attempt.Err, &failed) && len(failed.Codes) > 0:
		return fmt.Sprintf("HTTP %d with %s", attempt.Status, failed.Codes[0].Code)
	default:
		return fmt.Sprintf("HTTP %d", attempt.Status)
	}
}
