// Package published makes what a service publishes about itself out of its OpenAPI document: the Swagger 2.0 document and
// a Postman collection for clients to be made from, and the order in which its answers have their fields.
//
// It reads the document by itself, since the maps of kin-openapi forget in which order things were written.
package published

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// member is one name of an object with its value: an object, []any, a string, json.Number, a bool or nil.
type member struct {
	name  string
	value any
}

// object is a JSON object that keeps its order.
type object []member

// read parses a document of OpenAPI.
func read(text []byte) (object, error) {
	var node yaml.Node
	if err := yaml.Unmarshal(text, &node); err != nil {
		return nil, err
	}
	if len(node.Content) == 0 {
		return nil, fmt.Errorf("the document is empty")
	}
	document, ok := value(node.Content[0]).(object)
	if !ok {
		return nil, fmt.Errorf("the document is no object")
	}
	return document, nil
}

func value(node *yaml.Node) any {
	switch node.Kind {
	case yaml.MappingNode:
		o := object{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			o = append(o, member{node.Content[i].Value, value(node.Content[i+1])})
		}
		return o
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range node.Content {
			list = append(list, value(item))
		}
		return list
	}
	switch node.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		return node.Value == "true"
	case "!!int", "!!float":
		return json.Number(node.Value) // as it was written: 10.00 stays 10.00
	}
	return node.Value
}

// get returns a member's value, nil if there is none.
func (o object) get(name string) any {
	for _, m := range o {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// at follows names from object to object.
func (o object) at(names ...string) object {
	for _, name := range names {
		o, _ = o.get(name).(object)
	}
	return o
}

func (o object) text(name string) string {
	text, _ := o.get(name).(string)
	return text
}

func (o object) list(name string) []any {
	list, _ := o.get(name).([]any)
	return list
}

// with returns the object with one more member, unless its value is nil, "" or empty.
func (o object) with(name string, value any) object {
	switch v := value.(type) {
	case nil:
		return o
	case string:
		if v == "" {
			return o
		}
	case object:
		if len(v) == 0 {
			return o
		}
	case []any:
		if len(v) == 0 {
			return o
		}
	}
	return append(o, member{name, value})
}

// resolve follows a $ref within the document.
func (o object) resolve(part object) object {
	ref := part.text("$ref")
	if ref == "" {
		return part
	}
	return o.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
}

// methods are the operations that a path can have.
var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// operations returns the operations below a path, by method. A path can have words of its own beside them.
func operations(path object) []member {
	return slices.DeleteFunc(slices.Clone(path), func(m member) bool { return !slices.Contains(methods, m.name) })
}

// MarshalJSON writes the members in their order.
func (o object) MarshalJSON() ([]byte, error) {
	var text bytes.Buffer
	text.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			text.WriteByte(',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		text.Write(name)
		text.WriteByte(':')
		text.Write(value)
	}
	text.WriteByte('}')
	return text.Bytes(), nil
}

func indented(o object) ([]byte, error) {
	text, err := json.MarshalIndent(o, "", "  ")
	return append(text, '\n'), err
}
