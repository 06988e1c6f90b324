// The dizlee commands for what was interrupted: recover, resume and settle.

package main

import (
	"context"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/dizlee"
)

// commandOf has the commands by the operations that they stand for, and operationOf the other way round.
var (
	commandOf   = map[string]string{"Charge": "charge", "Refund": "refund", "SendSMS": "sms"}
	operationOf = map[string]string{"charge": "Charge", "refund": "Refund", "sms": "SendSMS"}
)

// urlVariables are those of all operations.
var urlVariables = []string{"DIZLEE_CHARGE_URL", "DIZLEE_REFUND_URL", "DIZLEE_SMS_URL"}

const dizleeRecoverLong = `Find out what became of the charges, refunds and messages that the journal holds as sent and not settled, because a run
was killed or its outcome stayed unknown, and settle them. What a living process is at work on is left alone.

Dizlee has no query. A charge, or a refund of everything, is found out about with the same request under the same id: if
it never arrived, it is done now, and a refusal as a duplicate shows that it was done before. That needs no --confirm, which
was given when it was sent. A refund of a part and an SMS are never repeated, and stay unknown if they left.

Each is printed as it is known. With --json that is one array of objects with "reference" (the id), "operation" (Charge,
Refund or SendSMS), "outcome" (accepted, refused, temporary or unknown), "record" (the answer, or null) and, unless it was
accepted, "error".

Exit code 4 means that something stays unknown: it stays open, and the next recover tries again. When that does not help,
ask Dizlee, and note the answer with "airtime dizlee settle".`

func newDizleeRecover(a *app) *cobra.Command {
	var s settling
	command := &cobra.Command{Use: "recover", Short: "Settle what was left open", Long: dizleeRecoverLong, Args: cobra.NoArgs}
	s.journal.define(command.Flags())
	s.defineTimeout(command.Flags())
	command.RunE = a.moves(func(ctx context.Context, _ []string) error { return a.recoverEffects(ctx, s) })
	return command
}

func (a *app) recoverEffects(ctx context.Context, s settling) error {
	if err := s.checkExisting(); err != nil {
		return err
	}
	getenv, err := a.environment()
	if err != nil {
		return err
	}
	opts, err := dizleeOptions(getenv, urlVariables...)
	if err != nil {
		return err
	}
	key, err := dizleeCredentials(getenv)
	if err != nil {
		return err
	}
	journal, path, err := a.openExisting(s.journal)
	if err != nil {
		return err
	}
	r := recovery{operation: "Recover", again: "airtime dizlee recover" + s.journal.flag(), ask: "Dizlee", decide: func(one recovered) string {
		return dizleeSettle(one.Operation, one.Reference, s.journal)
	}}
	if journal == nil {
		a.notice("there is no journal at %s", path)
		return r.prints(ctx, a, func(func(recovered, error) bool) {})
	}
	client, err := a.newDizleeClient(append(opts, key, dizlee.WithJournal(journal), dizlee.WithSettleTimeout(s.timeout), dizlee.WithAttemptHook(a.progress())))
	if err != nil {
		return err
	}
	return r.prints(ctx, a, recoveredEffects(client.Recover(ctx)))
}

func recoveredEffects(all iter.Seq2[dizlee.Recovered, error]) iter.Seq2[recovered, error] {
	return func(yield func(recovered, error) bool) {
		for one, err := range all {
			if !yield(recoveredEffect(one), err) {
				return
			}
		}
	}
}

func recoveredEffect(one dizlee.Recovered) recovered {
	r := recovered{Reference: one.RequestID, Operation: one.Operation, Outcome: facade.OutcomeAccepted, about: ", " + commandOf[one.Operation]}
	if one.Err != nil {
		r.failedWith(one.Err)
		return r
	}
	r.Record = one.Answer
	duplicate := false
	switch answer := one.Answer.(type) {
	case *dizlee.ChargeResponse:
		duplicate = answer.ByDuplicate
	case *dizlee.RefundResponse:
		duplicate = answer.ByDuplicate
	}
	if !duplicate {
		return r
	}
	r.about += ", as the refusal of a duplicate shows"
	if marked, err := withMember(one.Answer, markByDuplicate, true); err == nil {
		r.Record = marked
	}
	return r
}

// dizleeSettle is the command by which a person settles a request.
func dizleeSettle(operation, id string, j journalFlag) string {
	return eitherWay("airtime dizlee settle --operation " + commandOf[operation] + " --ref " + quote(id) + j.flag())
}

const dizleeResumeLong = `Go on with a charge, or a refund of everything, that was interrupted before its outcome was known, and that no journal
tells of. The flags are those of the command itself, and have to be the same as before, the amount and all.

Dizlee has no query, so that the request is sent again under its id, which is done once at most: if no earlier attempt
arrived, it is done now, and a refusal as a duplicate is taken for the proof that an earlier attempt went through. That is
wrong if the id was used by something else before. A refund of a part and an SMS cannot be resumed: they might be done twice.`

func newDizleeResume(a *app) *cobra.Command {
	resumedCharge, resumedRefund := charge, refund
	resumedCharge.send = func(ctx context.Context, client *dizlee.Client, r dizlee.ChargeRequest) (*dizlee.ChargeResponse, error) {
		return client.ResumeCharge(ctx, r)
	}
	resumedRefund.send = func(ctx context.Context, client *dizlee.Client, r dizlee.RefundRequest) (*dizlee.RefundResponse, error) {
		return client.ResumeRefund(ctx, r)
	}
	group := newGroup("resume", "Go on with an interrupted charge or refund", dizleeResumeLong,
		newChargeCommand(a, resumedCharge, &cobra.Command{Use: "charge", Short: "Go on with an interrupted charge", Long: dizleeResumeLong + previewLong, Args: cobra.NoArgs}),
		newRefundCommand(a, resumedRefund, &cobra.Command{Use: "refund", Short: "Go on with an interrupted refund of everything", Long: dizleeResumeLong + previewLong, Args: cobra.NoArgs}))
	for _, command := range group.Commands() {
		command.Flags().Lookup("id").Usage = "your own `id`, that it was sent with"
	}
	return group
}

const dizleeSettleLong = `Note what a person has found out about a charge, refund or SMS that the journal holds as open: --as paid, or --as
unpaid (for a refund or an SMS: done or not). Nothing is sent, and no key is needed; DIZLEE_BASE_URL, or the operation's own URL, has to be what it was when the
request was sent. From then on, the command with that id prints that outcome.`

func newDizleeSettle(a *app) *cobra.Command {
	var (
		command, id, said string
		j                 journalFlag
	)
	c := &cobra.Command{Use: "settle", Short: "Note what a person knows of a request that is open", Long: dizleeSettleLong, Args: cobra.NoArgs}
	flags := c.Flags()
	flags.StringVar(&command, "operation", "charge", "what the request was: `charge|refund|sms`")
	flags.StringVar(&id, "ref", "", "your own `id` of the request")
	flags.StringVar(&id, "id", "", "the same as --ref")
	flags.StringVar(&said, "as", "", "what became of it: `paid|unpaid`, or done|undone")
	j.define(flags)
	c.RunE = a.moves(func(ctx context.Context, _ []string) error {
		operation, known := operationOf[command]
		if !known {
			return usagef("--operation must be charge, refund or sms")
		}
		done, err := decision(said)
		if err != nil {
			return err
		}
		return a.settleEffect(ctx, operation, id, done, j)
	})
	c.MarkFlagsOneRequired("ref", "id")
	c.MarkFlagsMutuallyExclusive("ref", "id")
	return needs(c, "as")
}

func (a *app) settleEffect(ctx context.Context, operation, id string, done bool, j journalFlag) error {
	if err := j.needed(); err != nil {
		return err
	}
	getenv, err := a.environment()
	if err != nil {
		return err
	}
	opts, err := dizleeOptions(getenv, urlVariables...)
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
	client, err := a.newDizleeClient(append(opts, dizlee.WithAPIKey("not-needed"), dizlee.WithJournal(journal)))
	if err != nil {
		return err
	}
	if err := client.Settle(ctx, operation, id, done); err != nil {
		command := commandOf[operation]
		address := or(getenv("DIZLEE_"+strings.ToUpper(command)+"_URL"), getenv("DIZLEE_BASE_URL"))
		return undecided("Settle", id, path+" under "+address+" (--operation "+command+")", err)
	}
	return a.decided(operation, id, done)
}
