package main

// Drift: has the service changed since its document was committed? Answered in words, by what it means for callers.

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

// class is what a change means for programs that were written for the committed document.
type class string

const (
	breaking   class = "breaking"   // they can fail, or misread an answer
	compatible class = "compatible" // they go on working, and do not have what is new
	cosmetic   class = "cosmetic"   // they cannot tell
)

var classes = []class{breaking, compatible, cosmetic}

// change is one difference. It is the same for all operations that feel it.
type change struct {
	Class      class    `json:"class"`
	Operations []string `json:"operations"` // by operationId, sorted; none for what concerns the document as a whole
	Subject    string   `json:"subject"`    // such as "TransferRecord.Price"
	Text       string   `json:"text"`
	Meaning    string   `json:"meaning"` // for callers
}

// report is what drift prints.
type report struct {
	Source     string   `json:"source"`
	Against    string   `json:"against"`
	Decision   bool     `json:"decision"` // there is more than texts, or make spec would fail
	Breaking   int      `json:"breaking"`
	Compatible int      `json:"compatible"`
	Cosmetic   int      `json:"cosmetic"`
	Note       string   `json:"note,omitempty"` // why make spec would fail
	Changes    []change `json:"changes"`

	operations int // in the committed document
}

// Exit codes of -drift.
const (
	exitSame     = 0 // nothing changed, or texts only
	exitDecision = 1 // something changed that people have to decide about
	exitUnread   = 2 // no comparison was possible
)

// drift compares the service with the committed document and returns the exit code.
func drift(ctx context.Context, set settings, stdout, stderr io.Writer) int {
	found, err := findDrift(ctx, set)
	if err == nil {
		err = found.print(stdout, set.json)
	}
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "specsync: %s\n", shorten(err.Error()))
		return exitUnread
	case found.Decision:
		return exitDecision
	}
	return exitSame
}

func findDrift(ctx context.Context, set settings) (report, error) {
	committed, err := readCommitted(set.out)
	if err != nil {
		return report{}, err
	}
	base, err := read(ctx, set.source, io.Discard)
	if err != nil {
		return report{}, err
	}
	if part := field(base.Content[0], "components"); part != nil && field(part, "securitySchemes") == nil {
		setField(part, "securitySchemes", newMapping()) // where the overlay looks for them
	}
	if err := validate(ctx, []byte(toJSON(base.Content[0]))); err != nil {
		return report{}, fmt.Errorf("%s: is not a valid Swagger document: %w", sourceName(set.source), err)
	}
	// What make spec would write, and whether it would.
	overlaid, note, err := overlaidTree(ctx, base, set.overlay)
	if err != nil {
		return report{}, err
	}
	before := view(committed)
	changes := undoRenames(base.Content[0], overlaid, before)
	if len(changes) > 0 {
		// With the old names the overlay finds its targets again.
		if overlaid, _, err = overlaidTree(ctx, base, set.overlay); err != nil {
			return report{}, err
		}
	}
	taken := view(overlaid)
	restorer{root: clone(overlaid)}.restore(base.Content[0], overlaid)
	more, err := compare(before, view(overlaid))
	if err != nil {
		return report{}, fmt.Errorf("%s: cannot be compared: %w", sourceName(set.source), err)
	}
	hidden, err := compare(taken, view(overlaid))
	if err != nil {
		return report{}, fmt.Errorf("%s: cannot be compared: %w", sourceName(set.source), err)
	}
	return newReport(set, len(addresses(before)), note, append(changes, owned(more, hidden)...)), nil
}

const ownedMeaning = " The overlay has its own word here, which make spec keeps: change it there."

// owned marks the changes that make spec would not take over, since the overlay has its own word there, so that they would
// be told again for ever. Of texts the overlay's word is the one that counts, so those are not told.
func owned(changes, hidden []change) []change {
	same := func(a, b change) bool {
		return a.Subject == b.Subject && a.Text == b.Text && slices.Equal(a.Operations, b.Operations)
	}
	kept := changes[:0]
	for _, one := range changes {
		if slices.ContainsFunc(hidden, func(other change) bool { return same(one, other) }) {
			if one.Class == cosmetic {
				continue
			}
			one.Meaning += ownedMeaning
		}
		kept = append(kept, one)
	}
	return kept
}

func readCommitted(path string) (*yaml.Node, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	root, err := parseYAML(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if field(root, "openapi") == nil || field(root, "paths") == nil {
		return nil, fmt.Errorf("%s: is not an OpenAPI 3 document", path)
	}
	return root, nil
}

func parseYAML(data []byte) (*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) != 1 {
		return nil, fmt.Errorf("is empty")
	}
	return doc.Content[0], nil
}

// overlaidTree returns the document with the overlay, and the reason if make spec would refuse it. The base stays as it is.
func overlaidTree(ctx context.Context, base *yaml.Node, overlay string) (overlaid *yaml.Node, note string, err error) {
	doc := clone(base)
	if err := overlayOnto(doc, overlay, io.Discard); err != nil {
		return nil, "", err
	}
	overlaid = clone(doc.Content[0]) // an overlay can put the same node into several places
	arrange(overlaid, "document")
	if err := validate(ctx, []byte(toJSON(overlaid))); err != nil {
		note, _, _ = strings.Cut(err.Error(), "\n") // then come whole schemas
	}
	return overlaid, note, nil
}

func newReport(set settings, operations int, note string, changes []change) report {
	r := report{Source: sourceName(set.source), Against: set.out, Note: note, Changes: merged(changes), operations: operations}
	for _, one := range r.Changes {
		switch one.Class {
		case breaking:
			r.Breaking++
		case compatible:
			r.Compatible++
		case cosmetic:
			r.Cosmetic++
		}
	}
	r.Decision = r.Breaking+r.Compatible > 0 || note != ""
	return r
}

// merged makes one change of those that differ in their operations only, and puts the worst first.
func merged(changes []change) []change {
	all := []change{}
	place := map[string]int{}
	for _, one := range changes {
		key := strings.Join([]string{string(one.Class), one.Subject, one.Text, one.Meaning}, "\x00")
		at, found := place[key]
		if !found {
			at = len(all)
			place[key] = at
			all = append(all, one)
			all[at].Operations = []string{}
		}
		all[at].Operations = append(all[at].Operations, one.Operations...)
	}
	for i := range all {
		slices.Sort(all[i].Operations)
		all[i].Operations = slices.Compact(all[i].Operations)
	}
	slices.SortStableFunc(all, func(a, b change) int {
		return cmp.Or(cmp.Compare(slices.Index(classes, a.Class), slices.Index(classes, b.Class)),
			cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Text, b.Text))
	})
	return all
}

func (r report) print(w io.Writer, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(r)
	}
	_, err := io.WriteString(w, r.words())
	return err
}

func (r report) words() string {
	var b strings.Builder
	if len(r.Changes) == 0 {
		fmt.Fprintf(&b, "%s says what %s says: nothing changed.\n", r.Source, r.Against)
	} else {
		fmt.Fprintf(&b, "%s against %s: %d breaking, %d compatible, %d cosmetic.\n", r.Source, r.Against, r.Breaking, r.Compatible, r.Cosmetic)
	}
	if r.Note != "" {
		fmt.Fprintf(&b, "\nmake spec will not take this over before the overlay is changed: %s\n", r.Note)
	}
	for _, one := range r.Changes {
		fmt.Fprintf(&b, "\n- %s\n  %s\n", r.sentence(one), one.Meaning)
	}
	taken := func(one change) bool { return one.Class != cosmetic && !strings.HasSuffix(one.Meaning, ownedMeaning) }
	if r.Note == "" && slices.ContainsFunc(r.Changes, taken) {
		b.WriteString("\nmake spec takes this over: read its difference, then the façade, the sandbox and the changelog.\n")
	}
	return strings.Map(printable, b.String())
}

// printable keeps what a service calls its fields from moving a terminal's cursor.
func printable(r rune) rune {
	if r == '\n' || unicode.IsGraphic(r) {
		return r
	}
	return unicode.ReplacementChar
}

// namesShown is how many operations a line names.
const namesShown = 4

func (r report) sentence(one change) string {
	names := strings.Join(one.Operations[:min(namesShown, len(one.Operations))], ", ")
	switch more := len(one.Operations) - namesShown; {
	case names == "":
		return fmt.Sprintf("%s: %s", one.Text, one.Class)
	case more > 0 && len(one.Operations) == r.operations:
		names = fmt.Sprintf("all %d operations", r.operations)
	case more > 0:
		names = fmt.Sprintf("%s and %d more", names, more)
	}
	return fmt.Sprintf("%s: %s: %s", names, one.Text, one.Class)
}
