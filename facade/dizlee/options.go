// What a client can be told, and what it must be.

package dizlee

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/pipeline"
)

// Option sets one thing about a client. A bad value is reported by [NewClient], together with all others.
type Option func(*config) error

// config is a client in the making.
type config struct {
	settings pipeline.Settings
	// given holds the options that were used, with a good value or a bad one, so that a bad one is not called missing too.
	given                        map[string]bool
	baseURL                      string
	chargeURL, refundURL, smsURL *url.URL
	merchant                     Merchant
	merchantCode                 string

	journal            facade.Journal
	settleTimeout      time.Duration
	settleAfterCancel  time.Duration
	duplicateAsUnknown bool
}

// note remembers that an option was given and puts its name to what is wrong with it.
func (c *config) note(option string, err error) error {
	c.given[option] = true
	if err != nil {
		return fmt.Errorf("%s: %w", option, err)
	}
	return nil
}

// missing names the options without which there can't be a client.
func (c *config) missing() error {
	var problems []error
	if !c.given["WithAPIKey"] {
		problems = append(problems, errors.New("WithAPIKey is missing"))
	}
	if !c.given["WithBaseURL"] && !c.given["WithChargeURL"] && !c.given["WithRefundURL"] && !c.given["WithSMSURL"] {
		problems = append(problems, errors.New("WithBaseURL is missing, and so are WithChargeURL, WithRefundURL and WithSMSURL: one of them has to say where Dizlee is"))
	}
	return errors.Join(problems...)
}

// WithAPIKey sets the key that Dizlee issued. It is required.
func WithAPIKey(key string) Option {
	return func(c *config) error {
		c.settings.Credentials = pipeline.APIKey{Header: "apikey", Key: key}
		return c.note("WithAPIKey", pipeline.CheckSecret("API key", key))
	}
}

// WithBaseURL sets the root of all operations that have no URL of their own; the client adds /charge, /refund or /sms.
// It must be https, unless the host is a loopback one.
func WithBaseURL(root string) Option {
	return func(c *config) error {
		checked, err := pipeline.CheckURL("base URL", root)
		c.baseURL = checked
		return c.note("WithBaseURL", err)
	}
}

// WithChargeURL sets the full URL of charges, as Dizlee assigned it.
func WithChargeURL(full string) Option {
	return func(c *config) error { return c.note("WithChargeURL", setURL(&c.chargeURL, "charge URL", full)) }
}

// WithRefundURL sets the full URL of refunds, as Dizlee assigned it.
func WithRefundURL(full string) Option {
	return func(c *config) error { return c.note("WithRefundURL", setURL(&c.refundURL, "refund URL", full)) }
}

// WithSMSURL sets the full URL of SMSMT, as Dizlee assigned it.
func WithSMSURL(full string) Option {
	return func(c *config) error { return c.note("WithSMSURL", setURL(&c.smsURL, "SMS URL", full)) }
}

// setURL keeps the URL as it was given: unlike a root's, the slash at its end may matter to the server.
func setURL(target **url.URL, name, full string) error {
	if _, err := pipeline.CheckURL(name, full); err != nil {
		return err
	}
	parsed, err := url.Parse(full)
	*target = parsed
	return err
}

// WithHTTPClient sends requests through a copy of the client, with its transport and cookie jar, and without following
// redirects. Its Timeout must be zero or at least 95 seconds.
func WithHTTPClient(client *http.Client) Option {
	return func(c *config) error { return c.note("WithHTTPClient", c.settings.SetHTTPClient(client)) }
}

// WithLogger logs what happens; without it, nothing is logged. Logs hold no key and no MSISDN.
func WithLogger(logger *slog.Logger) Option {
	return func(c *config) error { return c.note("WithLogger", c.settings.SetLogger(logger)) }
}

// WithRetryPolicy sets the bounds of attempts: MoneyTimeout, of each of them, the answer's body included; MaxAttempts,
// BaseDelay, MaxDelay and MaxRetryAfter, of sending again what never left or was refused before processing. How a lost
// answer is found out about is bounded by [WithSettleTimeout]. The rest is for reads, which Dizlee has none of.
func WithRetryPolicy(policy facade.RetryPolicy) Option {
	return func(c *config) error {
		if _, err := policy.WithDefaults(); err != nil {
			return c.note("WithRetryPolicy", err)
		}
		return c.note("WithRetryPolicy", c.settings.SetRetry(policy))
	}
}

// WithAttemptHook calls the hook after every attempt, in a goroutine that callers of the same request share: see
// [facade.AttemptHook]. CorrelationID is the id in the request, and Number counts the attempts of the id, those included that
// the journal tells of.
func WithAttemptHook(hook facade.AttemptHook) Option {
	return func(c *config) error { return c.note("WithAttemptHook", c.settings.SetAttemptHook(hook)) }
}

// How long a call tries to find out about a lost answer, unless an option says otherwise.
const (
	// DefaultSettleTimeout leaves room for some seven repetitions.
	DefaultSettleTimeout = 100 * time.Second
	// DefaultSettleAfterCancel is how much longer a call blocks after its context has ended.
	DefaultSettleAfterCancel = 5 * time.Second
)

// WithJournal notes every charge, refund and SMS durably before a byte of it leaves, and its outcome afterwards; the
// notes hold the request with the subscriber's number, and no credentials. An id that the journal holds is not new:
// if it is settled, the method returns the stored outcome; if it is open, the method finds out about it as after a lost
// answer; another request under it is [facade.ErrReferenceConflict]. [Client.Recover] settles what a crash left open.
// Package journal/sqlite has one.
func WithJournal(journal facade.Journal) Option {
	return func(c *config) error {
		if journal == nil {
			return c.note("WithJournal", errors.New("the journal is nil; leave the option out to do without"))
		}
		c.journal = journal
		return c.note("WithJournal", nil)
	}
}

// WithSettleTimeout sets for how long after a lost answer a charge or a refund of everything is repeated with its id, to
// find out about it, instead of [DefaultSettleTimeout]. The first repetition is made after two seconds, and the pauses
// double up to 30 seconds. One that has begun by then may take its own time-out.
func WithSettleTimeout(timeout time.Duration) Option {
	return func(c *config) error {
		c.settleTimeout = timeout
		if timeout <= 0 {
			return c.note("WithSettleTimeout", errors.New("the settle time-out is not positive"))
		}
		return c.note("WithSettleTimeout", nil)
	}
}

// WithSettleAfterCancel sets how much longer a call blocks after its context has ended, for an attempt that is under way to
// bring its answer, instead of [DefaultSettleAfterCancel]. 0 means not at all. Nothing new is sent in that time.
func WithSettleAfterCancel(grace time.Duration) Option {
	return func(c *config) error {
		c.settleAfterCancel = grace
		if grace < 0 {
			return c.note("WithSettleAfterCancel", errors.New("the time to settle after a cancellation is negative"))
		}
		return c.note("WithSettleAfterCancel", nil)
	}
}

// WithDuplicateAsUnknown is for those who cannot rule out that an id is used twice: what only the refusal of a duplicate
// proves, which otherwise counts as done and is marked ByDuplicate, is unknown then.
func WithDuplicateAsUnknown() Option {
	return func(c *config) error {
		c.duplicateAsUnknown = true
		return c.note("WithDuplicateAsUnknown", nil)
	}
}

// Merchant says on whose behalf calls are made, in the names that Dizlee assigned.
type Merchant struct {
	// AggregatorID is the partner that connects the merchant to Dizlee.
	AggregatorID string
	// MerchantID is the owner of the product.
	MerchantID string
	// Product is what is sold.
	Product string
	// SubProduct is the variant of the product.
	SubProduct string
}

// WithMerchant fills each of its fields into requests that leave that field empty.
func WithMerchant(merchant Merchant) Option {
	return func(c *config) error {
		c.merchant = merchant
		return c.note("WithMerchant", nil)
	}
}

// WithMerchantCode refuses to send ids that don't start with the code that Dizlee assigned to the merchant: chargeRequestId,
// refundRequestId, transactionId, smsRequestId, and subscriptionId unless it is "SP". No id is ever rewritten.
func WithMerchantCode(code string) Option {
	return func(c *config) error {
		c.merchantCode = code
		return c.note("WithMerchantCode", checkMerchantCode(code))
	}
}

func checkMerchantCode(code string) error {
	switch {
	case code == "":
		return errors.New("the merchant code is empty")
	case strings.TrimSpace(code) != code || !utf8.ValidString(code):
		return errors.New("the merchant code has blanks around it, or is not valid UTF-8")
	}
	return nil
}

// CallOption changes one call.
type CallOption func(*callOptions)

type callOptions struct{ head **http.Response }

// WithResponseHead stores the head of the answer: status, protocol and header, without body and request. It stays
// untouched if no answer came.
func WithResponseHead(head **http.Response) CallOption {
	return func(o *callOptions) { o.head = head }
}
