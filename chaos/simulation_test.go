// The simulation: many seeds, each a world of its own.

package chaos

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/sandbox"
)

// seedsOfAShortRun is two worlds of every weather, or one.
func seedsOfAShortRun() uint64 {
	if raceDetector {
		return uint64(len(weathers))
	}
	return 2 * uint64(len(weathers))
}

// seeds is what to run: CHAOS_SEED names one, or CHAOS_SEEDS says how many, and CHAOS_FROM from which one on.
func seeds(t *testing.T) []uint64 {
	t.Helper()
	number := func(variable string, otherwise uint64) uint64 {
		text := os.Getenv(variable)
		if text == "" {
			return otherwise
		}
		value, err := strconv.ParseUint(text, 10, 64)
		require.NoError(t, err, variable)
		return value
	}
	from, count := number("CHAOS_FROM", 0), number("CHAOS_SEEDS", seedsOfAShortRun())
	if os.Getenv("CHAOS_SEED") != "" {
		from, count = number("CHAOS_SEED", 0), 1
	}
	var all []uint64
	for n := range count {
		all = append(all, from+n)
	}
	return all
}

func TestWeather(t *testing.T) {
	t.Parallel()
	totals := &tally{lines: map[string]*count{}}
	t.Run("worlds", func(t *testing.T) {
		for _, seed := range seeds(t) {
			t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
				t.Parallel()
				p := planFor(seed)
				e := run(t, p, mutation{})
				complain(t, e, e.judge())
				totals.add(e)
			})
		}
	})
	totals.check(t)
}

// mostComplaints is how many violations of a world are told at length.
const mostComplaints = 3

// complain fails the test with what is needed to find out why.
func complain(t *testing.T, e *evidence, violations []violation) {
	t.Helper()
	for i, v := range violations {
		if i == mostComplaints {
			t.Errorf("… and %d more", len(violations)-mostComplaints)
			return
		}
		t.Errorf("seed %d (%v)\n%s is violated by %s: %s\n\n%s\n\nAgain: CHAOS_SEED=%d go test ./chaos -run 'TestWeather' -count=1",
			e.plan.seed, e.plan, v.rule, v.reference, v.what, e.history(v.reference), e.plan.seed)
	}
}

func TestASeedRunsTheSameWayAgain(t *testing.T) {
	t.Parallel()
	names := []string{"crashes", "duplicates prevented"}
	if raceDetector {
		names = names[:1]
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := planFor(seedOf(name, 100))
			// A caller who leaves while the intent is being noted races with the connection that is about to be made.
			p.impatient = 0
			assert.Equal(t, summary(run(t, p, mutation{})), summary(run(t, p, mutation{})))
		})
	}
}

// TestAThousandLostAnswersAtOnce: more than the list of transfers hands out at all, and far more than the usage limit lets
// anybody ask for one by one while a caller waits.
func TestAThousandLostAnswersAtOnce(t *testing.T) {
	t.Parallel()
	const count = 1000
	p := plan{
		weather: weather{name: "a power cut at the proxy"}, journal: true, processes: 1, balance: money.FromInt(1_000_000), tokenLifetime: time.Hour,
		faults: []sandbox.Fault{{Kind: sandbox.DropConnection, When: sandbox.AfterWork, Operation: "SendTransfer"}},
	}
	for n := range count {
		o := transferOrder(0, n)
		o.sku, o.account, o.scripted, o.rival = topUp, "447700900123", false, other{}
		o.starts, o.callers = dice(0).between(0, time.Second, "starts", n), 1
		p.orders = append(p.orders, o)
	}
	e := run(t, p, mutation{})
	complain(t, e, e.judge())
	first, last := map[string]facade.Outcome{}, map[string]facade.Outcome{}
	for _, r := range e.reports {
		if _, told := first[r.order.reference]; !told {
			first[r.order.reference] = r.outcome
		}
		last[r.order.reference] = r.outcome
	}
	known, settled := 0, 0
	for reference, outcome := range last {
		if first[reference] == facade.OutcomeAccepted {
			known++
		}
		if outcome == facade.OutcomeAccepted {
			settled++
		}
	}
	t.Logf("%d of %d were known at the first answer, and %d in the end", known, count, settled)
	assert.GreaterOrEqual(t, known, 550, "what the list hands out is known while the callers wait")
	assert.Equal(t, count, settled)
}

// summary is what came of a world, in words.
func summary(e *evidence) []string {
	var lines []string
	for _, r := range e.reports {
		lines = append(lines, fmt.Sprintf("%s %s %s %s %s", r.order.kind, r.order.reference, r.process, r.by, r.outcome))
	}
	for of, payments := range e.paid() {
		lines = append(lines, fmt.Sprintf("%s %s paid %d", of.kind, of.reference, len(payments)))
	}
	slices.Sort(lines)
	return lines
}

// tally adds worlds up.
type tally struct {
	mu    sync.Mutex
	lines map[string]*count
}

// count is what came of a weather.
type count struct {
	worlds, orders, paid, unknown, open, deaths, struck int
}

// add counts what callers and recoveries were told last of each order that something can be known about.
func (c *tally) add(e *evidence) {
	c.mu.Lock()
	defer c.mu.Unlock()
	line := c.lines[e.plan.weather.name]
	if line == nil {
		line = &count{}
		c.lines[e.plan.weather.name] = line
	}
	last := map[name]report{}
	for _, r := range e.reports {
		countable := r.order.protected() && !r.order.scripted && (r.order.kind == transfer || !e.plan.duplicateAsUnknown)
		if countable && !r.gaveUp && !r.conflict {
			last[r.order.name()] = r
		}
	}
	line.worlds++
	line.deaths += e.deaths
	line.struck += e.struck
	line.paid += len(e.paid())
	for _, r := range last {
		line.orders++
		if r.outcome == facade.OutcomeUnknown {
			line.unknown++
		}
	}
	for _, entry := range e.entries {
		if entry.Settlement == nil {
			line.open++
		}
	}
}

// check holds the shares of unknown outcomes against what the weathers allow, and reports all numbers.
func (c *tally) check(t *testing.T) {
	t.Helper()
	var b strings.Builder
	for _, w := range weathers {
		line := c.lines[w.name]
		if line == nil {
			continue
		}
		fmt.Fprintf(&b, "%-22s %4d worlds %6d orders %6d paid %5d unknown at last %5d left open %5d deaths %6d faults\n",
			w.name, line.worlds, line.orders, line.paid, line.unknown, line.open, line.deaths, line.struck)
		if line.worlds > 1 { // one alone may be a bad one
			assert.LessOrEqual(t, 100*line.unknown, w.rare*line.orders, "%s: %d of %d orders are unknown at last, and no more than %d %% are to be",
				w.name, line.unknown, line.orders, w.rare)
		}
	}
	t.Log("\n" + b.String())
}
