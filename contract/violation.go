// What is reported: where something is not as documented, and in which way.

package contract

import (
	"fmt"
	"log/slog"
	"strings"
)

// Service is one of the two services.
type Service string

// The services.
const (
	Ding   Service = "ding"
	Dizlee Service = "dizlee"
)

// Direction says whose side a violation is on.
type Direction string

// The directions.
const (
	Request  Direction = "request"  // what the client sent
	Response Direction = "response" // what the service answered
)

// Part is the part of a message that a violation is in.
type Part string

// The parts of a message.
const (
	PartURL         Part = "url"         // the path and the method
	PartCredentials Part = "credentials" // the API key or token
	PartQuery       Part = "query"       // a query parameter
	PartHeader      Part = "header"      // a header
	PartStatus      Part = "status"      // the HTTP status
	PartBody        Part = "body"        // the body
)

// Rule is what was violated. Besides the rules listed here, it can be a keyword of OpenAPI's schemas, such as "minimum",
// "pattern" or "enum".
type Rule string

// The rules.
const (
	// RuleOperation: the document has no such operation.
	RuleOperation Rule = "operation"
	// RuleRequired: a parameter, header, body or field is missing.
	RuleRequired Rule = "required"
	// RuleType: a value is of another JSON type.
	RuleType Rule = "type"
	// RuleFormat: a value is not of its format, such as date-time or int32.
	RuleFormat Rule = "format"
	// RuleEmpty: a query parameter is there and empty, which the service refuses.
	RuleEmpty Rule = "empty"
	// RuleNull: a value is null where the document does not allow it.
	RuleNull Rule = "null"
	// RuleUnknown: the document does not know the field, parameter or status; reported by [Strict] only.
	RuleUnknown Rule = "unknown"
	// RuleMediaType: the Content-Type is none that is documented.
	RuleMediaType Rule = "mediaType"
	// RuleSyntax: the body is not JSON.
	RuleSyntax Rule = "syntax"
	// RuleUnexamined: the body could not be examined, being too large or in an encoding that is not understood.
	RuleUnexamined Rule = "unexamined"
)

// Violation is one way in which an exchange differs from the document. It holds no values.
type Violation struct {
	// Service is whose document was violated.
	Service Service
	// Operation is the id of the operation, such as "SendTransfer"; empty if the request is for none.
	Operation string
	// Direction says whether the request or the answer is at fault.
	Direction Direction
	// Status is the HTTP status of the answer; 0 if there was none.
	Status int
	// Part is the part of the message, and Field what in it: for a body a JSON pointer (RFC 6901) such as "/Items/3/SkuCode",
	// empty for the body as a whole; for queries and headers their name.
	Part  Part
	Field string
	// Rule is what was violated, and Reason says it in words.
	Rule   Rule
	Reason string
	// Count is how often this body has the same violation of the same field, whatever the positions in arrays; Field is the
	// first of them. It is at least 1.
	Count int
}

// String says everything in one line.
func (v Violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", v.Service, v.Direction)
	if v.Operation != "" {
		b.WriteString(" of " + v.Operation)
	}
	if v.Status != 0 {
		fmt.Fprintf(&b, " (HTTP %d)", v.Status)
	}
	fmt.Fprintf(&b, ": %s", v.Part)
	if v.Field != "" {
		b.WriteString(" " + v.Field)
	}
	b.WriteString(" " + v.Reason)
	if v.Count > 1 {
		fmt.Fprintf(&b, " (%d times)", v.Count)
	}
	return b.String()
}

// LogValue gives a log the parts as attributes.
func (v Violation) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("service", string(v.Service)),
		slog.String("operation", v.Operation),
		slog.String("direction", string(v.Direction)),
		slog.Int("status", v.Status),
		slog.String("part", string(v.Part)),
		slog.String("field", v.Field),
		slog.String("rule", string(v.Rule)),
		slog.String("reason", v.Reason),
		slog.Int("count", v.Count),
	)
}
