package main

// Reading a Swagger 2.0 tree: is it one at all, and where are its operations, parameters and schemas?

import (
	"errors"
	"fmt"
	"strconv"

	"gopkg.in/yaml.v3"
)

// httpMethods are the operations that a Swagger 2.0 path item can hold.
var httpMethods = []string{"get", "put", "post", "delete", "options", "head", "patch"}

// readSwagger parses the document and refuses what is not shaped like Swagger 2.0. Beyond this point every stage may
// take the outline for granted: who is an object, who is an array.
func readSwagger(data []byte) (*yaml.Node, error) {
	doc, err := parseJSON(data)
	if err != nil {
		return nil, err
	}
	if doc.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("is not a Swagger document: want an object, got %s", kindOf(doc))
	}
	if version := field(doc, "openapi"); version != nil {
		return nil, fmt.Errorf("is an OpenAPI %s document; specsync converts Swagger 2.0", version.Value)
	}
	switch version := field(doc, "swagger"); {
	case version == nil:
		return nil, errors.New(`is not a Swagger document: the "swagger" field is missing`)
	case version.Value != "2.0" && version.Value != "2":
		return nil, fmt.Errorf("is Swagger %q; specsync converts Swagger 2.0", version.Value)
	}
	if field(doc, "paths") == nil {
		return nil, errors.New(`is not a complete Swagger document: the "paths" field is missing`)
	}
	if paths := field(doc, "paths"); paths.Kind == yaml.MappingNode && len(paths.Content) == 0 {
		return nil, errors.New("is a Swagger document without a single path")
	}
	if err := checkOutline(doc, "", outlines["document"]); err != nil {
		return nil, fmt.Errorf("is not a valid Swagger document: %w", err)
	}
	return doc, nil
}

// outline says what kind a node has and what its children are.
type outline struct {
	kind   yaml.Kind
	fields map[string]string // an object's known fields, by outline name
	each   string            // the outline of every other entry or element, "" for anything
}

// outlines is the skeleton of Swagger 2.0, as far as a wrong type in it would hurt.
var outlines = map[string]outline{
	"document": {kind: yaml.MappingNode, fields: map[string]string{
		"info": "object", "paths": "paths", "definitions": "schemas", "parameters": "parameterMap",
		"responses": "responses", "securityDefinitions": "objects", "tags": "objectList",
		"consumes": "strings", "produces": "strings", "schemes": "strings", "host": "string", "basePath": "string",
	}},
	"paths":         {kind: yaml.MappingNode, each: "pathItem"},
	"pathItem":      {kind: yaml.MappingNode, fields: pathItemFields()},
	"parameters":    {kind: yaml.SequenceNode, each: "parameter"},
	"parameterMap":  {kind: yaml.MappingNode, each: "parameter"},
	"parameter":     {kind: yaml.MappingNode, fields: map[string]string{"schema": "schema", "items": "schema", "in": "string", "name": "string", "type": "string"}},
	"responses":     {kind: yaml.MappingNode, each: "response"},
	"response":      {kind: yaml.MappingNode, fields: map[string]string{"schema": "schema", "headers": "parameterMap"}},
	"schemas":       {kind: yaml.MappingNode, each: "schema"},
	"schemaList":    {kind: yaml.SequenceNode, each: "schema"},
	"schemaOrFalse": {fields: schemaFields},
	"schema":        {kind: yaml.MappingNode, fields: schemaFields},
	"operation": {kind: yaml.MappingNode, fields: map[string]string{
		"parameters": "parameters", "responses": "responses", "consumes": "strings", "produces": "strings", "tags": "strings", "operationId": "string",
	}},
	"object":     {kind: yaml.MappingNode},
	"objects":    {kind: yaml.MappingNode, each: "object"},
	"objectList": {kind: yaml.SequenceNode, each: "object"},
	"string":     {kind: yaml.ScalarNode},
	"strings":    {kind: yaml.SequenceNode, each: "string"},
}

var schemaFields = map[string]string{
	"properties": "schemas", "items": "schema", "allOf": "schemaList", "additionalProperties": "schemaOrFalse",
	"required": "strings",
}

func pathItemFields() map[string]string {
	known := map[string]string{"parameters": "parameters"}
	for _, method := range httpMethods {
		known[method] = "operation"
	}
	return known
}

func checkOutline(node *yaml.Node, at string, want outline) error {
	if want.kind != 0 && (node.Kind != want.kind || want.kind == yaml.ScalarNode && !isString(node)) {
		return fmt.Errorf("%s: want %s, got %s", at, wantedKind(want.kind), kindOf(node))
	}
	for key, value := range fields(node) {
		name, known := want.fields[key]
		if !known {
			name = want.each
		}
		if isExtension(key) || name == "" {
			continue
		}
		if err := checkOutline(value, inside(at, key), outlines[name]); err != nil {
			return err
		}
	}
	index := 0
	for item := range items(node) {
		if want.each != "" {
			if err := checkOutline(item, inside(at, strconv.Itoa(index)), outlines[want.each]); err != nil {
				return err
			}
		}
		index++
	}
	return nil
}

// inside names a place in the document for a person: "paths > /v1/stock > get".
func inside(at, key string) string {
	if at == "" {
		return key
	}
	return at + " > " + key
}

func wantedKind(kind yaml.Kind) string {
	switch kind {
	case yaml.MappingNode:
		return "an object"
	case yaml.SequenceNode:
		return "an array"
	}
	return "a string"
}

func isExtension(key string) bool { return len(key) > 2 && key[:2] == "x-" }

// walker is called for the parts of a Swagger 2.0 document. A nil function is skipped.
type walker struct {
	operation func(*yaml.Node)
	parameter func(*yaml.Node) // also response headers and the items of both, which follow the same rules
	schema    func(*yaml.Node)
}

func (w walker) walk(doc *yaml.Node) {
	for _, parameter := range fields(field(doc, "parameters")) {
		w.walkParameter(parameter)
	}
	for _, response := range fields(field(doc, "responses")) {
		w.walkResponse(response)
	}
	for _, schema := range fields(field(doc, "definitions")) {
		w.walkSchema(schema)
	}
	for _, pathItem := range fields(field(doc, "paths")) {
		for parameter := range items(field(pathItem, "parameters")) {
			w.walkParameter(parameter)
		}
		for _, method := range httpMethods {
			if operation := field(pathItem, method); operation != nil {
				w.walkOperation(operation)
			}
		}
	}
}

func (w walker) walkOperation(operation *yaml.Node) {
	if w.operation != nil {
		w.operation(operation)
	}
	for parameter := range items(field(operation, "parameters")) {
		w.walkParameter(parameter)
	}
	for _, response := range fields(field(operation, "responses")) {
		w.walkResponse(response)
	}
}

func (w walker) walkParameter(parameter *yaml.Node) {
	if schema := field(parameter, "schema"); schema != nil {
		w.walkSchema(schema)
	}
	for node := parameter; node != nil; node = field(node, "items") {
		if w.parameter != nil {
			w.parameter(node)
		}
	}
}

func (w walker) walkResponse(response *yaml.Node) {
	if schema := field(response, "schema"); schema != nil {
		w.walkSchema(schema)
	}
	for _, header := range fields(field(response, "headers")) {
		w.walkParameter(header)
	}
}

func (w walker) walkSchema(schema *yaml.Node) {
	if schema.Kind != yaml.MappingNode {
		return
	}
	if w.schema != nil {
		w.schema(schema)
	}
	for _, property := range fields(field(schema, "properties")) {
		w.walkSchema(property)
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if inner := field(schema, key); inner != nil {
			w.walkSchema(inner)
		}
	}
	for part := range items(field(schema, "allOf")) {
		w.walkSchema(part)
	}
}
