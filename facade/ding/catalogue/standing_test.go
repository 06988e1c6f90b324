// When readers have to wait, and when they need not: while the service fails or is slow, and something older stands in.

package catalogue

import (
	"bytes"
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
)

// slowly answers after so long.
func slowly(after time.Duration, answer func(int, http.ResponseWriter, *http.Request)) func(int, http.ResponseWriter, *http.Request) {
	return func(n int, w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(after):
			answer(n, w, r)
		case <-r.Context().Done():
		}
	}
}

func TestASnapshotStandsInForAServiceThatFailsAlready(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		_, snapshot := saved(t, s)
		time.Sleep(5 * time.Hour)
		s.on("GetProducts", comeBackIn("600"))
		c := s.catalogue()
		_, err := c.Data(t.Context())
		require.ErrorContains(t, err, "the products could not be loaded")
		asked := s.total()
		require.NoError(t, c.Load(bytes.NewReader(snapshot)))
		_, err = c.Data(t.Context())
		require.NoError(t, err, "the products are two hours over their time")
		assert.Equal(t, asked, s.total(), "the service is spared all the same")
	})
	virtually(t, func(t *testing.T) {
		s := count(t)
		_, snapshot := saved(t, s)
		time.Sleep(5 * time.Hour)
		s.on("GetProducts", says(401, 4, "AuthenticationFailed"))
		c := s.catalogue()
		_, err := c.Data(t.Context())
		require.Error(t, err)
		require.NoError(t, c.Load(bytes.NewReader(snapshot)))
		_, err = c.Data(t.Context())
		require.ErrorIs(t, err, ding.CodeAuthenticationFailed, "nothing stands in for a refusal")
	})
}

func TestWithTheBackgroundReadersDoNotWaitForAServiceThatHangs(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.head("Cache-Control", "max-age=600")
		c := s.catalogue(WithBackgroundRefresh())
		_, err := c.Data(t.Context())
		require.NoError(t, err)
		s.on("GetProducts", slowly(20*time.Second, overloaded))
		for range 60 {
			time.Sleep(time.Minute)
			begun := time.Now()
			_, err := c.Data(t.Context())
			require.NoError(t, err)
			assert.Equal(t, begun, time.Now(), "it stands in at once")
		}
		s.on("GetProducts", nil)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		for _, holding := range c.Holdings() {
			assert.NoError(t, holding.Err, holding.Part)
			assert.True(t, time.Now().Before(holding.FreshUntil), "%s: the background found out that the service is back", holding.Part)
		}
	})
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.head("Cache-Control", "max-age=600")
		c := s.catalogue(WithBackgroundRefresh(), WithStaleIfError(time.Hour))
		_, err := c.Data(t.Context())
		require.NoError(t, err)
		s.on("GetProducts", overloaded)
		time.Sleep(time.Hour + 599*time.Second)
		_, err = c.Data(t.Context())
		require.NoError(t, err)
		time.Sleep(time.Second)
		_, err = c.Data(t.Context())
		require.ErrorContains(t, err, "the products could not be loaded", "not for longer than is allowed")
	})
}

func TestWithTheBackgroundALoadGoesOnThoughItsCallersLeave(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.on("GetProducts", slowly(10*time.Second, func(_ int, w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(s.bodies["GetProducts"]) }))
		c := s.catalogue(WithBackgroundRefresh())
		call := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			_, err := c.Data(ctx)
			return err
		}
		for range 3 {
			require.ErrorIs(t, call(), context.DeadlineExceeded)
			time.Sleep(time.Millisecond)
		}
		require.NoError(t, call())
		assert.Len(t, s.requests("GetProducts"), 1)
	})
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.on("GetProducts", slowly(time.Hour, overloaded))
		c := s.catalogue(WithBackgroundRefresh())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Data(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		begun := time.Now()
		require.NoError(t, c.Close(), "which ends it")
		assert.Equal(t, begun, time.Now())
	})
}

func TestTheBackgroundHeedsALifetimeThatBecameShorter(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.head("Cache-Control", "max-age=36000")
		c := s.catalogue(WithBackgroundRefresh())
		_, err := c.Data(t.Context())
		require.NoError(t, err)
		s.head("Cache-Control", "max-age=600")
		require.NoError(t, c.Refresh(t.Context()))
		time.Sleep(541 * time.Second)
		synctest.Wait()
		assert.Len(t, s.requests("GetProducts"), 3)
	})
}

func TestTheTimeOfAttemptsThatFailedIsNoAge(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		s.on("GetProducts", func(n int, w http.ResponseWriter, r *http.Request) {
			if n == 1 {
				comeBackIn("30")(n, w, r)
				return
			}
			w.Header().Set("Cache-Control", "max-age=60")
			_, _ = w.Write(s.bodies["GetProducts"])
		})
		c, err := New(s.ding(ding.WithRetryPolicy(facade.RetryPolicy{MaxAttempts: 2, MaxRetryAfter: time.Minute})))
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		_, err = c.Data(t.Context())
		require.NoError(t, err)
		for _, asked := range []int{2, 3} {
			time.Sleep(30 * time.Second)
			_, err = c.Data(t.Context())
			require.NoError(t, err)
			assert.Len(t, s.requests("GetProducts"), asked)
		}
	})
}
