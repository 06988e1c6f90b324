// Tests of failures that are told without a TransferId: which transfer they are taken to be of, and when.

package ding

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
)

// withoutID is the body of a failure as SendTransfer answers one: without TransferId, Price or dates.
const withoutID = `{"TransferRecord":{"SkuCode":"GB_TEST_10","AccountNumber":"447700900123","ProcessingState":"Failed"},"ResultCode":5,"ErrorCodes":[{"Code":"ProviderError"}]}`

func called(correlationID string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("X-Correlation-Id", correlationID) }
}

func TestAFailureWithoutReferencesIsKnownByItsCorrelationID(t *testing.T) {
	for name, opts := range map[string][]CallOption{"that is the DistributorRef": nil, "of the caller's own": {WithCorrelationID("call-1")}} {
		for body, told := range map[string]string{
			"no id":            withoutID,
			"no TransferRef":   `{"TransferRecord":{"TransferId":{"DistributorRef":"order-1"},"SkuCode":"GB_TEST_10","AccountNumber":"07700900123","ProcessingState":"Failed"},"ResultCode":5}`,
			"a TransferRef: 0": `{"TransferRecord":{"TransferId":{"TransferRef":"0"},"SkuCode":"GB_TEST_10","AccountNumber":"447700900123","ProcessingState":"Failed"},"ResultCode":5}`,
		} {
			t.Run(name+", "+body, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					b, box := open(t, &book{send: take}), &mailbox{}
					client := b.newClient()
					handler := box.handler(t, client)
					// One that failed before, which is another.
					b.enter(order("order-1"), ProcessingStateFailed, resultCode(5))
					sent, err := client.SendTransferDeferred(t.Context(), order("order-1"), opts...)
					require.NoError(t, err)
					assert.Equal(t, 503, deliver(handler, told, called(sent.CorrelationID)).Code, "the list has it on its way")
					b.becomes("order-1", ProcessingStateFailed, resultCode(5))
					awaited := make(chan error, 1)
					go func() {
						_, err := client.AwaitTransfer(t.Context(), *sent.TransferRecord.TransferID)
						awaited <- err
					}()

					for range 2 {
						assert.Equal(t, 200, deliver(handler, told, called(sent.CorrelationID)).Code)
					}

					require.Len(t, box.taken, 1)
					assert.Equal(t, *sent.TransferRecord.TransferID, *box.taken[0].TransferRecord.TransferID)
					assert.True(t, box.taken[0].Verified)
					assert.Equal(t, facade.OutcomeRefused, facade.OutcomeOf(<-awaited))
				})
			})
		}
	}
}

func TestAFailureWithoutReferencesOfAnotherLife(t *testing.T) {
	moving := listed{"Submitted", nil}
	failed := listed{"Failed", as(resultCode(5))}
	for name, tc := range map[string]struct {
		shows  []listed
		told   string
		status int
	}{
		"that failed":                      {[]listed{failed}, withoutID, 200},
		"that failed, beside another SKU":  {[]listed{failed, {"Failed", as(sku("OTHER"))}}, withoutID, 200},
		"that failed, and was validated":   {[]listed{failed, {"Complete", as(transferRef("0"))}}, withoutID, 200},
		"that is on its way":               {[]listed{moving}, withoutID, 503},
		"that is paid":                     {[]listed{{"Complete", nil}}, withoutID, 403},
		"that was cancelled":               {[]listed{{"Cancelled", as(resultCode(5))}}, withoutID, 403},
		"that is not listed":               {nil, withoutID, 503},
		"that failed twice":                {[]listed{failed, failed}, withoutID, 503},
		"that failed, and is sent again":   {[]listed{failed, moving}, withoutID, 503},
		"that has another SKU":             {[]listed{{"Failed", as(sku("OTHER"))}}, withoutID, 403},
		"that does not name its SKU":       {[]listed{failed}, `{"TransferRecord":{"AccountNumber":"447700900123","ProcessingState":"Failed"},"ResultCode":5}`, 400},
		"that does not name its account":   {[]listed{failed}, `{"TransferRecord":{"SkuCode":"GB_TEST_10","ProcessingState":"Failed"},"ResultCode":5}`, 400},
		"that is complete, which has more": {[]listed{{"Complete", nil}}, `{"TransferRecord":{"SkuCode":"GB_TEST_10","AccountNumber":"447700900123","ProcessingState":"Complete"},"ResultCode":1}`, 400},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b, journal, box := open(t, &book{}), newNotebook(), &mailbox{}
				client := b.newClient(WithJournal(journal))
				leave(t, journal, client, order("order-1"), 1)
				for _, record := range tc.shows {
					b.enter(order("order-1"), record.state, record.change...)
				}
				got := deliver(box.handler(t, client), tc.told, called("order-1"))
				assert.Equal(t, tc.status, got.Code, got.Body.String())
				assert.Equal(t, tc.status == 200, box.calls == 1)
				assert.Equal(t, tc.status == 200, journal.entry("order-1").Settlement != nil)
				if tc.status == 200 {
					assert.NotEmpty(t, box.taken[0].TransferRecord.TransferID.TransferRef)
				}
			})
		})
	}
	for _, correlationID := range []string{"", "no id at all", string(make([]byte, 200))} {
		bubble(t, func(t *testing.T) {
			b, box := open(t, &book{}), &mailbox{}
			assert.Equal(t, 400, deliver(box.handler(t, b.newClient()), withoutID, called(correlationID)).Code)
			assert.Empty(t, b.lists)
		})
	}
}

func TestAFailureWithoutReferencesThatIsNotReadBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, box := open(t, &book{send: take}), &mailbox{}
		client := b.newClient()
		handler := box.handler(t, client, WithoutReadBack())
		sent, err := client.SendTransferDeferred(t.Context(), order("order-1"))
		require.NoError(t, err)
		assert.Equal(t, 200, deliver(handler, withoutID, called("order-1")).Code)
		assert.Equal(t, 200, deliver(handler, withoutID, called("order-2")).Code)
		assert.Equal(t, 400, deliver(handler, withoutID, called("")).Code)
		require.Len(t, box.taken, 2)
		assert.Equal(t, *sent.TransferRecord.TransferID, *box.taken[0].TransferRecord.TransferID)
		assert.Equal(t, TransferID{DistributorRef: "order-2"}, *box.taken[1].TransferRecord.TransferID, "as far as anybody knows")
	})
}

func TestTheCorrelationIDIsTheReferenceWhereItCanBe(t *testing.T) {
	for ref, want := range map[string]string{"order-1": "order-1", "order 1": "", "Bestellung-ä": "", "447700900123/1": ""} {
		bubble(t, func(t *testing.T) {
			var sent []http.Header
			got, err := open(t, &book{send: headers(&sent, take)}).newClient().SendTransferDeferred(t.Context(), order(ref))
			require.NoError(t, err)
			assert.Equal(t, got.CorrelationID, sent[0].Get("X-Correlation-Id"))
			if want == "" {
				assert.NoError(t, uuid.Validate(got.CorrelationID))
			} else {
				assert.Equal(t, want, got.CorrelationID)
			}
		})
	}
}

func TestCorrelationIDsAreForgottenInTheirOrder(t *testing.T) {
	c := &correlated{ids: map[string]TransferID{}}
	for i := range rememberedSends + 5 {
		c.note(fmt.Sprint("call-", i), TransferID{DistributorRef: fmt.Sprint("order-", i)})
		c.note(fmt.Sprint("call-", i), TransferID{DistributorRef: fmt.Sprint("order-", i), TransferRef: "7"})
	}
	assert.Len(t, c.ids, rememberedSends)
	_, known := c.find("call-4")
	assert.False(t, known)
	id, known := c.find("call-5")
	assert.True(t, known)
	assert.Equal(t, TransferID{DistributorRef: "order-5", TransferRef: "7"}, id)
}
