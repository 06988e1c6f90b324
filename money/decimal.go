// The type itself, how a value is made from integers, and the arithmetic that amounts need.

package money

import (
	"fmt"
	"log/slog"
	"math/big"
	"strings"

	"github.com/shopspring/decimal"
)

// MaxDigits is how many digits a number may have before the point and, counted separately, after it; see the
// package comment. Exponents may be as large, in either direction.
const MaxDigits = 64

// Decimal is an exact decimal number together with its scale: 0.7 and 0.70 are equal amounts and print differently.
// The zero value is 0. A Decimal is immutable, may be copied and shared between goroutines, and keeps the promise
// that == holds for two values of the same amount and scale.
type Decimal struct {
	// text is the number in plain notation: "-" only before an amount below zero, no needless leading zeros, no
	// exponent. It is empty for a plain 0, so that Parse("0") == Decimal{}. Keeping text makes decoding a
	// catalogue cheap and == meaningful; arithmetic converts.
	text string
}

// New returns coefficient × 10^exponent; New(70, -2) is 0.70, and New(5, 1) is 50. It panics if the number is beyond
// the bounds of the package comment, which only an exponent of unusual size can cause: use [Parse] for input that
// comes from elsewhere.
func New(coefficient int64, exponent int32) Decimal {
	if exponent < -MaxDigits || exponent > MaxDigits {
		panic(fmt.Sprintf("money: exponent %d is beyond ±%d", exponent, MaxDigits))
	}
	d := fromNumber(decimal.New(coefficient, exponent))
	if !inBounds(d.text) {
		panic(fmt.Sprintf("money: %de%d has more than %d digits", coefficient, exponent, MaxDigits))
	}
	return d
}

// FromInt returns a whole amount, with no digits after the point.
func FromInt(amount int64) Decimal { return fromNumber(decimal.NewFromInt(amount)) }

// String returns the number in plain notation, with its scale and never with an exponent: "0.70", "10.00", "-3".
func (d Decimal) String() string {
	if d.text == "" {
		return "0"
	}
	return d.text
}

// GoString returns the Go expression for the value, which is what %#v prints.
func (d Decimal) GoString() string { return fmt.Sprintf("money.MustParse(%q)", d.String()) }

// LogValue logs the text, so that a JSON log keeps the scale whatever reads it.
func (d Decimal) LogValue() slog.Value { return slog.StringValue(d.String()) }

// Places returns the number of digits after the point, trailing zeros included: 2 for 10.00, 0 for 10, 7 for 1e-7.
func (d Decimal) Places() int {
	_, fraction, _ := strings.Cut(d.text, ".")
	return len(fraction)
}

// IsZero reports whether the amount is 0 at any scale. It makes the struct tag omitzero leave such amounts out.
func (d Decimal) IsZero() bool { return d.Sign() == 0 }

// Sign returns -1 for an amount below zero, 0 for zero and 1 for an amount above it.
func (d Decimal) Sign() int {
	switch {
	case strings.Trim(d.text, "0.") == "":
		return 0
	case d.text[0] == '-':
		return -1
	default:
		return 1
	}
}

// Cmp returns -1 if d is less than other, 0 if the amounts are equal, and 1 if d is greater.
func (d Decimal) Cmp(other Decimal) int { return d.number().Cmp(other.number()) }

// Equal reports whether the amounts are equal, whatever their scales: 0.7 equals 0.70.
func (d Decimal) Equal(other Decimal) bool { return d == other || d.Cmp(other) == 0 }

// Add returns d + other, with as many places as the one that has more.
func (d Decimal) Add(other Decimal) Decimal { return fromNumber(d.number().Add(other.number())) }

// Sub returns d - other, with as many places as the one that has more.
func (d Decimal) Sub(other Decimal) Decimal { return fromNumber(d.number().Sub(other.number())) }

// Mul returns d × other, exactly: the places of the two add up. Round the product to the currency's places.
func (d Decimal) Mul(other Decimal) Decimal { return fromNumber(d.number().Mul(other.number())) }

// Neg returns -d.
func (d Decimal) Neg() Decimal { return fromNumber(d.number().Neg()) }

// Abs returns the amount without its sign.
func (d Decimal) Abs() Decimal { return fromNumber(d.number().Abs()) }

// Round returns the amount with exactly that many places, padded with zeros or rounded; a half is rounded away from
// zero, so 2.345 becomes 2.35 and -2.345 becomes -2.35. Negative places round to tens, hundreds and so on. It panics
// if places is beyond ±[MaxDigits].
func (d Decimal) Round(places int) Decimal {
	if places < -MaxDigits || places > MaxDigits {
		panic(fmt.Sprintf("money: cannot round to %d places, the most is ±%d", places, MaxDigits))
	}
	return fromNumber(d.number().Round(int32(places)))
}

// number converts to the arithmetic type. It goes by way of an integer because decimal.NewFromString obeys
// decimal.MaxDecodeExponent, a variable that any package of the program may change.
func (d Decimal) number() decimal.Decimal {
	return scaled(strings.Replace(d.String(), ".", "", 1), -d.Places())
}

// scaled returns digits × 10^exponent. The digits come from a Decimal or from the grammar, so they are an integer.
func scaled(digits string, exponent int) decimal.Decimal {
	coefficient, ok := new(big.Int).SetString(digits, 10)
	if !ok {
		panic("money: a value that is not a number: " + excerpt(digits))
	}
	return decimal.NewFromBigInt(coefficient, int32(exponent))
}

// fromNumber writes the number out. StringFixed is the one method whose result no package variable can change.
func fromNumber(n decimal.Decimal) Decimal {
	text := n.StringFixed(max(0, -n.Exponent()))
	if text == "0" {
		return Decimal{}
	}
	return Decimal{text: text}
}
