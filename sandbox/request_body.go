// How a .NET service reads a body: what is null counts as absent, and a value of a related type is taken for what it says.

package sandbox

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
)

// withoutNulls drops members that are null: to a .NET service they are the same as absent ones, and clients generated
// for other languages write them. Numbers keep their digits.
func withoutNulls(body []byte) []byte {
	if !bytes.Contains(body, []byte("null")) {
		return body
	}
	return rewritten(body, prune)
}

// coerced spells names as the schema has them, whatever their case, and gives values the type that it has for them, where they
// say the same in another one: "10.00" is an amount, "true" a flag, and 12345 a reference. The JSON library of .NET reads
// them so, and public clients rely on it.
func coerced(body []byte, schema *openapi3.Schema) []byte {
	return rewritten(body, func(value any) any { return coerce(value, schema) })
}

// trimTexts takes the blanks off the members of an object, as around the numbers in Dizlee's samples (" 9641234567890 ").
func trimTexts(value any) any {
	members, _ := value.(map[string]any)
	for name, member := range members {
		if text, ok := member.(string); ok {
			members[name] = strings.TrimSpace(text)
		}
	}
	return value
}

// bodySchema is what an operation asks for, nil if it takes no JSON.
func bodySchema(route *routers.Route) *openapi3.Schema {
	media := route.Operation.RequestBody.Value.GetMediaType("application/json")
	if media == nil || media.Schema == nil {
		return nil
	}
	return media.Schema.Value
}

// rewritten changes a body. One that is no valid JSON stays, for others to refuse.
func rewritten(body []byte, change func(any) any) []byte {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return body
	}
	changed, err := json.Marshal(change(value))
	if err != nil {
		return body
	}
	return changed
}

func prune(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			if member == nil {
				delete(v, name)
			} else {
				v[name] = prune(member)
			}
		}
	case []any:
		for i := range v {
			v[i] = prune(v[i])
		}
	}
	return value
}

// jsonNumber is RFC 8259, section 6.
var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

func coerce(value any, schema *openapi3.Schema) any {
	if schema == nil {
		return value
	}
	for _, part := range schema.AllOf {
		value = coerce(value, part.Value)
	}
	switch v := value.(type) {
	case map[string]any:
		coerceMembers(v, schema)
	case []any:
		for i := range v {
			if schema.Items != nil {
				v[i] = coerce(v[i], schema.Items.Value)
			}
		}
	case string:
		return coerceText(v, schema)
	case json.Number:
		if schema.Type.Is("string") {
			return v.String()
		}
	}
	return value
}

func coerceMembers(members map[string]any, schema *openapi3.Schema) {
	for name, property := range schema.Properties {
		for _, spelling := range slices.Sorted(maps.Keys(members)) {
			if _, there := members[name]; !there && strings.EqualFold(spelling, name) {
				members[name] = members[spelling]
				delete(members, spelling)
			}
		}
		if member, there := members[name]; there {
			members[name] = coerce(member, property.Value)
		}
	}
}

func coerceText(text string, schema *openapi3.Schema) any {
	trimmed := strings.TrimSpace(text)
	switch {
	case (schema.Type.Is("number") || schema.Type.Is("integer")) && jsonNumber.MatchString(trimmed):
		return json.Number(trimmed)
	case schema.Type.Is("boolean") && strings.EqualFold(trimmed, "true"):
		return true
	case schema.Type.Is("boolean") && strings.EqualFold(trimmed, "false"):
		return false
	}
	return text
}
