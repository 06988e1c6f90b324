// Reading: the strict grammar, its bounds, and errors that quote no more than a short excerpt.

package money

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ErrSyntax is wrapped by the error for text that is no decimal number at all.
var ErrSyntax = errors.New("not a decimal number")

// ErrRange is wrapped by the error for a number beyond the bounds of the package comment, and for text that is
// longer than any number within them.
var ErrRange = fmt.Errorf("beyond %d digits before or after the point", MaxDigits)

const (
	// maxLength is room for a sign, a point, both sides of it and an exponent. Anything longer is refused unread.
	maxLength = 2*MaxDigits + 16
	// maxExcerpt is how many bytes of refused input an error shows.
	maxExcerpt = 24
)

// Parse reads a number such as "0.70", "-12" or "1E+2" and keeps its scale; an exponent is written out, so that
// "1E+2" is 100 and "1e-7" is 0.0000001. Minus zero is zero. The error wraps [ErrSyntax] or [ErrRange].
func Parse(text string) (Decimal, error) {
	if len(text) > maxLength {
		return Decimal{}, refuse(text, ErrRange)
	}
	written, err := scan(text)
	if err != nil {
		return Decimal{}, refuse(text, err)
	}
	d := written.decimal()
	if !inBounds(d.text) {
		return Decimal{}, refuse(text, ErrRange)
	}
	return d, nil
}

// MustParse is [Parse] for literals in the source: it panics where Parse returns an error.
func MustParse(text string) Decimal {
	d, err := Parse(text)
	if err != nil {
		panic(err)
	}
	return d
}

// literal is a number as it was written, cut into its parts.
type literal struct {
	sign, whole, fraction string
	exponent              int
	// plain is all before the exponent.
	plain string
}

// scan cuts the text up by the grammar of a JSON number (RFC 8259, section 6).
func scan(text string) (literal, error) {
	var l literal
	rest, negative := strings.CutPrefix(text, "-")
	if negative {
		l.sign = "-"
	}
	l.whole, rest = cutDigits(rest)
	if l.whole == "" || (len(l.whole) > 1 && l.whole[0] == '0') {
		return l, ErrSyntax
	}
	if after, ok := strings.CutPrefix(rest, "."); ok {
		if l.fraction, rest = cutDigits(after); l.fraction == "" {
			return l, ErrSyntax
		}
	}
	l.plain = text[:len(text)-len(rest)]
	if rest == "" {
		return l, nil
	}
	var err error
	l.exponent, err = scanExponent(rest)
	return l, err
}

// scanExponent reads the end of a number from its letter e on. It bounds the exponent while it is still text.
func scanExponent(text string) (int, error) {
	if text[0] != 'e' && text[0] != 'E' {
		return 0, ErrSyntax
	}
	rest, negative := strings.CutPrefix(text[1:], "-")
	if !negative {
		rest = strings.TrimPrefix(rest, "+")
	}
	digits, rest := cutDigits(rest)
	if digits == "" || rest != "" {
		return 0, ErrSyntax
	}
	// Atoi fails on what overflows an int, and that is beyond the bound as well.
	exponent, err := strconv.Atoi(digits)
	if err != nil || exponent > MaxDigits {
		return 0, ErrRange
	}
	if negative {
		exponent = -exponent
	}
	return exponent, nil
}

// cutDigits splits the text after its leading ASCII digits.
func cutDigits(text string) (digits, rest string) {
	end := 0
	for end < len(text) && '0' <= text[end] && text[end] <= '9' {
		end++
	}
	return text[:end], text[end:]
}

// decimal writes the number in plain notation. Without an exponent it is plain already, but for minus zero.
func (l literal) decimal() Decimal {
	if l.exponent != 0 {
		return fromNumber(scaled(l.sign+l.whole+l.fraction, l.exponent-len(l.fraction)))
	}
	if l.sign != "" && strings.Trim(l.plain, "-0.") == "" {
		l.plain = l.plain[len(l.sign):]
	}
	if l.plain == "0" {
		return Decimal{}
	}
	return Decimal{text: l.plain}
}

// inBounds reports whether a number in plain notation has at most MaxDigits digits on either side of the point.
func inBounds(text string) bool {
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	return len(whole) <= MaxDigits && len(fraction) <= MaxDigits
}

func refuse(text string, reason error) error {
	return fmt.Errorf("money: %s is %w", excerpt(text), reason)
}

// excerpt quotes the beginning of refused input: enough to find it, too little to fill a log.
func excerpt(text string) string {
	if len(text) <= maxExcerpt {
		return strconv.Quote(text)
	}
	end := maxExcerpt
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return strconv.Quote(text[:end]) + "…"
}
