// A journal in memory that keeps the promises of facade.Journal, leases included, and can be made to break down: what the
// tests of this package note in.

package settle_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/airtime-go/airtime/facade"
)

// shelf is the file that several journals share.
type shelf struct {
	mu      sync.Mutex
	entries map[facade.Key]*noted
	dead    map[*memory]bool
}

func newShelf() *shelf { return &shelf{entries: map[facade.Key]*noted{}, dead: map[*memory]bool{}} }

type noted struct {
	facade.Entry
	owner *memory
	// by is the iteration that leased it; nil if a caller did.
	by *iteration
}

type iteration struct{ ended bool }

// memory is one owner's journal.
type memory struct {
	*shelf
	// step, if set, comes before every method: a crash ends the goroutine in it.
	step func()
	// takes, if set, says how long a method takes. What has begun is not called off.
	takes func(method string) time.Duration
	// fault, if set, says how the method breaks down: before it has done anything, or after.
	fault func(method string) (before, after error)
	// clock, if set, is what this owner takes for the time.
	clock func() time.Time
	// uncounting leaves the earlier attempts of an intent out of account.
	uncounting bool
}

func (s *shelf) owner() *memory { return &memory{shelf: s} }

// die ends the owner's life: its leases are free.
func (m *memory) die() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dead[m] = true
}

var errDisk = errors.New("the disk is full")

// with runs a method under the lock, with what may go wrong around it.
func (m *memory) with(ctx context.Context, method string, do func() error) error {
	if m.step != nil {
		m.step()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.takes != nil {
		time.Sleep(m.takes(method))
	}
	var before, after error
	if m.fault != nil {
		before, after = m.fault(method)
	}
	if before != nil {
		return before
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return cmp.Or(do(), after)
}

// atWork reports whether somebody alive works on the entry: another owner, or another caller of this one.
func (m *memory) atWork(n *noted) bool {
	switch {
	case n.owner == nil || m.dead[n.owner]:
		return false
	case n.owner != m:
		return true
	}
	return n.by == nil || !n.by.ended
}

func (m *memory) Begin(ctx context.Context, intent facade.Intent) (entry facade.Entry, fresh bool, err error) {
	err = m.with(ctx, "Begin", func() error {
		held := m.entries[intent.Key]
		switch {
		case held == nil:
			fresh = true
			held = &noted{Entry: facade.Entry{Intent: intent}, owner: m}
			if intent.Earlier > 0 && !m.uncounting {
				held.Attempts, held.FirstAttempt, held.LastAttempt = intent.Earlier, intent.NotedAt, intent.NotedAt
			}
			m.entries[intent.Key] = held
			entry = held.Entry
			return nil
		case held.Settlement == nil && !m.atWork(held) && bytes.Equal(held.Request, intent.Request):
			held.owner, held.by = m, nil
			entry = held.Entry
			return nil
		}
		entry = held.Entry
		entry.Leased = held.Settlement == nil && m.atWork(held)
		return nil
	})
	return entry, fresh && err == nil, err
}

func (m *memory) Attempt(ctx context.Context, key facade.Key, at time.Time) error {
	if m.clock != nil {
		at = m.clock()
	}
	return m.with(ctx, "Attempt", func() error {
		held := m.entries[key]
		switch {
		case held == nil:
			return facade.ErrNotNoted
		case held.Settlement != nil:
			return facade.ErrSettled
		case held.owner != nil && held.owner != m && !m.dead[held.owner]:
			return facade.ErrLeased
		}
		held.owner, held.by = m, nil
		held.Attempts++
		if held.FirstAttempt.IsZero() {
			held.FirstAttempt = at
		}
		held.LastAttempt = at
		return nil
	})
}

func (m *memory) Settle(ctx context.Context, key facade.Key, settlement facade.Settlement) error {
	return m.with(ctx, "Settle", func() error {
		held := m.entries[key]
		switch {
		case held == nil:
			return facade.ErrNotNoted
		case held.Settlement != nil && held.Settlement.Outcome != settlement.Outcome:
			return facade.ErrSettled
		case held.Settlement != nil:
			return nil
		case settlement.Outcome != facade.OutcomeAccepted && held.owner != nil && held.owner != m && !m.dead[held.owner]:
			return facade.ErrLeased
		}
		held.Settlement, held.owner, held.by = &settlement, nil, nil
		return nil
	})
}

func (m *memory) Release(ctx context.Context, key facade.Key) error {
	return m.with(ctx, "Release", func() error {
		held := m.entries[key]
		if held == nil {
			return facade.ErrNotNoted
		}
		if held.Settlement == nil && held.owner == m {
			held.owner, held.by = nil, nil
		}
		return nil
	})
}

func (m *memory) Get(ctx context.Context, key facade.Key) (entry facade.Entry, found bool, err error) {
	err = m.with(ctx, "Get", func() error {
		held := m.entries[key]
		if held == nil {
			return nil
		}
		entry, found = held.Entry, true
		entry.Leased = held.Settlement == nil && m.atWork(held)
		return nil
	})
	return entry, found, err
}

func (m *memory) Open(ctx context.Context, scope string, operations ...string) iter.Seq2[facade.Entry, error] {
	return func(yield func(facade.Entry, error) bool) {
		current := &iteration{}
		defer func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			current.ended = true
		}()
		for _, key := range m.keys(scope, operations) {
			var entry facade.Entry
			free := false
			err := m.with(ctx, "Open", func() error {
				held := m.entries[key]
				if free = held.Settlement == nil && !m.atWork(held); free {
					held.owner, held.by = m, current
					entry = held.Entry
				}
				return nil
			})
			if err != nil {
				yield(facade.Entry{}, err)
				return
			}
			if free && !yield(entry, nil) {
				return
			}
		}
	}
}

func (m *memory) keys(scope string, operations []string) []facade.Key {
	m.mu.Lock()
	defer m.mu.Unlock()
	var keys []facade.Key
	for key := range m.entries {
		if key.Scope == scope && slices.Contains(operations, key.Operation) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b facade.Key) int {
		return cmp.Or(m.entries[a].NotedAt.Compare(m.entries[b].NotedAt), cmp.Compare(a.Reference, b.Reference))
	})
	return keys
}

// entry returns what the shelf holds, past all leases.
func (s *shelf) entry(key facade.Key) (facade.Entry, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if held := s.entries[key]; held != nil {
		return held.Entry, true
	}
	return facade.Entry{}, false
}

// leased reports whether a living owner holds the entry.
func (s *shelf) leased(key facade.Key) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.entries[key]
	return held != nil && held.Settlement == nil && held.owner != nil && !s.dead[held.owner]
}
