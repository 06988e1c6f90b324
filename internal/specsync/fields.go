package main

// What changed about types and their fields. One principle decides: who sends must not be asked for more than before, and
// who reads must not meet more than before.

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// side says where a thing is met.
func (p place) side() string {
	switch {
	case p.sent && p.received:
		return "the message, in requests and answers,"
	case p.sent:
		return "the request"
	case p.received:
		return "the answer"
	}
	return "the unused definition"
}

// schema reports what changed about a type. Where it is another type altogether, that is all there is to say.
func (c *comparison) schema(at place, found tree, before, after *yaml.Node) {
	if found["type"] != nil || found["schemaAdded"] == true || found["schemaDeleted"] == true {
		if c.writtenOut(at, before, after) {
			return
		}
		c.add(at, breaking, fmt.Sprintf("%s is %s now, not %s", at.name, onWire(after, c.after), onWire(before, c.before)),
			"Programs read it wrongly or not at all, or send what is refused.")
		return
	}
	for _, key := range found.keys() {
		switch part := found.sub(key); {
		case key == "properties":
			c.properties(at, part, found.sub("required"), before, after)
		case key == "required":
			c.requiredFields(at, part, found.sub("properties"))
		case key == "items":
			c.schema(at.named("an element of %s", at.name), part, field(before, key), field(after, key))
		case key == "additionalProperties" && (part["schemaAdded"] == true || part["schemaDeleted"] == true):
			c.bound(at, part["schemaAdded"] == true, part["schemaDeleted"] == true,
				fmt.Sprintf("another field of %s is %s now, not %s", at.name, withArticle(typeName(field(after, key))), withArticle(typeName(field(before, key)))))
		case key == "additionalProperties":
			c.schema(at.named("a value of %s", at.name), part, field(before, key), field(after, key))
		case key == "format":
			c.add(at, breaking, reformatted(at.name, part["from"], part["to"]), "Programs can misread it, or send what is refused.")
		case key == "default":
			c.fallback(at, part)
		case key == "deprecated":
			c.add(at, compatible, deprecation(at.name, part), "It still works; its end may be near.")
		case isProse(key) || key == "XML" || key == "additionalPropertiesAllowed":
			c.prose(at, key)
		default:
			c.extent(at, key, part, found[key])
		}
	}
}

func reformatted(name string, from, to any) string {
	switch {
	case isUnset(to):
		return fmt.Sprintf("%s lost its format %v", name, from)
	case isUnset(from):
		return fmt.Sprintf("%s has the format %v now", name, to)
	}
	return fmt.Sprintf("%s has the format %v now, not %v", name, to, from)
}

func orNone(value any) string { return cmp.Or(strings.TrimPrefix(fmt.Sprint(value), "<nil>"), "none") }

// typeName names a type for a person.
func typeName(schema *yaml.Node) string {
	kind := strings.TrimPrefix(text(schema, "type"), typeMark)
	format := text(schema, "format")
	switch {
	case field(schema, "items") != nil:
		return "array of " + typeName(field(schema, "items"))
	case kind == "" && (field(schema, "properties") != nil || field(schema, "allOf") != nil):
		return "object"
	case kind == "":
		return "value of any type"
	case format != "" && !strings.HasPrefix(text(schema, "type"), typeMark):
		return kind + " (" + format + ")"
	}
	return kind
}

// onWire names a type with what it is on the wire, where it is no object: only the overlay names such types.
func onWire(schema, root *yaml.Node) string {
	if target, name := definition(schema, root); name != "" && field(target, "properties") == nil && text(target, "type") != "" {
		return withArticle(name) + ", which is " + withArticle(typeName(target))
	}
	return withArticle(typeName(schema))
}

func withArticle(name string) string {
	if name != "" && strings.ContainsRune("aeioAEIO", rune(name[0])) {
		return "an " + name
	}
	return "a " + name
}

// fieldName is "SendTransferRequest.SkuCode", or for what has no name of its own "SkuCode of an element of the body".
func fieldName(at place, name string) string {
	if strings.Contains(at.name, " ") {
		return name + " of " + at.name
	}
	return at.name + "." + name
}

func (c *comparison) properties(at place, found, required tree, before, after *yaml.Node) {
	lost, gained := found.names("deleted"), found.names("added")
	look := func(in *yaml.Node) func(string) string {
		return func(name string) string { return c.plain(field(field(in, "properties"), name)) }
	}
	spelt := func(in *yaml.Node) func(string) string {
		return func(name string) string { return letters(name) + " " + look(in)(name) }
	}
	rename := func(matched map[string]string) {
		for old, now := range matched {
			lost = slices.DeleteFunc(lost, func(name string) bool { return name == old })
			gained = slices.DeleteFunc(gained, func(name string) bool { return name == now })
			c.fieldRenamed(at, old, now)
		}
	}
	rename(pairs(lost, gained, spelt(before), spelt(after)))
	rename(pairs(lost, gained, look(before), look(after)))
	for _, name := range lost {
		c.fieldLost(at, name)
	}
	for _, name := range gained {
		c.fieldGained(at, name, slices.Contains(required.names("added"), name))
	}
	for _, name := range found.sub("modified").keys() {
		c.schema(at.named("%s", fieldName(at, name)), found.sub("modified").sub(name),
			field(field(before, "properties"), name), field(field(after, "properties"), name))
	}
}

// letters is a name however it is spelt: in Pascal case, camel case or with underscores.
func letters(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
}

// plain is a type by which one thing can be told to be the other under a new name; the overlay knows the old name only.
func (c *comparison) plain(schema *yaml.Node) string {
	return plainType(schema, schemasOf(c.before), func(name string) string { return name })
}

func (c *comparison) fieldRenamed(at place, old, now string) {
	class, meaning := breaking, "Programs that use the old name find nothing, or send what is ignored."
	if !at.sent && !at.received {
		class, meaning = compatible, fineMeaning
	}
	c.add(at.named("%s", fieldName(at, old)), class,
		fmt.Sprintf("%s lost the field %s; the new field %s has the same type and may be its new name", at.side(), fieldName(at, old), fieldName(at, now)), meaning)
}

func (c *comparison) fieldLost(at place, name string) {
	class, meaning := breaking, goneMeaning
	switch {
	case at.received:
		meaning = "Programs that read it find nothing."
	case !at.sent:
		class, meaning = compatible, fineMeaning
	}
	c.add(at.named("%s", fieldName(at, name)), class, fmt.Sprintf("%s lost the field %s", at.side(), fieldName(at, name)), meaning)
}

func (c *comparison) fieldGained(at place, name string, required bool) {
	class, meaning, kind := compatible, fineMeaning, "new field"
	switch {
	case at.sent && required:
		class, meaning, kind = breaking, requiredMeaning, "new required field"
	case at.sent:
		kind = "new optional field"
	case at.received:
		meaning = "The library passes over it until make spec takes it in."
	}
	c.add(at.named("%s", fieldName(at, name)), class, fmt.Sprintf("%s has the %s %s", at.side(), kind, fieldName(at, name)), meaning)
}

// requiredFields reports fields that were there before and are there still.
func (c *comparison) requiredFields(at place, found, properties tree) {
	for _, name := range found.names("added") {
		if !slices.Contains(properties.names("added"), name) {
			c.required(at.named("%s", fieldName(at, name)), true)
		}
	}
	for _, name := range found.names("deleted") {
		if !slices.Contains(properties.names("deleted"), name) {
			c.required(at.named("%s", fieldName(at, name)), false)
		}
	}
}

// fallback reports another default, which is what a caller gets who sends nothing.
func (c *comparison) fallback(at place, found tree) {
	words := fmt.Sprintf("the default of %s is %v now, not %v", at.name, orNone(found["to"]), orNone(found["from"]))
	if at.sent && found["from"] != nil {
		c.add(at, breaking, words, "Calls that leave it out mean something else than before.")
		return
	}
	c.add(at, compatible, words, fineMeaning)
}

// keywords are those that oasdiff shortens.
var keywords = map[string]string{
	"min": "minimum", "max": "maximum", "exclusiveMin": "exclusiveMinimum", "exclusiveMax": "exclusiveMaximum",
	"minProps": "minProperties", "maxProps": "maxProperties",
}

// extent reports keywords that say how much is allowed.
func (c *comparison) extent(at place, key string, found tree, value any) {
	words := fmt.Sprintf("%s: %s is %s now, not %s", at.name, cmp.Or(keywords[key], key), orNone(found["to"]), orNone(found["from"]))
	switch key {
	case "enum":
		c.enum(at, found)
	case "min", "minLength", "minItems", "minProps":
		c.bound(at, less(found["from"], found["to"]), less(found["to"], found["from"]), words)
	case "max", "maxLength", "maxItems", "maxProps":
		narrower := found["from"] == nil || found["to"] != nil && less(found["to"], found["from"])
		c.bound(at, narrower, !narrower, words)
	case "pattern", "multipleOf":
		c.bound(at, !isUnset(found["to"]), !isUnset(found["from"]), words)
	case "exclusiveMin", "exclusiveMax", "uniqueItems":
		c.bound(at, found["to"] == true, found["to"] != true, words)
	case "nullable":
		if found["to"] == true {
			words = at.name + " can be null now"
		} else {
			words = at.name + " cannot be null any more"
		}
		c.bound(at, found["to"] != true, found["to"] == true, words)
	case "readOnly":
		c.bound(at, at.sent && found["to"] == true, false, words)
	case "writeOnly":
		c.bound(at, false, at.received && found["to"] == true, words)
	default:
		c.unknown(at, key, value)
	}
}

func isUnset(value any) bool { return value == nil || value == "" || value == float64(0) }

// less compares lower bounds; none is lower than any.
func less(a, b any) bool {
	if a == nil || b == nil {
		return a == nil && b != nil
	}
	x, okX := a.(float64)
	y, okY := b.(float64)
	return okX && okY && x < y
}

// bound reports that less is allowed than before, or more, or both at once.
func (c *comparison) bound(at place, narrower, wider bool, words string) {
	switch {
	case narrower && at.sent:
		c.add(at, breaking, words, "Calls that were fine can be refused.")
	case wider && at.received:
		c.add(at, breaking, words, "Programs can meet values that they do not know.")
	default:
		c.add(at, compatible, words, fineMeaning)
	}
}

func (c *comparison) enum(at place, found tree) {
	lost, gained := found.names("deleted"), found.names("added")
	words := at.name + ": "
	switch {
	case found["enumAdded"] == true:
		c.bound(at, true, false, words+"the values are listed now: "+strings.Join(gained, ", "))
		return
	case found["enumDeleted"] == true:
		c.bound(at, false, true, words+"the values are not listed any more; they were "+strings.Join(lost, ", "))
		return
	}
	var parts []string
	if len(gained) > 0 {
		parts = append(parts, "new in the list of values: "+strings.Join(gained, ", "))
	}
	if len(lost) > 0 {
		parts = append(parts, "gone from the list of values: "+strings.Join(lost, ", "))
	}
	c.bound(at, len(lost) > 0, len(gained) > 0, words+strings.Join(parts, "; "))
}
