// The exported API of two trees of the module, and what changed between them.

package main

import (
	"cmp"
	"context"
	"fmt"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/exp/apidiff"
	"golang.org/x/tools/go/packages"
)

// difference is what changed in the exported API of one package.
type difference struct {
	path   string   // below the module path; the module path itself for the package at the root
	breaks []string // what can stop a program from compiling, in apidiff's words
	adds   []string // what cannot
}

// differences compares the API of the tree at tag with the one of the working tree, package by package, in the order of
// their paths. Packages without a difference are left out.
func (r repository) differences(ctx context.Context, tag string) ([]difference, error) {
	dir, err := os.MkdirTemp("", "release-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := r.extract(ctx, tag, dir); err != nil {
		return nil, err
	}
	before, err := loadAPI(ctx, repository{dir: filepath.Join(dir, "tree")})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", tag, err)
	}
	after, err := loadAPI(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("the working tree: %w", err)
	}
	return compare(before, after), nil
}

// loadAPI type-checks what others can import from the module: every package that is neither a command nor internal. The
// keys are paths as in difference.
func loadAPI(ctx context.Context, tree repository) (map[string]*types.Package, error) {
	module, err := tree.modulePath()
	if err != nil {
		return nil, err
	}
	loaded, err := packages.Load(&packages.Config{
		Context: ctx,
		Dir:     tree.dir,
		Env:     append(os.Environ(), "GOWORK=off"),
		Mode:    packages.NeedName | packages.NeedTypes | packages.NeedImports,
		// The tree of a tag is in no repository, and git may refuse to talk about the other one to the go command.
		BuildFlags: []string{"-buildvcs=false"},
	}, "./...")
	if err != nil {
		return nil, err
	}
	api := map[string]*types.Package{}
	for _, pkg := range loaded {
		if pkg.Name == "main" || slices.Contains(strings.Split(pkg.PkgPath, "/"), "internal") {
			continue
		}
		if len(pkg.Errors) > 0 {
			return nil, fmt.Errorf("package %s: %w", pkg.PkgPath, pkg.Errors[0])
		}
		path := strings.TrimPrefix(strings.TrimPrefix(pkg.PkgPath, module), "/")
		api[cmp.Or(path, module)] = pkg.Types
	}
	return api, nil
}

func compare(before, after map[string]*types.Package) []difference {
	all := maps.Clone(before)
	maps.Copy(all, after)
	var changed []difference
	for _, path := range slices.Sorted(maps.Keys(all)) {
		diff := difference{path: path}
		switch {
		case after[path] == nil:
			diff.breaks = []string{"the package is gone"}
		case before[path] == nil:
			diff.adds = []string{"the package is new"}
		default:
			diff = comparePackage(path, before[path], after[path])
		}
		if len(diff.breaks)+len(diff.adds) > 0 {
			changed = append(changed, diff)
		}
	}
	return changed
}

func comparePackage(path string, before, after *types.Package) difference {
	diff := difference{path: path}
	for _, change := range apidiff.Changes(before, after).Changes {
		switch {
		case unnamedIncomparable.MatchString(change.Message):
		case change.Compatible || growsWithDocument(path, change.Message):
			diff.adds = append(diff.adds, change.Message)
		case strings.HasSuffix(change.Message, ": added"): // the only addition that breaks is a method of an interface
			diff.breaks = append(diff.breaks, change.Message+" to the interface, which other types may implement")
		default:
			diff.breaks = append(diff.breaks, change.Message)
		}
	}
	return diff
}

// unnamedIncomparable is what apidiff says of the unexported struct behind an option type that was given a slice or a func:
// nobody else can name the struct, let alone compare two of them.
var unnamedIncomparable = regexp.MustCompile(`^\p{Ll}\w*: old is comparable, new is not$`)

var generatedInterfaceGrew = regexp.MustCompile(`^(Client|Server)Interface\.\w+: added$`)

// growsWithDocument tells whether a generated interface gained a method. It has one for each operation of its OpenAPI
// document, so that a server learns of a new one; the packages' documentation says that this is no break.
func growsWithDocument(path, message string) bool {
	return strings.HasPrefix(path, "gen/") && generatedInterfaceGrew.MatchString(message)
}
