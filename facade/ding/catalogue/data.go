package catalogue

import (
	"github.com/airtime-go/airtime/facade/ding"
)

// Data is one generation of the catalogue: all reference data of one account, joined and indexed. It never changes, so that
// any number of goroutines may read it without waiting; what it hands out is shared and must not be changed either. Products
// and texts are made when they are asked for. One that is kept keeps alive the texts of its whole generation: to remember a
// product for long, remember its SKU code.
type Data struct {
	tables
	// languages are those that texts are wanted in, the best first.
	languages []string

	providersByCode, providersByCountry index
	promotionTextsByKey                 index

	countryByISO      map[string]*ding.Country
	currencyByISO     map[string]*ding.Currency
	regionByCode      map[string]*ding.Region
	errorDescriptions map[string]string

	// numbers finds providers by account number; it fills itself.
	numbers numbering
}

// tables are the answers that a generation is made of, in the form in which they are kept.
type tables struct {
	countries      []ding.Country
	currencies     []ding.Currency
	regions        []ding.Region
	providers      []ding.Provider
	products       *productTable
	productTexts   *textTable
	promotions     []ding.Promotion
	promotionTexts []ding.LocalizedPromotionDescription
	errors         []ding.ErrorDescription
}

// parts are the same in the API's own form.
type parts struct {
	countries         []ding.Country
	currencies        []ding.Currency
	regions           []ding.Region
	providers         []ding.Provider
	products          []ding.Product
	productTexts      []ding.LocalizedProductDescription
	promotions        []ding.Promotion
	promotionTexts    []ding.LocalizedPromotionDescription
	errorDescriptions []ding.ErrorDescription
}

// newData joins and indexes the parts.
func newData(p parts) *Data {
	return join(tables{
		p.countries, p.currencies, p.regions, p.providers, tabulateProducts(p.products), tabulateTexts(p.productTexts),
		p.promotions, p.promotionTexts, p.errorDescriptions,
	}, nil)
}

func join(t tables, languages []string) *Data {
	d := &Data{
		tables:            t,
		languages:         languages,
		countryByISO:      byKey(t.countries, func(c *ding.Country) string { return c.CountryISO }),
		currencyByISO:     byKey(t.currencies, func(c *ding.Currency) string { return c.CurrencyISO }),
		regionByCode:      byKey(t.regions, func(r *ding.Region) string { return r.RegionCode }),
		errorDescriptions: make(map[string]string, len(t.errors)),
	}
	for _, description := range t.errors {
		d.errorDescriptions[description.Code] = description.Message
	}
	d.providersByCode = newIndex(len(t.providers), d.providerCode)
	d.providersByCountry = newIndex(len(t.providers), d.providerCountry)
	d.promotionTextsByKey = newIndex(len(t.promotionTexts), d.promotionTextKey)
	return d
}

func byKey[T any](items []T, key func(*T) string) map[string]*T {
	found := make(map[string]*T, len(items))
	for i := range items {
		found[key(&items[i])] = &items[i]
	}
	return found
}

func (d *Data) providerCode(row uint32) string     { return d.providers[row].ProviderCode }
func (d *Data) providerCountry(row uint32) string  { return d.providers[row].CountryISO }
func (d *Data) promotionTextKey(row uint32) string { return d.promotionTexts[row].LocalizationKey }

// Product returns the product with the SKU code. Only the first look-up of a product allocates.
func (d *Data) Product(skuCode string) (*ding.Product, bool) { return d.products.find(skuCode) }

// Provider returns the provider with the code.
func (d *Data) Provider(providerCode string) (*ding.Provider, bool) {
	row, found := d.providersByCode.last(providerCode, d.providerCode)
	if !found {
		return nil, false
	}
	return &d.providers[row], true
}

// Country returns the country with the ISO 3166-1 code, in capitals; XG is that of what is sold everywhere.
func (d *Data) Country(countryISO string) (*ding.Country, bool) {
	country, ok := d.countryByISO[countryISO]
	return country, ok
}

// Currency returns the currency with the ISO 4217 code, in capitals.
func (d *Data) Currency(currencyISO string) (*ding.Currency, bool) {
	currency, ok := d.currencyByISO[currencyISO]
	return currency, ok
}

// Region returns the region with the code.
func (d *Data) Region(regionCode string) (*ding.Region, bool) {
	region, ok := d.regionByCode[regionCode]
	return region, ok
}

// Countries returns all countries, in the order of the API.
func (d *Data) Countries() []ding.Country { return d.countries }

// Currencies returns all currencies, in the order of the API.
func (d *Data) Currencies() []ding.Currency { return d.currencies }

// Regions returns all regions, in the order of the API.
func (d *Data) Regions() []ding.Region { return d.regions }

// ErrorDescription returns Ding's own text for an error code or context; empty if there is none.
func (d *Data) ErrorDescription(code string) string { return d.errorDescriptions[code] }

// ProductTexts returns the texts under a product's LocalizationKey, in all languages that were loaded.
func (d *Data) ProductTexts(localizationKey string) []*ding.LocalizedProductDescription {
	return d.productTexts.find(localizationKey)
}

// PromotionTexts returns the texts under a promotion's LocalizationKey, in all languages that were loaded.
func (d *Data) PromotionTexts(localizationKey string) []*ding.LocalizedPromotionDescription {
	var found []*ding.LocalizedPromotionDescription
	for _, row := range d.promotionTextsByKey.all(localizationKey, d.promotionTextKey) {
		found = append(found, &d.promotionTexts[row])
	}
	return found
}

// UATProducts returns the products of which the number is the UatNumber, whatever its last digit: that one picks what a test
// transfer comes to.
func (d *Data) UATProducts(number string) []*ding.Product {
	var found []*ding.Product
	for _, row := range d.products.byUAT.all(withoutLast(number), d.products.uat) {
		found = append(found, d.products.at(row))
	}
	return found
}
