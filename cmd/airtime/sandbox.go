// The sandbox: embedded for one run (--sandbox, demo), or served until interrupted (airtime sandbox).

package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/sandbox"
)

// served is a sandbox behind a listener.
type served struct {
	*sandbox.Sandbox
	server *http.Server
	// url is the root of the sandbox, and failed what Serve ended with.
	url    string
	failed chan error
}

// serveSandbox starts a sandbox at an address, such as 127.0.0.1:0.
func serveSandbox(address string, opts ...sandbox.Option) (*served, error) {
	box, err := sandbox.New(opts...)
	if err != nil {
		return nil, usagef("the sandbox cannot be made: %s", err)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, usagef("the sandbox cannot be served at %s: %s", address, err)
	}
	s := &served{
		Sandbox: box,
		server:  &http.Server{Handler: box, ReadHeaderTimeout: 10 * time.Second},
		url:     "http://" + reachable(listener.Addr()),
		failed:  make(chan error, 1),
	}
	go func() { s.failed <- s.server.Serve(listener) }()
	return s, nil
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

// embedSandbox starts the sandbox of this run.
func (a *app) embedSandbox() (*served, error) {
	s, err := serveSandbox("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, func() { _ = s.server.Close() })
	return s, nil
}

// environment returns the variables that lead to the sandbox.
func (s *served) environment() []field {
	var variables []field
	for _, line := range s.Environment(s.url) {
		name, value, _ := strings.Cut(line, "=")
		variables = append(variables, field{name, value})
	}
	return variables
}

func (s *served) getenv(name string) string {
	for _, variable := range s.environment() {
		if variable.name == name {
			return variable.value
		}
	}
	return ""
}

const sandboxLong = `Serve a sandbox of DingConnect, its identity provider and Dizlee until interrupted. What to export is printed on stdout,
everything else on stderr. In one terminal:

  airtime sandbox > sandbox.env

and in another:

  . ./sandbox.env
  airtime ding balance

Faults are injected over HTTP, and /_sandbox/ledger tells what was really paid. The documentation of package sandbox lists
the kinds:

  curl -d '{"kind":"DropConnection","when":"AfterWork","operation":"SendTransfer","count":1}' http://127.0.0.1:8645/_sandbox/faults
  curl http://127.0.0.1:8645/_sandbox/ledger

Like DingConnect, it answers so many requests of a method in ten minutes, and those beyond with RateLimited and when to come
back. A successful payment resets that, and --no-usage-limits switches it off.

The sandbox keeps everything in memory. It speaks plain http, so it should stay on a loopback address.`

func newSandbox(a *app) *cobra.Command {
	var (
		address   string
		seed      uint64
		unlimited bool
	)
	command := &cobra.Command{Use: "sandbox", Short: "Serve a sandbox of both services", Long: sandboxLong, Args: cobra.NoArgs}
	command.Flags().StringVar(&address, "addr", "127.0.0.1:8645", "`address` to listen at; port 0 takes any that is free")
	command.Flags().Uint64Var(&seed, "seed", 1, "`number` that references, tokens and PINs are derived from")
	command.Flags().BoolVar(&unlimited, "no-usage-limits", false, "answer any number of requests")
	command.RunE = a.moves(func(ctx context.Context, _ []string) error {
		opts := []sandbox.Option{sandbox.WithSeed(seed)}
		if unlimited {
			opts = append(opts, sandbox.WithoutUsageLimits())
		}
		s, err := serveSandbox(address, opts...)
		if err != nil {
			return err
		}
		if err := a.printEnvironment(s.environment()); err != nil {
			_ = s.server.Close()
			return err
		}
		a.notice("serving the sandbox at %s until interrupted", s.url)
		a.flush()
		return s.until(ctx)
	})
	return command
}

// printEnvironment prints lines for a POSIX shell, or one object.
func (a *app) printEnvironment(variables []field) error {
	if a.json {
		object := make(map[string]string, len(variables))
		for _, variable := range variables {
			object[variable.name] = variable.value
		}
		return a.printJSON(object)
	}
	var text strings.Builder
	for _, variable := range variables {
		text.WriteString("export " + variable.name + "=" + quote(variable.value) + "\n")
	}
	return a.print([]byte(text.String()))
}

// until serves until the context ends, and then lets requests under way finish.
func (s *served) until(ctx context.Context) error {
	select {
	case err := <-s.failed:
		return &outcomeError{outcome: facade.OutcomeTemporary, message: "the sandbox stopped: " + err.Error()}
	case <-ctx.Done():
	}
	const patience = 5 * time.Second
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := s.server.Shutdown(ending); err != nil {
		_ = s.server.Close()
	}
	if err := <-s.failed; !errors.Is(err, http.ErrServerClosed) {
		return &outcomeError{outcome: facade.OutcomeTemporary, message: "the sandbox stopped: " + err.Error()}
	}
	return nil
}
