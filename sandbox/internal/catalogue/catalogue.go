// Package catalogue is what the sandbox's DingConnect sells: countries, providers, products, promotions and their
// texts. It is made from one table, catalogue.yaml and texts.yaml, and is the same every time; only the dates of
// promotions follow the day on which it is made.
package catalogue

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/wire"
)

// Catalogue holds the reference data in the API's own types. It is never changed once made, and may be shared.
type Catalogue struct {
	Countries             []ding.Country
	Currencies            []ding.Currency
	Regions               []ding.Region
	Providers             []ding.Provider
	Statuses              []ding.ProviderStatus
	Products              []ding.Product
	ProductDescriptions   []ding.LocalizedProductDescription
	Promotions            []ding.Promotion
	PromotionDescriptions []ding.LocalizedPromotionDescription
	ErrorDescriptions     []ding.ErrorDescription

	offers    map[string]*Offer
	networks  []*network
	countries []*countrySource
	providers map[string]ding.Provider
}

// openEnd is .NET's DateTime.MaxValue, by which a promotion says that it has no end.
var openEnd = wire.NewTime(time.Date(9999, time.December, 31, 23, 59, 59, 999_999_900, time.UTC))

// New makes the catalogue. Promotions are dated from the day of start. An error means that the table is at fault.
func New(start time.Time) (*Catalogue, error) {
	s, err := read(slices.Concat(goods, texts))
	if err != nil {
		return nil, err
	}
	c := &Catalogue{offers: map[string]*Offer{}, providers: map[string]ding.Provider{}}
	c.addCurrencies(s.Currencies)
	for i := range s.Countries {
		c.addCountry(&s.Countries[i])
	}
	for _, p := range s.Providers {
		c.addProvider(p, s.Kinds)
	}
	for _, p := range s.Promotions {
		c.addPromotion(p, start.UTC().Truncate(24*time.Hour))
	}
	for _, code := range sortedKeys(s.Errors) {
		c.ErrorDescriptions = append(c.ErrorDescriptions, ding.ErrorDescription{Code: code, Message: s.Errors[code]})
	}
	return c, nil
}

// Offer returns the product with that SKU.
func (c *Catalogue) Offer(sku string) (*Offer, bool) {
	offer, ok := c.offers[sku]
	return offer, ok
}

// Provider returns the provider with that code; the zero Provider if there is none.
func (c *Catalogue) Provider(code string) ding.Provider { return c.providers[code] }

func (c *Catalogue) addCurrencies(currencies map[string]string) {
	for _, iso := range sortedKeys(currencies) {
		c.Currencies = append(c.Currencies, ding.Currency{CurrencyISO: iso, CurrencyName: currencies[iso]})
	}
}

func (c *Catalogue) addCountry(s *countrySource) {
	country := ding.Country{
		CountryISO: s.ISO, CountryName: s.Name,
		InternationalDialingInformation: []ding.InternationalDialingInfo{},
		RegionCodes:                     append([]string{s.ISO}, sortedKeys(s.Regions)...),
	}
	for _, prefix := range s.Prefixes {
		country.InternationalDialingInformation = append(country.InternationalDialingInformation,
			ding.InternationalDialingInfo{Prefix: prefix, MinimumLength: int32(s.Digits[0]), MaximumLength: int32(s.Digits[1])})
	}
	c.countries = append(c.countries, s)
	c.Countries = append(c.Countries, country)
	for _, code := range country.RegionCodes {
		region := ding.Region{RegionCode: code, RegionName: cmp.Or(s.Regions[code], s.Name), CountryISO: s.ISO}
		c.Regions = append(c.Regions, region)
	}
}

func (c *Catalogue) addProvider(s providerSource, kinds map[string]kindSource) {
	country := c.country(s.Country)
	n := newNetwork(s.Mark+s.Country, country, s)
	provider := ding.Provider{
		ProviderCode: n.code, CountryISO: s.Country, Name: s.Name, ShortName: s.Short,
		ValidationRegex:    cmp.Or(s.Regex, n.pattern()),
		CustomerCareNumber: s.Care,
		RegionCodes:        orDefault(s.Regions, s.Country),
		PaymentTypes:       orDefault(s.Payment, ding.PaymentTypePrepaid),
		LogoURL:            "https://logos.example/" + n.code + ".png",
	}
	c.networks = append(c.networks, n)
	c.providers[n.code] = provider
	c.Providers = append(c.Providers, provider)
	c.Statuses = append(c.Statuses,
		ding.ProviderStatus{ProviderCode: n.code, IsProcessingTransfers: s.Down == "", Message: s.Down})
	for _, product := range s.Products {
		c.addProduct(product, kinds[product.Kind], s, n)
	}
}

func (c *Catalogue) addProduct(s productSource, kind kindSource, provider providerSource, n *network) {
	offer := &Offer{
		network: n, catalogue: c, Down: provider.Down,
		perDollar: n.country.PerDollar, currency: n.country.Currency,
		whole: provider.Whole, tax: provider.Tax, fees: provider.Fees,
	}
	minimum, maximum := s.sendRange()
	sku := strings.Join([]string{provider.Country, provider.Mark, cmp.Or(s.SKU, "TopUp")}, "_")
	offer.Product = ding.Product{
		ProviderCode: n.code, SKUCode: sku, LocalizationKey: sku,
		SettingDefinitions: settingDefinitions(s.Settings),
		Minimum:            offer.PriceOf(minimum), Maximum: offer.PriceOf(maximum),
		CommissionRate:        provider.Commission,
		ProcessingMode:        processingMode(s.Batch),
		RedemptionMechanism:   cmp.Or(kind.Redemption, ding.RedemptionMechanismImmediate),
		Benefits:              orDefault(s.Benefits, kind.Benefits...),
		ValidityPeriodISO:     s.Validity,
		UATNumber:             n.uatNumber(),
		AdditionalInformation: kind.Note,
		DefaultDisplayText:    displayText(provider, kind.Texts["en"], s.Text),
		RegionCode:            provider.region(),
		PaymentTypes:          orDefault(provider.Payment, ding.PaymentTypePrepaid),
		LookupBillsRequired:   s.Bills,
	}
	c.offers[sku] = offer
	c.Products = append(c.Products, offer.Product)
	c.describeProduct(sku, s, kind, provider, n.country.Languages)
}

// describeProduct adds the texts of a product, in English and in those languages of the country in which its kind
// has a name. The gaps are on purpose: the real service has them too.
func (c *Catalogue) describeProduct(sku string, s productSource, kind kindSource, p providerSource, languages []string) {
	for _, language := range append([]string{"en"}, languages...) {
		if kind.Texts[language] == "" {
			continue
		}
		c.ProductDescriptions = append(c.ProductDescriptions, ding.LocalizedProductDescription{
			LocalizationKey: sku, LanguageCode: language,
			DisplayText:         displayText(p, kind.Texts[language], s.Text),
			DescriptionMarkdown: kind.About[language],
		})
	}
}

func (c *Catalogue) addPromotion(s promotionSource, today time.Time) {
	ends := openEnd
	if s.Ends != nil {
		ends = wire.NewTime(today.AddDate(0, 0, *s.Ends))
	}
	c.Promotions = append(c.Promotions, ding.Promotion{
		ProviderCode: s.Provider, LocalizationKey: s.Key,
		StartUTC: wire.NewTime(today.AddDate(0, 0, s.Starts)), EndUTC: ends,
		CurrencyISO: AccountCurrency, MinimumSendAmount: s.Minimum, ValidityPeriodISO: s.Validity,
	})
	for _, language := range sortedKeys(s.Texts) {
		text := s.Texts[language]
		c.PromotionDescriptions = append(c.PromotionDescriptions, ding.LocalizedPromotionDescription{
			LocalizationKey: s.Key, LanguageCode: language,
			Headline: text.Headline, TermsAndConditionsMarkdown: text.Terms, BonusValidity: text.Bonus, Dates: text.Dates,
			PromotionType: s.Type, SendAmounts: sendAmounts(s.Amounts),
		})
	}
}

func (c *Catalogue) country(iso string) *countrySource {
	i := slices.IndexFunc(c.countries, func(s *countrySource) bool { return s.ISO == iso })
	return c.countries[i] // source.check has made sure of it
}

func sendAmounts(amounts []amountSource) []ding.PromotionSendAmount {
	steps := make([]ding.PromotionSendAmount, 0, len(amounts))
	for _, amount := range amounts {
		step := ding.PromotionSendAmount{Minimum: amount.Min, Maximum: amount.Max}
		for _, b := range amount.Bonuses {
			step.Bonuses = append(step.Bonuses, ding.PromotionBonus{BonusType: b.Type, Quantity: b.Quantity, Validity: b.Days})
		}
		steps = append(steps, step)
	}
	return steps
}

func settingDefinitions(settings []settingSource) []ding.SettingDefinition {
	definitions := make([]ding.SettingDefinition, 0, len(settings))
	for _, s := range settings {
		definitions = append(definitions,
			ding.SettingDefinition{Name: s.Name, Description: s.Description, IsMandatory: s.Mandatory})
	}
	return definitions
}

func displayText(p providerSource, kind, text string) string {
	return strings.TrimSpace(cmp.Or(p.Short, p.Name) + " " + kind + " " + text)
}

func processingMode(batch bool) ding.ProcessingMode {
	if batch {
		return ding.ProcessingModeBatch
	}
	return ding.ProcessingModeInstant
}

func orDefault[T any](values []T, defaults ...T) []T {
	if len(values) == 0 {
		return defaults
	}
	return values
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
