// How a service may repeat a secret: as it is, or with characters escaped for a URL, for HTML or for JSON. Which ones get
// escaped differs from writer to writer, so each character may be in any of its forms. Every text of a failed attempt is
// looked through for every secret, and account numbers change with each call: nothing is compiled or kept for that.

package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// redactSpelled takes a secret out of a text, in whatever spelling. A toy one stays.
func redactSpelled(text, secret string) string {
	if len(secret) < shortestSecret {
		return text
	}
	plain := strings.IndexFunc(secret, escapable)
	if plain < 0 {
		return strings.ReplaceAll(text, secret, redacted)
	}
	var out strings.Builder
	written := 0
	for at := 0; at < len(text); {
		// What the secret begins with is spelled in one way only up to its first odd character.
		if !strings.HasPrefix(text[at:], secret[:plain]) {
			next := strings.Index(text[at:], secret[:plain])
			if next < 0 {
				break
			}
			at += next
		}
		end := spelledUntil(text, at+plain, secret[plain:])
		if end < 0 {
			_, size := utf8.DecodeRuneInString(text[at:])
			at += size
			continue
		}
		out.WriteString(text[written:at])
		out.WriteString(redacted)
		at, written = end, end
	}
	if written == 0 {
		return text
	}
	return out.String() + text[written:]
}

// escapable reports a character that writers may escape; letters and digits of ASCII never are.
func escapable(char rune) bool {
	return !('a' <= char && char <= 'z' || 'A' <= char && char <= 'Z' || '0' <= char && char <= '9')
}

// spelledUntil returns the end of the longest spelling of the secret that begins there in the text; -1 if there is none.
// Several can, since what escapes one character may be another: a backslash, an ampersand, a percent sign.
func spelledUntil(text string, at int, secret string) int {
	ends := []int{at}
	for _, char := range secret {
		var next []int
		for _, end := range ends {
			next = appendEnds(next, text, end, char)
		}
		if len(next) == 0 {
			return -1
		}
		slices.Sort(next)
		ends = slices.Compact(next)
	}
	return ends[len(ends)-1]
}

// appendEnds appends where the spellings of a character end that begin there in the text.
func appendEnds(ends []int, text string, at int, char rune) []int {
	rest := text[at:]
	if size := literal(rest, char); size > 0 {
		ends = append(ends, at+size)
	}
	if rest == "" || !escapable(char) {
		return ends
	}
	switch rest[0] {
	case '\\':
		if size := literal(rest[1:], char); size > 0 {
			ends = append(ends, at+1+size)
		}
		ends = appendFolded(ends, rest, at, inJSON(char))
	case '%':
		ends = appendFolded(ends, rest, at, inURL(char))
	case '&':
		if name := named[char]; name != "" && strings.HasPrefix(rest, name) {
			ends = append(ends, at+len(name))
		}
		if size := entity(rest, char); size > 0 {
			ends = append(ends, at+size)
		}
	case ' ', '+':
		if unicode.IsSpace(char) {
			ends = append(ends, at+1)
		}
	}
	return ends
}

// literal returns the length of the character if the text begins with it. Bytes that are no UTF-8 count as what stands for
// them.
func literal(text string, char rune) int {
	if first, size := utf8.DecodeRuneInString(text); first == char {
		return size
	}
	return 0
}

func appendFolded(ends []int, rest string, at int, spelling string) []int {
	if len(rest) >= len(spelling) && strings.EqualFold(rest[:len(spelling)], spelling) {
		ends = append(ends, at+len(spelling))
	}
	return ends
}

// inJSON writes a character as JSON's number for it, which is two for one beyond 16 bits.
func inJSON(char rune) string {
	if high, low := utf16.EncodeRune(char); high != unicode.ReplacementChar {
		return fmt.Sprintf(`\u%04x\u%04x`, high, low)
	}
	return fmt.Sprintf(`\u%04x`, char)
}

// inURL writes every octet of a character as URLs do.
func inURL(char rune) string {
	var spelling strings.Builder
	for _, octet := range []byte(string(char)) {
		fmt.Fprintf(&spelling, "%%%02x", octet)
	}
	return spelling.String()
}

// named are HTML's names for what it has to escape.
var named = map[rune]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '"': "&quot;", '\'': "&apos;"}

// entity returns the length of HTML's number for a character, decimal or hexadecimal and with any zeros before it, if
// the text begins with it.
func entity(text string, char rune) int {
	after, found := strings.CutPrefix(text, "&#")
	if !found {
		return 0
	}
	value := fmt.Sprintf("%d;", char)
	if after != "" && (after[0] == 'x' || after[0] == 'X') {
		after, value = after[1:], fmt.Sprintf("%x;", char)
	}
	after = strings.TrimLeft(after, "0")
	if len(after) < len(value) || !strings.EqualFold(after[:len(value)], value) {
		return 0
	}
	return len(text) - len(after) + len(value)
}
