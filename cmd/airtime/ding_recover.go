// The ding commands for what was interrupted: recover, resume and settle.

package main

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
)

const dingRecoverLong = `Find out what became of the transfers that the journal holds as sent and not settled, because a run was killed or its
outcome stayed unknown, and settle them. Nothing is ever sent. Transfers that a living process is at work on are left alone.

Each is printed as it is known. With --json that is one array of objects with "reference", "operation", "outcome"
(accepted, refused, temporary or unknown), "record" (the transfer record, or null) and, unless it was accepted, "error".

A deferred transfer that is on its way is accepted, and stays open until its end is known (with --json, "open" is true): exit code 0.
It is printed every time until then. "airtime ding listen" settles it as soon as Ding tells.

Exit code 4 means that something stays unknown: it stays open, and the next recover looks again. When that does not help,
ask Ding, and note the answer with "airtime ding settle".`

func newDingRecover(a *app) *cobra.Command {
	var s settling
	command := &cobra.Command{Use: "recover", Short: "Settle the transfers that were left open", Long: dingRecoverLong, Args: cobra.NoArgs}
	s.journal.define(command.Flags())
	s.defineTimeout(command.Flags())
	tellDingsTime(command.Flags())
	command.RunE = a.moves(func(ctx context.Context, _ []string) error { return a.recoverTransfers(ctx, s) })
	return command
}

const operationRecoverTransfers = "RecoverTransfers"

func (a *app) recoverTransfers(ctx context.Context, s settling) error {
	if err := s.checkExisting(); err != nil {
		return err
	}
	getenv, err := a.environment()
	if err != nil {
		return err
	}
	opts, err := dingCredentials(getenv)
	if err != nil {
		return err
	}
	journal, path, err := a.openExisting(s.journal)
	if err != nil {
		return err
	}
	r := recovery{operation: operationRecoverTransfers, again: "airtime ding recover" + s.journal.flag(), ask: "Ding", decide: func(one recovered) string {
		return dingSettle(one.Reference, s.journal)
	}}
	if journal == nil {
		a.notice("there is no journal at %s", path)
		return r.prints(ctx, a, func(func(recovered, error) bool) {})
	}
	client, err := a.newDingClient(getenv, append(opts, ding.WithJournal(journal), ding.WithSettleTimeout(s.timeout), ding.WithAttemptHook(a.progress())))
	if err != nil {
		return err
	}
	return r.prints(ctx, a, recoveredTransfers(client.RecoverTransfers(ctx)))
}

func recoveredTransfers(all iter.Seq2[ding.Recovered, error]) iter.Seq2[recovered, error] {
	return func(yield func(recovered, error) bool) {
		for one, err := range all {
			if !yield(recoveredTransfer(one), err) {
				return
			}
		}
	}
}

func recoveredTransfer(one ding.Recovered) recovered {
	r := recovered{Reference: one.Request.DistributorRef, Operation: "SendTransfer", Outcome: facade.OutcomeAccepted}
	if one.Err != nil {
		r.failedWith(one.Err)
		var failed *ding.Error
		if errors.As(one.Err, &failed) && failed.Record != nil {
			r.Record = failed.Record
		}
		return r
	}
	record := one.Answer.TransferRecord
	r.Record, r.about = record, ", "+string(record.ProcessingState)
	if ref := idOf(*record).TransferRef; ref != "" {
		r.about += " (Ding's reference " + ref + ")"
	}
	if one.Deferred && ding.IsPending(record) {
		r.Open = true
		r.about += ", deferred: it stays open until its end is known"
	}
	return r
}

// dingSettle is the command by which a person settles a transfer.
func dingSettle(reference string, j journalFlag) string {
	return eitherWay("airtime ding settle --ref " + quote(reference) + j.flag())
}

const resumeLong = `Go on with a transfer that was interrupted before its outcome was known, and that no journal tells of: look first. A
transfer that the list holds is printed as send would, and nothing is sent. One that the list does not hold within
--settle-timeout is unknown (exit code 4). Where a journal tells of it after all, that counts; nothing new is noted.

With --send-if-absent it is noted in the journal, and sent if it is absent. That risks a second payment: the list may lag behind, so that a reference that is
missing does not prove that nothing was sent. Use it only long after every earlier attempt (Ding may work on one for 90
seconds), and only where paying twice is the lesser evil.

The flags are those of send, and have to be the same as before. Without --confirm this only prints what it would look for or
send, and exits 2.`

func newDingResume(a *app) *cobra.Command {
	var (
		request               ding.SendTransferRequest
		s                     settling
		sendIfAbsent, confirm bool
	)
	command := &cobra.Command{Use: "resume", Short: "Look for an interrupted transfer, and go on from there", Long: resumeLong, Args: cobra.NoArgs}
	flags := command.Flags()
	transferFlags(flags, &request)
	flags.Lookup("ref").Usage = "your own `reference`, that it was sent with"
	s.define(flags)
	tellDingsTime(flags)
	flags.BoolVar(&sendIfAbsent, "send-if-absent", false, "send a transfer that is not found, at the risk of paying it twice")
	flags.BoolVar(&confirm, "confirm", false, "do it")
	command.RunE = a.moves(func(ctx context.Context, _ []string) error {
		if !confirm {
			return a.preview(request)
		}
		s.looksOnly = !sendIfAbsent
		return a.pay(ctx, request, s, deferral{}, func(ctx context.Context, client *ding.Client) (*ding.DeferredTransfer, error) {
			var may []ding.ResumeOption
			if sendIfAbsent {
				may = append(may, ding.SendIfAbsent())
			}
			return undeferred(client.ResumeTransfer(ctx, request, may...))
		})
	})
	return needs(command, "sku", "value", "account", "ref")
}

const dingSettleLong = `Note what a person has found out about a transfer that the journal holds as open: --as paid, or --as unpaid. Nothing is
sent, and no credentials are needed; DING_BASE_URL has to be what it was when the transfer was sent. From then on, a send under the
reference prints that outcome. Be sure of it: a transfer that is settled as unpaid and was paid will be paid again under
another reference.`

func newDingSettle(a *app) *cobra.Command {
	var (
		reference, said string
		j               journalFlag
	)
	command := &cobra.Command{Use: "settle", Short: "Note what a person knows of a transfer that is open", Long: dingSettleLong, Args: cobra.NoArgs}
	flags := command.Flags()
	flags.StringVar(&reference, "ref", "", "your own `reference`")
	flags.StringVar(&said, "as", "", "what became of it: `paid|unpaid`")
	j.define(flags)
	command.RunE = a.moves(func(ctx context.Context, _ []string) error {
		paid, err := decision(said)
		if err != nil {
			return err
		}
		return a.settleTransfer(ctx, reference, paid, j)
	})
	return needs(command, "ref", "as")
}

func (a *app) settleTransfer(ctx context.Context, reference string, paid bool, j journalFlag) error {
	if err := j.needed(); err != nil {
		return err
	}
	getenv, err := a.environment()
	if err != nil {
		return err
	}
	journal, path, err := a.openExisting(j)
	switch {
	case err != nil:
		return err
	case journal == nil:
		return noJournal(path)
	}
	// A client cannot be made without a key. This one sends nothing.
	client, err := a.newDingClient(getenv, []ding.Option{ding.WithAPIKey("not-needed"), ding.WithJournal(journal)})
	if err != nil {
		return err
	}
	if err := client.SettleTransfer(ctx, reference, paid); err != nil {
		return undecided("SettleTransfer", reference, path+" under "+or(getenv("DING_BASE_URL"), ding.DefaultBaseURL), err)
	}
	return a.decided("SendTransfer", reference, paid)
}

// checkExisting is check for a command that is about the journal.
func (s *settling) checkExisting() error {
	if s.timeout <= 0 {
		return usagef("--settle-timeout must be above 0")
	}
	return s.journal.needed()
}

// briefly says how long something takes, for people.
func briefly(d time.Duration) string { return d.Round(time.Millisecond).String() }
