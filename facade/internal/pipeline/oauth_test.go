// When tokens are asked for, how often, and for whom: in virtual time.

package pipeline

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const testSecret = "s3cret+/=&?% \"<x>'"

// newOAuth returns credentials whose tokens come through the transport.
func newOAuth(t *testing.T, transport http.RoundTripper) *OAuth {
	var settings Settings
	require.NoError(t, settings.SetHTTPClient(&http.Client{Transport: transport}))
	return &OAuth{
		ClientID:     "client-1",
		ClientSecret: testSecret,
		TokenURL:     "http://idp.example/token",
		Client:       settings.HTTPClient(),
	}
}

// idp hands out token-1, token-2 and so on, each living for life seconds, after thinking.
type idp struct {
	life     string
	thinking time.Duration
	down     atomic.Bool
	requests atomic.Int64
}

func (p *idp) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	number := p.requests.Add(1)
	select {
	case <-time.After(p.thinking):
	case <-request.Context().Done():
		return
	}
	if p.down.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"Bearer"`, number)
	if p.life != "" {
		_, _ = fmt.Fprintf(w, `,"expires_in":%s`, p.life)
	}
	_, _ = fmt.Fprint(w, "}")
}

// pass lets virtual time go by.
func pass(d time.Duration) { <-time.After(d) }

// tokenOf is what a request gets for its Authorization header.
func tokenOf(t *testing.T, ctx context.Context, o *OAuth) (string, error) {
	t.Helper()
	request, err := get(testURL)(ctx)
	require.NoError(t, err)
	credential, err := o.Apply(ctx, request)
	if err == nil {
		assert.Equal(t, "Bearer "+credential, request.Header.Get("Authorization"))
	} else {
		assert.Empty(t, request.Header.Get("Authorization"))
	}
	return credential, err
}

func TestOneRequestForATokenServesEverybodyWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		provider := &idp{life: "3600", thinking: time.Second}
		o := newOAuth(t, inMemory(t, provider.ServeHTTP))
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				token, err := tokenOf(t, t.Context(), o)
				assert.NoError(t, err)
				assert.Equal(t, "token-1", token)
			})
		}
		all.Wait()
		assert.Equal(t, int64(1), provider.requests.Load())
	})
}

func TestOneFailedRequestServesEverybodyWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		provider := &idp{thinking: time.Second}
		provider.down.Store(true)
		o := newOAuth(t, inMemory(t, provider.ServeHTTP))
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				_, err := tokenOf(t, t.Context(), o)
				assert.Error(t, err)
			})
		}
		all.Wait()
		assert.Equal(t, int64(1), provider.requests.Load(), "a token failure is not retried")

		provider.down.Store(false)
		token, err := tokenOf(t, t.Context(), o)
		require.NoError(t, err, "the next call may ask again")
		assert.Equal(t, "token-2", token)
	})
}

func TestATokenIsRenewedBeforeItExpires(t *testing.T) {
	for _, row := range []struct {
		name, life string
		kept       time.Duration
	}{
		{"an hour: a minute before", "3600", 59 * time.Minute},
		{"as a text", `"3600"`, 59 * time.Minute},
		{"ten minutes: a minute before", "600", 9 * time.Minute},
		{"five minutes: a minute before", "300", 4 * time.Minute},
		{"100 seconds: a fifth before", "100", 80 * time.Second},
		{"ten seconds: a fifth before", "10", 8 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				provider := &idp{life: row.life}
				o := newOAuth(t, inMemory(t, provider.ServeHTTP))
				for _, step := range []struct {
					wait time.Duration
					want string
				}{{0, "token-1"}, {row.kept - time.Millisecond, "token-1"}, {time.Millisecond, "token-2"}, {0, "token-2"}} {
					pass(step.wait)
					token, err := tokenOf(t, t.Context(), o)
					require.NoError(t, err)
					assert.Equal(t, step.want, token)
				}
			})
		})
	}
}

func TestATokenWithoutAnEndIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		provider := &idp{}
		o := newOAuth(t, inMemory(t, provider.ServeHTTP))
		for range 3 {
			token, err := tokenOf(t, t.Context(), o)
			require.NoError(t, err)
			assert.Equal(t, "token-1", token)
			pass(1000 * time.Hour)
		}
	})
}

func TestAFailedEarlyRenewalKeepsTheTokenWhileItLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		provider := &idp{life: "3600"}
		o := newOAuth(t, inMemory(t, provider.ServeHTTP))
		_, err := tokenOf(t, t.Context(), o)
		require.NoError(t, err)

		provider.down.Store(true)
		pass(time.Hour - time.Second)
		token, err := tokenOf(t, t.Context(), o)
		require.NoError(t, err)
		assert.Equal(t, "token-1", token)

		pass(time.Second)
		_, err = tokenOf(t, t.Context(), o)
		require.Error(t, err, "it has expired")
		assert.Equal(t, int64(3), provider.requests.Load())
	})
}

func TestARenewalIsNobodysOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		provider := &idp{life: "3600", thinking: 5 * time.Second}
		o := newOAuth(t, inMemory(t, provider.ServeHTTP))
		start := time.Now()
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var both sync.WaitGroup
		both.Go(func() {
			_, err := tokenOf(t, hasty, o)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, time.Second, time.Since(start), "whoever waits may give up")
		})
		synctest.Wait()
		both.Go(func() {
			token, err := tokenOf(t, t.Context(), o)
			assert.NoError(t, err)
			assert.Equal(t, "token-1", token)
			assert.Equal(t, 5*time.Second, time.Since(start), "the others get what was asked for")
		})
		both.Wait()
		assert.Equal(t, int64(1), provider.requests.Load())
	})
}

func TestARenewalIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOAuth(t, inMemory(t, silent))
		start := time.Now()
		_, err := tokenOf(t, t.Context(), o)
		var refusal *TokenError
		require.ErrorAs(t, err, &refusal)
		assert.False(t, refusal.Refused)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, tokenTimeout, time.Since(start))
	})
}

func TestATokenThatHasExpiredOnArrivalIsNoToken(t *testing.T) {
	for _, row := range []struct {
		life     string
		thinking time.Duration
	}{{life: "-1"}, {life: "-3600", thinking: time.Second}} {
		t.Run(row.life, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				provider := &idp{life: row.life, thinking: row.thinking}
				o := newOAuth(t, inMemory(t, provider.ServeHTTP))
				_, err := tokenOf(t, t.Context(), o)
				require.ErrorContains(t, err, "already expired")
				assert.Equal(t, int64(1), provider.requests.Load(), "asked once, not for ever")
			})
		})
	}
}

func TestForgettingDropsTheCurrentTokenAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		provider := &idp{life: "3600"}
		o := newOAuth(t, inMemory(t, provider.ServeHTTP))
		first, err := tokenOf(t, t.Context(), o)
		require.NoError(t, err)
		assert.True(t, o.Forget(first))
		second, err := tokenOf(t, t.Context(), o)
		require.NoError(t, err)
		assert.Equal(t, "token-2", second)

		assert.True(t, o.Forget(first), "a late answer to the first token")
		third, err := tokenOf(t, t.Context(), o)
		require.NoError(t, err)
		assert.Equal(t, second, third, "leaves the second one alone")
		assert.False(t, o.Forget(""), "nothing was refused where nothing was sent")
	})
}

func TestARefusedTokenIsReplacedOnceForAReadAndNeverForMoney(t *testing.T) {
	for _, row := range []struct {
		name  string
		money bool
		// stale is how many tokens the service refuses.
		stale    int64
		requests int64
		tokens   int64
		succeeds bool
	}{
		{"a read", false, 1, 2, 2, true},
		{"a read whose second token is refused too", false, 2, 2, 2, false},
		{"money", true, 1, 1, 1, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				provider := &idp{life: "3600"}
				o := newOAuth(t, inMemory(t, provider.ServeHTTP))
				var requests atomic.Int64
				r := newRig(t, roundTripper(func(request *http.Request) (*http.Response, error) {
					n := requests.Add(1)
					assert.Equal(t, fmt.Sprintf("Bearer token-%d", n), request.Header.Get("Authorization"))
					if n <= row.stale {
						return respond(401, ""), nil
					}
					return respond(200, ""), nil
				}), func(s *Settings) { s.Credentials = o })
				_, err := r.send(t.Context(), func(call *Call) { call.Money = row.money })
				assert.Equal(t, row.succeeds, err == nil)
				assert.Equal(t, row.requests, requests.Load())
				assert.Equal(t, row.tokens, provider.requests.Load())
				assert.Equal(t, !row.money, r.attempts[0].Repeated)

				_, err = tokenOf(t, t.Context(), o)
				require.NoError(t, err)
				assert.Equal(t, row.stale+1, provider.requests.Load(), "a refused token is not used again")
			})
		})
	}
}

// TestAFreshTokenIsTakenOutOfTexts covers the call that fetched the token itself.
func TestAFreshTokenIsTakenOutOfTexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOAuth(t, inMemory(t, (&idp{life: "3600"}).ServeHTTP))
		r := newRig(t, roundTripper(func(request *http.Request) (*http.Response, error) {
			return respond(400, "Not welcome: "+request.Header.Get("Authorization")), nil
		}), func(s *Settings) { s.Credentials = o })
		got, err := r.send(t.Context(), func(call *Call) { call.Money = true })
		require.Error(t, err)
		assert.Equal(t, "Not welcome: Bearer [redacted]", got.Excerpt())
		assert.Equal(t, "Bearer [redacted]", got.Scrub("Bearer token-1"))
	})
}
