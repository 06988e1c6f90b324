package main

import (
	"crypto/tls"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/api/openapi"
	"github.com/airtime-go/airtime/sandbox"
)

// The sandbox serves ding.yaml turned back into Swagger. Taken over like the live document, that is ding.yaml again, with
// one difference: the two members of an OAuth flow stand the other way round.
func TestTheSandboxsSwaggerIsTheSpecification(t *testing.T) {
	sb, err := sandbox.New()
	require.NoError(t, err)
	request := httptest.NewRequest("GET", "https://api.dingconnect.com/swagger/docs/v1", nil)
	request.TLS = &tls.ConnectionState{}
	recorder := httptest.NewRecorder()
	sb.ServeHTTP(recorder, request)

	source := filepath.Join(t.TempDir(), "swagger.json")
	require.NoError(t, os.WriteFile(source, recorder.Body.Bytes(), 0o600))
	out := filepath.Join(t.TempDir(), "ding.yaml")
	code := run(t.Context(), []string{"-source", source, "-overlay", "../../api/openapi/ding.overlay.yaml", "-out", out}, io.Discard, io.Discard)
	require.Equal(t, exitOK, code)

	back, err := os.ReadFile(out)
	require.NoError(t, err)
	const tokenURL, scopes = "          tokenUrl: https://idp.ding.com/connect/token\n", "          scopes: {}\n"
	assert.Equal(t, string(openapi.Ding), strings.Replace(string(back), scopes+tokenURL, tokenURL+scopes, 1))
}
