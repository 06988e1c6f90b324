package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden file in testdata")

const (
	kioskSwagger = "testdata/kiosk.json"
	kioskOverlay = "testdata/kiosk.overlay.yaml"
	kioskGolden  = "testdata/kiosk.golden.yaml"
)

// specsync runs the command as a shell would, and returns what the shell would see.
func specsync(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// temporary writes content to a file of its own and returns its path.
func temporary(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func kioskJSON(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(kioskSwagger)
	require.NoError(t, err)
	return string(data)
}

// edited returns the Kiosk Swagger with one passage replaced; the passage must be there.
func edited(t *testing.T, old, new string) string {
	t.Helper()
	source := kioskJSON(t)
	require.Contains(t, source, old)
	return strings.Replace(source, old, new, 1)
}

func TestTheWholePipelineGivesTheGoldenDocument(t *testing.T) {
	code, stdout, stderr := specsync(t, "-source", kioskSwagger, "-overlay", kioskOverlay, "-out", "-")
	require.Equal(t, exitOK, code, stderr)
	if *update {
		require.NoError(t, os.WriteFile(kioskGolden, []byte(stdout), 0o600))
	}
	want, err := os.ReadFile(kioskGolden)
	require.NoError(t, err)
	assert.Equal(t, string(want), stdout)
	assert.NotContains(t, stderr, "warning")
}

func TestEveryRepairIsReportedWithItsCount(t *testing.T) {
	_, _, stderr := specsync(t, "-source", kioskSwagger, "-overlay", kioskOverlay, "-out", "-")
	for _, line := range []string{
		"repaired capitalised type name: 7×",
		"repaired text/json media type: 4×",
		"repaired operation without media types of its own: 3×",
		"repaired empty default of a query parameter: 1×",
		"repaired additionalProperties: false: 8×",
		"repaired schema field that no specification knows: 1×",
	} {
		assert.Contains(t, stderr, line)
	}
}

func TestAFileIsWrittenAndThenFoundUpToDate(t *testing.T) {
	out := filepath.Join(t.TempDir(), "kiosk.yaml")
	args := []string{"-source", kioskSwagger, "-overlay", kioskOverlay, "-out", out}

	code, stdout, stderr := specsync(t, args...)
	require.Equal(t, exitOK, code, stderr)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "wrote "+out)
	written, err := os.ReadFile(out)
	require.NoError(t, err)
	golden, err := os.ReadFile(kioskGolden)
	require.NoError(t, err)
	assert.Equal(t, string(golden), string(written))

	code, stdout, stderr = specsync(t, append(args, "-check")...)
	assert.Equal(t, exitOK, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "up to date")
}

func TestANewMethodAndAChangedFieldShowInTheDifference(t *testing.T) {
	source := edited(t, `"Copies": { "type": "integer", "format": "int32" }`, `"Copies": { "type": "string" }`)
	source = strings.Replace(source, `"/v3/Orders": {`, `"/v3/Loyalty": {
		"get": { "operationId": "ReadLoyalty", "responses": { "200": { "schema": { "$ref": "#/definitions/Receipt" } } } }
	}, "/v3/Orders": {`, 1)

	code, stdout, stderr := specsync(t, "-check", "-out", kioskGolden, "-overlay", kioskOverlay,
		"-source", temporary(t, "changed.json", source))
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, "+  /v3/Loyalty:\n")
	assert.Contains(t, stdout, "+      operationId: ReadLoyalty\n")
	assert.Contains(t, stdout, "         Copies:\n-          type: integer\n-          format: int32\n+          type: string\n")
	assert.NotContains(t, stdout, "VoidOrders", "what has not changed stays out of the difference")
	assert.Contains(t, stderr, "out of date")

	golden, err := os.ReadFile(kioskGolden)
	require.NoError(t, err)
	assert.NotContains(t, string(golden), "Loyalty", "-check writes nothing")
}

func TestADroppedMethodIsAWarningAndNoFailure(t *testing.T) {
	source := edited(t, `"/v3/Orders": {`, `"/v3/Purchases": {`)
	code, stdout, stderr := specsync(t, "-out", "-", "-overlay", kioskOverlay, "-source", temporary(t, "dropped.json", source))
	assert.Equal(t, exitOK, code)
	assert.Contains(t, stdout, "/v3/Purchases:")
	assert.Contains(t, stderr, "warning: "+kioskOverlay+": action 3 (target $.paths['/v3/Orders'].post) is left out")
}

func TestWithoutAnOverlayTheSwaggerIsConvertedAsItIs(t *testing.T) {
	code, stdout, stderr := specsync(t, "-out", "-", "-overlay", "", "-source", kioskSwagger)
	require.Equal(t, exitOK, code, stderr)
	assert.Contains(t, stdout, "X-Trace")
	assert.NotContains(t, stdout, "Place an order")
}

func TestWrongUseExits2(t *testing.T) {
	tests := map[string]struct {
		args []string
		says string
	}{
		"an unknown flag":                  {[]string{"-frobnicate"}, "frobnicate"},
		"a stray argument":                 {[]string{"swagger.json"}, `unexpected argument "swagger.json"`},
		"no source":                        {[]string{"-source", ""}, "-source"},
		"no output":                        {[]string{"-out", ""}, "-out"},
		"a check against standard output":  {[]string{"-check", "-out", "-"}, "-check"},
		"drift and check at once":          {[]string{"-drift", "-check"}, "-drift"},
		"drift against standard output":    {[]string{"-drift", "-out", "-"}, "-drift"},
		"JSON of no report":                {[]string{"-json"}, "-json is for -drift"},
		"a flag that lacks its value":      {[]string{"-source"}, "source"},
		"a value that is no boolean value": {[]string{"-check=maybe"}, "maybe"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := specsync(t, test.args...)
			assert.Equal(t, exitUsage, code)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, test.says)
		})
	}
}

func TestHelpNamesEveryFlagAndItsDefault(t *testing.T) {
	code, _, stderr := specsync(t, "-h")
	assert.Equal(t, exitOK, code)
	for _, want := range []string{"-source", defaultSource, "-overlay", defaultOverlay, "-out", defaultOut, "-check", "-drift", "-json"} {
		assert.Contains(t, stderr, want)
	}
}

func TestFailuresExit1AndNameTheFile(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "none", "out.yaml")
	tests := map[string]struct {
		args []string
		says string
	}{
		"a source that does not exist":       {[]string{"-source", "testdata/absent.json", "-out", "-"}, "testdata/absent.json"},
		"a source that is a directory":       {[]string{"-source", "testdata", "-out", "-"}, "testdata"},
		"an overlay that does not exist":     {[]string{"-source", kioskSwagger, "-overlay", "testdata/absent.yaml", "-out", "-"}, "testdata/absent.yaml"},
		"an output folder that isn't there":  {[]string{"-source", kioskSwagger, "-overlay", kioskOverlay, "-out", nowhere}, nowhere},
		"a check against a file not written": {[]string{"-source", kioskSwagger, "-overlay", kioskOverlay, "-out", nowhere, "-check"}, "does not exist yet"},
		"a check against a directory":        {[]string{"-source", kioskSwagger, "-overlay", kioskOverlay, "-out", "testdata", "-check"}, "testdata"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := specsync(t, test.args...)
			assert.Equal(t, exitFailed, code)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, test.says)
		})
	}
}
