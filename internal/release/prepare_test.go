package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPrepareMakesACommitAndATagOfTheUnreleasedEntries(t *testing.T) {
	repo := newRelease(t, "v0.1.0", nil)
	repo.commit(t, files{"money/money.go": moneyWithLess, "CHANGELOG.md": log(breaking + added)})
	before := repo.must(t, "rev-parse", "HEAD")

	code, stdout, stderr := repo.run(t, "prepare", "v0.2.0")
	require.Zero(t, code, stderr)

	section := breaking + added
	text, err := os.ReadFile(filepath.Join(repo.dir, changelogFile))
	require.NoError(t, err)
	assert.Equal(t, changelogHead+"\n## v0.2.0 - 2026-03-05\n"+section+changelogTail, string(text))
	assert.Empty(t, repo.must(t, "status", "--porcelain"))

	assert.Equal(t, before, repo.must(t, "rev-parse", "HEAD~1"))
	assert.Equal(t, "Release v0.2.0", repo.must(t, "log", "-1", "--format=%s"))
	assert.Equal(t, changelogFile, repo.must(t, "diff", "--name-only", "HEAD~1"))
	assert.Equal(t, "tag", repo.must(t, "cat-file", "-t", "v0.2.0"), "annotated")
	assert.Equal(t, repo.must(t, "rev-parse", "HEAD"), repo.must(t, "rev-parse", "v0.2.0^{commit}"))
	assert.Equal(t, "v0.2.0 - 2026-03-05\n"+section, repo.must(t, "tag", "--list", "--format=%(contents)", "v0.2.0")+"\n")

	assert.Contains(t, stdout, "  incompatible  Amount.Add: removed\n")
	assert.Contains(t, stdout, "git push --atomic origin main v0.2.0\n")
	assert.Contains(t, stdout, "git tag -d v0.2.0 && git reset --keep "+before+"\n")

	t.Run("and can be undone as it says", func(t *testing.T) {
		repo.must(t, "tag", "-d", "v0.2.0")
		repo.must(t, "reset", "--keep", before)
		again, _, stderr := repo.run(t, "prepare", "v0.2.0")
		assert.Zero(t, again, stderr)
	})
}

func TestTheFirstReleaseHasNothingToBeHeldAgainst(t *testing.T) {
	repo := newRepository(t, files{"CHANGELOG.md": changelogHead + added})

	code, stdout, stderr := repo.run(t, "prepare", "v0.1.0")
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, "no release to compare with")
	text, err := os.ReadFile(filepath.Join(repo.dir, changelogFile))
	require.NoError(t, err)
	assert.Equal(t, changelogHead+"\n## v0.1.0 - 2026-03-05\n"+added, string(text))

	_, err = parseChangelog(string(text))
	require.NoError(t, err, "the next changes find their place")
	code, _, stderr = repo.run(t, "compat")
	assert.Zero(t, code, stderr)
}

func TestAVersionHasToBeLargeEnough(t *testing.T) {
	fixed := files{"CHANGELOG.md": log("\n### Fixed\n\n- A slip.\n")}
	additions := files{"money/money.go": moneyWithMore, "CHANGELOG.md": log("\n### Fixed\n\n- `money`: a slip.\n")}
	breaks := files{"money/money.go": moneyWithLess, "CHANGELOG.md": log(breaking)}
	for name, c := range map[string]struct {
		last          string
		changes       files
		small, enough string
		says          string
	}{
		"v0: nothing of the API":              {"v0.1.0", fixed, "", "v0.1.1", ""},
		"v0: an addition":                     {"v0.1.0", additions, "v0.1.1", "v0.2.0", "it is v0.2.0 at the least"},
		"v0: a break":                         {"v0.1.9", breaks, "v0.1.10", "v0.2.0", "it is v0.2.0 at the least"},
		"v0: v1 may follow":                   {"v0.9.0", breaks, "", "v1.0.0", ""},
		"v0: a break outside of Go":           {"v0.1.0", files{"CHANGELOG.md": log("\n### Breaking\n\n- A flag.\n")}, "v0.1.1", "v0.2.0", "v0.2.0"},
		"v0: an addition outside of Go":       {"v0.1.0", files{"CHANGELOG.md": log(added)}, "v0.1.1", "v0.2.0", "v0.2.0"},
		"v0: a heading without entries":       {"v0.1.0", files{"CHANGELOG.md": log("\n### Breaking\n\n### Fixed\n\n- A slip.\n")}, "", "v0.1.1", ""},
		"v1: nothing of the API":              {"v1.2.3", fixed, "", "v1.2.4", ""},
		"v1: an addition":                     {"v1.2.3", additions, "v1.2.4", "v1.3.0", "it is v1.3.0 at the least"},
		"v1: a break":                         {"v1.2.3", breaks, "v1.3.0", "", "v2.0.0 needs the module path example.com/till/v2"},
		"v1: a break, but not the path of it": {"v1.2.3", breaks, "v2.0.0", "", "v2.0.0 needs the module path example.com/till/v2: go.mod and every import say example.com/till"},
	} {
		t.Run(name, func(t *testing.T) {
			repo := newRelease(t, c.last, nil)
			repo.commit(t, c.changes)
			if c.small != "" {
				code, _, stderr := repo.run(t, "prepare", c.small)
				assert.Equal(t, exitFailed, code)
				assert.Contains(t, stderr, c.says)
			}
			if c.enough != "" {
				code, _, stderr := repo.run(t, "prepare", c.enough)
				assert.Zero(t, code, stderr)
			}
		})
	}
}

func TestANewMajorUnderItsOwnPath(t *testing.T) {
	repo := newRelease(t, "v1.2.3", nil)
	repo.commit(t, files{"go.mod": "module example.com/till/v2\n\ngo 1.26\n", "money/money.go": moneyWithLess, "CHANGELOG.md": log(breaking)})

	code, _, stderr := repo.run(t, "prepare", "v1.3.0")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "v1.3.0 needs the module path example.com/till: go.mod and every import say example.com/till/v2")

	code, _, stderr = repo.run(t, "prepare", "v2.0.0")
	assert.Zero(t, code, stderr)
}

func TestPrepareRefuses(t *testing.T) {
	ready := func(t *testing.T) repository {
		repo := newRelease(t, "v0.2.0", nil)
		repo.commit(t, files{"CHANGELOG.md": log(added)})
		return repo
	}
	for name, c := range map[string]struct {
		version string
		spoil   func(*testing.T, repository) repository
		says    string
	}{
		"no version":               {version: "", says: `"" is not a version to release: it looks like v0.2.0`},
		"a version without v":      {version: "0.3.0", says: "is not a version to release"},
		"a version cut short":      {version: "v0.3", says: "is not a version to release"},
		"a pre-release":            {version: "v0.3.0-rc.1", says: "is not a version to release"},
		"a build":                  {version: "v0.3.0+1", says: "is not a version to release"},
		"an option of git's":       {version: "--delete", says: "is not a version to release"},
		"the last version":         {version: "v0.2.0", says: "there is a tag v0.2.0 already"},
		"a lower version":          {version: "v0.1.9", says: "v0.1.9 is below the last release, v0.2.0"},
		"a major of another path":  {version: "v2.0.0", says: "v2.0.0 needs the module path example.com/till/v2"},
		"a file that is not added": {spoil: func(t *testing.T, r repository) repository { r.write(t, files{"new.txt": "x"}); return r }, says: "not clean; commit these or take them away:\n?? new.txt"},
		"a change not committed": {spoil: func(t *testing.T, r repository) repository {
			r.write(t, files{"wire/wire.go": "package wire\n"})
			return r
		}, says: "not clean"},
		"another branch":  {spoil: func(t *testing.T, r repository) repository { r.must(t, "switch", "-qc", "other"); return r }, says: "made on main, this is other"},
		"a detached HEAD": {spoil: func(t *testing.T, r repository) repository { r.must(t, "switch", "-q", "--detach"); return r }, says: "this is a detached HEAD"},
		"a shallow clone": {spoil: shallowClone, says: "a shallow clone does not know the last release: git fetch --unshallow --tags"},
		"nothing unreleased": {spoil: func(t *testing.T, r repository) repository {
			r.commit(t, files{"CHANGELOG.md": log("\nSome words, no entry.\n")})
			return r
		}, says: "CHANGELOG.md has no entries in Unreleased"},
		"no unreleased part": {spoil: func(t *testing.T, r repository) repository {
			r.commit(t, files{"CHANGELOG.md": changelogTail})
			return r
		}, says: `no section "## Unreleased"`},
		"a break that the changelog is silent about": {spoil: func(t *testing.T, r repository) repository {
			r.commit(t, files{"money/money.go": moneyWithLess})
			return r
		}, says: "silent about, in `money`"},
		"a commit that a hook rejects": {spoil: func(t *testing.T, r repository) repository {
			require.NoError(t, os.WriteFile(filepath.Join(r.dir, ".git", "hooks", "pre-commit"), []byte("#!/bin/sh\necho not today >&2\nexit 1\n"), 0o755))
			return r
		}, says: "git commit: exit status 1: not today"},
		"a tag that cannot be signed": {spoil: func(t *testing.T, r repository) repository {
			r.must(t, "config", "tag.gpgSign", "true")
			r.must(t, "config", "gpg.program", "false")
			return r
		}, says: "git tag: "},
	} {
		t.Run(name, func(t *testing.T) {
			repo := ready(t)
			version := c.version
			if c.spoil != nil {
				repo, version = c.spoil(t, repo), "v0.3.0"
			}
			head, tree, tags := repo.must(t, "rev-parse", "HEAD"), repo.must(t, "status", "--porcelain"), repo.must(t, "tag")

			code, stdout, stderr := repo.run(t, "prepare", version)

			assert.Equal(t, exitFailed, code)
			assert.Contains(t, stderr, c.says)
			assert.NotContains(t, stdout, "is prepared")
			assert.Equal(t, head, repo.must(t, "rev-parse", "HEAD"))
			assert.Equal(t, tree, repo.must(t, "status", "--porcelain"))
			assert.Equal(t, tags, repo.must(t, "tag"))
		})
	}
}

func TestTheProjectsOwnChangelogCanBeReleased(t *testing.T) {
	log, err := repository{dir: "../.."}.readChangelog()
	require.NoError(t, err)
	text, section := log.release("v0.0.0", today)
	assert.Contains(t, text, section)

	next, err := parseChangelog(text)
	require.NoError(t, err)
	assert.False(t, next.hasEntries(), "all of it went to the version")
}
