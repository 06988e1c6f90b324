// The identity provider: tokens for client credentials (RFC 6749, section 4.4) and the discovery document.

package sandbox

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	tokenPath     = "/connect/token"
	discoveryPath = "/.well-known/openid-configuration"
	keysPath      = discoveryPath + "/jwks"
	tokenScope    = "topupapi"
)

// identityProvider issues tokens and recognises them. A token carries its own expiry and a signature, so none has to be
// remembered.
type identityProvider struct {
	apiKey, clientID, clientSecret string
	lifetime                       time.Duration
	clock                          func() time.Time
	ids                            mint
	issued                         atomic.Uint64
	shown                          tokenBook
}

func newIdentityProvider(s settings, ids mint) *identityProvider {
	return &identityProvider{
		apiKey: s.apiKey, clientID: s.clientID, clientSecret: s.clientSecret,
		lifetime: s.tokenLifetime, clock: s.clock, ids: ids,
	}
}

// claims is what a token says. It has the form of a JWT, as the real ones have.
type claims struct {
	ClientID string `json:"client_id"`
	Scope    string `json:"scope"`
	ID       string `json:"jti"`
	Expires  int64  `json:"exp"` // Unix time in seconds
}

// token returns the next token.
func (p *identityProvider) token() string {
	serial := strconv.FormatUint(p.issued.Add(1), 10)
	id, issued := p.ids.label("token", serial), p.clock()
	expires := issued.Add(p.lifetime)
	payload, _ := json.Marshal(claims{ // strings and an integer always marshal
		ClientID: p.clientID, Scope: tokenScope, ID: id, Expires: expires.Unix(),
	})
	signed := encode([]byte(`{"alg":"HS256","typ":"at+jwt"}`)) + "." + encode(payload)
	token := signed + "." + encode(p.ids.mac("signature", signed))
	p.shown.note(token, id, issued, expires)
	return token
}

// authenticate tells whether a request may pass, and the context of the refusal if it may not. The key counts in the
// header api_key alone.
func (p *identityProvider) authenticate(r *http.Request) (context string, ok bool) {
	if key := r.Header.Get("api_key"); key != "" {
		return "", key == p.apiKey
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	expires, genuine := p.recognise(strings.TrimSpace(token))
	if genuine && !p.clock().Before(expires) {
		return contextTokenExpired, false
	}
	return "", genuine
}

// recognise returns when a token expires, and false if this provider has not issued it.
func (p *identityProvider) recognise(token string) (time.Time, bool) {
	last := strings.LastIndexByte(token, '.')
	if last < 0 || !hmac.Equal([]byte(token[last+1:]), []byte(encode(p.ids.mac("signature", token[:last])))) {
		return time.Time{}, false
	}
	_, payload, _ := strings.Cut(token[:last], ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	var c claims
	if err != nil || json.Unmarshal(text, &c) != nil {
		return time.Time{}, false
	}
	return time.Unix(c.Expires, 0), true
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// issue is the token endpoint.
func (p *identityProvider) issue(w http.ResponseWriter, r *http.Request) {
	prepareTokenAnswer(w)
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		refuseToken(w, http.StatusMethodNotAllowed, "invalid_request")
		return
	}
	form, ok := readForm(w, r)
	if !ok {
		refuseToken(w, http.StatusBadRequest, "invalid_request")
		return
	}
	if status, problem := p.judge(r, form); problem != "" {
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="sandbox"`)
		}
		refuseToken(w, status, problem)
		return
	}
	answer(w, http.StatusOK, tokenAnswer{
		AccessToken: p.token(), ExpiresIn: int64(p.lifetime / time.Second), TokenType: "Bearer", Scope: tokenScope,
	})
}

// prepareTokenAnswer sets the headers that RFC 6749, section 5.1, asks for.
func prepareTokenAnswer(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
}

type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
	TokenType   string `json:"token_type"`
	Scope       string `json:"scope"`
}

// refuseToken answers as RFC 6749, section 5.2, has it.
func refuseToken(w http.ResponseWriter, status int, problem string) {
	answer(w, status, map[string]string{"error": problem})
}

// readForm reads a form from the body. A parameter that is there twice is an error by the RFC.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if media != "application/x-www-form-urlencoded" {
		return nil, false
	}
	body, err := readBody(w, r)
	if err != nil {
		return nil, false
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, false
	}
	for _, values := range form {
		if len(values) > 1 {
			return nil, false
		}
	}
	return form, true
}

// judge returns the error of a token request, and none if a token is due.
func (p *identityProvider) judge(r *http.Request, form url.Values) (status int, problem string) {
	id, secret, basic := clientBasic(r)
	switch {
	case basic && form.Has("client_secret"):
		return http.StatusBadRequest, "invalid_request" // one way to authenticate, not two
	case !basic:
		id, secret = form.Get("client_id"), form.Get("client_secret")
	}
	switch {
	case !form.Has("grant_type"):
		return http.StatusBadRequest, "invalid_request"
	case id != p.clientID || secret != p.clientSecret:
		if basic {
			return http.StatusUnauthorized, "invalid_client"
		}
		return http.StatusBadRequest, "invalid_client"
	case form.Get("grant_type") != "client_credentials":
		return http.StatusBadRequest, "unsupported_grant_type"
	case form.Get("scope") != "" && form.Get("scope") != tokenScope:
		return http.StatusBadRequest, "invalid_scope"
	}
	return 0, ""
}

// clientBasic reads Basic credentials, whose two halves are form-encoded (RFC 6749, section 2.3.1).
func clientBasic(r *http.Request) (id, secret string, ok bool) {
	user, password, ok := r.BasicAuth()
	if !ok {
		return "", "", false
	}
	id, err := url.QueryUnescape(user)
	secret, err2 := url.QueryUnescape(password)
	if err != nil || err2 != nil {
		return "", "", true // credentials that nobody has
	}
	return id, secret, true
}

// discovery has the members of DingConnect's sample, and those that OpenID Connect Discovery 1.0 requires besides.
type discovery struct {
	Issuer        string   `json:"issuer"`
	Keys          string   `json:"jwks_uri"`
	TokenEndpoint string   `json:"token_endpoint"`
	AuthMethods   []string `json:"token_endpoint_auth_methods_supported"`
	SigningAlgs   []string `json:"id_token_signing_alg_values_supported"`
	GrantTypes    []string `json:"grant_types_supported"`
	ResponseTypes []string `json:"response_types_supported"`
	SubjectTypes  []string `json:"subject_types_supported"`
	Scopes        []string `json:"scopes_supported"`
}

// discover tells where tokens are to be had, on the host that was asked.
func (p *identityProvider) discover(w http.ResponseWriter, r *http.Request) {
	if !prepareDiscovery(w, r) {
		return
	}
	issuer := placeOf(r).Scheme + "://" + r.Host
	answer(w, http.StatusOK, discovery{
		Issuer: issuer, Keys: issuer + keysPath, TokenEndpoint: issuer + tokenPath,
		AuthMethods: []string{"client_secret_basic", "client_secret_post"}, SigningAlgs: []string{"RS256"},
		GrantTypes: []string{"client_credentials"}, ResponseTypes: []string{"token"}, SubjectTypes: []string{"public"},
		Scopes: []string{tokenScope},
	})
}

// publishKeys lists no keys: tokens are for the sandbox alone to recognise.
func (p *identityProvider) publishKeys(w http.ResponseWriter, r *http.Request) {
	if prepareDiscovery(w, r) {
		answer(w, http.StatusOK, map[string]any{"keys": []any{}})
	}
}

// prepareDiscovery reports whether a request is one to read.
func prepareDiscovery(w http.ResponseWriter, r *http.Request) bool {
	w.Header().Set("Content-Type", "application/json")
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		refuseToken(w, http.StatusMethodNotAllowed, "invalid_request")
		return false
	}
	return true
}
