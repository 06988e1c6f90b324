// How the clients may behave, whatever it costs or does not cost: what arrived at the service, against who was waiting for
// it and what had been answered before. A second send that happens to do no harm in one world pays twice in another.
//
// The rules are written down here once more, from what the services document, and not taken from the clients' tables.

package chaos

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/airtime-go/airtime/gen/ding"
)

// ask is somebody who waits: for an order, or in a recovery for all that is open.
type ask struct {
	name
	process  string
	recovery bool
	// Nothing may be sent any more after until, when the caller left or was answered; ended is when the call returned.
	began, until, ended time.Time
	// left reports a caller who lost patience before they were answered, died a process that ended first.
	left, died bool
}

// waiting notes somebody who waits, and returns what notes that they do no more. Patience is zero for those who have no end
// of it.
func (w *world) waiting(a ask, p *process, patience time.Duration) (done func()) {
	a.process, a.began = p.name, time.Now()
	return func() {
		a.ended, a.died = time.Now(), p.isDead()
		a.until = a.ended
		if leaves := a.began.Add(patience); patience > 0 && leaves.Before(a.ended) {
			a.until, a.left = leaves, true
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.asks = append(w.asks, a)
	}
}

// grace is how long a call may block after its caller has left.
const grace = 5 * time.Second

// forSomebody: what leaves has somebody who waits for it at that moment, and who left is let go.
func forSomebody(e *evidence) []violation {
	var found []violation
	waitedFor := map[name][]ask{}
	for _, a := range e.asks {
		waitedFor[a.name] = append(waitedFor[a.name], a)
		if a.left && !a.died && a.ended.After(a.until.Add(grace)) {
			found = append(found, violation{reference: a.reference, what: fmt.Sprintf("a caller who left at %s was kept until %s", e.clock(a.until), e.clock(a.ended))})
		}
	}
	for _, came := range e.arrivals {
		of := came.name()
		if !of.kind.isMoney() || came.stranger {
			continue
		}
		there := func(a ask) bool { return !came.sent.Before(a.began) && !came.sent.After(a.until) }
		if !slices.ContainsFunc(waitedFor[of], there) && !slices.ContainsFunc(waitedFor[name{}], there) {
			found = append(found, violation{reference: of.reference, what: fmt.Sprintf("%s was sent at %s, when nobody waited for it", of.kind, e.clock(came.sent))})
		}
	}
	return found
}

// oneRequest: whatever is sent was ordered, and with a journal a reference stands for one request for ever.
func oneRequest(e *evidence) []violation {
	var found []violation
	rivals := map[name]bool{}
	for _, o := range e.plan.orders {
		rivals[o.name()] = o.rival != (other{})
	}
	for of, group := range e.sends() {
		_, ordered := rivals[of.name]
		switch {
		case !ordered:
			found = append(found, violation{reference: of.reference, what: fmt.Sprintf("%s was sent, which nobody has ordered", of.kind)})
		case e.plan.journal && group[0].body != e.sendsOf(of.name)[0].body:
			found = append(found, violation{reference: of.reference, what: fmt.Sprintf("two requests were sent: %s and %s", e.sendsOf(of.name)[0].body, group[0].body)})
		}
	}
	for _, r := range e.reports {
		if r.conflict && !rivals[r.order.name()] {
			found = append(found, violation{reference: r.order.reference, what: "the reference was said to stand for another request, which nobody has made"})
		}
	}
	return found
}

// resendable is how long after the first attempt an absent transfer may be sent again where duplicates are prevented, and
// deadline how long Ding may work on one.
const (
	resendable = 50 * time.Minute
	deadline   = 90 * time.Second
)

// notOnAGuess: what may have been done is not sent again.
func notOnAGuess(e *evidence) []violation {
	var found []violation
	for of, group := range e.sends() {
		doors := 0
		for i, this := range group[1:] {
			before := group[i]
			if why := e.mayFollow(group[0], before, this, &doors); why != "" {
				found = append(found, violation{reference: of.reference, what: fmt.Sprintf("%s was sent again at %s, after the attempt of %s, %s. Answered was: %.300s",
					of.kind, e.clock(this.sent), e.clock(before.sent), why, before.answer)})
			}
		}
		if of.kind == transfer && e.plan.journal && len(group) > e.plan.mostAttempts() {
			found = append(found, violation{reference: of.reference, what: fmt.Sprintf("it was sent %d times", len(group))})
		}
	}
	return found
}

// mayFollow says why a send must not follow the one before; "" if it may. Doors counts the sends after a stale token.
func (e *evidence) mayFollow(first, before, this arrival, doors *int) string {
	of := this.name()
	answered := !before.left.After(this.sent)
	switch {
	case of.kind == charge, of.kind == refund && !before.isPart():
		return "" // the id protects
	case of.kind != transfer:
		if answered && before.status() == "-429" {
			return ""
		}
		return "which nothing protects"
	}
	again, door := before.refused()
	switch {
	case !e.finally.IsZero() && !this.sent.Before(e.finally) && before.sent.Before(e.finally):
		return "" // somebody asked for it: hours later, what is absent was never paid
	case answered && again:
		return ""
	case answered && door && e.plan.oauth:
		if *doors++; *doors > 1 && e.plan.journal {
			return "with a fresh token for the second time"
		}
		return ""
	case !e.plan.preventsDuplicates:
		return "whose answer proves no refusal"
	case !e.plan.journal:
		return "" // the caller may send it as a new one
	case answered && before.coded("DuplicateTransactionPrevented"):
		return "of which the service knows"
	case this.sent.Sub(before.sent) < deadline:
		return "which the service may still work on"
	case this.sent.Sub(first.sent) > resendable:
		return "too late for the service to tell a duplicate"
	}
	return ""
}

// mostAttempts is the retry policy's bound.
func (p plan) mostAttempts() int {
	if p.attempts > 0 {
		return p.attempts
	}
	return 4
}

// request is one request under a reference.
type request struct {
	name
	body string
}

// sends are the arrivals that move something, by request, in the order in which they were sent.
func (e *evidence) sends() map[request][]arrival {
	if e.sent == nil {
		e.sent = map[request][]arrival{}
		for _, came := range e.arrivals {
			if of := came.name(); of.kind.isMoney() && !came.stranger {
				e.sent[request{of, came.body}] = append(e.sent[request{of, came.body}], came)
			}
		}
		for _, group := range e.sent {
			slices.SortFunc(group, func(a, b arrival) int { return a.sent.Compare(b.sent) })
		}
	}
	return e.sent
}

// sendsOf are the sends of the request that came first under a reference.
func (e *evidence) sendsOf(of name) []arrival {
	var first []arrival
	for r, group := range e.sends() {
		if r.name == of && (first == nil || group[0].sent.Before(first[0].sent)) {
			first = group
		}
	}
	return first
}

func (k kind) isMoney() bool { return slices.Contains([]kind{transfer, charge, refund, message}, k) }

func (a arrival) name() name { return name{kind(a.operation), a.reference} }

// isPart reports a refund of a part.
func (a arrival) isPart() bool {
	var request struct{ Amount json.RawMessage }
	return json.Unmarshal([]byte(a.body), &request) == nil && request.Amount != nil
}

// accepts reports a success that nobody can misunderstand, written to its end.
func (a arrival) accepts() bool {
	var answer struct {
		ding.SendTransferResponse
		Status string
	}
	if json.Unmarshal(a.answer, &answer) != nil {
		return false
	}
	record := answer.TransferRecord
	paid := answer.ResultCode == ding.ResultCodeSuccess && record != nil && record.ProcessingState == ding.ProcessingStateComplete
	return !a.strange && (paid || answer.Status == "1")
}

// status is Dizlee's, if the answer was written to its end.
func (a arrival) status() string {
	var answer struct{ Status string }
	_ = json.Unmarshal(a.answer, &answer) // what cannot be read has none
	return answer.Status
}

// refused reports whether Ding's answer, written to its end, proves that the attempt paid nothing and may be made again;
// door that it may with fresh credentials.
func (a arrival) refused() (again, door bool) {
	var answer ding.SendTransferResponse
	if json.Unmarshal(a.answer, &answer) != nil || a.coded("DuplicateTransactionPrevented") {
		return false, false
	}
	failed := false
	if record := answer.TransferRecord; record != nil {
		failed = record.ProcessingState == ding.ProcessingStateFailed || record.ProcessingState == ding.ProcessingStateCancelled
		if !failed && record.ProcessingState != "" {
			return false, false
		}
	}
	only := func(code string) bool {
		return len(answer.ErrorCodes) > 0 && !slices.ContainsFunc(answer.ErrorCodes, func(c ding.ErrorCode) bool { return c.Code != code })
	}
	for _, c := range answer.ErrorCodes {
		if c.Context == "TransactionStillInProgress" || c.Context == "ProviderTimedOut" {
			return false, false
		}
	}
	switch answer.ResultCode {
	case ding.ResultCodeTransientError:
		return failed || only("RateLimited"), false
	case ding.ResultCodeClientError:
		return false, only("AuthenticationFailed")
	}
	return false, false
}

func (a arrival) coded(code string) bool {
	var answer struct{ ErrorCodes []ding.ErrorCode }
	_ = json.Unmarshal(a.answer, &answer) // what cannot be read has none
	return slices.ContainsFunc(answer.ErrorCodes, func(c ding.ErrorCode) bool { return c.Code == code })
}
