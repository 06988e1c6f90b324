// What the two commands have in common that listen for callbacks: where they listen, and how they print what comes.

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/airtime-go/airtime/facade"
)

// How long a receiver waits for others. A delivery may be read back for 20 seconds and be printed for 30 more.
const (
	headerTimeout  = 10 * time.Second
	readTimeout    = 20 * time.Second
	answerTimeout  = 75 * time.Second
	idleTimeout    = 2 * time.Minute
	longestHeaders = 64 << 10
)

// listening is where a command listens.
type listening struct {
	address           string
	certificate, key  string
	what, addressHint string
}

const tlsHelp = `
Without --tls-cert and --tls-key this speaks plain http, which is for loopback addresses, or for behind a proxy that speaks https.`

const printsHelp = `Each is printed as it comes, a line each, and with --json as one object a line. It is answered with 200 only once it has
been printed: what this program is killed in the midst of was not answered, and is printed when it comes again. What is refused, and
why, is told on stderr. It listens until interrupted, and then finishes what it is taking. If stdout cannot be written, it ends with
exit code 3.`

func (l *listening) define(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&l.address, "addr", l.addressHint, "`address` to listen at; port 0 takes any that is free")
	flags.StringVar(&l.certificate, "tls-cert", "", "`file` with the certificate to speak https with, in PEM, its chain after it")
	flags.StringVar(&l.key, "tls-key", "", "`file` with the certificate's key, in PEM")
	command.MarkFlagsRequiredTogether("tls-cert", "tls-key")
}

// check refuses what cannot work, before anything is opened.
func (l *listening) check(a *app) error {
	if a.sandbox {
		return usagef("a sandbox of this run's own would have nobody to send anything: run airtime sandbox beside it")
	}
	return nil
}

func (l *listening) certificates() ([]tls.Certificate, error) {
	if l.certificate == "" {
		return nil, nil
	}
	certificate, err := tls.LoadX509KeyPair(l.certificate, l.key)
	if err != nil {
		return nil, usagef("--tls-cert and --tls-key: %s", oneLine(err.Error()))
	}
	return []tls.Certificate{certificate}, nil
}

// run serves until interrupted, or until something could not be printed.
func (l *listening) run(ctx context.Context, a *app, p *eventPrinter, handler http.Handler) error {
	certificates, err := l.certificates()
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: answerTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: longestHeaders, ErrorLog: slog.NewLogLogger(a.warnings().Handler(), slog.LevelWarn),
	}
	at, err := bind("the listener", l.address, server, certificates...)
	if err != nil {
		return err
	}
	defer at.close()
	ctx, p.broken = context.WithCancelCause(ctx)
	defer p.broken(nil)
	if err := p.head(); err != nil {
		return err
	}
	at.start()
	a.notice("listening for %s at %s/ until interrupted", l.what, at.url)
	a.flush()
	if err := at.until(ctx, answerTimeout); err != nil {
		return err
	}
	if problem, ok := context.Cause(ctx).(*outcomeError); ok {
		return problem
	}
	return nil
}

// warnings is the logger of what is refused or fails; with -v, of everything.
func (a *app) warnings() *slog.Logger {
	if a.verbose {
		return a.logger()
	}
	return a.loggerFrom(slog.LevelWarn)
}

// eventPrinter prints events as they come. It may be used by several goroutines: each event is one write.
type eventPrinter struct {
	app     *app
	columns []string
	// widths are those that the columns have at least.
	widths []int
	// broken is told that nothing can be printed any more.
	broken context.CancelCauseFunc
}

// head prints the titles.
func (p *eventPrinter) head() error {
	if p.app.json {
		return nil
	}
	return p.line(p.columns)
}

// print prints one event: the object, or for people the values.
func (p *eventPrinter) print(event any, values ...string) (err error) {
	if p.app.json {
		err = p.app.printLine(event)
	} else {
		err = p.line(values)
	}
	if facade.OutcomeOf(err) == facade.OutcomeTemporary {
		p.broken(err) // it was not the event's fault, so that the next one would fail too
	}
	return err
}

func (p *eventPrinter) line(values []string) error {
	var text strings.Builder
	for i, value := range values {
		fmt.Fprintf(&text, "%-*s  ", p.widths[i], oneLine(value))
	}
	return p.app.print([]byte(strings.TrimRight(text.String(), " ") + "\n"))
}

// secretsOf returns what the two variables hold: a secret, and the one that replaces it or is replaced by it.
func secretsOf(getenv func(string) string, variable string) []string {
	var secrets []string
	for _, name := range []string{variable, variable + "_2"} {
		if secret := getenv(name); secret != "" {
			secrets = append(secrets, secret)
		}
	}
	return secrets
}
