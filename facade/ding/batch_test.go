// Tests of batches: answers are matched to requests by BatchItemRef whatever their order, and each item has its own error.

package ding_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/money"
)

func estimations(refs ...string) []ding.EstimationRequest {
	requests := make([]ding.EstimationRequest, len(refs))
	for i, ref := range refs {
		requests[i] = ding.EstimationRequest{BatchItemRef: ref, SKUCode: "SKU-" + ref, SendValue: money.FromInt(5)}
	}
	return requests
}

func TestAnswersAreMatchedWhateverTheirOrder(t *testing.T) {
	s := serve(t, ok(`{"ResultCode":1,"ErrorCodes":[],"Items":[
		{"BatchItemRef":"c","ResultCode":1,"ErrorCodes":[],"SkuCode":"SKU-c","Price":{"SendValue":5.00,"ReceiveValue":3.10}},
		{"BatchItemRef":"stranger","ResultCode":5,"ErrorCodes":[{"Code":"OtherError"}]},
		{"BatchItemRef":"b","ResultCode":4,"ErrorCodes":[{"Code":"ParameterInvalid","Context":"SkuCode, SendValue"}],"Price":null},
		{"BatchItemRef":"a","ResultCode":2,"ErrorCodes":[{"Code":"NearestMatch","Context":"ProviderCannotSupplyRequestReceiveValue"}],"Price":{"SendValue":4.00}},
		{"BatchItemRef":"c","ResultCode":5,"ErrorCodes":[{"Code":"OtherError"}]},
		{"BatchItemRef":"e","ResultCode":3,"ErrorCodes":[{"Code":"TransientProviderError","Context":"ProviderTimedOut"}]}
	]}`))

	answer, err := newClient(t, s).EstimatePrices(t.Context(), estimations("a", "b", "c", "d", "e"), ding.WithCorrelationID("quote-1"))

	require.NoError(t, err, "the call as a whole succeeded")
	require.Len(t, answer.Results, 5)
	assert.Len(t, answer.Items, 6, "the service's own list is untouched")
	for i, ref := range []string{"a", "b", "c", "d", "e"} {
		assert.Equal(t, ref, answer.Results[i].BatchItemRef)
	}

	a, b, c, d, e := answer.Results[0], answer.Results[1], answer.Results[2], answer.Results[3], answer.Results[4]
	assert.NoError(t, a.Err, "the nearest match is no error")
	assert.Equal(t, "NearestMatch", a.Item.ErrorCodes[0].Code)
	assert.Equal(t, "4.00", a.Item.Price.SendValue.String())

	assert.ErrorIs(t, b.Err, ding.CodeParameterInvalid)
	assert.ErrorIs(t, b.Err, ding.Code("SendValue"))
	assert.NotErrorIs(t, b.Err, ding.CodeOtherError)
	assert.Equal(t, facade.OutcomeRefused, facade.OutcomeOf(b.Err))
	assert.NotNil(t, b.Item)
	failed := failure(t, b.Err)
	assert.Equal(t, "EstimatePrices", failed.Operation)
	assert.Equal(t, "quote-1", failed.CorrelationID)
	assert.Equal(t, "b", failed.BatchItemRef)
	assert.Equal(t, ding.ResultCodeClientError, failed.ResultCode)
	assert.Equal(t, 200, failed.HTTPStatus)

	assert.NoError(t, c.Err, "of one that is answered twice the first result counts")
	assert.Equal(t, "SKU-c", c.Item.SKUCode)

	assert.ErrorIs(t, d.Err, ding.ErrItemMissing)
	assert.Equal(t, facade.OutcomeTemporary, facade.OutcomeOf(d.Err))
	assert.Nil(t, d.Item)
	assert.Empty(t, failure(t, d.Err).Codes)

	assert.ErrorIs(t, e.Err, ding.ContextProviderTimedOut)
	assert.Equal(t, facade.OutcomeTemporary, facade.OutcomeOf(e.Err))
}

func TestCancellationsHaveTheirOwnOutcomes(t *testing.T) {
	s := serveMoney(t, ok(`{"ResultCode":1,"ErrorCodes":[],"Items":[
		{"BatchItemRef":"refused","ResultCode":4,"ErrorCodes":[{"Code":"RequestInvalid","Context":"InstantTransfersCannotBeCancelled"}]},
		{"BatchItemRef":"cancelled","ResultCode":1,"ErrorCodes":[],"ProcessingState":"Cancelled","TransferId":{"TransferRef":"700123","DistributorRef":"order-1"}},
		{"BatchItemRef":"other","ResultCode":1,"ErrorCodes":[],"ProcessingState":"Cancelled","TransferId":{"TransferRef":"7","DistributorRef":"o"}},
		{"BatchItemRef":"contradiction","ResultCode":4,"ErrorCodes":[],"ProcessingState":"Cancelled"},
		{"BatchItemRef":"cancelling","ResultCode":1,"ErrorCodes":[],"ProcessingState":"Cancelling"},
		{"BatchItemRef":"later","ResultCode":3,"ErrorCodes":[]},
		{"BatchItemRef":"odd","ResultCode":6,"ErrorCodes":[]},
		{"BatchItemRef":"silent"}
	]}`))
	refs := []string{"cancelled", "cancelling", "refused", "later", "odd", "silent", "missing", "other", "contradiction"}
	requests := make([]ding.CancellationRequest, len(refs))
	for i, ref := range refs {
		requests[i] = cancellation(ref)
	}

	answer, err := newClient(t, s).CancelTransfers(t.Context(), requests)

	require.NoError(t, err)
	outcomes := map[string]facade.Outcome{}
	for _, result := range answer.Results {
		outcomes[result.BatchItemRef] = facade.OutcomeOf(result.Err)
	}
	assert.Equal(t, map[string]facade.Outcome{
		"cancelled": facade.OutcomeAccepted, "cancelling": facade.OutcomeAccepted, "refused": facade.OutcomeRefused,
		"later": facade.OutcomeTemporary, "odd": facade.OutcomeUnknown, "silent": facade.OutcomeUnknown, "missing": facade.OutcomeUnknown,
		"other": facade.OutcomeUnknown, "contradiction": facade.OutcomeUnknown,
	}, outcomes)
	assert.Equal(t, ding.ProcessingStateCancelled, answer.Results[0].Item.ProcessingState)
	assert.ErrorIs(t, answer.Results[2].Err, ding.ContextInstantTransfersCannotBeCancelled)
	assert.ErrorIs(t, answer.Results[6].Err, facade.ErrOutcomeUnknown)
	assert.ErrorContains(t, answer.Results[6].Err, `ding: CancelTransfers item "missing": the outcome is unknown: `)
	assert.ErrorContains(t, answer.Results[6].Err, `do not send again: look at the transfer's state later, or ask Ding [HTTP 200, correlation id `+s.seen()[0].header.Get("X-Correlation-Id")+`]`)
}

func TestItemErrorsShowNothingSecret(t *testing.T) {
	s := serve(t, ok(fmt.Sprintf(`{"ResultCode":1,"Items":[{"BatchItemRef":"a","ResultCode":4,"ErrorCodes":[{"Code":"E %s","Context":"%s, PIN %s"}]}]}`, apiKey, account, pin)))
	answer, err := newClient(t, s).EstimatePrices(t.Context(), estimations("a"))
	require.NoError(t, err)
	assertNothingSecret(t, answer.Results[0].Err.Error())
}

func TestABatchWithoutItemsHasNothingButMissingOnes(t *testing.T) {
	for _, items := range []string{`[]`, `null`} {
		answer, err := newClient(t, serve(t, ok(`{"ResultCode":1,"Items":`+items+`}`))).EstimatePrices(t.Context(), estimations("a", "b"))
		require.NoError(t, err)
		for _, result := range answer.Results {
			assert.ErrorIs(t, result.Err, ding.ErrItemMissing)
		}
	}
}

func TestABatchThatFailsAsAWholeHasNoResults(t *testing.T) {
	answer, err := newClient(t, serve(t, envelope(400, 4, "BatchItemRefMustBeUnique", ""))).EstimatePrices(t.Context(), estimations("a"))
	assert.Nil(t, answer)
	assert.ErrorIs(t, err, ding.CodeBatchItemRefMustBeUnique)
	assert.Empty(t, failure(t, err).BatchItemRef)
}

func TestABatchIsWrittenAsTheServiceWroteIt(t *testing.T) {
	s := serve(t, ok(`{"ResultCode":1,"ErrorCodes":[],"Items":[{"BatchItemRef":"a","ResultCode":1,"ErrorCodes":[]}]}`))
	answer, err := newClient(t, s).EstimatePrices(t.Context(), estimations("a"))
	require.NoError(t, err)
	written, err := json.Marshal(answer)
	require.NoError(t, err)
	assert.JSONEq(t, `{"ResultCode":1,"ErrorCodes":[],"Items":[{"BatchItemRef":"a","ResultCode":1,"ErrorCodes":[]}]}`, string(written))
}
