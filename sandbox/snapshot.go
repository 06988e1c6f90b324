// A snapshot: everything that a person wants to see of a sandbox at once, the newest first.

package sandbox

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/wire"
)

// Snapshot is one look at a sandbox, as [Sandbox.Snapshot] takes it. Each of its parts is as of one moment.
type Snapshot struct {
	At       time.Time // by the sandbox's clock
	Balance  money.Decimal
	Currency string // of the balance, ISO 4217

	Transfers  Newest[Transfer]
	Charges    Newest[Charge]
	Refunds    Newest[Refund]
	Messages   Newest[Message]
	Tokens     Newest[Token]
	Deliveries Newest[Delivery]

	// Faults are those in force, and those that have struck for the last time, oldest first.
	Faults []FaultStatus
	// Usage is empty for a sandbox [WithoutUsageLimits].
	Usage []Usage
	// Receivers has the origin of the URL of each receiver, such as https://localhost:8443, and no entry where there is none.
	Receivers map[Callback]string
}

// Newest is the end of a list.
type Newest[T any] struct {
	Items []T // newest first
	Total int // how many the list has
}

// Transfer is a transfer that was accepted, or refused for other reasons than its parameters.
type Transfer struct {
	ding.TransferRecord
	Codes []ding.ErrorCode // why it failed; empty otherwise
	// Paid tells that money has left the account for it, and has not come back.
	Paid     bool
	Test     bool // it went to a UatNumber, so no money moves
	Deferred bool
}

// Token is an access token that was issued, as far as it may be shown.
type Token struct {
	ID      string // its jti
	Tail    string // its last characters
	Issued  time.Time
	Expires time.Time
}

// Usage is how much of a method's limit is used up.
type Usage struct {
	Method string // the operation, and apart from it "SendTransfer (Validate Only)"
	Used   int    // requests that count at present
	Limit  int    // how many may
	// Frees is when the oldest request that counts no longer does, which is when there is room again if there is none; zero
	// if no request counts.
	Frees time.Time
}

// Snapshot returns what there is to be seen, of each list that grows so many of the newest.
func (s *Sandbox) Snapshot(newest int) Snapshot {
	taken := Snapshot{
		At: now(s.settings.clock), Currency: accountCurrency, Faults: s.Faults(), Usage: s.dingServer.usage.list(),
		Tokens: s.identity.shown.newest(newest), Deliveries: s.courier.newest(newest), Receivers: map[Callback]string{},
	}
	taken.Balance, taken.Transfers = s.dingServer.newest(newest, taken.At)
	s.operator.show(&taken, newest)
	for _, callback := range []Callback{CallbackNotification, CallbackSMSMO} {
		if origin := s.courier.destination(callback); origin != "" {
			taken.Receivers[callback] = origin
		}
	}
	return taken
}

// FaultKinds returns all kinds of faults.
func FaultKinds() []FaultKind { return slices.Clone(faultKinds) }

// Operations returns the operations of a service by their names in the specification, sorted, as Fault.Operation takes them.
func Operations(of Service) []string {
	var names []string
	for _, e := range endpoints() {
		if e.service == of {
			names = append(names, e.operation)
		}
	}
	slices.Sort(names)
	return names
}

// lastOf returns the end of a list, made fit to be shown.
func lastOf[T, S any](all []T, most int, show func(T) S) Newest[S] {
	last := Newest[S]{Items: make([]S, 0, min(most, len(all))), Total: len(all)}
	for _, item := range slices.Backward(all) {
		if len(last.Items) == most {
			break
		}
		last.Items = append(last.Items, show(item))
	}
	return last
}

func asItIs[T any](item T) T { return item }

// newest returns the balance and the latest transfers.
func (s *dingServer) newest(most int, at time.Time) (money.Decimal, Newest[Transfer]) {
	a := s.account
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle(at)
	return a.balance, lastOf(a.archive.all, most, s.transfer)
}

func (s *dingServer) transfer(t *transfer) Transfer {
	written := s.record(*t)
	shown := Transfer{TransferRecord: written.TransferRecord, Paid: t.paid, Test: t.test, Deferred: t.deferred()}
	shown.ReceiptParams = written.ReceiptParams
	if written.ReceiptText != nil {
		shown.ReceiptText = wire.ReceiptText(*written.ReceiptText)
	}
	if t.state == ding.ProcessingStateFailed {
		shown.Codes = slices.Clone(t.codes)
	}
	return shown
}

// show writes the operator's part.
func (o *operator) show(into *Snapshot, most int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	into.Charges = lastOf(o.charges, most, func(c *Charge) Charge { return *c })
	into.Refunds = lastOf(o.refunds, most, asItIs[Refund])
	into.Messages = lastOf(o.messages, most, asItIs[Message])
}

func (c *courier) newest(most int) Newest[Delivery] {
	c.mu.Lock()
	defer c.mu.Unlock()
	return lastOf(c.all, most, (*delivery).copied)
}

// list returns the state of every limit, by method.
func (u *usage) list() []Usage {
	u.mu.Lock()
	defer u.mu.Unlock()
	at := u.clock()
	var all []Usage
	for method, limit := range u.limits {
		state := Usage{Method: method, Limit: limit}
		for _, counted := range slices.Backward(u.counts[method]) {
			if !at.Before(counted.Add(usageWindow)) {
				break
			}
			state.Used++
			state.Frees = counted.Add(usageWindow)
		}
		all = append(all, state)
	}
	slices.SortFunc(all, func(a, b Usage) int { return cmp.Compare(a.Method, b.Method) })
	return all
}

// tokensShown is how many tokens are remembered, and tokenTail how much of each.
const tokensShown, tokenTail = 100, 6

// tokenBook remembers the latest tokens for those who look at them; recognising one takes no book.
type tokenBook struct {
	mu     sync.Mutex
	total  int
	latest []Token
}

func (b *tokenBook) note(token string, id string, issued, expires time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.total++
	if len(b.latest) == tokensShown {
		b.latest = slices.Delete(b.latest, 0, 1)
	}
	b.latest = append(b.latest, Token{ID: id, Tail: token[len(token)-tokenTail:], Issued: issued.UTC(), Expires: expires.UTC()})
}

func (b *tokenBook) newest(most int) Newest[Token] {
	b.mu.Lock()
	defer b.mu.Unlock()
	last := lastOf(b.latest, most, asItIs[Token])
	last.Total = b.total
	return last
}
