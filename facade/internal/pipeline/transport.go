package pipeline

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
)

// guard is the transport of every request, those for tokens included. It keeps net/http from what would make it
// hammer the service, hang, or lose an answer.
type guard struct{ next http.RoundTripper }

// mostConnections is how many connections one attempt may be tried on: those that net/http keeps idle by default, which
// may have died, and a new one or two.
const mostConnections = 4

// errReplayed ends what net/http would go on with for as long as the time-out allows: over HTTP/2, it sends a read that
// the server resets again, hundreds of times a second.
var errReplayed = errors.New("the server kept resetting the request")

// RoundTrip sends the request through the caller's own transport.
func (g guard) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(request.Context())
	var connections atomic.Int32
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
		if connections.Add(1) > mostConnections {
			cancel(errReplayed)
		}
	}})
	response, err := g.next.RoundTrip(request.WithContext(ctx))
	if err != nil {
		if errors.Is(context.Cause(ctx), errReplayed) {
			err = errReplayed
		}
		return nil, err
	}
	if response.StatusCode == http.StatusSwitchingProtocols && response.Body != nil {
		// The body is the naked connection. No context ends a read from it.
		_ = response.Body.Close()
		response.Body = http.NoBody
	}
	if _, err := url.Parse(response.Header.Get("Location")); err != nil {
		// An http.Client fails on it, with the status lost, although the redirect is not followed.
		response.Header.Del("Location")
	}
	return response, nil
}
