// Tests of forgeries that come in storms: what they must leave to others.

package ding

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// storm delivers forgeries of references that nobody has sent, twenty a second in five threads, until it is over.
func storm(t *testing.T, b *book, handler http.Handler) (over func()) {
	t.Helper()
	body := b.tells("order-0", func(s *SendTransferResponse) { s.TransferRecord.TransferID.DistributorRef = "FORGED" })
	done := make(chan struct{})
	var all sync.WaitGroup
	for thread := range 5 {
		all.Go(func() {
			for n := 0; ; n++ {
				answer := deliver(handler, strings.Replace(body, "FORGED", fmt.Sprintf("forged-%d-%d", thread, n), 1))
				assert.Equal(t, http.StatusServiceUnavailable, answer.Code)
				select {
				case <-done:
					return
				case <-time.After(250 * time.Millisecond):
				}
			}
		})
	}
	return func() {
		close(done)
		all.Wait()
	}
}

func TestAStormOfForgeriesLeavesRoomForPayments(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: loseAfter(ProcessingStateComplete)})
		box := &mailbox{}
		client := b.newClient()
		handler := box.handler(t, client)
		b.enter(order("order-0"), ProcessingStateComplete)
		over := storm(t, b, handler)
		defer over()
		time.Sleep(time.Minute)
		_, lists := b.count()
		assert.LessOrEqual(t, lists, 25, "half of the usage limit is for others")
		b.hidden = time.Minute // the list lags behind
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				_, err := client.SendTransfer(t.Context(), order(fmt.Sprint("lost-", i)))
				assert.NoError(t, err, "every lost answer is found")
			})
		}
		all.Wait()
		assert.Zero(t, box.calls)
	})
}

func TestAStormOfForgeriesLeavesRoomForTheRealOnes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, box := open(t, &book{send: take}), &mailbox{}
		client := b.newClient(WithJournal(newNotebook()))
		handler := box.handler(t, client)
		b.enter(order("order-0"), ProcessingStateComplete)
		_, err := client.SendTransferDeferred(t.Context(), order("order-1"))
		require.NoError(t, err)
		over := storm(t, b, handler)
		defer over()
		time.Sleep(5 * time.Minute)
		b.becomes("order-1", ProcessingStateComplete)
		assert.Equal(t, 200, deliver(handler, b.tells("order-1")).Code, "the journal knows it")
		assert.Equal(t, 1, box.calls)
	})
}
