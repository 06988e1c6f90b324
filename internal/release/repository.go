// What is asked of git: which releases there are, what a tag holds, whether the tree is fit to be released.

package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// repository is a git checkout with a Go module at its root.
type repository struct {
	dir string
}

// git runs one git command and returns what it printed, without the white space around it.
func (r repository) git(ctx context.Context, args ...string) (string, error) {
	return r.gitWith(ctx, "", nil, args...)
}

// gitWith is git with an input and with additions to the environment.
func (r repository) gitWith(ctx context.Context, input string, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin = strings.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return strings.TrimSpace(string(out)), nil
}

// modulePath reads the path of the module from its go.mod.
func (r repository) modulePath() (string, error) {
	text, err := os.ReadFile(filepath.Join(r.dir, "go.mod"))
	if err != nil {
		return "", err
	}
	path := modfile.ModulePath(text)
	if path == "" {
		return "", fmt.Errorf("%s names no module", filepath.Join(r.dir, "go.mod"))
	}
	return path, nil
}

// releases lists the release tags that HEAD can reach, in ascending order of their versions. Pre-releases promise nothing
// and are left out.
func (r repository) releases(ctx context.Context) ([]string, error) {
	out, err := r.git(ctx, "tag", "--merged", "HEAD")
	if err != nil {
		return nil, err
	}
	tags := slices.DeleteFunc(strings.Fields(out), func(tag string) bool { return !isRelease(tag) })
	semver.Sort(tags)
	return tags, nil
}

// isRelease tells whether version is of the form vMAJOR.MINOR.PATCH.
func isRelease(version string) bool {
	return semver.IsValid(version) && semver.Canonical(version) == version && semver.Prerelease(version) == ""
}

// lastOf returns the highest of tags, which ascend, that the module path admits (v0 and v1 for a path without a suffix, v2
// for one that ends in /v2), or "" when there is none: a new major version is a new module, which has promised nothing yet.
func lastOf(tags []string, modulePath string) string {
	_, major, _ := module.SplitPathVersion(modulePath)
	for _, tag := range slices.Backward(tags) {
		if module.CheckPathMajor(tag, major) == nil {
			return tag
		}
	}
	return ""
}

// isShallow tells whether history was cut off, so that tags can be missing that the project has.
func (r repository) isShallow(ctx context.Context) (bool, error) {
	out, err := r.git(ctx, "rev-parse", "--is-shallow-repository")
	return out == "true", err
}

// extract writes the tree of a tag into dir. The index it goes through is a temporary one, so that the checkout's own stays
// as it is.
func (r repository) extract(ctx context.Context, tag, dir string) error {
	index := []string{"GIT_INDEX_FILE=" + filepath.Join(dir, "index")}
	if _, err := r.gitWith(ctx, "", index, "read-tree", "refs/tags/"+tag); err != nil {
		return err
	}
	_, err := r.gitWith(ctx, "", index, "checkout-index", "--all", "--prefix="+filepath.Join(dir, "tree")+"/")
	return err
}

// readyToRelease refuses what a release must not be made from.
func (r repository) readyToRelease(ctx context.Context) error {
	if branch, err := r.git(ctx, "branch", "--show-current"); err != nil {
		return err
	} else if branch != "main" {
		return fmt.Errorf("releases are made on main, this is %s: git switch main", cmp.Or(branch, "a detached HEAD"))
	}
	if dirt, err := r.git(ctx, "status", "--porcelain"); err != nil {
		return err
	} else if dirt != "" {
		return fmt.Errorf("the tree is not clean; commit these or take them away:\n%s", dirt)
	}
	if shallow, err := r.isShallow(ctx); err != nil {
		return err
	} else if shallow {
		return fmt.Errorf("a shallow clone does not know the last release: %s", deepen)
	}
	return nil
}
