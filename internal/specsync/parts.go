package main

// Writing out: what a document says once and refers to becomes what it says where it holds. The wire is the same; but the
// overlay, the generator and drift look for a thing where it is.

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// writeOutShared puts the parameters and responses that operations share into each of them.
func writeOutShared(doc *yaml.Node) int {
	count := 0
	target := func(node *yaml.Node) *yaml.Node {
		kind, name, _ := strings.Cut(strings.TrimPrefix(text(node, "$ref"), "#/"), "/")
		found := field(field(doc, kind), name)
		if found == nil || kind != "parameters" && kind != "responses" {
			return node
		}
		count++
		return clone(found)
	}
	for _, item := range fields(field(doc, "paths")) {
		shared := field(item, "parameters")
		for _, operation := range operations(item) {
			list := newList()
			for parameter := range items(field(operation, "parameters")) {
				list.Content = append(list.Content, target(parameter))
			}
			for parameter := range items(shared) {
				if parameter = clone(target(parameter)); parameterNode(list, parameterOf(parameter)) == nil {
					list.Content = append(list.Content, parameter)
					count++
				}
			}
			if len(list.Content) > 0 {
				setField(operation, "parameters", list)
			}
			for status, response := range fields(field(operation, "responses")) {
				setField(field(operation, "responses"), status, target(response))
			}
		}
		dropField(item, "parameters")
	}
	return count
}

// writeOutParts replaces an allOf by the fields of its parts. A lone reference stays: it names a type.
func writeOutParts(doc *yaml.Node) int {
	count := 0
	definitions := clone(field(doc, "definitions"))
	walker{schema: func(schema *yaml.Node) {
		parts := field(schema, "allOf")
		if parts == nil || len(parts.Content) < 2 && field(schema, "properties") == nil {
			return
		}
		whole := clone(schema)
		if takeIn(whole, definitions, nil) {
			schema.Content = whole.Content
			count++
		}
	}}.walk(doc)
	return count
}

// takeIn merges the parts of a schema into it, within the definitions of these names. It reports false for parts that
// cannot be found or contain themselves.
func takeIn(schema, definitions *yaml.Node, within []string) bool {
	parts := field(schema, "allOf")
	dropField(schema, "allOf")
	for part := range items(parts) {
		inner := within
		if ref := text(part, "$ref"); ref != "" {
			name := strings.TrimPrefix(ref, "#/definitions/")
			if slices.Contains(within, name) || field(definitions, name) == nil {
				return false
			}
			inner = append(slices.Clone(within), name)
			part = clone(field(definitions, name))
		}
		if field(part, "allOf") != nil && !takeIn(part, definitions, inner) {
			return false
		}
		merge(schema, part)
	}
	return true
}

// merge adds what part says to schema; where both say something, schema's word stands.
func merge(schema, part *yaml.Node) {
	for key, value := range fields(part) {
		own := field(schema, key)
		switch {
		case own == nil:
			setField(schema, key, value)
		case key == "properties" || key == "schema":
			merge(own, value)
		case key == "required" && own.Kind == yaml.SequenceNode:
			own.Content = append(own.Content, value.Content...)
			sortStrings(own)
		}
	}
}
