// Filters of the reference data: values of one parameter are alternatives, different parameters narrow each other.

package catalogue

import (
	"slices"

	"github.com/airtime-go/airtime/gen/ding"
)

// anyOf reports whether a filter lets a value through; a filter without values lets everything through.
func anyOf[T comparable](filter []T, values ...T) bool {
	return len(filter) == 0 || slices.ContainsFunc(values, func(v T) bool { return slices.Contains(filter, v) })
}

// keep returns the items that pass, never nil, so that an empty answer is [] in JSON.
func keep[T any](items []T, passes func(T) bool) []T {
	kept := make([]T, 0, len(items))
	for _, item := range items {
		if passes(item) {
			kept = append(kept, item)
		}
	}
	return kept
}

// providersOf returns the codes of the providers that an account number belongs to, none if it can't be matched: then
// the filter is dropped, as the real service does.
func (c *Catalogue) providersOf(accountNumber string) []string {
	line, _ := c.Lookup(accountNumber)
	codes := make([]string, 0, len(line.Providers))
	for _, candidate := range line.Providers {
		codes = append(codes, candidate.ProviderCode)
	}
	return codes
}

// FindRegions returns the regions of GetRegions.
func (c *Catalogue) FindRegions(by ding.GetRegionsParams) []ding.Region {
	return keep(c.Regions, func(r ding.Region) bool { return anyOf(by.CountryISOs, r.CountryISO) })
}

// FindProviders returns the providers of GetProviders.
func (c *Catalogue) FindProviders(by ding.GetProvidersParams) []ding.Provider {
	owners := c.providersOf(by.AccountNumber)
	return keep(c.Providers, func(p ding.Provider) bool {
		return anyOf(by.CountryISOs, p.CountryISO) && anyOf(by.ProviderCodes, p.ProviderCode) &&
			anyOf(by.RegionCodes, p.RegionCodes...) && anyOf(owners, p.ProviderCode)
	})
}

// FindStatuses returns the states of GetProviderStatus.
func (c *Catalogue) FindStatuses(by ding.GetProviderStatusParams) []ding.ProviderStatus {
	return keep(c.Statuses, func(s ding.ProviderStatus) bool { return anyOf(by.ProviderCodes, s.ProviderCode) })
}

// FindProducts returns the products of GetProducts.
func (c *Catalogue) FindProducts(by ding.GetProductsParams) []ding.Product {
	owners := c.providersOf(by.AccountNumber)
	return keep(c.Products, func(p ding.Product) bool {
		return anyOf(by.CountryISOs, c.Provider(p.ProviderCode).CountryISO) && anyOf(by.ProviderCodes, p.ProviderCode) &&
			anyOf(by.SKUCodes, p.SKUCode) && anyOf(by.Benefits, p.Benefits...) &&
			anyOf(by.RegionCodes, p.RegionCode) && anyOf(owners, p.ProviderCode)
	})
}

// FindProductDescriptions returns the texts of GetProductDescriptions. A localization key is its product's SKU here.
func (c *Catalogue) FindProductDescriptions(by ding.GetProductDescriptionsParams) []ding.LocalizedProductDescription {
	return keep(c.ProductDescriptions, func(d ding.LocalizedProductDescription) bool {
		return anyOf(by.LanguageCodes, d.LanguageCode) && anyOf(by.SKUCodes, d.LocalizationKey)
	})
}

// FindPromotions returns the promotions of GetPromotions, past ones included.
func (c *Catalogue) FindPromotions(by ding.GetPromotionsParams) []ding.Promotion {
	owners := c.providersOf(by.AccountNumber)
	return keep(c.Promotions, func(p ding.Promotion) bool {
		return anyOf(by.CountryISOs, c.Provider(p.ProviderCode).CountryISO) && anyOf(by.ProviderCodes, p.ProviderCode) &&
			anyOf(owners, p.ProviderCode)
	})
}

// FindPromotionDescriptions returns the texts of GetPromotionDescriptions.
func (c *Catalogue) FindPromotionDescriptions(by ding.GetPromotionDescriptionsParams) []ding.LocalizedPromotionDescription {
	return keep(c.PromotionDescriptions, func(d ding.LocalizedPromotionDescription) bool {
		return anyOf(by.LanguageCodes, d.LanguageCode)
	})
}
