package catalogue

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/ding"
)

// caribbean is a catalogue small enough to know by heart.
func caribbean() *Data {
	mobile, data, minutes := ding.BenefitMobile, ding.BenefitData, ding.BenefitMinutes
	prepaid, postpaid := ding.PaymentTypePrepaid, ding.PaymentTypePostpaid
	product := func(sku, provider, region, uat string, payment ding.PaymentType, benefits ...ding.Benefit) ding.Product {
		return ding.Product{SKUCode: sku, ProviderCode: provider, RegionCode: region, UATNumber: uat, PaymentTypes: []ding.PaymentType{payment}, Benefits: benefits, LocalizationKey: "key-" + sku}
	}
	return newData(parts{
		countries:  []ding.Country{{CountryISO: "JM", CountryName: "Jamaica"}, {CountryISO: "HT", CountryName: "Haiti"}, {CountryISO: "XG"}},
		currencies: []ding.Currency{{CurrencyISO: "JMD", CurrencyName: "Jamaican dollar"}},
		regions:    []ding.Region{{RegionCode: "JM-N", RegionName: "North", CountryISO: "JM"}},
		providers: []ding.Provider{
			{ProviderCode: "JJ", CountryISO: "JM", RegionCodes: []string{"JM-N", "JM-S"}, PaymentTypes: []ding.PaymentType{prepaid}},
			{ProviderCode: "HH", CountryISO: "HT", RegionCodes: []string{"HT"}, PaymentTypes: []ding.PaymentType{prepaid, postpaid}},
			{ProviderCode: "GG", CountryISO: "XG"},
		},
		products: []ding.Product{
			product("JJ-1", "JJ", "JM-N", "18760000000", prepaid, mobile, minutes),
			product("HH-1", "HH", "HT", "50900000000", prepaid, mobile),
			product("JJ-2", "JJ", "JM-S", "18760000000", postpaid, data),
			product("GG-1", "GG", "", "", prepaid, data),
			product("ZZ-1", "ZZ", "HT", "5", prepaid, data),
			product("HH-2", "HH", "HT", "50900000000", postpaid, data, mobile),
		},
		productTexts: []ding.LocalizedProductDescription{
			{LocalizationKey: "key-JJ-1", LanguageCode: "es", DisplayText: "Uno"}, {LocalizationKey: "key-HH-1", LanguageCode: "en"},
			{LocalizationKey: "key-JJ-1", LanguageCode: "en", DisplayText: "One"},
		},
		promotions: []ding.Promotion{{ProviderCode: "HH", LocalizationKey: "p1"}, {ProviderCode: "JJ", LocalizationKey: "p2"}, {ProviderCode: "ZZ", LocalizationKey: "p3"}},
		promotionTexts: []ding.LocalizedPromotionDescription{
			{LocalizationKey: "p2", LanguageCode: "en"}, {LocalizationKey: "p1", LanguageCode: "en"}, {LocalizationKey: "p2", LanguageCode: "es"},
		},
		errorDescriptions: []ding.ErrorDescription{{Code: "RateLimited", Message: "Too many."}},
	})
}

func TestLookUps(t *testing.T) {
	d := caribbean()
	product, ok := d.Product("JJ-2")
	require.True(t, ok)
	assert.Equal(t, "JM-S", product.RegionCode)
	again, _ := d.Product("JJ-2")
	assert.Same(t, product, again)
	provider, ok := d.Provider("HH")
	require.True(t, ok)
	assert.Equal(t, "HT", provider.CountryISO)
	country, ok := d.Country("JM")
	require.True(t, ok)
	assert.Equal(t, "Jamaica", country.CountryName)
	currency, ok := d.Currency("JMD")
	require.True(t, ok)
	assert.Equal(t, "Jamaican dollar", currency.CurrencyName)
	region, ok := d.Region("JM-N")
	require.True(t, ok)
	assert.Equal(t, "North", region.RegionName)
	assert.Equal(t, "Too many.", d.ErrorDescription("RateLimited"))
	assert.Equal(t, []int{3, 1, 1}, []int{len(d.Countries()), len(d.Currencies()), len(d.Regions())})

	for _, unknown := range []string{"", "jj-2", "JJ", "JJ-22"} {
		_, product := d.Product(unknown)
		_, provider := d.Provider(unknown + "x")
		_, country := d.Country(unknown)
		_, currency := d.Currency(unknown)
		_, region := d.Region(unknown)
		assert.Equal(t, []bool{false, false, false, false, false}, []bool{product, provider, country, currency, region}, unknown)
		assert.Empty(t, d.ErrorDescription(unknown))
	}
}

func TestTextsAreFoundByKey(t *testing.T) {
	d := caribbean()
	texts := d.ProductTexts("key-JJ-1")
	require.Len(t, texts, 2)
	assert.Equal(t, []string{"es Uno", "en One"}, []string{texts[0].LanguageCode + " " + texts[0].DisplayText, texts[1].LanguageCode + " " + texts[1].DisplayText})
	assert.Empty(t, d.ProductTexts("key-JJ-2"))
	assert.Empty(t, d.ProductTexts(""))
	promotions := d.PromotionTexts("p2")
	require.Len(t, promotions, 2)
	assert.Equal(t, "es", promotions[1].LanguageCode)
	assert.Empty(t, d.PromotionTexts("p3"))
}

func TestUATNumbersAreFoundWhateverTheirLastDigit(t *testing.T) {
	d := caribbean()
	for number, want := range map[string][]string{
		"50900000000": {"HH-1", "HH-2"}, "50900000007": {"HH-1", "HH-2"}, "18760000005": {"JJ-1", "JJ-2"},
		"5090000000": nil, "509000000000": nil, "50910000000": nil, "5": nil, "": nil,
	} {
		var found []string
		for _, product := range d.UATProducts(number) {
			found = append(found, product.SKUCode)
		}
		assert.Equal(t, want, found, number)
	}
}

func TestFiltersNarrowAsTheAPIDoes(t *testing.T) {
	d := caribbean()
	data, mobile, minutes := ding.BenefitData, ding.BenefitMobile, ding.BenefitMinutes
	for name, test := range map[string]struct {
		filter    Filter
		products  []string
		providers []string
	}{
		"nothing narrows nothing":               {Filter{}, []string{"JJ-1", "HH-1", "JJ-2", "GG-1", "ZZ-1", "HH-2"}, []string{"JJ", "HH", "GG"}},
		"one SKU":                               {Filter{SKUCodes: []string{"JJ-2"}}, []string{"JJ-2"}, []string{"JJ"}},
		"two SKUs in the order of the API":      {Filter{SKUCodes: []string{"HH-2", "JJ-1"}}, []string{"JJ-1", "HH-2"}, []string{"JJ", "HH"}},
		"a SKU twice":                           {Filter{SKUCodes: []string{"HH-2", "HH-2"}}, []string{"HH-2"}, []string{"HH"}},
		"an unknown SKU":                        {Filter{SKUCodes: []string{"XX"}}, nil, nil},
		"one provider":                          {Filter{ProviderCodes: []string{"JJ"}}, []string{"JJ-1", "JJ-2"}, []string{"JJ"}},
		"a provider that is nowhere":            {Filter{ProviderCodes: []string{"ZZ"}}, []string{"ZZ-1"}, nil},
		"one country":                           {Filter{CountryISOs: []string{"JM"}}, []string{"JJ-1", "JJ-2"}, []string{"JJ"}},
		"two countries":                         {Filter{CountryISOs: []string{"JM", "HT"}}, []string{"JJ-1", "HH-1", "JJ-2", "HH-2"}, []string{"JJ", "HH"}},
		"a country and what is sold everywhere": {Filter{CountryISOs: []string{"JM", "XG"}}, []string{"JJ-1", "JJ-2", "GG-1"}, []string{"JJ", "GG"}},
		"one region":                            {Filter{RegionCodes: []string{"HT"}}, []string{"HH-1", "ZZ-1", "HH-2"}, []string{"HH"}},
		"one benefit":                           {Filter{Benefits: []ding.Benefit{data}}, []string{"JJ-2", "GG-1", "ZZ-1", "HH-2"}, []string{"JJ", "HH", "GG"}},
		"two benefits":                          {Filter{Benefits: []ding.Benefit{minutes, data}}, []string{"JJ-1", "JJ-2", "GG-1", "ZZ-1", "HH-2"}, []string{"JJ", "HH", "GG"}},
		"one kind of payment":                   {Filter{PaymentTypes: []ding.PaymentType{ding.PaymentTypePostpaid}}, []string{"JJ-2", "HH-2"}, []string{"HH"}},
		"a country and a benefit":               {Filter{CountryISOs: []string{"JM"}, Benefits: []ding.Benefit{data}}, []string{"JJ-2"}, []string{"JJ"}},
		"two countries and two benefits":        {Filter{CountryISOs: []string{"JM", "HT"}, Benefits: []ding.Benefit{data, minutes}}, []string{"JJ-1", "JJ-2", "HH-2"}, []string{"JJ", "HH"}},
		"a SKU of another provider":             {Filter{SKUCodes: []string{"JJ-1"}, ProviderCodes: []string{"HH"}}, nil, nil},
		"a provider in another country":         {Filter{ProviderCodes: []string{"JJ"}, CountryISOs: []string{"HT"}}, nil, nil},
		"a SKU and a benefit that it has not":   {Filter{SKUCodes: []string{"HH-1"}, Benefits: []ding.Benefit{data}}, nil, nil},
		"everything at once": {Filter{
			SKUCodes: []string{"JJ-1", "HH-2"}, ProviderCodes: []string{"HH"}, CountryISOs: []string{"HT"}, RegionCodes: []string{"HT"},
			Benefits: []ding.Benefit{mobile}, PaymentTypes: []ding.PaymentType{ding.PaymentTypePostpaid},
		}, []string{"HH-2"}, []string{"HH"}},
	} {
		t.Run(name, func(t *testing.T) {
			var products, providers []string
			for product := range d.Products(test.filter) {
				products = append(products, product.SKUCode)
			}
			for provider := range d.Providers(test.filter) {
				providers = append(providers, provider.ProviderCode)
			}
			assert.Equal(t, test.products, products)
			assert.Equal(t, test.providers, providers)
		})
	}
}

func TestPromotionsAreThoseOfTheProviders(t *testing.T) {
	d := caribbean()
	for key, test := range map[string]Filter{
		"p1 p2 p3 ": {},
		"p2 ":       {CountryISOs: []string{"JM"}},
		"p1 p3 ":    {ProviderCodes: []string{"HH", "ZZ"}},
		"p1 ":       {RegionCodes: []string{"HT"}},
	} {
		found := ""
		for promotion := range d.Promotions(test) {
			found += promotion.LocalizationKey + " "
		}
		assert.Equal(t, key, found)
	}
}

func TestAListCanBeLeftEarly(t *testing.T) {
	d := caribbean()
	for _, filter := range []Filter{{}, {CountryISOs: []string{"JM"}}} {
		for range d.Products(filter) {
			break
		}
		for range d.Providers(filter) {
			break
		}
		for range d.Promotions(filter) {
			break
		}
	}
}

func TestTheLaterOfTwoCounts(t *testing.T) {
	d := newData(parts{
		products:  []ding.Product{{SKUCode: "A", RegionCode: "1"}, {SKUCode: "A", RegionCode: "2"}},
		providers: []ding.Provider{{ProviderCode: "P", Name: "1"}, {ProviderCode: "P", Name: "2"}},
	})
	product, _ := d.Product("A")
	provider, _ := d.Provider("P")
	assert.Equal(t, []string{"2", "2"}, []string{product.RegionCode, provider.Name})
	assert.Len(t, slices.Collect(d.Products(Filter{})), 2)
}

func TestAnEmptyCatalogueHasNothing(t *testing.T) {
	d := newData(parts{})
	_, ok := d.Product("A")
	assert.False(t, ok)
	assert.Empty(t, slices.Collect(d.Products(Filter{CountryISOs: []string{"JM"}})))
	assert.Empty(t, slices.Collect(d.Providers(Filter{})))
	assert.Empty(t, d.ProductTexts("A"))
	assert.Empty(t, d.UATProducts("18760000000"))
}

func TestALookUpAllocatesNothing(t *testing.T) {
	d := newData(parts{products: []ding.Product{{SKUCode: "A"}, {SKUCode: "B"}}})
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if _, ok := d.Product("B"); !ok {
			t.Fatal("it is there")
		}
	}))
}
