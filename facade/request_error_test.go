// The error for a request that was never sent.

package facade_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
)

func TestARequestErrorNamesEveryField(t *testing.T) {
	var checks facade.Checks
	checks.Require(true, "SkuCode", "is missing")
	checks.Require(false, "AccountNumber", "is missing")
	checks.Require(false, "[2].BatchItemRef", "is used twice")
	err := checks.Err("SendTransfer")

	var refused *facade.RequestError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "SendTransfer", refused.Operation)
	assert.Equal(t, []facade.FieldProblem{
		{Field: "AccountNumber", Reason: "is missing"},
		{Field: "[2].BatchItemRef", Reason: "is used twice"},
	}, refused.Problems)
	assert.EqualError(t, err, "SendTransfer was not sent: AccountNumber is missing; [2].BatchItemRef is used twice")
	assert.Equal(t, facade.OutcomeUsage, refused.Outcome())
}

func TestChecksThatHoldAreNoError(t *testing.T) {
	var checks facade.Checks
	checks.Require(true, "SkuCode", "is missing")
	err := checks.Err("SendTransfer")
	require.NoError(t, err)
	assert.True(t, err == nil, "not a nil pointer in an interface")
	assert.False(t, errors.As(err, new(*facade.RequestError)))
}
