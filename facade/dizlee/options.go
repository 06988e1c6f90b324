// What a client can be told, and what it must be.

package dizlee

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
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

// WithRetryPolicy sets the bounds of attempts. All of Dizlee's operations make one attempt, so that MoneyTimeout alone
// has an effect; it bounds that attempt, the answer's body included.
func WithRetryPolicy(policy facade.RetryPolicy) Option {
	return func(c *config) error {
		if _, err := policy.WithDefaults(); err != nil {
			return c.note("WithRetryPolicy", err)
		}
		return c.note("WithRetryPolicy", c.settings.SetRetry(policy))
	}
}

// WithAttemptHook calls the hook after every attempt; its CorrelationID is the id in the request.
func WithAttemptHook(hook facade.AttemptHook) Option {
	return func(c *config) error { return c.note("WithAttemptHook", c.settings.SetAttemptHook(hook)) }
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
