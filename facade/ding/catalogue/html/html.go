// Package html renders the catalogue's long texts, which are CommonMark, to HTML. It is kept apart from package catalogue so
// that only those who show HTML import the library (goldmark).
package html

import (
	"bytes"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
)

// markdown leaves raw HTML out and drops links whose scheme can run something (javascript: and the like): the texts are
// somebody else's.
var markdown = goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Linkify))

// Render returns the text as a piece of HTML that is safe to put into a page: raw HTML in the text is left out, and so are links
// that could run a script. An empty text is empty.
func Render(commonMark string) (string, error) {
	var page bytes.Buffer
	err := markdown.Convert([]byte(commonMark), &page)
	return page.String(), err
}
