// Tests of what the request says of the customer, and what an answer that cannot be read says of a voucher: neither
// shows in an error, whatever it looks like.

package ding_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/ding"
)

func TestAnAnswerThatCannotBeReadShowsNoReceipt(t *testing.T) {
	const voucher, words = "ZQ-84-XW-17", "code QQ of the month"
	for name, body := range map[string]string{
		"cut short":              `{"ResultCode":1,"TransferRecord":{"ReceiptParams":{"pin":"` + voucher + `"},"ReceiptText":"` + words,
		"no ResultCode":          `{"TransferRecord":{"ReceiptParams":{"pin":"` + voucher + `"},"ReceiptText":"` + words + `"}}`,
		"a ResultCode in quotes": `{"ResultCode":"1","TransferRecord":{"ReceiptParams":{"pin":"` + voucher + `"},"ReceiptText":"` + words + `"}}`,
		"something behind it":    `{"ResultCode":1,"TransferRecord":{"ReceiptParams":{"pin":"` + voucher + `"},"ReceiptText":"` + words + `"}} .`,
		"JSON in a string":       `"{\"ReceiptText\":\"` + words + ` ` + voucher + `\"}"`,
		"a page around it":       `<html>{"ReceiptText":"` + words + ` ` + voucher + `"}</html>`,
		"a list":                 ` [{"text":"` + words + ` ` + voucher + `"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(ok(body).play))
			defer server.Close()
			client := newClient(t, &service{url: server.URL})
			_, sendErr := client.SendTransfer(t.Context(), transfer())
			_, listErr := client.ListTransferRecords(t.Context(), ding.ListTransferRecordsRequest{Take: 1})
			for _, err := range []error{sendErr, listErr} {
				require.Error(t, err)
				for _, shown := range []string{err.Error(), fmt.Sprintf("%+v", err)} {
					assert.NotContains(t, shown, voucher)
					assert.NotContains(t, shown, words)
				}
			}
		})
	}
}

func TestWhatTheServiceEchoesOfTheCustomerIsNotShown(t *testing.T) {
	for _, customer := range []string{"jane.doe@example.org", "MTR-77AB", "12345"} {
		request := transfer()
		request.AccountNumber = customer
		request.Settings = []ding.Setting{{Name: "Identity", Value: "ID " + customer}}
		for name, answer := range map[string]reply{
			"in a context": {status: 400, body: `{"ResultCode":4,"ErrorCodes":[{"Code":"AccountNumberInvalid","Context":"` + customer + `, ID ` + customer + `"}]}`},
			"in a page":    {status: 400, body: `<html><b>` + customer + `</b> is odd, and so is ID ` + customer + `</html>`},
		} {
			t.Run(customer+" "+name, func(t *testing.T) {
				_, err := newClient(t, serveMoney(t, answer)).SendTransfer(t.Context(), request)
				require.Error(t, err)
				assert.NotContains(t, err.Error(), customer)
				assert.Contains(t, err.Error(), "[redacted]")
			})
		}
	}
}

func TestAServiceGoneMadDoesNotFloodTheLog(t *testing.T) {
	body := `{"ResultCode":4,"ErrorCodes":[{"Code":"A"}` + strings.Repeat(`,{"Code":"A"}`, 50_000)
	_, err := newClient(t, serve(t, reply{status: 400, body: body + `]}`})).GetBalance(t.Context())
	assert.Less(t, len(err.Error()), 1000)
}
