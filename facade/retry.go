package facade

import (
	"errors"
	"fmt"
	"time"
)

// RetryPolicy bounds how calls are repeated and how long an attempt may take: reads after a transient failure, calls that move
// money only where nothing left or the answer proves that nothing moved. A field that is zero takes the value of
// [DefaultRetryPolicy].
type RetryPolicy struct {
	// MaxAttempts counts all attempts, the first included; 1 means never repeat. Whatever it says, a read whose access
	// token the service refused is sent once more with a fresh one.
	MaxAttempts int
	// BaseDelay bounds the pause before the first repetition; the bound doubles with every further one.
	BaseDelay time.Duration
	// MaxDelay bounds the pause where the service names none.
	MaxDelay time.Duration
	// MaxRetryAfter is the longest Retry-After that is waited. A longer one is returned at once, neither slept nor cut short. It is
	// also the longest that a call waits for room in a usage limit that the client keeps to, beyond which it is not sent.
	MaxRetryAfter time.Duration
	// Budget is how many repetitions of reads a client may make beyond those it has earned; ten successful calls earn one.
	// It keeps a crowd of callers from hammering a service that is down.
	Budget int
	// ReadTimeout bounds one attempt of a read, the body included.
	ReadTimeout time.Duration
	// MoneyTimeout bounds one attempt of a call that moves money. Anything shorter than [MinMoneyTimeout] is refused.
	MoneyTimeout time.Duration
}

// MinMoneyTimeout is the shortest time-out of an attempt that moves money. It leaves Ding the 90 seconds that it may work on a
// transfer, and the answer some time to travel: anything shorter would turn good answers into unknown outcomes.
const MinMoneyTimeout = 95 * time.Second

// DefaultRetryPolicy returns the policy of a client that was given none.
func DefaultRetryPolicy() RetryPolicy {
	return RetryPolicy{
		MaxAttempts:   4,
		BaseDelay:     500 * time.Millisecond,
		MaxDelay:      10 * time.Second,
		MaxRetryAfter: time.Minute,
		Budget:        50,
		ReadTimeout:   time.Minute,
		MoneyTimeout:  2 * time.Minute,
	}
}

// WithDefaults returns the policy with every zero field filled in, and an error that names each field out of bounds.
func (p RetryPolicy) WithDefaults() (RetryPolicy, error) {
	d := DefaultRetryPolicy()
	var problems []error
	fill(&p.MaxAttempts, d.MaxAttempts, "MaxAttempts", &problems)
	fill(&p.BaseDelay, d.BaseDelay, "BaseDelay", &problems)
	fill(&p.MaxDelay, d.MaxDelay, "MaxDelay", &problems)
	fill(&p.MaxRetryAfter, d.MaxRetryAfter, "MaxRetryAfter", &problems)
	fill(&p.Budget, d.Budget, "Budget", &problems)
	fill(&p.ReadTimeout, d.ReadTimeout, "ReadTimeout", &problems)
	fill(&p.MoneyTimeout, d.MoneyTimeout, "MoneyTimeout", &problems)
	if p.MoneyTimeout > 0 && p.MoneyTimeout < MinMoneyTimeout {
		problems = append(problems, fmt.Errorf("retry policy: MoneyTimeout is %v, but a transfer may take 90s: at least %v", p.MoneyTimeout, MinMoneyTimeout))
	}
	return p, errors.Join(problems...)
}

func fill[T int | time.Duration](field *T, fallback T, name string, problems *[]error) {
	switch {
	case *field == 0:
		*field = fallback
	case *field < 0:
		*problems = append(*problems, fmt.Errorf("retry policy: %s is negative", name))
	}
}
