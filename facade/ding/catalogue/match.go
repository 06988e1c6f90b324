package catalogue

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
)

// By says what a candidate is known by.
type By string

const (
	// ByLookup: GetAccountLookup named the provider.
	ByLookup By = "lookup"
	// ByPattern: the look-up did not know, and the number fits the provider's ValidationRegex. That joins the forms of all the
	// provider's products, and operators' ranges overlap, so the number may belong to another.
	ByPattern By = "pattern"
	// ByUAT: the number is the UatNumber of products of the provider: a test, which costs and delivers nothing.
	ByUAT By = "uat"
	// ByUnchecked: the provider serves the number's country, and its pattern cannot be used ([ErrPattern]).
	ByUnchecked By = "unchecked"
	// ByEverywhere: the provider sells everywhere (country XG) and takes this number.
	ByEverywhere By = "everywhere"
)

// Match is what is known about an account number.
type Match struct {
	// AccountNumber is the number as a transfer wants it: a phone number in international form, digits only.
	AccountNumber string
	// CountryISO is the number's country, where the look-up knows it, or else where all providers whose patterns fit are in one.
	CountryISO string
	// Candidates are the providers that may serve the number, best first; none if there is none.
	Candidates []Candidate
	// LookupErr is why GetAccountLookup was of no use; nil if it answered, or was not needed. It is among the Warnings.
	LookupErr error
	// Warnings are what went wrong without spoiling the result: a look-up or a provider status that could not be had, a provider
	// that the catalogue does not know yet, a pattern that cannot be used ([ErrPattern]).
	Warnings []error
}

// Candidate is a provider that may serve an account number.
type Candidate struct {
	// Provider is shared: do not change it.
	Provider *ding.Provider
	// RegionCode is the region of the number, if the look-up named one.
	RegionCode string
	// By is what the candidate is known by.
	By By
	// Down reports that the provider says of itself that it processes no transfers now; Message is what it has to say. Where the
	// status could not be had, Down is false and the [Match] has a warning.
	Down    bool
	Message string

	data *Data
	uat  []*ding.Product
	// rank is the same for candidates of which none is likelier than the other.
	rank int
}

// Products returns the candidate's products that fit the number's region: those for that region and those for the whole country, or
// all if no region is known. Of a UAT number these are the products that it tests.
func (c Candidate) Products() []*ding.Product {
	if c.By == ByUAT {
		return slices.Clone(c.uat)
	}
	if c.data == nil || c.Provider == nil {
		return nil
	}
	var products []*ding.Product
	for product := range c.data.Products(Filter{ProviderCodes: []string{c.Provider.ProviderCode}}) {
		if c.fits(product.RegionCode) {
			products = append(products, product)
		}
	}
	return products
}

// fits compares regions. A country without regions is its own region, under its ISO code.
func (c Candidate) fits(regionCode string) bool {
	country := c.Provider.CountryISO
	return c.RegionCode == "" || c.RegionCode == country || regionCode == "" || regionCode == country || regionCode == c.RegionCode
}

// Match finds the providers that may serve an account number, best first, and which of them are down now.
//
// A phone number may be written with blanks, dashes, dots, slashes, brackets, and a + or 00 in front; everything else, such as an e-mail
// address or the number of a meter, is taken as it is. Then, in this order:
//
//   - A UAT number matches its products, and the service is not asked.
//   - GetAccountLookup is asked about a phone number, every time. The providers that it names are the candidates.
//   - Where it names none, or fails, patterns decide: those of the providers of the country that it names or, by the dialling
//     prefix, may be meant, the longest prefix first. The candidates whose patterns pin more of the number down come first; those
//     whose patterns cannot be used come after them. A number that is no phone number, or fits nobody and belongs to no country that
//     the look-up knows, is held against the patterns of all providers, since it may be that of a meter.
//   - Providers that sell everywhere (country XG) come last, if the number fits their patterns.
//
// A look-up that fails is no error, but LookupErr, with two exceptions: refused credentials (HTTP 401 or 403, or AuthenticationFailed), and a
// context that has ended. A refusal such as [ding.CodeAccountNumberInvalid] is none either, since the account may be another thing than a phone.
// Match sends up to two requests, each at most 50 times in ten minutes: GetAccountLookup and GetProviderStatus.
func (c *Catalogue) Match(ctx context.Context, accountNumber string) (*Match, error) {
	account, err := readAccount("Match", accountNumber)
	if err != nil {
		return nil, err
	}
	data, err := c.Data(ctx)
	if err != nil {
		return nil, err
	}
	m := &Match{AccountNumber: account.number}
	if m.matchUAT(data, account) {
		return m, nil
	}
	if account.isPhone {
		if err := c.lookUp(ctx, data, m); err != nil {
			return nil, err
		}
	}
	if len(m.Candidates) == 0 {
		m.matchPatterns(data, account)
	}
	m.matchEverywhere(data)
	c.addStatus(ctx, m)
	return m, nil
}

// account is an account number as it was read.
type account struct {
	// number is cleaned if it is a phone number, written is as it came.
	number, written string
	isPhone         bool
	// isInternational: a + says that it is a phone number, and nothing else.
	isInternational bool
}

// is reports whether the account was read from, or as, the number of a match.
func (a account) is(number string) bool {
	return number == a.number || number == a.written || number == bare(a.written)
}

// longestAccount is more than any e-mail address has, in bytes.
const longestAccount = 320

func readAccount(operation, text string) (account, error) {
	written := strings.TrimSpace(text)
	var checks facade.Checks
	checks.Require(written != "", "AccountNumber", "is missing")
	checks.Require(len(written) <= longestAccount, "AccountNumber", fmt.Sprintf("has more than %d bytes", longestAccount))
	checks.Require(!strings.ContainsFunc(written, func(r rune) bool { return r < ' ' || r == 0x7f }), "AccountNumber", "holds control characters")
	if err := checks.Err(operation); err != nil {
		return account{}, err
	}
	a := account{number: written, written: written}
	if digits, plus, ok := phoneDigits(written); ok {
		a.number, a.isPhone, a.isInternational = digits, true, plus
	}
	return a, nil
}

// bare drops what people and their programs put between the digits of a phone number: blanks and dashes of every width, and marks
// that cannot be seen.
func bare(number string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(".()/", r) || unicode.In(r, unicode.Zs, unicode.Pd, unicode.Cf) {
			return -1
		}
		return r
	}, number)
}

// PhoneNumber returns the digits of a phone number as [Catalogue.Match] reads it; false if it takes the text as another kind of
// account, which it does not look up.
func PhoneNumber(written string) (digits string, ok bool) {
	digits, _, ok = phoneDigits(strings.TrimSpace(written))
	return digits, ok
}

// phoneDigits returns the digits of a phone number in international form, of which E.164 allows 15; fewer than 7 are none. plus
// reports that it was written with a +.
func phoneDigits(written string) (digits string, plus, ok bool) {
	digits, plus = strings.CutPrefix(bare(written), "+")
	if plus {
		// +44 (0)7700 900123 has a zero that is for those who call from within the country.
		digits = strings.TrimPrefix(bare(strings.Replace(written, "(0)", "", 1)), "+")
	} else {
		digits = strings.TrimPrefix(digits, "00")
	}
	if len(digits) < 7 || len(digits) > 15 || digits[0] == '0' || onlyDigits(digits) != digits {
		return "", false, false
	}
	return digits, plus, true
}

// onlyDigits drops everything else.
func onlyDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}

// matchUAT matches a test number, which need not be a phone number, and can begin with zeros that belong to it.
func (m *Match) matchUAT(data *Data, account account) bool {
	for _, number := range []string{account.written, bare(account.written), account.number} {
		if len(number) < 2 || onlyDigits(number[len(number)-1:]) == "" {
			continue
		}
		products := data.UATProducts(number)
		for _, product := range products {
			m.addUAT(data, product)
		}
		if len(m.Candidates) > 0 {
			m.AccountNumber = number
			return true
		}
	}
	return false
}

func (m *Match) addUAT(data *Data, product *ding.Product) {
	for i := range m.Candidates {
		if c := &m.Candidates[i]; c.Provider.ProviderCode == product.ProviderCode {
			c.uat = append(c.uat, product)
			return
		}
	}
	if provider, known := data.Provider(product.ProviderCode); known {
		m.Candidates = append(m.Candidates, Candidate{Provider: provider, By: ByUAT, data: data, uat: []*ding.Product{product}})
	}
}

// lookUp asks GetAccountLookup. The error is one that ends the match.
func (c *Catalogue) lookUp(ctx context.Context, data *Data, m *Match) error {
	answer, err := c.client.GetAccountLookup(ctx, m.AccountNumber)
	if err != nil {
		if ctx.Err() != nil || refusesAccess(err) {
			return err
		}
		m.LookupErr = err
		m.Warnings = append(m.Warnings, fmt.Errorf("the provider could not be looked up: %w", err))
		return nil
	}
	m.CountryISO = answer.CountryISO
	if normalized := strings.TrimPrefix(answer.AccountNumberNormalized, "+"); normalized != "" && onlyDigits(normalized) == normalized {
		m.AccountNumber = normalized
	}
	for _, item := range answer.Items {
		provider, known := data.Provider(item.ProviderCode)
		if !known {
			m.Warnings = append(m.Warnings, fmt.Errorf("the look-up names provider %q, which the catalogue does not have", item.ProviderCode))
			continue
		}
		m.add(data, provider, item.RegionCode, ByLookup, 0)
	}
	return nil
}

// add adds a candidate, unless the provider is one already, for the same region.
func (m *Match) add(data *Data, provider *ding.Provider, regionCode string, by By, rank int) {
	if slices.ContainsFunc(m.Candidates, func(c Candidate) bool {
		return c.Provider.ProviderCode == provider.ProviderCode && (c.RegionCode == regionCode || regionCode == "")
	}) {
		return
	}
	m.Candidates = append(m.Candidates, Candidate{Provider: provider, RegionCode: regionCode, By: by, data: data, rank: rank})
}

// has reports whether the provider is a candidate.
func (m *Match) has(provider *ding.Provider) bool {
	return slices.ContainsFunc(m.Candidates, func(c Candidate) bool { return c.Provider.ProviderCode == provider.ProviderCode })
}

// matchPatterns asks the patterns where the look-up names nobody.
func (m *Match) matchPatterns(data *Data, account account) {
	numbers := data.numbering()
	if account.isPhone {
		countryKnown := m.CountryISO != ""
		s := m.searchCountries(numbers)
		m.addSearch(data, s, true)
		if countryKnown || account.isInternational || len(s.found) > 0 {
			return
		}
	}
	s := newSearch(account.written)
	s.wide = true
	// Those that are candidates by now have patterns that cannot be used.
	s.among(slices.DeleteFunc(numbers.anywhere(account.written), func(p served) bool { return m.has(p.provider) }))
	if len(s.found) > 0 {
		m.AccountNumber = account.written
	}
	unchecked := m.Candidates
	m.Candidates = nil
	m.addSearch(data, s, false)
	m.Candidates = append(m.Candidates, unchecked...)
}

// searchCountries asks the patterns of the country that the look-up named, or else of those that have the dialling prefix: the
// longest prefix under which any provider takes the number.
func (m *Match) searchCountries(numbers *numbering) *search {
	s := newSearch(m.AccountNumber)
	if m.CountryISO != "" {
		s.among(numbers.serving[m.CountryISO])
		return s
	}
	for _, countries := range numbers.dialled(m.AccountNumber) {
		for i, country := range countries {
			if !slices.ContainsFunc(countries[:i], func(c dialling) bool { return c.countryISO == country.countryISO }) {
				s.among(numbers.serving[country.countryISO])
			}
		}
		if len(s.found) > 0 {
			break
		}
	}
	for i, p := range s.found {
		if i == 0 {
			m.CountryISO = p.provider.CountryISO
		} else if m.CountryISO != p.provider.CountryISO {
			m.CountryISO = ""
			break
		}
	}
	return s
}

// addSearch adds what a search found. Providers whose patterns cannot be used are candidates only within the number's countries.
func (m *Match) addSearch(data *Data, s *search, uncheckedToo bool) {
	ranks := s.rank()
	for _, p := range s.found {
		m.add(data, p.provider, "", ByPattern, ranks[p.pattern])
	}
	if uncheckedToo {
		for _, p := range s.unchecked {
			m.add(data, p.provider, "", ByUnchecked, 0)
		}
	}
	m.Warnings = append(m.Warnings, s.reasons...)
}

func (m *Match) matchEverywhere(data *Data) {
	s := newSearch(m.AccountNumber)
	s.among(data.numbering().everywhere)
	for _, p := range s.found {
		m.add(data, p.provider, "", ByEverywhere, 0)
	}
	m.Warnings = append(m.Warnings, s.reasons...)
}

const (
	// statusPatience is how long the provider status may take. It completes an answer, and is worth no more waiting.
	statusPatience = 5 * time.Second
	// mostStatusCodes is how many providers are named in a request; above that, all are asked for.
	mostStatusCodes = 100
)

// addStatus asks which candidates are down. That it cannot be had is a warning.
func (c *Catalogue) addStatus(ctx context.Context, m *Match) {
	if len(m.Candidates) == 0 {
		return
	}
	var codes []string
	for _, candidate := range m.Candidates {
		if !slices.Contains(codes, candidate.Provider.ProviderCode) {
			codes = append(codes, candidate.Provider.ProviderCode)
		}
	}
	if len(codes) > mostStatusCodes {
		codes = nil
	}
	status, err := c.statusSoon(ctx, codes)
	if err != nil {
		m.Warnings = append(m.Warnings, err)
		return
	}
	for i := range m.Candidates {
		candidate := &m.Candidates[i]
		candidate.Down, candidate.Message = status.Down(candidate.Provider.ProviderCode)
	}
}

func (c *Catalogue) statusSoon(ctx context.Context, providerCodes []string) (Status, error) {
	ctx, cancel := context.WithTimeout(ctx, statusPatience)
	defer cancel()
	status, err := c.Status(ctx, providerCodes...)
	if err != nil {
		return nil, fmt.Errorf("it is not known which providers are down: %w", err)
	}
	return status, nil
}
