// The gateway: how clients that have the names of the services built in reach the sandbox.

package sandbox

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Gateway is a listener that speaks http and https on one port, HTTP/2 included, and a handler that is also a proxy to the
// sandbox for the names of [Hosts], and to nothing else. A client with these names built in is led here by HTTPS_PROXY, by
// /etc/hosts or by an option of its own, trusts [Certificate].CAPEM, and runs as it is:
//
//	certificate, err := sandbox.NewCertificate(sandbox.Hosts()...)
//	gateway := sandbox.NewGateway(listener, sb, certificate)
//	server := &http.Server{Handler: gateway}
//	err = server.Serve(gateway)
type Gateway struct {
	listener net.Listener
	handler  http.Handler
	tls      *tls.Config

	begun    sync.Once
	accepted chan accepted
	closing  sync.Once
	closed   chan struct{}
}

// accepted is what Accept returns.
type accepted struct {
	conn net.Conn
	err  error
}

// greeting is how long a client may take to say its first byte.
const greeting = 10 * time.Second

// NewGateway returns a gateway to a handler, which is a [Sandbox] as a rule.
func NewGateway(listener net.Listener, handler http.Handler, certificate *Certificate) *Gateway {
	return &Gateway{
		listener: listener, handler: handler,
		tls: &tls.Config{
			Certificates: []tls.Certificate{certificate.TLS}, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12,
		},
		accepted: make(chan accepted), closed: make(chan struct{}),
	}
}

// Addr returns the listener's address.
func (g *Gateway) Addr() net.Addr { return g.listener.Addr() }

// Close ends Accept.
func (g *Gateway) Close() error {
	g.closing.Do(func() { close(g.closed) })
	return g.listener.Close()
}

// Accept returns the next connection of which it is known whether it is one of TLS. An error is the listener's own.
func (g *Gateway) Accept() (net.Conn, error) {
	g.begun.Do(func() { go g.listen() })
	select {
	case next := <-g.accepted:
		return next.conn, next.err
	case <-g.closed:
		return nil, net.ErrClosed
	}
}

// listen goes on after an error, which may be one that passes; whoever calls Accept decides.
func (g *Gateway) listen() {
	for {
		c, err := g.listener.Accept()
		if err == nil {
			go g.greet(c)
			continue
		}
		select {
		case g.accepted <- accepted{err: err}:
		case <-g.closed:
			return
		}
	}
}

// greet looks at the first byte that a client says, which tells TLS from anything else.
func (g *Gateway) greet(c net.Conn) {
	const handshake = 0x16 // the content type of a TLS record, RFC 8446, section 5.1
	_ = c.SetReadDeadline(time.Now().Add(greeting))
	reader := bufio.NewReader(c)
	first, err := reader.Peek(1)
	if err != nil {
		_ = c.Close()
		return
	}
	_ = c.SetReadDeadline(time.Time{})
	var heard net.Conn = conn{c, reader}
	if first[0] == handshake {
		heard = tls.Server(heard, g.tls)
	}
	select {
	case g.accepted <- accepted{conn: heard}:
	case <-g.closed:
		_ = c.Close()
	}
}

// conn is a connection of which something has been read already.
type conn struct {
	net.Conn
	reader io.Reader
}

func (c conn) Read(p []byte) (int, error) { return c.reader.Read(p) }

// ServeHTTP is the proxy for CONNECT, and the handler for everything else. Like any proxy it also takes whole URLs.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		g.handler.ServeHTTP(w, r)
		return
	}
	if !slices.Contains(Hosts(), nameOf(r.Host)) {
		http.Error(w, fmt.Sprintf("the sandbox is a proxy to %q only", Hosts()), http.StatusForbidden)
		return
	}
	c, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "CONNECT needs HTTP/1.1", http.StatusNotImplemented)
		return
	}
	if _, err := io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		_ = c.Close()
		return
	}
	go g.greet(conn{c, buffered.Reader})
}
