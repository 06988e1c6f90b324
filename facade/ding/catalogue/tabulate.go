package catalogue

import (
	"encoding/json"

	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/money"
)

// What encoding/json has read comes into the same tables: answers that the fast reader gave up, and those of a [Client] that
// reads for itself.

// tabulateProducts makes the table of products.
func tabulateProducts(products []ding.Product) *productTable {
	r := newProductReader(nil)
	r.rows = make([]productRow, 0, len(products))
	for i := range products {
		r.rows = append(r.rows, r.rowOf(&products[i]))
	}
	return r.table()
}

func (r *productReader) rowOf(p *ding.Product) productRow {
	r.skus = append(r.skus, r.keep(p.SKUCode))
	return productRow{
		provider:    r.keep(p.ProviderCode),
		key:         r.keep(p.LocalizationKey),
		display:     r.keep(p.DefaultDisplayText),
		information: r.keep(p.AdditionalInformation),
		region:      r.keep(p.RegionCode),
		uat:         r.keep(p.UATNumber),
		period:      r.keep(p.ValidityPeriodISO),
		mode:        r.keep(string(p.ProcessingMode)),
		redemption:  r.keep(string(p.RedemptionMechanism)),
		minimum:     r.numberOf(r.priceRowOf(&p.Minimum)),
		maximum:     r.numberOf(r.priceRowOf(&p.Maximum)),
		commission:  r.placeOf(p.CommissionRate),
		benefits:    keepShared(r.benefits, p.Benefits),
		payments:    keepShared(r.payments, p.PaymentTypes),
		settings:    keepShared(r.settings, p.SettingDefinitions),
		lookupBills: p.LookupBillsRequired,
	}
}

func (r *productReader) priceRowOf(p *ding.Price) priceRow {
	return priceRow{
		receive:           r.placeOf(p.ReceiveValue),
		receiveWithoutTax: r.placeOf(p.ReceiveValueExcludingTax),
		send:              r.placeOf(p.SendValue),
		terms: r.termsOf(priceTerms{
			customerFee:     r.placeOf(p.CustomerFee),
			distributorFee:  r.placeOf(p.DistributorFee),
			taxRate:         r.placeOf(p.TaxRate),
			receiveCurrency: r.keep(p.ReceiveCurrencyISO),
			sendCurrency:    r.keep(p.SendCurrencyISO),
			taxCalculation:  r.keep(string(p.TaxCalculation)),
			taxName:         r.keep(p.TaxName),
		}),
	}
}

// keep is add for a string.
func (c *collector) keep(text string) place { return c.only([]byte(text)) }

func (c *collector) placeOf(d money.Decimal) place {
	if d == (money.Decimal{}) {
		return 0
	}
	return c.keep(d.String())
}

// keep returns the number of the value that goes by this key.
func (s *shared[T]) keep(key string, value T) uint32 {
	number, known := s.known[key]
	if !known {
		number = uint32(len(s.values))
		s.values = append(s.values, value)
		s.known[key] = number
	}
	return number
}

// keepShared keeps a list once for all that have the same.
func keepShared[T any](s *shared[[]T], list []T) uint32 {
	if list == nil {
		return 0
	}
	key, err := json.Marshal(list)
	if err != nil {
		panic("catalogue: a list of strings and booleans cannot be written: " + err.Error())
	}
	return s.keep(string(key), list)
}

// tabulateTexts makes the table of product texts.
func tabulateTexts(items []ding.LocalizedProductDescription) *textTable {
	r := &textReader{reader: newReader(nil, textNames), rows: make([]textRow, 0, len(items))}
	for _, item := range items {
		r.rows = append(r.rows, textRow{
			key: r.keep(item.LocalizationKey), language: r.keep(item.LanguageCode), display: r.keep(item.DisplayText),
			description: r.keep(item.DescriptionMarkdown), more: r.keep(item.ReadMoreMarkdown),
		})
	}
	return r.table()
}
