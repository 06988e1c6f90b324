// Whether what changed in the API since the last release is owned up to.

package main

import (
	"context"
	"fmt"
	"io"
	"strings"
)

const deepen = "git fetch --unshallow --tags"

// compat prints what changed in the API since the last release, and fails if the CHANGELOG hides it.
func compat(ctx context.Context, repo repository, out io.Writer) error {
	_, changed, err := sinceLast(ctx, repo, out)
	if err != nil {
		return err
	}
	return ownedUp(repo, changed)
}

// sinceLast finds the last release and what changed in the API since, and prints both. Without a release it returns "":
// nothing has been promised.
func sinceLast(ctx context.Context, repo repository, out io.Writer) (last string, changed []difference, err error) {
	module, err := repo.modulePath()
	if err != nil {
		return "", nil, err
	}
	tags, err := repo.releases(ctx)
	if err != nil {
		return "", nil, err
	}
	if last = lastOf(tags, module); last == "" {
		return "", nil, printNothing(ctx, repo, module, out)
	}
	if changed, err = repo.differences(ctx, last); err != nil {
		return "", nil, err
	}
	printDifferences(out, last, changed)
	return last, changed, nil
}

func printNothing(ctx context.Context, repo repository, module string, out io.Writer) error {
	shallow, err := repo.isShallow(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "no release to compare with: HEAD reaches no tag vMAJOR.MINOR.PATCH of %s\n", module)
	if shallow {
		fmt.Fprintf(out, "(this is a shallow clone; %s brings what tags there are)\n", deepen)
	}
	return nil
}

func printDifferences(out io.Writer, last string, changed []difference) {
	if len(changed) == 0 {
		fmt.Fprintf(out, "the exported API is the one of %s\n", last)
		return
	}
	fmt.Fprintf(out, "the exported API against %s:\n", last)
	for _, diff := range changed {
		fmt.Fprintf(out, "\n%s: %d incompatible, %d compatible\n", diff.path, len(diff.breaks), len(diff.adds))
		for _, what := range diff.breaks {
			fmt.Fprintf(out, "  incompatible  %s\n", what)
		}
		for _, what := range diff.adds {
			fmt.Fprintf(out, "  compatible    %s\n", what)
		}
	}
	fmt.Fprintln(out)
}

// ownedUp fails if the CHANGELOG's Unreleased section is silent about changed packages: each that breaks somebody's program
// is to be named under "### Breaking", and no change of the API goes without an entry.
func ownedUp(repo repository, changed []difference) error {
	if len(changed) == 0 {
		return nil
	}
	log, err := repo.readChangelog()
	if err != nil {
		return err
	}
	var silent []string
	for _, diff := range changed {
		if len(diff.breaks) > 0 && !log.ownsUpTo(diff.path) {
			silent = append(silent, "`"+diff.path+"`")
		}
	}
	switch {
	case len(silent) > 0:
		return fmt.Errorf("incompatible changes that %s is silent about, in %s: take them back, or say under \"### Breaking\" in "+
			"Unreleased, with these names in backquotes, what callers have to do", changelogFile, strings.Join(silent, ", "))
	case !log.hasEntries():
		return fmt.Errorf("the API changed and %s has no entry for it in Unreleased", changelogFile)
	}
	return nil
}
