// Tests of Describe, which joins an error's codes with their readable texts.

package ding_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
)

func TestDescribeJoinsCodesWithTheirTexts(t *testing.T) {
	s := serve(t,
		ok(`{"ResultCode":5,"ErrorCodes":[{"Code":"ProviderError","Context":"ProductUnavailable"},{"Code":"ParameterInvalid","Context":"SkuCode, SendValue"},{"Code":"BrandNew"}]}`),
		ok(`{"ResultCode":1,"ErrorCodes":[],"Items":[{"Code":"ProductUnavailable","Message":"Not on sale."},{"Code":"ParameterInvalid","Message":"Invalid."},
			{"Code":"ProviderError","Message":"The provider failed."},{"Code":"OtherError","Message":"Other."}]}`))
	client := newClient(t, s)
	_, err := client.GetBalance(t.Context())

	descriptions, describeErr := client.Describe(t.Context(), fmt.Errorf("order 7: %w", err), ding.WithCorrelationID("describe-1"))

	require.NoError(t, describeErr)
	assert.Equal(t, []ding.Description{
		{Code: ding.ErrorCode{Code: "ProviderError", Context: "ProductUnavailable"}, Message: "The provider failed.", ContextMessage: "Not on sale."},
		{Code: ding.ErrorCode{Code: "ParameterInvalid", Context: "SkuCode, SendValue"}, Message: "Invalid."},
		{Code: ding.ErrorCode{Code: "BrandNew"}},
	}, descriptions)
	assert.Equal(t, "/api/V1/GetErrorCodeDescriptions", s.seen()[1].path)
	assert.Equal(t, "describe-1", s.seen()[1].header.Get("X-Correlation-Id"))
}

func TestDescribeAsksNothingWhereThereIsNothingToDescribe(t *testing.T) {
	client := newClient(t, serve(t))
	for name, err := range map[string]error{
		"no error": nil, "an error of somebody else": errors.New("elsewhere"), "an error without codes": &ding.Error{Operation: "GetBalance"},
		"a request that was not sent": &facade.RequestError{Operation: "GetBalance"},
	} {
		descriptions, describeErr := client.Describe(t.Context(), err)
		assert.NoError(t, describeErr, name)
		assert.Empty(t, descriptions, name)
	}
}

func TestDescribeFailsWithItsOwnError(t *testing.T) {
	client := newClient(t, serve(t, envelope(400, 4, "ParameterInvalid", ""), html(404)))
	_, err := client.GetBalance(t.Context())

	descriptions, describeErr := client.Describe(t.Context(), err)

	assert.Nil(t, descriptions)
	assert.Equal(t, "GetErrorCodeDescriptions", failure(t, describeErr).Operation)
}
