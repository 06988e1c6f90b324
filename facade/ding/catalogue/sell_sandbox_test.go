package catalogue

import (
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/sandbox"
)

// sandboxed returns a catalogue of what the sandbox sells, and the client that it asks.
func sandboxed(t *testing.T) (*Catalogue, *ding.Client) {
	t.Helper()
	box, err := sandbox.New(sandbox.WithAPIKey("a-test-key"))
	require.NoError(t, err)
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	client, err := ding.NewClient(ding.WithAPIKey("a-test-key"), ding.WithBaseURL(server.URL))
	require.NoError(t, err)
	c, err := New(client)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c, client
}

func TestFromANumberToATransfer(t *testing.T) {
	c, client := sandboxed(t)
	for name, tc := range map[string]struct {
		number, atLeast, currency string
		match, want               string
	}{
		"tax inclusive": { // 90 arrive of 100; 129 a dollar: 0.7752, rounded up
			"+254 722 123 456", "90", "KES", "SVKE lookup", "0.78 USD for 90.00 KES",
		},
		"tax exclusive": { // 12.40 a dollar
			"00233 24 0 123456", "62", "GHS", "GCGH lookup", "5.00 USD for 62.00 GHS",
		},
		"whole amounts": { // 605 a dollar: 1000.40 is not to be had, 1001 cost 1.6546
			"221-77-1234567", "1000.40", "XOF", "TRSN lookup", "1.66 USD for 1001.00 XOF",
		},
		"with a fee": { // 5.00 + 0.15 deliver 4.60
			"34600123456", "4.60", "EUR", "MSES lookup", "5.15 USD for 4.60 EUR",
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := c.Match(t.Context(), tc.number)
			require.NoError(t, err)
			require.NotEmpty(t, m.Candidates)
			assert.Equal(t, tc.match, candidates(m)[0])
			assert.Empty(t, m.Warnings)

			q, err := c.Cheapest(t.Context(), tc.number, money.MustParse(tc.atLeast), tc.currency)
			require.NoError(t, err)
			assert.Equal(t, tc.want, fmt.Sprintf("%s %s for %s %s", q.LeavesBalance(), q.Price.SendCurrencyISO, q.Arrives(), q.Price.ReceiveCurrencyISO))

			request, err := q.Request(Order{DistributorRef: "order-" + name})
			require.NoError(t, err)
			transfer, err := client.SendTransfer(t.Context(), request)
			require.NoError(t, err)
			assert.Equal(t, ding.ProcessingStateComplete, transfer.TransferRecord.ProcessingState)
			arrived := Arrives(*transfer.TransferRecord.Price)
			assert.GreaterOrEqual(t, arrived.Cmp(q.Arrives()), 0, "%s arrived: a cent that was rounded up delivers something too", arrived)
		})
	}
}

func TestLocalEstimatesOfTheSandboxAreNearItsPrices(t *testing.T) {
	c, _ := sandboxed(t)
	data, err := c.Data(t.Context())
	require.NoError(t, err)
	for product := range data.Products(Filter{CountryISOs: []string{"NG", "KE", "IN", "ES"}}) {
		value := product.Minimum.SendValue.Add(product.Maximum.SendValue).Mul(money.MustParse("0.5")).Round(2)
		if IsFixed(product) {
			value = product.Minimum.SendValue
		}
		exact, err := c.QuoteSend(t.Context(), product.SKUCode, value)
		require.NoError(t, err)
		local, err := c.QuoteSend(t.Context(), product.SKUCode, value, LocalEstimate())
		require.NoError(t, err)
		off := exact.Price.ReceiveValue.Sub(local.Price.ReceiveValue).Abs()
		assert.LessOrEqual(t, off.Cmp(money.MustParse("1")), 0, "%s: %s and %s", product.SKUCode, exact.Price.ReceiveValue, local.Price.ReceiveValue)
	}
}

func TestTheSandboxesWarningsAndTroubles(t *testing.T) {
	c, _ := sandboxed(t)
	data, err := c.Data(t.Context())
	require.NoError(t, err)

	q, err := c.QuoteReceive(t.Context(), ranged(t, data, "TRSN"), money.MustParse("1000.40"))
	require.NoError(t, err)
	require.Len(t, q.Warnings, 1)
	require.ErrorIs(t, q.Warnings[0], ding.CodeNearestMatch)
	assert.Equal(t, "1000.00", q.Price.ReceiveValue.String())

	m, err := c.Match(t.Context(), "233200123456")
	require.NoError(t, err)
	assert.Equal(t, "VTGH lookup", candidates(m)[0])
	assert.True(t, m.Candidates[0].Down)
	assert.NotEmpty(t, m.Candidates[0].Message)
	_, err = c.Cheapest(t.Context(), "233200123456", money.MustParse("50"), "GHS")
	require.ErrorIs(t, err, ErrProviderDown)

	m, err = c.Match(t.Context(), "447911123456")
	require.NoError(t, err)
	assert.Equal(t, []string{"ABGB lookup", "THGB lookup"}, candidates(m)[:2], "a virtual operator shares the range")

	m, err = c.Match(t.Context(), "2547991234567")
	require.NoError(t, err)
	require.ErrorIs(t, m.LookupErr, ding.CodeAccountNumberInvalid, "one digit too many")

	m, err = c.Match(t.Context(), "anna@example.com")
	require.NoError(t, err)
	assert.Equal(t, "LVES pattern", candidates(m)[0])
}

func TestATestNumberOfTheSandboxIsSentAsATest(t *testing.T) {
	c, client := sandboxed(t)
	data, err := c.Data(t.Context())
	require.NoError(t, err)
	product, known := data.Product(ranged(t, data, "NLNG"))
	require.True(t, known)
	m, err := c.Match(t.Context(), product.UATNumber)
	require.NoError(t, err)
	assert.Equal(t, ByUAT, m.Candidates[0].By)
	q, err := c.QuoteSend(t.Context(), product.SKUCode, money.MustParse("5"))
	require.NoError(t, err)
	request, err := q.Request(Order{AccountNumber: m.AccountNumber, DistributorRef: "test-1"})
	require.NoError(t, err)
	transfer, err := client.SendTransfer(t.Context(), request)
	require.NoError(t, err)
	assert.Equal(t, ding.ProcessingStateComplete, transfer.TransferRecord.ProcessingState)
}

// ranged returns the SKU of a provider's product that has a range.
func ranged(t *testing.T, d *Data, providerCode string) string {
	t.Helper()
	for product := range d.Products(Filter{ProviderCodes: []string{providerCode}}) {
		if !IsFixed(product) {
			return product.SKUCode
		}
	}
	t.Fatalf("%s has no such product", providerCode)
	return ""
}
