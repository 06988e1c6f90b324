package main

import (
	"context"
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
	assert.Equal(t, "unknown", failureOf(t, r)["outcome"])
	assert.Len(t, server.seen(), 1)
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
		{says(502, htmlPage), sendTransfer + " --confirm", 4},
	}
	for _, tt := range tests {
		server := serve(t, tt.answer)
		assert.Equal(t, tt.code, start(t, servedAt(server.URL), strings.Fields(tt.line)...).end(t).code, tt.line)
	}
}
