// What a pipeline is made of: what is refused, that all of it is told at once, and that what the caller gave is copied.

package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
)

func TestAURLMustKeepSecretsSecret(t *testing.T) {
	for _, row := range []struct {
		name, raw, want, problem string
	}{
		{"https", "https://api.example", "https://api.example", ""},
		{"https with a port and a path", "https://api.example:8443/v1", "https://api.example:8443/v1", ""},
		{"a slash at the end is dropped", "https://api.example/v1//", "https://api.example/v1", ""},
		{"an upper-case scheme", "HTTPS://api.example", "https://api.example", ""},
		{"an escaped path stays as it is", "https://api.example/a%2Fb", "https://api.example/a%2Fb", ""},
		{"https to an address", "https://192.0.2.7", "https://192.0.2.7", ""},
		{"http on localhost", "http://localhost:8645", "http://localhost:8645", ""},
		{"http on LOCALHOST", "HTTP://LocalHost", "http://LocalHost", ""},
		{"http on 127.0.0.1", "http://127.0.0.1:8645/x/", "http://127.0.0.1:8645/x", ""},
		{"http elsewhere in 127/8", "http://127.9.9.9", "http://127.9.9.9", ""},
		{"http on ::1", "http://[::1]:8645", "http://[::1]:8645", ""},
		{"http on ::1 in full", "http://[0:0:0:0:0:0:0:1]", "http://[0:0:0:0:0:0:0:1]", ""},

		{"http elsewhere", "http://api.example", "", "must be https"},
		{"http on a name that begins like localhost", "http://localhost.evil.com", "", "must be https"},
		{"http on a name that begins like an address", "http://127.0.0.1.evil.com", "", "must be https"},
		{"http on a name that ends like localhost", "http://notlocalhost", "", "must be https"},
		{"http on localhost with a point", "http://localhost.", "", "must be https"},
		{"http on an address with a zone", "http://[::1%25lo]", "", "must be https"},
		{"http on an address in short", "http://127.1", "", "must be https"},
		{"http on an address as a number", "http://2130706433", "", "must be https"},
		{"http on any address", "http://0.0.0.0", "", "must be https"},
		{"http on a private address", "http://10.0.0.1", "", "must be https"},
		{"a user", "https://user@api.example", "", "user name or password"},
		{"a user and a password", "https://user:pass@api.example", "", "user name or password"},
		{"an empty user", "https://@api.example", "", "user name or password"},
		{"a loopback host for a user name", "http://localhost@evil.com", "", "user name or password"},
		{"a query", "https://api.example/?api_key=1", "", "query or fragment"},
		{"an empty query", "https://api.example/?", "", "query or fragment"},
		{"a fragment", "https://api.example/#part", "", "query or fragment"},
		{"another scheme", "ftp://api.example", "", `the scheme "ftp"`},
		{"a scheme alone", "https://", "", "not an absolute URL"},
		{"a port alone", "https://:443", "", "not an absolute URL"},
		{"no scheme", "api.example", "", "not an absolute URL"},
		{"no scheme but slashes", "//api.example", "", "the scheme"},
		{"a path", "/v1", "", "not an absolute URL"},
		{"an opaque URL", "https:api.example", "", "not an absolute URL"},
		{"empty", "", "", "not an absolute URL"},
		{"blank", " ", "", "not an absolute URL"},
		{"a line break", "https://api.example\r\nX: 1", "", "not an absolute URL"},
		{"broken escapes", "https://api.example/%zz", "", "not an absolute URL"},
		{"a port that is none", "https://api.example:http", "", "not an absolute URL"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := CheckURL("base URL", row.raw)
			if row.problem == "" {
				require.NoError(t, err)
				assert.Equal(t, row.want, got)
				return
			}
			require.ErrorContains(t, err, row.problem)
			assert.ErrorContains(t, err, "base URL")
			assert.Empty(t, got)
			for _, hidden := range []string{"api_key", "pass", "evil"} {
				assert.NotContains(t, strings.TrimPrefix(err.Error(), "the base URL holds a user name or password"), hidden)
			}
		})
	}
}

func TestASecretMustFitAHeader(t *testing.T) {
	for _, row := range []struct {
		name, value, problem string
	}{
		{"letters", "abcDEF123", ""},
		{"every printable character", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", ""},
		{"empty", "", "is empty"},
		{"a blank", "k3y with blank", "cannot travel"},
		{"a line break", "k3y\r\nX-Evil: 1", "cannot travel"},
		{"a line break at its end", "k3y\n", "cannot travel"},
		{"a tab", "k3y\t", "cannot travel"},
		{"a null", "k3y\x00", "cannot travel"},
		{"a delete", "k3y\x7f", "cannot travel"},
		{"a letter beyond ASCII", "k3yé", "cannot travel"},
		{"broken UTF-8", "k3y\xff", "cannot travel"},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := CheckSecret("API key", row.value)
			if row.problem == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, row.problem)
			assert.ErrorContains(t, err, "API key")
			assert.NotContains(t, err.Error(), "k3y")
		})
	}
}

func TestAnHTTPClientIsCopied(t *testing.T) {
	followed := errors.New("the caller's own policy")
	own := &http.Client{
		Transport:     http.DefaultTransport,
		Timeout:       2 * time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return followed },
	}
	var settings Settings
	require.NoError(t, settings.SetHTTPClient(own))
	used := settings.HTTPClient()
	own.Timeout = time.Second
	assert.Equal(t, 2*time.Minute, used.Timeout, "a later change has no effect")
	assert.Equal(t, http.ErrUseLastResponse, used.CheckRedirect(nil, nil))
	assert.Equal(t, followed, own.CheckRedirect(nil, nil), "the caller's client is left alone")
	assert.Equal(t, http.DefaultTransport, own.Transport)
}

func TestATimeOutThatWouldLoseGoodAnswersIsRefused(t *testing.T) {
	for _, row := range []struct {
		name    string
		client  *http.Client
		problem string
	}{
		{"no client", nil, "is nil"},
		{"the zero client", &http.Client{}, ""},
		{"just long enough", &http.Client{Timeout: 95 * time.Second}, ""},
		{"too short", &http.Client{Timeout: 95*time.Second - 1}, "Timeout is 1m34.999999999s"},
		{"far too short", &http.Client{Timeout: 30 * time.Second}, "Timeout is 30s"},
		{"a transport that waits long enough", &http.Client{Transport: &http.Transport{ResponseHeaderTimeout: 95 * time.Second}}, ""},
		{"a transport that doesn't", &http.Client{Transport: &http.Transport{ResponseHeaderTimeout: 30 * time.Second}}, "ResponseHeaderTimeout is 30s"},
		{"a transport that can be seen through", &http.Client{Transport: transparent{&http.Transport{ResponseHeaderTimeout: 30 * time.Second}}}, "ResponseHeaderTimeout is 30s"},
		{"somebody else's transport", &http.Client{Transport: scripted(t)}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			var settings Settings
			err := settings.SetHTTPClient(row.client)
			if row.problem == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, row.problem)
			assert.Equal(t, http.Client{}, settings.client)
		})
	}
}

func TestSettersRefuseNothing(t *testing.T) {
	var settings Settings
	require.ErrorContains(t, settings.SetLogger(nil), "logger")
	require.ErrorContains(t, settings.SetAttemptHook(nil), "hook")
	require.NoError(t, settings.SetLogger(slog.New(slog.DiscardHandler)))
	require.NoError(t, settings.SetAttemptHook(func(context.Context, facade.Attempt) {}))
	require.NoError(t, settings.SetRetry(facade.RetryPolicy{MaxAttempts: 2}))
	assert.Equal(t, 2, settings.Retry.MaxAttempts)
	assert.NotNil(t, settings.Logger)
	assert.NotNil(t, settings.OnAttempt)
}

func TestAPipelineNamesEverythingThatIsMissing(t *testing.T) {
	_, err := New(Settings{Retry: facade.RetryPolicy{MaxAttempts: -1, Budget: -1}})
	for _, part := range []string{"MaxAttempts", "Budget", "no credentials"} {
		require.ErrorContains(t, err, part)
	}
}

func TestAPipelineIsSilentWithoutALogger(t *testing.T) {
	p, err := New(Settings{Credentials: APIKey{Header: "api_key", Key: testKey}})
	require.NoError(t, err)
	require.NotNil(t, p.Logger())
	assert.False(t, p.Logger().Enabled(t.Context(), slog.LevelError))
}

func TestAPlaceHasOneSpelling(t *testing.T) {
	for place, spellings := range map[string][]string{
		"https://api.example":        {"https://api.example", "https://API.example/", "https://api.example:443", "https://api.example.", "HTTPS://api.Example:443//"},
		"https://api.example:8443/a": {"https://api.example:8443/a", "https://API.EXAMPLE:8443/a/"},
		"https://api.example/A":      {"https://api.example/A", "https://api.example/./A", "https://api.example:0443/b/../A//"},
		"http://localhost:8645":      {"http://localhost:8645", "http://127.0.0.1:8645/", "http://LOCALHOST:8645", "http://[::1]:8645", "http://127.9.9.9:8645"},
		"http://localhost":           {"http://localhost:80", "http://127.0.0.1"},
		"https://[2001:db8::1]":      {"https://[2001:DB8::1]:443"},
	} {
		for _, spelling := range spellings {
			assert.Equal(t, place, Place(spelling), spelling)
		}
	}
}
