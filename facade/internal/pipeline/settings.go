package pipeline

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/limits"
)

// userAgent names this library to the services.
const userAgent = "airtime-go (+https://github.com/airtime-go/airtime)"

// Settings is what a client is made of. The setters check their values, so that options of both clients share one
// wording; New checks what only the whole can tell.
type Settings struct {
	// Service prefixes log entries, such as "ding".
	Service string
	// Logger takes what happens; silent if nil.
	Logger *slog.Logger
	// Retry bounds repetitions and attempts.
	Retry facade.RetryPolicy
	// OnAttempt, if set, sees every attempt.
	OnAttempt facade.AttemptHook
	// Credentials authorise requests.
	Credentials Credentials
	// Limits holds requests back that would go beyond a usage limit; nil holds none back.
	Limits *limits.Limiter

	client http.Client
}

// New returns a pipeline with these settings, or every reason why there can't be one.
func New(settings Settings) (*Pipeline, error) {
	var problems []error
	policy, err := settings.Retry.WithDefaults()
	if err != nil {
		problems = append(problems, err)
	}
	settings.Retry = policy
	if settings.Credentials == nil {
		problems = append(problems, errors.New("no credentials"))
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	if settings.Logger == nil {
		settings.Logger = slog.New(slog.DiscardHandler)
	}
	_, traced := innermost(&settings.client).(*http.Transport)
	return &Pipeline{settings: settings, client: settings.HTTPClient(), budget: newBudget(policy.Budget), traced: traced}, nil
}

func transportOf(client *http.Client) http.RoundTripper {
	if client.Transport == nil {
		return http.DefaultTransport
	}
	return client.Transport
}

// innermost is the transport that is left when those are taken off that can be seen through.
func innermost(client *http.Client) http.RoundTripper {
	transport := transportOf(client)
	for {
		outer, transparent := transport.(facade.TransparentTransport)
		if !transparent {
			return transport
		}
		transport = transportOf(&http.Client{Transport: outer.Wrapped()})
	}
}

// SetHTTPClient copies the caller's client.
func (s *Settings) SetHTTPClient(client *http.Client) error {
	if client == nil {
		return errors.New("the HTTP client is nil")
	}
	if client.Timeout > 0 && client.Timeout < facade.MinMoneyTimeout {
		return fmt.Errorf("the HTTP client's Timeout is %v, but a transfer may take 90s, so good answers would be lost: "+
			"leave it zero, or at least %v, and bound reads with the retry policy's ReadTimeout", client.Timeout, facade.MinMoneyTimeout)
	}
	if transport, ok := innermost(client).(*http.Transport); ok && transport.ResponseHeaderTimeout > 0 && transport.ResponseHeaderTimeout < facade.MinMoneyTimeout {
		return fmt.Errorf("the HTTP transport's ResponseHeaderTimeout is %v, but a transfer may take 90s, so good answers would be lost: "+
			"leave it zero, or at least %v", transport.ResponseHeaderTimeout, facade.MinMoneyTimeout)
	}
	s.client = *client
	return nil
}

// HTTPClient returns the client that every request goes through, those for tokens included. It follows no redirect,
// since Go would carry custom headers such as api_key along to another host.
func (s *Settings) HTTPClient() *http.Client {
	client := s.client
	client.Transport = guard{transportOf(&s.client)}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

// SetLogger takes a logger.
func (s *Settings) SetLogger(logger *slog.Logger) error {
	if logger == nil {
		return errors.New("the logger is nil; leave the option out for silence")
	}
	s.Logger = logger
	return nil
}

// SetAttemptHook takes a hook.
func (s *Settings) SetAttemptHook(hook facade.AttemptHook) error {
	if hook == nil {
		return errors.New("the attempt hook is nil")
	}
	s.OnAttempt = hook
	return nil
}

// SetRetry takes a policy.
func (s *Settings) SetRetry(policy facade.RetryPolicy) error {
	s.Retry = policy
	return nil
}

// CheckURL accepts an absolute https URL, or an http one to a loopback host, without credentials, query or fragment.
// It returns the URL without a trailing slash. The name tells the caller which of its URLs is meant.
func CheckURL(name, raw string) (string, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		// The text itself is not repeated: somebody may have put a secret where a URL belongs.
		return "", fmt.Errorf("the %s is not an absolute URL such as https://host.example", name)
	case u.User != nil:
		return "", fmt.Errorf("the %s holds a user name or password, which belong into options", name)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", fmt.Errorf("the %s has a query or fragment", name)
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return strings.TrimRight(u.String(), "/"), nil
	case u.Scheme == "http":
		return "", fmt.Errorf("the %s must be https, since credentials travel along (http is for loopback hosts only)", name)
	default:
		return "", fmt.Errorf("the %s has the scheme %q; it must be https", name, u.Scheme)
	}
}

// Place is one spelling for all of a URL's: the host in lower case, the scheme's own port left out, every loopback host as
// localhost, no slash at the end. A journal keeps references apart by it, and must not take one place for two.
func Place(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	host, port := strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")), u.Port()
	if isLoopback(host) {
		host = "localhost"
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	u.Host = host
	if port = strings.TrimLeft(port, "0"); port != "" && port != map[string]string{"https": "443", "http": "80"}[u.Scheme] {
		u.Host += ":" + port
	}
	u.Path, u.RawPath = path.Clean("/"+u.Path), ""
	return strings.TrimRight(u.String(), "/")
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// CheckSecret accepts what can travel in a header: not empty, printable ASCII. The value is never part of the error.
func CheckSecret(name, value string) error {
	if value == "" {
		return fmt.Errorf("the %s is empty", name)
	}
	for _, r := range value {
		if r <= ' ' || r > '~' {
			return fmt.Errorf("the %s holds a blank, a line break or another character that cannot travel in a header", name)
		}
	}
	return nil
}

// Logger returns the logger that the client writes to; never nil.
func (p *Pipeline) Logger() *slog.Logger { return p.settings.Logger }
