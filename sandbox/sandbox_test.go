package sandbox_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/sandbox"
)

func TestBadOptionsAreReportedAllAtOnce(t *testing.T) {
	_, err := sandbox.New(
		sandbox.WithClock(nil), sandbox.WithAPIKey(""), sandbox.WithClientCredentials("", ""), sandbox.WithDizleeAPIKey(""),
		sandbox.WithTokenLifetime(1500*time.Millisecond), sandbox.WithBalance(money.MustParse("-1")),
	)
	for _, problem := range []string{"clock", "API key", "client id", "client secret", "Dizlee API key", "lifetime", "balance"} {
		assert.ErrorContains(t, err, problem)
	}
}

func TestCredentialsCanBeChosen(t *testing.T) {
	c := serve(t, sandbox.WithAPIKey("k"), sandbox.WithClientCredentials("i", "s+/="), sandbox.WithDizleeAPIKey("d"))
	assert.Equal(t, 200, c.with("api_key", "k").get("GetBalance", nil).status)
	assert.NotEmpty(t, c.token().AccessToken)
	assert.Equal(t, "1", c.with("apikey", "d").charge(nil).Status)
}

func TestTheEnvironmentIsReadyToExport(t *testing.T) {
	sb, err := sandbox.New()
	require.NoError(t, err)
	environment := map[string]string{}
	for _, line := range sb.Environment("http://127.0.0.1:8645/") {
		name, value, found := strings.Cut(line, "=")
		require.True(t, found)
		require.NotEmpty(t, value, name)
		environment[name] = value
	}
	assert.Len(t, environment, 12)
	assert.NotContains(t, environment, "DIZLEE_MERCHANT_CODE", "a client that has it refuses ids without it")
	assert.Equal(t, "http://127.0.0.1:8645", environment["DING_BASE_URL"])
	assert.Equal(t, "http://127.0.0.1:8645/connect/token", environment["DING_TOKEN_URL"])
	assert.Equal(t, "http://127.0.0.1:8645/dizlee", environment["DIZLEE_BASE_URL"])
	assert.Equal(t, sb.Credentials().DingClientSecret, environment["DING_CLIENT_SECRET"])
}

// story is a run through everything that is derived from the seed.
func story(c *client) string {
	var told strings.Builder
	for _, answer := range []reply{
		c.do("POST", "/connect/token", formType, c.credentials().Encode()),
		c.send(map[string]any{"SkuCode": "XG_OR_PIN10", "AccountNumber": "friend"}),
		c.post("/api/V1/LookupBills", `{"SkuCode":"MX_CF_TopUp","AccountNumber":"12345678"}`),
		c.with("HTTP_MSISDN", subscriber).post("/dizlee/charge", chargeRequest(nil)),
		c.get("GetProducts", nil),
	} {
		told.Write(answer.body)
	}
	return told.String()
}

func TestTheSameSeedTellsTheSameStory(t *testing.T) {
	first := story(serve(t, sandbox.WithSeed(7)))
	assert.Equal(t, first, story(serve(t, sandbox.WithSeed(7))))
	assert.NotEqual(t, first, story(serve(t, sandbox.WithSeed(8))))
}

func TestTheBooksBalanceUnderConcurrentUse(t *testing.T) {
	c := serve(t, sandbox.WithBalance(money.MustParse("155.00")))
	var crowd sync.WaitGroup
	for i := range 20 {
		crowd.Go(func() {
			c.send(map[string]any{"DistributorRef": fmt.Sprint("ref-", i)})
			c.list(map[string]any{})
			c.charge(map[string]any{"chargeRequestId": "same"})
			c.token()
		})
	}
	crowd.Wait()
	assert.Len(t, c.sb.Payments(), 15, "the balance suffices for no more")
	assert.Equal(t, "5.00", c.sb.Balance().String())
	assert.Len(t, c.sb.Charges(), 1)
	refs := map[string]bool{}
	for _, payment := range c.sb.Payments() {
		refs[payment.TransferRef] = true
	}
	assert.Len(t, refs, 15)
}

func TestTheBooksAreCopies(t *testing.T) {
	c := serve(t)
	c.sent(nil)
	c.charge(nil)
	c.sb.Payments()[0].TransferRef = "changed"
	c.sb.Charges()[0].MSISDN = "changed"
	assert.NotEqual(t, "changed", c.sb.Payments()[0].TransferRef)
	assert.NotEqual(t, "changed", c.sb.Charges()[0].MSISDN)
}

func TestANilOptionIsReportedWithTheOthers(t *testing.T) {
	_, err := sandbox.New(nil, sandbox.WithTokenLifetime(-1))
	require.Error(t, err)
	assert.ErrorContains(t, err, "option 1 is nil")
	assert.ErrorContains(t, err, "lifetime")
}
