package main

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// device is a terminal, as far as the program can see.
type device struct{ lockedBuffer }

func (*device) Stat() (fs.FileInfo, error) { return charDevice{}, nil }

type charDevice struct{ fs.FileInfo }

func (charDevice) Mode() fs.FileMode { return fs.ModeDevice | fs.ModeCharDevice }

// onTerminal runs a command line for somebody who looks at a terminal.
func onTerminal(t *testing.T, env environment, line string) result {
	t.Helper()
	var out, err device
	code := run(t.Context(), strings.Fields(line), func(name string) string { return env[name] }, &out, &err)
	return result{code, out.String(), err.String()}
}

func TestProgressIsOneLineOnATerminalAndGoneInTheEnd(t *testing.T) {
	r := onTerminal(t, nil, "--sandbox ding match 447911123456")
	require.Equal(t, 0, r.code, r.err)
	assert.Equal(t, 5, strings.Count(r.err, wipe), "0, 1, 2 and 3 of 3, and away")
	assert.Contains(t, r.err, wipe+"airtime: loading the catalogue: 3 of 3 (")
	assert.True(t, strings.HasSuffix(r.err, wipe))
	assert.NotContains(t, r.err, "\n")

	box := countingSandbox(t, map[string]http.HandlerFunc{"GetProducts": says(503, envelope(3, "TransientProviderError", ""))})
	failed := onTerminal(t, box.env, "ding match 447911123456")
	assert.Equal(t, 3, failed.code)
	assert.Contains(t, failed.err, wipe+"GetProducts: HTTP 503", "what stays begins a line of its own")
}

func TestProgressIsLinesElsewhereAndNothingForPrograms(t *testing.T) {
	r := airtime(t, nil, "--sandbox ding match 447911123456")
	assert.Equal(t, 4, strings.Count(r.err, "airtime: loading the catalogue: "))
	assert.Contains(t, r.err, "of 3 (providers: 3)\n")
	assert.NotContains(t, r.err, "\x1b")
	assert.Contains(t, onTerminal(t, environment{"TERM": "dumb"}, "--sandbox ding match 447911123456").err, "3 of 3")
	assert.NotContains(t, onTerminal(t, environment{"TERM": "dumb"}, "--sandbox ding match 447911123456").err, "\x1b")

	assert.Empty(t, airtime(t, nil, "--sandbox ding match 447911123456 --json").err)
	assert.NotContains(t, airtime(t, nil, "--sandbox ding match 447911123456 -v").err, "loading the catalogue: 3")
	assert.Contains(t, airtime(t, nil, "--sandbox ding products --sku MX_AZ_10 --lang es").err, "loading products and texts: 2 of 2 (texts: 2)\n")
}

func TestLongTextsAreInColourOnATerminal(t *testing.T) {
	const line = "--sandbox ding products --describe --sku NG_NL_TopUp"
	r := onTerminal(t, nil, line)
	assert.Contains(t, r.out, "\x1b[")
	assert.Contains(t, r.out, "seconds")
	for _, quiet := range []environment{{"NO_COLOR": "1"}, {"TERM": "dumb"}} {
		assert.NotContains(t, onTerminal(t, quiet, line).out, "\x1b")
	}
	narrow := onTerminal(t, environment{"NO_COLOR": "1", "COLUMNS": "30"}, line)
	assert.Contains(t, narrow.out, "and data, on the phone\n")
}

func TestASnapshotSparesTheSecondRunTheCatalogue(t *testing.T) {
	box := countingSandbox(t, nil)
	file := filepath.Join(t.TempDir(), "catalogue.snapshot")
	r := airtime(t, box.env, "ding match 447911123456 --snapshot "+file)
	require.Equal(t, 0, r.code, r.err)
	assert.Contains(t, r.err, "9 of 9", "a snapshot serves every number")
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), "it has this account's prices")
	saved := info.ModTime()
	loaded := box.sent("GetProducts")

	for _, line := range []string{
		"ding match 2348031234567 --snapshot ", "ding quote --sku GB_AB_TopUp --send 10 --snapshot ",
		"ding quote --account 254722123456 --receive 90 --currency KES --snapshot ",
	} {
		r := airtime(t, box.env, line+file)
		require.Equal(t, 0, r.code, r.err)
		assert.Empty(t, r.err, "nothing is loaded")
	}
	assert.Equal(t, loaded, box.sent("GetProducts"))
	info, err = os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, saved, info.ModTime(), "and nothing saved")
	assert.Equal(t, 3, box.sent("GetAccountLookup"), "look-ups are never kept")
}

func TestASnapshotOfAnotherAccountIsReplaced(t *testing.T) {
	file := filepath.Join(t.TempDir(), "catalogue.snapshot")
	one, other := countingSandbox(t, nil), countingSandbox(t, nil)
	require.Equal(t, 0, airtime(t, one.env, "ding match 447911123456 --snapshot "+file).code)
	r := airtime(t, other.env, "ding match 447911123456 --snapshot "+file)
	assert.Equal(t, 0, r.code, r.err)
	assert.Contains(t, r.err, "of another account; it is replaced")
	assert.Equal(t, 1, other.sent("GetProducts"))
	assert.Empty(t, airtime(t, other.env, "ding match 447911123456 --snapshot "+file).err)
}

func TestAFileThatIsNoSnapshotIsLeftAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "letter.txt")
	require.NoError(t, os.WriteFile(file, []byte("Dear reader"), 0o600))
	box := countingSandbox(t, nil)
	r := airtime(t, box.env, "ding match 447911123456 --snapshot "+file)
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.err, "delete the file or name another")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, "Dear reader", string(text))
	assert.Empty(t, box.seen())
}

func TestASnapshotThatCannotBeSavedIsANotice(t *testing.T) {
	box := countingSandbox(t, nil)
	r := airtime(t, box.env, "ding match 447911123456 --snapshot "+filepath.Join(t.TempDir(), "nowhere", "x"))
	assert.Equal(t, 0, r.code)
	assert.Contains(t, r.out, "ABGB")
	assert.Contains(t, r.err, "the snapshot could not be written")
}

func TestAnOlderAnswerThatStandsInIsTold(t *testing.T) {
	instead := map[string]http.HandlerFunc{"GetProducts": says(200, `{"ResultCode":1,"Items":[]}`, "Cache-Control", "max-age=0")}
	box := countingSandbox(t, instead)
	file := filepath.Join(t.TempDir(), "catalogue.snapshot")
	require.Equal(t, 0, airtime(t, box.env, "ding match 447911123456 --snapshot "+file).code)
	instead["GetProducts"] = says(503, envelope(3, "TransientProviderError", ""))
	r := airtime(t, box.env, "ding match 447911123456 --snapshot "+file)
	assert.Equal(t, 0, r.code, r.err)
	assert.Contains(t, r.err, "an older answer stands in: catalogue: the products could not be loaded")
}

func TestACatalogueThatCannotBeLoadedIsOneError(t *testing.T) {
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		line   string
		code   int
		says   string
	}{
		"a service that is overloaded": {says(503, envelope(3, "TransientProviderError", "")), "ding match a@b", 3, "and so it went with 2 other parts"},
		"one that fails for good":      {says(500, envelope(5, "OtherError", "")), "ding quote --sku S --send 1", 1, "the products could not be loaded"},
		"credentials that are refused": {says(401, envelope(4, "AuthenticationFailed", "")), "ding match a@b", 1, "and so it went with 2 other parts"},
		"one that takes too long":      {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "ding match a@b --timeout 50ms", 3, ""},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, tc.answer)
			r := airtime(t, servedAt(server.URL), tc.line)
			assert.Equal(t, tc.code, r.code, r.err)
			assert.Contains(t, r.err, tc.says)
			failureOf(t, airtime(t, servedAt(server.URL), tc.line+" --json"))
		})
	}
}
