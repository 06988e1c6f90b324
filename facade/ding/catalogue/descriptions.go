package catalogue

import (
	"github.com/airtime-go/airtime/facade/ding"
)

// textTable holds the texts of products in all languages that were asked for.
type textTable struct {
	texts arena
	rows  []textRow
	byKey index
}

// textRow is a text: the places of its parts.
type textRow struct{ key, language, display, description, more place }

var textNames = []string{"LocalizationKey", "LanguageCode", "DisplayText", "DescriptionMarkdown", "ReadMoreMarkdown"}

// textReader reads the answer of GetProductDescriptions.
type textReader struct {
	*reader
	rows []textRow
}

func readProductTexts(body []byte) (*textTable, envelope, error) {
	r := &textReader{reader: newReader(body, textNames)}
	e, err := r.answer(r.item)
	if err != nil {
		return nil, e, err
	}
	return r.table(), e, nil
}

func (r *textReader) item() error {
	var row textRow
	err := r.object(func(name string) error {
		switch name {
		case "LocalizationKey":
			return r.text(&row.key)
		case "LanguageCode":
			return r.text(&row.language)
		case "DisplayText":
			return r.text(&row.display)
		case "DescriptionMarkdown":
			return r.text(&row.description)
		case "ReadMoreMarkdown":
			return r.text(&row.more)
		}
		return r.skip()
	})
	r.rows = grown(r.rows, row, r.reader)
	return err
}

func (r *textReader) table() *textTable {
	t := &textTable{texts: r.arena(), rows: exact(r.rows)}
	t.byKey = newIndex(len(t.rows), t.key)
	return t
}

func (t *textTable) key(row uint32) string { return t.texts.at(t.rows[row].key) }

func (t *textTable) at(number uint32) *ding.LocalizedProductDescription {
	row := t.rows[number]
	return &ding.LocalizedProductDescription{
		DescriptionMarkdown: t.texts.at(row.description),
		DisplayText:         t.texts.at(row.display),
		LanguageCode:        t.texts.at(row.language),
		LocalizationKey:     t.texts.at(row.key),
		ReadMoreMarkdown:    t.texts.at(row.more),
	}
}

// find returns the texts under a key, in the order of the API.
func (t *textTable) find(key string) []*ding.LocalizedProductDescription {
	rows := t.byKey.all(key, t.key)
	if len(rows) == 0 {
		return nil
	}
	found := make([]*ding.LocalizedProductDescription, len(rows))
	for i, row := range rows {
		found[i] = t.at(row)
	}
	return found
}

// promotionTextRow is what is read of a promotion's text. The texts are long, since they hold the terms, but there are few: they
// are kept in the API's own form.
type promotionTextRow struct {
	validity, dates, headline, language, key, kind, terms place
	amounts                                               uint32
}

var promotionTextNames = []string{
	"BonusValidity", "Dates", "Headline", "LanguageCode", "LocalizationKey", "PromotionType", "SendAmounts", "TermsAndConditionsMarkDown",
}

func readPromotionTexts(body []byte) ([]ding.LocalizedPromotionDescription, envelope, error) {
	r := newReader(body, promotionTextNames)
	amounts := newShared[[]ding.PromotionSendAmount]()
	var rows []promotionTextRow
	e, err := r.answer(func() error {
		var row promotionTextRow
		err := r.object(func(name string) error {
			switch name {
			case "BonusValidity":
				return r.text(&row.validity)
			case "Dates":
				return r.text(&row.dates)
			case "Headline":
				return r.text(&row.headline)
			case "LanguageCode":
				return r.text(&row.language)
			case "LocalizationKey":
				return r.text(&row.key)
			case "PromotionType":
				return r.text(&row.kind)
			case "TermsAndConditionsMarkDown":
				return r.text(&row.terms)
			case "SendAmounts":
				return amounts.read(r, &row.amounts)
			}
			return r.skip()
		})
		rows = append(rows, row)
		return err
	})
	if err != nil {
		return nil, e, err
	}
	texts := r.arena()
	read := make([]ding.LocalizedPromotionDescription, len(rows))
	for i, row := range rows {
		read[i] = ding.LocalizedPromotionDescription{
			BonusValidity:              texts.at(row.validity),
			Dates:                      texts.at(row.dates),
			Headline:                   texts.at(row.headline),
			LanguageCode:               texts.at(row.language),
			LocalizationKey:            texts.at(row.key),
			PromotionType:              texts.at(row.kind),
			SendAmounts:                amounts.values[row.amounts],
			TermsAndConditionsMarkdown: texts.at(row.terms),
		}
	}
	return read, e, nil
}

// providerRow is what is read of a provider.
type providerRow struct {
	country, care, logo, name, code, short, pattern place
	payments, regions                               uint32
}

var providerNames = []string{
	"CountryIso", "CustomerCareNumber", "LogoUrl", "Name", "PaymentTypes", "ProviderCode", "RegionCodes", "ShortName", "ValidationRegex",
}

func readProviders(body []byte) ([]ding.Provider, envelope, error) {
	r := newReader(body, providerNames)
	payments, regions := newShared[[]ding.PaymentType](), newShared[[]string]()
	var rows []providerRow
	e, err := r.answer(func() error {
		var row providerRow
		err := r.object(func(name string) error {
			switch name {
			case "CountryIso":
				return r.text(&row.country)
			case "CustomerCareNumber":
				return r.text(&row.care)
			case "LogoUrl":
				return r.text(&row.logo)
			case "Name":
				return r.text(&row.name)
			case "ProviderCode":
				return r.text(&row.code)
			case "ShortName":
				return r.text(&row.short)
			case "ValidationRegex":
				return r.text(&row.pattern)
			case "PaymentTypes":
				return payments.read(r, &row.payments)
			case "RegionCodes":
				return regions.read(r, &row.regions)
			}
			return r.skip()
		})
		rows = append(rows, row)
		return err
	})
	if err != nil {
		return nil, e, err
	}
	texts := r.arena()
	read := make([]ding.Provider, len(rows))
	for i, row := range rows {
		read[i] = ding.Provider{
			CountryISO:         texts.at(row.country),
			CustomerCareNumber: texts.at(row.care),
			LogoURL:            texts.at(row.logo),
			Name:               texts.at(row.name),
			PaymentTypes:       payments.values[row.payments],
			ProviderCode:       texts.at(row.code),
			RegionCodes:        regions.values[row.regions],
			ShortName:          texts.at(row.short),
			ValidationRegex:    texts.at(row.pattern),
		}
	}
	return read, e, nil
}
