// Tests of what an answer is taken for: codes, groups and outcomes, envelopes of all shapes, and what is said about them.

package dizlee_test

import (
	"bytes"
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
	"github.com/airtime-go/airtime/facade/dizlee"
)

// failed returns the error of a charge that is answered so.
func failed(t *testing.T, answer script) *dizlee.Error {
	t.Helper()
	s := serve(t, answer)
	got, err := client(t, s.URL).Charge(t.Context(), charge())
	assert.Nil(t, got)
	var failure *dizlee.Error
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, s.count(), failure.Attempts)
	return failure
}

func TestEveryCodeHasItsGroupAndOutcome(t *testing.T) {
	const (
		refused   = facade.OutcomeRefused
		temporary = facade.OutcomeTemporary
		unknown   = facade.OutcomeUnknown
	)
	for text, want := range map[string]struct {
		code    dizlee.Code
		advice  dizlee.Advice
		outcome facade.Outcome
	}{
		"-100": {dizlee.CodeMissingParameter, dizlee.AdviceFixRequest, refused},
		"-101": {dizlee.CodeAuthenticationFailed, dizlee.AdviceFixRequest, refused},
		"-200": {dizlee.CodeActionNotPossible, dizlee.AdviceStop, refused},
		"-300": {dizlee.CodeAccountInactive, dizlee.AdviceAskUser, refused},
		"-301": {dizlee.CodeSingleChargeFailed, dizlee.AdviceAskUser, refused},
		"-302": {dizlee.CodeOperatorBillingNotAllowed, dizlee.AdviceStop, refused},
		"-303": {dizlee.CodeSMSFailed, dizlee.AdviceRetryLater, temporary},
		"-304": {dizlee.CodeInsufficientFunds, dizlee.AdviceAskUser, refused},
		"-305": {dizlee.CodeDuplicateTransaction, dizlee.AdviceUnknown, unknown},
		"-306": {dizlee.CodeOperatorBillingWithdrawn, dizlee.AdviceStop, refused},
		"-307": {dizlee.CodeServiceSuspended, dizlee.AdviceStop, refused},
		"-308": {dizlee.CodeUnknownOperatorError, dizlee.AdviceUnknown, unknown},
		"-311": {dizlee.CodeBadMSISDN, dizlee.AdviceFixRequest, refused},
		"-317": {dizlee.CodeNotEligible, dizlee.AdviceStop, refused},
		"-318": {dizlee.CodeThirtyDayLimitExceeded, dizlee.AdviceAskUser, refused},
		"-319": {dizlee.CodeChargeNotFound, dizlee.AdviceFixRequest, refused},
		"-320": {dizlee.CodeAlreadyRefunded, dizlee.AdviceUnknown, unknown},
		"-322": {dizlee.CodeQuotaExceeded, dizlee.AdviceRetryLater, temporary},
		"-323": {dizlee.CodeInsufficientFundsAlternate, dizlee.AdviceAskUser, refused},
		"-324": {dizlee.CodeSubscriberInactive, dizlee.AdviceStop, refused},
		"-325": {dizlee.CodeSubscriberHasStop, dizlee.AdviceStop, refused},
		"-326": {dizlee.CodeCorporateCustomer, dizlee.AdviceStop, refused},
		"-327": {dizlee.CodeRefundRejected, dizlee.AdviceStop, refused},
		"-330": {dizlee.CodeServiceNotFound, dizlee.AdviceFixRequest, refused},
		"-331": {dizlee.CodeProductNotFound, dizlee.AdviceFixRequest, refused},
		"-332": {dizlee.CodeTransactionIDInvalid, dizlee.AdviceFixRequest, refused},
		"-333": {dizlee.CodeChannelNotAllowed, dizlee.AdviceFixRequest, refused},
		"-429": {dizlee.CodeTooManyRequests, dizlee.AdviceRetryLater, temporary},
		"-500": {dizlee.CodeInternalError, dizlee.AdviceUnknown, unknown},
		"-504": {dizlee.CodeOperatorTimeout, dizlee.AdviceUnknown, unknown},
		// None of these is documented.
		"-999": {"-999", dizlee.AdviceUnknown, unknown},
		"0":    {"0", dizlee.AdviceUnknown, unknown},
		"11":   {"11", dizlee.AdviceUnknown, unknown},
		"OK":   {"OK", dizlee.AdviceUnknown, unknown},
	} {
		t.Run(text, func(t *testing.T) {
			err := failed(t, answers(200, `{"status":"`+text+`","statusDetail":" Some words. ","chargeResponseId":"-1"}`))

			assert.ErrorIs(t, err, want.code)
			assert.Equal(t, want.code, err.Status)
			assert.Equal(t, want.advice, err.Advice())
			assert.Equal(t, want.advice, want.code.Advice())
			assert.Equal(t, want.outcome, err.Outcome())
			assert.Equal(t, want.outcome, facade.OutcomeOf(fmt.Errorf("buying coins: %w", err)))
			assert.Equal(t, want.outcome == unknown, errors.Is(err, facade.ErrOutcomeUnknown))
			assert.NotErrorIs(t, err, facade.ErrUndecodable)
			assert.Equal(t, "Some words.", err.StatusDetail)
			assert.Equal(t, "acme-c-1", err.RequestID)
			assert.Empty(t, err.ChargeResponseID)
			assert.Equal(t, want.advice == dizlee.AdviceRetryLater, err.Outcome() == temporary, "later is for what has not moved")
			assert.Contains(t, err.Error(), want.code.Meaning())
			assert.NotErrorIs(t, err, dizlee.Code("-1"))
		})
	}
}

func TestTwoCodesMeanInsufficientFunds(t *testing.T) {
	for _, code := range []dizlee.Code{dizlee.CodeInsufficientFunds, dizlee.CodeInsufficientFundsAlternate} {
		err := failed(t, answers(200, `{"status":"`+string(code)+`"}`))
		assert.ErrorIs(t, err, dizlee.ErrInsufficientFunds)
		assert.ErrorIs(t, code, dizlee.ErrInsufficientFunds)
		assert.ErrorIs(t, err, code)
	}
	other := failed(t, answers(200, `{"status":"-318"}`))
	assert.NotErrorIs(t, other, dizlee.ErrInsufficientFunds)
	assert.NotErrorIs(t, other, dizlee.CodeInsufficientFunds)
}

func TestTheStatusDecidesAndNotTheHTTPStatus(t *testing.T) {
	for _, status := range []int{200, 201, 400, 401, 404, 409, 429, 500, 502, 503, 504} {
		s := serve(t, answers(status, succeeded))
		_, err := client(t, s.URL).Charge(t.Context(), charge())
		assert.NoError(t, err, "HTTP %d", status)

		refused := failed(t, answers(status, `{"status":"-304"}`))
		assert.Equal(t, facade.OutcomeRefused, refused.Outcome(), "HTTP %d", status)
		assert.Equal(t, status, refused.HTTPStatus)
	}
}

func TestEnvelopesOfManyShapesSucceed(t *testing.T) {
	for name, tc := range map[string]struct{ body, detail, id string }{
		"a string":                     {`{"status":"1","statusDetail":"Successful Operation."}`, "Successful Operation.", ""},
		"a number":                     {`{"status":1,"statusDetail":"ok","chargeResponseId":29320}`, "ok", "29320"},
		"blanks around everything":     {`{"status":" 1 ","statusDetail":" ok\n","chargeResponseId":" 29320 "}`, "ok", "29320"},
		"a detail that says otherwise": {`{"status":"1","statusDetail":"Unknown Error."}`, "Unknown Error.", ""},
		"nothing but the status":       {`{"status":"1"}`, "", ""},
		"nulls":                        {`{"status":"1","statusDetail":null,"chargeResponseId":null}`, "", ""},
		"an id of -1":                  {`{"status":"1","chargeResponseId":"-1"}`, "", ""},
		"an id of -1 as a number":      {`{"status":"1","chargeResponseId":-1}`, "", ""},
		"a blank id":                   {`{"status":"1","chargeResponseId":"  "}`, "", ""},
		"fields that nobody knows":     {`{"status":"1","statusDetail":"ok","balance":{"left":1.5},"x":[1]}`, "ok", ""},
		"a detail of the wrong type":   {`{"status":"1","statusDetail":{"text":["ok"]},"chargeResponseId":[1]}`, "", ""},
		"a byte order mark":            {"\uFEFF" + `{"status":"1"}`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, answers(200, tc.body))
			got, err := client(t, s.URL).Charge(t.Context(), charge())
			require.NoError(t, err)
			assert.Equal(t, charged(tc.detail, tc.id), got)
		})
	}
}

func TestWhatIsNoEnvelopeProvesNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		answer  script
		excerpt string
		is      error
	}{
		"an HTML page": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(502)
			_, _ = w.Write([]byte("<html><style>b{}</style><body><h1>Bad Gateway</h1></body></html>"))
		}, "Bad Gateway", facade.ErrUndecodable},
		"nothing at all":               {answers(200, ""), "", facade.ErrUndecodable},
		"JSON cut short":               {answers(200, `{"status":"1","statusDe`), `{"status":"1","statusDe`, facade.ErrUndecodable},
		"JSON with something behind":   {answers(200, succeeded+"<!-- -->"), "", facade.ErrUndecodable},
		"JSON without a status":        {answers(401, `{"message":"No API key found in request"}`), "No API key found", facade.ErrUndecodable},
		"a status of null":             {answers(200, `{"status":null}`), "", facade.ErrUndecodable},
		"a blank status":               {answers(200, `{"status":"  "}`), "", facade.ErrUndecodable},
		"a status of the wrong type":   {answers(200, `{"status":{"code":"1"}}`), "", facade.ErrUndecodable},
		"a list":                       {answers(200, `[{"status":"1"}]`), "", facade.ErrUndecodable},
		"a null":                       {answers(200, `null`), "null", facade.ErrUndecodable},
		"JSON that goes deep":          {answers(200, `{"status":"1","x":`+strings.Repeat("[", 100_000)), "", facade.ErrUndecodable},
		"more than can be meant":       {answers(200, `{"status":"1","statusDetail":"`+strings.Repeat("x ", 2<<20+1)+`"}`), "x x x", facade.ErrUndecodable},
		"a redirect":                   {answers(302, succeeded, "Location", "https://elsewhere.example/"), "", facade.ErrUndecodable},
		"a body that breaks off":       {answers(200, `{"status":"1"`, "Content-Length", "1000"), "", facade.ErrOutcomeUnknown},
		"a whole body that breaks off": {answers(200, succeeded, "Content-Length", "1000"), "", facade.ErrOutcomeUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			err := failed(t, tc.answer)

			assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
			assert.ErrorIs(t, err, tc.is)
			assert.Equal(t, facade.OutcomeUnknown, err.Outcome())
			assert.Equal(t, dizlee.AdviceUnknown, err.Advice())
			assert.NotZero(t, err.HTTPStatus)
			assert.Empty(t, err.Status)
			assert.Contains(t, err.Excerpt, tc.excerpt)
			assert.Less(t, len(err.Error()), 900)
			assert.Contains(t, err.Error(), fmt.Sprintf("HTTP %d", err.HTTPStatus))
			assert.Contains(t, err.Error(), "the outcome is unknown")
			assert.NotErrorIs(t, err, dizlee.Code(""))
		})
	}
}

func TestMessagesSayWhatToDo(t *testing.T) {
	for name, tc := range map[string]struct {
		answer script
		want   string
	}{
		"a refusal": {
			answers(200, `{"status":"-304","statusDetail":"Operation Failed. Insufficient Funds."}`),
			`dizlee: Charge "acme-c-1": refused: HTTP 200, status -304, insufficient funds ("Operation Failed. Insufficient Funds."); the subscriber has to top up, or pay in another way`,
		},
		"a refusal for now": {
			answers(429, `{"status":"-429"}`, "Retry-After", "30"),
			`dizlee: Charge "acme-c-1": refused for now, nothing moved: HTTP 429, status -429, too many requests; slow down and try again later, in 30s at the earliest`,
		},
		"an operator that is silent": {
			answers(200, `{"status":"-504","statusDetail":"Gateway Timeout"}`),
			`dizlee: Charge "acme-c-1": the outcome is unknown: HTTP 200, status -504, the operator did not answer in time ("Gateway Timeout"); ` +
				`only the same request with the same id tells (Recover, or ResumeCharge and ResumeRefund): ` +
				`success, -305 and (for a refund) -320 then mean that it was done once; a new id may do it twice`,
		},
		"a code that nobody knows": {
			answers(200, `{"status":"-999","statusDetail":"Hm."}`),
			`dizlee: Charge "acme-c-1": the outcome is unknown: HTTP 200, status -999, a code that is not documented ("Hm."); ` +
				`only the same request with the same id tells (Recover, or ResumeCharge and ResumeRefund): ` +
				`success, -305 and (for a refund) -320 then mean that it was done once; a new id may do it twice`,
		},
		"an id that is not new": {
			answers(200, `{"status":"-305"}`),
			`dizlee: Charge "acme-c-1": the outcome is unknown: HTTP 200, status -305, duplicate transaction; ` +
				`the id was used before: if by an earlier attempt at this very call, that one went through; if not, the id is not unique`,
		},
		"a page": {
			answers(503, "<h1>Sorry</h1>"),
			`dizlee: Charge "acme-c-1": the outcome is unknown: HTTP 503, and the answer could not be read ("Sorry"); ` +
				`only the same request with the same id tells (Recover, or ResumeCharge and ResumeRefund): ` +
				`success, -305 and (for a refund) -320 then mean that it was done once; a new id may do it twice`,
		},
	} {
		t.Run(name, func(t *testing.T) { assert.EqualError(t, failed(t, tc.answer), tc.want) })
	}
}

func TestAnSMSIsNotAdvisedToBeSentAgain(t *testing.T) {
	s := serve(t, answers(200, `{"status":"-500","statusDetail":"Something went wrong."}`))
	_, err := client(t, s.URL).SendSMS(t.Context(), sms())
	assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
	assert.ErrorContains(t, err, "sending it again may deliver it twice")
	assert.NotContains(t, err.Error(), "-305")
}

func TestRetryAfterIsHandedOut(t *testing.T) {
	err := failed(t, answers(429, `{"status":"-429"}`, "Retry-After", "120"))
	assert.Equal(t, 2*time.Minute, err.RetryAfter)
	assert.Zero(t, failed(t, answers(429, `{"status":"-429"}`, "Retry-After", "soon")).RetryAfter)
}

func TestAFailedChargeKeepsTheOperatorsID(t *testing.T) {
	assert.Equal(t, "29320", failed(t, answers(200, `{"status":"-504","chargeResponseId":"29320"}`)).ChargeResponseID)
}

func TestErrorsLogTheirParts(t *testing.T) {
	var log bytes.Buffer
	s := serve(t, answers(429, `{"status":"-429","statusDetail":"No more of `+msisdn+`","chargeResponseId":"7"}`, "Retry-After", "30"))
	c := client(t, s.URL, dizlee.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))

	_, err := c.Charge(t.Context(), charge())

	require.Error(t, err)
	for _, part := range []string{
		"service=dizlee", "operation=Charge", "error.outcome=temporary", `error.advice="retry later"`, "error.attempts=1", "error.httpStatus=429",
		"error.status=-429", `error.statusDetail="No more of 964********23"`, "error.requestId=acme-c-1", "error.chargeResponseId=7", "error.retryAfter=30s",
	} {
		assert.Contains(t, log.String(), part)
	}
	assert.NotContains(t, log.String(), msisdn)
	assert.NotContains(t, log.String(), "excerpt")

	log.Reset()
	slog.New(slog.NewTextHandler(&log, nil)).Info("", "error", failed(t, answers(503, "<h1>Sorry</h1>")))
	assert.Contains(t, log.String(), "error.excerpt=Sorry")
	assert.NotContains(t, log.String(), "retryAfter")
}

func TestSuccessIsLoggedWithoutTheSubscriber(t *testing.T) {
	var log bytes.Buffer
	s := serve(t, answers(200, succeeded))
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))

	_, err := client(t, s.URL, dizlee.WithLogger(logger)).Charge(t.Context(), charge())

	require.NoError(t, err)
	assert.Contains(t, log.String(), "call succeeded")
	assert.NotContains(t, log.String(), msisdn)
}
