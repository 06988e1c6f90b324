// What is ready to be pasted: the sandbox's keys, and a line for each thing to try first.

package page

import (
	"strings"

	"github.com/airtime-go/airtime/sandbox"
)

// key is a credential and where it goes.
type key struct{ ID, Name, Place, Value string }

func keys(c sandbox.Credentials) []key {
	return []key{
		{"key-ding", "DingConnect API key", "header api_key", c.DingAPIKey},
		{"key-client", "Client id", "token request", c.DingClientID},
		{"key-secret", "Client secret", "token request", c.DingClientSecret},
		{"key-dizlee", "Dizlee API key", "header apikey", c.DizleeAPIKey},
		{"key-auth", "Dizlee auth key", "header authkey of what it sends you", c.DizleeAuthKey},
	}
}

// line is a command for a POSIX shell.
type line struct{ ID, Title, Text string }

// Order is that of the page.
func (l look) Order() []line {
	var all []line
	for _, name := range []string{"balance", "send", "list", "token", "charge", "refund", "sms", "ledger"} {
		all = append(all, l.Lines[name])
	}
	return all
}

// lines returns the commands by name. Their references are fit to be sent once: what is sent twice is paid twice.
func lines(sb *sandbox.Sandbox, base string) map[string]line {
	c := sb.Credentials()
	ding := []string{"api_key: " + c.DingAPIKey}
	posted := append(ding, "Content-Type: application/json")
	dizlee := []string{"apikey: " + c.DizleeAPIKey, "HTTP_MSISDN: " + subscriber, "Content-Type: application/json"}
	merchant := `"subscriptionId": "SP", "product": "` + c.DizleeProduct + "\",\n" +
		`"subProduct": "` + c.DizleeSubProduct + "\",\n" +
		`"aggregatorId": "` + c.DizleeAggregatorID + "\",\n" +
		`"merchantId": "` + c.DizleeMerchantID + `"}`
	return map[string]line{
		"balance": {"curl-balance", "Balance", curl(base+"/api/V1/GetBalance", ding, "")},
		"send": {"curl-send", "Top a phone up", curl(base+"/api/V1/SendTransfer", posted, `{"SkuCode": "GB_AB_TopUp", "SendValue": 5,
"AccountNumber": "447700900123",
"DistributorRef": "order-1", "ValidateOnly": false}`)},
		"list": {"curl-list", "Transfers, as the service lists them", curl(base+"/api/V1/ListTransferRecords", posted, `{"Skip": 0, "Take": 10}`)},
		"token": {"curl-token", "A token", curl(base+"/connect/token", nil, "") + " \\\n  -d grant_type=client_credentials" +
			" \\\n  --data-urlencode " + quote("client_id="+c.DingClientID) + " \\\n  --data-urlencode " + quote("client_secret="+c.DingClientSecret)},
		"charge": {"curl-charge", "Charge a phone", curl(base+"/dizlee/charge", dizlee, `{"chargeRequestId": "charge-1", "userId": "`+subscriber+`",
"amount": 250, "currency": "IQD", "totalCharge_p30d": 0,
"type": "SinglePurchase", "firstCharge": true,
"channel": "WEB", "promoter": "Shop",
`+merchant)},
		"refund": {"curl-refund", "Give it back", curl(base+"/dizlee/refund", dizlee, `{"refundRequestId": "refund-1", "userId": "`+subscriber+`",
"transactionId": "charge-1", "currency": "IQD",
"reason": "Bought by mistake", "purpose": "Shop",
`+merchant)},
		"sms": {"curl-sms", "An SMS to a phone", curl(base+"/dizlee/sms", dizlee, `{"smsRequestId": "sms-1", "sender": "1234",
"receiver": "`+subscriber+`",
"language": "En", "msgBody": "Thank you",
`+merchant)},
		"ledger": {"curl-ledger", "What was really paid, for tests", curl(base+"/_sandbox/ledger", nil, "")},
		"export": {"export", "For programs and the command line", exports(sb.Environment(base))},
	}
}

// subscriber is a number of Dizlee's that succeeds.
const subscriber = "9647701234567"

// curl writes a request over several lines, so that it can be read before it is sent.
func curl(address string, header []string, body string) string {
	parts := []string{"curl " + address}
	for _, field := range header {
		parts = append(parts, "-H "+quote(field))
	}
	if body != "" {
		parts = append(parts, "-d "+strings.ReplaceAll(quote(body), "\n", "\n       "))
	}
	return strings.Join(parts, " \\\n  ")
}

// exports writes NAME=value lines for a shell.
func exports(environment []string) string {
	var text []string
	for _, variable := range environment {
		name, value, _ := strings.Cut(variable, "=")
		text = append(text, "export "+name+"="+quote(value))
	}
	return strings.Join(text, "\n")
}

// quote makes one word of a text for a POSIX shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
