package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	moneyWithMore = "package money\n\ntype Amount struct{ Cents int64 }\n\nfunc (a Amount) Add(b Amount) Amount { return b }\n\nfunc Zero() Amount { return Amount{} }\n\nfunc One() Amount { return Amount{1} }\n"
	moneyWithLess = "package money\n\ntype Amount struct{ Cents int64 }\n\nfunc Zero() *Amount { return nil }\n"
)

// log is a CHANGELOG with these entries in Unreleased.
func log(entries string) string { return changelogHead + entries + changelogTail }

func TestCompat(t *testing.T) {
	for name, c := range map[string]struct {
		before, after files
		says          []string // on standard output
		fails         string   // on standard error; "" for a check that passes
	}{
		"nothing changed": {
			says: []string{"the exported API is the one of v0.1.0\n"},
		},
		"an addition": {
			after: files{"money/money.go": moneyWithMore, "CHANGELOG.md": log(added)},
			says:  []string{"money: 0 incompatible, 1 compatible\n  compatible    One: added\n"},
		},
		"an addition that the changelog does not list": {
			after: files{"money/money.go": moneyWithMore},
			fails: "has no entry for it in Unreleased",
		},
		"a break that the changelog is silent about": {
			after: files{"money/money.go": moneyWithLess, "CHANGELOG.md": log(added)},
			says: []string{"money: 2 incompatible, 0 compatible\n", "  incompatible  Amount.Add: removed\n",
				"  incompatible  Zero: changed from func() Amount to func() *Amount\n"},
			fails: "silent about, in `money`: ",
		},
		"a break that the changelog owns up to": {
			after: files{"money/money.go": moneyWithLess, "CHANGELOG.md": log(added + breaking)},
			says:  []string{"money: 2 incompatible"},
		},
		"a break owned up to in another package's name": {
			before: files{"money/till/till.go": "package till\n"},
			after: files{"money/money.go": moneyWithLess, "wire/wire.go": "package wire\n",
				"CHANGELOG.md": log("\n### Breaking\n\n- `money/till` and money: less of it.\n- `wire`: no version.\n")},
			fails: "silent about, in `money`: ",
		},
		"breaks in several packages": {
			after: files{"money/money.go": moneyWithLess, "wire/wire.go": "package wire\n"},
			fails: "silent about, in `money`, `wire`: ",
		},
		"a package that is gone": {
			after: files{"wire": ""},
			says:  []string{"wire: 1 incompatible, 0 compatible\n  incompatible  the package is gone\n"},
			fails: "`wire`",
		},
		"a package that became internal": {
			after: files{"wire": "", "internal/wire/wire.go": "package wire\n"},
			fails: "`wire`",
		},
		"a package that is new": {
			after: files{"account/account.go": "package account\n", "CHANGELOG.md": log(added)},
			says:  []string{"account: 0 incompatible, 1 compatible\n  compatible    the package is new\n"},
		},
		"a package at the module's root": {
			before: files{"till.go": "package till\n\nfunc Ring() {}\n"},
			after:  files{"till.go": "package till\n"},
			says:   []string{"example.com/till: 1 incompatible"},
			fails:  "`example.com/till`",
		},
		"internal packages and commands": {
			after: files{"internal/secret/secret.go": "package secret\n", "cmd/till/main.go": "package main\n\nfunc main() {}\n"},
			says:  []string{"the exported API is the one of v0.1.0\n"},
		},
		"an interface that asks for more": {
			before: files{"wire/wire.go": "package wire\n\ntype ClientInterface interface{ Get() }\n"},
			after:  files{"wire/wire.go": "package wire\n\ntype ClientInterface interface{ Get(); Put() }\n"},
			says:   []string{"  incompatible  ClientInterface.Put: added to the interface, which other types may implement\n"},
			fails:  "`wire`",
		},
		"a generated interface with one more operation": {
			before: files{"gen/wire/wire.go": "package wire\n\ntype ServerInterface interface{ Get() }\n"},
			after:  files{"gen/wire/wire.go": "package wire\n\ntype ServerInterface interface{ Get(); Put() }\n", "CHANGELOG.md": log(added)},
			says:   []string{"gen/wire: 0 incompatible, 1 compatible\n  compatible    ServerInterface.Put: added\n"},
		},
		"a generated interface with one operation less": {
			before: files{"gen/wire/wire.go": "package wire\n\ntype ServerInterface interface{ Get(); Put() }\n"},
			after:  files{"gen/wire/wire.go": "package wire\n\ntype ServerInterface interface{ Get() }\n"},
			fails:  "`gen/wire`",
		},
		"a struct that nobody else can name": {
			before: files{"wire/wire.go": "package wire\n\ntype options struct{}\n\ntype Option func(*options)\n"},
			after:  files{"wire/wire.go": "package wire\n\ntype options struct{ names []string }\n\ntype Option func(*options)\n"},
			says:   []string{"the exported API is the one of v0.1.0\n"},
		},
		"a struct that others may compare": {
			before: files{"wire/wire.go": "package wire\n\ntype Options struct{}\n"},
			after:  files{"wire/wire.go": "package wire\n\ntype Options struct{ names []string }\n"},
			says:   []string{"  incompatible  Options: old is comparable, new is not\n"},
			fails:  "`wire`",
		},
		"a working tree that does not compile": {
			after: files{"wire/wire.go": "package wire\n\nconst Version = missing\n"},
			fails: "the working tree: package example.com/till/wire: ",
		},
		"a release that does not compile": {
			before: files{"wire/wire.go": "package wire\n\nconst Version = missing\n"},
			after:  theModule,
			fails:  "v0.1.0: package example.com/till/wire: ",
		},
		"no changelog":          {after: files{"money/money.go": moneyWithLess, "CHANGELOG.md": ""}, fails: "CHANGELOG.md: no such file"},
		"no unreleased part":    {after: files{"money/money.go": moneyWithLess, "CHANGELOG.md": changelogTail}, fails: `no section "## Unreleased"`},
		"no module":             {after: files{"go.mod": ""}, fails: "go.mod: no such file"},
		"a module with no name": {after: files{"go.mod": "go 1.26\n"}, fails: "names no module"},
	} {
		t.Run(name, func(t *testing.T) {
			repo := newRelease(t, "v0.1.0", c.before)
			repo.write(t, c.after)
			repo.must(t, "add", "--all")
			tree := repo.must(t, "status", "--porcelain")

			code, stdout, stderr := repo.run(t, "compat")

			for _, said := range c.says {
				assert.Contains(t, stdout, said)
			}
			if c.fails == "" {
				assert.Zero(t, code, stderr)
				assert.Empty(t, stderr)
			} else {
				assert.Equal(t, exitFailed, code, stdout)
				assert.Contains(t, stderr, c.fails)
			}
			assert.Equal(t, tree, repo.must(t, "status", "--porcelain"), "the check touches nothing")
		})
	}
}

func TestWhatCountsAsTheLastRelease(t *testing.T) {
	v2 := files{"go.mod": "module example.com/till/v2\n\ngo 1.26\n"}
	for name, c := range map[string]struct {
		before files
		tags   []string
		last   string // "" for none
	}{
		"no tag":                          {},
		"tags of something else":          {tags: []string{"nightly", "v1", "v0.1", "1.2.3", "v1.0.0+build", "api/v0.1.0"}},
		"a pre-release":                   {tags: []string{"v0.2.0-rc.1", "v0.1.0"}, last: "v0.1.0"},
		"the highest by numbers":          {tags: []string{"v0.10.0", "v0.9.0"}, last: "v0.10.0"},
		"v1 has the path of v0":           {tags: []string{"v0.9.0", "v1.0.0"}, last: "v1.0.0"},
		"a new major promised nothing":    {before: v2, tags: []string{"v0.9.0", "v1.0.0"}},
		"the releases of the module path": {before: v2, tags: []string{"v1.0.0", "v2.0.0", "v3.0.0"}, last: "v2.0.0"},
	} {
		t.Run(name, func(t *testing.T) {
			repo := newRepository(t, c.before)
			for _, tag := range c.tags {
				repo.must(t, "tag", tag)
			}
			code, stdout, stderr := repo.run(t, "compat")
			require.Zero(t, code, stderr)
			if c.last == "" {
				assert.Contains(t, stdout, "no release to compare with: HEAD reaches no tag vMAJOR.MINOR.PATCH of example.com/till")
				assert.NotContains(t, stdout, "shallow")
			} else {
				assert.Equal(t, "the exported API is the one of "+c.last+"\n", stdout)
			}
		})
	}
}

func TestAReleaseOnAnotherBranchIsNotTheLastOne(t *testing.T) {
	repo := newRelease(t, "v0.1.0", nil)
	repo.must(t, "switch", "--quiet", "--create", "other")
	repo.commit(t, files{"wire": ""})
	repo.must(t, "tag", "v0.2.0")
	repo.must(t, "switch", "--quiet", "--detach", "main")

	code, stdout, stderr := repo.run(t, "compat")
	require.Zero(t, code, stderr)
	assert.Equal(t, "the exported API is the one of v0.1.0\n", stdout)
}

// shallowClone is a clone of the last commit, as CI services make them.
func shallowClone(t *testing.T, of repository) repository {
	t.Helper()
	clone := repository{dir: filepath.Join(t.TempDir(), "clone")}
	of.must(t, "clone", "--quiet", "--depth=1", "--no-tags", "file://"+of.dir, clone.dir)
	return clone
}

func TestAShallowCloneWithoutTagsPassesAndSaysSo(t *testing.T) {
	repo := newRelease(t, "v0.1.0", nil)
	repo.commit(t, files{"wire": ""})

	code, stdout, stderr := shallowClone(t, repo).run(t, "compat")
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, "no release to compare with")
	assert.Contains(t, stdout, "git fetch --unshallow --tags")
}

func TestOutsideARepositoryCompatFails(t *testing.T) {
	repo := newRepository(t, nil)
	require.NoError(t, os.RemoveAll(filepath.Join(repo.dir, ".git")))
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(repo.dir))

	code, _, stderr := repo.run(t, "compat")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "git tag: ")
}

func TestWrongCallsAreToldTheUsage(t *testing.T) {
	for _, args := range []string{"", "compat now", "prepare", "prepare v0.1.0 v0.2.0", "publish"} {
		code, _, stderr := repository{dir: t.TempDir()}.run(t, strings.Fields(args)...)
		assert.Equal(t, exitUsage, code, args)
		assert.Contains(t, stderr, "usage: release compat")
	}
}
