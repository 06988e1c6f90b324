// What must be true of every world once the dust has settled: the books of the sandbox, which know what was really paid,
// against what callers were told and what the journal holds.

package chaos

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/sandbox"
)

// evidence is all that is judged.
type evidence struct {
	plan plan
	// ledger is what was really done.
	ledger sandbox.Ledger
	// reports are what callers and recoveries were told, in the order of time, and asks all who waited for something.
	reports []report
	asks    []ask
	// entries is the journal after the last recovery; nil if there was none. leased is it before that, when everybody who
	// lived had gone idle.
	entries, leased []facade.Entry
	// hands are the answers of the journal that an order is in other hands.
	hands []inOtherHands
	// arrivals are the requests that reached the service; nil if nobody has looked.
	arrivals []arrival
	// finally is when what was absent was sent at last; zero if nobody did.
	finally time.Time
	// sent is the arrivals by request, made by sends.
	sent map[request][]arrival
	// failed reports whether the service lists nothing but failures under a transfer's reference.
	failed func(reference string) bool
	// history tells what happened to a reference.
	history func(reference string) string

	deaths, struck int
}

// violation is an invariant that does not hold for a reference.
type violation struct {
	rule, reference, what string
}

// invariants are the whole of what chaos proves.
var invariants = []struct {
	rule  string
	check func(*evidence) []violation
}{
	{"nobody pays twice", paidOnce},
	{"what was paid is never reported as refused", paidIsNotRefused},
	{"what was not paid is never reported as accepted", unpaidIsNotAccepted},
	{"every unknown is one that the table allows", unknownsAreAllowed},
	{"the journal and the ledger agree", booksAgree},
	{"nothing is sent again on a guess", notOnAGuess},
	{"nothing is sent unless somebody waits for it, and who leaves is let go", forSomebody},
	{"a reference stands for one request", oneRequest},
	{"what somebody else is at work on is left alone", leasesAreKept},
}

// judge holds the evidence against every invariant.
func (e *evidence) judge() []violation {
	var all []violation
	for _, i := range invariants {
		for _, v := range i.check(e) {
			v.rule = i.rule
			all = append(all, v)
		}
	}
	return all
}

// payment is an entry of the ledger, whatever it is for.
type payment struct {
	sku, account string
	amount       money.Decimal
	at           time.Time
}

// name identifies an order.
type name struct {
	kind      kind
	reference string
}

func (o order) name() name { return name{o.kind, o.reference} }

// paid is the ledger by order, without what the strangers did.
func (e *evidence) paid() map[name][]payment {
	paid, _ := e.payments()
	return paid
}

// payments is the ledger by order, and what strangers did under the same references.
func (e *evidence) payments() (own, strange map[name][]payment) {
	own, strange = map[name][]payment{}, map[name][]payment{}
	strangers := map[name]order{}
	for _, o := range e.plan.orders {
		if o.stranger != (other{}) {
			strangers[o.name()] = o.as(o.stranger)
		}
	}
	add := func(of name, p payment) {
		if o, known := strangers[of]; known && p.is(o) {
			strange[of] = append(strange[of], p)
			return
		}
		own[of] = append(own[of], p)
	}
	for _, p := range e.ledger.Payments {
		add(name{transfer, p.DistributorRef}, payment{p.SKUCode, p.AccountNumber, p.Amount, p.At})
	}
	for _, c := range e.ledger.Charges {
		add(name{charge, c.ChargeRequestID}, payment{"", c.MSISDN, c.Amount, c.At})
	}
	for _, r := range e.ledger.Refunds {
		add(name{refund, r.RefundRequestID}, payment{"", r.MSISDN, r.Amount, r.At})
	}
	for _, m := range e.ledger.Messages {
		add(name{message, m.SMSRequestID}, payment{"", m.Receiver, money.Decimal{}, m.At})
	}
	return own, strange
}

// paidOnce: no reference has two entries in the ledger, and no charge is refunded beyond its amount.
func paidOnce(e *evidence) []violation {
	var found []violation
	for of, payments := range e.paid() {
		if len(payments) > 1 {
			found = append(found, violation{reference: of.reference, what: fmt.Sprintf("%s was done %d times", of.kind, len(payments))})
		}
	}
	for _, c := range e.ledger.Charges {
		if c.Refunded.Cmp(c.Amount) > 0 {
			found = append(found, violation{reference: c.ChargeRequestID, what: fmt.Sprintf("%s of %s were refunded", c.Refunded, c.Amount)})
		}
	}
	return found
}

// paidIsNotRefused: refused means that it was never done, and temporary that nothing which had left by then did it.
func paidIsNotRefused(e *evidence) []violation {
	var found []violation
	paid, strange := e.payments()
	for _, r := range e.reports {
		if sends := e.sendsOf(r.order.name()); r.outcome == facade.OutcomeRefused && len(strange[r.order.name()]) > 0 && len(sends) == 1 && sends[0].status() == "-305" {
			found = append(found, violation{reference: r.order.reference, what: "reported as refused, since the id was used before; but what was done under it may stand"})
		}
		payments := paid[r.order.name()]
		if len(payments) == 0 || !payments[0].is(r.order) {
			continue
		}
		switch {
		case r.again && !r.prevented:
			// It speaks of that call alone.
		case r.outcome == facade.OutcomeRefused,
			r.outcome == facade.OutcomeTemporary && e.hadLeft(r, payments[0]):
			found = append(found, violation{reference: r.order.reference, what: fmt.Sprintf("paid at %s, and reported as %s by %s (%s)", e.clock(payments[0].at), r.outcome, r.by, r.text)})
		}
	}
	return found
}

// hadLeft reports whether the request that made the payment had arrived when the report was made.
func (e *evidence) hadLeft(r report, p payment) bool {
	if e.arrivals == nil {
		return true
	}
	for _, came := range e.arrivals {
		made := came.subject == subject{string(r.order.kind), r.order.reference} && came.at.Before(p.at.Add(time.Second)) && !came.left.Before(p.at)
		if made && !came.at.Before(r.at) {
			return false
		}
	}
	return true
}

// is reports whether the payment is what the order asks for.
func (p payment) is(o order) bool {
	return (o.kind != transfer || p.sku == o.sku) && p.account == o.account && (o.amount.IsZero() || o.amount.Equal(p.amount))
}

// unpaidIsNotAccepted: what is accepted was done as ordered, by the moment of the report.
func unpaidIsNotAccepted(e *evidence) []violation {
	var found []violation
	paid, strange := e.payments()
	for _, r := range e.reports {
		if r.outcome != facade.OutcomeAccepted {
			continue
		}
		payments := paid[r.order.name()]
		switch {
		case len(payments) == 0 && e.believesDuplicates(r.order.name(), paid, strange):
		case len(payments) == 0:
			found = append(found, violation{reference: r.order.reference, what: fmt.Sprintf("reported as accepted by %s, and not in the ledger", r.by)})
		case !payments[0].is(r.order) && r.duplicate && e.triesOf(r) > 1:
			// An id that is used twice, and a lost attempt: the documented risk of believing in duplicates.
		case !payments[0].is(r.order):
			found = append(found, violation{reference: r.order.reference, what: fmt.Sprintf("accepted for %s %s, but %s %s was paid", r.order.account, r.order.amount, payments[0].account, payments[0].amount)})
		case !r.at.IsZero() && payments[0].at.After(r.at):
			found = append(found, violation{reference: r.order.reference, what: fmt.Sprintf("accepted by %s before it was paid at %s", r.by, e.clock(payments[0].at))})
		}
	}
	return found
}

// believesDuplicates reports an id that was used by a stranger, or a charge that was refunded under another id, and a lost
// attempt: the documented risk of taking a duplicate's refusal for the proof that the lost attempt went through. It is none
// after a first attempt whose answer told.
func (e *evidence) believesDuplicates(of name, paid, strange map[name][]payment) bool {
	done, code := strange[of], "-305"
	if of.kind == refund {
		done, code = paid[of.sibling()], "-320"
	}
	sends := e.sendsOf(of)
	switch {
	case len(done) == 0 || len(sends) == 0 || e.plan.duplicateAsUnknown:
		return false
	case len(sends) == 1:
		return e.plan.deaths > 0 // the first, which was noted, never left
	}
	return sends[0].status() != code || !e.wasSeen(sends[0])
}

// wasSeen reports that an answer came while the client that had asked was alive and waiting, for sure, and could be noted.
func (e *evidence) wasSeen(a arrival) bool {
	return a.left.Sub(a.sent) < grace-time.Second && e.plan.deaths == 0 && e.plan.diskFails == 0
}

// again marks the second of two refunds of one charge.
const again = "-again"

// sibling is the other refund of the same charge.
func (n name) sibling() name {
	if first, second := strings.CutSuffix(n.reference, again); second {
		return name{n.kind, first}
	}
	return name{n.kind, n.reference + again}
}

// unknownsAreAllowed: nobody is left without an answer that could have been had.
func unknownsAreAllowed(e *evidence) []violation {
	var found []violation
	paid := e.paid()
	for _, r := range e.reports {
		if r.outcome == facade.OutcomeUnknown && e.excuse(r, paid[r.order.name()]) == "" {
			found = append(found, violation{reference: r.order.reference, what: fmt.Sprintf("%s said unknown without a reason: %s", r.by, r.text)})
		}
	}
	return found
}

// pagesHold is how many transfers the list hands out: Skip ends at 500, and Take at 100.
const pagesHold = 600

// excuse says why nobody could know; "" if somebody could.
func (e *evidence) excuse(r report, payments []payment) string {
	switch {
	case r.by == byValidating:
		return ""
	case r.gaveUp && !e.hadCompany(r) && e.wasToldInTime(r):
		return ""
	case r.gaveUp:
		return "the caller gave up"
	case !r.order.protected():
		return "nothing tells what became of a message, or of a refund of a part"
	case r.order.scripted:
		return "the service itself says that it does not know"
	case e.plan.viewOf(r.order.reference) > slowly:
		return "the list does not tell"
	case len(e.plan.orders) > pagesHold:
		return "the list of transfers does not hand out as much"
	case r.unnoted:
		return "the journal failed"
	case r.order.kind == transfer && !e.lookedLongEnough(r) && !e.hadCompany(r):
		return ""
	case len(payments) == 0, !payments[0].is(r.order):
		return "there is nothing to be found"
	case payments[0].at.Add(time.Second).After(r.at):
		return "it was paid too late to be found"
	case e.plan.deaths > 0 || e.hadCompany(r):
		return "another process may have been at work on it"
	case r.order.kind != transfer && e.triesOf(r) > 2:
		return "every repetition was lost too"
	case r.order.kind != transfer && e.plan.strange > 0:
		return "the service may have said something that is none of its codes"
	case e.plan.diskFails > 0 && e.triesOf(r) == 0:
		return "a lease could not be given up"
	case r.order.kind == refund && e.plan.duplicateAsUnknown, r.order.kind == charge && e.plan.duplicateAsUnknown:
		return "a duplicate counts as unknown"
	}
	for _, f := range e.plan.faults {
		if f.Kind == sandbox.HideRecords || f.Operation == "ListTransferRecords" || f.Service == sandbox.ServiceToken || f.Kind == sandbox.Delay {
			return "the look-up may have failed, or have found nothing yet"
		}
	}
	return ""
}

// lookedLongEnough reports whether a transfer was looked for until Ding could not be working on any attempt that had left.
func (e *evidence) lookedLongEnough(r report) bool {
	return !slices.ContainsFunc(e.arrivals, func(came arrival) bool {
		return came.name() == r.order.name() && !came.stranger && came.sent.Before(r.at) && r.at.Sub(came.sent) < deadline
	})
}

// attemptTimeout is how long an attempt that moves money may take.
const attemptTimeout = 2 * time.Minute

// wasToldInTime reports that the service said yes within the grace of a caller who had left, which is what the grace is for.
func (e *evidence) wasToldInTime(r report) bool {
	sends := e.sendsOf(r.order.name())
	if len(sends) != 1 || sends[0].left.After(r.at) || sends[0].left.Sub(sends[0].sent) > attemptTimeout-time.Second || !sends[0].accepts() || !r.order.isIn([]byte(sends[0].body)) {
		return false
	}
	return slices.ContainsFunc(e.asks, func(a ask) bool {
		mine := a.name == r.order.name() && a.process == r.process && a.began.Equal(r.began) && a.ended.Equal(r.at)
		return mine && a.left && a.began.Before(sends[0].sent) && a.until.Add(grace-time.Second).After(sends[0].left)
	})
}

// hadCompany reports whether another process was at work on the order meanwhile: since the first of those asked who got this
// answer together. Who came later shares what was begun for the first, with the company that the first had.
func (e *evidence) hadCompany(r report) bool {
	began := r.began
	for _, a := range e.asks {
		if a.process == r.process && a.name == r.order.name() && a.ended.Equal(r.at) && a.began.Before(began) {
			began = a.began
		}
	}
	return slices.ContainsFunc(e.asks, func(a ask) bool {
		return a.process != r.process && (a.recovery || a.name == r.order.name()) && a.began.Before(r.at) && a.ended.After(began)
	})
}

// triesOf is how many requests of an order arrived while a caller waited for what was reported.
func (e *evidence) triesOf(r report) int {
	tries := 0
	for _, came := range e.arrivals {
		if came.subject == (subject{string(r.order.kind), r.order.reference}) && came.at.After(r.began) && !came.at.After(r.at) {
			tries++
		}
	}
	return tries
}

// booksAgree: what the journal holds as settled is so, what was paid is in the journal, and what is still open after the
// last recovery, with all faults gone, is only what nobody can know.
func booksAgree(e *evidence) []violation {
	if e.entries == nil {
		return nil
	}
	var found []violation
	complain := func(reference, format string, args ...any) {
		found = append(found, violation{reference: reference, what: fmt.Sprintf(format, args...)})
	}
	paid, strange := e.payments()
	noted := map[name]bool{}
	for _, entry := range e.entries {
		of := name{kind(entry.Operation), entry.Reference}
		if !slices.Contains([]kind{transfer, charge, refund, message}, of.kind) {
			continue // a client's own notes
		}
		if bytes.Contains(entry.Request, []byte(`"ValidateOnly":true`)) {
			complain(of.reference, "a validation is in the journal")
		}
		noted[of] = entry.Attempts > 0
		if n := e.arrived(of, entry.Request); n > entry.Attempts {
			complain(of.reference, "it arrived %d times, of which %d are noted", n, entry.Attempts)
		}
		payments := paid[of]
		switch settlement := entry.Settlement; {
		case settlement == nil:
			if why := e.mustBeSettled(entry, payments); why != "" {
				complain(of.reference, "left open, although %s", why)
			}
		case settlement.Outcome == facade.OutcomeAccepted && len(payments) == 0 && e.believesDuplicates(of, paid, strange):
		case settlement.Outcome == facade.OutcomeAccepted && len(payments) == 0:
			complain(of.reference, "settled as accepted, and not in the ledger")
		case settlement.Outcome != facade.OutcomeAccepted && len(payments) > 0:
			complain(of.reference, "settled as %s, and in the ledger", settlement.Outcome)
		}
	}
	for of := range paid {
		if !noted[of] && !e.plan.begunBefore(of) {
			complain(of.reference, "%s in the ledger, but no attempt in the journal", of.kind)
		}
	}
	for _, entry := range e.leased {
		if entry.Leased && e.plan.diskFails == 0 {
			complain(entry.Reference, "%s is leased, although nobody is at work on it", entry.Operation)
		}
	}
	return found
}

// leasesAreKept: who is told by the journal that somebody else is at work on an order says nothing of it but what that one
// has settled.
func leasesAreKept(e *evidence) []violation {
	settled := map[name]*facade.Settlement{}
	for _, entry := range e.entries {
		settled[name{kind(entry.Operation), entry.Reference}] = entry.Settlement
	}
	var found []violation
	for _, r := range e.reports {
		told := func(h inOtherHands) bool {
			return h.name == r.order.name() && h.process == r.process && !h.at.Before(r.began) && !h.at.After(r.at)
		}
		if r.outcome != facade.OutcomeRefused && r.outcome != facade.OutcomeTemporary || r.by == byRecovery || !slices.ContainsFunc(e.hands, told) {
			continue
		}
		if s := settled[r.order.name()]; s == nil || s.Outcome != r.outcome || s.SettledAt.After(r.at) {
			found = append(found, violation{reference: r.order.reference, what: fmt.Sprintf("%s said %s while another process was at work on it", r.by, r.outcome)})
		}
	}
	return found
}

// arrived counts the arrivals of a request.
func (e *evidence) arrived(of name, body []byte) int {
	n := 0
	for r, group := range e.sends() {
		if r.name == of && sameJSON([]byte(r.body), body) {
			n += len(group)
		}
	}
	return n
}

func sameJSON(a, b []byte) bool {
	var one, two any
	return json.Unmarshal(a, &one) == nil && json.Unmarshal(b, &two) == nil && reflect.DeepEqual(one, two)
}

// mustBeSettled says why an open entry should have been settled by the last recovery; "" if it should not.
func (e *evidence) mustBeSettled(entry facade.Entry, payments []payment) string {
	switch kind(entry.Operation) {
	case transfer:
		switch {
		case len(payments) > 0:
			return "it is in the list of transfers, as paid"
		case entry.Attempts == 0:
			return "it never left"
		case entry.Attempts == 1 && e.failed(entry.Reference):
			return "it is in the list of transfers, as failed"
		}
	case charge:
		if len(payments) > 0 && !e.plan.duplicateAsUnknown {
			return "a repetition would have told that it was charged"
		}
	case refund:
		var request struct{ Amount *money.Decimal }
		if json.Unmarshal(entry.Request, &request) == nil && request.Amount == nil && len(payments) > 0 && !e.plan.duplicateAsUnknown {
			return "a repetition would have told that it was refunded"
		}
	case message:
	}
	if entry.Attempts == 0 {
		return "it never left"
	}
	return ""
}

// clock is a moment as histories have it.
func (e *evidence) clock(at time.Time) string { return at.Sub(bubbleBegins).String() }

// bubbleBegins is when virtual time begins.
var bubbleBegins = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)
