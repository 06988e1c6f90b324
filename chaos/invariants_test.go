// What must be true of every world once the dust has settled: the books of the sandbox, which know what was really paid,
// against what callers were told and what the journal holds.

package chaos

import (
	"encoding/json"
	"fmt"
	"slices"
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
	// reports are what callers and recoveries were told, in the order of time.
	reports []report
	// entries is the journal after the last recovery; nil if there was none.
	entries []facade.Entry
	// arrivals are the requests that reached the service; nil if nobody has looked.
	arrivals []arrival
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
	account string
	amount  money.Decimal
	at      time.Time
}

// name identifies an order.
type name struct {
	kind      kind
	reference string
}

func (o order) name() name { return name{o.kind, o.reference} }

// paid is the ledger by order.
func (e *evidence) paid() map[name][]payment {
	paid := map[name][]payment{}
	add := func(k kind, reference, account string, amount money.Decimal, at time.Time) {
		paid[name{k, reference}] = append(paid[name{k, reference}], payment{account, amount, at})
	}
	for _, p := range e.ledger.Payments {
		add(transfer, p.DistributorRef, p.AccountNumber, p.Amount, p.At)
	}
	for _, c := range e.ledger.Charges {
		add(charge, c.ChargeRequestID, c.MSISDN, c.Amount, c.At)
	}
	for _, r := range e.ledger.Refunds {
		add(refund, r.RefundRequestID, r.MSISDN, r.Amount, r.At)
	}
	for _, m := range e.ledger.Messages {
		add(message, m.SMSRequestID, m.Receiver, money.Decimal{}, m.At)
	}
	return paid
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
	paid := e.paid()
	for _, r := range e.reports {
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
	return p.account == o.account && (o.amount.IsZero() || o.amount.Equal(p.amount))
}

// unpaidIsNotAccepted: what is accepted was done as ordered, by the moment of the report.
func unpaidIsNotAccepted(e *evidence) []violation {
	var found []violation
	paid := e.paid()
	for _, r := range e.reports {
		if r.outcome != facade.OutcomeAccepted {
			continue
		}
		payments := paid[r.order.name()]
		switch {
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
	case r.gaveUp:
		return "the caller gave up"
	case !r.order.protected():
		return "nothing tells what became of a message, or of a refund of a part"
	case r.order.scripted:
		return "the service itself says that it does not know"
	case len(e.plan.orders) > pagesHold:
		return "the list of transfers does not hand out as much"
	case r.unnoted || e.plan.diskFails > 0:
		return "the journal failed"
	case len(payments) == 0, !payments[0].is(r.order):
		return "there is nothing to be found"
	case payments[0].at.Add(time.Second).After(r.at):
		return "it was paid too late to be found"
	case e.plan.processes > 1 || e.plan.deaths > 0:
		return "another process may have been at work on it"
	case r.order.kind != transfer && e.triesOf(r) > 2:
		return "every repetition was lost too"
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
	paid, noted := e.paid(), map[name]bool{}
	for _, entry := range e.entries {
		of := name{kind(entry.Operation), entry.Reference}
		if !slices.Contains([]kind{transfer, charge, refund, message}, of.kind) {
			continue // a client's own notes
		}
		noted[of] = entry.Attempts > 0
		payments := paid[of]
		switch settlement := entry.Settlement; {
		case settlement == nil:
			if why := e.mustBeSettled(entry, payments); why != "" {
				complain(of.reference, "left open, although %s", why)
			}
			if entry.Leased {
				complain(of.reference, "leased although nobody is at work on it")
			}
		case settlement.Outcome == facade.OutcomeAccepted && len(payments) == 0:
			complain(of.reference, "settled as accepted, and not in the ledger")
		case settlement.Outcome != facade.OutcomeAccepted && len(payments) > 0:
			complain(of.reference, "settled as %s, and in the ledger", settlement.Outcome)
		}
	}
	for of := range paid {
		if !noted[of] {
			complain(of.reference, "%s in the ledger, but no attempt in the journal", of.kind)
		}
	}
	return found
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
