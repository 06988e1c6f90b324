// How an answer is read: within a time, within a bound, and with its status kept whatever happens to its body.

package pipeline

import (
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
)

// silent reads the request and never answers.
func silent(_ http.ResponseWriter, request *http.Request) {
	// Only then does net/http's server notice that the client has gone.
	_, _ = io.Copy(io.Discard, request.Body)
	<-request.Context().Done()
}

// dribbling sends a byte a second, for as long as anybody reads.
func dribbling(w http.ResponseWriter, request *http.Request) {
	for {
		if _, err := io.WriteString(w, " "); err != nil {
			return
		}
		if http.NewResponseController(w).Flush() != nil {
			return
		}
		select {
		case <-request.Context().Done():
			return
		case <-time.After(time.Second):
		}
	}
}

func TestAnAttemptEndsInTime(t *testing.T) {
	for _, row := range []struct {
		name    string
		handler http.HandlerFunc
		money   bool
		policy  facade.RetryPolicy
		// parent is the time-out of the caller's context; 0 means none.
		parent time.Duration
		want   time.Duration
		status int
		ours   bool
	}{
		{"a read that nobody answers", silent, false, facade.RetryPolicy{}, 0, time.Minute, 0, true},
		{"money that nobody answers", silent, true, facade.RetryPolicy{}, 0, 2 * time.Minute, 0, true},
		{"a read with a time-out of its own", silent, false, facade.RetryPolicy{ReadTimeout: 5 * time.Second}, 0, 5 * time.Second, 0, true},
		{"money with a time-out of its own", silent, true, facade.RetryPolicy{MoneyTimeout: 95 * time.Second}, 0, 95 * time.Second, 0, true},
		{"a body that dribbles for ever", dribbling, false, facade.RetryPolicy{ReadTimeout: 5500 * time.Millisecond}, 0, 5500 * time.Millisecond, 200, true},
		{"money whose answer dribbles for ever", dribbling, true, facade.RetryPolicy{}, 0, 2 * time.Minute, 200, true},
		{"a caller with less patience", silent, true, facade.RetryPolicy{}, 3 * time.Second, 3 * time.Second, 0, false},
		{"a caller with less patience for a body", dribbling, false, facade.RetryPolicy{}, 3500 * time.Millisecond, 3500 * time.Millisecond, 200, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				row.policy.MaxAttempts = 1
				r := newRig(t, inMemory(t, row.handler), func(s *Settings) { s.Retry = row.policy })
				ctx := t.Context()
				if row.parent > 0 {
					limited, cancel := context.WithTimeout(ctx, row.parent)
					defer cancel()
					ctx = limited
				}
				start := time.Now()
				got, err := r.send(ctx, func(call *Call) { call.Money = row.money })

				require.ErrorIs(t, err, context.DeadlineExceeded)
				assert.Equal(t, row.ours, strings.Contains(err.Error(), "the attempt's time-out passed"), "%v", err)
				assert.Equal(t, Lost, got.Failure)
				assert.Equal(t, row.status, got.Status)
				assert.Equal(t, row.want, time.Since(start))
				assert.Equal(t, row.want, got.Duration)
			})
		})
	}
}

func TestEveryAttemptHasTheWholeTimeOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, inMemory(t, silent), func(s *Settings) {
			s.Retry = facade.RetryPolicy{MaxAttempts: 3, ReadTimeout: 5 * time.Second}
		})
		_, err := r.send(t.Context(), nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Len(t, r.attempts, 3)
		for _, attempt := range r.attempts {
			assert.Equal(t, 5*time.Second, attempt.Duration)
		}
	})
}

func TestABodyIsBounded(t *testing.T) {
	const bound = 1 << 20
	zeros := make([]byte, 1<<16)
	endless := func(w io.Writer) {
		for {
			if _, err := w.Write(zeros); err != nil {
				return
			}
		}
	}
	exactly := func(size int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, size)) }
	}
	for _, row := range []struct {
		name    string
		handler http.HandlerFunc
		failure Failure
		size    int
	}{
		{"no body", exactly(0), None, 0},
		{"as much as the bound", exactly(bound), None, bound},
		{"a byte more", exactly(bound + 1), TooLarge, bound + 1},
		{"without end", func(w http.ResponseWriter, _ *http.Request) { endless(w) }, TooLarge, bound + 1},
		{"without end once decompressed", func(w http.ResponseWriter, request *http.Request) {
			assert.Equal(t, "gzip", request.Header.Get("Accept-Encoding"))
			w.Header().Set("Content-Encoding", "gzip")
			endless(gzip.NewWriter(w))
		}, TooLarge, bound + 1},
		{"without end under an error's status", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			endless(w)
		}, TooLarge, bound + 1},
		{"far larger than it claims to be", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1099511627776")
			endless(w)
		}, TooLarge, bound + 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := newRig(t, inMemory(t, row.handler), func(s *Settings) { s.Retry.MaxAttempts = 1 })
			got, err := r.send(t.Context(), func(call *Call) { call.MaxBody = bound })
			assert.Equal(t, row.failure, got.Failure)
			assert.Equal(t, row.failure == None, err == nil)
			assert.NotZero(t, got.Status)
			assert.Len(t, got.Body, row.size)
		})
	}
}

func TestABrokenBodyKeepsItsStatus(t *testing.T) {
	for _, row := range []struct {
		name, answer string
		status       int
		body         string
	}{
		{"shorter than it claims to be", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 100\r\n\r\n{\"a\":", 502, `{"a":`},
		{"nothing of what it claims to be", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", 200, ""},
		{"without its last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n", 200, `{"a":`},
		{"with a chunk that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 200, ""},
		{"compressed and cut off", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 100\r\n\r\n\x1f\x8b", 200, ""},
		{"compressed, it says", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n{\"a\":true}", 200, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			url := readThen(t, write(row.answer))
			r := newRig(t, ownTransport(t), nil)
			got, err := r.send(t.Context(), money(url))
			require.Error(t, err)
			assert.Equal(t, Lost, got.Failure)
			assert.Equal(t, row.status, got.Status)
			assert.Equal(t, row.body, string(got.Body))
			assert.ErrorContains(t, err, "the body broke off")
		})
	}
}

// TestASwitchOfProtocolsDoesNotHang: net/http makes the naked connection the body, from which a read would never end.
func TestASwitchOfProtocolsDoesNotHang(t *testing.T) {
	url := readThen(t, func(connection net.Conn, _ *http.Request) {
		_, _ = io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: tunnel\r\n\r\n")
		_, _ = connection.Read(make([]byte, 1))
	})
	r := newRig(t, ownTransport(t), nil)
	got, err := r.send(t.Context(), money(url))
	require.Error(t, err)
	assert.Equal(t, 101, got.Status)
	assert.Empty(t, got.Body)
}

func TestTheHeadIsHandedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var head *http.Response
		r := newRig(t, scripted(t, respond(503, "busy", "X-Turn", "first"), respond(200, "{}", "X-Turn", "second")), nil)
		got, err := r.send(t.Context(), func(call *Call) { call.Head = &head })
		require.NoError(t, err)
		require.NotNil(t, head)
		assert.Equal(t, 200, head.StatusCode)
		assert.Equal(t, "second", head.Header.Get("X-Turn"), "the last answer's")
		assert.Nil(t, head.Request, "whose header holds the credentials")
		body, err := io.ReadAll(head.Body)
		require.NoError(t, err)
		assert.Empty(t, body)
		head.Header.Set("X-Turn", "changed")
		assert.Equal(t, "second", got.Header.Get("X-Turn"), "the head is a copy")
	})
}

func TestTheHeadIsLeftAloneWithoutAnAnswer(t *testing.T) {
	var head *http.Response
	r := newRig(t, ownTransport(t), nil)
	_, err := r.send(t.Context(), func(call *Call) {
		money(refused)(call)
		call.Head = &head
	})
	require.Error(t, err)
	assert.Nil(t, head)
}
