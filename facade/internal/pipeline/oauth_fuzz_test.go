package pipeline

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzToken holds that whatever a token endpoint answers, there is a token that can go into a header, or an error that shows
// neither the secret nor what was answered.
func FuzzToken(f *testing.F) {
	f.Add(200, "application/json", `{"access_token":"token-1","token_type":"Bearer","expires_in":3600}`)
	f.Add(200, "application/json", `{"access_token":"to\nken","expires_in":"1e9"}`)
	f.Add(200, "text/plain", `access_token=token-1&expires_in=-5`)
	f.Add(401, "application/json", `{"error":"invalid_client","error_description":"s3cret"}`)
	f.Add(503, "text/html", `<html>`)
	f.Fuzz(func(t *testing.T, status int, contentType, body string) {
		oauth := newOAuth(t, answering(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(body))}, nil
		}))
		token, err := oauth.fetch(t.Context())
		if err == nil {
			require.NoError(t, CheckSecret("access token", token.AccessToken))
			return
		}
		var failed *TokenError
		require.True(t, errors.As(err, &failed), "%T", err)
		require.NotContains(t, err.Error(), testSecret)
		if len(body) > 40 {
			require.NotContains(t, err.Error(), body)
		}
	})
}

// answering is a transport.
type answering func(*http.Request) (*http.Response, error)

func (a answering) RoundTrip(request *http.Request) (*http.Response, error) { return a(request) }
