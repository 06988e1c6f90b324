package facade

import "strings"

// RequestError reports a request that was not sent, because it could not have been accepted. It names every field at fault.
type RequestError struct {
	// Operation is the method's name, such as "SendTransfer".
	Operation string
	// Problems has one entry per field at fault.
	Problems []FieldProblem
}

// FieldProblem is one field at fault and why.
type FieldProblem struct {
	// Field is spelled as the service spells it, such as "AccountNumber" or "[2].BatchItemRef".
	Field string
	// Reason completes the sentence "Field …", such as "is missing".
	Reason string
}

// Error names the operation, that nothing was sent, and every field at fault.
func (e *RequestError) Error() string {
	parts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		parts[i] = p.Field + " " + p.Reason
	}
	return e.Operation + " was not sent: " + strings.Join(parts, "; ")
}

// Outcome is always [OutcomeUsage].
func (e *RequestError) Outcome() Outcome { return OutcomeUsage }

// Checks collects the problems of one request.
type Checks struct{ problems []FieldProblem }

// Require notes field as at fault, for the reason, unless ok.
func (c *Checks) Require(ok bool, field, reason string) {
	if !ok {
		c.problems = append(c.problems, FieldProblem{Field: field, Reason: reason})
	}
}

// Err returns a [*RequestError] if any check failed.
func (c *Checks) Err(operation string) error {
	if len(c.problems) == 0 {
		return nil
	}
	return &RequestError{Operation: operation, Problems: c.problems}
}
