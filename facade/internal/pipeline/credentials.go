package pipeline

import (
	"context"
	"net/http"
)

// Credentials authorise a request.
type Credentials interface {
	// Apply puts the credential on the request and returns it.
	Apply(ctx context.Context, request *http.Request) (credential string, err error)
	// Forget drops a credential that the service has refused, and reports whether another can be had.
	Forget(credential string) bool
	// Secrets returns what must never be shown.
	Secrets() []string
}

// APIKey is a key in a header of the service's own.
type APIKey struct {
	// Header is spelled as documented: it goes out like that over HTTP/1.1, since a gateway in front may compare it.
	Header string
	// Key is the secret.
	Key string
}

// Apply sets the header without respelling its name, which Header.Set would do.
func (k APIKey) Apply(_ context.Context, request *http.Request) (string, error) {
	request.Header[k.Header] = []string{k.Key}
	return k.Key, nil
}

// Forget reports false: there is no second key.
func (k APIKey) Forget(string) bool { return false }

// Secrets returns the key.
func (k APIKey) Secrets() []string { return []string{k.Key} }

// String keeps the key out of %v.
func (k APIKey) String() string { return "API key in " + k.Header }

// GoString keeps the key out of %#v.
func (k APIKey) GoString() string { return k.String() }
