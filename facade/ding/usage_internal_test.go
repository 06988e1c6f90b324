// The usage limits as a user meets them: what they are, what waits, what fails at once, and what makes room.

package ding

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
)

// countries asks for the countries that often, and returns the last error.
func countries(client *Client, n int) (err error) {
	for range n {
		_, err = client.GetCountries(context.Background())
	}
	return err
}

// patient lets calls wait for a whole window.
func patient() Option { return WithRetryPolicy(facade.RetryPolicy{MaxRetryAfter: 11 * time.Minute}) }

// noRoom holds an error against that of a call that was not sent.
func noRoom(t *testing.T, err error, method string, limit int, until time.Time) {
	t.Helper()
	failed := failureOf(t, err)
	assert.Equal(t, facade.OutcomeTemporary, facade.OutcomeOf(err))
	assert.NotErrorIs(t, err, facade.ErrOutcomeUnknown)
	var full *UsageLimitError
	require.ErrorAs(t, err, &full)
	assert.Equal(t, UsageLimitError{Method: method, Limit: limit, Until: until}, *full)
	assert.Equal(t, time.Until(until), failed.RetryAfter)
	assert.Zero(t, failed.HTTPStatus)
	assert.ErrorContains(t, err, fmt.Sprintf("the usage limit of %d %s in ten minutes leaves no room until %s",
		limit, method, until.UTC().Format(time.RFC3339)))
	assert.ErrorContains(t, err, "retry after")
}

func TestTheTableIsTheCallersOwn(t *testing.T) {
	table := UsageLimits()
	require.Len(t, table, 17)
	assert.Equal(t, 50, table["GetProducts"])
	assert.Equal(t, Unlimited, table["SendTransfer"])
	assert.Equal(t, 100, table[ValidateOnlyRow])
	maps.DeleteFunc(table, func(string, int) bool { return true })
	assert.Len(t, UsageLimits(), 17)
}

func TestACallBeyondTheLimitIsNotSent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		client := open(t, &book{}).newClient()
		require.NoError(t, countries(client, 20))
		noRoom(t, countries(client, 1), "GetCountries", 20, time.Now().Add(UsageWindow+time.Second))

		time.Sleep(9*time.Minute + 30*time.Second)
		begun := time.Now()
		require.NoError(t, countries(client, 1), "half a minute is not too long")
		assert.Equal(t, 31*time.Second, time.Since(begun))

		require.NoError(t, countries(client, 19))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := client.GetCountries(ctx)
		noRoom(t, err, "GetCountries", 20, time.Now().Add(UsageWindow+time.Second))
	})
}

func TestAPatientPolicyWaitsForTheNextWindow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		client := open(t, &book{}).newClient(patient())
		begun := time.Now()
		require.NoError(t, countries(client, 50))
		assert.Equal(t, 2*(UsageWindow+time.Second), time.Since(begun))
	})
}

// answersCancelled answers that the one transfer is cancelled.
func answersCancelled(w http.ResponseWriter, _ *http.Request) {
	answer(w, 200, `{"ResultCode":1,"Items":[{"BatchItemRef":"a","TransferId":{"TransferRef":"7"},"ProcessingState":"Cancelled","ResultCode":1}]}`)
}

func TestACancellationBeyondTheLimitIsNotSent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{cancel: answersCancelled})
		client := b.newClient()
		cancel := func() error {
			_, err := client.CancelTransfers(t.Context(), []CancellationRequest{{BatchItemRef: "a", TransferID: TransferID{TransferRef: "7"}}})
			return err
		}
		for range 50 {
			require.NoError(t, cancel())
		}
		noRoom(t, cancel(), "CancelTransfers", 50, time.Now().Add(UsageWindow+time.Second))
		assert.Equal(t, 50, b.cancels)
		_, lists := b.count()
		assert.Zero(t, lists, "there is nothing to look up")
	})
}

func TestValidationsAreCountedApartFromPayments(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: complete})
		client := b.newClient()
		validation := order("order-1")
		validation.ValidateOnly = true
		for range 100 {
			_, err := client.SendTransfer(t.Context(), validation)
			require.NoError(t, err)
		}
		_, err := client.SendTransfer(t.Context(), validation)
		noRoom(t, err, ValidateOnlyRow, 100, time.Now().Add(UsageWindow+time.Second))
		for i := range 150 {
			_, err := client.SendTransfer(t.Context(), order(fmt.Sprint("paid-", i)))
			require.NoError(t, err)
		}
		_, err = client.SendTransfer(t.Context(), validation)
		require.NoError(t, err, "payments make room")
	})
}

func TestOnlyASuccessMakesRoom(t *testing.T) {
	for name, tc := range map[string]struct {
		send  func(*book, int, SendTransferRequest, http.ResponseWriter, *http.Request)
		makes bool
	}{
		"Complete":  {complete, true},
		"Submitted": {says(200, `{"ResultCode":1,"TransferRecord":{"TransferId":{"TransferRef":"7"},"ProcessingState":"Submitted"}}`), false},
		"refused":   {says(400, `{"ResultCode":4,"ErrorCodes":[{"Code":"ParameterInvalid"}]}`), false},
		"unknown":   {lose, false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				client := open(t, &book{send: tc.send}).newClient(WithSettleTimeout(time.Second))
				require.NoError(t, countries(client, 20))
				_, _ = client.SendTransfer(t.Context(), order("order-1"))
				err := countries(client, 20)
				if tc.makes {
					assert.NoError(t, err)
					err = countries(client, 1)
				}
				var full *UsageLimitError
				assert.ErrorAs(t, err, &full)
			})
		})
	}
}

func TestWhatTheAccountMayCanBeChanged(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := open(t, &book{send: complete})
		client := b.newClient(WithUsageLimits(map[string]int{"GetCountries": 3, "GetRegions": Unlimited, "LookupBills": 1, "SendTransfer": 2}), WithUsageLimits(map[string]int{"GetBalance": 1}))
		require.NoError(t, countries(client, 3))
		until := time.Now().Add(UsageWindow + time.Second)
		noRoom(t, countries(client, 1), "GetCountries", 3, until)
		for range 60 {
			_, err := client.GetRegions(t.Context(), GetRegionsParams{})
			require.NoError(t, err)
		}
		for range 20 {
			_, err := client.GetCurrencies(t.Context())
			require.NoError(t, err)
		}
		_, err := client.GetCurrencies(t.Context())
		noRoom(t, err, "GetCurrencies", 20, until)
		for range 2 {
			_, err = client.LookupBills(t.Context(), LookupBillsRequest{SKUCode: "GB_TEST_10", AccountNumber: "447700900123"})
		}
		noRoom(t, err, "LookupBills", 1, until)
		for range 2 {
			_, err = client.GetBalance(t.Context())
		}
		noRoom(t, err, "GetBalance", 1, until)

		// Its own success is not what makes room for a SendTransfer: it is answered when that is over.
		_, err = client.SendTransfer(t.Context(), order("order-1"))
		require.NoError(t, err)
		_, err = client.SendTransfer(t.Context(), order("order-2"))
		require.NoError(t, err)
		assert.Equal(t, 50, UsageLimits()["GetBalance"], "the table itself stays")
	})
}

func TestLimitsCanBeSwitchedOff(t *testing.T) {
	bubble(t, func(t *testing.T) {
		assert.NoError(t, countries(open(t, &book{}).newClient(WithoutUsageLimits()), 200))
	})
}

func TestUsageLimitsThatMakeNoSense(t *testing.T) {
	for name, tc := range map[string]struct {
		opts []Option
		says []string
	}{
		"a method that is not there": {[]Option{WithUsageLimits(map[string]int{"GetEverything": 1, "GetBalance": -1})},
			[]string{`there is no method "GetEverything" to limit`, "the usage limit of GetBalance is negative"}},
		"changed and switched off": {[]Option{WithUsageLimits(map[string]int{"GetBalance": 1}), WithoutUsageLimits()},
			[]string{"usage limits are both changed and switched off"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewClient(slices.Concat([]Option{WithAPIKey("key-of-the-tests")}, tc.opts)...)
			for _, text := range tc.says {
				assert.ErrorContains(t, err, text)
			}
		})
	}
	_, err := NewClient(WithAPIKey("key-of-the-tests"), WithUsageLimits(nil), WithoutUsageLimits())
	assert.NoError(t, err, "nothing is changed")
}

func TestEveryMethodOfTheTableIsLimited(t *testing.T) {
	calls := map[string]func(*Client) error{
		"GetErrorCodeDescriptions": func(c *Client) error { _, err := c.GetErrorCodeDescriptions(context.Background()); return err },
		"GetCurrencies":            func(c *Client) error { _, err := c.GetCurrencies(context.Background()); return err },
		"GetRegions":               func(c *Client) error { _, err := c.GetRegions(context.Background(), GetRegionsParams{}); return err },
		"GetCountries":             func(c *Client) error { return countries(c, 1) },
		"GetProviders": func(c *Client) error {
			_, err := c.GetProviders(context.Background(), GetProvidersParams{})
			return err
		},
		"GetProviderStatus": func(c *Client) error {
			_, err := c.GetProviderStatus(context.Background(), GetProviderStatusParams{})
			return err
		},
		"GetProducts": func(c *Client) error { _, err := c.GetProducts(context.Background(), GetProductsParams{}); return err },
		"GetProductDescriptions": func(c *Client) error {
			_, err := c.GetProductDescriptions(context.Background(), GetProductDescriptionsParams{})
			return err
		},
		"EstimatePrices": func(c *Client) error {
			_, err := c.EstimatePrices(context.Background(), []EstimationRequest{{BatchItemRef: "a", SKUCode: "GB_TEST_10"}})
			return err
		},
		"GetBalance": func(c *Client) error { _, err := c.GetBalance(context.Background()); return err },
		"GetPromotions": func(c *Client) error {
			_, err := c.GetPromotions(context.Background(), GetPromotionsParams{})
			return err
		},
		"GetPromotionDescriptions": func(c *Client) error {
			_, err := c.GetPromotionDescriptions(context.Background(), GetPromotionDescriptionsParams{})
			return err
		},
		"ListTransferRecords": func(c *Client) error {
			_, err := c.ListTransferRecords(context.Background(), ListTransferRecordsRequest{Take: 1})
			return err
		},
		"CancelTransfers": func(c *Client) error {
			_, err := c.CancelTransfers(context.Background(), []CancellationRequest{{BatchItemRef: "a", TransferID: TransferID{TransferRef: "7"}}})
			return err
		},
		"GetAccountLookup": func(c *Client) error { _, err := c.GetAccountLookup(context.Background(), "447700900123"); return err },
		"SendTransfer":     func(c *Client) error { _, err := c.SendTransfer(context.Background(), order("order-1")); return err },
		ValidateOnlyRow: func(c *Client) error {
			validation := order("order-1")
			validation.ValidateOnly = true
			_, err := c.SendTransfer(context.Background(), validation)
			return err
		},
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(usageLimits)), slices.Collect(maps.Keys(calls)))
	for row, call := range calls {
		t.Run(row, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &book{send: complete, cancel: answersCancelled})
				client := b.newClient()
				limit := usageLimits[row]
				var err error
				admitted := 0
				for ; admitted < 120 && err == nil; admitted++ {
					err = call(client)
				}
				if limit == Unlimited {
					assert.NoError(t, err)
					return
				}
				assert.Equal(t, limit, admitted-1)
				noRoom(t, err, row, limit, time.Now().Add(UsageWindow+time.Second))
			})
		})
	}
}
