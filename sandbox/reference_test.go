package sandbox_test

import (
	"net/url"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/gen/ding"
)

func products(c *client, query url.Values) []string {
	c.t.Helper()
	var skus []string
	for _, p := range into[ding.GetProductsResponse](c.t, c.get("GetProducts", query), 200).Items {
		skus = append(skus, p.SKUCode)
	}
	return skus
}

func TestValuesOfAFilterAreAlternativesAndFiltersNarrowEachOther(t *testing.T) {
	c := serve(t)
	all := products(c, nil)
	for name, test := range map[string]struct {
		query url.Values
		want  []string
	}{
		"one country":                       {url.Values{"countryIsos": {"HT"}}, []string{"HT_CT_TopUp", "HT_CT_1GB"}},
		"two countries":                     {url.Values{"countryIsos": {"HT", "PL"}}, []string{"PL_WS_5", "PL_WS_10", "PL_WS_25", "HT_CT_TopUp", "HT_CT_1GB"}},
		"country and benefit":               {url.Values{"countryIsos": {"HT", "PL"}, "benefits": {"Data"}}, []string{"HT_CT_1GB"}},
		"two benefits":                      {url.Values{"countryIsos": {"PH"}, "benefits": {"TV", "Internet"}}, []string{"PH_VS_Month", "PH_VS_Month25"}},
		"provider":                          {url.Values{"providerCodes": {"LWNG"}}, []string{"NG_LW_TopUp"}},
		"SKUs":                              {url.Values{"skuCodes": {"GB_AB_10", "AE_OA_PIN25"}}, []string{"GB_AB_10", "AE_OA_PIN25"}},
		"region":                            {url.Values{"regionCodes": {"IN-DL"}}, []string{"IN_YM_TopUp", "IN_YM_84Days"}},
		"account number":                    {url.Values{"accountNumber": {"50934123456"}}, []string{"HT_CT_TopUp", "HT_CT_1GB"}},
		"account number and benefit":        {url.Values{"accountNumber": {"50934123456"}, "benefits": {"Data"}}, []string{"HT_CT_1GB"}},
		"nothing that fits":                 {url.Values{"countryIsos": {"HT"}, "providerCodes": {"LWNG"}}, nil},
		"a number nobody has drops out":     {url.Values{"accountNumber": {"50999999999"}}, all},
		"a number that is none drops out":   {url.Values{"accountNumber": {"hello"}}, all},
		"and leaves the others in force":    {url.Values{"accountNumber": {"50999999999"}, "countryIsos": {"AF"}}, []string{"AF_AW_TopUp", "AF_AW_2GB"}},
		"an unknown benefit matches nobody": {url.Values{"benefits": {"Teleport"}}, nil},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, products(c, test.query)) })
	}
}

func TestEveryReferenceListHasItsFilters(t *testing.T) {
	c := serve(t)
	providers := into[ding.GetProvidersResponse](t, c.get("GetProviders", url.Values{"accountNumber": {"447911123456"}}), 200)
	assert.Len(t, providers.Items, 2, "Albion and the virtual operator on its network")
	regions := into[ding.GetRegionsResponse](t, c.get("GetRegions", url.Values{"countryIsos": {"IN"}}), 200)
	assert.Len(t, regions.Items, 4)
	status := into[ding.GetProviderStatusResponse](t, c.get("GetProviderStatus", url.Values{"providerCodes": {"VTGH", "GCGH"}}), 200)
	down := slices.IndexFunc(status.Items, func(s ding.ProviderStatus) bool { return !s.IsProcessingTransfers })
	require.GreaterOrEqual(t, down, 0)
	assert.Equal(t, "VTGH", status.Items[down].ProviderCode)
	assert.NotEmpty(t, status.Items[down].Message)
	promotions := into[ding.GetPromotionsResponse](t, c.get("GetPromotions", url.Values{"accountNumber": {"525512345678"}}), 200)
	require.Len(t, promotions.Items, 1)
	assert.True(t, promotions.Items[0].EndUTC.OpenEnded())
	texts := into[ding.GetPromotionDescriptionsResponse](t, c.get("GetPromotionDescriptions", url.Values{"languageCodes": {"ar"}}), 200)
	assert.Len(t, texts.Items, 1)
}

func TestTextsAlwaysComeInEnglishAndSometimesInMore(t *testing.T) {
	c := serve(t)
	text := func(sku string) map[string]string {
		found := map[string]string{}
		query := url.Values{"skuCodes": {sku}, "languageCodes": {"en", "es", "fr", "ar"}}
		for _, d := range into[ding.GetProductDescriptionsResponse](t, c.get("GetProductDescriptions", query), 200).Items {
			found[d.LanguageCode] = d.DisplayText
		}
		return found
	}
	assert.Equal(t, map[string]string{"en": "Azteca Top-up 10", "es": "Azteca Recarga 10"}, text("MX_AZ_10"))
	assert.Equal(t, map[string]string{"en": "Oasis Voucher 25", "ar": "Oasis قسيمة 25"}, text("AE_OA_PIN25"))
	assert.Equal(t, map[string]string{"en": "Citadelle Data 1 Go"}, text("HT_CT_1GB"), "no French for data: a gap")
	assert.Len(t, text("XG_OR_PIN10"), 4)
}

func TestPromotionsAreCurrentExpiredAndOpenEnded(t *testing.T) {
	items := into[ding.GetPromotionsResponse](t, serve(t).get("GetPromotions", nil), 200).Items
	current, expired, open := 0, 0, 0
	for _, p := range items {
		switch {
		case p.EndUTC.OpenEnded():
			open++
		case p.EndUTC.Before(start):
			expired++
		case p.StartUTC.Before(start):
			current++
		}
	}
	assert.Equal(t, []int{1, 1, 1}, []int{current, expired, open})
}

func TestEveryCodeOfTheSandboxHasADescription(t *testing.T) {
	c := serve(t)
	described := map[string]bool{}
	for _, d := range into[ding.GetErrorCodeDescriptionsResponse](t, c.get("GetErrorCodeDescriptions", nil), 200).Items {
		described[d.Code] = d.Message != ""
	}
	for digit := '1'; digit <= '9'; digit++ {
		answer := c.send(map[string]any{"AccountNumber": "44000000000" + string(digit)})
		for _, e := range into[ding.APIResponse](t, answer, answer.status).ErrorCodes {
			assert.True(t, described[e.Code], e.Code)
			assert.True(t, e.Context == "" || described[e.Context], e.Context)
		}
	}
}

func TestANumberIsLookedUp(t *testing.T) {
	c := serve(t)
	for name, test := range map[string]struct {
		written, number, country string
		providers                []string
		result                   ding.ResultCode
	}{
		"as it is sent":              {"447700900123", "447700900123", "GB", []string{"ABGB/GB"}, 1},
		"as people write it":         {"+44 (7700) 900-123", "447700900123", "GB", []string{"ABGB/GB"}, 1},
		"with two zeros":             {"00447700900123", "447700900123", "GB", []string{"ABGB/GB"}, 1},
		"with two candidates":        {"447911123456", "447911123456", "GB", []string{"ABGB/GB", "THGB/GB"}, 1},
		"in a region":                {"919845012345", "919845012345", "IN", []string{"DKIN/IN-KA"}, 1},
		"of Jamaica, not of the US":  {"18763123456", "18763123456", "JM", []string{"BMJM/JM"}, 1},
		"of the US":                  {"12025550123", "12025550123", "US", []string{"PRUS/US"}, 1},
		"of nobody in that country":  {"447000000000", "447000000000", "GB", nil, 2},
		"of a country we don't sell": {"35312345678", "35312345678", "", nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			answer := c.get("GetAccountLookup", url.Values{"accountNumber": {test.written}})
			found := into[ding.GetAccountLookupResponse](t, answer, 200)
			assert.Equal(t, test.result, found.ResultCode)
			assert.Equal(t, test.number, found.AccountNumberNormalized)
			assert.Equal(t, test.country, found.CountryISO)
			assert.NotNil(t, found.Items)
			var providers []string
			for _, item := range found.Items {
				providers = append(providers, item.ProviderCode+"/"+item.RegionCode)
			}
			assert.Equal(t, test.providers, providers)
			if test.result == 2 {
				assert.Equal(t, "NearestMatch", found.ErrorCodes[0].Code)
			}
		})
	}
	for name, garbage := range map[string]string{
		"letters": "hello", "too few digits": "44770", "too many": "4477009001234567", "a country's number cut short": "44770090012",
	} {
		t.Run(name, func(t *testing.T) {
			answer := c.get("GetAccountLookup", url.Values{"accountNumber": {garbage}})
			requireRefused(t, answer, 400, ding.ResultCodeClientError, "AccountNumberInvalid/AccountNumberFailedRegex")
		})
	}
}

func TestCountriesAndCurrenciesFitTogether(t *testing.T) {
	c := serve(t)
	currencies := map[string]bool{}
	for _, currency := range into[ding.GetCurrenciesResponse](t, c.get("GetCurrencies", nil), 200).Items {
		currencies[currency.CurrencyISO] = true
	}
	countries := into[ding.GetCountriesResponse](t, c.get("GetCountries", nil), 200).Items
	assert.True(t, slices.ContainsFunc(countries, func(c ding.Country) bool { return c.CountryISO == "XG" }))
	for _, p := range into[ding.GetProductsResponse](t, c.get("GetProducts", nil), 200).Items {
		assert.True(t, currencies[p.Minimum.ReceiveCurrencyISO], p.SKUCode)
	}
	balance := into[ding.GetBalanceResponse](t, c.get("GetBalance", nil), 200)
	assert.Equal(t, "1000.00", balance.Balance.String())
	assert.True(t, currencies[balance.CurrencyISO])
}
