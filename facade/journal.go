package facade

import (
	"context"
	"errors"
	"iter"
	"time"
)

// Journal notes durably what is about to be sent, and what became of it, so that a process that is killed between the
// two can find out afterwards. Package journal/sqlite is the one to use; an implementation of your own must keep the
// promises below, since money depends on them. All methods must be safe for concurrent use, also by several processes.
type Journal interface {
	// Begin notes an intent before a byte of it leaves, with its Earlier attempts as attempts of the entry, in one step. It
	// returns only once the note would survive a crash of the machine; if it fails, the note may be there or not, and
	// nothing may be sent. A fresh entry is leased to this journal's owner. If the journal already holds the key, nothing is
	// noted, and the entry that it holds is returned with fresh false; the caller must not send then. If that entry is open
	// and its request is the same, it is either leased to this owner now, so that the caller may find out and settle or
	// release it, or it says Leased and is to be left alone. A different request leases nothing.
	Begin(ctx context.Context, intent Intent) (entry Entry, fresh bool, err error)
	// Attempt notes, as durably, that another attempt is about to leave. An entry that nobody has leased is leased to this
	// journal's owner. If it fails, nothing may be sent: with [ErrNotNoted] there is no such entry, with [ErrSettled] it is
	// settled, and with [ErrLeased] it is another owner's.
	Attempt(ctx context.Context, key Key, at time.Time) error
	// Settle notes what became of the intent, and ends its lease. A settled entry never changes again: a second Settle is
	// [ErrSettled] unless it says the same, by outcome. Accepted is proof whoever brings it; any other outcome of an entry
	// that another living owner has leased is [ErrLeased], since that owner may be about to send.
	Settle(ctx context.Context, key Key, settlement Settlement) error
	// Release gives up this owner's lease of an open entry, so that Open, here or elsewhere, may yield it: a client does
	// so when it returns an unknown outcome and will do no more about it. An entry that is settled, or not leased to this
	// owner, stays as it is, without an error; with [ErrNotNoted] there is none.
	Release(ctx context.Context, key Key) error
	// Get returns the entry under the key, and whether there is one.
	Get(ctx context.Context, key Key) (Entry, bool, error)
	// Open yields the entries of a scope and operations that are not settled and that no living owner has leased, oldest
	// first, and leases each to this journal's owner as it is yielded. What this owner has begun and neither settled nor
	// released is in flight, and is not yielded; what an earlier Open of this owner yielded, and was left open, is yielded
	// again once that iteration has ended. Where it takes time to tell whether an owner lives, Open waits until it is
	// known. It ends after the first error.
	Open(ctx context.Context, scope string, operations ...string) iter.Seq2[Entry, error]
}

// Key is what an entry of a journal is found by.
type Key struct {
	// Scope names the service and its address, such as "ding https://api.dingconnect.com", so that a test against a
	// sandbox and the live service can share a journal.
	Scope string
	// Operation is the method's name, such as "SendTransfer".
	Operation string
	// Reference is the caller's own: DistributorRef, chargeRequestId, refundRequestId or smsRequestId.
	Reference string
}

// Intent is what is about to be sent.
type Intent struct {
	Key
	// Request is the request as JSON, without credentials. Two requests are the same if these bytes are.
	Request []byte
	// NotedAt is when the intent was noted.
	NotedAt time.Time
	// Earlier is how many attempts may have left before the intent was noted, by a program that had no journal then; 0 for
	// a request that has never been sent. Begin adds them to the entry's Attempts, as made when the intent was noted. They
	// are not kept apart, and other methods need not return them here.
	Earlier int
}

// Settlement is what became of an intent.
type Settlement struct {
	// Outcome is accepted, refused or temporary (nothing moved); never unknown, which is to be open.
	Outcome Outcome
	// Answer is the service's answer as JSON, or that part of an error which says the same.
	Answer []byte
	// By says how it was found out: "answer", "look-up", "notification" or "person".
	By string
	// SettledAt is when.
	SettledAt time.Time
}

// Entry is an intent with what is known of it.
type Entry struct {
	Intent
	// Attempts counts how often the request was about to leave, the intent's Earlier attempts included.
	Attempts int
	// FirstAttempt and LastAttempt are when; zero if nothing was about to leave yet.
	FirstAttempt, LastAttempt time.Time
	// Settlement is nil while the entry is open.
	Settlement *Settlement
	// Leased reports that somebody alive is working on the entry: another owner, or another caller of this one. What they
	// are about to send is not to be found yet, so that nothing can be concluded from its absence.
	Leased bool
}

// ErrReferenceConflict is in the chain of the error for a request whose reference stands for another request already,
// in flight or in the journal. Nothing was sent: a reference names one payment.
var ErrReferenceConflict = errors.New("this reference stands for another request already")

// ErrNotNoted is in the chain of the error for what a journal does not hold.
var ErrNotNoted = errors.New("the journal holds no such entry")

// ErrSettled is in the chain of a journal's error for an entry that is settled, and not with the outcome at hand.
var ErrSettled = errors.New("the journal's entry is settled already")

// ErrLeased is in the chain of a journal's error for an entry that another living process, or another journal of this
// one, is working on. It is to be left alone.
var ErrLeased = errors.New("the journal's entry is leased to another owner that is alive")
