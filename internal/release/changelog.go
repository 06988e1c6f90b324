// CHANGELOG.md: what its Unreleased section owns up to, and turning that section into a version's.

package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

const changelogFile = "CHANGELOG.md"

// changelog is the file in three pieces that make up the whole of it.
type changelog struct {
	before     string // up to and with the heading of Unreleased
	unreleased string // what is below that heading
	after      string // from the heading of the last version on
}

var (
	unreleasedHeading = regexp.MustCompile(`(?mi)^## \[?Unreleased\]?[ \t]*\r?$`)
	versionHeading    = regexp.MustCompile(`(?m)^## `)
	kindHeading       = regexp.MustCompile(`(?m)^### .*$`)
	entry             = regexp.MustCompile(`(?m)^[-*] +\S`)
)

// readChangelog fails when there is no file or no section "## Unreleased" in it.
func (r repository) readChangelog() (changelog, error) {
	text, err := os.ReadFile(filepath.Join(r.dir, changelogFile))
	if err != nil {
		return changelog{}, err
	}
	return parseChangelog(string(text))
}

func parseChangelog(text string) (changelog, error) {
	at := unreleasedHeading.FindStringIndex(text)
	if at == nil {
		return changelog{}, errors.New(changelogFile + ` has no section "## Unreleased"`)
	}
	end := len(text)
	if next := versionHeading.FindStringIndex(text[at[1]:]); next != nil {
		end = at[1] + next[0]
	}
	return changelog{before: text[:at[1]], unreleased: text[at[1]:end], after: text[end:]}, nil
}

// hasEntries tells whether anything is listed in Unreleased.
func (c changelog) hasEntries() bool { return entry.MatchString(c.unreleased) }

// kind returns the entries below "### <name>" in Unreleased, "" if there are none.
func (c changelog) kind(name string) string {
	headings := kindHeading.FindAllStringIndex(c.unreleased, -1)
	for i, at := range headings {
		if !strings.EqualFold(strings.TrimSpace(c.unreleased[at[0]+len("### "):at[1]]), name) {
			continue
		}
		end := len(c.unreleased)
		if i+1 < len(headings) {
			end = headings[i+1][0]
		}
		if body := c.unreleased[at[1]:end]; entry.MatchString(body) {
			return body
		}
	}
	return ""
}

// ownsUpTo tells whether the entries of "### Breaking" name a package, in backquotes as the CHANGELOG writes packages.
func (c changelog) ownsUpTo(path string) bool {
	return strings.Contains(c.kind("Breaking"), "`"+path+"`")
}

// release gives the unreleased entries to a version. It returns the new text of the file, and the section that the version
// has in it, whose heading is without its marks.
func (c changelog) release(version string, day time.Time) (text, section string) {
	title := version + " - " + day.UTC().Format(time.DateOnly)
	entries := "\n\n" + strings.TrimSpace(c.unreleased) + "\n"
	text = c.before + "\n\n## " + title + entries
	if c.after != "" {
		text += "\n" + c.after
	}
	return text, title + entries
}
