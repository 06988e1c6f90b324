// Deferred transfers: ding send --defer, and waiting for the end of a transfer that is on its way.

package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/pflag"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
)

// awaitTimeout is how long --await waits unless told otherwise: longer than retries take that anybody has seen.
const awaitTimeout = 15 * time.Minute

// deferral is whether a transfer is deferred, and what is done until its end.
type deferral struct {
	deferred      bool
	correlationID string
	await         bool
	within        time.Duration
}

func (d *deferral) define(flags *pflag.FlagSet) {
	flags.BoolVar(&d.deferred, "defer", false, "let Ding take the transfer now and make it later; its end is told by a notification")
	flags.StringVar(&d.correlationID, "correlation-id", "", "`id` of the call, which the notification of a deferred transfer carries; one is made otherwise")
	flags.BoolVar(&d.await, "await", false, "wait for the end of a transfer that is accepted and on its way")
	flags.DurationVar(&d.within, "await-timeout", awaitTimeout, "how long --await waits at most")
}

func (d deferral) check() error {
	if d.within <= 0 {
		return usagef("--await-timeout must be above 0")
	}
	return nil
}

func (d deferral) options() []ding.CallOption {
	if d.correlationID == "" {
		return nil
	}
	return []ding.CallOption{ding.WithCorrelationID(d.correlationID)}
}

// send sends the transfer, deferred or not.
func (d deferral) send(ctx context.Context, client *ding.Client, request ding.SendTransferRequest) (*ding.DeferredTransfer, error) {
	if d.deferred {
		return client.SendTransferDeferred(ctx, request, d.options()...)
	}
	return undeferred(client.SendTransfer(ctx, request, d.options()...))
}

// undeferred is an answer that will carry no notification.
func undeferred(answer *ding.SendTransferResponse, err error) (*ding.DeferredTransfer, error) {
	if err != nil {
		return nil, err
	}
	return &ding.DeferredTransfer{SendTransferResponse: *answer}, nil
}

// printSent prints a transfer as it was answered, and the correlation id that its notification will carry.
func (a *app) printSent(sent *ding.DeferredTransfer) error {
	if sent.CorrelationID == "" {
		return a.printRecord(sent.TransferRecord)
	}
	if !a.json {
		return a.printRecord(sent.TransferRecord, field{"Correlation id", sent.CorrelationID})
	}
	marked, err := withMember(sent.TransferRecord, "correlationId", sent.CorrelationID)
	if err != nil {
		return err
	}
	return a.printJSON(marked)
}

// stillPending says how to follow a transfer that was accepted.
func (a *app) stillPending(record *ding.TransferRecord, s settling, d deferral) string {
	reference := idOf(*record).DistributorRef
	text := "the transfer is accepted and still " + oneLine(string(record.ProcessingState)) + "; follow it with: " + lookUpTransfer(reference)
	if d.deferred && !s.journal.none && !a.sandbox {
		text += "; it stays open in the journal until its end is known, by airtime ding listen or by: airtime ding recover" + s.journal.flag()
	}
	return text
}

// awaitEnd waits for the end of a transfer that was accepted, and prints its final record.
func (a *app) awaitEnd(ctx context.Context, client *ding.Client, o *observer, sent *ding.DeferredTransfer, s settling, d deferral) error {
	record := sent.TransferRecord
	about := "Ding's reference " + oneLine(idOf(*record).TransferRef)
	var opts []ding.CallOption
	if sent.CorrelationID != "" {
		about += ", correlation id " + sent.CorrelationID
		opts = append(opts, ding.WithCorrelationID(sent.CorrelationID))
	}
	o.tell("%s is accepted and %s (%s); waiting for its end, for up to %s", quote(o.reference), oneLine(string(record.ProcessingState)), about, briefly(d.within))
	bounded, cancel := context.WithTimeout(ctx, d.within)
	defer cancel()
	answer, err := client.AwaitTransfer(bounded, idOf(*record), opts...)
	if err != nil {
		return a.afterAwait(err, record, s, d)
	}
	a.warn("AwaitTransfer", answer.ErrorCodes)
	sent.SendTransferResponse = *answer
	return afterMoney(a.printSent(sent), "AwaitTransfer", "the transfer is complete; see it with: "+lookUpTransfer(o.reference))
}

// afterAwait says what to do where the end was not seen, or is a failure. The record is what was known before.
func (a *app) afterAwait(err error, record *ding.TransferRecord, s settling, d deferral) error {
	reference := idOf(*record).DistributorRef
	var failed *ding.Error
	if errors.As(err, &failed) && failed.Record != nil {
		record = failed.Record
	}
	switch outcome := facade.OutcomeOf(err); {
	case outcome != facade.OutcomeUnknown:
		return &adviceError{error: err, advice: "see it with: " + lookUpTransfer(reference), reference: reference}
	case a.sandbox && s.journal.file == "":
		return &adviceError{error: err, advice: quote(reference) + " cannot be followed up, since the sandbox and its journal end with this run", reference: reference}
	}
	return &adviceError{error: err, advice: a.stillPending(record, s, d), reference: reference}
}
