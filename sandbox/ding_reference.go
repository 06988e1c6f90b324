// DingConnect's reference data: the methods that list what there is.

package sandbox

import (
	"net/http"

	"github.com/airtime-go/airtime/gen/ding"
)

// GetBalance tells what the account holds now.
func (s *dingServer) GetBalance(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, ding.GetBalanceResponse{
		ResultCode: ding.ResultCodeSuccess, ErrorCodes: success(),
		Balance: s.account.balanceAt(now(s.clock)), CurrencyISO: accountCurrency,
	})
}

// GetCountries lists all countries.
func (s *dingServer) GetCountries(w http.ResponseWriter, _ *http.Request) {
	keepFor(w, maxAgeOtherReferenceData)
	answer(w, http.StatusOK, ding.GetCountriesResponse{
		ResultCode: ding.ResultCodeSuccess, ErrorCodes: success(), Items: s.catalogue.Countries,
	})
}

// GetCurrencies lists all currencies.
func (s *dingServer) GetCurrencies(w http.ResponseWriter, _ *http.Request) {
	keepFor(w, maxAgeOtherReferenceData)
	answer(w, http.StatusOK, ding.GetCurrenciesResponse{
		ResultCode: ding.ResultCodeSuccess, ErrorCodes: success(), Items: s.catalogue.Currencies,
	})
}

// GetErrorCodeDescriptions lists a text for every code.
func (s *dingServer) GetErrorCodeDescriptions(w http.ResponseWriter, _ *http.Request) {
	keepFor(w, maxAgeOtherReferenceData)
	answer(w, http.StatusOK, ding.GetErrorCodeDescriptionsResponse{
		ResultCode: ding.ResultCodeSuccess, ErrorCodes: success(), Items: s.catalogue.ErrorDescriptions,
	})
}

// GetRegions lists regions.
func (s *dingServer) GetRegions(w http.ResponseWriter, _ *http.Request, by ding.GetRegionsParams) {
	keepFor(w, maxAgeOtherReferenceData)
	answer(w, http.StatusOK, ding.GetRegionsResponse{
		ResultCode: ding.ResultCodeSuccess, ErrorCodes: success(), Items: s.catalogue.FindRegions(by),
	})
}

// GetProviders lists providers.
func (s *dingServer) GetProviders(w http.ResponseWriter, _ *http.Request, by ding.GetProvidersParams) {
	keepFor(w, maxAgeOtherReferenceData)
	answer(w, http.StatusOK, ding.GetProvidersResponse{
		ResultCode: ding.ResultCodeSuccess, ErrorCodes: success(), Items: s.catalogue.FindProviders(by),
	})
}

// GetProviderStatus tells which providers take transfers.
func (s *dingServer) GetProviderStatus(w http.ResponseWriter, _ *http.Request, by ding.GetProviderStatusParams) {
	answer(w, http.StatusOK, ding.GetProviderStatusResponse{
		ResultCode: ding.ResultCodeSuccess, ErrorCodes: success(), Items: s.catalogue.FindStatuses(by),
	})
}

// GetProducts lists products.
func (s *dingServer) GetProducts(w http.ResponseWriter, _ *http.Request, by ding.GetProductsParams) {
	keepFor(w, maxAgeProducts)
	answer(w, http.StatusOK, ding.GetProductsResponse{
		ResultCode: ding.ResultCodeSuccess, ErrorCodes: success(), Items: s.catalogue.FindProducts(by),
	})
}

// GetProductDescriptions lists the texts of products.
func (s *dingServer) GetProductDescriptions(
	w http.ResponseWriter, _ *http.Request, by ding.GetProductDescriptionsParams,
) {
	keepFor(w, maxAgeOtherReferenceData)
	answer(w, http.StatusOK, ding.GetProductDescriptionsResponse{
		ResultCode: ding.ResultCodeSuccess, ErrorCodes: success(), Items: s.catalogue.FindProductDescriptions(by),
	})
}

// GetPromotions lists promotions, past ones included: the dates tell.
func (s *dingServer) GetPromotions(w http.ResponseWriter, _ *http.Request, by ding.GetPromotionsParams) {
	keepFor(w, maxAgeOtherReferenceData)
	answer(w, http.StatusOK, ding.GetPromotionsResponse{
		ResultCode: ding.ResultCodeSuccess, ErrorCodes: success(), Items: s.catalogue.FindPromotions(by),
	})
}

// GetPromotionDescriptions lists the texts of promotions.
func (s *dingServer) GetPromotionDescriptions(
	w http.ResponseWriter, _ *http.Request, by ding.GetPromotionDescriptionsParams,
) {
	keepFor(w, maxAgeOtherReferenceData)
	answer(w, http.StatusOK, ding.GetPromotionDescriptionsResponse{
		ResultCode: ding.ResultCodeSuccess, ErrorCodes: success(), Items: s.catalogue.FindPromotionDescriptions(by),
	})
}

// GetAccountLookup names the candidates for a number. One that is well-formed and nobody's is answered with a warning.
func (s *dingServer) GetAccountLookup(w http.ResponseWriter, _ *http.Request, by ding.GetAccountLookupParams) {
	if by.AccountNumber == "" {
		refuse(w, "GetAccountLookup", ding.ErrorCode{Code: codeParameterMissing, Context: "accountNumber"})
		return
	}
	line, ok := s.catalogue.Lookup(by.AccountNumber)
	if !ok {
		refuse(w, "GetAccountLookup", ding.ErrorCode{Code: codeAccountNumberInvalid, Context: contextFailedRegex})
		return
	}
	codes := success()
	if len(line.Providers) == 0 {
		codes = append(codes, ding.ErrorCode{Code: codeNearestMatch})
	}
	answer(w, http.StatusOK, ding.GetAccountLookupResponse{
		ResultCode: outcome(codes), ErrorCodes: codes,
		CountryISO: line.CountryISO, AccountNumberNormalized: line.Number, Items: line.Providers,
	})
}
