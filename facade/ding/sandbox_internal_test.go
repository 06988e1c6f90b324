// Deferred transfers and their notifications from end to end: the sandbox on one side, a program with a journal on the other.

package ding

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/sandbox"
)

func TestTheSandboxesNotificationsAreTakenOnceEach(t *testing.T) {
	for name, opts := range map[string][]sandbox.Option{"retried out of sight": nil, "listed as failed between retries": {sandbox.WithRetriesListedAsFailed()}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) { notifiedBySandbox(t, opts...) })
		})
	}
}

func notifiedBySandbox(t *testing.T, opts ...sandbox.Option) {
	const many = 40
	sb, err := sandbox.New(opts...)
	require.NoError(t, err)
	defer func() { assert.NoError(t, sb.Close()) }()
	service := open(t, &book{direct: sb})
	journal := newNotebook()
	client, err := NewClient(WithAPIKey(sb.Credentials().DingAPIKey), WithBaseURL("http://localhost"), WithHTTPClient(service.client), WithJournal(journal))
	require.NoError(t, err)
	box := &mailbox{fails: func(n int) error {
		if n%10 == 3 {
			return fmt.Errorf("call %d fails", n)
		}
		return nil
	}}
	receiver := open(t, &book{direct: box.handler(t, client, WithPathSecret("a-long-random-text"))})
	require.NoError(t, sb.SetNotifications(sandbox.Receiver{
		URL: "http://localhost/hooks/a-long-random-text", Client: receiver.client, Twice: true, Shuffle: 20 * time.Second,
	}))
	accounts := []string{"447700900123", "440000000004", "440000000002", "440000000003"}
	want := []facade.Outcome{facade.OutcomeAccepted, facade.OutcomeRefused, facade.OutcomeAccepted, facade.OutcomeTemporary} // the third after retries
	ids := map[string]string{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			request := order(fmt.Sprint("order-", i))
			request.SKUCode, request.AccountNumber = "GB_AB_TopUp", accounts[i%len(accounts)]
			sent, err := client.SendTransferDeferred(t.Context(), request)
			if !assert.NoError(t, err) {
				return
			}
			mu.Lock()
			ids[request.DistributorRef] = sent.CorrelationID
			mu.Unlock()
			_, err = client.AwaitTransfer(t.Context(), *sent.TransferRecord.TransferID)
			assert.Equal(t, want[i%len(want)], facade.OutcomeOf(err), "%v", err)
			if entry := journal.entry(request.DistributorRef); assert.NotNil(t, entry.Settlement, request.DistributorRef) {
				assert.Equal(t, want[i%len(want)], entry.Settlement.Outcome)
			}
		})
	}
	all.Wait()
	time.Sleep(time.Hour) // until everything has been delivered twice
	synctest.Wait()
	assert.Len(t, box.taken, many)
	for _, n := range box.taken {
		ref := n.TransferRecord.TransferID.DistributorRef
		assert.True(t, n.Verified)
		assert.Equal(t, ids[ref], n.CorrelationID)
		delete(ids, ref)
	}
	assert.Empty(t, ids, "none is lost, none is doubled")
	deliveries := sb.Deliveries()
	assert.Len(t, deliveries, 2*many)
	for _, d := range deliveries {
		assert.Equal(t, http.StatusOK, d.Attempts[len(d.Attempts)-1].Status)
	}
}
