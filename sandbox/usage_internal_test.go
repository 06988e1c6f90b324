// The usage limits in a specification that is at fault.

package sandbox

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/internal/spec"
)

func TestALimitIsAWholeNumberAboveZero(t *testing.T) {
	for _, stated := range []string{"0", "-1", "1.5", "many", `"50"`, "null"} {
		t.Run(stated, func(t *testing.T) {
			text := []byte("openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths:\n  /a:\n    get:\n      operationId: A\n" +
				"      x-usage-limit: " + stated + "\n      responses: {'200': {description: d}}\n")
			_, err := newContract(text, func() (*openapi3.T, error) { return spec.Parse("kiosk.yaml", text) }, "")
			require.ErrorContains(t, err, "sandbox: x-usage-limit of /a is ")
			assert.ErrorContains(t, err, "no limit")
		})
	}
}
