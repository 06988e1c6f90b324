package catalogue

import (
	"errors"
	"regexp/syntax"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dlclark/regexp2/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/ding"
)

// endless takes 2^n steps for n digits, and a look-ahead keeps it from Go's own engine.
const endless = `^(?=\d)(\d+)+(\d+)+(\d+)+(\d+)+(\d+)+(\d+)+(\d+)+(\d+)+(?<!\d)$`

func enough() *time.Duration {
	budget := time.Minute
	return &budget
}

func TestPatternsMeanWhatTheyMeanInNET(t *testing.T) {
	for _, tc := range []struct {
		text, account string
		linear, fits  bool
	}{
		{`^234803\d{7}$`, "2348031234567", true, true},
		{`^(?:234803\d{7}|23480[5-9]\d{7})$`, "2348061234567", true, true},
		{`^([0-9]{9})$`, "123456789", true, true},
		{`^[\w.]+@example\.com$`, "anna@example.com", false, true},
		{`^\(?\d+$`, "123", false, true}, // an escaped bracket with a question mark: rather once too often in regexp2
		{`234803`, "0023480312", true, true},
		{``, "anything", true, true},
		{`^(?!440)44\d{10}$`, "447700900123", false, true},
		{`^(?!440)44\d{10}$`, "440700900123", false, false},
		{`^\d{6}(?<=55)$`, "123455", false, true},
		{`^(\d)\1{5}$`, "777777", false, true},
		{`^(?>\d+)5$`, "12345", false, false},
		{`^[0-9-[5]]+$`, "1234", false, true}, // .NET subtracts the 5; Go would ask for a bracket
		{`^[0-9-[5]]+$`, "12345", false, false},
		{`^\d{2000}$`, "1", false, false}, // more than Go repeats
		{`^(?i)abc$`, "ABC", false, true},
		{`^[^@]+@[^@]+$`, "a@b", true, true},
		{`^\+?\d+\.\d$`, "12.5", true, true},
	} {
		p := &pattern{text: tc.text}
		fits, err := p.matches(tc.account, enough())
		require.NoError(t, err, tc.text)
		assert.Equal(t, tc.fits, fits, tc.text)
		assert.Equal(t, tc.linear, p.compiled.Load().linear != nil, tc.text)
	}
}

func TestAPatternThatCannotBeUsedSaysSo(t *testing.T) {
	for name, text := range map[string]string{
		"a bracket too few":  `^(234\d{10}$`,
		"no regexp at all":   `*`,
		"too long":           strings.Repeat("1", longestPattern+1),
		"a very long reason": `^(?<` + strings.Repeat("é", 500),
	} {
		t.Run(name, func(t *testing.T) {
			fits, err := (&pattern{text: text}).matches("2348031234567", enough())
			require.ErrorIs(t, err, ErrPattern)
			assert.False(t, fits)
			assert.Less(t, len(err.Error()), 300)
		})
	}
}

func TestAHostilePatternIsNotRunForEver(t *testing.T) {
	p := &pattern{text: endless}
	number := strings.Repeat("7", 60)
	for strike := range patternStrikes {
		_, err := p.matches(number, enough())
		require.ErrorIs(t, err, ErrPattern, "strike %d", strike)
		assert.ErrorContains(t, err, "it takes too long")
		assert.NotContains(t, err.Error(), "777", "the number is the customer's")
	}
	budget := enough()
	_, err := p.matches(number, budget)
	require.ErrorIs(t, err, ErrPattern)
	require.ErrorContains(t, err, "it took too long before")
	assert.Equal(t, *enough(), *budget, "it is not run again")
}

func TestAPatternThatHasToBeLimitedTakesItsTimeFromTheBudget(t *testing.T) {
	budget := patternBudget
	_, err := (&pattern{text: endless}).matches(strings.Repeat("7", 60), &budget)
	require.ErrorContains(t, err, "it takes too long")
	assert.LessOrEqual(t, budget, patternBudget-patternTimeout)

	for _, used := range []time.Duration{0, -time.Second} {
		fresh := &pattern{text: endless}
		_, err = fresh.matches("234", &used)
		require.ErrorIs(t, err, ErrPattern)
		require.ErrorContains(t, err, "no time left")
		assert.Zero(t, fresh.strikes.Load(), "what was not run has not failed")
		fits, err := (&pattern{text: `^234$`}).matches("234", &used)
		require.NoError(t, err)
		assert.True(t, fits, "a plain pattern needs no budget")
	}
}

// limit is a pattern that always runs into its limit.
type limit struct{}

func (limit) MatchString(string) (bool, error) {
	time.Sleep(patternTimeout)
	return false, errors.New("match timeout")
}

func TestHostilePatternsNeitherFailAMatchNorHoldItUp(t *testing.T) {
	const hostile = 40
	p := parts{countries: []ding.Country{country("NG", 0, 0, "234")}}
	for i := range hostile {
		p.providers = append(p.providers, provider("H"+string(rune('A'+i)), "NG", strings.Replace(endless, "^", "^"+strings.Repeat("(?=2)", i), 1)))
	}
	p.providers = append(p.providers, provider("OKNG", "NG", `^234\d+$`), provider("BADNG", "NG", `^234(`), provider("BADXG", "XG", `(`))
	// How long a real one takes is the machine's affair: the time here is the bubble's.
	synctest.Test(t, func(t *testing.T) {
		d := newData(p)
		for _, served := range d.numbering().all[:hostile] {
			served.pattern.compiled.Store(&compiled{limited: limit{}})
		}
		m := &Match{AccountNumber: "234803123456777"}
		begun := time.Now()
		m.matchPatterns(d, account{number: m.AccountNumber, written: m.AccountNumber, isPhone: true})
		m.matchEverywhere(d)
		assert.Equal(t, patternBudget, time.Since(begun))
		require.NotEmpty(t, m.Candidates)
		assert.Equal(t, "OKNG pattern", candidates(m)[0])
		assert.Contains(t, candidates(m), "BADNG unchecked")
		assert.NotContains(t, candidates(m), "BADXG unchecked", "nothing says that it serves this number")
		assert.Contains(t, candidates(m), "HA unchecked")

		var ran, left, other int
		for _, warning := range m.Warnings {
			require.ErrorIs(t, warning, ErrPattern)
			assert.NotContains(t, warning.Error(), "234803")
			switch {
			case strings.Contains(warning.Error(), "it takes too long"):
				ran++
			case strings.Contains(warning.Error(), "no time left"):
				left++
			default:
				other++
			}
		}
		assert.Equal(t, int(patternBudget/patternTimeout), ran)
		assert.Equal(t, hostile-ran, left, "the rest is told apart without being run")
		assert.Equal(t, 2, other, "those that cannot be compiled")
	})
}

func TestPlainPatternsNeedNoClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// regexp2's clock would outlive the bubble, which synctest takes for a deadlock.
		d := newData(parts{countries: []ding.Country{country("NG", 0, 0, "234")}, providers: []ding.Provider{provider("NLNG", "NG", `^234(?:803|806)\d{7}$`)}})
		m := &Match{AccountNumber: "2348031234567"}
		m.matchPatterns(d, account{number: m.AccountNumber, written: m.AccountNumber, isPhone: true})
		assert.Equal(t, []string{"NLNG pattern"}, candidates(m))
	})
}

func TestPatternsAreSharedByText(t *testing.T) {
	d := newData(parts{providers: []ding.Provider{provider("A", "NG", `^1`), provider("B", "GH", `^1`), provider("C", "NG", `^2`)}})
	n := d.numbering()
	assert.Same(t, n.serving["NG"][0].pattern, n.serving["GH"][0].pattern)
	assert.NotSame(t, n.serving["NG"][0].pattern, n.serving["NG"][1].pattern)
	assert.Same(t, n, d.numbering())
}

func TestNumbersAreMatchedByManyAtOnce(t *testing.T) {
	c := selling(t, &service{}, world())
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			m, err := c.Match(t.Context(), "447700900123")
			if assert.NoError(t, err) {
				assert.Equal(t, "ABGB pattern", candidates(m)[0])
			}
		})
	}
	all.Wait()
}

// FuzzPatterns holds the short way against regexp2: where a pattern is plain, both have to say the same.
func FuzzPatterns(f *testing.F) {
	for _, text := range []string{`^234803\d{7}$`, `^[^]a]`, `[a-z-[aeiou]]`, `^(?:1|2){2,}$`, `\(?a`, `[\d-x]`, `a{,2}`, `[[:digit:]]`, `x*?`, `\d|`, `^*`, `a**`, `[a^]`, `^(?!23)2(?<=2)\d`, `^(?:(?=x){0}2|[(?=a)])\(?=`, `(|a)+`, `\-`, endless} {
		f.Add(text, "2348031234567")
		f.Add(text, "a-x]{,2}")
	}
	f.Fuzz(func(t *testing.T, text, account string) {
		if len(text) > 200 || len(account) > 64 {
			return
		}
		p := &pattern{text: text}
		fits, err := p.matches(account, enough())
		if fits && p.outline.excludes(text, account) {
			t.Fatalf("the outline of %q excludes %q, which fits", text, account)
		}
		if err != nil {
			require.ErrorIs(t, err, ErrPattern)
			return
		}
		if p.compiled.Load().linear == nil || !isASCII(text+account) || strings.ContainsAny(account, "\n\r") || strings.Contains(text, "\x00") {
			return
		}
		other, err := regexp2.Compile(text)
		if err != nil {
			// What .NET refuses may be used all the same.
			_, parseErr := syntax.Parse(text, syntax.Perl)
			require.NoError(t, parseErr)
			return
		}
		other.MatchTimeout = patternTimeout
		if want, err := other.MatchString(account); err == nil {
			require.Equal(t, want, fits, "%q on %q", text, account)
		}
	})
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > 0x7e })
}

// FuzzAccountNumber reads whatever people write.
func FuzzAccountNumber(f *testing.F) {
	for _, text := range []string{"", "+", "00", "+44 7700 900123", "anna@example.com", "00000000000", "\u00a0+1(876)5550100", "٠١٢٣٤٥٦٧٨", "\xff", "1/2/3/4/5/6/7"} {
		f.Add(text)
	}
	d := newData(world())
	f.Fuzz(func(t *testing.T, text string) {
		a, err := readAccount("Match", text)
		if err != nil {
			assert.Empty(t, a)
			return
		}
		if a.isPhone {
			require.Equal(t, onlyDigits(a.number), a.number)
			require.GreaterOrEqual(t, len(a.number), 7)
			require.LessOrEqual(t, len(a.number), 15)
			again, err := readAccount("Match", a.number)
			require.NoError(t, err)
			require.Equal(t, a.number, again.number, "reading is done once and for all")
		} else {
			require.Equal(t, strings.TrimSpace(text), a.number)
		}
		m := &Match{AccountNumber: a.number}
		if !m.matchUAT(d, a) {
			m.matchPatterns(d, a)
			m.matchEverywhere(d)
		}
		for _, c := range m.Candidates {
			require.NotNil(t, c.Provider)
		}
	})
}
