// The order of fields in answers.

package published

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Order knows in which order a service writes the fields of its answers: that of its schemas. It also knows of those
// that the service writes even where it has nothing to say.
type Order struct {
	answers map[answerKey]*shape
	common  *shape
}

type answerKey struct {
	operation string
	status    string
}

// shape is the order of one schema's fields, with the shapes of their values.
type shape struct {
	fields []string
	inner  map[string]*shape
	items  *shape
	silent map[string]string
}

// NewOrder reads the order out of an OpenAPI 3 document. Answers that it does not have are ordered by the schema that is
// named common. Silent has, by schema and field, the JSON that is written where there is nothing to say.
func NewOrder(text []byte, common string, silent map[string]map[string]string) (*Order, error) {
	document, err := read(text)
	if err != nil {
		return nil, err
	}
	r := shaper{document, silent, map[string]*shape{}}
	order := &Order{answers: map[answerKey]*shape{}, common: r.named(common)}
	for _, path := range document.at("paths") {
		for _, method := range operations(path.value.(object)) {
			operation := method.value.(object)
			for _, response := range operation.at("responses") {
				schema := document.resolve(response.value.(object)).at("content", "application/json", "schema")
				order.answers[answerKey{operation.text("operationId"), response.name}] = r.shape(schema)
			}
		}
	}
	return order, nil
}

type shaper struct {
	document object
	silent   map[string]map[string]string
	known    map[string]*shape
}

// named returns the shape of a schema of the document. It is known before it is complete, so that a schema may contain
// itself.
func (r shaper) named(name string) *shape {
	if s := r.known[name]; s != nil {
		return s
	}
	s := &shape{}
	r.known[name] = s
	*s = *r.shape(r.document.at("components", "schemas", name))
	s.silent = r.silent[name]
	return s
}

func (r shaper) shape(schema object) *shape {
	if target, name := (turner{r.document}).target(schema); target != nil {
		return r.named(name)
	}
	s := &shape{inner: map[string]*shape{}}
	for _, property := range schema.at("properties") {
		s.fields = append(s.fields, property.name)
		s.inner[property.name] = r.shape(property.value.(object))
	}
	if items := schema.at("items"); items != nil {
		s.items = r.shape(items)
	}
	return s
}

// Arrange orders the fields of an answer, which must be JSON. Fields that no schema has come last.
func (o *Order) Arrange(operation, status string, answer []byte) []byte {
	s := o.answers[answerKey{operation, status}]
	if s == nil {
		s = o.common
	}
	var arranged bytes.Buffer
	s.write(&arranged, answer)
	return arranged.Bytes()
}

func (s *shape) write(to *bytes.Buffer, value json.RawMessage) {
	switch {
	case s != nil && len(s.fields) > 0 && value[0] == '{':
		s.writeObject(to, value)
	case s != nil && s.items != nil && value[0] == '[':
		var items []json.RawMessage
		_ = json.Unmarshal(value, &items) // it is valid JSON
		to.WriteByte('[')
		for i, item := range items {
			if i > 0 {
				to.WriteByte(',')
			}
			s.items.write(to, item)
		}
		to.WriteByte(']')
	default:
		to.Write(value)
	}
}

func (s *shape) writeObject(to *bytes.Buffer, value json.RawMessage) {
	members := map[string]json.RawMessage{}
	_ = json.Unmarshal(value, &members) // it is valid JSON
	for name, text := range s.silent {
		if members[name] == nil {
			members[name] = json.RawMessage(text)
		}
	}
	opening := byte('{')
	write := func(name string) {
		to.WriteByte(opening)
		opening = ','
		text, _ := json.Marshal(name) // text always marshals
		to.Write(text)
		to.WriteByte(':')
		s.inner[name].write(to, members[name])
		delete(members, name)
	}
	for _, name := range s.fields {
		if members[name] != nil {
			write(name)
		}
	}
	rest := make([]string, 0, len(members))
	for name := range members {
		rest = append(rest, name)
	}
	slices.Sort(rest)
	for _, name := range rest {
		write(name)
	}
	if opening == '{' {
		to.WriteByte('{')
	}
	to.WriteByte('}')
}
