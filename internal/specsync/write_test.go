package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// rendered returns a document with one description, without the lines before it.
func rendered(t *testing.T, description string) string {
	t.Helper()
	doc := newMapping()
	setField(doc, "description", newString(description))
	out, err := render(doc)
	require.NoError(t, err)
	return strings.TrimPrefix(string(out), header)
}

func TestTextIsLaidOutToBeRead(t *testing.T) {
	long := strings.TrimSpace(strings.Repeat("word ", 30))
	tests := map[string]struct{ text, want string }{
		"short":                      {"A price.", "description: A price.\n"},
		"empty":                      {"", "description: \"\"\n"},
		"with a colon":               {"Note: open", "description: 'Note: open'\n"},
		"a number in letters":        {"42", "description: \"42\"\n"},
		"lines":                      {"One.\nTwo.", "description: |-\n  One.\n  Two.\n"},
		"lines with an end":          {"One.\nTwo.\n", "description: |\n  One.\n  Two.\n"},
		"lines with a long end":      {"One.\nTwo.\n\n", "description: |+\n  One.\n  Two.\n\n"},
		"a list":                     {"Codes:\n\n  - A\n  - B", "description: |-\n  Codes:\n\n    - A\n    - B\n"},
		"a long line":                {long, "description: >-\n  " + strings.TrimSpace(strings.Repeat("word ", 20)) + "\n  " + strings.TrimSpace(strings.Repeat("word ", 10)) + "\n"},
		"long lines":                 {long + "\nEnd.", "description: |-\n  " + long + "\n  End.\n"},
		"a long line without spaces": {strings.Repeat("x", 120), "description: >-\n  " + strings.Repeat("x", 120) + "\n"},
		"a leading blank":            {" a\nb", "description: \" a\\nb\"\n"},
		"control characters":         {"a\tb\u0007", "description: \"a\\tb\\a\"\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, rendered(t, test.text))
		})
	}
}

func FuzzAnyTextSurvivesBeingWritten(f *testing.F) {
	for _, text := range []string{
		"a  b", "\n", "\n\na", "a\n\n\nb", "a \nb", "# a", "---", "- a", "? a", "%a", "\u2028", "\u0085", "\uFEFFa\nb", "\U0001F600\na",
		strings.Repeat("ab  c d ", 40), strings.Repeat("a\u00a0b ", 60) + "\n\n\n" + strings.Repeat("- b: #c ", 30) + "\n",
		strings.Repeat("a ", 90) + "\n \n" + strings.Repeat("b ", 90), strings.Repeat("x", 101) + " ", "a\n--- b\n... c", strings.Repeat("--- ", 60),
		"a\n\n " + strings.Repeat("y ", 70), strings.Repeat("a ", 60) + "\n\n\n\n" + "b",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "?")
		doc := newMapping()
		setField(doc, "info", newMapping())
		setField(doc, "x-texts", newList(newString(text), newMapping(), newString("after")))
		setField(field(doc, "info"), "description", newString(text))
		if len(text) <= 100 {
			setField(field(doc, "info"), "x-"+text, newString(text))
		}
		out, err := render(doc)
		require.NoError(t, err)
		var back struct {
			Info struct{ Description string }
			X    []any `yaml:"x-texts"`
		}
		require.NoError(t, yaml.Unmarshal(out, &back))
		assert.Equal(t, text, back.Info.Description)
		assert.Equal(t, []any{text, map[string]any{}, "after"}, back.X)
	})
}

func TestWhatCannotBeWrittenIsAnError(t *testing.T) {
	anchor := newString("a")
	tests := map[string]struct {
		doc  *yaml.Node
		says string
	}{
		"a document that is text":      {newString("a"), "not an object"},
		"an alias":                     {&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{newString("a"), {Kind: yaml.AliasNode, Alias: anchor}}}, "alias"},
		"a value that lies about type": {&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{newString("a"), {Kind: yaml.ScalarNode, Tag: "!!int", Value: "no int"}}}, "something else"},
		"a value that is no YAML":      {&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{newString("a"), {Kind: yaml.ScalarNode, Tag: "!!int", Value: "["}}}, "cannot be read"},
		"nested inside a list":         {&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{newString("a"), newList(&yaml.Node{Kind: yaml.AliasNode, Alias: anchor})}}, "alias"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := render(test.doc)
			assert.ErrorContains(t, err, test.says)
		})
	}
}

func TestFieldsStandWhereAReaderLooksForThem(t *testing.T) {
	doc, err := parseJSON([]byte(`{"x-z":1,"x-a":1,"components":{"securitySchemes":{},"schemas":{"B":{},"A":{"x-n":1,"properties":{},"type":"object","zz":1,"description":"d"}},"responses":{}},
		"paths":{"/b":{},"/a":{"post":{"responses":{"default":{},"404":{},"200":{"content":{},"description":""},"x-r":1},"callbacks":{"c":{"{$url}":{"post":{"responses":{},"operationId":"i","parameters":[]}}}},
		"operationId":"o","x-o":1,"tags":["t"],"security":[],"requestBody":{"content":{},"required":true}},"get":{}}},
		"tags":[{"description":"d","name":"n"}],"servers":[{"description":"d","url":"u"}],"info":{"version":"v","title":"t"},"openapi":"3.0.3"}`))
	require.NoError(t, err)
	arrange(doc, "document")
	assert.Equal(t, `{"openapi":"3.0.3","info":{"title":"t","version":"v"},"servers":[{"url":"u","description":"d"}],"tags":[{"name":"n","description":"d"}],`+
		`"paths":{"/a":{"get":{},"post":{"tags":["t"],"operationId":"o","requestBody":{"required":true,"content":{}},`+
		`"responses":{"200":{"description":"","content":{}},"404":{},"default":{},"x-r":1},`+
		`"callbacks":{"c":{"{$url}":{"post":{"operationId":"i","responses":{}}}}},"security":[],"x-o":1}},"/b":{}},`+
		`"components":{"schemas":{"A":{"description":"d","type":"object","properties":{},"zz":1,"x-n":1},"B":{}},"responses":{},"securitySchemes":{}},"x-a":1,"x-z":1}`, toJSON(doc))
}
