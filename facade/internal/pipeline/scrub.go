package pipeline

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// redacted stands where something was taken out.
const redacted = "[redacted]"

// scrubber takes secrets out of a text. It holds those of one client.
type scrubber []string

// shortestSecret keeps a toy key such as "x" from blotting out every text.
const shortestSecret = 4

func (s scrubber) secrets(text string) string {
	for _, secret := range s {
		if len(secret) >= shortestSecret {
			text = strings.ReplaceAll(text, secret, redacted)
			text = strings.ReplaceAll(text, url.QueryEscape(secret), redacted)
		}
	}
	return text
}

var (
	markup = regexp.MustCompile(`(?is)<(script|style)\b.*?</(script|style)>|<[^>]*>`)
	// opaque matches what looks like a key or token: long, and nothing a person would write.
	opaque = regexp.MustCompile(`[A-Za-z0-9+/_=.~-]{24,}`)
	// number matches what may be an account number.
	number = regexp.MustCompile(`\d[\d -]{5,}\d`)
)

// Scrub takes the client's secrets out of a text that came from outside, drops what cannot be printed, and bounds it.
func (a Answer) Scrub(text string) string {
	const longest = 200
	text = a.scrub.secrets(text)
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, text)
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + "…"
	}
	return text
}

// Excerpt returns the beginning of a body that could not be read, for a person: markup dropped, blanks folded, and
// everything that may be a secret or an account number taken out.
func (a Answer) Excerpt() string {
	const enough = 4096
	body := string(a.Body[:min(len(a.Body), enough)])
	text := html.UnescapeString(markup.ReplaceAllString(body, " "))
	text = strings.Join(strings.Fields(text), " ")
	text = a.scrub.secrets(text)
	text = opaque.ReplaceAllString(text, redacted)
	text = number.ReplaceAllString(text, redacted)
	return a.Scrub(text)
}
