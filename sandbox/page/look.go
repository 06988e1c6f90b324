// What the templates are given, and the words they have for it.

package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/sandbox"
)

// look is the page at one moment.
type look struct {
	sandbox.Snapshot
	Forms forms
	// Base is where the sandbox was asked for, such as http://127.0.0.1:8645.
	Base  string
	Keys  []key
	Lines map[string]line
	// Inbound are the newest messages of subscribers, and what came of them.
	Inbound []inbound
}

// inbound is an SMSMO, whichever way its keys are spelled.
type inbound struct {
	sandbox.Delivery
	Sender, Destination, Text string
}

func (p *page) look(r *http.Request, filled forms) look {
	base := baseOf(r)
	l := look{
		Snapshot: p.sandbox.Snapshot(entriesShown), Forms: filled, Base: base,
		Keys: keys(p.sandbox.Credentials()), Lines: lines(p.sandbox, base),
	}
	for _, delivery := range l.Deliveries.Items {
		if delivery.Callback == sandbox.CallbackSMSMO {
			l.Inbound = append(l.Inbound, read(delivery))
		}
	}
	return l
}

// To is where a callback goes, "" if nowhere.
func (l look) To(callback sandbox.Callback) string { return l.Receivers[callback] }

func baseOf(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// read relies on encoding/json taking both spellings of the keys.
func read(delivery sandbox.Delivery) inbound {
	var body struct{ Sender, Destination, MessageText string }
	_ = json.Unmarshal(delivery.Body, &body) // what the sandbox has written is well-formed
	return inbound{delivery, body.Sender, body.Destination, body.MessageText}
}

// words are the functions of the templates.
var words = template.FuncMap{
	"clock":     clock,
	"in":        in,
	"stateMark": stateMark,
	"deliveryMark": func(s sandbox.DeliveryState) string {
		return map[sandbox.DeliveryState]string{sandbox.DeliveryWaiting: "wait", sandbox.DeliveryTaken: "good", sandbox.DeliveryGivenUp: "bad"}[s]
	},
	"codes":    codes,
	"fault":    describe,
	"spent":    func(f sandbox.FaultStatus) bool { return f.Fault.Count > 0 && f.Struck >= f.Fault.Count },
	"pretty":   pretty,
	"reveal":   reveal,
	"inUse":    func(all []sandbox.Usage) []sandbox.Usage { return used(all, true) },
	"unused":   func(all []sandbox.Usage) []sandbox.Usage { return used(all, false) },
	"thousand": thousand,
	"copied":   func(id, text string) copied { return copied{id, text} },
	"last":     func(attempts []sandbox.Attempt) sandbox.Attempt { return attempts[len(attempts)-1] },
	"plural":   plural,
}

// copied is a text with a button that copies it.
type copied struct{ ID, Text string }

// clock shows a moment: the time of day, which is what changes, with the date for those who ask.
func clock(at time.Time) template.HTML {
	at = at.UTC()
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s">%s</time>`,
		at.Format(time.RFC3339), at.Format("Monday, 2 January 2006, 15:04:05 UTC"), at.Format("15:04:05")))
}

// in tells how long it is until a moment, to the minute while there is time, so that the page does not flicker.
func in(until, at time.Time) string {
	switch left := until.Sub(at); {
	case left <= 0:
		return "now"
	case left < time.Minute:
		return "in " + strconv.Itoa(int((left+time.Second-1)/time.Second)) + " s"
	case left < 2*time.Hour:
		return "in " + strconv.Itoa(int((left+time.Minute-1)/time.Minute)) + " min"
	default:
		return "in " + strconv.Itoa(int(left/time.Hour)) + " h"
	}
}

func stateMark(state ding.ProcessingState) string {
	switch state {
	case ding.ProcessingStateComplete:
		return "good"
	case ding.ProcessingStateFailed:
		return "bad"
	case ding.ProcessingStateCancelled:
		return ""
	}
	return "wait"
}

func codes(all []ding.ErrorCode) string {
	var texts []string
	for _, code := range all {
		text := string(code.Code)
		if code.Context != "" {
			text += " / " + string(code.Context)
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}

// describe says in words which requests a fault strikes, and when.
func describe(f sandbox.Fault) string {
	about := "any request"
	if f.Service != "" {
		about = serviceNames[f.Service]
	}
	if f.Operation != "" {
		about = f.Operation
	}
	text := map[sandbox.Moment]string{sandbox.BeforeWork: "before the work of ", sandbox.AfterWork: "after the work of "}[f.When] + about
	for _, part := range []struct {
		is    bool
		words string
	}{
		{f.Reference != "", "reference " + f.Reference}, {f.Account != "", "number " + f.Account},
		{f.For != 0, "for " + f.For.String()}, {f.RetryAfter != 0, "Retry-After " + f.RetryAfter.String()},
		{f.Envelope, "in the service’s own form"}, {f.Abandon, "given up with the client"},
		{f.Probability != 0 && f.Probability != 1, "with probability " + strconv.FormatFloat(f.Probability, 'g', -1, 64)},
		{f.Skip != 0, "sparing the first " + strconv.Itoa(f.Skip)},
	} {
		if part.is {
			text += ", " + part.words
		}
	}
	return text
}

// pretty indents a body.
func pretty(body json.RawMessage) string {
	var text bytes.Buffer
	if json.Indent(&text, body, "", "  ") != nil {
		return string(body)
	}
	return text.String()
}

// reveal returns what a receipt says, line by line, "" if there is none.
func reveal(record ding.TransferRecord) string {
	said := []string{}
	if record.ReceiptText != "" {
		said = append(said, record.ReceiptText.Reveal())
	}
	params := record.ReceiptParams.Reveal()
	names := make([]string, 0, len(params))
	for name := range params {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		said = append(said, name+": "+params[name])
	}
	return strings.Join(said, "\n")
}

func used(all []sandbox.Usage, wanted bool) []sandbox.Usage {
	return slices.DeleteFunc(slices.Clone(all), func(u sandbox.Usage) bool { return (u.Used > 0) != wanted })
}

// thousand writes a count in groups of three.
func thousand(count int) string {
	text := strconv.Itoa(count)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func plural(count int, one, many string) string {
	if count == 1 {
		return "1 " + one
	}
	return thousand(count) + " " + many
}
