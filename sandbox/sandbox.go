// The sandbox itself: how it is made, and which part of it answers which address.

package sandbox

import (
	"net/http"
	"strings"
	"time"

	"github.com/airtime-go/airtime/sandbox/internal/catalogue"
)

// Sandbox plays DingConnect, its identity provider and Dizlee. It is an http.Handler and safe for concurrent use. Make
// it with [New]; its state lives as long as it does.
type Sandbox struct {
	settings settings
	identity *identityProvider
	account  *account
	operator *operator
	ding     http.Handler
	dizlee   http.Handler
}

// New returns a sandbox. Without options it has made-up credentials (see [Sandbox.Credentials]), a balance of 1000.00
// USD, tokens that last 30 minutes, seed 1 and the real clock. The error holds all problems of the options.
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
	s := &Sandbox{
		settings: settings,
		identity: newIdentityProvider(settings, ids),
		account:  newAccount(settings.balance, ids),
		operator: newOperator(ids),
	}
	s.ding = newDing(contracts.ding, s.identity, &dingServer{
		account: s.account, catalogue: goods, ids: ids, clock: settings.clock,
	})
	s.dizlee = newDizlee(contracts.dizlee, settings.dizleeAPIKey, &dizleeServer{
		operator: s.operator, clock: settings.clock,
	})
	return s, nil
}

// ServeHTTP hands the request to the service that owns its path.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case strings.HasPrefix(path, dingRoot):
		s.ding.ServeHTTP(w, r)
	case strings.HasPrefix(path, dizleeRoot+"/"):
		s.dizlee.ServeHTTP(w, r)
	case path == tokenPath:
		s.identity.issue(w, r)
	case path == discoveryPath:
		s.identity.discover(w, r)
	default:
		http.NotFound(w, r)
	}
}

// now is the moment by the sandbox's clock, as precisely as the services write it.
func now(clock func() time.Time) time.Time { return clock().UTC().Truncate(time.Second) }
