// Tests of what makes several deliveries one: who shares whose result, what is remembered, and what is forgotten.

package inbound_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/internal/inbound"
)

func TestKeysTellPartsApart(t *testing.T) {
	keys := map[inbound.Key]string{}
	for _, parts := range [][]string{nil, {""}, {"", ""}, {"ab"}, {"a", "b"}, {"", "ab"}, {"ab", ""}, {"b", "a"}, {"a\x00b"}} {
		key := inbound.KeyOf(parts...)
		assert.Equal(t, key, inbound.KeyOf(parts...))
		assert.Empty(t, keys[key], "%q", parts)
		keys[key] = fmt.Sprintf("%q", parts)
	}
}

// sharedBy has so many goroutines deliver the same while the first one's take runs, and returns their errors.
func sharedBy(t *testing.T, deliveries int, take func() error) (calls int, errs []error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		once, key := inbound.NewOnce(10, time.Hour), inbound.KeyOf("same")
		var called atomic.Int32
		var waiting sync.WaitGroup
		var mu sync.Mutex
		for range deliveries {
			waiting.Go(func() {
				defer func() { _ = recover() }()
				err := once.Do(t.Context(), key, func() error {
					called.Add(1)
					time.Sleep(time.Minute)
					return take()
				})
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			})
		}
		waiting.Wait()
		calls = int(called.Load())
		assert.Equal(t, 100, deliveries)
	})
	return calls, errs
}

func TestConcurrentDeliveriesShareOneRun(t *testing.T) {
	failed := errors.New("the database is gone")
	for _, result := range []error{nil, failed} {
		calls, errs := sharedBy(t, 100, func() error { return result })
		assert.Equal(t, 1, calls)
		require.Len(t, errs, 100)
		for _, err := range errs {
			assert.Equal(t, result, err)
		}
	}
}

func TestWhoSharesAPanicGetsAnError(t *testing.T) {
	for name, end := range map[string]func() error{
		"a panic":                  func() error { panic("s3cret") },
		"the end of the goroutine": func() error { runtime.Goexit(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			calls, errs := sharedBy(t, 100, end)
			assert.Equal(t, 1, calls)
			require.Len(t, errs, 99, "the panic went to its own")
			for _, err := range errs {
				assert.ErrorContains(t, err, "ended in a panic")
				assert.NotContains(t, err.Error(), "s3cret")
			}
		})
	}
}

func TestOnlyWhatWasTakenIsRemembered(t *testing.T) {
	once, key := inbound.NewOnce(10, time.Hour), inbound.KeyOf("same")
	calls := 0
	for _, step := range []struct {
		err   error
		panic bool
		calls int
	}{{err: errors.New("no"), calls: 1}, {panic: true, calls: 2}, {err: errors.New("no"), calls: 3}, {calls: 4}, {calls: 4}, {panic: true, calls: 4}} {
		func() {
			defer func() { _ = recover() }()
			err := once.Do(t.Context(), key, func() error {
				calls++
				if step.panic {
					panic("no")
				}
				return step.err
			})
			assert.Equal(t, step.err, err)
		}()
		assert.Equal(t, step.calls, calls)
	}
}

func TestWhatIsRememberedIsForgottenAfterTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		once, key := inbound.NewOnce(10, time.Minute), inbound.KeyOf("same")
		calls := 0
		for _, step := range []struct {
			at    time.Duration
			calls int
		}{{0, 1}, {30 * time.Second, 1}, {time.Minute - 1, 1}, {time.Minute, 2}, {2*time.Minute - 1, 2}, {time.Hour, 3}} {
			time.Sleep(step.at - time.Since(start))
			require.NoError(t, once.Do(t.Context(), key, func() error { calls++; return nil }))
			assert.Equal(t, step.calls, calls, "at %v: repeats do not make the window longer", step.at)
		}
	})
}

// start is when every bubble begins.
var start = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func TestTheOldestIsForgottenFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, limit := range []int{0, 1, 3} {
			once := inbound.NewOnce(limit, time.Hour)
			deliver := func(name string) (called bool) {
				require.NoError(t, once.Do(t.Context(), inbound.KeyOf(name), func() error { called = true; return nil }))
				return called
			}
			for i := range 10 {
				assert.True(t, deliver(fmt.Sprint(i)))
				for back := range min(limit, i+1) {
					assert.False(t, deliver(fmt.Sprint(i-back)), "limit %d: the latest are remembered", limit)
				}
			}
			assert.True(t, deliver(fmt.Sprint(9-limit)), "limit %d", limit)
		}
	})
}

func TestWhoCannotWaitAnyLongerIsToldToComeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		once, key := inbound.NewOnce(10, time.Hour), inbound.KeyOf("same")
		var first sync.WaitGroup
		first.Go(func() {
			assert.NoError(t, once.Do(t.Context(), key, func() error { time.Sleep(time.Minute); return nil }))
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		begun := time.Now()
		err := once.Do(ctx, key, func() error { t.Error("it is being taken"); return nil })
		var refusal *inbound.Refusal
		require.ErrorAs(t, err, &refusal)
		assert.Equal(t, http.StatusServiceUnavailable, refusal.Status)
		assert.Equal(t, 10*time.Second, refusal.RetryAfter)
		assert.Equal(t, 30*time.Second, time.Since(begun))
		first.Wait()
		assert.NoError(t, once.Do(ctx, key, func() error { t.Error("it was taken"); return nil }))
	})
}

func TestManyKeysAtOnceAreTakenOnceEach(t *testing.T) {
	once := inbound.NewOnce(1000, time.Hour)
	var calls [50]atomic.Int32
	var waiting sync.WaitGroup
	for range 8 {
		waiting.Go(func() {
			for i := range calls {
				assert.NoError(t, once.Do(t.Context(), inbound.KeyOf(fmt.Sprint(i)), func() error { calls[i].Add(1); return nil }))
			}
		})
	}
	waiting.Wait()
	for i := range calls {
		assert.EqualValues(t, 1, calls[i].Load())
	}
}

func TestWhatWasTakenIsKnownForTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		once, key := inbound.NewOnce(10, time.Minute), inbound.KeyOf("a")
		assert.False(t, once.Took(key))
		assert.Error(t, once.Do(t.Context(), key, func() error { return errors.New("not now") }))
		assert.False(t, once.Took(key), "what failed was not taken")
		assert.NoError(t, once.Do(t.Context(), key, func() error {
			assert.False(t, once.Took(key), "nor is what is being taken")
			return nil
		}))
		assert.True(t, once.Took(key))
		time.Sleep(time.Minute)
		assert.False(t, once.Took(key))
	})
}
