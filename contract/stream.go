// Bodies in passing: what somebody else reads is handed on to a reader of JSON, which keeps one value of it at a time.

package contract

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// The bounds of what is examined, in bytes.
const (
	maxValue = 1 << 20
	maxBody  = 256 << 20
)

var (
	// errCut ends a body that was not read to its end: what is missing is nobody's fault.
	errCut = errors.New("the body was not read to its end")
	// errTooLarge ends the examination of a body.
	errTooLarge = errors.New("too large")
)

// stream examines one body. Who reads the body writes what they read into it, and waits until it has been taken up; a
// goroutine of the stream's own reads the JSON. A nil stream examines nothing.
type stream struct {
	body *io.PipeWriter
	done chan struct{}
	// begin starts the goroutine with the first bytes.
	begin, finish sync.Once
	read          func()
	check         *check
}

func newStream(check *check, schema *openapi3.Schema, encoding string) *stream {
	reader, writer := io.Pipe()
	s := &stream{body: writer, done: make(chan struct{}), check: check}
	s.read = func() {
		defer close(s.done)
		defer reader.Close() // whatever is still written is not waited for
		s.check.body(reader, schema, encoding)
	}
	return s
}

// write examines the next bytes.
func (s *stream) write(chunk []byte) {
	if s == nil {
		return
	}
	s.begin.Do(func() { go s.read() })
	_, _ = s.body.Write(chunk) // it fails once the examination has ended
}

// whole says that the body has been written to its end.
func (s *stream) whole() {
	if s != nil {
		s.finish.Do(func() { _ = s.body.Close() }) // it never fails
	}
}

// end ends the examination and returns what was found. Whole says that the body has been written to its end, if that has not
// been said before.
func (s *stream) end(whole bool) []Violation {
	if s == nil {
		return nil
	}
	if whole {
		s.whole()
	}
	s.finish.Do(func() { _ = s.body.CloseWithError(errCut) })
	s.begin.Do(func() { close(s.done) })
	<-s.done
	slices.SortStableFunc(s.check.found, func(a, b Violation) int { return strings.Compare(a.Field, b.Field) })
	return s.check.found
}

// meter bounds what is read: up to the mark, which is moved on from value to value.
type meter struct {
	io.Reader
	read, mark int64
}

func (m *meter) Read(p []byte) (int, error) {
	if m.read >= m.mark || m.read >= maxBody {
		return 0, errTooLarge
	}
	n, err := m.Reader.Read(p)
	m.read += int64(n)
	return n, err
}

// body examines a body. It never panics: it runs beside somebody's payment.
func (c *check) body(body io.Reader, schema *openapi3.Schema, encoding string) {
	defer func() {
		if recover() != nil {
			c.add("", RuleUnexamined, "could not be examined")
		}
	}()
	switch strings.ToLower(encoding) {
	case "", "identity":
	case "gzip", "x-gzip":
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			c.stop(err)
			return
		}
		body = unpacked
	default:
		c.add("", RuleUnexamined, "has a Content-Encoding that is not examined")
		return
	}
	text := bufio.NewReader(body)
	if mark, _ := text.Peek(3); string(mark) == "\uFEFF" {
		// .NET services like to begin with a byte order mark.
		_, _ = text.Discard(3)
		if c.strict {
			c.add("", RuleSyntax, "begins with a byte order mark")
		}
	}
	c.source = &meter{Reader: text}
	c.decoder = json.NewDecoder(c.source)
	c.decoder.UseNumber()
	err := c.root(schema)
	if err == nil {
		c.source.mark = maxBody
		if _, err = c.decoder.Token(); err == nil {
			err = errAfter
		}
	}
	c.stop(err)
}

var errAfter = errors.New("there is something after the value")

// stop turns what ended the reading into a violation, if it is one.
func (c *check) stop(err error) {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, errCut), errors.Is(err, errMismatch):
	case errors.Is(err, errTooLarge):
		c.add("", RuleUnexamined, "is too large to be examined to its end")
	case errors.Is(err, io.ErrUnexpectedEOF):
		c.add("", RuleSyntax, "ends in the middle of the JSON")
	default:
		c.add("", RuleSyntax, "is not JSON")
	}
}

// errMismatch ends the examination of a body that is built otherwise than the document says, which has been noted.
var errMismatch = errors.New("another type")

// root reads the whole body: an object member by member, an array item by item.
func (c *check) root(schema *openapi3.Schema) error {
	token, err := c.token()
	switch {
	case err != nil:
		return err
	case token == json.Delim('{') && permits(schema, openapi3.TypeObject):
		return c.members(schema)
	case token == json.Delim('[') && streamed(schema):
		return c.items(schema, "")
	}
	if _, nested := token.(json.Delim); nested {
		c.add("", RuleType, "is of another type")
		return errMismatch
	}
	c.hold(schema, token, "")
	return nil
}

func permits(schema *openapi3.Schema, name string) bool {
	return schema.Type == nil || schema.Type.Permits(name)
}

// streamed reports an array that can be held against its schema item by item.
func streamed(schema *openapi3.Schema) bool {
	return schema.Type.Is(openapi3.TypeArray) && schema.Items != nil && len(schema.AllOf) == 0 &&
		schema.MinItems == 0 && schema.MaxItems == nil && !schema.UniqueItems
}

// members reads an object's members and holds the object against its schema, with its long arrays, which have been judged
// by then, left empty.
func (c *check) members(schema *openapi3.Schema) error {
	object := map[string]any{}
	for c.decoder.More() {
		token, err := c.token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		property := propertyOf(schema, name)
		switch {
		case property == nil && schema.AdditionalProperties.Schema == nil:
			c.unknown(&step{above: &step{}, name: name})
			err = c.value(new(json.RawMessage))
		case property != nil && streamed(property):
			object[name], err = c.array(property, "/"+shown(name))
		default:
			var value any
			err = c.value(&value)
			object[name] = value
		}
		if err != nil {
			return err
		}
	}
	if _, err := c.token(); err != nil {
		return err
	}
	c.hold(schema, object, "")
	return nil
}

// array reads a member that should be an array. It returns what stands for it in its object.
func (c *check) array(schema *openapi3.Schema, pointer string) (any, error) {
	token, err := c.token()
	switch {
	case err != nil:
		return nil, err
	case token == json.Delim('['):
		return []any{}, c.items(schema, pointer)
	case token == json.Delim('{'):
		c.add(pointer, RuleType, "is not an array")
		return nil, errMismatch
	}
	return token, nil
}

// items reads an array's items, and holds them against their schema.
func (c *check) items(schema *openapi3.Schema, pointer string) error {
	for i := 0; c.decoder.More(); i++ {
		var item any
		if err := c.value(&item); err != nil {
			return err
		}
		c.hold(schema.Items.Value, item, pointer+"/"+strconv.Itoa(i))
	}
	_, err := c.token()
	return err
}

// value reads one value, and token a part of one, of a bounded size.
func (c *check) value(into any) error {
	c.source.mark = c.decoder.InputOffset() + maxValue
	return c.unexpected(c.decoder.Decode(into))
}

func (c *check) token() (json.Token, error) {
	c.source.mark = c.decoder.InputOffset() + maxValue
	token, err := c.decoder.Token()
	return token, c.unexpected(err)
}

// unexpected tells an end that comes too soon from that of an empty body.
func (c *check) unexpected(err error) error {
	if errors.Is(err, io.EOF) && c.source.read > 0 {
		return io.ErrUnexpectedEOF
	}
	return err
}
