package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/sandbox"
)

const deferR1 = sendR1 + " --defer"

// clocked is boxed with a clock that the test moves: what is deferred stays on its way until it is skipped.
func clocked(t *testing.T) (*sandbox.Sandbox, *skippingClock, environment) {
	t.Helper()
	clock := &skippingClock{}
	box, err := sandbox.New(sandbox.WithClock(clock.now))
	require.NoError(t, err)
	t.Cleanup(func() { _ = box.Close() })
	env := environment{"XDG_STATE_HOME": t.TempDir()}
	for _, line := range box.Environment(serveRaw(t, box.ServeHTTP)) {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	return box, clock, env
}

func TestADeferredTransferIsPrintedAsSubmitted(t *testing.T) {
	box, clock, env := clocked(t)
	r := airtime(t, env, deferR1+" --correlation-id corr-1")
	require.Equal(t, 0, r.code, r.err)
	assert.Regexp(t, `State +Submitted`, r.out)
	assert.Regexp(t, `Correlation id +corr-1`, r.out)
	assert.Contains(t, r.err, "accepted and still Submitted; follow it with: airtime ding transfers --ref R-1; it stays open in the journal")

	again := airtime(t, env, deferR1)
	assert.Equal(t, 0, again.code, again.err)
	assert.Contains(t, again.err, "R-1 was left open at ")
	assert.NotContains(t, again.out, "Correlation id", "the first call's is not known any more")
	assert.Equal(t, 2, airtime(t, env, sendR1).code, "sent plainly it is another request")

	clock.skip(sandbox.DeferDelay)
	ended := airtime(t, env, deferR1)
	assert.Equal(t, 0, ended.code, ended.err)
	assert.Regexp(t, `State +Complete`, ended.out)
	assert.Contains(t, airtime(t, env, deferR1).err, "nothing was sent: this is the transfer as the journal has it")
	assert.Len(t, box.Payments(), 1)
}

func TestADeferredTransferAsJSONHasTheCorrelationIDItWasSentWith(t *testing.T) {
	box, _, env := clocked(t)
	server := serve(t, box.ServeHTTP)
	r := airtime(t, env.with("DING_BASE_URL", server.URL), deferR1+" --json")
	require.Equal(t, 0, r.code, r.err)
	var record map[string]any
	require.NoError(t, json.Unmarshal([]byte(r.out), &record))
	assert.Equal(t, "Submitted", record["ProcessingState"])
	sent := server.seen()[0].header
	assert.Equal(t, "DeferTransfer", sent.Get("X-Options"))
	assert.Equal(t, sent.Get("X-Correlation-Id"), record["correlationId"])
	assert.NotEmpty(t, record["correlationId"])
}

func TestADeferralWithoutConfirmOnlyValidates(t *testing.T) {
	box, _, env := clocked(t)
	server := serve(t, box.ServeHTTP)
	r := airtime(t, env.with("DING_BASE_URL", server.URL), strings.TrimSuffix(sendR1, "--confirm")+"--defer --await")
	require.Equal(t, 0, r.code, r.err)
	assert.Contains(t, r.err, "validated only: nothing was paid")
	assert.Empty(t, server.seen()[0].header.Get("X-Options"))
	assert.Empty(t, box.Payments())
}

func TestWhatADeferralCannotBeIsWrongUsage(t *testing.T) {
	_, _, env := clocked(t)
	for _, flags := range []string{" --await --await-timeout 0s", " --correlation-id \x01"} {
		assert.Equal(t, 2, airtime(t, env, deferR1+flags).code, flags)
		assert.Equal(t, 2, airtime(t, env, strings.TrimSuffix(sendR1, "--confirm")+flags).code, flags)
	}
}

func TestRecoverShowsADeferredTransferUntilItsEndIsKnown(t *testing.T) {
	_, clock, env := clocked(t)
	require.Equal(t, 0, airtime(t, env, deferR1).code)
	for range 2 {
		all := recoveredBy(t, env, recoverDing, 0)
		require.Len(t, all, 1)
		assert.Equal(t, "accepted", all[0]["outcome"])
		assert.Equal(t, true, all[0]["open"])
		assert.Equal(t, "Submitted", all[0]["record"].(map[string]any)["ProcessingState"])
	}
	r := airtime(t, env, recoverDing)
	assert.Equal(t, 0, r.code, r.err)
	assert.Regexp(t, `^R-1: accepted, Submitted \(Ding's reference \d+\), deferred: it stays open until its end is known\n$`, r.out)
	assert.Contains(t, r.err, "1 of 1 are accepted and on their way; see later what became of them, with: airtime ding recover")

	clock.skip(sandbox.DeferDelay)
	all := recoveredBy(t, env, recoverDing, 0)
	require.Len(t, all, 1)
	assert.NotContains(t, all[0], "open")
	assert.Empty(t, recoveredBy(t, env, recoverDing, 0))
}

func TestAwaitPrintsTheFinalRecord(t *testing.T) {
	t.Parallel() // the first look is made after two seconds
	box, clock, env := clocked(t)
	env["DING_BASE_URL"] = serveRaw(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/ListTransferRecords") {
			clock.skip(sandbox.DeferDelay)
		}
		box.ServeHTTP(w, r)
	})
	r := airtime(t, env, deferR1+" --await --correlation-id corr-1")
	require.Equal(t, 0, r.code, r.err)
	assert.Regexp(t, `^State +Complete`, r.out)
	assert.Regexp(t, `Correlation id +corr-1`, r.out)
	assert.Contains(t, r.err, "R-1 is accepted and Submitted")
	assert.Contains(t, r.err, "correlation id corr-1); waiting for its end, for up to 15m0s")
	assert.Empty(t, recoveredBy(t, env, recoverDing, 0), "the end is in the journal")
}

func TestAnAwaitThatEndsEarlyIsUnknown(t *testing.T) {
	tests := []struct{ name, flags, next string }{
		{"with a journal", "", "it stays open in the journal until its end is known, by airtime ding listen or by: airtime ding recover"},
		{"without", " --no-journal", "follow it with: airtime ding transfers --ref R-1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			box, _, env := clocked(t)
			r := airtime(t, env, deferR1+" --await --await-timeout 1ms --json"+tt.flags)
			assert.Equal(t, 4, r.code)
			assert.Empty(t, r.out)
			failure := failureOf(t, r)
			assert.Equal(t, "AwaitTransfer", failure["operation"])
			assert.Equal(t, "unknown", failure["outcome"])
			assert.Equal(t, "R-1", failure["reference"])
			assert.Contains(t, failure["next"], tt.next)
			assert.NotEmpty(t, failure["correlationId"])
			assert.Len(t, box.Payments(), 0, "it is not made yet")
		})
	}
	r := airtime(t, nil, "--sandbox "+deferR1+" --await --await-timeout 1ms")
	assert.Equal(t, 4, r.code)
	assert.Contains(t, r.err, "R-1 cannot be followed up")
}

func TestAnInterruptedAwaitIsUnknown(t *testing.T) {
	_, _, env := clocked(t)
	ctx, cancel := context.WithCancel(t.Context())
	var stdout, stderr lockedBuffer
	code := make(chan int)
	go func() {
		code <- run(ctx, append(strings.Fields(deferR1), "--await"), func(name string) string { return env[name] }, &stdout, notifyOn(&stderr, "waiting for its end", cancel))
	}()
	assert.Equal(t, 4, <-code)
	assert.Contains(t, stderr.String(), "context canceled")
	assert.Contains(t, stderr.String(), "airtime ding recover")
}

// notifyOn is a writer that calls once it has written a text.
func notifyOn(to io.Writer, text string, call func()) io.Writer {
	return writerFunc(func(p []byte) (int, error) {
		n, err := to.Write(p)
		if strings.Contains(string(p), text) {
			call()
		}
		return n, err
	})
}

type writerFunc func([]byte) (int, error)

func (w writerFunc) Write(p []byte) (int, error) { return w(p) }

func TestALostAnswerToADeferredTransferIsLookedUp(t *testing.T) {
	box, _, env := clocked(t)
	inject(t, box, sandbox.Fault{Kind: sandbox.DropConnection, When: sandbox.AfterWork, Operation: "SendTransfer", Count: 1})
	r := airtime(t, env, deferR1)
	assert.Equal(t, 0, r.code, r.err)
	assert.Contains(t, r.err, "the outcome was found out")
	assert.Regexp(t, `State +Submitted`, r.out)

	inject(t, box, unlisted, sandbox.Fault{Kind: sandbox.DropConnection, When: sandbox.AfterWork, Operation: "SendTransfer"})
	lost := airtime(t, env, strings.Replace(deferR1, "R-1", "R-2", 1)+" --no-journal")
	assert.Equal(t, 4, lost.code)
	assert.Contains(t, lost.err, "wait 90 seconds, then look with: airtime ding transfers --ref R-2")
	assert.NotContains(t, lost.err, "resume", "which sends plainly")
}

func TestARefusalAfterAnAwaitSaysWhereToSeeIt(t *testing.T) {
	refused := usagef("stands for a refusal") // any outcome but unknown
	a := newApp(func(string) string { return "" }, io.Discard, io.Discard)
	record := withID("R-1", "77")
	assert.EqualError(t, a.afterAwait(refused, &record, settling{}, deferral{deferred: true}), "stands for a refusal; see it with: airtime ding transfers --ref R-1")
}
