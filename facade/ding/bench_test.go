package ding_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/ding"
)

// BenchmarkGetProducts reads a catalogue of the live service's size: 17,700 products, some 15 MB.
func BenchmarkGetProducts(b *testing.B) {
	const products = 17_700
	var body strings.Builder
	body.WriteString(`{"ResultCode":1,"ErrorCodes":[],"Items":[`)
	for i := range products {
		if i > 0 {
			body.WriteByte(',')
		}
		price := fmt.Sprintf(`{"CustomerFee":0.00,"DistributorFee":0.00,"ReceiveValue":%d.50,"ReceiveCurrencyIso":"GBP","ReceiveValueExcludingTax":%d.50,`+
			`"TaxRate":0.00,"SendValue":%d.25,"SendCurrencyIso":"USD"}`, i, i, i)
		fmt.Fprintf(&body, `{"ProviderCode":"P%d","SkuCode":"P%d_%d","LocalizationKey":"K%d","SettingDefinitions":[],"Maximum":%s,"Minimum":%s,`+
			`"CommissionRate":0.10,"ProcessingMode":"Instant","RedemptionMechanism":"Immediate","Benefits":["Mobile","Minutes"],"UatNumber":"50900000000",`+
			`"DefaultDisplayText":"A product to be read %d","RegionCode":"GB","PaymentTypes":["Prepaid"],"LookupBillsRequired":false}`,
			i%4100, i%4100, i, i, price, price, i)
	}
	body.WriteString(`]}`)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body.String())) }))
	defer server.Close()
	client, err := ding.NewClient(ding.WithAPIKey("key-of-the-bench"), ding.WithBaseURL(server.URL), ding.WithoutUsageLimits())
	require.NoError(b, err)
	b.SetBytes(int64(body.Len()))
	b.ReportAllocs()
	for b.Loop() {
		answer, err := client.GetProducts(b.Context(), ding.GetProductsParams{})
		require.NoError(b, err)
		require.Len(b, answer.Items, products)
	}
}
