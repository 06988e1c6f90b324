package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hangs answers only once the caller has gone, and says when a request has arrived.
func hangs(t *testing.T) (*scripted, <-chan struct{}) {
	arrived := make(chan struct{}, 16)
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
	})
	return server, arrived
}

func TestAnInterruptedCallEndsAtOnce(t *testing.T) {
	for line, code := range map[string]int{
		"ding balance": 3, sendTransfer: 3, sendTransfer + " --confirm": 4, "ding cancel --ref R-1 --confirm": 4,
		chargeCommand + " --confirm": 4, smsCommand + " --confirm": 4,
	} {
		server, arrived := hangs(t)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-arrived
			cancel()
		}()
		r := airtimeArgs(ctx, t, servedAt(server.URL), strings.Fields(line)...)
		assert.Equal(t, code, r.code, "%s: %s", line, r.err)
		assert.Contains(t, r.err, "context canceled")
	}
}

func TestASignalDuringATransferReportsAnUnknownOutcome(t *testing.T) {
	server, arrived := hangs(t)
	p := start(t, servedAt(server.URL), append(strings.Fields(sendTransfer), "--confirm", "--json")...)
	<-arrived
	require.NoError(t, p.Process.Signal(os.Interrupt))
	r := p.end(t)
	assert.Equal(t, 4, r.code)
	failure := failureOf(t, r)
	assert.Equal(t, "unknown", failure["outcome"])
	assert.Equal(t, "R-1", failure["reference"])
	assert.Contains(t, failure["next"], "airtime ding recover")
	assert.Equal(t, 1, server.sent("SendTransfer"))
}

func TestTheProgramsExitCodes(t *testing.T) {
	tests := []struct {
		answer http.HandlerFunc
		line   string
		code   int
	}{
		{says(200, `{"ResultCode":1,"Balance":1}`), "ding balance", 0},
		{says(200, envelope(4, "ParameterInvalid", "")), "ding balance", 1},
		{says(200, ""), "ding balance --what", 2},
		{says(429, "", "Retry-After", "3600"), "ding balance", 3},
		{says(502, htmlPage), sendTransfer + " --confirm --settle-timeout 50ms", 4},
	}
	for _, tt := range tests {
		server := serve(t, tt.answer)
		assert.Equal(t, tt.code, start(t, servedAt(server.URL), strings.Fields(tt.line)...).end(t).code, tt.line)
	}
}

// listOf makes the answer of a transfer the only item of the list of transfers.
func listOf(answer string) string { return `{"ResultCode":1,"Items":[` + answer + `]}` }

// payer is DingConnect as far as one transfer goes: it pays each that it is sent, and answers once released.
func payer(t *testing.T) (server *scripted, paid <-chan struct{}, release func()) {
	t.Helper()
	taken, released := make(chan struct{}, 16), make(chan struct{})
	server = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/SendTransfer") {
			taken <- struct{}{}
			select {
			case <-released:
				says(200, complete)(w, r)
			case <-r.Context().Done():
			}
			return
		}
		says(200, listOf(complete))(w, r)
	})
	return server, taken, func() { close(released) }
}

func TestAfterAKillRecoverSettlesTheTransfer(t *testing.T) {
	for _, line := range []string{"ding recover", sendTransfer + " --confirm"} {
		server, paid, _ := payer(t)
		env := servedAt(server.URL).withState(t)
		p := start(t, env, append(strings.Fields(sendTransfer), "--confirm")...)
		<-paid
		require.NoError(t, p.Process.Kill())
		assert.NotEqual(t, 0, p.end(t).code)

		r := airtime(t, env, line)
		assert.Equal(t, 0, r.code, r.err)
		assert.Contains(t, r.out, "Complete")
		again := airtime(t, env, sendTransfer+" --confirm")
		assert.Equal(t, 0, again.code, again.err)
		assert.Contains(t, again.err, "nothing was sent")
		assert.Equal(t, 1, server.sent("SendTransfer"))
	}
}

func TestWhatALivingProcessIsAtWorkOnIsLeftAlone(t *testing.T) {
	server, paid, release := payer(t)
	env := servedAt(server.URL).withState(t)
	p := start(t, env, append(strings.Fields(sendTransfer), "--confirm")...)
	<-paid
	r := airtime(t, env, "ding recover")
	assert.Equal(t, 0, r.code, r.err)
	assert.Contains(t, r.err, "nothing is open")
	settle := airtime(t, env, "ding settle --ref R-1 --as unpaid")
	assert.NotEqual(t, 0, settle.code, "what is about to be sent is not unpaid yet")
	assert.Contains(t, settle.err, "work")
	same := airtime(t, env, sendTransfer+" --confirm")
	assert.Equal(t, 0, same.code, same.err)
	assert.Contains(t, same.err, "another process is at work on R-1")
	other := airtime(t, env, sendTransfer+" --confirm --currency USD")
	assert.Equal(t, 2, other.code, other.err)
	release()
	ended := p.end(t)
	assert.Equal(t, 0, ended.code, ended.err)
	assert.Equal(t, 1, server.sent("SendTransfer"))
}

func TestAfterAKillDizleeRecoverSettlesTheCharge(t *testing.T) {
	arrived := make(chan struct{}, 1)
	server := serve(t, answersOnce(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
	}, says(200, `{"status":"-305","statusDetail":"Duplicate Transaction"}`)))
	env := servedAt(server.URL).withState(t)
	p := start(t, env, append(strings.Fields(chargeCommand), "--confirm")...)
	<-arrived
	require.NoError(t, p.Process.Kill())
	p.end(t)
	r := airtime(t, env, "dizlee recover")
	assert.Equal(t, 0, r.code, r.err)
	assert.Contains(t, r.out, "C-1: accepted, charge, as the refusal of a duplicate shows")
}

// TestAgainstASandboxWithFaults drives two processes, of which one is told by its admin endpoints what has to go wrong.
func TestAgainstASandboxWithFaults(t *testing.T) {
	p, env := startSandbox(t)
	env = env.withState(t)
	admin := env["DING_BASE_URL"] + "/_sandbox/"
	post := func(fault string) {
		t.Helper()
		response, err := http.Post(admin+"faults", "application/json", strings.NewReader(fault))
		require.NoError(t, err)
		defer response.Body.Close()
		require.Equal(t, http.StatusCreated, response.StatusCode)
	}
	post(`{"kind":"ResetMidAnswer","when":"AfterWork","operation":"SendTransfer","reference":"R-1"}`)
	post(`{"kind":"HTML502","when":"AfterWork","operation":"Charge","count":1}`)
	r := start(t, env, strings.Fields(sendR1+" --settle-timeout 1s")...).end(t)
	assert.Equal(t, 0, r.code, r.err)
	r = start(t, env, strings.Fields(chargeCommand+" --confirm --settle-timeout 1s")...).end(t)
	assert.Equal(t, 0, r.code, r.err)

	response, err := http.Get(admin + "ledger")
	require.NoError(t, err)
	defer response.Body.Close()
	var ledger struct{ Payments, Charges []map[string]any }
	require.NoError(t, json.NewDecoder(response.Body).Decode(&ledger))
	assert.Len(t, ledger.Payments, 1)
	assert.Len(t, ledger.Charges, 1)
	require.NoError(t, p.Process.Signal(os.Interrupt))
	assert.Equal(t, 0, p.end(t).code)
}
