package limits_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/internal/limits"
)

const (
	window = 10 * time.Minute
	span   = window + limits.Margin
)

func nobodyToTell(time.Duration) {}

// acquire takes a place that there must be, however long it takes.
func acquire(t *testing.T, l *limits.Limiter, row string) *limits.Request {
	t.Helper()
	request, err := l.Acquire(context.Background(), row, limits.Forever, nobodyToTell)
	require.NoError(t, err)
	return request
}

// spend makes so many requests that are answered at once.
func spend(t *testing.T, l *limits.Limiter, row string, n int) {
	t.Helper()
	for range n {
		acquire(t, l, row).Answered()
	}
}

// refused asks with that patience, and returns why there is no room.
func refused(t *testing.T, l *limits.Limiter, ctx context.Context, row string, patience time.Duration) *limits.Full {
	t.Helper()
	request, err := l.Acquire(ctx, row, patience, nobodyToTell)
	var full *limits.Full
	require.ErrorAs(t, err, &full)
	assert.Nil(t, request)
	return full
}

func TestWithoutLatencyAllGoAtOnceAndTheNextAWindowLater(t *testing.T) {
	for _, limit := range []int{1, 2, 20, 50} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := limits.New(window, map[string]int{"GetProducts": limit, "GetBalance": 1})
				begun := time.Now()
				for round := range 4 {
					for range limit {
						acquire(t, l, "GetProducts").Answered()
						assert.Equal(t, time.Duration(round)*span, time.Since(begun))
					}
				}
			})
		})
	}
}

func TestAPlaceIsFreeAWindowAfterItsAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limits.New(window, map[string]int{"GetProducts": 2})
		begun := time.Now()
		slow, quick := acquire(t, l, "GetProducts"), acquire(t, l, "GetProducts")
		time.Sleep(time.Second)
		quick.Answered()
		time.Sleep(time.Minute)
		slow.Answered()
		spend(t, l, "GetProducts", 1)
		assert.Equal(t, time.Second+span, time.Since(begun))
		spend(t, l, "GetProducts", 1)
		assert.Equal(t, time.Minute+time.Second+span, time.Since(begun))
	})
}

func TestRowsAreCountedApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limits.New(window, map[string]int{"GetProducts": 1, "GetBalance": 1})
		spend(t, l, "GetProducts", 1)
		refused(t, l, t.Context(), "GetProducts", time.Minute)
		spend(t, l, "GetBalance", 1)
	})
}

func TestWhatIsNotLimited(t *testing.T) {
	var none *limits.Limiter
	for name, l := range map[string]*limits.Limiter{
		"no limiter": none, "no row": limits.New(window, nil), "no limit": limits.New(window, map[string]int{"SendTransfer": 0}),
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel() // nobody asks
			for range 1000 {
				request, err := l.Acquire(ctx, "SendTransfer", 0, nil)
				require.NoError(t, err)
				request.Repeated()
				request.Answered()
				request.Return()
				request.GivenUp(time.Now())
				request.Refused(time.Minute)
			}
			l.Reset(l.Mark())
			assert.Zero(t, l.Pace("SendTransfer", time.Now()))
		})
	}
}

func TestThoseWhoWaitAreServedInTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, waiters = 5, 42
		l := limits.New(window, map[string]int{"GetProducts": limit})
		spend(t, l, "GetProducts", limit)
		begun := time.Now()
		var mu sync.Mutex
		var order []int
		var all sync.WaitGroup
		for i := range waiters {
			all.Go(func() {
				var told time.Duration
				request, err := l.Acquire(t.Context(), "GetProducts", limits.Forever, func(wait time.Duration) { told = wait })
				assert.NoError(t, err)
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
				request.Answered()
				assert.Equal(t, time.Duration(1+i/limit)*span, time.Since(begun), "waiter %d", i)
				assert.Equal(t, told, time.Since(begun), "it is told so before")
			})
			synctest.Wait()
		}
		all.Wait()
		for i, group := range order {
			assert.Equal(t, i/limit, group/limit, "in its turn")
		}
	})
}

func TestNobodyIsKeptWaitingForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limits.New(window, map[string]int{"GetProducts": 3})
		spend(t, l, "GetProducts", 1)
		time.Sleep(time.Minute)
		spend(t, l, "GetProducts", 2)

		full := refused(t, l, t.Context(), "GetProducts", 9*time.Minute)
		assert.Equal(t, &limits.Full{Row: "GetProducts", Limit: 3, Until: time.Now().Add(span - time.Minute), Wait: span - time.Minute}, full)
		assert.EqualError(t, full, "the 3 requests of GetProducts are used up until "+full.Until.UTC().Format(time.RFC3339))

		// The first who waits gets that place; the next one has to wait for another.
		go spend(t, l, "GetProducts", 1)
		synctest.Wait()
		assert.Equal(t, span, refused(t, l, t.Context(), "GetProducts", span-1).Wait)

		for name, deadline := range map[string]time.Duration{"before": span - time.Second, "just then": span} {
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			assert.Equal(t, span, refused(t, l, ctx, "GetProducts", limits.Forever).Wait, "a deadline %s", name)
			cancel()
		}
		begun := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), span+1)
		defer cancel()
		_, err := l.Acquire(ctx, "GetProducts", span, nobodyToTell)
		require.NoError(t, err, "just enough patience, and a deadline that leaves room")
		assert.Equal(t, span, time.Since(begun))
	})
}

func TestAnAnswerThatTakesItsTimeEndsPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limits.New(window, map[string]int{"GetProducts": 1})
		slow := acquire(t, l, "GetProducts")
		time.AfterFunc(time.Minute, slow.Answered)
		begun := time.Now()
		full := refused(t, l, t.Context(), "GetProducts", span+time.Second)
		assert.Equal(t, span+time.Second, time.Since(begun))
		assert.Equal(t, 59*time.Second, full.Wait)
		spend(t, l, "GetProducts", 1)
		assert.Equal(t, span+time.Minute, time.Since(begun))
	})
}

func TestWhoLosesPatienceIsToldOfThoseBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limits.New(window, map[string]int{"GetProducts": 1})
		slow := acquire(t, l, "GetProducts")
		go spend(t, l, "GetProducts", 1)
		synctest.Wait()
		begun := time.Now()
		assert.Equal(t, 2*span, refused(t, l, t.Context(), "GetProducts", 2*span).Wait, "still as long as in the beginning")
		assert.Equal(t, 2*span, time.Since(begun))
		slow.Return()
	})
}

func TestWhoLeavesTheQueueHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limits.New(window, map[string]int{"GetProducts": 1})
		spend(t, l, "GetProducts", 1)
		begun := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			_, err := l.Acquire(ctx, "GetProducts", limits.Forever, nobodyToTell)
			assert.ErrorIs(t, err, context.Canceled)
		}()
		synctest.Wait()
		time.AfterFunc(time.Minute, cancel)
		spend(t, l, "GetProducts", 1)
		assert.Equal(t, span, time.Since(begun))
		_, err := l.Acquire(ctx, "GetProducts", limits.Forever, nobodyToTell)
		assert.ErrorIs(t, err, context.Canceled, "and who has gone before does not wait at all")
	})
}

func TestRoomAtTheLastMomentIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limits.New(window, map[string]int{"GetProducts": 1})
		for range 50 { // which of two things that happen at once is seen first is a matter of chance
			held := acquire(t, l, "GetProducts")
			ctx, cancel := context.WithCancel(t.Context())
			got := make(chan *limits.Request)
			go func() {
				request, err := l.Acquire(ctx, "GetProducts", limits.Forever, nobodyToTell)
				assert.NoError(t, err)
				got <- request
			}()
			synctest.Wait()
			held.Return()
			cancel()
			request := <-got
			require.NotNil(t, request)
			request.Return()
		}
	})
}

// TestNoPlaceIsLostWhereThousandsComeAndGo: most of them lose patience, some at the moment at which there is room.
func TestNoPlaceIsLostWhereThousandsComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, crowd = 50, 5000
		l := limits.New(window, map[string]int{"GetProducts": limit})
		dice := rand.New(rand.NewPCG(1, 2))
		var all sync.WaitGroup
		for range crowd {
			// Of whole windows, so that many leave just when others are let in.
			lasts, patience := time.Duration(dice.IntN(20))*span, time.Duration(1+dice.IntN(20))*span
			if dice.IntN(3) == 0 {
				patience = limits.Forever
			}
			all.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				defer time.AfterFunc(lasts, cancel).Stop()
				request, err := l.Acquire(ctx, "GetProducts", patience, nobodyToTell)
				if err == nil {
					request.Answered()
				}
			})
		}
		all.Wait()
		time.Sleep(span)
		begun := time.Now()
		spend(t, l, "GetProducts", limit)
		assert.Equal(t, begun, time.Now(), "all places are there")
		assert.Equal(t, span, refused(t, l, t.Context(), "GetProducts", 0).Wait, "and no more")
	})
}

func TestWhatDidNotLeaveDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limits.New(window, map[string]int{"GetProducts": 1})
		begun := time.Now()
		held := acquire(t, l, "GetProducts")
		time.AfterFunc(time.Second, held.Return)
		request := acquire(t, l, "GetProducts")
		assert.Equal(t, time.Second, time.Since(begun))
		request.Answered()
		request.Return()
		request.Answered()
		assert.Equal(t, span, refused(t, l, t.Context(), "GetProducts", 0).Wait, "what is answered stays so, once")
	})
}

func TestARepetitionThatNobodyAskedForCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limits.New(window, map[string]int{"GetProducts": 2})
		spend(t, l, "GetProducts", 1)
		time.Sleep(time.Minute)
		request := acquire(t, l, "GetProducts")
		request.Repeated()
		request.Answered()
		request.Repeated()
		begun := time.Now()
		spend(t, l, "GetProducts", 1)
		assert.Equal(t, span, time.Since(begun), "three have left, so the oldest makes no room")
		time.Sleep(span)
		begun = time.Now()
		spend(t, l, "GetProducts", 2)
		assert.Equal(t, begun, time.Now(), "and none of them is counted for ever")
	})
}

func TestAResetForgetsWhatWasAnsweredBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limits.New(window, map[string]int{"GetProducts": 3, "GetBalance": 1})
		spend(t, l, "GetProducts", 1)
		spend(t, l, "GetBalance", 1)
		underway := acquire(t, l, "GetProducts")
		mark := l.Mark() // a transfer is begun
		spend(t, l, "GetProducts", 1)
		refused(t, l, t.Context(), "GetProducts", 0)

		begun := time.Now()
		time.AfterFunc(time.Minute, func() { l.Reset(mark) })
		spend(t, l, "GetProducts", 1)
		assert.Equal(t, time.Minute, time.Since(begun), "who waits is served at once")
		spend(t, l, "GetBalance", 1)
		assert.Equal(t, time.Minute, time.Since(begun), "in every row")

		// The one under way and the one answered meanwhile count on, as may those that were begun since.
		refused(t, l, t.Context(), "GetProducts", 0)
		underway.Answered()
		l.Reset(mark)
		assert.Equal(t, span-time.Minute, refused(t, l, t.Context(), "GetProducts", 0).Wait)
		l.Reset(l.Mark())
		spend(t, l, "GetProducts", 3)
	})
}

func TestOneThatWasGivenUpCountsFromWhenItMayHaveArrived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limits.New(window, map[string]int{"GetProducts": 3})
		begun := time.Now()
		acquire(t, l, "GetProducts").GivenUp(begun.Add(time.Minute))
		time.Sleep(time.Second)
		acquire(t, l, "GetProducts").GivenUp(begun) // which is past
		acquire(t, l, "GetProducts").GivenUp(begun.Add(30 * time.Second))
		spend(t, l, "GetProducts", 1)
		assert.Equal(t, time.Second+span, time.Since(begun))
		spend(t, l, "GetProducts", 1)
		assert.Equal(t, 30*time.Second+span, time.Since(begun))
		spend(t, l, "GetProducts", 1)
		assert.Equal(t, time.Minute+span, time.Since(begun))
	})
}

func TestAResetKeepsOneThatMayArriveLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limits.New(window, map[string]int{"GetProducts": 2})
		spend(t, l, "GetProducts", 1)
		acquire(t, l, "GetProducts").GivenUp(time.Now().Add(time.Minute))
		l.Reset(l.Mark())
		spend(t, l, "GetProducts", 1)
		assert.Equal(t, span, refused(t, l, t.Context(), "GetProducts", 0).Wait)
		time.Sleep(time.Minute)
		l.Reset(l.Mark())
		spend(t, l, "GetProducts", 2)
	})
}

func TestWhatTheServiceRefusesIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limits.New(window, map[string]int{"GetProducts": 4, "GetBalance": 1})
		begun := time.Now()
		request := acquire(t, l, "GetProducts")
		request.Answered()
		request.Refused(0)
		spend(t, l, "GetProducts", 1)
		request.Refused(5 * time.Minute)
		request.Refused(time.Minute) // which is no news
		full := refused(t, l, t.Context(), "GetProducts", time.Minute)
		assert.Equal(t, &limits.Full{Row: "GetProducts", Limit: 4, Until: begun.Add(5 * time.Minute), Wait: 5 * time.Minute}, full)
		assert.Equal(t, 5*time.Minute, l.Pace("GetProducts", time.Time{}))
		spend(t, l, "GetBalance", 1)

		spend(t, l, "GetProducts", 2)
		assert.Equal(t, 5*time.Minute, time.Since(begun), "then there is room for as many as are left")
		spend(t, l, "GetProducts", 1)
		assert.Equal(t, span, time.Since(begun))

		l.Reset(l.Mark())
		request.Refused(5 * time.Minute)
		time.AfterFunc(time.Minute, func() { l.Reset(l.Mark()) })
		begun = time.Now()
		spend(t, l, "GetProducts", 4)
		assert.Equal(t, time.Minute, time.Since(begun), "a transfer opens it")

		l.Reset(l.Mark())
		request.Refused(time.Minute)
		begun = time.Now()
		spend(t, l, "GetProducts", 4)
		assert.Equal(t, time.Minute, time.Since(begun), "and so does time, though nothing is counted")

		l.Reset(l.Mark())
		request.Refused(24 * time.Hour)
		assert.Equal(t, span, refused(t, l, t.Context(), "GetProducts", 0).Wait, "not for longer than a window")
	})
}

func TestThoseWhoWaitForeverGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limits.New(window, map[string]int{"GetProducts": 1})
		spend(t, l, "GetProducts", 1)
		var order []string
		var all sync.WaitGroup
		wait := func(name string, patience time.Duration) {
			all.Go(func() {
				request, err := l.Acquire(t.Context(), "GetProducts", patience, nobodyToTell)
				assert.NoError(t, err)
				order = append(order, name) // one at a time
				request.Answered()
			})
			synctest.Wait()
		}
		wait("user 1", time.Hour)
		wait("user 2", time.Hour)
		wait("look-up 1", limits.Forever)
		wait("look-up 2", limits.Forever)
		wait("user 3", 5*span)
		assert.Equal(t, 6*span, refused(t, l, t.Context(), "GetProducts", 6*span-1).Wait, "behind all of them")
		soon, cancel := context.WithTimeout(t.Context(), 3*span)
		assert.Equal(t, 3*span, refused(t, l, soon, "GetProducts", limits.Forever).Wait, "behind the look-ups")
		cancel()
		all.Wait()
		assert.Equal(t, []string{"look-up 1", "look-up 2", "user 1", "user 2", "user 3"}, order)
	})
}

func TestThePaceLeavesRoomForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limits.New(window, map[string]int{"ListTransferRecords": 50})
		begun, last, most := time.Now(), time.Time{}, 50
		for n := range 200 {
			for pause := l.Pace("ListTransferRecords", last); pause > 0; pause = l.Pace("ListTransferRecords", last) {
				time.Sleep(pause)
			}
			if n < 25 {
				assert.Equal(t, begun, time.Now(), "half of the limit is used at once")
			} else if n > 26 {
				assert.NotEqual(t, begun, time.Now(), "and no more")
			}
			last = time.Now()
			// Somebody else finds room all the time, except for the very last of it.
			other, err := l.Acquire(t.Context(), "ListTransferRecords", 0, nobodyToTell)
			require.NoError(t, err, "request %d", n)
			other.Return()
			spend(t, l, "ListTransferRecords", 1)
			most--
		}
		assert.Less(t, time.Since(begun), 200/50*span, "and the window is not wasted")
	})
}

func TestThePaceWaitsWhereThereIsNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limits.New(window, map[string]int{"ListTransferRecords": 2})
		first, second := acquire(t, l, "ListTransferRecords"), acquire(t, l, "ListTransferRecords")
		assert.Equal(t, span, l.Pace("ListTransferRecords", time.Time{}), "all are under way")
		first.Return()
		second.Answered()
		assert.Zero(t, l.Pace("ListTransferRecords", time.Time{}))
	})
}
