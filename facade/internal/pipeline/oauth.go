package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// OAuth gets access tokens for client credentials, one refresh at a time however many calls wait for it.
type OAuth struct {
	// ClientID and ClientSecret are sent as form parameters, never probed as Basic first.
	ClientID, ClientSecret string
	// TokenURL is where tokens come from; if empty, the issuer's discovery document tells.
	TokenURL string
	// Issuer is the identity provider whose discovery document names the token endpoint.
	Issuer string
	// Client sends the requests for tokens; it refuses redirects.
	Client *http.Client

	mu       sync.Mutex
	token    *oauth2.Token
	obtained time.Time
	flight   *flight
}

// flight is a refresh under way.
type flight struct {
	done chan struct{}
	err  error
}

// TokenError reports that no access token could be had. The identity provider's own words are left out: they are
// not ours to trust, and may repeat what was sent.
type TokenError struct {
	// Refused reports that the identity provider rejected the credentials, so that trying again is of no use.
	Refused bool
	// Reason is our own account of what went wrong.
	Reason string
	// Err is the cause where it can hold nothing secret, such as an ended context; else nil.
	Err error
}

// Error says what went wrong and what to check.
func (e *TokenError) Error() string { return "no access token: " + e.Reason }

// Unwrap returns the cause, if there is one to show.
func (e *TokenError) Unwrap() error { return e.Err }

// tokenTimeout bounds one refresh, discovery included. A refresh is nobody's own: it does not end with the context of
// the call that happened to start it.
const tokenTimeout = 30 * time.Second

// Apply sets the Authorization header, after a refresh where one is due.
func (o *OAuth) Apply(ctx context.Context, request *http.Request) (string, error) {
	token, err := o.current(ctx)
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	return token, nil
}

// Forget drops the token if it is still the current one; a fresh one can always be asked for.
func (o *OAuth) Forget(credential string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.token != nil && o.token.AccessToken == credential {
		o.token = nil
	}
	return credential != ""
}

// Secrets returns the client's secret and the current token.
func (o *OAuth) Secrets() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	secrets := []string{o.ClientSecret}
	if o.token != nil {
		secrets = append(secrets, o.token.AccessToken)
	}
	return secrets
}

// String keeps the secrets out of %v.
func (o *OAuth) String() string { return "OAuth client credentials" }

// GoString keeps the secrets out of %#v.
func (o *OAuth) GoString() string { return o.String() }

// current returns a token with some life left, joining a refresh under way or starting one.
func (o *OAuth) current(ctx context.Context) (string, error) {
	for {
		o.mu.Lock()
		if o.fresh() {
			defer o.mu.Unlock()
			return o.token.AccessToken, nil
		}
		joined := o.flight
		if joined == nil {
			joined = &flight{done: make(chan struct{})}
			o.flight = joined
			go o.refresh(context.WithoutCancel(ctx), joined)
		}
		o.mu.Unlock()

		select {
		case <-joined.done:
		case <-ctx.Done():
			return "", &TokenError{Reason: "gave up waiting for one: " + ctx.Err().Error(), Err: ctx.Err()}
		}
		if token, ok := o.usable(); ok {
			return token, nil
		}
		if joined.err != nil {
			return "", joined.err
		}
	}
}

// fresh reports whether the token has more life left than a call needs to arrive: a minute, or a fifth of a short life.
func (o *OAuth) fresh() bool {
	if o.token == nil {
		return false
	}
	if o.token.Expiry.IsZero() {
		return true
	}
	margin := min(time.Minute, o.token.Expiry.Sub(o.obtained)/5)
	return time.Until(o.token.Expiry) > margin
}

// usable returns the token while it lives at all: a failed early refresh is no reason to fail a call.
func (o *OAuth) usable() (string, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.token == nil || !alive(o.token) {
		return "", false
	}
	return o.token.AccessToken, true
}

func alive(token *oauth2.Token) bool {
	return token.Expiry.IsZero() || time.Until(token.Expiry) > 0
}

func (o *OAuth) refresh(ctx context.Context, joined *flight) {
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	obtained := time.Now()
	token, err := o.fetch(ctx)
	o.mu.Lock()
	defer o.mu.Unlock()
	if err == nil {
		o.token, o.obtained = token, obtained
	}
	joined.err = err
	o.flight = nil
	close(joined.done)
}

func (o *OAuth) fetch(ctx context.Context) (*oauth2.Token, error) {
	tokenURL := o.TokenURL
	if tokenURL == "" {
		discovered, err := o.discover(ctx)
		if err != nil {
			return nil, err
		}
		tokenURL = discovered
	}
	config := clientcredentials.Config{
		ClientID:     o.ClientID,
		ClientSecret: o.ClientSecret,
		TokenURL:     tokenURL,
		AuthStyle:    oauth2.AuthStyleInParams,
	}
	token, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, o.Client))
	if err != nil {
		return nil, tokenError(err)
	}
	if CheckSecret("access token", token.AccessToken) != nil {
		return nil, &TokenError{Reason: "the token endpoint's answer holds no usable access_token"}
	}
	// Without its monotonic reading, the expiry also holds after the machine has slept.
	token.Expiry = token.Expiry.Round(0)
	if !alive(token) {
		return nil, &TokenError{Reason: "the token endpoint's access_token has already expired"}
	}
	return token, nil
}

// tokenError keeps the status and, of the standard error codes alone, the code: never the body.
func tokenError(err error) error {
	var answered *oauth2.RetrieveError
	if !errors.As(err, &answered) || answered.Response == nil {
		if cause := contextCause(err); cause != nil {
			return &TokenError{Reason: "the token endpoint did not answer in time", Err: cause}
		}
		if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
			return &TokenError{Reason: "the token endpoint at " + hostOf(wrapped.URL) + " could not be reached"}
		}
		return &TokenError{Reason: "the token endpoint's answer could not be read"}
	}
	status := answered.Response.StatusCode
	if status >= 300 && status < 400 {
		return &TokenError{Refused: true, Reason: fmt.Sprintf("the token endpoint answered HTTP %d, a redirect, which is refused because the secret would travel along", status)}
	}
	reason := fmt.Sprintf("the token endpoint answered HTTP %d", status)
	refused := final(status)
	switch answered.ErrorCode {
	case "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope":
		reason += " (" + answered.ErrorCode + ")"
		// Some say so with HTTP 200.
		refused = refused || status < 300
	}
	if refused {
		reason += "; check the client id and secret"
	}
	return &TokenError{Refused: refused, Reason: reason}
}

// final reports a status that will be the same next time.
func final(status int) bool {
	return status >= 300 && status < 500 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests
}

// hostOf returns where a URL leads, which says enough and holds no secret.
func hostOf(raw string) string {
	if u, err := url.Parse(raw); err == nil && u.Host != "" {
		return u.Host
	}
	return "its address"
}

func contextCause(err error) error {
	for _, cause := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, cause) {
			return cause
		}
	}
	return nil
}

// discover asks the issuer for its token endpoint (OpenID Connect Discovery 1.0). It is asked at every refresh:
// refreshes are rare, and the endpoint may move.
func (o *OAuth) discover(ctx context.Context) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, o.Issuer+"/.well-known/openid-configuration", nil)
	if err != nil {
		return "", &TokenError{Reason: "the issuer's URL cannot be used"}
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", userAgent)
	response, err := o.Client.Do(request)
	if err != nil {
		return "", &TokenError{Reason: "the issuer's discovery document could not be had", Err: contextCause(err)}
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", &TokenError{Refused: final(response.StatusCode), Reason: fmt.Sprintf("the issuer answered HTTP %d where its discovery document should be", response.StatusCode)}
	}
	var document struct {
		TokenEndpoint string `json:"token_endpoint"`
	}
	const documentLimit = 1 << 20
	body, err := io.ReadAll(io.LimitReader(response.Body, documentLimit))
	if err != nil {
		return "", &TokenError{Reason: "the issuer's discovery document broke off", Err: contextCause(err)}
	}
	if err := json.Unmarshal(body, &document); err != nil {
		return "", &TokenError{Reason: "the issuer's discovery document is no JSON"}
	}
	if _, err := CheckURL("discovery document's token_endpoint", document.TokenEndpoint); err != nil {
		return "", &TokenError{Refused: true, Reason: err.Error()}
	}
	// As it was given: a slash at its end may matter to the server.
	return document.TokenEndpoint, nil
}
