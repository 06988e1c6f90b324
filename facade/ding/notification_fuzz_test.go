// Fuzzing of what reads a notification: nobody has to be Ding to send one.

package ding

import (
	"errors"
	"net/http"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/internal/inbound"
)

// FuzzNotification holds that a body is either refused, with a text that holds nothing of it, or names a transfer and its final state,
// and that what is read differs in nothing from itself.
func FuzzNotification(f *testing.F) {
	for _, body := range []string{
		`{"ResultCode":1,"ErrorCodes":[],"TransferRecord":{"TransferId":{"TransferRef":"7","DistributorRef":"order-1"},"ProcessingState":"Complete","AccountNumber":"447700900123","Price":{"SendValue":5,"SendCurrencyIso":"USD","TaxName":null},"ReceiptText":null,"ReceiptParams":null}}`,
		`{"ResultCode":5,"ErrorCodes":[{"Code":"ProviderError","Context":null}],"TransferRecord":{"TransferId":{"TransferRef":"7","DistributorRef":"order-1"},"ProcessingState":"Failed","CompletedUtc":"2026-01-09T21:40:15Z"}}`,
		`{"resultcode":1,"transferrecord":{"transferid":{"TransferRef":"7","DistributorRef":"\ud800"},"ProcessingState":"Cancelled"}}`,
		`{"ResultCode":1,"TransferRecord":{"TransferId":{"TransferRef":"0","DistributorRef":"a"},"ProcessingState":"Complete"}}`,
		`{"ResultCode":5,"TransferRecord":{"TransferId":null,"SkuCode":"GB_TEST_10","AccountNumber":"447700900123","ProcessingState":"Failed"}}`,
		`{"ResultCode":1,"TransferRecord":null}`, `{"ResultCode":1,"TransferRecord":{"TransferId":null}}`, `{"TransferRecord":{"Price":"x"}}`,
		`null`, `[]`, `{`, ``, `{}{}`, "{\"\xff\":1}",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := readNotification(http.Header{"X-Correlation-Id": {"call-1"}}, body)
		if err == nil {
			err = n.identify(&correlated{})
		}
		if err != nil {
			var refusal *inbound.Refusal
			require.True(t, errors.As(err, &refusal))
			assert.Equal(t, http.StatusBadRequest, refusal.Status)
			assert.True(t, utf8.ValidString(refusal.Text))
			assert.Less(t, len(refusal.Text), 200)
			return
		}
		id := n.TransferRecord.TransferID
		require.NotNil(t, id)
		assert.NotEmpty(t, id.DistributorRef)
		assert.True(t, !isNoRef(id.TransferRef) || id.TransferRef == "" && isFailed(n.TransferRecord.ProcessingState))
		assert.NotEmpty(t, finalState(n.TransferRecord))
		assert.NotZero(t, n.ResultCode)
		assert.False(t, n.Verified)
		assert.Empty(t, differs(n.TransferRecord, n.TransferRecord))
		assert.NotEmpty(t, n.reference())
		assert.NotNil(t, n.LogValue())
	})
}
