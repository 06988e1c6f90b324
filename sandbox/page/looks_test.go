// Tests of how the page looks and feels in a real browser: in light and dark, on a phone, without JavaScript, without motion, to
// those who cannot see it; and the pictures of it in the README.

package page_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/sandbox"
	"github.com/airtime-go/airtime/sandbox/page"
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
	s.ding("SendTransfer", transfer("GB_AB_TopUp", "6", "447700900123", "order-7307"), "X-Options", "DeferTransfer", "X-Correlation-Id", "7307")
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
	later(2 * time.Second)
	return s
}

// poorContrast lists the texts that stand out too little from what is behind them (WCAG 2.2, 1.4.3).
const poorContrast = `(() => {
  const parse = (colour) => { const n = colour.match(/[\d.]+/g).map(Number); return { rgb: n.slice(0, 3), alpha: n[3] ?? 1 }; };
  const luminance = (rgb) => { const [r, g, b] = rgb.map((c) => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
  const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.alpha === 1) return c.rgb; } return [255, 255, 255]; };
  const poor = [];
  for (const e of document.querySelectorAll("body *")) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility() || e.closest("noscript, .unseen, .skip")) continue;
    const [a, b] = [luminance(parse(getComputedStyle(e).color).rgb), luminance(ground(e))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) poor.push(e.textContent.trim().slice(0, 40) + ": " + ratio.toFixed(2));
  }
  return poor;
})()`

// unnamed lists what can be operated and has no name that could be read out.
const unnamed = `[...document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a, meter, section")].filter((e) =>
  !e.labels?.length && !e.ariaLabel && !e.hasAttribute("aria-labelledby") && !e.textContent.trim()).map((e) => e.outerHTML)`

func TestThePageReadsWellInLightAndDark(t *testing.T) {
	s := busy(t)
	b := open(t, 1280, 1290)
	grounds := map[string]string{}
	for _, scheme := range []string{"light", "dark"} {
		b.prefers("prefers-color-scheme", scheme)
		b.do(chromedp.Navigate(s.url + "/"))
		b.shows("#pulse", "Live")
		b.picture("sandbox-" + scheme + ".png")
		b.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach((d) => { d.open = true; })`))
		assert.Empty(t, says[[]string](b, poorContrast), scheme)
		grounds[scheme] = says[string](b, `getComputedStyle(document.body).backgroundColor`)
	}
	assert.NotEqual(t, grounds["light"], grounds["dark"])
	assert.Empty(t, says[[]string](b, unnamed))
	assert.Equal(t, 1, says[int](b, `document.querySelectorAll("h1").length`))
	assert.Zero(t, says[int](b, `(() => { const ids = [...document.querySelectorAll("[id]")].map((e) => e.id); return ids.length - new Set(ids).size; })()`), "ids are unique")
	assert.Equal(t, "rtl", says[string](b, `getComputedStyle(document.querySelector("#live-inbound .bubble")).direction`))
	b.clean(s.url)
}

func TestThePageFitsAPhone(t *testing.T) {
	s := busy(t)
	s.ClearFaults()
	s.ding("SendTransfer", transfer("GB_AB_TopUp", "5", "447700900123", strings.Repeat("long-", 8)+"reference"))
	b := open(t, 320, 700)
	b.do(chromedp.Navigate(s.url + "/"))
	b.shows("#pulse", "Live")
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach((d) => { d.open = true; })`))
	assert.LessOrEqual(t, says[int](b, `document.documentElement.scrollWidth`), 320, "nothing sticks out")
	b.size(390, 844)
	b.do(chromedp.Navigate(s.url + "/"))
	b.shows("#pulse", "Live")
	b.picture("sandbox-phone.png")
	b.clean(s.url)
}

func TestThePageWorksWithoutJavaScript(t *testing.T) {
	s := serve(t)
	b := open(t, 1280, 1000)
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.do(chromedp.Navigate(s.url+"/"), chromedp.WaitVisible(chromedp.CSS("noscript a")), chromedp.WaitNotVisible(chromedp.CSS("#pulse")),
		chromedp.Click(chromedp.CSS("#inject")), chromedp.WaitVisible(chromedp.CSS("#fault-1")),
		chromedp.Click(chromedp.CSS("#remove-1")), chromedp.WaitNotPresent(chromedp.CSS("#fault-1")))
	assert.Empty(t, s.Faults())
	b.clean(s.url)
}

func TestNothingMovesForThoseWhoWantItSo(t *testing.T) {
	s := serve(t)
	b := open(t, 1280, 1000)
	b.do(chromedp.Navigate(s.url + "/"))
	b.shows("#pulse", "Live")
	s.ding("SendTransfer", transfer("GB_AB_TopUp", "5", "447700900123", "order-1"))
	b.shows("#live-transfers", "order-1")
	assert.Zero(t, says[int](b, `document.getAnimations().length`))
	b.prefers("prefers-reduced-motion", "no-preference")
	b.await(`document.getAnimations().length > 0`)
}

func TestTheFormShowsWhatAKindHasAUseFor(t *testing.T) {
	s := serve(t)
	b := open(t, 1280, 1000)
	b.do(chromedp.Navigate(s.url + "/"))
	for kind, fields := range map[string]string{
		"DropConnection": "f-kind f-when f-operation f-count", "Delay": "f-kind f-when f-operation f-for f-count", "HideRecords": "f-kind f-for f-count",
		"TooManyRequests429": "f-kind f-when f-operation f-retry f-envelope f-count", "TokenExpired401": "f-kind f-count",
	} {
		b.do(chromedp.SetValue(chromedp.CSS("#f-kind"), kind))
		assert.Equal(t, fields, says[string](b, `[...document.querySelectorAll("#fault-form [name]")].filter((e) => e.checkVisibility()).map((e) => e.id).join(" ")`), kind)
	}
}

func TestWhatIsReadTypedAndOpenedStaysWhilePanelsAreSwapped(t *testing.T) {
	s := serve(t)
	s.ding("SendTransfer", transfer("XG_OR_PIN25", "25", "guest@shop.example", "order-1"))
	b := open(t, 1280, 1000)
	b.do(chromedp.Navigate(s.url + "/"))
	b.shows("#pulse", "Live")
	assert.False(t, says[bool](b, `document.querySelector("#live-transfers pre").checkVisibility()`), "a PIN is shown to whoever asks")
	b.click("#live-transfers summary")
	assert.True(t, says[bool](b, `document.querySelector("#live-transfers pre").checkVisibility()`))
	s.ding("SendTransfer", transfer("GB_AB_TopUp", "5", "447700900123", "order-2"))
	b.shows("#live-transfers", "order-2")
	assert.True(t, says[bool](b, `document.querySelector("#live-transfers pre").checkVisibility()`))
	assert.Equal(t, "SUMMARY", says[string](b, `document.activeElement.tagName`))
	assert.Equal(t, "Transfers: 2", says[string](b, `document.querySelector("#news").textContent`), "read out to those who don't see it")

	b.do(chromedp.Evaluate[chromedp.Void](`getSelection().selectAllChildren(document.querySelector("#live-transfers li"))`))
	s.ding("SendTransfer", transfer("GB_AB_TopUp", "5", "447700900123", "order-3"))
	b.shows("#live-totals", "965.00")
	assert.NotContains(t, says[string](b, `document.querySelector("#live-transfers").textContent`), "order-3", "it waits for the selection to go")
	b.do(chromedp.Evaluate[chromedp.Void](`getSelection().removeAllRanges()`))
	b.shows("#live-transfers", "order-3")
	b.clean(s.url)
}

func TestALineIsCopiedByItsButton(t *testing.T) {
	s := serve(t)
	b := open(t, 1280, 1000)
	for _, permission := range []string{"clipboard-read", "clipboard-write"} {
		_, err := chromedp.CallBrowser(b.ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: permission}, Setting: browser.PermissionSettingGranted, Origin: s.url,
		})
		require.NoError(t, err)
	}
	b.do(chromedp.Navigate(s.url + "/"))
	b.click(`[data-copy="curl-ledger"]`)
	b.shows(`[data-copy="curl-ledger"]`, "Copied")
	copied, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`navigator.clipboard.readText()`, chromedp.EvalAwaitPromise))
	require.NoError(t, err)
	assert.Equal(t, "curl "+s.url+"/_sandbox/ledger", copied)
	b.clean(s.url)
}

func TestThePageSaysWhenTheSandboxHasStopped(t *testing.T) {
	sb, err := sandbox.New()
	require.NoError(t, err)
	server := httptest.NewServer(page.Around(sb))
	b := open(t, 1280, 1000)
	b.do(chromedp.Navigate(server.URL + "/"))
	b.shows("#pulse", "Live")
	server.Close()
	b.shows("#pulse", "Sandbox stopped")
}
