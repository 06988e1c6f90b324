package main

// Comparing: oasdiff finds what differs between two views, and this file says which operation each difference is about.
// Whatever oasdiff reports that no rule here knows is reported as it is and as breaking, never dropped.

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	oasdiff "github.com/oasdiff/oasdiff/diff"
	"gopkg.in/yaml.v3"
)

// tree is a part of oasdiff's answer: objects by name, with lists under "added" and "deleted" and values that changed as
// {"from": …, "to": …}.
type tree map[string]any

func (t tree) sub(key string) tree {
	inner, _ := t[key].(map[string]any)
	return inner
}

// names returns a list of oasdiff's as strings.
func (t tree) names(key string) []string {
	list, _ := t[key].([]any)
	names := make([]string, 0, len(list))
	for _, item := range list {
		names = append(names, fmt.Sprint(item))
	}
	return names
}

// keys returns the keys in a fixed order, without those that only interpret others.
func (t tree) keys() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(t)), func(key string) bool {
		return key == "listOfTypes" || key == "oneOfWrapping" || key == "nullableWrapping"
	})
}

// differences asks oasdiff.
func differences(before, after *yaml.Node) (tree, error) {
	var docs [2]*openapi3.T
	for i, root := range []*yaml.Node{before, after} {
		doc, err := openapi3.NewLoader().LoadFromData([]byte(toJSON(root)))
		if err != nil {
			return nil, err
		}
		docs[i] = doc
	}
	// Its list of endpoints says again what its paths say.
	config := oasdiff.NewConfig(oasdiff.WithExcludeElements([]string{"endpoints"}))
	found, err := oasdiff.Get(config, docs[0], docs[1])
	if err != nil {
		return nil, err
	}
	//lint:ignore SA1026 what cannot be written as JSON is the list that is excluded above
	data, err := json.Marshal(found)
	if err != nil {
		return nil, err
	}
	var answer tree
	err = json.Unmarshal(data, &answer)
	return answer, err
}

// comparison collects the changes between two views.
type comparison struct {
	before, after *yaml.Node
	used          map[string]usage // what uses a schema, in either document
	changes       []change
}

// compare says what changed from one view to the other.
func compare(before, after *yaml.Node) ([]change, error) {
	found, err := differences(before, after)
	if err != nil {
		return nil, err
	}
	c := comparison{before: before, after: after, used: usages(before, after)}
	c.document(found)
	if len(c.changes) == 0 && fingerprint(before) != fingerprint(after) {
		c.add(place{name: "the document"}, breaking, "the document differs in a way that has no words here",
			"Run make spec and read the difference.")
	}
	return c.changes, nil
}

// fingerprint is the same for documents that differ in order and repetitions only.
func fingerprint(node *yaml.Node) string {
	var parts []string
	for key, value := range fields(node) {
		if !isExtension(key) {
			parts = append(parts, fmt.Sprintf("%q:%s", key, fingerprint(value)))
		}
	}
	for item := range items(node) {
		parts = append(parts, fingerprint(item))
	}
	if node.Kind == yaml.ScalarNode {
		return fmt.Sprintf("%q", node.Value)
	}
	slices.Sort(parts)
	return "{" + strings.Join(slices.Compact(parts), ",") + "}"
}

// place is what a change is about and who feels it.
type place struct {
	name       string   // such as TransferRecord.Price, or the query parameter skuCodes
	operations []string // by operationId
	sent       bool     // callers send it
	received   bool     // callers receive it
}

func (p place) named(format string, args ...any) place {
	p.name = fmt.Sprintf(format, args...)
	return p
}

func (c *comparison) add(at place, class class, text, meaning string) {
	c.changes = append(c.changes, change{Class: class, Operations: at.operations, Subject: at.name, Text: text, Meaning: meaning})
}

const (
	proseMeaning = "Only people read it."
	fineMeaning  = "What was written for the old document goes on working."
)

// prose reports changed texts in one line.
func (c *comparison) prose(at place, key string) {
	words := map[string]string{"externalDocs": "link to documentation", "XML": "XML names"}[key]
	if words == "" {
		words = key
	}
	c.add(at, cosmetic, fmt.Sprintf("%s: the %s changed", at.name, words), proseMeaning)
}

// unknown reports what no rule knows.
func (c *comparison) unknown(at place, key string, value any) {
	data, err := json.Marshal(value)
	if err != nil {
		data = nil
	}
	c.add(at, breaking, fmt.Sprintf("%s: %s changed: %.200s", at.name, key, data),
		"Nothing is known about what this means: read the difference that make spec makes.")
}

func (c *comparison) document(found tree) {
	document := place{name: "the document"}
	for _, key := range found.keys() {
		switch part := found.sub(key); key {
		case "info":
			for _, key := range part.keys() {
				if value := part.sub(key); key == "version" {
					c.add(document, cosmetic, fmt.Sprintf("the document calls itself version %v now, not %v", value["to"], value["from"]), proseMeaning)
				} else {
					c.prose(document, key)
				}
			}
		case "tags", "externalDocs":
			c.prose(document, key)
		case "servers":
			c.servers(document, part)
		case "paths":
			c.paths(part)
		case "components":
			c.components(part)
		default:
			c.unknown(document, key, found[key])
		}
	}
}

func (c *comparison) servers(at place, found tree) {
	lost, gained := found.names("deleted"), found.names("added")
	if len(lost) == 1 && len(gained) == 1 {
		c.add(at.named("the address"), breaking, fmt.Sprintf("the service is at %s now, not at %s", gained[0], lost[0]),
			"Programs go on calling the old address.")
		lost, gained = nil, nil
	}
	for _, url := range lost {
		c.add(at.named("the address"), breaking, "the address "+url+" is gone", "Programs that call it fail.")
	}
	for _, url := range gained {
		c.add(at.named("the address"), compatible, "the address "+url+" is new", fineMeaning)
	}
	for name, inner := range found.sub("modified") {
		inner, _ := inner.(map[string]any)
		for _, key := range tree(inner).keys() {
			if isProse(key) {
				c.prose(at.named("the address %s", name), key)
			} else {
				c.unknown(at.named("the address %s", name), key, inner[key])
			}
		}
	}
}

func (c *comparison) paths(found tree) {
	for _, path := range found.names("deleted") {
		for method := range operations(field(field(c.before, "paths"), path)) {
			c.operationLost(address{path, method})
		}
	}
	for _, path := range found.names("added") {
		for method := range operations(field(field(c.after, "paths"), path)) {
			c.operationGained(address{path, method})
		}
	}
	for _, path := range found.sub("modified").keys() {
		item := found.sub("modified").sub(path)
		for _, key := range item.keys() {
			switch at := (place{name: path}); {
			case key == "operations":
				c.operations(path, item.sub(key))
			case isProse(key):
				c.prose(at, key)
			default:
				c.unknown(at, key, item[key])
			}
		}
	}
}

func (c *comparison) operationLost(at address) {
	name := operationName(c.before, at)
	c.add(place{name: at.String(), operations: []string{name}}, breaking, fmt.Sprintf("the operation is gone (%s)", at),
		"Calls to it fail.")
}

func (c *comparison) operationGained(at address) {
	name := operationName(c.after, at)
	c.add(place{name: at.String(), operations: []string{name}}, compatible, fmt.Sprintf("the operation is new (%s)", at),
		"The library does not have it yet: make spec generates it, the façade and the sandbox want it by hand.")
}

func (c *comparison) operations(path string, found tree) {
	for _, method := range found.names("deleted") {
		c.operationLost(address{path, strings.ToLower(method)})
	}
	for _, method := range found.names("added") {
		c.operationGained(address{path, strings.ToLower(method)})
	}
	now := c.templates(path)
	for _, method := range found.sub("modified").keys() {
		at := address{path, strings.ToLower(method)}
		c.operation(found.sub("modified").sub(method), operationAt(c.before, at), operationAt(c.after, address{now, at.method}),
			operationName(c.before, at))
	}
}

// templates returns what a path is called in the new document, where its parameters can have other names.
func (c *comparison) templates(path string) string {
	for now := range fields(field(c.after, "paths")) {
		if templated(address{path: now}) == templated(address{path: path}) {
			return now
		}
	}
	return path
}

func (c *comparison) operation(found tree, before, after *yaml.Node, name string) {
	at := place{name: "the operation", operations: []string{name}}
	for _, key := range found.keys() {
		switch part := found.sub(key); {
		case key == "operationID":
			c.add(at, compatible, fmt.Sprintf("the operation is called %v now", part["to"]),
				"Nothing changes on the wire; the Go names in gen/ding do.")
		case key == "deprecated":
			c.add(at, compatible, deprecation(at.name, part), "It still works; its end may be near.")
		case key == "parameters":
			c.parameters(at, part, field(before, key), field(after, key))
		case key == "requestBody":
			c.requestBody(at, part, field(before, key), field(after, key))
		case key == "responses":
			c.responses(at, part, field(before, key), field(after, key))
		case key == "securityRequirements":
			c.security(at, part, field(before, "security"), field(after, "security"))
		case key == "servers":
			c.servers(at, part)
		case isProse(key) || key == "tags":
			c.prose(at, key)
		default:
			c.unknown(at, key, found[key])
		}
	}
}

func deprecation(name string, value tree) string {
	if value["to"] == true {
		return name + " is marked as deprecated"
	}
	return name + " is not marked as deprecated any more"
}

// components reports what changed inside definitions, and those that come or go without an operation that would notice:
// where one does, the change at that operation says it.
func (c *comparison) components(found tree) {
	for _, key := range found.keys() {
		switch part := found.sub(key); key {
		case "schemas":
			for _, name := range part.names("added") {
				if c.used[name].none() {
					c.add(place{name: name}, compatible, fmt.Sprintf("the definition %s is new, and no operation uses it", name), fineMeaning)
				}
			}
			for _, name := range part.names("deleted") {
				if c.used[name].none() {
					c.add(place{name: name}, compatible, fmt.Sprintf("the definition %s, which no operation uses, is gone", name), fineMeaning)
				}
			}
			for _, name := range part.sub("modified").keys() {
				c.schema(c.used[name].place(name), part.sub("modified").sub(name),
					field(schemasOf(c.before), name), field(schemasOf(c.after), name))
			}
		case "securitySchemes":
			c.securitySchemes(part)
		default:
			c.unknown(place{name: "the document"}, key, found[key])
		}
	}
}
