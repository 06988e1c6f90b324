// Tests that the outcome table is complete, that every row can be reached, and that docs/outcomes.md says the same.

package dizlee

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/settle"
)

var update = flag.Bool("update", false, "rewrite the part about Dizlee in docs/outcomes.md")

// allFindings is everything that can be found, each once.
func allFindings() []finding {
	statuses := []Code{Code(StatusCodeOK), "-999", "0", statusHidden}
	for code := range codes {
		statuses = append(statuses, code)
	}
	var all []finding
	for _, about := range everything {
		for _, turn := range []turn{first, repeat} {
			if turn == repeat && !about.repeatable() {
				continue // it is never repeated
			}
			for _, came := range []came{cameNothingLeft, cameLost, cameRedirect, cameTooLarge, cameUnreadable} {
				all = append(all, finding{subject: about, came: came, turn: turn})
			}
			for _, status := range statuses {
				all = append(all, finding{subject: about, came: cameEnvelope, status: status, turn: turn})
			}
		}
	}
	return all
}

func TestEveryRowDecidesSomethingAndEverythingIsDecided(t *testing.T) {
	reached := map[string]bool{}
	for _, f := range allFindings() {
		decided := outcomeOf(f)
		require.NotEmpty(t, decided.came, "%+v fits no row", f)
		reached[decided.String()] = true
	}
	for _, r := range outcomeTable {
		assert.True(t, reached[r.String()], "nothing reaches %s", r)
		assert.NotEmpty(t, r.why, r)
	}
}

func TestTheTableNeverGoesBeyondWhatIsProven(t *testing.T) {
	for _, f := range allFindings() {
		r := outcomeOf(f)
		envelope := f.came == cameEnvelope
		switch r.verdict {
		case settle.Accepted:
			assert.True(t, envelope, f)
			ok := f.status == Code(StatusCodeOK)
			duplicate := f.turn == repeat && (f.subject == aCharge && f.status == CodeDuplicateTransaction || f.subject == fullRefund && f.status == CodeAlreadyRefunded)
			assert.True(t, ok || duplicate, f)
			assert.Equal(t, duplicate, r.byDuplicate, f)
		case settle.Refused:
			assert.True(t, envelope && f.status.Outcome() == facade.OutcomeRefused, f)
			assert.False(t, f.turn == repeat && f.status == CodeAuthenticationFailed, f)
		case settle.Later:
			assert.Equal(t, first, f.turn, f)
			assert.True(t, f.came == cameNothingLeft || f.status.Outcome() == facade.OutcomeTemporary, f)
		case settle.LookUp:
			assert.True(t, f.subject.repeatable(), f)
		case settle.Unknown:
			assert.NotEqual(t, cameNothingLeft, f.came, f)
		default:
			t.Errorf("%+v has the verdict %q", f, r.verdict)
		}
		assert.False(t, r.again && r.verdict != settle.Later, f)
		assert.Equal(t, r.again, f.turn == first && (f.came == cameNothingLeft || f.status == CodeTooManyRequests), f)
		if r.usedBefore {
			assert.Equal(t, settle.Unknown, r.verdict, f)
		}
	}
}

func TestWhatMayBeRetriedLaterIsTemporary(t *testing.T) {
	for code, known := range codes {
		assert.Equal(t, known.advice == AdviceRetryLater, known.outcome == facade.OutcomeTemporary, code)
		assert.Equal(t, known.advice == AdviceUnknown, known.outcome == facade.OutcomeUnknown, code)
	}
}

// document writes the table for people.
func document() string {
	var text strings.Builder
	text.WriteString("Dizlee has no query: to look up is to repeat the same request with the same id. The first row that fits decides. " +
		"An attempt is a repetition once an earlier one of the same call may have arrived.\n\n")
	text.WriteString("| Operation | What came back | Status | Attempt | What it means | Sent again | Why |\n|---|---|---|---|---|---|---|\n")
	for _, r := range outcomeTable {
		fmt.Fprintf(&text, "| %s | %s | %s | %s | %s | %s | %s |\n", subjects(r.subjects), r.came, statuses(r), attempt(r.turn), meaning(r), sentAgain(r), r.why)
	}
	return text.String()
}

func subjects(about []subject) string {
	if len(about) == len(everything) {
		return "all"
	}
	var names []string
	for _, s := range about {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

func statuses(r row) string {
	if r.came != cameEnvelope {
		return "–"
	}
	if len(r.statuses) == 0 {
		return "any other"
	}
	var names []string
	for _, code := range r.statuses {
		names = append(names, string(code))
	}
	return strings.Join(names, ", ")
}

func attempt(which turn) string {
	return map[turn]string{"": "any", first: "first", repeat: "repetition"}[which]
}

func meaning(r row) string {
	switch {
	case r.byDuplicate:
		return "accepted, marked ByDuplicate (unknown with WithDuplicateAsUnknown)"
	case r.usedBefore:
		return "unknown, ErrIDUsedBefore"
	}
	return string(r.verdict)
}

func sentAgain(r row) string {
	switch {
	case r.verdict == settle.LookUp:
		return "with the same id, until the settle time-out"
	case r.again:
		return "after a pause, MaxAttempts in all"
	}
	return "no"
}

func TestTheDocumentHoldsTheTable(t *testing.T) {
	const path, begin, end = "../../docs/outcomes.md", "<!-- dizlee -->\n", "<!-- /dizlee -->"
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
	assert.Equal(t, document(), old, "go test ./facade/dizlee -run TheDocument -update rewrites it")
}

func TestTheCodesOfTheTableAreInOrder(t *testing.T) {
	assert.True(t, slices.IsSorted(listed(facade.OutcomeRefused)))
	assert.Equal(t, []Code{CodeSMSFailed, CodeQuotaExceeded, CodeTooManyRequests}, listed(facade.OutcomeTemporary))
}
