package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/sandbox"
)

func TestEveryCommandRunsAgainstTheEmbeddedSandbox(t *testing.T) {
	// The environment has to be ignored, or these would fail.
	env := servedAt("http://127.0.0.1:1").with("DIZLEE_MERCHANT_CODE", "MCH")
	tests := []struct {
		line string
		code int
	}{
		{"ding balance", 0}, {"ding countries", 0}, {"ding currencies", 0}, {"ding regions --country IN", 0},
		{"ding providers --country GB", 0}, {"ding status", 0}, {"ding products --account " + customer, 0},
		{"ding descriptions --language en --sku GB_AB_TopUp", 0}, {"ding promotions", 0}, {"ding promotion-descriptions --language es", 0},
		{"ding lookup " + customer, 0}, {"ding estimate --sku GB_AB_TopUp --send-value 5.00", 0},
		{"ding bills --sku MX_CF_TopUp --account 12345678", 0}, {"ding transfers", 0}, {"ding errors RateLimited", 0},
		{"ding send --sku GB_AB_TopUp --value 5.00 --account " + customer + " --ref R", 0},
		{"ding send --sku GB_AB_TopUp --value 5.00 --account " + customer + " --ref R --confirm", 0},
		{"ding send --sku GB_AB_TopUp --value 5.00 --account 447700900 --ref R --confirm", 1},
		{"ding cancel --ref R --confirm", 1},
		{chargeCommand + " --confirm", 0}, {smsCommand + " --confirm", 0}, {refundCommand + " --confirm", 1},
		{strings.Replace(chargeCommand, subscriber, "9647701234504", 1) + " --confirm", 0},
	}
	for _, tt := range tests {
		r := airtime(t, env, "--sandbox "+tt.line)
		assert.Equal(t, tt.code, r.code, "%s: %s", tt.line, r.err)
		asJSON := airtime(t, env, tt.line+" --json --sandbox")
		assert.Equal(t, tt.code, asJSON.code, tt.line)
		if tt.code == 0 {
			assert.NotEmpty(t, r.out+r.err, tt.line)
			assert.True(t, json.Valid([]byte(asJSON.out)), "%s: %s", tt.line, asJSON.out)
		} else {
			assert.Empty(t, asJSON.out)
			failureOf(t, asJSON)
		}
	}
}

func TestProductsTellWhatATransferAsksFor(t *testing.T) {
	assert.Contains(t, airtime(t, nil, "--sandbox ding products --provider LWNG").out, "--setting MeterType\n")
	assert.Contains(t, airtime(t, nil, "--sandbox ding products --provider CFMX").out, "--bill-ref\n")
}

// startSandbox starts airtime sandbox as a process and returns what it printed to export.
func startSandbox(t *testing.T, args ...string) (*process, environment) {
	t.Helper()
	p := start(t, nil, append([]string{"sandbox", "--addr", "127.0.0.1:0"}, args...)...)
	// The two streams are read apart, so either may be behind.
	require.Eventually(t, func() bool {
		last := regexp.MustCompile(`(?m)^export DIZLEE_SUB_PRODUCT=.*\n`)
		return strings.Contains(p.err.String(), "until interrupted") && last.MatchString(p.out.String())
	}, 20*time.Second, 5*time.Millisecond)
	env := environment{}
	for line := range strings.Lines(p.out.String()) {
		name, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		require.True(t, ok && strings.HasPrefix(line, "export "), line)
		env[name] = strings.Trim(value, "'")
	}
	return p, env
}

func TestTheSandboxServesUntilInterrupted(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT} {
		p, env := startSandbox(t, "--seed", "7")
		for _, line := range []string{"ding balance", chargeCommand + " --confirm"} {
			// A second process shows that keys and addresses lead there from outside.
			r := start(t, env, strings.Fields(line)...).end(t)
			assert.Equal(t, 0, r.code, r.err)
		}
		r := airtime(t, env.with("DING_API_KEY", ""), "ding balance")
		assert.Equal(t, 0, r.code, r.err)
		require.NoError(t, p.Process.Signal(signal))
		assert.Equal(t, 0, p.end(t).code)
	}
}

// TestBeyondAUsageLimitTheCommandLineSaysWhen: every run counts anew, so that it is the service that refuses.
func TestBeyondAUsageLimitTheCommandLineSaysWhen(t *testing.T) {
	p, env := startSandbox(t)
	for range 20 {
		r := airtime(t, env, "ding countries")
		require.Equal(t, 0, r.code, r.err)
	}
	r := airtime(t, env, "ding countries")
	assert.Equal(t, 3, r.code)
	assert.Regexp(t, `RateLimited; slow down and try later \[HTTP 429, ResultCode 3, retry after (10m0s|9m\d+s),`, r.err)
	assert.Empty(t, r.out)
	asJSON := failureOf(t, airtime(t, env, "ding countries --json"))
	assert.Equal(t, "temporary", asJSON["outcome"])
	assert.Positive(t, asJSON["retryAfterSeconds"])
	assert.Equal(t, 0, airtime(t, env, "ding currencies").code, "another method")
	require.NoError(t, p.Process.Signal(os.Interrupt))
	assert.Equal(t, 0, p.end(t).code)

	p, env = startSandbox(t, "--no-usage-limits")
	for range 25 {
		r := airtime(t, env, "ding countries")
		require.Equal(t, 0, r.code, r.err)
	}
	require.NoError(t, p.Process.Signal(os.Interrupt))
	assert.Equal(t, 0, p.end(t).code)
}

func TestTheSandboxPlaysTheServicesUnderTheirNames(t *testing.T) {
	file := filepath.Join(t.TempDir(), "an authority.pem")
	p, env := startSandbox(t, "--tls", "--ca-file", file)
	authority, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, help := range []string{
		"api.dingconnect.com www.dingconnect.com idp.ding.com dizlee.test", "SSL_CERT_FILE='" + file + "'", "HTTPS_PROXY=" + env["DING_BASE_URL"],
	} {
		assert.Contains(t, p.err.String(), help)
	}
	assert.NotRegexp(t, `\{\w+\}`, p.err.String())

	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(authority))
	proxy, err := url.Parse(env["DING_BASE_URL"])
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: roots}}}
	for _, address := range []string{"https://api.dingconnect.com/swagger/docs/v1", "https://idp.ding.com/.well-known/openid-configuration"} {
		response, err := client.Get(address)
		require.NoError(t, err)
		assert.NoError(t, response.Body.Close())
		assert.Equal(t, 200, response.StatusCode)
	}
	client.CloseIdleConnections()
	assert.Equal(t, 0, start(t, env, "ding", "balance").end(t).code, "by plain http, as without --tls")
	require.NoError(t, p.Process.Signal(os.Interrupt))
	assert.Equal(t, 0, p.end(t).code)
}

func TestAnAuthorityThatCannotBeWrittenIsWrongUsage(t *testing.T) {
	r := airtime(t, nil, "sandbox --addr 127.0.0.1:0 --tls --ca-file "+t.TempDir())
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.err, "the authority cannot be written")
	assert.Empty(t, r.out)
	assert.Equal(t, 2, airtime(t, nil, "sandbox --ca-file nobody.pem").code, "without --tls")
}

func TestASandboxThatCannotBeServedLeavesTheAuthorityAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, []byte("another's"), 0o600))
	assert.Equal(t, 2, airtime(t, nil, "sandbox --addr nowhere --tls --ca-file "+file).code)
	kept, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, "another's", string(kept))
}

func TestTheSandboxsEnvironmentAsJSON(t *testing.T) {
	p := start(t, nil, "sandbox", "--addr", "127.0.0.1:0", "--json")
	var env environment
	require.Eventually(t, func() bool { return json.Unmarshal([]byte(p.out.String()), &env) == nil }, 20*time.Second, 5*time.Millisecond)
	response, err := http.Get(env["DING_BASE_URL"] + "/.well-known/openid-configuration")
	require.NoError(t, err)
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	assert.Equal(t, 200, response.StatusCode)
	require.NoError(t, p.Process.Signal(os.Interrupt))
	assert.Equal(t, 0, p.end(t).code)
}

func TestAnAddressThatIsTakenIsWrongUsage(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	for _, address := range []string{listener.Addr().String(), "nowhere"} {
		r := airtime(t, nil, "sandbox --addr "+address)
		assert.Equal(t, 2, r.code)
		assert.Contains(t, r.err, address)
		assert.Equal(t, address != "nowhere", strings.Contains(r.err, "is another sandbox running?"), r.err)
		assert.Empty(t, r.out)
	}
}

func TestASandboxThatCannotGoOnSaysSo(t *testing.T) {
	s, err := serveSandbox("127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, s.server.Close())
	assert.ErrorContains(t, s.until(t.Context(), time.Second), "the sandbox stopped")

	var stderr lockedBuffer
	assert.Equal(t, 3, run(t.Context(), []string{"sandbox", "--addr", "127.0.0.1:0"}, func(string) string { return "" }, brokenPipe{}, &stderr))
}

func TestAnAddressOnAllInterfacesIsReachedByLoopback(t *testing.T) {
	for given, reached := range map[string]string{"0.0.0.0:8645": "127.0.0.1:8645", "[::]:8645": "127.0.0.1:8645", "127.0.0.1:1": "127.0.0.1:1", "[::1]:1": "[::1]:1"} {
		address, err := net.ResolveTCPAddr("tcp", given)
		require.NoError(t, err)
		assert.Equal(t, reached, reachable(address))
	}
	assert.Equal(t, "/run/socket", reachable(&net.UnixAddr{Name: "/run/socket"}))
}

func TestTextForAShellIsQuoted(t *testing.T) {
	for text, quoted := range map[string]string{"plain-1.0": "plain-1.0", "": "''", "two words": "'two words'", "it's": `'it'\''s'`, "$(rm)": "'$(rm)'"} {
		assert.Equal(t, quoted, quote(text))
	}
}

func TestTheSandboxMakesACertificateForItsReceivers(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "new", "cert")
	callbacks := callbackFlags{certifying: directory}
	authorities, err := callbacks.authorities()
	require.NoError(t, err)
	for _, name := range []string{"cert.pem", "key.pem", "ca.pem"} {
		info, err := os.Stat(filepath.Join(directory, name))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
	files := "--tls-cert " + filepath.Join(directory, "cert.pem") + " --tls-key " + filepath.Join(directory, "key.pem")
	box, clock, env := clocked(t)
	l := listens(t, env, "ding listen --json "+files, nil)
	require.NoError(t, box.SetNotifications(sandbox.Receiver{URL: l.url, RootCAs: authorities}))
	require.Equal(t, 0, airtime(t, env, deferR1).code)
	clock.skip(sandbox.DeferDelay)
	require.NoError(t, box.Deliver(t.Context()))
	assert.Contains(t, l.ends().out, `"R-1"`)

	callbacks = callbackFlags{authority: filepath.Join(directory, "ca.pem")}
	written, err := callbacks.authorities()
	require.NoError(t, err)
	assert.True(t, authorities.Equal(written))
}

func TestCallbacksThatCannotWorkAreWrongUsage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, []byte("no certificate"), 0o600))
	for flags, says := range map[string]string{
		"--notify http://example.com/hook":          "https://",
		"--mo-to nonsense":                          "https://",
		"--callback-ca " + file:                     "no certificate in PEM",
		"--callback-ca " + file + "/none":           "--callback-ca",
		"--callback-cert " + file:                   "--callback-cert",
		"--callback-ca x --callback-cert y":         "callback-cert",
		"--notify https://localhost:1 --addr none":  "none",
		"--notify https://localhost:1/x --seed one": "--seed",
	} {
		r := airtime(t, nil, "sandbox --addr 127.0.0.1:0 "+flags)
		assert.Equal(t, 2, r.code, flags)
		assert.Contains(t, r.err, says, flags)
		assert.Empty(t, r.out)
	}
}

// TestAnInterruptedSandboxDoesNotWaitForItsReceivers: one that never answers would hold up its end.
func TestAnInterruptedSandboxDoesNotWaitForItsReceivers(t *testing.T) {
	receiver, arrived := hangs(t)
	p, env := startSandbox(t, "--mo-to", receiver.URL)
	answered := make(chan int, 1)
	go func() {
		answered <- post(t.Context(), t, env["DING_BASE_URL"]+"/_sandbox/mo", `{"sender":"`+subscriber+`","destination":"1234","text":"HELP"}`)
	}()
	<-arrived
	require.NoError(t, p.Process.Signal(os.Interrupt))
	assert.Equal(t, 0, p.end(t).code)
	assert.Equal(t, 200, <-answered, "with a delivery that was given up")
}
