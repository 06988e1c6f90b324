package ding

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/airtime-go/airtime/facade/internal/limits"
)

// Ding counts requests per account, method and ten minutes, and refuses those beyond the limit. The client keeps count itself and
// holds requests back instead.

const (
	// UsageWindow is the time that usage limits are counted over.
	UsageWindow = 10 * time.Minute
	// Unlimited stands for the limit of a method that has none.
	Unlimited = 0
	// ValidateOnlyRow is the row of those SendTransfers that only validate, which are counted apart.
	ValidateOnlyRow = "SendTransfer (Validate Only)"
)

// usageLimits is the table "Method usage limit" of Ding's description of the API (https://www.dingconnect.com/Api/Description),
// row by row. LookupBills has no row there. The operations of api/openapi/ding.yaml state the same.
var usageLimits = map[string]int{
	"GetErrorCodeDescriptions":   20,
	"GetCurrencies":              20,
	"GetRegions":                 20,
	"GetCountries":               20,
	"GetProviders":               50,
	"GetProviderStatus":          50,
	"GetProducts":                50,
	"GetProductDescriptions":     50,
	operationSendTransfer:        Unlimited,
	ValidateOnlyRow:              100,
	"EstimatePrices":             50,
	"GetBalance":                 50,
	"GetPromotions":              50,
	"GetPromotionDescriptions":   50,
	operationListTransferRecords: 50,
	operationCancelTransfers:     50,
	operationGetAccountLookup:    50,
}

// UsageLimits returns Ding's table of usage limits: requests in ten minutes ([UsageWindow]) by method, and those of SendTransfer that
// only validate under [ValidateOnlyRow]. A limit of 0 is [Unlimited]. LookupBills has no row. The map is the caller's own.
func UsageLimits() map[string]int { return maps.Clone(usageLimits) }

// WithUsageLimits changes rows of the usage limits, for an account with which Ding has agreed upon others: requests in ten minutes,
// by method and [ValidateOnlyRow], or [Unlimited]. Rows that are left out stay as [UsageLimits] has them, and a nil map changes
// nothing. A method that does not exist and a negative limit are refused.
//
// The client keeps to the limits by itself, unless [WithoutUsageLimits] is given. A request beyond them waits for its turn, for
// [facade.RetryPolicy]'s MaxRetryAfter at most and no longer than its context lasts; if there will be no room until then, the call fails
// at once, with nothing sent and a [*UsageLimitError] in its chain. Every attempt counts, from when it is begun until ten minutes and a
// second after its answer; one that was given up, until as long after its time-out would have passed. A successful SendTransfer makes
// room in all rows, as it does at Ding.
//
// The requests for ListTransferRecords by which lost answers are looked up count as well, and go before those that wait. Nothing
// is kept for them: a program that uses up ListTransferRecords itself leaves the outcome of a payment unknown for longer. A WithUsageLimits
// row below Ding's does not help, since it is theirs too.
//
// At Ding, all that use an account share its limits. Here, only the users of one client do: several clients or processes
// with one account, and those that are started again within ten minutes, are answered with RateLimited for what is beyond. The
// method then rests for the answer's Retry-After, and the call is repeated if the policy allows to wait so long. To be spared that,
// give each client rows that add up to Ding's.
func WithUsageLimits(rows map[string]int) Option {
	return func(c *config) error {
		var problems []error
		for _, method := range slices.Sorted(maps.Keys(rows)) {
			switch _, known := usageLimits[method]; {
			case !known && method != operationLookupBills:
				problems = append(problems, fmt.Errorf("there is no method %q to limit", method))
			case rows[method] < 0:
				problems = append(problems, fmt.Errorf("the usage limit of %s is negative", method))
			}
		}
		c.usageLimits = maps.Clone(c.usageLimits)
		maps.Copy(c.usageLimits, rows)
		c.usageChanged = c.usageChanged || len(rows) > 0
		return errors.Join(problems...)
	}
}

// WithoutUsageLimits lets every request leave at once. What is beyond Ding's limits is answered with RateLimited.
func WithoutUsageLimits() Option {
	return func(c *config) error {
		c.usageFree = true
		return nil
	}
}

func (c *config) limiter() *limits.Limiter {
	if c.usageFree {
		return nil
	}
	return limits.New(UsageWindow, c.usageLimits)
}

// UsageLimitError is in the chain of the [*Error] of a call that was not sent, because the account's usage limit leaves no room for it
// in time. The Error's Outcome is temporary, and its RetryAfter says how long to wait.
type UsageLimitError struct {
	// Method is the row of the table: a method's name, or [ValidateOnlyRow].
	Method string
	// Limit is how many requests of it there may be in ten minutes.
	Limit int
	// Until is when there is room again, at the earliest.
	Until time.Time
}

// Error says which limit it is, and until when there is no room.
func (e *UsageLimitError) Error() string {
	return fmt.Sprintf("the usage limit of %d %s in ten minutes leaves no room until %s",
		e.Limit, e.Method, e.Until.UTC().Format(time.RFC3339))
}

// usageLimitError puts what the pipeline says of a limit into this package's words.
func usageLimitError(err error) error {
	var full *limits.Full
	if !errors.As(err, &full) {
		return err
	}
	return &UsageLimitError{Method: full.Row, Limit: full.Limit, Until: full.Until}
}
