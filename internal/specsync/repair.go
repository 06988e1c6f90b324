package main

// Repairing: the service's own document is not valid Swagger 2.0, and says some things that are not so. Each defect that
// is known has a repair with a name and a reason, and each run reports how often it was needed, so that a repair which
// the service has made superfluous can be seen and removed.

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// defect is one known fault of the source and its remedy; mend returns how many places it changed.
type defect struct {
	name string
	mend func(doc *yaml.Node) int
}

// defects are mended in this order.
var defects = []defect{
	{"parameter or response that operations share", writeOutShared},
	{"capitalised type name", lowerTypeNames},
	{"text/json media type", dropTextJSON},
	{"operation without media types of its own", inheritMediaTypes},
	{"empty default of a query parameter", dropEmptyDefaults},
	{"additionalProperties: false", openSchemas},
	{"schema field that no specification knows", dropUnknownSchemaFields},
	{"nullable, which Swagger 2.0 does not know", spellNullable},
	{"definition put together from parts (allOf)", writeOutParts},
	{"malformed host, basePath or scheme", tidyAddress},
	{"basePath", writeOutBasePath},
}

// repair mends the document in place and returns a line per defect that was found.
func repair(doc *yaml.Node) []string {
	var report []string
	for _, defect := range defects {
		if count := defect.mend(doc); count > 0 {
			report = append(report, fmt.Sprintf("%s: %d×", defect.name, count))
		}
	}
	return report
}

var typeNames = []string{"string", "integer", "number", "boolean", "array", "object", "file"}

// lowerTypeNames turns "String" into "string". The service writes the .NET name of the type in some parameters; JSON
// Schema's names are lower case, and both validation and the generator stop at anything else.
func lowerTypeNames(doc *yaml.Node) int {
	count := 0
	lower := func(node *yaml.Node) {
		name := field(node, "type")
		if !isString(name) {
			return
		}
		if low := strings.ToLower(name.Value); low != name.Value && slices.Contains(typeNames, low) {
			name.Value = low
			count++
		}
	}
	walker{parameter: lower, schema: lower}.walk(doc)
	return count
}

// dropTextJSON removes text/json from what operations consume and produce. It is an obsolete twin of application/json
// that the web framework declares by itself; converted, it would double every request and response body.
func dropTextJSON(doc *yaml.Node) int {
	count := 0
	drop := func(node *yaml.Node) {
		for _, key := range []string{"consumes", "produces"} {
			list := field(node, key)
			if list == nil {
				continue
			}
			kept := slices.DeleteFunc(list.Content, func(item *yaml.Node) bool {
				return strings.EqualFold(item.Value, "text/json")
			})
			count += len(list.Content) - len(kept)
			list.Content = kept
			if len(kept) == 0 {
				dropField(node, key)
			}
		}
	}
	drop(doc)
	walker{operation: drop}.walk(doc)
	return count
}

// inheritMediaTypes writes out what an operation inherits. In Swagger an operation without consumes or produces takes the
// document's; the converter overlooks that for answers, and makes */* of a body without any type. JSON is what is meant.
func inheritMediaTypes(doc *yaml.Node) int {
	count := 0
	inherit := func(operation *yaml.Node, key string) {
		if field(operation, key) != nil {
			return
		}
		inherited := field(doc, key)
		if inherited == nil {
			inherited = newList(newString("application/json"))
		}
		setField(operation, key, newList(inherited.Content...))
		count++
	}
	walker{operation: func(operation *yaml.Node) {
		inherit(operation, "produces")
		for parameter := range items(field(operation, "parameters")) {
			if text(parameter, "in") == "body" {
				inherit(operation, "consumes")
			}
		}
	}}.walk(doc)
	return count
}

// dropEmptyDefaults removes `"default": ""` from query parameters. It says "optional" in .NET's words; but the service
// refuses a parameter that is present and empty, so a client that followed the default would fail.
func dropEmptyDefaults(doc *yaml.Node) int {
	count := 0
	walker{parameter: func(parameter *yaml.Node) {
		value := field(parameter, "default")
		if text(parameter, "in") == "query" && isString(value) && value.Value == "" {
			dropField(parameter, "default")
			count++
		}
	}}.walk(doc)
	return count
}

// openSchemas removes `"additionalProperties": false`. The service promises to add fields as time goes by, so an answer
// with a field that is unknown today is a valid answer.
func openSchemas(doc *yaml.Node) int {
	count := 0
	walker{schema: func(schema *yaml.Node) {
		value := field(schema, "additionalProperties")
		if value != nil && value.Kind == yaml.ScalarNode && value.Value == "false" {
			dropField(schema, "additionalProperties")
			count++
		}
	}}.walk(doc)
	return count
}

// knownSchemaFields are the fields of a Swagger 2.0 schema, and those of OpenAPI 3.0 that tools write into Swagger 2.0.
var knownSchemaFields = []string{
	"$ref", "title", "description", "type", "format", "enum", "default", "example", "externalDocs", "uniqueItems",
	"exclusiveMinimum", "exclusiveMaximum", "minimum", "maximum", "multipleOf", "minLength", "maxLength", "pattern",
	"minItems", "maxItems", "items", "required", "properties", "minProperties", "maxProperties", "additionalProperties",
	"discriminator", "readOnly", "xml", "allOf", "nullable", "deprecated", "writeOnly",
}

// dropUnknownSchemaFields removes fields that belong to no specification, such as those that documentation tools leave
// behind: OpenAPI 3 forbids them, and one of them must not stop the conversion.
func dropUnknownSchemaFields(doc *yaml.Node) int {
	count := 0
	walker{schema: func(schema *yaml.Node) {
		for key := range fields(schema) {
			if !slices.Contains(knownSchemaFields, key) && !isExtension(key) {
				dropField(schema, key)
				count++
			}
		}
	}}.walk(doc)
	return count
}

// tidyAddress makes an address of host, basePath and schemes even if the host brings its scheme or path along, the path
// lacks its slash or the scheme is in capitals: the converter would refuse the first and mangle the others.
func tidyAddress(doc *yaml.Node) int {
	count := 0
	change := func(node *yaml.Node, value string) {
		if node != nil && node.Value != value {
			node.Value = value
			count++
		}
	}
	host := text(doc, "host")
	if _, rest, found := strings.Cut(host, "://"); found {
		host = rest
	}
	host, _, _ = strings.Cut(host, "/")
	change(field(doc, "host"), strings.TrimSpace(host))

	if base := text(doc, "basePath"); base != "" {
		change(field(doc, "basePath"), "/"+strings.Trim(strings.TrimSpace(base), "/"))
	}
	for scheme := range items(field(doc, "schemes")) {
		change(scheme, strings.ToLower(strings.TrimSpace(scheme.Value)))
	}
	return count
}

// writeOutBasePath makes whole paths of those below a base path. Where the service cuts its paths does not matter to
// callers; the overlay and the library go by whole ones.
func writeOutBasePath(doc *yaml.Node) int {
	base := strings.TrimSuffix(text(doc, "basePath"), "/")
	if base == "" {
		return 0
	}
	paths := newMapping()
	for path, item := range fields(field(doc, "paths")) {
		if !isExtension(path) {
			path = base + path
		}
		setField(paths, path, item)
	}
	setField(doc, "paths", paths)
	dropField(doc, "basePath")
	return 1
}

// spellNullable writes nullable in the way that the converter reads: it is OpenAPI 3's word, which tools use in Swagger too.
func spellNullable(doc *yaml.Node) int {
	count := 0
	walker{schema: func(schema *yaml.Node) {
		if value := field(schema, "nullable"); value != nil {
			dropField(schema, "nullable")
			setField(schema, "x-nullable", value)
			count++
		}
	}}.walk(doc)
	return count
}
