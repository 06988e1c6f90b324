package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asProgram makes the test binary be the program itself, so that signals and exit codes can be tested on a process.
const asProgram = "AIRTIME_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	// Repetitions and look-ups are tested for happening, not for their pauses.
	retryPolicy.BaseDelay = time.Millisecond
	settleTimeout, settleAfterCancel = 50*time.Millisecond, 200*time.Millisecond
	os.Exit(m.Run())
}

// The secrets of these tests. None may ever be written.
const (
	dingKey       = "ding+key/that=stays<secret>"
	clientSecret  = "client+secret/that==stays-secret"
	dizleeKey     = "dizlee-key-that-stays-secret"
	accessToken   = "access-token-that-stays-secret"
	customer      = "447700900123"
	subscriber    = "9647701234567"
	sendTransfer  = "ding send --sku S --value 10.00 --account " + customer + " --ref R-1"
	chargeCommand = "dizlee charge --id C-1 --msisdn " + subscriber + " --amount 0.500 --currency KWD"
	refundCommand = "dizlee refund --id F-1 --transaction C-1 --msisdn " + subscriber + " --currency KWD --reason wrong"
	smsCommand    = "dizlee sms --id M-1 --to " + subscriber + " --sender S --language En --text hello"
)

// environment is that of a run.
type environment map[string]string

// servedAt is an environment for services at one root.
func servedAt(url string) environment {
	return environment{
		"DING_API_KEY": dingKey, "DING_BASE_URL": url,
		"DIZLEE_API_KEY": dizleeKey, "DIZLEE_BASE_URL": url,
		"DIZLEE_AGGREGATOR_ID": "A", "DIZLEE_MERCHANT_ID": "M", "DIZLEE_PRODUCT": "P", "DIZLEE_SUB_PRODUCT": "SP",
	}
}

// with returns a copy with one variable changed.
func (e environment) with(name, value string) environment {
	changed := environment{name: value}
	for n, v := range e {
		if n != name {
			changed[n] = v
		}
	}
	return changed
}

// withState returns a copy with a state directory of its own, and so with a journal, unless there is one.
func (e environment) withState(t *testing.T) environment {
	t.Helper()
	if e["XDG_STATE_HOME"] != "" {
		return e
	}
	return e.with("XDG_STATE_HOME", t.TempDir())
}

// withOAuth replaces the key of DingConnect by client credentials.
func (e environment) withOAuth(tokenURL string) environment {
	return e.with("DING_API_KEY", "").with("DING_CLIENT_ID", "client").with("DING_CLIENT_SECRET", clientSecret).with("DING_TOKEN_URL", tokenURL)
}

// result is how a run ended.
type result struct {
	code     int
	out, err string
}

// airtime runs a command line, whose words are separated by blanks, and checks that it gives no secret away.
func airtime(t *testing.T, env environment, line string) result {
	t.Helper()
	return airtimeArgs(t.Context(), t, env, strings.Fields(line)...)
}

func airtimeArgs(ctx context.Context, t *testing.T, env environment, args ...string) result {
	t.Helper()
	env = env.withState(t)
	var out, err lockedBuffer
	code := run(ctx, args, func(name string) string { return env[name] }, &out, &err)
	r := result{code, out.String(), err.String()}
	keepsSecrets(t, r)
	return r
}

func keepsSecrets(t *testing.T, r result) {
	t.Helper()
	for _, secret := range []string{dingKey, clientSecret, dizleeKey, accessToken} {
		assert.NotContains(t, r.out, secret, "a secret on stdout")
		assert.NotContains(t, r.err, secret, "a secret on stderr")
	}
}

// lockedBuffer can be read while a run writes to it.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// failureOf reads the one error object on stderr.
func failureOf(t *testing.T, r result) map[string]any {
	t.Helper()
	var object struct {
		Error map[string]any `json:"error"`
	}
	require.NoError(t, json.Unmarshal([]byte(r.err), &object), "stderr is one JSON object: %s", r.err)
	require.NotNil(t, object.Error)
	return object.Error
}

// recorded is a server's view of one request.
type recorded struct {
	method, path, query, body string
	header                    http.Header
}

// scripted is a server that answers every request in the same way and remembers them.
type scripted struct {
	*httptest.Server
	mu       sync.Mutex
	requests []recorded
}

func serve(t *testing.T, answer http.HandlerFunc) *scripted {
	t.Helper()
	s := &scripted{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.mu.Lock()
		s.requests = append(s.requests, recorded{r.Method, r.URL.Path, r.URL.RawQuery, string(body), r.Header.Clone()})
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// seen returns the requests so far.
func (s *scripted) seen() []recorded {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]recorded(nil), s.requests...)
}

// sent counts the requests to an operation so far.
func (s *scripted) sent(operation string) int {
	count := 0
	for _, request := range s.seen() {
		if strings.HasSuffix(request.path, "/"+operation) {
			count++
		}
	}
	return count
}

// says answers with a status and a body; headers come in pairs.
func says(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// process is the program as a process of its own.
type process struct {
	*exec.Cmd
	out, err lockedBuffer
}

func start(t *testing.T, env environment, args ...string) *process {
	t.Helper()
	return startTo(t, env, nil, args...)
}

// startTo starts a process whose stdout is a file, or kept if there is none.
func startTo(t *testing.T, env environment, stdout *os.File, args ...string) *process {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	p := &process{Cmd: exec.CommandContext(t.Context(), self, args...)}
	p.Env = append(os.Environ(), asProgram+"=1")
	for name, value := range env.withState(t) {
		p.Env = append(p.Env, name+"="+value)
	}
	p.Stdout, p.Stderr = &p.out, &p.err
	if stdout != nil {
		p.Stdout = stdout
	}
	require.NoError(t, p.Start())
	return p
}

// end waits for the process.
func (p *process) end(t *testing.T) result {
	t.Helper()
	_ = p.Wait() // the exit code says it all
	r := result{p.ProcessState.ExitCode(), p.out.String(), p.err.String()}
	keepsSecrets(t, r)
	return r
}
