// Account numbers: which country and provider a phone number belongs to, and whether a provider takes an account. Done
// with prefix tables; the ValidationRegex of a provider is .NET's dialect, which Go does not run.

package catalogue

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/airtime-go/airtime/gen/ding"
)

// accountKind says what a provider's accounts are, where they are no phones.
type accountKind string

// accountForms are the kinds of account that are no phones. Their patterns are those that ValidationRegex shows.
var accountForms = map[accountKind]struct {
	pattern *regexp.Regexp
	digits  int // of the UatNumber
}{
	"meter":    {regexp.MustCompile(`^\d{11}$`), 11},
	"customer": {regexp.MustCompile(`^\d{6,12}$`), 10},
	"any":      {regexp.MustCompile(`^[0-9A-Za-z@._-]{3,40}$`), 10},
}

// Fit says how an account number goes with a product.
type Fit int

// The ways in which an account number can fit.
const (
	Fits        Fit = iota
	Malformed       // not of the form that the provider's pattern asks for
	WrongLine       // a proper number, of another provider in the same country
	TestAccount     // the product's UatNumber, whatever its last digit
)

// Line is what can be told about a phone number.
type Line struct {
	// Number is the number without blanks, signs and leading zeros.
	Number string
	// CountryISO is empty if no country has such numbers.
	CountryISO string
	// Providers are the candidates; none if the number is nobody's.
	Providers []ding.AccountLookup
}

// network is a provider as far as account numbers are concerned.
type network struct {
	code     string
	country  *countrySource
	account  accountKind
	prefixes []nationalPrefix
}

// nationalPrefix is what follows the country's dialling prefix, and the region that it stands for.
type nationalPrefix struct{ digits, region string }

func newNetwork(code string, country *countrySource, p providerSource) *network {
	n := &network{code: code, country: country, account: p.Account}
	for _, number := range p.Numbers {
		digits, region, _ := strings.Cut(number, "@")
		n.prefixes = append(n.prefixes, nationalPrefix{digits, cmp.Or(region, country.ISO)})
	}
	return n
}

// region returns the region of a phone number of this network.
func (n *network) region(number string) (string, bool) {
	if !n.country.numbers(number) {
		return "", false
	}
	for _, dialling := range n.country.Prefixes {
		national, found := strings.CutPrefix(number, dialling)
		for _, prefix := range n.prefixes {
			if found && strings.HasPrefix(national, prefix.digits) {
				return prefix.region, true
			}
		}
	}
	return "", false
}

// accepts reports whether an account has the form that the provider asks for.
func (n *network) accepts(account string) bool {
	if form, special := accountForms[n.account]; special {
		return form.pattern.MatchString(account)
	}
	_, ok := n.region(account)
	return ok
}

// pattern is the ValidationRegex of the provider.
func (n *network) pattern() string {
	if form, special := accountForms[n.account]; special {
		return form.pattern.String()
	}
	var alternates []string
	for _, dialling := range n.country.Prefixes {
		for _, prefix := range n.prefixes {
			known := len(dialling) + len(prefix.digits)
			alternates = append(alternates, dialling+prefix.digits+digitCount(n.country.Digits, known))
		}
	}
	return "^(?:" + strings.Join(alternates, "|") + ")$"
}

// digitCount is the pattern for what is left of a number after so many known digits.
func digitCount(digits [2]int, known int) string {
	least, most := strconv.Itoa(digits[0]-known), strconv.Itoa(digits[1]-known)
	if least == most {
		return `\d{` + least + `}`
	}
	return `\d{` + least + `,` + most + `}`
}

// uatNumber is the test account of the provider's products: it ends in 0 and is no valid phone number.
func (n *network) uatNumber() string {
	digits := n.country.Digits[1]
	if form, special := accountForms[n.account]; special {
		digits = form.digits
	}
	number := ""
	if len(n.country.Prefixes) > 0 {
		number = n.country.Prefixes[0]
	}
	return number + strings.Repeat("0", digits-len(number))
}

// numbers reports whether a number has a prefix and a length of the country.
func (c *countrySource) numbers(number string) bool {
	if !onlyDigits(number) || len(number) < c.Digits[0] || len(number) > c.Digits[1] {
		return false
	}
	return c.prefixLength(number) > 0
}

// prefixLength returns the length of the longest dialling prefix of the country that the number has, 0 for none.
func (c *countrySource) prefixLength(number string) int {
	longest := 0
	for _, prefix := range c.Prefixes {
		if strings.HasPrefix(number, prefix) {
			longest = max(longest, len(prefix))
		}
	}
	return longest
}

// Lookup tells what can be told about a number as people write it: with +, 00, blanks, hyphens or brackets. It
// reports false for what is no phone number.
func (c *Catalogue) Lookup(written string) (Line, bool) {
	number, ok := normalise(written)
	if !ok {
		return Line{}, false
	}
	country := c.countryOf(number)
	if country == nil {
		return Line{Number: number, Providers: []ding.AccountLookup{}}, true
	}
	if !country.numbers(number) {
		return Line{}, false
	}
	return Line{Number: number, CountryISO: country.ISO, Providers: c.candidates(number)}, true
}

func (c *Catalogue) candidates(number string) []ding.AccountLookup {
	candidates := []ding.AccountLookup{}
	for _, n := range c.networks {
		if region, ok := n.region(number); ok {
			candidates = append(candidates, ding.AccountLookup{ProviderCode: n.code, RegionCode: region})
		}
	}
	return candidates
}

// countryOf returns the country with the longest prefix that the number has: 1876 is Jamaica, other 1 is not.
func (c *Catalogue) countryOf(number string) *countrySource {
	best := slices.MaxFunc(c.countries, func(a, b *countrySource) int {
		return cmp.Compare(a.prefixLength(number), b.prefixLength(number))
	})
	if best.prefixLength(number) == 0 {
		return nil
	}
	return best
}

// normalise returns the digits of a phone number, and false for what can't be one.
func normalise(written string) (string, bool) {
	number := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "").Replace(written)
	number = strings.TrimPrefix(strings.TrimPrefix(number, "+"), "00")
	// E.164 allows 15 digits; fewer than 7 are no international number.
	if len(number) < 7 || len(number) > 15 || !onlyDigits(number) || number[0] == '0' {
		return "", false
	}
	return number, true
}

func onlyDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}
