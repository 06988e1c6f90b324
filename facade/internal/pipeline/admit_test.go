// What a usage limit means for a call: how long it waits for room, what counts, and how it ends if there is none.

package pipeline

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/limits"
)

const (
	usageWindow = 10 * time.Minute
	usageSpan   = usageWindow + limits.Margin
)

// allowing limits GetThings.
func allowing(limit int, change ...func(*Settings)) func(*Settings) {
	return func(s *Settings) {
		s.Limits = limits.New(usageWindow, map[string]int{"GetThings": limit})
		for _, c := range change {
			c(s)
		}
	}
}

// patience is how long calls wait for room.
func patience(longest time.Duration) func(*Settings) {
	return func(s *Settings) { s.Retry.MaxRetryAfter = longest }
}

func limited(call *Call) { call.Usage = "GetThings" }

// left returns how many more requests there is room for at once.
func left(t *testing.T, r *rig) int {
	t.Helper()
	var taken []*limits.Request
	for {
		place, err := r.settings.Limits.Acquire(t.Context(), "GetThings", 0, nil)
		if err != nil {
			break
		}
		taken = append(taken, place)
	}
	for _, place := range taken {
		place.Return()
	}
	return len(taken)
}

func ok200() *http.Response { return respond(200, "{}") }

func TestACallWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, scripted(t, ok200(), ok200()), allowing(1, patience(usageSpan)))
		begun := time.Now()
		_, err := r.send(t.Context(), limited)
		require.NoError(t, err)
		assert.Zero(t, time.Since(begun))
		assert.NotContains(t, r.seen(), "waiting")

		_, err = r.send(t.Context(), limited)
		require.NoError(t, err)
		assert.Equal(t, usageSpan, time.Since(begun))
		assert.Contains(t, r.log.String(), `"level":"INFO","msg":"waiting for the usage limit","service":"test","operation":"GetThings","correlationId":"corr-1","wait":601000000000}`)
		require.Len(t, r.attempts, 2)
		assert.Zero(t, r.attempts[1].Duration, "the wait is no part of the attempt")
	})
}

func TestAShortWaitIsNotWorthTelling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, scripted(t, ok200(), ok200()), allowing(1, patience(usageSpan)))
		_, err := r.send(t.Context(), limited)
		require.NoError(t, err)
		time.Sleep(usageWindow)
		_, err = r.send(t.Context(), limited)
		require.NoError(t, err)
		assert.NotContains(t, r.seen(), "waiting")
	})
}

func TestWhereThereIsNoRoomNothingIsSent(t *testing.T) {
	for name, tc := range map[string]struct {
		deadline time.Duration
		change   func(*Call)
	}{
		"beyond the policy":              {0, limited},
		"beyond the context's deadline":  {30 * time.Second, limited},
		"for a call that moves money":    {0, func(call *Call) { limited(call); money(testURL)(call) }},
		"for a patient one, the context": {30 * time.Second, func(call *Call) { limited(call); call.Patient = true }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, scripted(t, ok200()), allowing(1))
				_, err := r.send(t.Context(), limited)
				require.NoError(t, err)
				begun := time.Now()
				ctx := t.Context()
				if tc.deadline > 0 {
					limitedCtx, cancel := context.WithTimeout(ctx, tc.deadline)
					defer cancel()
					ctx = limitedCtx
				}

				answer, err := r.send(ctx, tc.change)

				var full *limits.Full
				require.ErrorAs(t, err, &full)
				assert.Equal(t, begun.Add(usageSpan), full.Until)
				assert.Equal(t, Limited, answer.Failure)
				assert.Equal(t, usageSpan, answer.RetryAfter)
				assert.Zero(t, answer.Attempt)
				assert.Zero(t, time.Since(begun), "at once")
				assert.Len(t, r.attempts, 1, "nothing was attempted")
				assert.Contains(t, r.log.String(), `"msg":"call failed: a usage limit leaves no room"`)
				assert.NotContains(t, r.seen(), testKey)
			})
		})
	}
}

func TestEveryAttemptCounts(t *testing.T) {
	unavailable := func() *http.Response { return respond(503, "") }
	for name, tc := range map[string]struct {
		responses []*http.Response
		left      int
	}{
		"one":                             {[]*http.Response{ok200()}, 9},
		"its repetitions":                 {[]*http.Response{unavailable(), unavailable(), ok200()}, 7},
		"the one with a fresh token":      {[]*http.Response{respond(401, ""), ok200()}, 8},
		"one that was refused":            {[]*http.Response{respond(429, "", "Retry-After", "3600")}, 9},
		"one whose answer was a redirect": {[]*http.Response{respond(302, ""), respond(302, ""), respond(302, ""), respond(302, "")}, 6},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, scripted(t, tc.responses...), allowing(10, func(s *Settings) { s.Credentials = &renewable{} }))
				_, _ = r.send(t.Context(), limited)
				assert.Equal(t, tc.left, left(t, r))
			})
		})
	}
}

func TestWhatCannotHaveLeftDoesNotCount(t *testing.T) {
	noConnection := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("connection refused") }}
	once := func(s *Settings) { s.Retry = facade.RetryPolicy{MaxAttempts: 1} }
	for name, tc := range map[string]struct {
		transport http.RoundTripper
		change    func(*Settings)
		left      int
	}{
		"no connection": {noConnection, once, 10},
		"no token":      {noConnection, func(s *Settings) { once(s); s.Credentials = &renewable{err: &TokenError{Reason: "not now"}} }, 10},
		"who knows": {roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") }),
			once, 9},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, tc.transport, allowing(10, tc.change))
				_, err := r.send(t.Context(), limited)
				require.Error(t, err)
				assert.Equal(t, tc.left, left(t, r))
			})
		})
	}
}

func TestALostAnswerCountsFromTheEndOfItsAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, inMemory(t, func(_ http.ResponseWriter, request *http.Request) { <-request.Context().Done() }),
			allowing(1, patience(usageSpan), func(s *Settings) { s.Retry.MaxAttempts, s.Retry.ReadTimeout = 1, time.Minute }))
		_, err := r.send(t.Context(), limited)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		begun := time.Now()
		_, err = r.send(t.Context(), limited)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, usageSpan+time.Minute, time.Since(begun), "the wait does not use up the attempt's own time")
	})
}

// TestOneThatItsCallerGaveUpCountsAsIfItHadTimedOut: it may still be on its way.
func TestOneThatItsCallerGaveUpCountsAsIfItHadTimedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, inMemory(t, func(_ http.ResponseWriter, request *http.Request) { <-request.Context().Done() }),
			allowing(1, patience(time.Hour), func(s *Settings) { s.Retry.MaxAttempts, s.Retry.ReadTimeout = 1, time.Minute }))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		_, err := r.send(ctx, limited)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(begun))
		_, err = r.send(t.Context(), limited)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Minute+usageSpan+time.Minute, time.Since(begun))
	})
}

func TestAConnectionThatBreaksIsNotGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("connection reset") }),
			allowing(1, patience(time.Hour), func(s *Settings) { s.Retry.MaxAttempts = 1 }))
		begun := time.Now()
		for range 2 {
			_, err := r.send(t.Context(), limited)
			require.Error(t, err)
		}
		assert.Equal(t, usageSpan, time.Since(begun))
	})
}

// TestARefusalForTheUsageLimitIsForAll: those who come meanwhile wait as long as the one who was refused.
func TestARefusalForTheUsageLimitIsForAll(t *testing.T) {
	for name, usedUp := range map[string]bool{"the limit": true, "something else": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, scripted(t, respond(429, "", "Retry-After", "30"), ok200(), ok200()), allowing(10))
				begun := time.Now()
				var all sync.WaitGroup
				all.Go(func() {
					_, err := r.send(t.Context(), func(call *Call) {
						limited(call)
						judge := call.Judge
						call.Judge = func(a Answer) Verdict {
							verdict := judge(a)
							verdict.UsedUp = usedUp && a.Status == 429
							return verdict
						}
					})
					assert.NoError(t, err)
					assert.Equal(t, 30*time.Second, time.Since(begun))
				})
				synctest.Wait()
				assert.Equal(t, usedUp, left(t, r) == 0)
				all.Wait()
				assert.Equal(t, 8, left(t, r), "every attempt counts")
			})
		})
	}
}

func TestAnAnswerCountsFromItsHead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, inMemory(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(200)
			_ = http.NewResponseController(w).Flush()
			time.Sleep(30 * time.Second) // a long body
		}), allowing(1, patience(usageSpan)))
		begun := time.Now()
		_, err := r.send(t.Context(), limited)
		require.NoError(t, err)
		_, err = r.send(t.Context(), limited)
		require.NoError(t, err)
		assert.Equal(t, usageSpan+30*time.Second, time.Since(begun))
	})
}

func TestAContextThatEndsWhileACallWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, scripted(t, ok200()), allowing(1, patience(usageSpan)))
		_, err := r.send(t.Context(), limited)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		begun := time.Now()
		answer, err := r.send(ctx, limited)
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, NotSent, answer.Failure)
		assert.Equal(t, time.Minute, time.Since(begun))
	})
}

func TestAPatientCallWaitsLongerThanThePolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, scripted(t, ok200(), ok200()), allowing(1))
		begun := time.Now()
		for range 2 {
			_, err := r.send(t.Context(), func(call *Call) { limited(call); call.Patient = true })
			require.NoError(t, err)
		}
		assert.Equal(t, usageSpan, time.Since(begun))
	})
}

func TestARepetitionWithoutRoomSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, scripted(t, respond(503, "")), allowing(1))
		answer, err := r.send(t.Context(), limited)
		var full *limits.Full
		require.ErrorAs(t, err, &full)
		assert.Equal(t, Limited, answer.Failure)
		assert.Equal(t, 1, answer.Attempt, "one was made")
	})
}

func TestASuccessThatResetsTheLimitsForgetsWhatWasAnsweredBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var during func()
		r := newRig(t, roundTripper(func(request *http.Request) (*http.Response, error) {
			if request.Method == http.MethodPost {
				during()
			}
			response := ok200()
			response.Request = request
			return response, nil
		}), allowing(10))
		read := func() {
			_, err := r.send(t.Context(), limited)
			require.NoError(t, err)
		}
		pay := func(call *Call) {
			money(testURL)(call)
			call.Judge = func(Answer) Verdict { return Verdict{ResetsUsage: true} }
		}
		read()
		read()
		during = func() { read(); read(); read() }
		_, err := r.send(t.Context(), pay)
		require.NoError(t, err)
		assert.Equal(t, 7, left(t, r), "those in the meantime may have come later than the reset")
		during = func() {}
		_, err = r.send(t.Context(), pay)
		require.NoError(t, err)
		assert.Equal(t, 10, left(t, r))
	})
}

// TestWhatTheTransportRepeatsCounts: net/http sends a GET again by itself if a kept connection turns out to have died.
func TestWhatTheTransportRepeatsCounts(t *testing.T) {
	var mu sync.Mutex
	arrived := 0
	url := rawServer(t, func(connection net.Conn) {
		buffer := make([]byte, 4096)
		for first := true; ; first = false {
			n, err := connection.Read(buffer)
			if err != nil || !strings.Contains(string(buffer[:n]), "\r\n\r\n") {
				return
			}
			mu.Lock()
			arrived++
			mu.Unlock()
			if !first {
				return // it has died, as far as the client can tell
			}
			_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
		}
	})
	r := newRig(t, ownTransport(t), allowing(10))
	for range 2 {
		_, err := r.send(t.Context(), func(call *Call) { limited(call); call.Build = get(url) })
		require.NoError(t, err)
	}
	assert.Len(t, r.attempts, 2)
	assert.Equal(t, 3, arrived)
	assert.Equal(t, 7, left(t, r))
}
