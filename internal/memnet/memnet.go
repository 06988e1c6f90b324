// Package memnet is a network in memory, for tests: real sockets keep a testing/synctest bubble from telling that everybody
// waits, and its time from passing.
package memnet

import (
	"context"
	"net"
	"sync"
)

// Listener is a [net.Listener] whose connections are made by its Dial. In a bubble it has to be made there.
type Listener struct {
	connections chan net.Conn
	closed      chan struct{}
	once        sync.Once
}

// Listen returns a listener at no address in particular.
func Listen() *Listener {
	return &Listener{connections: make(chan net.Conn), closed: make(chan struct{})}
}

// Accept waits for a connection; after Close, its error is [net.ErrClosed].
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case connection := <-l.connections:
		return connection, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept and Dial; connections stay.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr is the same for all listeners.
func (l *Listener) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }

// Dial connects to the listener, whatever the address: it fits into an http.Transport as its DialContext. It waits until the
// connection is accepted.
func (l *Listener) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.connections <- far:
		return near, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
