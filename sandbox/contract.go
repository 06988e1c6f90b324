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

	"github.com/airtime-go/airtime/api/openapi"
	"github.com/airtime-go/airtime/internal/spec"
	"github.com/airtime-go/airtime/sandbox/internal/published"
)

// maxBody bounds the body of a request, in bytes.
const maxBody = 1 << 20

// contract is one document. Its paths have no parameters, so finding an operation is a look into a map.
type contract struct {
	document *openapi3.T
	// limits are the usage limits that it states.
	limits map[string]int
	// names are those of the operations.
	names []string
	// order is that of the fields in its answers.
	order *published.Order
	// coerces tells that values of a related type are taken, see coerced.
	coerces bool
}

type contracts struct{ ding, dizlee contract }

// loadContracts reads both documents, once per process: they are the same for every sandbox and never changed.
var loadContracts = sync.OnceValues(func() (contracts, error) {
	ding, dingErr := newContract(openapi.Ding, spec.Ding, "IApiResponse")
	ding.coerces = true
	dizlee, dizleeErr := newContract(openapi.Dizlee, spec.Dizlee, "ErrorResponse")
	return contracts{ding, dizlee}, errors.Join(dingErr, dizleeErr)
})

// newContract reads a document, of which text is the source. What it does not say of an answer is as in the schema named common.
func newContract(text []byte, parsed func() (*openapi3.T, error), common string) (contract, error) {
	document, err := parsed()
	if err != nil {
		return contract{}, fmt.Errorf("sandbox: %w", err)
	}
	limits, err := usageLimits(document)
	if err != nil {
		return contract{}, fmt.Errorf("sandbox: %w", err)
	}
	order, err := published.NewOrder(text, common, writtenAnyway)
	if err != nil {
		return contract{}, fmt.Errorf("sandbox: %w", err)
	}
	return contract{document: document, limits: limits, names: operationNames(document), order: order}, nil
}

func operationNames(document *openapi3.T) []string {
	var names []string
	for _, item := range document.Paths.Map() {
		for _, operation := range item.Operations() {
			names = append(names, operation.OperationID)
		}
	}
	slices.Sort(names)
	return names
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
	err = hold(r, route, withoutNulls(body))
	if err != nil && route.Operation.RequestBody != nil {
		err = hold(r, route, c.lenient(withoutNulls(body), route))
	}
	if err != nil {
		return violations(err)
	}
	return nil
}

// lenient is a body as the service is taken to read it where the specification refuses it.
func (c contract) lenient(body []byte, route *routers.Route) []byte {
	if c.coerces {
		return coerced(body, bodySchema(route))
	}
	return rewritten(body, trimTexts)
}

// arranged returns a writer of answers to an operation, which is "" for none.
func (c contract) arranged(w http.ResponseWriter, operation string) http.ResponseWriter {
	return arranged{w, c.order, operation}
}

// hold holds a request with that body against its operation.
func hold(r *http.Request, route *routers.Route, body []byte) error {
	r.Body, r.GetBody = io.NopCloser(bytes.NewReader(body)), nil
	return openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: r, Route: route,
		Options: &openapi3filter.Options{MultiError: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	})
}

// readBody reads what the client sent, up to the bound.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
}
