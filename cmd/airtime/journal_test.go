package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/sandbox"
)

// A transfer and its likes that the sandbox takes.
const (
	topUp       = "--sku GB_AB_TopUp --value 5.00 --account " + customer
	sendR1      = "ding send " + topUp + " --ref R-1 --confirm"
	cancelR1    = "ding cancel --ref R-1 --confirm"
	recoverDing = "ding recover"
)

// boxed returns a sandbox, and the environment of a user of it who keeps a journal.
func boxed(t *testing.T) (*sandbox.Sandbox, environment) {
	t.Helper()
	box, err := sandbox.New()
	require.NoError(t, err)
	env := environment{"XDG_STATE_HOME": t.TempDir()}
	for _, line := range box.Environment(serveRaw(t, box.ServeHTTP)) {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	return box, env
}

func inject(t *testing.T, box *sandbox.Sandbox, faults ...sandbox.Fault) {
	t.Helper()
	for _, fault := range faults {
		_, err := box.Inject(fault)
		require.NoError(t, err)
	}
}

// recoveredBy runs a recover command with --json and returns what it printed.
func recoveredBy(t *testing.T, env environment, line string, code int) []map[string]any {
	t.Helper()
	r := airtime(t, env, line+" --json")
	require.Equal(t, code, r.code, r.err)
	var all []map[string]any
	require.NoError(t, json.Unmarshal([]byte(r.out), &all), r.out)
	if code != 0 {
		failureOf(t, r)
	}
	return all
}

// losses are the ways in which an answer can get lost.
var losses = []sandbox.FaultKind{sandbox.DropConnection, sandbox.ResetMidAnswer, sandbox.TruncatedBody, sandbox.HTML502, sandbox.Bare503, sandbox.TooManyRequests429}

func TestALostAnswerToATransferIsLookedUp(t *testing.T) {
	for _, kind := range losses {
		for _, when := range []sandbox.Moment{sandbox.AfterWork, sandbox.BeforeWork} {
			t.Run(string(kind+" ")+string(when), func(t *testing.T) {
				box, env := boxed(t)
				inject(t, box, sandbox.Fault{Kind: kind, When: when, Operation: "SendTransfer"})
				r := airtime(t, env, sendR1)
				assert.Contains(t, r.err, "SendTransfer: the answer was lost")
				assert.Contains(t, r.err, "looking the transfer up, for up to 50ms")
				if when == sandbox.AfterWork {
					assert.Equal(t, 0, r.code, r.err)
					assert.Contains(t, r.out, "Complete")
					assert.Contains(t, r.err, "the outcome was found out")
					assert.Len(t, box.Payments(), 1)
					return
				}
				assert.Equal(t, 4, r.code)
				for _, step := range []string{"R-1 stays open", "airtime ding transfers --ref R-1", "airtime ding recover", "airtime ding settle --ref R-1 --as paid; or, if it is not: "} {
					assert.Contains(t, r.err, step)
				}
				assert.Empty(t, box.Payments(), "never sent again on a guess")
			})
		}
	}
}

func TestTheStderrOfAProgramHoldsOneObjectThoughAnAnswerWasLost(t *testing.T) {
	box, env := boxed(t)
	inject(t, box, sandbox.Fault{Kind: sandbox.DropConnection, When: sandbox.AfterWork, Operation: "SendTransfer", Count: 1})
	r := airtime(t, env, sendR1+" --json")
	require.Equal(t, 0, r.code, r.err)
	assert.JSONEq(t, `{"notice":{"message":"the answer was lost, and the outcome was found out"}}`, r.err)
	var record map[string]any
	require.NoError(t, json.Unmarshal([]byte(r.out), &record))
	assert.Equal(t, "Complete", record["ProcessingState"])

	inject(t, box, sandbox.Fault{Kind: sandbox.DropConnection, When: sandbox.BeforeWork, Operation: "SendTransfer", Count: 1})
	r = airtime(t, env, strings.Replace(sendR1, "R-1", "R-2", 1)+" --json")
	assert.Equal(t, 4, r.code)
	assert.Contains(t, failureOf(t, r)["message"], "airtime ding settle --ref R-2 --as paid; or, if it is not: ")
}

func TestAReferenceInTheJournalIsNeverSentAgain(t *testing.T) {
	t.Run("accepted", func(t *testing.T) {
		box, env := boxed(t)
		first := airtime(t, env, sendR1)
		require.Equal(t, 0, first.code, first.err)
		again := airtime(t, env, sendR1)
		assert.Equal(t, 0, again.code, again.err)
		assert.Equal(t, first.out, again.out)
		assert.Contains(t, again.err, "nothing was sent: this is the transfer as the journal has it")
		assert.Contains(t, again.err, "by the service's answer")

		asJSON := airtime(t, env, sendR1+" --json")
		assert.Contains(t, asJSON.out, `"ProcessingState": "Complete"`)
		assert.Contains(t, asJSON.err, `{"notice":{"message":"nothing was sent`)

		for _, other := range []string{"--value 6.00", "--account 447700900124", "--setting A=B"} {
			r := airtime(t, env, sendR1+" "+other)
			assert.Equal(t, 2, r.code, r.err)
			assert.Contains(t, r.err, "take a new reference for this one, in place of R-1")
			assert.Equal(t, 1, strings.Count(r.err, "stands for another request"), "said once")
			assert.Equal(t, "usage", failureOf(t, airtime(t, env, sendR1+" --json "+other))["outcome"])
		}
		assert.Len(t, box.Payments(), 1)
	})

	t.Run("refused", func(t *testing.T) {
		server := serve(t, says(200, envelope(4, "AccountNumberInvalid", "")))
		env := servedAt(server.URL).withState(t)
		for range 2 {
			r := airtime(t, env, sendTransfer+" --confirm")
			assert.Equal(t, 1, r.code)
			assert.Contains(t, r.err, "AccountNumberInvalid")
		}
		assert.Len(t, server.seen(), 1)
	})

	t.Run("never left", func(t *testing.T) {
		env := servedAt("http://127.0.0.1:1").withState(t)
		first := airtime(t, env, sendTransfer+" --confirm")
		assert.Equal(t, 3, first.code)
		assert.Contains(t, first.err, "take a new reference to send it again")
		again := airtime(t, env, sendTransfer+" --confirm")
		assert.Equal(t, 3, again.code)
		assert.Contains(t, again.err, "R-1 was settled at ")
	})

	t.Run("a voucher's receipt is not kept", func(t *testing.T) {
		server := serve(t, says(200, complete))
		env := servedAt(server.URL).withState(t)
		assert.Contains(t, airtime(t, env, sendTransfer+" --confirm").out, "1234-5678")
		again := airtime(t, env, sendTransfer+" --confirm")
		assert.Equal(t, 0, again.code)
		assert.NotContains(t, again.out, "1234-5678")
		assert.Contains(t, again.err, "receipt is not kept: see airtime ding transfers --ref R-1")
		for _, name := range []string{"journal.db", "journal.db-wal"} {
			content, err := os.ReadFile(filepath.Join(env["XDG_STATE_HOME"], "airtime", name))
			if err == nil {
				assert.NotContains(t, string(content), "1234-5678")
				assert.NotContains(t, string(content), dingKey)
			}
		}
	})
}

func TestWithoutAJournalAReferenceIsSentAgain(t *testing.T) {
	for _, flag := range []string{" --no-journal", " --journal none", " --no-journal --journal=none"} {
		box, env := boxed(t)
		for range 2 {
			assert.Equal(t, 0, airtime(t, env, sendR1+flag).code)
		}
		assert.Len(t, box.Payments(), 2, "as Ding does")
		assert.NoDirExists(t, filepath.Join(env["XDG_STATE_HOME"], "airtime"))

		inject(t, box, sandbox.Fault{Kind: sandbox.DropConnection, When: sandbox.BeforeWork, Operation: "SendTransfer"})
		r := airtime(t, env, strings.Replace(sendR1, "R-1", "R-2", 1)+flag)
		assert.Equal(t, 4, r.code)
		assert.Contains(t, r.err, "airtime ding transfers --ref R-2; or go on with the same flags and: airtime ding resume")
	}
}

func TestAJournalThatCannotBeUsedStopsEverythingBeforeItIsSent(t *testing.T) {
	server := serve(t, says(200, complete))
	directory := t.TempDir()
	foreign := filepath.Join(directory, "foreign")
	require.NoError(t, os.WriteFile(foreign, []byte(strings.Repeat("no database ", 1000)), 0o600))
	damaged := filepath.Join(directory, "damaged")
	require.Equal(t, 0, airtime(t, servedAt(server.URL), sendTransfer+" --confirm --journal "+damaged).code)
	content, err := os.ReadFile(damaged)
	require.NoError(t, err)
	for i := range content[100:] {
		content[100+i] = 0xff
	}
	require.NoError(t, os.WriteFile(damaged, content, 0o600))
	gone := filepath.Join(directory, "gone")
	require.NoError(t, os.WriteFile(gone+"-wal", []byte("what was written last"), 0o600))
	before := len(server.seen())

	commands := []string{
		sendTransfer + " --confirm", strings.Replace(sendTransfer, "send", "resume", 1) + " --confirm",
		chargeCommand + " --confirm", refundCommand + " --confirm", smsCommand + " --confirm", "dizlee resume " + strings.TrimPrefix(chargeCommand, "dizlee ") + " --confirm",
		"ding recover", "dizlee recover", "ding settle --ref R-1 --as paid", "dizlee settle --operation charge --id C-1 --as done",
	}
	for _, file := range []string{foreign, damaged, gone, directory, filepath.Join(foreign, "below")} {
		for _, command := range commands {
			r := airtime(t, servedAt(server.URL), command+" --journal "+file)
			assert.Equal(t, 2, r.code, "%s: %s", command, r.err)
			assert.Contains(t, r.err, file)
			assert.Equal(t, "usage", failureOf(t, airtime(t, servedAt(server.URL), command+" --json --journal "+file))["outcome"])
		}
	}
	assert.Len(t, server.seen(), before, "nothing was sent")

	for _, validation := range []string{sendTransfer, sendTransfer + " --validate-only --confirm"} {
		assert.Equal(t, 0, airtime(t, servedAt(server.URL), validation+" --journal "+foreign).code, "a validation needs no journal")
	}
	env := servedAt(server.URL).withState(t)
	assert.Equal(t, 0, airtime(t, env, sendTransfer).code)
	assert.Equal(t, 2, airtime(t, env, chargeCommand).code)
	assert.NoDirExists(t, filepath.Join(env["XDG_STATE_HOME"], "airtime"), "and makes none")
}

func TestTheJournalsPlace(t *testing.T) {
	self, err := os.UserHomeDir()
	require.NoError(t, err)
	tests := []struct {
		name, system string
		env          environment
		place        string
	}{
		{"as the specification says", "linux", environment{"XDG_STATE_HOME": "/state", "HOME": "/home/u"}, "/state"},
		{"a relative one is ignored", "linux", environment{"XDG_STATE_HOME": "state", "HOME": "/home/u"}, "/home/u/.local/state"},
		{"below the home directory", "darwin", environment{"HOME": "/home/u"}, "/home/u/.local/state"},
		{"on Windows", "windows", environment{"LOCALAPPDATA": `C:\Users\u\AppData\Local`, "HOME": "/home/u"}, `C:\Users\u\AppData\Local`},
		{"without a variable", "linux", nil, filepath.Join(self, ".local", "state")},
	}
	for _, tt := range tests {
		place, err := stateDirectory(func(name string) string { return tt.env[name] }, tt.system)
		require.NoError(t, err, tt.name)
		assert.Equal(t, tt.place, place, tt.name)
	}
	_, err = stateDirectory(func(string) string { return "nowhere" }, "linux")
	assert.ErrorContains(t, err, "no home directory")

	server := serve(t, says(200, complete))
	env := servedAt(server.URL).withState(t)
	require.Equal(t, 0, airtime(t, env, sendTransfer+" --confirm").code)
	file, err := os.Stat(filepath.Join(env["XDG_STATE_HOME"], "airtime", "journal.db"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), file.Mode().Perm())

	nowhere := servedAt(server.URL).with("HOME", "here").with("XDG_STATE_HOME", "there")
	r := airtime(t, nowhere, strings.Replace(sendTransfer, "R-1", "R-2", 1)+" --confirm")
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.err, "name a file with --journal")
	assert.Len(t, server.seen(), 1)
}

func TestTheJournalOfAnEmbeddedSandboxEndsWithIt(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	env := environment{}.withState(t)
	for range 2 {
		assert.Equal(t, 0, airtime(t, env, "--sandbox "+sendR1).code, "fresh every time")
		assert.Empty(t, recoveredBy(t, env, "--sandbox ding recover", 0))
	}
	assert.NoDirExists(t, filepath.Join(env["XDG_STATE_HOME"], "airtime"))
	left, err := os.ReadDir(temporary)
	require.NoError(t, err)
	assert.Empty(t, left)

	t.Setenv("TMPDIR", filepath.Join(temporary, "missing"))
	r := airtime(t, env, "--sandbox "+sendR1)
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.err, "no directory for the sandbox's journal")
}

func TestACancellationWhoseAnswerIsLostIsReadBack(t *testing.T) {
	box, env := boxed(t)
	bills := airtime(t, env, "ding bills --sku MX_CF_TopUp --account 12345678 --json")
	var all []struct {
		BillRef string
		Price   struct{ SendValue json.Number }
	}
	require.NoError(t, json.Unmarshal([]byte(bills.out), &all))
	require.NotEmpty(t, all)
	send := "ding send --sku MX_CF_TopUp --account 12345678 --ref R-1 --confirm --bill-ref " + all[0].BillRef + " --value " + all[0].Price.SendValue.String()
	require.Equal(t, 0, airtime(t, env, send).code)
	inject(t, box, sandbox.Fault{Kind: sandbox.DropConnection, When: sandbox.AfterWork, Operation: "CancelTransfers"})
	r := airtime(t, env, cancelR1)
	assert.Equal(t, 0, r.code, r.err)
	assert.Contains(t, r.out, "Cancelled")
	assert.Contains(t, r.err, "CancelTransfers: the answer was lost (no answer); reading the transfer's state")
}

func TestSettlingFlagsThatMakeNoSenseAreRefused(t *testing.T) {
	server := serve(t, says(200, complete))
	for line, says := range map[string]string{
		sendTransfer + " --confirm --settle-timeout 0s":                  "--settle-timeout must be above 0",
		sendTransfer + " --confirm --no-journal --journal file":          "choose one",
		chargeCommand + " --confirm --settle-timeout -1s":                "--settle-timeout must be above 0",
		"ding recover --settle-timeout 0s":                               "--settle-timeout must be above 0",
		"dizlee recover --settle-timeout 0s":                             "--settle-timeout must be above 0",
		"ding recover --journal none":                                    "about the journal",
		"dizlee recover --journal none":                                  "about the journal",
		"ding settle --ref R --as paid --journal none":                   "about the journal",
		"dizlee settle --operation sms --id M --as done --journal none":  "about the journal",
		"ding settle --ref R --as maybe":                                 "--as must be paid or unpaid",
		"ding settle --ref R":                                            `"as"`,
		"ding settle --ref R --as paid":                                  "there is no journal at",
		"dizlee settle --ref M --as paid":                                "there is no journal at",
		"dizlee settle --id M --as maybe":                                "--as must be paid or unpaid",
		"dizlee settle --id M --ref M --as paid":                         "id ref",
		"dizlee settle --operation topup --id M --as done":               "--operation must be",
		"dizlee resume sms":                                              `unknown command "sms"`,
		"dizlee resume refund" + refundFlags + " --amount 0.1 --confirm": "must be absent",
	} {
		r := airtime(t, servedAt(server.URL), line)
		assert.Equal(t, 2, r.code, "%s: %s", line, r.err)
		assert.Contains(t, r.err, says, line)
	}
	assert.Empty(t, server.seen())
}

var (
	chargeFlags = strings.TrimPrefix(chargeCommand, "dizlee charge")
	refundFlags = strings.TrimPrefix(refundCommand, "dizlee refund")
)

func TestTheDefaultsOfTheProgramReachPastDings90Seconds(t *testing.T) {
	for _, line := range []string{"ding send", "ding recover", "ding resume", "dizlee charge", "dizlee refund", "dizlee sms", "dizlee recover"} {
		r := start(t, nil, append(strings.Fields(line), "--help")...).end(t)
		assert.Contains(t, r.out, "(default 1m40s)", line)
		assert.Contains(t, r.out, "--journal file", line)
	}
}

// answersOnce calls the first handler once, and then the second one.
func answersOnce(first, then http.HandlerFunc) http.HandlerFunc {
	called := make(chan struct{}, 1)
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case called <- struct{}{}:
			first(w, r)
		default:
			then(w, r)
		}
	}
}
