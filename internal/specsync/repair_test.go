package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

func TestEachDefectIsRepairedAndNothingElseIsTouched(t *testing.T) {
	tests := map[string]struct {
		mend         func(*yaml.Node) int
		before, want string
		count        int
	}{
		"every capitalised type name, in parameters, items, headers and schemas": {lowerTypeNames,
			`{"parameters":{"P":{"in":"query","type":"Boolean"}},
			  "responses":{"R":{"headers":{"H":{"type":"Integer"}}}},
			  "paths":{"/a":{"parameters":[{"in":"header","type":"String"}],
			    "post":{"parameters":[{"in":"query","type":"Array","items":{"type":"Number"}},{"in":"body","schema":{"type":"Object"}}],
			      "responses":{"200":{"schema":{"type":"ARRAY","items":{"type":"String"}}}}}}},
			  "definitions":{"A":{"allOf":[{"type":"Object"}],"properties":{"B":{"additionalProperties":{"type":"Integer"}}}}}}`,
			`{"parameters":{"P":{"in":"query","type":"boolean"}},
			  "responses":{"R":{"headers":{"H":{"type":"integer"}}}},
			  "paths":{"/a":{"parameters":[{"in":"header","type":"string"}],
			    "post":{"parameters":[{"in":"query","type":"array","items":{"type":"number"}},{"in":"body","schema":{"type":"object"}}],
			      "responses":{"200":{"schema":{"type":"array","items":{"type":"string"}}}}}}},
			  "definitions":{"A":{"allOf":[{"type":"object"}],"properties":{"B":{"additionalProperties":{"type":"integer"}}}}}}`, 10},
		"a property that is called type, a type of somebody's own, and examples stay": {lowerTypeNames,
			`{"definitions":{"A":{"example":{"type":"String"},"properties":{"type":{"type":"Money"}}}}}`,
			`{"definitions":{"A":{"example":{"type":"String"},"properties":{"type":{"type":"Money"}}}}}`, 0},
		"text/json in the document and its operations, and a list that it leaves empty": {dropTextJSON,
			`{"consumes":["application/json","text/json"],"paths":{"/a":{"get":{"produces":["Text/JSON"],"consumes":["application/xml"]}}}}`,
			`{"consumes":["application/json"],"paths":{"/a":{"get":{"consumes":["application/xml"]}}}}`, 2},
		"media types are inherited from the document": {inheritMediaTypes,
			`{"consumes":["application/xml"],"produces":["text/csv"],"paths":{"/a":{"post":{"parameters":[{"in":"body"}]}}}}`,
			`{"consumes":["application/xml"],"produces":["text/csv"],"paths":{"/a":{"post":{"parameters":[{"in":"body"}],"produces":["text/csv"],"consumes":["application/xml"]}}}}`, 2},
		"media types are JSON where nobody says, and a form stays a form": {inheritMediaTypes,
			`{"paths":{"/a":{"post":{"parameters":[{"in":"formData"}]},"get":{"produces":["text/csv"]}}}}`,
			`{"paths":{"/a":{"post":{"parameters":[{"in":"formData"}],"produces":["application/json"]},"get":{"produces":["text/csv"]}}}}`, 1},
		"empty defaults go from query parameters, and from nowhere else": {dropEmptyDefaults,
			`{"paths":{"/a":{"get":{"parameters":[{"in":"query","default":""},{"in":"query","default":"x"},{"in":"query","default":0},{"in":"header","default":""}]}}}}`,
			`{"paths":{"/a":{"get":{"parameters":[{"in":"query"},{"in":"query","default":"x"},{"in":"query","default":0},{"in":"header","default":""}]}}}}`, 1},
		"additionalProperties: false goes at every depth; a schema and true stay": {openSchemas,
			`{"definitions":{"A":{"additionalProperties":false,"properties":{"B":{"additionalProperties":{"additionalProperties":false}},"C":{"additionalProperties":true}}}}}`,
			`{"definitions":{"A":{"properties":{"B":{"additionalProperties":{}},"C":{"additionalProperties":true}}}}}`, 2},
		"fields of no specification go; extensions and properties of any name stay": {dropUnknownSchemaFields,
			`{"definitions":{"A":{"exampleSetFlag":true,"types":[],"x-note":1,"nullable":true,"properties":{"exampleSetFlag":{"type":"string"}}}}}`,
			`{"definitions":{"A":{"x-note":1,"nullable":true,"properties":{"exampleSetFlag":{"type":"string"}}}}}`, 2},
		"what operations share is written into each; an operation's own parameter wins, and an unknown one stays": {writeOutShared,
			`{"parameters":{"P":{"in":"query","name":"p"}},"responses":{"R":{"description":"r"}},
			  "paths":{"/a":{"parameters":[{"in":"header","name":"h"},{"in":"query","name":"q","type":"string"}],
			    "get":{"parameters":[{"$ref":"#/parameters/P"},{"in":"query","name":"q"}],"responses":{"200":{"$ref":"#/responses/R"}}},
			    "put":{"responses":{"200":{"description":"x"}}}},
			    "/b":{"get":{"parameters":[{"$ref":"#/parameters/Q"}],"responses":{"200":{"$ref":"#/definitions/R"}}}}}}`,
			`{"parameters":{"P":{"in":"query","name":"p"}},"responses":{"R":{"description":"r"}},
			  "paths":{"/a":{
			    "get":{"parameters":[{"in":"query","name":"p"},{"in":"query","name":"q"},{"in":"header","name":"h"}],"responses":{"200":{"description":"r"}}},
			    "put":{"responses":{"200":{"description":"x"}},"parameters":[{"in":"header","name":"h"},{"in":"query","name":"q","type":"string"}]}},
			    "/b":{"get":{"parameters":[{"$ref":"#/parameters/Q"}],"responses":{"200":{"$ref":"#/definitions/R"}}}}}}`, 5},
		"nullable in the converter's spelling": {spellNullable,
			`{"definitions":{"A":{"properties":{"nullable":{"type":"string","nullable":true}}}}}`,
			`{"definitions":{"A":{"properties":{"nullable":{"type":"string","x-nullable":true}}}}}`, 1},
		"inherited fields, from further up too; the definition's own word wins": {writeOutParts,
			`{"definitions":{"A":{"required":["a"],"properties":{"a":{"type":"string"}}},
			  "B":{"allOf":[{"$ref":"#/definitions/A"},{"properties":{"b":{"type":"string"}}}]},
			  "C":{"description":"c","properties":{"a":{"type":"string","description":"own"}},"required":["c"],"allOf":[{"$ref":"#/definitions/B"}]}}}`,
			`{"definitions":{"A":{"required":["a"],"properties":{"a":{"type":"string"}}},
			  "B":{"required":["a"],"properties":{"a":{"type":"string"},"b":{"type":"string"}}},
			  "C":{"description":"c","properties":{"a":{"type":"string","description":"own"},"b":{"type":"string"}},"required":["a","c"]}}}`, 2},
		"a lone reference, a part that is missing and parts that contain themselves stay": {writeOutParts,
			`{"definitions":{"A":{"allOf":[{"$ref":"#/definitions/B"}]},"B":{"allOf":[{"$ref":"#/definitions/None"},{"type":"object"}]},
			  "C":{"allOf":[{"$ref":"#/definitions/D"},{}]},"D":{"allOf":[{"$ref":"#/definitions/C"},{}]}}}`,
			`{"definitions":{"A":{"allOf":[{"$ref":"#/definitions/B"}]},"B":{"allOf":[{"$ref":"#/definitions/None"},{"type":"object"}]},
			  "C":{"allOf":[{"$ref":"#/definitions/D"},{}]},"D":{"allOf":[{"$ref":"#/definitions/C"},{}]}}}`, 0},
		"an address with a scheme, a path and capitals": {tidyAddress,
			`{"host":"https://kiosk.example.com/v3","basePath":"v3/","schemes":["HTTPS"]}`,
			`{"host":"kiosk.example.com","basePath":"/v3","schemes":["https"]}`, 3},
		"an address that is in order, and one that is not there": {tidyAddress,
			`{"host":"kiosk.example.com:8443","basePath":"/"}`, `{"host":"kiosk.example.com:8443","basePath":"/"}`, 0},
		"paths below a base path": {writeOutBasePath,
			`{"basePath":"/v3","paths":{"/a":{},"x-b":1}}`, `{"paths":{"/v3/a":{},"x-b":1}}`, 1},
		"a base path that is none": {writeOutBasePath, `{"basePath":"/","paths":{"/a":{}}}`, `{"basePath":"/","paths":{"/a":{}}}`, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			doc, err := parseJSON([]byte(test.before))
			require.NoError(t, err)
			assert.Equal(t, test.count, test.mend(doc))
			assert.JSONEq(t, test.want, toJSON(doc))
			assert.Zero(t, test.mend(doc), "nothing is left to repair")
		})
	}
}

func TestASoundDocumentGetsNoReport(t *testing.T) {
	doc, err := readSwagger([]byte(`{"swagger":"2.0","info":{},"paths":{"/a":{"get":{"produces":["application/json"]}}}}`))
	require.NoError(t, err)
	assert.Empty(t, repair(doc))
}
