package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/airtime-go/airtime/facade/internal/limits"
)

// Failure says how an attempt failed to bring an answer; judging an answer's content is the service's part.
type Failure int

const (
	// None: a whole answer is there.
	None Failure = iota
	// NotSent: no connection could be made, or the context had ended before. The service has seen nothing.
	NotSent
	// NoCredentials: the identity provider gave no token this time. The service has seen nothing.
	NoCredentials
	// CredentialsRefused: the identity provider said no. The service has seen nothing.
	CredentialsRefused
	// Lost: the request may have arrived, and no whole answer came back.
	Lost
	// Redirected: the answer was a redirect, which is never followed.
	Redirected
	// TooLarge: the answer's body went beyond the call's bound.
	TooLarge
	// Limited: a usage limit leaves no room in time; Err is a [*limits.Full]. The service has seen nothing.
	Limited
)

// Answer is what an attempt brought.
type Answer struct {
	// Failure is None if the whole answer is there; Err then is nil.
	Failure Failure
	// Err says what went wrong, without URL, secrets or account numbers.
	Err error
	// Status is the HTTP status; 0 if no answer came.
	Status int
	// Header is the answer's header.
	Header http.Header
	// Body is the answer's body; after a failure, as much of it as was read.
	Body []byte
	// RetryAfter is what the answer's Retry-After asks for, or how long a usage limit leaves no room; 0 if it is absent,
	// unreadable or past.
	RetryAfter time.Duration
	// Attempt counts from 1, and on from those that the call says were made earlier.
	Attempt int
	// Duration is the time from sending until the answer was read.
	Duration time.Duration
	// scrub knows the client's own secrets, and what the request says of the customer.
	scrub *Scrubber
}

// attempt sends the request once, in its place among those that usage limits allow, and reads the answer. It also returns the
// credential that was used.
func (p *Pipeline) attempt(ctx context.Context, call Call, place *limits.Request) (Answer, string) {
	defer place.Return() // what has left is answered by then
	answer := Answer{scrub: p.Scrubber(call.Private...)}
	if err := ctx.Err(); err != nil {
		return answer.fail(NotSent, err), ""
	}
	// Whoever gives up before, what has left does not come later than this.
	latest := time.Now().Add(p.timeout(call))
	ctx, cancel := context.WithTimeoutCause(ctx, p.timeout(call), errAttemptTimeout)
	defer cancel()

	request, err := call.Build(ctx)
	if err != nil {
		return answer.fail(NotSent, err), ""
	}
	credential, err := p.settings.Credentials.Apply(ctx, request)
	if err != nil {
		failure := NoCredentials
		if refusal := (*TokenError)(nil); errors.As(err, &refusal) && refusal.Refused {
			failure = CredentialsRefused
		}
		return answer.fail(failure, err), ""
	}
	// A token fetched just now is not among the secrets that were known before.
	answer.scrub.secrets = append(answer.scrub.secrets, credential)
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", userAgent)
	forbidReplay(request)

	// The request may have left once there is a connection, or once somebody has read its body: a protocol registered
	// with an *http.Transport reports no connection.
	var left atomic.Bool
	if request.Body != nil && request.Body != http.NoBody {
		request.Body = watchedBody{ReadCloser: request.Body, read: &left}
	}
	request = request.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) {
			if left.Swap(true) {
				place.Repeated()
			}
		},
		WroteHeaders: func() { left.Store(true) },
	}))
	response, err := p.client.Do(request)
	failure := Lost
	switch {
	case err != nil && p.traced && !left.Load():
		failure = NotSent
	case err != nil && ctx.Err() != nil:
		place.GivenUp(latest)
	default:
		place.Answered()
	}
	if err != nil {
		return answer.fail(failure, answer.transportError(ctx, err)), credential
	}
	defer response.Body.Close()
	if call.Head != nil {
		*call.Head = headOf(response)
	}
	return answer.read(ctx, response, call.MaxBody), credential
}

func (p *Pipeline) timeout(call Call) time.Duration {
	if call.Money {
		return p.settings.Retry.MoneyTimeout
	}
	return p.settings.Retry.ReadTimeout
}

// forbidReplay takes away what lets net/http send a POST again by itself: a body that can be rewound (its HTTP/2
// transport replays such a request after a stream reset, without end) and an idempotency key. Reads do not need either:
// their repetitions are built anew.
func forbidReplay(request *http.Request) {
	request.GetBody = nil
	delete(request.Header, "Idempotency-Key")
	delete(request.Header, "X-Idempotency-Key")
}

// read takes the answer's head and at most limit bytes of its body.
func (a Answer) read(ctx context.Context, response *http.Response, limit int64) Answer {
	a.Status = response.StatusCode
	a.Header = response.Header
	a.RetryAfter = retryAfter(response.Header, time.Now())
	if a.Status >= 300 && a.Status < 400 && !isNotModified(response) {
		return a.fail(Redirected, fmt.Errorf("HTTP %d redirects elsewhere, which is refused because credentials would travel along; check the base URL", a.Status))
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	// .NET services like to begin with a byte order mark, which is no JSON.
	a.Body = bytes.TrimPrefix(body, []byte("\uFEFF"))
	switch {
	case int64(len(a.Body)) > limit:
		return a.fail(TooLarge, fmt.Errorf("HTTP %d with a body of more than %d bytes", a.Status, limit))
	case err != nil:
		return a.fail(Lost, fmt.Errorf("HTTP %d, and the body broke off after %d bytes: %w", a.Status, len(a.Body), a.transportError(ctx, err)))
	}
	return a
}

// isNotModified reports a 304 to a request that asked for one, which is an answer like any other.
func isNotModified(response *http.Response) bool {
	if response.StatusCode != http.StatusNotModified || response.Request == nil {
		return false
	}
	asked := response.Request.Header
	return asked.Get("If-None-Match") != "" || asked.Get("If-Modified-Since") != ""
}

func (a Answer) fail(failure Failure, err error) Answer {
	a.Failure, a.Err = failure, err
	return a
}

var errAttemptTimeout = errors.New("the attempt's time-out passed")

// transportError names our own time-out, and takes out of net/http's error what nobody may see: the URL, whose query
// can hold an account number, and what it quotes of a malformed answer, which may repeat the request. Where words had
// to go, the chain of errors ends as well, since it would still tell them.
func (a Answer) transportError(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errAttemptTimeout) {
		return fmt.Errorf("%w: %w", cause, context.DeadlineExceeded)
	}
	for wrapped := (*url.Error)(nil); errors.As(err, &wrapped) && wrapped.Err != nil; {
		err = wrapped.Err
	}
	text := a.Scrub(digits.ReplaceAllString(err.Error(), redacted))
	switch cause := contextCause(err); {
	case ctx.Err() != nil && !errors.Is(err, ctx.Err()):
		// The context's owner ended it with a cause of their own, or something broke because it had ended.
		return fmt.Errorf("%w: %s", ctx.Err(), text)
	case text == err.Error():
		return err
	case cause != nil:
		return fmt.Errorf("%s: %w", text, cause)
	default:
		return errors.New(text)
	}
}

// watchedBody notes that a request's body was read.
type watchedBody struct {
	io.ReadCloser
	read *atomic.Bool
}

func (b watchedBody) Read(p []byte) (int, error) {
	b.read.Store(true)
	return b.ReadCloser.Read(p)
}

// headOf returns the answer's head alone: no body to close and no request, whose header holds the credentials.
func headOf(response *http.Response) *http.Response {
	head := *response
	head.Header = response.Header.Clone()
	head.Body = http.NoBody
	head.Request = nil
	return &head
}
