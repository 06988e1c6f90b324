// airtime ding listen: the ends of deferred transfers, as Ding tells them.

package main

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"github.com/airtime-go/airtime/facade/ding"
)

const dingListenLong = `Receive the notifications by which Ding tells the end of deferred transfers. The URL goes into its portal (Settings, Developer,
Webhooks); Ding calls https alone. Any path will do.

` + printsHelp + `

Ding documents no signature, so each is read back from the list of transfers before it is believed: what contradicts the list is refused
with 403, and what cannot be confirmed now with 503, to be sent again. Receipts are not printed, since they may hold a PIN: "airtime ding
transfers" has them. Strangers are kept out by --allow, and by DING_WEBHOOK_SECRET (with DING_WEBHOOK_SECRET_2 while one replaces the
other): where it is set, the path has to end with it, as in https://example.com/ding/SECRET.

What was printed is noted in the journal, so that it is printed once, across restarts; and the end settles the transfer that
"airtime ding send --defer" left open there. --no-read-back believes everything, and needs no credentials.

With --json, an event is an object with the notification's own members, and "receivedAt", "correlationId", "verified" (it was read
back) and "signature" (headers that nothing has checked), if there are any.
` + tlsHelp

// dingListening is what the command's flags say.
type dingListening struct {
	listening
	journal    journalFlag
	noReadBack bool
	allowed    []netip.Prefix
}

func newDingListen(a *app) *cobra.Command {
	l := dingListening{listening: listening{what: "notifications", addressHint: "127.0.0.1:8646"}}
	command := &cobra.Command{Use: "listen", Short: "Print how deferred transfers end, as Ding tells", Long: dingListenLong, Args: cobra.NoArgs}
	l.define(command)
	flags := command.Flags()
	l.journal.defineOptional(flags, "do without a journal: after a restart, what comes again is printed again")
	flags.Lookup("journal").Usage = "`file` with the journal of send, where what was printed is noted too (default airtime/journal.db in $XDG_STATE_HOME or ~/.local/state); none does without"
	flags.BoolVar(&l.noReadBack, "no-read-back", false, "believe what is told, whoever tells it")
	flags.Func("allow", "`network` that notifications may come from, such as 192.0.2.0/24; may be given several times", func(text string) error {
		network, err := readNetwork(text)
		l.allowed = append(l.allowed, network)
		return err
	})
	command.RunE = a.moves(func(ctx context.Context, _ []string) error { return l.listen(ctx, a) })
	return command
}

// readNetwork reads a network, or an address, which is a network of one.
func readNetwork(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return address.Prefix(address.BitLen())
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, errors.New("it is no network such as 192.0.2.0/24")
	}
	return network, nil
}

func (l *dingListening) listen(ctx context.Context, a *app) error {
	if err := errors.Join(l.check(a), l.journal.check()); err != nil {
		return err
	}
	getenv, err := a.environment()
	if err != nil {
		return err
	}
	client, err := l.client(a, getenv)
	if err != nil {
		return err
	}
	p := &eventPrinter{
		app:     a,
		columns: []string{"RECEIVED", "STATE", "REF", "TRANSFER REF", "SKU", "ACCOUNT", "SEND", "RECEIVE", "READ BACK", "ERROR"},
		widths:  []int{23, 9, 20, 12, 16, 15, 11, 12, 9, 0},
	}
	handler, err := ding.NewNotificationHandler(client, func(_ context.Context, n ding.Notification) error { return p.printNotification(n) },
		l.options(a, getenv)...)
	if err != nil {
		return badEnvironment("DING", err)
	}
	return l.run(ctx, a, p, handler)
}

func (l *dingListening) options(a *app, getenv func(string) string) []ding.NotificationOption {
	opts := []ding.NotificationOption{ding.WithNotificationLogger(a.warnings())}
	if l.noReadBack {
		opts = append(opts, ding.WithoutReadBack())
	}
	if secrets := secretsOf(getenv, "DING_WEBHOOK_SECRET"); len(secrets) > 0 {
		opts = append(opts, ding.WithPathSecret(secrets...))
	}
	if len(l.allowed) > 0 {
		opts = append(opts, ding.WithAllowedSenders(l.allowed...))
	}
	return opts
}

// client makes the client that notifications are read back with.
func (l *dingListening) client(a *app, getenv func(string) string) (*ding.Client, error) {
	opts, err := dingCredentials(getenv)
	if l.noReadBack {
		// A client cannot be made without a key. This one sends nothing.
		opts, err = []ding.Option{ding.WithAPIKey("not-needed")}, nil
	}
	if err != nil {
		return nil, err
	}
	if !l.journal.none {
		journal, _, err := a.openOrMake(l.journal)
		if err != nil {
			return nil, err
		}
		opts = append(opts, ding.WithJournal(journal))
	}
	return a.newDingClient(getenv, append(opts, ding.WithAttemptHook(a.progress())))
}

// notificationEvent is a notification as --json prints it.
type notificationEvent struct {
	ReceivedAt     time.Time           `json:"receivedAt"`
	CorrelationID  string              `json:"correlationId"`
	Verified       bool                `json:"verified"`
	TransferRecord ding.TransferRecord `json:"TransferRecord"`
	ResultCode     ding.ResultCode     `json:"ResultCode"`
	ErrorCodes     []ding.ErrorCode    `json:"ErrorCodes"`
	Signature      http.Header         `json:"signature,omitempty"`
}

func (p *eventPrinter) printNotification(n ding.Notification) error {
	event := notificationEvent{
		ReceivedAt: time.Now().UTC(), CorrelationID: n.CorrelationID, Verified: n.Verified,
		TransferRecord: withoutReceipt(n.TransferRecord), ResultCode: n.ResultCode, ErrorCodes: notNull(n.ErrorCodes), Signature: n.Signature,
	}
	readBack := "no"
	if n.Verified {
		readBack = "yes"
	}
	record, id := event.TransferRecord, idOf(event.TransferRecord)
	return p.print(event,
		instant(event.ReceivedAt), string(record.ProcessingState), id.DistributorRef, id.TransferRef, record.SKUCode, record.AccountNumber,
		priceOf(record.Price).sent(), priceOf(record.Price).received(), readBack, codesOf(event.ErrorCodes))
}

// withoutReceipt returns a record that says of its receipt only that there is one.
func withoutReceipt(record ding.TransferRecord) ding.TransferRecord {
	if record.ReceiptText != "" || len(record.ReceiptParams) > 0 {
		record.ReceiptText, record.ReceiptParams = hiddenSecret, nil
	}
	return record
}
