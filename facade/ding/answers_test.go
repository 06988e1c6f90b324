// Tests of what is read from good answers: null, absent and unknown fields, quoted numbers, dates and large decimals.

package ding_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
)

func TestNullAndAbsentFieldsAreAlike(t *testing.T) {
	for name, record := range map[string]string{
		"absent": `{"ProcessingState":"Complete","SkuCode":"S","AccountNumber":"A","CommissionApplied":0}`,
		"null": `{"TransferId":null,"SkuCode":"S","AccountNumber":"A","ProcessingState":"Complete","CommissionApplied":null,"Price":null,
			"StartedUtc":null,"CompletedUtc":null,"ReceiptText":null,"ReceiptParams":null,"New":null}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, ok(`{"ResultCode":1,"ErrorCodes":[],"ThereAreMoreItems":false,"Items":[{"ResultCode":1,"ErrorCodes":null,"TransferRecord":`+record+`}]}`))
			page, err := newClient(t, s).ListTransferRecords(t.Context(), ding.ListTransferRecordsRequest{Take: 1})
			require.NoError(t, err)
			require.Len(t, page.Items, 1)
			got := page.Items[0].TransferRecord
			assert.Equal(t, ding.TransferRecord{SKUCode: "S", AccountNumber: "A", ProcessingState: ding.ProcessingStateComplete}, got)
			assert.True(t, got.StartedUTC.IsZero())
		})
	}
}

func TestDatesOfAllKindsAreRead(t *testing.T) {
	s := serve(t, ok(`{"ResultCode":1,"Items":[
		{"StartUtc":"2026-05-08T15:23:28Z","EndUtc":"9999-12-31T23:59:59.9999999"},
		{"StartUtc":"2026-05-08T15:23:28.1234567Z","EndUtc":"2026-05-08T15:23:28"},
		{"StartUtc":"2026-05-08T17:23:28+02:00","EndUtc":null}]}`))
	answer, err := newClient(t, s).GetPromotions(t.Context(), ding.GetPromotionsParams{})
	require.NoError(t, err)
	var read []string
	for _, promotion := range answer.Items {
		read = append(read, promotion.StartUTC.String()+" to "+promotion.EndUTC.String())
	}
	assert.Equal(t, []string{
		"2026-05-08T15:23:28Z to 9999-12-31T23:59:59.9999999Z",
		"2026-05-08T15:23:28.1234567Z to 2026-05-08T15:23:28Z",
		"2026-05-08T15:23:28Z to ",
	}, read)
	assert.True(t, answer.Items[0].EndUTC.OpenEnded())
}

func TestAmountsAreExact(t *testing.T) {
	for sent, read := range map[string]string{
		`0.70`:                            "0.70",
		`10`:                              "10",
		`"12.50"`:                         "12.50",
		`79228162514264337593543950335`:   "79228162514264337593543950335",
		`-7.9228162514264337593543950335`: "-7.9228162514264337593543950335",
		`null`:                            "0",
	} {
		t.Run(sent, func(t *testing.T) {
			answer, err := newClient(t, serve(t, ok(`{"ResultCode":1,"Balance":`+sent+`}`))).GetBalance(t.Context())
			require.NoError(t, err)
			assert.Equal(t, read, answer.Balance.String())
		})
	}
}

func TestAnAmountThatIsNoneIsUndecodable(t *testing.T) {
	for _, sent := range []string{`"NaN"`, `1e999999999`, `"0x10"`, `{}`, `true`} {
		_, err := newClient(t, serve(t, ok(`{"ResultCode":1,"Balance":`+sent+`}`))).GetBalance(t.Context())
		assert.ErrorIs(t, err, facade.ErrUndecodable, sent)
	}
}

func TestOpenListsTakeNewValues(t *testing.T) {
	s := serve(t, ok(`{"ResultCode":1,"Items":[{"SkuCode":"S","Benefits":["Telepathy"],"ProcessingMode":"Sometimes","Minimum":{"SendValue":1.50},"Extra":1}]}`))
	answer, err := newClient(t, s).GetProducts(t.Context(), ding.GetProductsParams{})
	require.NoError(t, err)
	assert.Equal(t, []ding.Benefit{"Telepathy"}, answer.Items[0].Benefits)
	assert.Equal(t, ding.ProcessingMode("Sometimes"), answer.Items[0].ProcessingMode)
	assert.Equal(t, "1.50", answer.Items[0].Minimum.SendValue.String())
}

func TestAWarningStaysReachableAndIsLogged(t *testing.T) {
	s := serve(t, ok(`{"ResultCode":2,"ErrorCodes":[{"Code":"NearestMatch","Context":"echo of `+apiKey+` for `+account+`"}],
		"CountryIso":"GB","AccountNumberNormalized":"`+account+`","Items":[]}`))
	var log strings.Builder
	client := newClient(t, s, ding.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))

	answer, err := client.GetAccountLookup(t.Context(), account, ding.WithCorrelationID("lookup-1"))

	require.NoError(t, err)
	assert.Equal(t, ding.ResultCodeSuccessWithWarning, answer.ResultCode)
	assert.Equal(t, "NearestMatch", answer.ErrorCodes[0].Code)
	assert.Equal(t, account, answer.AccountNumberNormalized)
	assert.Empty(t, answer.Items)
	assert.Contains(t, log.String(), `"level":"WARN","msg":"answered with a warning","service":"ding","operation":"GetAccountLookup","correlationId":"lookup-1"`)
	assert.Contains(t, log.String(), `"Code":"NearestMatch"`)
	assertNothingSecret(t, log.String())
}
