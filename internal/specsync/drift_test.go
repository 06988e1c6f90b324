package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// editAll replaces passages of the Kiosk Swagger, old and new in turn; each old one must be there.
func editAll(t *testing.T, source string, passages ...string) string {
	t.Helper()
	for i := 0; i < len(passages); i += 2 {
		require.Contains(t, source, passages[i])
		source = strings.Replace(source, passages[i], passages[i+1], 1)
	}
	return source
}

// driftBetween commits a document made from one Swagger and asks what another one changed, in words and as JSON.
func driftBetween(t *testing.T, before, after, overlay string) (code int, words string, found report) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "kiosk.yaml")
	source := temporary(t, "after.json", after)
	code, _, stderr := specsync(t, "-source", temporary(t, "before.json", before), "-overlay", overlay, "-out", out)
	require.Equal(t, exitOK, code, stderr)

	code, words, stderr = specsync(t, "-drift", "-source", source, "-overlay", overlay, "-out", out)
	require.NotEqual(t, exitUnread, code, stderr)
	again, asJSON, _ := specsync(t, "-drift", "-json", "-source", source, "-overlay", overlay, "-out", out)
	assert.Equal(t, code, again)
	require.NoError(t, json.Unmarshal([]byte(asJSON), &found))

	if found.Note == "" {
		written, _, stderr := specsync(t, "-source", source, "-overlay", overlay, "-out", out)
		require.Equal(t, exitOK, written, stderr)
		_, silent, _ := specsync(t, "-drift", "-source", source, "-overlay", overlay, "-out", out)
		assert.Contains(t, silent, "nothing changed", "make spec takes the change over")
	}
	return code, words, found
}

func TestDriftSpeaksOfOperationsAndFields(t *testing.T) {
	tests := map[string]struct {
		edits []string // on the Swagger that is committed, then on the one that is compared
		then  []string
		want  []string // every line, without its dash
	}{
		"nothing": {},
		"formatting only": {
			then: []string{`"host": "kiosk.example.com",`, "\n\n\n\"host\"  :   \"kiosk.example.com\"  ,"},
		},
		"the order of fields, parameters and values": {
			edits: []string{`"Edition": { "type": "String", "exampleSetFlag": false },`, `"Edition": { "type": "string", "enum": ["early", "late"] },`},
			then: []string{
				`"Edition": { "type": "string", "enum": ["early", "late"] },`, "",
				`"PaperCode": { "type": "string" },`, `"Edition": { "enum": ["late", "early"], "type": "string" }, "PaperCode": { "type": "string" },`,
				`"required": ["PaperCode", "Copies"]`, `"required": ["Copies", "PaperCode"]`,
				`{ "in": "query", "name": "label", "type": "string", "default": "" },`, "",
				`{ "in": "header", "name": "X-Trace", "type": "String" }`, `{ "in": "header", "name": "X-Trace", "type": "String" }, { "in": "query", "name": "label", "type": "string" }`,
			},
		},
		"a place in a path has another name": {
			then: []string{`"/v3/Papers/{paperCode}"`, `"/v3/Papers/{code}"`, `"name": "paperCode"`, `"name": "code"`, `"name": "paperCode"`, `"name": "code"`},
			want: []string{"ReadPaper, RetirePaper: the path parameter paperCode is called code now: cosmetic"},
		},
		"a path with a place in it moves": {
			then: []string{`"/v3/Papers/{paperCode}"`, `"/v4/Papers/{paperCode}"`},
			want: []string{"ReadPaper, RetirePaper: moved from /v3/Papers/… to /v4/Papers/…: breaking"},
		},
		"a definition is written out, and not what it was": {
			then: []string{`"additionalProperties": { "$ref": "#/definitions/Paper" }`, `"additionalProperties": { "type": "object", "properties": {
				"PaperCode": { "type": "integer" }, "amount": { "type": "number", "format": "decimal" } }, "required": ["PaperCode"] }`},
			want: []string{
				"ListShelves: a value of Shelf.Contents is written out now, without the name Paper: compatible",
				"ListShelves: PaperCode of a value of Shelf.Contents is an integer now, not a string: breaking",
				"ListShelves: the answer lost the field AppearsOn of a value of Shelf.Contents: breaking",
				"ListShelves: the answer lost the field Edition of a value of Shelf.Contents: breaking",
				"ListShelves: the answer lost the field Amount of a value of Shelf.Contents; the new field amount of a value of Shelf.Contents has the same type and may be its new name: breaking",
			},
		},
		"values come and go": {
			edits: []string{`"Edition": { "type": "String", "exampleSetFlag": false }`, `"Edition": { "type": "string", "enum": ["early", "late"] }`,
				`"Copies": { "type": "integer", "format": "int32" }`, `"Copies": { "type": "integer", "format": "int32", "enum": [1, 2] }`},
			then: []string{`["early", "late"]`, `["early", "noon"]`, `[1, 2]`, `[1, 2, 3]`},
			want: []string{
				"ListShelves, PlaceOrder, ReadPaper, VoidOrders: Paper.Edition: new in the list of values: noon; gone from the list of values: late: breaking",
				"PlaceOrder: Order.Copies: new in the list of values: 3: compatible",
			},
		},
		"a list of values ends": {
			edits: []string{`"Edition": { "type": "String", "exampleSetFlag": false }`, `"Edition": { "type": "string", "enum": ["early", "late"] }`},
			then:  []string{`, "enum": ["early", "late"]`, ""},
			want:  []string{"ListShelves, PlaceOrder, ReadPaper, VoidOrders: Paper.Edition: the values are not listed any more; they were early, late: breaking"},
		},
		"bounds of what is sent": {
			edits: []string{`"Copies": { "type": "integer", "format": "int32" }`, `"Copies": { "type": "integer", "format": "int32", "minimum": 1, "maximum": 9 }`,
				`{ "type": "string" }, "Badge": { "type": "string" }`, `{ "type": "string", "pattern": "^A" }, "Badge": { "type": "string", "maxLength": 5 }`},
			then: []string{`"minimum": 1, "maximum": 9`, `"minimum": 2, "maximum": 10`, `"pattern": "^A"`, `"pattern": "^B"`, `, "maxLength": 5`, ""},
			want: []string{
				"PlaceOrder: Order.Buyer.Name: pattern is ^B now, not ^A: breaking",
				"PlaceOrder: Order.Copies: minimum is 2 now, not 1: breaking",
				"PlaceOrder: Order.Buyer.Badge: maxLength is none now, not 5: compatible",
				"PlaceOrder: Order.Copies: maximum is 10 now, not 9: compatible",
			},
		},
		"bounds of what is read": {
			edits: []string{`"Label": { "type": "string" }`, `"Label": { "type": "string", "maxLength": 5 }`, `"Floor": { "type": "string" }`, `"Floor": { "type": "string", "nullable": true }`},
			then:  []string{`"maxLength": 5`, `"maxLength": 50`, `, "nullable": true`, ""},
			want: []string{
				"ListShelves: Shelf.Label: maxLength is 50 now, not 5: breaking",
				"ListShelves: Shelf.Floor cannot be null any more: compatible",
			},
		},
		"what a missing parameter means": {
			then: []string{`"format": "int32", "default": 2`, `"format": "int32", "default": 3`},
			want: []string{"ListShelves: the default of the query parameter depth is 3 now, not 2: breaking"},
		},
		"a default where there was none": {
			then: []string{`"name": "force", "type": "Boolean"`, `"name": "force", "type": "Boolean", "default": true`},
			want: []string{"RetirePaper: the default of the query parameter force is true now, not none: compatible"},
		},
		"an inner field, a map and a body without a definition": {
			then: []string{`"Badge": { "type": "string" }`, `"Badge": { "type": "integer" }`,
				`"additionalProperties": { "$ref": "#/definitions/Paper" }`, `"additionalProperties": { "type": "string" }`,
				`"Reason": { "type": "string" },`, ``, `"required": ["Reason", "OrderNumber"]`, `"required": ["OrderNumber"]`},
			want: []string{
				"PlaceOrder: Order.Buyer.Badge is an integer now, not a string: breaking",
				"ListShelves: a value of Shelf.Contents is a string now, not a Paper: breaking",
				"VoidOrders: the request lost the field Reason of an element of the body of the request: breaking",
			},
		},
		"a field that is both sent and read": {
			edits: []string{`"Amount": { "type": "number", "format": "decimal" },
        "Buyer"`, `"Amount": { "type": "number", "format": "decimal" }, "Paper": { "$ref": "#/definitions/Paper" },
        "Buyer"`},
			then: []string{`"AppearsOn": { "type": "string", "format": "date-time" }`, `"AppearsOn": { "type": "string" }, "Weight": { "type": "integer" }`,
				`"required": ["PaperCode", "Amount"]`, `"required": ["PaperCode", "Edition"]`},
			want: []string{
				"ListShelves, PlaceOrder, ReadPaper, VoidOrders: Paper.Amount is optional now: breaking",
				"ListShelves, PlaceOrder, ReadPaper, VoidOrders: Paper.AppearsOn lost its format date-time: breaking",
				"ListShelves, PlaceOrder, ReadPaper, VoidOrders: Paper.Edition is required now: breaking",
				"ListShelves, PlaceOrder, ReadPaper, VoidOrders: the message, in requests and answers, has the new optional field Paper.Weight: compatible",
			},
		},
		"texts": {
			then: []string{`"description": "All shelves."`, `"description": "Every shelf."`, `"version": "v3"`, `"version": "v4"`},
			want: []string{
				"ListShelves: the answer 200: the description changed: cosmetic",
				"the document calls itself version v4 now, not v3: cosmetic",
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			before := editAll(t, kioskJSON(t), test.edits...)
			_, words, found := driftBetween(t, before, editAll(t, before, test.then...), kioskOverlay)
			var lines []string
			for line := range strings.Lines(words) {
				if line, ok := strings.CutPrefix(strings.TrimSpace(line), "- "); ok {
					lines = append(lines, line)
				}
			}
			assert.ElementsMatch(t, test.want, lines)
			assert.Len(t, found.Changes, len(lines))
		})
	}
}

func TestDriftExitsByWhatPeopleHaveToDo(t *testing.T) {
	code, words, found := driftBetween(t, kioskJSON(t), kioskJSON(t), kioskOverlay)
	assert.Equal(t, exitSame, code)
	assert.Contains(t, words, "nothing changed")
	assert.Equal(t, []change{}, found.Changes)
	assert.False(t, found.Decision)

	code, _, found = driftBetween(t, kioskJSON(t), edited(t, `"version": "v3"`, `"version": "v4"`), kioskOverlay)
	assert.Equal(t, exitSame, code)
	assert.Equal(t, 1, found.Cosmetic)

	code, words, found = driftBetween(t, kioskJSON(t), edited(t, `"Copies": { "type": "integer", "format": "int32" },`, ""), kioskOverlay)
	assert.Equal(t, exitDecision, code)
	assert.Contains(t, words, "1 breaking, 0 compatible, 0 cosmetic")
	assert.Contains(t, words, "make spec takes this over")
	assert.Equal(t, []change{{
		Class: breaking, Operations: []string{"PlaceOrder"}, Subject: "Order.Copies",
		Text: "the request lost the field Order.Copies", Meaning: goneMeaning,
	}}, found.Changes)
	assert.True(t, found.Decision)
}

func TestWhatTheOverlayNoLongerFitsIsSaid(t *testing.T) {
	source := edited(t, `"securityDefinitions": { "Badge"`, `"securityDefinitions": { "Token"`)
	code, words, found := driftBetween(t, kioskJSON(t), source, kioskOverlay)
	assert.Equal(t, exitDecision, code)
	assert.Contains(t, found.Note, "Badge")
	assert.Contains(t, words, "make spec will not take this over before the overlay is changed: ")
	assert.NotContains(t, words, "make spec takes this over")
	assert.Equal(t, 1, found.Breaking)
	assert.Equal(t, 1, found.Compatible)
}

func TestNamesOfTheServiceDoNotReachTheTerminalRaw(t *testing.T) {
	_, words, found := driftBetween(t, kioskJSON(t), edited(t, `"Floor": { "type": "string" }`, `"Floor": { "type": "string" }, "\u001b[2J": { "type": "integer" }`), "")
	assert.NotContains(t, words, "\x1b")
	assert.Equal(t, "Shelf.\x1b[2J", found.Changes[0].Subject)
}

func TestSwaggersThatCannotBeComparedExit2(t *testing.T) {
	kiosk := kioskJSON(t)
	nested := strings.Repeat(`{"items":`, 5000) + "{}" + strings.Repeat("}", 5000)
	tests := map[string]struct{ source, says string }{
		"a web page":                 {"<!doctype html><html>", "starts with <"},
		"nothing":                    {"", "is empty"},
		"cut short":                  {kiosk[:len(kiosk)/2], "is not JSON"},
		"too large":                  {kiosk + strings.Repeat(" ", 50<<20), "is larger than 16 MiB"},
		"nested without end":         {`{"swagger":"2.0","paths":{"/a":{}},"definitions":{"A":` + nested + `}}`, "nested more than"},
		"another specification":      {`{"openapi":"3.0.0","paths":{"/a":{}}}`, "OpenAPI 3.0.0"},
		"no paths":                   {`{"swagger":"2.0","paths":{}}`, "without a single path"},
		"an operation that is text":  {editAll(t, kiosk, `"get": {`, `"get": "x", "put": {`), "want an object"},
		"properties in a list":       {editAll(t, kiosk, `"properties": { "Text"`, `"properties": ["Text"], "x-was": { "Text"`), "want an object"},
		"a type that is none":        {editAll(t, kiosk, `"Label": { "type": "string" }`, `"Label": { "type": "strnig" }`), "strnig"},
		"a definition that is not":   {editAll(t, kiosk, `"Fault": {`, `"Error": {`), "Fault"},
		"a definition of itself":     {editAll(t, kiosk, `"Fault": {`, `"Fault": { "$ref": "#/definitions/Fault" }, "Other": {`), "Fault"},
		"two that are each other":    {editAll(t, kiosk, `"Fault": {`, `"A": { "$ref": "#/definitions/B" }, "B": { "$ref": "#/definitions/A" }, "Fault": {`), "unresolved"},
		"a definition on the web":    {editAll(t, kiosk, `"Label": { "type": "string" }`, `"Label": { "$ref": "https://kiosk.example.com/x" }`), "external reference"},
		"a definition on this drive": {editAll(t, kiosk, `"Label": { "type": "string" }`, `"Label": { "$ref": "/etc/hostname" }`), "external reference"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := temporary(t, "broken.json", test.source)
			code, stdout, stderr := specsync(t, "-drift", "-source", path, "-overlay", kioskOverlay, "-out", kioskGolden)
			assert.Equal(t, exitUnread, code)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, path)
			assert.Contains(t, stderr, test.says)
			assert.Less(t, len(stderr), 3000)
		})
	}
}

func TestDefinitionsThatContainThemselvesAreCompared(t *testing.T) {
	for name, passage := range map[string]string{
		"as a field":    `"Text": { "type": "string" }, "Cause": { "$ref": "#/definitions/Fault" }`,
		"in a list":     `"Text": { "type": "string" }, "Cause": { "type": "array", "items": { "$ref": "#/definitions/Fault" } }`,
		"through a map": `"Text": { "type": "string" }, "Cause": { "type": "object", "additionalProperties": { "$ref": "#/definitions/Fault" } }`,
	} {
		t.Run(name, func(t *testing.T) {
			_, words, found := driftBetween(t, kioskJSON(t), edited(t, `"Text": { "type": "string" }`, passage), kioskOverlay)
			require.Len(t, found.Changes, 1, words)
			assert.Equal(t, "Fault.Cause", found.Changes[0].Subject)
		})
	}
	looped := edited(t, `"Fault": {`, `"A": { "allOf": [{ "$ref": "#/definitions/B" }, { "type": "object" }] },
		"B": { "allOf": [{ "$ref": "#/definitions/A" }, { "type": "object" }] }, "Fault": {`)
	_, _, found := driftBetween(t, kioskJSON(t), looped, kioskOverlay)
	assert.Len(t, found.Changes, 2)
}

func TestDriftReadsAURLAndSaysWhatWentWrongThere(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/down" {
			http.Error(w, "no", http.StatusBadGateway)
			return
		}
		http.ServeFile(w, r, kioskSwagger)
	}))
	defer server.Close()
	code, stdout, _ := specsync(t, "-drift", "-source", server.URL+"/docs", "-overlay", kioskOverlay, "-out", kioskGolden)
	assert.Equal(t, exitSame, code)
	assert.Contains(t, stdout, server.URL+"/docs says what "+kioskGolden+" says")

	code, _, stderr := specsync(t, "-drift", "-source", server.URL+"/down", "-overlay", kioskOverlay, "-out", kioskGolden)
	assert.Equal(t, exitUnread, code)
	assert.Contains(t, stderr, "answers HTTP 502")
}

func TestDriftNeedsADocumentToCompareWith(t *testing.T) {
	for name, test := range map[string]struct{ out, says string }{
		"none":              {"testdata/absent.yaml", "absent.yaml"},
		"empty":             {temporary(t, "empty.yaml", ""), "is empty"},
		"no YAML":           {temporary(t, "bad.yaml", "a: [b"), "bad.yaml"},
		"something else":    {temporary(t, "other.yaml", "a: b"), "is not an OpenAPI 3 document"},
		"one that is wrong": {temporary(t, "wrong.yaml", "openapi: 3.0.3\npaths: {/a: {get: {parameters: [{in: 1}]}}}"), "cannot be compared"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := specsync(t, "-drift", "-source", kioskSwagger, "-overlay", kioskOverlay, "-out", test.out)
			assert.Equal(t, exitUnread, code)
			assert.Contains(t, stderr, test.says)
		})
	}
	code, _, stderr := specsync(t, "-drift", "-source", kioskSwagger, "-overlay", "testdata/absent.yaml", "-out", kioskGolden)
	assert.Equal(t, exitUnread, code)
	assert.Contains(t, stderr, "absent.yaml")
}

func TestAReportThatCannotBeWrittenExits2(t *testing.T) {
	closed, err := os.Open(kioskSwagger) // for reading only
	require.NoError(t, err)
	defer closed.Close()
	set := settings{source: kioskSwagger, overlay: kioskOverlay, out: kioskGolden}
	var errs strings.Builder
	assert.Equal(t, exitUnread, drift(context.Background(), set, closed, &errs))
	assert.NotEmpty(t, errs.String())
}

func TestWhatTheOverlayDecidesIsToldAsItsMatter(t *testing.T) {
	swagger := dingSwagger(t)
	operation := field(field(field(swagger, "paths"), "/api/V1/GetBalance"), "get")
	setField(field(operation, "responses"), "429", object("description", "Slow down.", "schema", object("$ref", "#/definitions/Error")))
	_, found := driftOf(t, swagger)
	require.Len(t, found.Changes, 1, "the overlay has words for the answer")
	assert.Equal(t, "the answer 429 is an Error now, not an IApiResponse", found.Changes[0].Text)
	assert.Contains(t, found.Changes[0].Meaning, "make spec keeps")
	assert.NotContains(t, found.words(), "make spec takes this over")
}

func TestTypesThatTheOverlayNamesAreToldAsTheyAreOnTheWire(t *testing.T) {
	swagger := dingSwagger(t)
	properties := field(field(field(swagger, "definitions"), "GetBalanceResponse"), "properties")
	setField(properties, "ResultCode", object("type", "string"))
	_, found := driftOf(t, swagger)
	require.Len(t, found.Changes, 1)
	assert.Equal(t, "GetBalanceResponse.ResultCode is a string now, not a ResultCode, which is an integer (int32)", found.Changes[0].Text)
}
