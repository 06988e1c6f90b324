// Tests of the errors: what errors.Is and errors.As find, how they read, and that neither they nor the logs show
// anything secret.

package ding_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
)

// fail returns the error of a GetBalance that is answered so.
func fail(t *testing.T, script ...reply) error {
	t.Helper()
	_, err := newClient(t, serve(t, script...)).GetBalance(t.Context(), ding.WithCorrelationID("call-1"))
	require.Error(t, err)
	return err
}

// failToSend returns the error of a SendTransfer that is answered so.
func failToSend(t *testing.T, answer reply) error {
	t.Helper()
	_, err := newClient(t, serveMoney(t, answer)).SendTransfer(t.Context(), transfer(), ding.WithCorrelationID("call-1"))
	require.Error(t, err)
	return err
}

func TestErrorsReadWell(t *testing.T) {
	busy := envelope(429, 3, "RateLimited", "")
	busy.header = map[string]string{"Retry-After": "90"}
	down := html(503)
	down.header = map[string]string{"Retry-After": "3600"}
	for want, err := range map[string]error{
		"ding: GetBalance: refused: AuthenticationFailed; check the credentials [HTTP 401, ResultCode 4, correlation id call-1]":                                                                                                               fail(t, envelope(401, 4, "AuthenticationFailed", "")),
		"ding: GetBalance: refused: ParameterInvalid/countryIsos [HTTP 400, ResultCode 4, correlation id call-1]":                                                                                                                              fail(t, envelope(400, 4, "ParameterInvalid", "countryIsos")),
		"ding: GetBalance: refused: BrandNew/Reason [HTTP 400, ResultCode 4, correlation id call-1]":                                                                                                                                           fail(t, envelope(400, 4, "BrandNew", "Reason")),
		"ding: GetBalance: failed for now: RateLimited; slow down and try later [HTTP 429, ResultCode 3, retry after 1m30s, correlation id call-1]":                                                                                            fail(t, busy),
		`ding: GetBalance: refused: the answer could not be read: HTTP 404: invalid character '<' looking for beginning of value ("Bad Gateway nginx") [HTTP 404, correlation id call-1]`:                                                      fail(t, html(404)),
		"ding: GetBalance: refused: the answer could not be read: HTTP 200: it has no ResultCode (\"{\\\"Items\\\":[]}\") [HTTP 200, correlation id call-1]":                                                                                   fail(t, ok(`{"Items":[]}`)),
		"ding: GetBalance: failed for now: TransientProviderError; try later [HTTP 503, ResultCode 3, 3 attempts, correlation id call-1]":                                                                                                      fail(t, times(3, envelope(503, 3, "TransientProviderError", ""))...),
		"ding: SendTransfer: refused: InsufficientBalance; add funds to the Ding account [HTTP 500, ResultCode 5, correlation id call-1]":                                                                                                      failToSend(t, envelope(500, 5, "InsufficientBalance", "")),
		"ding: SendTransfer: the outcome is unknown: the envelope contradicts its record, or has none; looked up: the list does not have it; do not send again: recover it later, or ask Ding [HTTP 200, ResultCode 1, correlation id call-1]": failToSend(t, ok(plain)),
		"ding: SendTransfer: the outcome is unknown: EOF; looked up: the list does not have it; do not send again: recover it later, or ask Ding [correlation id call-1]":                                                                      failToSend(t, hangUp()),
		"ding: SendTransfer: refused: AccountNumberInvalid/AccountNumberFailedRegex; write the account number in international form, digits only, without + [HTTP 400, ResultCode 4, correlation id call-1]": failToSend(t,
			envelope(400, 4, "AccountNumberInvalid", "AccountNumberFailedRegex")),
		"ding: SendTransfer: the outcome is unknown: ParameterInvalid: the envelope contradicts its record; looked up: the list does not have it; do not send again: recover it later, or ask Ding [HTTP 400, ResultCode 4, correlation id call-1]": failToSend(t,
			sent(400, 4, "ParameterInvalid", "", state("Complete"))),
		`ding: GetBalance: failed for now: the answer could not be read: HTTP 503: invalid character '<' looking for beginning of value ("Bad Gateway nginx") ` +
			`[HTTP 503, retry after 1h0m0s, correlation id call-1]`: fail(t, down),
		"ding: GetBalance: refused: ParameterMissing/a, b, OtherError; contact Ding with the correlation id [HTTP 200, ResultCode 5, correlation id call-1]": fail(t,
			ok(`{"ResultCode":5,"ErrorCodes":[{"Code":"ParameterMissing","Context":"a, b"},{"Code":"OtherError"}]}`)),
	} {
		assert.EqualError(t, err, want)
	}
}

func TestAnErrorMadeElsewhereIsRefused(t *testing.T) {
	err := &ding.Error{Operation: "GetBalance"}
	assert.EqualError(t, err, "ding: GetBalance: refused")
	assert.Equal(t, facade.OutcomeRefused, facade.OutcomeOf(err))
}

// hangUp closes the connection in good order, without an answer.
func hangUp() reply {
	return reply{act: func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_ = conn.Close()
	}}
}

func TestErrorsIsFindsCodesAndContexts(t *testing.T) {
	err := fmt.Errorf("order 7: %w", fail(t, ok(`{"ResultCode":4,"ErrorCodes":[{"Code":"ParameterCombinationInvalid","Context":" SendValue , ReceiveValue,SkuCode"},
		{"Code":"AuthenticationFailed","Context":"TokenExpired"},{"Code":"NewCode","Context":null}]}`)))

	for _, code := range []ding.Code{
		ding.CodeParameterCombinationInvalid, ding.CodeAuthenticationFailed, ding.ContextTokenExpired,
		"SendValue", "ReceiveValue", "SkuCode", "NewCode",
	} {
		assert.ErrorIs(t, err, code)
	}
	for _, code := range []ding.Code{"", " ", "Value", "sendvalue", ding.CodeParameterInvalid, ding.CodeRateLimited} {
		assert.NotErrorIs(t, err, code)
	}
	assert.NotErrorIs(t, err, facade.ErrOutcomeUnknown)
	assert.NotErrorIs(t, err, facade.ErrUndecodable)
	var pointer *ding.Error
	require.ErrorAs(t, err, &pointer)
	assert.Len(t, pointer.Codes, 3)
	assert.NotErrorIs(t, errors.New("elsewhere"), ding.CodeRateLimited)
	assert.Equal(t, "RateLimited", ding.CodeRateLimited.Error())
}

func TestEveryErrorIsAPointerOrARequestError(t *testing.T) {
	for _, o := range operations() {
		attempts := 3
		if o.money {
			attempts = 1
		}
		_, err := o.call(t.Context(), newClient(t, serveFor(t, o.money, times(attempts, html(502))...)))
		failed := failure(t, err)
		assert.Same(t, failed, err, o.name)
		assert.Equal(t, o.name, failed.Operation)
		assert.NotEmpty(t, failed.Excerpt)
	}
}

// echo answers with all that it was sent, as header and body.
func echo(status int, format string) reply {
	return reply{act: func(w http.ResponseWriter, r *http.Request) {
		all := fmt.Sprint(r.URL, r.Header, account, " ", apiKey, " PIN ", pin)
		w.Header().Set("X-Echo", apiKey)
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, format, all)
	}}
}

func TestNothingSecretShows(t *testing.T) {
	echoed := func(status, resultCode int) reply {
		return reply{status: status, body: fmt.Sprintf(`{"ResultCode":%d,"ErrorCodes":[{"Code":"E %s","Context":"api_key=%s, %s, PIN %s"}],`+
			`"TransferRecord":{"ProcessingState":"%s","AccountNumber":"%s","ReceiptText":"PIN %s","ReceiptParams":{"pin":"%s"}}}`,
			resultCode, apiKey, apiKey, account, pin, account, account, pin, pin)}
	}
	for name, script := range map[string][]reply{
		"HTML":                   {echo(404, "<html><body>%s</body></html>")},
		"plain text":             {echo(400, "%s")},
		"an attribute":           {echo(404, `<a href="%s">`)},
		"JSON without envelope":  {echo(403, `{"message":%q}`)},
		"codes and contexts":     {echoed(400, 4)},
		"an unreadable amount":   {ok(`{"ResultCode":1,"Balance":"` + apiKey + " " + account + `"}`)},
		"an unreadable date":     {ok(`{"ResultCode":1,"TransferRecord":{"StartedUtc":"` + account + " " + apiKey + `"}}`)},
		"an unreadable receipt":  {ok(`{"ResultCode":1,"TransferRecord":{"ReceiptParams":"` + pin + `","Price":"` + pin + `"}}`)},
		"a redirect":             {{status: 302, header: map[string]string{"Location": "https://elsewhere.example/?key=" + apiKey}}},
		"a broken body":          {cut(`{"key":"` + apiKey + `"`)},
		"a contradicting record": {echoed(500, 5)},
		"an undocumented result": {echoed(200, 7)},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			levels := &slog.HandlerOptions{Level: slog.LevelDebug}
			logger := slog.New(slog.NewMultiHandler(slog.NewTextHandler(&log, levels), slog.NewJSONHandler(&log, levels)))
			var hooked []facade.Attempt
			hook := func(_ context.Context, attempt facade.Attempt) { hooked = append(hooked, attempt) }
			s := serveMoney(t, script...)

			_, err := newClient(t, s, ding.WithLogger(logger), ding.WithAttemptHook(hook)).SendTransfer(t.Context(), transfer())

			require.Error(t, err)
			logger.Error("failed", "err", err, "wrapped", fmt.Errorf("order: %w", err))
			for _, verb := range []string{"%v", "%+v", "%s", "%q", "%#v"} {
				assertNothingSecret(t, fmt.Sprintf(verb, err))
			}
			assertNothingSecret(t, fmt.Sprintf("%+v", failure(t, err).Codes))
			assert.Contains(t, log.String(), "call failed")
			assertNothingSecret(t, log.String())
			assertNothingSecret(t, fmt.Sprintf("%+v", hooked))
		})
	}
}

func TestErrorsLogTheirParts(t *testing.T) {
	busy := envelope(429, 3, "RateLimited", "Reason")
	busy.header = map[string]string{"Retry-After": "90"}
	err := fail(t, busy)
	withoutTime := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}
	message := err.Error()

	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, withoutTime)).Error("m", "err", err)
	assert.JSONEq(t, `{"level":"ERROR","msg":"m","err":{"operation":"GetBalance","outcome":"temporary","httpStatus":429,"resultCode":3,"attempts":1,
		"correlationId":"call-1","codes":[{"Code":"RateLimited","Context":"Reason"}],"retryAfter":90000000000,"message":"`+message+`"}}`, log.String())

	log.Reset()
	slog.New(slog.NewTextHandler(&log, withoutTime)).Error("m", "err", err)
	assert.Equal(t, `level=ERROR msg=m err.operation=GetBalance err.outcome=temporary err.httpStatus=429 err.resultCode=3 err.attempts=1 err.correlationId=call-1 `+
		`err.codes="[{Code:RateLimited Context:Reason}]" err.retryAfter=1m30s err.message="`+message+"\"\n", log.String())
}

func TestAttemptsAreToldToTheHookAndTheLog(t *testing.T) {
	var attempts []facade.Attempt
	var log strings.Builder
	client := newClient(t, serve(t, html(502), ok(plain)),
		ding.WithAttemptHook(func(_ context.Context, a facade.Attempt) { attempts = append(attempts, a) }),
		ding.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))

	_, err := client.GetBalance(t.Context(), ding.WithCorrelationID("call-1"))

	require.NoError(t, err)
	require.Len(t, attempts, 2)
	for i := range attempts {
		assert.Equal(t, "GetBalance", attempts[i].Operation)
		assert.Equal(t, "call-1", attempts[i].CorrelationID)
		assert.Equal(t, i+1, attempts[i].Number)
		assert.Equal(t, []int{502, 200}[i], attempts[i].Status)
		assert.Equal(t, i == 0, attempts[i].Repeated)
		assert.Equal(t, i == 0, attempts[i].Err != nil)
		assert.Less(t, time.Duration(0), attempts[i].Duration)
	}
	assert.Contains(t, log.String(), "call will be repeated")
	assert.Contains(t, log.String(), "call succeeded")
}
