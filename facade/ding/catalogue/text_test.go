package catalogue

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/ding"
)

func TestATextIsInTheFirstOfTheWantedLanguagesThatExists(t *testing.T) {
	text := func(key, language string) ding.LocalizedProductDescription {
		return ding.LocalizedProductDescription{LocalizationKey: key, LanguageCode: language, DisplayText: key + " in " + language}
	}
	data := newData(parts{productTexts: []ding.LocalizedProductDescription{
		text("K", "en"), text("K", "es"), text("K", "pt-BR"), text("other", "fr"), text("gap", "de"),
	}})
	for name, tc := range map[string]struct {
		key    string
		wanted []string
		shown  string
	}{
		"the first":                              {"K", []string{"es", "en"}, "K in es"},
		"the second, if there is no first":       {"K", []string{"fr", "es"}, "K in es"},
		"English last":                           {"K", []string{"fr", "de"}, "K in en"},
		"English, if nothing is wanted":          {"K", nil, "K in en"},
		"English first, if wanted first":         {"K", []string{"en", "es"}, "K in en"},
		"the language of a region":               {"K", []string{"es-MX"}, "K in es"},
		"a region before another wish":           {"K", []string{"es-MX", "pt-BR"}, "K in es"},
		"a region itself":                        {"K", []string{"pt-BR"}, "K in pt-BR"},
		"not another region":                     {"K", []string{"pt"}, "K in en"},
		"whatever the case":                      {"K", []string{"PT-br"}, "K in pt-BR"},
		"with an underscore":                     {"K", []string{"pt_BR"}, "K in pt-BR"},
		"a blank wish":                           {"K", []string{"", " es "}, "K in es"},
		"the product's own, if there is nothing": {"none", []string{"es"}, "default"},
		"nor English":                            {"gap", []string{"es"}, "default"},
		"a gap that is wanted":                   {"gap", []string{"de"}, "gap in de"},
	} {
		t.Run(name, func(t *testing.T) {
			product := &ding.Product{LocalizationKey: tc.key, DefaultDisplayText: "default"}
			wanted := append([]string(nil), tc.wanted...)
			assert.Equal(t, tc.shown, data.ProductText(product, wanted...).DisplayText)
			assert.Equal(t, tc.wanted, append([]string(nil), wanted...), "the caller's list is left alone")
		})
	}
}

func TestWithoutWishesATextIsInTheCataloguesOwnLanguages(t *testing.T) {
	virtually(t, func(t *testing.T) {
		s := count(t)
		for first, opts := range map[string][]Option{"es": {WithLanguages("es-MX", "en")}, "en": {WithLanguages("en", "es")}} {
			data, err := s.catalogue(opts...).Data(t.Context())
			require.NoError(t, err)
			languages := map[string]int{}
			for product := range data.Products(Filter{}) {
				assert.Equal(t, data.ProductText(product, first), data.ProductText(product))
				languages[data.ProductText(product).LanguageCode]++
			}
			assert.NotZero(t, languages[first])
		}
	})
}

func TestATextWithoutADisplayTextHasTheProductsOwn(t *testing.T) {
	data := newData(parts{productTexts: []ding.LocalizedProductDescription{{LocalizationKey: "K", LanguageCode: "es", DisplayText: " ", DescriptionMarkdown: "Largo"}}})
	text := data.ProductText(&ding.Product{LocalizationKey: "K", DefaultDisplayText: "default"}, "es")
	assert.Equal(t, ding.LocalizedProductDescription{LocalizationKey: "K", LanguageCode: "es", DisplayText: "default", DescriptionMarkdown: "Largo"}, text)
}

func TestAPromotionsTextIsChosenAlike(t *testing.T) {
	data := newData(parts{promotionTexts: []ding.LocalizedPromotionDescription{
		{LocalizationKey: "P", LanguageCode: "en", Headline: "Double"}, {LocalizationKey: "P", LanguageCode: "es", Headline: "Doble"},
	}})
	text, found := data.PromotionText(&ding.Promotion{LocalizationKey: "P"}, "es-AR")
	assert.True(t, found)
	assert.Equal(t, "Doble", text.Headline)
	_, found = data.PromotionText(&ding.Promotion{LocalizationKey: "none"}, "es")
	assert.False(t, found)
}

func TestATextFromElsewhereIsChosenAlike(t *testing.T) {
	texts := []ding.LocalizedProductDescription{{LanguageCode: "en", DisplayText: "Top-up"}, {LanguageCode: "es", DisplayText: "Recarga"}}
	for wanted, shown := range map[string]string{"es-MX": "Recarga", "fr": "Top-up", "": "Top-up"} {
		text, found := PreferredText(texts, wanted)
		assert.True(t, found)
		assert.Equal(t, shown, text.DisplayText)
	}
	_, found := PreferredText(texts[1:], "fr")
	assert.False(t, found)
}
