// Tests that hold the package against the specification: every listed code has a constant and every constant is
// listed, every open list has its values, and importing the package stays cheap.

package ding_test

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/airtime-go/airtime/api/openapi"
)

// schema is the part of a schema that the tests read.
type schema struct {
	Values     []string           `yaml:"x-extensible-enum"`
	Properties map[string]*schema `yaml:"properties"`
}

func schemas(t *testing.T) map[string]*schema {
	t.Helper()
	var document struct {
		Components struct{ Schemas map[string]*schema }
	}
	require.NoError(t, yaml.Unmarshal(openapi.Ding, &document))
	require.NotEmpty(t, document.Components.Schemas)
	return document.Components.Schemas
}

// constants returns the values of the string constants of a type in the package's sources, by name.
func constants(t *testing.T, file, typeName string) map[string]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	found := map[string]string{}
	ast.Inspect(parsed, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == typeName && len(spec.Values) == 1 {
			literal := spec.Values[0].(*ast.BasicLit)
			found[spec.Names[0].Name] = constant.StringVal(constant.MakeFromLiteral(literal.Value, literal.Kind, 0))
		}
		return true
	})
	require.NotEmpty(t, found)
	return found
}

func TestEveryListedCodeHasAConstant(t *testing.T) {
	listed := schemas(t)["Error"].Properties
	want := map[string]string{}
	for _, code := range listed["Code"].Values {
		want["Code"+code] = code
	}
	for _, context := range listed["Context"].Values {
		want["Context"+context] = context
	}
	assert.Equal(t, want, constants(t, "codes.go", "Code"))
	assert.Equal(t, listed["Code"].Values, schemas(t)["ErrorDescription"].Properties["Code"].Values)
}

func TestOpenListsHaveTheSpecificationsValues(t *testing.T) {
	overlay, err := os.ReadFile(filepath.Join("..", "..", "gen", "ding", "overlay.yaml"))
	require.NoError(t, err)
	var document struct {
		Actions []struct {
			Target string
			Update struct{ Enum []string }
		}
	}
	require.NoError(t, yaml.Unmarshal(overlay, &document))
	generated := map[string][]string{}
	for _, action := range document.Actions {
		if name, ok := strings.CutPrefix(action.Target, "$.components.schemas."); ok && action.Update.Enum != nil {
			generated[name] = action.Update.Enum
		}
	}

	specified := map[string][]string{}
	for name, schema := range schemas(t) {
		if schema.Values != nil {
			specified[name] = schema.Values
		}
	}
	assert.Equal(t, specified, generated)
}

// TestEveryGeneratedNameCanBeUsedFromHere holds that a program needs to import this package alone: constants, models,
// requests and answers of the generated package have a name here.
func TestEveryGeneratedNameCanBeUsedFromHere(t *testing.T) {
	own := exported(t, ".")
	for name := range exported(t, filepath.Join("..", "..", "gen", "ding")) {
		switch {
		case strings.HasSuffix(name, "Body"), strings.HasPrefix(name, "Client"), name == "HttpRequestDoer", name == "RequestEditorFn":
			// The low-level client, and its other names for bodies.
		case slices.Contains([]string{"APIResponse", "TooManyRequests", "GetAccountLookupParams", "SendTransferParams"}, name):
			// What the methods here fill in or take apart themselves.
		default:
			assert.True(t, own[name], "%s has no name here", name)
		}
	}
}

// exported returns the names of the exported constants and types of a package.
func exported(t *testing.T, directory string) map[string]bool {
	t.Helper()
	sources, err := filepath.Glob(filepath.Join(directory, "*.go"))
	require.NoError(t, err)
	found := map[string]bool{}
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, declaration := range file.Decls {
			general, ok := declaration.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range general.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					found[spec.Name.Name] = spec.Name.IsExported()
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						found[name.Name] = name.IsExported() && general.Tok == token.CONST
					}
				}
			}
		}
	}
	maps.DeleteFunc(found, func(_ string, isExported bool) bool { return !isExported })
	require.NotEmpty(t, found)
	return found
}

func TestImportingThePackageStaysCheap(t *testing.T) {
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.Module.Path}} {{.ImportPath}}{{end}}", ".")
	list.Stderr = os.Stderr
	out, err := list.Output()
	require.NoError(t, err)

	modules := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		module, path, _ := strings.Cut(strings.TrimSpace(line), " ")
		for _, heavy := range []string{"kin-openapi", "cobra", "sqlite", "server", "sandbox", "testify", "oapi-codegen/v2", "golang.org/x/exp", "golang.org/x/tools"} {
			assert.NotContains(t, path, heavy)
		}
		if module != "github.com/airtime-go/airtime" {
			modules[module] = true
		}
	}
	assert.NotEmpty(t, modules)
	assert.LessOrEqual(t, len(modules), 6, "third-party modules: %v", modules)
}
