package pipeline

import (
	"cmp"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// redacted stands where something was taken out.
const redacted = "[redacted]"

// scrubber takes secrets out of a text. It holds those of one client, and is always a pointer in what others may
// print: fmt shows a pointer inside a struct as an address.
type scrubber struct{ known []string }

// shortestSecret keeps a toy key such as "x" from blotting out every text.
const shortestSecret = 4

// secrets takes the secrets out, the longest first, since one may be the beginning of another.
func (s *scrubber) secrets(text string) string {
	if s == nil {
		return text
	}
	longestFirst := slices.SortedFunc(slices.Values(s.known), func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, secret := range longestFirst {
		// No spelling is shorter than the secret itself.
		if len(secret) >= shortestSecret && len(secret) <= len(text) {
			text = spellings(secret).ReplaceAllLiteralString(text, redacted)
		}
	}
	return text
}

// named are HTML's names for what it has to escape.
var named = map[rune]string{'&': "amp", '<': "lt", '>': "gt", '"': "quot", '\'': "apos"}

// spellings matches a secret as it is and as a service may repeat it: with characters escaped for a URL, for HTML or
// for JSON. Which ones get escaped differs from writer to writer, so each character may be in any of these forms.
func spellings(secret string) *regexp.Regexp {
	var pattern strings.Builder
	for _, char := range secret {
		if 'a' <= char && char <= 'z' || 'A' <= char && char <= 'Z' || '0' <= char && char <= '9' {
			pattern.WriteRune(char)
			continue
		}
		fmt.Fprintf(&pattern, `(?:\\?%s|\\u(?i:%04x)|&#0*%d;|&#[xX]0*(?i:%x);|(?i:`, regexp.QuoteMeta(string(char)), char, char, char)
		for _, octet := range []byte(string(char)) {
			fmt.Fprintf(&pattern, "%%%02x", octet)
		}
		pattern.WriteString(")")
		if name, ok := named[char]; ok {
			pattern.WriteString("|&" + name + ";")
		}
		if unicode.IsSpace(char) {
			pattern.WriteString(`| |\+`)
		}
		pattern.WriteString(")")
	}
	return regexp.MustCompile(pattern.String())
}

var (
	markup = regexp.MustCompile(`(?is)<(script|style)\b.*?</(script|style)>|<[^>]*>`)
	// opaque matches what looks like a key or token: long, and nothing a person would write.
	opaque = regexp.MustCompile(`[A-Za-z0-9+/_=.~-]{24,}`)
	// number matches what may be an account number, however it is grouped.
	number = regexp.MustCompile(`\d[\d .()-]{5,}\d`)
	// digits matches an account number as the services spell it. It leaves IP addresses alone.
	digits = regexp.MustCompile(`\d{7,}`)
)

// Scrub takes the client's secrets out of a text that came from outside, drops what cannot be printed, and bounds it.
func (a Answer) Scrub(text string) string {
	const longest = 200
	// First of all, since an invisible character can hide a secret from those who look for it.
	text = a.scrub.secrets(printable(beginning(text)))
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + "…"
	}
	return text
}

// printable turns blanks of any kind into spaces, and drops everything else that cannot be seen.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsPrint(r):
			return r
		}
		return -1
	}, text)
}

// enough is how many bytes of a text are looked at, for the few of it that are shown.
const enough = 4096

// beginning cuts a text that nobody will read to its end. The last word goes as well: it may be half a secret, which
// nothing would recognise.
func beginning(text string) string {
	if len(text) <= enough {
		return text
	}
	text = text[:enough]
	if end := strings.LastIndexAny(text, " \t\r\n"); end >= 0 {
		text = text[:end]
	}
	return text
}

// Excerpt returns the beginning of a body that could not be read, for a person: markup dropped, blanks folded, and
// everything that may be a secret or an account number taken out.
func (a Answer) Excerpt() string {
	// One byte more tells beginning that there is more.
	text := beginning(string(a.Body[:min(len(a.Body), enough+1)]))
	// Once before markup is dropped, since a secret may hold angle brackets, and once after.
	text = a.scrub.secrets(text)
	text = html.UnescapeString(markup.ReplaceAllString(text, " "))
	text = strings.Join(strings.Fields(printable(text)), " ")
	text = a.scrub.secrets(text)
	text = opaque.ReplaceAllString(text, redacted)
	text = number.ReplaceAllString(text, redacted)
	return a.Scrub(text)
}
