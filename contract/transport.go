// The transport: which requests it examines, and what it wraps.

package contract

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"

	"github.com/airtime-go/airtime/internal/spec"
)

// Transport is an [http.RoundTripper] that holds every exchange of another one against the documents. Make it with
// [NewTransport]. It is safe for concurrent use.
type Transport struct {
	next   http.RoundTripper
	report func(Violation)
	strict bool
	// sites are the addresses of all operations, by URL; roots are where the services' operations are, by prefix.
	sites map[string]site
	roots []root
}

// site is an address with operations of a service.
type site struct {
	service  Service
	document *openapi3.T
	path     string
	item     *openapi3.PathItem
}

// root is a prefix that belongs to a service: what is asked for below it and is no operation is a mistake.
type root struct {
	prefix  string
	service Service
}

// Option configures a [Transport].
type Option func(*config) error

type config struct {
	strict         bool
	dings, dizlees []string
	// single holds Dizlee's URLs of one operation each, by operation.
	single map[string][]string
}

// Strict reports unknown fields and parameters, undeclared statuses and undocumented nulls too. It is for tests: in
// production, services add fields all the time.
func Strict() Option {
	return func(c *config) error { c.strict = true; return nil }
}

// WithDingURL examines requests to DingConnect at another base URL, such as that of a sandbox, besides
// https://api.dingconnect.com.
func WithDingURL(base string) Option {
	return func(c *config) error {
		c.dings = append(c.dings, base)
		return checkURL("Ding URL", base)
	}
}

// WithDizleeURL examines requests to Dizlee at a base URL, below which are /charge, /refund and /sms. There is no default:
// Dizlee publishes none.
func WithDizleeURL(base string) Option {
	return func(c *config) error {
		c.dizlees = append(c.dizlees, base)
		return checkURL("Dizlee URL", base)
	}
}

// WithDizleeOperationURL examines requests to the full URL of one of Dizlee's operations: "Charge", "Refund" or "SendSMS".
func WithDizleeOperationURL(operation, full string) Option {
	return func(c *config) error {
		c.single[operation] = append(c.single[operation], full)
		return checkURL("URL of "+operation, full)
	}
}

func checkURL(name, raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" || u.Host == "" {
		// The text is not repeated: somebody may have put a secret where a URL belongs.
		return fmt.Errorf("the %s is not an absolute URL such as https://host.example", name)
	}
	return nil
}

const dingURL = "https://api.dingconnect.com"

// NewTransport returns a transport around next, or around [http.DefaultTransport] if next is nil. It reports to report, which
// must be safe for concurrent use. Requests that go neither to a Ding URL nor to a Dizlee URL, such as those for tokens, pass
// unexamined. The error names every option that is wrong.
func NewTransport(next http.RoundTripper, report func(Violation), options ...Option) (*Transport, error) {
	c := config{dings: []string{dingURL}, single: map[string][]string{}}
	var problems []error
	if report == nil {
		problems = append(problems, errors.New("there is nobody to report to"))
	}
	for i, option := range options {
		if option == nil {
			problems = append(problems, fmt.Errorf("option %d is nil", i+1))
			continue
		}
		if err := option(&c); err != nil {
			problems = append(problems, err)
		}
	}
	if next == nil {
		next = http.DefaultTransport
	}
	t := &Transport{next: next, report: report, strict: c.strict, sites: map[string]site{}}
	problems = append(problems, t.settle(c))
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("contract: no transport can be made:\n%w", err)
	}
	return t, nil
}

// settle finds out where all operations are.
func (t *Transport) settle(c config) error {
	ding, dingErr := spec.Ding()
	dizlee, dizleeErr := spec.Dizlee()
	if err := errors.Join(dingErr, dizleeErr); err != nil {
		return err
	}
	for _, base := range c.dings {
		// Below a root, Ding has only its API: a sandbox has tokens and Dizlee there as well.
		t.roots = append(t.roots, root{key(base) + "/api/", Ding})
		t.add(Ding, ding, base)
	}
	for _, base := range c.dizlees {
		t.roots = append(t.roots, root{key(base) + "/", Dizlee})
		t.add(Dizlee, dizlee, base)
	}
	for operation, urls := range c.single {
		path, item := find(dizlee, operation)
		if item == nil {
			return fmt.Errorf("there is no operation %q of Dizlee's", operation)
		}
		for _, full := range urls {
			t.sites[place(full)] = site{Dizlee, dizlee, path, item}
		}
	}
	return nil
}

func (t *Transport) add(service Service, document *openapi3.T, base string) {
	prefix := key(base)
	for path, item := range document.Paths.Map() {
		t.sites[prefix+path] = site{service, document, path, item}
	}
}

func find(document *openapi3.T, operation string) (string, *openapi3.PathItem) {
	for path, item := range document.Paths.Map() {
		for _, one := range item.Operations() {
			if one.OperationID == operation {
				return path, item
			}
		}
	}
	return "", nil
}

// key is place for the URL of a root, without a slash at the end.
func key(base string) string { return strings.TrimRight(place(base), "/") }

func place(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw // which checkURL refused
	}
	return placeOf(u)
}

// placeOf is one spelling for all of a URL's: the scheme and the host in lower case, the scheme's own port left out, no query.
func placeOf(u *url.URL) string {
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return scheme + "://" + host + u.Path
}

// route finds what a request is for. It reports false if the request is none of our business; the route has no operation if the
// service has none there.
func (t *Transport) route(request *http.Request) (Service, *routers.Route, bool) {
	place := placeOf(request.URL)
	if at, found := t.sites[place]; found {
		return at.service, &routers.Route{
			Spec: at.document, Path: at.path, PathItem: at.item,
			Method: request.Method, Operation: at.item.Operations()[cmp.Or(request.Method, http.MethodGet)],
		}, true
	}
	// The longest prefix wins: one service may be below the other.
	var closest root
	for _, one := range t.roots {
		if strings.HasPrefix(place, one.prefix) && len(one.prefix) > len(closest.prefix) {
			closest = one
		}
	}
	return closest.service, &routers.Route{}, closest.prefix != ""
}

// RoundTrip sends the request through the other transport, and sees to it that both the request and the answer are examined
// as they pass.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	service, route, ours := t.route(request)
	if !ours {
		return t.next.RoundTrip(request)
	}
	x := &exchange{transport: t, service: service, route: route, request: request}
	response, err := t.next.RoundTrip(x.watchRequest())
	if err != nil {
		x.end(false)
		return response, err
	}
	x.watchResponse(response)
	return response, nil
}

// Wrapped returns the other transport. Having this method, a Transport promises what [facade.TransparentTransport] asks for.
func (t *Transport) Wrapped() http.RoundTripper { return t.next }

// CloseIdleConnections closes those of the other transport, if it has any.
func (t *Transport) CloseIdleConnections() {
	if closer, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}
