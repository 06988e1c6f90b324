// Pictures of the page for the README, and tests of how it looks: in dark, on a phone, with texts that try to break out.

package page_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/sandbox"
)

// busy is a sandbox to which a bit of everything has happened, at hours that never change.
func busy(t testing.TB) served {
	t.Helper()
	at := time.Date(2026, time.May, 8, 15, 23, 28, 0, time.UTC)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	t.Cleanup(receiver.Close)
	s := serve(t, sandbox.WithClock(func() time.Time { return at }))
	require.NoError(t, s.SetSMSMO(sandbox.Receiver{URL: receiver.URL + "/mo"}))
	require.NoError(t, s.SetNotifications(sandbox.Receiver{URL: receiver.URL + "/hook"}))
	later := func(d time.Duration) { at = at.Add(d) }

	s.token()
	for i, order := range [][3]string{
		{"GB_AB_TopUp", "10", "447700900123"}, {"KE_SV_TopUp", "5", "254722123456"}, {"XG_OR_PIN25", "25", "guest@shop.example"}, {"NG_NL_TopUp", "7.5", "2348031234567"},
	} {
		s.ding("SendTransfer", transfer(order[0], order[1], order[2], "order-730"+strconv.Itoa(i+1)))
		later(47 * time.Second)
	}
	s.ding("SendTransfer", transfer("GB_AB_TopUp", "10", "440000000007", "order-7305"))
	later(31 * time.Second)
	s.ding("SendTransfer", transfer("GB_AB_TopUp", "6", "447700900123", "order-7306"), "X-Options", "DeferTransfer", "X-Correlation-Id", "7306")
	later(20 * time.Second)
	require.NoError(t, s.Deliver(t.Context()))
	s.ding("SendTransfer", transfer("GB_AB_TopUp", "6", "447700900123", "order-7307"), "X-Options", "DeferTransfer", "X-Correlation-Id", "7307")

	merchant := `"subscriptionId":"SP","aggregatorId":"A","merchantId":"M","product":"P","subProduct":"S"`
	for _, id := range []string{"shop-118", "shop-119"} {
		s.dizlee("charge", "9647701234567", `{"chargeRequestId":"`+id+`","userId":"9647701234567","amount":250,"currency":"IQD","totalCharge_p30d":0,"type":"SinglePurchase","firstCharge":true,"channel":"WEB","promoter":"M",`+merchant+`}`)
	}
	s.dizlee("refund", "9647701234567", `{"refundRequestId":"shop-118-back","transactionId":"shop-118","userId":"9647701234567","currency":"IQD","amount":100,"reason":"R","purpose":"P",`+merchant+`}`)
	for i, text := range []string{"Thank you for your purchase. Grüße aus Köln!", "شكرا لك! رصيدك 250 د.ع"} {
		s.dizlee("sms", "9647701234567", `{"smsRequestId":"sms-`+strconv.Itoa(i+1)+`","sender":"1234","receiver":"9647701234567","language":"`+[]string{"En", "Ar"}[i]+`","msgBody":"`+text+`",`+merchant+`}`)
	}
	later(12 * time.Second)
	for _, text := range []string{"STOP", "أوقف الخدمة"} {
		_, err := s.SendSMSMO(t.Context(), sandbox.InboundMessage{Sender: "9647701234567", Destination: "1234", Text: text})
		require.NoError(t, err)
	}
	for range 7 {
		s.ask(http.MethodGet, "/api/V1/GetProducts?countryIsos=GB", "", "api_key", s.Credentials().DingAPIKey)
	}
	for range 20 {
		s.ask(http.MethodGet, "/api/V1/GetCountries", "", "api_key", s.Credentials().DingAPIKey)
	}
	for _, fault := range []sandbox.Fault{
		{Kind: sandbox.DropConnection, When: sandbox.AfterWork, Operation: "SendTransfer", Count: 1},
		{Kind: sandbox.Delay, When: sandbox.BeforeWork, For: 3 * time.Second, Service: sandbox.ServiceDizlee, Probability: 0.2},
	} {
		_, err := s.Inject(fault)
		require.NoError(t, err)
	}
	later(5 * time.Second)
	return s
}

func TestPictures(t *testing.T) {
	s := busy(t)
	b := open(t, 1280, 1180)
	for _, scheme := range []string{"light", "dark"} {
		b.prefers("prefers-color-scheme", scheme)
		b.do(chromedp.Navigate(s.url + "/"))
		b.shows("#pulse", "Live")
		b.picture("sandbox-" + scheme + ".png")
		b.do(chromedp.Evaluate[chromedp.Void](`document.getElementById("connect").scrollIntoView({behavior: "instant"})`))
		b.picture("connect-" + scheme + ".png")
	}
	for _, book := range []string{"ding", "dizlee"} {
		for _, scheme := range []string{"light", "dark"} {
			b.prefers("prefers-color-scheme", scheme)
			b.do(chromedp.Navigate(s.url + "/docs/" + book))
			b.shows("#viewer", map[string]string{"ding": "SendTransfer", "dizlee": "/charge"}[book])
			b.picture("docs-" + book + "-" + scheme + ".png")
		}
	}
	b.size(390, 844)
	b.do(chromedp.Navigate(s.url + "/"))
	b.shows("#pulse", "Live")
	b.picture("phone.png")
	b.size(390, 4200)
	b.picture("phone-long.png")
	b.clean(s.url)
}
