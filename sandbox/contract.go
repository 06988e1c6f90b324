// The two OpenAPI documents: found operations, and requests held against them.

package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/airtime-go/airtime/internal/spec"
)

// maxBody bounds the body of a request, in bytes.
const maxBody = 1 << 20

// contract is one document. Its paths have no parameters, so finding an operation is a look into a map.
type contract struct {
	document *openapi3.T
	// limits are the usage limits that it states.
	limits map[string]int
}

type contracts struct{ ding, dizlee contract }

// loadContracts reads both documents, once per process: they are the same for every sandbox and never changed.
var loadContracts = sync.OnceValues(func() (contracts, error) {
	ding, dingErr := newContract(spec.Ding())
	dizlee, dizleeErr := newContract(spec.Dizlee())
	return contracts{ding, dizlee}, errors.Join(dingErr, dizleeErr)
})

func newContract(document *openapi3.T, err error) (contract, error) {
	if err != nil {
		return contract{}, fmt.Errorf("sandbox: %w", err)
	}
	limits, err := usageLimits(document)
	if err != nil {
		return contract{}, fmt.Errorf("sandbox: %w", err)
	}
	return contract{document, limits}, nil
}

// route returns the operation that a request asks for; routers.ErrPathNotFound or routers.ErrMethodNotAllowed if there
// is none.
func (c contract) route(r *http.Request) (*routers.Route, error) {
	item := c.document.Paths.Value(r.URL.Path)
	if item == nil {
		return nil, routers.ErrPathNotFound
	}
	operation := item.Operations()[r.Method]
	if operation == nil {
		return nil, routers.ErrMethodNotAllowed
	}
	return &routers.Route{
		Spec: c.document, Path: r.URL.Path, PathItem: item, Method: r.Method, Operation: operation,
	}, nil
}

// methods returns the HTTP methods of a path, sorted.
func (c contract) methods(path string) []string {
	var methods []string
	for method := range c.document.Paths.Value(path).Operations() {
		methods = append(methods, method)
	}
	slices.Sort(methods)
	return methods
}

// check holds a request against its operation and returns everything that is wrong with it. Who is asking is none of
// its business. Members that are null count as absent. The body can be read again afterwards.
func (c contract) check(w http.ResponseWriter, r *http.Request, route *routers.Route) []violation {
	body, err := readBody(w, r)
	if err != nil || len(body) > 0 && !json.Valid(body) {
		return []violation{{flaw: flawForm}}
	}
	r.Body, r.GetBody = io.NopCloser(bytes.NewReader(withoutNulls(body))), nil
	err = openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: r, Route: route,
		Options: &openapi3filter.Options{MultiError: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	})
	if err != nil {
		return violations(err)
	}
	return nil
}

// readBody reads what the client sent, up to the bound.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
}

// withoutNulls drops members that are null: to a .NET service they are the same as absent ones, and clients generated
// for other languages write them. Numbers keep their digits.
func withoutNulls(body []byte) []byte {
	if !bytes.Contains(body, []byte("null")) {
		return body
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return body // no valid JSON, which others refuse
	}
	pruned, err := json.Marshal(prune(value))
	if err != nil {
		return body
	}
	return pruned
}

func prune(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			if member == nil {
				delete(v, name)
			} else {
				v[name] = prune(member)
			}
		}
	case []any:
		for i := range v {
			v[i] = prune(v[i])
		}
	}
	return value
}
