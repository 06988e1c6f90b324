// The root command: the flags that every command has, and how a command's work is wrapped.

package main

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// app is one run of the program: its surroundings and its global flags.
type app struct {
	getenv         func(string) string
	stdout, stderr *redactor

	json    bool
	sandbox bool
	verbose bool
	timeout time.Duration

	// running reports that a command's own work has begun: what fails before is wrong usage.
	running bool
	// held are lines for stderr that are printed if the run succeeds.
	held []func()
	// status is what stderr shows while something goes on.
	status statusLine
	// closers end what the command started, last first.
	closers []func()
}

func newApp(getenv func(string) string, stdout, stderr io.Writer) *app {
	a := &app{getenv: getenv, stdout: &redactor{to: stdout}, stderr: &redactor{to: stderr}}
	// A key can reach a message by way of the arguments before anything has been configured.
	a.stderr.hide(secretsIn(getenv))
	return a
}

func (a *app) close() {
	for len(a.closers) > 0 {
		last := len(a.closers) - 1
		a.closers[last]()
		a.closers = a.closers[:last]
	}
}

const rootLong = `airtime puts credit on phones through DingConnect ("ding") and takes credit from phones through Dizlee ("dizlee").

  airtime demo                     the whole story, against a sandbox, without an account anywhere
  airtime --sandbox ding products  any command against a sandbox of its own, fresh for that run

Environment (keys are never taken from flags):
  DING_API_KEY                                 or, where it is not set,
  DING_CLIENT_ID, DING_CLIENT_SECRET           with DING_TOKEN_URL or DING_ISSUER where they are not Ding's own
  DING_BASE_URL                                the host's root, instead of Ding's own
  DING_WEBHOOK_SECRET                          ends the path of the webhook (ding listen); DING_WEBHOOK_SECRET_2 serves too
  DIZLEE_API_KEY
  DIZLEE_BASE_URL                              the root of /charge, /refund and /sms, and instead of it or beside it
  DIZLEE_CHARGE_URL, DIZLEE_REFUND_URL, DIZLEE_SMS_URL
  DIZLEE_AGGREGATOR_ID, DIZLEE_MERCHANT_ID, DIZLEE_PRODUCT, DIZLEE_SUB_PRODUCT
  DIZLEE_AUTH_KEY                              what Dizlee presents to dizlee listen; DIZLEE_AUTH_KEY_2 serves too
  DIZLEE_MERCHANT_CODE                         ids must begin with it
  XDG_STATE_HOME                               where airtime/journal.db is kept, instead of ~/.local/state

What moves money is noted in that journal (or --journal FILE) before it leaves, and never sent again under its reference. A
lost answer is looked up for --settle-timeout. What a killed run left open, or what stayed unknown:
  airtime ding recover, airtime dizlee recover   find it out
  airtime ding settle, airtime dizlee settle     note what a person has found out
  airtime ding resume, airtime dizlee resume     go on with what no journal tells of

Output: tables for people; with --json, the service's own fields as JSON on stdout. Stderr then holds JSON only: one
object {"error":{…}} if the command failed, else lines with {"warning":{…}} or {"notice":{…}} if there is something to
say; with -v, and from listen, log entries before them.

Exit codes:
  0  done
  1  refused: the same request will be refused until something changes
  2  wrong usage or configuration; nothing was sent
  3  temporary: nothing moved, the same request may go through later (under a new reference, if the journal holds the old one)
  4  the outcome is unknown: money may have moved, look before sending again; the message has the reference and the next step`

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:           "airtime",
		Short:         "Top up phones (DingConnect) and charge them (Dizlee)",
		Long:          rootLong,
		Args:          cobra.ArbitraryArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(command *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(command, args)
			}
			return command.Help()
		},
	}
	flags := root.PersistentFlags()
	flags.BoolVar(&a.json, "json", false, "print JSON with the service's own field names")
	flags.BoolVar(&a.sandbox, "sandbox", false, "run against an embedded sandbox, fresh for this run, and ignore the environment")
	flags.DurationVar(&a.timeout, "timeout", 45*time.Second, "how long a command that reads may take in all; what moves money has two minutes for each attempt, and --settle-timeout")
	flags.BoolVarP(&a.verbose, "verbose", "v", false, "log attempts and repetitions to stderr")
	root.AddCommand(newDing(a), newDizlee(a), newSandbox(a), newDemo(a), newVersion(a))
	root.Version = readBuild(debug.ReadBuildInfo()).Version
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	return root
}

// newGroup makes a command that only holds others.
func newGroup(use, short, long string, commands ...*cobra.Command) *cobra.Command {
	group := &cobra.Command{
		Use:   use,
		Short: short,
		Long:  long,
		Args:  cobra.ArbitraryArgs,
		RunE: func(command *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("%s needs a command", command.CommandPath())
			}
			return unknownCommand(command, args)
		},
	}
	group.AddCommand(commands...)
	return group
}

func unknownCommand(command *cobra.Command, args []string) error {
	message := fmt.Sprintf("unknown command %q for %q", args[0], command.CommandPath())
	command.SuggestionsMinimumDistance = 2
	if similar := command.SuggestionsFor(args[0]); len(similar) > 0 {
		message += "; did you mean " + strings.Join(similar, " or ") + "?"
	}
	return usagef("%s", message)
}

// work is what a command does once its flags are read.
type work func(ctx context.Context, args []string) error

// reads wraps work that moves nothing: --timeout bounds all of it.
func (a *app) reads(do work) func(*cobra.Command, []string) error {
	return a.moves(func(ctx context.Context, args []string) error {
		ctx, cancel := context.WithTimeout(ctx, a.timeout)
		defer cancel()
		return do(ctx, args)
	})
}

// moves wraps work that may move money: cutting an attempt short would only lose the answer.
func (a *app) moves(do work) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		if a.timeout <= 0 {
			return usagef("--timeout must be above 0")
		}
		a.running = true
		return do(command.Context(), args)
	}
}

// needs marks flags without which a command makes no sense.
func needs(command *cobra.Command, names ...string) *cobra.Command {
	for _, name := range names {
		if err := command.MarkFlagRequired(name); err != nil {
			panic(err) // the flag does not exist, which any test of the command shows
		}
	}
	return command
}
