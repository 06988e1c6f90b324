package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/sandbox"
)

func TestEveryFilterOfTheAPIHasAFlag(t *testing.T) {
	server := serve(t, says(200, `{"ResultCode":1,"Items":[]}`))
	tests := []struct{ line, path, query string }{
		{"countries", "GetCountries", ""},
		{"currencies", "GetCurrencies", ""},
		{"errors", "GetErrorCodeDescriptions", ""},
		{"regions --country JM --country HT", "GetRegions", "countryIsos=JM&countryIsos=HT"},
		{"providers --provider A,B --country JM --region R --account 18765550123", "GetProviders",
			"providerCodes=A&providerCodes=B&countryIsos=JM&regionCodes=R&accountNumber=18765550123"},
		{"status --provider A --provider B", "GetProviderStatus", "providerCodes=A&providerCodes=B"},
		{"products --country JM --country HT --provider P --sku S --sku T --benefit Data --benefit Mobile --region R --account 18765550123", "GetProducts",
			"countryIsos=JM&countryIsos=HT&providerCodes=P&skuCodes=S&skuCodes=T&benefits=Data&benefits=Mobile&regionCodes=R&accountNumber=18765550123"},
		{"products --country= --account=", "GetProducts", ""},
		{"descriptions --language en --language fr --sku S", "GetProductDescriptions", "languageCodes=en&languageCodes=fr&skuCodes=S"},
		{"promotions --country JM --provider P --account 18765550123", "GetPromotions", "countryIsos=JM&providerCodes=P&accountNumber=18765550123"},
		{"promotion-descriptions --language en", "GetPromotionDescriptions", "languageCodes=en"},
		{"lookup 18765550123", "GetAccountLookup", "accountNumber=18765550123"},
		{"lookup --account 18765550123", "GetAccountLookup", "accountNumber=18765550123"},
	}
	for _, tt := range tests {
		r := airtime(t, servedAt(server.URL), "ding "+tt.line)
		require.Equal(t, 0, r.code, r.err)
		requests := server.seen()
		last := requests[len(requests)-1]
		assert.Equal(t, "/api/V1/"+tt.path, last.path)
		sent, err := url.ParseQuery(last.query)
		require.NoError(t, err)
		wanted, err := url.ParseQuery(tt.query)
		require.NoError(t, err)
		assert.Equal(t, wanted, sent, tt.line)
		assert.Equal(t, []string{dingKey}, last.header["Api_key"])
	}
}

func TestJSONListsAreOneArrayOfTheAPIsOwnObjects(t *testing.T) {
	lists := []string{"countries", "currencies", "regions", "providers", "status", "products", "descriptions", "promotions", "promotion-descriptions", "errors", "transfers",
		"bills --sku S --account 1"}
	empty := serve(t, says(200, `{"ResultCode":1,"Items":null,"ErrorCodes":null}`))
	for _, list := range lists {
		r := airtime(t, servedAt(empty.URL), "ding "+list+" --json")
		assert.Equal(t, 0, r.code, r.err)
		assert.JSONEq(t, "[]", r.out, list)
		assert.Empty(t, r.err)
		assert.Equal(t, "airtime: nothing found\n", airtime(t, servedAt(empty.URL), "ding "+list).err)
	}

	server := serve(t, says(200, `{"ResultCode":1,"Items":[{"SkuCode":"S","Minimum":{"SendValue":0.70,"ReceiveValue":12345678901234567890.123456789,"SendCurrencyIso":"USD"},"UatNumber":"50900000000","Brand":"new"}]}`))
	r := airtime(t, servedAt(server.URL), "ding products --json")
	assert.Contains(t, r.out, `"SendValue": 0.70`, "amounts are exact")
	assert.Contains(t, r.out, `12345678901234567890.123456789`)
	var products []map[string]any
	require.NoError(t, json.Unmarshal([]byte(r.out), &products))
	assert.Equal(t, "S", products[0]["SkuCode"])
	assert.Equal(t, "50900000000", products[0]["UatNumber"])
}

func TestBalanceAndLookupPrintTheAnswer(t *testing.T) {
	server := serve(t, says(200, `{"ResultCode":2,"ErrorCodes":[{"Code":"NearestMatch"}],"Balance":3.10,"CurrencyIso":"EUR","AccountNumberNormalized":"18765550123","CountryIso":"JM","Items":null}`))
	balance := airtime(t, servedAt(server.URL), "ding balance --json")
	assert.JSONEq(t, `{"ResultCode":2,"ErrorCodes":[{"Code":"NearestMatch"}],"Balance":3.10,"CurrencyIso":"EUR"}`, balance.out)
	assert.JSONEq(t, `{"warning":{"operation":"GetBalance","codes":[{"code":"NearestMatch","context":""}]}}`, balance.err)

	lookup := airtime(t, servedAt(server.URL), "ding lookup 18765550123 --json")
	assert.JSONEq(t, `{"ResultCode":2,"ErrorCodes":[{"Code":"NearestMatch"}],"AccountNumberNormalized":"18765550123","CountryIso":"JM","Items":[]}`, lookup.out)
	people := airtime(t, servedAt(server.URL), "ding lookup 18765550123")
	assert.Contains(t, people.err, "warning: GetAccountLookup answered NearestMatch\n")
	assert.Contains(t, people.err, "no provider is known")
}

func TestEstimateReportsTheItem(t *testing.T) {
	server := serve(t, says(200, `{"ResultCode":1,"Items":[{"BatchItemRef":"1","SkuCode":"S","ResultCode":1,"Price":{"SendValue":5.00,"SendCurrencyIso":"USD","ReceiveValue":3.90,"ReceiveCurrencyIso":"GBP","CustomerFee":0.10,"DistributorFee":0.20}}]}`))
	r := airtime(t, servedAt(server.URL), "ding estimate --sku S --receive-value 3.90 --currency USD")
	assert.Equal(t, 0, r.code, r.err)
	assert.Contains(t, r.out, "5.00 USD")
	assert.Contains(t, r.out, "0.30 USD", "both fees")
	assert.JSONEq(t, `[{"BatchItemRef":"1","SkuCode":"S","ReceiveValue":3.90,"SendCurrencyIso":"USD"}]`, server.seen()[0].body)
	assert.Contains(t, airtime(t, servedAt(server.URL), "ding estimate --sku S --send-value 5 --json").out, `"ReceiveValue": 3.90`)

	for body, code := range map[string]int{
		`{"ResultCode":1,"Items":[{"BatchItemRef":"1","ResultCode":4,"ErrorCodes":[{"Code":"ParameterInvalid","Context":"SkuCode"}]}]}`: 1,
		`{"ResultCode":1,"Items":[]}`: 3,
		`{"ResultCode":1,"Items":[{"BatchItemRef":"1","ResultCode":1,"Price":null}]}`: 0,
	} {
		answers := serve(t, says(200, body))
		assert.Equal(t, code, airtime(t, servedAt(answers.URL), "ding estimate --sku S --send-value 5").code, body)
	}
}

// pages answers ListTransferRecords as an account with so many transfers does.
func pages(total int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var asked ding.ListTransferRecordsRequest
		_ = json.NewDecoder(r.Body).Decode(&asked)
		end := min(int(asked.Skip+asked.Take), total)
		var items []string
		for i := int(asked.Skip); i < end; i++ {
			items = append(items, fmt.Sprintf(`{"ResultCode":1,"TransferRecord":{"TransferId":{"TransferRef":"%d"},"ProcessingState":"Complete"}}`, 1000+i))
		}
		says(200, fmt.Sprintf(`{"ResultCode":1,"ThereAreMoreItems":%t,"Items":[%s]}`, end < total, strings.Join(items, ",")))(w, r)
	}
}

func TestTransfersAreListedUpToTheLimit(t *testing.T) {
	tests := []struct {
		flags               string
		total, listed, code int
	}{
		{"", 250, 100, 0},
		{"--limit 7", 250, 7, 0},
		{"--limit 150", 250, 150, 0},
		{"--limit 0", 250, 250, 0},
		{"--limit 600", 700, 600, 0},
		{"--limit 601", 700, 600, 1},
		{"--limit 0", 700, 600, 1},
	}
	for _, tt := range tests {
		server := serveRaw(t, pages(tt.total))
		r := airtime(t, servedAt(server), "ding transfers --json "+tt.flags)
		assert.Equal(t, tt.code, r.code, r.err)
		var records []map[string]any
		require.NoError(t, json.Unmarshal([]byte(r.out), &records), "what was read is printed")
		assert.Len(t, records, tt.listed, tt.flags)
		if tt.code != 0 {
			assert.Contains(t, failureOf(t, r)["message"], "600 records")
		}
	}

	server := serve(t, says(200, `{"ResultCode":1,"Items":[{"ResultCode":4,"ErrorCodes":[{"Code":"AccountNumberInvalid","Context":"X"},{"Code":"Y"}],"TransferRecord":{"ProcessingState":"Failed"}}]}`))
	r := airtime(t, servedAt(server.URL), "ding transfers --ref R-1 --account 1 --transfer-ref 77")
	assert.Contains(t, r.out, "AccountNumberInvalid/X, Y")
	assert.JSONEq(t, `{"TransferRef":"77","DistributorRef":"R-1","AccountNumber":"1","Take":100}`, server.seen()[0].body)
}

func TestSendPaysOnlyWithConfirm(t *testing.T) {
	tests := []struct {
		flags    string
		validate bool
		notice   string
	}{
		{"", true, "validated only: nothing was paid; add --confirm to pay"},
		{"--validate-only", true, "validated only"},
		{"--validate-only --confirm", true, "because of --validate-only"},
		{"--confirm=false", true, "validated only"},
		{"--confirm", false, ""},
	}
	for _, tt := range tests {
		server := serve(t, says(200, complete))
		flags := " --currency USD --bill-ref B --setting Meter=Single --setting Note=a=b,c "
		r := airtime(t, servedAt(server.URL), sendTransfer+flags+tt.flags)
		assert.Equal(t, 0, r.code, r.err)
		assert.Contains(t, r.err, tt.notice)
		assert.JSONEq(t, fmt.Sprintf(`{"SkuCode":"S","SendValue":10.00,"SendCurrencyIso":"USD","AccountNumber":"447700900123","DistributorRef":"R-1",
			"Settings":[{"Name":"Meter","Value":"Single"},{"Name":"Note","Value":"a=b,c"}],"BillRef":"B","ValidateOnly":%t}`, tt.validate), server.seen()[0].body)
		assert.Contains(t, server.seen()[0].body, "10.00")
	}
}

func TestSendPrintsTheRecordWithItsReceiptOnStdoutAlone(t *testing.T) {
	server := serve(t, says(200, complete))
	people := airtime(t, servedAt(server.URL), sendTransfer+" --confirm -v")
	assert.Contains(t, people.out, "10.00 USD")
	assert.Contains(t, people.out, "pin: 1234-5678")
	assert.Contains(t, people.out, "\nPIN 1234-5678\n")
	assert.NotContains(t, people.err, "1234-5678")

	asJSON := airtime(t, servedAt(server.URL), sendTransfer+" --confirm --json")
	var record map[string]any
	require.NoError(t, json.Unmarshal([]byte(asJSON.out), &record))
	assert.Equal(t, "Complete", record["ProcessingState"])
	assert.Equal(t, map[string]any{"TransferRef": "77", "DistributorRef": "R-1"}, record["TransferId"])
	assert.Equal(t, map[string]any{"pin": "1234-5678"}, record["ReceiptParams"])
	assert.Empty(t, asJSON.err)
}

func TestAValidationThatFailsIsARefusal(t *testing.T) {
	server := serve(t, says(200, `{"ResultCode":1,"TransferRecord":{"ProcessingState":"Failed"}}`))
	r := airtime(t, servedAt(server.URL), sendTransfer)
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.err, "would not go through")

	bare := serve(t, says(200, `{"ResultCode":1}`))
	assert.Equal(t, 0, airtime(t, servedAt(bare.URL), sendTransfer).code)
	assert.Equal(t, "null\n", airtime(t, servedAt(bare.URL), sendTransfer+" --json").out)
}

func TestOnlyTheStateCancelledMeansCancelled(t *testing.T) {
	answer := `{"ResultCode":1,"Items":[{"BatchItemRef":"1","ResultCode":1,"ProcessingState":%q,"TransferId":{"TransferRef":"77","DistributorRef":"R-1"}}]}`
	for state, code := range map[string]int{
		"Cancelled": 0, "Cancelling": 4, "Submitted": 4, "Processing": 4, "Complete": 1, "Completed": 1, "Failed": 1, "": 4, "Dreaming": 4,
	} {
		server := serve(t, says(200, fmt.Sprintf(answer, state)))
		r := airtime(t, servedAt(server.URL), "ding cancel --transfer-ref 77 --ref R-1 --confirm")
		assert.Equal(t, code, r.code, "%q: %s", state, r.err)
		assert.Contains(t, r.out+r.err, state)
		assert.JSONEq(t, `[{"BatchItemRef":"1","TransferId":{"TransferRef":"77","DistributorRef":"R-1"}}]`, server.seen()[0].body)
	}

	for body, code := range map[string]int{
		`{"ResultCode":1,"Items":[{"BatchItemRef":"1","ResultCode":4,"ErrorCodes":[{"Code":"RequestInvalid","Context":"NoRecordsFound"}]}]}`: 1,
		`{"ResultCode":1,"Items":[]}`:                 4,
		envelope(4, "RequestInvalid", "whatever"):     1,
		`<html>gateway</html>`:                        4,
		envelope(5, "OtherError", "") + " and so on ": 4,
	} {
		server := serve(t, says(200, body))
		assert.Equal(t, code, airtime(t, servedAt(server.URL), "ding cancel --ref R-1 --confirm").code, body)
		assert.Equal(t, 1, server.sent("CancelTransfers"))
	}

	server := serve(t, says(200, fmt.Sprintf(answer, "Cancelled")))
	r := airtime(t, servedAt(server.URL), "ding cancel --ref R-1 --confirm --json")
	assert.JSONEq(t, `{"BatchItemRef":"1","ResultCode":1,"ErrorCodes":[],"ProcessingState":"Cancelled","TransferId":{"TransferRef":"77","DistributorRef":"R-1"}}`, r.out)
}

func TestErrorDescriptionsCanBeNamed(t *testing.T) {
	server := serve(t, says(200, `{"ResultCode":1,"Items":[{"Code":"A","Message":"a"},{"Code":"B","Message":"b"}]}`))
	assert.JSONEq(t, `[{"Code":"B","Message":"b"}]`, airtime(t, servedAt(server.URL), "ding errors B --json").out)
	assert.JSONEq(t, `[]`, airtime(t, servedAt(server.URL), "ding errors C --json").out)
}

// TestAgainstOneSandbox tells a story over several runs, as a shell script would.
func TestAgainstOneSandbox(t *testing.T) {
	box, err := sandbox.New()
	require.NoError(t, err)
	server := serveRaw(t, box.ServeHTTP)
	env := environment{}
	for _, line := range box.Environment(server) {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	done := func(line string) string {
		t.Helper()
		r := airtime(t, env, line)
		require.Equal(t, 0, r.code, "%s: %s", line, r.err)
		return r.out
	}
	done("ding send --sku GB_AB_TopUp --value 5.00 --account " + customer + " --ref ONE")
	assert.Contains(t, done("ding balance"), "1000.00", "a validation costs nothing")
	done("ding send --sku GB_AB_TopUp --value 5.00 --account " + customer + " --ref ONE --confirm")
	assert.Contains(t, done("ding balance"), "995.00")
	assert.Contains(t, done("ding transfers --ref ONE"), "Complete")
	assert.Contains(t, done("ding send --sku ZA_CP_PIN10 --value 10.00 --account 27725550123 --ref PIN --confirm"), "pin: ", "the voucher is what was bought")

	var bills []ding.Bill
	require.NoError(t, json.Unmarshal([]byte(done("ding bills --sku MX_CF_TopUp --account 12345678 --json")), &bills))
	require.NotEmpty(t, bills)
	bill := bills[0]
	done("ding send --sku MX_CF_TopUp --account 12345678 --ref BILL --bill-ref " + bill.BillRef + " --value " + bill.Price.SendValue.String() + " --confirm")
	assert.Contains(t, done("ding cancel --ref BILL --confirm"), "Cancelled")
	r := airtime(t, env, "ding cancel --ref ONE --confirm")
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.err, "InstantTransfersCannotBeCancelled")
}

// serveRaw starts a server that leaves the body to its handler, and returns its URL.
func serveRaw(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func TestRedactorPassesErrorsOn(t *testing.T) {
	r := redactor{to: brokenPipe{}}
	_, err := io.WriteString(&r, "text")
	assert.EqualError(t, err, "no space left")
}
