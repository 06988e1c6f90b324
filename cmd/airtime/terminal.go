// What is different where somebody looks at a terminal: a line that is written over, and texts in colour.

package main

import (
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/airtime-go/airtime/facade/ding/catalogue/terminal"
)

// isTerminal reports whether what is written goes to a device for people, and not to a file or a pipe.
func (a *app) isTerminal(w io.Writer) bool {
	file, ok := w.(interface{ Stat() (fs.FileInfo, error) })
	if !ok || a.getenv("TERM") == "dumb" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&fs.ModeCharDevice != 0
}

// statusLine is whether the last line of stderr is one that will be written over.
type statusLine struct {
	mu   sync.Mutex
	open bool
}

// wipe goes back to the beginning of a line and empties it.
const wipe = "\r\x1b[K"

// showStatus tells people how far something is: on one line that is written over, or line by line where that is not a terminal. With
// -v the log tells more.
func (a *app) showStatus(format string, args ...any) {
	if a.json || a.verbose {
		return
	}
	text := "airtime: " + fmt.Sprintf(format, args...)
	a.status.mu.Lock()
	defer a.status.mu.Unlock()
	if a.isTerminal(a.stderr.to) {
		a.status.open = true
		_, _ = io.WriteString(a.stderr, wipe+text)
		return
	}
	_, _ = io.WriteString(a.stderr, text+"\n")
}

// clearStatus makes room for something that stays.
func (a *app) clearStatus() {
	a.status.mu.Lock()
	defer a.status.mu.Unlock()
	if a.status.open {
		a.status.open = false
		_, _ = io.WriteString(a.stderr, wipe)
	}
}

// blankEnd is what fills a rendered line up to the width of the page, in colour or not.
var blankEnd = regexp.MustCompile(`(?:\x1b\[[0-9;]*m|[ \t])+$`)

// rendered writes CommonMark for people: in colour on a terminal, plain elsewhere. NO_COLOR is https://no-color.org.
func (a *app) rendered(commonMark string) (string, error) {
	columns, _ := strconv.Atoi(a.getenv("COLUMNS")) // otherwise as wide as terminal has it
	text, err := terminal.Render(a.stdout.redact(commonMark), columns, a.isTerminal(a.stdout.to) && a.getenv("NO_COLOR") == "")
	if err != nil {
		return "", err
	}
	all := strings.Split(text, "\n")
	for i, line := range all {
		all[i] = blankEnd.ReplaceAllString(line, "")
		if strings.Contains(all[i], "\x1b") {
			all[i] += "\x1b[m"
		}
	}
	// What turns the direction of writing could make a text read as another one.
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, strings.Trim(strings.Join(all, "\n"), "\n")+"\n"), nil
}
