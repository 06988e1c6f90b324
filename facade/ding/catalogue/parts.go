package catalogue

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"

	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/money"
)

// Part names one of the answers that a catalogue is made of.
type Part string

// The parts of a catalogue, each of them the answer of one method.
const (
	PartCountries             Part = "countries"
	PartCurrencies            Part = "currencies"
	PartRegions               Part = "regions"
	PartProviders             Part = "providers"
	PartProducts              Part = "products"
	PartProductDescriptions   Part = "product descriptions"
	PartPromotions            Part = "promotions"
	PartPromotionDescriptions Part = "promotion descriptions"
	PartErrorDescriptions     Part = "error descriptions"
)

const partCount = 9

// For how long an answer is good where its headers do not tell: Ding advises to refresh products every three hours, and the
// rest daily.
const (
	productsLifetime = 3 * time.Hour
	defaultLifetime  = 24 * time.Hour
)

// scope is what a catalogue asks for.
type scope struct {
	// Languages has "en" first.
	Languages []string `json:"languages"`
	// Countries has XG at its end; empty means all.
	Countries []string `json:"countries,omitempty"`
}

// kind is how a part is loaded from the service, saved to a snapshot, and read from one.
type kind struct {
	part     Part
	lifetime time.Duration
	load     func(ctx context.Context, client Client, s scope, opts []ding.CallOption) (value any, items int, err error)
	// save returns the items as the API writes them.
	save func(value any) iter.Seq[any]
	read func(body []byte) (value any, items int, err error)
	// put puts the value where it belongs.
	put func(to *tables, value any)
}

// list is a part that is kept as the API's own items.
func list[A, T any](part Part, load func(ctx context.Context, client Client, s scope, opts []ding.CallOption) (*A, error),
	decode func(body []byte, answer any) error, items func(*A) []T, put func(*tables, []T)) kind {
	return kind{
		part: part, lifetime: defaultLifetime,
		load: func(ctx context.Context, client Client, s scope, opts []ding.CallOption) (any, int, error) {
			answer, err := load(ctx, client, s, append(opts, ding.WithDecoder(func(body []byte, answer any) error {
				if err := decode(body, answer); err != nil {
					return err
				}
				if read, ok := answer.(*A); ok && len(items(read)) == 0 {
					return checkItems(body)
				}
				return nil
			})))
			if err != nil {
				return nil, 0, err
			}
			return items(answer), len(items(answer)), nil
		},
		save: func(value any) iter.Seq[any] {
			return func(yield func(any) bool) {
				for _, item := range value.([]T) {
					if !yield(item) {
						return
					}
				}
			}
		},
		read: func(body []byte) (any, int, error) {
			answer := new(A)
			if err := decode(body, answer); err != nil {
				return nil, 0, err
			}
			return items(answer), len(items(answer)), nil
		},
		put: func(to *tables, value any) { put(to, value.([]T)) },
	}
}

// rows is a table of what the API has as items.
type rows interface {
	comparable
	size() int
	// saved returns the item of a row as the API writes it.
	saved(row uint32) any
}

// table is a part that is kept as a table: the one that decode makes of an answer or, where that leaves it to encoding/json, the one that
// tabulate makes of the items.
func table[A any, T rows](part Part, lifetime time.Duration, load func(ctx context.Context, client Client, s scope, opts []ding.CallOption) (*A, error),
	decode func(body []byte, answer *A) (T, error), tabulate func(*A) T, put func(*tables, T)) kind {
	var none T
	filled := func(table T, answer *A) (any, int, error) {
		if table == none {
			table = tabulate(answer)
		}
		return table, table.size(), nil
	}
	return kind{
		part: part, lifetime: lifetime,
		load: func(ctx context.Context, client Client, s scope, opts []ding.CallOption) (any, int, error) {
			var table T
			answer, err := load(ctx, client, s, append(opts, ding.WithDecoder(func(body []byte, answer any) (err error) {
				to, ok := answer.(*A)
				if !ok {
					return json.Unmarshal(body, answer)
				}
				if table, err = decode(body, to); err != nil || table != none && table.size() > 0 {
					return err
				}
				return checkItems(body)
			})))
			if err != nil {
				return nil, 0, err
			}
			return filled(table, answer)
		},
		save: func(value any) iter.Seq[any] {
			return func(yield func(any) bool) {
				table := value.(T)
				for row := range table.size() {
					if !yield(table.saved(uint32(row))) {
						return
					}
				}
			}
		},
		read: func(body []byte) (any, int, error) {
			answer := new(A)
			table, err := decode(body, answer)
			if err != nil {
				return nil, 0, err
			}
			return filled(table, answer)
		},
		put: func(to *tables, value any) { put(to, value.(T)) },
	}
}

// kinds are the parts in the order in which they are named, saved and put together.
var kinds = [partCount]kind{
	list(PartCountries, func(ctx context.Context, client Client, _ scope, opts []ding.CallOption) (*ding.GetCountriesResponse, error) {
		return client.GetCountries(ctx, opts...)
	}, json.Unmarshal, func(a *ding.GetCountriesResponse) []ding.Country { return a.Items }, func(t *tables, items []ding.Country) { t.countries = items }),

	list(PartCurrencies, func(ctx context.Context, client Client, _ scope, opts []ding.CallOption) (*ding.GetCurrenciesResponse, error) {
		return client.GetCurrencies(ctx, opts...)
	}, json.Unmarshal, func(a *ding.GetCurrenciesResponse) []ding.Currency { return a.Items }, func(t *tables, items []ding.Currency) { t.currencies = items }),

	list(PartRegions, func(ctx context.Context, client Client, s scope, opts []ding.CallOption) (*ding.GetRegionsResponse, error) {
		return client.GetRegions(ctx, ding.GetRegionsParams{CountryISOs: s.Countries}, opts...)
	}, json.Unmarshal, func(a *ding.GetRegionsResponse) []ding.Region { return a.Items }, func(t *tables, items []ding.Region) { t.regions = items }),

	list(PartProviders, func(ctx context.Context, client Client, s scope, opts []ding.CallOption) (*ding.GetProvidersResponse, error) {
		return client.GetProviders(ctx, ding.GetProvidersParams{CountryISOs: s.Countries}, opts...)
	}, decodeProviders, func(a *ding.GetProvidersResponse) []ding.Provider { return a.Items }, func(t *tables, items []ding.Provider) { t.providers = items }),

	table(PartProducts, productsLifetime, func(ctx context.Context, client Client, s scope, opts []ding.CallOption) (*ding.GetProductsResponse, error) {
		return client.GetProducts(ctx, ding.GetProductsParams{CountryISOs: s.Countries}, opts...)
	}, decodeProducts, func(a *ding.GetProductsResponse) *productTable { return tabulateProducts(a.Items) }, func(t *tables, table *productTable) { t.products = table }),

	table(PartProductDescriptions, defaultLifetime, func(ctx context.Context, client Client, s scope, opts []ding.CallOption) (*ding.GetProductDescriptionsResponse, error) {
		return client.GetProductDescriptions(ctx, ding.GetProductDescriptionsParams{LanguageCodes: s.Languages}, opts...)
	}, decodeProductTexts, func(a *ding.GetProductDescriptionsResponse) *textTable { return tabulateTexts(a.Items) }, func(t *tables, table *textTable) { t.productTexts = table }),

	list(PartPromotions, func(ctx context.Context, client Client, s scope, opts []ding.CallOption) (*ding.GetPromotionsResponse, error) {
		return client.GetPromotions(ctx, ding.GetPromotionsParams{CountryISOs: s.Countries}, opts...)
	}, json.Unmarshal, func(a *ding.GetPromotionsResponse) []ding.Promotion { return a.Items }, func(t *tables, items []ding.Promotion) { t.promotions = items }),

	list(PartPromotionDescriptions, func(ctx context.Context, client Client, s scope, opts []ding.CallOption) (*ding.GetPromotionDescriptionsResponse, error) {
		return client.GetPromotionDescriptions(ctx, ding.GetPromotionDescriptionsParams{LanguageCodes: s.Languages}, opts...)
	}, decodePromotionTexts, func(a *ding.GetPromotionDescriptionsResponse) []ding.LocalizedPromotionDescription { return a.Items },
		func(t *tables, items []ding.LocalizedPromotionDescription) { t.promotionTexts = items }),

	list(PartErrorDescriptions, func(ctx context.Context, client Client, _ scope, opts []ding.CallOption) (*ding.GetErrorCodeDescriptionsResponse, error) {
		return client.GetErrorCodeDescriptions(ctx, opts...)
	}, json.Unmarshal, func(a *ding.GetErrorCodeDescriptionsResponse) []ding.ErrorDescription { return a.Items },
		func(t *tables, items []ding.ErrorDescription) { t.errors = items }),
}

// checkItems refuses an answer that claims success and has no Items: that is not the same as none, and must not be kept as such.
func checkItems(body []byte) error {
	var brief struct {
		ResultCode ding.ResultCode
		Items      json.RawMessage
	}
	if err := json.Unmarshal(body, &brief); err != nil {
		return err
	}
	claims := brief.ResultCode == ding.ResultCodeSuccess || brief.ResultCode == ding.ResultCodeSuccessWithWarning
	if claims && brief.Items == nil {
		return errors.New("it has no Items")
	}
	return nil
}

// decodeProviders reads the answer of GetProviders.
func decodeProviders(body []byte, answer any) error {
	to, ok := answer.(*ding.GetProvidersResponse)
	if !ok {
		return json.Unmarshal(body, answer)
	}
	items, e, err := readProviders(body)
	if err != nil {
		return json.Unmarshal(body, answer)
	}
	*to = ding.GetProvidersResponse{ResultCode: e.ResultCode, ErrorCodes: e.ErrorCodes, Items: items}
	return nil
}

// decodePromotionTexts reads the answer of GetPromotionDescriptions.
func decodePromotionTexts(body []byte, answer any) error {
	to, ok := answer.(*ding.GetPromotionDescriptionsResponse)
	if !ok {
		return json.Unmarshal(body, answer)
	}
	items, e, err := readPromotionTexts(body)
	if err != nil {
		return json.Unmarshal(body, answer)
	}
	*to = ding.GetPromotionDescriptionsResponse{ResultCode: e.ResultCode, ErrorCodes: e.ErrorCodes, Items: items}
	return nil
}

// decodeProducts reads the answer of GetProducts into a table; into encoding/json's own items, and no table, if it is unusual.
func decodeProducts(body []byte, answer *ding.GetProductsResponse) (*productTable, error) {
	table, e, err := readProducts(body)
	if err != nil {
		return nil, json.Unmarshal(body, answer)
	}
	*answer = ding.GetProductsResponse{ResultCode: e.ResultCode, ErrorCodes: e.ErrorCodes}
	return table, nil
}

// savedProduct is a product as the API writes it: a tax rate of 0.00 is left out by ding.Price.
type savedProduct struct {
	*ding.Product
	Minimum, Maximum savedPrice
}

type savedPrice struct {
	ding.Price
	TaxRate money.Decimal
}

func (t *productTable) size() int { return len(t.rows) }

func (t *productTable) saved(row uint32) any {
	p := t.at(row)
	return savedProduct{p, savedPrice{p.Minimum, p.Minimum.TaxRate}, savedPrice{p.Maximum, p.Maximum.TaxRate}}
}

// decodeProductTexts is decodeProducts for the texts.
func decodeProductTexts(body []byte, answer *ding.GetProductDescriptionsResponse) (*textTable, error) {
	table, e, err := readProductTexts(body)
	if err != nil {
		return nil, json.Unmarshal(body, answer)
	}
	*answer = ding.GetProductDescriptionsResponse{ResultCode: e.ResultCode, ErrorCodes: e.ErrorCodes}
	return table, nil
}

func (t *textTable) size() int { return len(t.rows) }

func (t *textTable) saved(row uint32) any { return t.at(row) }

// assemble puts the values of all parts together.
func assemble(values [partCount]any) tables {
	var t tables
	for i, value := range values {
		kinds[i].put(&t, value)
	}
	return t
}
