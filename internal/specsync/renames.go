package main

// Names that changed while what they stand for did not: undone before documents are compared, so that a new name is one
// change and what is new behind it still shows.

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// undoRenames gives the definitions and operations of the service's document, which the overlay has not seen yet, the
// names that the committed document's view knows them by. overlaid is the same document with the overlay.
func undoRenames(base, overlaid, committed *yaml.Node) []change {
	found := undoSchemaRenames(base, view(overlaid), committed)
	return append(found, undoOperationRenames(base, committed)...)
}

func undoSchemaRenames(base, now, committed *yaml.Node) []change {
	before, after := schemasOf(committed), schemasOf(now)
	lost, gained := missing(before, after), missing(after, before)
	oldNames := map[string]string{} // by new name; what has the same name in both is not in here
	sameName := func(name string) string {
		if field(before, name) != nil && field(after, name) != nil || slices.Contains(slices.Collect(maps.Values(oldNames)), name) {
			return name
		}
		return oldNames[name]
	}
	used := usages(committed)

	var found []change
	for {
		// One definition that is found again tells apart those that refer to it.
		matched := pairs(lost, gained,
			func(name string) string { return shape(field(before, name), before, sameName) },
			func(name string) string { return shape(field(after, name), after, sameName) })
		if len(matched) == 0 {
			return found
		}
		for oldName, newName := range matched {
			oldNames[newName] = oldName
			lost = slices.DeleteFunc(lost, func(name string) bool { return name == oldName })
			gained = slices.DeleteFunc(gained, func(name string) bool { return name == newName })
			renameSchema(base, newName, oldName)
			found = append(found, change{
				Class: compatible, Operations: used[oldName].all(), Subject: oldName,
				Text:    fmt.Sprintf("the definition %s is called %s now, with the same fields", oldName, newName),
				Meaning: "Nothing changes on the wire; the Go type in gen/ding gets another name.",
			})
		}
	}
}

func schemasOf(root *yaml.Node) *yaml.Node { return field(field(root, "components"), "schemas") }

// missing returns the names in one mapping that another does not have.
func missing(from, in *yaml.Node) []string {
	var names []string
	for name := range fields(from) {
		if field(in, name) == nil {
			names = append(names, name)
		}
	}
	return names
}

// pairs matches what was lost with what was gained by what it looks like, where that leaves no doubt. An empty look
// matches nothing.
func pairs(lost, gained []string, lookOf, nowLookOf func(string) string) map[string]string {
	byLook := func(names []string, look func(string) string) map[string][]string {
		found := map[string][]string{}
		for _, name := range names {
			if key := look(name); key != "" {
				found[key] = append(found[key], name)
			}
		}
		return found
	}
	matched := map[string]string{}
	now := byLook(gained, nowLookOf)
	for key, names := range byLook(lost, lookOf) {
		if len(names) == 1 && len(now[key]) == 1 {
			matched[names[0]] = now[key][0]
		}
	}
	return matched
}

// shape is what an object's fields look like without their texts; empty for what has no fields.
func shape(schema, schemas *yaml.Node, sameName func(string) string) string {
	var parts []string
	for name, property := range fields(field(schema, "properties")) {
		parts = append(parts, name+" "+plainType(property, schemas, sameName))
	}
	if len(parts) == 0 {
		return ""
	}
	slices.Sort(parts)
	return strings.Join(parts, "\n") + "\n" + toJSON(cmp.Or(field(schema, "required"), newList()))
}

// plainType is a type without the names that only the overlay knows; a definition has the
// name that it has in both documents, or none.
func plainType(schema, schemas *yaml.Node, sameName func(string) string) string {
	kind := text(schema, "type")
	if name, ok := strings.CutPrefix(kind, typeMark); ok {
		target := field(schemas, name)
		switch {
		case field(target, "properties") == nil && field(target, "items") == nil && !strings.HasPrefix(text(target, "type"), typeMark):
			kind = text(target, "type")
		default:
			kind = typeMark + sameName(name)
		}
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if inner := field(schema, key); inner != nil {
			kind += " of " + plainType(inner, schemas, sameName)
		}
	}
	return kind
}

func renameSchema(root *yaml.Node, from, to string) {
	schemas := schemasOf(root)
	for i := 0; i+1 < len(schemas.Content); i += 2 {
		if schemas.Content[i].Value == from {
			schemas.Content[i] = newString(to)
		}
	}
	redirect(root, schemaRef+from, schemaRef+to)
}

func redirect(node *yaml.Node, from, to string) {
	if ref := field(node, "$ref"); isString(ref) && ref.Value == from {
		ref.Value = to
	}
	for _, child := range node.Content {
		redirect(child, from, to)
	}
}

// address is where an operation is found.
type address struct{ path, method string }

func (a address) String() string { return strings.ToUpper(a.method) + " " + a.path }

// addresses lists a document's operations.
func addresses(root *yaml.Node) map[string]address {
	found := map[string]address{}
	for path, item := range fields(field(root, "paths")) {
		for method := range operations(item) {
			at := address{path, method}
			found[templated(at)] = at
		}
	}
	return found
}

// templated is the address with the parameters of its path without their names, which callers do not see.
func templated(at address) string {
	var b strings.Builder
	inside := false
	for _, r := range at.String() {
		if r == '}' {
			inside = false
		}
		if !inside {
			b.WriteRune(r)
		}
		inside = inside || r == '{'
	}
	return b.String()
}

func undoOperationRenames(base, committed *yaml.Node) []change {
	now := view(base)
	before, after := addresses(committed), addresses(now)
	lost, gained := without(before, after), without(after, before)
	identifier := func(root *yaml.Node, in map[string]address) func(string) string {
		return func(key string) string { return text(operationAt(root, in[key]), "operationId") }
	}
	look := func(root *yaml.Node, in map[string]address) func(string) string {
		return func(key string) string { return operationShape(operationAt(root, in[key]), in[key].method) }
	}
	matched := pairs(lost, gained, identifier(committed, before), identifier(now, after))
	unmatched := func(name string) bool { return matched[name] != "" }
	taken := func(name string) bool { return slices.Contains(slices.Collect(maps.Values(matched)), name) }
	lost, gained = slices.DeleteFunc(lost, unmatched), slices.DeleteFunc(gained, taken)
	maps.Copy(matched, pairs(lost, gained, look(committed, before), look(now, after)))

	var found []change
	for _, key := range slices.Sorted(maps.Keys(matched)) {
		from, to := before[key], after[matched[key]]
		name, newName := operationName(committed, from), operationName(now, to)
		moveOperation(base, to, from, name)
		subject, words := moved(from, to, name, newName)
		found = append(found, change{
			Class: breaking, Operations: []string{name}, Subject: subject, Text: words,
			Meaning: "Calls to the old address fail; the library has to be generated anew.",
		})
	}
	return found
}

func without(from, in map[string]address) []string {
	var keys []string
	for key := range from {
		if _, found := in[key]; !found {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func operationAt(root *yaml.Node, at address) *yaml.Node {
	return field(field(field(root, "paths"), at.path), at.method)
}

func operationName(root *yaml.Node, at address) string {
	return cmp.Or(text(operationAt(root, at), "operationId"), at.String())
}

// operationShape is what an operation takes and answers by the names of its types; empty where it answers with nothing
// of its own.
func operationShape(operation *yaml.Node, method string) string {
	body := func(node *yaml.Node) string {
		for _, media := range fields(field(node, "content")) {
			return typeName(field(media, "schema"))
		}
		return ""
	}
	answer := body(field(field(operation, "responses"), "200"))
	if answer == "" {
		return ""
	}
	return method + " " + body(field(operation, "requestBody")) + " " + answer
}

// moved says how an address changed, in the same words for all operations that a new beginning of the path moves.
func moved(from, to address, name, newName string) (subject, words string) {
	if name != newName {
		return from.String(), fmt.Sprintf("%s seems to be called %s now: %s instead of %s", name, newName, to, from)
	}
	oldStart, oldEnd := cutLast(from.path)
	newStart, newEnd := cutLast(to.path)
	if oldEnd == newEnd && from.method == to.method {
		return "the path " + oldStart, fmt.Sprintf("moved from %s… to %s…", oldStart, newStart)
	}
	return from.String(), fmt.Sprintf("moved from %s to %s", from, to)
}

func cutLast(path string) (start, end string) {
	at := strings.LastIndex(path, "/") + 1
	return path[:at], path[at:]
}

// moveOperation puts an operation back to where it was, under the name it had.
func moveOperation(root *yaml.Node, from, to address, name string) {
	paths := field(root, "paths")
	item := field(paths, from.path)
	operation := field(item, from.method)
	if operation == nil {
		return
	}
	if field(operation, "operationId") != nil {
		setField(operation, "operationId", newString(name))
	}
	dropField(item, from.method)
	if len(operations(item)) == 0 {
		dropField(paths, from.path)
	}
	target := field(paths, to.path)
	if target == nil {
		target = newMapping()
		setField(paths, to.path, target)
	}
	setField(target, to.method, operation)
}
