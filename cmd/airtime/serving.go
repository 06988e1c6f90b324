// What listens at an address until it is interrupted: the sandbox, and the receivers of callbacks.

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/airtime-go/airtime/facade"
)

// serving is a server behind a listener.
type serving struct {
	// what it is, for people.
	what     string
	server   *http.Server
	listener net.Listener
	// url is its root, and failed what Serve ended with.
	url    string
	failed chan error
	// ending is done before the server stops; nil for nothing.
	ending func()
}

// bind takes an address, such as 127.0.0.1:0, for a server; it is by https, if there is a certificate.
func bind(what, address string, server *http.Server, certificates ...tls.Certificate) (*serving, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, &outcomeError{outcome: facade.OutcomeUsage, message: fmt.Sprintf("%s cannot be served at %s: %s", what, address, err), cause: err}
	}
	scheme := "http://"
	if len(certificates) > 0 {
		scheme = "https://"
		server.TLSConfig = &tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS12}
	}
	return &serving{what: what, server: server, listener: listener, url: scheme + reachable(listener.Addr()), failed: make(chan error, 1)}, nil
}

// start serves. Who came before has waited.
func (s *serving) start() {
	go func() {
		if s.server.TLSConfig == nil {
			s.failed <- s.server.Serve(s.listener)
		} else {
			s.failed <- s.server.ServeTLS(s.listener, "", "")
		}
	}()
}

// close ends it at once.
func (s *serving) close() {
	if s.ending != nil {
		s.ending()
	}
	_ = s.server.Close()
	_ = s.listener.Close()
}

// reachable is where a client on this machine finds a listener: one on all addresses is on the loopback one too.
func reachable(address net.Addr) string {
	tcp, ok := address.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		loopback := *tcp
		loopback.IP, loopback.Zone = net.IPv4(127, 0, 0, 1), ""
		return loopback.String()
	}
	return address.String()
}

// until serves until the context ends, and then lets requests under way finish, for so long at most.
func (s *serving) until(ctx context.Context, patience time.Duration) error {
	select {
	case err := <-s.failed:
		return s.stopped(err)
	case <-ctx.Done():
	}
	if s.ending != nil {
		s.ending()
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := s.server.Shutdown(ending); err != nil {
		_ = s.server.Close()
	}
	if err := <-s.failed; !errors.Is(err, http.ErrServerClosed) {
		return s.stopped(err)
	}
	return nil
}

func (s *serving) stopped(err error) error {
	return &outcomeError{outcome: facade.OutcomeTemporary, message: s.what + " stopped: " + err.Error()}
}
