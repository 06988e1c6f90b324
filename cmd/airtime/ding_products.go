// The command that lists products, with their texts in a language if that is wanted.

package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/facade/ding/catalogue"
)

const productsLong = `List products and their prices. Without a filter that is the whole catalogue, some 15 to 20 MB.

With --lang the display texts are in the first of the languages that there is a text in; English comes last by itself. --describe
shows the long texts, which are CommonMark, to people. With either, --json prints the text's own fields beside the product's.

With --snapshot the whole catalogue is kept in a file, and the list is made from it while it is fresh. The file has the texts of
--lang and in English; one with other languages is replaced. Without --lang it can be the one of match and quote.`

func newProducts(a *app) *cobra.Command {
	var (
		chosen   filters
		langs    []string
		describe bool
		kept     snapshot
	)
	command := &cobra.Command{Use: "products", Short: "List products and their prices", Long: productsLong, Args: cobra.NoArgs}
	for _, filter := range []filter{byCountry, byProvider, bySKU, byBenefit, byRegion, byAccount} {
		filter(&chosen, command.Flags())
	}
	command.Flags().StringSliceVar(&langs, "lang", nil, "`code` of a language for the texts, such as es, the best first"+repeatable)
	command.Flags().BoolVar(&describe, "describe", false, "show the long texts")
	kept.define(command.Flags())
	command.RunE = a.reads(func(ctx context.Context, _ []string) error {
		if kept != "" && chosen.account != "" {
			return usagef("--account does not go with --snapshot; airtime ding match ACCOUNT --products does both")
		}
		client, err := a.dingClient()
		if err != nil {
			return err
		}
		if len(langs) == 0 && !describe {
			items, err := a.listProducts(ctx, client, chosen, kept)
			if err != nil {
				return err
			}
			return printList(a, items, productColumns)
		}
		items, err := a.listTexted(ctx, client, chosen, langs, kept)
		if err != nil {
			return err
		}
		if describe && !a.json && len(items) > 0 {
			return a.printDescribed(items)
		}
		return printList(a, items, textedColumns())
	})
	return command
}

// listProducts takes the products from the snapshot, if there is to be one, or else asks for them.
func (a *app) listProducts(ctx context.Context, client *ding.Client, f filters, kept snapshot) ([]ding.Product, error) {
	if kept == "" {
		return a.fetchProducts(ctx, client, f)
	}
	_, data, err := a.openCatalogue(ctx, client, kept)
	if err != nil {
		return nil, err
	}
	return keptProducts(data, f), nil
}

// listTexted does the same with their texts.
func (a *app) listTexted(ctx context.Context, client *ding.Client, f filters, langs []string, kept snapshot) ([]texted, error) {
	if kept == "" {
		return a.fetchTexted(ctx, client, f, langs)
	}
	_, data, err := a.openCatalogue(ctx, client, kept, catalogue.WithLanguages(langs...))
	if err != nil {
		return nil, err
	}
	var items []texted
	for _, product := range keptProducts(data, f) {
		text := data.ProductText(&product, langs...)
		items = append(items, texted{product, text.DisplayText, text.DescriptionMarkdown, text.ReadMoreMarkdown, text.LanguageCode})
	}
	return items, nil
}

func keptProducts(data *catalogue.Data, f filters) []ding.Product {
	var items []ding.Product
	for product := range data.Products(catalogue.Filter{
		SKUCodes: f.skus, ProviderCodes: f.providers, CountryISOs: f.countries, RegionCodes: f.regions, Benefits: f.wantedBenefits(),
	}) {
		items = append(items, *product)
	}
	return items
}

func (a *app) fetchProducts(ctx context.Context, client *ding.Client, f filters) ([]ding.Product, error) {
	params := ding.GetProductsParams{
		CountryISOs: f.countries, ProviderCodes: f.providers, SKUCodes: f.skus, RegionCodes: f.regions, AccountNumber: f.account,
		Benefits: f.wantedBenefits(),
	}
	answer, err := client.GetProducts(ctx, params)
	if err != nil {
		return nil, err
	}
	a.warn("GetProducts", answer.ErrorCodes)
	return answer.Items, nil
}

// texted is a product with its text, by the API's names for both.
type texted struct {
	ding.Product
	DisplayText         string
	DescriptionMarkdown string
	ReadMoreMarkdown    string
	// LanguageCode is empty if there is no text, and DisplayText is the product's own.
	LanguageCode string
}

func (a *app) fetchTexted(ctx context.Context, client *ding.Client, f filters, langs []string) ([]texted, error) {
	defer a.clearStatus()
	a.showStatus("loading products and texts: 0 of 2")
	products, err := a.fetchProducts(ctx, client, f)
	if err != nil || len(products) == 0 {
		return nil, err
	}
	a.showStatus("loading products and texts: 1 of 2 (products: %d)", len(products))
	texts, err := a.fetchTexts(ctx, client, products, langs)
	if err != nil {
		return nil, err
	}
	a.showStatus("loading products and texts: 2 of 2 (texts: %d)", len(texts))
	byKey := make(map[string][]ding.LocalizedProductDescription, len(products))
	for _, text := range texts {
		byKey[text.LocalizationKey] = append(byKey[text.LocalizationKey], text)
	}
	items := make([]texted, len(products))
	for i, product := range products {
		items[i] = texted{Product: product, DisplayText: product.DefaultDisplayText}
		if text, found := catalogue.PreferredText(byKey[product.LocalizationKey], langs...); found {
			items[i].LanguageCode = text.LanguageCode
			if strings.TrimSpace(text.DisplayText) != "" {
				items[i].DisplayText = text.DisplayText
			}
			items[i].DescriptionMarkdown, items[i].ReadMoreMarkdown = text.DescriptionMarkdown, text.ReadMoreMarkdown
		}
	}
	return items, nil
}

const (
	// namedSKUs is how many SKU codes one request for texts names: more would make its address too long.
	namedSKUs = 100
	// mostNamed is how many SKU codes are named in all, of 50 requests in ten minutes; above it all texts are asked for.
	mostNamed = 500
)

func (a *app) fetchTexts(ctx context.Context, client *ding.Client, products []ding.Product, langs []string) ([]ding.LocalizedProductDescription, error) {
	batches := [][]string{nil}
	if len(products) <= mostNamed {
		var skus []string
		for _, product := range products {
			skus = append(skus, product.SKUCode)
		}
		batches = slices.Collect(slices.Chunk(skus, namedSKUs))
	}
	var texts []ding.LocalizedProductDescription
	for _, skus := range batches {
		answer, err := client.GetProductDescriptions(ctx, ding.GetProductDescriptionsParams{LanguageCodes: asked(langs), SKUCodes: skus})
		if err != nil {
			return nil, err
		}
		a.warn("GetProductDescriptions", answer.ErrorCodes)
		texts = append(texts, answer.Items...)
	}
	return texts, nil
}

// asked returns the languages that may have a text that is wanted: each, es too for es-MX, and English.
func asked(langs []string) []string {
	codes := []string{catalogue.English}
	for _, lang := range langs {
		lang = strings.TrimSpace(lang)
		alone, _, _ := strings.Cut(strings.ReplaceAll(lang, "_", "-"), "-")
		for _, code := range []string{lang, alone} {
			if code != "" && !slices.ContainsFunc(codes, func(have string) bool { return strings.EqualFold(have, code) }) {
				codes = append(codes, code)
			}
		}
	}
	return codes
}

var productColumns = []column[ding.Product]{
	{"SKU", func(p ding.Product) string { return p.SKUCode }},
	{"PROVIDER", func(p ding.Product) string { return p.ProviderCode }},
	{"PRODUCT", func(p ding.Product) string { return p.DefaultDisplayText }},
	{"SEND", func(p ding.Product) string {
		return valueRange(p.Minimum.SendValue, p.Maximum.SendValue, p.Minimum.SendCurrencyISO)
	}},
	{"RECEIVE", func(p ding.Product) string {
		return valueRange(p.Minimum.ReceiveValue, p.Maximum.ReceiveValue, p.Minimum.ReceiveCurrencyISO)
	}},
	{"VALIDITY", func(p ding.Product) string { return p.ValidityPeriodISO }},
	{"ASKS FOR", asksFor},
}

// textedColumns are the same, with the text that was chosen.
func textedColumns() []column[texted] {
	columns := make([]column[texted], len(productColumns))
	for i, own := range productColumns {
		columns[i] = column[texted]{own.title, func(t texted) string { return own.value(t.Product) }}
		if own.title == "PRODUCT" {
			columns[i].value = func(t texted) string { return t.DisplayText }
		}
	}
	return columns
}

// asksFor tells what a transfer of the product needs besides an account number and a value.
func asksFor(p ding.Product) string {
	var needs []string
	for _, setting := range p.SettingDefinitions {
		if setting.IsMandatory {
			needs = append(needs, "--setting "+setting.Name)
		}
	}
	if p.LookupBillsRequired {
		needs = append(needs, "--bill-ref")
	}
	return strings.Join(needs, ", ")
}

// printDescribed prints each product with its long text.
func (a *app) printDescribed(items []texted) error {
	columns := textedColumns()
	for i, item := range items {
		if i > 0 {
			if err := a.print([]byte("\n")); err != nil {
				return err
			}
		}
		fields := make([]field, len(columns))
		for i, column := range columns {
			fields[i] = field{column.title, column.value(item)}
		}
		if err := a.printFields(fields...); err != nil {
			return err
		}
		for _, markdown := range []string{item.DescriptionMarkdown, item.ReadMoreMarkdown} {
			if err := a.printMarkdown(markdown); err != nil {
				return err
			}
		}
	}
	return nil
}

// printMarkdown prints a text, if there is one, after an empty line.
func (a *app) printMarkdown(markdown string) error {
	if strings.TrimSpace(markdown) == "" {
		return nil
	}
	text, err := a.rendered(markdown)
	if err != nil {
		return err
	}
	return a.print([]byte("\n" + text))
}
