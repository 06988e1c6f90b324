// Fuzzing of what is read from outside.

package dizlee

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/pipeline"
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
		k := call{operation: operationCharge, id: "acme-1", msisdn: "9647700900123"}
		answer, err := k.judge(pipeline.Answer{Status: status, Body: body, Attempt: 1})
		if err == nil {
			assert.Equal(t, StatusCodeOK, answer.status(), "only status 1 is a success")
			assert.NotEqual(t, "-1", answer.chargeResponseID())
			assert.Equal(t, strings.TrimSpace(string(answer.StatusDetail)), string(answer.StatusDetail))
			return
		}
		var failure *Error
		require.ErrorAs(t, err, &failure)
		assert.NotContains(t, failure.Error(), k.msisdn)
		assert.Less(t, len(failure.Error()), 4000)
		if _, documented := codes[failure.Status]; !documented {
			assert.Equal(t, facade.OutcomeUnknown, failure.Outcome(), "what is not documented proves nothing")
			assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
		}
		assert.Equal(t, failure.Status == "", failure.undecodable)
	})
}
