// Whether there is another attempt, and when: backoff, budget, the end of the context, and the stale token.

package pipeline

import (
	"context"
	"errors"
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
)

func TestBackoffIsDrawnBelowADoublingBound(t *testing.T) {
	const tries = 2000
	for _, row := range []struct {
		name      string
		base, max time.Duration
		number    int
		bound     time.Duration
	}{
		{"the first pause", 500 * time.Millisecond, 10 * time.Second, 1, 500 * time.Millisecond},
		{"the second pause", 500 * time.Millisecond, 10 * time.Second, 2, time.Second},
		{"the fifth pause", 500 * time.Millisecond, 10 * time.Second, 5, 8 * time.Second},
		{"the sixth pause is capped", 500 * time.Millisecond, 10 * time.Second, 6, 10 * time.Second},
		{"a base above the cap", time.Minute, 10 * time.Second, 1, 10 * time.Second},
		{"an attempt at which the bound would overflow", (1 << 35) + 1, time.Hour, 30, time.Hour},
		{"an attempt with more shifts than there are bits", time.Nanosecond, time.Hour, 70, time.Hour},
		{"the last attempt there can be", time.Second, time.Hour, math.MaxInt, time.Hour},
		{"the largest cap", math.MaxInt64, math.MaxInt64, 3, math.MaxInt64},
		{"the smallest bound", time.Nanosecond, time.Nanosecond, 1, time.Nanosecond},
	} {
		t.Run(row.name, func(t *testing.T) {
			policy := facade.RetryPolicy{BaseDelay: row.base, MaxDelay: row.max}
			least, most := time.Duration(math.MaxInt64), time.Duration(0)
			for range tries {
				pause := Backoff(policy, row.number)
				least, most = min(least, pause), max(most, pause)
			}
			assert.GreaterOrEqual(t, least, time.Duration(0))
			assert.LessOrEqual(t, most, row.bound)
			// A draw from the whole range comes near both of its ends within so many tries.
			assert.LessOrEqual(t, least, row.bound/10)
			assert.GreaterOrEqual(t, most, row.bound/10*9)
		})
	}
}

func TestReadsAreRepeatedAsOftenAsThePolicyAllows(t *testing.T) {
	for _, row := range []struct {
		name     string
		policy   facade.RetryPolicy
		statuses []int
		attempts int
		succeeds bool
	}{
		{"a success is final", facade.RetryPolicy{}, []int{200}, 1, true},
		{"a refusal is final", facade.RetryPolicy{}, []int{400}, 1, false},
		{"the second attempt succeeds", facade.RetryPolicy{}, []int{503, 200}, 2, true},
		{"the last attempt succeeds", facade.RetryPolicy{}, []int{503, 503, 503, 200}, 4, true},
		{"the attempts run out", facade.RetryPolicy{}, []int{503, 503, 503, 503}, 4, false},
		{"one attempt means one", facade.RetryPolicy{MaxAttempts: 1}, []int{503}, 1, false},
		{"many attempts", facade.RetryPolicy{MaxAttempts: 6}, []int{503, 503, 503, 503, 503, 200}, 6, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var responses []*http.Response
				for _, status := range row.statuses {
					responses = append(responses, respond(status, ""))
				}
				r := newRig(t, scripted(t, responses...), func(s *Settings) { s.Retry = row.policy })
				got, err := r.send(t.Context(), func(call *Call) {
					call.Judge = func(answer Answer) Verdict {
						verdict := judge(answer)
						verdict.Retry = answer.Status >= 500
						return verdict
					}
				})
				assert.Equal(t, row.succeeds, err == nil)
				assert.Equal(t, row.attempts, got.Attempt)
				assert.Len(t, r.attempts, row.attempts)
			})
		})
	}
}

func TestEveryAttemptHasARequestOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		built := 0
		r := newRig(t, scripted(t, respond(503, ""), respond(200, "")), nil)
		_, err := r.send(t.Context(), func(call *Call) {
			call.Build = func(ctx context.Context) (*http.Request, error) {
				built++
				return post(testURL, "{}")(ctx)
			}
		})
		require.NoError(t, err)
		assert.Equal(t, 2, built)
	})
}

func TestTheBudgetStopsAStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const callers, budget = 100, 7
		var requests atomic.Int64
		r := newRig(t, roundTripper(func(*http.Request) (*http.Response, error) {
			requests.Add(1)
			return respond(503, ""), nil
		}), func(s *Settings) { s.Retry = facade.RetryPolicy{Budget: budget, MaxAttempts: 10} })
		var all sync.WaitGroup
		for range callers {
			all.Go(func() {
				_, err := r.send(t.Context(), nil)
				assert.Error(t, err)
			})
		}
		all.Wait()
		assert.Equal(t, int64(callers+budget), requests.Load())
	})
}

func TestSuccessesEarnRepetitionsBack(t *testing.T) {
	b := newBudget(2)
	assert.True(t, b.spend())
	assert.True(t, b.spend())
	assert.False(t, b.spend(), "spent")
	for range earnedBy - 1 {
		b.earn()
	}
	assert.False(t, b.spend(), "nine successes are not enough")
	b.earn()
	assert.True(t, b.spend(), "ten are")
	for range 100 * earnedBy {
		b.earn()
	}
	assert.True(t, b.spend())
	assert.True(t, b.spend())
	assert.False(t, b.spend(), "no more is earned than the budget holds")
}

func TestAHugeBudgetDoesNotOverflow(t *testing.T) {
	b := newBudget(math.MaxInt)
	b.earn()
	assert.True(t, b.spend())
	assert.Positive(t, b.tenths)
}

func TestTheBudgetIsSharedSafely(t *testing.T) {
	b := newBudget(50)
	var spent atomic.Int64
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if b.spend() {
				spent.Add(1)
			}
		})
	}
	all.Wait()
	assert.Equal(t, int64(50), spent.Load())
}

func TestACancelledPauseEndsTheCallAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		r := newRig(t, scripted(t, respond(503, "", "Retry-After", "40")), nil)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		_, err := r.send(ctx, nil)

		assert.Equal(t, 3*time.Second, time.Since(start))
		require.ErrorIs(t, err, context.Canceled)
		var last *failed
		require.ErrorAs(t, err, &last, "what the attempt came to is not lost")
		assert.Equal(t, 503, last.Status)
	})
}

func TestAnEndedContextIsNotRepeated(t *testing.T) {
	for _, row := range []struct {
		name string
		call func(*Call)
	}{
		{"after a failure that may be repeated", nil},
		{"after a stale token", func(call *Call) {
			call.Judge = func(answer Answer) Verdict { return Verdict{Err: &failed{answer}, StaleToken: true} }
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			r := newRig(t, roundTripper(func(*http.Request) (*http.Response, error) {
				cancel()
				return nil, context.Canceled
			}), func(s *Settings) { s.Credentials = &renewable{} })
			_, err := r.send(ctx, row.call)
			require.ErrorIs(t, err, context.Canceled)
			require.Len(t, r.attempts, 1)
			assert.False(t, r.attempts[0].Repeated, "the hook is not promised what never comes")
			assert.True(t, r.budget.spend())
		})
	}
}

// renewable are credentials that count how often they are given and dropped.
type renewable struct {
	applied, forgotten atomic.Int64
	err                error
}

func (c *renewable) Apply(context.Context, *http.Request) (string, error) {
	c.applied.Add(1)
	return "credential", c.err
}

func (c *renewable) Forget(string) bool {
	c.forgotten.Add(1)
	return true
}

func (c *renewable) Secrets() []string { return nil }

func TestAStaleTokenIsReplacedOnce(t *testing.T) {
	for _, row := range []struct {
		name     string
		policy   facade.RetryPolicy
		statuses []int
		succeeds bool
	}{
		{"a fresh token helps", facade.RetryPolicy{}, []int{401, 200}, true},
		{"a fresh token doesn't help", facade.RetryPolicy{}, []int{401, 401}, false},
		{"even where nothing else is repeated", facade.RetryPolicy{MaxAttempts: 1}, []int{401, 200}, true},
		{"a transient failure comes between", facade.RetryPolicy{}, []int{503, 401, 503, 200}, true},
		{"two refusals with a failure between", facade.RetryPolicy{}, []int{401, 503, 401}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var responses []*http.Response
				for _, status := range row.statuses {
					responses = append(responses, respond(status, ""))
				}
				r := newRig(t, scripted(t, responses...), func(s *Settings) {
					s.Retry, s.Credentials = row.policy, &renewable{}
				})
				got, err := r.send(t.Context(), nil)
				assert.Equal(t, row.succeeds, err == nil)
				assert.Equal(t, len(row.statuses), got.Attempt)
			})
		})
	}
}

func TestAnAPIKeyIsNotTriedTwice(t *testing.T) {
	r := newRig(t, scripted(t, respond(401, "")), nil)
	got, err := r.send(t.Context(), nil)
	require.Error(t, err)
	assert.Equal(t, 1, got.Attempt)
}

func TestACredentialThatFailsIsNotRetriedByItself(t *testing.T) {
	for _, row := range []struct {
		name    string
		err     error
		failure Failure
	}{
		{"none this time", &TokenError{Reason: "busy"}, NoCredentials},
		{"refused", &TokenError{Reason: "no", Refused: true}, CredentialsRefused},
		{"of unknown origin", errors.New("broken"), NoCredentials},
	} {
		t.Run(row.name, func(t *testing.T) {
			credentials := &renewable{err: row.err}
			r := newRig(t, scripted(t), func(s *Settings) { s.Credentials = credentials })
			got, err := r.send(t.Context(), func(call *Call) {
				call.Judge = func(answer Answer) Verdict { return Verdict{Err: &failed{answer}} }
			})
			require.ErrorIs(t, err, row.err)
			assert.Equal(t, row.failure, got.Failure)
			assert.Equal(t, int64(1), credentials.applied.Load())
		})
	}
}
