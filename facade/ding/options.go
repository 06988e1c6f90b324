package ding

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/pipeline"
)

// Where the live service is. The client adds /api/V1/… to the base URL.
const (
	// DefaultBaseURL is the root of the live API.
	DefaultBaseURL = "https://api.dingconnect.com"
	// DefaultTokenURL is where the live identity provider hands out tokens.
	DefaultTokenURL = "https://idp.ding.com/connect/token"
)

// Option configures a client. NewClient reports every option that is wrong, not only the first.
type Option func(*config) error

type config struct {
	pipeline.Settings
	baseURL                string
	apiKey                 string
	clientID, clientSecret string
	tokenURL, issuer       string
	// authenticated reports that an option for credentials was given, good or bad.
	authenticated bool

	journal           facade.Journal
	settleTimeout     time.Duration
	settleAfterCancel time.Duration
	preventDuplicates bool

	usageLimits map[string]int
	// usageChanged and usageFree report what was asked for, which contradicts each other.
	usageChanged, usageFree bool
}

// account is what Client.Account returns.
func (c *config) account() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{c.baseURL, c.clientID, c.apiKey}, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// WithAPIKey authenticates with a key from the Developer tab of the account settings. Give either a key or client credentials.
func WithAPIKey(key string) Option {
	return func(c *config) error {
		c.apiKey, c.authenticated = key, true
		return pipeline.CheckSecret("API key", key)
	}
}

// WithClientCredentials authenticates with OAuth tokens, fetched for these credentials and renewed before they expire.
// The tokens come from [DefaultTokenURL] unless [WithTokenURL] or [WithIssuer] says otherwise.
func WithClientCredentials(clientID, clientSecret string) Option {
	return func(c *config) error {
		c.clientID, c.clientSecret, c.authenticated = clientID, clientSecret, true
		var problems []error
		if clientID == "" {
			problems = append(problems, errors.New("the client id is empty"))
		}
		if clientSecret == "" {
			problems = append(problems, errors.New("the client secret is empty"))
		}
		return errors.Join(problems...)
	}
}

// WithTokenURL names the token endpoint: https, or http on a loopback host.
func WithTokenURL(tokenURL string) Option {
	return func(c *config) (err error) {
		// Kept as it was given: to an identity provider, a slash at the end may matter.
		c.tokenURL = tokenURL
		_, err = pipeline.CheckURL("token URL", tokenURL)
		return err
	}
}

// WithIssuer finds the token endpoint through the issuer's discovery document, at /.well-known/openid-configuration.
func WithIssuer(issuer string) Option {
	return func(c *config) (err error) {
		c.issuer, err = pipeline.CheckURL("issuer", issuer)
		return err
	}
}

// WithBaseURL names the root of the API instead of [DefaultBaseURL]: https, or http on a loopback host.
func WithBaseURL(baseURL string) Option {
	return func(c *config) (err error) {
		c.baseURL, err = pipeline.CheckURL("base URL", baseURL)
		if err == nil && strings.HasSuffix(strings.ToLower(c.baseURL), "/api/v1") {
			err = errors.New("the base URL ends in /api/V1, which the client adds itself: give the root above it")
		}
		return err
	}
}

// WithHTTPClient sends through a copy of client. Its redirect policy is replaced: redirects are refused, since they
// would carry the credentials along. A Timeout, or a transport's ResponseHeaderTimeout, below 95 seconds is refused, since
// a transfer may take 90. Only an *http.Transport tells whether a connection was made, bare or in a
// [facade.TransparentTransport]: with any other transport, a transfer that could not even be sent counts as unknown.
func WithHTTPClient(client *http.Client) Option {
	return func(c *config) error { return c.SetHTTPClient(client) }
}

// WithLogger logs attempts (debug), repetitions (info), and warnings and failures (warn). Silent by default.
func WithLogger(logger *slog.Logger) Option {
	return func(c *config) error { return c.SetLogger(logger) }
}

// WithRetryPolicy bounds how often calls are repeated, the pauses before that, and the time that an attempt may take.
func WithRetryPolicy(policy facade.RetryPolicy) Option {
	return func(c *config) error { return c.SetRetry(policy) }
}

// WithAttemptHook calls hook after every attempt, for metrics and tracing. That is in the goroutine of the call for a read, and
// in one that callers share for SendTransfer and its look-ups: see [facade.AttemptHook].
func WithAttemptHook(hook facade.AttemptHook) Option {
	return func(c *config) error { return c.SetAttemptHook(hook) }
}

// How long SendTransfer tries to find out about a lost answer, unless an option says otherwise.
const (
	// DefaultSettleTimeout reaches past the 90 seconds for which Ding may work on a transfer.
	DefaultSettleTimeout = 100 * time.Second
	// DefaultSettleAfterCancel is how much longer a call blocks after its context has ended.
	DefaultSettleAfterCancel = 5 * time.Second
)

// WithJournal notes every transfer durably before a byte of it leaves, and its outcome afterwards. A reference that the
// journal holds is never sent again: if it is settled, SendTransfer returns the stored outcome (without the receipt,
// which is not stored); if it is open, SendTransfer looks it up; another request under it is
// [facade.ErrReferenceConflict]. [Client.RecoverTransfers] settles what a crash left open. Package journal/sqlite has one.
func WithJournal(journal facade.Journal) Option {
	return func(c *config) error {
		if journal == nil {
			return errors.New("the journal is nil; leave the option out to do without")
		}
		c.journal = journal
		return nil
	}
}

// WithSettleTimeout sets for how long after an attempt a lost answer is looked up, instead of [DefaultSettleTimeout].
// Below 90 seconds, transfers that Ding was still working on are answered as unknown more often.
func WithSettleTimeout(timeout time.Duration) Option {
	return func(c *config) error {
		c.settleTimeout = timeout
		if timeout <= 0 {
			return errors.New("the settle time-out is not positive")
		}
		return nil
	}
}

// WithSettleAfterCancel sets how much longer SendTransfer blocks after its context has ended, to find out what became
// of what had left, instead of [DefaultSettleAfterCancel]. 0 means not at all.
func WithSettleAfterCancel(grace time.Duration) Option {
	return func(c *config) error {
		c.settleAfterCancel = grace
		if grace < 0 {
			return errors.New("the time to settle after a cancellation is negative")
		}
		return nil
	}
}

// WithPreventDuplicates states that Ding has switched the optional feature Prevent Duplicates on for this account. Only
// then is a reference that stays absent after a lost answer sent again, until 50 minutes after the first attempt: Ding
// refuses a duplicate for 60. Without the feature, that would pay twice.
func WithPreventDuplicates() Option {
	return func(c *config) error {
		c.preventDuplicates = true
		return nil
	}
}

// newConfig applies the options and chooses the credentials. It returns every problem at once.
func newConfig(opts []Option) (config, error) {
	c := config{
		Settings:          pipeline.Settings{Service: "ding"},
		baseURL:           DefaultBaseURL,
		settleTimeout:     DefaultSettleTimeout,
		settleAfterCancel: DefaultSettleAfterCancel,
		usageLimits:       usageLimits,
	}
	var problems []error
	for i, opt := range opts {
		if opt == nil {
			problems = append(problems, fmt.Errorf("option %d is nil", i+1))
			continue
		}
		if err := opt(&c); err != nil {
			problems = append(problems, err)
		}
	}
	problems = append(problems, c.contradictions()...)
	c.Credentials = c.credentials()
	c.Limits = c.limiter()
	return c, errors.Join(problems...)
}

// contradictions returns what only the options together can tell.
func (c *config) contradictions() []error {
	var problems []error
	oauth := c.clientID != "" || c.clientSecret != ""
	if !c.authenticated {
		problems = append(problems, errors.New("no credentials: use WithAPIKey or WithClientCredentials"))
	}
	if c.apiKey != "" && oauth {
		problems = append(problems, errors.New("both an API key and client credentials are given: choose one"))
	}
	if c.tokenURL != "" && c.issuer != "" {
		problems = append(problems, errors.New("both a token URL and an issuer are given: choose one"))
	}
	if c.apiKey != "" && !oauth && (c.tokenURL != "" || c.issuer != "") {
		problems = append(problems, errors.New("a token URL or issuer goes with WithClientCredentials"))
	}
	if c.usageChanged && c.usageFree {
		problems = append(problems, errors.New("usage limits are both changed and switched off: choose one"))
	}
	return problems
}

func (c *config) credentials() pipeline.Credentials {
	if c.apiKey != "" {
		return pipeline.APIKey{Header: "api_key", Key: c.apiKey}
	}
	tokenURL := c.tokenURL
	if tokenURL == "" && c.issuer == "" {
		tokenURL = DefaultTokenURL
	}
	return &pipeline.OAuth{
		ClientID:     c.clientID,
		ClientSecret: c.clientSecret,
		TokenURL:     tokenURL,
		Issuer:       c.issuer,
		Client:       c.HTTPClient(),
	}
}
