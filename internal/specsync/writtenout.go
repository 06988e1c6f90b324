package main

// Definitions that are written out where they were named, or named where they were written out. The wire is the same, so
// what counts is what changed inside.

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// writtenOut compares a definition with an object that has no name, whichever came first. It reports false for anything
// else.
func (c *comparison) writtenOut(at place, before, after *yaml.Node) bool {
	old, oldName := definition(before, c.before)
	now, newName := definition(after, c.after)
	if (oldName == "") == (newName == "") || !plainObject(old) || !plainObject(now) {
		return false
	}
	words := fmt.Sprintf("%s is written out now, without the name %s", at.name, oldName)
	if oldName != "" {
		old = c.unsaid(old, now)
	} else {
		words = fmt.Sprintf("%s has the name %s now", at.name, newName)
		now = c.unsaid(now, old)
	}
	found, err := differences(alone(old), alone(now))
	if err != nil {
		return false
	}
	c.add(at, compatible, words, "Nothing changes on the wire; the Go type in gen/ding gets another name.")
	c.schema(at, found.sub("components").sub("schemas").sub("modified").sub(aloneName), old, now)
	return true
}

// plainObject reports an object whose fields are all its own.
func plainObject(schema *yaml.Node) bool {
	return field(schema, "properties") != nil && field(schema, "allOf") == nil
}

// definition returns what a type names, and the name; or the node, if it names nothing.
func definition(node, root *yaml.Node) (schema *yaml.Node, name string) {
	name, named := strings.CutPrefix(text(node, "type"), typeMark)
	if !named {
		return node, ""
	}
	return field(schemasOf(root), name), name
}

// unsaid returns a definition without what the overlay said about it, which it cannot say where there is no name: texts,
// and finer types than the service's own.
func (c *comparison) unsaid(named, plain *yaml.Node) *yaml.Node {
	named = clone(named)
	for key := range fields(named) {
		if (isProse(key) || key == "type") && field(plain, key) == nil {
			dropField(named, key)
		}
	}
	properties := field(named, "properties")
	for name, own := range fields(properties) {
		switch other := field(field(plain, "properties"), name); {
		case onlyTyped(other) && c.plain(own) == c.plain(other):
			setField(properties, name, clone(other))
		case other != nil:
			setField(properties, name, c.unsaid(own, other))
		}
	}
	return named
}

// onlyTyped reports that nothing is said of a schema but its type.
func onlyTyped(schema *yaml.Node) bool {
	for key, value := range fields(schema) {
		if key == "items" && onlyTyped(value) || key == "type" || key == "format" {
			continue
		}
		return false
	}
	return schema != nil
}

const aloneName = "Alone"

// alone is a document of one schema.
func alone(schema *yaml.Node) *yaml.Node {
	schemas, components, root := newMapping(), newMapping(), newMapping()
	setField(schemas, aloneName, schema)
	setField(components, "schemas", schemas)
	setField(root, "openapi", newString("3.0.3"))
	setField(root, "paths", newMapping())
	setField(root, "components", components)
	return root
}
