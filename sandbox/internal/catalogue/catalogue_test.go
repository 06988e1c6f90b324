package catalogue

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/money"
)

func made(t testing.TB) *Catalogue {
	t.Helper()
	c, err := New(time.Date(2026, time.May, 8, 15, 23, 28, 0, time.UTC))
	require.NoError(t, err)
	return c
}

func TestTheCatalogueIsWideEnough(t *testing.T) {
	c := made(t)
	assert.GreaterOrEqual(t, len(c.Providers), 30)
	assert.GreaterOrEqual(t, len(c.Countries), 15)
	assert.GreaterOrEqual(t, len(c.Products), 80)
	has := func(wanted func(ding.Product) bool) bool { return slices.ContainsFunc(c.Products, wanted) }
	for name, wanted := range map[string]func(ding.Product) bool{
		"a fixed price":          func(p ding.Product) bool { return p.Minimum == p.Maximum },
		"a range":                func(p ding.Product) bool { return p.Minimum != p.Maximum },
		"a PIN":                  func(p ding.Product) bool { return p.RedemptionMechanism == ding.RedemptionMechanismReadReceipt },
		"additional information": func(p ding.Product) bool { return p.AdditionalInformation != "" },
		"bills":                  func(p ding.Product) bool { return p.LookupBillsRequired },
		"Batch":                  func(p ding.Product) bool { return p.ProcessingMode == ding.ProcessingModeBatch },
		"a validity period":      func(p ding.Product) bool { return p.ValidityPeriodISO == "P30D" },
		"tax inside":             func(p ding.Product) bool { return p.Minimum.TaxCalculation == ding.TaxCalculationInclusive },
		"tax on top":             func(p ding.Product) bool { return p.Minimum.TaxCalculation == ding.TaxCalculationExclusive },
		"no word on tax":         func(p ding.Product) bool { return p.Minimum.TaxCalculation == "" },
		"mandatory and optional settings": func(p ding.Product) bool {
			return len(p.SettingDefinitions) == 2 && p.SettingDefinitions[0].IsMandatory && !p.SettingDefinitions[1].IsMandatory
		},
	} {
		assert.True(t, has(wanted), name)
	}
	assert.True(t, slices.ContainsFunc(c.Providers, func(p ding.Provider) bool {
		return strings.Contains(p.ValidationRegex, "(?!")
	}), "a pattern that Go does not run")
}

func TestCodesAreUniqueAndPointAtEachOther(t *testing.T) {
	c := made(t)
	regions, skus, providers := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, r := range c.Regions {
		assert.False(t, regions[r.RegionCode], r.RegionCode)
		regions[r.RegionCode] = true
	}
	for _, p := range c.Providers {
		assert.False(t, providers[p.ProviderCode], p.ProviderCode)
		providers[p.ProviderCode] = true
		for _, code := range p.RegionCodes {
			assert.True(t, regions[code], p.ProviderCode)
		}
	}
	for _, p := range c.Products {
		assert.False(t, skus[p.SKUCode], p.SKUCode)
		skus[p.SKUCode] = true
		assert.True(t, providers[p.ProviderCode] && regions[p.RegionCode], p.SKUCode)
		english := func(d ding.LocalizedProductDescription) bool {
			return d.LocalizationKey == p.LocalizationKey && d.LanguageCode == "en"
		}
		assert.True(t, slices.ContainsFunc(c.ProductDescriptions, english), p.SKUCode)
		assert.NotEmpty(t, p.Benefits, p.SKUCode)
		assert.Positive(t, p.Minimum.ReceiveValue.Sign(), p.SKUCode)
	}
	for _, p := range c.Promotions {
		assert.True(t, providers[p.ProviderCode], p.LocalizationKey)
	}
}

func TestEveryPatternTakesTheNumbersOfItsProviderAndNoTestNumber(t *testing.T) {
	c := made(t)
	for _, n := range c.networks {
		pattern, err := regexp.Compile(strings.ReplaceAll(c.Provider(n.code).ValidationRegex, "(?!440)", ""))
		require.NoError(t, err, n.code)
		if len(n.prefixes) == 0 {
			continue
		}
		for _, dialling := range n.country.Prefixes {
			for _, prefix := range n.prefixes {
				number := dialling + prefix.digits
				number += strings.Repeat("5", n.country.Digits[1]-len(number))
				assert.Regexp(t, pattern, number)
				assert.True(t, n.accepts(number), number)
			}
		}
		assert.NotRegexp(t, pattern, n.uatNumber())
		assert.False(t, n.accepts(n.uatNumber()), n.code)
	}
}

func TestTheEndsOfARangeArePricedAsTheProductSays(t *testing.T) {
	c := made(t)
	for _, product := range c.Products {
		offer, found := c.Offer(product.SKUCode)
		require.True(t, found)
		for _, end := range []ding.Price{product.Minimum, product.Maximum} {
			assert.True(t, offer.InRange(end.SendValue), product.SKUCode)
			assert.Equal(t, end, offer.PriceOf(end.SendValue))
			price, exact, ok := offer.PriceFor(end.ReceiveValue)
			assert.True(t, exact && ok, product.SKUCode)
			assert.Equal(t, end, price)
		}
	}
}

func TestAPriceForAReceiveValueSuffices(t *testing.T) {
	c := made(t)
	for _, sku := range []string{"KE_SV_TopUp", "JM_BM_TopUp", "AE_OA_TopUp", "PL_WS_10", "CO_CD_TopUp"} {
		offer, found := c.Offer(sku)
		require.True(t, found)
		for cents := range int64(40) {
			wanted := offer.Product.Minimum.ReceiveValue.Add(money.New(cents*37, -2))
			price, exact, ok := offer.PriceFor(wanted)
			if !ok {
				continue
			}
			require.True(t, exact)
			assert.GreaterOrEqual(t, offer.PriceOf(price.SendValue).ReceiveValue.Cmp(wanted), 0, "%s %s", sku, wanted)
		}
	}
}

func TestAMistakeInTheDocumentIsFound(t *testing.T) {
	for name, document := range map[string]string{
		"a field that nobody reads":    "colours: {}",
		"no currency":                  "countries: [{iso: GB, per_dollar: 1, currency: GBP}]",
		"a provider of no country":     "providers: [{name: P, country: XX, numbers: ['1']}]",
		"a provider without accounts":  "providers: [{name: P, country: XX}]",
		"a product of an unknown kind": "providers: [{name: P, country: XX, numbers: ['1'], products: [{kind: x, price: 1}]}]",
		"a product without a price":    "{kinds: {k: {texts: {en: K}}}, providers: [{name: P, country: XX, numbers: ['1'], products: [{kind: k}]}]}",
		"a price that is no decimal":   "providers: [{products: [{price: 0x1}]}]",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read([]byte(document))
			assert.Error(t, err)
		})
	}
}
