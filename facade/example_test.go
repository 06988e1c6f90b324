// Examples of what both clients share, as the documentation shows them.

package facade_test

import (
	"fmt"
	"time"

	"github.com/airtime-go/airtime/facade"
)

// What a program does next depends on the outcome alone, whichever client the error came from.
func ExampleOutcomeOf() {
	next := func(err error) string {
		switch facade.OutcomeOf(err) {
		case facade.OutcomeAccepted:
			return "hand out the receipt"
		case facade.OutcomeTemporary:
			return "try again later"
		case facade.OutcomeUnknown:
			return "look the transfer up before sending again"
		case facade.OutcomeUsage:
			return "fix the request"
		default:
			return "tell the customer"
		}
	}
	fmt.Println(next(nil))
	fmt.Println(next(fmt.Errorf("top-up for order 17: %w", facade.ErrOutcomeUnknown)))
	// Output:
	// hand out the receipt
	// look the transfer up before sending again
}

// A policy names what differs from the defaults. Hand it to a client with its WithRetryPolicy option.
func ExampleRetryPolicy() {
	policy, err := facade.RetryPolicy{MaxAttempts: 2, MaxRetryAfter: 10 * time.Second}.WithDefaults()
	fmt.Println(policy.MaxAttempts, policy.MaxRetryAfter, policy.ReadTimeout, err)

	_, err = facade.RetryPolicy{MoneyTimeout: 30 * time.Second}.WithDefaults()
	fmt.Println(err)
	// Output:
	// 2 10s 1m0s <nil>
	// retry policy: MoneyTimeout is 30s, but a transfer may take 90s: at least 1m35s
}

func ExampleMaskAccount() {
	fmt.Println(facade.MaskAccount("447700900123"))
	// Output: 447*******23
}
