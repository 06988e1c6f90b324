package main

// Arranging: the document in the order in which a person reads it, whatever the order in which it was put together.

import (
	"cmp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// layout says how one kind of OpenAPI object is laid out. Objects without a layout (examples, defaults, extensions, the
// parts that hold data instead of structure) stay as they are.
type layout struct {
	order  []string          // these fields first; then the others by name, extensions last
	fields map[string]string // the layouts of fields, by name
	each   string            // the layout of every other entry or element
	keep   bool              // the entries already have the order they are meant to have
	open   bool              // entries that start with x- are extensions, not names
	spare  string            // a list that says nothing when it is empty, as after an overlay's removals
}

var layouts = map[string]layout{
	"document": {
		order: []string{"openapi", "info", "jsonSchemaDialect", "externalDocs", "servers", "security", "tags", "paths", "webhooks", "components"},
		fields: map[string]string{"info": "info", "servers": "servers", "tags": "tags", "paths": "paths", "webhooks": "paths",
			"x-webhooks": "paths", "components": "components", "externalDocs": "named"},
	},
	"info":    {order: []string{"title", "version", "summary", "description", "termsOfService", "contact", "license"}, fields: map[string]string{"contact": "named", "license": "named"}},
	"named":   {order: []string{"name", "url", "email", "description"}},
	"servers": {keep: true, each: "server"},
	"server":  {order: []string{"url", "description", "variables"}},
	"tags":    {keep: true, each: "tag"},
	"tag":     {order: []string{"name", "description", "externalDocs"}, fields: map[string]string{"externalDocs": "named"}},

	"paths": {each: "pathItem", open: true},
	"pathItem": {
		spare: "parameters",
		order: []string{"$ref", "summary", "description", "servers", "parameters", "get", "put", "post", "delete", "options", "head", "patch", "trace"},
		fields: map[string]string{"servers": "servers", "parameters": "parameters", "get": "operation", "put": "operation", "post": "operation",
			"delete": "operation", "options": "operation", "head": "operation", "patch": "operation", "trace": "operation"},
	},
	"operation": {
		spare: "parameters",
		order: []string{"tags", "summary", "description", "externalDocs", "operationId", "parameters", "requestBody", "responses", "callbacks", "deprecated", "security", "servers"},
		fields: map[string]string{"externalDocs": "named", "parameters": "parameters", "requestBody": "requestBody", "responses": "responses",
			"callbacks": "callbacks", "servers": "servers"},
	},
	"parameters":   {keep: true, each: "parameter"},
	"parameterMap": {each: "parameter"},
	"parameter": {
		order:  []string{"$ref", "name", "in", "description", "required", "deprecated", "allowEmptyValue", "style", "explode", "allowReserved", "schema", "content", "example", "examples"},
		fields: map[string]string{"schema": "schema", "content": "content"},
	},
	"requestBodies": {each: "requestBody"},
	"requestBody":   {order: []string{"$ref", "description", "required", "content"}, fields: map[string]string{"content": "content"}},
	"content":       {each: "mediaType"},
	"mediaType":     {order: []string{"schema", "example", "examples", "encoding"}, fields: map[string]string{"schema": "schema"}},
	"responses":     {each: "response", open: true},
	"response":      {order: []string{"$ref", "description", "headers", "content", "links"}, fields: map[string]string{"headers": "parameterMap", "content": "content"}},
	"callbacks":     {each: "callback"},
	"callback":      {each: "pathItem", open: true},

	"components": {
		order: []string{"schemas", "parameters", "headers", "requestBodies", "responses", "examples", "links", "callbacks", "securitySchemes"},
		fields: map[string]string{"schemas": "schemas", "parameters": "parameterMap", "headers": "parameterMap", "requestBodies": "requestBodies",
			"responses": "responses", "callbacks": "callbacks", "securitySchemes": "securitySchemes", "examples": "map", "links": "map"},
	},
	"map":             {},
	"securitySchemes": {each: "securityScheme"},
	"securityScheme":  {order: []string{"$ref", "type", "description", "name", "in", "scheme", "bearerFormat", "flows", "openIdConnectUrl"}},

	"schemas":    {each: "schema"},
	"schemaList": {keep: true, each: "schema"},
	"properties": {keep: true, each: "schema"},
	"schema": {
		order: []string{"$ref", "title", "description", "type", "format", "nullable", "enum", "const", "default", "pattern", "minLength", "maxLength",
			"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf", "readOnly", "writeOnly", "deprecated",
			"allOf", "oneOf", "anyOf", "not", "discriminator", "minItems", "maxItems", "uniqueItems", "items",
			"required", "minProperties", "maxProperties", "properties", "additionalProperties", "xml", "externalDocs", "example"},
		fields: map[string]string{"allOf": "schemaList", "oneOf": "schemaList", "anyOf": "schemaList", "not": "schema", "items": "schema",
			"properties": "properties", "additionalProperties": "schema", "required": "sorted", "externalDocs": "named"},
	},
}

// arrange orders the node and everything below it.
func arrange(node *yaml.Node, name string) {
	if name == "sorted" {
		sortStrings(node)
		return
	}
	if ref := field(node, "$ref"); isString(ref) {
		// Readers of OpenAPI 3.0 ignore what stands beside a reference, so it is not written either.
		node.Content = nil
		setField(node, "$ref", ref)
		return
	}
	plan := layouts[name]
	if list := field(node, plan.spare); list != nil && len(list.Content) == 0 {
		dropField(node, plan.spare)
	}
	if !plan.keep {
		sortFields(node, plan.order)
	}
	for key, value := range fields(node) {
		if next := plan.fields[key]; next != "" {
			arrange(value, next)
		} else if plan.each != "" && !(plan.open && isExtension(key)) {
			arrange(value, plan.each)
		}
	}
	for item := range items(node) {
		if plan.each != "" {
			arrange(item, plan.each)
		}
	}
}

// sortFields puts the fields in order first, then the others by name, then extensions by name.
func sortFields(node *yaml.Node, order []string) {
	if node.Kind != yaml.MappingNode {
		return
	}
	rank := func(key string) int {
		if at := slices.Index(order, key); at >= 0 {
			return at
		}
		if isExtension(key) {
			return len(order) + 1
		}
		return len(order)
	}
	type entry struct{ key, value *yaml.Node }
	var entries []entry
	for i := 0; i+1 < len(node.Content); i += 2 {
		entries = append(entries, entry{node.Content[i], node.Content[i+1]})
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(rank(a.key.Value), rank(b.key.Value)), strings.Compare(a.key.Value, b.key.Value))
	})
	for i, entry := range entries {
		node.Content[2*i], node.Content[2*i+1] = entry.key, entry.value
	}
}

// sortStrings orders a list whose order means nothing, and drops what an overlay has added a second time.
func sortStrings(node *yaml.Node) {
	if node.Kind != yaml.SequenceNode {
		return
	}
	slices.SortStableFunc(node.Content, func(a, b *yaml.Node) int { return strings.Compare(a.Value, b.Value) })
	node.Content = slices.CompactFunc(node.Content, func(a, b *yaml.Node) bool {
		return a.Kind == yaml.ScalarNode && b.Kind == yaml.ScalarNode && a.Value == b.Value
	})
}
