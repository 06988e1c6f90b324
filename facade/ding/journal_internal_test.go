// A journal in memory, for one process that may be replaced by the next, and that can be made to break down.

package ding

import (
	"context"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/airtime-go/airtime/facade"
)

type notebook struct {
	mu      sync.Mutex
	entries map[facade.Key]*facade.Entry
	leased  map[facade.Key]bool
	// fails breaks a method down.
	fails map[string]error
}

func newNotebook() *notebook {
	return &notebook{entries: map[facade.Key]*facade.Entry{}, leased: map[facade.Key]bool{}, fails: map[string]error{}}
}

// crash ends the owner's life: what it had leased is free.
func (n *notebook) crash() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.leased)
}

func (n *notebook) Begin(ctx context.Context, intent facade.Intent) (facade.Entry, bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return facade.Entry{}, false, err
	}
	if err := n.fails["Begin"]; err != nil {
		return facade.Entry{}, false, err
	}
	held := n.entries[intent.Key]
	if held == nil {
		begun := facade.Entry{Intent: intent, Attempts: intent.Earlier}
		if intent.Earlier > 0 {
			begun.FirstAttempt, begun.LastAttempt = intent.NotedAt, intent.NotedAt
		}
		n.entries[intent.Key], n.leased[intent.Key] = &begun, true
		return begun, true, nil
	}
	entry := *held
	if entry.Settlement == nil {
		entry.Leased = n.leased[intent.Key]
		n.leased[intent.Key] = true
	}
	return entry, false, nil
}

// change changes an open entry.
func (n *notebook) change(method string, key facade.Key, change func(*facade.Entry)) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	held := n.entries[key]
	switch {
	case n.fails[method] != nil:
		return n.fails[method]
	case held == nil:
		return facade.ErrNotNoted
	case held.Settlement != nil:
		return facade.ErrSettled
	}
	change(held)
	return nil
}

func (n *notebook) Attempt(_ context.Context, key facade.Key, at time.Time) error {
	return n.change("Attempt", key, func(entry *facade.Entry) {
		if entry.FirstAttempt.IsZero() {
			entry.FirstAttempt = at
		}
		entry.Attempts, entry.LastAttempt = entry.Attempts+1, at
	})
}

func (n *notebook) Settle(_ context.Context, key facade.Key, settlement facade.Settlement) error {
	return n.change("Settle", key, func(entry *facade.Entry) {
		entry.Settlement = &settlement
		delete(n.leased, key)
	})
}

func (n *notebook) Release(_ context.Context, key facade.Key) error {
	return n.change("Release", key, func(*facade.Entry) { delete(n.leased, key) })
}

func (n *notebook) Get(_ context.Context, key facade.Key) (facade.Entry, bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	held := n.entries[key]
	if err := n.fails["Get"]; err != nil || held == nil {
		return facade.Entry{}, false, err
	}
	entry := *held
	entry.Leased = n.leased[key]
	return entry, true, nil
}

func (n *notebook) Open(_ context.Context, scope string, operations ...string) iter.Seq2[facade.Entry, error] {
	return func(yield func(facade.Entry, error) bool) {
		for _, entry := range n.open(scope, operations) {
			if !yield(entry, nil) {
				return
			}
		}
		if err := n.fails["Open"]; err != nil {
			yield(facade.Entry{}, err)
		}
	}
}

func (n *notebook) open(scope string, operations []string) []facade.Entry {
	n.mu.Lock()
	defer n.mu.Unlock()
	var open []facade.Entry
	for key, held := range n.entries {
		if held.Settlement == nil && !n.leased[key] && key.Scope == scope && slices.Contains(operations, key.Operation) {
			n.leased[key] = true
			open = append(open, *held)
		}
	}
	slices.SortFunc(open, func(a, b facade.Entry) int { return strings.Compare(a.Reference, b.Reference) })
	return open
}

// entry returns what the journal holds of a reference; nil if nothing.
func (n *notebook) entry(ref string) *facade.Entry {
	n.mu.Lock()
	defer n.mu.Unlock()
	for key, held := range n.entries {
		if key.Reference == ref {
			entry := *held
			entry.Leased = n.leased[key]
			return &entry
		}
	}
	return nil
}
