// Options of New: each can fail, and New reports every failure at once.

package sandbox

import (
	"errors"
	"fmt"
	"time"

	"github.com/airtime-go/airtime/money"
)

// Option changes one thing about a sandbox.
type Option func(*settings) error

// settings is what the options fill in.
type settings struct {
	seed          uint64
	clock         func() time.Time
	apiKey        string
	clientID      string
	clientSecret  string
	tokenLifetime time.Duration
	balance       money.Decimal
	dizleeAPIKey  string
	dizleeAuthKey string
	faults        []Fault
	noUsageLimits bool
	failing       bool
	preventing    bool
	receivers     map[Callback]Receiver
	// byHand tells that the clock is the caller's, and so is the time of deliveries.
	byHand bool
}

// gather applies the options to the defaults. The defaults are made up, and look it.
func gather(opts []Option) (settings, error) {
	s := settings{
		seed:     1,
		clock:    time.Now,
		apiKey:   "sandbox-ding-api-key",
		clientID: "sandbox-client",
		// Real secrets hold characters that a form must encode, so this one does too.
		clientSecret:  "sandbox+client/secret==",
		tokenLifetime: 30 * time.Minute,
		balance:       money.MustParse("1000.00"),
		dizleeAPIKey:  "sandbox-dizlee-api-key",
		dizleeAuthKey: "sandbox-dizlee-auth-key",
		receivers:     map[Callback]Receiver{},
	}
	var problems []error
	for i, opt := range opts {
		if opt == nil {
			problems = append(problems, fmt.Errorf("sandbox: option %d is nil", i+1))
			continue
		}
		problems = append(problems, opt(&s))
	}
	return s, errors.Join(problems...)
}

// WithSeed sets what ids, tokens and PINs are derived from. The default is 1.
func WithSeed(seed uint64) Option {
	return func(s *settings) error {
		s.seed = seed
		return nil
	}
}

// WithClock sets where the time comes from. The clock must be safe for concurrent use. The default is time.Now.
// With another clock, callbacks are delivered by [Sandbox.Deliver] alone: how fast it moves is its owner's matter.
func WithClock(clock func() time.Time) Option {
	return func(s *settings) error {
		if clock == nil {
			return errors.New("sandbox: the clock is nil")
		}
		s.clock, s.byHand = clock, true
		return nil
	}
}

// WithAPIKey sets the key that DingConnect accepts in the header api_key.
func WithAPIKey(key string) Option {
	return func(s *settings) error {
		s.apiKey = key
		return notEmpty("API key", key)
	}
}

// WithClientCredentials sets what the identity provider accepts for a token.
func WithClientCredentials(id, secret string) Option {
	return func(s *settings) error {
		s.clientID, s.clientSecret = id, secret
		return errors.Join(notEmpty("client id", id), notEmpty("client secret", secret))
	}
}

// WithTokenLifetime sets how long a token lasts: whole seconds, one at least. The default is 30 minutes.
func WithTokenLifetime(lifetime time.Duration) Option {
	return func(s *settings) error {
		if lifetime < time.Second || lifetime%time.Second != 0 {
			return fmt.Errorf("sandbox: a token lifetime of %s is not a number of whole seconds above 0", lifetime)
		}
		s.tokenLifetime = lifetime
		return nil
	}
}

// WithBalance sets the opening balance in USD, with at most two places and not below 0.
func WithBalance(balance money.Decimal) Option {
	return func(s *settings) error {
		if balance.Sign() < 0 || balance.Places() > 2 {
			return fmt.Errorf("sandbox: %s is no opening balance", balance)
		}
		s.balance = balance.Round(2)
		return nil
	}
}

// WithEmptyAccount begins with a balance of 0: whatever costs something is refused with InsufficientBalance.
func WithEmptyAccount() Option { return WithBalance(money.FromInt(0)) }

// WithPreventDuplicates makes the account one on which Ding has switched Prevent Duplicates on: a DistributorRef whose transfer
// is in progress, or has succeeded within [DuplicateWindow], is refused with DuplicateTransactionPrevented.
func WithPreventDuplicates() Option {
	return func(s *settings) error {
		s.preventing = true
		return nil
	}
}

// WithDizleeAPIKey sets the key that Dizlee accepts in the header apikey.
func WithDizleeAPIKey(key string) Option {
	return func(s *settings) error {
		s.dizleeAPIKey = key
		return notEmpty("Dizlee API key", key)
	}
}

// WithDizleeAuthKey sets the key that an SMSMO comes with in the header authkey.
func WithDizleeAuthKey(key string) Option {
	return func(s *settings) error {
		s.dizleeAuthKey = key
		return notEmpty("Dizlee auth key", key)
	}
}

// WithNotifications delivers notifications from the beginning, as [Sandbox.SetNotifications] does.
func WithNotifications(to Receiver) Option { return withReceiver(CallbackNotification, to) }

// WithSMSMO names the receiver of SMSMO from the beginning, as [Sandbox.SetSMSMO] does.
func WithSMSMO(to Receiver) Option { return withReceiver(CallbackSMSMO, to) }

func withReceiver(callback Callback, to Receiver) Option {
	return func(s *settings) error {
		s.receivers[callback] = to
		return to.problems(callback)
	}
}

// WithRetriesListedAsFailed lists a deferred transfer as Failed, with its codes, between its tries, which nothing
// documented rules out. By default it is Processing then.
func WithRetriesListedAsFailed() Option {
	return func(s *settings) error {
		s.failing = true
		return nil
	}
}

// WithoutUsageLimits answers any number of requests. By default, those beyond the usage limits of the specification are refused.
func WithoutUsageLimits() Option {
	return func(s *settings) error {
		s.noUsageLimits = true
		return nil
	}
}

// WithFault injects a fault from the beginning, as [Sandbox.Inject] does. It may be given several times.
func WithFault(f Fault) Option {
	return func(s *settings) error {
		s.faults = append(s.faults, f)
		_, err := f.completed()
		return err
	}
}

func notEmpty(name, value string) error {
	if value == "" {
		return fmt.Errorf("sandbox: the %s is empty", name)
	}
	return nil
}
