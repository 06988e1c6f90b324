// The ding commands that list reference data. They differ in their filters, their method and their columns, so each is
// one entry of a table.

package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/wire"
)

// listing is one command that prints a list of items.
type listing[I any] struct {
	use, short, long string
	// operation is the API's method.
	operation string
	args      cobra.PositionalArgs
	filters   []filter
	// fetch returns the items, and the warnings that came with them.
	fetch   func(context.Context, *ding.Client, filters) ([]I, []ding.ErrorCode, error)
	columns []column[I]
}

func (l listing[I]) command(a *app) *cobra.Command {
	var chosen filters
	command := &cobra.Command{Use: l.use, Short: l.short, Long: l.long, Args: l.args}
	if l.args == nil {
		command.Args = cobra.NoArgs
	}
	for _, filter := range l.filters {
		filter(&chosen, command.Flags())
	}
	command.RunE = a.reads(func(ctx context.Context, args []string) error {
		chosen.codes = args
		client, err := a.dingClient()
		if err != nil {
			return err
		}
		items, warnings, err := l.fetch(ctx, client, chosen)
		if err != nil {
			return err
		}
		a.warn(l.operation, warnings)
		return printList(a, items, l.columns)
	})
	return command
}

// newListings returns all of them.
func newListings(a *app) []*cobra.Command {
	return []*cobra.Command{
		countries.command(a), currencies.command(a), regions.command(a), providers.command(a), providerStatus.command(a),
		newProducts(a), productDescriptions.command(a), promotions.command(a), promotionDescriptions.command(a),
		errorDescriptions.command(a),
	}
}

var countries = listing[ding.Country]{
	use: "countries", short: "List countries and their dialling prefixes", operation: "GetCountries",
	fetch: func(ctx context.Context, client *ding.Client, _ filters) ([]ding.Country, []ding.ErrorCode, error) {
		answer, err := client.GetCountries(ctx)
		if err != nil {
			return nil, nil, err
		}
		return answer.Items, answer.ErrorCodes, nil
	},
	columns: []column[ding.Country]{
		{"COUNTRY", func(c ding.Country) string { return c.CountryISO }},
		{"NAME", func(c ding.Country) string { return c.CountryName }},
		{"PREFIXES", func(c ding.Country) string {
			var prefixes []string
			for _, info := range c.InternationalDialingInformation {
				prefixes = append(prefixes, "+"+info.Prefix)
			}
			return strings.Join(prefixes, " ")
		}},
		{"REGIONS", func(c ding.Country) string { return strings.Join(c.RegionCodes, " ") }},
	},
}

var currencies = listing[ding.Currency]{
	use: "currencies", short: "List currencies", operation: "GetCurrencies",
	fetch: func(ctx context.Context, client *ding.Client, _ filters) ([]ding.Currency, []ding.ErrorCode, error) {
		answer, err := client.GetCurrencies(ctx)
		if err != nil {
			return nil, nil, err
		}
		return answer.Items, answer.ErrorCodes, nil
	},
	columns: []column[ding.Currency]{
		{"CURRENCY", func(c ding.Currency) string { return c.CurrencyISO }},
		{"NAME", func(c ding.Currency) string { return c.CurrencyName }},
	},
}

var regions = listing[ding.Region]{
	use: "regions", short: "List regions of countries", operation: "GetRegions",
	filters: []filter{byCountry},
	fetch: func(ctx context.Context, client *ding.Client, f filters) ([]ding.Region, []ding.ErrorCode, error) {
		answer, err := client.GetRegions(ctx, ding.GetRegionsParams{CountryISOs: f.countries})
		if err != nil {
			return nil, nil, err
		}
		return answer.Items, answer.ErrorCodes, nil
	},
	columns: []column[ding.Region]{
		{"REGION", func(r ding.Region) string { return r.RegionCode }},
		{"NAME", func(r ding.Region) string { return r.RegionName }},
		{"COUNTRY", func(r ding.Region) string { return r.CountryISO }},
	},
}

var providers = listing[ding.Provider]{
	use: "providers", short: "List providers", operation: "GetProviders",
	filters: []filter{byProvider, byCountry, byRegion, byAccount},
	fetch: func(ctx context.Context, client *ding.Client, f filters) ([]ding.Provider, []ding.ErrorCode, error) {
		answer, err := client.GetProviders(ctx, ding.GetProvidersParams{
			ProviderCodes: f.providers, CountryISOs: f.countries, RegionCodes: f.regions, AccountNumber: f.account,
		})
		if err != nil {
			return nil, nil, err
		}
		return answer.Items, answer.ErrorCodes, nil
	},
	columns: []column[ding.Provider]{
		{"PROVIDER", func(p ding.Provider) string { return p.ProviderCode }},
		{"COUNTRY", func(p ding.Provider) string { return p.CountryISO }},
		{"NAME", func(p ding.Provider) string { return p.Name }},
		{"CUSTOMER CARE", func(p ding.Provider) string { return p.CustomerCareNumber }},
		{"NUMBERS", func(p ding.Provider) string { return p.ValidationRegex }},
	},
}

var providerStatus = listing[ding.ProviderStatus]{
	use: "status", short: "List which providers process transfers now", operation: "GetProviderStatus",
	filters: []filter{byProvider},
	fetch: func(ctx context.Context, client *ding.Client, f filters) ([]ding.ProviderStatus, []ding.ErrorCode, error) {
		answer, err := client.GetProviderStatus(ctx, ding.GetProviderStatusParams{ProviderCodes: f.providers})
		if err != nil {
			return nil, nil, err
		}
		return answer.Items, answer.ErrorCodes, nil
	},
	columns: []column[ding.ProviderStatus]{
		{"PROVIDER", func(s ding.ProviderStatus) string { return s.ProviderCode }},
		{"PROCESSING", func(s ding.ProviderStatus) string { return yesNo(s.IsProcessingTransfers) }},
		{"MESSAGE", func(s ding.ProviderStatus) string { return s.Message }},
	},
}

var productDescriptions = listing[ding.LocalizedProductDescription]{
	use: "descriptions", short: "List texts of products", operation: "GetProductDescriptions",
	filters: []filter{byLanguage, bySKU},
	fetch: func(ctx context.Context, client *ding.Client, f filters) ([]ding.LocalizedProductDescription, []ding.ErrorCode, error) {
		answer, err := client.GetProductDescriptions(ctx, ding.GetProductDescriptionsParams{LanguageCodes: f.languages, SKUCodes: f.skus})
		if err != nil {
			return nil, nil, err
		}
		return answer.Items, answer.ErrorCodes, nil
	},
	columns: []column[ding.LocalizedProductDescription]{
		{"KEY", func(d ding.LocalizedProductDescription) string { return d.LocalizationKey }},
		{"LANGUAGE", func(d ding.LocalizedProductDescription) string { return d.LanguageCode }},
		{"TEXT", func(d ding.LocalizedProductDescription) string { return d.DisplayText }},
		{"DESCRIPTION", func(d ding.LocalizedProductDescription) string { return d.DescriptionMarkdown }},
	},
}

var promotions = listing[ding.Promotion]{
	use: "promotions", short: "List promotions", operation: "GetPromotions",
	filters: []filter{byCountry, byProvider, byAccount},
	fetch: func(ctx context.Context, client *ding.Client, f filters) ([]ding.Promotion, []ding.ErrorCode, error) {
		answer, err := client.GetPromotions(ctx, ding.GetPromotionsParams{
			CountryISOs: f.countries, ProviderCodes: f.providers, AccountNumber: f.account,
		})
		if err != nil {
			return nil, nil, err
		}
		return answer.Items, answer.ErrorCodes, nil
	},
	columns: []column[ding.Promotion]{
		{"KEY", func(p ding.Promotion) string { return p.LocalizationKey }},
		{"PROVIDER", func(p ding.Promotion) string { return p.ProviderCode }},
		{"FROM", func(p ding.Promotion) string { return p.StartUTC.String() }},
		{"UNTIL", func(p ding.Promotion) string { return until(p.EndUTC) }},
		{"MINIMUM", func(p ding.Promotion) string { return p.MinimumSendAmount.String() + " " + p.CurrencyISO }},
	},
}

var promotionDescriptions = listing[ding.LocalizedPromotionDescription]{
	use: "promotion-descriptions", short: "List texts of promotions", operation: "GetPromotionDescriptions",
	filters: []filter{byLanguage},
	fetch: func(ctx context.Context, client *ding.Client, f filters) ([]ding.LocalizedPromotionDescription, []ding.ErrorCode, error) {
		answer, err := client.GetPromotionDescriptions(ctx, ding.GetPromotionDescriptionsParams{LanguageCodes: f.languages})
		if err != nil {
			return nil, nil, err
		}
		return answer.Items, answer.ErrorCodes, nil
	},
	columns: []column[ding.LocalizedPromotionDescription]{
		{"KEY", func(d ding.LocalizedPromotionDescription) string { return d.LocalizationKey }},
		{"LANGUAGE", func(d ding.LocalizedPromotionDescription) string { return d.LanguageCode }},
		{"HEADLINE", func(d ding.LocalizedPromotionDescription) string { return d.Headline }},
		{"DATES", func(d ding.LocalizedPromotionDescription) string { return d.Dates }},
	},
}

var errorDescriptions = listing[ding.ErrorDescription]{
	use: "errors [CODE]...", short: "List texts of error codes", operation: "GetErrorCodeDescriptions",
	long: "List the texts of all error codes and contexts, or of those that are named.",
	args: cobra.ArbitraryArgs,
	fetch: func(ctx context.Context, client *ding.Client, f filters) ([]ding.ErrorDescription, []ding.ErrorCode, error) {
		answer, err := client.GetErrorCodeDescriptions(ctx)
		if err != nil {
			return nil, nil, err
		}
		// The API has no such filter.
		unwanted := func(d ding.ErrorDescription) bool { return len(f.codes) > 0 && !slices.Contains(f.codes, d.Code) }
		return slices.DeleteFunc(answer.Items, unwanted), answer.ErrorCodes, nil
	},
	columns: []column[ding.ErrorDescription]{
		{"CODE", func(d ding.ErrorDescription) string { return d.Code }},
		{"TEXT", func(d ding.ErrorDescription) string { return d.Message }},
	},
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// until writes the end of a promotion, which may have none.
func until(end wire.Time) string {
	if end.OpenEnded() {
		return "no end"
	}
	return end.String()
}
