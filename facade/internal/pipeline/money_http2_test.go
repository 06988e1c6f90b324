// A money call over HTTP/2 arrives exactly once, whatever the server does to its stream. The server here is raw, since
// the one of net/http never resets a stream that it has read.

package pipeline

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// rawHTTP2 reads whole requests, counts them, and treats each as spoil says. Once it has seen more than patience, it
// answers, so that a client that replays comes to an end.
type rawHTTP2 struct {
	url      string
	client   *tls.Config
	patience int64
	spoil    func(framer *http2.Framer, stream uint32) (hangUp bool)
	requests atomic.Int64
}

func newRawHTTP2(t *testing.T, patience int64, spoil func(*http2.Framer, uint32) bool) *rawHTTP2 {
	t.Helper()
	certified := httptest.NewTLSServer(http.NotFoundHandler())
	certified.Close()
	s := &rawHTTP2{patience: patience, spoil: spoil}
	s.client = certified.Client().Transport.(*http.Transport).TLSClientConfig.Clone()

	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: certified.TLS.Certificates, NextProtos: []string{"h2"}})
	require.NoError(t, err)
	s.url = "https://" + listener.Addr().String()
	var mu sync.Mutex
	var open []net.Conn
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, connection)
			mu.Unlock()
			serving.Go(func() {
				defer connection.Close()
				s.serve(connection)
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		mu.Lock()
		for _, connection := range open {
			_ = connection.Close()
		}
		mu.Unlock()
		serving.Wait()
	})
	return s
}

func (s *rawHTTP2) transport(t *testing.T) *http.Transport {
	transport := &http.Transport{TLSClientConfig: s.client.Clone(), ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

func (s *rawHTTP2) serve(connection net.Conn) {
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(connection, preface); err != nil || string(preface) != http2.ClientPreface {
		return
	}
	framer := http2.NewFramer(connection, connection)
	if framer.WriteSettings() != nil {
		return
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return
		}
		ended := false
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() && framer.WriteSettingsAck() != nil {
				return
			}
		case *http2.HeadersFrame:
			ended = frame.StreamEnded()
		case *http2.DataFrame:
			ended = frame.StreamEnded()
		}
		if !ended {
			continue
		}
		if s.requests.Add(1) > s.patience {
			answer(framer, frame.Header().StreamID)
		} else if s.spoil(framer, frame.Header().StreamID) {
			return
		}
	}
}

func answer(framer *http2.Framer, stream uint32) {
	var block bytes.Buffer
	_ = hpack.NewEncoder(&block).WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
	_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: true})
}

func reset(code http2.ErrCode) func(*http2.Framer, uint32) bool {
	return func(framer *http2.Framer, stream uint32) bool {
		_ = framer.WriteRSTStream(stream, code)
		return false
	}
}

// http2Spoilers are the ways in which a server can throw away a request that it has read. Replayed says whether
// net/http sends such a request again if it can rewind the body: that is how we know that the test can fail.
var http2Spoilers = []struct {
	name     string
	spoil    func(*http2.Framer, uint32) bool
	replayed bool
}{
	{"the stream is refused", reset(http2.ErrCodeRefusedStream), true},
	{"the stream is reset for a protocol error", reset(http2.ErrCodeProtocol), true},
	{"the stream is reset for an internal error", reset(http2.ErrCodeInternal), false},
	{"the stream is cancelled", reset(http2.ErrCodeCancel), false},
	{"the server goes away and disowns the stream", func(framer *http2.Framer, stream uint32) bool {
		_ = framer.WriteGoAway(stream-1, http2.ErrCodeNo, []byte("api_key: "+testKey))
		return true
	}, true},
	{"the server goes away with the stream in work", func(framer *http2.Framer, stream uint32) bool {
		_ = framer.WriteGoAway(stream, http2.ErrCodeNo, []byte("api_key: "+testKey))
		return true
	}, false},
	{"the connection breaks", func(*http2.Framer, uint32) bool { return true }, false},
}

func TestMoneyArrivesOnceOverHTTP2(t *testing.T) {
	for _, row := range http2Spoilers {
		t.Run(row.name, func(t *testing.T) {
			server := newRawHTTP2(t, 1, row.spoil)
			r := newRig(t, server.transport(t), nil)
			got, err := r.send(t.Context(), money(server.url))

			require.Error(t, err)
			assert.Equal(t, int64(1), server.requests.Load(), "requests that the server read")
			assert.Equal(t, Lost, got.Failure)
			assert.Len(t, r.attempts, 1)
			assertNothingSecret(t, r, err)
		})
	}
}

// TestNetHTTPReplaysWhatItCanRewind is the counter-proof: the same requests with GetBody come twice at those servers.
func TestNetHTTPReplaysWhatItCanRewind(t *testing.T) {
	for _, row := range http2Spoilers {
		t.Run(row.name, func(t *testing.T) {
			server := newRawHTTP2(t, 1, row.spoil)
			client := &http.Client{Transport: server.transport(t)}
			request, err := post(server.url, "{}")(t.Context())
			require.NoError(t, err)
			require.NotNil(t, request.GetBody)
			response, err := client.Do(request)
			if err == nil {
				_ = response.Body.Close()
			}
			assert.Equal(t, row.replayed, err == nil)
			assert.Equal(t, row.replayed, server.requests.Load() == 2)
		})
	}
}

// TestMoneyArrivesOnceOnAWarmHTTP2Connection covers the path that net/http takes for a connection in its pool.
func TestMoneyArrivesOnceOnAWarmHTTP2Connection(t *testing.T) {
	var warm atomic.Bool
	server := newRawHTTP2(t, 2, func(framer *http2.Framer, stream uint32) bool {
		if !warm.Swap(true) {
			answer(framer, stream)
			return false
		}
		return reset(http2.ErrCodeRefusedStream)(framer, stream)
	})
	r := newRig(t, server.transport(t), nil)
	_, err := r.send(t.Context(), func(call *Call) { call.Build = get(server.url) })
	require.NoError(t, err)
	got, err := r.send(context.Background(), money(server.url))
	require.Error(t, err)
	assert.Equal(t, Lost, got.Failure)
	assert.Equal(t, int64(2), server.requests.Load(), "one read and one money call")
}
