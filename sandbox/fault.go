// Faults: what can be made to go wrong between a client and the sandbox, and which descriptions of it make sense.

package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Service is a part of the sandbox.
type Service string

// The services.
const (
	ServiceDing   Service = "ding"   // DingConnect
	ServiceDizlee Service = "dizlee" // Dizlee
	ServiceToken  Service = "token"  // the token endpoint of the identity provider
)

// Moment says on which side of the work a fault lies.
type Moment string

// The moments.
const (
	// BeforeWork: the request has arrived and nothing has been done. A fault that takes the answer's place keeps the
	// work from being done at all.
	BeforeWork Moment = "BeforeWork"
	// AfterWork: what was asked for has been done and stands in the books, and only the answer is missing.
	AfterWork Moment = "AfterWork"
)

// FaultKind says what goes wrong.
type FaultKind string

// The kinds. All but Delay and HideRecords take the place of the answer.
const (
	// DropConnection closes the connection without a byte of an answer: by RST where it is TCP. HTTP/2 loses the
	// stream alone.
	DropConnection FaultKind = "DropConnection"
	// ResetMidAnswer sends the headers and half of the body, and then drops the connection.
	ResetMidAnswer FaultKind = "ResetMidAnswer"
	// TruncatedBody sends half of the body in an HTTP message that is whole, as a proxy may.
	TruncatedBody FaultKind = "TruncatedBody"
	// Delay waits for Fault.For, and goes on then. A server that waits for its requests when it is closed, as
	// httptest.Server does, waits for delays too.
	Delay FaultKind = "Delay"
	// HTML502 answers with the HTML page of a proxy, HTTP 502.
	HTML502 FaultKind = "HTML502"
	// Bare503 answers HTTP 503 without body or Retry-After.
	Bare503 FaultKind = "Bare503"
	// ServiceUnavailable503 answers HTTP 503 with Retry-After, in plain text or, with Fault.Envelope, in the service's
	// own form.
	ServiceUnavailable503 FaultKind = "ServiceUnavailable503"
	// TooManyRequests429 answers HTTP 429 without a body or, with Fault.Envelope, in the service's own form.
	TooManyRequests429 FaultKind = "TooManyRequests429"
	// TokenExpired401 answers as DingConnect does once a token has expired. It comes before the work only.
	TokenExpired401 FaultKind = "TokenExpired401"
	// HideRecords keeps the transfer that SendTransfer makes out of ListTransferRecords for Fault.For, by the sandbox's
	// clock. Everything else goes on as usual; CancelTransfers finds it.
	HideRecords FaultKind = "HideRecords"
)

var faultKinds = []FaultKind{
	DropConnection, ResetMidAnswer, TruncatedBody, Delay, HTML502, Bare503, ServiceUnavailable503, TooManyRequests429,
	TokenExpired401, HideRecords,
}

// Fault is something that goes wrong with some requests. [Sandbox.Inject] takes it.
//
// Of the faults that meet in one request, each decides by itself whether it strikes. Delays add up, at their own moments;
// of those that take the answer's place the one that was injected first is played, and the others have not struck.
type Fault struct {
	// Kind is what happens. It is required.
	Kind FaultKind
	// When is on which side of the work it happens. It is required, except for TokenExpired401, which comes before, and
	// HideRecords.
	When Moment

	// Service narrows the fault to one service; empty means all of them, and DingConnect for TokenExpired401 and
	// HideRecords.
	Service Service
	// Operation narrows it to one operation, by the operationId of the specification, such as SendTransfer, Charge or
	// SendSMS; empty means all.
	Operation string
	// Reference narrows it to requests with this reference: a DistributorRef (of SendTransfer, ListTransferRecords and
	// CancelTransfers), chargeRequestId, refundRequestId or smsRequestId.
	Reference string
	// Account narrows it to requests about this AccountNumber, userId or receiver.
	Account string

	// For is how long a Delay or HideRecords lasts.
	For time.Duration
	// RetryAfter is what ServiceUnavailable503 (always) and TooManyRequests429 (unless it is 0) send in that header:
	// whole seconds.
	RetryAfter time.Duration
	// Envelope gives ServiceUnavailable503 and TooManyRequests429 a body in the service's own form. The body is never a
	// lie. Before the work DingConnect's says RateLimited (429), or TransientProviderError with a failed record (503), and
	// after it that a TransactionStillInProgress (429), or ProviderTimedOut without a record (503), which proves nothing.
	// Dizlee's says -429 before the work, and -504 with a 503, which proves nothing either.
	Envelope bool
	// Abandon makes a Delay before the work give the request up when the client goes away meanwhile. Without it the
	// work is done all the same, as by most servers.
	Abandon bool

	// Probability is that of each strike, from 0 to 1; 0 counts as 1. The draws follow from the sandbox's seed, the
	// fault's place among those injected, the request's operation and reference, and how often that came before: in which
	// order requests with different references arrive makes no difference.
	Probability float64
	// Skip is how many requests that fit are spared at first.
	Skip int
	// Count is how often the fault strikes at most; 0 means without end.
	Count int
}

// destroys reports whether the fault takes the place of the answer.
func (f Fault) destroys() bool { return f.Kind != Delay && f.Kind != HideRecords }

// completed returns the fault with those members filled in that follow from the others, or an error that names the
// members at fault.
func (f Fault) completed() (Fault, error) {
	switch f.Kind {
	case TokenExpired401:
		f.When = cmp.Or(f.When, BeforeWork)
		f.Service = cmp.Or(f.Service, ServiceDing)
	case HideRecords:
		f.When = cmp.Or(f.When, AfterWork)
		f.Service = cmp.Or(f.Service, ServiceDing)
		f.Operation = cmp.Or(f.Operation, sendTransfer)
	}
	return f, f.problems()
}

// problems is everything that is wrong with a fault.
func (f Fault) problems() error {
	var found []error
	complain := func(wrong bool, member, format string, args ...any) {
		if wrong {
			found = append(found, fmt.Errorf("sandbox: fault: %s: %s", member, fmt.Sprintf(format, args...)))
		}
	}
	complain(!slices.Contains(faultKinds, f.Kind), "Kind", "%q is none of %s", f.Kind, listed(faultKinds))
	f.problemsOfChoice(complain)
	f.problemsOfPlay(complain)
	complain(!(f.Probability >= 0 && f.Probability <= 1), "Probability", "%v is not between 0 and 1", f.Probability)
	complain(f.Skip < 0, "Skip", "%d is below 0", f.Skip)
	complain(f.Count < 0, "Count", "%d is below 0", f.Count)
	return errors.Join(found...)
}

// problemsOfChoice looks at what picks requests.
func (f Fault) problemsOfChoice(complain func(wrong bool, member, format string, args ...any)) {
	services := []Service{ServiceDing, ServiceDizlee, ServiceToken}
	dingOnly := f.Kind == TokenExpired401 || f.Kind == HideRecords
	switch {
	case f.Service != "" && !slices.Contains(services, f.Service):
		complain(true, "Service", "%q is none of %s", f.Service, listed(services))
	case dingOnly && f.Service != ServiceDing:
		complain(true, "Service", "%s happens at %s only, not at %s", f.Kind, ServiceDing, f.Service)
	case f.Operation != "" && !knownOperation(f.Service, f.Operation):
		complain(true, "Operation", "%q is none that %s has", f.Operation, cmp.Or(string(f.Service), "any service"))
	case f.Kind == HideRecords && f.Operation != sendTransfer:
		complain(true, "Operation", "%s happens to %s only, not to %s", f.Kind, sendTransfer, f.Operation)
	}
	ofToken := f.Service == ServiceToken
	complain(ofToken && f.Reference != "", "Reference", "a request for a token has none")
	complain(ofToken && f.Account != "", "Account", "a request for a token has none")
}

// problemsOfPlay looks at when and how it is played.
func (f Fault) problemsOfPlay(complain func(wrong bool, member, format string, args ...any)) {
	lasts := f.Kind == Delay || f.Kind == HideRecords
	says := f.Kind == ServiceUnavailable503 || f.Kind == TooManyRequests429
	switch {
	case f.When != BeforeWork && f.When != AfterWork:
		complain(true, "When", "%q is neither %s nor %s", f.When, BeforeWork, AfterWork)
	case f.Kind == TokenExpired401 && f.When == AfterWork:
		complain(true, "When", "a token is refused before the work, never after it")
	case f.Kind == HideRecords && f.When == BeforeWork:
		complain(true, "When", "before the work there is no record to hide")
	}
	complain(lasts && f.For <= 0, "For", "%s lasts for a time above 0, not %s", f.Kind, f.For)
	complain(!lasts && f.For != 0, "For", "%s does not last", f.Kind)
	complain(f.RetryAfter < 0 || f.RetryAfter%time.Second != 0, "RetryAfter", "%s is no number of whole seconds", f.RetryAfter)
	complain(!says && f.RetryAfter != 0, "RetryAfter", "%s sends none", f.Kind)
	complain(!says && f.Envelope, "Envelope", "%s has none", f.Kind)
	complain(f.Kind == TooManyRequests429 && f.Envelope && f.When == AfterWork && f.Service != ServiceDing, "Envelope",
		"only %s (Service) has one for a 429 after the work: the others would say that nothing was done", ServiceDing)
	complain(f.Abandon && (f.Kind != Delay || f.When != BeforeWork), "Abandon", "only a %s %s can be abandoned", Delay, BeforeWork)
}

func listed[T ~string](names []T) string {
	var texts []string
	for _, name := range names {
		texts = append(texts, string(name))
	}
	return strings.Join(texts, ", ")
}

// sendTransfer is the operation that pays.
const sendTransfer = "SendTransfer"

// tokenOperation is what the one operation of the token endpoint is called; no specification names it.
const tokenOperation = "Token"

// endpoint is one operation of one service.
type endpoint struct {
	service   Service
	operation string
}

// endpoints has the operations of all services by path.
var endpoints = sync.OnceValue(func() map[string]endpoint {
	all := map[string]endpoint{tokenPath: {ServiceToken, tokenOperation}}
	documents, err := loadContracts()
	if err != nil {
		return all // New fails over it
	}
	add := func(service Service, root string, c contract) {
		for path, item := range c.document.Paths.Map() {
			for _, operation := range item.Operations() {
				all[root+path] = endpoint{service, operation.OperationID}
			}
		}
	}
	add(ServiceDing, "", documents.ding)
	add(ServiceDizlee, dizleeRoot, documents.dizlee)
	return all
})

// knownOperation reports whether a service, or any if it is "", has an operation of that name.
func knownOperation(service Service, operation string) bool {
	for _, e := range endpoints() {
		if e.operation == operation && (service == "" || e.service == service) {
			return true
		}
	}
	return false
}
