package sandbox_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/sandbox"
)

const formType = "application/x-www-form-urlencoded"

func (c *client) credentials() url.Values {
	keys := c.sb.Credentials()
	return url.Values{
		"grant_type": {"client_credentials"}, "client_id": {keys.DingClientID}, "client_secret": {keys.DingClientSecret},
	}
}

type token struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"`
	TokenType   string `json:"token_type"`
	Scope       string `json:"scope"`
}

func (c *client) token() token {
	c.t.Helper()
	return into[token](c.t, c.do("POST", "/connect/token", formType, c.credentials().Encode()), 200)
}

func TestATokenOpensTheAPIUntilItExpires(t *testing.T) {
	c := serve(t, sandbox.WithTokenLifetime(time.Minute))
	issued := c.token()
	assert.Equal(t, 60, issued.ExpiresIn)
	assert.Equal(t, "Bearer", issued.TokenType)
	assert.Equal(t, "topupapi", issued.Scope)
	bearer := c.with("api_key", "").with("Authorization", "Bearer "+issued.AccessToken)
	assert.Equal(t, 200, bearer.get("GetBalance", nil).status)
	c.clock.advance(59 * time.Second)
	assert.Equal(t, 200, bearer.get("GetBalance", nil).status)
	c.clock.advance(time.Second)
	requireRefused(t, bearer.get("GetBalance", nil), 401, ding.ResultCodeClientError, "AuthenticationFailed/TokenExpired")
	assert.NotEqual(t, issued.AccessToken, c.token().AccessToken)
}

func TestATokenThatWasTamperedWithIsUnknown(t *testing.T) {
	c := serve(t)
	issued := c.token().AccessToken
	for name, forged := range map[string]string{
		"another payload": "x" + issued, "cut short": issued[:len(issued)-1], "of another sandbox": serve(t, sandbox.WithSeed(9)).token().AccessToken,
	} {
		t.Run(name, func(t *testing.T) {
			answer := c.with("api_key", "").with("Authorization", "Bearer "+forged).get("GetBalance", nil)
			requireRefused(t, answer, 401, ding.ResultCodeClientError, "AuthenticationFailed")
		})
	}
}

func TestTokensAreRefusedAsTheRFCSays(t *testing.T) {
	c := serve(t)
	changed := func(name, value string) string {
		form := c.credentials()
		form.Set(name, value)
		if value == "" {
			form.Del(name)
		}
		return form.Encode()
	}
	post := func(c *client, form string) reply { return c.do("POST", "/connect/token", formType, form) }
	wrongBasic := c.with("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("a:b")))
	brokenBasic := c.with("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("%zz:b")))
	for name, test := range map[string]struct {
		answer reply
		status int
		error  string
	}{
		"a wrong secret":           {post(c, changed("client_secret", "guess")), 400, "invalid_client"},
		"a secret not encoded":     {post(c, "grant_type=client_credentials&client_id=sandbox-client&client_secret=sandbox+client/secret=="), 400, "invalid_client"},
		"an unknown client":        {post(c, changed("client_id", "guess")), 400, "invalid_client"},
		"no grant type":            {post(c, changed("grant_type", "")), 400, "invalid_request"},
		"another grant type":       {post(c, changed("grant_type", "password")), 400, "unsupported_grant_type"},
		"another scope":            {post(c, changed("scope", "everything")), 400, "invalid_scope"},
		"a parameter twice":        {post(c, c.credentials().Encode()+"&client_id=x"), 400, "invalid_request"},
		"two ways to authenticate": {post(wrongBasic, c.credentials().Encode()), 400, "invalid_request"},
		"wrong Basic credentials":  {post(wrongBasic, "grant_type=client_credentials"), 401, "invalid_client"},
		"Basic not encoded":        {post(brokenBasic, "grant_type=client_credentials"), 401, "invalid_client"},
		"JSON":                     {c.do("POST", "/connect/token", "application/json", "{}"), 400, "invalid_request"},
		"a form that is none":      {post(c, "%zz"), 400, "invalid_request"},
		"GET":                      {c.do("GET", "/connect/token", "", ""), 405, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.error, into[map[string]string](t, test.answer, test.status)["error"])
			assert.Equal(t, test.status == 401, test.answer.header.Get("WWW-Authenticate") != "")
		})
	}
}

func TestBasicCredentialsAreTakenToo(t *testing.T) {
	c := serve(t)
	keys := c.sb.Credentials()
	pair := url.QueryEscape(keys.DingClientID) + ":" + url.QueryEscape(keys.DingClientSecret)
	basic := c.with("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
	answer := basic.do("POST", "/connect/token", formType, "grant_type=client_credentials")
	assert.NotEmpty(t, into[token](t, answer, 200).AccessToken)
	assert.Equal(t, "no-store", answer.header.Get("Cache-Control"))
}

func TestTheDiscoveryDocumentNamesTheHostThatWasAsked(t *testing.T) {
	c := serve(t)
	type discovery struct {
		Issuer        string `json:"issuer"`
		TokenEndpoint string `json:"token_endpoint"`
	}
	found := into[discovery](t, c.do("GET", "/.well-known/openid-configuration", "", ""), 200)
	assert.Equal(t, discovery{c.server.URL, c.server.URL + "/connect/token"}, found)
	assert.Equal(t, 405, c.do("POST", "/.well-known/openid-configuration", "", "").status)

	secure := httptest.NewTLSServer(c.sb)
	defer secure.Close()
	response, err := secure.Client().Get(secure.URL + "/.well-known/openid-configuration")
	require.NoError(t, err)
	defer response.Body.Close()
	assert.Equal(t, http.StatusOK, response.StatusCode)
}
