// Tests of what logs and fmt show of models that hold receipts or account numbers: neither, whatever the handler.

package ding

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/wire"
)

const (
	account = "447700900123"
	pin     = "4929-0000-1234"
)

func voucher() TransferRecord {
	return TransferRecord{
		TransferID:      &TransferID{TransferRef: "700123", DistributorRef: "order-1"},
		AccountNumber:   account,
		ProcessingState: ProcessingStateComplete,
		ReceiptText:     wire.ReceiptText("Your PIN: " + pin),
		ReceiptParams:   wire.ReceiptParams{"pin": pin, "providerRef": "ref-" + pin},
		Price:           &Price{SendValue: money.MustParse("10.00")},
	}
}

// loggable has every model that may be logged, as a value and as a pointer.
func loggable() map[string]any {
	record := voucher()
	listed := TransferRecordWithErrorCodes{TransferRecord: voucher(), ResultCode: ResultCodeSuccess}
	answer := SendTransferResponse{TransferRecord: &record, ResultCode: ResultCodeSuccess}
	page := ListTransferRecordsResponse{Items: []TransferRecordWithErrorCodes{listed, listed}, ResultCode: ResultCodeSuccess}
	request := SendTransferRequest{
		AccountNumber: account, DistributorRef: "order-1", SKUCode: "GB_TEST_10", SendValue: money.MustParse("10.00"),
		Settings: []Setting{{Name: "Identity", Value: account}},
	}
	return map[string]any{
		"record": record, "*record": &record, "listed": listed, "*listed": &listed, "answer": answer, "*answer": &answer,
		"page": page, "*page": &page, "request": request, "*request": &request,
	}
}

func TestLogsShowNeitherReceiptsNorAccounts(t *testing.T) {
	for name, value := range loggable() {
		t.Run(name, func(t *testing.T) {
			before, err := json.Marshal(value)
			require.NoError(t, err)
			var text, lines strings.Builder

			slog.New(slog.NewTextHandler(&text, nil)).Info("m", "value", value, slog.Group("group", slog.Any("value", value)))
			slog.New(slog.NewJSONHandler(&lines, nil)).With("value", value).Info("m")

			for _, log := range []string{text.String(), lines.String()} {
				assert.NotContains(t, log, pin)
				assert.NotContains(t, log, account)
				assert.NotContains(t, log, "panicked")
			}
			assert.Contains(t, lines.String(), "447*******23")
			assert.Contains(t, lines.String(), "order-1", "what identifies the transfer is shown")
			assert.Contains(t, lines.String(), "10.00")
			after, err := json.Marshal(value)
			require.NoError(t, err)
			assert.JSONEq(t, string(before), string(after), "logging changes nothing")
			assert.Contains(t, string(after), account, "JSON carries the true value, since that is how it travels")
		})
	}
}

func TestLogsMaskTheAccountOfLookUps(t *testing.T) {
	for name, value := range map[string]any{
		"list request":  ListTransferRecordsRequest{AccountNumber: account, Take: 1},
		"bills request": &LookupBillsRequest{AccountNumber: account, Settings: []Setting{{Name: "Identity", Value: account}}},
		"lookup":        &GetAccountLookupResponse{AccountNumberNormalized: account, CountryISO: "GB"},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "value", value)
			slog.New(slog.NewTextHandler(&log, nil)).Info("m", "value", value)
			assert.NotContains(t, log.String(), account)
			assert.Contains(t, log.String(), "447*******23")
		})
	}
}

func TestFormattingHidesReceipts(t *testing.T) {
	for name, value := range loggable() {
		for _, verb := range []string{"%v", "%+v", "%#v"} {
			assert.NotContains(t, fmt.Sprintf(verb, value), pin, "%s of %s", verb, name)
		}
	}
	assert.Contains(t, fmt.Sprintf("%+v", voucher()), "ReceiptText:[redacted]")
	record := voucher()
	for _, verb := range []string{"%v", "%s", "%q", "%d"} {
		shown := fmt.Sprintf(verb, SendTransferResponse{TransferRecord: &record})
		assert.NotContains(t, shown, pin, verb)
		assert.Contains(t, shown, "ProcessingState:Complete", "the record is shown and not its address, at %s", verb)
	}
}

func TestWhatIsNotThereIsNotShownAsHidden(t *testing.T) {
	var log strings.Builder
	handler := slog.New(slog.NewJSONHandler(&log, nil))
	handler.Info("m", "value", TransferRecord{ProcessingState: ProcessingStateFailed})
	handler.Info("m", "value", SendTransferResponse{ResultCode: ResultCodeClientError})
	handler.Info("m", "value", ListTransferRecordsResponse{})
	assert.NotContains(t, log.String(), hidden)
	assert.NotContains(t, log.String(), "panicked")
	assert.Equal(t, 3, strings.Count(log.String(), "\n"))
}
