package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/sandbox"
)

// FuzzDing holds that whatever is posted to a method is answered with the envelope, that what is conform stays so, and
// that the books balance.
func FuzzDing(f *testing.F) {
	for _, seed := range []struct{ method, body string }{
		{"SendTransfer", `{"SkuCode":"GB_AB_TopUp","SendValue":10.00,"AccountNumber":"447700900123","DistributorRef":"r","ValidateOnly":false}`},
		{"SendTransfer", `{"SkuCode":"US_PR_Nightly","SendValue":5e0,"AccountNumber":"12025550123","DistributorRef":"r","ValidateOnly":false,"Settings":null}`},
		{"EstimatePrices", `[{"BatchItemRef":"a","SkuCode":"IQ_BB_TopUp","ReceiveValue":1e3}]`},
		{"EstimatePrices", `[{"BatchItemRef":"a","SkuCode":"GB_AB_TopUp","ReceiveValue":0.000000000000000000001}]`},
		{"ListTransferRecords", `{"Take":100,"Skip":-1}`},
		{"CancelTransfers", `[{"BatchItemRef":"a","TransferId":{"TransferRef":"0","DistributorRef":""}}]`},
		{"LookupBills", `{"SkuCode":"MX_CF_TopUp","AccountNumber":"12345678","Settings":[{"Name":"","Value":""}]}`},
		{"LookupBills", `[[[[`}, {"GetBalance", ``}, {"Nothing", `null`},
	} {
		f.Add(seed.method, seed.body, "application/json", "")
	}
	sb, err := sandbox.New(sandbox.WithoutUsageLimits())
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, method, body, contentType, options string) {
		request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		request.URL.Path = "/api/V1/" + method
		request.Header = http.Header{
			"Api_key": {sb.Credentials().DingAPIKey}, "Content-Type": {contentType}, "X-Options": {options},
			"X-Correlation-Id": {"1"},
		}
		recorder := httptest.NewRecorder()
		sb.ServeHTTP(recorder, request)
		var envelope struct{ ResultCode *int }
		require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &envelope), recorder.Body)
		require.NotNil(t, envelope.ResultCode)
		requireConform(t, request, reply{recorder.Code, recorder.Header(), recorder.Body.Bytes()})
		require.GreaterOrEqual(t, sb.Balance().Sign(), 0)
	})
}

// FuzzQuery does the same for what is asked with GET.
func FuzzQuery(f *testing.F) {
	for _, query := range []string{"accountNumber=447700900123", "accountNumber=", "countryIsos=NG&countryIsos=KE", "benefits=a,b", "%zz;=", "languageCodes"} {
		f.Add("GetProducts", query)
		f.Add("GetAccountLookup", query)
		f.Add("GetProductDescriptions", query)
	}
	sb, err := sandbox.New(sandbox.WithoutUsageLimits())
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, method, query string) {
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.URL.Path, request.URL.RawQuery = "/api/V1/"+method, query
		request.Header.Set("api_key", sb.Credentials().DingAPIKey)
		recorder := httptest.NewRecorder()
		sb.ServeHTTP(recorder, request)
		var envelope struct{ ResultCode *int }
		require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &envelope), recorder.Body)
		require.NotNil(t, envelope.ResultCode)
		requireConform(t, request, reply{recorder.Code, recorder.Header(), recorder.Body.Bytes()})
	})
}

// FuzzDizlee holds that every operation answers with a status, and that a status other than success or a lost answer
// leaves the books alone.
func FuzzDizlee(f *testing.F) {
	for operation, body := range map[string]map[string]any{
		"charge": chargeRequest(nil), "refund": refundRequest(nil), "sms": smsRequest(nil), "profile": {},
	} {
		text, err := json.Marshal(body)
		require.NoError(f, err)
		f.Add(operation, string(text), subscriber)
		f.Add(operation, strings.ReplaceAll(string(text), subscriber, "9647701234504"), "9647701234504")
		f.Add(operation, string(text[1:]), "")
	}
	sb, err := sandbox.New(sandbox.WithoutUsageLimits())
	require.NoError(f, err)
	entries := func() int { return len(sb.Charges()) + len(sb.Refunds()) + len(sb.Messages()) }
	f.Fuzz(func(t *testing.T, operation, body, msisdn string) {
		request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		request.URL.Path = "/dizlee/" + operation
		request.Header = http.Header{
			"Apikey": {sb.Credentials().DizleeAPIKey}, "Content-Type": {"application/json"}, "Http_msisdn": {msisdn},
		}
		before, recorder := entries(), httptest.NewRecorder()
		sb.ServeHTTP(recorder, request)
		var envelope struct{ Status string }
		require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &envelope), recorder.Body)
		require.NotEmpty(t, envelope.Status)
		requireConform(t, request, reply{recorder.Code, recorder.Header(), recorder.Body.Bytes()})
		if envelope.Status != "1" && envelope.Status != "-504" {
			require.Equal(t, before, entries())
		}
	})
}
