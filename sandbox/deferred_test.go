package sandbox_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/sandbox"
)

// look is what the list says of the one transfer that there is: its state, and its first code if it has one.
func (c *client) look() string {
	c.t.Helper()
	item := c.list(map[string]any{}).Items[0]
	assert.Equal(c.t, item.TransferRecord.ProcessingState == ding.ProcessingStateFailed || item.TransferRecord.ProcessingState == ding.ProcessingStateComplete,
		!item.TransferRecord.CompletedUTC.IsZero())
	text := string(item.TransferRecord.ProcessingState)
	if len(item.ErrorCodes) > 0 {
		text += " " + spell(item.ErrorCodes[0])
	}
	return text
}

// schedule is when a deferred transfer is tried, after it was accepted.
var schedule = []time.Duration{5 * time.Second, 15 * time.Second, 35 * time.Second, 75 * time.Second}

func TestADeferredTransferIsTriedAgainBeforeItFails(t *testing.T) {
	for account, code := range map[string]string{
		"440000000003": "TransientProviderError/ProviderRefusedRequest",
		"440000000004": "ProviderError/ProductUnavailable",
		"440000000006": "ProviderError/ProviderTemporarilyUnavailable",
		"440000000009": "ProviderError/RechargeNotAllowed",
	} {
		t.Run(code, func(t *testing.T) {
			c := serve(t)
			record := c.deferring("1").sent(map[string]any{"AccountNumber": account})
			assert.Equal(t, ding.ProcessingStateSubmitted, record.ProcessingState)
			want := []string{"Submitted", "Processing", "Processing", "Processing", "Failed " + code}
			for try, after := range schedule {
				c.clock.advance(start.Add(after - time.Second).Sub(c.clock.now()))
				assert.Equal(t, want[try], c.look())
				c.clock.advance(time.Second)
				assert.Equal(t, want[try+1], c.look())
			}
			item := c.list(map[string]any{}).Items[0]
			assert.Equal(t, start.Add(75*time.Second), item.TransferRecord.CompletedUTC.Time)
			assert.Empty(t, c.sb.Payments())
		})
	}
}

func TestADeferredTransferCompletesOnARetry(t *testing.T) {
	c := serve(t)
	c.deferring("1").sent(map[string]any{"AccountNumber": "440000000002"})
	c.clock.advance(35*time.Second - 1)
	assert.Equal(t, "Processing", c.look())
	c.clock.advance(1)
	assert.Equal(t, "Complete", c.look())
}

func TestRetriesCanBeListedAsFailures(t *testing.T) {
	c := serve(t, sandbox.WithRetriesListedAsFailed())
	c.deferring("1").sent(map[string]any{"AccountNumber": "440000000002"})
	assert.Equal(t, "Submitted", c.look())
	c.clock.advance(sandbox.DeferDelay)
	assert.Equal(t, "Failed TransientProviderError/ProviderTimedOut", c.look())
	c.clock.advance(time.Hour)
	assert.Equal(t, "Complete", c.look(), "the failures are forgotten")
	assert.Equal(t, start.Add(35*time.Second), c.list(map[string]any{}).Items[0].TransferRecord.CompletedUTC.Time)
}

func TestWhatIsRefusedInTheAnswerIsNotDeferred(t *testing.T) {
	inbox := newInbox(t, "TransferFinished")
	c := serve(t, sandbox.WithNotifications(inbox.open()))
	for _, digit := range []string{"1", "5", "7", "8"} {
		assert.NotEqual(t, 200, c.deferring("1").send(map[string]any{"AccountNumber": "44000000000" + digit}).status)
	}
	c.clock.advance(time.Hour)
	require.NoError(t, c.sb.Deliver(t.Context()))
	assert.Empty(t, inbox.all())
}

func TestEveryEndOfADeferredTransferIsTold(t *testing.T) {
	inbox := newInbox(t, "TransferFinished")
	c := serve(t, sandbox.WithNotifications(inbox.open()), sandbox.WithBalance(money.MustParse("30.00")))
	c.deferring("complete").sent(nil)
	c.deferring("pin").sent(map[string]any{"SkuCode": "XG_OR_PIN25", "SendValue": json.Number("25"), "AccountNumber": "guest@shop.example"})
	c.deferring("taxed").sent(map[string]any{"SkuCode": "KE_SV_TopUp", "SendValue": json.Number("5.00"), "AccountNumber": "254722123456"})
	c.deferring("failed").sent(map[string]any{"AccountNumber": "440000000004"})
	batch := c.deferring("cancelled").sent(map[string]any{"SkuCode": "US_PR_Nightly", "AccountNumber": "12025550123", "DistributorRef": "batch"})
	c.sent(map[string]any{"SendValue": json.Number("5.00")}) // an ordinary one is not told of
	c.post("/api/V1/CancelTransfers", []any{map[string]any{"BatchItemRef": "1", "TransferId": batch.TransferID}})
	c.clock.advance(time.Hour)
	require.NoError(t, c.sb.Deliver(t.Context()))

	ends := map[string]string{}
	for _, l := range inbox.all() {
		assert.Equal(t, "/hook", l.path)
		assert.Equal(t, "application/json; charset=utf-8", l.header.Get("Content-Type"))
		response := told(t, l.body)
		end := string(response.TransferRecord.ProcessingState)
		if len(response.ErrorCodes) > 0 {
			end += " " + spell(response.ErrorCodes[0])
		}
		ends[l.header.Get("X-Correlation-Id")] = end
		assert.Contains(t, string(l.body), `"TaxName":null,"TaxCalculation":null`)
		assert.NotEmpty(t, response.TransferRecord.TransferID.TransferRef)
		listed := c.list(map[string]any{"TransferRef": response.TransferRecord.TransferID.TransferRef}).Items[0]
		assert.Equal(t, listed.ResultCode, response.ResultCode)
		listed.TransferRecord.Price.TaxName, listed.TransferRecord.Price.TaxCalculation = "", ""
		assert.Equal(t, listed.TransferRecord, *response.TransferRecord, "but for the tax, it says what the list says")
	}
	assert.Equal(t, map[string]string{
		"cancelled": "Cancelled", "complete": "Complete", "pin": "Failed InsufficientBalance", "taxed": "Complete",
		"failed": "Failed ProviderError/ProductUnavailable",
	}, ends)
}
