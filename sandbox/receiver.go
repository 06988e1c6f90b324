// Receivers of callbacks: where they are, and one attempt to deliver something to them.

package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Receiver is where callbacks go, and how hard the sandbox tries.
type Receiver struct {
	// URL is required: https, or http where the host is a loopback one, since the services themselves call https only.
	// It may hold a secret, so it appears in no listing and no error.
	URL string
	// Client makes the requests. The default is one that trusts RootCAs. Redirects are not followed, whatever it says.
	Client *http.Client
	// RootCAs are who vouches for the receiver's certificate, in place of the system's; only without Client.
	RootCAs *x509.CertPool
	// Timeout is how long an attempt may take; 0 means 10 seconds.
	Timeout time.Duration
	// Attempts is how often a delivery is attempted at most until it is answered with a 2xx; 0 means 8 for a
	// notification and 1 for an SMSMO, since nothing says that one that was not answered comes again.
	Attempts int
	// Twice delivers everything a second time, whatever becomes of the first.
	Twice bool
	// Shuffle puts the first attempt of each delivery off for up to this long, drawn by the seed, so that they arrive in
	// another order.
	Shuffle time.Duration
}

const defaultTimeout = 10 * time.Second

// maxAttempts bounds Receiver.Attempts: the last one comes hours after the first.
const maxAttempts = 200

// problems is everything that is wrong with a receiver of some callback.
func (r Receiver) problems(of Callback) error {
	var found []error
	complain := func(wrong bool, member, problem string) {
		if wrong {
			found = append(found, fmt.Errorf("sandbox: receiver of %s: %s: %s", of, member, problem))
		}
	}
	complain(!callable(r.URL), "URL", "it must be https://… or, on a loopback host alone, http://…")
	complain(r.Client != nil && r.RootCAs != nil, "RootCAs", "Client decides whom it trusts")
	complain(r.Timeout < 0, "Timeout", "it is below 0")
	complain(r.Attempts < 0 || r.Attempts > maxAttempts, "Attempts", fmt.Sprintf("it is not between 0 and %d", maxAttempts))
	complain(r.Shuffle < 0, "Shuffle", "it is below 0")
	return errors.Join(found...)
}

func callable(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname())
}

// loopback goes by RFC 6761, section 6.3, for names.
func loopback(host string) bool {
	if address, err := netip.ParseAddr(host); err == nil {
		return address.IsLoopback()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// receiver is a Receiver in use.
type receiver struct {
	Receiver
	client http.Client
	// release lets go of connections that nobody else has a use for.
	release func()
}

// open returns the receiver with what follows from a callback.
func (r Receiver) open(callback Callback) *receiver {
	r.Timeout = cmp.Or(r.Timeout, defaultTimeout)
	r.Attempts = cmp.Or(r.Attempts, map[Callback]int{CallbackNotification: 8, CallbackSMSMO: 1}[callback])
	opened := &receiver{Receiver: r, release: func() {}}
	if r.Client != nil {
		opened.client = *r.Client
	} else {
		transport := &http.Transport{
			Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: deliveriesAtOnce,
			IdleConnTimeout: time.Minute, TLSClientConfig: &tls.Config{RootCAs: r.RootCAs, MinVersion: tls.VersionTLS12},
		}
		opened.client.Transport, opened.release = transport, transport.CloseIdleConnections
	}
	opened.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return opened
}

// origin is the part of the URL that holds no secret.
func (r *receiver) origin() string {
	u, err := url.Parse(r.URL)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// post makes one attempt. It returns the status of the answer, or what kept it from coming.
func (r *receiver) post(ctx context.Context, header http.Header, body []byte) (status int, problem string) {
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL, bytes.NewReader(body))
	if err != nil {
		return 0, withoutURL(err)
	}
	maps.Copy(request.Header, header)
	response, err := r.client.Do(request)
	if err != nil {
		return 0, withoutURL(err)
	}
	defer response.Body.Close()
	const enough = 64 << 10 // what is read is thrown away, and only lets the connection be used again
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, enough))
	return response.StatusCode, ""
}

// withoutURL tells an error of net/http without the address that it was about.
func withoutURL(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err
	}
	return err.Error()
}
