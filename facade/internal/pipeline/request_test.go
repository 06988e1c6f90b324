// What is refused before it is sent, in a way that a program can act on.

package pipeline

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
)

func TestAnUnusableRequestSaysWhyToPeopleAndPrograms(t *testing.T) {
	reason := errors.New("there is no journal")
	err := Unusable("Recover", "the client", "cannot do it", reason)
	assert.EqualError(t, err, "Recover was not sent: the client cannot do it: there is no journal")
	assert.ErrorIs(t, err, reason)
	assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(err))
	var refused *facade.RequestError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "the client", refused.Problems[0].Field)
}

func TestBlank(t *testing.T) {
	for text, want := range map[string]bool{"": true, " \t\u00a0": true, "x": false, " x ": false} {
		assert.Equal(t, want, Blank(text), "%q", text)
	}
}
