package pipeline

import (
	"cmp"
	"html"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// redacted stands where something was taken out.
const redacted = "[redacted]"

// Scrubber takes out of a text what nobody may see. It is always a pointer in what others may print: fmt shows a pointer
// inside a struct as an address. A nil one knows no secrets.
type Scrubber struct {
	// secrets are the client's own, and private is what a request says of the customer.
	secrets, private []string
}

// Scrubber returns one that knows the client's secrets as they are now, and what a request says of the customer.
func (p *Pipeline) Scrubber(private ...string) *Scrubber {
	return &Scrubber{secrets: slices.Clone(p.settings.Credentials.Secrets()), private: private}
}

// shortestSecret keeps a toy key such as "x" from blotting out every text.
const shortestSecret = 4

// Redact takes out what the scrubber knows, however it is spelled, and leaves the text as it is otherwise. The longest
// goes first, since one may be the beginning of another.
func (s *Scrubber) Redact(text string) string {
	if s == nil {
		return text
	}
	known := slices.Concat(s.secrets, s.private)
	slices.SortFunc(known, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, secret := range known {
		text = redactSpelled(text, secret)
	}
	return text
}

// HoldsSecret reports whether a text repeats one of the client's own secrets.
func (s *Scrubber) HoldsSecret(text string) bool {
	return s != nil && slices.ContainsFunc(s.secrets, func(secret string) bool { return redactSpelled(text, secret) != text })
}

// Scrub takes what the scrubber knows out of a text that came from outside, drops what cannot be printed, and bounds it.
func (s *Scrubber) Scrub(text string) string {
	const longest = 200
	// First of all, since an invisible character can hide a secret from those who look for it.
	text = s.Redact(printable(beginning(text)))
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + "…"
	}
	return text
}

// Shown is Scrub for words that have no business to hold an account number or a PIN, such as codes: whatever may be one is
// taken out too, since nobody keeps a service from echoing what it was sent.
func (s *Scrubber) Shown(text string) string { return number.ReplaceAllString(s.Scrub(text), redacted) }

// Scrub is the scrubber's, for what the request was sent with.
func (a Answer) Scrub(text string) string { return a.scrub.Scrub(text) }

// Shown is the scrubber's, for what the request was sent with.
func (a Answer) Shown(text string) string { return a.scrub.Shown(text) }

// HoldsSecret is the scrubber's, for what the request was sent with.
func (a Answer) HoldsSecret(text string) bool { return a.scrub.HoldsSecret(text) }

var (
	markup = regexp.MustCompile(`(?is)<(script|style)\b.*?</(script|style)>|<[^>]*>`)
	// opaque matches what looks like a key or token: long, and nothing a person would write.
	opaque = regexp.MustCompile(`[A-Za-z0-9+/_=.~-]{24,}`)
	// number matches what may be an account number or a PIN, however it is grouped.
	number = regexp.MustCompile(`\d[\d .()-]{5,}\d`)
	// digits matches an account number as the services spell it. It leaves IP addresses alone.
	digits = regexp.MustCompile(`\d{7,}`)
)

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
	text = a.scrub.Redact(text)
	text = html.UnescapeString(markup.ReplaceAllString(text, " "))
	text = strings.Join(strings.Fields(printable(text)), " ")
	text = a.scrub.Redact(text)
	text = opaque.ReplaceAllString(text, redacted)
	text = number.ReplaceAllString(text, redacted)
	return a.Scrub(text)
}
