package catalogue

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/money"
)

// numberPlan is 226 countries and 4,100 providers: each operator has ranges of its own in one pattern, one in twenty has a look-around,
// one in ten takes what the whole country has, and some are no phone companies.
func numberPlan() parts {
	const countries, providers = 226, 4100
	var p parts
	iso := func(n int) string { return string([]byte{'A' + byte(n/26), 'A' + byte(n%26)}) }
	for n := range countries {
		prefix := fmt.Sprint(200 + n)
		if n < 25 {
			prefix = fmt.Sprint(1200 + n) // as in North America
		}
		if n == 25 {
			prefix = "1"
		}
		p.countries = append(p.countries, country(iso(n), 11, 13, prefix))
	}
	for n := range providers {
		home := n % countries
		prefix := p.countries[home].InternationalDialingInformation[0].Prefix
		ranges := fmt.Sprintf(`%s(?:%d|%d|%d)`, prefix, 10+n/countries, 40+n/countries, 70+n/countries)
		pattern := fmt.Sprintf(`^(?:%[1]s\d{6}|%[1]s\d{7})$`, ranges)
		switch {
		case n%20 == 1:
			pattern = `^(?!` + prefix + `00)` + ranges + `\d{6,7}$`
		case n%10 == 2:
			pattern = `^` + prefix + `\d{8,9}$`
		case n%40 == 3:
			pattern = fmt.Sprintf(`^[0-9]{%d}$`, 6+n%10)
		}
		p.providers = append(p.providers, provider(fmt.Sprintf("P%04d", n), iso(home), pattern))
	}
	p.providers = append(p.providers, provider("GIXG", "XG", `^\d{8,15}$`), provider("CAXG", "XG", ``))
	return p
}

// BenchmarkMatchByPatterns is Match without what it asks the service: the patterns are compiled.
func BenchmarkMatchByPatterns(b *testing.B) {
	d := newData(numberPlan())
	for name, number := range map[string]string{
		"phone": "26912345678", "shared": "121451234567", "nobody": "+26999345678", "meter": "99812345678",
	} {
		b.Run(name, func(b *testing.B) {
			a, err := readAccount("Match", number)
			require.NoError(b, err)
			match := func() *Match {
				m := &Match{AccountNumber: a.number}
				m.matchPatterns(d, a)
				m.matchEverywhere(d)
				return m
			}
			require.NotEmpty(b, match().Candidates)
			b.ReportAllocs()
			for b.Loop() {
				match()
			}
			b.ReportMetric(float64(len(match().Candidates)), "candidates")
		})
	}
}

// BenchmarkMatchNumbering is what the first match of a generation costs on top, but for the patterns' compilation.
func BenchmarkMatchNumbering(b *testing.B) {
	d := newData(numberPlan())
	b.ReportAllocs()
	for b.Loop() {
		new(numbering).fill(d)
	}
}

// BenchmarkMatchFirst is the first match of a generation: a few patterns are compiled.
func BenchmarkMatchFirst(b *testing.B) {
	p := numberPlan()
	a, err := readAccount("Match", "26912345678")
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		d := newData(p)
		b.StartTimer()
		m := &Match{AccountNumber: a.number}
		m.matchPatterns(d, a)
		m.matchEverywhere(d)
	}
}

// BenchmarkQuoteLocally is a quote of a ranged product by the catalogue alone.
func BenchmarkQuoteLocally(b *testing.B) {
	c := holding(b, nil, shop())
	value := money.MustParse("5.37")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.QuoteSend(b.Context(), "TopUp", value, LocalEstimate()); err != nil {
			b.Fatal(err)
		}
	}
}
