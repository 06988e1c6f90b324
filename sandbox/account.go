// The distributor's account at DingConnect: its balance, its transfers and what was paid for them.

package sandbox

import (
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/sandbox/internal/catalogue"
)

const accountCurrency = catalogue.AccountCurrency

const (
	// BatchDelay is how long a Batch transfer stays Submitted, and can be cancelled.
	BatchDelay = time.Minute
	// DeferDelay is how long a deferred transfer stays Submitted: it is tried for the first time then.
	DeferDelay = 5 * time.Second
	// DuplicateWindow is how long Prevent Duplicates refuses the reference of a transfer that has succeeded.
	DuplicateWindow = time.Hour
)

// account is safe for concurrent use. Nothing runs in the background: every look at it first does what has come due.
type account struct {
	mu       sync.Mutex
	ids      mint
	balance  money.Decimal
	archive  archive
	pending  []*transfer // in the order in which they come due
	payments []Payment
	// ended are the deferred transfers that have ended since somebody asked for them.
	ended []*transfer
	// failing lists deferred transfers as Failed between their tries.
	failing bool
	// preventing refuses references that are repeated.
	preventing bool
	// changed is sent to when something may come due earlier than before.
	changed chan struct{}
}

func newAccount(balance money.Decimal, ids mint) *account {
	return &account{balance: balance, ids: ids, archive: newArchive(), changed: make(chan struct{}, 1)}
}

// order is a transfer that has been found to be in order, as far as its parameters are concerned.
type order struct {
	offer   *catalogue.Offer
	request ding.SendTransferRequest
	price   ding.Price
	verdict []ding.ErrorCode // how the provider will refuse it; empty if it won't
	test    bool             // to a UatNumber: no money moves
	// correlationID is that of a deferred transfer, and empty for others.
	correlationID string
	mends         bool      // whether a deferred transfer completes after some tries, whatever the verdict
	hidden        time.Time // until when lists leave it out; zero for most
}

// cost is what the transfer takes from the balance.
func (o order) cost() money.Decimal { return o.price.SendValue.Add(o.price.DistributorFee) }

// refusedAtOnce reports whether the verdict is one that does not wait for the provider.
func (o order) refusedAtOnce() bool {
	if len(o.verdict) == 0 {
		return false
	}
	code := o.verdict[0].Code
	return code != codeTransientProviderError && code != codeProviderError
}

// transfer is one transfer that was accepted or refused, but not one whose parameters were at fault.
type transfer struct {
	order
	ref       string
	state     ding.ProcessingState
	codes     []ding.ErrorCode
	started   time.Time
	due       time.Time
	completed time.Time
	paid      bool
	tries     int // how many have failed, and are repeated
}

// send books a transfer and returns it as it stands then. The same DistributorRef makes another transfer, as it does
// at the real service, unless the account is one with Prevent Duplicates: then there are codes, and nothing is booked.
func (a *account) send(o order, at time.Time) (transfer, []ding.ErrorCode) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle(at)
	if a.preventing && a.repeats(o.request.DistributorRef, at) {
		return transfer{}, []ding.ErrorCode{{Code: codeDuplicateTransactionPrevented}}
	}
	t := &transfer{order: o, ref: a.nextRef(), state: ding.ProcessingStateSubmitted, codes: success(), started: at, due: at}
	a.archive.add(t)
	if len(o.verdict) == 0 && !a.affords(o) {
		t.verdict = insufficientBalance()
	}
	switch {
	case t.refusedAtOnce():
		a.finish(t, at)
	case o.offer.Batch():
		a.pay(t, at)
		a.postpone(t, at.Add(BatchDelay))
	case o.deferred():
		a.postpone(t, at.Add(DeferDelay))
	default:
		a.finish(t, at)
	}
	return *t, nil
}

// repeats reports whether a transfer under that reference is in progress, or has succeeded within DuplicateWindow.
func (a *account) repeats(distributorRef string, at time.Time) bool {
	return slices.ContainsFunc(a.archive.byDistributorRef[distributorRef], func(t *transfer) bool {
		switch t.state {
		case ding.ProcessingStateSubmitted, ding.ProcessingStateProcessing:
			return true
		case ding.ProcessingStateComplete:
			return at.Before(t.completed.Add(DuplicateWindow))
		}
		return false
	})
}

func insufficientBalance() []ding.ErrorCode { return []ding.ErrorCode{{Code: codeInsufficientBalance}} }

// nextRef numbers transfers upwards from a number that the seed picks.
func (a *account) nextRef() string {
	const first, span = 100_000_000, 800_000_000
	return strconv.FormatUint(first+a.ids.number(span, "transfer refs")+uint64(len(a.archive.all)), 10)
}

func (a *account) affords(o order) bool { return o.test || a.balance.Cmp(o.cost()) >= 0 }

func (a *account) postpone(t *transfer, due time.Time) {
	t.due = due
	next, _ := slices.BinarySearchFunc(a.pending, due, func(other *transfer, due time.Time) int {
		if other.due.After(due) {
			return 1
		}
		return -1 // those that come due together stay in the order in which they came
	})
	a.pending = slices.Insert(a.pending, next, t)
	a.tellChange()
}

// settle does what has come due, in the order in which it came due.
func (a *account) settle(at time.Time) {
	for len(a.pending) > 0 && !a.pending[0].due.After(at) {
		t := a.pending[0]
		a.pending = a.pending[1:]
		if !a.triesAgain(t) {
			a.finish(t, t.due)
			a.end(t)
		}
	}
}

// finish gives a transfer its final state. An Instant one is paid now; a Batch one was paid before, and gets its money
// back if it fails.
func (a *account) finish(t *transfer, at time.Time) {
	t.completed = at
	if len(t.verdict) == 0 && !t.paid && !a.affords(t.order) {
		t.verdict = insufficientBalance()
	}
	if len(t.verdict) > 0 {
		t.state, t.codes = ding.ProcessingStateFailed, t.verdict
		a.giveBack(t)
		return
	}
	a.pay(t, at)
	t.state, t.codes = ding.ProcessingStateComplete, success()
}

// pay takes the money, once.
func (a *account) pay(t *transfer, at time.Time) {
	if t.test || t.paid {
		return
	}
	t.paid = true
	a.balance = a.balance.Sub(t.cost())
	a.payments = append(a.payments, Payment{
		DistributorRef: t.request.DistributorRef, TransferRef: t.ref,
		SKUCode: t.request.SKUCode, AccountNumber: t.request.AccountNumber,
		Amount: t.cost(), Currency: accountCurrency, At: at,
	})
}

// giveBack undoes pay.
func (a *account) giveBack(t *transfer) {
	if !t.paid {
		return
	}
	t.paid = false
	a.balance = a.balance.Add(t.cost())
	a.payments = slices.DeleteFunc(a.payments, func(p Payment) bool { return p.TransferRef == t.ref })
}

// could reports whether an order could be paid at that moment.
func (a *account) could(o order, at time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle(at)
	return a.affords(o)
}

func (a *account) balanceAt(at time.Time) money.Decimal {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle(at)
	return a.balance
}

func (a *account) paymentsAt(at time.Time) []Payment {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle(at)
	return slices.Clone(a.payments)
}

// enter writes the account's books.
func (a *account) enter(l *Ledger, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle(at)
	l.Balance, l.Payments = a.balance, append([]Payment{}, a.payments...)
}

// page returns one page of the transfers that are searched for, newest first, and whether there are more.
func (a *account) page(by search, at time.Time) (found []transfer, more bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle(at)
	return a.archive.page(by)
}

// cancel stops a Batch transfer that has not been delivered, gives its money back and returns its state.
func (a *account) cancel(id ding.TransferID, at time.Time) (ding.ProcessingState, []ding.ErrorCode) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle(at)
	t, context := a.cancellable(id)
	switch {
	case t == nil:
		return "", []ding.ErrorCode{{Code: codeRequestInvalid, Context: context}}
	case context != "":
		return t.state, []ding.ErrorCode{{Code: codeRequestInvalid, Context: context}}
	}
	a.pending = slices.DeleteFunc(a.pending, func(other *transfer) bool { return other == t })
	a.giveBack(t)
	t.state, t.completed = ding.ProcessingStateCancelled, at
	a.end(t)
	return t.state, success()
}

// cancellable finds the one transfer that is meant, and the context of the refusal if it can't be cancelled.
func (a *account) cancellable(id ding.TransferID) (*transfer, string) {
	meant := a.archive.meant(id)
	switch {
	case len(meant) == 0:
		return nil, contextNoRecordsFound
	case len(meant) > 1:
		return nil, contextMultipleMatched
	case !meant[0].offer.Batch():
		return meant[0], contextInstant
	case meant[0].state != ding.ProcessingStateSubmitted:
		return meant[0], contextNoRecordsFound
	}
	return meant[0], ""
}
