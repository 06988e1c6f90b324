package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/journal/sqlite"
	"github.com/airtime-go/airtime/sandbox"
)

const (
	authKey    = "auth-key-that-stays-secret"
	hookSecret = "hook-that-stays-secret"
	message    = `{"Sender":"` + subscriber + `","Destination":"1234","MessageType":"0","MessageText":"STOP"}`
)

// withID is a record that has nothing but its references.
func withID(distributorRef, transferRef string) ding.TransferRecord {
	return ding.TransferRecord{TransferID: &ding.TransferID{DistributorRef: distributorRef, TransferRef: transferRef}}
}

var listensAt = regexp.MustCompile(`at (https?://\S+)/ until interrupted`)

// listener is a listen command that runs.
type listener struct {
	t        *testing.T
	url      string
	out, err lockedBuffer
	stop     func()
	code     chan int
}

// listens starts a command, and waits until it listens. What it prints passes through the writer, if there is one.
func listens(t *testing.T, env environment, line string, through func(io.Writer) io.Writer) *listener {
	t.Helper()
	env = env.withState(t)
	ctx, cancel := context.WithCancel(t.Context())
	l := &listener{t: t, stop: cancel, code: make(chan int, 1)}
	var out io.Writer = &l.out
	if through != nil {
		out = through(out)
	}
	ready := make(chan struct{}, 1)
	go func() {
		l.code <- run(ctx, append(strings.Fields(line), "--addr", "127.0.0.1:0"), func(name string) string { return env[name] }, out,
			notifyOn(&l.err, "until interrupted", func() { ready <- struct{}{} }))
	}()
	select {
	case <-ready:
	case code := <-l.code:
		require.Fail(t, "it does not listen", "exit code %d: %s", code, l.err.String())
	}
	l.url = listensAt.FindStringSubmatch(l.err.String())[1]
	return l
}

// ends interrupts the command and returns how it ended.
func (l *listener) ends() result {
	l.t.Helper()
	l.stop()
	r := result{<-l.code, l.out.String(), l.err.String()}
	keepsSecrets(l.t, r)
	for _, secret := range []string{authKey, hookSecret} {
		assert.NotContains(l.t, r.out+r.err, secret)
	}
	return r
}

// post delivers a body and returns the status; headers come in pairs. The status is 0 if no answer came.
func post(ctx context.Context, t *testing.T, url, body string, headers ...string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

func TestDingListenPrintsTheEndOnceAndSettlesTheTransfer(t *testing.T) {
	for _, flag := range []string{"", " --json"} {
		box, clock, env := clocked(t)
		require.Equal(t, 0, airtime(t, env, deferR1+" --correlation-id corr-1").code)
		l := listens(t, env, "ding listen"+flag, nil)
		require.NoError(t, box.SetNotifications(sandbox.Receiver{URL: l.url + "/any/path", Twice: true}))
		clock.skip(sandbox.DeferDelay)
		require.NoError(t, box.Deliver(t.Context()))
		deliveries := box.Deliveries()
		require.Len(t, deliveries, 2)
		for _, delivery := range deliveries {
			assert.Equal(t, sandbox.DeliveryTaken, delivery.State)
		}
		r := l.ends()
		require.Equal(t, 0, r.code, r.err)
		lines := strings.Split(strings.TrimSpace(r.out), "\n")
		if flag == "" {
			require.Len(t, lines, 2)
			assert.Regexp(t, `^RECEIVED +STATE +REF +TRANSFER REF`, lines[0])
			assert.Regexp(t, `^\d{4}-.* UTC +Complete +R-1 +\d+ +GB_AB_TopUp +`+customer+` +5.00 USD +3.90 GBP +yes$`, lines[1])
		} else {
			require.Len(t, lines, 1)
			var event map[string]any
			require.NoError(t, json.Unmarshal([]byte(lines[0]), &event))
			assert.Equal(t, "corr-1", event["correlationId"])
			assert.Equal(t, true, event["verified"])
			assert.Equal(t, []any{}, event["ErrorCodes"])
			assert.Equal(t, "Complete", event["TransferRecord"].(map[string]any)["ProcessingState"])
		}
		assert.Empty(t, recoveredBy(t, env, recoverDing, 0), "the end settled it")

		restarted := listens(t, env, "ding listen"+flag, nil)
		assert.Equal(t, 200, post(t.Context(), t, restarted.url, string(deliveries[0].Body)), "what was taken is not refused")
		assert.NotContains(t, restarted.ends().out, "R-1", "nor printed again")
	}
}

func TestDingListenRefusesAForgery(t *testing.T) {
	_, _, env := clocked(t)
	require.Equal(t, 0, airtime(t, env, deferR1).code)
	l := listens(t, env, "ding listen --json", nil)
	forged := strings.ReplaceAll(strings.ReplaceAll(complete, "10.00", "5.00"), `"S"`, `"GB_AB_TopUp"`)
	assert.Equal(t, 403, post(t.Context(), t, l.url, forged), "the list has another one under the reference")
	assert.Equal(t, 503, post(t.Context(), t, l.url, strings.ReplaceAll(forged, "R-1", "R-9")), "the list has none yet")
	assert.Equal(t, 400, post(t.Context(), t, l.url, "junk"))
	r := l.ends()
	assert.Equal(t, 0, r.code)
	assert.Empty(t, r.out)
	assert.Contains(t, r.err, "it contradicts the list of transfers: in TransferRef")
	assert.NotContains(t, r.err, customer)
	assert.NotContains(t, r.err, "1234-5678")
	assert.Equal(t, true, recoveredBy(t, env, recoverDing, 0)[0]["open"])
}

func TestDingListenWithoutReadBack(t *testing.T) {
	env := environment{"DING_WEBHOOK_SECRET": hookSecret, "DING_WEBHOOK_SECRET_2": "the-other-one"}
	for _, flag := range []string{"", " --json"} {
		l := listens(t, env, "ding listen --no-read-back --no-journal --allow 127.0.0.1 --allow 192.0.2.0/24"+flag, nil)
		assert.Equal(t, 404, post(t.Context(), t, l.url+"/ding/wrong", complete))
		assert.Equal(t, 200, post(t.Context(), t, l.url+"/ding/"+hookSecret, complete, "X-Ding-Webhook-Signature", "abc"))
		assert.Equal(t, 200, post(t.Context(), t, l.url+"/the-other-one", strings.ReplaceAll(complete, "R-1", "R-2")))
		r := l.ends()
		assert.Equal(t, 0, r.code)
		assert.NotContains(t, r.out+r.err, "1234-5678", "a PIN")
		assert.Contains(t, r.out, customer, "shown as ding transfers shows it")
		if flag != "" {
			assert.Contains(t, r.out, `"ReceiptText":"[redacted]"`)
			assert.Contains(t, r.out, `"verified":false`)
			assert.Contains(t, r.out, `"signature":{"X-Ding-Webhook-Signature":["abc"]}`)
		}
	}
	l := listens(t, nil, "ding listen --no-read-back --no-journal --allow 192.0.2.7", nil)
	assert.Equal(t, 403, post(t.Context(), t, l.url, complete))
	assert.Contains(t, l.ends().err, "this sender is not allowed")
}

func TestDizleeListenPrintsWhatSubscribersWrite(t *testing.T) {
	env := environment{"DIZLEE_AUTH_KEY": authKey, "DIZLEE_AUTH_KEY_2": "the-next-key"}
	lower := `{"Sender":"` + subscriber + `","Destination":"1234","messageType":1,"messageText":"\u0634\u0643\u0631\u0627 \u001b[31m\u202e\n"}`
	for _, flag := range []string{"", " --json"} {
		l := listens(t, env, "dizlee listen"+flag, nil)
		assert.Equal(t, 401, post(t.Context(), t, l.url, message, "authkey", "wrong"))
		assert.Equal(t, 200, post(t.Context(), t, l.url+"/mo", message, "authkey", authKey))
		assert.Equal(t, 200, post(t.Context(), t, l.url+"/mo", message, "authkey", "the-next-key"), "a message that comes twice may be meant twice")
		assert.Equal(t, 200, post(t.Context(), t, l.url, lower, "authkey", authKey))
		assert.Equal(t, 400, post(t.Context(), t, l.url, `{}`, "authkey", authKey))
		r := l.ends()
		assert.Equal(t, 0, r.code)
		lines := strings.Split(strings.TrimSpace(r.out), "\n")
		assert.Contains(t, r.err, "authkey is missing or wrong")
		if flag == "" {
			require.Len(t, lines, 4)
			assert.Regexp(t, `^RECEIVED +FROM +TO +LANGUAGE +TEXT$`, lines[0])
			assert.Regexp(t, `UTC +`+subscriber+` +1234 +En +STOP$`, lines[1])
			assert.Regexp(t, `UTC +`+subscriber+` +1234 +Ar +شكرا \[31m$`, lines[3], "nothing in it reaches the terminal")
			continue
		}
		require.Len(t, lines, 3)
		var event map[string]any
		require.NoError(t, json.Unmarshal([]byte(lines[2]), &event))
		delete(event, "receivedAt")
		assert.Equal(t, map[string]any{"Sender": subscriber, "Destination": "1234", "messageType": "1", "language": "Ar", "messageText": "شكرا \x1b[31m\u202e\n"}, event)
	}
}

func TestDizleeListenDropsRepeatsWhenAsked(t *testing.T) {
	l := listens(t, environment{"DIZLEE_AUTH_KEY": authKey}, "dizlee listen --json --drop-repeats 1h", nil)
	for range 3 {
		assert.Equal(t, 200, post(t.Context(), t, l.url, message, "authkey", authKey))
	}
	assert.Equal(t, 1, strings.Count(l.ends().out, "STOP"))
}

func TestAListenerThatCannotPrintEnds(t *testing.T) {
	env := environment{"DIZLEE_AUTH_KEY": authKey}
	l := listens(t, env, "dizlee listen --json", func(io.Writer) io.Writer { return brokenPipe{} })
	assert.NotEqual(t, 200, post(t.Context(), t, l.url, message, "authkey", authKey), "what was not printed is not taken")
	assert.Equal(t, 3, <-l.code, "without being interrupted")
	assert.Contains(t, l.err.String(), "no space left")

	var stderr lockedBuffer
	args := []string{"dizlee", "listen", "--addr", "127.0.0.1:0"}
	assert.Equal(t, 3, run(t.Context(), args, func(name string) string { return env[name] }, brokenPipe{}, &stderr), "not even the titles")
}

func TestAnInterruptedListenerFinishesWhatItIsTaking(t *testing.T) {
	printing, released := make(chan struct{}), make(chan struct{})
	slow := func(to io.Writer) io.Writer {
		return writerFunc(func(p []byte) (int, error) {
			close(printing)
			<-released
			return to.Write(p)
		})
	}
	l := listens(t, environment{"DIZLEE_AUTH_KEY": authKey}, "dizlee listen --json", slow)
	answered := make(chan int, 1)
	go func() { answered <- post(t.Context(), t, l.url, message, "authkey", authKey) }()
	<-printing
	l.stop()
	assert.Empty(t, answered)
	close(released)
	assert.Equal(t, 200, <-answered)
	r := l.ends()
	assert.Equal(t, 0, r.code)
	assert.Contains(t, r.out, "STOP")
}

func TestAListenerSpeaksHTTPS(t *testing.T) {
	certificate, err := sandbox.NewCertificate()
	require.NoError(t, err)
	directory := t.TempDir()
	certificateFile, keyFile := filepath.Join(directory, "cert.pem"), filepath.Join(directory, "key.pem")
	authorityFile := filepath.Join(directory, "ca.pem")
	for file, text := range map[string][]byte{certificateFile: certificate.CertificatePEM, keyFile: certificate.KeyPEM, authorityFile: certificate.CAPEM} {
		require.NoError(t, os.WriteFile(file, text, 0o600))
	}
	l := listens(t, environment{"DIZLEE_AUTH_KEY": "sandbox-dizlee-auth-key"}, "dizlee listen --tls-cert "+certificateFile+" --tls-key "+keyFile, nil)
	p, env := startSandbox(t, "--mo-to", l.url+"/mo", "--callback-ca", authorityFile)
	assert.Equal(t, 200, post(t.Context(), t, env["DING_BASE_URL"]+"/_sandbox/mo", `{"sender":"`+subscriber+`","destination":"1234","text":"HELP"}`))
	require.NoError(t, p.Process.Signal(os.Interrupt))
	assert.Equal(t, 0, p.end(t).code)
	r := l.ends()
	assert.Equal(t, 0, r.code, r.err)
	assert.Contains(t, r.out, "HELP")
}

func TestListeningThatCannotWorkIsWrongUsage(t *testing.T) {
	env := environment{"DIZLEE_AUTH_KEY": authKey, "DING_API_KEY": dingKey}
	directory := t.TempDir()
	for line, says := range map[string]string{
		"ding listen --tls-cert x":                               "tls-key",
		"dizlee listen --tls-cert " + directory + " --tls-key x": "--tls-cert and --tls-key: ",
		"ding listen --allow 300.0.0.1":                          "no network",
		"--sandbox ding listen":                                  "airtime sandbox",
		"--sandbox dizlee listen":                                "airtime sandbox",
		"ding listen --addr nowhere":                             "nowhere",
		"ding listen --no-journal --journal j":                   "choose one",
		"ding listen --journal " + directory:                     "journal",
		"dizlee listen --drop-repeats -1s":                       "--drop-repeats",
	} {
		r := airtime(t, env, line)
		assert.Equal(t, 2, r.code, "%s: %s", line, r.err)
		assert.Contains(t, r.err, says, line)
		assert.Empty(t, r.out)
	}
	for line, env := range map[string]environment{
		"dizlee listen":               {},
		"ding listen":                 {},
		"dizlee listen --json":        {"DIZLEE_AUTH_KEY": "a key"},
		"ding listen --no-read-back":  {"DING_WEBHOOK_SECRET": "a/b"},
		"ding listen --addr :0 -v=no": {"DING_API_KEY": dingKey},
	} {
		assert.Equal(t, 2, airtime(t, env, line).code, line)
	}
}

// fullPipe is a pipe that takes nothing more until it is read.
func fullPipe(t *testing.T) (reader, writer *os.File) {
	t.Helper()
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = reader.Close(), writer.Close() })
	require.NoError(t, writer.SetWriteDeadline(time.Now().Add(50*time.Millisecond)))
	for chunk := bytes.Repeat([]byte("\n"), 4096); err == nil; {
		_, err = writer.Write(chunk)
	}
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	return reader, writer
}

// TestWhatAListenerIsKilledInTheMidstOfIsPrintedByTheNext kills it while its stdout is not read, so that the event is not out.
func TestWhatAListenerIsKilledInTheMidstOfIsPrintedByTheNext(t *testing.T) {
	env := environment{"DING_BASE_URL": "http://127.0.0.1:1"}.withState(t)
	_, writer := fullPipe(t)
	p := startTo(t, env, writer, "ding", "listen", "--no-read-back", "--json", "--addr", "127.0.0.1:0")
	require.Eventually(t, func() bool { return listensAt.MatchString(p.err.String()) }, 20*time.Second, 5*time.Millisecond)
	sent := make(chan struct{}, 1)
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { sent <- struct{}{} }})
	answered := make(chan int, 1)
	go func() { answered <- post(ctx, t, listensAt.FindStringSubmatch(p.err.String())[1], complete) }()
	<-sent
	requireNoted(t, filepath.Join(env["XDG_STATE_HOME"], "airtime", "journal.db"))
	require.NoError(t, p.Process.Signal(syscall.SIGKILL))
	assert.Zero(t, <-answered, "it was not printed, so it was not answered")
	p.end(t)

	l := listens(t, env, "ding listen --no-read-back --json", nil)
	for range 2 {
		assert.Equal(t, 200, post(t.Context(), t, l.url, complete))
	}
	assert.Equal(t, 1, strings.Count(l.ends().out, `"R-1"`))
}

// requireNoted waits until a journal holds a notification that is being taken.
func requireNoted(t *testing.T, path string) {
	t.Helper()
	require.Eventually(t, func() bool {
		journal, err := sqlite.Open(path)
		require.NoError(t, err)
		defer journal.Close()
		_, found, err := journal.Get(t.Context(), facade.Key{
			Scope: "ding http://localhost:1", Operation: "TransferNotification", Reference: `"R-1" "77" Complete`,
		})
		return err == nil && found
	}, 20*time.Second, 20*time.Millisecond)
}
