package catalogue

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape appends the text that stands between a JSON string's quotes. It reports false if an escape is none, or half of a
// surrogate pair, which encoding/json knows to replace.
func unescape(to, text []byte) ([]byte, bool) {
	for {
		plain := bytes.IndexByte(text, '\\')
		if plain < 0 {
			return append(to, text...), true
		}
		to = append(to, text[:plain]...)
		if text = text[plain+1:]; len(text) == 0 {
			return to, false
		}
		if text[0] == 'u' {
			r, length := unicodeEscape(text)
			if length == 0 {
				return to, false
			}
			to, text = utf8.AppendRune(to, r), text[length:]
			continue
		}
		b := escaped[text[0]]
		if b == 0 {
			return to, false
		}
		to, text = append(to, b), text[1:]
	}
}

// escaped is what a byte after a backslash stands for; RFC 8259, section 7.
var escaped = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unicodeEscape reads an escape such as u00e9, or ud83d\ude00 for a pair. The length is 0 if it is none.
func unicodeEscape(text []byte) (r rune, length int) {
	unit, ok := codeUnit(text)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(unit) {
		return unit, len("u0000")
	}
	rest := text[len("u0000"):]
	if len(rest) == 0 || rest[0] != '\\' {
		return 0, 0
	}
	low, ok := codeUnit(rest[1:])
	if pair := utf16.DecodeRune(unit, low); ok && pair != utf8.RuneError {
		return pair, len(`u0000\u0000`)
	}
	return 0, 0
}

func codeUnit(text []byte) (rune, bool) {
	if len(text) < len("u0000") || text[0] != 'u' {
		return 0, false
	}
	var unit rune
	for _, b := range text[1:5] {
		digit := strings.IndexByte("0123456789abcdef", b|0x20)
		if digit < 0 {
			return 0, false
		}
		unit = unit<<4 | rune(digit)
	}
	return unit, true
}

// isClean reports whether a text is UTF-8 without a byte below a blank, which JSON wants escaped. It passes over eight bytes of
// ASCII at a time.
func isClean(text []byte) bool {
	const blanks, highs = 0x2020202020202020, 0x8080808080808080
	for len(text) > 0 {
		if len(text) >= 8 {
			eight := binary.LittleEndian.Uint64(text)
			// A byte below a blank borrows from the next one, so only the lowest mark is certain.
			plain := bits.TrailingZeros64(((eight-blanks)|eight)&highs) / 8
			if text = text[plain:]; plain == 8 {
				continue
			}
		}
		if text[0] < ' ' {
			return false
		}
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 {
			return false
		}
		text = text[size:]
	}
	return true
}
