// Look-ups of lost answers where the program itself asks for the list of transfers, up to the usage limit: a payment's outcome
// stays unknown only if there was no room to find it out.

package ding

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/pipeline"
)

// list asks for the newest transfer that often.
func list(t *testing.T, client *Client, n int) {
	t.Helper()
	for range n {
		_, err := client.ListTransferRecords(context.Background(), ListTransferRecordsRequest{Take: 1})
		require.NoError(t, err)
	}
}

func TestTheLastLookUpIsNotHeldUpByThePace(t *testing.T) {
	for name, tc := range map[string]struct {
		used, found int
	}{
		"nothing is used up":     {0, 1},
		"half is used up":        {25, 1},
		"a few are left":         {44, 1},
		"three are left":         {47, 1},
		"the first and the last": {48, 1},
		"only the first":         {49, 0},
		"not even that":          {50, 0},
	} {
		for _, hidden := range []time.Duration{20 * time.Second, time.Minute, 95 * time.Second} {
			t.Run(fmt.Sprint(name, ", shown after ", hidden), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					b := open(t, &book{send: loseAfter(ProcessingStateComplete), hidden: hidden})
					client := b.newClient()
					list(t, client, tc.used)
					assert.Equal(t, tc.found, sendAll(t, client, 1)[facade.OutcomeAccepted])
					assert.LessOrEqual(t, b.mostListsWithin(window), 50)
				})
			})
		}
	}
}

// TestACrowdInAHurryIsServedTogether: those whose time is up share a round, and do not take all that is left.
func TestACrowdInAHurryIsServedTogether(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: loseAfter(ProcessingStateComplete), hidden: time.Minute})
		client := b.newClient()
		list(t, client, 45)
		assert.Equal(t, 80, sendAll(t, client, 80)[facade.OutcomeAccepted])
		assert.LessOrEqual(t, len(b.lists), 49)
	})
}

// TestLookUpsGoBeforeThoseWhoWait: the program asks for the list all the time, and always waits for room.
func TestLookUpsGoBeforeThoseWhoWait(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: loseAfter(ProcessingStateComplete), hidden: time.Minute})
		client := b.newClient(WithRetryPolicy(facade.RetryPolicy{MaxRetryAfter: time.Hour}))
		for range 50 { // so that a place becomes free every 12 seconds
			list(t, client, 1)
			time.Sleep(12 * time.Second)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var crowd sync.WaitGroup
		for range 20 {
			crowd.Go(func() {
				for ctx.Err() == nil {
					_, _ = client.ListTransferRecords(ctx, ListTransferRecordsRequest{Take: 1})
				}
			})
		}
		time.Sleep(5 * time.Minute)
		assert.Equal(t, 1, sendAll(t, client, 1)[facade.OutcomeAccepted])
		cancel()
		crowd.Wait()
		assert.LessOrEqual(t, b.mostListsWithin(window), 50)
	})
}

// rateLimited answers as Ding does beyond a usage limit, or to a fraud rule.
func rateLimited(w http.ResponseWriter, status int, seconds string) {
	w.Header().Set("Retry-After", seconds)
	answer(w, status, `{"ResultCode":3,"ErrorCodes":[{"Code":"RateLimited"}]}`)
}

func TestARefusalHoldsBackAllWhoWouldBeRefused(t *testing.T) {
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} { // Ding's description has both
		t.Run(fmt.Sprint(status), func(t *testing.T) { holdsBack(t, status) })
	}
}

func holdsBack(t *testing.T, status int) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{list: func(w http.ResponseWriter, _ *http.Request) { rateLimited(w, status, "300") }})
		client := b.newClient()
		_, err := client.ListTransferRecords(t.Context(), ListTransferRecordsRequest{Take: 1})
		require.ErrorIs(t, err, CodeRateLimited)
		until := time.Now().Add(5 * time.Minute)
		for range 3 {
			_, err := client.ListTransferRecords(t.Context(), ListTransferRecordsRequest{Take: 1})
			noRoom(t, err, "ListTransferRecords", 50, until)
		}
		assert.Len(t, b.lists, 1)
		require.NoError(t, countries(client, 1), "other rows have room")

		b.list = nil
		time.Sleep(5*time.Minute - 30*time.Second)
		list(t, client, 49)
		assert.Equal(t, until, time.Now(), "who has the patience waits")
	})
}

// TestARefusalMaySpeakOfTheNumber: RateLimited also stands for a fraud rule on an account number.
func TestARefusalMaySpeakOfTheNumber(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: func(_ *book, _ int, _ SendTransferRequest, w http.ResponseWriter, _ *http.Request) {
			rateLimited(w, 429, "300")
		}})
		client := b.newClient()
		validation := order("order-1")
		validation.ValidateOnly = true
		for n := range 3 {
			_, err := client.SendTransfer(t.Context(), validation)
			require.ErrorIs(t, err, CodeRateLimited)
			assert.Len(t, b.sends, n+1)
		}
	})
}

// TestALimitOfPaymentsProvesNothingOfAnEarlierOne: what is not sent again may have been paid the first time.
func TestALimitOfPaymentsProvesNothingOfAnEarlierOne(t *testing.T) {
	for name, tc := range map[string]struct {
		first   func(*book, int, SendTransferRequest, http.ResponseWriter, *http.Request)
		outcome facade.Outcome
	}{
		"refused before anything was done": {func(_ *book, _ int, _ SendTransferRequest, w http.ResponseWriter, _ *http.Request) {
			rateLimited(w, 429, "1")
		}, facade.OutcomeTemporary},
		"lost, and absent": {lose, facade.OutcomeUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &book{send: tc.first})
				client := b.newClient(WithPreventDuplicates(), WithUsageLimits(map[string]int{"SendTransfer": 1}))
				_, err := client.SendTransfer(t.Context(), order("order-1"))
				assert.Equal(t, tc.outcome, facade.OutcomeOf(err))
				assert.Len(t, b.sends, 1)
				var full *UsageLimitError
				require.ErrorAs(t, err, &full)
				assert.Equal(t, "SendTransfer", full.Method)
				if tc.outcome == facade.OutcomeUnknown {
					assert.NotContains(t, err.Error(), "nothing")
				}
			})
		})
	}
	assert.False(t, (&finding{Answer: pipeline.Answer{Failure: pipeline.Limited}}).left(), "and that one never left")
}
