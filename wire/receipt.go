// Receipts: their text and parameters can hold a voucher's PIN, so they show in JSON and nowhere else.

package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"strings"
)

const redacted = "[redacted]"

// errReceiptText and errReceiptParams quote nothing of what was refused: it may hold a PIN.
var (
	errReceiptText   = errors.New("wire: a receipt text is not valid JSON")
	errReceiptParams = errors.New("wire: receipt parameters are not a JSON object")
)

// ReceiptText is the text of a receipt. It may hold the PIN of a voucher, which is money to whoever reads it, so fmt
// and slog show it as [redacted], and an empty one as nothing. The text itself is string(text) or [ReceiptText.Reveal].
//
// JSON carries the true text in both directions, since that is how it travels. Therefore slog's JSON handler, given a
// struct with a ReceiptText in it, writes the text as well, unless the struct has a LogValue method of its own; the
// generated models have one. In two more places fmt calls no methods, so that the value does show: an
// unexported field of a struct, and a verb that fmt itself finds wrong for the value, which is %w for anything but an
// error (go vet refuses it) and %p for a text.
type ReceiptText string

// Reveal returns the true text.
func (t ReceiptText) Reveal() string { return string(t) }

// String returns [redacted], or "" for an empty text.
func (t ReceiptText) String() string { return shown(len(t)) }

// GoString returns what String returns.
func (t ReceiptText) GoString() string { return t.String() }

// Format writes what String returns, whatever the verb and its flags.
func (t ReceiptText) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// LogValue logs what String returns.
func (t ReceiptText) LogValue() slog.Value { return slog.StringValue(t.String()) }

// UnmarshalJSON reads a string; null is an empty text, and anything else is kept as its JSON text, since an answer
// about money that has moved should not be lost over its receipt.
func (t *ReceiptText) UnmarshalJSON(data []byte) error {
	text, err := literalText(data)
	if err != nil {
		return errReceiptText
	}
	*t = ReceiptText(text)
	return nil
}

// ReceiptParams are the parameters of a receipt by name, "pin" among them where there is one; names come and go.
// They are redacted as [ReceiptText] is, names included, with the same limits. A value is params["pin"], and all of
// them are [ReceiptParams.Reveal].
type ReceiptParams map[string]string

// Reveal returns a copy of the true parameters, nil if there are none.
func (p ReceiptParams) Reveal() map[string]string { return maps.Clone(map[string]string(p)) }

// String returns [redacted], or "" for empty parameters.
func (p ReceiptParams) String() string { return shown(len(p)) }

// GoString returns what String returns.
func (p ReceiptParams) GoString() string { return p.String() }

// Format writes what String returns, whatever the verb and its flags.
func (p ReceiptParams) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.String()) }

// LogValue logs what String returns.
func (p ReceiptParams) LogValue() slog.Value { return slog.StringValue(p.String()) }

// UnmarshalJSON reads an object, and replaces what the map held; null gives nil. A value that is null becomes "", and
// one that is no string (a number, a boolean) is kept as its JSON text, digits and all.
func (p *ReceiptParams) UnmarshalJSON(data []byte) error {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(data, &values); err != nil {
		return errReceiptParams
	}
	if values == nil {
		*p = nil
		return nil
	}
	params := make(ReceiptParams, len(values))
	for name, value := range values {
		text, err := literalText(value)
		if err != nil {
			return errReceiptParams
		}
		params[name] = text
	}
	*p = params
	return nil
}

// literalText returns what a JSON string says, nothing for null, and any other value as it is written, without the
// blanks that mean nothing. Bytes that are no UTF-8 are replaced, as encoding/json does in strings, so that the text
// can be written again as it was read.
func literalText(data []byte) (string, error) {
	if string(data) == "null" {
		return "", nil
	}
	if len(data) > 0 && data[0] == '"' {
		var text string
		err := json.Unmarshal(data, &text)
		return text, err
	}
	var compact bytes.Buffer
	err := json.Compact(&compact, data)
	return strings.ToValidUTF8(compact.String(), "\uFFFD"), err
}

// shown stands for a secret of that length: something where there is something, and nothing where there is nothing.
func shown(length int) string {
	if length == 0 {
		return ""
	}
	return redacted
}
