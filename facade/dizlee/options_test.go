// Tests of options: all that is wrong is said at once, and nothing secret is.

package dizlee_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/dizlee"
)

func TestNewClientNamesEveryOptionAtFault(t *testing.T) {
	for name, tc := range map[string]struct {
		opts  []dizlee.Option
		names []string
		not   []string
	}{
		"nothing given": {
			names: []string{"WithAPIKey is missing", "WithBaseURL is missing", "WithChargeURL", "WithRefundURL", "WithSMSURL"},
		},
		"everything bad": {
			opts: []dizlee.Option{
				nil, dizlee.WithAPIKey("hush hush"), dizlee.WithBaseURL("http://dizlee.example"), dizlee.WithChargeURL("ftp://dizlee.example"),
				dizlee.WithRefundURL("/refund"), dizlee.WithSMSURL("https://user:hushword@dizlee.example"), dizlee.WithHTTPClient(nil), dizlee.WithLogger(nil),
				dizlee.WithAttemptHook(nil), dizlee.WithRetryPolicy(facade.RetryPolicy{MoneyTimeout: time.Second, MaxAttempts: -1}),
				dizlee.WithMerchantCode(""), dizlee.WithJournal(nil), dizlee.WithSettleTimeout(0), dizlee.WithSettleAfterCancel(-1),
			},
			names: []string{
				"option 1 is nil", "WithAPIKey: ", "WithBaseURL: ", "WithChargeURL: ", "WithRefundURL: ", "WithSMSURL: ", "WithHTTPClient: ",
				"WithLogger: ", "WithAttemptHook: ", "WithRetryPolicy: ", "MoneyTimeout", "MaxAttempts", "WithMerchantCode: ",
				"WithJournal: ", "WithSettleTimeout: ", "WithSettleAfterCancel: ",
			},
			not: []string{"hush", "is missing"},
		},
		"an empty key":                 {opts: []dizlee.Option{dizlee.WithAPIKey(""), dizlee.WithBaseURL("https://a.example")}, names: []string{"WithAPIKey: "}},
		"a URL with a query":           {opts: []dizlee.Option{dizlee.WithAPIKey(key), dizlee.WithBaseURL("https://a.example?k=hush")}, names: []string{"WithBaseURL: "}, not: []string{"hush"}},
		"a merchant code with a blank": {opts: []dizlee.Option{dizlee.WithAPIKey(key), dizlee.WithBaseURL("https://a.example"), dizlee.WithMerchantCode("acme ")}, names: []string{"WithMerchantCode: "}},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := dizlee.NewClient(tc.opts...)

			assert.Nil(t, c)
			require.Error(t, err)
			for _, part := range tc.names {
				assert.ErrorContains(t, err, part)
			}
			for _, part := range tc.not {
				assert.NotContains(t, err.Error(), part)
			}
		})
	}
}

func TestNewClientTakesGoodOptions(t *testing.T) {
	for name, opts := range map[string][]dizlee.Option{
		"a root":             {dizlee.WithBaseURL("https://dizlee.example/")},
		"a loopback root":    {dizlee.WithBaseURL("http://127.0.0.1:8645")},
		"a URL each":         {dizlee.WithChargeURL("https://a.example/c"), dizlee.WithRefundURL("https://b.example/r"), dizlee.WithSMSURL("https://c.example/s")},
		"the last one wins":  {dizlee.WithBaseURL("https://a.example"), dizlee.WithBaseURL("https://b.example")},
		"logs and time-outs": {dizlee.WithBaseURL("https://a.example"), dizlee.WithLogger(slog.Default()), dizlee.WithRetryPolicy(facade.RetryPolicy{MoneyTimeout: 5 * time.Minute})},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := dizlee.NewClient(append(opts, dizlee.WithAPIKey(key))...)
			assert.NoError(t, err)
		})
	}
}

func TestHTTPClientIsCopied(t *testing.T) {
	s := serve(t, answers(200, succeeded))
	own := &http.Client{}
	c := client(t, s.URL, dizlee.WithHTTPClient(own))
	own.Transport = http.NewFileTransport(http.Dir(t.TempDir()))

	_, err := c.Charge(t.Context(), charge())

	require.NoError(t, err)
	assert.Nil(t, own.CheckRedirect, "the caller's client stays as it was")
	assert.Equal(t, 1, s.count())
}

func TestPrintingAClientShowsNoSecret(t *testing.T) {
	c := client(t, "https://dizlee.example")
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		assert.NotContains(t, fmt.Sprintf(format, c), "k3y", format)
		assert.NotContains(t, fmt.Sprintf(format, *c), "k3y", format)
		assert.NotContains(t, fmt.Sprintf(format, struct{ Client *dizlee.Client }{c}), "k3y", format)
		assert.NotContains(t, fmt.Sprintf(format, struct{ client dizlee.Client }{*c}), "k3y", format)
	}
}

func TestANilCallOptionIsIgnored(t *testing.T) {
	s := serve(t, answers(200, succeeded))
	_, err := client(t, s.URL).Charge(t.Context(), charge(), nil)
	assert.NoError(t, err)
}

func TestNoVerbShowsWhatAClientHolds(t *testing.T) {
	c := client(t, "https://dizlee.example")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
		assert.Equal(t, "dizlee client", fmt.Sprintf(verb, *c), verb)
		assert.Equal(t, "dizlee client", fmt.Sprintf(verb, c), verb)
	}
}
