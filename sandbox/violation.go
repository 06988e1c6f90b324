// What is wrong with a request, read from the structure of kin-openapi's errors and never from their texts.

package sandbox

import (
	"errors"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

// fault is the way in which a request violates its operation.
type fault int

const (
	faultForm    fault = iota // the body as a whole: no JSON, wrong media type, not the type asked for
	faultMissing              // a required parameter or property is not there
	faultValue                // it has a value that cannot be
	faultRange                // it is a number beyond its bounds
)

// violation is one fault of one parameter, header or property, named as the client would write it.
type violation struct {
	fault fault
	name  string
	path  []string // to the property within the body, nil for others
}

// violations lists what an error of contract.check complains of, in the order of the document.
func violations(err error) []violation {
	switch e := err.(type) {
	case openapi3.MultiError:
		var all []violation
		for _, one := range e {
			all = append(all, violations(one)...)
		}
		return all
	case *openapi3filter.RequestError:
		if e.Parameter != nil {
			return []violation{{fault: parameterFault(e.Err), name: e.Parameter.Name}}
		}
		return bodyViolations(e.Err)
	default:
		return []violation{{fault: faultForm}}
	}
}

func parameterFault(err error) fault {
	if errors.Is(err, openapi3filter.ErrInvalidRequired) {
		return faultMissing
	}
	return faultValue
}

func bodyViolations(err error) []violation {
	switch e := err.(type) {
	case openapi3.MultiError:
		var all []violation
		for _, one := range e {
			all = append(all, bodyViolations(one)...)
		}
		return all
	case *openapi3.SchemaError:
		return []violation{bodyViolation(e)}
	default:
		return []violation{{fault: faultForm}}
	}
}

// bodyViolation names the outermost property on the way to the fault: the service speaks of Settings, not of the
// name within the second of them.
func bodyViolation(err *openapi3.SchemaError) violation {
	path := err.JSONPointer()
	for _, step := range path {
		if strings.Trim(step, "0123456789") != "" {
			return violation{fault: schemaFault(err.SchemaField), name: step, path: path}
		}
	}
	return violation{fault: faultForm, path: path}
}

func schemaFault(keyword string) fault {
	switch keyword {
	case "required":
		return faultMissing
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "format":
		return faultRange
	default:
		return faultValue
	}
}
