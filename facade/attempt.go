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
	// Number counts the attempts of a call from 1. Those of a call that moves money are counted over all its sends, and over
	// those that a journal tells of.
	Number int
	// Status is the HTTP status; 0 if no answer came.
	Status int
	// Duration is the time from sending until the answer was read.
	Duration time.Duration
	// Err is what the attempt came to; nil if it succeeded.
	Err error
	// Repeated reports that another attempt follows, after Pause. It is never set for a call that moves money: whether it is
	// sent again is decided after its attempts.
	Repeated bool
	// Pause is the time until the next attempt.
	Pause time.Duration
}

// AttemptHook is called after every attempt, before the next one. It must be safe for concurrent use.
//
// For a read, that is in the goroutine of the call. A call that moves money has a goroutine of its own, which callers of the
// same request share: the context has the values of the first of them, and the hook may still be called when a caller has
// given up and gone. The same goes for the requests for ListTransferRecords that look-ups share.
type AttemptHook func(ctx context.Context, attempt Attempt)
