package catalogue

import (
	"strings"

	"github.com/airtime-go/airtime/facade/ding"
)

// English is the language that every text exists in, as Ding promises.
const English = "en"

// ProductText returns what to tell a customer about the product, in the first of the languages that there is a text in,
// English last; without any, in the first of [WithLanguages]. A text that is blank counts as none. A language with a region, such as es-MX, falls back to the language alone before the next one is tried;
// upper and lower case make no difference. A text without a DisplayText has the product's own
// DefaultDisplayText instead; where there is no text at all, so has the result, and its LanguageCode is empty.
//
// DescriptionMarkdown and ReadMoreMarkdown are CommonMark: packages catalogue/html and catalogue/terminal render it.
func (d *Data) ProductText(product *ding.Product, languages ...string) ding.LocalizedProductDescription {
	texts := d.ProductTexts(product.LocalizationKey)
	if i := choose(len(texts), func(i int) string { return texts[i].LanguageCode }, func(i int) bool { return isBlankProduct(texts[i]) }, d.wanted(languages)); i >= 0 {
		text := *texts[i]
		if strings.TrimSpace(text.DisplayText) == "" {
			text.DisplayText = product.DefaultDisplayText
		}
		return text
	}
	return ding.LocalizedProductDescription{LocalizationKey: product.LocalizationKey, DisplayText: product.DefaultDisplayText}
}

// PromotionText returns what to tell a customer about the promotion, in the first of the languages that there is a text
// in, English last, as [Data.ProductText] does; false if there is no text at all. The terms are CommonMark.
func (d *Data) PromotionText(promotion *ding.Promotion, languages ...string) (ding.LocalizedPromotionDescription, bool) {
	texts := d.PromotionTexts(promotion.LocalizationKey)
	if i := choose(len(texts), func(i int) string { return texts[i].LanguageCode }, func(i int) bool { return isBlankPromotion(texts[i]) }, d.wanted(languages)); i >= 0 {
		return *texts[i], true
	}
	return ding.LocalizedPromotionDescription{}, false
}

// wanted returns the languages, or the catalogue's own if there are none.
func (d *Data) wanted(languages []string) []string {
	if len(languages) == 0 {
		return d.languages
	}
	return languages
}

// PreferredText is [Data.ProductText] for texts of one product that come from elsewhere, such as GetProductDescriptions; false if
// there is none in any of the languages, nor in English.
func PreferredText(texts []ding.LocalizedProductDescription, languages ...string) (ding.LocalizedProductDescription, bool) {
	if i := choose(len(texts), func(i int) string { return texts[i].LanguageCode }, func(i int) bool { return isBlankProduct(&texts[i]) }, languages); i >= 0 {
		return texts[i], true
	}
	return ding.LocalizedProductDescription{}, false
}

// choose returns which of n texts is in the first of the wanted languages that there is one in; -1 if there is none, not in
// English either.
func choose(n int, language func(int) string, blank func(int) bool, wanted []string) int {
	for _, tag := range append(wanted[:len(wanted):len(wanted)], English) {
		for tag = normal(tag); tag != ""; tag = parent(tag) {
			for i := range n {
				if normal(language(i)) == tag && !blank(i) {
					return i
				}
			}
		}
	}
	return -1
}

func isBlankProduct(text *ding.LocalizedProductDescription) bool {
	return strings.TrimSpace(text.DisplayText+text.DescriptionMarkdown+text.ReadMoreMarkdown) == ""
}

func isBlankPromotion(text *ding.LocalizedPromotionDescription) bool {
	return strings.TrimSpace(text.Headline+text.TermsAndConditionsMarkdown+text.Dates+text.BonusValidity) == "" && len(text.SendAmounts) == 0
}

// normal makes language tags comparable: es_mx, es-MX and ES-mx are the same.
func normal(tag string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimSpace(tag), "_", "-"))
}

// parent cuts the last part off a tag: zh-hant-tw, zh-hant, zh.
func parent(tag string) string { return tag[:max(0, strings.LastIndexByte(tag, '-'))] }
