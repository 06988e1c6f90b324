// Tests of the protocol in virtual time: what is sent when, and what a call comes to.

package dizlee_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/dizlee"
)

const (
	accepted  = facade.OutcomeAccepted
	refused   = facade.OutcomeRefused
	temporary = facade.OutcomeTemporary
	unknown   = facade.OutcomeUnknown
)

// untilTheEnd is when a charge that stays in doubt is sent.
var untilTheEnd = []float64{0, 2, 6, 14, 30, 60, 90, 100}

func TestWhatACallComesTo(t *testing.T) {
	oneAttempt := dizlee.WithRetryPolicy(facade.RetryPolicy{MaxAttempts: 1})
	for name, tc := range map[string]struct {
		do    doing
		steps []step
		opts  []dizlee.Option

		outcome   facade.Outcome
		duplicate bool
		is        error
		at        []float64
	}{
		"a charge that goes through":                 {do: doCharge, steps: []step{says("1")}, outcome: accepted, at: []float64{0}},
		"a charge that is refused":                   {do: doCharge, steps: []step{says("-304")}, outcome: refused, is: dizlee.ErrInsufficientFunds, at: []float64{0}},
		"a lost answer to a charge that was made":    {do: doCharge, steps: []step{lost, says("-305")}, outcome: accepted, duplicate: true, at: []float64{0, 2}},
		"a lost charge that never arrived":           {do: doCharge, steps: []step{lost, says("1")}, outcome: accepted, at: []float64{0, 2}},
		"a lost charge that would have been refused": {do: doCharge, steps: []step{lost, says("-304")}, outcome: unknown, at: untilTheEnd},
		"a proxy's page over a charge":               {do: doCharge, steps: []step{page, says("-305")}, outcome: accepted, duplicate: true, at: []float64{0, 2}},
		"a redirect over a charge":                   {do: doCharge, steps: []step{redirect, says("-305")}, outcome: accepted, duplicate: true, at: []float64{0, 2}},
		"an answer that is cut off":                  {do: doCharge, steps: []step{cutOff, says("-305")}, outcome: accepted, duplicate: true, at: []float64{0, 2}},
		"an answer that is too large":                {do: doCharge, steps: []step{tooLarge, says("-305")}, outcome: accepted, duplicate: true, at: []float64{0, 2}},
		"-504 and a charge that was made":            {do: doCharge, steps: []step{says("-504"), says("-305")}, outcome: accepted, duplicate: true, at: []float64{0, 2}},
		"-500 and a charge that was not":             {do: doCharge, steps: []step{says("-500"), says("1")}, outcome: accepted, at: []float64{0, 2}},
		"everything that leaves it open": {do: doCharge, steps: []step{lost, says("-504"), says("-500"), says("-308"), says("-429"), page, noConnection, says("-305")},
			outcome: accepted, duplicate: true, at: []float64{0, 2, 6, 14, 30, 60, 100}},
		"a charge that stays in doubt":                           {do: doCharge, steps: []step{says("-504")}, outcome: unknown, is: dizlee.CodeOperatorTimeout, at: untilTheEnd},
		"a service that is gone after a lost answer":             {do: doCharge, steps: []step{lost, noConnection}, outcome: unknown, at: []float64{0}},
		"a quota that is used up at the repetition":              {do: doCharge, steps: []step{lost, says("-322"), says("-305")}, outcome: accepted, duplicate: true, at: []float64{0, 2, 6}},
		"a key that is refused at the repetition":                {do: doCharge, steps: []step{lost, says("-101")}, outcome: unknown, is: dizlee.CodeAuthenticationFailed, at: []float64{0, 2}},
		"a code that nobody knows":                               {do: doCharge, steps: []step{says("-999")}, outcome: unknown, at: []float64{0}},
		"a code that nobody knows, at the repetition":            {do: doCharge, steps: []step{lost, says("-999")}, outcome: unknown, at: []float64{0, 2}},
		"-320 to a charge that is repeated":                      {do: doCharge, steps: []step{lost, says("-320")}, outcome: unknown, at: []float64{0, 2}},
		"an id that is not new":                                  {do: doCharge, steps: []step{says("-305")}, outcome: unknown, is: dizlee.ErrIDUsedBefore, at: []float64{0}},
		"an id that is not new, after a refusal":                 {do: doCharge, steps: []step{noConnection, says("-429", "Retry-After", "3"), says("-305")}, outcome: unknown, is: dizlee.ErrIDUsedBefore},
		"a quota that is used up":                                {do: doCharge, steps: []step{says("-322")}, outcome: temporary, at: []float64{0}},
		"a refusal before processing":                            {do: doCharge, steps: []step{says("-429", "Retry-After", "30"), says("1")}, outcome: accepted, at: []float64{0, 30}},
		"a refusal before processing, then a loss and a refusal": {do: doCharge, steps: []step{says("-429", "Retry-After", "3"), lost, says("-304")}, outcome: unknown, at: []float64{0, 3, 5, 9, 17, 33, 63, 93, 103}},
		"refusals before processing without end":                 {do: doCharge, steps: []step{says("-429", "Retry-After", "1")}, outcome: temporary, at: []float64{0, 1, 2, 3}},
		"a Retry-After that is too long":                         {do: doCharge, steps: []step{says("-429", "Retry-After", "61")}, outcome: temporary, at: []float64{0}},
		"a Retry-After after a lost answer":                      {do: doCharge, steps: []step{step(answers(503, "", "Retry-After", "7")), says("-305")}, outcome: accepted, duplicate: true, at: []float64{0, 14}},
		"a Retry-After beyond the settle time-out":               {do: doCharge, steps: []step{step(answers(503, "", "Retry-After", "101")), says("-305")}, outcome: unknown, at: []float64{0}},
		"no connection at all":                                   {do: doCharge, steps: []step{noConnection}, outcome: temporary, at: []float64{}},
		"a connection at the second go":                          {do: doCharge, steps: []step{noConnection, says("1")}, outcome: accepted},
		"a policy of one attempt":                                {do: doCharge, opts: []dizlee.Option{oneAttempt}, steps: []step{noConnection, says("1")}, outcome: temporary, at: []float64{}},
		"a policy of one attempt, and a lost answer":             {do: doCharge, opts: []dizlee.Option{oneAttempt}, steps: []step{lost, says("-305")}, outcome: accepted, duplicate: true, at: []float64{0, 2}},
		"a short settle time-out":                                {do: doCharge, opts: []dizlee.Option{dizlee.WithSettleTimeout(5 * time.Second)}, steps: []step{lost}, outcome: unknown, at: []float64{0, 2, 5}},
		"a service that is silent":                               {do: doCharge, steps: []step{silent}, outcome: unknown, is: context.DeadlineExceeded, at: []float64{0, 122}},
		"a service that is silent once":                          {do: doCharge, steps: []step{silent, says("-305")}, outcome: accepted, duplicate: true, at: []float64{0, 122}},
		"duplicates that prove nothing":                          {do: doCharge, opts: []dizlee.Option{dizlee.WithDuplicateAsUnknown()}, steps: []step{lost, says("-305")}, outcome: unknown, is: dizlee.CodeDuplicateTransaction, at: []float64{0, 2}},

		"a refund": {do: doRefund, steps: []step{says("1")}, outcome: accepted, at: []float64{0}},
		"a lost answer to a refund that was made":   {do: doRefund, steps: []step{lost, says("-320")}, outcome: accepted, duplicate: true, at: []float64{0, 2}},
		"a lost refund that never arrived":          {do: doRefund, steps: []step{lost, says("1")}, outcome: accepted, at: []float64{0, 2}},
		"a lost refund of a charge that is unknown": {do: doRefund, steps: []step{lost, says("-319")}, outcome: unknown, at: untilTheEnd},
		"-305 to a refund that is repeated":         {do: doRefund, steps: []step{lost, says("-305")}, outcome: unknown, at: []float64{0, 2}},
		"a refund that was made before":             {do: doRefund, steps: []step{says("-320")}, outcome: unknown, is: dizlee.ErrIDUsedBefore, at: []float64{0}},
		"a refund whose duplicates prove nothing":   {do: doRefund, opts: []dizlee.Option{dizlee.WithDuplicateAsUnknown()}, steps: []step{lost, says("-320")}, outcome: unknown, at: []float64{0, 2}},

		"a lost refund of a part":                      {do: doPart, steps: []step{lost, says("1")}, outcome: unknown, at: []float64{0}},
		"a refund of a part, and -504":                 {do: doPart, steps: []step{says("-504"), says("1")}, outcome: unknown, at: []float64{0}},
		"a refund of a part of what is refunded":       {do: doPart, steps: []step{says("-320")}, outcome: unknown, is: dizlee.ErrIDUsedBefore, at: []float64{0}},
		"a refund of a part, refused at first":         {do: doPart, steps: []step{says("-429", "Retry-After", "3"), says("1")}, outcome: accepted, at: []float64{0, 3}},
		"a refund of a part that cannot leave at once": {do: doPart, steps: []step{noConnection, says("1")}, outcome: accepted},

		"a lost SMS":                      {do: doSMS, steps: []step{lost, says("1")}, outcome: unknown, at: []float64{0}},
		"a page over an SMS":              {do: doSMS, steps: []step{page, says("1")}, outcome: unknown, at: []float64{0}},
		"an SMS, and -500":                {do: doSMS, steps: []step{says("-500"), says("1")}, outcome: unknown, at: []float64{0}},
		"an SMS that is not delivered":    {do: doSMS, steps: []step{says("-303"), says("1")}, outcome: temporary, is: dizlee.CodeSMSFailed, at: []float64{0}},
		"an SMS, refused at first":        {do: doSMS, steps: []step{says("-429", "Retry-After", "3"), says("1")}, outcome: accepted, at: []float64{0, 3}},
		"an SMS that cannot leave":        {do: doSMS, steps: []step{noConnection}, outcome: temporary, at: []float64{}},
		"an SMS with a code that is used": {do: doSMS, steps: []step{says("-305")}, outcome: unknown, is: dizlee.CodeDuplicateTransaction, at: []float64{0}},

		"a charge that is resumed and was made":     {do: resumeCharge, steps: []step{says("-305")}, outcome: accepted, duplicate: true, at: []float64{0}},
		"a charge that is resumed and was not":      {do: resumeCharge, steps: []step{says("1")}, outcome: accepted, at: []float64{0}},
		"a charge that is resumed and refused":      {do: resumeCharge, steps: []step{says("-304")}, outcome: unknown},
		"a charge that is resumed without a line":   {do: resumeCharge, steps: []step{noConnection, says("-305")}, outcome: accepted, duplicate: true, at: []float64{2}},
		"a charge that is resumed and put off":      {do: resumeCharge, steps: []step{says("-429"), says("-305")}, outcome: accepted, duplicate: true, at: []float64{0, 2}},
		"a charge that is resumed and lost":         {do: resumeCharge, steps: []step{lost, says("-305")}, outcome: accepted, duplicate: true, at: []float64{0, 2}},
		"a refund that is resumed and was made":     {do: resumeRefund, steps: []step{says("-320")}, outcome: accepted, duplicate: true, at: []float64{0}},
		"a refund that is resumed, with a bad code": {do: resumeRefund, steps: []step{says("-305")}, outcome: unknown, at: []float64{0}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, tc.steps...)

				duplicate, err := tc.do(t.Context(), w.client(tc.opts...))

				assert.Equal(t, tc.outcome, facade.OutcomeOf(err), "%v", err)
				assert.Equal(t, tc.duplicate, duplicate)
				if tc.is != nil {
					assert.ErrorIs(t, err, tc.is)
				}
				if tc.is != dizlee.ErrIDUsedBefore {
					assert.NotErrorIs(t, err, dizlee.ErrIDUsedBefore)
				}
				if tc.at != nil {
					assert.Equal(t, tc.at, w.seconds())
				}
				w.sameBytes()
				var failure *dizlee.Error
				if err != nil {
					require.ErrorAs(t, err, &failure)
					assert.Equal(t, len(w.arrived)+w.refusals, failure.Attempts)
				}
			})
		})
	}
}

func TestADuplicateIsASuccessInTheServicesOwnWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, lost, says("-305"))
		got, err := w.client().Charge(t.Context(), charge())
		require.NoError(t, err)
		want := charged("So it is.", "")
		want.ByDuplicate = true
		assert.Equal(t, want, got)
	})
}

func TestARefundOfAPartCannotBeResumed(t *testing.T) {
	r, amount := refund(), decimal("0.125")
	r.Amount = &amount
	_, err := client(t, "https://dizlee.example").ResumeRefund(t.Context(), r)
	assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(err))
	assert.ErrorContains(t, err, "amount")
}

func TestACancelledCallSendsNothingMore(t *testing.T) {
	slow := func(answer step, takes time.Duration) step {
		return func(w http.ResponseWriter, r *http.Request) {
			<-time.After(takes)
			answer(w, r)
		}
	}
	for name, tc := range map[string]struct {
		steps []step
		opts  []dizlee.Option
		// cancelled is when, and returned by when the call must be back.
		cancelled, returned time.Duration
		outcome             facade.Outcome
		at                  []float64
	}{
		"before a repetition":                            {steps: []step{lost, says("-305")}, cancelled: time.Second, returned: 6 * time.Second, outcome: unknown, at: []float64{0}},
		"between repetitions":                            {steps: []step{lost, lost, says("-305")}, cancelled: 3 * time.Second, returned: 8 * time.Second, outcome: unknown, at: []float64{0, 2}},
		"during the attempt, which brings its answer":    {steps: []step{slow(says("1"), 4*time.Second)}, cancelled: time.Second, returned: 4 * time.Second, outcome: accepted, at: []float64{0}},
		"during a repetition, which brings its answer":   {steps: []step{lost, slow(says("-305"), 4*time.Second)}, cancelled: 3 * time.Second, returned: 6 * time.Second, outcome: accepted, at: []float64{0, 2}},
		"during the attempt, which brings none":          {steps: []step{silent}, cancelled: time.Second, returned: 6 * time.Second, outcome: unknown, at: []float64{0}},
		"during a repetition, which brings none":         {steps: []step{lost, silent}, cancelled: 3 * time.Second, returned: 8 * time.Second, outcome: unknown, at: []float64{0, 2}},
		"without any patience":                           {steps: []step{silent}, opts: []dizlee.Option{dizlee.WithSettleAfterCancel(0)}, cancelled: time.Second, returned: time.Second, outcome: unknown, at: []float64{0}},
		"with more patience":                             {steps: []step{silent}, opts: []dizlee.Option{dizlee.WithSettleAfterCancel(20 * time.Second)}, cancelled: time.Second, returned: 21 * time.Second, outcome: unknown, at: []float64{0}},
		"before it is sent again":                        {steps: []step{says("-429", "Retry-After", "9"), says("1")}, cancelled: time.Second, returned: time.Second, outcome: temporary, at: []float64{0}},
		"before the call":                                {steps: []step{says("1")}, outcome: temporary, at: []float64{}},
		"during a repetition that is lost in the grace":  {steps: []step{lost, slow(lost, 2*time.Second), says("-305")}, cancelled: 3 * time.Second, returned: 8 * time.Second, outcome: unknown, at: []float64{0, 2}},
		"during an attempt that proves to be put off":    {steps: []step{slow(says("-429"), 2*time.Second), says("1")}, cancelled: time.Second, returned: 2 * time.Second, outcome: temporary, at: []float64{0}},
		"during an attempt that is lost within patience": {steps: []step{slow(lost, 2*time.Second), says("-305")}, cancelled: time.Second, returned: 6 * time.Second, outcome: unknown, at: []float64{0}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, tc.steps...)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tc.cancelled == 0 {
					cancel()
				}
				time.AfterFunc(tc.cancelled, cancel)

				_, err := w.client(tc.opts...).Charge(ctx, charge())

				assert.LessOrEqual(t, time.Since(w.began), tc.returned)
				assert.Equal(t, tc.outcome, facade.OutcomeOf(err), "%v", err)
				if err != nil {
					assert.ErrorIs(t, err, context.Canceled)
				}
				<-time.After(time.Hour)
				assert.Equal(t, tc.at, w.seconds(), "nothing is sent after the end")
			})
		})
	}
}

// Of a transport of one's own nobody knows whether it makes connections, so that it must not be asked to.
func TestACancelledCallSendsNothingMoreOverOtherTransports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &spy{}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		c, err := dizlee.NewClient(dizlee.WithAPIKey(key), dizlee.WithBaseURL("https://dizlee.example"), dizlee.WithMerchant(acme),
			dizlee.WithHTTPClient(&http.Client{Transport: s}))
		require.NoError(t, err)
		_, err = c.Charge(ctx, charge())
		assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Len(t, s.requests, 1)
	})
}

func TestACancelledCallDoesNotLeaveOverAConnectionThatComesLater(t *testing.T) {
	for name, tc := range map[string]struct {
		steps   []step
		outcome facade.Outcome
		at      []float64
	}{
		"at the first attempt": {[]step{says("1")}, temporary, []float64{}},
		"at a repetition":      {[]step{lost, says("1")}, unknown, []float64{4}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, tc.steps...)
				dial := w.transport.DialContext
				w.transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
					<-time.After(4 * time.Second)
					return dial(ctx, network, address)
				}
				// Three seconds into the connection: it would be there one second later, well within the patience.
				cancelled := 3 * time.Second
				if len(tc.steps) > 1 {
					cancelled += 4*time.Second + 2*time.Second
				}
				ctx, cancel := context.WithTimeout(t.Context(), cancelled)
				defer cancel()
				_, err := w.client().Charge(ctx, charge())
				assert.Equal(t, tc.outcome, facade.OutcomeOf(err), "%v", err)
				<-time.After(time.Hour)
				assert.Equal(t, tc.at, w.seconds())
			})
		})
	}
}

func TestTheSameRequestUnderTheSameIDIsSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, lost, says("-305"))
		c := w.client()
		var callers sync.WaitGroup
		for range 10 {
			callers.Go(func() {
				got, err := c.Charge(t.Context(), charge())
				if assert.NoError(t, err) {
					assert.True(t, got.ByDuplicate)
				}
			})
		}
		synctest.Wait()
		other := charge()
		other.Amount = decimal("0.251")
		_, err := c.Charge(t.Context(), other)
		assert.ErrorIs(t, err, facade.ErrReferenceConflict)
		assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(err))
		var failure *dizlee.Error
		require.ErrorAs(t, err, &failure)
		assert.Equal(t, dizlee.AdviceFixRequest, failure.Advice())
		assert.ErrorContains(t, err, "not sent")
		callers.Wait()
		assert.Equal(t, []float64{0, 2}, w.seconds())
	})
}

func TestACallerWhoGivesUpLeavesTheOthersTheirAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, lost, says("-504"), says("-504"), says("-305"))
		c := w.client()
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var callers sync.WaitGroup
		callers.Go(func() {
			_, err := c.Charge(impatient, charge())
			assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, 6*time.Second, time.Since(w.began))
		})
		callers.Go(func() {
			got, err := c.Charge(t.Context(), charge())
			if assert.NoError(t, err) {
				assert.True(t, got.ByDuplicate)
			}
		})
		callers.Wait()
		assert.Equal(t, []float64{0, 2, 6, 14}, w.seconds())
	})
}

func TestACallerWhoComesWhileTheOthersLeaveFindsOut(t *testing.T) {
	for name, tc := range map[string]struct {
		do      doing
		answer  step
		left    time.Duration
		outcome facade.Outcome
	}{
		"about a charge, during the attempt":              {doCharge, says("-305"), time.Second, accepted},
		"about a charge, during the pause after it":       {doCharge, says("-305"), 121 * time.Second, accepted},
		"about a refund":                                  {doRefund, says("-320"), time.Second, accepted},
		"but not about an SMS, which would be sent again": {doSMS, says("1"), time.Second, unknown},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, silent, tc.answer)
				c := w.client()
				leaving, cancel := context.WithTimeout(t.Context(), tc.left)
				defer cancel()
				var callers sync.WaitGroup
				callers.Go(func() { _, _ = tc.do(leaving, c) })
				<-time.After(tc.left + time.Millisecond)
				duplicate, err := tc.do(t.Context(), c)
				assert.Equal(t, tc.outcome, facade.OutcomeOf(err), "%v", err)
				assert.Equal(t, tc.outcome == accepted, duplicate)
				callers.Wait()
			})
		})
	}
}

func TestAResumedCallBelievesTheJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newWorld(t, says("-322")), newMemory()
		_, err := doCharge(t.Context(), w.client(dizlee.WithJournal(j)))
		require.Equal(t, temporary, facade.OutcomeOf(err))
		_, err = resumeCharge(t.Context(), w.client(dizlee.WithJournal(j)))
		assert.Equal(t, temporary, facade.OutcomeOf(err))
		assert.Len(t, w.seconds(), 1)
	})
}

// What was sent before is not known to those who resume, so that sending nothing now proves nothing.
func TestAResumedCallThatIsNotSentIsUnknown(t *testing.T) {
	full := errors.New("the disk is full")
	for name, tc := range map[string]struct {
		fails     string
		cancelled bool
		is        error
	}{
		"since its context has ended":    {cancelled: true, is: context.Canceled},
		"since it cannot be noted":       {fails: "Begin", is: full},
		"since an attempt cannot be":     {fails: "Attempt", is: full},
		"and its journal is of no use":   {fails: "Get", is: facade.ErrOutcomeUnknown},
		"since there is nobody to reach": {is: facade.ErrOutcomeUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, j := newWorld(t, noConnection), newMemory()
				j.fails = only(tc.fails, full)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tc.cancelled {
					cancel()
				}
				_, err := resumeCharge(ctx, w.client(dizlee.WithJournal(j)))
				assert.Equal(t, unknown, facade.OutcomeOf(err), "%v", err)
				assert.ErrorIs(t, err, tc.is)
				assert.NotContains(t, err.Error(), "nothing moved")
				assert.Empty(t, w.seconds())
				if n := j.entries[noted("Charge")]; n != nil {
					assert.Nil(t, n.Settlement, "it stays open")
				}
			})
		})
	}
}

func TestHookLogAndErrorCountTheAttemptsOfAnID(t *testing.T) {
	for name, tc := range map[string]struct {
		steps []step
		seen  []string
	}{
		"and it ends well":     {[]step{says("-429", "Retry-After", "3"), lost, says("-305")}, []string{"acme-c-1 1 temporary", "acme-c-1 2 unknown", "acme-c-1 3 accepted"}},
		"and it ends in doubt": {[]step{noConnection, lost, says("-999")}, []string{"acme-c-1 1 temporary", "acme-c-1 2 unknown", "acme-c-1 3 unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, j := newWorld(t, tc.steps...), newMemory()
				var seen []string
				var log bytes.Buffer
				opts := []dizlee.Option{
					dizlee.WithJournal(j),
					dizlee.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
					dizlee.WithAttemptHook(func(_ context.Context, a facade.Attempt) {
						seen = append(seen, fmt.Sprintf("%s %d %s", a.CorrelationID, a.Number, facade.OutcomeOf(a.Err)))
					}),
				}
				_, err := w.client(opts...).Charge(t.Context(), charge())
				assert.Equal(t, tc.seen, seen)
				for number := 1; number <= 3; number++ {
					assert.Equal(t, 1, strings.Count(log.String(), fmt.Sprintf("attempt=%d ", number)))
				}
				var failure *dizlee.Error
				if errors.As(err, &failure) {
					assert.Equal(t, 3, failure.Attempts)
					w.then(says("-999"))
					_, err = w.client(append(opts, dizlee.WithJournal(j.reopened()))...).Charge(t.Context(), charge())
					require.ErrorAs(t, err, &failure)
					assert.Equal(t, 4, failure.Attempts, "those of the life before count")
					assert.Equal(t, "acme-c-1 4 unknown", seen[len(seen)-1])
				}
			})
		})
	}
}

func TestPausesStayWithinThePolicyHoweverLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, noConnection)
		policy := facade.RetryPolicy{BaseDelay: 1 << 62, MaxDelay: time.Second}
		_, err := w.client(dizlee.WithRetryPolicy(policy)).Charge(t.Context(), charge())
		assert.Equal(t, temporary, facade.OutcomeOf(err))
		assert.Equal(t, 4, w.refusals)
		assert.LessOrEqual(t, time.Since(w.began), 3*time.Second)
	})
}

func TestResponseHeadIsThatOfTheLastAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, page, says("-305"))
		var head *http.Response
		_, err := w.client().Charge(t.Context(), charge(), dizlee.WithResponseHead(&head))
		require.NoError(t, err)
		assert.Equal(t, 200, head.StatusCode)

		w.then(says("-504"), lost)
		_, err = w.client().Charge(t.Context(), charge(), dizlee.WithResponseHead(&head))
		assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
		assert.Equal(t, 200, head.StatusCode)

		head = nil
		w.then(lost)
		_, err = w.client().Charge(t.Context(), charge(), dizlee.WithResponseHead(&head))
		assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
		assert.Nil(t, head)
	})
}
