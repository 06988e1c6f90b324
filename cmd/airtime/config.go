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
	opts, err := dingCredentials(getenv)
	if err != nil {
		return nil, err
	}
	opts = append(opts, ding.WithRetryPolicy(a.patience()), ding.WithAttemptHook(a.progress()))
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

// dizleeClient makes a client for one operation, whose own URL is in the variable urlVariable, if anywhere.
func (a *app) dizleeClient(getenv func(string) string, urlVariable string) (*dizlee.Client, error) {
	key, base, own := getenv("DIZLEE_API_KEY"), getenv("DIZLEE_BASE_URL"), getenv(urlVariable)
	if key == "" {
		return nil, usagef("no credentials for Dizlee: set DIZLEE_API_KEY (or try --sandbox)")
	}
	if base == "" && own == "" {
		return nil, usagef("no address for this operation: set DIZLEE_BASE_URL or %s", urlVariable)
	}
	opts := []dizlee.Option{
		dizlee.WithAPIKey(key),
		dizlee.WithRetryPolicy(a.patience()),
		dizlee.WithAttemptHook(a.progress()),
	}
	if own != "" {
		opts = append(opts, ownURL[urlVariable](own))
	}
	if base != "" {
		opts = append(opts, dizlee.WithBaseURL(base))
	}
	if code := getenv("DIZLEE_MERCHANT_CODE"); code != "" {
		opts = append(opts, dizlee.WithMerchantCode(code))
	}
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
