// What became of a request that brought no answer: whether the service can have seen it decides whether money may have
// moved.

package pipeline

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// refused is where nobody listens, on any machine.
const refused = "http://127.0.0.1:1"

// readThen reads one request whole and then does something else than answering it.
func readThen(t *testing.T, react func(connection net.Conn, request *http.Request)) string {
	return rawServer(t, func(connection net.Conn) {
		request, err := http.ReadRequest(bufio.NewReader(connection))
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, request.Body)
		react(connection, request)
	})
}

// tlsServer has a certificate that nobody knows, and complains about those who don't like it to nobody.
func tlsServer(t *testing.T) *httptest.Server {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func write(text string) func(net.Conn, *http.Request) {
	return func(connection net.Conn, _ *http.Request) { _, _ = io.WriteString(connection, text) }
}

func TestARequestIsLostOnlyIfItMayHaveLeft(t *testing.T) {
	withTLS := tlsServer(t)
	ended, end := context.WithCancel(t.Context())
	end()
	for _, row := range []struct {
		name      string
		ctx       context.Context
		url       string
		transport http.RoundTripper
		failure   Failure
		is        error
	}{
		{name: "nobody listens", url: refused, failure: NotSent, is: syscall.ECONNREFUSED},
		{name: "the certificate is unknown", url: withTLS.URL, failure: NotSent},
		{name: "the server speaks no TLS", url: "https" + readThen(t, write("HTTP/1.1 400 Bad Request\r\n\r\n"))[len("http"):], failure: NotSent},
		{name: "the dialler fails", url: testURL, transport: &http.Transport{
			DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, io.ErrNoProgress },
		}, failure: NotSent, is: io.ErrNoProgress},
		{name: "the proxy is unusable", url: testURL, transport: &http.Transport{
			Proxy: func(*http.Request) (*url.URL, error) { return nil, io.ErrNoProgress },
		}, failure: NotSent, is: io.ErrNoProgress},
		{name: "the context had ended before", ctx: ended, url: testURL, failure: NotSent, is: context.Canceled},
		{name: "the context had ended before, behind a foreign transport", ctx: ended, url: testURL, transport: scripted(t), failure: NotSent, is: context.Canceled},
		{name: "the server hangs up after reading", url: readThen(t, write("")), failure: Lost, is: io.EOF},
		{name: "the server resets the connection after reading", url: readThen(t, func(connection net.Conn, _ *http.Request) {
			_ = connection.(*net.TCPConn).SetLinger(0)
		}), failure: Lost, is: syscall.ECONNRESET},
		{name: "the server answers half a head", url: readThen(t, write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n")), failure: Lost, is: io.ErrUnexpectedEOF},
		{name: "the server speaks no HTTP", url: readThen(t, write("220 mail.example ESMTP\r\n")), failure: Lost},
		{name: "a foreign transport fails", url: testURL, transport: roundTripper(func(*http.Request) (*http.Response, error) {
			return nil, io.ErrNoProgress
		}), failure: Lost, is: io.ErrNoProgress},
		{name: "a foreign transport says that nobody listens", url: testURL, transport: roundTripper(func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		}), failure: Lost, is: syscall.ECONNREFUSED},
		{name: "a wrapped transport fails to dial", url: refused, transport: roundTripper(http.DefaultTransport.RoundTrip), failure: Lost, is: syscall.ECONNREFUSED},
		{name: "a transport that can be seen through fails to dial", url: refused, transport: transparent{transparent{nil}}, failure: NotSent, is: syscall.ECONNREFUSED},
		{name: "the server hangs up on a transport that can be seen through", url: readThen(t, write("")), transport: transparent{ownTransport(t)}, failure: Lost, is: io.EOF},
		{name: "a foreign transport fails within one that can be seen through", url: testURL, transport: transparent{roundTripper(func(*http.Request) (*http.Response, error) {
			return nil, io.ErrNoProgress
		})}, failure: Lost, is: io.ErrNoProgress},
		{name: "a registered protocol reads the body and fails", url: testURL, transport: registered(func(request *http.Request) (*http.Response, error) {
			_, _ = io.Copy(io.Discard, request.Body)
			return nil, io.ErrNoProgress
		}), failure: Lost, is: io.ErrNoProgress},
	} {
		t.Run(row.name, func(t *testing.T) {
			transport := row.transport
			if transport == nil {
				transport = ownTransport(t)
			}
			ctx := row.ctx
			if ctx == nil {
				ctx = t.Context()
			}
			r := newRig(t, transport, nil)
			got, err := r.send(ctx, money(row.url))
			require.Error(t, err)
			assert.Equal(t, row.failure, got.Failure, "%v", err)
			assert.Zero(t, got.Status)
			if row.is != nil {
				require.ErrorIs(t, err, row.is)
			}
			assertNothingSecret(t, r, err)
		})
	}
}

// transparent passes everything on as it is.
type transparent struct{ next http.RoundTripper }

func (t transparent) RoundTrip(request *http.Request) (*http.Response, error) {
	return transportOf(&http.Client{Transport: t.next}).RoundTrip(request)
}

func (t transparent) Wrapped() http.RoundTripper { return t.next }

// registered is an *http.Transport that hands http over to somebody else, as is done for HTTP/3.
func registered(protocol roundTripper) *http.Transport {
	transport := &http.Transport{}
	transport.RegisterProtocol("http", protocol)
	return transport
}

func TestARequestThatCannotBeBuiltIsNotSent(t *testing.T) {
	r := newRig(t, scripted(t), nil)
	got, err := r.send(t.Context(), func(call *Call) {
		call.Money = true
		call.Build = func(context.Context) (*http.Request, error) { return nil, io.ErrNoProgress }
	})
	require.ErrorIs(t, err, io.ErrNoProgress)
	assert.Equal(t, NotSent, got.Failure)
}

func TestACancelledWaitIsLost(t *testing.T) {
	closing := errors.New("the window was closed")
	for _, row := range []struct {
		name  string
		cause error
	}{{"without a cause", nil}, {"with a cause of the caller's own", closing}} {
		t.Run(row.name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			url := readThen(t, func(connection net.Conn, _ *http.Request) {
				cancel(row.cause)
				_, _ = connection.Read(make([]byte, 1))
			})
			r := newRig(t, ownTransport(t), nil)
			got, err := r.send(ctx, money(url))
			require.ErrorIs(t, err, context.Canceled)
			assert.Equal(t, Lost, got.Failure)
			if row.cause != nil {
				assert.ErrorContains(t, err, row.cause.Error())
			}
		})
	}
}

// TestAnErrorNeverQuotesTheRequest holds for servers that repeat what they got where net/http quotes it, and for
// transports that name the URL.
func TestAnErrorNeverQuotesTheRequest(t *testing.T) {
	echo := func(format string) func(net.Conn, *http.Request) {
		return func(connection net.Conn, request *http.Request) {
			_, _ = fmt.Fprintf(connection, format, request.URL.RawQuery, request.Header.Get("Api_key"))
		}
	}
	query := "?accountNumber=" + testAccount
	for _, row := range []struct {
		name      string
		transport http.RoundTripper
		url       string
	}{
		{name: "the status line repeats it", url: readThen(t, echo("%s %s\r\n\r\n")) + query},
		{name: "a header line repeats it", url: readThen(t, echo("HTTP/1.1 200 OK\r\n%s %s\r\n\r\n")) + query},
		{name: "the status code repeats it", url: readThen(t, echo("HTTP/1.1 %s%s OK\r\n\r\n")) + query},
		{name: "a header's name repeats it", url: readThen(t, echo("HTTP/1.1 200 OK\r\n%s%s: x\r\n\r\n")) + query},
		{name: "the length repeats it", url: readThen(t, echo("HTTP/1.1 200 OK\r\nContent-Length: %s%s\r\n\r\n")) + query},
		{name: "the encoding repeats it", url: readThen(t, echo("HTTP/1.1 200 OK\r\nTransfer-Encoding: %s%s\r\n\r\n")) + query},
		{name: "a chunk repeats it", url: readThen(t, echo("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s%s\r\n")) + query},
		{name: "a transport names the URL twice", url: testURL, transport: roundTripper(func(request *http.Request) (*http.Response, error) {
			inner := &url.Error{Op: "Get", URL: request.URL.String(), Err: io.ErrNoProgress}
			return nil, fmt.Errorf("gave up: %w", &url.Error{Op: "Get", URL: request.URL.String(), Err: inner})
		})},
		{name: "a transport names the request in its own words", url: testURL, transport: roundTripper(func(request *http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("%w at %s with %v", context.DeadlineExceeded, request.URL.Query()["accountNumber"], request.Header)
		})},
		{name: "a transport names the key alone", url: testURL, transport: roundTripper(func(*http.Request) (*http.Response, error) {
			return nil, errors.New(testKey)
		})},
	} {
		t.Run(row.name, func(t *testing.T) {
			transport := row.transport
			if transport == nil {
				transport = ownTransport(t)
			}
			r := newRig(t, transport, func(s *Settings) { s.Retry.MaxAttempts = 1 })
			got, err := r.send(t.Context(), func(call *Call) { call.Build = get(row.url) })
			require.Error(t, err)
			assert.Equal(t, Lost, got.Failure)
			for cause := err; cause != nil; cause = errors.Unwrap(cause) {
				assertNothingSecret(t, r, cause)
			}
		})
	}
}

func TestAHiddenErrorKeepsTheEndOfTheContext(t *testing.T) {
	r := newRig(t, roundTripper(func(*http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("for %s: %w", testAccount, context.DeadlineExceeded)
	}), func(s *Settings) { s.Retry.MaxAttempts = 1 })
	_, err := r.send(t.Context(), nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assertNothingSecret(t, r, err)
}

// TestAReadThatIsResetIsNotHammered: over HTTP/2, net/http repeats a read for as long as the server resets it.
func TestAReadThatIsResetIsNotHammered(t *testing.T) {
	for _, row := range http2Spoilers[1:] {
		t.Run(row.name, func(t *testing.T) {
			server := newRawHTTP2(t, 1000, row.spoil)
			r := newRig(t, server.transport(t), func(s *Settings) { s.Retry.MaxAttempts = 1 })
			got, err := r.send(t.Context(), func(call *Call) { call.Build = post(server.url, "{}") })
			if row.replayed && got.Failure == None {
				assert.Fail(t, "the server's patience ran out first")
			}
			require.Error(t, err)
			assert.Equal(t, Lost, got.Failure)
			assert.LessOrEqual(t, server.requests.Load(), int64(mostConnections))
			assertNothingSecret(t, r, err)
		})
	}
}

func TestTLSIsChecked(t *testing.T) {
	server := tlsServer(t)
	r := newRig(t, ownTransport(t), func(s *Settings) { s.Retry.MaxAttempts = 1 })
	_, err := r.send(t.Context(), func(call *Call) { call.Build = get(server.URL) })
	var unverified *tls.CertificateVerificationError
	require.ErrorAs(t, err, &unverified, "the cause stays reachable")
}
