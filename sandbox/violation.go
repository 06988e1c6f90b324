// What is wrong with a request, read from the structure of kin-openapi's errors and never from their texts.

package sandbox

import (
	"errors"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

// flaw is the way in which a request violates its operation.
type flaw int

const (
	flawForm    flaw = iota // the body as a whole: no JSON, wrong media type, not the type asked for
	flawMissing             // a required parameter or property is not there
	flawValue               // it has a value that cannot be
	flawRange               // it is a number beyond its bounds
)

// violation is one flaw of one parameter, header or property, named as the client would write it.
type violation struct {
	flaw flaw
	name string
	path []string // to the property within the body, nil for others
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
			return []violation{{flaw: parameterFlaw(e.Err), name: e.Parameter.Name}}
		}
		return bodyViolations(e.Err)
	default:
		return []violation{{flaw: flawForm}}
	}
}

func parameterFlaw(err error) flaw {
	if errors.Is(err, openapi3filter.ErrInvalidRequired) {
		return flawMissing
	}
	return flawValue
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
		return []violation{{flaw: flawForm}}
	}
}

// bodyViolation names the outermost property on the way to the flaw: the service speaks of Settings, not of the
// name within the second of them.
func bodyViolation(err *openapi3.SchemaError) violation {
	path := err.JSONPointer()
	for _, step := range path {
		if strings.Trim(step, "0123456789") != "" {
			return violation{flaw: schemaFlaw(err.SchemaField), name: step, path: path}
		}
	}
	return violation{flaw: flawForm, path: path}
}

func schemaFlaw(keyword string) flaw {
	switch keyword {
	case "required":
		return flawMissing
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "format":
		return flawRange
	default:
		return flawValue
	}
}
