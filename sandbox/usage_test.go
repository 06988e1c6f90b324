// Tests of the usage limits: how many requests there may be, when there is room again, and what resets them.

package sandbox_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/sandbox"
)

// call makes a request of an operation, whether it is in order or not.
func (c *client) call(operation string) reply {
	c.t.Helper()
	if strings.HasPrefix(operation, "Get") {
		return c.get(operation, nil)
	}
	return c.post("/api/V1/"+operation, "[]")
}

// limited holds an answer against that of a request beyond its limit, and returns how long it asks to wait.
func limited(t *testing.T, answer reply) time.Duration {
	t.Helper()
	requireRefused(t, answer, http.StatusTooManyRequests, ding.ResultCodeTransientError, "RateLimited")
	seconds, err := strconv.Atoi(answer.header.Get("Retry-After"))
	require.NoError(t, err)
	return time.Duration(seconds) * time.Second
}

func TestEveryMethodHasItsLimit(t *testing.T) {
	for operation, limit := range map[string]int{
		"GetErrorCodeDescriptions": 20, "GetCurrencies": 20, "GetRegions": 20, "GetCountries": 20,
		"GetProviders": 50, "GetProviderStatus": 50, "GetProducts": 50, "GetProductDescriptions": 50, "EstimatePrices": 50, "GetBalance": 50,
		"GetPromotions": 50, "GetPromotionDescriptions": 50, "ListTransferRecords": 50, "CancelTransfers": 50, "GetAccountLookup": 50,
	} {
		t.Run(operation, func(t *testing.T) {
			c := serve(t)
			for n := range limit {
				require.NotEqual(t, http.StatusTooManyRequests, c.call(operation).status, "request %d", n+1)
			}
			assert.Equal(t, 10*time.Minute, limited(t, c.call(operation)))
		})
	}
}

func TestWhatHasNoLimit(t *testing.T) {
	c := serve(t)
	for range 150 {
		require.Equal(t, 400, c.call("LookupBills").status)
		require.Equal(t, 400, c.call("SendTransfer").status)
	}
	free := serve(t, sandbox.WithoutUsageLimits())
	for range 60 {
		require.Equal(t, 200, free.get("GetCountries", nil).status)
	}
}

func TestValidationsAreCountedApart(t *testing.T) {
	c := serve(t)
	c.sent(nil)
	for range 100 {
		c.sent(map[string]any{"ValidateOnly": true})
	}
	limited(t, c.send(map[string]any{"ValidateOnly": true}))
	c.sent(map[string]any{"DistributorRef": "ref-2"})
	c.sent(map[string]any{"ValidateOnly": true})
}

func TestTheWindowSlides(t *testing.T) {
	c := serve(t)
	for range 20 { // one every 29.5 seconds
		require.Equal(t, 200, c.call("GetCountries").status)
		c.clock.advance(29*time.Second + 500*time.Millisecond)
	}
	for range 3 {
		wait := limited(t, c.call("GetCountries")) // and does not count itself
		assert.Equal(t, 10*time.Second, wait)
	}
	c.clock.advance(9 * time.Second)
	assert.Equal(t, time.Second, limited(t, c.call("GetCountries")))
	c.clock.advance(900 * time.Millisecond)
	assert.Equal(t, time.Second, limited(t, c.call("GetCountries")), "rounded up")
	c.clock.advance(100 * time.Millisecond)
	require.Equal(t, 200, c.call("GetCountries").status, "whoever waits so long is admitted")
	assert.Equal(t, 30*time.Second, limited(t, c.call("GetCountries")).Round(10*time.Second), "until the second one is over")
}

func TestTheLimitIsTheAccountsWhateverTheCredentials(t *testing.T) {
	c := serve(t)
	keys := c.sb.Credentials()
	token := into[struct {
		AccessToken string `json:"access_token"`
	}](t, c.do(http.MethodPost, "/connect/token", "application/x-www-form-urlencoded", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {keys.DingClientID}, "client_secret": {keys.DingClientSecret},
	}.Encode()), 200).AccessToken
	byToken := c.with("api_key", "").with("Authorization", "Bearer "+token)
	for range 10 {
		require.Equal(t, 200, c.call("GetCountries").status)
		require.Equal(t, 200, byToken.call("GetCountries").status)
	}
	limited(t, c.call("GetCountries"))
	limited(t, byToken.call("GetCountries"))
	requireRefused(t, c.with("api_key", "another").call("GetCountries"), 401, ding.ResultCodeClientError, "AuthenticationFailed")
	require.Equal(t, 200, c.call("GetCurrencies").status, "other methods have limits of their own")
}

func TestASuccessfulTransferResetsTheLimits(t *testing.T) {
	for name, test := range map[string]struct {
		transfer map[string]any
		resets   bool
	}{
		"Complete":                         {nil, true},
		"Complete, to a UatNumber":         {map[string]any{"AccountNumber": "440000000000"}, true},
		"only validated":                   {map[string]any{"ValidateOnly": true}, false},
		"Failed":                           {map[string]any{"AccountNumber": "440000000004"}, false},
		"refused":                          {map[string]any{"SkuCode": "GB_AB_Nothing"}, false},
		"Submitted, and not yet a success": {map[string]any{"SkuCode": "US_PR_Nightly", "AccountNumber": "12025550123"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := serve(t)
			for range 20 {
				require.Equal(t, 200, c.call("GetCountries").status)
				require.Equal(t, 200, c.call("GetRegions").status)
			}
			c.send(test.transfer)
			if !test.resets {
				limited(t, c.call("GetCountries"))
				return
			}
			for range 20 {
				require.Equal(t, 200, c.call("GetCountries").status)
			}
			require.Equal(t, 200, c.call("GetRegions").status)
			limited(t, c.call("GetCountries"))
		})
	}
}

func TestARequestThatIsTooLongIsRefusedForThat(t *testing.T) {
	c := serve(t)
	requireRefused(t, c.send(map[string]any{"ValidateOnly": true, "BillRef": strings.Repeat("x", 1<<20)}), 400, ding.ResultCodeClientError, "RequestInvalid")
}
