// Dizlee's way in, and how its answers are written.

package sandbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/routers"

	"github.com/airtime-go/airtime/gen/dizlee"
	"github.com/airtime-go/airtime/gen/dizleeserver"
)

// dizleeRoot is the base URL's path of Dizlee's operations.
const dizleeRoot = "/dizlee"

// dizleeServer has one method for each of Dizlee's operations.
type dizleeServer struct {
	operator *operator
	clock    func() time.Time
}

// An operation that appears in the specification does not compile until it is served.
var _ dizleeserver.ServerInterface = (*dizleeServer)(nil)

// dizleeGate stands before the operations.
type dizleeGate struct {
	contract   contract
	apiKey     string
	operations http.Handler
}

func newDizlee(c contract, apiKey string, server *dizleeServer) http.Handler {
	// No operation has a parameter that would have to be bound: HTTP_MSISDN is read where it is compared.
	operations := dizleeserver.Handler(server, nil)
	return http.StripPrefix(dizleeRoot, &dizleeGate{contract: c, apiKey: apiKey, operations: operations})
}

func (g *dizleeGate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	prepareDizleeAnswer(w)
	route, err := g.contract.route(r)
	if err != nil {
		g.refuseRoute(g.contract.arranged(w, ""), r, err)
		return
	}
	w = g.contract.arranged(w, route.Operation.OperationID)
	if r.Header.Get("apikey") != g.apiKey {
		refuseDizlee(w, http.StatusUnauthorized, dizlee.StatusCodeAuthenticationFailed, "")
		return
	}
	if found := g.contract.check(w, r, route); len(found) > 0 {
		code, detail := dizleeRefusal(found)
		refuseDizlee(w, http.StatusOK, code, detail)
		return
	}
	g.operations.ServeHTTP(w, r)
}

// prepareDizleeAnswer sets the headers that every answer has.
func prepareDizleeAnswer(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
}

func (g *dizleeGate) refuseRoute(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusNotFound
	if errors.Is(err, routers.ErrMethodNotAllowed) {
		status = http.StatusMethodNotAllowed
		w.Header().Set("Allow", strings.Join(g.contract.methods(r.URL.Path), ", "))
	}
	refuseDizlee(w, status, dizlee.StatusCodeActionNotPossible, "")
}

// dizleeRefusal tells flaws in Dizlee's codes: numbers that are none are -311, everything else -100 with the names.
func dizleeRefusal(found []violation) (code dizlee.StatusCode, detail string) {
	var names []string
	onlyNumbers := true
	for _, v := range found {
		name := v.name
		if v.flaw == flawForm {
			name = "body"
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		onlyNumbers = onlyNumbers && v.flaw != flawMissing && slices.Contains(numberNames, name)
	}
	if onlyNumbers {
		return dizlee.StatusCodeBadMSISDN, ""
	}
	return dizlee.StatusCodeMissingParameter, strings.Join(names, ", ")
}

// numberNames are the names under which a subscriber's number travels.
var numberNames = []string{"HTTP_MSISDN", "userId", "receiver"}

// decodeDizlee reads a body that has passed the specification, and compares its number with the header's.
func decodeDizlee[T any](w http.ResponseWriter, r *http.Request, msisdn func(T) string) (T, bool) {
	var request T
	body, err := readBody(w, r)
	if err == nil {
		err = json.Unmarshal(body, &request)
	}
	switch {
	case err != nil:
		refuseDizlee(w, http.StatusOK, dizlee.StatusCodeMissingParameter, "body")
	case msisdn(request) != r.Header.Get("HTTP_MSISDN"):
		refuseDizlee(w, http.StatusOK, dizlee.StatusCodeBadMSISDN, "")
	default:
		return request, true
	}
	return request, false
}

// refuseDizlee answers a request that no operation has seen.
func refuseDizlee(w http.ResponseWriter, status int, code dizlee.StatusCode, detail string) {
	answer(w, status, dizlee.ErrorResponse{Status: code, StatusDetail: statusDetail(code, detail)})
}
