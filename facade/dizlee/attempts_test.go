// Tests of how often a call is sent over real sockets, and that nothing below could send it again.

package dizlee_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/dizlee"
)

// A lost answer is asked after once here, see client, unless it is that of an SMS. All else depends on proof.
func TestOnlyWhatWasLostOrRefusedBeforeProcessingArrivesAgain(t *testing.T) {
	reset := func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_ = connection.(*net.TCPConn).SetLinger(0)
		_ = connection.Close()
	}
	for name, tc := range map[string]struct {
		answer  script
		outcome facade.Outcome
	}{
		"401 with an envelope":       {answers(401, `{"status":"-101"}`), facade.OutcomeRefused},
		"401 without":                {answers(401, `{}`), facade.OutcomeUnknown},
		"408":                        {answers(408, ``, "Connection", "close"), facade.OutcomeUnknown},
		"421":                        {answers(421, ``), facade.OutcomeUnknown},
		"425":                        {answers(425, ``), facade.OutcomeUnknown},
		"429 with an envelope":       {answers(429, `{"status":"-429"}`, "Retry-After", "0"), facade.OutcomeTemporary},
		"429 with a page":            {answers(429, `<h1>Slow down</h1>`, "Retry-After", "0"), facade.OutcomeUnknown},
		"500 with a page":            {answers(500, `<h1>Oops</h1>`), facade.OutcomeUnknown},
		"503 with a Retry-After":     {answers(503, ``, "Retry-After", "0"), facade.OutcomeUnknown},
		"a redirect that keeps on":   {answers(307, ``, "Location", "/charge"), facade.OutcomeUnknown},
		"a redirect elsewhere":       {answers(308, ``, "Location", "https://elsewhere.example/charge"), facade.OutcomeUnknown},
		"a connection that is reset": {reset, facade.OutcomeUnknown},
	} {
		for operation, call := range operations {
			t.Run(name+" to "+operation, func(t *testing.T) {
				s := serve(t, tc.answer)
				c := client(t, s.URL, dizlee.WithRetryPolicy(facade.RetryPolicy{MaxAttempts: 9, BaseDelay: time.Nanosecond}))

				err := call(t.Context(), c)

				var failure *dizlee.Error
				require.ErrorAs(t, err, &failure)
				assert.Equal(t, operation, failure.Operation)
				assert.Equal(t, tc.outcome, failure.Outcome())
				want := 1
				switch {
				case tc.outcome == facade.OutcomeTemporary:
					want = 9
				case tc.outcome == facade.OutcomeUnknown && operation != "SendSMS":
					want = 2
				}
				assert.Equal(t, want, failure.Attempts)
				assert.Equal(t, want, s.count())
				for _, request := range s.requests {
					assert.Equal(t, s.requests[0].raw, request.raw)
					assert.Equal(t, s.requests[0].header["Http_msisdn"], request.header["Http_msisdn"])
				}
			})
		}
	}
}

// A connection that was kept open and is found dead is the case in which net/http sends a request again by itself, if it may.
func TestADeadConnectionFromThePoolIsNotTriedTwice(t *testing.T) {
	first := true
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if first {
			first = false
			answers(200, succeeded)(w, r)
			return
		}
		connection, _, err := http.NewResponseController(w).Hijack()
		assert.NoError(t, err)
		_ = connection.Close()
	})
	c := client(t, s.URL)
	_, err := c.SendSMS(t.Context(), sms())
	require.NoError(t, err)

	_, err = c.SendSMS(t.Context(), sms())

	assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
	assert.Equal(t, 2, s.count())
}

// spy records what net/http is given.
type spy struct{ requests []*http.Request }

func (s *spy) RoundTrip(r *http.Request) (*http.Response, error) {
	s.requests = append(s.requests, r)
	return nil, io.ErrUnexpectedEOF
}

func TestNothingLetsNetHTTPSendAgain(t *testing.T) {
	for name, operation := range operations {
		t.Run(name, func(t *testing.T) {
			s := &spy{}

			err := operation(t.Context(), client(t, "https://dizlee.example", dizlee.WithHTTPClient(&http.Client{Transport: s})))

			assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
			assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
			require.NotEmpty(t, s.requests)
			for _, request := range s.requests {
				assert.Nil(t, request.GetBody)
				assert.NotContains(t, request.Header, "Idempotency-Key")
				assert.NotContains(t, request.Header, "X-Idempotency-Key")
				// As a plain map, since the names are not those that http.Header would make of them.
				sent := map[string][]string(request.Header)
				assert.Equal(t, []string{msisdn}, sent["HTTP_MSISDN"])
				assert.Equal(t, []string{key}, sent["apikey"])
			}
		})
	}
}

func TestAConnectionThatCannotBeMadeMovedNothing(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	for name, operation := range operations {
		err := operation(t.Context(), client(t, "http://"+listener.Addr().String()))

		var failure *dizlee.Error
		require.ErrorAs(t, err, &failure, name)
		assert.Equal(t, facade.OutcomeTemporary, failure.Outcome())
		assert.Equal(t, dizlee.AdviceRetryLater, failure.Advice())
		assert.NotErrorIs(t, err, facade.ErrOutcomeUnknown)
		assert.NotErrorIs(t, err, facade.ErrUndecodable)
		assert.ErrorContains(t, err, "not sent")
		assert.ErrorContains(t, err, "nothing moved")
	}
}

func TestAContextThatHasEndedSendsNothing(t *testing.T) {
	s := serve(t, answers(200, succeeded))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	_, err := client(t, s.URL).Charge(ctx, charge())

	assert.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, facade.OutcomeTemporary, facade.OutcomeOf(err))
	assert.Zero(t, s.count())
}

func TestAContextThatEndsOnTheWayLeavesTheOutcomeUnknown(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})

	_, err := client(t, s.URL, dizlee.WithSettleAfterCancel(0)).Charge(ctx, charge())

	assert.ErrorIs(t, err, context.Canceled)
	assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
	s.only(t)
}

// silence is a transport whose server reads the request and never answers.
func silence(requests *int) *http.Transport {
	return &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			readHead(theirs)
			*requests++
			_, _ = io.Copy(io.Discard, theirs)
		}()
		return ours, nil
	}}
}

func TestASilentServerIsLeftAtTheTimeOutAndTheOutcomeIsUnknown(t *testing.T) {
	for name, tc := range map[string]struct {
		policy facade.RetryPolicy
		want   time.Duration
	}{
		"of the default policy": {facade.RetryPolicy{}, 2 * time.Minute},
		"of one's own":          {facade.RetryPolicy{MoneyTimeout: 100 * time.Second}, 100 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				requests := 0
				transport := silence(&requests)
				c := client(t, "http://127.0.0.1:1", dizlee.WithRetryPolicy(tc.policy), dizlee.WithHTTPClient(&http.Client{Transport: transport}))
				started := time.Now()

				_, err := c.SendSMS(t.Context(), sms())

				assert.Equal(t, tc.want, time.Since(started))
				assert.ErrorIs(t, err, context.DeadlineExceeded)
				assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
				transport.CloseIdleConnections()
				synctest.Wait()
				assert.Equal(t, 1, requests)
			})
		})
	}
}
