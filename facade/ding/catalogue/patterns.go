package catalogue

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dlclark/regexp2/v2"

	"github.com/airtime-go/airtime/facade/ding"
)

// Which provider a number may belong to, as far as the reference data tell: by dialling prefix, then by ValidationRegex.
//
// The patterns are written for .NET. One that means the same to Go's own engine runs there, in time that is linear in the
// number; the others, with look-arounds for instance, run in regexp2 with a time limit, since such a pattern can be made to take
// for ever. (regexp2 keeps time in a goroutine of its own, which ends a second after the last match.) Nothing of a pattern fails a
// call: a provider whose pattern cannot be used is told apart instead ([ByUnchecked]).

// ErrPattern is in the chain of the warning about a provider whose ValidationRegex cannot be used: it does not compile, or it
// takes too long.
var ErrPattern = errors.New("the provider's pattern cannot be used")

const (
	// patternTimeout limits one match. regexp2 reads a clock that ticks every 100 ms, so it means 0.2 s.
	patternTimeout = 50 * time.Millisecond
	// patternBudget limits all such matches of one call together; the one that is under way when it is used up may end.
	patternBudget = 250 * time.Millisecond
	// patternStrikes is how often a pattern may run into its limit before it is not run again. A busy machine strikes too.
	patternStrikes = 2
	// longestPattern is what is compiled, in bytes: room for thousands of alternates.
	longestPattern = 64 << 10
	// mostProbed is how many candidates are compared by what their patterns pin down.
	mostProbed = 32
)

// pattern is a ValidationRegex.
type pattern struct {
	text string
	// compiled is nil until the pattern is needed.
	compiled atomic.Pointer[compiled]
	strikes  atomic.Int32
	outline  outline
}

// compiled has one of three.
type compiled struct {
	linear  *regexp.Regexp
	limited interface {
		MatchString(text string) (bool, error)
	}
	broken error
}

// matchesOnce is matches without keeping what was compiled: a number that belongs nowhere may be that of thousands. Those that have to
// be limited are kept all the same, since they are few.
func (p *pattern) matchesOnce(account string, budget *time.Duration) (bool, error) {
	c := p.compiled.Load()
	if c == nil {
		if c = compilePattern(p.text); c.linear == nil {
			p.compiled.Store(c)
		}
	}
	return p.run(c, account, budget)
}

// matches reports whether the account number fits. A pattern that has to be limited takes its time from the budget, and is not
// begun when that is used up. The error says that the pattern cannot tell, and nothing of the number.
func (p *pattern) matches(account string, budget *time.Duration) (bool, error) {
	c := p.compiled.Load()
	if c == nil {
		c = compilePattern(p.text)
		p.compiled.Store(c)
	}
	return p.run(c, account, budget)
}

func (p *pattern) run(c *compiled, account string, budget *time.Duration) (bool, error) {
	switch {
	case c.broken != nil:
		return false, c.broken
	case c.linear != nil:
		return c.linear.MatchString(account), nil
	case p.strikes.Load() >= patternStrikes:
		return false, fmt.Errorf("%w: it took too long before", ErrPattern)
	case *budget <= 0:
		return false, fmt.Errorf("%w: there was no time left for it", ErrPattern)
	}
	begun := time.Now()
	fits, err := c.limited.MatchString(account)
	spent := time.Since(begun)
	if err != nil {
		p.strikes.Add(1)
		// regexp2's clock jumps on a busy machine: a limit can be met early. It counts in full, so that a call runs few such patterns.
		*budget -= max(spent, patternTimeout)
		// regexp2 quotes the input in its error, and the input is the customer's number.
		return false, fmt.Errorf("%w: it takes too long", ErrPattern)
	}
	*budget -= spent
	return fits, nil
}

// plain matches patterns made of nothing but literals, \d, classes, groups and quantifiers, which mean the same in .NET and in Go.
// Left out are what Go lacks, and what it reads differently: \w and \b, POSIX classes, the subtraction of classes, octal escapes.
var plain = regexp.MustCompile(`^(?:[^\\\[]|\\(?:d|[^0-9A-Za-z])|\[\^?(?:[^\]\[\\]|\\(?:d|[^0-9A-Za-z]))+\])*$`)

func isPlain(text string) bool {
	return plain.MatchString(text) && !strings.Contains(strings.ReplaceAll(text, "(?:", "("), "(?")
}

func compilePattern(text string) (c *compiled) {
	defer func() {
		if cause := recover(); cause != nil {
			c = &compiled{broken: fmt.Errorf("%w: it cannot be compiled", ErrPattern)}
		}
	}()
	if len(text) > longestPattern {
		return &compiled{broken: fmt.Errorf("%w: it has %d bytes", ErrPattern, len(text))}
	}
	if isPlain(text) {
		if linear, err := regexp.Compile(text); err == nil {
			return &compiled{linear: linear}
		}
	}
	limited, err := regexp2.Compile(text)
	if err != nil {
		const most = 120
		reason := err.Error()
		return &compiled{broken: fmt.Errorf("%w: %s", ErrPattern, strings.ToValidUTF8(reason[:min(len(reason), most)], ""))}
	}
	limited.MatchTimeout = patternTimeout
	return &compiled{limited: limited}
}

// numbering finds providers by account number. It is made from a generation when that is first asked, and belongs to it.
type numbering struct {
	build sync.Once

	// countries are by dialling prefix, of which the longest has so many digits.
	countries map[string][]dialling
	longest   int
	// serving are the providers of each country in the order of the API, everywhere those of XG, and all of them together.
	serving    map[string][]served
	everywhere []served
	all        []served

	// likely are the rows in all that a number may belong to, by the kinds of its first two characters.
	sortOut sync.Once
	likely  [charKinds][charKinds][]uint32
}

// dialling is a country under one of its prefixes.
type dialling struct {
	countryISO      string
	prefix          string
	shortest, width int
}

// served is a provider and the pattern of its account numbers.
type served struct {
	provider *ding.Provider
	pattern  *pattern
}

// countryEverywhere is the country of what is sold everywhere.
const countryEverywhere = "XG"

// numbering returns the generation's own.
func (d *Data) numbering() *numbering {
	n := &d.numbers
	n.build.Do(func() { n.fill(d) })
	return n
}

func (n *numbering) fill(d *Data) {
	n.countries, n.serving = map[string][]dialling{}, map[string][]served{}
	countries := d.Countries()
	for i := range countries {
		for _, info := range countries[i].InternationalDialingInformation {
			prefix := onlyDigits(info.Prefix)
			if prefix == "" {
				continue
			}
			n.longest = max(n.longest, len(prefix))
			n.countries[prefix] = append(n.countries[prefix], dialling{
				countryISO: countries[i].CountryISO, prefix: prefix,
				shortest: int(info.MinimumLength), width: int(info.MaximumLength),
			})
		}
	}
	byText := map[string]*pattern{}
	for provider := range d.Providers(Filter{}) {
		text := provider.ValidationRegex
		if byText[text] == nil {
			byText[text] = &pattern{text: text}
		}
		s := served{provider, byText[text]}
		n.all = append(n.all, s)
		if provider.CountryISO == countryEverywhere {
			n.everywhere = append(n.everywhere, s)
			continue
		}
		n.serving[provider.CountryISO] = append(n.serving[provider.CountryISO], s)
	}
}

// anywhere returns the providers to which an account number may belong, wherever it comes from. A provider without a pattern takes
// everything, which says nothing of a number; XG has its own turn.
func (n *numbering) anywhere(account string) []served {
	n.sortOut.Do(func() {
		for row, p := range n.all {
			if p.pattern.text == "" || p.provider.CountryISO == countryEverywhere {
				continue
			}
			lead := p.pattern.outline.leading(p.pattern.text)
			for first := range charKinds {
				for second := range charKinds {
					if lead[0]&(1<<first) != 0 && lead[1]&(1<<second) != 0 {
						n.likely[first][second] = append(n.likely[first][second], uint32(row))
					}
				}
			}
		}
	})
	first, second := leadOf(account)
	var found []served
	for _, row := range n.likely[first][second] {
		found = append(found, n.all[row])
	}
	return found
}

// dialled returns the countries that a phone number can be in, those with the longest prefix first: 1876 is Jamaica before it is
// the United States. Each step has the countries of one prefix.
func (n *numbering) dialled(number string) [][]dialling {
	var steps [][]dialling
	for length := min(n.longest, len(number)); length > 0; length-- {
		if countries := n.countries[number[:length]]; len(countries) > 0 {
			steps = append(steps, fitting(countries, number))
		}
	}
	return steps
}

// fitting drops the countries whose numbers have another length, unless all have. It is not documented whether the lengths count
// the prefix, so either way will do; and a length that is zero says nothing.
func fitting(countries []dialling, number string) []dialling {
	within := func(c dialling, length int) bool {
		return length >= c.shortest && (c.width == 0 || length <= c.width)
	}
	var fit []dialling
	for _, c := range countries {
		if within(c, len(number)) || within(c, len(number)-len(c.prefix)) {
			fit = append(fit, c)
		}
	}
	if len(fit) == 0 {
		return countries
	}
	return fit
}

// search is what became of asking patterns about one account number.
type search struct {
	account string
	budget  time.Duration
	// found fit, and unchecked have patterns that cannot tell, each with its reason.
	found     []served
	unchecked []served
	reasons   []error
	// wide asks patterns without keeping them.
	wide bool
}

func newSearch(account string) *search { return &search{account: account, budget: patternBudget} }

// among asks the providers' patterns. A provider without a pattern takes every number.
func (s *search) among(providers []served) {
	for _, p := range providers {
		if p.pattern.outline.excludes(p.pattern.text, s.account) {
			continue
		}
		ask := p.pattern.matches
		if s.wide {
			ask = p.pattern.matchesOnce
		}
		switch fits, err := ask(s.account, &s.budget); {
		case err != nil:
			s.unchecked = append(s.unchecked, p)
			s.reasons = append(s.reasons, fmt.Errorf("provider %s: %w", p.provider.ProviderCode, err))
		case fits:
			s.found = append(s.found, p)
		}
	}
}

// rank puts those first whose patterns say most about the number, as far as they differ: a pattern pins a digit down if it no
// longer fits when that digit is another. An operator's pattern pins its own ranges, one for a whole country the prefix alone, and
// one that takes anything nothing. Those that pin equally much stay in the order of the API. It returns the rank of each pattern,
// from 0; of too many, none comes first.
func (s *search) rank() map[*pattern]int {
	if len(s.found) < 2 || len(s.found) > mostProbed {
		return nil
	}
	first := s.found[0].pattern
	if !slices.ContainsFunc(s.found, func(p served) bool { return p.pattern != first }) {
		return nil
	}
	pinned := make(map[*pattern]int, len(s.found))
	for _, p := range s.found {
		if _, known := pinned[p.pattern]; !known {
			pinned[p.pattern] = s.pins(p.pattern)
		}
	}
	slices.SortStableFunc(s.found, func(a, b served) int { return pinned[b.pattern] - pinned[a.pattern] })
	ranks, rank := make(map[*pattern]int, len(pinned)), 0
	for i, p := range s.found {
		if i > 0 && pinned[p.pattern] != pinned[s.found[i-1].pattern] {
			rank++
		}
		ranks[p.pattern] = rank
	}
	return ranks
}

// pins counts the digits that the pattern pins down.
func (s *search) pins(p *pattern) int {
	count := 0
	changed := []byte(s.account)
	for i, digit := range changed {
		if digit < '0' || digit > '9' {
			continue
		}
		changed[i] = '0' + (digit-'0'+5)%10
		if fits, err := p.matches(string(changed), &s.budget); err == nil && !fits {
			count++
		}
		changed[i] = digit
	}
	return count
}
