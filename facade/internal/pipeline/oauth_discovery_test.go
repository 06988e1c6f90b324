// Finding the token endpoint through an issuer's discovery document, and being led astray by nobody.

package pipeline

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const wellKnown = "/.well-known/openid-configuration"

func TestTheTokenEndpointIsFoundThroughTheIssuer(t *testing.T) {
	for _, row := range []struct{ name, path string }{
		{"as usual", "/connect/token"},
		{"with a slash at its end, which is kept", "/connect/token/"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var paths []string
			var server *httptest.Server
			server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
				paths = append(paths, request.Method+" "+request.URL.Path)
				w.Header().Set("Content-Type", "application/json")
				switch request.URL.Path {
				case "/tenant" + wellKnown:
					assert.Equal(t, "application/json", request.Header.Get("Accept"))
					assert.Empty(t, request.Header.Get("Authorization"))
					_, _ = io.WriteString(w, `{"issuer":"x","token_endpoint":"`+server.URL+row.path+`"}`)
				case row.path:
					_, _ = io.WriteString(w, `{"access_token":"token-1"}`)
				}
			}))
			t.Cleanup(server.Close)
			o := newOAuth(t, ownTransport(t))
			o.TokenURL, o.Issuer = "", server.URL+"/tenant"
			token, err := tokenOf(t, t.Context(), o)
			require.NoError(t, err)
			assert.Equal(t, "token-1", token)
			assert.Equal(t, []string{"GET /tenant" + wellKnown, "POST " + row.path}, paths)
		})
	}
}

func TestADiscoveryDocumentIsNotTrusted(t *testing.T) {
	for _, row := range []struct {
		name, body string
		status     int
		refused    bool
		tells      string
	}{
		{"no JSON", junk + testSecret, 200, false, "no JSON"},
		{"JSON that breaks off", `{"token_endpoint":"https://idp`, 200, false, "no JSON"},
		{"something after it", `{"token_endpoint":"https://idp.example/token"} junk`, 200, false, "no JSON"},
		{"an endpoint that is no text", `{"token_endpoint":{"junk":1}}`, 200, false, "no JSON"},
		{"no endpoint", `{"issuer":"junk"}`, 200, true, "token_endpoint is not an absolute URL"},
		{"an empty endpoint", `{"token_endpoint":""}`, 200, true, "token_endpoint is not an absolute URL"},
		{"null", `null`, 200, true, "token_endpoint is not an absolute URL"},
		{"an endpoint without a host", `{"token_endpoint":"/junk"}`, 200, true, "token_endpoint is not an absolute URL"},
		{"an http endpoint elsewhere", `{"token_endpoint":"http://idp.example/junk"}`, 200, true, "must be https"},
		{"an endpoint of another scheme", `{"token_endpoint":"file://idp.example/junk"}`, 200, true, `the scheme "file"`},
		{"an endpoint with a user", `{"token_endpoint":"https://junk@idp.example/"}`, 200, true, "user name or password"},
		{"an endpoint with a query", `{"token_endpoint":"https://idp.example/?junk"}`, 200, true, "query"},
		{"without end", `{"token_endpoint":"https://idp.example/` + strings.Repeat("a", 3<<20) + `"}`, 200, false, "no JSON"},
		{"not there", junk, 404, true, "HTTP 404"},
		{"forbidden", junk, 403, true, "HTTP 403"},
		{"asked too often", junk, 429, false, "HTTP 429"},
		{"too slow", junk, 408, false, "HTTP 408"},
		{"broken", junk, 500, false, "HTTP 500"},
		{"empty", "", 204, false, "HTTP 204"},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := newOAuth(t, scripted(t, respond(row.status, row.body)))
			o.TokenURL, o.Issuer = "", "https://idp.example"
			_, err := tokenOf(t, t.Context(), o)
			var refusal *TokenError
			require.ErrorAs(t, err, &refusal)
			assert.Equal(t, row.refused, refusal.Refused)
			assert.ErrorContains(t, err, row.tells)
			for _, hidden := range []string{"junk", testSecret, "idp.example", "aaaa"} {
				assert.NotContains(t, err.Error(), hidden)
			}
		})
	}
}

func TestAnIssuerThatIsNoURLIsTold(t *testing.T) {
	o := newOAuth(t, scripted(t))
	o.TokenURL, o.Issuer = "", "http://%zz"
	_, err := tokenOf(t, t.Context(), o)
	require.ErrorContains(t, err, "the issuer's URL cannot be used")
}

// TestASecretIsNeverRedirected holds for the token endpoint and the discovery document alike.
func TestASecretIsNeverRedirected(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, row := range []struct {
			name   string
			change func(o *OAuth, server string)
		}{
			{"token", func(o *OAuth, server string) { o.TokenURL = server }},
			{"discovery", func(o *OAuth, server string) { o.TokenURL, o.Issuer = "", server }},
		} {
			t.Run(row.name+" by "+http.StatusText(status), func(t *testing.T) {
				other, led := elsewhere(t)
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
					http.Redirect(w, request, other.URL+"/junk", status)
				}))
				t.Cleanup(server.Close)
				o := newOAuth(t, ownTransport(t))
				row.change(o, server.URL)
				_, err := tokenOf(t, t.Context(), o)
				var refusal *TokenError
				require.ErrorAs(t, err, &refusal)
				assert.True(t, refusal.Refused, "it will redirect the next time, too")
				assert.Zero(t, led.Load())
				assert.NotContains(t, err.Error(), "junk")
			})
		}
	}
}
