// Package terminal renders the catalogue's long texts, which are CommonMark, for a terminal. It is kept apart from package
// catalogue so that only those who write to terminals import the library (glamour).
package terminal

import (
	"html"
	"regexp"
	"strings"
	"unicode"

	"charm.land/glamour/v2"
	"charm.land/glamour/v2/styles"
)

// Render returns the text for a terminal of that many columns (80 if it is not positive). In colour it has ANSI sequences;
// without, it is plain text. Control characters in the text, which could move a terminal's cursor or change its title, are taken out first.
func Render(commonMark string, columns int, colour bool) (string, error) {
	if columns <= 0 {
		columns = 80
	}
	style := styles.NoTTYStyle
	if colour {
		style = styles.DarkStyle
	}
	renderer, err := glamour.NewTermRenderer(glamour.WithStandardStyle(style), glamour.WithWordWrap(columns))
	if err != nil {
		return "", err
	}
	return renderer.Render(printable(commonMark))
}

// reference matches a character by its number, which CommonMark turns into the character.
var reference = regexp.MustCompile(`&#[xX]?[0-9a-fA-F]+;?`)

// printable drops control characters other than line breaks and tabs, however they are written.
func printable(text string) string {
	text = reference.ReplaceAllStringFunc(text, func(written string) string {
		if strings.IndexFunc(html.UnescapeString(written), isControl) >= 0 {
			return "\ufffd" // not nothing, since what stands around it could then make another
		}
		return written
	})
	return strings.Map(func(r rune) rune {
		if isControl(r) {
			return -1
		}
		return r
	}, text)
}

func isControl(r rune) bool { return r != '\n' && r != '\t' && unicode.IsControl(r) }
