package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	htmlPage = "<html><head><title>502 Bad Gateway</title></head><body>The upstream of " + dingKey + " is gone</body></html>"
	complete = `{"ResultCode":1,"ErrorCodes":[],"TransferRecord":{"TransferId":{"TransferRef":"77","DistributorRef":"R-1"},"SkuCode":"S","Price":{"SendValue":10.00,"SendCurrencyIso":"USD","ReceiveValue":7.80,"ReceiveCurrencyIso":"GBP"},"CommissionApplied":0.30,"StartedUtc":"2026-05-08T15:23:28Z","CompletedUtc":"2026-05-08T15:23:29.1234567","ProcessingState":"Complete","ReceiptText":"PIN 1234-5678","ReceiptParams":{"pin":"1234-5678"},"AccountNumber":"447700900123"}}`
)

// envelope is an answer with a ResultCode and one error.
func envelope(code int, name, context string) string {
	return fmt.Sprintf(`{"ResultCode":%d,"ErrorCodes":[{"Code":%q,"Context":%q}]}`, code, name, context)
}

// breaksOff announces more than it sends.
func breaksOff(status int, beginning string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, beginning)
	}
}

// endless never stops sending.
func endless(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusOK)
	blanks := strings.Repeat(" ", 1<<16)
	for r.Context().Err() == nil {
		if _, err := io.WriteString(w, blanks); err != nil {
			return
		}
	}
}

// closes ends the connection without a word.
func closes(w http.ResponseWriter, _ *http.Request) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = connection.Close()
	}
}

// leads answers with a redirect to the server itself.
func leads(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/elsewhere", http.StatusFound)
}

func inOneHour() string { return time.Now().Add(time.Hour).UTC().Format(http.TimeFormat) }

func TestWhateverDingAnswersAReadEndsInItsExitCode(t *testing.T) {
	tests := []struct {
		name   string
		answer http.HandlerFunc
		code   int
		says   string
		sent   int
	}{
		{"success", says(200, `{"ResultCode":1,"Balance":12.340,"CurrencyIso":"EUR","ErrorCodes":[]}`), 0, "", 1},
		{"nulls and absent fields", says(200, `{"ResultCode":1,"Balance":null,"ErrorCodes":null}`), 0, "", 1},
		{"unknown fields", says(200, `{"ResultCode":1,"Balance":1,"CurrencyIso":"EUR","Mood":{"a":[1]}}`), 0, "", 1},
		{"HTTP 200 with ResultCode 4", says(200, envelope(4, "ParameterInvalid", "x")), 1, "ParameterInvalid/x", 1},
		{"HTTP 500 with ResultCode 5", says(500, envelope(5, "OtherError", "")), 1, "contact Ding", 1},
		{"an unknown code", says(400, envelope(4, "MoonPhase", "WaningGibbous")), 1, "MoonPhase/WaningGibbous", 1},
		{"an unknown ResultCode", says(200, `{"ResultCode":9}`), 1, "ResultCode 9", 1},
		{"an expired key", says(401, envelope(4, "AuthenticationFailed", "TokenExpired")), 1, "TokenExpired", 1},
		{"an HTML error page", says(502, htmlPage, "Content-Type", "text/html"), 3, "502 Bad Gateway", 4},
		{"HTML with a success", says(200, htmlPage, "Content-Type", "text/html"), 1, "could not be read", 1},
		{"ResultCode 3", says(503, envelope(3, "RateLimited", "")), 3, "slow down", 4},
		{"429 with seconds beyond our patience", says(429, envelope(3, "RateLimited", ""), "Retry-After", "120"), 3, "slow down", 1},
		{"429 with a date beyond our patience", says(429, envelope(3, "RateLimited", ""), "Retry-After", inOneHour()), 3, "slow down", 1},
		{"429 without JSON", says(429, "busy", "Retry-After", "1000"), 3, "16m40s", 1},
		{"an absurd Retry-After", says(503, "busy", "Retry-After", strings.Repeat("9", 400)), 3, "HTTP 503", 1},
		{"a redirect", leads, 1, "redirects elsewhere", 1},
		{"a truncated body", breaksOff(200, `{"ResultCode":1,`), 3, "broke off", 4},
		{"half of the JSON", says(200, `{"ResultCode":1,"Bal`), 3, "could not be read", 4},
		{"an empty body", says(200, ""), 1, "could not be read", 1},
		{"null", says(200, "null"), 1, "no ResultCode", 1},
		{"a list", says(200, "[]"), 1, "could not be read", 1},
		{"a deep body", says(200, strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)), 1, "could not be read", 1},
		{"an endless body", endless, 1, "more than 4194304 bytes", 1},
		{"a huge number", says(200, `{"ResultCode":1,"Balance":1e999999999}`), 1, "could not be read", 1},
		{"a closed connection", closes, 3, "failed for now", 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := serve(t, tt.answer)
			r := airtime(t, servedAt(server.URL), "ding balance")
			assert.Equal(t, tt.code, r.code, r.err)
			assert.Contains(t, r.err, tt.says)
			if tt.code == 0 {
				assert.Empty(t, r.err)
				assert.Contains(t, r.out, "Balance")
			} else {
				assert.Empty(t, r.out)
				assert.Contains(t, r.err, "GetBalance")
			}
			// A GET whose kept connection dies may be sent once more by net/http itself.
			assert.GreaterOrEqual(t, len(server.seen()), tt.sent)
		})
	}
}

func TestWhateverDingAnswersATransferEndsInItsExitCodeAndIsSentOnceUnlessNothingMoved(t *testing.T) {
	tests := []struct {
		name   string
		answer http.HandlerFunc
		code   int
		says   string
		sent   int
	}{
		{"success", says(200, complete), 0, "", 1},
		{"still on its way", says(200, strings.Replace(complete, `"Complete"`, `"Submitted"`, 1)), 0, "still Submitted", 1},
		{"HTTP 200 with ResultCode 4", says(200, envelope(4, "AccountNumberInvalid", "AccountNumberFailedRegex")), 1, "without +", 1},
		{"no funds, with HTTP 500", says(500, envelope(5, "InsufficientBalance", "")), 1, "add funds", 1},
		{"an expired key", says(401, envelope(4, "AuthenticationFailed", "TokenExpired")), 1, "TokenExpired", 1},
		{"throttled before anything was done", says(429, envelope(3, "RateLimited", ""), "Retry-After", "0"), 3, "slow down", 4},
		{"throttled for longer than our patience", says(429, envelope(3, "RateLimited", ""), "Retry-After", "120"), 3, "take a new reference", 1},
		{"throttled by who knows whom", says(429, "busy"), 4, "airtime ding transfers --ref R-1", 1},
		{"an HTML error page", says(502, htmlPage), 4, "airtime ding transfers --ref R-1", 1},
		{"a redirect", leads, 4, "do not send again", 1},
		{"a truncated body", breaksOff(200, `{"ResultCode":1,`), 4, "airtime ding recover", 1},
		{"an endless body", endless, 4, "airtime ding settle --ref R-1 --as paid; or, if it is not: ", 1},
		{"null", says(200, "null"), 4, "do not send again", 1},
		{"a success without a record", says(200, `{"ResultCode":1}`), 4, "do not send again", 1},
		{"a record that is a validation's", says(200, strings.Replace(complete, `"77"`, `"0"`, 1)), 4, "do not send again", 1},
		{"a reference that was used before", says(400, envelope(4, "DuplicateTransactionPrevented", "")), 4, "do not send again", 1},
		{"a closed connection", closes, 4, "do not send again", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := serve(t, tt.answer)
			r := airtime(t, servedAt(server.URL), sendTransfer+" --confirm")
			assert.Equal(t, tt.code, r.code, r.err)
			assert.Contains(t, r.err, tt.says)
			assert.NotContains(t, r.err, customer, "an account number in an error")
			assert.NotContains(t, r.err, "1234-5678", "a PIN in an error")
			assert.Equal(t, tt.sent, server.sent("SendTransfer"))
		})
	}
}

func TestWhateverDizleeAnswersEndsInItsExitCode(t *testing.T) {
	status := func(code, detail string) string { return fmt.Sprintf(`{"status":%q,"statusDetail":%q}`, code, detail) }
	tests := []struct {
		name   string
		answer http.HandlerFunc
		code   int
		says   string
		// lost answers are found out about by a repetition, if the command allows that.
		lost bool
	}{
		{"success", says(200, status("1", " Successful Operation.")), 0, "", false},
		{"success with blanks and a number", says(200, `{"status": 1 ,"statusDetail":null}`), 0, "", false},
		{"insufficient funds", says(200, status("-304", "no funds for "+subscriber)), 1, "insufficient funds", false},
		{"not authorised", says(401, status("-101", "")), 1, "check the API key", false},
		{"too many requests", says(429, status("-429", ""), "Retry-After", "40"), 3, "in 40s at the earliest", false},
		{"a duplicate", says(200, status("-305", "")), 4, "used before", false},
		{"the operator's time-out", says(200, status("-504", "")), 4, "did not answer in time", true},
		{"an unlisted code", says(200, status("-999", "?")), 4, "status -999", false},
		{"an HTML error page", says(502, htmlPage), 4, "could not be read", true},
		{"a redirect", leads, 4, "redirects elsewhere", true},
		{"a truncated body", breaksOff(200, `{"status":`), 4, "broke off", true},
		{"an endless body", endless, 4, "more than", true},
		{"null", says(200, "null"), 4, "could not be read", true},
		{"a closed connection", closes, 4, "unknown", true},
	}
	for command, repeats := range map[string]bool{
		chargeCommand: true, refundCommand: true, refundCommand + " --amount 0.250": false, smsCommand: false,
	} {
		name := strings.Fields(command)[1]
		for _, tt := range tests {
			t.Run(strings.TrimPrefix(command, "dizlee ")+": "+tt.name, func(t *testing.T) {
				server := serve(t, tt.answer)
				r := airtime(t, servedAt(server.URL), command+" --confirm")
				assert.Equal(t, tt.code, r.code, r.err)
				assert.Contains(t, r.err, tt.says)
				assert.NotContains(t, r.err, subscriber, "an MSISDN in an error")
				if tt.code == 4 {
					assert.Contains(t, r.err, "airtime dizlee settle --operation "+name+" --ref ")
				}
				if tt.lost && repeats {
					assert.Contains(t, r.err, "the answer was lost")
					assert.Greater(t, server.sent(name), 1, "repeated under its id")
				} else {
					assert.Equal(t, 1, server.sent(name), "sent once")
				}
				if tt.name == "a duplicate" {
					assert.NotContains(t, r.err, "the answer was lost", "it came")
				}
			})
		}
	}
}

func TestAConnectionThatCannotBeMadeIsTemporary(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := "http://" + listener.Addr().String()
	require.NoError(t, listener.Close())
	for _, command := range []string{"ding balance", sendTransfer + " --confirm", chargeCommand + " --confirm", smsCommand + " --confirm"} {
		r := airtime(t, servedAt(nobody), command)
		assert.Equal(t, 3, r.code, "%s: %s", command, r.err)
		assert.Contains(t, r.err, "connection refused")
	}
}

func TestAReadIsRepeatedAndSaysSo(t *testing.T) {
	calls := 0
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if calls++; calls == 1 {
			says(503, envelope(3, "TransientProviderError", ""), "Retry-After", "0")(w, r)
			return
		}
		says(200, `{"ResultCode":1,"Balance":5.00,"CurrencyIso":"USD"}`)(w, r)
	})
	r := airtime(t, servedAt(server.URL), "ding balance")
	assert.Equal(t, 0, r.code)
	assert.Regexp(t, `^GetBalance: HTTP 503 with TransientProviderError, trying again (in \d+m?s|at once) \(attempt 2 of 4\)\n$`, r.err)

	calls = 0
	assert.Empty(t, airtime(t, servedAt(server.URL), "ding balance --json").err, "stderr is for the error object alone")

	calls = 0
	verbose := airtime(t, servedAt(server.URL), "ding balance -v")
	assert.Contains(t, verbose.err, "call will be repeated")
	assert.Contains(t, verbose.err, "attempt=2")

	calls = 0
	logged := airtime(t, servedAt(server.URL), "-v --json ding balance")
	assert.Contains(t, logged.err, `"msg":"call succeeded"`)
}

func TestATimeOutOnAReadIsTemporary(t *testing.T) {
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	r := airtime(t, servedAt(server.URL), "ding countries --timeout 100ms")
	assert.Equal(t, 3, r.code)
	assert.Contains(t, r.err, "deadline")
}

func TestOAuth(t *testing.T) {
	token := says(200, `{"access_token":"`+accessToken+`","token_type":"Bearer","expires_in":3600}`)
	balance := `{"ResultCode":1,"Balance":5.00,"CurrencyIso":"USD"}`
	answer := func(api http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/token" {
				token(w, r)
				return
			}
			api(w, r)
		}
	}

	t.Run("an expired token is renewed, and the read sent again", func(t *testing.T) {
		calls := 0
		server := serve(t, answer(func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, "Bearer "+accessToken, r.Header.Get("Authorization"))
			if calls++; calls == 1 {
				says(401, envelope(4, "AuthenticationFailed", "TokenExpired"))(w, r)
				return
			}
			says(200, balance)(w, r)
		}))
		r := airtime(t, servedAt(server.URL).withOAuth(server.URL+"/token"), "ding balance")
		assert.Equal(t, 0, r.code, r.err)
		assert.Contains(t, r.err, "trying again at once")
	})

	t.Run("a token that is refused for good ends in a refusal", func(t *testing.T) {
		server := serve(t, answer(says(401, envelope(4, "AuthenticationFailed", "TokenExpired "+accessToken))))
		r := airtime(t, servedAt(server.URL).withOAuth(server.URL+"/token"), "ding balance")
		assert.Equal(t, 1, r.code, r.err)
	})

	t.Run("a transfer is sent once more with a fresh token", func(t *testing.T) {
		server := serve(t, answer(says(401, envelope(4, "AuthenticationFailed", "TokenExpired"))))
		r := airtime(t, servedAt(server.URL).withOAuth(server.URL+"/token"), sendTransfer+" --confirm")
		assert.Equal(t, 1, r.code, r.err)
		assert.Equal(t, 2, server.sent("SendTransfer"))
	})

	t.Run("refused credentials are a refusal, and the provider's own words stay out", func(t *testing.T) {
		server := serve(t, says(400, `{"error":"invalid_client","error_description":"no such secret: `+clientSecret+`"}`))
		r := airtime(t, servedAt(server.URL).withOAuth(server.URL+"/token"), sendTransfer+" --confirm")
		assert.Equal(t, 1, r.code)
		assert.Contains(t, r.err, "check the client id and secret")
	})

	t.Run("the token endpoint is found through the issuer", func(t *testing.T) {
		var server *scripted
		server = serve(t, answer(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/.well-known/") {
				says(200, `{"token_endpoint":"`+server.URL+`/token"}`)(w, r)
				return
			}
			says(200, balance)(w, r)
		}))
		env := servedAt(server.URL).withOAuth("").with("DING_ISSUER", server.URL)
		assert.Equal(t, 0, airtime(t, env, "ding balance").code)
	})
}

func TestTheErrorAsJSON(t *testing.T) {
	t.Run("of Ding", func(t *testing.T) {
		server := serve(t, says(429, envelope(3, "RateLimited", "TransactionStillInProgress"), "Retry-After", "61"))
		r := airtime(t, servedAt(server.URL), "ding products --json --country JM")
		assert.Equal(t, 3, r.code)
		failure := failureOf(t, r)
		assert.NotEmpty(t, failure["correlationId"])
		assert.Contains(t, failure["message"], "RateLimited")
		delete(failure, "correlationId")
		delete(failure, "message")
		assert.Equal(t, map[string]any{
			"operation": "GetProducts", "outcome": "temporary", "httpStatus": 429., "resultCode": 3., "retryAfterSeconds": 61.,
			"codes": []any{map[string]any{"code": "RateLimited", "context": "TransactionStillInProgress"}},
		}, failure)
	})

	t.Run("of Dizlee", func(t *testing.T) {
		server := serve(t, says(200, `{"status":"-318","statusDetail":"Limit Exceeded"}`))
		r := airtime(t, servedAt(server.URL), "--json "+chargeCommand+" --confirm")
		assert.Equal(t, 1, r.code)
		failure := failureOf(t, r)
		delete(failure, "message")
		assert.Equal(t, map[string]any{
			"operation": "Charge", "outcome": "refused", "httpStatus": 200., "status": "-318", "statusDetail": "Limit Exceeded",
			"correlationId": "C-1", "retryAfterSeconds": 0.,
		}, failure)
	})

	t.Run("of an unknown outcome", func(t *testing.T) {
		server := serve(t, closes)
		failure := failureOf(t, airtime(t, servedAt(server.URL), sendTransfer+" --confirm --json"))
		assert.Equal(t, "unknown", failure["outcome"])
		assert.Equal(t, "SendTransfer", failure["operation"])
		assert.Contains(t, failure["message"], "airtime ding transfers --ref R-1")
	})
}
