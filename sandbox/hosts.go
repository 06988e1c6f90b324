// The names under which the services are known, and which part of the sandbox answers to each.

package sandbox

import (
	"net"
	"net/http"
	"slices"
	"strings"
)

// The hosts that the sandbox plays. To a request for one of them it is that service and nothing else; to any other name
// it is all of them at once.
const (
	// HostDing and HostDingPortal are DingConnect: clients in use have either of them built in.
	HostDing, HostDingPortal = "api.dingconnect.com", "www.dingconnect.com"
	// HostIdentity is its identity provider.
	HostIdentity = "idp.ding.com"
	// HostDizlee is a name of ours, since Dizlee publishes none. Operations are found there with and without /dizlee.
	HostDizlee = "dizlee.test"
)

// Hosts returns the hosts that the sandbox plays.
func Hosts() []string { return []string{HostDing, HostDingPortal, HostIdentity, HostDizlee} }

// hostName returns the name that a request is for, without the port.
func hostName(r *http.Request) string { return nameOf(r.Host) }

func nameOf(address string) string {
	name := address
	if host, _, err := net.SplitHostPort(address); err == nil {
		name = host
	}
	return strings.TrimSuffix(strings.ToLower(name), ".")
}

// serves reports whether a host that the sandbox plays has that path. The admin endpoints are on none of them.
func serves(host, path string) bool {
	switch host {
	case HostDing, HostDingPortal:
		return serviceOf(path) == ServiceDing || path == swaggerPath
	case HostIdentity:
		return serviceOf(path) == ServiceToken || path == discoveryPath || path == keysPath
	case HostDizlee:
		return serviceOf(path) == ServiceDizlee
	}
	return true
}

// located returns the request under the path at which its operation is served, which differs in three ways: DingConnect
// takes paths in any case, since its framework does and clients in use rely on it (/api/v1/), and with a slash at the end;
// Dizlee's host has its operations at the root.
func located(r *http.Request) *http.Request {
	path := r.URL.Path
	switch {
	case hostName(r) == HostDizlee && !strings.HasPrefix(path, dizleeRoot+"/"):
		path = dizleeRoot + path
	case len(path) > 1:
		path = canonical(path)
	}
	if path == r.URL.Path {
		return r
	}
	moved, url := *r, *r.URL
	url.Path, url.RawPath = path, ""
	moved.URL = &url
	return &moved
}

// canonical spells the path of one of DingConnect's methods, or of its Swagger document, as the specification does.
func canonical(path string) string {
	trimmed := strings.TrimSuffix(path, "/")
	if strings.EqualFold(trimmed, swaggerPath) {
		return swaggerPath
	}
	if len(trimmed) <= len(dingRoot) || !strings.EqualFold(trimmed[:len(dingRoot)], dingRoot) {
		return path
	}
	methods := dingMethods()
	if i := slices.IndexFunc(methods, func(m string) bool { return strings.EqualFold(m, trimmed[len(dingRoot):]) }); i >= 0 {
		return dingRoot + methods[i]
	}
	return dingRoot + trimmed[len(dingRoot):]
}

// dingMethods returns the names of DingConnect's methods. The document has been loaded by New, so there is no error.
func dingMethods() []string {
	loaded, _ := loadContracts()
	return loaded.ding.names
}
