// Tests of senders, and of functions, that take their time: in virtual time, over connections in memory.

package inbound_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/internal/inbound"
	"github.com/airtime-go/airtime/internal/memnet"
)

// connect serves the handler in a bubble until the test ends, and returns what makes connections to it.
func connect(t *testing.T, handler http.Handler) func() net.Conn {
	listener := memnet.Listen()
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return func() net.Conn {
		near, err := listener.Dial(t.Context(), "", "")
		require.NoError(t, err)
		t.Cleanup(func() { _ = near.Close() })
		return near
	}
}

// drip sends text byte by byte, for as long as anybody reads.
func drip(connection net.Conn, text string, every time.Duration) {
	for i := range len(text) {
		time.Sleep(every)
		if _, err := connection.Write([]byte{text[i]}); err != nil {
			return
		}
	}
}

// head is that of a delivery of so many bytes as it says.
func head(length string) string {
	return "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: " + length + "\r\n\r\n"
}

// answerFrom reads the answer, and returns when it came.
func answerFrom(t *testing.T, connection net.Conn, begun time.Time) (answered, time.Duration) {
	t.Helper()
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	require.NoError(t, err)
	return whole(t, answer), time.Since(begun)
}

func TestASlowBodyIsWaitedForAndNotForEver(t *testing.T) {
	for name, tc := range map[string]struct {
		limits inbound.Limits
		body   string
		every  time.Duration
		status int
		after  time.Duration
	}{
		"slow":                   {inbound.Limits{}, `{"a":1}`, time.Second, 200, 7 * time.Second},
		"too slow":               {inbound.Limits{}, `{"a":1}`, 2 * time.Second, 408, 10 * time.Second},
		"too slow for a handler": {inbound.Limits{Read: 3 * time.Second}, `{"a":1}`, time.Second, 408, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &receiver{Limits: tc.limits}
				connection, begun := connect(t, h)(), time.Now()
				var sender sync.WaitGroup
				sender.Go(func() {
					_, _ = io.WriteString(connection, head("7"))
					drip(connection, tc.body, tc.every)
				})
				got, after := answerFrom(t, connection, begun)
				sender.Wait()
				assert.Equal(t, tc.status, got.status)
				assert.Equal(t, tc.after, after)
				if tc.status == http.StatusRequestTimeout {
					assert.Contains(t, got.body, "longer than "+tc.after.String())
					assert.Empty(t, h.taken)
				}
			})
		})
	}
}

func TestWhoIsNotAdmittedIsToldAtOnceHoweverSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &receiver{admit: func() error { return inbound.Refuse(http.StatusUnauthorized, "who are you?") }}
		connection, begun := connect(t, h)(), time.Now()
		_, err := io.WriteString(connection, head("7"))
		require.NoError(t, err)
		got, after := answerFrom(t, connection, begun)
		assert.Equal(t, http.StatusUnauthorized, got.status)
		assert.Zero(t, after)
		assert.True(t, errors.Is(untilClosed(connection), io.EOF))
		assert.LessOrEqual(t, time.Since(begun), inbound.DefaultRead+time.Second, "it does not keep the connection either")
	})
}

func untilClosed(connection net.Conn) error {
	_, err := connection.Read(make([]byte, 1))
	return err
}

func TestASenderWhoHangsUpCutsNothingInHalf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		h := &receiver{take: func(ctx context.Context) error {
			assert.Equal(t, "the request's", ctx.Value(valueKey{}))
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Second):
			}
			ended <- ctx.Err()
			return ctx.Err()
		}}
		connection := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), valueKey{}, "the request's")))
			assert.Error(t, r.Context().Err(), "the sender has gone")
		}))()
		_, err := io.WriteString(connection, head("2")+"{}")
		require.NoError(t, err)
		synctest.Wait()
		_ = connection.Close()
		assert.NoError(t, <-ended)
		synctest.Wait()
		assert.Equal(t, []error{nil}, h.errs)
	})
}

type valueKey struct{}

func TestTheDeadlineOfTheBodyIsNotThatOfTheFunction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &receiver{take: func(context.Context) error { time.Sleep(25 * time.Second); return nil }}
		connection, begun := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(w, r)
			assert.NoError(t, r.Context().Err(), "the sender is still there")
		}))(), time.Now()
		for range 2 { // over the same connection
			_, err := io.WriteString(connection, head("2")+"{}")
			require.NoError(t, err)
			got, _ := answerFrom(t, connection, begun)
			assert.Equal(t, 200, got.status)
		}
		assert.Equal(t, 50*time.Second, time.Since(begun))
	})
}

func TestAFunctionThatHangsIsToldToEnd(t *testing.T) {
	for limit, want := range map[time.Duration]time.Duration{0: 30 * time.Second, time.Minute: time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			h := &receiver{Limits: inbound.Limits{Take: limit}, take: func(ctx context.Context) error {
				<-ctx.Done()
				return ctx.Err()
			}}
			connection, begun := connect(t, h)(), time.Now()
			_, err := io.WriteString(connection, head("2")+"{}")
			require.NoError(t, err)
			got, after := answerFrom(t, connection, begun)
			assert.Equal(t, 500, got.status)
			assert.Equal(t, want, after)
			assert.ErrorIs(t, h.errs[0], context.DeadlineExceeded)
		})
	}
}
