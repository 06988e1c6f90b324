// What a call came to, read from its error.

package facade_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/airtime-go/airtime/facade"
)

// told is an error that knows its outcome.
type told facade.Outcome

func (e told) Error() string { return "told to be " + string(e) }

func (e told) Outcome() facade.Outcome { return facade.Outcome(e) }

func TestOutcomeOf(t *testing.T) {
	for _, row := range []struct {
		name string
		err  error
		want facade.Outcome
	}{
		{"no error", nil, facade.OutcomeAccepted},
		{"an error of unknown origin", errors.New("strange"), facade.OutcomeRefused},
		{"an ended context of unknown origin", context.Canceled, facade.OutcomeRefused},
		{"a refusal", told(facade.OutcomeRefused), facade.OutcomeRefused},
		{"a temporary failure", told(facade.OutcomeTemporary), facade.OutcomeTemporary},
		{"a temporary failure, wrapped", fmt.Errorf("top-up: %w", told(facade.OutcomeTemporary)), facade.OutcomeTemporary},
		{"a lost answer", told(facade.OutcomeUnknown), facade.OutcomeUnknown},
		{"a request that was not sent", &facade.RequestError{}, facade.OutcomeUsage},
		{"a request that was not sent, wrapped", fmt.Errorf("top-up: %w", &facade.RequestError{}), facade.OutcomeUsage},
		{"the sentinel alone", facade.ErrOutcomeUnknown, facade.OutcomeUnknown},
		{"the sentinel, wrapped", fmt.Errorf("top-up: %w", facade.ErrOutcomeUnknown), facade.OutcomeUnknown},
		{"a refusal joined with a lost answer", errors.Join(told(facade.OutcomeRefused), facade.ErrOutcomeUnknown), facade.OutcomeUnknown},
		{"an answer that could not be read, of unknown origin", facade.ErrUndecodable, facade.OutcomeRefused},
	} {
		t.Run(row.name, func(t *testing.T) { assert.Equal(t, row.want, facade.OutcomeOf(row.err)) })
	}
}

func TestAnUnknownOutcomeWarnsAgainstSendingAgain(t *testing.T) {
	assert.ErrorContains(t, facade.ErrOutcomeUnknown, "find out before trying again")
}
