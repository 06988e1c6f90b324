package main

import (
	"io"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheSandboxHasAPageAtItsAddress(t *testing.T) {
	p, env := startSandbox(t)
	for path, text := range map[string]string{"/": "No transfer yet", "/docs/ding": "DingConnect", "/docs/dizlee.yaml": "openapi: 3"} {
		response, err := http.Get(env["DING_BASE_URL"] + path)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		require.NoError(t, err)
		assert.Equal(t, 200, response.StatusCode)
		assert.Contains(t, string(body), text)
	}
	require.NoError(t, p.Process.Signal(os.Interrupt))
	assert.Equal(t, 0, p.end(t).code)
}
