package main

// Ding's Swagger as the committed document implies it: the overlay taken off again, and the habits of the service's web
// framework put on.

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

const (
	dingOverlay   = "../../api/openapi/ding.overlay.yaml"
	dingCommitted = "../../api/openapi/ding.yaml"
)

// object builds a mapping from keys and values in turn; a value is a string or a node.
func object(entries ...any) *yaml.Node {
	node := newMapping()
	for i := 0; i < len(entries); i += 2 {
		value, ok := entries[i+1].(*yaml.Node)
		if !ok {
			value = newString(entries[i+1].(string))
		}
		node.Content = append(node.Content, newString(entries[i].(string)), value)
	}
	return node
}

func boolean(value string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: value} }

// dingSwagger returns a Swagger 2.0 document that make spec turns into the committed document.
func dingSwagger(t *testing.T) *yaml.Node {
	t.Helper()
	root, err := readCommitted(dingCommitted)
	require.NoError(t, err)
	schemas := schemasOf(root)
	paths, definitions := newMapping(), newMapping()
	for path, item := range fields(field(root, "paths")) {
		for method, operation := range operations(item) {
			setField(paths, path, object(method, operationBack(operation, schemas)))
		}
	}
	for name, schema := range fields(schemas) {
		if field(schema, "properties") != nil {
			setField(definitions, name, schemaBack(schema, schemas))
		}
	}
	return object("swagger", "2.0",
		"info", object("version", "V1", "title", "Ding API"),
		"host", "api.dingconnect.com", "schemes", newList(newString("https")),
		"paths", paths, "definitions", definitions,
		"securityDefinitions", object("APIKeyHeader", object("type", "apiKey", "name", "api_key", "in", "header")))
}

func operationBack(operation, schemas *yaml.Node) *yaml.Node {
	parameters, responses := newList(), newMapping()
	for parameter := range items(field(operation, "parameters")) {
		if text(parameter, "name") != "X-Options" { // the overlay's own
			parameters.Content = append(parameters.Content, parameterBack(parameter, schemas))
		}
	}
	for _, media := range fields(field(field(operation, "requestBody"), "content")) {
		parameters.Content = append(parameters.Content, object("in", "body", "name", "request", "required", boolean("true"),
			"schema", schemaBack(field(media, "schema"), schemas)))
	}
	for status, response := range fields(field(operation, "responses")) {
		for _, media := range fields(field(response, "content")) {
			if status != "429" { // the overlay's own
				setField(responses, status, object("description", "", "schema", schemaBack(field(media, "schema"), schemas)))
			}
		}
	}
	return object("tags", newList(newString("V1")), "operationId", text(operation, "operationId"),
		"consumes", newList(newString("application/json")),
		"produces", newList(newString("application/json"), newString("text/json")),
		"parameters", parameters, "responses", responses)
}

func parameterBack(parameter, schemas *yaml.Node) *yaml.Node {
	back := schemaBack(field(parameter, "schema"), schemas)
	for _, key := range []string{"name", "in"} {
		setField(back, key, newString(text(parameter, key)))
	}
	if text(back, "type") == "array" {
		setField(back, "collectionFormat", newString("multi"))
	}
	if text(parameter, "in") == "header" {
		setField(back, "type", newString("String"))
	}
	return back
}

// schemaBack keeps what Swagger says of a schema: what the overlay names is a plain string or number there.
func schemaBack(schema, schemas *yaml.Node) *yaml.Node {
	ref := text(schema, "$ref")
	for part := range items(field(schema, "allOf")) {
		ref = text(part, "$ref")
	}
	if name := strings.TrimPrefix(ref, schemaRef); ref != "" {
		if field(field(schemas, name), "properties") != nil {
			return object("$ref", "#/definitions/"+name)
		}
		schema = field(schemas, name)
	}
	back := newMapping()
	for key, value := range fields(schema) {
		switch key {
		case "type", "format", "required":
			setField(back, key, clone(value))
		case "items", "additionalProperties":
			setField(back, key, schemaBack(value, schemas))
		case "properties":
			properties := newMapping()
			for name, property := range fields(value) {
				setField(properties, name, schemaBack(property, schemas))
			}
			setField(back, key, properties)
			setField(back, "additionalProperties", boolean("false"))
		}
	}
	return back
}
