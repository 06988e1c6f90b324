// The decision table of calls that move nothing: what an answer comes to, and how often it is asked for.

package ding_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
)

func TestReadsComeToWhatTheAnswerSays(t *testing.T) {
	const (
		okay      = facade.OutcomeAccepted
		refused   = facade.OutcomeRefused
		temporary = facade.OutcomeTemporary
	)
	nested := `{"ResultCode":1,"More":` + strings.Repeat(`[`, 100_000) + strings.Repeat(`]`, 100_000) + `}`
	for name, tc := range map[string]struct {
		script      []reply
		outcome     facade.Outcome
		attempts    int
		undecodable bool
		is          error
	}{
		"success":                      {script: times(1, ok(plain)), outcome: okay},
		"success, whatever the status": {script: times(1, envelope(503, 1, "", "")), outcome: okay},
		"success after a 502":          {script: []reply{html(502), ok(plain)}, outcome: okay},
		"a warning is a success":       {script: times(1, envelope(200, 2, "NearestMatch", "")), outcome: okay},
		"unknown and null fields":      {script: times(1, ok(`{"New":{"a":[1]},"ErrorCodes":null,"Balance":null,"ResultCode":1}`)), outcome: okay},
		"an HTML 502":                  {script: times(3, html(502)), outcome: temporary, attempts: 3, undecodable: true},
		"an HTML 503":                  {script: times(3, html(503)), outcome: temporary, attempts: 3, undecodable: true},
		"an HTML 500":                  {script: times(3, html(500)), outcome: temporary, attempts: 3, undecodable: true},
		"an HTML 429":                  {script: times(3, html(429)), outcome: temporary, attempts: 3, undecodable: true},
		"an HTML 408":                  {script: times(3, html(408)), outcome: temporary, attempts: 3, undecodable: true},
		"an HTML 404":                  {script: times(1, html(404)), outcome: refused, attempts: 1, undecodable: true},
		"an HTML 200":                  {script: times(1, html(200)), outcome: refused, attempts: 1, undecodable: true},
		"an empty 401":                 {script: times(1, reply{status: 401}), outcome: refused, attempts: 1, undecodable: true},
		"an empty 503":                 {script: times(3, reply{status: 503}), outcome: temporary, attempts: 3, undecodable: true},
		"no ResultCode":                {script: times(1, ok(`{"Items":[]}`)), outcome: refused, attempts: 1, undecodable: true},
		"no ResultCode in a 503":       {script: times(3, reply{status: 503, body: `{"message":"busy"}`}), outcome: temporary, attempts: 3, undecodable: true},
		"null":                         {script: times(1, ok(`null`)), outcome: refused, attempts: 1, undecodable: true},
		"a list":                       {script: times(1, ok(`[]`)), outcome: refused, attempts: 1, undecodable: true},
		"ResultCode as text":           {script: times(1, ok(`{"ResultCode":"1"}`)), outcome: refused, attempts: 1, undecodable: true},
		"ResultCode 0":                 {script: times(1, ok(`{"ResultCode":0}`)), outcome: refused, attempts: 1, undecodable: true},
		"ResultCode 6":                 {script: times(1, ok(`{"ResultCode":6}`)), outcome: refused, attempts: 1},
		"ResultCode 99 in a 503":       {script: times(1, reply{status: 503, body: `{"ResultCode":99}`}), outcome: refused, attempts: 1},
		"ResultCode beyond 32 bits":    {script: times(1, ok(`{"ResultCode":4294967297}`)), outcome: refused, attempts: 1, undecodable: true},
		"4 in a 200":                   {script: times(1, envelope(200, 4, "ParameterInvalid", "countryIsos")), outcome: refused, attempts: 1, is: ding.CodeParameterInvalid},
		"5 in a 200":                   {script: times(1, envelope(200, 5, "OtherError", "")), outcome: refused, attempts: 1, is: ding.CodeOtherError},
		"5 in a 500":                   {script: times(1, envelope(500, 5, "InsufficientBalance", "")), outcome: refused, attempts: 1, is: ding.CodeInsufficientBalance},
		"4 in a 503":                   {script: times(1, envelope(503, 4, "RequestInvalid", "")), outcome: refused, attempts: 1, is: ding.CodeRequestInvalid},
		"4 in a 429":                   {script: times(1, envelope(429, 4, "TooManyParameters", "")), outcome: refused, attempts: 1, is: ding.CodeTooManyParameters},
		"3 in a 503":                   {script: times(3, envelope(503, 3, "TransientProviderError", "")), outcome: temporary, attempts: 3, is: ding.CodeTransientProviderError},
		"3 in a 429":                   {script: times(3, envelope(429, 3, "RateLimited", "")), outcome: temporary, attempts: 3, is: ding.CodeRateLimited},
		"3 in a 200":                   {script: times(3, envelope(200, 3, "RateLimited", "")), outcome: temporary, attempts: 3, is: ding.CodeRateLimited},
		"3, then 4":                    {script: []reply{envelope(503, 3, "RateLimited", ""), envelope(400, 4, "ParameterInvalid", "")}, outcome: refused, attempts: 2, is: ding.CodeParameterInvalid},
		"an unknown code":              {script: times(1, envelope(400, 4, "BrandNew", "NewReason")), outcome: refused, attempts: 1, is: ding.Code("NewReason")},
		"a failure whose other fields differ": {script: times(1, reply{status: 400, body: `{"ResultCode":4,"ErrorCodes":[{"Code":"ParameterInvalid"}],"Balance":"none"}`}),
			outcome: refused, attempts: 1, is: ding.CodeParameterInvalid},
		"a success whose other fields differ": {script: times(1, ok(`{"ResultCode":1,"Balance":"none"}`)), outcome: refused, attempts: 1, undecodable: true},
		"a body that broke off":               {script: times(3, cut(`{"ResultCode":1,`)), outcome: temporary, attempts: 3},
		"JSON that was cut short":             {script: times(3, ok(`{"ResultCode":1,"ErrorCodes":[`)), outcome: temporary, attempts: 3, undecodable: true},
		"something behind the JSON":           {script: times(1, ok(plain+"}")), outcome: refused, attempts: 1, undecodable: true},
		"depth of 100,000":                    {script: times(1, ok(nested)), outcome: refused, attempts: 1, undecodable: true},
		"depth of 100,000 without an end":     {script: times(1, ok(strings.Repeat(`{"a":`, 100_000))), outcome: refused, attempts: 1, undecodable: true},
		"a connection that was reset":         {script: times(3, reset()), outcome: temporary, attempts: 3},
		"a redirect":                          {script: times(1, reply{status: 302, header: map[string]string{"Location": "https://elsewhere.example/"}}), outcome: refused, attempts: 1},
		"a redirect for POST":                 {script: times(1, reply{status: 307, header: map[string]string{"Location": "/elsewhere"}}), outcome: refused, attempts: 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tc.script...)

			answer, err := newClient(t, s).GetBalance(t.Context())

			assert.Equal(t, tc.outcome, facade.OutcomeOf(err), "%v", err)
			assert.Equal(t, tc.undecodable, errors.Is(err, facade.ErrUndecodable), "%v", err)
			if tc.outcome == okay {
				require.NoError(t, err)
				assert.True(t, answer.ResultCode == ding.ResultCodeSuccess || answer.ResultCode == ding.ResultCodeSuccessWithWarning)
				return
			}
			assert.Nil(t, answer)
			failed := failure(t, err)
			last := tc.script[len(tc.script)-1]
			if last.act == nil {
				assert.Equal(t, last.status, failed.HTTPStatus)
			}
			assert.Equal(t, tc.attempts, failed.Attempts)
			assert.NotErrorIs(t, err, facade.ErrOutcomeUnknown, "a read moves nothing")
			if tc.is != nil {
				assert.ErrorIs(t, err, tc.is)
				assert.NotZero(t, failed.ResultCode)
			}
			assert.Less(t, len(err.Error()), 700)
		})
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	elsewhere := serve(t)
	s := serve(t, reply{status: 308, header: map[string]string{"Location": elsewhere.url}})
	_, err := newClient(t, s).GetBalance(t.Context())
	assert.ErrorContains(t, err, "HTTP 308 redirects elsewhere")
}

func TestARefusedConnectionIsTemporary(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, call := range map[string]func(*ding.Client) error{
		"read": func(c *ding.Client) error { _, err := c.GetBalance(t.Context()); return err },
		"money": func(c *ding.Client) error {
			_, err := c.SendTransfer(t.Context(), transfer())
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := call(newClient(t, &service{url: gone.URL}))

			failed := failure(t, err)
			assert.Equal(t, facade.OutcomeTemporary, failed.Outcome())
			assert.Zero(t, failed.HTTPStatus)
			assert.Equal(t, 3, failed.Attempts)
			assert.ErrorContains(t, err, "connection refused")
			assert.NotErrorIs(t, err, facade.ErrOutcomeUnknown)
		})
	}
}

func TestBodiesAreBounded(t *testing.T) {
	big := ok(plain + strings.Repeat(" ", 5<<20))
	t.Run("at 4 MiB", func(t *testing.T) {
		_, err := newClient(t, serve(t, big)).GetBalance(t.Context())
		assert.Equal(t, facade.OutcomeRefused, facade.OutcomeOf(err))
		assert.ErrorContains(t, err, "more than 4194304 bytes")
		assert.Equal(t, 200, failure(t, err).HTTPStatus)
	})
	t.Run("for money, where the outcome then is unknown", func(t *testing.T) {
		_, err := newClient(t, serveMoney(t, ok(accepted+strings.Repeat(" ", 5<<20)))).SendTransfer(t.Context(), transfer())
		assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
	})
	t.Run("exactly at the bound it is read", func(t *testing.T) {
		_, err := newClient(t, serve(t, ok(plain+strings.Repeat(" ", 4<<20-len(plain))))).GetBalance(t.Context())
		assert.NoError(t, err)
	})
	t.Run("at 64 MiB for the catalogue", func(t *testing.T) {
		_, err := newClient(t, serve(t, big)).GetProducts(t.Context(), ding.GetProductsParams{})
		assert.NoError(t, err)
		endless := reply{act: func(w http.ResponseWriter, _ *http.Request) {
			blanks := []byte(strings.Repeat(" ", 1<<20))
			for range 65 {
				if _, err := w.Write(blanks); err != nil {
					return
				}
			}
		}}
		_, err = newClient(t, serve(t, endless)).GetProducts(t.Context(), ding.GetProductsParams{})
		assert.ErrorContains(t, err, "more than 67108864 bytes")
	})
}

func TestALongRetryAfterIsReturnedAtOnce(t *testing.T) {
	busy := envelope(429, 3, "RateLimited", "")
	busy.header = map[string]string{"Retry-After": "3600"}
	_, err := newClient(t, serve(t, busy)).GetBalance(t.Context())

	failed := failure(t, err)
	assert.Equal(t, time.Hour, failed.RetryAfter)
	assert.Equal(t, facade.OutcomeTemporary, failed.Outcome())
	assert.Equal(t, 1, failed.Attempts)
	assert.ErrorContains(t, err, "retry after 1h0m0s")
}

func TestAnEndedContextEndsTheCall(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, reply{act: func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}})
	_, err := newClient(t, s).GetBalance(ctx)
	assert.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, facade.OutcomeTemporary, facade.OutcomeOf(err))

	_, err = newClient(t, serve(t)).SendTransfer(ctx, transfer())
	assert.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, facade.OutcomeTemporary, facade.OutcomeOf(err), "an ended context sends nothing")
}

func TestAStaleTokenIsRenewedOnceForARead(t *testing.T) {
	stale := envelope(401, 4, "AuthenticationFailed", "TokenExpired")
	for name, tc := range map[string]struct {
		script []reply
		tokens int
		used   []string
		fails  bool
	}{
		"then it works":              {[]reply{stale, ok(plain)}, 2, []string{"1", "2"}, false},
		"in a 200 too":               {[]reply{envelope(200, 4, "AuthenticationFailed", "TokenExpired"), ok(plain)}, 2, []string{"1", "2"}, false},
		"and not a second time":      {[]reply{stale, stale}, 2, []string{"1", "2"}, true},
		"between other repetitions":  {[]reply{html(502), stale, ok(plain)}, 2, []string{"1", "1", "2"}, false},
		"not for a 401 from a proxy": {[]reply{html(401)}, 1, []string{"1"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			idp, s := identityProvider(t, tc.tokens), serve(t, tc.script...)
			client := newClientWith(t, s, ding.WithClientCredentials("client-1", clientSecret), ding.WithTokenURL(idp.url))

			_, err := client.GetBalance(t.Context())

			assert.Equal(t, tc.fails, err != nil, "%v", err)
			for i, request := range s.seen() {
				assert.Equal(t, "Bearer token-number-"+tc.used[i], request.header.Get("Authorization"))
			}
		})
	}
	t.Run("a refused key is final", func(t *testing.T) {
		_, err := newClient(t, serve(t, stale)).GetBalance(t.Context())
		assert.ErrorIs(t, err, ding.ContextTokenExpired)
		assert.Equal(t, facade.OutcomeRefused, facade.OutcomeOf(err))
	})
}
