// Clients from the environment: which variables there are, and what they become.

package main

import (
	"strings"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/facade/dizlee"
)

// retryPolicy bounds the patience of a command that somebody waits for.
var retryPolicy = facade.RetryPolicy{MaxAttempts: 4, MaxRetryAfter: 30 * time.Second}

// How long a command finds out about a lost answer unless --settle-timeout says otherwise, and for how long it does so
// after it was interrupted.
var (
	settleTimeout     = ding.DefaultSettleTimeout
	settleAfterCancel = ding.DefaultSettleAfterCancel
)

// patience is the policy of this run: --timeout bounds a single attempt too.
func (a *app) patience() facade.RetryPolicy {
	policy := retryPolicy
	policy.ReadTimeout = a.timeout
	return policy
}

// environment returns where variables are looked up: the process's own, or those of a sandbox that is started here.
func (a *app) environment() (func(string) string, error) {
	getenv := a.getenv
	if a.sandbox {
		embedded, err := a.embedSandbox()
		if err != nil {
			return nil, err
		}
		getenv = embedded.getenv
	}
	// Some server may send a key back, even in an answer that succeeds.
	a.stdout.hide(secretsIn(getenv))
	return getenv, nil
}

// dingClient makes the client, or says which variables it lacks.
func (a *app) dingClient() (*ding.Client, error) {
	getenv, err := a.environment()
	if err != nil {
		return nil, err
	}
	credentials, err := dingCredentials(getenv)
	if err != nil {
		return nil, err
	}
	return a.newDingClient(getenv, append(credentials, ding.WithAttemptHook(a.progress())))
}

// dingPayer makes a client that moves money, and shows the observer what it does.
func (a *app) dingPayer(s *settling, o *observer) (*ding.Client, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	getenv, err := a.environment()
	if err != nil {
		return nil, err
	}
	opts, err := dingCredentials(getenv)
	if err != nil {
		return nil, err
	}
	journal, err := a.openJournal(s, o)
	if err != nil {
		return nil, err
	}
	if journal != nil {
		opts = append(opts, ding.WithJournal(journal))
	}
	opts = append(opts, ding.WithSettleTimeout(s.timeout), ding.WithSettleAfterCancel(settleAfterCancel), ding.WithAttemptHook(o.sees()))
	return a.newDingClient(getenv, opts)
}

// newDingClient adds what all clients have in common.
func (a *app) newDingClient(getenv func(string) string, opts []ding.Option) (*ding.Client, error) {
	opts = append(opts, ding.WithRetryPolicy(a.patience()))
	if base := getenv("DING_BASE_URL"); base != "" {
		opts = append(opts, ding.WithBaseURL(base))
	}
	if a.verbose {
		opts = append(opts, ding.WithLogger(a.logger()))
	}
	client, err := ding.NewClient(opts...)
	if err != nil {
		return nil, badEnvironment("DING", err)
	}
	return client, nil
}

// dingCredentials prefers the key where both are set: one of them has to go, and the key needs nothing else.
func dingCredentials(getenv func(string) string) ([]ding.Option, error) {
	if key := getenv("DING_API_KEY"); key != "" {
		return []ding.Option{ding.WithAPIKey(key)}, nil
	}
	id, secret := getenv("DING_CLIENT_ID"), getenv("DING_CLIENT_SECRET")
	if id == "" && secret == "" {
		return nil, usagef("no credentials for DingConnect: set DING_API_KEY, or DING_CLIENT_ID and DING_CLIENT_SECRET (or try --sandbox)")
	}
	opts := []ding.Option{ding.WithClientCredentials(id, secret)}
	if tokenURL := getenv("DING_TOKEN_URL"); tokenURL != "" {
		opts = append(opts, ding.WithTokenURL(tokenURL))
	}
	if issuer := getenv("DING_ISSUER"); issuer != "" {
		opts = append(opts, ding.WithIssuer(issuer))
	}
	return opts, nil
}

// badEnvironment reports what a client says about its options, which come from variables with this prefix.
func badEnvironment(prefix string, err error) error {
	text := strings.ReplaceAll(err.Error(), "made:\n", "made: ")
	return usagef("check the variables %s_…: %s", prefix, strings.ReplaceAll(text, "\n", "; "))
}

// ownURL has the options for the URLs of single operations, by the variables that hold them.
var ownURL = map[string]func(string) dizlee.Option{
	"DIZLEE_CHARGE_URL": dizlee.WithChargeURL, "DIZLEE_REFUND_URL": dizlee.WithRefundURL, "DIZLEE_SMS_URL": dizlee.WithSMSURL,
}

// dizleePayer makes a client for one operation, whose own URL is in the variable urlVariable, if anywhere, and shows the
// observer what it does.
func (a *app) dizleePayer(getenv func(string) string, urlVariable string, s *settling, o *observer) (*dizlee.Client, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	opts, err := dizleeOptions(getenv, urlVariable)
	if err != nil {
		return nil, err
	}
	key, err := dizleeCredentials(getenv)
	if err != nil {
		return nil, err
	}
	journal, err := a.openJournal(s, o)
	if err != nil {
		return nil, err
	}
	if journal != nil {
		opts = append(opts, dizlee.WithJournal(journal))
	}
	opts = append(opts, key, dizlee.WithSettleTimeout(s.timeout), dizlee.WithSettleAfterCancel(settleAfterCancel), dizlee.WithAttemptHook(o.sees()))
	return a.newDizleeClient(opts)
}

// dizleeOptions says where the operations are whose own URLs are in the variables, if anywhere, and by whom ids are made.
func dizleeOptions(getenv func(string) string, urlVariables ...string) ([]dizlee.Option, error) {
	var opts []dizlee.Option
	if base := getenv("DIZLEE_BASE_URL"); base != "" {
		opts = append(opts, dizlee.WithBaseURL(base))
	}
	for _, variable := range urlVariables {
		if own := getenv(variable); own != "" {
			opts = append(opts, ownURL[variable](own))
		}
	}
	if len(opts) == 0 {
		return nil, usagef("no address for Dizlee: set DIZLEE_BASE_URL or %s", strings.Join(urlVariables, ", "))
	}
	if code := getenv("DIZLEE_MERCHANT_CODE"); code != "" {
		opts = append(opts, dizlee.WithMerchantCode(code))
	}
	return opts, nil
}

func dizleeCredentials(getenv func(string) string) (dizlee.Option, error) {
	key := getenv("DIZLEE_API_KEY")
	if key == "" {
		return nil, usagef("no credentials for Dizlee: set DIZLEE_API_KEY (or try --sandbox)")
	}
	return dizlee.WithAPIKey(key), nil
}

// newDizleeClient adds what all clients have in common.
func (a *app) newDizleeClient(opts []dizlee.Option) (*dizlee.Client, error) {
	opts = append(opts, dizlee.WithRetryPolicy(a.patience()))
	if a.verbose {
		opts = append(opts, dizlee.WithLogger(a.logger()))
	}
	client, err := dizlee.NewClient(opts...)
	if err != nil {
		return nil, badEnvironment("DIZLEE", err)
	}
	return client, nil
}

// or returns the first text that is not empty.
func or(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
