// Tests from inside: what the reflection of envelopeOf relies on, and fuzzing of the judges.

package ding

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/pipeline"
	gen "github.com/airtime-go/airtime/gen/ding"
)

// answers has a decoded type for every method that the client has.
func answers(t *testing.T) map[string]reflect.Type {
	t.Helper()
	found := map[string]reflect.Type{}
	for method := range reflect.TypeFor[*Client]().Methods() {
		switch {
		case method.Type.NumOut() != 2, method.Name == "Describe":
			continue
		case method.Name == "ResumeTransfer", method.Name == "SendTransferDeferred", method.Name == "AwaitTransfer":
			continue // whose answer is that of SendTransfer
		}
		answer := method.Type.Out(0)
		require.Equal(t, reflect.Pointer, answer.Kind(), method.Name)
		found[method.Name] = answer.Elem()
	}
	return found
}

func TestEveryAnswerHasAnEnvelope(t *testing.T) {
	found := answers(t)
	assert.Len(t, found, 17)
	codes := []ErrorCode{{Code: string(CodeNearestMatch)}}
	for name, answer := range found {
		t.Run(name, func(t *testing.T) {
			value := reflect.New(answer)
			require.NotPanics(t, func() { envelopeOf(value.Interface()) })
			value.Elem().FieldByName("ResultCode").Set(reflect.ValueOf(ResultCodeSuccessWithWarning))
			value.Elem().FieldByName("ErrorCodes").Set(reflect.ValueOf(codes))
			assert.Equal(t, gen.APIResponse{ResultCode: 2, ErrorCodes: codes}, envelopeOf(value.Interface()))
		})
	}
}

func TestTruncatedMeansTheBeginningOfJSON(t *testing.T) {
	whole := `{"ResultCode":1,"ErrorCodes":[{"Code":"A\u00e9","Context":null}],"Balance":-1.5e3,"More":true}`
	for end := 1; end < len(whole); end++ {
		assert.True(t, isTruncated([]byte(whole[:end])), whole[:end])
	}
	for _, body := range []string{
		"", " ", "\n", whole, whole + "\n", whole + "}", whole + "<", `{"a":1]`, "<", "<html>", "OK", "null", "12", `"text"`, "{]", "[1,]",
		strings.Repeat("[", 20_000),
	} {
		assert.False(t, isTruncated([]byte(body)), "%.40s", body)
	}
}

// FuzzAnswer holds that no answer whatever makes the judges panic, lets money be accepted without proof, or comes to
// an outcome that the kind of call does not have.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		`{"ResultCode":1,"TransferRecord":{"ProcessingState":"Complete","TransferId":{"TransferRef":"7"}}}`,
		`{"ResultCode":1,"TransferRecord":{"ProcessingState":"Complete","TransferId":{"TransferRef":"0"}}}`,
		`{"ResultCode":4,"ErrorCodes":[{"Code":"DuplicateTransactionPrevented","Context":null}]}`,
		`{"ResultCode":4,"TransferRecord":{"Price":"x","ProcessingState":"Complete"}}`,
		`{"ResultCode":3,"ErrorCodes":[{"Code":"RateLimited","Context":"TransactionStillInProgress"}]}`,
		`{"ResultCode":5,"TransferRecord":{"ProcessingState":"Failed"}}`,
		`{"ResultCode":"1"}`, `{"resultCode":1}`, `{"ResultCode":1,"ErrorCodes":{}}`, `{"ResultCode":99}`, `{"ResultCode":1`,
		`<html>502</html>`, ``, `null`, `[]`, "\xff", `{"ResultCode":1,"TransferRecord":null}`,
	} {
		for _, status := range []int{200, 400, 401, 429, 500, 503} {
			f.Add(status, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		answer := pipeline.Answer{Status: status, Body: body, Header: http.Header{}, Attempt: 1}
		for _, operation := range []string{operationSendTransfer, operationCancelTransfers, "GetProducts"} {
			into := map[string]any{
				operationSendTransfer:    &gen.SendTransferResponse{},
				operationCancelTransfers: &gen.CancelTransfersResponse{},
				"GetProducts":            &gen.GetProductsResponse{},
			}[operation]
			found := finding{Answer: answer, operation: operation, correlationID: "id"}
			found.read(into)

			checkVerdict(t, found, judgeRead(found), facade.OutcomeRefused, facade.OutcomeTemporary)
			if operation == "GetProducts" {
				continue
			}
			verdict := judgeMoney(found)
			checkVerdict(t, found, verdict, facade.OutcomeRefused, facade.OutcomeTemporary, facade.OutcomeUnknown)
			assert.False(t, verdict.Retry, "money is never sent again")
			if sent, ok := into.(*gen.SendTransferResponse); ok && verdict.Err == nil {
				require.NotNil(t, sent.TransferRecord)
				require.NotNil(t, sent.TransferRecord.TransferID)
				assert.False(t, isNoRef(sent.TransferRecord.TransferID.TransferRef))
				assert.True(t, isLive(sent.TransferRecord.ProcessingState))
			}
		}
	})
}

// checkVerdict holds what is true of every verdict.
func checkVerdict(t *testing.T, found finding, verdict pipeline.Verdict, allowed ...facade.Outcome) {
	t.Helper()
	if verdict.Err == nil {
		assert.True(t, succeeded(found.envelope.ResultCode))
		assert.NoError(t, found.unreadable)
		return
	}
	var failed *Error
	require.ErrorAs(t, verdict.Err, &failed)
	assert.Contains(t, allowed, failed.Outcome())
	assert.Equal(t, failed.Outcome() == facade.OutcomeUnknown, errors.Is(failed, facade.ErrOutcomeUnknown))
	assert.Equal(t, found.unreadable != nil, errors.Is(failed, facade.ErrUndecodable))
	assert.Equal(t, found.Status, failed.HTTPStatus)
	assert.NotEmpty(t, failed.Error())
	assert.NotEmpty(t, fmt.Sprint(failed.LogValue()))
	if verdict.Retry {
		assert.Equal(t, facade.OutcomeTemporary, failed.Outcome())
	}
}
