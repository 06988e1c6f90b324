// Tests against the sandbox, whose books say what was really done.

package dizlee_test

import (
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/dizlee"
	"github.com/airtime-go/airtime/sandbox"
)

// playground is a sandbox in memory with a client for it.
func playground(t *testing.T, faults ...sandbox.Fault) (*sandbox.Sandbox, *dizlee.Client) {
	t.Helper()
	var opts []sandbox.Option
	for _, fault := range faults {
		opts = append(opts, sandbox.WithFault(fault))
	}
	sb, err := sandbox.New(opts...)
	require.NoError(t, err)
	return sb, clientOf(t, sb, serveInMemory(t, sb, func() error { return nil }))
}

func clientOf(t *testing.T, sb *sandbox.Sandbox, transport *http.Transport, opts ...dizlee.Option) *dizlee.Client {
	t.Helper()
	c, err := dizlee.NewClient(append([]dizlee.Option{
		dizlee.WithAPIKey(sb.Credentials().DizleeAPIKey), dizlee.WithBaseURL("http://127.0.0.1/dizlee"), dizlee.WithMerchant(acme),
		dizlee.WithHTTPClient(&http.Client{Transport: transport}),
	}, opts...)...)
	require.NoError(t, err)
	return c
}

// The numbers that pick the sandbox's answers.
const (
	goodNumber    = "9647701234567"
	lostNumber    = "9647701234504"
	troubleNumber = "9647701234500"
	poorNumber    = "9647701234304"
)

func TestWorkThatWasDoneWithoutAnAnswerIsAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb, c := playground(t)
		request := charge()
		request.UserID = lostNumber
		charged, err := c.Charge(t.Context(), request)
		require.NoError(t, err)
		assert.True(t, charged.ByDuplicate)
		require.Len(t, sb.Charges(), 1)

		back := refund()
		back.UserID = lostNumber
		refunded, err := c.Refund(t.Context(), back)
		require.NoError(t, err)
		assert.True(t, refunded.ByDuplicate)
		require.Len(t, sb.Refunds(), 1)
		assert.Equal(t, "0.250", sb.Refunds()[0].Amount.String())
	})
}

func TestWhatNothingProtectsIsDoneOnceAndUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb, c := playground(t)
		request := charge()
		request.UserID = lostNumber
		_, err := c.Charge(t.Context(), request)
		require.NoError(t, err)

		part, amount := refund(), decimal("0.100")
		part.UserID, part.Amount = lostNumber, &amount
		_, err = c.Refund(t.Context(), part)
		assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
		assert.ErrorContains(t, err, "twice")
		assert.Len(t, sb.Refunds(), 1)

		message := sms()
		message.Receiver = lostNumber
		_, err = c.SendSMS(t.Context(), message)
		assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
		assert.Len(t, sb.Messages(), 1)
	})
}

func TestTroubleThatStaysIsUnknownAndNothingWasDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb, c := playground(t)
		request := charge()
		request.UserID = troubleNumber
		_, err := c.Charge(t.Context(), request)
		assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
		assert.ErrorIs(t, err, dizlee.CodeInternalError)
		assert.Empty(t, sb.Charges())
	})
}

func TestFaultsOfEveryKindEndInOneCharge(t *testing.T) {
	for _, kind := range []sandbox.FaultKind{
		sandbox.DropConnection, sandbox.ResetMidAnswer, sandbox.TruncatedBody, sandbox.HTML502, sandbox.Bare503,
		sandbox.ServiceUnavailable503, sandbox.TooManyRequests429,
	} {
		for _, when := range []sandbox.Moment{sandbox.BeforeWork, sandbox.AfterWork} {
			t.Run(string(kind)+" "+string(when), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					sb, c := playground(t, sandbox.Fault{Kind: kind, When: when, Count: 2, Service: sandbox.ServiceDizlee})
					request := charge()
					request.UserID = goodNumber
					got, err := c.Charge(t.Context(), request)
					require.NoError(t, err)
					assert.Equal(t, when == sandbox.AfterWork, got.ByDuplicate)
					assert.Len(t, sb.Charges(), 1)
				})
			})
		}
	}
}
