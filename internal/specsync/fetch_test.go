package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFetchReadsAURL(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "application/json", r.Header.Get("Accept"))
		assert.Equal(t, http.MethodGet, r.Method)
		http.ServeFile(w, r, kioskSwagger)
	}))
	defer server.Close()

	code, stdout, stderr := specsync(t, "-source", server.URL+"/swagger", "-overlay", kioskOverlay, "-out", "-")
	require.Equal(t, exitOK, code, stderr)
	assert.Contains(t, stdout, "operationId: PlaceOrder")
}

func TestAnAnswerThatIsNoSwaggerFailsAndNamesTheURL(t *testing.T) {
	tests := map[string]struct {
		answer http.HandlerFunc
		says   string
	}{
		"an error page": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "<html>secret stack trace</html>", http.StatusInternalServerError)
		}, "answers HTTP 500"},
		"no content": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, "answers HTTP 204"},
		"a web page": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("\n<!doctype html><title>Sign in</title>"))
		}, "is not JSON: it starts with <"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/swagger" {
				t.Error("the redirect was followed")
			}
			http.Redirect(w, r, "/elsewhere", http.StatusMovedPermanently)
		}, `redirect (HTTP 301) to "/elsewhere", which is not followed`},
		"an endless body": {func(w http.ResponseWriter, _ *http.Request) {
			chunk := []byte(strings.Repeat(" ", 1<<20))
			for range maxSource>>20 + 1 {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}, "is larger than 16 MiB"},
		"a body cut short": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "500")
			_, _ = w.Write([]byte(`{"swagger":`))
		}, "unexpected EOF"},
		"nothing at all": {func(http.ResponseWriter, *http.Request) {}, "is empty"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(test.answer)
			defer server.Close()
			code, _, stderr := specsync(t, "-source", server.URL+"/swagger", "-overlay", "", "-out", "-")
			assert.Equal(t, exitFailed, code)
			assert.Contains(t, stderr, test.says)
			assert.Contains(t, stderr, server.URL+"/swagger")
			assert.NotContains(t, stderr, "stack trace")
		})
	}
}

func TestURLsThatAreNotAskedAtAll(t *testing.T) {
	tests := map[string]struct{ source, says string }{
		"plain http to another machine": {"http://kiosk.example.com/swagger", "use https"},
		"another scheme":                {"ftp://kiosk.example.com/swagger", `scheme "ftp" is not supported`},
		"no host":                       {"https:///swagger", "no host"},
		"no URL":                        {"https://%zz/", "cannot be parsed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := fetch(t.Context(), test.source)
			assert.ErrorContains(t, err, test.says)
		})
	}
}

func TestAPasswordInTheURLIsNotPrinted(t *testing.T) {
	for _, source := range []string{"http://clerk:tulip@kiosk.example.com/", "https://clerk:tulip@127.0.0.1:1/"} {
		_, err := fetch(t.Context(), source)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "tulip")
	}
}

func TestLoopbackIsEveryNameOfThisMachine(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST": true, "127.0.0.1": true, "127.8.8.8": true, "::1": true,
		"localhost.example.com": false, "10.0.0.1": false, "127.0.0.1.example.com": false, "": false,
	} {
		assert.Equal(t, want, isLoopback(host), host)
	}
}

func TestFetchingStopsWithItsContext(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := fetch(ctx, server.URL)
	assert.ErrorIs(t, err, context.Canceled)
}

func TestAByteOrderMarkIsTolerated(t *testing.T) {
	code, stdout, stderr := specsync(t, "-overlay", "", "-out", "-", "-source", temporary(t, "bom.json", "\uFEFF"+kioskJSON(t)))
	require.Equal(t, exitOK, code, stderr)
	assert.Contains(t, stdout, "title: Kiosk")
}
