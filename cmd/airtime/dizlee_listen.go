// airtime dizlee listen: what subscribers write to a short code.

package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/airtime-go/airtime/facade/dizlee"
)

const dizleeListenLong = `Receive what subscribers write to a short code (SMSMO). Dizlee is given the URL, of which any path will do, and the key that is in
DIZLEE_AUTH_KEY here: whoever does not present it is refused with 401. While one key replaces another, DIZLEE_AUTH_KEY_2 holds the
second one.

` + printsHelp + `

A message has no id, so one that is delivered again is printed again. --drop-repeats 2m drops what has the same sender, destination,
text and language as one that was printed less than two minutes ago, which a subscriber who means it twice has too.

With --json, an event is an object with "receivedAt", "Sender", "Destination", "messageType", "messageText" and "language" (En, Ar, or empty where
messageType is neither 0 nor 1).
` + tlsHelp

// dizleeListening is what the command's flags say.
type dizleeListening struct {
	listening
	repeats time.Duration
}

func newDizleeListen(a *app) *cobra.Command {
	l := dizleeListening{listening: listening{what: "messages", addressHint: "127.0.0.1:8647"}}
	command := &cobra.Command{Use: "listen", Short: "Print what subscribers write, as it comes", Long: dizleeListenLong, Args: cobra.NoArgs}
	l.define(command)
	command.Flags().DurationVar(&l.repeats, "drop-repeats", 0, "drop a message that is the same as one of so long ago; 0 drops none")
	command.RunE = a.moves(func(ctx context.Context, _ []string) error { return l.listen(ctx, a) })
	return command
}

func (l *dizleeListening) listen(ctx context.Context, a *app) error {
	if err := l.check(a); err != nil {
		return err
	}
	if l.repeats < 0 {
		return usagef("--drop-repeats must not be negative")
	}
	getenv, err := a.environment()
	if err != nil {
		return err
	}
	keys := secretsOf(getenv, "DIZLEE_AUTH_KEY")
	if len(keys) == 0 {
		return usagef("no key to tell Dizlee from others by: set DIZLEE_AUTH_KEY to what Dizlee was given")
	}
	opts := []dizlee.MessageOption{dizlee.WithAuthKeys(keys...), dizlee.WithMessageLogger(a.warnings())}
	if l.repeats > 0 {
		opts = append(opts, dizlee.WithoutRepeats(l.repeats))
	}
	p := &eventPrinter{app: a, columns: []string{"RECEIVED", "FROM", "TO", "LANGUAGE", "TEXT"}, widths: []int{23, 15, 12, 8, 0}}
	handler, err := dizlee.NewMessageHandler(func(_ context.Context, m dizlee.Message) error { return p.printMessage(m) }, opts...)
	if err != nil {
		return badEnvironment("DIZLEE", err)
	}
	return l.run(ctx, a, p, handler)
}

// messageEvent is a message as --json prints it.
type messageEvent struct {
	ReceivedAt  time.Time          `json:"receivedAt"`
	Sender      string             `json:"Sender"`
	Destination string             `json:"Destination"`
	MessageType dizlee.MessageType `json:"messageType"`
	MessageText string             `json:"messageText"`
	Language    dizlee.Language    `json:"language"`
}

func (p *eventPrinter) printMessage(m dizlee.Message) error {
	event := messageEvent{
		ReceivedAt: time.Now().UTC(), Sender: m.Sender, Destination: m.Destination,
		MessageType: m.MessageType, MessageText: m.Text, Language: m.Language,
	}
	return p.print(event, instant(event.ReceivedAt), m.Sender, m.Destination, or(string(m.Language), string(m.MessageType), "-"), m.Text)
}
