// Tests of the arithmetic, of what == and Equal promise, and of how a value shows.

package money_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/money"
)

func TestNewWritesTheScale(t *testing.T) {
	for _, tc := range []struct {
		got  money.Decimal
		want string
	}{
		{money.New(70, -2), "0.70"},
		{money.New(1000, -2), "10.00"},
		{money.New(-5, -3), "-0.005"},
		{money.New(5, 1), "50"},
		{money.New(0, 0), "0"},
		{money.New(0, -2), "0.00"},
		{money.New(0, 2), "0"},
		{money.New(math.MinInt64, -19), "-0.9223372036854775808"},
		{money.New(1, -money.MaxDigits), "0." + zeros[1:] + "1"},
		{money.FromInt(-25), "-25"},
		{money.FromInt(0), "0"},
		{money.FromInt(math.MaxInt64), "9223372036854775807"},
	} {
		assert.Equal(t, tc.want, tc.got.String())
		assert.Equal(t, money.MustParse(tc.want), tc.got)
	}
}

func TestNewPanicsOnAbsurdExponents(t *testing.T) {
	for _, exponent := range []int32{money.MaxDigits, money.MaxDigits + 1, -money.MaxDigits - 1, math.MaxInt32, math.MinInt32} {
		assert.Panics(t, func() { money.New(12, exponent) }, "10^%d", exponent)
	}
}

func TestZeroValueIsZero(t *testing.T) {
	var zero money.Decimal

	assert.Equal(t, "0", zero.String())
	assert.True(t, zero.IsZero())
	assert.Zero(t, zero.Sign())
	assert.Zero(t, zero.Places())
	assert.Equal(t, money.MustParse("0"), zero)
	assert.Equal(t, money.MustParse("1.5"), zero.Add(money.MustParse("1.5")))
	assert.Equal(t, zero, zero.Neg())
	assert.Equal(t, zero, zero.Mul(zero))
	assert.Equal(t, "0.00", zero.Round(2).String())
}

func TestArithmeticIsExactAndKeepsScale(t *testing.T) {
	d := money.MustParse
	for name, tc := range map[string]struct {
		got  money.Decimal
		want string
	}{
		"a tenth and two tenths":      {d("0.1").Add(d("0.2")), "0.3"},
		"add takes the larger scale":  {d("1.50").Add(d("1")), "2.50"},
		"add to zero keeps places":    {d("0.70").Add(d("-0.70")), "0.00"},
		"sub takes the larger scale":  {d("10").Sub(d("0.001")), "9.999"},
		"sub below zero":              {d("0.50").Sub(d("0.70")), "-0.20"},
		"mul adds the places":         {d("1.10").Mul(d("0.07")), "0.0770"},
		"mul of the largest of .NET":  {d("79228162514264337593543950335").Mul(d("79228162514264337593543950335")), "6277101735386680763835789423049210091073826769276946612225"},
		"neg":                         {d("0.70").Neg(), "-0.70"},
		"neg of below zero":           {d("-3").Neg(), "3"},
		"neg of zero has no sign":     {d("0.00").Neg(), "0.00"},
		"abs":                         {d("-0.70").Abs(), "0.70"},
		"abs of above zero":           {d("0.70").Abs(), "0.70"},
		"round up at a half":          {d("2.345").Round(2), "2.35"},
		"round away from zero":        {d("-2.345").Round(2), "-2.35"},
		"round down below a half":     {d("2.3449").Round(2), "2.34"},
		"round pads":                  {d("0.7").Round(2), "0.70"},
		"round to whole":              {d("0.5").Round(0), "1"},
		"round to zero has no sign":   {d("-0.4").Round(0), "0"},
		"round to tens":               {d("545").Round(-1), "550"},
		"round to more than there is": {d("45").Round(-3), "0"},
		"round what is beyond bounds": {d("0." + nines).Mul(d("0." + nines)).Round(2), "1.00"},
		"a long sum of cents":         {sumOf("0.01", 1000), "10.00"},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, tc.want, tc.got.String()) })
	}
}

func sumOf(text string, times int) money.Decimal {
	var sum money.Decimal
	for range times {
		sum = sum.Add(money.MustParse(text))
	}
	return sum
}

func TestRoundPanicsOnAbsurdPlaces(t *testing.T) {
	for _, places := range []int{money.MaxDigits + 1, -money.MaxDigits - 1, math.MaxInt, math.MinInt} {
		assert.Panics(t, func() { money.FromInt(1).Round(places) }, "%d places", places)
	}
}

func TestCmpOrdersAmountsWhateverTheirScale(t *testing.T) {
	ordered := []string{"-" + nines, "-10", "-0.71", "-0.7", "0", "1e-64", "0.7", "0.701", "1.00", "2", "1e2", nines}
	for i, a := range ordered {
		for j, b := range ordered {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			assert.Equal(t, want, money.MustParse(a).Cmp(money.MustParse(b)), "%s and %s", a, b)
			assert.Equal(t, want == 0, money.MustParse(a).Equal(money.MustParse(b)), "%s and %s", a, b)
		}
	}
}

func TestEqualComparesAmountsAndOperatorsScaleToo(t *testing.T) {
	cents, tenths := money.MustParse("0.70"), money.MustParse("0.7")

	assert.True(t, cents.Equal(tenths))
	assert.True(t, money.MustParse("0.00").Equal(money.Decimal{}))
	assert.False(t, cents == tenths)
	assert.True(t, cents == money.New(70, -2))
	assert.True(t, cents == money.MustParse("0.35").Add(money.MustParse("0.35")))
	assert.Len(t, map[money.Decimal]bool{cents: true, tenths: true, money.New(70, -2): true}, 2)
}

func TestSignAndIsZero(t *testing.T) {
	for text, want := range map[string]int{
		"0": 0, "0.00": 0, "-0.0": 0, "0e5": 0, "0.01": 1, "100": 1, "1e-64": 1, "-0.001": -1, "-20": -1,
	} {
		d := money.MustParse(text)
		assert.Equal(t, want, d.Sign(), text)
		assert.Equal(t, want == 0, d.IsZero(), text)
	}
}

func TestShowsAsText(t *testing.T) {
	for text, want := range map[string]string{"0.70": "0.70", "10.00": "10.00", "1E+20": "100000000000000000000"} {
		d := money.MustParse(text)
		for _, format := range []string{"%v", "%s", "%+v"} {
			assert.Equal(t, want, fmt.Sprintf(format, d))
			assert.Equal(t, "{"+want+"}", strings.Replace(fmt.Sprintf(format, struct{ Value money.Decimal }{d}), "Value:", "", 1))
		}
		assert.Equal(t, `money.MustParse("`+want+`")`, fmt.Sprintf("%#v", d))
	}
	assert.Equal(t, `money.MustParse("0")`, fmt.Sprintf("%#v", money.Decimal{}))
}

func TestLogsAsText(t *testing.T) {
	drop := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key != "price" {
			return slog.Attr{}
		}
		return a
	}}
	var text, json bytes.Buffer
	slog.New(slog.NewTextHandler(&text, drop)).Info("", "price", money.New(70, -2))
	slog.New(slog.NewJSONHandler(&json, drop)).Info("", "price", money.New(70, -2))

	assert.Equal(t, "price=0.70\n", text.String())
	assert.JSONEq(t, `{"price":"0.70"}`, json.String())
}

// The settings of the decimal package are variables; a program that changes them for itself must not change amounts.
func TestSettingsOfTheDecimalPackageDoNotMatter(t *testing.T) {
	trim, scientific, exponent := decimal.TrimTrailingZeros, decimal.UseScientificNotation, decimal.MaxDecodeExponent
	t.Cleanup(func() {
		decimal.TrimTrailingZeros, decimal.UseScientificNotation, decimal.MaxDecodeExponent = trim, scientific, exponent
	})
	decimal.TrimTrailingZeros, decimal.UseScientificNotation, decimal.MaxDecodeExponent = true, true, 1

	assert.Equal(t, "10.00", money.MustParse("4.50").Add(money.MustParse("5.50")).String())
	assert.Equal(t, "0.0001200", money.MustParse("1.200e-4").String())
	assert.Equal(t, "500", money.MustParse("5e2").String())
	assert.Equal(t, "1500", money.FromInt(1499).Round(-1).String())
}

func TestNoMethodSpeaksInFloats(t *testing.T) {
	d := reflect.TypeFor[*money.Decimal]()
	require.NotZero(t, d.NumMethod())
	for i := range d.NumMethod() {
		method := d.Method(i)
		for j := range method.Type.NumIn() {
			assert.NotContains(t, method.Type.In(j).Kind().String(), "float", method.Name)
		}
		for j := range method.Type.NumOut() {
			assert.NotContains(t, method.Type.Out(j).Kind().String(), "float", method.Name)
		}
	}
}
