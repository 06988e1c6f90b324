// The ding commands that move money: send, which pays only with --confirm, and cancel.

package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
)

const sendLong = `Send a product to an account number and pay for it. Without --confirm, or with --validate-only, the transfer is only
validated: balance, price and, where the provider can, the account number are checked, and nothing is paid.

Every --ref must be new. With --confirm it is noted in a journal before it leaves, and never sent again: the same command
prints the stored outcome later, or finds it out if it is still open, and another request under the reference is wrong usage (exit
code 2). Only a transfer that provably moved nothing is repeated, by this run. A lost answer is looked up for
--settle-timeout. If that does not find it, the outcome is unknown (exit code 4), and the transfer stays open: see "airtime ding
recover". The journal holds account numbers and no keys; only this user can read it.

With --defer, Ding takes the transfer at once, and tries it again by itself if it fails. The submitted record is printed, and the
correlation id that the notification of its end will carry (with --json, the record's "correlationId"): that is exit code 0. The
transfer stays open in the journal until its end is known, by "airtime ding listen", by "airtime ding recover", or by the same
command again. With --await this waits for the end, for --await-timeout at most, and prints the final record: exit code 1 if the transfer was
refused after all, 3 if it failed and may go through later under a new reference, 4 if it is still on its way. A failure
that is read from the list counts once it has lasted for 90 seconds, since Ding may be about to try again.

The record is printed with its receipt, which may hold a voucher's PIN: that is what was bought. It is printed on stdout
alone; logs, errors and the journal never hold it.`

// transferFlags defines what a transfer consists of.
func transferFlags(flags *pflag.FlagSet, request *ding.SendTransferRequest) {
	flags.StringVar(&request.SKUCode, "sku", "", "`code` of the product")
	amountFlag(flags, &request.SendValue, "value", "the `amount` to send, such as 10.00; what of it goes to the account, estimate tells")
	flags.StringVar(&request.AccountNumber, "account", "", "account `number`: digits only, country code first")
	flags.StringVar(&request.DistributorRef, "ref", "", "your own `reference`, new for every transfer")
	flags.StringVar(&request.SendCurrencyISO, "currency", "", "ISO `code` of the value's currency; the account's own by default")
	settingFlag(flags, &request.Settings)
	flags.StringVar(&request.BillRef, "bill-ref", "", "the bill to pay, a `reference` from bills; --value is then the bill's")
}

// tellDingsTime adds to the help of --settle-timeout what it is to be compared with.
func tellDingsTime(flags *pflag.FlagSet) {
	flags.Lookup("settle-timeout").Usage += "; Ding may work on a transfer for 90s"
}

func newSend(a *app) *cobra.Command {
	var (
		request               ding.SendTransferRequest
		s                     settling
		d                     deferral
		validateOnly, confirm bool
	)
	command := &cobra.Command{Use: "send", Short: "Send a product and pay for it", Long: sendLong, Args: cobra.NoArgs}
	flags := command.Flags()
	transferFlags(flags, &request)
	s.define(flags)
	tellDingsTime(flags)
	d.define(flags)
	flags.BoolVar(&validateOnly, "validate-only", false, "check, and pay nothing, whatever else is given")
	flags.BoolVar(&confirm, "confirm", false, "pay")
	command.RunE = func(cobraCommand *cobra.Command, args []string) error {
		request.ValidateOnly = validateOnly || !confirm
		if request.ValidateOnly {
			return a.reads(func(ctx context.Context, _ []string) error { return a.validate(ctx, request, d, confirm) })(cobraCommand, args)
		}
		return a.moves(func(ctx context.Context, _ []string) error {
			if err := d.check(); err != nil {
				return err
			}
			return a.pay(ctx, request, s, d, func(ctx context.Context, client *ding.Client) (*ding.DeferredTransfer, error) {
				return d.send(ctx, client, request)
			})
		})(cobraCommand, args)
	}
	return needs(command, "sku", "value", "account", "ref")
}

// validate asks whether the transfer could be made.
func (a *app) validate(ctx context.Context, request ding.SendTransferRequest, d deferral, confirmed bool) error {
	if err := d.check(); err != nil {
		return err
	}
	client, err := a.dingClient()
	if err != nil {
		return err
	}
	answer, err := client.SendTransfer(ctx, request, d.options()...)
	if err != nil {
		return err
	}
	a.warn("SendTransfer", answer.ErrorCodes)
	record := answer.TransferRecord
	if record != nil && (record.ProcessingState == ding.ProcessingStateFailed || record.ProcessingState == ding.ProcessingStateCancelled) {
		return &outcomeError{
			operation: "SendTransfer", outcome: facade.OutcomeRefused,
			message: "the transfer would not go through: its validation is " + oneLine(string(record.ProcessingState)),
		}
	}
	if confirmed {
		a.notice("validated only, because of --validate-only: nothing was paid")
	} else {
		a.notice("validated only: nothing was paid; add --confirm to pay")
	}
	return a.printRecord(record)
}

// pay makes the transfer, in the way that is given.
func (a *app) pay(ctx context.Context, request ding.SendTransferRequest, s settling, d deferral,
	how func(context.Context, *ding.Client) (*ding.DeferredTransfer, error)) error {
	o := &observer{
		app: a, ctx: ctx, operation: "SendTransfer", reference: request.DistributorRef,
		finding: "looking the transfer up, for up to " + briefly(s.timeout),
	}
	client, err := a.dingPayer(&s, o)
	if err != nil {
		return err
	}
	sent, err := how(ctx, client)
	if err != nil {
		return o.explains(err, func(noted bool) string { return a.afterLostTransfer(request.DistributorRef, s, d, noted) })
	}
	a.warn("SendTransfer", sent.ErrorCodes)
	lookUp := lookUpTransfer(request.DistributorRef)
	a.tellWhereFrom(o, "the transfer", "its receipt is not kept: see "+lookUp)
	switch pending := ding.IsPending(sent.TransferRecord); {
	case pending && d.await:
		return a.awaitEnd(ctx, client, o, sent, s, d)
	case pending:
		a.notice("%s", a.stillPending(sent.TransferRecord, s, d))
	}
	return afterMoney(a.printSent(sent), "SendTransfer", "the transfer is accepted; see it with: "+lookUp)
}

// afterLostTransfer says what to do about a transfer whose outcome is unknown.
func (a *app) afterLostTransfer(reference string, s settling, d deferral, noted bool) string {
	lookUp := lookUpTransfer(reference)
	switch {
	case s.looksOnly && !noted:
		return "nothing was sent or noted; look again with: " + lookUp + "; or ask Ding about " + quote(reference)
	case s.journal.none && d.deferred:
		return "wait 90 seconds, then look with: " + lookUp + "; or ask Ding about " + quote(reference)
	case s.journal.none:
		return "wait 90 seconds, then look with: " + lookUp + "; or go on with the same flags and: airtime ding resume"
	case a.sandbox && s.journal.file == "":
		return quote(reference) + " cannot be followed up, since the sandbox and its journal end with this run; elsewhere it would be with: " + lookUp
	}
	return quote(reference) + " stays open in the journal; look with: " + lookUp + "; settle it with: airtime ding recover" + s.journal.flag() +
		"; if that does not find it, ask Ding, and decide with: " + dingSettle(reference, s.journal)
}

func lookUpTransfer(reference string) string {
	return "airtime ding transfers --ref " + quote(reference)
}

// afterMoney turns the failure to print a result into an unknown outcome: money has moved, and the caller has nothing
// to show for it.
func afterMoney(err error, operation, advice string) error {
	if err == nil {
		return nil
	}
	return &outcomeError{operation: operation, outcome: facade.OutcomeUnknown, message: err.Error() + "; " + advice}
}

// printRecord prints a transfer with its receipt.
func (a *app) printRecord(record *ding.TransferRecord, more ...field) error {
	if a.json {
		return a.printJSON(record)
	}
	if record == nil {
		return nil
	}
	id := idOf(*record)
	err := a.printFields(append([]field{
		{"State", string(record.ProcessingState)},
		{"Your reference", id.DistributorRef},
		{"Ding's reference", id.TransferRef},
		{"Product", record.SKUCode},
		{"Account", record.AccountNumber},
		{"Sent", priceOf(record.Price).sent()},
		{"Received", priceOf(record.Price).received()},
		{"Fees", priceOf(record.Price).fees()},
		{"Started", record.StartedUTC.String()},
		{"Completed", record.CompletedUTC.String()},
		{"Receipt data", pairs(record.ReceiptParams.Reveal())},
	}, more...)...)
	if err != nil || record.ReceiptText == "" {
		return err
	}
	return a.print([]byte("\n" + lines(record.ReceiptText.Reveal()) + "\n"))
}

func newCancel(a *app) *cobra.Command {
	request := ding.CancellationRequest{BatchItemRef: "1"}
	var confirm bool
	command := &cobra.Command{
		Use: "cancel", Short: "Cancel a Batch transfer", Args: cobra.NoArgs,
		Long: "Cancel a transfer of a Batch product that has not been processed yet. If the answer is lost, the transfer's state is\nread instead; nothing is sent twice. Without --confirm this only prints what it would send, and exits 2. Exit code 0 means\nthat the transfer is Cancelled, and nothing else does.",
	}
	flags := command.Flags()
	flags.StringVar(&request.TransferID.TransferRef, "transfer-ref", "", "Ding's `reference`")
	flags.StringVar(&request.TransferID.DistributorRef, "ref", "", "your own `reference`")
	flags.BoolVar(&confirm, "confirm", false, "cancel")
	command.MarkFlagsOneRequired("transfer-ref", "ref")
	command.RunE = a.moves(func(ctx context.Context, _ []string) error {
		if !confirm {
			return a.preview(request)
		}
		return a.cancel(ctx, request)
	})
	return command
}

func (a *app) cancel(ctx context.Context, request ding.CancellationRequest) error {
	o := &observer{app: a, ctx: ctx, operation: "CancelTransfers", finding: "reading the transfer's state"}
	client, err := a.dingPayer(&settling{journal: journalFlag{none: true}, timeout: settleTimeout}, o)
	if err != nil {
		return err
	}
	lookUp := "airtime ding transfers"
	if ref := request.TransferID.TransferRef; ref != "" {
		lookUp += " --transfer-ref " + quote(ref)
	}
	if ref := request.TransferID.DistributorRef; ref != "" {
		lookUp += " --ref " + quote(ref)
	}
	answer, err := client.CancelTransfers(ctx, []ding.CancellationRequest{request})
	if err == nil {
		err = answer.Results[0].Err
	}
	if err != nil {
		return ifUnknown(err, "see the transfer's state with: %s", lookUp)
	}
	a.tellWhereFrom(o, "the cancellation", "")
	item := answer.Results[0].Item
	a.warn("CancelTransfers", item.ErrorCodes)
	if err := cancelled(item.ProcessingState, lookUp); err != nil {
		return err
	}
	return afterMoney(a.printCancelled(*item), "CancelTransfers", "the transfer is cancelled")
}

// cancelled reports an error for every state but one. The others that are final prove that nothing was cancelled.
func cancelled(state ding.ProcessingState, lookUp string) error {
	refused := &outcomeError{
		operation: "CancelTransfers", outcome: facade.OutcomeRefused,
		message: fmt.Sprintf("not cancelled: the transfer is %s", or(oneLine(string(state)), "in no known state")),
	}
	switch state {
	case ding.ProcessingStateCancelled:
		return nil
	case ding.ProcessingStateComplete, ding.ProcessingStateFailed, "Completed":
		return refused
	default:
		refused.outcome = facade.OutcomeUnknown
		refused.message += ", so it may still be cancelled or not; see with: " + lookUp
		return refused
	}
}

func (a *app) printCancelled(item ding.TransferWithState) error {
	if a.json {
		item.ErrorCodes = notNull(item.ErrorCodes)
		return a.printJSON(item)
	}
	return a.printFields(
		field{"State", string(item.ProcessingState)},
		field{"Your reference", item.TransferID.DistributorRef},
		field{"Ding's reference", item.TransferID.TransferRef},
	)
}

// quote makes a text safe to be pasted into a POSIX shell.
func quote(text string) string {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:@%+,="
	if text != "" && strings.Trim(text, plain) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
