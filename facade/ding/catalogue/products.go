package catalogue

import (
	"slices"
	"sync/atomic"

	"github.com/airtime-go/airtime/facade/ding"
)

// productTable holds products in a third of the memory that as many ding.Product take. One is made when it is asked for.
type productTable struct {
	texts arena
	// skus are the SKU codes by row, apart from the rows: what a look-up has to read lies close together.
	skus     []place
	rows     []productRow
	prices   []priceRow
	terms    []priceTerms
	benefits [][]ding.Benefit
	payments [][]ding.PaymentType
	settings [][]ding.SettingDefinition

	// made are the products that were asked for by SKU code, by row.
	made []atomic.Pointer[ding.Product]

	bySKU, byProvider, byUAT index
}

// productRow is a product: the places of its texts and the numbers of what it shares with others.
type productRow struct {
	provider, key, display, information, region, uat, period, mode, redemption, commission place
	minimum, maximum, benefits, payments, settings                                         uint32
	lookupBills                                                                            bool
}

// priceRow is a price. A fixed product's minimum and maximum are the same one.
type priceRow struct {
	receive, receiveWithoutTax, send place
	terms                            uint32
}

// priceTerms are what many prices have in common.
type priceTerms struct {
	customerFee, distributorFee, taxRate, receiveCurrency, sendCurrency, taxCalculation, taxName place
}

var productNames = []string{
	"AdditionalInformation", "Benefits", "CommissionRate", "DefaultDisplayText", "LocalizationKey", "LookupBillsRequired", "Maximum", "Minimum",
	"PaymentTypes", "ProcessingMode", "ProviderCode", "RedemptionMechanism", "RegionCode", "SettingDefinitions", "SkuCode", "UatNumber", "ValidityPeriodIso",
	"CustomerFee", "DistributorFee", "ReceiveCurrencyIso", "ReceiveValue", "ReceiveValueExcludingTax", "SendCurrencyIso", "SendValue",
	"TaxCalculation", "TaxName", "TaxRate",
}

// productReader reads the answer of GetProducts.
type productReader struct {
	*reader
	benefits *shared[[]ding.Benefit]
	payments *shared[[]ding.PaymentType]
	settings *shared[[]ding.SettingDefinition]
	prices   []priceRow
	terms    []priceTerms
	byTerms  map[priceTerms]uint32
	// latest is the last price as it stands in the body, and number what it was read as.
	latest []byte
	number uint32
	skus   []place
	rows   []productRow
}

func newProductReader(body []byte) *productReader {
	return &productReader{
		reader:   newReader(body, productNames),
		benefits: newShared[[]ding.Benefit](),
		payments: newShared[[]ding.PaymentType](),
		settings: newShared[[]ding.SettingDefinition](),
		prices:   make([]priceRow, 1),
		terms:    make([]priceTerms, 1),
		byTerms:  map[priceTerms]uint32{{}: 0},
	}
}

func readProducts(body []byte) (*productTable, envelope, error) {
	r := newProductReader(body)
	e, err := r.answer(r.product)
	if err != nil {
		return nil, e, err
	}
	return r.table(), e, nil
}

// product reads the next product into a row of its own.
func (r *productReader) product() error {
	var row productRow
	r.skus = append(r.skus, 0)
	err := r.object(func(name string) error { return r.productField(&row, name) })
	r.rows = grown(r.rows, row, r.reader)
	return err
}

func (r *productReader) productField(row *productRow, name string) error {
	switch name {
	case "SkuCode":
		return r.text(&r.skus[len(r.skus)-1])
	case "ProviderCode":
		return r.text(&row.provider)
	case "LocalizationKey":
		return r.text(&row.key)
	case "DefaultDisplayText":
		return r.text(&row.display)
	case "AdditionalInformation":
		return r.text(&row.information)
	case "RegionCode":
		return r.text(&row.region)
	case "UatNumber":
		return r.text(&row.uat)
	case "ValidityPeriodIso":
		return r.text(&row.period)
	case "ProcessingMode":
		return r.text(&row.mode)
	case "RedemptionMechanism":
		return r.text(&row.redemption)
	case "Minimum":
		return r.price(&row.minimum)
	case "Maximum":
		return r.price(&row.maximum)
	case "CommissionRate":
		return r.amount(&row.commission)
	case "Benefits":
		return r.benefits.read(r.reader, &row.benefits)
	case "PaymentTypes":
		return r.payments.read(r.reader, &row.payments)
	case "SettingDefinitions":
		return r.settings.read(r.reader, &row.settings)
	case "LookupBillsRequired":
		return r.truth(&row.lookupBills)
	}
	return r.skip()
}

// price reads a price. Fixed products have the same one twice.
func (r *productReader) price(number *uint32) error {
	if r.next() == '{' && r.latest != nil && r.ahead(r.latest) {
		r.at += len(r.latest)
		*number = r.number
		return nil
	}
	from := r.at
	var price priceRow
	var terms priceTerms
	if err := r.object(func(name string) error { return r.priceField(&price, &terms, name) }); err != nil {
		return err
	}
	price.terms = r.termsOf(terms)
	*number = r.numberOf(price)
	r.latest, r.number = r.body[from:r.at], *number
	return nil
}

// numberOf keeps a price, unless it is the one before.
func (r *productReader) numberOf(price priceRow) uint32 {
	latest := len(r.prices) - 1
	if price == (priceRow{}) {
		return 0
	}
	if price != r.prices[latest] {
		r.prices = append(r.prices, price)
		latest++
	}
	return uint32(latest)
}

// termsOf returns the number of the terms.
func (r *productReader) termsOf(terms priceTerms) uint32 {
	number, known := r.byTerms[terms]
	if !known {
		number = uint32(len(r.terms))
		r.terms = append(r.terms, terms)
		r.byTerms[terms] = number
	}
	return number
}

func (r *productReader) priceField(price *priceRow, terms *priceTerms, name string) error {
	switch name {
	case "CustomerFee":
		return r.rate(&terms.customerFee)
	case "DistributorFee":
		return r.rate(&terms.distributorFee)
	case "ReceiveValue":
		return r.amount(&price.receive)
	case "ReceiveValueExcludingTax":
		return r.amount(&price.receiveWithoutTax)
	case "SendValue":
		return r.amount(&price.send)
	case "TaxRate":
		return r.rate(&terms.taxRate)
	case "ReceiveCurrencyIso":
		return r.text(&terms.receiveCurrency)
	case "SendCurrencyIso":
		return r.text(&terms.sendCurrency)
	case "TaxCalculation":
		return r.text(&terms.taxCalculation)
	case "TaxName":
		return r.text(&terms.taxName)
	}
	return r.skip()
}

// table is what was read, with its indices.
func (r *productReader) table() *productTable {
	t := &productTable{
		texts:    r.arena(),
		skus:     exact(r.skus),
		rows:     exact(r.rows),
		prices:   exact(r.prices),
		terms:    exact(r.terms),
		benefits: r.benefits.values,
		payments: r.payments.values,
		settings: exact(r.settings.values),
		made:     make([]atomic.Pointer[ding.Product], len(r.rows)),
	}
	t.bySKU = newIndex(len(t.rows), t.sku)
	t.byProvider = newIndex(len(t.rows), t.provider)
	t.byUAT = newIndex(len(t.rows), t.uat)
	return t
}

// grown appends a row. Once some are there, it makes room for as many as the body seems to have, and for their texts.
func grown[T any](rows []T, row T, r *reader) []T {
	const sample = 1000
	if len(rows) == sample {
		more := float64(len(r.body)) / float64(r.at) * 1.02
		rows = slices.Grow(rows, int(sample*more))
		r.texts.Grow(int(float64(r.texts.Len()) * more))
	}
	return append(rows, row)
}

// exact drops spare capacity.
func exact[T any](grown []T) []T {
	if len(grown) == cap(grown) {
		return grown
	}
	return append(make([]T, 0, len(grown)), grown...)
}

func (t *productTable) sku(row uint32) string      { return t.texts.at(t.skus[row]) }
func (t *productTable) provider(row uint32) string { return t.texts.at(t.rows[row].provider) }

// uat is the product's UAT number without its last digit, which picks what a test is to come to.
func (t *productTable) uat(row uint32) string { return withoutLast(t.texts.at(t.rows[row].uat)) }

func withoutLast(number string) string { return number[:max(0, len(number)-1)] }

// find returns the product with the SKU code, and keeps it: programs ask for the same few again and again. Of two products with
// one SKU code, the later counts.
func (t *productTable) find(skuCode string) (*ding.Product, bool) {
	row, found := t.bySKU.last(skuCode, t.sku)
	if !found {
		return nil, false
	}
	if made := t.made[row].Load(); made != nil {
		return made, true
	}
	t.made[row].CompareAndSwap(nil, t.make(row))
	return t.made[row].Load(), true
}

// at returns the product of a row. It is not kept, or a walk over all of them would make the catalogue several times larger.
func (t *productTable) at(row uint32) *ding.Product {
	if made := t.made[row].Load(); made != nil {
		return made
	}
	return t.make(row)
}

func (t *productTable) make(number uint32) *ding.Product {
	row := t.rows[number]
	return &ding.Product{
		AdditionalInformation: t.texts.at(row.information),
		Benefits:              t.benefits[row.benefits],
		CommissionRate:        t.texts.amount(row.commission),
		DefaultDisplayText:    t.texts.at(row.display),
		LocalizationKey:       t.texts.at(row.key),
		LookupBillsRequired:   row.lookupBills,
		Maximum:               t.price(row.maximum),
		Minimum:               t.price(row.minimum),
		PaymentTypes:          t.payments[row.payments],
		ProcessingMode:        ding.ProcessingMode(t.texts.at(row.mode)),
		ProviderCode:          t.texts.at(row.provider),
		RedemptionMechanism:   ding.RedemptionMechanism(t.texts.at(row.redemption)),
		RegionCode:            t.texts.at(row.region),
		SettingDefinitions:    t.settings[row.settings],
		SKUCode:               t.sku(number),
		UATNumber:             t.texts.at(row.uat),
		ValidityPeriodISO:     t.texts.at(row.period),
	}
}

func (t *productTable) price(number uint32) ding.Price {
	row := t.prices[number]
	terms := t.terms[row.terms]
	return ding.Price{
		CustomerFee:              t.texts.amount(terms.customerFee),
		DistributorFee:           t.texts.amount(terms.distributorFee),
		ReceiveCurrencyISO:       t.texts.at(terms.receiveCurrency),
		ReceiveValue:             t.texts.amount(row.receive),
		ReceiveValueExcludingTax: t.texts.amount(row.receiveWithoutTax),
		SendCurrencyISO:          t.texts.at(terms.sendCurrency),
		SendValue:                t.texts.amount(row.send),
		TaxCalculation:           ding.TaxCalculation(t.texts.at(terms.taxCalculation)),
		TaxName:                  t.texts.at(terms.taxName),
		TaxRate:                  t.texts.amount(terms.taxRate),
	}
}
