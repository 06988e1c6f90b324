package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/journal/sqlite"
	"github.com/airtime-go/airtime/sandbox"
)

// unlisted keeps look-ups from finding anything out.
var unlisted = sandbox.Fault{Kind: sandbox.HTML502, When: sandbox.BeforeWork, Operation: "ListTransferRecords"}

func TestWhatStaysUnknownIsFoundByRecover(t *testing.T) {
	box, env := boxed(t)
	inject(t, box, unlisted,
		sandbox.Fault{Kind: sandbox.DropConnection, When: sandbox.AfterWork, Operation: "SendTransfer", Reference: "PAID"},
		sandbox.Fault{Kind: sandbox.DropConnection, When: sandbox.BeforeWork, Operation: "SendTransfer", Reference: "ABSENT"})
	for _, ref := range []string{"PAID", "ABSENT"} {
		r := airtime(t, env, strings.Replace(sendR1, "R-1", ref, 1))
		require.Equal(t, 4, r.code, r.err)
	}
	all := recoveredBy(t, env, recoverDing, 4)
	require.Len(t, all, 2, "what cannot be found out stays open")
	for _, one := range all {
		assert.Equal(t, "unknown", one["outcome"])
		assert.Equal(t, "SendTransfer", one["operation"])
		assert.Nil(t, one["record"])
		assert.Equal(t, "unknown", one["error"].(map[string]any)["outcome"])
	}

	box.ClearFaults()
	forPeople := airtime(t, env, recoverDing)
	assert.Equal(t, 4, forPeople.code)
	assert.Contains(t, forPeople.out, "PAID: accepted, Complete (Ding's reference ")
	assert.Contains(t, forPeople.out, "ABSENT: unknown: ding: SendTransfer")
	assert.Contains(t, forPeople.err, "1 of 2 stay unknown, ABSENT first")
	assert.Contains(t, forPeople.err, "airtime ding settle --ref ABSENT --as paid; or, if it is not: ")
	assert.NotContains(t, forPeople.err, "|", "to a shell, that is a pipe")

	require.Len(t, recoveredBy(t, env, recoverDing, 4), 1, "what is settled is not open any more")
	found := airtime(t, env, strings.Replace(sendR1, "R-1", "PAID", 1))
	assert.Equal(t, 0, found.code, found.err)
	assert.Contains(t, found.out, "Complete")
	assert.Contains(t, found.err, "nothing was sent")
	assert.Len(t, box.Payments(), 1)
}

func TestRecoverPrintsTheRecord(t *testing.T) {
	box, env := boxed(t)
	inject(t, box, unlisted, sandbox.Fault{Kind: sandbox.DropConnection, When: sandbox.AfterWork, Operation: "SendTransfer"})
	require.Equal(t, 4, airtime(t, env, sendR1).code)
	box.ClearFaults()
	all := recoveredBy(t, env, recoverDing, 0)
	require.Len(t, all, 1)
	assert.Equal(t, "R-1", all[0]["reference"])
	assert.Equal(t, "accepted", all[0]["outcome"])
	assert.NotContains(t, all[0], "error")
	record := all[0]["record"].(map[string]any)
	assert.Equal(t, "Complete", record["ProcessingState"])
	assert.Equal(t, "R-1", record["TransferId"].(map[string]any)["DistributorRef"])
}

func TestRecoverPrintsTheRecordOfAFailure(t *testing.T) {
	var listed atomic.Bool
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/SendTransfer"):
			closes(w, r)
		case listed.Load():
			says(200, listOf(strings.Replace(complete, `"Complete"`, `"Failed"`, 1)))(w, r)
		default:
			says(502, htmlPage)(w, r)
		}
	})
	env := servedAt(server.URL).withState(t)
	require.Equal(t, 4, airtime(t, env, sendTransfer+" --confirm").code)
	listed.Store(true)
	all := recoveredBy(t, env, recoverDing, 0)
	require.Len(t, all, 1)
	assert.Equal(t, "refused", all[0]["outcome"])
	assert.Equal(t, "Failed", all[0]["record"].(map[string]any)["ProcessingState"])
	assert.Equal(t, "refused", all[0]["error"].(map[string]any)["outcome"])
	assert.Equal(t, 1, server.sent("SendTransfer"))
}

func TestSendingWhatIsOpenFindsItOut(t *testing.T) {
	box, env := boxed(t)
	inject(t, box, unlisted, sandbox.Fault{Kind: sandbox.DropConnection, When: sandbox.AfterWork, Operation: "SendTransfer"})
	require.Equal(t, 4, airtime(t, env, sendR1).code)
	box.ClearFaults()
	r := airtime(t, env, sendR1)
	assert.Equal(t, 0, r.code, r.err)
	assert.Contains(t, r.err, "R-1 was left open at ")
	assert.Len(t, box.Payments(), 1)
}

func TestRecoverWithNothingToDo(t *testing.T) {
	_, env := boxed(t)
	for _, command := range []string{"ding recover", "dizlee recover"} {
		r := airtime(t, env, command)
		assert.Equal(t, 0, r.code, r.err)
		assert.Contains(t, r.err, "there is no journal at "+env["XDG_STATE_HOME"])
		assert.Equal(t, "[]\n", airtime(t, env, command+" --json").out)
	}
	require.Equal(t, 0, airtime(t, env, sendR1).code)
	for _, command := range []string{"ding recover", "dizlee recover"} {
		r := airtime(t, env, command)
		assert.Equal(t, 0, r.code, r.err)
		assert.Contains(t, r.err, "nothing is open")
		assert.Equal(t, "[]\n", airtime(t, env, command+" --json").out)
	}
	for _, command := range []string{"ding recover", "dizlee recover"} {
		r := airtime(t, environment{"XDG_STATE_HOME": env["XDG_STATE_HOME"], "DIZLEE_BASE_URL": "http://127.0.0.1:1"}, command)
		assert.Equal(t, 2, r.code, "without credentials")
	}
	assert.Equal(t, 2, airtime(t, environment{"DIZLEE_API_KEY": dizleeKey}, "dizlee recover").code, "without an address")
	for _, command := range []string{"ding recover", "ding settle --ref R --as paid"} {
		assert.Equal(t, 2, airtime(t, env.with("DING_BASE_URL", "nonsense"), command).code)
	}
	for _, command := range []string{"dizlee recover", "dizlee settle --operation sms --id M --as done"} {
		assert.Equal(t, 2, airtime(t, env.with("DIZLEE_BASE_URL", "nonsense"), command).code)
	}
}

func TestAPersonSettlesWhatCannotBeFoundOut(t *testing.T) {
	for said, code := range map[string]int{"paid": 0, "unpaid": 1} {
		box, env := boxed(t)
		inject(t, box, unlisted, sandbox.Fault{Kind: sandbox.DropConnection, When: sandbox.BeforeWork, Operation: "SendTransfer"})
		require.Equal(t, 4, airtime(t, env, sendR1).code)
		box.ClearFaults()

		bare := environment{"XDG_STATE_HOME": env["XDG_STATE_HOME"], "DING_BASE_URL": env["DING_BASE_URL"]}
		r := airtime(t, bare, "ding settle --ref R-1 --json --as "+said)
		require.Equal(t, 0, r.code, "no credentials are needed: %s", r.err)
		outcome := map[string]string{"paid": "accepted", "unpaid": "refused"}[said]
		assert.JSONEq(t, `{"reference":"R-1","operation":"SendTransfer","outcome":"`+outcome+`","record":null}`, r.out)

		assert.Empty(t, recoveredBy(t, env, recoverDing, 0))
		again := airtime(t, env, sendR1)
		assert.Equal(t, code, again.code, again.err)
		assert.Contains(t, again.err, "by a person")
		assert.Empty(t, box.Payments(), "nothing is sent")

		for line, says := range map[string]string{"ding settle --ref R-1 --as unpaid": "settled already", "ding settle --ref R-9 --as paid": "journal.db under " + env["DING_BASE_URL"]} {
			r := airtime(t, bare, line)
			assert.Equal(t, 2, r.code, r.err)
			assert.Contains(t, r.err, says)
		}
	}
	box, env := boxed(t)
	inject(t, box, unlisted, sandbox.Fault{Kind: sandbox.DropConnection, When: sandbox.BeforeWork, Operation: "SendTransfer"})
	require.Equal(t, 4, airtime(t, env, sendR1).code)
	assert.Equal(t, "R-1: settled as accepted, by a person (SendTransfer)\n", airtime(t, env, "ding settle --ref R-1 --as paid").out)
}

func TestResumeLooksBeforeItSends(t *testing.T) {
	resume := "ding resume " + topUp + " --ref R-1"
	box, env := boxed(t)
	preview := airtime(t, env, resume+" --json")
	assert.Equal(t, 2, preview.code)
	assert.Contains(t, preview.out, `"DistributorRef": "R-1"`)

	require.Equal(t, 0, airtime(t, env, sendR1+" --no-journal").code)
	found := airtime(t, env, resume+" --confirm --no-journal")
	assert.Equal(t, 0, found.code, found.err)
	assert.Contains(t, found.out, "Complete")

	absent := strings.Replace(resume, "R-1", "R-2", 1) + " --confirm --no-journal"
	r := airtime(t, env, absent)
	assert.Equal(t, 4, r.code, "an absent one proves nothing")
	assert.Contains(t, r.err, "airtime ding transfers --ref R-2")
	assert.Len(t, box.Payments(), 1)

	sent := airtime(t, env, absent+" --send-if-absent")
	assert.Equal(t, 0, sent.code, sent.err)
	assert.Len(t, box.Payments(), 2)
}

func TestResumeAndTheJournal(t *testing.T) {
	resume := "ding resume " + topUp + " --ref R-1 --confirm"
	box, env := boxed(t)
	r := airtime(t, env, resume)
	assert.Equal(t, 4, r.code)
	assert.Contains(t, r.err, "nothing was sent or noted")
	assert.Empty(t, recoveredBy(t, env, recoverDing, 0), "it only looked")

	inject(t, box, unlisted, sandbox.Fault{Kind: sandbox.DropConnection, When: sandbox.BeforeWork, Operation: "SendTransfer", Count: 1})
	require.Equal(t, 4, airtime(t, env, sendR1).code)
	box.ClearFaults()
	for _, flag := range []string{"", " --send-if-absent"} {
		held := airtime(t, env, resume+flag)
		assert.Equal(t, 4, held.code, "what a journal holds is never sent again")
		assert.Contains(t, held.err, "R-1 stays open in the journal")
	}
	require.Equal(t, 0, airtime(t, env, "ding settle --ref R-1 --as unpaid").code)
	settled := airtime(t, env, resume)
	assert.Equal(t, 1, settled.code)
	assert.Contains(t, settled.err, "by a person")
	assert.Empty(t, box.Payments())

	other := strings.Replace(resume, "R-1", "R-2", 1) + " --send-if-absent"
	assert.Equal(t, 0, airtime(t, env, other).code)
	assert.Equal(t, 0, airtime(t, env, other).code, "noted, and so sent once")
	assert.Len(t, box.Payments(), 1)

	inject(t, box, unlisted, sandbox.Fault{Kind: sandbox.DropConnection, When: sandbox.AfterWork, Operation: "SendTransfer"})
	lost := airtime(t, env, strings.Replace(sendR1, "R-1", "R-3", 1))
	require.Equal(t, 4, lost.code)
	box.ClearFaults()
	assert.Equal(t, 0, airtime(t, env, strings.Replace(resume, "R-1", "R-3", 1)).code)
	absent := airtime(t, env, strings.Replace(resume, "R-1", "R-4", 1))
	assert.Equal(t, 4, absent.code)
	assert.Contains(t, absent.err, "nothing was sent or noted")
	assert.Empty(t, recoveredBy(t, env, recoverDing, 0), "what was found out is settled, and what was absent not noted")
}

func TestAnInterruptedRecoveryReportsThatSomethingStaysOpen(t *testing.T) {
	lost, arrived, over := make(chan struct{}, 16), make(chan struct{}, 16), make(chan struct{})
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/SendTransfer") {
			lost <- struct{}{}
			closes(w, r)
			return
		}
		if len(lost) > 1 {
			arrived <- struct{}{}
			<-over
		}
		says(502, htmlPage)(w, r)
	})
	defer close(over)
	env := servedAt(server.URL).withState(t)
	require.Equal(t, 4, airtime(t, env, sendTransfer+" --confirm").code)
	lost <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	r := airtimeArgs(ctx, t, env, "ding", "recover", "--json")
	assert.Equal(t, 4, r.code, r.err)
	assert.True(t, json.Valid([]byte(r.out)), r.out)
	assert.Contains(t, failureOf(t, r)["message"], "interrupted")
}

func TestAResultOfRecoverThatCannotBeWrittenIsNoSuccess(t *testing.T) {
	for _, flag := range []string{"", "--json"} {
		box, env := boxed(t)
		inject(t, box, unlisted, sandbox.Fault{Kind: sandbox.DropConnection, When: sandbox.AfterWork, Operation: "SendTransfer"})
		require.Equal(t, 4, airtime(t, env, sendR1).code)
		box.ClearFaults()
		var stderr lockedBuffer
		args := strings.Fields("ding recover " + flag)
		assert.Equal(t, 4, run(t.Context(), args, func(name string) string { return env[name] }, brokenPipe{}, &stderr))
		assert.Contains(t, stderr.String(), "no space left")
	}
	_, env := boxed(t)
	var stderr lockedBuffer
	assert.Equal(t, 4, run(t.Context(), []string{"ding", "recover", "--json"}, func(name string) string { return env[name] }, brokenPipe{}, &stderr))
}

func TestDizleeFindsOutAboutALostAnswer(t *testing.T) {
	for _, kind := range losses {
		for _, when := range []sandbox.Moment{sandbox.AfterWork, sandbox.BeforeWork} {
			t.Run(string(kind+" ")+string(when), func(t *testing.T) {
				box, env := boxed(t)
				inject(t, box, sandbox.Fault{Kind: kind, When: when, Operation: "Charge", Count: 1})
				r := airtime(t, env, chargeCommand+" --confirm")
				assert.Equal(t, 0, r.code, r.err)
				assert.Contains(t, r.err, "Charge: the answer was lost")
				assert.Equal(t, when == sandbox.AfterWork, strings.Contains(r.err, "the refusal of a duplicate shows"), r.err)
				assert.Len(t, box.Charges(), 1)

				again := airtime(t, env, chargeCommand+" --confirm")
				assert.Equal(t, 0, again.code, again.err)
				assert.Contains(t, again.err, "nothing was sent: this is the answer as the journal has it")
				other := airtime(t, env, chargeCommand+" --confirm --channel SMS")
				assert.Equal(t, 2, other.code, other.err)
				assert.Contains(t, other.err, "take a new reference for this one, in place of C-1")
				assert.Len(t, box.Charges(), 1)
			})
		}
	}
}

// effects are the commands of Dizlee, and the operations that they stand for.
var effects = map[string]struct{ line, id, command string }{
	"Charge":  {chargeCommand, "C-1", "charge"},
	"Refund":  {refundCommand, "F-1", "refund"},
	"SendSMS": {smsCommand, "M-1", "sms"},
}

func TestDizleeRecoverSettlesWhatMayBeRepeated(t *testing.T) {
	for operation, effect := range effects {
		t.Run(operation, func(t *testing.T) {
			box, env := boxed(t)
			if operation == "Refund" {
				require.Equal(t, 0, airtime(t, env, chargeCommand+" --confirm").code)
			}
			inject(t, box, sandbox.Fault{Kind: sandbox.DropConnection, When: sandbox.AfterWork, Operation: operation})
			r := airtime(t, env, effect.line+" --confirm")
			require.Equal(t, 4, r.code, r.err)
			assert.Contains(t, r.err, effect.id+" stays open in the journal")
			box.ClearFaults()

			code, outcome := 0, "accepted"
			if operation == "SendSMS" {
				code, outcome = 4, "unknown"
			}
			all := recoveredBy(t, env, "dizlee recover", code)
			require.Len(t, all, 1)
			assert.Equal(t, effect.id, all[0]["reference"])
			assert.Equal(t, operation, all[0]["operation"])
			assert.Equal(t, outcome, all[0]["outcome"])
			if code == 0 {
				assert.NotNil(t, all[0]["record"].(map[string]any)["status"])
				assert.NotContains(t, all[0], "error")
			}
			ledger := box.Ledger()
			done := map[string]int{"Charge": len(ledger.Charges), "Refund": len(ledger.Refunds), "SendSMS": len(ledger.Messages)}
			assert.Equal(t, 1, done[operation])
		})
	}
}

func TestDizleeRecoverForPeople(t *testing.T) {
	box, env := boxed(t)
	inject(t, box,
		sandbox.Fault{Kind: sandbox.DropConnection, When: sandbox.AfterWork, Operation: "Charge"},
		sandbox.Fault{Kind: sandbox.DropConnection, When: sandbox.AfterWork, Operation: "SendSMS"})
	for _, line := range []string{chargeCommand, smsCommand} {
		require.Equal(t, 4, airtime(t, env, line+" --confirm").code)
	}
	box.ClearFaults()
	r := airtime(t, env, "dizlee recover")
	assert.Equal(t, 4, r.code)
	assert.Contains(t, r.out, "C-1: accepted, charge, as the refusal of a duplicate shows\n")
	assert.Contains(t, r.out, "M-1: unknown: dizlee: ")
	assert.Contains(t, r.err, "1 of 2 stay unknown, M-1 first")
	assert.Contains(t, r.err, "airtime dizlee settle --operation sms --ref M-1 --as paid; or, if it is not: ")
}

func TestAPersonSettlesForDizlee(t *testing.T) {
	for operation, effect := range effects {
		for said, code := range map[string]int{"done": 0, "undone": 1} {
			t.Run(operation+" "+said, func(t *testing.T) {
				box, env := boxed(t)
				inject(t, box, sandbox.Fault{Kind: sandbox.DropConnection, When: sandbox.BeforeWork, Operation: operation})
				require.Equal(t, 4, airtime(t, env, effect.line+" --confirm").code)
				settle := "dizlee settle --operation " + effect.command + " --ref " + effect.id + " --as " + said
				bare := environment{"XDG_STATE_HOME": env["XDG_STATE_HOME"], "DIZLEE_BASE_URL": env["DIZLEE_BASE_URL"]}
				absent := airtime(t, bare, strings.Replace(settle, effect.id, "X-9", 1))
				assert.Equal(t, 2, absent.code, absent.err)
				assert.Contains(t, absent.err, "not noted: X-9 is not in ")
				assert.Contains(t, absent.err, "journal.db under "+env["DIZLEE_BASE_URL"]+" (--operation "+effect.command+")")
				r := airtime(t, bare, settle)
				require.Equal(t, 0, r.code, "no key is needed: %s", r.err)
				assert.Contains(t, r.out, effect.id+": settled as ")
				assert.Equal(t, 2, airtime(t, bare, settle).code, "once")

				again := airtime(t, env, effect.line+" --confirm")
				assert.Equal(t, code, again.code, again.err)
				assert.Contains(t, again.err, "by a person")
				assert.Empty(t, recoveredBy(t, env, "dizlee recover", 0))
			})
		}
	}
}

func TestDizleeResume(t *testing.T) {
	box, env := boxed(t)
	require.Equal(t, 0, airtime(t, env, chargeCommand+" --confirm --no-journal").code)
	for _, line := range []string{"dizlee resume charge" + chargeFlags, "dizlee resume refund" + refundFlags} {
		assert.Equal(t, 2, airtime(t, env, line).code, "without --confirm it shows the request")
		r := airtime(t, env, line+" --confirm --no-journal")
		assert.Equal(t, 0, r.code, r.err)
	}
	r := airtime(t, env, "dizlee resume charge"+chargeFlags+" --confirm --no-journal")
	assert.Equal(t, 0, r.code, r.err)
	assert.Contains(t, r.err, "as the refusal of a duplicate shows")
	r = airtime(t, env, "dizlee resume charge"+chargeFlags+" --confirm --no-journal --json")
	var answer map[string]any
	require.NoError(t, json.Unmarshal([]byte(r.out), &answer), r.out)
	assert.Equal(t, true, answer["byDuplicate"])
	assert.Equal(t, "1", answer["status"])
	assert.Len(t, box.Charges(), 1)
	assert.Len(t, box.Refunds(), 1)
}

func TestWithoutAJournalDizleeSaysHowToGoOn(t *testing.T) {
	server := serve(t, closes)
	for operation, says := range map[string]string{"Charge": "airtime dizlee resume charge", "Refund": "airtime dizlee resume refund", "SendSMS": "do not repeat M-1"} {
		r := airtime(t, servedAt(server.URL), effects[operation].line+" --confirm --no-journal")
		assert.Equal(t, 4, r.code)
		assert.Contains(t, r.err, says)
	}
}

func TestAnErrorOfTheJournalSaysWhetherTheNextRunMaySucceed(t *testing.T) {
	busy, damaged := errors.New("busy"), fmt.Errorf("journal J: %w", sqlite.ErrDamaged)
	tests := []struct {
		name string
		err  error
		code int
	}{
		{"while something is recovered", recovery{}.journalProblem(busy), 3},
		{"for good, while something is recovered", recovery{}.journalProblem(damaged), 2},
		{"before something is sent", (&observer{}).explains(&outcomeError{outcome: facade.OutcomeTemporary, message: "x", cause: errors.Join(errors.New("not noted"), damaged)}, nil), 2},
		{"that is only busy", (&observer{}).explains(&outcomeError{outcome: facade.OutcomeTemporary, message: "x", cause: busy}, nil), 3},
		{"that refuses", (&observer{}).explains(&outcomeError{outcome: facade.OutcomeRefused, message: "x", cause: damaged}, nil), 1},
		{"that another process has leased", undecided("Settle", "R-1", "journal.db", fmt.Errorf("not noted: %w", facade.ErrLeased)), 3},
		{"that was settled meanwhile", undecided("Settle", "R-1", "journal.db", fmt.Errorf("not noted: %w", facade.ErrSettled)), 2},
		{"that is a request's", undecided("Settle", "R-1", "journal.db", &facade.RequestError{Operation: "Settle"}), 2},
		{"that cannot be read", undecided("Settle", "R-1", "journal.db", busy), 3},
	}
	for _, tt := range tests {
		assert.Equal(t, tt.code, exitCodes[facade.OutcomeOf(tt.err)], tt.name)
	}
	assert.Equal(t, "not noted: busy", messageOf(errors.Join(errors.New("not noted"), busy)))
}

func TestAnEntryThatCannotBeReadStaysOpen(t *testing.T) {
	r := recoveredTransfer(ding.Recovered{Request: ding.SendTransferRequest{DistributorRef: "R-1"}, Err: errors.New("the entry cannot be read")})
	assert.Equal(t, facade.OutcomeUnknown, r.Outcome)
	assert.Equal(t, "R-1: unknown: the entry cannot be read\n", r.text())
}

func TestTheHelpOfResumeSpeaksOfWhatWasSent(t *testing.T) {
	for line, says := range map[string]string{
		"ding resume --help": "your own reference, that it was sent with", "dizlee resume charge --help": "your own id, that it was sent with",
		"dizlee resume refund --help": "your own id, that it was sent with", "ding send --help": "new for every transfer",
	} {
		r := airtime(t, nil, line)
		assert.Equal(t, 0, r.code, line)
		assert.Contains(t, r.out, says, line)
		assert.Equal(t, strings.HasPrefix(line, "ding"), strings.Contains(r.out, "Ding may work on a transfer for 90s"), line)
	}
}
