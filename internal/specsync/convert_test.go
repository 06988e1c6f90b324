package main

import (
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// converted runs a Swagger through everything but the overlay and validation, and returns the YAML.
func converted(t *testing.T, swagger string) string {
	t.Helper()
	doc, err := readSwagger([]byte(swagger))
	require.NoError(t, err)
	repair(doc)
	doc, err = convert(doc)
	require.NoError(t, err)
	out, err := render(doc)
	require.NoError(t, err)
	return string(out)
}

func TestPropertiesKeepTheOrderOfTheSwaggerEverywhere(t *testing.T) {
	const schema = `{"required":["Z","A"],"properties":{"Z":{"type":"string"},"M":{"properties":{"b":{},"a":{}}},"A":{"type":"string"}}}`
	const yaml = `required: [A, Z], properties: [Z, M: [b, a], A]`
	tests := map[string]string{
		"a definition":            `"definitions":{"S":` + schema + `}`,
		"an array's items":        `"definitions":{"S":{"type":"array","items":` + schema + `}}`,
		"a part of allOf":         `"definitions":{"S":{"allOf":[` + schema + `]}}`,
		"a map's values":          `"definitions":{"S":{"additionalProperties":` + schema + `}}`,
		"a shared answer":         `"responses":{"R":{"schema":` + schema + `}}`,
		"an answer of its own":    `"paths":{"/b":{"get":{"responses":{"200":{"schema":` + schema + `}}}}}`,
		"a body":                  `"paths":{"/b":{"put":{"parameters":[{"in":"body","name":"b","schema":` + schema + `}],"responses":{}}}}`,
		"a body for a whole path": `"paths":{"/b":{"parameters":[{"in":"body","name":"b","schema":` + schema + `}],"put":{"responses":{}}}}`,
		"a shared body":           `"parameters":{"b":{"in":"body","name":"b","schema":` + schema + `}}`,
	}
	for name, part := range tests {
		t.Run(name, func(t *testing.T) {
			out := converted(t, `{"swagger":"2.0","paths":{"/a":{}},`+part+`}`)
			assert.Regexp(t, `required:\n +- A\n +- Z\n +properties:\n +Z:\n +type: string\n +M:\n +properties:\n +b: {}\n +a: {}\n +A:\n`, out, yaml)
			assert.NotContains(t, out, orderMark)
			assert.NotContains(t, out, "x-originalParamName")
		})
	}
}

func TestPropertiesWithAwkwardNamesAreProperties(t *testing.T) {
	out := converted(t, `{"swagger":"2.0","paths":{"/a":{}},"definitions":{"properties":{"properties":{"properties":{"type":"string"},
		"":{"type":"string"},"required":{"type":"string"},"x-a":{"type":"string"},"items":{"type":"String"}}}}}`)
	assert.Contains(t, out, `
    properties:
      properties:
        properties:
          type: string
        "":
          type: string
        required:
          type: string
        x-a:
          type: string
        items:
          type: string
`)
}

func TestASourceThatUsesOurOwnMarkDoesNotConfuseTheOrder(t *testing.T) {
	out := converted(t, `{"swagger":"2.0","paths":{"/a":{}},"definitions":{"A":{"`+orderMark+`":["A"],"properties":{"Z":{},"A":{}}}}}`)
	assert.Contains(t, out, "properties:\n        Z: {}\n        A: {}\n")
	assert.NotContains(t, out, orderMark)
}

func TestReferencesBelowAMapAreConverted(t *testing.T) {
	out := converted(t, `{"swagger":"2.0","paths":{"/a":{}},"definitions":{"B":{"type":"string"},"A":{"additionalProperties":
		{"type":"object","properties":{"One":{"$ref":"#/definitions/B"},"Many":{"type":"array","items":{"$ref":"#/definitions/B"}}}}}}}`)
	assert.NotContains(t, out, "#/definitions/")
	assert.Regexp(t, `One:\n +\$ref: '#/components/schemas/B'\n +Many:\n +type: array\n +items:\n +\$ref: '#/components/schemas/B'`, out)
}

func TestServersComeFromHostBasePathAndSchemes(t *testing.T) {
	tests := map[string]struct{ address, want string }{
		"no base path":     {`"host":"k.example.com"`, "servers:\n  - url: https://k.example.com\n"},
		"a base path":      {`"host":"k.example.com","basePath":"/v3/"`, "servers:\n  - url: https://k.example.com\npaths:\n  /v3/a: {}\n"},
		"only a base path": {`"basePath":"v3"`, "paths:\n  /v3/a: {}\n"},
		"two schemes":      {`"host":"k.example.com","schemes":["https","wss"]`, "servers:\n  - url: https://k.example.com\n  - url: wss://k.example.com\n"},
		"nothing":          {`"x-a":1`, "paths:"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Contains(t, converted(t, `{"swagger":"2.0","paths":{"/a":{}},`+test.address+`}`), "\n"+test.want)
		})
	}
}

// TestOnlyPropertyOrderMatters shuffles the keys of every object but the properties of schemas.
func TestOnlyPropertyOrderMatters(t *testing.T) {
	want, err := os.ReadFile(kioskGolden)
	require.NoError(t, err)
	for seed := range uint64(20) {
		doc, err := parseJSON([]byte(kioskJSON(t)))
		require.NoError(t, err)
		ordered := map[*yaml.Node]bool{}
		walker{schema: func(schema *yaml.Node) { ordered[field(schema, "properties")] = true }}.walk(doc)
		shuffle(doc, ordered, rand.New(rand.NewPCG(seed, 1)))

		code, stdout, stderr := specsync(t, "-out", "-", "-overlay", kioskOverlay, "-source", temporary(t, "shuffled.json", toJSON(doc)))
		require.Equal(t, exitOK, code, stderr)
		require.Equal(t, string(want), stdout)
	}
}

func shuffle(node *yaml.Node, ordered map[*yaml.Node]bool, random *rand.Rand) {
	if node.Kind == yaml.MappingNode && !ordered[node] {
		random.Shuffle(len(node.Content)/2, func(i, j int) {
			for side := range 2 {
				node.Content[2*i+side], node.Content[2*j+side] = node.Content[2*j+side], node.Content[2*i+side]
			}
		})
	}
	for _, child := range node.Content {
		shuffle(child, ordered, random)
	}
}

func FuzzAnyInputIsConvertedOrRefused(f *testing.F) {
	kiosk, err := os.ReadFile(kioskSwagger)
	require.NoError(f, err)
	f.Add(kiosk)
	f.Add([]byte(`{"swagger":"2.0","paths":{"/a":{"get":{"parameters":[{"$ref":"#/parameters/p"}]}}},"parameters":{"p":{"in":"formData","name":"p","type":"file"}}}`))
	f.Add([]byte(`{"swagger":"2.0","paths":{"/a":{"x-b":null}},"definitions":{"A":{"$ref":"#/definitions/B"},"B":{"$ref":"#/definitions/A","x-specsync-property-order":{}}}}`))
	f.Add([]byte(`{"swagger":"2.0","paths":{"/a":{"get":{"responses":{"x-":0,"200":{"examples":{"a":[1e999]},"headers":{"h":{}}}}}}},"securityDefinitions":{"s":{}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := readSwagger(data)
		if err != nil {
			return
		}
		repair(doc)
		require.Empty(t, repair(doc), "one round of repairs is enough")
		doc, err = convert(doc)
		if err != nil {
			return
		}
		if out, err := render(doc); err == nil {
			_ = validate(t.Context(), out)
		}
	})
}
