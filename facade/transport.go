package facade

import "net/http"

// TransparentTransport is a transport around another one that the clients can see through. Having the method is a promise: a
// request is passed on at most once, with its own context, and nothing of its body is read before the other transport reads it;
// an error of the other transport is returned, and nothing is sent in any other way.
//
// Only an [*http.Transport] tells truly whether a connection was made. Around one, a transport that keeps the promise leaves that
// knowledge intact: a transfer or a charge that could not even be sent is then refused for now, rather than unknown. A transport
// that repeats requests, or sends them over another client, must not have the method.
type TransparentTransport interface {
	http.RoundTripper
	// Wrapped returns the other transport; nil stands for [http.DefaultTransport].
	Wrapped() http.RoundTripper
}
