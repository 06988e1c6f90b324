// The temporary repositories that the tests work on: a tiny module without dependencies, under git.

package main

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// files are texts by their paths in the repository; an empty text is a file that is not there.
type files map[string]string

const (
	changelogHead = "# Changelog\n\nWhat changed.\n\n## Unreleased\n"
	changelogTail = "\n## v0.1.0 - 2026-01-02\n\n### Breaking\n\n- `money`, `wire`: once upon a time.\n"
	added         = "\n### Added\n\n- `money`: more of it.\n"
	breaking      = "\n### Breaking\n\n- `money`: less of it.\n"
)

// theModule is what the tests begin with.
var theModule = files{
	"go.mod":       "module example.com/till\n\ngo 1.26\n",
	"CHANGELOG.md": changelogHead + changelogTail,
	"money/money.go": `package money

type Amount struct{ Cents int64 }

func (a Amount) Add(b Amount) Amount { return Amount{a.Cents + b.Cents} }

func Zero() Amount { return Amount{} }
`,
	"wire/wire.go":              "package wire\n\nconst Version = 1\n",
	"internal/secret/secret.go": "package secret\n\nfunc Open() {}\n",
	"cmd/till/main.go":          "package main\n\nfunc Exported() {}\n\nfunc main() {}\n",
}

// newRepository commits the module, with changes to it, on main.
func newRepository(t *testing.T, changes files) repository {
	t.Helper()
	// A hook of git's, or settings of whoever runs the tests, must not lead them into another repository.
	for _, name := range []string{"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"} {
		t.Setenv(name, "")
		require.NoError(t, os.Unsetenv(name))
	}
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	for _, who := range []string{"AUTHOR", "COMMITTER"} {
		t.Setenv("GIT_"+who+"_NAME", "Nobody")
		t.Setenv("GIT_"+who+"_EMAIL", "nobody@example.com")
	}
	t.Setenv("GOFLAGS", "-mod=mod")
	t.Setenv("GOPROXY", "off")

	repo := repository{dir: t.TempDir()}
	repo.must(t, "init", "--quiet", "--initial-branch=main")
	all := maps.Clone(theModule)
	maps.Copy(all, changes)
	repo.commit(t, all)
	return repo
}

// newRelease is newRepository with a tag.
func newRelease(t *testing.T, tag string, changes files) repository {
	t.Helper()
	repo := newRepository(t, changes)
	repo.must(t, "tag", tag)
	return repo
}

func (r repository) write(t *testing.T, changes files) {
	t.Helper()
	for path, text := range changes {
		path = filepath.Join(r.dir, path)
		if text == "" {
			require.NoError(t, os.RemoveAll(path))
			continue
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
}

func (r repository) commit(t *testing.T, changes files) {
	t.Helper()
	r.write(t, changes)
	r.must(t, "add", "--all")
	r.must(t, "commit", "--quiet", "--message", "Work")
}

func (r repository) must(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = r.dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "git %v: %s", args, out)
	return strings.TrimSpace(string(out))
}

// today is when the tests make their releases.
var today = time.Date(2026, 3, 4, 23, 30, 0, 0, time.FixedZone("", -3600))

// run runs the command in the repository.
func (r repository) run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), r.dir, today, args, &out, &errs)
	return code, out.String(), errs.String()
}
