// How a retry policy is completed, and which ones are refused.

package facade_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
)

func TestTheDefaultPolicyIsComplete(t *testing.T) {
	policy := facade.DefaultRetryPolicy()
	assert.Equal(t, facade.RetryPolicy{
		MaxAttempts:   4,
		BaseDelay:     500 * time.Millisecond,
		MaxDelay:      10 * time.Second,
		MaxRetryAfter: time.Minute,
		Budget:        50,
		ReadTimeout:   time.Minute,
		MoneyTimeout:  2 * time.Minute,
	}, policy)
	again, err := policy.WithDefaults()
	require.NoError(t, err)
	assert.Equal(t, policy, again)
}

func TestEveryZeroFieldIsFilledIn(t *testing.T) {
	full := facade.RetryPolicy{
		MaxAttempts: 1, BaseDelay: 1, MaxDelay: math.MaxInt64, MaxRetryAfter: 1, Budget: math.MaxInt, ReadTimeout: 1, MoneyTimeout: 95 * time.Second,
	}
	for _, row := range []struct {
		name  string
		clear func(*facade.RetryPolicy)
	}{
		{"none", func(*facade.RetryPolicy) {}},
		{"MaxAttempts", func(p *facade.RetryPolicy) { p.MaxAttempts = 0 }},
		{"BaseDelay", func(p *facade.RetryPolicy) { p.BaseDelay = 0 }},
		{"MaxDelay", func(p *facade.RetryPolicy) { p.MaxDelay = 0 }},
		{"MaxRetryAfter", func(p *facade.RetryPolicy) { p.MaxRetryAfter = 0 }},
		{"Budget", func(p *facade.RetryPolicy) { p.Budget = 0 }},
		{"ReadTimeout", func(p *facade.RetryPolicy) { p.ReadTimeout = 0 }},
		{"MoneyTimeout", func(p *facade.RetryPolicy) { p.MoneyTimeout = 0 }},
		{"all", func(p *facade.RetryPolicy) { *p = facade.RetryPolicy{} }},
	} {
		t.Run(row.name, func(t *testing.T) {
			given := full
			row.clear(&given)
			got, err := given.WithDefaults()
			require.NoError(t, err)
			want, fallback := given, facade.DefaultRetryPolicy()
			for _, field := range []struct{ value, fallback *int }{{&want.MaxAttempts, &fallback.MaxAttempts}, {&want.Budget, &fallback.Budget}} {
				if *field.value == 0 {
					*field.value = *field.fallback
				}
			}
			for _, field := range []struct{ value, fallback *time.Duration }{
				{&want.BaseDelay, &fallback.BaseDelay}, {&want.MaxDelay, &fallback.MaxDelay}, {&want.MaxRetryAfter, &fallback.MaxRetryAfter},
				{&want.ReadTimeout, &fallback.ReadTimeout}, {&want.MoneyTimeout, &fallback.MoneyTimeout},
			} {
				if *field.value == 0 {
					*field.value = *field.fallback
				}
			}
			assert.Equal(t, want, got)
		})
	}
}

func TestAPolicyOutOfBoundsIsRefused(t *testing.T) {
	for _, row := range []struct {
		name     string
		policy   facade.RetryPolicy
		problems []string
	}{
		{"a negative count", facade.RetryPolicy{MaxAttempts: -1}, []string{"MaxAttempts is negative"}},
		{"a negative budget", facade.RetryPolicy{Budget: -1}, []string{"Budget is negative"}},
		{"negative delays", facade.RetryPolicy{BaseDelay: -1, MaxDelay: -1, MaxRetryAfter: -1}, []string{"BaseDelay", "MaxDelay", "MaxRetryAfter"}},
		{"negative time-outs", facade.RetryPolicy{ReadTimeout: -1, MoneyTimeout: -1}, []string{"ReadTimeout is negative", "MoneyTimeout is negative"}},
		{"too little time for money", facade.RetryPolicy{MoneyTimeout: 95*time.Second - 1}, []string{"MoneyTimeout is 1m34.999999999s", "at least 1m35s"}},
		{"everything at once", facade.RetryPolicy{MaxAttempts: -1, MoneyTimeout: time.Second}, []string{"MaxAttempts is negative", "MoneyTimeout is 1s"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := row.policy.WithDefaults()
			for _, problem := range row.problems {
				require.ErrorContains(t, err, problem)
			}
		})
	}
}

func TestMaskAccountLeavesOnlyTheEndsOfALongNumber(t *testing.T) {
	for account, shown := range map[string]string{
		"447700900123":    "447*******23",
		"447700900":       "447****00",
		"44770090":        "********",
		"":                "",
		"ünïcödé.example": "ünï**********le",
	} {
		assert.Equal(t, shown, facade.MaskAccount(account))
	}
}
