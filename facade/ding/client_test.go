// Tests of how a client is made: which options are refused, that all of them are named at once, and that a client
// shows nothing secret and may be shared.

package ding_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
)

const clientSecret = "s3cret+/=of-the-tests"

func TestNewClientRefuses(t *testing.T) {
	key := ding.WithAPIKey(apiKey)
	oauth := ding.WithClientCredentials("client-1", clientSecret)
	for name, tc := range map[string]struct {
		opts  []ding.Option
		named []string
	}{
		"no credentials":           {nil, []string{"no credentials: use WithAPIKey or WithClientCredentials"}},
		"an empty key":             {[]ding.Option{ding.WithAPIKey("")}, []string{"the API key is empty"}},
		"a key with a line break":  {[]ding.Option{ding.WithAPIKey(apiKey + "\n")}, []string{"the API key holds a blank, a line break"}},
		"a key and OAuth":          {[]ding.Option{key, oauth}, []string{"both an API key and client credentials"}},
		"half of OAuth":            {[]ding.Option{ding.WithClientCredentials("client-1", "")}, []string{"the client secret is empty"}},
		"nothing of OAuth":         {[]ding.Option{ding.WithClientCredentials("", "")}, []string{"the client id is empty", "the client secret is empty"}},
		"a key and a token URL":    {[]ding.Option{key, ding.WithTokenURL("https://idp.example/token")}, []string{"a token URL or issuer goes with WithClientCredentials"}},
		"a key and an issuer":      {[]ding.Option{key, ding.WithIssuer("https://idp.example")}, []string{"a token URL or issuer goes with WithClientCredentials"}},
		"a token URL and issuer":   {[]ding.Option{oauth, ding.WithTokenURL("https://idp.example/token"), ding.WithIssuer("https://idp.example")}, []string{"both a token URL and an issuer"}},
		"an http base URL":         {[]ding.Option{key, ding.WithBaseURL("http://api.example")}, []string{"the base URL must be https"}},
		"an http token URL":        {[]ding.Option{oauth, ding.WithTokenURL("http://idp.example")}, []string{"the token URL must be https"}},
		"no URL at all":            {[]ding.Option{oauth, ding.WithIssuer("idp.example")}, []string{"the issuer is not an absolute URL"}},
		"a password in the URL":    {[]ding.Option{key, ding.WithBaseURL("https://u:" + apiKey + "@api.example")}, []string{"the base URL holds a user name or password"}},
		"a nil option":             {[]ding.Option{key, nil}, []string{"option 2 is nil"}},
		"a nil HTTP client":        {[]ding.Option{key, ding.WithHTTPClient(nil)}, []string{"the HTTP client is nil"}},
		"a hasty HTTP client":      {[]ding.Option{key, ding.WithHTTPClient(&http.Client{Timeout: 94 * time.Second})}, []string{"Timeout is 1m34s, but a transfer may take 90s"}},
		"a nil journal":            {[]ding.Option{key, ding.WithJournal(nil)}, []string{"the journal is nil"}},
		"no time to settle":        {[]ding.Option{key, ding.WithSettleTimeout(0)}, []string{"the settle time-out is not positive"}},
		"time that runs backwards": {[]ding.Option{key, ding.WithSettleAfterCancel(-1)}, []string{"the time to settle after a cancellation is negative"}},
		"a nil logger":             {[]ding.Option{key, ding.WithLogger(nil)}, []string{"the logger is nil"}},
		"a nil hook":               {[]ding.Option{key, ding.WithAttemptHook(nil)}, []string{"the attempt hook is nil"}},
		"a policy below zero":      {[]ding.Option{key, ding.WithRetryPolicy(facade.RetryPolicy{MaxAttempts: -1, Budget: -1})}, []string{"MaxAttempts is negative", "Budget is negative"}},
		"a hasty policy for money": {[]ding.Option{key, ding.WithRetryPolicy(facade.RetryPolicy{MoneyTimeout: time.Second})}, []string{"MoneyTimeout is 1s, but a transfer may take 90s"}},
		"everything at once": {
			[]ding.Option{
				nil, key, oauth,
				ding.WithTokenURL("https://idp.example/token"), ding.WithIssuer("https://idp.example"),
				ding.WithBaseURL("ftp://api.example"), ding.WithHTTPClient(nil), ding.WithLogger(nil), ding.WithAttemptHook(nil),
				ding.WithRetryPolicy(facade.RetryPolicy{MaxDelay: -1, MoneyTimeout: time.Minute}),
			},
			[]string{
				"option 1 is nil", "both an API key and client credentials", "both a token URL and an issuer", `scheme "ftp"`,
				"the HTTP client is nil", "the logger is nil", "the attempt hook is nil", "MaxDelay is negative", "MoneyTimeout",
			},
		},
		"no credentials and two places for tokens": {
			[]ding.Option{ding.WithTokenURL("https://idp.example/token"), ding.WithIssuer("https://idp.example")},
			[]string{"no credentials", "both a token URL and an issuer"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := ding.NewClient(tc.opts...)

			assert.Nil(t, client)
			require.ErrorContains(t, err, "ding: no client can be made:\n")
			for _, named := range tc.named {
				assert.ErrorContains(t, err, named)
			}
			assert.Len(t, strings.Split(err.Error(), "\n"), 1+len(tc.named), "every problem is named once: %v", err)
			assertNothingSecret(t, err.Error())
		})
	}
}

func TestNewClientAccepts(t *testing.T) {
	for name, opts := range map[string][]ding.Option{
		"a key alone":                  {ding.WithAPIKey(apiKey)},
		"client credentials alone":     {ding.WithClientCredentials("client-1", clientSecret)},
		"http on loopback":             {ding.WithAPIKey(apiKey), ding.WithBaseURL("http://127.0.0.1:8645/")},
		"a patient HTTP client":        {ding.WithAPIKey(apiKey), ding.WithHTTPClient(&http.Client{Timeout: 95 * time.Second})},
		"an HTTP client without bound": {ding.WithAPIKey(apiKey), ding.WithHTTPClient(&http.Client{})},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := ding.NewClient(opts...)
			require.NoError(t, err)
			assert.NotNil(t, client)
		})
	}
}

func TestAClientShowsNothingSecret(t *testing.T) {
	for name, credentials := range map[string]ding.Option{
		"key":   ding.WithAPIKey(apiKey),
		"OAuth": ding.WithClientCredentials("client-1", clientSecret),
	} {
		t.Run(name, func(t *testing.T) {
			client, err := ding.NewClient(credentials, ding.WithBaseURL("https://api.example/ding/"))
			require.NoError(t, err)

			for _, verb := range []string{"%v", "%+v", "%s", "%#v", "%q", "%d", "%t"} {
				assert.Equal(t, "ding client for https://api.example/ding/", fmt.Sprintf(verb, client))
				assert.Equal(t, "ding client for https://api.example/ding/", fmt.Sprintf(verb, *client))
			}
			for _, verb := range []string{"%v", "%+v", "%#v"} {
				assertNothingSecret(t, fmt.Sprintf(verb, struct{ client ding.Client }{*client}))
				assertNothingSecret(t, fmt.Sprintf(verb, struct{ client *ding.Client }{client}))
			}
			assert.Equal(t, client.String(), client.GoString())
			written, err := json.Marshal(map[string]any{"client": client})
			require.NoError(t, err)
			assert.JSONEq(t, `{"client":{}}`, string(written))
			var log strings.Builder
			slog.New(slog.NewTextHandler(&log, nil)).Info("made", "client", client)
			slog.New(slog.NewJSONHandler(&log, nil)).Info("made", "client", client)
			assertNothingSecret(t, log.String())
		})
	}
}

func TestAClientMayBeShared(t *testing.T) {
	const callers = 32
	idp := identityProvider(t, 1)
	s := serve(t, times(callers, ok(`{"ResultCode":1,"Balance":10.00,"CurrencyIso":"EUR"}`))...)
	client := newClientWith(t, s, ding.WithClientCredentials("client-1", clientSecret), ding.WithTokenURL(idp.url+"/connect/token"))

	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			balance, err := client.GetBalance(context.WithoutCancel(t.Context()))
			if assert.NoError(t, err) {
				assert.Equal(t, "10.00", balance.Balance.String())
			}
		})
	}
	group.Wait()

	ids := map[string]bool{}
	for _, request := range s.seen() {
		assert.Equal(t, "Bearer token-number-1", request.header.Get("Authorization"))
		assert.Empty(t, request.header.Values("Api_key"))
		ids[request.header.Get("X-Correlation-Id")] = true
	}
	assert.Len(t, ids, callers, "every call has a correlation id of its own")
}

func TestClientCredentialsGoToTheTokenEndpointOnly(t *testing.T) {
	const form = "client_id=client-1&client_secret=s3cret%2B%2F%3Dof-the-tests&grant_type=client_credentials"
	token := ok(`{"access_token":"token-number-1","token_type":"Bearer","expires_in":1800}`)
	t.Run("given by URL", func(t *testing.T) {
		idp := serve(t, token)
		s := serve(t, ok(`{"ResultCode":1}`))
		client := newClientWith(t, s, ding.WithClientCredentials("client-1", clientSecret), ding.WithTokenURL(idp.url+"/connect/token"))

		_, err := client.GetBalance(t.Context())

		require.NoError(t, err)
		assert.Equal(t, "/connect/token", idp.seen()[0].path)
		assert.Equal(t, form, idp.seen()[0].body)
	})
	t.Run("found through the issuer", func(t *testing.T) {
		idp := serve(t, reply{act: func(w http.ResponseWriter, r *http.Request) {
			_, _ = fmt.Fprintf(w, `{"token_endpoint":"http://%s/elsewhere"}`, r.Host)
		}}, token)
		s := serve(t, ok(`{"ResultCode":1}`))
		client := newClientWith(t, s, ding.WithClientCredentials("client-1", clientSecret), ding.WithIssuer(idp.url))

		_, err := client.GetBalance(t.Context())

		require.NoError(t, err)
		assert.Equal(t, "/.well-known/openid-configuration", idp.seen()[0].path)
		assert.Equal(t, "/elsewhere", idp.seen()[1].path)
		assert.Equal(t, form, idp.seen()[1].body)
	})
}

func TestATokenThatCannotBeHadFailsTheCall(t *testing.T) {
	send := func(client *ding.Client) error {
		_, err := client.SendTransfer(t.Context(), transfer())
		return err
	}
	read := func(client *ding.Client) error {
		_, err := client.GetBalance(t.Context())
		return err
	}
	for name, tc := range map[string]struct {
		idp     reply
		outcome facade.Outcome
	}{
		"refused credentials":         {reply{status: 401, body: `{"error":"invalid_client","error_description":"` + clientSecret + `"}`}, facade.OutcomeRefused},
		"an identity provider's fire": {reply{status: 503, body: "<html>" + clientSecret}, facade.OutcomeTemporary},
	} {
		for kind, call := range map[string]func(*ding.Client) error{"money": send, "read": read} {
			t.Run(name+", "+kind, func(t *testing.T) {
				idp, s := serve(t, tc.idp), serve(t)
				client := newClientWith(t, s, ding.WithClientCredentials("client-1", clientSecret), ding.WithTokenURL(idp.url))

				failed := failure(t, call(client))

				assert.Equal(t, tc.outcome, failed.Outcome())
				assert.NotErrorIs(t, failed, facade.ErrOutcomeUnknown, "nothing was sent")
				assert.Equal(t, 1, failed.Attempts)
				assert.ErrorContains(t, failed, "no access token")
				assertNothingSecret(t, failed.Error())
			})
		}
	}
}
