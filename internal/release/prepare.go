// Preparing a release: every check first, then a commit and an annotated tag, on this machine only.

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// prepare makes version out of what is unreleased, and prints how to publish it and how to undo it. When it fails, the
// repository is as it was.
func prepare(ctx context.Context, repo repository, version string, now time.Time, out io.Writer) error {
	if err := checkVersion(ctx, repo, version); err != nil {
		return err
	}
	if err := repo.readyToRelease(ctx); err != nil {
		return err
	}
	log, err := repo.readChangelog()
	if err != nil {
		return err
	}
	if !log.hasEntries() {
		return fmt.Errorf("%s has no entries in Unreleased: a release tells what it changes", changelogFile)
	}
	if err := checkSize(ctx, repo, version, log, out); err != nil {
		return err
	}
	before, err := repo.git(ctx, "rev-parse", "HEAD")
	if err != nil {
		return err
	}
	text, section := log.release(version, now)
	if err := repo.commitAndTag(ctx, version, text, section); err != nil {
		// The tree was clean, so that all there is to lose is what was just written.
		if _, undo := repo.git(context.WithoutCancel(ctx), "reset", "--quiet", "--hard", before); undo != nil {
			return fmt.Errorf("%w; going back to %s failed as well: %w", err, before, undo)
		}
		return err
	}
	fmt.Fprintf(out, `%[1]s is prepared, and nothing was pushed.
  to read it:     git show %[1]s
  to publish it:  git push --atomic origin main %[1]s
  to undo it:     git tag -d %[1]s && git reset --keep %[2]s
`, version, before)
	return nil
}

// checkVersion holds version against the form of a release, the tags there are, and the module path.
func checkVersion(ctx context.Context, repo repository, version string) error {
	if !isRelease(version) {
		return fmt.Errorf("%q is not a version to release: it looks like v0.2.0", version)
	}
	path, err := repo.modulePath()
	if err != nil {
		return err
	}
	if err := admits(path, version); err != nil {
		return err
	}
	if tag, err := repo.git(ctx, "tag", "--list", version); err != nil {
		return err
	} else if tag != "" {
		return fmt.Errorf("there is a tag %s already", version)
	}
	tags, err := repo.releases(ctx)
	if err != nil {
		return err
	}
	if n := len(tags); n > 0 && semver.Compare(version, tags[n-1]) < 0 {
		return fmt.Errorf("%s is below the last release, %s", version, tags[n-1])
	}
	return nil
}

// admits tells whether the go command would take version for one of the module: from v2 on the path ends in the major.
func admits(path, version string) error {
	prefix, major, _ := module.SplitPathVersion(path)
	if module.CheckPathMajor(version, major) == nil {
		return nil
	}
	wanted := prefix
	if m := semver.Major(version); m != "v0" && m != "v1" {
		wanted += "/" + m
	}
	return fmt.Errorf("%s needs the module path %s: go.mod and every import say %s", version, wanted, path)
}

// checkSize compares the API with the last release's and holds version against what changed. What breaks is what the
// CHANGELOG says: it names all that the comparison found, or is refused, and the API is not all that can break.
func checkSize(ctx context.Context, repo repository, version string, log changelog, out io.Writer) error {
	last, changed, err := sinceLast(ctx, repo, out)
	if err != nil {
		return err
	}
	if err := ownedUp(repo, changed); err != nil || last == "" {
		return err
	}
	adds := log.kind("Added") != "" || slices.ContainsFunc(changed, func(d difference) bool { return len(d.adds) > 0 })
	least := leastAfter(last, log.kind("Breaking") != "", adds)
	if semver.Compare(version, least) >= 0 {
		return nil
	}
	path, err := repo.modulePath()
	if err != nil {
		return err
	}
	if err := admits(path, least); err != nil {
		return fmt.Errorf("%s is too small for what changed since %s, and %w", version, last, err)
	}
	return fmt.Errorf("%s is too small for what changed since %s: it is %s at the least", version, last, least)
}

// leastAfter is the smallest version that may follow last: a new major for what breaks, a new minor for what is added, else
// a new patch. Before v1 a new minor covers both.
func leastAfter(last string, breaks, adds bool) string {
	var major, minor, patch int
	fmt.Sscanf(last, "v%d.%d.%d", &major, &minor, &patch) // last is a release tag
	switch {
	case breaks && major > 0:
		return fmt.Sprintf("v%d.0.0", major+1)
	case breaks || adds:
		return fmt.Sprintf("v%d.%d.0", major, minor+1)
	default:
		return fmt.Sprintf("v%d.%d.%d", major, minor, patch+1)
	}
}

// commitAndTag writes the new CHANGELOG, commits it, and tags the commit with the version's section.
func (r repository) commitAndTag(ctx context.Context, version, text, section string) error {
	if err := os.WriteFile(filepath.Join(r.dir, changelogFile), []byte(text), 0o644); err != nil {
		return err
	}
	if _, err := r.git(ctx, "commit", "--quiet", "--message", "Release "+version, "--", changelogFile); err != nil {
		return err
	}
	// Git's usual clean-up would take the section's "###" headings for comments.
	_, err := r.gitWith(ctx, section, nil, "tag", "--annotate", "--cleanup=whitespace", "--file=-", version)
	return err
}
