// What the recover, resume and settle commands of both services have in common.

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/facade/dizlee"
)

// recovered is what became of a request that an earlier run left open, as --json prints it.
type recovered struct {
	Reference string         `json:"reference"`
	Operation string         `json:"operation"`
	Outcome   facade.Outcome `json:"outcome"`
	// Record is what the service has of it: a transfer record, or an answer; null if there is nothing.
	Record any `json:"record"`
	// Error is left out if the request was accepted.
	Error *failure `json:"error,omitempty"`
	// Open reports that it was accepted and is not settled yet.
	Open bool `json:"open,omitempty"`
	// about says more of one that was accepted, for people.
	about string
}

// failedWith fills in what went wrong. An error that is not the service's leaves the request open.
func (r *recovered) failedWith(err error) {
	var fromDing *ding.Error
	var fromDizlee *dizlee.Error
	if !errors.As(err, &fromDing) && !errors.As(err, &fromDizlee) {
		err = &outcomeError{outcome: facade.OutcomeUnknown, operation: r.Operation, message: err.Error()}
	}
	told := newFailure("airtime", err)
	r.Outcome, r.Error = facade.OutcomeOf(err), &told
}

func (r recovered) text() string {
	line := quote(r.Reference) + ": " + string(r.Outcome)
	if r.Error != nil {
		return oneLine(line+": "+r.Error.Message) + "\n"
	}
	return oneLine(line+r.about) + "\n"
}

// recovery is how a service's recover command speaks of what it does.
type recovery struct {
	operation string
	// again is the command itself, and decide the one by which a person settles a reference.
	again  string
	decide func(recovered) string
	// ask is who may know.
	ask string
}

// prints prints what is recovered, each as it is known, and reports if anything stays open.
func (r recovery) prints(ctx context.Context, a *app, all iter.Seq2[recovered, error]) error {
	out := array{app: a}
	var unknown []recovered
	var problem error
	count, open := 0, 0
	for one, err := range all {
		if err != nil {
			problem = r.journalProblem(err)
			break
		}
		count++
		if one.Outcome == facade.OutcomeUnknown {
			unknown = append(unknown, one)
		}
		if one.Open {
			open++
		}
		if err := out.add(one); err != nil {
			return afterMoney(err, r.operation, "what was settled is in the journal")
		}
	}
	if err := out.end(); err != nil {
		return afterMoney(err, r.operation, "what was settled is in the journal")
	}
	switch {
	case ctx.Err() != nil:
		return r.unknown("interrupted: what is not settled stays open; go on with: " + r.again)
	case len(unknown) > 0:
		return r.unknown(fmt.Sprintf("%d of %d stay unknown, %s first; try again later with: %s; or ask %s, and decide with: %s",
			len(unknown), count, quote(unknown[0].Reference), r.again, r.ask, r.decide(unknown[0])))
	case problem != nil:
		return problem
	case open > 0:
		a.notice("%d of %d are accepted and on their way; see later what became of them, with: %s", open, count, r.again)
	case count == 0:
		a.notice("nothing is open")
	}
	return nil
}

func (r recovery) unknown(message string) error {
	return &outcomeError{operation: r.operation, outcome: facade.OutcomeUnknown, message: message}
}

// journalProblem gives an error of the journal itself its outcome. Nothing was sent because of it.
func (r recovery) journalProblem(err error) error {
	var request *facade.RequestError
	if errors.As(err, &request) {
		return err
	}
	return brokenJournal(&outcomeError{operation: r.operation, outcome: facade.OutcomeTemporary, message: oneLine(err.Error()), cause: err})
}

// array prints values as they come: as one JSON array, or for people a line each.
type array struct {
	app   *app
	begun bool
}

func (p *array) add(one recovered) error {
	if !p.app.json {
		return p.app.print([]byte(one.text()))
	}
	text, err := marshal(one, "  ")
	if err != nil {
		return &outcomeError{outcome: facade.OutcomeRefused, message: "the result cannot be written as JSON: " + err.Error()}
	}
	before := "[\n  "
	if p.begun {
		before = ",\n  "
	}
	p.begun = true
	indented := bytes.ReplaceAll(bytes.TrimSpace(text), []byte("\n"), []byte("\n  "))
	return p.app.print(append([]byte(before), indented...))
}

func (p *array) end() error {
	switch {
	case !p.app.json:
		return nil
	case p.begun:
		return p.app.print([]byte("\n]\n"))
	}
	return p.app.print([]byte("[]\n"))
}

// eitherWay writes a settle command for both decisions. A bar between them would be a pipe to a shell, and decide by itself.
func eitherWay(command string) string {
	return command + " --as paid; or, if it is not: " + command + " --as unpaid"
}

// decision reads what a person says became of a request.
func decision(said string) (bool, error) {
	switch said {
	case "paid", "done":
		return true, nil
	case "unpaid", "undone":
		return false, nil
	}
	return false, usagef("--as must be paid or unpaid")
}

// decided reports that a person's decision was noted.
func (a *app) decided(operation, reference string, yes bool) error {
	outcome := facade.OutcomeRefused
	if yes {
		outcome = facade.OutcomeAccepted
	}
	if a.json {
		return a.printJSON(recovered{Reference: reference, Operation: operation, Outcome: outcome})
	}
	return a.print([]byte(fmt.Sprintf("%s: settled as %s, by a person (%s)\n", quote(reference), outcome, operation)))
}

// undecided gives the error of a settle command its outcome: the decision was not noted.
// Where tells the journal's file and the service's address, which the reference was looked for under.
func undecided(operation, reference, where string, err error) error {
	switch {
	case errors.Is(err, facade.ErrNotNoted):
		return &outcomeError{operation: operation, outcome: facade.OutcomeUsage, message: "not noted: " + quote(reference) + " is not in " + where, cause: facade.ErrNotNoted}
	case errors.Is(err, facade.ErrLeased):
		return &outcomeError{operation: operation, outcome: facade.OutcomeTemporary, message: "not noted: another process is at work on it: let it end first", cause: err}
	case errors.Is(err, facade.ErrSettled):
		return &outcomeError{operation: operation, outcome: facade.OutcomeUsage, message: "not noted: it is settled already", cause: err}
	}
	return recovery{operation: operation}.journalProblem(err)
}

// noJournal reports a file that a command needs and that is not there.
func noJournal(path string) error {
	return usagef("there is no journal at %s: name the one that the request was sent with by --journal", strings.TrimSpace(path))
}
