package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// counter is a document with one operation that sends a Coin and reads a Cup.
const counter = `openapi: 3.0.3
info: {title: Counter, version: "1"}
servers:
  - {url: https://counter.example.com, description: here}
  - {url: "https://{place}.example.com", variables: {place: {default: north}}}
security: [{Key: []}, {Login: [drink]}]
tags: [{name: hot}]
paths:
  /cups:
    summary: Cups
    post:
      operationId: BuyCup
      tags: [hot]
      parameters:
        - {in: query, name: size, deprecated: true, allowEmptyValue: true, schema: {type: string}}
        - {in: query, name: mix, content: {application/json: {schema: {type: string}}}}
      requestBody:
        description: the coin
        content: {application/json: {schema: {$ref: '#/components/schemas/Coin'}}}
      responses:
        "200":
          description: the cup
          headers: {Temperature: {required: true, schema: {type: integer}}}
          content:
            application/json: {schema: {$ref: '#/components/schemas/Cup'}, example: {Volume: 1}}
            text/plain: {schema: {type: string}}
        default: {description: none}
components:
  schemas:
    Coin:
      type: object
      minProperties: 1
      properties:
        Value: {type: number, multipleOf: 5, exclusiveMinimum: true, minimum: 0}
        Minted: {type: string, default: now, writeOnly: true}
        Notes: {type: array, items: {type: string}, maxItems: 3}
    Cup:
      type: object
      discriminator: {propertyName: Kind}
      properties:
        Kind: {type: string, title: kind, deprecated: true}
        Volume: {type: number, readOnly: true}
        Rims: {type: array, uniqueItems: true, items: {type: string}}
        Extras: {type: object, additionalProperties: {type: string}}
    Spoon:
      type: object
      properties: {Length: {type: number}, Shape: {type: string}}
  securitySchemes:
    Key: {type: apiKey, in: header, name: key, description: a key}
    Login: {type: http, scheme: bearer, bearerFormat: JWT}
`

func TestEachDifferenceHasItsWordsAndItsClass(t *testing.T) {
	tests := map[string]struct {
		old, new string
		want     string
	}{
		"a server is described":                    {"description: here", "description: there", "cosmetic the address https://counter.example.com: the description changed"},
		"a server has other variables":             {"default: north", "default: south", "breaking the address https://{place}.example.com: variables changed: "},
		"one of two servers goes":                  {"  - {url: https://counter.example.com, description: here}\n", "", "breaking the address https://counter.example.com is gone"},
		"the title":                                {"title: Counter", "title: Bar", "cosmetic the document: the title changed"},
		"a tag":                                    {"{name: hot}", "{name: cold}", "cosmetic the document: the tags changed"},
		"the tag of an operation":                  {"tags: [hot]", "tags: [cold]", "cosmetic the operation: the tags changed"},
		"a path is described":                      {"summary: Cups", "summary: Mugs", "cosmetic /cups: the summary changed"},
		"a second method of a path":                {"  /cups:\n", "  /cups:\n    get: {operationId: ListCups, responses: {\"204\": {description: none}}}\n", "compatible the operation is new (GET /cups)"},
		"servers of an operation":                  {"operationId: BuyCup", "operationId: BuyCup\n      servers: [{url: https://other.example.com}]", "compatible the address https://other.example.com is new"},
		"other scopes":                             {"Login: [drink]", "Login: [eat]", "breaking the operation asks for other scopes"},
		"credentials that are no more an option":   {"{Key: []}, ", "", "breaking the operation does not take Key any more"},
		"one more option":                          {"[{Key: []}, ", "[{Key: []}, {}, ", "compatible the operation takes nothing as well"},
		"a key is described":                       {"description: a key", "description: the key", "cosmetic the credentials Key: the description changed"},
		"a token has another form":                 {"bearerFormat: JWT", "bearerFormat: opaque", "cosmetic the credentials Login: the bearerFormat changed"},
		"a token is sent in another way":           {"scheme: bearer", "scheme: basic", "breaking the credentials Login are sent in another way: scheme is basic, not bearer"},
		"a parameter is not deprecated any more":   {"deprecated: true, allow", "allow", "compatible the query parameter size is not marked as deprecated any more"},
		"a parameter may not be empty":             {"allowEmptyValue: true, ", "", "breaking the query parameter size: allowEmptyValue is false now"},
		"what a parameter consists of":             {"name: mix, content: {application/json", "name: mix, content: {application/xml", "breaking the query parameter mix is application/xml now, not application/json"},
		"a body is described":                      {"description: the coin", "description: a coin", "cosmetic the body of the request: the description changed"},
		"a body is required":                       {"description: the coin", "description: the coin\n        required: true", "breaking the body of the request is required now"},
		"nothing":                                  {"", "", ""},
		"a body in one more form":                  {"content: {application/json: {schema: {$ref: '#/components/schemas/Coin'}}}", "content: {application/json: {schema: {$ref: '#/components/schemas/Coin'}}, text/csv: {}}", "compatible the body of the request is offered as text/csv as well"},
		"an answer in one form less":               {"            text/plain: {schema: {type: string}}\n", "", "breaking the answer 200 is not offered as text/plain any more"},
		"the example of an answer":                 {"example: {Volume: 1}", "example: {Volume: 2}", "cosmetic the answer 200: the example changed"},
		"the last resort of an answer":             {"        default: {description: none}\n", "", "breaking the answer default is gone"},
		"a header goes":                            {"{Temperature: {required: true, schema: {type: integer}}}", "{}", "breaking the answer 200 lost the header Temperature"},
		"a header that may be missing":             {"required: true, schema: {type: integer}", "schema: {type: integer}", "breaking the answer 200, header Temperature is optional now"},
		"a header of another type":                 {"schema: {type: integer}", "schema: {type: string}", "breaking the answer 200, header Temperature is a string now, not an integer"},
		"fewer fields are enough":                  {"minProperties: 1", "minProperties: 0", "compatible Coin: minProperties is 0 now, not 1"},
		"coins of other values":                    {"multipleOf: 5", "multipleOf: 7", "breaking Coin.Value: multipleOf is 7 now, not 5"},
		"a bound that counts":                      {"exclusiveMinimum: true, ", "", "compatible Coin.Value: exclusiveMinimum is "},
		"no default":                               {"default: now, ", "", "breaking the default of Coin.Minted is none now, not now"},
		"what is sent only may be read":            {", writeOnly: true", "", "compatible Coin.Minted: writeOnly is false now, not true"},
		"a shorter list":                           {"maxItems: 3", "maxItems: 2", "breaking Coin.Notes: maxItems is 2 now, not 3"},
		"a list of something else":                 {"items: {type: string}, maxItems", "items: {type: integer}, maxItems", "breaking an element of Coin.Notes is an integer now, not a string"},
		"another discriminator":                    {"propertyName: Kind", "propertyName: Sort", "breaking Cup: discriminatorDiff changed: "},
		"the title of a field":                     {"title: kind", "title: sort", "cosmetic Cup.Kind: the title changed"},
		"a field is not deprecated any more":       {"title: kind, deprecated: true", "title: kind", "compatible Cup.Kind is not marked as deprecated any more"},
		"a field that can be sent":                 {"type: number, readOnly: true", "type: number", "compatible Cup.Volume: readOnly is false now, not true"},
		"a list with repetitions":                  {"uniqueItems: true, ", "", "breaking Cup.Rims: uniqueItems is false now, not true"},
		"a map of anything":                        {"type: object, additionalProperties: {type: string}", "type: object", "breaking another field of Cup.Extras is a value of any type now, not a string"},
		"alternatives":                             {"type: number, readOnly: true", "oneOf: [{type: number}, {type: string}], readOnly: true", "breaking Cup.Volume is a value of any type now, not a number"},
		"a field of what nobody uses goes":         {"Length: {type: number}, ", "", "compatible the unused definition lost the field Spoon.Length"},
		"a field of what nobody uses is renamed":   {"Length: {type: number}", "Size: {type: number}", "compatible the unused definition lost the field Spoon.Length; the new field Spoon.Size has the same type and may be its new name"},
		"what nobody uses goes":                    {"    Spoon:\n      type: object\n      properties: {Length: {type: number}, Shape: {type: string}}\n", "", "compatible the definition Spoon, which no operation uses, is gone"},
		"a part that the comparison does not know": {"paths:\n", "jsonSchemaDialect: x\npaths:\n", "breaking "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, counter, test.old)
			before, err := parseYAML([]byte(counter))
			require.NoError(t, err)
			after, err := parseYAML([]byte(strings.Replace(counter, test.old, test.new, 1)))
			require.NoError(t, err)
			changes, err := compare(view(before), view(after))
			require.NoError(t, err)
			if test.want == "" {
				assert.Empty(t, changes)
				return
			}
			require.Len(t, changes, 1, "%+v", changes)
			assert.True(t, strings.HasPrefix(string(changes[0].Class)+" "+changes[0].Text, test.want), "%+v", changes[0])
			assert.NotEmpty(t, changes[0].Meaning)
		})
	}
}

func TestWhatTheLibraryOverlooksIsStillReported(t *testing.T) {
	before, err := parseYAML([]byte(counter))
	require.NoError(t, err)
	after := clone(before)
	setField(after, "surprise", newString("here"))
	changes, err := compare(before, after)
	require.NoError(t, err)
	require.Len(t, changes, 1)
	assert.Equal(t, breaking, changes[0].Class)
}

func TestADocumentThatTheLibraryCannotReadIsAnError(t *testing.T) {
	before, err := parseYAML([]byte(counter))
	require.NoError(t, err)
	after := clone(before)
	setField(after, "paths", newString("none"))
	_, err = compare(before, after)
	assert.Error(t, err)
	_, err = compare(after, before)
	assert.Error(t, err)
}

// FuzzAnyChangeHasWords holds that whatever a Swagger document has become, it is refused or told in words, and that nothing is
// said about what is the same.
func FuzzAnyChangeHasWords(f *testing.F) {
	kiosk, err := os.ReadFile(kioskSwagger)
	require.NoError(f, err)
	f.Add(kiosk)
	for _, change := range [][2]string{{`"string"`, `"integer"`}, {`"required"`, `"optional"`}, {`"get"`, `"post"`}, {`"$ref"`, `"ref"`}, {`"200"`, `"default"`}} {
		f.Add(bytes.ReplaceAll(kiosk, []byte(change[0]), []byte(change[1])))
	}
	viewed := func(data []byte) *yaml.Node {
		doc, err := readSwagger(data)
		if err != nil {
			return nil
		}
		repair(doc)
		if doc, err = convert(doc); err != nil {
			return nil
		}
		if validate(context.Background(), []byte(toJSON(doc))) != nil {
			return nil
		}
		return view(doc)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		after := viewed(data)
		if after == nil {
			return
		}
		changes, err := compare(viewed(kiosk), after)
		if err != nil {
			return
		}
		for _, one := range changes {
			require.Contains(t, classes, one.Class)
			require.NotEmpty(t, one.Text)
		}
		same, err := compare(after, viewed(data))
		require.NoError(t, err)
		require.Empty(t, same)
	})
}
