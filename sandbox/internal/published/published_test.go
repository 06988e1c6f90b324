package published

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const kiosk = `
openapi: 3.0.3
info: {title: Kiosk, version: "1"}
paths:
  /stock:
    description: not an operation
    get:
      operationId: GetStock
      parameters:
        - {name: X-Options, in: header, schema: {type: string}}
        - {name: kinds, in: query, schema: {type: array, items: {$ref: '#/components/schemas/Kind'}}}
      responses:
        "200": {description: all of it, content: {application/json: {schema: {$ref: '#/components/schemas/Stock'}}}}
        "503": {$ref: '#/components/responses/Closed'}
components:
  responses:
    Closed:
      description: closed
      headers: {Retry-After: {description: until when, schema: {type: string}}}
      content: {application/json: {schema: {$ref: '#/components/schemas/Problem'}}}
  schemas:
    Kind: {description: grows, type: string, x-extensible-enum: [sweet]}
    Problem: {type: object, properties: {Why: {type: string}}}
    Stock:
      type: object
      properties:
        Price: {type: number, nullable: true, x-go-name: P}
        Kind: {description: its kind, allOf: [{$ref: '#/components/schemas/Kind'}]}
        Items: {type: array, items: {$ref: '#/components/schemas/Stock'}}
        Texts: {type: object, additionalProperties: {type: string}}
`

func TestAnswersAreArranged(t *testing.T) {
	order, err := NewOrder([]byte(kiosk), "Problem", map[string]map[string]string{"Stock": {"Kind": "null"}})
	require.NoError(t, err)
	tests := map[string]struct{ status, given, want string }{
		"by the schema, all the way down": {
			"200", `{"Items":[{"Kind":"b","Price":2.50}],"Kind":"a","Price":1.0}`,
			`{"Price":1.0,"Kind":"a","Items":[{"Price":2.50,"Kind":"b"}]}`,
		},
		"with null where nothing is said": {"200", `{"Price":1}`, `{"Price":1,"Kind":null}`},
		"unknown fields last, by name":    {"200", `{"z":{"b":1,"a":2},"y":1,"Price":1}`, `{"Price":1,"Kind":null,"y":1,"z":{"b":1,"a":2}}`},
		"null and lists that are null":    {"200", `{"Items":null,"Kind":"a"}`, `{"Kind":"a","Items":null}`},
		"maps as they are":                {"200", `{"Texts":{"b":"1","a":"2"}}`, `{"Kind":null,"Texts":{"b":"1","a":"2"}}`},
		"an answer by reference":          {"503", `{"z":1,"Why":"<lunch>"}`, `{"Why":"<lunch>","z":1}`},
		"an answer that nobody declared":  {"500", `{"z":1,"Why":"fire"}`, `{"Why":"fire","z":1}`},
		"an empty one":                    {"503", `{}`, `{}`},
		"one of another type":             {"503", `[1]`, `[1]`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, string(order.Arrange("GetStock", test.status, []byte(test.given))))
		})
	}
}

func TestSwaggerSaysWhatOpenAPISaid(t *testing.T) {
	text, err := Swagger([]byte(kiosk), Place{Scheme: "http", Host: "kiosk.test:1"})
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"swagger": "2.0", "info": {"title": "Kiosk", "version": "1"}, "host": "kiosk.test:1", "schemes": ["http"],
		"paths": {"/stock": {"get": {
			"operationId": "GetStock", "produces": ["application/json"],
			"parameters": [{"in": "query", "name": "kinds", "type": "array", "items": {"type": "string"}, "collectionFormat": "multi"}],
			"responses": {
				"200": {"description": "all of it", "schema": {"$ref": "#/definitions/Stock"}},
				"503": {"$ref": "#/responses/Closed"}
			}
		}}},
		"definitions": {
			"Problem": {"type": "object", "properties": {"Why": {"type": "string"}}},
			"Stock": {"type": "object", "properties": {
				"Price": {"type": "number", "x-nullable": true},
				"Kind": {"description": "its kind", "type": "string"},
				"Items": {"type": "array", "items": {"$ref": "#/definitions/Stock"}},
				"Texts": {"type": "object", "additionalProperties": {"type": "string"}}
			}}
		},
		"responses": {"Closed": {
			"description": "closed", "headers": {"Retry-After": {"description": "until when", "type": "string"}},
			"schema": {"$ref": "#/definitions/Problem"}
		}},
		"securityDefinitions": {}
	}`, string(text))
	assert.Less(t, strings.Index(string(text), `"Price"`), strings.Index(string(text), `"Items"`), "in its own order")
}

func TestWhatIsNoDocumentIsRefused(t *testing.T) {
	for _, text := range []string{"", "- a list", "{", "text"} {
		_, err := Swagger([]byte(text), Place{})
		assert.Error(t, err, text)
		_, err = NewOrder([]byte(text), "", nil)
		assert.Error(t, err, text)
		_, err = DingCollection([]byte(text), Variables{})
		assert.Error(t, err, text)
		_, err = DizleeCollection([]byte(text), Variables{})
		assert.Error(t, err, text)
	}
}

func TestACollectionHoldsWhatWasGiven(t *testing.T) {
	text, err := DingCollection([]byte(kiosk), Variables{BaseURL: "http://kiosk.test", APIKey: `a "key"`})
	require.NoError(t, err)
	var collection struct {
		Item []struct {
			Name    string
			Request struct{ URL json.RawMessage }
		}
		Variable []struct{ Key, Value string }
	}
	require.NoError(t, json.Unmarshal(text, &collection))
	assert.Equal(t, "GetStock", collection.Item[1].Name)
	assert.Contains(t, string(collection.Item[1].Request.URL), `"raw": "{{baseUrl}}/stock"`)
	assert.Equal(t, "http://kiosk.test", collection.Variable[0].Value)
	assert.Equal(t, `a "key"`, collection.Variable[2].Value)
}
