package sandbox_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/sandbox"
)

// numbers whose last digits mean nothing, of Iraq and of Kuwait.
const (
	subscriber = "9647701234567"
	kuwaiti    = "96512345678"
)

// msisdnHeader is spelled as on the wire, which is not how Go would spell it.
var msisdnHeader = "HTTP_MSISDN"

// dizleeAnswer is any of Dizlee's answers.
type dizleeAnswer struct {
	Status           string  `json:"status"`
	StatusDetail     string  `json:"statusDetail"`
	ChargeResponseID *string `json:"chargeResponseId"`
}

func changed(request, changes map[string]any) map[string]any {
	for name, value := range changes {
		if value == nil {
			delete(request, name)
		} else {
			request[name] = value
		}
	}
	return request
}

func chargeRequest(changes map[string]any) map[string]any {
	return changed(map[string]any{
		"chargeRequestId": "SBX-1", "subscriptionId": "SP", "userId": subscriber, "type": "SinglePurchase",
		"firstCharge": true, "amount": json.Number("0.250"), "currency": "KWD", "totalCharge_p30d": json.Number("0"),
		"aggregatorId": "A", "merchantId": "M", "product": "P", "subProduct": "", "channel": "WEB", "promoter": "M",
	}, changes)
}

func refundRequest(changes map[string]any) map[string]any {
	return changed(map[string]any{
		"refundRequestId": "SBX-R1", "subscriptionId": "SP", "userId": subscriber, "transactionId": "SBX-1",
		"currency": "KWD", "aggregatorId": "A", "merchantId": "M", "product": "P", "subProduct": "", "reason": "why not",
		"purpose": "M-P",
	}, changes)
}

func smsRequest(changes map[string]any) map[string]any {
	return changed(map[string]any{
		"smsRequestId": "SBX-S1", "subscriptionId": "SP", "sender": "1234", "receiver": subscriber, "language": "En",
		"msgBody": "Hello", "aggregatorId": "A", "merchantId": "M", "product": "P", "subProduct": "",
	}, changes)
}

// about sends a request whose header carries the same number as its body, unless the client has one set.
func (c *client) about(path string, request map[string]any) dizleeAnswer {
	c.t.Helper()
	number, _ := request["userId"].(string)
	if receiver, ok := request["receiver"].(string); ok {
		number = receiver
	}
	if c.header[msisdnHeader] == nil {
		c = c.with(msisdnHeader, number)
	}
	return into[dizleeAnswer](c.t, c.post(path, request), 200)
}

func (c *client) charge(changes map[string]any) dizleeAnswer {
	c.t.Helper()
	return c.about("/dizlee/charge", chargeRequest(changes))
}

func (c *client) refund(changes map[string]any) dizleeAnswer {
	c.t.Helper()
	return c.about("/dizlee/refund", refundRequest(changes))
}

func (c *client) sms(changes map[string]any) dizleeAnswer {
	c.t.Helper()
	return c.about("/dizlee/sms", smsRequest(changes))
}

func TestAChargeIsMadeOnceUnderItsID(t *testing.T) {
	c := serve(t)
	first := c.charge(nil)
	assert.Equal(t, "1", first.Status)
	assert.Equal(t, "Successful Operation.", first.StatusDetail)
	again := c.charge(map[string]any{"amount": json.Number("0.5")})
	assert.Equal(t, "-305", again.Status)
	assert.Equal(t, "-1", *again.ChargeResponseID)
	assert.Equal(t, []sandbox.Charge{{
		ChargeRequestID: "SBX-1", ChargeResponseID: *first.ChargeResponseID, MSISDN: subscriber,
		Amount: money.MustParse("0.250"), Currency: "KWD", At: start,
	}}, c.sb.Charges())
	second := c.charge(map[string]any{"chargeRequestId": "SBX-2"})
	assert.NotEqual(t, *first.ChargeResponseID, *second.ChargeResponseID)
}

func TestOneOperatorAnswersLikeTheOddSamples(t *testing.T) {
	c := serve(t)
	charged := c.charge(map[string]any{"userId": kuwaiti})
	assert.Equal(t, dizleeAnswer{Status: "1", StatusDetail: " Successful Operation."}, charged)
	refunded := c.refund(map[string]any{"userId": kuwaiti, "chargeResponseId": "-1"})
	assert.Equal(t, dizleeAnswer{Status: "1", StatusDetail: "Unknown Error."}, refunded)
	assert.Len(t, c.sb.Refunds(), 1)
}

func TestTheLastThreeDigitsPickTheCode(t *testing.T) {
	c := serve(t)
	digits := func(list string) []string { return strings.Fields(list) }
	number := func(digits string) string { return "9647701234" + digits }
	for _, code := range digits("100 101 200 300 301 302 304 305 306 307 308 311 317 318 322 323 324 325 326 330 331 332 333 429 500 504") {
		answer := c.charge(map[string]any{"userId": number(code), "chargeRequestId": "SBX-" + code})
		assert.Equal(t, "-"+code, answer.Status)
		assert.NotEmpty(t, answer.StatusDetail)
		refund := c.refund(map[string]any{"userId": number(code), "transactionId": "SBX-" + code})
		assert.Equal(t, "-"+code, refund.Status)
	}
	for _, code := range digits("319 320 327") {
		assert.Equal(t, "1", c.charge(map[string]any{"userId": number(code), "chargeRequestId": "SBX-" + code}).Status)
		refund := c.refund(map[string]any{"userId": number(code), "transactionId": "SBX-" + code})
		assert.Equal(t, "-"+code, refund.Status)
	}
	for _, code := range digits("100 101 200 303 308 311 429 500 504") {
		assert.Equal(t, "-"+code, c.sms(map[string]any{"receiver": number(code)}).Status)
	}
	for _, harmless := range digits("303 310 999 000 001") {
		assert.Equal(t, "1", c.charge(map[string]any{"userId": number(harmless), "chargeRequestId": "SBX-" + harmless}).Status)
	}
	assert.Equal(t, "1", c.sms(map[string]any{"receiver": number("304")}).Status)
}

func TestALostAnswerIsDoneAllTheSame(t *testing.T) {
	c := serve(t)
	lost := map[string]any{"userId": "9647701234504"}
	assert.Equal(t, "-504", c.charge(lost).Status)
	assert.Len(t, c.sb.Charges(), 1)
	assert.Equal(t, "-305", c.charge(lost).Status)
	assert.Equal(t, "-504", c.refund(lost).Status)
	assert.Len(t, c.sb.Refunds(), 1)
	assert.Equal(t, "-320", c.refund(lost).Status)
	assert.Equal(t, "-504", c.sms(map[string]any{"receiver": "9647701234504"}).Status)
	assert.Len(t, c.sb.Messages(), 1)

	assert.Equal(t, "-500", c.charge(map[string]any{"userId": "9647701234500", "chargeRequestId": "SBX-2"}).Status)
	assert.Len(t, c.sb.Charges(), 1, "of which 500 is none")
}

func TestThirtyDaysHaveALimit(t *testing.T) {
	c := serve(t)
	within := map[string]any{"totalCharge_p30d": json.Number("29.750")}
	assert.Equal(t, "1", c.charge(within).Status)
	beyond := map[string]any{"totalCharge_p30d": json.Number("29.751"), "chargeRequestId": "SBX-2"}
	assert.Equal(t, "-318", c.charge(beyond).Status)
	beyond["currency"] = "IQD"
	assert.Equal(t, "1", c.charge(beyond).Status)
	assert.Equal(t, "300", sandbox.ThirtyDayLimit("EUR").String())
}

func TestARefundIsHeldAgainstItsCharge(t *testing.T) {
	c := serve(t)
	id := *c.charge(nil).ChargeResponseID
	for name, test := range map[string]struct {
		changes map[string]any
		status  string
	}{
		"a charge nobody made":       {map[string]any{"transactionId": "SBX-9"}, "-319"},
		"another's charge":           {map[string]any{"userId": kuwaiti}, "-319"},
		"another chargeResponseId":   {map[string]any{"chargeResponseId": "1"}, "-319"},
		"another chargeId":           {map[string]any{"chargeId": "1"}, "-319"},
		"another currency":           {map[string]any{"currency": "IQD"}, "-327"},
		"more than was charged":      {map[string]any{"amount": json.Number("0.251")}, "-327"},
		"an amount with four places": {map[string]any{"amount": json.Number("0.1234")}, "-100"},
		"an amount of nothing":       {map[string]any{"amount": json.Number("0")}, "-100"},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.status, c.refund(test.changes).Status) })
	}
	assert.Empty(t, c.sb.Refunds())

	part := map[string]any{"amount": json.Number("0.100"), "chargeResponseId": id, "chargeId": "SBX-1"}
	assert.Equal(t, dizleeAnswer{Status: "1", StatusDetail: "Successful Operation."}, c.refund(part))
	assert.Equal(t, "1", c.refund(part).Status, "a part is given back again, whatever its id")
	assert.Equal(t, "-327", c.refund(map[string]any{"refundRequestId": "SBX-R2", "amount": json.Number("0.051")}).Status)
	assert.Equal(t, "1", c.refund(map[string]any{"refundRequestId": "SBX-R3"}).Status, "the rest, for want of an amount")
	assert.Equal(t, "-320", c.refund(map[string]any{"refundRequestId": "SBX-R4"}).Status)
	refunds := c.sb.Refunds()
	assert.Len(t, refunds, 3)
	assert.Equal(t, "0.050", refunds[2].Amount.String())
	assert.Equal(t, "0.250", c.sb.Charges()[0].Refunded.String())
}

func TestAMessageIsDelivered(t *testing.T) {
	c := serve(t)
	arabic := map[string]any{"language": "Ar", "msgBody": "شكرا", "subscriptionId": nil}
	assert.Equal(t, dizleeAnswer{Status: "1", StatusDetail: "Sms successfully sent."}, c.sms(arabic))
	assert.Equal(t, "1", c.sms(arabic).Status)
	assert.Equal(t, sandbox.Message{
		SMSRequestID: "SBX-S1", Sender: "1234", Receiver: subscriber, Language: "Ar", Text: "شكرا", At: start,
	}, c.sb.Messages()[0])
	assert.Len(t, c.sb.Messages(), 2, "nothing protects against sending twice")
}

func TestDizleeNamesWhatIsMissing(t *testing.T) {
	c := serve(t)
	for name, test := range map[string]struct {
		answer       dizleeAnswer
		status, tell string
	}{
		"no header":               {into[dizleeAnswer](t, c.post("/dizlee/charge", chargeRequest(nil)), 200), "-100", "HTTP_MSISDN"},
		"no amount":               {c.charge(map[string]any{"amount": nil}), "-100", "amount"},
		"two things":              {c.charge(map[string]any{"amount": nil, "promoter": nil}), "-100", "amount, promoter"},
		"an empty product":        {c.charge(map[string]any{"product": ""}), "-100", "product"},
		"a currency that is none": {c.charge(map[string]any{"currency": "kwd"}), "-100", "currency"},
		"an amount as text":       {c.charge(map[string]any{"amount": "0.25"}), "-100", "amount"},
		"too many places":         {c.charge(map[string]any{"amount": json.Number("0.0001")}), "-100", "amount"},
		"too many places of both": {c.charge(map[string]any{"amount": json.Number("0.0001"), "totalCharge_p30d": json.Number("0.0001")}), "-100", "amount, totalCharge_p30d"},
		"an unknown language":     {c.sms(map[string]any{"language": "Fr"}), "-100", "language"},
		"no JSON":                 {into[dizleeAnswer](t, c.with("HTTP_MSISDN", subscriber).post("/dizlee/sms", "hello"), 200), "-100", "body"},
		"an absurd number":        {into[dizleeAnswer](t, c.with("HTTP_MSISDN", subscriber).post("/dizlee/charge", chargeRequest(map[string]any{"amount": json.Number("1e99")})), 200), "-100", "body"},
		"another number":          {c.with("HTTP_MSISDN", kuwaiti).charge(nil), "-311", "No such user"},
		"a number with a plus":    {c.charge(map[string]any{"userId": "+" + subscriber}), "-311", "No such user"},
		"a header with a plus":    {c.with("HTTP_MSISDN", "+"+subscriber).charge(nil), "-311", "No such user"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.status, test.answer.Status)
			assert.Contains(t, test.answer.StatusDetail, test.tell)
		})
	}
	assert.Empty(t, c.sb.Charges())
}

func TestDizleeKnowsItsKeyAndItsOperations(t *testing.T) {
	c := serve(t)
	for _, key := range []string{"", "another"} {
		answer := into[dizleeAnswer](t, c.with("apikey", key).post("/dizlee/charge", chargeRequest(nil)), 401)
		assert.Equal(t, "-101", answer.Status)
	}
	assert.Equal(t, "-200", into[dizleeAnswer](t, c.post("/dizlee/profile", "{}"), 404).Status)
	wrong := c.do("GET", "/dizlee/charge", "", "")
	assert.Equal(t, "POST", wrong.header.Get("Allow"))
	assert.Equal(t, 405, wrong.status)
	assert.Equal(t, 404, c.do("POST", "/dizlee", "", "").status)
}
