package sandbox_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/sandbox"
)

func TestAnInstantTransferIsPaidAndDeliveredAtOnce(t *testing.T) {
	c := serve(t)
	answer := c.send(map[string]any{"SkuCode": "KE_SV_TopUp", "SendValue": json.Number("5.00"), "AccountNumber": "254722123456"})
	record := into[ding.SendTransferResponse](t, answer, 200).TransferRecord
	assert.Equal(t, ding.ProcessingStateComplete, record.ProcessingState)
	assert.Equal(t, "645.00", record.Price.ReceiveValue.String())
	assert.Equal(t, "580.50", record.Price.ReceiveValueExcludingTax.String(), "the tax of 10 % is inside")
	assert.Equal(t, "0.40", record.CommissionApplied.String())
	assert.Equal(t, start, record.StartedUTC.Time)
	assert.Equal(t, start, record.CompletedUTC.Time)
	assert.Contains(t, string(answer.body), `"ReceiptText":null,"ReceiptParams":null`)

	assert.Equal(t, "995.00", c.sb.Balance().String())
	assert.Equal(t, []sandbox.Payment{{
		DistributorRef: "ref-1", TransferRef: record.TransferID.TransferRef, SKUCode: "KE_SV_TopUp",
		AccountNumber: "254722123456", Amount: money.MustParse("5.00"), Currency: "USD", At: start,
	}}, c.sb.Payments())
}

func TestAReplayedReferenceIsPaidAgain(t *testing.T) {
	c := serve(t)
	first, second := c.sent(nil), c.sent(nil)
	assert.NotEqual(t, first.TransferID.TransferRef, second.TransferID.TransferRef)
	assert.Len(t, c.sb.Payments(), 2)
	assert.Equal(t, "980.00", c.sb.Balance().String())
}

func TestADistributorFeeComesOnTopAndACustomerFeeOff(t *testing.T) {
	c := serve(t)
	c.sent(map[string]any{"SkuCode": "ES_MS_TopUp", "AccountNumber": "34600123456"})
	assert.Equal(t, "989.85", c.sb.Balance().String(), "10.00 and a fee of 0.15")
	record := c.sent(map[string]any{"SkuCode": "JM_BM_TopUp", "AccountNumber": "18763123456"})
	assert.Equal(t, "1491.50", record.Price.ReceiveValue.String(), "9.50 of the 10.00 at 157")
	assert.Equal(t, "979.85", c.sb.Balance().String())
}

func TestAVoucherComesWithItsPIN(t *testing.T) {
	c := serve(t)
	record := c.sent(map[string]any{"SkuCode": "XG_OR_PIN25", "SendValue": json.Number("25"), "AccountNumber": "guest@shop.example"})
	assert.Len(t, record.ReceiptParams["pin"], 16)
	assert.Equal(t, "PIN: "+record.ReceiptParams["pin"], record.ReceiptText.Reveal())
}

func TestAValidationLooksLikeAPaymentAndIsNone(t *testing.T) {
	c := serve(t)
	record := c.sent(map[string]any{"ValidateOnly": true})
	assert.Equal(t, ding.ProcessingStateComplete, record.ProcessingState)
	assert.Equal(t, "0", record.TransferID.TransferRef)
	assert.Equal(t, "7.80", record.Price.ReceiveValue.String())
	assert.True(t, record.StartedUTC.IsZero())
	assert.True(t, record.CompletedUTC.IsZero())

	requireRefused(t, serve(t, sandbox.WithBalance(money.MustParse("9.99"))).send(map[string]any{"ValidateOnly": true}),
		500, ding.ResultCodeServerError, "InsufficientBalance")
	requireRefused(t, c.send(map[string]any{"ValidateOnly": true, "AccountNumber": "+447700900123"}),
		400, ding.ResultCodeClientError, "AccountNumberInvalid/AccountNumberFailedRegex")
	assert.Empty(t, c.sb.Payments())
	assert.Empty(t, c.list(map[string]any{}).Items)
}

func TestTheLastDigitOfAUatNumberPicksTheOutcome(t *testing.T) {
	c := serve(t)
	for digit, want := range map[string]struct {
		status int
		result ding.ResultCode
		code   string
	}{
		"1": {429, 3, "RateLimited"},
		"2": {503, 3, "TransientProviderError/ProviderTimedOut"},
		"3": {503, 3, "TransientProviderError/ProviderRefusedRequest"},
		"4": {500, 5, "ProviderError/ProductUnavailable"},
		"5": {400, 4, "AccountNumberInvalid/ProviderRefusedRequest"},
		"6": {500, 5, "ProviderError/ProviderTemporarilyUnavailable"},
		"7": {500, 5, "InsufficientBalance"},
		"8": {400, 4, "AccountNumberInvalid/AccountNumberFailedRegex"},
		"9": {500, 5, "ProviderError/RechargeNotAllowed"},
	} {
		t.Run(want.code, func(t *testing.T) {
			answer := c.send(map[string]any{"AccountNumber": "44000000000" + digit, "DistributorRef": "uat-" + digit})
			requireRefused(t, answer, want.status, want.result, want.code)
			assert.Equal(t, want.result == 3, answer.header.Get("Retry-After") != "")
			listed := c.list(map[string]any{"DistributorRef": "uat-" + digit}).Items
			require.Len(t, listed, 1)
			assert.Equal(t, ding.ProcessingStateFailed, listed[0].TransferRecord.ProcessingState)
			assert.Equal(t, want.code, spell(listed[0].ErrorCodes[0]))
			assert.Equal(t, want.result, listed[0].ResultCode)
		})
	}
	success := c.sent(map[string]any{"AccountNumber": "440000000000"})
	assert.NotEqual(t, "0", success.TransferID.TransferRef)
	assert.Empty(t, c.sb.Payments(), "test numbers cost nothing")
	assert.Equal(t, "1000.00", c.sb.Balance().String())
}

func TestARefusedTransferSaysWhy(t *testing.T) {
	c := serve(t)
	meter := map[string]any{"SkuCode": "NG_LW_TopUp", "AccountNumber": "12345678901"}
	bill := map[string]any{"SkuCode": "KE_MZ_TopUp", "AccountNumber": "12345678"}
	for name, test := range map[string]struct {
		changes map[string]any
		status  int
		result  ding.ResultCode
		code    string
	}{
		"an account number with a plus": {
			map[string]any{"AccountNumber": "+447700900123"}, 400, 4, "AccountNumberInvalid/AccountNumberFailedRegex"},
		"a number of another country": {
			map[string]any{"AccountNumber": "254722123456"}, 400, 4, "AccountNumberInvalid/AccountNumberFailedRegex"},
		"a number that is too short": {
			map[string]any{"AccountNumber": "4477009001"}, 400, 4, "AccountNumberInvalid/AccountNumberFailedRegex"},
		"a number of another provider": {
			map[string]any{"AccountNumber": "2348051234567", "SkuCode": "NG_NL_TopUp"}, 400, 4, "AccountNumberInvalid/ProviderRefusedRequest"},
		"an unknown SKU":          {map[string]any{"SkuCode": "GB_AB_Nothing"}, 400, 4, "ParameterInvalid/SkuCode"},
		"more than the range":     {map[string]any{"SendValue": json.Number("60.01")}, 400, 4, "ParameterOutOfRange/SendValue"},
		"less than the range":     {map[string]any{"SendValue": json.Number("4.99")}, 400, 4, "ParameterOutOfRange/SendValue"},
		"not the fixed price":     {map[string]any{"SkuCode": "GB_AB_10", "SendValue": json.Number("10.01")}, 400, 4, "ParameterOutOfRange/SendValue"},
		"fractions of a cent":     {map[string]any{"SendValue": json.Number("10.005")}, 400, 4, "ParameterInvalid/SendValue"},
		"another currency":        {map[string]any{"SendCurrencyIso": "EUR"}, 400, 4, "ParameterInvalid/SendCurrencyIso"},
		"a blank reference":       {map[string]any{"DistributorRef": ""}, 400, 4, "ParameterInvalid/DistributorRef"},
		"a mandatory setting":     {meter, 400, 4, "ParameterMissing/MeterType"},
		"a bill that must be":     {bill, 400, 4, "ParameterMissing/BillRef"},
		"a bill nobody has":       {map[string]any{"SkuCode": "KE_MZ_TopUp", "AccountNumber": "12345678", "BillRef": "x"}, 400, 4, "ParameterInvalid/BillRef"},
		"a provider that is down": {map[string]any{"SkuCode": "GH_VT_TopUp", "AccountNumber": "233200123456"}, 503, 3, "TransientProviderError/ProviderTemporarilyUnavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := c.send(test.changes)
			requireRefused(t, answer, test.status, test.result, test.code)
			record := into[ding.SendTransferResponse](t, answer, test.status).TransferRecord
			assert.Equal(t, ding.ProcessingStateFailed, record.ProcessingState)
			assert.NotEmpty(t, record.SKUCode)
			assert.NotEmpty(t, record.AccountNumber)
			assert.Nil(t, record.TransferID)
			assert.Nil(t, record.Price)
			assert.True(t, record.StartedUTC.IsZero())
		})
	}
	assert.Empty(t, c.sb.Payments())
}

func TestABalanceThatDoesNotSufficeIsTold(t *testing.T) {
	c := serve(t, sandbox.WithBalance(money.MustParse("15.00")))
	c.sent(nil)
	requireRefused(t, c.send(nil), 500, ding.ResultCodeServerError, "InsufficientBalance")
	assert.Equal(t, "5.00", c.sb.Balance().String())
	assert.Len(t, c.sb.Payments(), 1)
}

func TestSettingsBeyondTheDefinitionsAreTaken(t *testing.T) {
	setting := func(name, value string) map[string]any { return map[string]any{"Name": name, "Value": value} }
	record := serve(t).sent(map[string]any{
		"SkuCode": "NG_LW_TopUp", "AccountNumber": "12345678901",
		"Settings": []any{setting("MeterType", "Single"), setting("Colour", "red")},
	})
	assert.NotEmpty(t, record.ReceiptParams["pin"])
}

func TestABatchTransferIsPaidAtOnceAndCompletesLater(t *testing.T) {
	c := serve(t)
	record := c.sent(map[string]any{"SkuCode": "US_PR_Nightly", "AccountNumber": "12025550123"})
	assert.Equal(t, ding.ProcessingStateSubmitted, record.ProcessingState)
	assert.True(t, record.CompletedUTC.IsZero())
	assert.Equal(t, "990.00", c.sb.Balance().String())

	c.clock.advance(sandbox.BatchDelay - time.Second)
	assert.Equal(t, ding.ProcessingStateSubmitted, c.list(map[string]any{}).Items[0].TransferRecord.ProcessingState)
	c.clock.advance(time.Second)
	assert.Equal(t, ding.ProcessingStateComplete, c.list(map[string]any{}).Items[0].TransferRecord.ProcessingState)
	assert.Equal(t, start, c.sb.Payments()[0].At)
}

func TestABatchTestTransferFailsLaterWhenTheProviderRefuses(t *testing.T) {
	c := serve(t)
	c.sent(map[string]any{"SkuCode": "US_PR_Nightly", "AccountNumber": "10000000004"})
	c.clock.advance(sandbox.BatchDelay)
	item := c.list(map[string]any{}).Items[0]
	assert.Equal(t, ding.ProcessingStateFailed, item.TransferRecord.ProcessingState)
	assert.Equal(t, "ProviderError/ProductUnavailable", spell(item.ErrorCodes[0]))
}

func TestADeferredTransferIsPaidWhenItCompletes(t *testing.T) {
	c := serve(t)
	deferring := c.with("X-Options", "DeferTransfer")
	requireRefused(t, deferring.send(nil), 400, ding.ResultCodeClientError, "ParameterMissing/X-Correlation-Id")

	deferring = deferring.with("X-Correlation-Id", "95e0578c")
	record := deferring.sent(nil)
	assert.Equal(t, ding.ProcessingStateSubmitted, record.ProcessingState)
	assert.Empty(t, c.sb.Payments())
	c.clock.advance(time.Hour)
	assert.Equal(t, "990.00", c.sb.Balance().String())
	assert.Equal(t, start.Add(sandbox.DeferDelay), c.sb.Payments()[0].At, "when it came due, not when somebody looked")
}

func TestWhatComesDueFirstIsDoneFirst(t *testing.T) {
	c := serve(t)
	c.sent(map[string]any{"SkuCode": "US_PR_Nightly", "AccountNumber": "12025550123", "DistributorRef": "batch"})
	deferring := c.with("X-Options", "DeferTransfer").with("X-Correlation-Id", "1")
	for _, ref := range []string{"deferred", "deferred too"} {
		deferring.sent(map[string]any{"DistributorRef": ref})
	}
	c.clock.advance(sandbox.DeferDelay)
	states := map[string]ding.ProcessingState{}
	for _, item := range c.list(map[string]any{}).Items {
		states[item.TransferRecord.TransferID.DistributorRef] = item.TransferRecord.ProcessingState
	}
	assert.Equal(t, map[string]ding.ProcessingState{
		"batch": ding.ProcessingStateSubmitted, "deferred": ding.ProcessingStateComplete, "deferred too": ding.ProcessingStateComplete,
	}, states)
	assert.Equal(t, "deferred too", c.sb.Payments()[2].DistributorRef, "those of one moment in the order in which they came")
}

func TestADeferredTransferFailsIfTheMoneyIsGoneByThen(t *testing.T) {
	c := serve(t, sandbox.WithBalance(money.MustParse("15.00")))
	c.with("X-Options", "DeferTransfer").with("X-Correlation-Id", "1").sent(map[string]any{"DistributorRef": "deferred"})
	c.sent(nil)
	c.clock.advance(sandbox.DeferDelay)
	item := c.list(map[string]any{"DistributorRef": "deferred"}).Items[0]
	assert.Equal(t, "InsufficientBalance", spell(item.ErrorCodes[0]))
	assert.Equal(t, "5.00", c.sb.Balance().String())
}

func TestABillIsPaidByItsReference(t *testing.T) {
	c := serve(t)
	account := map[string]any{"SkuCode": "MX_CF_TopUp", "AccountNumber": "12345678"}
	bills := into[ding.LookupBillsResponse](t, c.post("/api/V1/LookupBills", account), 200).Items
	require.Len(t, bills, 2)
	assert.NotEqual(t, bills[0].BillRef, bills[1].BillRef)
	assert.NotEmpty(t, bills[0].AdditionalInfo["InvoiceNumber"])
	again := into[ding.LookupBillsResponse](t, c.post("/api/V1/LookupBills", account), 200).Items
	assert.Equal(t, bills, again)

	pay := map[string]any{
		"SkuCode": "MX_CF_TopUp", "AccountNumber": "12345678", "BillRef": bills[0].BillRef, "SendValue": bills[0].Price.SendValue,
	}
	assert.Equal(t, ding.ProcessingStateSubmitted, c.sent(pay).ProcessingState)
	c.clock.advance(sandbox.BatchDelay)
	assert.NotEmpty(t, c.list(map[string]any{}).Items[0].TransferRecord.ReceiptParams["providerRef"])

	pay["SendValue"] = bills[0].Price.SendValue.Add(money.New(1, -2))
	requireRefused(t, c.send(pay), 400, ding.ResultCodeClientError, "ParameterOutOfRange/SendValue")
	pay["AccountNumber"], pay["SendValue"] = "87654321", bills[0].Price.SendValue
	requireRefused(t, c.send(pay), 400, ding.ResultCodeClientError, "ParameterInvalid/BillRef")
}

func TestBillsAreRefusedInTheirOwnForm(t *testing.T) {
	c := serve(t)
	for name, test := range map[string]struct{ body, code string }{
		"a product without bills": {`{"SkuCode":"GB_AB_TopUp","AccountNumber":"447700900123"}`, "ParameterInvalid/SkuCode"},
		"an unknown product":      {`{"SkuCode":"x","AccountNumber":"447700900123"}`, "ParameterInvalid/SkuCode"},
		"an account that is none": {`{"SkuCode":"MX_CF_TopUp","AccountNumber":"me"}`, "AccountNumberInvalid/AccountNumberFailedRegex"},
		"no account":              {`{"SkuCode":"MX_CF_TopUp"}`, "ParameterMissing/AccountNumber"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := c.post("/api/V1/LookupBills", test.body)
			requireRefused(t, answer, 400, ding.ResultCodeClientError, test.code)
			assert.True(t, strings.Contains(string(answer.body), `"Items":[]`))
		})
	}
}
