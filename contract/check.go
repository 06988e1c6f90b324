// Values against schemas. kin-openapi judges them; here is what it has no setting for, and what its errors become.

package contract

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// check collects what is wrong with one body. One goroutine at a time uses it.
type check struct {
	direction Direction
	strict    bool
	decoder   *json.Decoder
	source    *meter

	found []Violation
	// counted is where in found a violation is, by rule and field, positions in arrays left out.
	counted map[string]int
	// waived are the required fields of the value in hand that may be missing, since they were null.
	waived map[string]bool
}

func newCheck(direction Direction, strict bool) *check {
	return &check{direction: direction, strict: strict, counted: map[string]int{}, waived: map[string]bool{}}
}

// mostKinds bounds the violations that are kept of one body, which somebody else writes.
const mostKinds = 100

var position = regexp.MustCompile(`/[0-9]+(/|$)`)

func (c *check) add(pointer string, rule Rule, reason string) {
	kind := string(rule) + " " + position.ReplaceAllString(pointer, "/*$1") + " " + reason
	if at, known := c.counted[kind]; known {
		c.found[at].Count++
		return
	}
	if len(c.found) == mostKinds {
		return
	}
	c.counted[kind] = len(c.found)
	c.found = append(c.found, Violation{Direction: c.direction, Part: PartBody, Field: pointer, Rule: rule, Reason: reason, Count: 1})
}

func (c *check) unknown(at *step) {
	if c.strict {
		c.add(at.pointer(), RuleUnknown, "is a field that the document does not have")
	}
}

// hold judges a value. The value is changed in the process.
func (c *check) hold(schema *openapi3.Schema, value any, pointer string) {
	clear(c.waived)
	c.prepare(schema, value, &step{name: pointer})
	side := openapi3.VisitAsResponse()
	if c.direction == Request {
		side = openapi3.VisitAsRequest()
	}
	c.collect(schema.VisitJSON(value, openapi3.MultiErrors(), side), pointer, side)
}

// step is a place in a value; its pointer is put together only where there is something to say about it.
type step struct {
	above *step
	name  string
	index int
}

func (s *step) pointer() string {
	switch {
	case s.above == nil:
		return s.name
	case s.name == "":
		return s.above.pointer() + "/" + strconv.Itoa(s.index)
	default:
		return s.above.pointer() + "/" + shown(s.name)
	}
}

// prepare walks through a value with its schema: it notes fields that the document does not have, and, in a lenient check, takes
// out members that are null.
func (c *check) prepare(schema *openapi3.Schema, value any, at *step) {
	switch value := value.(type) {
	case []any:
		if schema.Items == nil {
			return
		}
		for i, item := range value {
			c.prepare(schema.Items.Value, item, &step{above: at, index: i})
		}
	case map[string]any:
		for name, member := range value {
			c.prepareMember(schema, value, member, &step{above: at, name: name})
		}
	}
}

func (c *check) prepareMember(schema *openapi3.Schema, object map[string]any, member any, at *step) {
	property := propertyOf(schema, at.name)
	if property == nil {
		property = additional(schema)
	}
	switch {
	case property == nil && isObject(schema):
		c.unknown(at)
	case property == nil:
	case member != nil:
		c.prepare(property, member, at)
	case !c.strict && !property.Nullable:
		// To these services, null is as good as absent; what must not be absent, an answer may have as null all the same.
		delete(object, at.name)
		if c.direction == Response {
			c.waived[at.pointer()] = true
		}
	}
}

// propertyOf finds a property in a schema, or in those that it is made of.
func propertyOf(schema *openapi3.Schema, name string) *openapi3.Schema {
	if ref := schema.Properties[name]; ref != nil {
		return ref.Value
	}
	for _, part := range schema.AllOf {
		if found := propertyOf(part.Value, name); found != nil {
			return found
		}
	}
	return nil
}

// additional is what the members of a map are.
func additional(schema *openapi3.Schema) *openapi3.Schema {
	if ref := schema.AdditionalProperties.Schema; ref != nil {
		return ref.Value
	}
	return nil
}

// isObject reports a schema that lists its properties. Anything may be in what does not.
func isObject(schema *openapi3.Schema) bool {
	if len(schema.Properties) > 0 {
		return true
	}
	return slices.ContainsFunc(schema.AllOf, func(part *openapi3.SchemaRef) bool { return isObject(part.Value) })
}

// collect turns kin-openapi's errors into violations.
func (c *check) collect(err error, pointer string, side openapi3.SchemaValidationOption) {
	switch e := err.(type) {
	case nil:
	case openapi3.MultiError:
		for _, one := range e {
			c.collect(one, pointer, side)
		}
	case *openapi3.SchemaError:
		for _, name := range e.JSONPointer() {
			pointer += "/" + shown(name)
		}
		if e.SchemaField == "allOf" {
			for _, part := range e.Schema.AllOf {
				c.collect(part.Value.VisitJSON(e.Value, openapi3.MultiErrors(), side), pointer, side)
			}
			return
		}
		rule, reason := ofSchema(e)
		if rule == RuleRequired && c.waived[pointer] || rule == RuleFormat && e.Schema.Format == "date-time" && isTime(e.Value) {
			return
		}
		c.add(pointer, rule, reason)
	default:
		c.add(pointer, RuleUnexamined, "could not be examined")
	}
}

// isTime reports a date as the documents describe it: .NET leaves the zone out, which means UTC, and begins with the year 1.
func isTime(value any) bool {
	text, _ := value.(string)
	for _, zone := range []string{"", "Z"} {
		if _, err := time.Parse(time.RFC3339Nano, text+zone); err == nil {
			return true
		}
	}
	return false
}

// ofSchema says which rule was violated, in words that are the document's alone: kin-openapi's own may repeat the value.
func ofSchema(e *openapi3.SchemaError) (Rule, string) {
	switch e.SchemaField {
	case "required":
		return RuleRequired, "is missing"
	case "nullable":
		return RuleNull, "is null, which the document does not allow"
	case "properties":
		return RuleUnknown, "is a field that the document does not have"
	case "type":
		if e.Schema.Type == nil {
			return RuleType, "is of another type"
		}
		return RuleType, "is not of the type " + strings.Join(*e.Schema.Type, " or ")
	case "format":
		return RuleFormat, "is not of the format " + e.Schema.Format
	case "pattern":
		return "pattern", "does not match the pattern " + e.Schema.Pattern
	default:
		return Rule(e.SchemaField), "is beyond what the document allows as " + e.SchemaField
	}
}

// names matches what looks like the name of a field or a position in an array, and accounts what may be part of a number that
// is somebody's.
var (
	names    = regexp.MustCompile(`^[A-Za-z0-9_@$][A-Za-z0-9_.@$-]{0,63}$`)
	accounts = regexp.MustCompile(`[0-9]{5}|^[0-9].*[^0-9]`)
)

// shown returns a name that came over the wire as a report may show it. What it lets pass has nothing that a JSON pointer
// would have to escape.
func shown(name string) string {
	if names.MatchString(name) && !accounts.MatchString(name) {
		return name
	}
	return "(unprintable)"
}
