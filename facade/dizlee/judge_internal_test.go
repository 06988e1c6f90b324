// Fuzzing of what is read from outside.

package dizlee

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/pipeline"
	"github.com/airtime-go/airtime/facade/internal/settle"
)

func FuzzJudge(f *testing.F) {
	for _, body := range []string{
		`{"status":"1","statusDetail":"Successful Operation.","chargeResponseId":"29320"}`,
		`{"status":" -304 ","statusDetail":null,"chargeResponseId":-1}`,
		`{"status":1e0,"STATUS":[{}],"statusDetail":{"a":"b"}}`,
		"\uFEFF{\"status\":\"1\"}", "{\"status\":\"-304\\u0000\"}", `{"status":"9647700900123"}`, `{"status":true}`,
		`<html>9647700900123</html>`, `[]`, `null`, `"1"`, `1`, ``, `{"status":"1"`, "\xff\xfe{",
	} {
		f.Add(200, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		k := call{operation: operationCharge, subject: aCharge, id: "acme-1", msisdn: "9647700900123"}
		decided, got, failure := (&transaction{client: &Client{}, call: k}).judge(pipeline.Answer{Status: status, Body: body, Attempt: 1})
		if decided.verdict == settle.Accepted {
			assert.Nil(t, failure)
			decoded, _ := decode(body)
			assert.EqualValues(t, StatusCodeOK, decoded.Status, "only status 1 is a success")
			assert.NotEqual(t, "-1", got.ChargeResponseID)
			assert.Equal(t, strings.TrimSpace(got.StatusDetail), got.StatusDetail)
			return
		}
		require.NotNil(t, failure)
		assert.Nil(t, got)
		assert.NotContains(t, failure.Error(), k.msisdn)
		assert.Less(t, len(failure.Error()), 4000)
		if _, documented := codes[failure.Status]; !documented {
			assert.Equal(t, facade.OutcomeUnknown, failure.Outcome(), "what is not documented proves nothing")
			assert.ErrorIs(t, failure, facade.ErrOutcomeUnknown)
		}
		assert.Equal(t, failure.Status == "", failure.undecodable)
	})
}
