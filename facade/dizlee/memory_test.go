// A journal in memory that can be shared by several lives of a program, and that dies with the life it belongs to.

package dizlee_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
)

// disk is what outlives a process.
type disk struct {
	mu      sync.Mutex
	entries map[facade.Key]*note
}

type note struct {
	facade.Entry
	owner *memory
}

// memory is one owner's view of a disk.
type memory struct {
	*disk
	dead bool
	// fails, if set, says which methods fail.
	fails func(method string) error
}

var _ facade.Journal = (*memory)(nil)

func newMemory() *memory { return &memory{disk: &disk{entries: map[facade.Key]*note{}}} }

// reopened is the journal of the next life; the one before has died.
func (m *memory) reopened() *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dead = true
	return &memory{disk: m.disk}
}

// another is the journal of another living process.
func (m *memory) another() *memory { return &memory{disk: m.disk} }

var errDead = errors.New("this process has died")

func (m *memory) usable(method string) error {
	if m.dead {
		return errDead
	}
	if m.fails != nil {
		return m.fails(method)
	}
	return nil
}

// leasedToOthers reports whether a living owner other than this one has the entry.
func (m *memory) leasedToOthers(n *note) bool {
	return n.owner != nil && n.owner != m && !n.owner.dead
}

func (m *memory) Begin(_ context.Context, intent facade.Intent) (facade.Entry, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable("Begin"); err != nil {
		return facade.Entry{}, false, err
	}
	n, known := m.entries[intent.Key]
	if !known {
		intent.Request = bytes.Clone(intent.Request)
		n = &note{Entry: facade.Entry{Intent: intent, Attempts: intent.Earlier}, owner: m}
		if n.Attempts > 0 {
			n.FirstAttempt = intent.NotedAt
		}
		m.entries[intent.Key] = n
		return n.Entry, true, nil
	}
	entry := n.Entry
	switch {
	case entry.Settlement != nil:
	case m.leasedToOthers(n) || n.owner == m:
		entry.Leased = true
	default:
		n.owner = m
	}
	return entry, false, nil
}

func (m *memory) Attempt(_ context.Context, key facade.Key, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable("Attempt"); err != nil {
		return err
	}
	n, known := m.entries[key]
	switch {
	case !known:
		return facade.ErrNotNoted
	case n.Settlement != nil:
		return facade.ErrSettled
	case m.leasedToOthers(n):
		return facade.ErrLeased
	}
	if n.Attempts == 0 {
		n.FirstAttempt = at
	}
	n.Attempts, n.LastAttempt, n.owner = n.Attempts+1, at, m
	return nil
}

func (m *memory) Settle(_ context.Context, key facade.Key, settlement facade.Settlement) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable("Settle"); err != nil {
		return err
	}
	n, known := m.entries[key]
	switch {
	case !known:
		return facade.ErrNotNoted
	case n.Settlement != nil && n.Settlement.Outcome != settlement.Outcome:
		return facade.ErrSettled
	case n.Settlement != nil:
		return nil
	case settlement.Outcome != facade.OutcomeAccepted && m.leasedToOthers(n):
		return facade.ErrLeased
	}
	settlement.Answer = bytes.Clone(settlement.Answer)
	n.Settlement, n.owner = &settlement, nil
	return nil
}

func (m *memory) Release(_ context.Context, key facade.Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable("Release"); err != nil {
		return err
	}
	n, known := m.entries[key]
	if !known {
		return facade.ErrNotNoted
	}
	if n.owner == m {
		n.owner = nil
	}
	return nil
}

func (m *memory) Get(_ context.Context, key facade.Key) (facade.Entry, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable("Get"); err != nil {
		return facade.Entry{}, false, err
	}
	n, known := m.entries[key]
	if !known {
		return facade.Entry{}, false, nil
	}
	entry := n.Entry
	entry.Leased = m.leasedToOthers(n)
	return entry, true, nil
}

func (m *memory) Open(_ context.Context, scope string, operations ...string) iter.Seq2[facade.Entry, error] {
	return func(yield func(facade.Entry, error) bool) {
		for _, n := range m.inOrder() {
			entry, mine, err := m.lease(n, scope, operations)
			if err != nil {
				yield(facade.Entry{}, err)
				return
			}
			if mine && !yield(entry, nil) {
				return
			}
		}
	}
}

func (m *memory) inOrder() []*note {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Values(m.entries), func(a, b *note) int {
		if c := a.NotedAt.Compare(b.NotedAt); c != 0 {
			return c
		}
		return strings.Compare(a.Reference, b.Reference)
	})
}

func (m *memory) lease(n *note, scope string, operations []string) (facade.Entry, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable("Open"); err != nil {
		return facade.Entry{}, false, err
	}
	if n.Scope != scope || !slices.Contains(operations, n.Operation) || n.Settlement != nil || n.owner == m || m.leasedToOthers(n) {
		return facade.Entry{}, false, nil
	}
	n.owner = m
	return n.Entry, true, nil
}

// noted returns what the package's requests are noted under.
func noted(operation string) facade.Key {
	reference := map[string]string{"Charge": "acme-c-1", "Refund": "acme-r-1", "SendSMS": "acme-s-1"}[operation]
	return facade.Key{Scope: "dizlee http://localhost", Operation: operation, Reference: reference}
}

// entry returns what a journal holds of the package's requests.
func (m *memory) entry(t *testing.T, operation string) facade.Entry {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	n, known := m.entries[noted(operation)]
	require.True(t, known, "the journal holds a %s", operation)
	return n.Entry
}

// only fails a method, and no other.
func only(method string, err error) func(string) error {
	return func(called string) error {
		if called == method {
			return err
		}
		return nil
	}
}
