// Tests of what a person is shown: the newest of everything, and nothing that opens an account.

package sandbox_test

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/sandbox"
)

func TestASnapshotHasTheNewestFirst(t *testing.T) {
	c := serve(t)
	for i := range 5 {
		c.sent(map[string]any{"DistributorRef": "order-" + strconv.Itoa(i)})
		c.charge(map[string]any{"chargeRequestId": "SBX-" + strconv.Itoa(i)})
		c.sms(map[string]any{"smsRequestId": "SBX-S" + strconv.Itoa(i)})
	}
	c.refund(map[string]any{"transactionId": "SBX-4"})
	seen := c.sb.Snapshot(2)
	assert.Equal(t, start, seen.At)
	assert.Equal(t, c.sb.Balance(), seen.Balance)
	require.Len(t, seen.Transfers.Items, 2)
	assert.Equal(t, 5, seen.Transfers.Total)
	assert.Equal(t, "order-4", seen.Transfers.Items[0].TransferID.DistributorRef)
	assert.Equal(t, "order-3", seen.Transfers.Items[1].TransferID.DistributorRef)
	assert.True(t, seen.Transfers.Items[0].Paid)
	assert.Empty(t, seen.Transfers.Items[0].Codes)
	assert.Equal(t, "SBX-4", seen.Charges.Items[0].ChargeRequestID)
	assert.Equal(t, 5, seen.Charges.Total)
	assert.Equal(t, 1, seen.Refunds.Total)
	assert.Equal(t, "SBX-S4", seen.Messages.Items[0].SMSRequestID)
	assert.Empty(t, c.sb.Snapshot(0).Transfers.Items)
}

func TestASnapshotTellsPaidFromNotPaid(t *testing.T) {
	c := serve(t)
	c.send(map[string]any{"AccountNumber": "440000000007", "DistributorRef": "test"})
	c.deferring("late").sent(map[string]any{"DistributorRef": "late"})
	seen := c.sb.Snapshot(10).Transfers.Items
	require.Len(t, seen, 2)
	assert.Equal(t, ding.ProcessingStateSubmitted, seen[0].ProcessingState)
	assert.True(t, seen[0].Deferred)
	assert.False(t, seen[0].Paid)
	assert.Equal(t, ding.ProcessingStateFailed, seen[1].ProcessingState)
	assert.True(t, seen[1].Test)
	assert.Equal(t, []ding.ErrorCode{{Code: "InsufficientBalance"}}, seen[1].Codes)
	c.clock.advance(sandbox.DeferDelay)
	assert.True(t, c.sb.Snapshot(1).Transfers.Items[0].Paid, "what has come due is done first")
}

func TestASnapshotHoldsNoTokenAndRedactsAReceipt(t *testing.T) {
	c := serve(t)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	keys := c.sb.Credentials()
	answer := c.do("POST", "/connect/token", "application/x-www-form-urlencoded", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {keys.DingClientID}, "client_secret": {keys.DingClientSecret},
	}.Encode())
	require.NoError(t, json.Unmarshal(answer.body, &token))
	c.sent(map[string]any{"SkuCode": "XG_OR_PIN25", "SendValue": json.Number("25"), "AccountNumber": "guest@shop.example"})
	seen := c.sb.Snapshot(10)
	require.Len(t, seen.Tokens.Items, 1)
	shown := seen.Tokens.Items[0]
	assert.Len(t, shown.Tail, 6)
	assert.True(t, strings.HasSuffix(token.AccessToken, shown.Tail))
	assert.Equal(t, start.Add(30*time.Minute), shown.Expires)
	assert.Equal(t, "[redacted]", seen.Transfers.Items[0].ReceiptText.String())
	assert.Regexp(t, `^PIN: \d{16}$`, seen.Transfers.Items[0].ReceiptText.Reveal())
}

func TestManyTokensAreCountedAndFewRemembered(t *testing.T) {
	c := serve(t)
	keys := c.sb.Credentials()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {keys.DingClientID}, "client_secret": {keys.DingClientSecret}}.Encode()
	for range 103 {
		c.do("POST", "/connect/token", "application/x-www-form-urlencoded", form)
	}
	seen := c.sb.Snapshot(1000).Tokens
	assert.Equal(t, 103, seen.Total)
	assert.Len(t, seen.Items, 100)
}

func TestUsageIsSeenAsItIsCounted(t *testing.T) {
	c := serve(t)
	of := func(method string) sandbox.Usage {
		for _, usage := range c.sb.Snapshot(0).Usage {
			if usage.Method == method {
				return usage
			}
		}
		return sandbox.Usage{}
	}
	assert.Equal(t, sandbox.Usage{Method: "GetCountries", Limit: 20}, of("GetCountries"))
	c.get("GetCountries", nil)
	c.clock.advance(time.Minute)
	for range 19 {
		c.get("GetCountries", nil)
	}
	assert.Equal(t, 429, c.get("GetCountries", nil).status)
	full := of("GetCountries")
	assert.Equal(t, sandbox.Usage{Method: "GetCountries", Used: 20, Limit: 20, Frees: start.Add(10 * time.Minute)}, full)
	c.clock.advance(9 * time.Minute)
	assert.Equal(t, 19, of("GetCountries").Used)
	c.send(map[string]any{"ValidateOnly": true})
	assert.Equal(t, 1, of("SendTransfer (Validate Only)").Used)
	assert.Empty(t, serve(t, sandbox.WithoutUsageLimits()).sb.Snapshot(0).Usage)
}

func TestAFaultIsRemovedByItsNumber(t *testing.T) {
	c := serve(t)
	_, err := c.sb.Inject(sandbox.Fault{Kind: sandbox.Bare503, When: sandbox.BeforeWork})
	require.NoError(t, err)
	id := c.sb.Snapshot(0).Faults[0].ID
	assert.False(t, c.sb.RemoveFault(id+1))
	assert.True(t, c.sb.RemoveFault(id))
	assert.Empty(t, c.sb.Faults())
}

func TestEveryListedOperationIsOneThatAFaultTakes(t *testing.T) {
	c := serve(t, sandbox.WithBalance(money.FromInt(1)))
	for _, service := range []sandbox.Service{sandbox.ServiceDing, sandbox.ServiceDizlee, sandbox.ServiceToken} {
		operations := sandbox.Operations(service)
		assert.NotEmpty(t, operations)
		for _, operation := range operations {
			_, err := c.sb.Inject(sandbox.Fault{Kind: sandbox.Bare503, When: sandbox.BeforeWork, Service: service, Operation: operation})
			assert.NoError(t, err)
		}
	}
	assert.Len(t, sandbox.Operations(sandbox.ServiceDing), 17)
	assert.Empty(t, sandbox.Operations("nobody"))
	assert.Contains(t, sandbox.FaultKinds(), sandbox.HideRecords)
}
