// A catalogue in the shape and size of the live one, made from a seed: what the benchmarks and the tests of large answers read.
// Names, numbers and texts are invented.

package catalogue

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
)

// shape is how large the catalogue is, and how much its texts repeat themselves. All else differs as much as it may: nearly every price,
// rate, code and pattern is another one, products come in no order, and the fields of one in twenty are shuffled.
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
	around := ""
	if g.IntN(10) == 0 {
		around = fmt.Sprintf("(?!%d%d)", 100+country, g.IntN(10))
	}
	g.item("GetProviders", `{"ProviderCode":%q,"CountryIso":%q,"Name":%q,"ShortName":null,"ValidationRegex":"^%s%d(?:%d|%d|%d)\\d{%d}$","CustomerCareNumber":"","RegionCodes":[%q],"PaymentTypes":[%s],"LogoUrl":"https://logos.example/%s.png"}`,
		code, iso(country), g.words(2)+" "+iso(country), around, 100+country, g.IntN(100), g.IntN(100), g.IntN(1000), 5+n%4, iso(country), g.paymentTypes(n), code)
}

func (g *generator) paymentTypes(n int) string {
	return []string{`"Prepaid"`, `"Prepaid"`, `"Prepaid","Postpaid"`, `"Postpaid"`}[n%4]
}

func (g *generator) product(n int) {
	provider := g.IntN(g.providers)
	country := provider % g.countries
	code := providerCode(provider, g.countries)
	sku, key := fmt.Sprintf("%s%05d%x", code, 10000+n, g.Uint32()), fmt.Sprintf("%s_%d_%x", code, n, g.Uint32())
	shuffled := g.IntN(20) == 0
	largest := g.price(country, shuffled)
	smallest := largest
	if g.IntN(3) == 0 {
		smallest = g.price(country, shuffled)
	}
	display := g.words(4)
	information, period, settings := "null", "null", ""
	if g.IntN(4) == 0 {
		information = fmt.Sprintf("%q", g.text(provider, 30))
		period = fmt.Sprintf(`"P%dD"`, 1+g.IntN(30))
	}
	if g.IntN(25) == 0 {
		settings = fmt.Sprintf(`{"Name":"Account","Description":%q,"IsMandatory":true}`, g.words(8))
	}
	benefits := []string{`"Mobile"`, `"Mobile","Minutes"`, `"Mobile","Data","Minutes"`, `"Data"`, `"Electricity","Utility"`}
	g.item("GetProducts", "%s", g.object(shuffled,
		`"ProviderCode":%q`, code, `"SkuCode":%q`, sku, `"LocalizationKey":%q`, key, `"SettingDefinitions":[%s]`, settings, `"Maximum":%s`, largest,
		`"Minimum":%s`, smallest, `"CommissionRate":%s`, g.amount(1, 4), `"ProcessingMode":%q`, "Instant", `"RedemptionMechanism":%q`, "Immediate",
		`"Benefits":[%s]`, benefits[g.IntN(len(benefits))], `"ValidityPeriodIso":%s`, period, `"UatNumber":"%d0000000"`, 1000+10*country+n%10,
		`"AdditionalInformation":%s`, information, `"DefaultDisplayText":%q`, display, `"RegionCode":%q`, iso(country),
		`"PaymentTypes":[%s]`, g.paymentTypes(provider), `"LookupBillsRequired":%t`, n%50 == 0, `"NobodyKnowsThis":%s`, `{"a":[1,2]}`))
	for _, language := range g.languages {
		if language != "en" && g.IntN(7) == 0 {
			continue
		}
		markdown, more := "null", "null"
		if g.IntN(2) == 0 {
			markdown = fmt.Sprintf("%q", g.text(provider, 20))
		}
		if g.IntN(5) == 0 {
			more = fmt.Sprintf("%q", "# More\n\n"+g.text(provider, 50))
		}
		g.item("GetProductDescriptions", `{"DisplayText":%q,"DescriptionMarkdown":%s,"ReadMoreMarkdown":%s,"LocalizationKey":%q,"LanguageCode":%q}`,
			g.words(4), markdown, more, key, language)
	}
}

func (g *generator) price(country int, shuffled bool) string {
	receive, fee := g.amount(20_000, 2+g.IntN(4)), "0.00"
	if g.IntN(10) == 0 {
		fee = g.amount(5, 2)
	}
	return g.object(shuffled, `"CustomerFee":%s`, fee, `"DistributorFee":%s`, "0.00", `"ReceiveValue":%s`, receive, `"ReceiveCurrencyIso":%q`, currency(country),
		`"ReceiveValueExcludingTax":%s`, receive, `"TaxRate":%s`, "0.00", `"TaxName":%s`, "null", `"TaxCalculation":%s`, "null",
		`"SendValue":%s`, g.amount(100, 2), `"SendCurrencyIso":%q`, "EUR")
}

// amount is below a bound, with so many places.
func (g *generator) amount(below, places int) string {
	text := fmt.Sprintf("%d.%05d", g.IntN(below), g.IntN(100_000))
	return text[:len(text)-5+places]
}

// object writes fields, each a format and what it is for.
func (g *generator) object(shuffled bool, fields ...any) string {
	var written []string
	for i := 0; i < len(fields); i += 2 {
		written = append(written, fmt.Sprintf(fields[i].(string), fields[i+1]))
	}
	if shuffled {
		g.Shuffle(len(written), func(i, j int) { written[i], written[j] = written[j], written[i] })
	}
	return "{" + strings.Join(written, ",") + "}"
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
	syllables := [...]string{"ba", "lo", "ti", "mé", "ra", "sun", "kel", "vo", "ni", "dar", "po", "she", "щё", "\"no\""}
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		if g.IntN(8) == 0 {
			fmt.Fprintf(&b, "%x", g.Uint32())
			continue
		}
		for range 2 + g.IntN(2) {
			b.WriteString(syllables[g.IntN(len(syllables))])
		}
	}
	return b.String()
}
