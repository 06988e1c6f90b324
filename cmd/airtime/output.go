// What goes to stdout: tables for people, the service's own fields as JSON. And to stderr, beside errors: warnings and
// notices.

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
)

// column is one column of a table of items.
type column[I any] struct {
	title string
	value func(I) string
}

// printList writes items as a table, or as one JSON array, which is never null.
func printList[I any](a *app, items []I, columns []column[I]) error {
	if a.json {
		if items == nil {
			items = []I{}
		}
		return a.printJSON(items)
	}
	if len(items) == 0 {
		a.notice("nothing found")
		return nil
	}
	rows := make([][]string, 0, len(items)+1)
	titles := make([]string, len(columns))
	for i, column := range columns {
		titles[i] = column.title
	}
	rows = append(rows, titles)
	for _, item := range items {
		row := make([]string, len(columns))
		for i, column := range columns {
			row[i] = shorten(column.value(item), i == len(columns)-1)
		}
		rows = append(rows, row)
	}
	return a.printRows(rows)
}

// field is one line of a description.
type field struct{ name, value string }

// printFields writes names and values below each other, and leaves out those without a value.
func (a *app) printFields(fields ...field) error {
	var rows [][]string
	for _, f := range fields {
		if f.value != "" {
			rows = append(rows, []string{f.name, f.value})
		}
	}
	return a.printRows(rows)
}

func (a *app) printRows(rows [][]string) error {
	var text bytes.Buffer
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, value := range row {
			row[i] = oneLine(value)
		}
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	var trimmed strings.Builder
	for line := range strings.Lines(text.String()) {
		trimmed.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return a.print([]byte(trimmed.String()))
}

// print writes a whole text to stdout.
func (a *app) print(text []byte) error {
	if _, err := a.stdout.Write(text); err != nil {
		return &outcomeError{outcome: facade.OutcomeTemporary, message: "the result could not be written: " + err.Error()}
	}
	return nil
}

func (a *app) printJSON(value any) error {
	text, err := marshal(value, "  ")
	if err != nil {
		return &outcomeError{outcome: facade.OutcomeRefused, message: "the answer cannot be written as JSON: " + err.Error()}
	}
	return a.print(text)
}

// withMember adds a member of our own to an object, whatever it holds.
func withMember(value any, name string, own any) (json.RawMessage, error) {
	member, err := marshal(own, "")
	if err != nil {
		return nil, err
	}
	text, err := marshal(value, "")
	if err != nil {
		return nil, err
	}
	object := bytes.TrimSuffix(bytes.TrimSpace(text), []byte("}"))
	if len(object) > 1 {
		object = append(object, ',')
	}
	return fmt.Appendf(object, "%q:%s}", name, bytes.TrimSpace(member)), nil
}

// marshal writes JSON with a line end, and leaves <, > and & alone: this is no HTML.
func marshal(value any, indent string) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	err := encoder.Encode(value)
	return text.Bytes(), err
}

// hold keeps a line for stderr until it is known that the run succeeds: where it fails, a program finds one JSON object
// there, the error.
func (a *app) hold(name string, value any) {
	a.held = append(a.held, func() { a.printJSONLine(name, value) })
}

// flush prints what was held.
func (a *app) flush() {
	for _, line := range a.held {
		line()
	}
	a.held = nil
}

// notice tells on stderr what is worth knowing about a result.
func (a *app) notice(format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	if a.json {
		a.hold("notice", map[string]string{"message": message})
		return
	}
	_, _ = fmt.Fprintf(a.stderr, "airtime: %s\n", message)
}

// warn tells on stderr that an answer came with a warning (ResultCode 2).
func (a *app) warn(operation string, codes []ding.ErrorCode) {
	if len(codes) == 0 {
		return
	}
	if a.json {
		a.hold("warning", map[string]any{"operation": operation, "codes": codePairs(codes)})
		return
	}
	parts := make([]string, len(codes))
	for i, code := range codes {
		parts[i] = oneLine(code.Code)
		if code.Context != "" {
			parts[i] += "/" + oneLine(code.Context)
		}
	}
	_, _ = fmt.Fprintf(a.stderr, "airtime: warning: %s answered %s\n", operation, strings.Join(parts, ", "))
}

// oneLine makes a text from outside safe for a terminal and for a table: no control characters, no line ends.
func oneLine(text string) string {
	printable := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
	return strings.Join(strings.Fields(printable), " ")
}

// lines is oneLine for each line of a text.
func lines(text string) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range all {
		all[i] = oneLine(line)
	}
	return strings.Join(all, "\n")
}

// shorten cuts a long text, which would push the other columns off the screen; the last one has more room, and --json
// has all of it.
func shorten(text string, last bool) string {
	longest := 60
	if last {
		longest = 120
	}
	runes := []rune(oneLine(text))
	if len(runes) <= longest {
		return string(runes)
	}
	return strings.TrimSpace(string(runes[:longest-1])) + "…"
}
