package catalogue

import (
	"iter"
	"slices"

	"github.com/airtime-go/airtime/facade/ding"
)

// Filter narrows a list as the API's own parameters do: the values of one field are alternatives, the fields all have to
// be met. An empty field narrows nothing. Codes are compared as they are. What is sold everywhere has a country of its own, XG: to
// have it as well, ask for it as well.
type Filter struct {
	SKUCodes      []string
	ProviderCodes []string
	CountryISOs   []string
	RegionCodes   []string
	Benefits      []ding.Benefit
	PaymentTypes  []ding.PaymentType
}

// meets reports whether one of the values is wanted, or none is asked for.
func meets[T comparable](wanted []T, values ...T) bool {
	return len(wanted) == 0 || slices.ContainsFunc(values, func(value T) bool { return slices.Contains(wanted, value) })
}

// Products yields the products that pass the filter, in the order of the API.
func (d *Data) Products(filter Filter) iter.Seq[*ding.Product] {
	return func(yield func(*ding.Product) bool) {
		for row := range d.productRows(filter) {
			if d.passes(row, filter) && !yield(d.products.at(row)) {
				return
			}
		}
	}
}

// productRows yields the rows that can pass: all, or those that the narrowest index has.
func (d *Data) productRows(filter Filter) iter.Seq[uint32] {
	t := d.products
	switch {
	case len(filter.SKUCodes) > 0:
		return inOrder(t.bySKU.anyOf(filter.SKUCodes, t.sku))
	case len(filter.ProviderCodes) > 0:
		return inOrder(t.byProvider.anyOf(filter.ProviderCodes, t.provider))
	case len(filter.CountryISOs) > 0:
		var rows []uint32
		for _, provider := range d.providersByCountry.anyOf(filter.CountryISOs, d.providerCountry) {
			rows = append(rows, t.byProvider.all(d.providers[provider].ProviderCode, t.provider)...)
		}
		return inOrder(rows)
	}
	return allRows(len(t.rows))
}

func allRows(n int) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for row := range uint32(n) {
			if !yield(row) {
				return
			}
		}
	}
}

// inOrder sorts rows that were found under several codes, of which one may have been asked for twice.
func inOrder(rows []uint32) iter.Seq[uint32] {
	slices.Sort(rows)
	return slices.Values(slices.Compact(rows))
}

func (d *Data) passes(number uint32, f Filter) bool {
	t := d.products
	row := &t.rows[number]
	return meets(f.SKUCodes, t.sku(number)) &&
		meets(f.ProviderCodes, t.provider(number)) &&
		(len(f.CountryISOs) == 0 || meets(f.CountryISOs, d.countryOf(t.provider(number)))) &&
		meets(f.RegionCodes, t.texts.at(row.region)) &&
		meets(f.Benefits, t.benefits[row.benefits]...) &&
		meets(f.PaymentTypes, t.payments[row.payments]...)
}

// countryOf returns the country in which the provider trades; empty if the provider is not known.
func (d *Data) countryOf(providerCode string) string {
	if provider, known := d.Provider(providerCode); known {
		return provider.CountryISO
	}
	return ""
}

// Providers yields the providers that pass the filter, in the order of the API. RegionCodes and PaymentTypes are the provider's own;
// SKUCodes and Benefits ask for a product that has both.
func (d *Data) Providers(filter Filter) iter.Seq[*ding.Provider] {
	return func(yield func(*ding.Provider) bool) {
		for row := range d.providerRows(filter) {
			if p := &d.providers[row]; d.providerPasses(p, filter) && !yield(p) {
				return
			}
		}
	}
}

// providerRows yields the rows that can pass.
func (d *Data) providerRows(filter Filter) iter.Seq[uint32] {
	switch {
	case len(filter.ProviderCodes) > 0:
		return inOrder(d.providersByCode.anyOf(filter.ProviderCodes, d.providerCode))
	case len(filter.CountryISOs) > 0:
		return inOrder(d.providersByCountry.anyOf(filter.CountryISOs, d.providerCountry))
	}
	return allRows(len(d.providers))
}

func (d *Data) providerPasses(p *ding.Provider, f Filter) bool {
	return meets(f.ProviderCodes, p.ProviderCode) &&
		meets(f.CountryISOs, p.CountryISO) &&
		meets(f.RegionCodes, p.RegionCodes...) &&
		meets(f.PaymentTypes, p.PaymentTypes...) &&
		(len(f.SKUCodes)+len(f.Benefits) == 0 || d.sells(p.ProviderCode, Filter{SKUCodes: f.SKUCodes, Benefits: f.Benefits}))
}

func (d *Data) sells(providerCode string, filter Filter) bool {
	for _, row := range d.products.byProvider.all(providerCode, d.products.provider) {
		if d.passes(row, filter) {
			return true
		}
	}
	return false
}

// Promotions yields the promotions whose provider passes the filter, in the order of the API. Those of a provider that the
// catalogue does not know pass by their ProviderCode alone.
func (d *Data) Promotions(filter Filter) iter.Seq[*ding.Promotion] {
	return func(yield func(*ding.Promotion) bool) {
		for i := range d.promotions {
			p := &d.promotions[i]
			provider, known := d.Provider(p.ProviderCode)
			if !known {
				provider = &ding.Provider{ProviderCode: p.ProviderCode}
			}
			if d.providerPasses(provider, filter) && !yield(p) {
				return
			}
		}
	}
}
