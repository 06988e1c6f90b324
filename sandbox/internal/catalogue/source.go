// The form of catalogue.yaml and texts.yaml, and the checks that keep a typing mistake in them from becoming a strange
// answer.

package catalogue

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/money"
)

//go:embed catalogue.yaml
var goods []byte

//go:embed texts.yaml
var texts []byte

// source is both files, read as one document. Maps are read in the order of their sorted keys.
type source struct {
	Currencies map[string]string     `yaml:"currencies"`
	Countries  []countrySource       `yaml:"countries"`
	Kinds      map[string]kindSource `yaml:"kinds"`
	Providers  []providerSource      `yaml:"providers"`
	Promotions []promotionSource     `yaml:"promotions"`
	Errors     map[string]string     `yaml:"errors"`
}

type countrySource struct {
	ISO       string            `yaml:"iso"`
	Name      string            `yaml:"name"`
	Prefixes  []string          `yaml:"prefixes"`
	Digits    [2]int            `yaml:"digits"` // shortest and longest number, prefix included
	Currency  string            `yaml:"currency"`
	PerDollar money.Decimal     `yaml:"per_dollar"`
	Languages []string          `yaml:"languages"` // beside English
	Regions   map[string]string `yaml:"regions"`   // beside the one for the whole country
}

type kindSource struct {
	Benefits   []ding.Benefit           `yaml:"benefits"`
	Redemption ding.RedemptionMechanism `yaml:"redemption"` // Immediate if left out
	Note       string                   `yaml:"note"`       // AdditionalInformation
	Texts      map[string]string        `yaml:"texts"`      // name by language
	About      map[string]string        `yaml:"about"`      // CommonMark by language
}

type providerSource struct {
	Mark       string             `yaml:"mark"` // two letters; with the country they make the provider code
	Country    string             `yaml:"country"`
	Name       string             `yaml:"name"`
	Short      string             `yaml:"short"` // the name if left out
	Care       string             `yaml:"care"`
	Regions    []string           `yaml:"regions"` // the whole country if left out
	Numbers    []string           `yaml:"numbers"` // national prefixes, "prefix@region" where it says the region
	Account    accountKind        `yaml:"account"` // what is topped up, if no phone
	Regex      string             `yaml:"regex"`   // in place of the one made from numbers
	Payment    []ding.PaymentType `yaml:"payment"` // Prepaid if left out
	Commission money.Decimal      `yaml:"commission"`
	Whole      bool               `yaml:"whole"` // supplies whole receive values only
	Tax        taxSource          `yaml:"tax"`
	Fees       feeSource          `yaml:"fees"`
	Down       string             `yaml:"down"` // why it processes nothing
	Products   []productSource    `yaml:"products"`
}

// region is where the provider's products can be used. A product has one region: of a provider that serves several it is the whole
// country, which fits the numbers of each.
func (p providerSource) region() string {
	if len(p.Regions) == 1 {
		return p.Regions[0]
	}
	return p.Country
}

type taxSource struct {
	Rate        money.Decimal       `yaml:"rate"`
	Name        string              `yaml:"name"`
	Calculation ding.TaxCalculation `yaml:"calculation"`
}

type feeSource struct {
	Customer    money.Decimal `yaml:"customer"`
	Distributor money.Decimal `yaml:"distributor"`
}

type productSource struct {
	Kind     string          `yaml:"kind"`
	SKU      string          `yaml:"sku"`   // last part of the SKU, TopUp if left out
	Text     string          `yaml:"text"`  // what tells it from the provider's others
	Price    money.Decimal   `yaml:"price"` // fixed, or
	Min      money.Decimal   `yaml:"min"`   // ranged
	Max      money.Decimal   `yaml:"max"`
	Validity string          `yaml:"validity"`
	Benefits []ding.Benefit  `yaml:"benefits"` // those of the kind if left out
	Settings []settingSource `yaml:"settings"`
	Bills    bool            `yaml:"bills"` // LookupBills first
	Batch    bool            `yaml:"batch"`
}

type settingSource struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
	Mandatory   bool   `yaml:"mandatory"`
}

type promotionSource struct {
	Key      string                   `yaml:"key"`
	Provider string                   `yaml:"provider"`
	Starts   int                      `yaml:"starts"` // days from the start of the sandbox
	Ends     *int                     `yaml:"ends"`   // none: open-ended
	Minimum  money.Decimal            `yaml:"minimum"`
	Validity string                   `yaml:"validity"`
	Type     string                   `yaml:"type"`
	Amounts  []amountSource           `yaml:"amounts"`
	Texts    map[string]promotionText `yaml:"texts"`
}

type amountSource struct {
	Min     money.Decimal `yaml:"min"`
	Max     money.Decimal `yaml:"max"`
	Bonuses []bonusSource `yaml:"bonuses"`
}

type bonusSource struct {
	Type     ding.BonusType `yaml:"type"`
	Quantity money.Decimal  `yaml:"quantity"`
	Days     int32          `yaml:"days"`
}

type promotionText struct {
	Headline string `yaml:"headline"`
	Terms    string `yaml:"terms"`
	Bonus    string `yaml:"bonus"`
	Dates    string `yaml:"dates"`
}

// read decodes the document, refusing fields that nobody reads, and checks what the types can't say.
func read(document []byte) (source, error) {
	var s source
	decoder := yaml.NewDecoder(bytes.NewReader(document))
	decoder.KnownFields(true)
	if err := decoder.Decode(&s); err != nil {
		return source{}, fmt.Errorf("catalogue: %w", err)
	}
	return s, s.check()
}

// check reports everything that does not fit together, at once.
func (s source) check() error {
	countries := map[string]bool{}
	var problems []error
	for _, c := range s.Countries {
		countries[c.ISO] = true
		if s.Currencies[c.Currency] == "" || c.PerDollar.Sign() <= 0 {
			problems = append(problems, fmt.Errorf("catalogue: country %s has no usable currency", c.ISO))
		}
	}
	for _, p := range s.Providers {
		if !countries[p.Country] {
			problems = append(problems, fmt.Errorf("catalogue: provider %s trades in no known country", p.Name))
		}
		problems = append(problems, p.check(s.Kinds)...)
	}
	return errors.Join(problems...)
}

func (p providerSource) check(kinds map[string]kindSource) []error {
	var problems []error
	if (len(p.Numbers) > 0) == (p.Account != "") {
		problems = append(problems, fmt.Errorf("catalogue: provider %s needs either numbers or an account kind", p.Name))
	}
	for _, product := range p.Products {
		if kinds[product.Kind].Texts["en"] == "" {
			problems = append(problems, fmt.Errorf("catalogue: a product of %s has no kind with an English text", p.Name))
		}
		if minimum, maximum := product.sendRange(); minimum.Sign() <= 0 || minimum.Cmp(maximum) > 0 {
			problems = append(problems, fmt.Errorf("catalogue: a product of %s has no usable price", p.Name))
		}
	}
	return problems
}

// sendRange returns the least and the most that may be sent.
func (p productSource) sendRange() (minimum, maximum money.Decimal) {
	if !p.Price.IsZero() {
		return p.Price, p.Price
	}
	return p.Min, p.Max
}
