// DingConnect's way in: what every request passes before its method sees it.

package sandbox

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/routers"

	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/gen/dingserver"
	"github.com/airtime-go/airtime/sandbox/internal/catalogue"
	"github.com/airtime-go/airtime/sandbox/internal/published"
)

// dingRoot is where DingConnect's methods live.
const dingRoot = "/api/V1/"

// dingServer has one method for each of DingConnect's.
type dingServer struct {
	account   *account
	catalogue *catalogue.Catalogue
	ids       mint
	clock     func() time.Time
	usage     *usage
	order     *published.Order
}

// A method that appears in the specification does not compile until it is served.
var _ dingserver.ServerInterface = (*dingServer)(nil)

// dingGate stands before the methods.
type dingGate struct {
	contract contract
	identity *identityProvider
	usage    *usage
	methods  http.Handler
}

func newDing(c contract, identity *identityProvider, server *dingServer) http.Handler {
	methods := dingserver.Handler(server, func(w http.ResponseWriter, _ *http.Request, err *dingserver.ParamError) {
		refuse(w, "", ding.ErrorCode{Code: codeParameterInvalid, Context: err.Name})
	})
	return &dingGate{contract: c, identity: identity, usage: server.usage, methods: methods}
}

// ServeHTTP takes the steps in the order in which the real service is known to take them: who is asking comes before
// what is asked. Usage limits have their place between the two: a request that is malformed counts.
func (g *dingGate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	prepareAnswer(w, r)
	if r.Method == http.MethodOptions {
		allowBrowser(w, r)
		return
	}
	route, err := g.contract.route(r)
	if err != nil {
		g.refuseRoute(g.contract.arranged(w, ""), r, err)
		return
	}
	w = g.contract.arranged(w, route.Operation.OperationID)
	if context, ok := g.identity.authenticate(r); !ok {
		refuseStranger(w, context)
		return
	}
	if !g.usage.admit(w, r, route.Operation.OperationID) {
		return
	}
	spellQuery(r, route)
	found := append(queryViolations(r, route), g.contract.check(w, r, route)...)
	if len(found) > 0 {
		refuse(w, route.Operation.OperationID, refusal(found)...)
		return
	}
	g.methods.ServeHTTP(w, r)
}

// prepareAnswer sets the headers that every answer has. Only reference data may be kept.
func prepareAnswer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	if id := r.Header.Get("X-Correlation-Id"); id != "" {
		w.Header().Set("X-Correlation-Id", id)
	}
}

// allowBrowser answers a browser that asks whether a page may call: DingConnect's own documentation calls from a page of
// another host, and so do public clients.
func allowBrowser(w http.ResponseWriter, r *http.Request) {
	w.Header().Del("Content-Type")
	w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
	w.Header().Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
	w.WriteHeader(http.StatusOK)
}

func (g *dingGate) refuseRoute(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusNotFound
	if errors.Is(err, routers.ErrMethodNotAllowed) {
		status = http.StatusMethodNotAllowed
		w.Header().Set("Allow", strings.Join(g.contract.methods(r.URL.Path), ", "))
	}
	answer(w, status, ding.APIResponse{
		ResultCode: ding.ResultCodeClientError, ErrorCodes: []ding.ErrorCode{{Code: codeRequestInvalid}},
	})
}
