// What the page's buttons do: faults are injected and removed, receivers set, and messages sent.

package page

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/airtime-go/airtime/sandbox"
)

// maxForm bounds what a form may hold, in bytes.
const maxForm = 64 << 10

// forms are the page's forms as they are filled in, and what was wrong with one of them.
type forms struct {
	Fault, Message, Receiver form
	Services                 []service
	Kinds                    []sandbox.FaultKind
}

// form is the values by field, and the problem that kept them from being taken.
type form struct {
	values  map[string]string
	Problem string
}

// Get returns a value.
func (f form) Get(field string) string { return f.values[field] }

// service is what a fault can be narrowed to.
type service struct {
	Service    sandbox.Service
	Name       string
	Operations []string
}

var serviceNames = map[sandbox.Service]string{
	sandbox.ServiceDing: "DingConnect", sandbox.ServiceDizlee: "Dizlee", sandbox.ServiceToken: "the identity provider",
}

// newForms returns forms that do something useful when they are sent as they are: the lost answer to a payment is what
// most people come for.
func newForms() forms {
	f := forms{
		Kinds: sandbox.FaultKinds(),
		Fault: form{values: map[string]string{
			"kind": string(sandbox.DropConnection), "when": string(sandbox.AfterWork), "operation": "ding SendTransfer", "count": "1", "for": "2s",
		}},
		Message:  form{values: map[string]string{"sender": "9647701234567", "destination": "1234", "text": "STOP"}},
		Receiver: form{values: map[string]string{"callback": string(sandbox.CallbackNotification)}},
	}
	for _, s := range []sandbox.Service{sandbox.ServiceDing, sandbox.ServiceDizlee, sandbox.ServiceToken} {
		f.Services = append(f.Services, service{s, serviceNames[s], sandbox.Operations(s)})
	}
	return f
}

// lasts, says and fixed tell which kinds take which fields; the style sheet hides those that one has no use for.
func lasts(kind sandbox.FaultKind) bool { return kind == sandbox.Delay || kind == sandbox.HideRecords }

func says(kind sandbox.FaultKind) bool {
	return kind == sandbox.ServiceUnavailable503 || kind == sandbox.TooManyRequests429
}

// fixed reports whether the kind itself says when and to whom it happens.
func fixed(kind sandbox.FaultKind) bool {
	return kind == sandbox.TokenExpired401 || kind == sandbox.HideRecords
}

// inject takes the form of a fault.
func (p *page) inject(w http.ResponseWriter, r *http.Request) {
	filled := newForms()
	given, ok := fill(w, r, &filled.Fault)
	if !ok {
		return
	}
	fault, err := faultOf(given)
	if err == nil {
		_, err = p.sandbox.Inject(fault)
	}
	p.done(w, r, "faults", err, &filled, &filled.Fault)
}

// faultOf reads what the kind has a use for. Fields that it has none for are hidden, and may hold anything.
func faultOf(given form) (sandbox.Fault, error) {
	fault := sandbox.Fault{
		Kind: sandbox.FaultKind(given.Get("kind")), Reference: given.Get("reference"), Account: given.Get("account"),
	}
	var problems []error
	number := func(field, label string) int {
		value, err := strconv.Atoi(cmp.Or(given.Get(field), "0"))
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %q is no whole number", label, given.Get(field)))
		}
		return value
	}
	duration := func(field, label string) time.Duration {
		value, err := time.ParseDuration(cmp.Or(given.Get(field), "0s"))
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %q is no duration such as 2s or 1m30s", label, given.Get(field)))
		}
		return value
	}
	fault.Count, fault.Skip = number("count", "How often"), number("skip", "Spare the first")
	if percent := number("percent", "Probability"); percent != 0 {
		fault.Probability = float64(percent) / 100
	}
	if !fixed(fault.Kind) {
		fault.When = sandbox.Moment(given.Get("when"))
		of, operation, _ := strings.Cut(given.Get("operation"), " ")
		fault.Service, fault.Operation = sandbox.Service(of), operation
	}
	if lasts(fault.Kind) {
		fault.For = duration("for", "For how long")
	}
	if says(fault.Kind) {
		fault.RetryAfter, fault.Envelope = duration("retryAfter", "Retry-After"), given.Get("envelope") != ""
	}
	return fault, errors.Join(problems...)
}

// remove takes one fault away, or all of them. One that is gone already is no problem.
func (p *page) remove(w http.ResponseWriter, r *http.Request) {
	filled := newForms()
	var asked form
	given, ok := fill(w, r, &asked)
	if !ok {
		return
	}
	if id, err := strconv.Atoi(given.Get("id")); err == nil {
		p.sandbox.RemoveFault(id)
	} else {
		p.sandbox.ClearFaults()
	}
	p.done(w, r, "faults", nil, &filled, &filled.Fault)
}

// setReceiver names the receiver of a callback, or forgets it.
func (p *page) setReceiver(w http.ResponseWriter, r *http.Request) {
	filled := newForms()
	given, ok := fill(w, r, &filled.Receiver)
	if !ok {
		return
	}
	set, clear := p.sandbox.SetNotifications, p.sandbox.ClearNotifications
	if sandbox.Callback(given.Get("callback")) == sandbox.CallbackSMSMO {
		set, clear = p.sandbox.SetSMSMO, p.sandbox.ClearSMSMO
	}
	var err error
	if url := given.Get("url"); url != "" {
		err = set(sandbox.Receiver{URL: url})
	} else {
		clear()
	}
	p.done(w, r, "callbacks", err, &filled, &filled.Receiver)
}

// sendMessage plays a subscriber. A browser that goes away does not keep the message from arriving.
func (p *page) sendMessage(w http.ResponseWriter, r *http.Request) {
	filled := newForms()
	given, ok := fill(w, r, &filled.Message)
	if !ok {
		return
	}
	message := sandbox.InboundMessage{
		Sender: given.Get("sender"), Destination: given.Get("destination"), Text: given.Get("text"),
		LowerCase: given.Get("lowerCase") != "",
	}
	if given.Get("arabic") != "" {
		message.MessageType = "1"
	}
	_, err := p.sandbox.SendSMSMO(context.WithoutCancel(r.Context()), message)
	p.done(w, r, "messages", err, &filled, &filled.Message)
}

// fill reads a form. Those of the page send each field once.
func fill(w http.ResponseWriter, r *http.Request, into *form) (form, bool) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "The form cannot be read.", http.StatusBadRequest)
		return form{}, false
	}
	into.values = map[string]string{}
	for field := range r.PostForm {
		into.values[field] = strings.TrimSpace(r.PostForm.Get(field))
	}
	return *into, true
}

// done leads back to the panel, or shows the page with the form as it was filled in and what is wrong with it.
func (p *page) done(w http.ResponseWriter, r *http.Request, panel string, err error, filled *forms, faulty *form) {
	if err == nil {
		http.Redirect(w, r, "/#"+panel, http.StatusSeeOther)
		return
	}
	faulty.Problem = strings.NewReplacer("sandbox: fault: ", "", "sandbox: message: ", "", "sandbox: ", "").Replace(err.Error())
	p.answer(w, r, http.StatusUnprocessableEntity, *filled)
}
