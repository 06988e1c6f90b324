// Tests of the page in a real browser.

package page_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/sandbox"
)

func TestAFaultIsInjectedByTheButtonAndATransferAppearsByItself(t *testing.T) {
	s := serve(t)
	b := open(t, 1280, 1000)
	b.do(chromedp.Navigate(s.url + "/"))
	b.shows("#pulse", "Live")
	b.shows("#live-transfers", "No transfer yet")

	b.click("#inject")
	b.await(`location.hash === "#faults"`)
	b.shows("#live-faults", "struck 0 of 1")
	b.shows("#pulse", "Live")
	injected := s.Faults()
	require.Len(t, injected, 1)
	assert.Equal(t, sandbox.Fault{
		Kind: sandbox.DropConnection, When: sandbox.AfterWork, Service: sandbox.ServiceDing, Operation: "SendTransfer", Count: 1,
	}, injected[0].Fault)

	b.click("#fault-form summary")
	b.write("#f-reference", "half-typ")
	s.lost("SendTransfer", transfer("GB_AB_TopUp", "5", "447700900123", "order-1"))
	b.shows("#live-transfers", "order-1")
	b.shows("#live-faults", "struck 1 of 1")
	b.shows("#live-totals", "995.00")
	assert.Contains(t, says[string](b, `document.querySelector("#live-transfers li .state").textContent`), "paid", "although the answer was lost")
	assert.True(t, says[bool](b, `document.querySelector("#live-transfers li").classList.contains("new")`))
	assert.Equal(t, "half-typ", says[string](b, `document.querySelector("#f-reference").value`), "what somebody types stays")
	assert.Equal(t, "f-reference", says[string](b, `document.activeElement.id`))

	b.click("#remove-1")
	b.shows("#live-faults", "None")
	assert.Empty(t, s.Faults())
	b.clean(s.url)
}

func TestTheDocumentationCanBeTriedOut(t *testing.T) {
	s := serve(t)
	b := open(t, 1280, 1000)
	for _, try := range []struct{ book, operation, says string }{
		{"ding", "operations-V1-GetBalance", `"Balance": 1000`}, {"ding", "operations-V1-GetCountries", `"CountryIso": "GB"`}, {"dizlee", "operations-Charging-Charge", `"status": "1"`},
	} {
		b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(s.url+"/docs/"+try.book))
		b.click("#" + try.operation + " .opblock-summary-control")
		if try.book == "dizlee" {
			b.await(`!!document.querySelector("#` + try.operation + ` .parameters input")?.value`)
		}
		b.click("#" + try.operation + " .execute")
		b.shows("#"+try.operation+" .live-responses-table", try.says)
	}
	b.click(".auth-wrapper .authorize")
	b.shows(".dialog-ux", "Authorized")
	assert.Len(t, s.Charges(), 1)
	b.clean(s.url)
}
