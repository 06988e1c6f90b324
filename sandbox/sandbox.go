// The sandbox itself: how it is made, and which part of it answers which address.

package sandbox

import (
	"net/http"
	"strings"
	"time"

	"github.com/airtime-go/airtime/sandbox/internal/catalogue"
)

// Sandbox plays DingConnect, its identity provider and Dizlee. It is an http.Handler and safe for concurrent use. Make
// it with [New]; its state lives as long as it does. One that has been given receivers is to be closed.
type Sandbox struct {
	settings settings
	identity *identityProvider
	account  *account
	operator *operator
	ding     http.Handler
	dizlee   http.Handler
	faults   *faultBook
	courier  *courier
	admin    http.Handler
	// dingServer is what stands behind ding.
	dingServer *dingServer
}

// New returns a sandbox. Without options it has made-up credentials (see [Sandbox.Credentials]), a balance of 1000.00
// USD, tokens that last 30 minutes, Ding's usage limits, seed 1 and the real clock. The error holds all problems of the options.
func New(opts ...Option) (*Sandbox, error) {
	settings, err := gather(opts)
	if err != nil {
		return nil, err
	}
	goods, err := catalogue.New(settings.clock())
	if err != nil {
		return nil, err
	}
	contracts, err := loadContracts()
	if err != nil {
		return nil, err
	}
	ids := newMint(settings.seed)
	faults, err := newFaultBook(ids, settings.faults)
	if err != nil {
		return nil, err
	}
	s := &Sandbox{
		settings: settings,
		identity: newIdentityProvider(settings, ids),
		account:  newAccount(settings.balance, ids),
		operator: newOperator(ids),
		faults:   faults,
	}
	limits := contracts.ding.limits
	if settings.noUsageLimits {
		limits = nil
	}
	s.account.failing, s.account.preventing = settings.failing, settings.preventing
	server := &dingServer{
		account: s.account, catalogue: goods, ids: ids, clock: settings.clock, usage: newUsage(limits, settings.clock),
		order: contracts.ding.order,
	}
	s.dingServer = server
	s.ding = newDing(contracts.ding, s.identity, server)
	s.dizlee = newDizlee(contracts.dizlee, settings.dizleeAPIKey, &dizleeServer{
		operator: s.operator, clock: settings.clock,
	})
	s.courier = newCourier(settings, s.account, ids, server.notification)
	s.admin = s.newAdmin()
	for callback, to := range settings.receivers {
		_ = s.courier.put(callback, to) // which fails after Close alone
	}
	return s, nil
}

// ServeHTTP hands the request to the service that owns its path, with the faults that are injected. It panics with
// http.ErrAbortHandler, which an http.Server recovers, where a fault drops a connection that it can't take over.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = located(r)
	switch {
	case !serves(hostName(r), r.URL.Path):
		http.NotFound(w, r)
	case strings.HasPrefix(r.URL.Path, adminRoot):
		s.admin.ServeHTTP(w, r)
	case s.faults.busy.Load() && serviceOf(r.URL.Path) != "" && r.Method != http.MethodOptions: // which asks for no work
		s.serveWithFaults(w, r)
	default:
		s.serve(w, r)
	}
}

// serve does the work that a request asks for.
func (s *Sandbox) serve(w http.ResponseWriter, r *http.Request) {
	switch serviceOf(r.URL.Path) {
	case ServiceDing:
		s.ding.ServeHTTP(w, r)
	case ServiceDizlee:
		s.dizlee.ServeHTTP(w, r)
	case ServiceToken:
		s.identity.issue(w, r)
	default:
		switch r.URL.Path {
		case discoveryPath:
			s.identity.discover(w, r)
		case keysPath:
			s.identity.publishKeys(w, r)
		default:
			s.publish(w, r)
		}
	}
}

// serviceOf returns the service that a path belongs to, "" if to none or to the discovery document.
func serviceOf(path string) Service {
	switch {
	case strings.HasPrefix(path, dingRoot):
		return ServiceDing
	case strings.HasPrefix(path, dizleeRoot+"/"):
		return ServiceDizlee
	case path == tokenPath:
		return ServiceToken
	default:
		return ""
	}
}

// now is the moment by the sandbox's clock, as precisely as the services write it.
func now(clock func() time.Time) time.Time { return clock().UTC().Truncate(time.Second) }
