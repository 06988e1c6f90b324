package main

// The document as drift compares it: everything that a caller meets, each thing in one place, and nothing else. Two
// documents that say the same in different ways have the same view.

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// typeMark stands before the name of a schema where a view says what type something has: a reference is a type like any
// other there, so that a change inside a schema shows up in that schema and not wherever it is used.
const typeMark = "#"

const schemaRef = "#/components/schemas/"

// view returns a copy of the document with references to parts other than schemas written out, with parameters and
// security where they apply, and with references to schemas as types. Callbacks are left out: only the overlay knows them.
func view(root *yaml.Node) *yaml.Node {
	root = clone(root)
	components := field(root, "components")
	for path, item := range fields(field(root, "paths")) {
		if isExtension(path) || item.Kind != yaml.MappingNode {
			continue
		}
		for _, operation := range operations(item) {
			viewOperation(operation, root)
		}
	}
	dropField(root, "security")

	viewSchemas(root, false)
	kept := newMapping()
	for key, value := range fields(components) {
		if key == "schemas" {
			setField(kept, key, value)
		}
		if key == "securitySchemes" {
			setField(kept, key, typedOnly(value))
		}
	}
	setField(root, "components", kept)
	return root
}

// operations yields the operations of a path item by method.
func operations(item *yaml.Node) map[string]*yaml.Node {
	found := map[string]*yaml.Node{}
	for key, value := range fields(item) {
		if slices.Contains(httpMethods, key) && value.Kind == yaml.MappingNode {
			found[key] = value
		}
	}
	return found
}

func viewOperation(operation, root *yaml.Node) {
	dropField(operation, "callbacks")
	setField(operation, "parameters", ownParameters(operation, root))
	if field(operation, "security") == nil && field(root, "security") != nil {
		setField(operation, "security", field(root, "security"))
	}
	if ways := field(operation, "security"); ways != nil {
		setField(operation, "security", distinct(ways))
	}
	if body := field(operation, "requestBody"); body != nil {
		setField(operation, "requestBody", resolve(body, root))
	}
	responses := newMapping()
	for status, response := range fields(field(operation, "responses")) {
		response = resolve(response, root)
		for name, header := range fields(field(response, "headers")) {
			setField(field(response, "headers"), name, resolve(header, root))
		}
		setField(responses, status, response)
	}
	setField(operation, "responses", responses)
}

// distinct returns a list without repetitions, as an overlay makes them when the service begins to say the same.
func distinct(list *yaml.Node) *yaml.Node {
	seen := map[string]bool{}
	return newList(slices.DeleteFunc(slices.Clone(list.Content), func(item *yaml.Node) bool {
		known := seen[toJSON(item)]
		seen[toJSON(item)] = true
		return known
	})...)
}

// ownParameters returns the operation's parameters. Of two with the same name and place the first decides: an overlay
// appends, so the service's own word stands.
func ownParameters(operation, root *yaml.Node) *yaml.Node {
	list := newList()
	for parameter := range items(field(operation, "parameters")) {
		parameter = resolve(parameter, root)
		if first := parameterNode(list, parameterOf(parameter)); first != nil {
			merge(first, parameter)
			continue
		}
		list.Content = append(list.Content, parameter)
	}
	return list
}

// resolve returns a copy of what a node refers to, or the node if it is no reference to a component.
func resolve(node, root *yaml.Node) *yaml.Node {
	for range maxDepth {
		kind, name, found := strings.Cut(strings.TrimPrefix(text(node, "$ref"), "#/components/"), "/")
		target := field(field(field(root, "components"), kind), name)
		if !found || target == nil {
			break
		}
		node = clone(target)
	}
	return node
}

// typedOnly leaves out security schemes that an overlay describes and the service does not have any more.
func typedOnly(schemes *yaml.Node) *yaml.Node {
	kept := newMapping()
	for name, scheme := range fields(schemes) {
		if field(scheme, "type") != nil {
			setField(kept, name, scheme)
		}
	}
	return kept
}

// viewSchemas drops extensions and rewrites every schema below the node; named says that the node's keys are names.
func viewSchemas(node *yaml.Node, named bool) {
	for key, value := range fields(node) {
		switch {
		case !named && isExtension(key):
			dropField(node, key)
		case !named && (key == "example" || key == "examples" || key == "default" || key == "enum"):
		case !named && key == "schema":
			viewSchema(value)
		case key == "schemas" && !named:
			for _, schema := range fields(value) {
				viewSchema(schema)
			}
		default:
			viewSchemas(value, !named && slices.Contains(namedParts, key))
		}
	}
	for item := range items(node) {
		viewSchemas(item, false)
	}
}

// viewSchema makes a type of a reference, alone or as the only part of an allOf.
func viewSchema(schema *yaml.Node) {
	if name, ok := referred(schema); ok {
		schema.Content = nil
		setField(schema, "type", newString(typeMark+name))
		return
	}
	if parts := field(schema, "allOf"); parts != nil && len(parts.Content) == 1 && field(schema, "properties") == nil {
		if name, ok := referred(parts.Content[0]); ok {
			dropField(schema, "allOf")
			setField(schema, "type", newString(typeMark+name))
		}
	}
	for key, value := range fields(schema) {
		switch key {
		case "properties":
			for _, property := range fields(value) {
				viewSchema(property)
			}
		case "items", "additionalProperties", "not":
			viewSchema(value)
		case "oneOf", "anyOf", "allOf":
			for part := range items(value) {
				viewSchema(part)
			}
		default:
			if isExtension(key) {
				dropField(schema, key)
			}
		}
	}
}

// referred returns the name of the schema that a node refers to.
func referred(node *yaml.Node) (name string, ok bool) {
	return strings.CutPrefix(text(node, "$ref"), schemaRef)
}

// clone returns a deep copy.
func clone(node *yaml.Node) *yaml.Node {
	if node == nil {
		return nil
	}
	copied := *node
	copied.Content = make([]*yaml.Node, len(node.Content))
	for i, child := range node.Content {
		copied.Content[i] = clone(child)
	}
	return &copied
}

// restorer puts back into an overlaid document what the service says itself and the overlay replaced, so that nothing the
// service changes hides behind the overlay. What the overlay adds stays, and so do its removals and its title.
type restorer struct {
	root  *yaml.Node // where the overlay's references lead
	inner bool       // within what such a reference stood for, where nothing was removed on purpose
}

func (r restorer) restore(base, overlaid *yaml.Node) {
	if base.Kind != yaml.MappingNode || overlaid.Kind != yaml.MappingNode {
		return
	}
	r.inner = r.writeOut(base, overlaid) || r.inner
	for key, value := range fields(base) {
		own := field(overlaid, key)
		switch {
		case isExtension(key) || isProse(key) && (key == "title" || text(base, key) == ""):
		case (key == "$ref" || key == "type") && field(overlaid, "allOf") != nil:
		case own == nil && r.inner:
			setField(overlaid, key, clone(value))
		case own == nil:
		case slices.Contains(namedParts, key):
			r.restoreEach(value, own)
		case value.Kind == yaml.MappingNode:
			r.restore(value, own)
		case key == "parameters":
			r.restoreParameters(value, own)
		case key == "required" && value.Kind == yaml.SequenceNode, key == "security", key == "tags":
			// unions: the overlay only adds to them
		case toJSON(value) != toJSON(own):
			setField(overlaid, key, clone(value))
		}
	}
}

// namedParts are the fields whose entries have names of the service's choice, which look like keywords at times.
var namedParts = []string{"paths", "responses", "headers", "properties", "schemas", "securitySchemes", "content"}

func (r restorer) restoreEach(base, overlaid *yaml.Node) {
	for name, part := range fields(base) {
		if own := field(overlaid, name); own != nil {
			r.restore(part, own)
		} else if r.inner {
			setField(overlaid, name, clone(part))
		}
	}
}

// writeOut replaces a reference of the overlay's by what it refers to, where the service wrote no reference.
func (r restorer) writeOut(base, overlaid *yaml.Node) bool {
	ref := text(overlaid, "$ref")
	switch {
	case ref == "" || field(base, "$ref") != nil:
		return false
	case strings.HasPrefix(ref, schemaRef):
		part := newMapping()
		setField(part, "$ref", newString(ref))
		overlaid.Content = nil
		setField(overlaid, "allOf", newList(part))
	default:
		overlaid.Content = resolve(overlaid, r.root).Content
	}
	return true
}

func (r restorer) restoreParameters(base, overlaid *yaml.Node) {
	for parameter := range items(base) {
		if own := parameterNode(overlaid, parameterOf(parameter)); own != nil {
			r.restore(parameter, own)
		}
	}
}

// isProse reports a field that people read and programs do not.
func isProse(key string) bool {
	switch key {
	case "description", "summary", "title", "example", "examples", "externalDocs":
		return true
	}
	return false
}
