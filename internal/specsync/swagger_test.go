package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestJunkFailsWithAMessageAboutTheSource(t *testing.T) {
	const head = `{"swagger":"2.0","info":{"title":"K","version":"1"},`
	const paths = `"paths":{"/a":{"get":{"responses":{"200":{}}}}},`
	operation := func(body string) string {
		return head + `"paths":{"/a":{"get":` + body + `}}}`
	}
	tests := map[string]struct{ source, says string }{
		"nothing":                       {"", "is empty"},
		"blanks":                        {" \n\t", "is empty"},
		"a web page":                    {"<html></html>", "is not JSON: it starts with <"},
		"YAML":                          {"swagger: '2.0'\n", "is not JSON: line 1"},
		"a document cut short":          {"{\n\"swagger\":\n\"2.0\",", "is not JSON: line 3"},
		"two documents":                 {"{}{}", "is not JSON"},
		"a comment":                     {"{} // done", "is not JSON"},
		"a number":                      {"42", "want an object, got a number"},
		"null":                          {"null", "want an object, got null"},
		"true":                          {"true", "want an object, got a boolean"},
		"a string":                      {`"swagger"`, "want an object, got a string"},
		"an array":                      {"[]", "want an object, got an array"},
		"an empty object":               {"{}", `the "swagger" field is missing`},
		"OpenAPI 3":                     {`{"openapi":"3.0.3","info":{},"paths":{}}`, "is an OpenAPI 3.0.3 document"},
		"a version without end":         {`{"swagger":"` + strings.Repeat("é", 9000) + `"}`, "é …"},
		"Swagger 1.2":                   {`{"swagger":"1.2"}`, `is Swagger "1.2"`},
		"no paths":                      {head + `"definitions":{}}`, `the "paths" field is missing`},
		"paths that are an array":       {head + `"paths":[]}`, "paths: want an object, got an array"},
		"paths that are null":           {head + `"paths":null}`, "paths: want an object, got null"},
		"info that is text":             {`{"swagger":"2.0","info":"K",` + strings.TrimSuffix(paths, ",") + `}`, "info: want an object, got a string"},
		"no info":                       {`{"swagger":"2.0",` + strings.TrimSuffix(paths, ",") + `}`, "not valid OpenAPI 3"},
		"no path at all":                {head + `"paths":{}}`, "without a single path"},
		"a path that is null":           {head + `"paths":{"/a":null}}`, "paths > /a: want an object, got null"},
		"a path without its slash":      {head + `"paths":{"a":{}}}`, "a"},
		"an operation that is text":     {operation(`"x"`), "paths > /a > get: want an object"},
		"an operation without answers":  {operation(`{}`), "responses"},
		"parameters that are an object": {operation(`{"parameters":{}}`), "get > parameters: want an array, got an object"},
		"a parameter that is null":      {operation(`{"parameters":[null]}`), "get > parameters > 0: want an object, got null"},
		"a parameter from nowhere":      {operation(`{"parameters":[{"name":"a","in":"moon","type":"string"}],"responses":{"200":{}}}`), "moon"},
		"two bodies":                    {operation(`{"parameters":[{"in":"body","name":"a"},{"in":"body","name":"b"}],"responses":{}}`), "multiple body"},
		"a parameter nobody defined":    {operation(`{"parameters":[{"$ref":"#/parameters/none"}],"responses":{"200":{}}}`), "none"},
		"an answer that is null":        {operation(`{"responses":{"200":null}}`), "get > responses > 200: want an object, got null"},
		"media types that are text":     {operation(`{"produces":"application/json"}`), "get > produces: want an array, got a string"},
		"a media type that is a number": {operation(`{"consumes":[1]}`), "get > consumes > 0: want a string, got a number"},
		"a schema that is a number":     {head + paths + `"definitions":{"A":7}}`, "definitions > A: want an object, got a number"},
		"properties that are an array":  {head + paths + `"definitions":{"A":{"properties":[]}}}`, "definitions > A > properties: want an object, got an array"},
		"a property that is true":       {head + paths + `"definitions":{"A":{"properties":{"B":true}}}}`, "A > properties > B: want an object, got a boolean"},
		"required that is true":         {head + paths + `"definitions":{"A":{"required":true}}}`, "A > required: want an array, got a boolean"},
		"a type that is an object":      {head + paths + `"definitions":{"A":{"type":{}}}}`, "cannot be converted"},
		"a type that nobody knows":      {head + paths + `"definitions":{"A":{"type":"money"}}}`, `money`},
		"a reference into nowhere":      {head + paths + `"definitions":{"A":{"properties":{"B":{"$ref":"#/definitions/C"}}}}}`, "C"},
		"a reference to itself":         {head + paths + `"definitions":{"A":{"$ref":"#/definitions/A"}}}`, "A"},
		"two that refer to each other":  {head + paths + `"definitions":{"A":{"$ref":"#/definitions/B"},"B":{"$ref":"#/definitions/A"}}}`, "A"},
		"a reference to another server": {head + paths + `"definitions":{"A":{"$ref":"https://elsewhere.example.com/a"}}}`, "elsewhere"},
		"too deep":                      {head + `"paths":` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + "}", "nested more than 200 levels"},
		"far too deep":                  {strings.Repeat(`{"a":`, 200_000), "is not JSON"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			source := temporary(t, "junk.json", test.source)
			code, stdout, stderr := specsync(t, "-source", source, "-overlay", "", "-out", "-")
			assert.Equal(t, exitFailed, code)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, source)
			message := stderr[strings.Index(stderr, source)+len(source):]
			assert.Contains(t, message, test.says)
			assert.NotContains(t, message, "gave up", "the converter should not have been asked")
			assert.Less(t, len(stderr), 4000, "a message that fits a screen")
		})
	}
}

func TestRecursiveSchemasAreFine(t *testing.T) {
	source := temporary(t, "tree.json", `{"swagger":"2.0","info":{"title":"K","version":"1"},
		"paths":{"/a":{"get":{"responses":{"200":{}}}}},
		"definitions":{"Tree":{"properties":{"Left":{"$ref":"#/definitions/Tree"},"All":{"additionalProperties":{"$ref":"#/definitions/Tree"}}}}}}`)
	code, stdout, stderr := specsync(t, "-source", source, "-overlay", "", "-out", "-")
	assert.Equal(t, exitOK, code, stderr)
	assert.Contains(t, stdout, "$ref: '#/components/schemas/Tree'")
}

func TestOfAKeyThatComesTwiceTheLastValueCounts(t *testing.T) {
	doc, err := parseJSON([]byte(`{"a":1,"b":2,"a":[1.50,-0,1e3,null,true,"\u00e9",{}]}`))
	assert.NoError(t, err)
	assert.Equal(t, `{"a":[1.50,-0,1e3,null,true,"é",{}],"b":2}`, toJSON(doc))
}
