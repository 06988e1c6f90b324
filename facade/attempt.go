package facade

import (
	"context"
	"time"
)

// Attempt describes one attempt of a call, for metrics and tracing. It holds no secrets. Err can lead to a transfer record,
// and so to an account number; its text does not.
type Attempt struct {
	// Operation is the method's name, such as "GetProducts". Requests for access tokens are no attempts of their own.
	Operation string
	// CorrelationID is the same for all attempts of a call; empty where the service has no such thing.
	CorrelationID string
	// Number counts from 1.
	Number int
	// Status is the HTTP status; 0 if no answer came.
	Status int
	// Duration is the time from sending until the answer was read.
	Duration time.Duration
	// Err is what the attempt came to; nil if it succeeded.
	Err error
	// Repeated reports that another attempt follows, after Pause.
	Repeated bool
	// Pause is the time until the next attempt.
	Pause time.Duration
}

// AttemptHook is called after every attempt, in the goroutine of the call. It must be safe for concurrent use.
type AttemptHook func(ctx context.Context, attempt Attempt)
