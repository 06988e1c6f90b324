// A call that moves money makes exactly one attempt, and gives net/http nothing to make another of.

package pipeline

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMoneyMakesOneAttemptWhateverTheVerdict(t *testing.T) {
	for _, row := range []struct {
		name    string
		status  int
		verdict Verdict
	}{
		{"accepted", 200, Verdict{}},
		{"refused", 400, Verdict{Err: io.EOF}},
		{"worth another attempt", 503, Verdict{Err: io.EOF, Retry: true}},
		{"too many requests", 429, Verdict{Err: io.EOF, Retry: true}},
		{"a stale token", 401, Verdict{Err: io.EOF, StaleToken: true}},
		{"a stale token, worth another attempt", 401, Verdict{Err: io.EOF, StaleToken: true, Retry: true}},
		{"accepted, and all flags set", 200, Verdict{StaleToken: true, Retry: true}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				credentials := &renewable{}
				r := newRig(t, scripted(t, respond(row.status, "{}", "Retry-After", "1")), func(s *Settings) { s.Credentials = credentials })
				got, err := r.send(t.Context(), func(call *Call) {
					money(testURL)(call)
					call.Judge = func(Answer) Verdict { return row.verdict }
				})
				assert.Equal(t, row.verdict.Err, err)
				assert.Equal(t, 1, got.Attempt)
				require.Len(t, r.attempts, 1)
				assert.False(t, r.attempts[0].Repeated)
				assert.Equal(t, row.verdict.StaleToken, credentials.forgotten.Load() == 1, "the next call gets a fresh token")
			})
		})
	}
}

func TestNoRequestCanBeReplayed(t *testing.T) {
	build := func(ctx context.Context) (*http.Request, error) {
		request, err := post(testURL, `{"SendValue":1.00}`)(ctx)
		request.Header.Set("Idempotency-Key", "1")
		request.Header.Set("X-Idempotency-Key", "1")
		return request, err
	}
	for _, row := range []struct {
		name  string
		money bool
	}{{"money", true}, {"a read", false}} {
		t.Run(row.name, func(t *testing.T) {
			var sent *http.Request
			var body []byte
			r := newRig(t, roundTripper(func(request *http.Request) (*http.Response, error) {
				sent = request
				body, _ = io.ReadAll(request.Body)
				return respond(200, ""), nil
			}), nil)
			_, err := r.send(t.Context(), func(call *Call) { call.Build, call.Money = build, row.money })
			require.NoError(t, err)
			assert.JSONEq(t, `{"SendValue":1.00}`, string(body))
			assert.Nil(t, sent.GetBody)
			assert.Empty(t, sent.Header.Get("Idempotency-Key"))
			assert.Empty(t, sent.Header.Get("X-Idempotency-Key"))
			assert.Equal(t, int64(18), sent.ContentLength, "the length is known, so the body isn't chunked")
		})
	}
}

// hangUpOnSecond answers the first request of a connection and reads the second one whole before it hangs up, as a
// server whose keep-alive time-out ran out does.
func hangUpOnSecond(t *testing.T, requests *atomic.Int64) func(net.Conn) {
	return func(connection net.Conn) {
		reader := bufio.NewReader(connection)
		for number := 1; number <= 2; number++ {
			request, err := http.ReadRequest(reader)
			if err != nil {
				return
			}
			_, err = io.Copy(io.Discard, request.Body)
			assert.NoError(t, err)
			requests.Add(1)
			if number == 1 {
				_, _ = fmt.Fprint(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
			}
		}
	}
}

func TestMoneyArrivesOnceOnAReusedConnection(t *testing.T) {
	var requests atomic.Int64
	url := rawServer(t, hangUpOnSecond(t, &requests))
	r := newRig(t, ownTransport(t), nil)
	_, err := r.send(t.Context(), func(call *Call) { call.Build = get(url) })
	require.NoError(t, err)

	got, err := r.send(t.Context(), money(url))
	require.Error(t, err)
	assert.Equal(t, Lost, got.Failure)
	assert.Equal(t, int64(2), requests.Load(), "one read and one money call")
}

// TestNetHTTPReplaysAReadOnAReusedConnection is the counter-proof: the same server, and a request that net/http takes
// for repeatable.
func TestNetHTTPReplaysAReadOnAReusedConnection(t *testing.T) {
	var requests atomic.Int64
	url := rawServer(t, hangUpOnSecond(t, &requests))
	r := newRig(t, ownTransport(t), nil)
	for range 2 {
		_, err := r.send(t.Context(), func(call *Call) { call.Build = get(url) })
		require.NoError(t, err)
	}
	assert.Equal(t, int64(3), requests.Load())
	assert.Len(t, r.attempts, 2, "without an attempt of ours")
}
