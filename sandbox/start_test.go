package sandbox_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/sandbox"
)

// recorder is a test that only writes down how it fails.
type recorder struct {
	cleanups []func()
	failures []string
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Fatalf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) end() {
	for _, cleanup := range r.cleanups {
		cleanup()
	}
}

// started is a client of a sandbox that Start has made for a recorder.
func started(t *testing.T, opts ...sandbox.Option) (*client, *sandbox.Served, *recorder) {
	t.Helper()
	r := &recorder{}
	c := &clock{at: start}
	sb := sandbox.Start(r, append([]sandbox.Option{sandbox.WithClock(c.now)}, opts...)...)
	require.Empty(t, r.failures)
	t.Cleanup(r.end)
	server := httptest.NewServer(sb)
	t.Cleanup(server.Close)
	keys := sb.Credentials()
	return &client{t: t, sb: sb.Sandbox, server: server, clock: c, header: http.Header{
		"api_key": {keys.DingAPIKey}, "apikey": {keys.DizleeAPIKey},
	}}, sb, r
}

func TestStartServesUntilTheTestEnds(t *testing.T) {
	r := &recorder{}
	sb := sandbox.Start(r)
	for _, url := range []string{sb.URL + "/api/V1/GetBalance", sb.TokenURL, sb.DizleeURL + "/charge"} {
		response, err := http.Get(url)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.NotEqual(t, http.StatusNotFound, response.StatusCode, url)
	}
	r.end()
	_, err := http.Get(sb.URL)
	assert.Error(t, err)
	assert.Empty(t, r.failures)
}

func TestStartTellsOfABadOption(t *testing.T) {
	r := &recorder{}
	assert.Nil(t, sandbox.Start(r, sandbox.WithAPIKey("")))
	assert.Equal(t, []string{"sandbox: the API key is empty"}, r.failures)
}

func TestStartedSandboxesAreToldApart(t *testing.T) {
	c, empty, r := started(t, sandbox.WithEmptyAccount())
	requireRefused(t, c.send(nil), 500, 5, "InsufficientBalance")
	empty.RequireBalance(money.MustParse("0.00"))
	empty.RequireNotPaid("ref-1")
	assert.Empty(t, r.failures)
}

func TestRequirePaidOnceTellsWhatTheLedgerSays(t *testing.T) {
	c, sb, r := started(t)
	c.sent(nil)
	payment := sb.RequirePaidOnce("ref-1")
	assert.Equal(t, "GB_AB_TopUp", payment.SKUCode)
	sb.RequireNotPaid("ref-2")
	sb.RequireBalance(money.MustParse("990"))
	require.Empty(t, r.failures)

	c.sent(nil)
	sb.RequirePaidOnce("ref-1")
	require.Len(t, r.failures, 1)
	assert.Contains(t, r.failures[0], `transfers paid under the DistributorRef "ref-1": 2, and not 1`)
	assert.Contains(t, r.failures[0], "balance 980.00 USD, 2 paid")
	assert.Equal(t, 2, strings.Count(r.failures[0], `paid 10.00 USD for GB_AB_TopUp to `))
	assert.NotContains(t, r.failures[0], "447700900123", "numbers are masked")

	sb.RequireNotPaid("ref-1")
	sb.RequireBalance(money.MustParse("1"))
	require.Len(t, r.failures, 3)
	assert.Contains(t, r.failures[1], `"ref-1": 2, and not 0`)
	assert.Contains(t, r.failures[2], "the balance is 980.00 USD, and not 1")
}

func TestWhatWasNotPaidIsExplained(t *testing.T) {
	c, sb, r := started(t)
	c.send(map[string]any{"AccountNumber": "447700900"})
	c.sent(map[string]any{"AccountNumber": "440000000000", "DistributorRef": "ref-2"})
	sb.RequirePaidOnce("ref-1")
	sb.RequirePaidOnce("ref-2")
	require.Len(t, r.failures, 2)
	assert.Contains(t, r.failures[0], "Failed AccountNumberInvalid/AccountNumberFailedRegex")
	assert.Contains(t, r.failures[1], "Complete to a UatNumber")
}

func TestWhatDizleeDidIsRequired(t *testing.T) {
	c, sb, r := started(t)
	sb.RequireNotCharged("SBX-1")
	c.charge(nil)
	charge := sb.RequireChargedOnce("SBX-1")
	assert.Equal(t, "KWD", charge.Currency)
	sb.RequireNotRefunded("SBX-1")
	c.refund(nil)
	assert.Equal(t, charge.Amount, sb.RequireRefundedOnce("SBX-1").Amount)
	c.sms(nil)
	assert.Equal(t, "En", sb.RequireDeliveredOnce("SBX-S1").Language)
	require.Empty(t, r.failures)

	sb.RequireNotCharged("SBX-1")
	sb.RequireNotRefunded("SBX-1")
	sb.RequireChargedOnce("charge-2")
	sb.RequireDeliveredOnce("sms-2")
	require.Len(t, r.failures, 4)
	assert.Contains(t, r.failures[2], `charges under the chargeRequestId "charge-2": 0, and not 1`)
	for _, line := range []string{"charged ", "refunded ", "SMS to "} {
		assert.Contains(t, r.failures[3], "\n  "+line)
	}
}

func TestALongLedgerIsCutShort(t *testing.T) {
	c, sb, r := started(t)
	for range 25 {
		c.sent(map[string]any{"SendValue": "5.00"})
	}
	sb.RequirePaidOnce("other")
	require.Len(t, r.failures, 1)
	assert.Contains(t, r.failures[0], "… 5 earlier")
	assert.Equal(t, 20, strings.Count(r.failures[0], "\n  paid "))
}

func TestPreventDuplicatesRefusesWhatIsUnderWayOrHasJustSucceeded(t *testing.T) {
	c, sb, _ := started(t, sandbox.WithPreventDuplicates())
	c.sent(nil)
	requireRefused(t, c.send(nil), 400, 4, "DuplicateTransactionPrevented")
	c.clock.advance(sandbox.DuplicateWindow - 1)
	requireRefused(t, c.send(nil), 400, 4, "DuplicateTransactionPrevented")
	sb.RequirePaidOnce("ref-1")
	assert.Len(t, c.list(map[string]any{"DistributorRef": "ref-1"}).Items, 1, "what was refused is in no list")
	c.clock.advance(1)
	c.sent(nil)
	assert.Len(t, sb.Payments(), 2)

	c.send(map[string]any{"DistributorRef": "failed", "AccountNumber": "447700900"})
	c.sent(map[string]any{"DistributorRef": "failed"})

	pending := map[string]any{"DistributorRef": "deferred"}
	deferring := c.with("X-Options", "DeferTransfer").with("X-Correlation-Id", "c-1")
	deferring.sent(pending)
	requireRefused(t, c.send(pending), 400, 4, "DuplicateTransactionPrevented")
}

// The budget for those who import the sandbox into their tests; docs/performance.md says what it stands for.
const (
	mostPackages = 250
	mostModules  = 12
)

func TestImportingTheSandboxStaysQuick(t *testing.T) {
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{.ImportPath}} {{with .Module}}{{.Path}}{{end}}", ".")
	list.Stderr = os.Stderr
	out, err := list.Output()
	require.NoError(t, err)
	packages, modules := 0, map[string]bool{}
	for line := range strings.Lines(string(out)) {
		path, module, _ := strings.Cut(strings.TrimSpace(line), " ")
		assert.NotEqual(t, "testing", path, "a program that serves a sandbox has no flags of tests")
		assert.NotContains(t, path, "testify")
		packages++
		if module != "" && module != "github.com/airtime-go/airtime" {
			modules[module] = true
		}
	}
	assert.LessOrEqual(t, packages, mostPackages)
	assert.LessOrEqual(t, len(modules), mostModules, "third-party modules: %v", modules)
	t.Logf("%d packages, %d third-party modules", packages, len(modules))
}
