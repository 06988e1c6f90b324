// The sandbox: embedded for one run (--sandbox, demo), or served until interrupted (airtime sandbox).

package main

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/airtime-go/airtime/sandbox"
	"github.com/airtime-go/airtime/sandbox/page"
)

// served is a sandbox behind a listener.
type served struct {
	*sandbox.Sandbox
	*serving
}

// serveSandbox starts a sandbox at an address, such as 127.0.0.1:0.
func serveSandbox(address string, opts ...sandbox.Option) (*served, error) {
	return serveSandboxAs(nil, address, opts...)
}

// serveSandboxAs starts one that, given a certificate, is also reached under the names of the services.
func serveSandboxAs(certificate *sandbox.Certificate, address string, opts ...sandbox.Option) (*served, error) {
	box, err := sandbox.New(opts...)
	if err != nil {
		return nil, usagef("the sandbox cannot be made: %s", messageOf(err))
	}
	handler := page.Around(box)
	at, err := bind("the sandbox", address, &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second})
	if err != nil {
		_ = box.Close()
		return nil, err
	}
	if certificate != nil {
		gateway := sandbox.NewGateway(at.listener, handler, certificate)
		at.server.Handler, at.listener = gateway, gateway
	}
	// A message that is being delivered is a request to the sandbox too, which would not end by itself.
	at.ending = func() { _ = box.Close() }
	at.start()
	return &served{Sandbox: box, serving: at}, nil
}

// embedSandbox starts the sandbox of this run.
func (a *app) embedSandbox(opts ...sandbox.Option) (*served, error) {
	s, err := serveSandbox("127.0.0.1:0", opts...)
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, s.close)
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

Open the address in a browser to see live what your programs do to it, to inject faults and to send inbound SMS by hand; the
documentation of both services is there too, and can be tried out.

Callbacks go to --notify and --mo-to: the ends of deferred transfers, and what a subscriber writes, which is said over HTTP. A
receiver is called by https, or by http on a loopback address. --callback-cert makes a certificate for it:

  airtime sandbox --notify https://localhost:8646/ --mo-to https://localhost:8647/ --callback-cert cert > sandbox.env
  airtime ding listen --tls-cert cert/cert.pem --tls-key cert/key.pem
  airtime dizlee listen --tls-cert cert/cert.pem --tls-key cert/key.pem
  airtime ding send --sku GB_AB_TopUp --value 5.00 --account 447700900123 --ref order-1 --defer --confirm
  curl -d '{"sender":"9647701234567","destination":"1234","text":"STOP"}' http://127.0.0.1:8645/_sandbox/mo
  curl http://127.0.0.1:8645/_sandbox/notifications        # what was delivered, and how it was answered
  curl -d '{"url":"http://127.0.0.1:8646/","twice":true,"shuffle":"5s"}' http://127.0.0.1:8645/_sandbox/notifications

Like DingConnect, it answers so many requests of a method in ten minutes, and those beyond with RateLimited and when to come
back. A successful payment resets that, and --no-usage-limits switches it off.

DingConnect's Swagger document is at /swagger/docs/v1, for generators; Postman collections of both services are at
/postman/ding.json and /postman/dizlee.json.

With --tls, the sandbox is also api.dingconnect.com, www.dingconnect.com and idp.ding.com, by https and http on the same port, for
clients with these names built in; Dizlee, which has no name of its own, is dizlee.test. What such a client needs is printed
on stderr: to trust the authority in --ca-file, which is made anew at each start, and to be led here.

The sandbox keeps everything in memory. It lets everybody in who can reach it, so it should stay on a loopback address.`

func newSandbox(a *app) *cobra.Command {
	var (
		address, caFile   string
		seed              uint64
		unlimited, byName bool
		callbacks         callbackFlags
	)
	command := &cobra.Command{Use: "sandbox", Short: "Serve a sandbox of both services", Long: sandboxLong, Args: cobra.NoArgs}
	command.Flags().StringVar(&address, "addr", "127.0.0.1:8645", "`address` to listen at; port 0 takes any that is free")
	command.Flags().Uint64Var(&seed, "seed", 1, "`number` that references, tokens and PINs are derived from")
	command.Flags().BoolVar(&unlimited, "no-usage-limits", false, "answer any number of requests")
	command.Flags().BoolVar(&byName, "tls", false, "play the services under their own names too, by https")
	command.Flags().StringVar(&caFile, "ca-file", "sandbox-ca.pem", "`file` to write the authority to that --tls is vouched for by")
	callbacks.define(command)
	command.RunE = a.moves(func(ctx context.Context, _ []string) error {
		if !byName && command.Flags().Changed("ca-file") {
			return usagef("--ca-file needs --tls")
		}
		opts, err := callbacks.options()
		if err != nil {
			return err
		}
		opts = append(opts, sandbox.WithSeed(seed))
		if unlimited {
			opts = append(opts, sandbox.WithoutUsageLimits())
		}
		certificate, err := certificateFor(byName)
		if err != nil {
			return err
		}
		s, err := serveSandboxAs(certificate, address, opts...)
		if errors.Is(err, syscall.EADDRINUSE) {
			return usagef("%s: is another sandbox running? --addr 127.0.0.1:0 takes any free port", err)
		}
		if err != nil {
			return err
		}
		defer s.close()
		if err := writeAuthority(certificate, caFile); err != nil {
			return err
		}
		if err := a.printEnvironment(s.environment()); err != nil {
			return err
		}
		if byName {
			a.notice("%s", byNameText(s.url, caFile))
		}
		a.notice("serving the sandbox, and a page to watch it, at %s until interrupted", s.url)
		a.flush()
		return s.until(ctx, 5*time.Second)
	})
	return command
}

// callbackFlags say where the sandbox delivers its callbacks, and whose certificates it believes there.
type callbackFlags struct {
	notify, messages      string
	authority, certifying string
}

func (c *callbackFlags) define(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&c.notify, "notify", "", "`URL` that is told how deferred transfers end")
	flags.StringVar(&c.messages, "mo-to", "", "`URL` that gets what subscribers write")
	flags.StringVar(&c.authority, "callback-ca", "", "`file` with the authority that vouches for the receivers' certificates, in PEM, in place of the system's")
	flags.StringVar(&c.certifying, "callback-cert", "", "`directory` to write cert.pem, key.pem and ca.pem into: a new certificate for receivers on loopback addresses, which the sandbox believes")
	command.MarkFlagsMutuallyExclusive("callback-ca", "callback-cert")
}

func (c *callbackFlags) options() ([]sandbox.Option, error) {
	authorities, err := c.authorities()
	if err != nil {
		return nil, err
	}
	var opts []sandbox.Option
	if c.notify != "" {
		opts = append(opts, sandbox.WithNotifications(sandbox.Receiver{URL: c.notify, RootCAs: authorities}))
	}
	if c.messages != "" {
		opts = append(opts, sandbox.WithSMSMO(sandbox.Receiver{URL: c.messages, RootCAs: authorities}))
	}
	return opts, nil
}

// authorities are nil for the system's.
func (c *callbackFlags) authorities() (*x509.CertPool, error) {
	switch {
	case c.certifying != "":
		return certify(c.certifying)
	case c.authority == "":
		return nil, nil
	}
	written, err := os.ReadFile(c.authority)
	if err != nil {
		return nil, usagef("--callback-ca: %s", err)
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(written) {
		return nil, usagef("--callback-ca: there is no certificate in PEM in %s", c.authority)
	}
	return authorities, nil
}

// certify writes a certificate for loopback addresses, and returns who vouches for it.
func certify(directory string) (*x509.CertPool, error) {
	made, err := sandbox.NewCertificate()
	if err != nil {
		return nil, usagef("--callback-cert: %s", err)
	}
	err = os.MkdirAll(directory, 0o700)
	for name, text := range map[string][]byte{"cert.pem": made.CertificatePEM, "key.pem": made.KeyPEM, "ca.pem": made.CAPEM} {
		if err == nil {
			err = os.WriteFile(filepath.Join(directory, name), text, 0o600)
		}
	}
	if err != nil {
		return nil, usagef("--callback-cert: %s", err)
	}
	return made.RootCAs, nil
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
