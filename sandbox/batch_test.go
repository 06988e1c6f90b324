package sandbox_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/sandbox"
)

func TestPricesAreEstimatedEntryByEntry(t *testing.T) {
	c := serve(t)
	for name, test := range map[string]struct {
		entry, code, send, receive string
	}{
		"from what is sent":                 {`"SkuCode":"KE_SV_TopUp","SendValue":2`, "", "2.00", "258.00"},
		"from what arrives":                 {`"SkuCode":"KE_SV_TopUp","ReceiveValue":258`, "", "2.00", "258.00"},
		"a cent is rounded up":              {`"SkuCode":"KE_SV_TopUp","ReceiveValue":100`, "", "0.78", "100.00"},
		"a zero counts as absent":           {`"SkuCode":"KE_SV_TopUp","SendValue":2,"ReceiveValue":0`, "", "2.00", "258.00"},
		"a fixed price from what arrives":   {`"SkuCode":"ES_MS_8GB","ReceiveValue":9.11`, "", "9.90", "9.11"},
		"a whole value":                     {`"SkuCode":"IQ_BB_TopUp","ReceiveValue":2620`, "", "2.00", "2620.00"},
		"a value that is not whole":         {`"SkuCode":"IQ_BB_TopUp","ReceiveValue":2619.6`, "NearestMatch/ProviderCannotSupplyRequestReceiveValue", "2.00", "2620.00"},
		"a whole provider cuts the rest":    {`"SkuCode":"IN_DK_TopUp","SendValue":0.55`, "", "0.55", "46.00"},
		"both values":                       {`"SkuCode":"KE_SV_TopUp","SendValue":2,"ReceiveValue":258`, "ParameterCombinationInvalid/SendValue,ReceiveValue", "", ""},
		"neither value":                     {`"SkuCode":"KE_SV_TopUp"`, "ParameterMissing/SendValue,ReceiveValue", "", ""},
		"too much to send":                  {`"SkuCode":"KE_SV_TopUp","SendValue":75.01`, "ParameterOutOfRange/SendValue", "", ""},
		"too much to arrive":                {`"SkuCode":"KE_SV_TopUp","ReceiveValue":9999999999999999999999999999999999999999`, "ParameterOutOfRange/ReceiveValue", "", ""},
		"too little to arrive":              {`"SkuCode":"KE_SV_TopUp","ReceiveValue":0.01`, "ParameterOutOfRange/ReceiveValue", "", ""},
		"less than nothing":                 {`"SkuCode":"KE_SV_TopUp","ReceiveValue":-5`, "ParameterOutOfRange/ReceiveValue", "", ""},
		"an unknown product":                {`"SkuCode":"x","SendValue":2`, "ParameterInvalid/SkuCode", "", ""},
		"a currency the account doesn't do": {`"SkuCode":"KE_SV_TopUp","SendValue":2,"SendCurrencyIso":"EUR"`, "ParameterInvalid/SendCurrencyIso", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			answer := c.post("/api/V1/EstimatePrices", `[{"BatchItemRef":"a",`+test.entry+`}]`)
			item := into[ding.EstimatePricesResponse](t, answer, 200).Items[0]
			assert.Equal(t, "a", item.BatchItemRef)
			if test.code != "" {
				assert.Equal(t, test.code, spell(item.ErrorCodes[0]))
			}
			require.Equal(t, test.send != "", item.Price != nil)
			if item.Price != nil {
				assert.Equal(t, test.send, item.Price.SendValue.String())
				assert.Equal(t, test.receive, item.Price.ReceiveValue.String())
				assert.Equal(t, "USD", item.Price.SendCurrencyISO)
			}
		})
	}
}

func TestBatchAnswersComeInAnotherOrder(t *testing.T) {
	answer := serve(t).post("/api/V1/EstimatePrices",
		`[{"BatchItemRef":"a","SkuCode":"x"},{"BatchItemRef":"b","SkuCode":"x"},{"BatchItemRef":"c","SkuCode":"x"}]`)
	response := into[ding.EstimatePricesResponse](t, answer, 200)
	assert.Equal(t, ding.ResultCodeSuccess, response.ResultCode, "the call succeeds though every entry fails")
	var refs []string
	for _, item := range response.Items {
		refs = append(refs, item.BatchItemRef)
	}
	assert.Equal(t, []string{"b", "c", "a"}, refs)
	empty := into[ding.EstimatePricesResponse](t, serve(t).post("/api/V1/EstimatePrices", `[]`), 200)
	assert.Empty(t, empty.Items)
}

func (c *client) cancel(transferRef, distributorRef string) ding.TransferWithState {
	c.t.Helper()
	answer := c.post("/api/V1/CancelTransfers", []any{map[string]any{
		"BatchItemRef": "a", "TransferId": map[string]any{"TransferRef": transferRef, "DistributorRef": distributorRef},
	}})
	return into[ding.CancelTransfersResponse](c.t, answer, 200).Items[0]
}

func TestACancelledBatchTransferGivesItsMoneyBack(t *testing.T) {
	c := serve(t)
	nightly := map[string]any{"SkuCode": "US_PR_Nightly", "AccountNumber": "12025550123"}
	id := c.sent(nightly).TransferID
	item := c.cancel(id.TransferRef, id.DistributorRef)
	assert.Equal(t, ding.ProcessingStateCancelled, item.ProcessingState)
	assert.Equal(t, *id, item.TransferID)
	assert.Equal(t, "1000.00", c.sb.Balance().String())
	assert.Empty(t, c.sb.Payments())
	c.clock.advance(sandbox.BatchDelay)
	assert.Equal(t, ding.ProcessingStateCancelled, c.list(map[string]any{}).Items[0].TransferRecord.ProcessingState)

	assert.Equal(t, "RequestInvalid/NoRecordsFound", spell(c.cancel(id.TransferRef, id.DistributorRef).ErrorCodes[0]), "once is enough")
}

func TestWhatCannotBeCancelledSaysWhy(t *testing.T) {
	c := serve(t)
	nightly := func(ref string) map[string]any {
		return map[string]any{"SkuCode": "US_PR_Nightly", "AccountNumber": "12025550123", "DistributorRef": ref}
	}
	instant := c.sent(map[string]any{"DistributorRef": "instant"}).TransferID
	c.sent(nightly("twice"))
	c.sent(nightly("twice"))
	for name, test := range map[string]struct{ transferRef, distributorRef, code string }{
		"an instant transfer":         {instant.TransferRef, "instant", "RequestInvalid/InstantTransfersCannotBeCancelled"},
		"a reference that fits two":   {"", "twice", "RequestInvalid/MultipleRecordsMatched"},
		"a reference nobody has":      {"", "nobody", "RequestInvalid/NoRecordsFound"},
		"no reference at all":         {"", "", "RequestInvalid/NoRecordsFound"},
		"references of two transfers": {instant.TransferRef, "twice", "RequestInvalid/NoRecordsFound"},
	} {
		t.Run(name, func(t *testing.T) {
			item := c.cancel(test.transferRef, test.distributorRef)
			assert.Equal(t, test.code, spell(item.ErrorCodes[0]))
			assert.Equal(t, ding.ResultCodeClientError, item.ResultCode)
		})
	}
}

func TestADeliveredBatchTransferCanNoLongerBeCancelled(t *testing.T) {
	c := serve(t)
	id := c.sent(map[string]any{"SkuCode": "US_PR_Nightly", "AccountNumber": "12025550123"}).TransferID
	c.clock.advance(sandbox.BatchDelay)
	item := c.cancel(id.TransferRef, "")
	assert.Equal(t, "RequestInvalid/NoRecordsFound", spell(item.ErrorCodes[0]))
	assert.Equal(t, ding.ProcessingStateComplete, item.ProcessingState)
	assert.Len(t, c.sb.Payments(), 1)
}

func TestRecordsAreListedNewestFirst(t *testing.T) {
	c := serve(t)
	for i := range 5 {
		c.sent(map[string]any{"DistributorRef": fmt.Sprint("ref-", i)})
	}
	refs := func(answer ding.ListTransferRecordsResponse) (refs []string) {
		for _, item := range answer.Items {
			refs = append(refs, item.TransferRecord.TransferID.DistributorRef)
		}
		return refs
	}
	first := c.list(map[string]any{"Take": 2})
	assert.Equal(t, []string{"ref-4", "ref-3"}, refs(first))
	assert.True(t, first.ThereAreMoreItems)
	last := c.list(map[string]any{"Take": 2, "Skip": 3})
	assert.Equal(t, []string{"ref-1", "ref-0"}, refs(last))
	assert.False(t, last.ThereAreMoreItems)
	assert.Empty(t, c.list(map[string]any{"Skip": 500}).Items)
}

func TestFiltersOfRecordsNarrowEachOther(t *testing.T) {
	c := serve(t)
	one := c.sent(map[string]any{"DistributorRef": "one"})
	c.sent(map[string]any{"DistributorRef": "two", "AccountNumber": "447911123456"})
	assert.Len(t, c.list(map[string]any{"TransferRef": one.TransferID.TransferRef}).Items, 1)
	assert.Len(t, c.list(map[string]any{"AccountNumber": "447911123456"}).Items, 1)
	assert.Len(t, c.list(map[string]any{"DistributorRef": "one", "AccountNumber": "447700900123"}).Items, 1)
	assert.Empty(t, c.list(map[string]any{"DistributorRef": "one", "AccountNumber": "447911123456"}).Items)
}

func TestRecordsAreForgottenAfterTwoMonths(t *testing.T) {
	c := serve(t)
	c.sent(nil)
	c.clock.advance(61 * 24 * time.Hour)
	assert.Len(t, c.list(map[string]any{}).Items, 1)
	c.clock.advance(time.Second)
	assert.Empty(t, c.list(map[string]any{}).Items)
	assert.Len(t, c.sb.Payments(), 1, "the books forget nothing")
}

func TestARecordOfAValueIsExact(t *testing.T) {
	c := serve(t)
	c.sent(map[string]any{"SkuCode": "NG_NL_TopUp", "AccountNumber": "2348031234567", "SendValue": json.Number("0.7")})
	assert.Equal(t, "0.70", c.list(map[string]any{}).Items[0].TransferRecord.Price.SendValue.String())
	assert.Equal(t, "999.30", c.sb.Balance().String())
}
