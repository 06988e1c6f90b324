package main

// An overlay that describes a property brings it back to life once the service has dropped it: as a property with a
// description and no type, which would hide the very change that this program is run to show.

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// properties returns the names of all properties of the schemas below the document's root, as "Schema.Property".
func properties(root *yaml.Node) map[string]bool {
	names := map[string]bool{}
	for schema, definition := range fields(field(field(root, "components"), "schemas")) {
		for property := range fields(field(definition, "properties")) {
			names[schema+"."+property] = true
		}
	}
	return names
}

// dropGhosts takes out what the overlay only describes and the service does not have, given the properties that the
// document had before the overlay. A property that the overlay adds in full stays.
func dropGhosts(root *yaml.Node, before map[string]bool) (warnings []string) {
	for schema, definition := range fields(field(field(root, "components"), "schemas")) {
		for property, value := range fields(field(definition, "properties")) {
			name := schema + "." + property
			if before[name] || !onlyDescribed(value) {
				continue
			}
			dropField(field(definition, "properties"), property)
			warnings = append(warnings, fmt.Sprintf("%s is described, but the service has no such property: it is left out", name))
		}
	}
	return warnings
}

// onlyDescribed reports that nothing in the property says what its values are.
func onlyDescribed(property *yaml.Node) bool {
	for key := range fields(property) {
		switch {
		case strings.HasPrefix(key, "x-"):
		case key == "description", key == "nullable", key == "deprecated", key == "example", key == "title":
		default:
			return false
		}
	}
	return true
}
