// docs/outcomes.md is written from the tables, and must say what they say.

package ding

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/internal/settle"
)

var update = flag.Bool("update", false, "rewrite the part about Ding in docs/outcomes.md")

func TestTheDocumentHoldsTheTables(t *testing.T) {
	const path, begin, end = "../../docs/outcomes.md", "<!-- ding -->\n", "<!-- /ding -->"
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	head, rest, found := strings.Cut(string(data), begin)
	require.True(t, found, "the marker %q", begin)
	old, tail, found := strings.Cut(rest, end)
	require.True(t, found, "the marker %q", end)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(head+begin+document()+end+tail), 0o644))
		return
	}
	assert.Equal(t, document(), old, "go test ./facade/ding -run TheDocument -update rewrites it")
}

// document writes the tables for people.
func document() string {
	var text strings.Builder
	text.WriteString("### What an answer means\n\nThe first row that fits decides; an empty cell fits everything. The HTTP status decides nothing by itself: " +
		"ResultCode 1 in a 503 is a success, a bare 429 proves nothing. A Code that proves something does so only if the answer has no other; " +
		"where the answer is to be looked up, one among others will do.\n\n")
	columns(&text, "Operation", "What came back", "HTTP status", "ResultCode", "Code", "Context", "Record", "What it means", "Sent again", "Why")
	for _, r := range outcomeTable {
		columns(&text, strings.Join(r.operations, ", "), string(r.came), r.status(), r.resultCodes(), string(r.code), string(r.context), r.recordNames(),
			r.meaning(), r.sentAgain(), r.why)
	}
	text.WriteString("\nCancelTransfers is never sent again. Where its answer is lost, the transfers are read back, until they are Cancelling no more: Cancelled is accepted, " +
		"Complete and Failed are refused, any other state is unknown.\n\n" +
		"\"Unless the list shows otherwise\": the list is asked once, a second later. If it shows a transfer under the reference that has not failed, " +
		"this is looked up; if it shows none, or does not tell within ten seconds, the answer stands.\n\n" +
		"### What a look-up means\n\nListTransferRecords is asked for the DistributorRef; reference, SKU, account and value are compared here. " +
		"Of all that the list shows under the reference, the row that comes first decides. A failed transfer refuses only in the last look-up, when the settle time-out is over (past the 90 seconds that Ding may take, unless it was set shorter), and if no more than one attempt " +
		"ever left under the reference, and Ding did not say that it knows another. \"Look up\" means to look again, until past the 90 seconds that Ding may work on a transfer; after that it is unknown.\n\n" +
		"A deferred transfer that is on its way is not looked at again: its entry in the journal stays open, until a notification, AwaitTransfer or a recovery finds its end. " +
		"Its failure counts at once if a notification tells of it that the list confirms, and otherwise once the list has shown it, unchanged, for 90 seconds.\n\n")
	columns(&text, "What the list shows", "What it means", "Sent again", "Why")
	for _, r := range lookUpTable {
		columns(&text, string(r.sees), r.meaning(), r.sentAgain(), r.why)
	}
	return text.String()
}

// columns writes a row of a table; the first one of a table is its head.
func columns(text *strings.Builder, cells ...string) {
	first := strings.HasSuffix(text.String(), "\n\n")
	text.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	if first {
		text.WriteString(strings.Repeat("|---", len(cells)) + "|\n")
	}
}

func (r row) status() string {
	switch r.came {
	case cameNoRoom, cameNothingLeft, cameNoToken, cameTokenRefused, cameLost:
		return "–"
	case cameRedirect:
		return "3xx"
	}
	return "any"
}

func (r row) resultCodes() string {
	switch {
	case r.came != cameEnvelope:
		return "–"
	case r.resultCode == ResultCodeSuccess:
		return "1 or 2"
	case r.resultCode == 0:
		return ""
	}
	return fmt.Sprint(r.resultCode)
}

func (r row) recordNames() string {
	var names []string
	for _, record := range r.records {
		names = append(names, string(record))
	}
	return strings.Join(names, "; ")
}

func (r row) meaning() string {
	if r.asked {
		return string(r.verdict) + ", unless the list shows otherwise"
	}
	return string(r.verdict)
}

func (r row) sentAgain() string {
	sends := r.operations[0] != operationCancelTransfers
	switch {
	case r.once:
		return "once"
	case r.again && sends && len(r.operations) > 1:
		return "SendTransfer: after a pause, MaxAttempts in all"
	case r.again:
		return "after a pause, MaxAttempts in all"
	case r.verdict == settle.LookUp && sends:
		return "see below"
	}
	return "no"
}

func (r lookUpRow) meaning() string {
	if r.moving {
		return string(r.verdict) + ", and looked at again"
	}
	return string(r.verdict)
}

func (r lookUpRow) sentAgain() string {
	if r.absent {
		return "only with WithPreventDuplicates, until 50 minutes after the first attempt and not after DuplicateTransactionPrevented; or by ResumeTransfer with SendIfAbsent"
	}
	return "no"
}

func TestTheDocumentExplainsEveryVerdict(t *testing.T) {
	data, err := os.ReadFile("../../docs/outcomes.md")
	require.NoError(t, err)
	explained, _, _ := strings.Cut(string(data), "<!-- ding -->")
	for _, r := range outcomeTable {
		assert.Contains(t, explained, "**"+cmp.Or(string(r.verdict), "?")+"**")
	}
}
