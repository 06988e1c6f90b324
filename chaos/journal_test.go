// A journal that survives crashes, in memory: what is written in the book stays when the process that wrote it dies.

package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/money"
)

// book is the part of the journal that survives: the file.
type book struct {
	mu    sync.Mutex
	pages map[facade.Key]*page
	order []facade.Key
	// hands are the calls of Begin that found another process at work.
	hands []inOtherHands
}

// inOtherHands is a process that was told that another one is at work on an order.
type inOtherHands struct {
	name
	process string
	at      time.Time
}

// page is an entry with its lease.
type page struct {
	facade.Entry
	// owner is who leased it; nil if nobody. A lease ends with its owner.
	owner *process
	// by is the iteration of Open that leased it; nil if a caller of Begin or Attempt did.
	by *iteration
}

type iteration struct{ ended bool }

func newBook() *book { return &book{pages: map[facade.Key]*page{}} }

// atWork reports whether another owner that is alive is at work on it, or another caller of this one.
func (p *page) atWork(self *process) bool {
	if p.owner == nil || p.owner.isDead() {
		return false
	}
	return p.owner != self || p.by == nil || !p.by.ended
}

// seenBy is the entry as a journal's method returns it.
func (p *page) seenBy(self *process) facade.Entry {
	entry := p.Entry
	entry.Leased = p.Settlement == nil && p.atWork(self)
	return entry
}

// entries returns what the book holds.
func (b *book) entries() []facade.Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []facade.Entry
	for _, key := range b.order {
		all = append(all, b.pages[key].seenBy(nil))
	}
	return all
}

// pen is a process's way to the book: [facade.Journal].
type pen struct {
	*book
	self *process
}

var _ facade.Journal = pen{}

var errDisk = errors.New("the disk is full")

// write does one note: it takes its time, may fail, and is lost if the process dies before it.
func (p pen) write(ctx context.Context, before, after step, key facade.Key, note func() error) error {
	w := p.self.world
	fate := w.fateOf(before, key)
	// The pause comes first: callers who have been woken at the same moment pass the step one after the other.
	if !pause(ctx, fate.takes) {
		return ctx.Err()
	}
	if err := p.self.pass(before); err != nil {
		return err
	}
	if fate.fails && !fate.noted {
		w.diary.note(key.Reference, "%s: %s fails", p.self.name, before)
		return errDisk
	}
	p.mu.Lock()
	if p.self.isDead() {
		p.mu.Unlock()
		return errDead
	}
	err := note()
	p.mu.Unlock()
	w.diary.note(key.Reference, "%s: %s: %s", p.self.name, before, orDone(err))
	if err == nil && fate.fails {
		err = errDisk
	}
	if !pause(context.Background(), fate.takes/2+1) {
		return errDead
	}
	return errors.Join(err, p.self.pass(after))
}

func orDone(err error) string {
	if err == nil {
		return "done"
	}
	return err.Error()
}

// Begin is [facade.Journal]'s.
func (p pen) Begin(ctx context.Context, intent facade.Intent) (entry facade.Entry, fresh bool, err error) {
	err = p.write(ctx, stepBegin, stepBegun, intent.Key, func() error {
		held := p.pages[intent.Key]
		if held == nil {
			held = &page{Entry: facade.Entry{Intent: intent, Attempts: intent.Earlier}, owner: p.self}
			if held.Earlier = 0; held.Attempts > 0 {
				held.FirstAttempt, held.LastAttempt = intent.NotedAt, intent.NotedAt
			}
			p.pages[intent.Key], fresh = held, true
			p.order = append(p.order, intent.Key)
			entry = held.Entry
			return nil
		}
		entry = held.seenBy(p.self)
		if entry.Leased && held.owner != p.self && bytes.Equal(held.Request, intent.Request) {
			p.hands = append(p.hands, inOtherHands{name{kind(intent.Operation), intent.Reference}, p.self.name, time.Now()})
		}
		if held.Settlement == nil && bytes.Equal(held.Request, intent.Request) && !entry.Leased {
			held.owner, held.by = p.self, nil
		}
		return nil
	})
	return entry, fresh && err == nil, err
}

// Attempt is [facade.Journal]'s.
func (p pen) Attempt(ctx context.Context, key facade.Key, at time.Time) error {
	return p.write(ctx, stepAttempt, stepAttempted, key, func() error {
		held, err := p.open(key)
		if err != nil {
			return err
		}
		held.owner, held.by = p.self, nil
		held.Attempts++
		held.LastAttempt = at
		if held.FirstAttempt.IsZero() {
			held.FirstAttempt = at
		}
		return nil
	})
}

// Settle is [facade.Journal]'s.
func (p pen) Settle(ctx context.Context, key facade.Key, settlement facade.Settlement) error {
	return p.write(ctx, stepSettle, stepSettled, key, func() error {
		held, err := p.open(key)
		switch {
		case errors.Is(err, facade.ErrSettled) && held.Settlement.Outcome == settlement.Outcome:
			return nil
		case errors.Is(err, facade.ErrLeased) && settlement.Outcome == facade.OutcomeAccepted:
		case err != nil:
			return err
		}
		held.Settlement = &settlement
		held.owner, held.by = nil, nil
		return nil
	})
}

// Release is [facade.Journal]'s.
func (p pen) Release(ctx context.Context, key facade.Key) error {
	return p.write(ctx, stepRelease, stepReleased, key, func() error {
		held := p.pages[key]
		switch {
		case held == nil:
			return facade.ErrNotNoted
		case held.owner == p.self:
			held.owner, held.by = nil, nil
		}
		return nil
	})
}

// open returns the page of an entry that this owner may change, and otherwise the error that says why it may not.
func (p pen) open(key facade.Key) (*page, error) {
	held := p.pages[key]
	switch {
	case held == nil:
		return nil, facade.ErrNotNoted
	case held.Settlement != nil:
		return held, fmt.Errorf("%w, as %s", facade.ErrSettled, held.Settlement.Outcome)
	case held.owner != nil && held.owner != p.self && !held.owner.isDead():
		return held, facade.ErrLeased
	}
	return held, nil
}

// Get is [facade.Journal]'s.
func (p pen) Get(_ context.Context, key facade.Key) (facade.Entry, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.self.isDead() {
		return facade.Entry{}, false, errDead
	}
	held := p.pages[key]
	if held == nil {
		return facade.Entry{}, false, nil
	}
	return held.seenBy(p.self), true, nil
}

// Open is [facade.Journal]'s.
func (p pen) Open(ctx context.Context, scope string, operations ...string) iter.Seq2[facade.Entry, error] {
	return func(yield func(facade.Entry, error) bool) {
		by := &iteration{}
		defer func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			by.ended = true
		}()
		p.mu.Lock()
		order := p.order[:len(p.order):len(p.order)]
		p.mu.Unlock()
		for _, key := range order {
			entry, mine, err := p.lease(key, by, scope, operations)
			if err != nil {
				yield(facade.Entry{}, err)
				return
			}
			// No two entries are leased at the same moment.
			if mine && !(pause(ctx, p.self.world.fateOf(stepLease, key).takes/100+1) && yield(entry, nil)) {
				return
			}
		}
	}
}

// lease takes an open entry for an iteration, if it is one that is asked for and nobody is at work on it.
func (p pen) lease(key facade.Key, by *iteration, scope string, operations []string) (facade.Entry, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.self.isDead() {
		return facade.Entry{}, false, errDead
	}
	held := p.pages[key]
	wanted := false
	for _, operation := range operations {
		wanted = wanted || key.Scope == scope && key.Operation == operation
	}
	if !wanted || held.Settlement != nil || held.atWork(p.self) {
		return facade.Entry{}, false, nil
	}
	held.owner, held.by = p.self, by
	return held.Entry, true, nil
}

// holds reports whether the request under the order's reference is the order's.
func (b *book) holds(o order) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for key, held := range b.pages {
		if key.Operation == string(o.kind) && key.Reference == o.reference {
			return o.isIn(held.Request)
		}
	}
	return false
}

// isIn reports whether a request is for what the order says.
func (o order) isIn(body []byte) bool {
	var request struct {
		SkuCode, AccountNumber, UserID, Receiver string
		SendValue, Amount                        money.Decimal
	}
	if json.Unmarshal(body, &request) != nil {
		return false
	}
	account := request.AccountNumber + request.UserID + request.Receiver
	return account == o.account && request.SendValue.Add(request.Amount).Equal(o.amount) && (o.kind != transfer || request.SkuCode == o.sku)
}
