package main

// Who uses a definition, and on which side: whether a change breaks callers depends on whether they send it or read it.

import (
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// usage names the operations that send a schema and those that receive it.
type usage struct{ senders, receivers map[string]bool }

func (u usage) none() bool { return len(u.senders)+len(u.receivers) == 0 }

func (u usage) all() []string {
	names := slices.Collect(maps.Keys(u.senders))
	names = slices.AppendSeq(names, maps.Keys(u.receivers))
	slices.Sort(names)
	return slices.Compact(names)
}

// place is where a change inside the schema is felt.
func (u usage) place(name string) place {
	return place{name: name, operations: u.all(), sent: len(u.senders) > 0, received: len(u.receivers) > 0}
}

// usages goes through views from their operations inwards.
func usages(views ...*yaml.Node) map[string]usage {
	found := map[string]usage{}
	for _, root := range views {
		schemas := schemasOf(root)
		for _, at := range addresses(root) {
			operation, name := operationAt(root, at), operationName(root, at)
			sent := types(field(operation, "parameters"), types(field(operation, "requestBody"), nil))
			for schema := range reach(schemas, sent) {
				mark(found, schema).senders[name] = true
			}
			for schema := range reach(schemas, types(field(operation, "responses"), nil)) {
				mark(found, schema).receivers[name] = true
			}
		}
	}
	return found
}

func mark(found map[string]usage, schema string) usage {
	if _, ok := found[schema]; !ok {
		found[schema] = usage{map[string]bool{}, map[string]bool{}}
	}
	return found[schema]
}

// types adds the names of the schemas that a part of a view mentions.
func types(node *yaml.Node, names []string) []string {
	if node == nil {
		return names
	}
	if name, ok := strings.CutPrefix(text(node, "type"), typeMark); ok {
		names = append(names, name)
	}
	for _, child := range node.Content {
		names = types(child, names)
	}
	return names
}

// reach returns the named schemas and all that they use.
func reach(schemas *yaml.Node, names []string) map[string]bool {
	seen := map[string]bool{}
	for len(names) > 0 {
		name := names[0]
		names = names[1:]
		if !seen[name] {
			seen[name] = true
			names = types(field(schemas, name), names)
		}
	}
	return seen
}
