// The journal as a call uses it, and what it keeps of an outcome.

package dizlee

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/pipeline"
)

// book stands between a transaction and the journal, if there is one. Repetitions are attempts like others here, which
// the protocol need not know: it is told of one attempt at most, since with the same id, the refusal of one is the
// refusal of all.
type book struct {
	facade.Journal
	t *transaction
}

// Begin notes the intent, and tells the transaction for whom it is done and what the journal knows already.
func (b *book) Begin(ctx context.Context, intent facade.Intent) (facade.Entry, bool, error) {
	b.t.callers = ctx
	if b.Journal == nil {
		return facade.Entry{Intent: intent}, true, nil
	}
	entry, fresh, err := b.Journal.Begin(ctx, intent)
	switch {
	case err == nil && !fresh:
		entry = b.inherit(entry)
	case err == nil && entry.Attempts < intent.Earlier:
		// For a journal whose Begin leaves it to Attempt.
		err = b.Journal.Attempt(ctx, intent.Key, time.Now())
	}
	return entry, fresh, err
}

// inherit takes over what an earlier life left, and returns the entry as the protocol is to see it.
func (b *book) inherit(entry facade.Entry) facade.Entry {
	b.t.inherited, b.t.watching = true, entry.Leased
	b.t.attempts, b.t.doubt.Attempts = entry.Attempts, entry.Attempts
	b.t.repeatUntil = time.Now().Add(b.t.client.settleTimeout)
	entry.Attempts = min(entry.Attempts, 1)
	return entry
}

func (b *book) Attempt(ctx context.Context, key facade.Key, at time.Time) error {
	if b.Journal == nil {
		return nil
	}
	return b.Journal.Attempt(ctx, key, at)
}

func (b *book) Settle(ctx context.Context, key facade.Key, settlement facade.Settlement) error {
	if b.Journal == nil {
		return nil
	}
	if b.t.resumed && settlement.Outcome == facade.OutcomeTemporary {
		return b.Journal.Release(ctx, key)
	}
	return b.Journal.Settle(ctx, key, settlement)
}

func (b *book) Release(ctx context.Context, key facade.Key) error {
	if b.Journal == nil {
		return nil
	}
	return b.Journal.Release(ctx, key)
}

func (b *book) Get(ctx context.Context, key facade.Key) (facade.Entry, bool, error) {
	if b.Journal == nil {
		return facade.Entry{}, false, nil
	}
	return b.Journal.Get(ctx, key)
}

// usedBeforeKey is where it is noted that somebody had used the id before. The entry itself stays open, and without the
// note, the next repetition would take the answer of that earlier use for its own.
func (b *book) usedBeforeKey() facade.Key {
	key := b.t.key()
	key.Operation += ": id used before"
	return key
}

func (b *book) markUsedBefore(end ended) {
	if b.Journal == nil {
		return
	}
	ctx, now := context.WithoutCancel(b.t.callers), time.Now()
	_, _, err := b.Journal.Begin(ctx, facade.Intent{Key: b.usedBeforeKey(), Request: b.t.call.body, NotedAt: now})
	if err == nil {
		err = b.Journal.Settle(ctx, b.usedBeforeKey(), facade.Settlement{Outcome: facade.OutcomeRefused, Answer: pack(end), By: "answer", SettledAt: now})
	}
	if err != nil {
		b.t.notNoted(err)
	}
}

var errNotedAsUsed = errors.New("the journal notes that the id was used before, and not with what answer")

// usedBefore returns what was noted, and whether anything was. A crash may have left the note without the answer.
func (b *book) usedBefore(ctx context.Context) (ended, bool, error) {
	entry, found, err := b.Get(ctx, b.usedBeforeKey())
	if err != nil || !found {
		return ended{}, false, err
	}
	end := b.t.end(nil, nil)
	if entry.Settlement != nil {
		if noted, err := b.t.unpack(*entry.Settlement); err == nil {
			end.err = noted.err
		}
	}
	if end.err == nil || end.err.Status == "" {
		end.err = b.t.fail(facade.OutcomeUnknown, errNotedAsUsed)
	}
	end.err.outcome, end.err.usedBefore = facade.OutcomeUnknown, true
	return end, true, nil
}

// stored is what the journal keeps of an outcome.
type stored struct {
	Answer *answer      `json:"answer,omitempty"`
	Error  *storedError `json:"error,omitempty"`
}

// storedError has what of an error outlives the process. Texts in it have been masked when the error was made.
type storedError struct {
	HTTPStatus       int    `json:"httpStatus,omitempty"`
	Status           Code   `json:"status,omitempty"`
	StatusDetail     string `json:"statusDetail,omitempty"`
	ChargeResponseID string `json:"chargeResponseId,omitempty"`
	Attempts         int    `json:"attempts,omitempty"`
	Reason           string `json:"reason,omitempty"`
}

func pack(end ended) []byte {
	kept := stored{Answer: end.answer}
	if e := end.err; e != nil && end.answer == nil {
		kept.Error = &storedError{
			HTTPStatus: e.HTTPStatus, Status: e.Status, StatusDetail: e.StatusDetail, ChargeResponseID: e.ChargeResponseID,
			Attempts: e.Attempts, Reason: e.reason,
		}
	}
	// Strings and numbers cannot fail to be written.
	data, _ := json.Marshal(kept)
	return data
}

func (t *transaction) unpack(settlement facade.Settlement) (ended, error) {
	var kept stored
	if len(settlement.Answer) > 0 {
		if err := json.Unmarshal(settlement.Answer, &kept); err != nil {
			return ended{}, fmt.Errorf("the journal's entry cannot be read: %w", err)
		}
	}
	if settlement.Outcome == facade.OutcomeAccepted {
		if kept.Answer == nil {
			return ended{}, errors.New("the journal's entry has no answer")
		}
		return ended{answer: kept.Answer}, nil
	}
	e := t.fail(settlement.Outcome, nil)
	if k := kept.Error; k != nil {
		// Written by who knows which version of this program, it is masked as if it came from outside.
		e.HTTPStatus, e.Status, e.StatusDetail, e.ChargeResponseID, e.Attempts, e.reason = k.HTTPStatus, k.Status,
			t.call.shown(pipeline.Answer{}, k.StatusDetail), t.call.mask(k.ChargeResponseID), k.Attempts, t.call.mask(k.Reason)
	}
	e.because(errFromJournal)
	return ended{err: e}, nil
}

var errFromJournal = errors.New("settled before, as the journal says; a new request needs a new id")
