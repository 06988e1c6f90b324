// Tests of the look-ups of many transfers at once: all that can be found is found, in few requests, and in step with the API's
// limit of 50 requests in ten minutes.

package ding

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/wire"
)

const window = UsageWindow

// atOnce is the pace of who has the list for themselves.
func atOnce(time.Time) time.Duration { return 0 }

// sendAll sends that many transfers at once, and counts how they end.
func sendAll(t *testing.T, client *Client, n int) map[facade.Outcome]int {
	t.Helper()
	var all sync.WaitGroup
	var mu sync.Mutex
	outcomes := map[facade.Outcome]int{}
	for i := range n {
		all.Go(func() {
			_, err := client.SendTransfer(t.Context(), order(fmt.Sprint("order-", i)))
			mu.Lock()
			defer mu.Unlock()
			outcomes[facade.OutcomeOf(err)]++
		})
	}
	all.Wait()
	return outcomes
}

func TestALoneLookUpAsksForItsReference(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: loseAfter(ProcessingStateComplete)})
		for i := range 250 {
			b.enter(order(fmt.Sprint("earlier-", i)), ProcessingStateComplete)
		}
		assert.Equal(t, 1, sendAll(t, b.newClient(), 1)[facade.OutcomeAccepted])
		assert.Equal(t, []ListTransferRecordsRequest{{DistributorRef: "order-0", Take: 100}}, b.lists)
	})
}

func TestLostAnswersShareTheNewestPages(t *testing.T) {
	for name, tc := range map[string]struct {
		transfers, requests int
		hidden              time.Duration
	}{
		"two: a page":                        {2, 1, 0},
		"a hundred: a page":                  {100, 1, 0},
		"five hundred: five pages":           {500, 5, 0},
		"a hundred, shown late":              {100, 4, 10 * time.Second},
		"a hundred, shown as late as can be": {100, 10, 95 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &book{send: loseAfter(ProcessingStateComplete), hidden: tc.hidden})
				outcomes := sendAll(t, b.newClient(), tc.transfers)
				assert.Equal(t, map[facade.Outcome]int{facade.OutcomeAccepted: tc.transfers}, outcomes)
				assert.LessOrEqual(t, len(b.lists), tc.requests, "requests")
				assert.LessOrEqual(t, b.mostListsWithin(window), 50)
			})
		})
	}
}

func TestAThousandLostAnswersAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: loseAfter(ProcessingStateComplete)})
		journal := newNotebook()
		client := b.newClient(WithJournal(journal))

		outcomes := sendAll(t, client, 1000)

		assert.Equal(t, 1000, len(b.sends), "each is sent once")
		assert.GreaterOrEqual(t, outcomes[facade.OutcomeAccepted], 600, "all that the list hands out")
		assert.Equal(t, 1000, outcomes[facade.OutcomeAccepted]+outcomes[facade.OutcomeUnknown])
		assert.LessOrEqual(t, b.mostListsWithin(window), 50)

		// The rest is beyond the 600 that the list hands out. It is asked for one by one, over as many windows as it takes.
		b.lists, b.listsAt = nil, nil
		begun := time.Now()
		recovered := 0
		for one, err := range client.RecoverTransfers(t.Context()) {
			require.NoError(t, err)
			require.NoError(t, one.Err)
			recovered++
		}
		assert.Equal(t, outcomes[facade.OutcomeUnknown], recovered)
		assert.LessOrEqual(t, b.mostListsWithin(window), 50)
		assert.Less(t, len(b.lists), 2*recovered)
		assert.Greater(t, time.Since(begun), window)
		assert.Len(t, b.sends, 1000)
	})
}

func TestWhoComesLaterIsNotStarved(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: loseAfter(ProcessingStateComplete)})
		client := b.newClient()
		var crowd sync.WaitGroup
		crowd.Go(func() { sendAll(t, client, 1000) })
		time.Sleep(40 * time.Second) // half of the limit is used up, and hundreds wait to be asked for one by one
		var late sync.WaitGroup
		for i := range 20 {
			late.Go(func() {
				_, err := client.SendTransfer(t.Context(), order(fmt.Sprint("late-", i)))
				assert.NoError(t, err)
			})
		}
		late.Wait()
		crowd.Wait()
		assert.LessOrEqual(t, b.mostListsWithin(window), 50)
	})
}

func TestLookUpsStayWithinTheLimitWhateverComes(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				dice := rand.New(rand.NewPCG(seed, 1))
				b := open(t, &book{hidden: time.Duration(dice.IntN(60)) * time.Second})
				b.send = loseAfter(ProcessingStateComplete)
				if dice.IntN(2) == 0 {
					b.list = func(w http.ResponseWriter, _ *http.Request) { answer(w, 502, "<html>") }
				}
				client := b.newClient()
				var all sync.WaitGroup
				for i := range 300 {
					at := time.Duration(dice.IntN(1800)) * time.Second
					all.Go(func() {
						time.Sleep(at)
						_, _ = client.SendTransfer(t.Context(), order(fmt.Sprint("order-", i)))
					})
				}
				all.Wait()
				assert.LessOrEqual(t, b.mostListsWithin(window), 50)
				assert.Len(t, b.sends, 300)
			})
		})
	}
}

func TestASuccessfulTransferResetsTheLimit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: complete})
		client := b.newClient()
		for range 50 {
			_, err := client.ListTransferRecords(t.Context(), ListTransferRecordsRequest{Take: 1})
			require.NoError(t, err)
		}
		time.AfterFunc(5*time.Minute, func() {
			_, err := client.SendTransfer(context.Background(), order("order-2"))
			assert.NoError(t, err)
		})
		begun := time.Now()
		require.NoError(t, client.sweeper.look(t.Context(), "order-1", time.Now()).err)
		assert.Greater(t, time.Since(begun), 5*time.Minute)
		assert.LessOrEqual(t, time.Since(begun), 5*time.Minute+lookAgain, "long before the window is over")
		begun = time.Now()
		require.NoError(t, client.sweeper.look(t.Context(), "order-1", time.Now()).err)
		assert.Equal(t, gathering, time.Since(begun))
	})
}

func TestLookUpsLeaveRoomForOthers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: loseAfter(ProcessingStateComplete)})
		client := b.newClient()
		var crowd sync.WaitGroup
		crowd.Go(func() { sendAll(t, client, 1000) })
		for range 8 { // while hundreds wait to be asked for one by one
			time.Sleep(15 * time.Second)
			begun := time.Now()
			_, err := client.ListTransferRecords(t.Context(), ListTransferRecordsRequest{Take: 1})
			assert.NoError(t, err)
			assert.Zero(t, time.Since(begun))
		}
		crowd.Wait()
		assert.LessOrEqual(t, b.mostListsWithin(window), 50)
	})
}

func TestATransferEndsTheRestThatTheServiceAskedFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: complete, list: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "600")
			answer(w, 429, `{"ResultCode":3,"ErrorCodes":[{"Code":"RateLimited"}]}`)
		}})
		client := b.newClient()
		require.ErrorIs(t, client.sweeper.look(t.Context(), "order-1", time.Now()).err, CodeRateLimited)
		b.list = nil
		time.AfterFunc(time.Minute, func() {
			_, err := client.SendTransfer(context.Background(), order("order-2"))
			assert.NoError(t, err)
		})
		begun := time.Now()
		require.NoError(t, client.sweeper.look(t.Context(), "order-1", time.Now()).err)
		assert.Greater(t, time.Since(begun), time.Minute)
		assert.LessOrEqual(t, time.Since(begun), time.Minute+lookAgain)
	})
}

func TestALookUpThatNobodyWaitsForIsNotMade(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{})
		s := b.newClient().sweeper
		s.rest(time.Hour)
		ctx, cancel := context.WithCancel(t.Context())
		cancelled := time.AfterFunc(5*time.Second, cancel)
		defer cancelled.Stop()
		for _, ref := range []string{"order-1", "order-2"} {
			go func() {
				seen := s.look(ctx, ref, time.Now())
				assert.ErrorIs(t, seen.err, context.Canceled)
			}()
		}
		time.Sleep(time.Minute)
		assert.Empty(t, b.lists)
		s.mu.Lock()
		assert.False(t, s.running)
		s.mu.Unlock()

		s.wake()
		assert.True(t, s.look(t.Context(), "order-1", time.Now()).absent, "another one is made as ever")
	})
}

func TestWhatPagesSayAndDoNot(t *testing.T) {
	// page is a page as a service may hand it out, all of its transfers begun then.
	page := func(more bool, begun time.Time, refs ...string) *ListTransferRecordsResponse {
		p := &ListTransferRecordsResponse{ThereAreMoreItems: more}
		for _, ref := range refs {
			item := TransferRecordWithErrorCodes{TransferRecord: TransferRecord{ProcessingState: ProcessingStateFailed, StartedUTC: wire.NewTime(begun)}}
			if ref != "" {
				item.TransferRecord.TransferID = &TransferID{TransferRef: "7", DistributorRef: ref}
			}
			p.Items = append(p.Items, item)
		}
		return p
	}
	for name, tc := range map[string]struct {
		pages    func(now time.Time) []*ListTransferRecordsResponse
		since    time.Duration // before now; a negative one is none
		found    int
		complete bool
		absent   bool
		byRef    int // of the two
	}{
		"the whole list": {pages: func(now time.Time) []*ListTransferRecordsResponse {
			return []*ListTransferRecordsResponse{page(false, now, "x")}
		}, complete: true, absent: true},
		"the whole list, with one of no name": {pages: func(now time.Time) []*ListTransferRecordsResponse {
			return []*ListTransferRecordsResponse{page(false, now, "")}
		}, complete: true},
		"a failed one is not all, unless it is": {pages: func(now time.Time) []*ListTransferRecordsResponse {
			return []*ListTransferRecordsResponse{page(false, now, "order-1")}
		}, found: 1, complete: true, absent: true},
		"back beyond the time, and its doubt": {pages: func(now time.Time) []*ListTransferRecordsResponse {
			return []*ListTransferRecordsResponse{page(true, now.Add(-11*time.Minute), "x")}
		}, complete: true, absent: true},
		"not back beyond the doubt": {pages: func(now time.Time) []*ListTransferRecordsResponse {
			return []*ListTransferRecordsResponse{page(true, now.Add(-9*time.Minute), "x")}
		}, byRef: 2},
		"a time that is not known": {pages: func(now time.Time) []*ListTransferRecordsResponse {
			return []*ListTransferRecordsResponse{page(true, now.Add(-time.Hour), "x")}
		}, since: -1, byRef: 2},
		"records without a time": {pages: func(time.Time) []*ListTransferRecordsResponse {
			return []*ListTransferRecordsResponse{page(true, time.Time{}, "x")}
		}, byRef: 2},
		"an empty page that claims more": {pages: func(now time.Time) []*ListTransferRecordsResponse {
			return []*ListTransferRecordsResponse{page(true, now)}
		}, byRef: 2},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				byRef := 0
				pages := tc.pages(time.Now())
				s := newSweeper(func(_ context.Context, request ListTransferRecordsRequest, _ []string) (*ListTransferRecordsResponse, error) {
					if request.DistributorRef != "" {
						byRef++
						return page(true, time.Now()), nil
					}
					return pages[min(int(request.Skip), len(pages)-1)], nil
				}, atOnce, nil)
				since := time.Now()
				if tc.since < 0 {
					since = time.Time{}
				}
				sightings := make(chan sighting, 2)
				// The first holds the sweeper up for a moment, so that the two come together.
				s.rest(time.Second)
				for _, ref := range []string{"order-1", "order-2"} {
					go func() { sightings <- s.look(t.Context(), ref, since) }()
				}
				found := 0
				for range 2 {
					seen := <-sightings
					require.NoError(t, seen.err)
					found += len(seen.items)
					if len(seen.items) == 0 {
						assert.Equal(t, tc.absent, seen.absent)
					}
					assert.Equal(t, tc.complete, seen.complete)
				}
				assert.Equal(t, tc.found, found)
				assert.Equal(t, tc.byRef, byRef)
				synctest.Wait()
			})
		})
	}
}

func TestPagesOfAnySizeAreAskedForWithinWhatTheAPIAllows(t *testing.T) {
	for name, tc := range map[string]struct {
		items func(request ListTransferRecordsRequest) int
		pages []int32
	}{
		"just as many as asked for":  {func(ListTransferRecordsRequest) int { return 100 }, []int32{0, 100, 200, 300, 400, 500}},
		"more than asked for":        {func(ListTransferRecordsRequest) int { return 450 }, []int32{0, 100, 200, 300, 400, 500}},
		"far more than there can be": {func(ListTransferRecordsRequest) int { return 5000 }, []int32{0, 100, 200, 300, 400, 500}},
		"one at a time":              {func(ListTransferRecordsRequest) int { return 1 }, []int32{0, 1, 2, 3, 4, 5}},
		"ever fewer":                 {func(r ListTransferRecordsRequest) int { return max(1, 40-int(r.Skip)) }, []int32{0, 40, 41, 42, 43, 44}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var asked []int32
				byRef := 0
				s := newSweeper(func(_ context.Context, request ListTransferRecordsRequest, _ []string) (*ListTransferRecordsResponse, error) {
					assert.GreaterOrEqual(t, request.Take, int32(1))
					assert.LessOrEqual(t, request.Take, int32(100))
					assert.GreaterOrEqual(t, request.Skip, int32(0))
					assert.LessOrEqual(t, request.Skip, int32(500))
					if request.DistributorRef != "" {
						byRef++
						return &ListTransferRecordsResponse{}, nil
					}
					asked = append(asked, request.Skip)
					page := &ListTransferRecordsResponse{ThereAreMoreItems: true}
					for range tc.items(request) {
						// The same one, over and over.
						page.Items = append(page.Items, TransferRecordWithErrorCodes{TransferRecord: TransferRecord{
							TransferID: &TransferID{TransferRef: "7", DistributorRef: "x"}, StartedUTC: wire.NewTime(time.Now()),
						}})
					}
					return page, nil
				}, atOnce, nil)
				s.rest(time.Second)
				var all sync.WaitGroup
				for i := range 10 {
					all.Go(func() { assert.True(t, s.look(t.Context(), fmt.Sprint("order-", i), time.Now()).absent) })
				}
				all.Wait()
				assert.Equal(t, tc.pages, asked, "and none of them twice")
				assert.Equal(t, 10, byRef)
			})
		})
	}
}

func TestLookUpsStayWithinTheLimitEvenIfNoTokenIsGoodEnough(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: lose})
		b.list = func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 401, `{"ResultCode":4,"ErrorCodes":[{"Code":"AuthenticationFailed","Context":"TokenExpired"}]}`)
		}
		tokens := 0
		b.token = func(w http.ResponseWriter) {
			tokens++
			_ = json.NewEncoder(w).Encode(map[string]any{"access_token": fmt.Sprint("token-number-", tokens), "token_type": "Bearer", "expires_in": 1800})
		}
		client, err := NewClient(WithClientCredentials("client-1", "s3cret-of-the-tests"), WithTokenURL("http://localhost/token"),
			WithBaseURL("http://localhost"), WithHTTPClient(b.client))
		require.NoError(t, err)
		for i := range 20 {
			_, err := client.SendTransfer(t.Context(), order(fmt.Sprint("order-", i)))
			require.ErrorIs(t, err, facade.ErrOutcomeUnknown)
		}
		assert.LessOrEqual(t, b.mostListsWithin(window), 50)
	})
}

func TestWhatIsFoundJustInTimeIsNotLost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSweeper(nil, atOnce, nil)
		s.running = true // nobody but this test answers
		ctx, cancel := context.WithCancel(t.Context())
		seen := make(chan sighting)
		go func() { seen <- s.look(ctx, "order-1", time.Now()) }()
		synctest.Wait()
		s.mu.Lock() // who waits wants to leave, and is answered before that
		cancel()
		wanted := s.waiting[0]
		s.remove(wanted)
		wanted.found <- sighting{complete: true}
		s.mu.Unlock()
		assert.True(t, (<-seen).complete)
	})
}
