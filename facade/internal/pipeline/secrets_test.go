// What nobody may see is looked for wherever the pipeline speaks.

package pipeline

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
)

// assertNothingSecret holds that neither the key, nor the account number, nor a URL shows in the error, the log or the
// hook.
func assertNothingSecret(t *testing.T, r *rig, err error) {
	t.Helper()
	for _, text := range []string{fmt.Sprintf("%v %+v %#v", err, err, err), r.seen()} {
		for _, secret := range []string{testKey, url.QueryEscape(testKey), testAccount, "/api?"} {
			assert.NotContains(t, text, secret)
		}
	}
}
