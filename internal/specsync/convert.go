package main

// Converting: Swagger 2.0 becomes OpenAPI 3.0 by way of kin-openapi, and what its Go maps forget is put back.

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"gopkg.in/yaml.v3"
)

// orderMark carries the order of an object's properties through the converter, which keeps properties in a Go map but
// copies extensions. The service's own order is worth keeping: it is the order in which its answers list the fields, and
// related fields stand together in it.
const orderMark = "x-specsync-property-order"

// converterMarks are extensions that the converter adds for its way back to Swagger 2.0, which nobody here takes.
var converterMarks = []string{"x-originalParamName", "x-formData-name"}

// convert returns the OpenAPI 3 document, in a document node as the overlay library wants it.
func convert(swagger *yaml.Node) (*yaml.Node, error) {
	walker{schema: markOrder}.walk(swagger)
	walker{schema: convertInnerRefs}.walk(swagger)
	data, err := convertJSON([]byte(toJSON(swagger)))
	if err != nil {
		return nil, fmt.Errorf("cannot be converted to OpenAPI 3: %w", err)
	}
	root, err := parseJSON(data)
	if err != nil {
		return nil, fmt.Errorf("the converted document cannot be read back: %w", err)
	}
	restoreOrder(root)
	trimServers(root)
	return &yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{root}}, nil
}

// convertJSON is the library's part. It dereferences nil on some documents that are wrong in ways that the outline does
// not know; such a document is refused like any other bad one.
func convertJSON(data []byte) (converted []byte, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the converter gave up: %v", cause)
		}
	}()
	var doc2 openapi2.T
	if err := json.Unmarshal(data, &doc2); err != nil {
		return nil, err
	}
	doc3, err := openapi2conv.ToV3(&doc2)
	if err != nil {
		return nil, err
	}
	return json.Marshal(doc3)
}

func markOrder(schema *yaml.Node) {
	properties := field(schema, "properties")
	if properties == nil || field(schema, "$ref") != nil {
		return
	}
	order := newList()
	for name := range fields(properties) {
		order.Content = append(order.Content, newString(name))
	}
	setField(schema, orderMark, order)
}

// convertInnerRefs points the references below additionalProperties to their place in OpenAPI 3: the converter rewrites
// those of every other part of a schema.
func convertInnerRefs(schema *yaml.Node) {
	inner := field(schema, "additionalProperties")
	if inner == nil {
		return
	}
	walker{schema: func(schema *yaml.Node) {
		if ref := field(schema, "$ref"); isString(ref) {
			ref.Value = strings.Replace(ref.Value, "#/definitions/", "#/components/schemas/", 1)
		}
	}}.walkSchema(inner)
}

// restoreOrder puts properties back into the order that markOrder noted, and removes the notes.
func restoreOrder(node *yaml.Node) {
	if order := field(node, orderMark); order != nil {
		sortProperties(field(node, "properties"), order)
		dropField(node, orderMark)
	}
	for _, mark := range converterMarks {
		dropField(node, mark)
	}
	for _, child := range node.Content {
		restoreOrder(child)
	}
}

func sortProperties(properties, order *yaml.Node) {
	if properties == nil {
		return
	}
	var sorted []*yaml.Node
	for name := range items(order) {
		if property := field(properties, name.Value); property != nil {
			sorted = append(sorted, newString(name.Value), property)
		}
	}
	properties.Content = sorted
}

// trimServers removes the slash at the end of server URLs: paths begin with one.
func trimServers(root *yaml.Node) {
	for server := range items(field(root, "servers")) {
		if url := field(server, "url"); url != nil && len(url.Value) > 1 {
			url.Value = strings.TrimSuffix(url.Value, "/")
		}
	}
}
