// Tests of the documentation: both specifications lead to this sandbox, and the viewer comes with the program.

package page_test

import (
	"net/http"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/api/openapi"
)

func TestTheSpecificationsLeadHere(t *testing.T) {
	s := serve(t)
	for path, server := range map[string]string{"/docs/ding.yaml": "/", "/docs/dizlee.yaml": "/dizlee"} {
		answer := s.ask(http.MethodGet, path, "")
		require.Equal(t, 200, answer.status)
		shown, err := openapi3.NewLoader().LoadFromData([]byte(answer.body))
		require.NoError(t, err, path)
		require.NoError(t, shown.Validate(t.Context()), path)
		require.Len(t, shown.Servers, 1)
		assert.Equal(t, server, shown.Servers[0].URL)
		if oauth := shown.Components.SecuritySchemes["OAuth2"]; path == "/docs/ding.yaml" {
			assert.Equal(t, "/connect/token", oauth.Value.Flows.ClientCredentials.TokenURL)
		}
	}
	whole, err := openapi3.NewLoader().LoadFromData(openapi.Ding)
	require.NoError(t, err)
	shown, err := openapi3.NewLoader().LoadFromData([]byte(s.ask(http.MethodGet, "/docs/ding.yaml", "").body))
	require.NoError(t, err)
	assert.Equal(t, whole.Paths.Len(), shown.Paths.Len())
}

func TestTheViewerIsInTheProgram(t *testing.T) {
	s := serve(t)
	for _, path := range []string{"/docs", "/docs/"} {
		answer := s.ask(http.MethodGet, path, "")
		assert.Equal(t, "/docs/ding", answer.header.Get("Location"), path)
	}
	for path, kind := range map[string]string{"swagger-ui-bundle.js": "text/javascript; charset=utf-8", "swagger-ui.css": "text/css; charset=utf-8"} {
		plain := s.ask(http.MethodGet, "/docs/viewer/"+path, "", "Accept-Encoding", "identity")
		assert.Equal(t, 200, plain.status)
		assert.Equal(t, kind, plain.header.Get("Content-Type"))
		assert.Empty(t, plain.header.Get("Content-Encoding"))
		packed := s.ask(http.MethodGet, "/docs/viewer/"+path, "", "Accept-Encoding", "br, gzip")
		assert.Equal(t, "gzip", packed.header.Get("Content-Encoding"))
		assert.Less(t, len(packed.body), len(plain.body)/2)
	}
	assert.Equal(t, 404, s.ask(http.MethodGet, "/docs/viewer/nothing.js", "").status)
	assert.Equal(t, 404, s.ask(http.MethodGet, "/docs/nothing", "").status)
}
