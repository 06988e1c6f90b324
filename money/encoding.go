// Encoding: JSON numbers on the wire; text for flags, XML, environment variables and map keys.

package money

import (
	"encoding/json"
	"fmt"
)

// MarshalJSON writes a bare number in plain notation with its scale: 0.70, never "0.70" or 7e-1. It fails only for a
// result of arithmetic that is beyond the bounds of the package comment.
func (d Decimal) MarshalJSON() ([]byte, error) { return d.MarshalText() }

// UnmarshalJSON reads a number, or a number in quotes, by the grammar of [Parse]. A null is an amount that is not
// there, and gives 0. On an error the value stays as it was.
func (d *Decimal) UnmarshalJSON(data []byte) error {
	switch {
	case string(data) == "null":
		*d = Decimal{}
		return nil
	case len(data) > maxLength+len(`""`):
		return refuse(string(data[:maxLength]), ErrRange)
	case len(data) > 0 && data[0] == '"':
		// Through encoding/json, because .NET may write the plus sign of an exponent as \u002B.
		var text string
		if err := json.Unmarshal(data, &text); err != nil {
			return refuse(string(data), ErrSyntax)
		}
		return d.UnmarshalText([]byte(text))
	default:
		return d.UnmarshalText(data)
	}
}

// MarshalText writes what [Decimal.String] returns. It fails only for a result of arithmetic that is beyond the
// bounds of the package comment.
func (d Decimal) MarshalText() ([]byte, error) {
	if !inBounds(d.text) {
		return nil, fmt.Errorf("money: %s is %w: round it first", excerpt(d.text), ErrRange)
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads what [Parse] reads; empty text is an error. On an error the value stays as it was.
func (d *Decimal) UnmarshalText(text []byte) error {
	// Converting is where a huge input would cost memory, so its length is looked at first.
	if len(text) > maxLength {
		return refuse(string(text[:maxLength]), ErrRange)
	}
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
