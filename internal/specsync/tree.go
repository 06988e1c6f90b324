package main

// The document as a tree. Every stage works on YAML nodes, since Go maps would forget in which order the service lists
// the properties of an object; JSON is read into them and written from them here.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// maxDepth bounds nesting, so that hostile input cannot exhaust the stack of the stages that recurse.
const maxDepth = 200

const tagString = "!!str"

func newMapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode} }

func newList(items ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Content: items}
}

func newString(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tagString, Value: value}
}

// fields yields the entries of a mapping in order, and nothing for any other node. It goes over a copy, so that the loop
// may drop entries.
func fields(node *yaml.Node) iter.Seq2[string, *yaml.Node] {
	return func(yield func(string, *yaml.Node) bool) {
		if node == nil || node.Kind != yaml.MappingNode {
			return
		}
		entries := slices.Clone(node.Content)
		for i := 0; i+1 < len(entries); i += 2 {
			if !yield(entries[i].Value, entries[i+1]) {
				return
			}
		}
	}
}

// items yields the elements of a sequence, and nothing for any other node.
func items(node *yaml.Node) iter.Seq[*yaml.Node] {
	return func(yield func(*yaml.Node) bool) {
		if node == nil || node.Kind != yaml.SequenceNode {
			return
		}
		for _, item := range node.Content {
			if !yield(item) {
				return
			}
		}
	}
}

// field returns the value under key, or nil.
func field(node *yaml.Node, key string) *yaml.Node {
	for name, value := range fields(node) {
		if name == key {
			return value
		}
	}
	return nil
}

// text returns the string under key, or "" if there is none.
func text(node *yaml.Node, key string) string {
	if value := field(node, key); isString(value) {
		return value.Value
	}
	return ""
}

func isString(node *yaml.Node) bool {
	return node != nil && node.Kind == yaml.ScalarNode && node.ShortTag() == tagString
}

// setField replaces the value under key, or appends the entry.
func setField(node *yaml.Node, key string, value *yaml.Node) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			node.Content[i+1] = value
			return
		}
	}
	node.Content = append(node.Content, newString(key), value)
}

// dropField removes the entry under key and reports whether there was one.
func dropField(node *yaml.Node, key string) bool {
	if node.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			node.Content = slices.Delete(node.Content, i, i+2)
			return true
		}
	}
	return false
}

// kindOf names what a node is, for messages.
func kindOf(node *yaml.Node) string {
	switch {
	case node == nil:
		return "missing"
	case node.Kind == yaml.MappingNode:
		return "an object"
	case node.Kind == yaml.SequenceNode:
		return "an array"
	}
	switch node.ShortTag() {
	case "!!null":
		return "null"
	case "!!bool":
		return "a boolean"
	case "!!int", "!!float":
		return "a number"
	}
	return "a string"
}

// parseJSON reads strict JSON. Of a key that comes twice the last value counts, as for every other JSON reader.
func parseJSON(data []byte) (*yaml.Node, error) {
	if err := checkJSON(data); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	return parseValue(decoder, 0)
}

// checkJSON looks at the syntax of the whole document first, because json.Decoder's tokens come without positions.
func checkJSON(data []byte) error {
	trimmed := bytes.TrimSpace(data)
	switch {
	case len(trimmed) == 0:
		return errors.New("is empty")
	case trimmed[0] == '<':
		return errors.New("is not JSON: it starts with <, like an HTML or XML page")
	}
	var raw json.RawMessage
	err := json.Unmarshal(data, &raw)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		line := 1 + bytes.Count(data[:min(int(syntax.Offset), len(data))], []byte("\n"))
		return fmt.Errorf("is not JSON: line %d: %w", line, err)
	}
	if err != nil {
		return fmt.Errorf("is not JSON: %w", err)
	}
	return nil
}

func parseValue(decoder *json.Decoder, depth int) (*yaml.Node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("is nested more than %d levels deep", maxDepth)
	}
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch value := token.(type) {
	case json.Delim:
		if value == '{' {
			return parseObject(decoder, depth)
		}
		return parseArray(decoder, depth)
	case string:
		return newString(value), nil
	case nil:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: "null"}, nil
	default: // bool and json.Number: without a tag, so that an overlay may replace 1 by 1.5
		return &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprint(value)}, nil
	}
}

func parseObject(decoder *json.Decoder, depth int) (*yaml.Node, error) {
	node := newMapping()
	place := map[string]int{}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		value, err := parseValue(decoder, depth+1)
		if err != nil {
			return nil, err
		}
		name := key.(string) // checkJSON has seen to it
		if at, ok := place[name]; ok {
			node.Content[at] = value
			continue
		}
		node.Content = append(node.Content, newString(name), value)
		place[name] = len(node.Content) - 1
	}
	_, err := decoder.Token() // the closing brace
	return node, err
}

func parseArray(decoder *json.Decoder, depth int) (*yaml.Node, error) {
	node := newList()
	for decoder.More() {
		item, err := parseValue(decoder, depth+1)
		if err != nil {
			return nil, err
		}
		node.Content = append(node.Content, item)
	}
	_, err := decoder.Token() // the closing bracket
	return node, err
}

// toJSON writes a tree that parseJSON has read, numbers digit by digit as they were.
func toJSON(node *yaml.Node) string {
	var b strings.Builder
	appendJSON(&b, node)
	return b.String()
}

func appendJSON(b *strings.Builder, node *yaml.Node) {
	switch {
	case node.Kind == yaml.MappingNode:
		separator := "{"
		for key, value := range fields(node) {
			b.WriteString(separator)
			b.Write(quoteJSON(key))
			b.WriteString(":")
			appendJSON(b, value)
			separator = ","
		}
		if separator == "{" {
			b.WriteString("{")
		}
		b.WriteString("}")
	case node.Kind == yaml.SequenceNode:
		b.WriteString("[")
		for i, item := range node.Content {
			if i > 0 {
				b.WriteString(",")
			}
			appendJSON(b, item)
		}
		b.WriteString("]")
	case node.Tag == tagString:
		b.Write(quoteJSON(node.Value))
	default:
		b.WriteString(node.Value)
	}
}

func quoteJSON(value string) []byte {
	quoted, err := json.Marshal(value)
	if err != nil { // cannot happen: a Go string always has a JSON form
		panic(err)
	}
	return quoted
}
