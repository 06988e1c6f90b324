// Quotes and bills that were put aside as JSON, and texts that are there and say nothing.

package catalogue

import (
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/money"
)

// restored is what JSON makes of a value.
func restored[T any](t *testing.T, value T) (back T) {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &back))
	return back
}

func TestAQuoteSurvivesJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := product("Range", "AWAF", "AFN", "1.00/76.00", "100.00/7600.00")
		deviation := &Deviation{Field: "ReceiveValue", Wanted: money.MustParse("77"), Given: money.MustParse("76"), Currency: "AFN", Codes: []ding.ErrorCode{{Code: "NearestMatch"}}}
		quote := Quote{
			Product: &p, AccountNumber: "93700000000", By: ByPattern, Price: price("AFN", "1.00/76.00"), Exact: true, MadeAt: time.Now(), MaxAge: time.Minute,
			Warnings: Warnings{deviation, &Doubt{ProviderCode: "AWAF"}, errors.New("the status is not known")},
		}
		back := restored(t, quote)
		assert.Equal(t, quote.Warnings, back.Warnings)
		assert.ErrorIs(t, errors.Join(back.Warnings...), ding.CodeNearestMatch)
		assert.Equal(t, ByPattern, back.By)
		_, err := back.Request(Order{DistributorRef: "1"})
		require.NoError(t, err)
		time.Sleep(time.Minute + time.Second)
		_, err = back.Request(Order{DistributorRef: "1"})
		require.ErrorIs(t, err, ErrQuoteTooOld)
		assert.Error(t, json.Unmarshal([]byte(`{"Warnings":[1]}`), &back))
	})
}

func TestABillSurvivesJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &billing{bills: []ding.Bill{bill("B-1", "5.00")}}
		c, err := New(b, WithQuoteAge(time.Minute))
		require.NoError(t, err)
		c.current.Store(holding(t, nil, utilities()).current.Load())
		settings := []ding.Setting{district}
		bills, err := c.Bills(t.Context(), "WATER", "+44 7700 900-123", settings...)
		require.NoError(t, err)
		settings[0].Value = "changed by the caller"
		back := restored(t, bills[0])
		request, err := back.Request("order-1")
		require.NoError(t, err)
		assert.Equal(t, "447700900123", request.AccountNumber)
		assert.Equal(t, "447700900123", b.asked[0].AccountNumber)
		assert.Equal(t, []ding.Setting{district}, request.Settings)
		request.Settings[0].Value = "changed again"
		assert.Equal(t, district, back.Settings[0])
		time.Sleep(time.Minute + time.Second)
		_, err = back.Request("order-1")
		require.ErrorIs(t, err, ErrQuoteTooOld)
	})
}

func TestABillWithoutProductOrNumberIsNone(t *testing.T) {
	_, err := OpenBill{Bill: bill("B-1", "5.00"), At: time.Now()}.Request("order-1")
	wrong := (*facade.RequestError)(nil)
	require.ErrorAs(t, err, &wrong)
	assert.Equal(t, "SkuCode", wrong.Problems[0].Field)

	_, err = holding(t, &billing{}, utilities()).Bills(t.Context(), "WATER", " ")
	require.ErrorAs(t, err, &wrong)
	assert.Len(t, wrong.Problems, 2, "the number and the setting, at once")
}

func TestATextThatIsBlankIsNone(t *testing.T) {
	d := newData(parts{
		productTexts: []ding.LocalizedProductDescription{
			{LocalizationKey: "K", LanguageCode: "fr", DisplayText: " "}, {LocalizationKey: "K", LanguageCode: "es", DisplayText: "Recarga"}, {LocalizationKey: "K", LanguageCode: "en", DisplayText: "Top-up"},
		},
		promotionTexts: []ding.LocalizedPromotionDescription{{LocalizationKey: "P", LanguageCode: "fr"}, {LocalizationKey: "P", LanguageCode: "en", Headline: "Double"}},
	})
	sold := &ding.Product{LocalizationKey: "K"}
	assert.Equal(t, "Recarga", d.ProductText(sold, "fr", "es").DisplayText)
	assert.Equal(t, "Top-up", d.ProductText(sold, "fr").DisplayText)
	text, found := d.PromotionText(&ding.Promotion{LocalizationKey: "P"}, "fr")
	assert.True(t, found)
	assert.Equal(t, "Double", text.Headline)
	_, found = PreferredText([]ding.LocalizedProductDescription{{LanguageCode: "en"}})
	assert.False(t, found)
}
