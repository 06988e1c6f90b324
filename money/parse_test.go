// Tests of the grammar and its bounds, the same for Parse, JSON and text.

package money_test

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/money"
)

var (
	zeros = strings.Repeat("0", money.MaxDigits)
	nines = strings.Repeat("9", money.MaxDigits)
)

// accepted lists what is read, what it is in plain notation, and its places.
var accepted = map[string]struct {
	text   string
	plain  string
	places int
}{
	"zero":                             {"0", "0", 0},
	"seventy cents":                    {"0.70", "0.70", 2},
	"trailing zeros":                   {"10.00", "10.00", 2},
	"a whole amount":                   {"100", "100", 0},
	"a negative amount":                {"-12.5", "-12.5", 1},
	"three decimals":                   {"0.001", "0.001", 3},
	"minus zero":                       {"-0", "0", 0},
	"minus zero with places":           {"-0.00", "0.00", 2},
	"minus zero with an exponent":      {"-0e2", "0", 0},
	"zero with places":                 {"0.000", "0.000", 3},
	"zero with an exponent":            {"0E-2", "0.00", 2},
	"exponent of .NET":                 {"1E+2", "100", 0},
	"exponent of .NET, two digits":     {"1E-07", "0.0000001", 7},
	"small exponent":                   {"1e-7", "0.0000001", 7},
	"exponent without sign":            {"25e1", "250", 0},
	"exponent that moves the point":    {"1.50e1", "15.0", 1},
	"exponent that eats the fraction":  {"-1.5e3", "-1500", 0},
	"exponent zero":                    {"1.50e0", "1.50", 2},
	"exponent of negative zero":        {"1.50e-0", "1.50", 2},
	".NET's largest decimal":           {"79228162514264337593543950335", "79228162514264337593543950335", 0},
	".NET's smallest decimal":          {"0.0000000000000000000000000001", "0.0000000000000000000000000001", 28},
	".NET's most digits, negative":     {"-7.9228162514264337593543950335", "-7.9228162514264337593543950335", 28},
	"the most digits before the point": {nines, nines, 0},
	"the most digits after the point":  {"0." + nines, "0." + nines, money.MaxDigits},
	"the most on both sides":           {"-" + nines + "." + nines, "-" + nines + "." + nines, money.MaxDigits},
	"the largest exponent":             {"0.1e64", "1" + zeros[1:], 0},
	"the smallest exponent":            {"1e-64", "0." + zeros[1:] + "1", money.MaxDigits},
}

// refused lists what is no amount, with the reason that the error wraps.
var refused = map[string]struct {
	text   string
	reason error
}{
	"nothing":                         {"", money.ErrSyntax},
	"a blank":                         {" ", money.ErrSyntax},
	"a blank in front":                {" 1", money.ErrSyntax},
	"a blank behind":                  {"1 ", money.ErrSyntax},
	"a blank inside":                  {"1 000", money.ErrSyntax},
	"a plus sign":                     {"+1", money.ErrSyntax},
	"a sign alone":                    {"-", money.ErrSyntax},
	"two signs":                       {"--1", money.ErrSyntax},
	"a minus sign beyond ASCII":       {"\u22121", money.ErrSyntax},
	"digits beyond ASCII":             {"\u0661", money.ErrSyntax},
	"a comma":                         {"1,50", money.ErrSyntax},
	"thousands":                       {"1,000.00", money.ErrSyntax},
	"an underscore":                   {"1_000", money.ErrSyntax},
	"hex":                             {"0x1F", money.ErrSyntax},
	"hex with exponent":               {"0x1p-2", money.ErrSyntax},
	"a leading zero":                  {"007", money.ErrSyntax},
	"no digit before the point":       {".5", money.ErrSyntax},
	"no digit after the point":        {"5.", money.ErrSyntax},
	"two points":                      {"1.2.3", money.ErrSyntax},
	"NaN":                             {"NaN", money.ErrSyntax},
	"Infinity":                        {"Infinity", money.ErrSyntax},
	"minus infinity":                  {"-inf", money.ErrSyntax},
	"a currency":                      {"10.00 EUR", money.ErrSyntax},
	"the word null":                   {"nul", money.ErrSyntax},
	"a boolean":                       {"true", money.ErrSyntax},
	"an exponent without digits":      {"1e", money.ErrSyntax},
	"an exponent with a sign alone":   {"1e+", money.ErrSyntax},
	"an exponent with two signs":      {"1e-+2", money.ErrSyntax},
	"an exponent with a fraction":     {"1e1.5", money.ErrSyntax},
	"two exponents":                   {"1e1e1", money.ErrSyntax},
	"an absurd exponent":              {"1e999999999", money.ErrRange},
	"an absurd negative exponent":     {"1e-999999999", money.ErrRange},
	"an exponent that fits no int":    {"1e99999999999999999999", money.ErrRange},
	"an exponent just beyond":         {"1e65", money.ErrRange},
	"a negative exponent just beyond": {"1e-65", money.ErrRange},
	"an exponent on zero":             {"0e999999999", money.ErrRange},
	"a shift to too many digits":      {"10e63", money.ErrRange},
	"a shift to too many places":      {"0.1e-64", money.ErrRange},
	"one digit too many":              {"1" + nines, money.ErrRange},
	"one place too many":              {"0.1" + nines, money.ErrRange},
	"hundreds of digits":              {strings.Repeat("9", 500), money.ErrRange},
	"megabytes of digits":             {strings.Repeat("9", 4<<20), money.ErrRange},
	"megabytes of places":             {"0." + strings.Repeat("0", 4<<20) + "1", money.ErrRange},
}

func TestParseKeepsAmountAndScale(t *testing.T) {
	for name, tc := range accepted {
		t.Run(name, func(t *testing.T) {
			got, err := money.Parse(tc.text)
			require.NoError(t, err)
			assert.Equal(t, tc.plain, got.String())
			assert.Equal(t, tc.places, got.Places())

			again, err := money.Parse(got.String())
			require.NoError(t, err)
			assert.Equal(t, got, again, "plain notation reads back as the same value")
		})
	}
}

func TestJSONReadsWhatParseReads(t *testing.T) {
	for name, tc := range accepted {
		for form, text := range map[string]string{"bare": tc.text, "quoted": `"` + tc.text + `"`} {
			t.Run(name+", "+form, func(t *testing.T) {
				var got money.Decimal
				require.NoError(t, json.Unmarshal([]byte(text), &got))
				written, err := json.Marshal(got)
				require.NoError(t, err)
				assert.Equal(t, tc.plain, string(written), "a bare number in plain notation")
			})
		}
	}
}

func TestRefusedEverywhere(t *testing.T) {
	before := money.MustParse("12.50")
	for name, tc := range refused {
		for form, decode := range map[string]func(*money.Decimal) error{
			"Parse":         func(d *money.Decimal) (err error) { _, err = money.Parse(tc.text); return err },
			"text":          func(d *money.Decimal) error { return d.UnmarshalText([]byte(tc.text)) },
			"JSON":          func(d *money.Decimal) error { return d.UnmarshalJSON([]byte(tc.text)) },
			"JSON document": func(d *money.Decimal) error { return json.Unmarshal([]byte(`"`+tc.text+`"`), d) },
		} {
			t.Run(name+", "+form, func(t *testing.T) {
				got := before
				err := decode(&got)
				require.ErrorIs(t, err, tc.reason)
				assert.Less(t, len(err.Error()), 120, "the error shows an excerpt only")
				assert.Equal(t, before, got, "a failed decode changes nothing")
			})
		}
	}
}

func TestErrorsSayWhatWasWrong(t *testing.T) {
	for text, want := range map[string]string{
		"1,50":                        `money: "1,50" is not a decimal number`,
		"":                            `money: "" is not a decimal number`,
		"1e999999999":                 `money: "1e999999999" is beyond 64 digits before or after the point`,
		strings.Repeat("7", 100):      `money: "777777777777777777777777"… is beyond 64 digits before or after the point`,
		strings.Repeat("€", 10):       `money: "€€€€€€€€"… is not a decimal number`,
		"1" + strings.Repeat("€", 10): `money: "1€€€€€€€"… is not a decimal number`,
	} {
		_, err := money.Parse(text)
		assert.EqualError(t, err, want)
	}
}

func TestRefusingMegabytesCostsNoMemory(t *testing.T) {
	digits := strings.Repeat("9", 4<<20)
	quoted := []byte(`"` + digits + `"`)
	bare := quoted[1 : len(quoted)-1]
	for name, decode := range map[string]func(){
		"Parse":       func() { _, _ = money.Parse(digits) },
		"text":        func() { _ = new(money.Decimal).UnmarshalText(bare) },
		"JSON":        func() { _ = new(money.Decimal).UnmarshalJSON(bare) },
		"quoted JSON": func() { _ = new(money.Decimal).UnmarshalJSON(quoted) },
		"exponent":    func() { _, _ = money.Parse("1e-999999999") },
	} {
		t.Run(name, func(t *testing.T) {
			const runs = 20
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range runs {
				decode()
			}
			runtime.ReadMemStats(&after)
			assert.Less(t, (after.TotalAlloc-before.TotalAlloc)/runs, uint64(4096), "bytes per call")
		})
	}
}

func TestMustParsePanicsOnBadLiterals(t *testing.T) {
	assert.PanicsWithError(t, `money: "ten" is not a decimal number`, func() { money.MustParse("ten") })
}
