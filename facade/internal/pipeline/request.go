// What both clients refuse before it is sent, in one wording.

package pipeline

import (
	"strings"

	"github.com/airtime-go/airtime/facade"
)

// Blank reports a text that says nothing.
func Blank(text string) bool { return strings.TrimSpace(text) == "" }

// usageError is a request that was not sent, for a reason that errors.Is finds.
type usageError struct {
	*facade.RequestError
	reason error
}

// Unwrap returns the request error, and the reason.
func (e *usageError) Unwrap() []error { return []error{e.RequestError, e.reason} }

// Unusable is the error of a method that did nothing because of one field, or of the client itself: why completes the
// sentence "field …". It is a [*facade.RequestError], and the reason is in its chain.
func Unusable(method, field, why string, reason error) error {
	problem := facade.FieldProblem{Field: field, Reason: why + ": " + reason.Error()}
	return &usageError{&facade.RequestError{Operation: method, Problems: []facade.FieldProblem{problem}}, reason}
}
