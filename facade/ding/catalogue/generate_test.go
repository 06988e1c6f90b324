// A catalogue in the shape and size of the live one, made from a seed: what the benchmarks and the tests of large answers read.
// Names, numbers and texts are invented.

package catalogue

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
)

// shape is how large the catalogue is, and how much its texts repeat themselves.
type shape struct {
	countries, providers, products int
	languages                      []string
	// repeating is how many of a hundred texts are the same as that of another product of the provider.
	repeating int
}

// live is what Ding publishes about its catalogue: 17,700 products of 4,100 providers in 226 countries.
func live(repeating int) shape {
	return shape{countries: 226, providers: 4100, products: 17_700, languages: []string{"en", "es", "fr"}, repeating: repeating}
}

// generated holds the answers' bodies by the name of the method.
type generated map[string][]byte

type generator struct {
	shape
	*rand.Rand
	bodies map[string]*bytes.Buffer
}

// generate makes the bodies. The same shape and seed give the same bytes.
func generate(of shape, seed uint64) generated {
	g := generator{of, rand.New(rand.NewPCG(seed, seed)), map[string]*bytes.Buffer{}}
	for country := range g.countries {
		g.country(country)
	}
	for provider := range g.providers {
		g.provider(provider)
	}
	for product := range g.products {
		g.product(product)
	}
	for promotion := range g.providers / 4 {
		g.promotion(promotion)
	}
	for _, code := range []string{"InsufficientBalance", "AccountNumberInvalid", "RateLimited", "ProviderError"} {
		g.item("GetErrorCodeDescriptions", `{"Code":%q,"Message":%q}`, code, "What "+code+" means, in a sentence.")
	}
	bodies := generated{}
	for method, body := range g.bodies {
		bodies[method] = append(body.Bytes(), "]}"...)
	}
	return bodies
}

// item appends an item to the answer of a method.
func (g *generator) item(method, format string, values ...any) {
	body := g.bodies[method]
	if body == nil {
		body = bytes.NewBufferString(`{"ResultCode":1,"ErrorCodes":[],"Items":[`)
		g.bodies[method] = body
	} else {
		body.WriteByte(',')
	}
	fmt.Fprintf(body, format, values...)
}

func iso(country int) string      { return string([]byte{'A' + byte(country/26), 'A' + byte(country%26)}) }
func currency(country int) string { return iso(country) + "D" }
func providerCode(provider, countries int) string {
	return fmt.Sprintf("%s%s", base36(provider+50), iso(provider%countries))
}

func base36(n int) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return string([]byte{digits[n/1296%36], digits[n/36%36], digits[n%36]})
}

func (g *generator) country(n int) {
	g.item("GetCountries", `{"CountryIso":%q,"CountryName":"Country %s","InternationalDialingInformation":[{"Prefix":"%d","MinimumLength":9,"MaximumLength":13}],"RegionCodes":[%q]}`,
		iso(n), iso(n), 100+n, iso(n))
	g.item("GetCurrencies", `{"CurrencyIso":%q,"CurrencyName":"Money of %s"}`, currency(n), iso(n))
	g.item("GetRegions", `{"RegionCode":%q,"RegionName":"All of %s","CountryIso":%q}`, iso(n), iso(n), iso(n))
}

func (g *generator) provider(n int) {
	code, country := providerCode(n, g.countries), n%g.countries
	g.item("GetProviders", `{"ProviderCode":%q,"CountryIso":%q,"Name":"%s %s","ShortName":null,"ValidationRegex":"^%d([0-9]{%d})$","CustomerCareNumber":"","RegionCodes":[%q],"PaymentTypes":[%s],"LogoUrl":"https://logos.example/%s.png"}`,
		code, iso(country), g.words(2), iso(country), 100+country, 6+n%4, iso(country), g.paymentTypes(n), code)
}

func (g *generator) paymentTypes(n int) string {
	return []string{`"Prepaid"`, `"Prepaid"`, `"Prepaid","Postpaid"`, `"Postpaid"`}[n%4]
}

func (g *generator) product(n int) {
	provider := n * g.providers / g.products
	country := provider % g.countries
	code := providerCode(provider, g.countries)
	sku := fmt.Sprintf("%s%s%05d", code, iso(country), 10000+n)
	smallest := g.price(country, 1+g.IntN(40), g.IntN(100))
	largest, lowest := smallest, smallest
	display := g.words(2)
	if n%3 == 0 {
		largest = g.price(country, 50+g.IntN(100), g.IntN(100))
	}
	information, period, settings := "null", "null", ""
	if n%4 == 0 {
		information = fmt.Sprintf("%q", g.text(provider, 30))
		period = fmt.Sprintf(`"P%dD"`, 1+n%30)
	}
	if n%50 == 0 {
		settings = `{"Name":"Rut","Description":"Number of the identity card","IsMandatory":true}`
	}
	g.item("GetProducts", `{"ProviderCode":%q,"SkuCode":%q,"LocalizationKey":%q,"SettingDefinitions":[%s],"Maximum":%s,"Minimum":%s,"CommissionRate":%s,"ProcessingMode":"Instant","RedemptionMechanism":"Immediate","Benefits":[%s],"ValidityPeriodIso":%s,"UatNumber":"%d%08d","AdditionalInformation":%s,"DefaultDisplayText":%q,"RegionCode":%q,"PaymentTypes":[%s],"LookupBillsRequired":false}`,
		code, sku, sku, settings, largest, lowest, []string{"0.1", "0.05", "0.0725", "0"}[provider%4], []string{`"Mobile","Minutes"`, `"Mobile","Data","Minutes"`, `"Data"`, `"Electricity","Utility"`}[n%4],
		period, 100+country, 0, information, display, iso(country), g.paymentTypes(provider))
	for _, language := range g.languages {
		if language != "en" && n%7 == 0 {
			continue
		}
		markdown, more := "null", "null"
		if n%2 == 0 {
			markdown = fmt.Sprintf("%q", g.text(provider, 20))
		}
		if n%5 == 0 {
			more = fmt.Sprintf("%q", "# More\n\n"+g.text(provider, 50))
		}
		g.item("GetProductDescriptions", `{"DisplayText":%q,"DescriptionMarkdown":%s,"ReadMoreMarkdown":%s,"LocalizationKey":%q,"LanguageCode":%q}`,
			display, markdown, more, sku, language)
	}
}

func (g *generator) price(country, whole, cents int) string {
	return fmt.Sprintf(`{"CustomerFee":0.00,"DistributorFee":0.00,"ReceiveValue":%d.%02d,"ReceiveCurrencyIso":%q,"ReceiveValueExcludingTax":%d.%02d,"TaxRate":0.00,"TaxName":null,"TaxCalculation":null,"SendValue":%d.%02d,"SendCurrencyIso":"EUR"}`,
		whole*37, cents, currency(country), whole*37, cents, whole, cents)
}

func (g *generator) promotion(n int) {
	provider := n * 4
	code, key := providerCode(provider, g.countries), fmt.Sprintf("promotion-%d", n)
	g.item("GetPromotions", `{"ProviderCode":%q,"StartUtc":"2026-05-08T15:23:28Z","EndUtc":"9999-12-31T23:59:59.9999999","CurrencyIso":%q,"ValidityPeriodIso":null,"MinimumSendAmount":5.00,"LocalizationKey":%q}`,
		code, currency(provider%g.countries), key)
	for _, language := range g.languages {
		g.item("GetPromotionDescriptions", `{"Dates":"8 May 2026; 9 May 2026","Headline":%q,"TermsAndConditionsMarkDown":%q,"BonusValidity":"30 days","PromotionType":"Bonus","LocalizationKey":%q,"LanguageCode":%q,"SendAmounts":[{"Minimum":5.00,"Maximum":50.00,"Bonuses":[{"BonusType":"x","Quantity":2,"Validity":30}]}]}`,
			g.words(4), g.text(provider, 60), key, language)
	}
}

// text is of that many words: one that others of the provider have as well, or one of its own.
func (g *generator) text(provider, words int) string {
	if g.IntN(100) < g.repeating {
		return (&generator{Rand: rand.New(rand.NewPCG(uint64(provider), uint64(words)))}).words(words)
	}
	return g.words(words)
}

func (g *generator) words(n int) string {
	syllables := [...]string{"ba", "lo", "ti", "mé", "ra", "sun", "kel", "vo", "ni", "dar", "po", "she"}
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		for range 2 + g.IntN(2) {
			b.WriteString(syllables[g.IntN(len(syllables))])
		}
	}
	return b.String()
}
