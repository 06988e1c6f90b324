// How answers are written: what the documents show of it, to the byte.

package sandbox_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/airtime-go/airtime/api/openapi"
	"github.com/airtime-go/airtime/sandbox"
)

func TestAnswersAreWrittenAsDingConnectWritesThem(t *testing.T) {
	c := serve(t)
	deferring := c.with("X-Options", "DeferTransfer").with("X-Correlation-Id", "c-1")
	const price = `"Price":{"CustomerFee":0.00,"DistributorFee":0.00,"ReceiveValue":7.80,"ReceiveCurrencyIso":"GBP",` +
		`"ReceiveValueExcludingTax":7.80,"TaxRate":0,"TaxName":null,"TaxCalculation":null,"SendValue":10.00,"SendCurrencyIso":"USD"}`
	tests := map[string]struct {
		answer reply
		body   string
	}{
		"a balance": {c.get("GetBalance", nil), `{"Balance":1000.00,"CurrencyIso":"USD","ResultCode":1,"ErrorCodes":[]}`},
		"no credentials": {
			c.with("api_key", "").get("GetBalance", nil), `{"ResultCode":4,"ErrorCodes":[{"Code":"AuthenticationFailed"}]}`,
		},
		"no such method": {c.get("GetNothing", nil), `{"ResultCode":4,"ErrorCodes":[{"Code":"RequestInvalid"}]}`},
		"a validation": {
			c.send(map[string]any{"ValidateOnly": true}),
			`{"TransferRecord":{"TransferId":{"TransferRef":"0","DistributorRef":"ref-1"},"SkuCode":"GB_AB_TopUp",` + price +
				`,"CommissionApplied":0.30,"ProcessingState":"Complete","ReceiptText":null,"ReceiptParams":null,` +
				`"AccountNumber":"447700900123"},"ResultCode":1,"ErrorCodes":[]}`,
		},
		"a refusal": {
			c.send(map[string]any{"AccountNumber": "447700900"}),
			`{"TransferRecord":{"SkuCode":"GB_AB_TopUp","CommissionApplied":0.00,"ProcessingState":"Failed","ReceiptText":null,` +
				`"ReceiptParams":null,"AccountNumber":"447700900"},"ResultCode":4,"ErrorCodes":[{"Code":"AccountNumberInvalid",` +
				`"Context":"AccountNumberFailedRegex"}]}`,
		},
		"a deferred transfer, whose sample has CompletedUtc": {
			deferring.send(nil),
			`{"TransferRecord":{"TransferId":{"TransferRef":"830034619","DistributorRef":"ref-1"},"SkuCode":"GB_AB_TopUp",` + price +
				`,"CommissionApplied":0.30,"StartedUtc":"2026-05-08T15:23:28Z","CompletedUtc":"2026-05-08T15:23:28Z",` +
				`"ProcessingState":"Submitted","ReceiptText":null,"ReceiptParams":null,"AccountNumber":"447700900123"},` +
				`"ResultCode":1,"ErrorCodes":[]}`,
		},
		"an empty list": {
			c.listing(map[string]any{"Take": 1, "DistributorRef": "nobody's"}),
			`{"ResultCode":1,"ErrorCodes":[],"Items":[],"ThereAreMoreItems":false}`,
		},
		"a region": {
			c.get("GetRegions", url.Values{"countryIsos": {"KE"}}),
			`{"ResultCode":1,"ErrorCodes":[],"Items":[{"RegionCode":"KE","RegionName":"Kenya","CountryIso":"KE"}]}`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.body, string(test.answer.body))
			assert.Equal(t, "application/json; charset=utf-8", test.answer.header.Get("Content-Type"))
		})
	}
}

// listing is ListTransferRecords as it was answered.
func (c *client) listing(filter map[string]any) reply {
	c.t.Helper()
	return c.post("/api/V1/ListTransferRecords", filter)
}

func TestDizleesAnswersAreWrittenAsItsSamples(t *testing.T) {
	c := serve(t).with(msisdnHeader, subscriber)
	answer := c.post("/dizlee/charge", chargeRequest(nil))
	assert.Regexp(t, `^\{"status":"1","statusDetail":"Successful Operation\.","chargeResponseId":"\d+"\}$`, string(answer.body))
	assert.Regexp(t, `^\{"status":"-101","statusDetail":"[^"]+"`, string(c.with("apikey", "").post("/dizlee/charge", chargeRequest(nil)).body))
}

func TestNumbersMayStandAmongBlanksAsInDizleesSamples(t *testing.T) {
	c := serve(t).with(msisdnHeader, subscriber)
	sent := c.post("/dizlee/sms", smsRequest(map[string]any{"receiver": " " + subscriber + " "}))
	assert.Equal(t, `{"status":"1","statusDetail":"Sms successfully sent."}`, string(sent.body))
	charged := c.post("/dizlee/charge", chargeRequest(map[string]any{"userId": subscriber + " "}))
	assert.Contains(t, string(charged.body), `"status":"1"`)
}

func TestFaultsAreWrittenInOrderToo(t *testing.T) {
	c := serve(t, sandbox.WithFault(sandbox.Fault{
		Kind: sandbox.ServiceUnavailable503, When: sandbox.BeforeWork, Operation: "GetBalance", Envelope: true,
	}))
	answer := c.get("GetBalance", nil)
	assert.Equal(t, `{"ResultCode":3,"ErrorCodes":[{"Code":"TransientProviderError","Context":"ProviderTemporarilyUnavailable"}]}`, string(answer.body))
}

func TestWhatIsSilentIsWrittenAllTheSame(t *testing.T) {
	c := serve(t)
	plain := string(c.get("GetProducts", url.Values{"skuCodes": {"GB_AB_TopUp"}}).body)
	assert.Contains(t, plain, `"TaxRate":0,"TaxName":null,"TaxCalculation":null,`)
	assert.Contains(t, plain, `"LookupBillsRequired":false`)
	taxed := string(c.get("GetProducts", url.Values{"countryIsos": {"AF"}}).body)
	assert.Contains(t, taxed, `"TaxRate":10.0000,"TaxName":"AIT","TaxCalculation":"Inclusive",`)
	bill := string(c.get("GetProducts", url.Values{"skuCodes": {"MX_CF_TopUp"}}).body)
	assert.Contains(t, bill, `"LookupBillsRequired":true`)
}

func TestFieldsStandInTheOrderOfTheSpecification(t *testing.T) {
	c := serve(t)
	document := parsed(t, openapi.Ding)
	for path, operations := range members(child(document, "paths")) {
		get := child(operations, "get")
		if get == nil {
			continue
		}
		query := url.Values{}
		if path == "/api/V1/GetAccountLookup" {
			query.Set("accountNumber", "447700900123")
		}
		answer := c.get(path[len("/api/V1/"):], query)
		require.Equal(t, http.StatusOK, answer.status, path)
		schema := child(get, "responses", "200", "content", "application/json", "schema")
		requireOrder(t, path, document, schema, parsed(t, answer.body))
	}
}

// requireOrder holds the order of fields against a schema, all the way down.
func requireOrder(t *testing.T, at string, document, schema, value *yaml.Node) {
	t.Helper()
	ref := child(schema, "$ref")
	if parts := child(schema, "allOf"); parts != nil {
		ref = child(parts.Content[0], "$ref")
	}
	if ref != nil {
		schema = child(document, "components", "schemas", ref.Value[len("#/components/schemas/"):])
	}
	switch value.Kind {
	case yaml.SequenceNode:
		for _, item := range value.Content {
			requireOrder(t, at, document, child(schema, "items"), item)
		}
	case yaml.MappingNode:
		properties := child(schema, "properties")
		last := -1
		for i := 0; properties != nil && i < len(value.Content); i += 2 {
			name := value.Content[i].Value
			place := placeOf(properties, name)
			require.Greater(t, place, last, "%s: %s", at, name)
			last = place
			requireOrder(t, at+"."+name, document, properties.Content[place+1], value.Content[i+1])
		}
	}
}

func placeOf(mapping *yaml.Node, name string) int {
	for i := 0; i < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			return i
		}
	}
	return -1
}

func parsed(t *testing.T, text []byte) *yaml.Node {
	t.Helper()
	var node yaml.Node
	require.NoError(t, yaml.Unmarshal(text, &node))
	return node.Content[0]
}

func child(node *yaml.Node, names ...string) *yaml.Node {
	for _, name := range names {
		if node == nil {
			return nil
		}
		place := placeOf(node, name)
		if place < 0 {
			return nil
		}
		node = node.Content[place+1]
	}
	return node
}

func members(mapping *yaml.Node) map[string]*yaml.Node {
	found := map[string]*yaml.Node{}
	for i := 0; i < len(mapping.Content); i += 2 {
		found[mapping.Content[i].Value] = mapping.Content[i+1]
	}
	return found
}

func TestWhatPublicClientsSendIsTaken(t *testing.T) {
	c := serve(t)
	tests := map[string]func(t *testing.T) reply{
		"a path in lower case, as /api/v1": func(*testing.T) reply { return c.do("GET", "/api/v1/getbalance", "", "") },
		"a slash at the end of the path":   func(*testing.T) reply { return c.do("GET", "/api/V1/GetProviders/?regionCodes=KE", "", "") },
		"an amount that is text":           func(*testing.T) reply { return c.send(map[string]any{"SendValue": "5.00"}) },
		"a flag that is text":              func(*testing.T) reply { return c.send(map[string]any{"ValidateOnly": "True"}) },
		"numbers where text is asked for": func(*testing.T) reply {
			return c.send(map[string]any{"DistributorRef": 12345, "AccountNumber": 447700900123})
		},
		"names in another case": func(*testing.T) reply {
			return c.post("/api/V1/EstimatePrices", `[{"skuCode":"GB_AB_TopUp","sendValue":"10","BatchItemRef":1}]`)
		},
		"a body's type on a request without body": func(*testing.T) reply { return c.do("GET", "/api/V1/GetBalance", "application/json", "") },
		"members that nobody knows": func(*testing.T) reply {
			return c.send(map[string]any{"SenderSms": "hello", "DistributorRefs": []string{"a"}})
		},
	}
	for name, request := range tests {
		t.Run(name, func(t *testing.T) {
			answer := request(t)
			assert.Equal(t, http.StatusOK, answer.status, string(answer.body))
		})
	}
	assert.Len(t, c.sb.Payments(), 3, "all but the one that only validates")
	for _, payment := range c.sb.Payments() {
		assert.Contains(t, []string{"5.00", "10.00"}, payment.Amount.String())
	}
}

func TestTextThatIsNoNumberStaysWrong(t *testing.T) {
	c := serve(t)
	for _, amount := range []string{"", "five", "1,50", "0x10", "NaN", "+5", ".5", "5."} {
		requireRefused(t, c.send(map[string]any{"SendValue": amount}), 400, 4, "ParameterInvalid/SendValue")
	}
	assert.Empty(t, c.sb.Payments())
}

func TestAPageInABrowserMayCall(t *testing.T) {
	c := serve(t).with("Access-Control-Request-Headers", "api_key,content-type").with("api_key", "")
	preflight := c.do("OPTIONS", "/api/V1/SendTransfer", "", "")
	assert.Equal(t, http.StatusOK, preflight.status)
	assert.Equal(t, "api_key,content-type", preflight.header.Get("Access-Control-Allow-Headers"))
	assert.Equal(t, "*", preflight.header.Get("Access-Control-Allow-Origin"))
	assert.Equal(t, "*", c.get("GetBalance", nil).header.Get("Access-Control-Allow-Origin"))

	fault := sandbox.Fault{Kind: sandbox.DropConnection, When: sandbox.BeforeWork, Operation: "SendTransfer", Count: 1}
	_, err := c.sb.Inject(fault)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, c.do("OPTIONS", "/api/V1/SendTransfer", "", "").status, "faults strike work")
	assert.Empty(t, c.do("GET", "/_sandbox/ledger", "", "").header.Get("Access-Control-Allow-Origin"), "the books are nobody's business")
}
