// What goes to the identity provider, and what is told of its refusals: never its own words.

package pipeline

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCredentialsTravelAsFormParametersAlone(t *testing.T) {
	for _, secret := range []string{"plain", testSecret, "+", "a/b=c==", "&client_id=other", "%41", "ünïcode", " blank "} {
		t.Run(secret, func(t *testing.T) {
			var bodies []string
			o := newOAuth(t, roundTripper(func(request *http.Request) (*http.Response, error) {
				body, err := io.ReadAll(request.Body)
				assert.NoError(t, err)
				bodies = append(bodies, string(body))
				assert.Equal(t, http.MethodPost, request.Method)
				assert.Equal(t, "application/x-www-form-urlencoded", request.Header.Get("Content-Type"))
				assert.Empty(t, request.Header.Get("Authorization"), "never as Basic")
				assert.Empty(t, request.URL.RawQuery)
				return respond(200, `{"access_token":"token-1"}`, "Content-Type", "application/json"), nil
			}))
			o.ClientID, o.ClientSecret = "client+1/=&", secret
			_, err := tokenOf(t, t.Context(), o)
			require.NoError(t, err)

			require.Len(t, bodies, 1, "nothing is probed first")
			form, err := url.ParseQuery(bodies[0])
			require.NoError(t, err)
			assert.Equal(t, url.Values{
				"grant_type":    {"client_credentials"},
				"client_id":     {"client+1/=&"},
				"client_secret": {secret},
			}, form)
		})
	}
}

// junk is what an identity provider's error might hold.
const junk = "junk from outside <script>alert(1)</script>"

func TestAnIdentityProvidersWordsNeverSurface(t *testing.T) {
	told := fmt.Sprintf(`"error_description":%q,"error_uri":"https://evil.example/%s"`, junk+testSecret, "path")
	for _, row := range []struct {
		name, body, kind string
		status           int
		refused          bool
		tells            []string
	}{
		{"wrong credentials", `{"error":"invalid_client",` + told + `}`, "application/json", 401, true, []string{"HTTP 401", "(invalid_client)", "check the client id and secret"}},
		{"wrong credentials by 400", `{"error":"invalid_client",` + told + `}`, "application/json", 400, true, []string{"HTTP 400", "(invalid_client)"}},
		{"wrong credentials by 200", `{"error":"invalid_client",` + told + `}`, "application/json", 200, true, []string{"HTTP 200", "(invalid_client)"}},
		{"a scope that is not granted", `{"error":"invalid_scope"}`, "application/json", 400, true, []string{"(invalid_scope)"}},
		{"a code of its own", `{"error":"` + junk + `"}`, "application/json", 400, true, []string{"HTTP 400; check"}},
		{"a code that is the secret", `{"error":"k3y-k3y"}`, "application/json", 403, true, []string{"HTTP 403; check"}},
		{"no JSON", junk + testSecret, "text/html", 403, true, []string{"HTTP 403"}},
		{"no such page", junk, "text/html", 404, true, []string{"HTTP 404"}},
		{"an error as a form", "error=invalid_client&error_description=" + url.QueryEscape(junk), "application/x-www-form-urlencoded", 400, true, []string{"HTTP 400"}},
		{"busy", `{"error":"temporarily_unavailable",` + told + `}`, "application/json", 503, false, []string{"HTTP 503"}},
		{"broken", junk + testSecret, "text/html", 500, false, []string{"HTTP 500"}},
		{"broken, with a code", `{"error":"invalid_client"}`, "application/json", 500, false, []string{"HTTP 500 (invalid_client)"}},
		{"asked too often", junk, "text/html", 429, false, []string{"HTTP 429"}},
		{"a request that took too long", junk, "text/html", 408, false, []string{"HTTP 408"}},
		{"a page where JSON should be", junk + testSecret, "text/html", 200, false, []string{"could not be read"}},
		{"JSON that breaks off", `{"access_token":"` + junk, "application/json", 200, false, []string{"could not be read"}},
		{"no token in it", `{"token_type":"Bearer","note":"` + junk + `"}`, "application/json", 200, false, []string{"could not be read"}},
		{"an empty token", `{"access_token":""}`, "application/json", 200, false, []string{"could not be read"}},
		{"a token that fits no header", `{"access_token":"a\r\nX-Evil: 1"}`, "application/json", 200, false, []string{"no usable access_token"}},
		{"a token with a blank", `{"access_token":"a b"}`, "application/json", 200, false, []string{"no usable access_token"}},
		{"an array", `[]`, "application/json", 200, false, []string{"could not be read"}},
		{"an expiry that is no number", `{"access_token":"t","expires_in":"` + junk + `"}`, "application/json", 200, false, []string{"could not be read"}},
		{"an answer without end", "{" + strings.Repeat(" ", 3<<20) + "}", "application/json", 200, false, []string{"could not be read"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := newOAuth(t, scripted(t, respond(row.status, row.body, "Content-Type", row.kind)))
			r := newRig(t, scripted(t), func(s *Settings) { s.Credentials = o })
			got, err := r.send(t.Context(), func(call *Call) {
				call.Judge = func(answer Answer) Verdict { return Verdict{Err: &failed{answer}} }
			})
			var refusal *TokenError
			require.ErrorAs(t, err, &refusal)
			assert.Equal(t, row.refused, refusal.Refused)
			assert.Equal(t, row.refused, got.Failure == CredentialsRefused)
			assert.Equal(t, !row.refused, got.Failure == NoCredentials)
			for _, part := range row.tells {
				assert.ErrorContains(t, err, part)
			}
			for cause := err; cause != nil; cause = errors.Unwrap(cause) {
				text := fmt.Sprintf("%v %+v %#v", cause, cause, cause) + r.seen()
				for _, hidden := range []string{"junk", "script", testSecret, url.QueryEscape(testSecret), "evil", "Evil", "k3y", "idp.example", "client-1"} {
					assert.NotContains(t, text, hidden)
				}
			}
		})
	}
}

func TestAnUnreachableIdentityProviderIsTold(t *testing.T) {
	for _, row := range []struct {
		name      string
		transport roundTripper
	}{
		{"no connection", func(request *http.Request) (*http.Response, error) {
			return nil, errors.New("cannot reach " + request.URL.String() + " with " + testSecret)
		}},
		{"a body that breaks", func(*http.Request) (*http.Response, error) {
			response := respond(200, "")
			response.Body = io.NopCloser(io.MultiReader(strings.NewReader("{"), &broken{}))
			return response, nil
		}},
	} {
		for kind, change := range map[string]func(*OAuth){
			"token":     func(*OAuth) {},
			"discovery": func(o *OAuth) { o.TokenURL, o.Issuer = "", "http://idp.example" },
		} {
			t.Run(row.name+" for "+kind, func(t *testing.T) {
				o := newOAuth(t, row.transport)
				change(o)
				_, err := tokenOf(t, t.Context(), o)
				var refusal *TokenError
				require.ErrorAs(t, err, &refusal)
				assert.False(t, refusal.Refused)
				assert.NotContains(t, err.Error(), testSecret)
				assert.NotContains(t, err.Error(), "://", "the host says enough")
			})
		}
	}
}

type broken struct{}

func (*broken) Read([]byte) (int, error) { return 0, errors.New("broken with " + testSecret) }

func TestATokenEndpointThatResetsIsNotHammered(t *testing.T) {
	for _, row := range http2Spoilers[1:] {
		t.Run(row.name, func(t *testing.T) {
			server := newRawHTTP2(t, 1000, row.spoil)
			o := newOAuth(t, server.transport(t))
			o.TokenURL = server.url
			_, err := tokenOf(t, t.Context(), o)
			require.Error(t, err)
			assert.LessOrEqual(t, server.requests.Load(), int64(mostConnections))
		})
	}
}

func TestATokenEndpointThatSwitchesProtocolsDoesNotHang(t *testing.T) {
	var open atomic.Bool
	o := newOAuth(t, roundTripper(func(*http.Request) (*http.Response, error) {
		response := respond(101, "")
		response.Body = io.NopCloser(readerFunc(func([]byte) (int, error) {
			open.Store(true)
			select {}
		}))
		return response, nil
	}))
	_, err := tokenOf(t, t.Context(), o)
	require.Error(t, err)
	assert.False(t, open.Load(), "nobody reads from the naked connection")
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestCredentialsHideTheirSecretsWhenPrinted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOAuth(t, inMemory(t, (&idp{}).ServeHTTP))
		token, err := tokenOf(t, t.Context(), o)
		require.NoError(t, err)
		assert.Equal(t, []string{testSecret, token}, o.Secrets())
		for _, credentials := range []Credentials{o, APIKey{Header: "api_key", Key: testKey}} {
			text := fmt.Sprintf("%v %+v %#v %s %q", credentials, credentials, credentials, credentials, credentials)
			for _, hidden := range append(credentials.Secrets(), "client-1") {
				assert.NotContains(t, text, hidden)
			}
		}
		key := APIKey{Header: "api_key", Key: testKey}
		assert.Equal(t, []string{testKey}, key.Secrets())
	})
}
