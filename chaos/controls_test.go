// Controls: worlds with something broken on purpose. An invariant that no control violates would prove nothing.

package chaos

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/sandbox"
)

// control breaks something in worlds of one weather, and says which invariant must notice.
type control struct {
	broken  string
	weather string
	// faults strike beside those of the weather.
	faults []sandbox.Fault
	// processes replaces how many the plan has, unless it is 0.
	processes int
	mutation  mutation
	rule      string
}

var controls = []control{
	{
		broken: "a transport that sends a lost transfer once more", weather: "lost answers", rule: "nobody pays twice",
		faults:   []sandbox.Fault{{Kind: sandbox.DropConnection, When: sandbox.AfterWork, Operation: "SendTransfer", Probability: 0.2}},
		mutation: mutation{transport: func(next http.RoundTripper) http.RoundTripper { return replaying{next} }},
	},
	{
		broken: "a journal that forgets what it holds", weather: "crashes", rule: "nobody pays twice",
		mutation: mutation{journal: func(j facade.Journal) facade.Journal { return forgetful{j} }},
	},
	{
		broken: "WithPreventDuplicates, although Ding has not switched the feature on", weather: "duplicates prevented", rule: "nobody pays twice",
		mutation: mutation{featureIsOff: true},
	},
	{
		broken: "a journal that does not count attempts", weather: "crashes", rule: "what was paid is never reported as refused",
		mutation: mutation{journal: func(j facade.Journal) facade.Journal { return uncounted{j} }},
	},
	{
		broken: "a journal that knows no leases", weather: "a failing provider", processes: 3, rule: "the journal and the ledger agree",
		mutation: mutation{journal: func(j facade.Journal) facade.Journal { return unleased{j} }},
	},
	{
		broken: "a caller who takes unknown for refused", weather: "hidden and late", rule: "what was paid is never reported as refused",
		mutation: mutation{told: unknownIsRefused},
	},
	{
		broken: "a caller who takes it for refused that somebody else is at work on it", weather: "a failing provider", processes: 3, rule: "what somebody else is at work on is left alone",
		mutation: mutation{told: unknownIsRefused},
	},
	{
		broken: "a proxy that makes up a success", weather: "a bad day", rule: "what was not paid is never reported as accepted",
		faults:   []sandbox.Fault{{Kind: sandbox.DropConnection, When: sandbox.BeforeWork, Operation: "SendTransfer", Probability: 0.2}},
		mutation: mutation{transport: func(next http.RoundTripper) http.RoundTripper { return pretending{next} }},
	},
	{
		broken: "a list of transfers that is always empty", weather: "lost answers", rule: "every unknown is one that the table allows",
		mutation: mutation{transport: func(next http.RoundTripper) http.RoundTripper { return blind{next} }},
	},
	{
		broken: "a journal that settles everything as refused", weather: "lost answers", rule: "the journal and the ledger agree",
		mutation: mutation{journal: func(j facade.Journal) facade.Journal { return pessimistic{j} }},
	},
	{
		broken: "a transport that sends a lost transfer once more, although the first did not arrive", weather: "a bad day", rule: "nothing is sent again on a guess",
		faults:   []sandbox.Fault{{Kind: sandbox.DropConnection, When: sandbox.BeforeWork, Operation: "SendTransfer", Probability: 0.2}},
		mutation: mutation{transport: func(next http.RoundTripper) http.RoundTripper { return replaying{next} }},
	},
	{
		broken: "a transport that takes its time, and does not care who has left", weather: "storm", rule: "nothing is sent unless somebody waits for it, and who leaves is let go",
		mutation: mutation{transport: func(next http.RoundTripper) http.RoundTripper { return lingering{next} }},
	},
	{
		broken: "a transport that gives a repetition another id", weather: "lost answers", rule: "a reference stands for one request",
		mutation: mutation{transport: func(next http.RoundTripper) http.RoundTripper { return &renaming{RoundTripper: next} }},
	},
}

func unknownIsRefused(r report) report {
	if r.outcome == facade.OutcomeUnknown {
		r.outcome = facade.OutcomeRefused
	}
	return r
}

func TestWhatIsBrokenIsNoticed(t *testing.T) {
	t.Parallel()
	for _, c := range controls {
		t.Run(c.broken, func(t *testing.T) {
			t.Parallel()
			const worlds = 4
			for n := range worlds {
				p := planFor(seedOf(c.weather, n))
				p.faults = append(p.faults, c.faults...)
				p.processes = cmp.Or(c.processes, p.processes)
				for _, v := range run(t, p, c.mutation).judge() {
					if v.rule == c.rule {
						return
					}
				}
			}
			t.Errorf("%d worlds, and %q was never violated", worlds, c.rule)
		})
	}
}

// seedOf returns the nth seed of a weather.
func seedOf(name string, n int) uint64 {
	for i, w := range weathers {
		if w.name == name {
			return uint64(i + n*len(weathers))
		}
	}
	panic("no weather is called " + name)
}

func TestEveryInvariantHasAControl(t *testing.T) {
	noticed := map[string]bool{}
	for _, c := range controls {
		noticed[c.rule] = true
	}
	for _, i := range invariants {
		assert.True(t, noticed[i.rule], i.rule)
	}
}

// replaying sends a transfer again when its answer is lost, as a transport with retries does.
type replaying struct{ http.RoundTripper }

func (r replaying) RoundTrip(request *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(request.URL.Path, "/SendTransfer") {
		return r.RoundTripper.RoundTrip(request)
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	response, err := r.RoundTripper.RoundTrip(request)
	if err == nil {
		return response, nil
	}
	again := request.Clone(request.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	return r.RoundTripper.RoundTrip(again)
}

// lingering sends a minute late, whatever has become of the caller.
type lingering struct{ http.RoundTripper }

func (l lingering) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx := context.WithoutCancel(request.Context())
	pause(ctx, time.Minute)
	return l.RoundTripper.RoundTrip(request.WithContext(ctx))
}

// renaming gives every second charge an id of its own.
type renaming struct {
	http.RoundTripper
	charges atomic.Int64
}

func (r *renaming) RoundTrip(request *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(request.URL.Path, "/charge") || r.charges.Add(1)%2 > 0 {
		return r.RoundTripper.RoundTrip(request)
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	renamed := bytes.Replace(body, []byte(`"charge-`), []byte(`"repeated-charge-`), 1)
	request = request.Clone(request.Context())
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(renamed)), int64(len(renamed))
	return r.RoundTripper.RoundTrip(request)
}

// pretending answers a transfer whose answer is lost with a success of its own.
type pretending struct{ http.RoundTripper }

func (p pretending) RoundTrip(request *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(request.URL.Path, "/SendTransfer") {
		return p.RoundTripper.RoundTrip(request)
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	request = request.Clone(request.Context())
	request.Body = io.NopCloser(bytes.NewReader(body))
	response, err := p.RoundTripper.RoundTrip(request)
	var sent ding.SendTransferRequest
	if err == nil || json.Unmarshal(body, &sent) != nil {
		return response, err
	}
	record := order{reference: sent.DistributorRef, sku: sent.SKUCode, account: sent.AccountNumber, amount: sent.SendValue}.record("1", ding.ProcessingStateComplete)
	answer := coded(ding.ResultCodeSuccess)
	answer.TransferRecord = &record
	return jsonAnswer(request, string(written(answer))), nil
}

// blind shows an empty list of transfers.
type blind struct{ http.RoundTripper }

func (b blind) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := b.RoundTripper.RoundTrip(request)
	if err != nil || !strings.HasSuffix(request.URL.Path, "/ListTransferRecords") {
		return response, err
	}
	_ = response.Body.Close()
	return jsonAnswer(request, `{"ResultCode":1,"ErrorCodes":[],"Items":[],"ThereAreMoreItems":false}`), nil
}

func jsonAnswer(request *http.Request, text string) *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: request,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(text)),
	}
}

// forgetful takes every intent for a new one.
type forgetful struct{ facade.Journal }

func (f forgetful) Begin(ctx context.Context, intent facade.Intent) (facade.Entry, bool, error) {
	_, _, err := f.Journal.Begin(ctx, intent)
	return facade.Entry{Intent: intent}, err == nil, err
}

func (f forgetful) Attempt(ctx context.Context, key facade.Key, at time.Time) error {
	err := f.Journal.Attempt(ctx, key, at)
	if errors.Is(err, facade.ErrSettled) || errors.Is(err, facade.ErrLeased) {
		return nil
	}
	return err
}

// uncounted forgets that something was about to leave.
type uncounted struct{ facade.Journal }

func (uncounted) Attempt(context.Context, facade.Key, time.Time) error { return nil }

// unleased lets everybody work on everything.
type unleased struct{ facade.Journal }

func (u unleased) Begin(ctx context.Context, intent facade.Intent) (facade.Entry, bool, error) {
	entry, fresh, err := u.Journal.Begin(ctx, intent)
	entry.Leased = false
	return entry, fresh, err
}

func (u unleased) Settle(ctx context.Context, key facade.Key, settlement facade.Settlement) error {
	p := u.Journal.(pen)
	p.mu.Lock()
	if held := p.pages[key]; held != nil && held.Settlement == nil {
		held.owner, held.by = p.self, nil
	}
	p.mu.Unlock()
	return u.Journal.Settle(ctx, key, settlement)
}

// pessimistic settles as refused what was accepted.
type pessimistic struct{ facade.Journal }

func (p pessimistic) Settle(ctx context.Context, key facade.Key, settlement facade.Settlement) error {
	if settlement.Outcome == facade.OutcomeAccepted {
		settlement.Outcome = facade.OutcomeRefused
	}
	return p.Journal.Settle(ctx, key, settlement)
}
