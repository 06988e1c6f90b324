package main

import (
	"encoding/json"
	"errors"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWrongUsageExitsWith2AndSendsNothing(t *testing.T) {
	server := serve(t, says(500, ""))
	tests := []struct{ name, line, says string }{
		{"an unknown command", "frobnicate", `unknown command "frobnicate" for "airtime"`},
		{"an unknown command of a group", "ding balanc", `did you mean balance?`},
		{"a group alone", "dizlee", "airtime dizlee needs a command"},
		{"an unknown flag", "ding balance --colour", "unknown flag: --colour"},
		{"an unknown flag before the command", "--colour ding balance", "unknown flag: --colour"},
		{"a key as a flag", "ding balance --api-key=" + dingKey, "unknown flag: --api-key"},
		{"a key as an argument", "ding " + dingKey, "unknown command"},
		{"a missing flag", "ding send --value 1 --account 1 --ref R", `"sku"`},
		{"neither value nor bill", "ding send --sku S --account 1 --ref R", `"value"`},
		{"a value that is no number", "ding send --sku S --value ten --account 1 --ref R", `"--value" flag`},
		{"a value that is not finite", "ding send --sku S --value NaN --account 1 --ref R", `"--value" flag`},
		{"a value in hex", "ding send --sku S --value 0x10 --account 1 --ref R", `"--value" flag`},
		{"an absurd exponent", "ding send --sku S --value 1e999999999 --account 1 --ref R", `"--value" flag`},
		{"too many decimals", "ding send --sku S --value 1.001 --account 1 --ref R --confirm", "see --value"},
		{"an account number with +", "ding send --sku S --value 1 --account +447700900123 --ref R --confirm", "see --account"},
		{"an empty reference", "ding send --sku S --value 1 --account 447700900123 --ref= --confirm", "see --ref"},
		{"a setting without a value", "ding send --sku S --value 1 --account 1 --ref R --setting Meter", `"--setting" flag`},
		{"two values to estimate", "ding estimate --sku S --send-value 1 --receive-value 2", "receive-value"},
		{"no value to estimate", "ding estimate --sku S", "receive-value"},
		{"a negative value to estimate", "ding estimate --sku S --send-value -1", "see --send-value"},
		{"no number to look up", "ding lookup", "see --account"},
		{"two numbers to look up", "ding lookup 447700900123 --account 447700900124", "two account numbers"},
		{"no number to match", "ding match", "see --account"},
		{"a blank number to match", "ding match --account=", "see --account"},
		{"two numbers to match", "ding match 447700900123 --account 447700900124", "two account numbers"},
		{"nothing to quote", "ding quote --send 1", "--sku or --account must be given"},
		{"no amount to quote", "ding quote --sku S", "--send or --receive must be given"},
		{"two amounts to quote", "ding quote --sku S --send 1 --receive 2", "receive"},
		{"a blank product to quote", "ding quote --sku= --send 1", "--sku or --account"},
		{"a quote for a number by what is sent", "ding quote --account 447700900123 --send 1", "needs --receive and --currency"},
		{"a quote for a number in no currency", "ding quote --account 447700900123 --receive 1", "needs --receive and --currency"},
		{"a currency for a product", "ding quote --sku S --receive 1 --currency NGN", "--currency does not go with --sku"},
		{"all offers of a product", "ding quote --sku S --receive 1 --all", "--all does not go with --sku"},
		{"nothing to send in a quote", "ding quote --sku S --send 0", "--send must be above 0"},
		{"too many decimals in a quote", "ding quote --sku S --send 1.001", "two decimals at most"},
		{"less than nothing in a quote", "ding quote --sku S --receive -1", "--receive must be above 0"},
		{"a tax on what is sent", "ding quote --sku S --send 1 --after-tax", "--after-tax is about --receive"},
		{"an argument where none belongs", "ding balance now", "now"},
		{"a negative limit", "ding transfers --limit -1", "--limit must not be negative"},
		{"a time-out of nothing", "ding balance --timeout 0s", "--timeout must be above 0"},
		{"a time-out that is no duration", "ding balance --timeout soon", `"--timeout" flag`},
		{"nothing to cancel", "ding cancel --confirm", "transfer-ref"},
		{"a charge without an id", "dizlee charge --msisdn 1 --amount 1 --currency KWD --confirm", `"id"`},
		{"a charge of nothing", strings.Replace(chargeCommand, "0.500", "0", 1) + " --confirm", "amount must be above 0"},
		{"a charge with four decimals", strings.Replace(chargeCommand, "0.500", "0.0005", 1) + " --confirm", "three decimal places"},
		{"a tax that is no number", chargeCommand + " --vat-amount much", `"--vat-amount" flag`},
		{"a refund amount that is no number", refundCommand + " --amount some", `"--amount" flag`},
		{"a refund without a reason", strings.TrimSuffix(refundCommand, " --reason wrong") + " --confirm", `"reason"`},
		{"an SMS to no number", strings.Replace(smsCommand, subscriber, "+964", 1) + " --confirm", "see --to"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := airtime(t, servedAt(server.URL), tt.line)
			assert.Equal(t, 2, r.code, r.err)
			assert.Contains(t, r.err, tt.says)
			assert.Empty(t, r.out)

			asJSON := airtime(t, servedAt(server.URL), tt.line+" --json")
			assert.Equal(t, 2, asJSON.code)
			assert.Equal(t, "usage", failureOf(t, asJSON)["outcome"])
			assert.Equal(t, 2, airtime(t, servedAt(server.URL), "--json=true "+tt.line).code)
		})
	}
	assert.Empty(t, server.seen())
}

func TestJSONIsWantedAsTheFlagSays(t *testing.T) {
	for line, wanted := range map[string]bool{
		"ding --what --json": true, "--json=1 --what": true, "--what --json=false": false, "--json=false --what --json": true, "--what -- --json": false,
	} {
		r := airtime(t, nil, line)
		assert.Equal(t, 2, r.code)
		assert.Equal(t, wanted, json.Valid([]byte(r.err)), "%s: %s", line, r.err)
	}
}

func TestABadEnvironmentExitsWith2(t *testing.T) {
	good := servedAt("http://127.0.0.1:1")
	tests := []struct {
		name, line string
		env        environment
		says       string
	}{
		{"no credentials for Ding", "ding balance", good.with("DING_API_KEY", ""), "DING_CLIENT_ID and DING_CLIENT_SECRET"},
		{"a client id without its secret", "ding balance", good.withOAuth("https://idp.example/token").with("DING_CLIENT_SECRET", ""), "secret is empty"},
		{"a token URL and an issuer", "ding balance", good.withOAuth("https://idp.example/token").with("DING_ISSUER", "https://idp.example"), "issuer"},
		{"http to a host that is not this one", "ding balance", good.with("DING_BASE_URL", "http://api.example"), "https"},
		{"a base URL that is none", "ding balance", good.with("DING_BASE_URL", "api.example"), "base URL"},
		{"a key with a line break", "ding balance", good.with("DING_API_KEY", dingKey+"\n"), "line break"},
		{"no credentials for Dizlee", chargeCommand + " --confirm", good.with("DIZLEE_API_KEY", ""), "DIZLEE_API_KEY"},
		{"no address for Dizlee", chargeCommand + " --confirm", good.with("DIZLEE_BASE_URL", ""), "DIZLEE_CHARGE_URL"},
		{"the address of another operation", chargeCommand + " --confirm", good.with("DIZLEE_BASE_URL", "").with("DIZLEE_SMS_URL", "https://x.example/sms"), "DIZLEE_CHARGE_URL"},
		{"http to Dizlee", chargeCommand + " --confirm", good.with("DIZLEE_BASE_URL", "http://dizlee.example"), "https"},
		{"no merchant", chargeCommand + " --confirm", good.with("DIZLEE_MERCHANT_ID", ""), "--merchant or DIZLEE_MERCHANT_ID"},
		{"an id without the merchant's code", chargeCommand + " --confirm", good.with("DIZLEE_MERCHANT_CODE", "MCH"), "merchant code MCH"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := airtime(t, tt.env, tt.line)
			assert.Equal(t, 2, r.code, r.err)
			assert.Contains(t, r.err, tt.says)
			assert.Equal(t, "usage", failureOf(t, airtime(t, tt.env, tt.line+" --json"))["outcome"])
		})
	}
}

func TestGlobalFlagsMayStandAnywhere(t *testing.T) {
	server := serve(t, says(200, `{"ResultCode":1,"Items":null}`))
	for _, line := range []string{
		"--json --timeout 5s ding countries", "ding --json --timeout 5s countries", "ding countries --json --timeout 5s",
		"--timeout=5s ding countries --json", "--json ding countries --timeout 5s",
	} {
		r := airtime(t, servedAt(server.URL), line)
		assert.Equal(t, 0, r.code, r.err)
		assert.JSONEq(t, "[]", r.out, line)
	}
}

func TestWithoutConfirmTheRequestIsPrintedAndNothingIsSent(t *testing.T) {
	server := serve(t, says(200, `{"status":"1","ResultCode":1}`))
	tests := []struct{ line, request string }{
		{chargeCommand, `{"chargeRequestId":"C-1","subscriptionId":"SP","userId":"9647701234567","type":"SinglePurchase","firstCharge":true,
			"amount":0.500,"currency":"KWD","totalCharge_p30d":0,"aggregatorId":"A","merchantId":"M","product":"P","subProduct":"SP","channel":"WEB","promoter":"M"}`},
		{chargeCommand + " --type Renewal --subscription S-1 --first-charge=false --total-30d 12.750 --channel SMS --promoter Telco --vat-amount 0 --billing-type Prepaid --profile-request-id Q --sid 1 --pid 2 --aggregator a --merchant m --product p --sub-product s",
			`{"chargeRequestId":"C-1","subscriptionId":"S-1","userId":"9647701234567","type":"Renewal","firstCharge":false,
			"amount":0.500,"currency":"KWD","totalCharge_p30d":12.750,"aggregatorId":"a","merchantId":"m","product":"p","subProduct":"s","channel":"SMS","promoter":"Telco",
			"vatAmount":0,"billingType":"Prepaid","profileRequestId":"Q","SID":"1","PID":"2"}`},
		{refundCommand, `{"refundRequestId":"F-1","subscriptionId":"SP","userId":"9647701234567","transactionId":"C-1","currency":"KWD",
			"aggregatorId":"A","merchantId":"M","product":"P","subProduct":"SP","reason":"wrong","purpose":"M-P"}`},
		{refundCommand + " --amount 0.250 --charge-response-id 1 --charge-id 2 --purpose why --subscription S-1",
			`{"refundRequestId":"F-1","subscriptionId":"S-1","userId":"9647701234567","transactionId":"C-1","currency":"KWD","amount":0.250,"chargeResponseId":"1","chargeId":"2",
			"aggregatorId":"A","merchantId":"M","product":"P","subProduct":"SP","reason":"wrong","purpose":"why"}`},
		{smsCommand + " --subscription SP --sid 1 --pid 2", `{"smsRequestId":"M-1","subscriptionId":"SP","sender":"S","receiver":"9647701234567","language":"En","msgBody":"hello",
			"aggregatorId":"A","merchantId":"M","product":"P","subProduct":"SP","SID":"1","PID":"2"}`},
		{"ding cancel --transfer-ref 77 --ref R-1", `{"BatchItemRef":"1","TransferId":{"TransferRef":"77","DistributorRef":"R-1"}}`},
	}
	for _, tt := range tests {
		asJSON := airtime(t, servedAt(server.URL), tt.line+" --json")
		assert.Equal(t, 2, asJSON.code)
		assert.JSONEq(t, tt.request, asJSON.out)
		assert.Contains(t, failureOf(t, asJSON)["message"], "--confirm")

		withoutKeys := servedAt(server.URL).with("DING_API_KEY", "").with("DIZLEE_API_KEY", "")
		forPeople := airtime(t, withoutKeys, tt.line)
		assert.Equal(t, 2, forPeople.code)
		assert.Contains(t, forPeople.err, "add --confirm")
		assert.NotEmpty(t, forPeople.out)
	}
	assert.Empty(t, server.seen())
}

func TestAnOperationsOwnAddressIsEnough(t *testing.T) {
	server := serve(t, says(200, `{"status":"1","statusDetail":"done"}`))
	for variable, line := range map[string]string{"DIZLEE_CHARGE_URL": chargeCommand, "DIZLEE_REFUND_URL": refundCommand, "DIZLEE_SMS_URL": smsCommand} {
		for _, base := range []string{"", server.URL + "/base"} {
			env := servedAt(server.URL).with("DIZLEE_BASE_URL", base).with(variable, server.URL+"/own/"+variable)
			r := airtime(t, env, line+" --confirm")
			assert.Equal(t, 0, r.code, r.err)
			requests := server.seen()
			assert.Equal(t, "/own/"+variable, requests[len(requests)-1].path)
		}
	}
}

func TestHelpAndVersionAndCompletion(t *testing.T) {
	for line, says := range map[string]string{
		"": "Exit codes", "--help": "DING_API_KEY", "help ding send": "--bill-ref", "ding send -h": "--validate-only",
		"dizlee charge --help": "--profile-request-id", "completion bash": "bash completion", "version": "built with", "version --json": `"go"`, "--version": "airtime ",
	} {
		r := airtime(t, nil, line)
		assert.Equal(t, 0, r.code, line)
		assert.Contains(t, r.out, says, line)
		assert.Empty(t, r.err, line)
	}
}

func TestTheBuildIsNamed(t *testing.T) {
	info := &debug.BuildInfo{GoVersion: "go1.26", Main: debug.Module{Version: "v0.1.0"}, Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}}}
	assert.Equal(t, build{Version: "v0.1.0", Revision: "abc", Go: "go1.26"}, readBuild(info, true))
	assert.Equal(t, "unknown", readBuild(nil, false).Version)
}

// brokenPipe is a stdout that takes nothing.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestAResultThatCannotBeWrittenIsNoSuccess(t *testing.T) {
	server := serve(t, says(200, complete))
	env := servedAt(server.URL).withState(t)
	getenv := func(name string) string { return env[name] }
	for line, code := range map[string]int{"ding send": 3, "ding send --confirm": 4} {
		var stderr lockedBuffer
		args := strings.Fields(strings.Replace(sendTransfer, "ding send", line, 1) + " --json")
		assert.Equal(t, code, run(t.Context(), args, getenv, brokenPipe{}, &stderr))
		assert.Contains(t, stderr.String(), "no space left")
	}
}

func TestWhatComesFromOutsideCannotControlTheTerminal(t *testing.T) {
	name, err := json.Marshal("Evil\x1b[2J\r\n\tName\u202e " + strings.Repeat("x", 100))
	require.NoError(t, err)
	server := serve(t, says(200, `{"ResultCode":2,"ErrorCodes":[{"Code":"Near\u001bMatch","Context":"c"}],"Items":[{"CountryIso":"JM","CountryName":`+string(name)+`}]}`))
	r := airtime(t, servedAt(server.URL), "ding countries")
	assert.Equal(t, 0, r.code)
	assert.Contains(t, r.out, "Evil [2J Name xxx")
	assert.Contains(t, r.out, "…")
	assert.Contains(t, r.err, "warning: GetCountries answered Near Match/c")
	assert.NotContains(t, r.out+r.err, "\x1b")
	assert.NotContains(t, r.out, "\u202e")
}

func TestAKeyThatAServerSendsBackIsNotPrinted(t *testing.T) {
	text, err := json.Marshal(dingKey)
	require.NoError(t, err)
	server := serve(t, says(200, `{"ResultCode":1,"Items":[{"ProviderCode":"P","Message":`+string(text)+`}]}`))
	for _, line := range []string{"ding status", "ding status --json"} {
		r := airtime(t, servedAt(server.URL), line)
		assert.Equal(t, 0, r.code)
		assert.Contains(t, r.out, "[redacted]")
	}
}
