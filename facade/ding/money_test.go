// What an answer to a call that moves money comes to, as written down by hand: an outcome that never promises more than
// the answer proves, and no second request unless it proves that nothing moved. The list of transfers is empty here.

package ding_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
)

// sent is SendTransfer's answer with a record, given as the inside of its JSON object.
func sent(status, resultCode int, code, context, record string) reply {
	r := envelope(status, resultCode, code, context)
	r.body = strings.TrimSuffix(r.body, "}") + `,"TransferRecord":{` + record + `}}`
	return r
}

const named = `"TransferId":{"TransferRef":"700123","DistributorRef":"order-1"},`

func state(s string) string { return named + `"ProcessingState":"` + s + `"` }

func TestSendTransferComesToWhatTheAnswerProves(t *testing.T) {
	const (
		okay      = facade.OutcomeAccepted
		refused   = facade.OutcomeRefused
		temporary = facade.OutcomeTemporary
		unknown   = facade.OutcomeUnknown
	)
	failed := `"SkuCode":"GB_TEST_10","AccountNumber":"+447700900123","ProcessingState":"Failed"`
	for name, tc := range map[string]struct {
		reply   reply
		outcome facade.Outcome
		is      error
	}{
		"complete":                      {sent(200, 1, "", "", state("Complete")), okay, nil},
		"complete, in Ding's other way": {sent(200, 1, "", "", state("Completed")), okay, nil},
		"complete with a warning":       {sent(200, 2, "NearestMatch", "", state("Complete")), okay, nil},
		"complete in a 503":             {sent(503, 1, "", "", state("Complete")), okay, nil},
		"submitted":                     {sent(200, 1, "", "", state("Submitted")), okay, nil},
		"processing":                    {sent(200, 1, "", "", state("Processing")), okay, nil},
		"cancelling":                    {sent(200, 1, "", "", state("Cancelling")), okay, nil},

		"3 with another's failed record":        {sent(503, 3, "TransientProviderError", "", `"SkuCode":"OTHER","ProcessingState":"Failed"`), unknown, nil},
		"3 with a failed record elsewhere":      {sent(503, 3, "TransientProviderError", "", `"AccountNumber":"447700900199","ProcessingState":"Failed"`), unknown, nil},
		"5 with another's failed record":        {sent(500, 5, "ProviderError", "", `"TransferId":{"DistributorRef":"order-9"},"ProcessingState":"Failed"`), unknown, nil},
		"a success of another reference":        {sent(200, 1, "", "", `"TransferId":{"TransferRef":"7","DistributorRef":"order-9"},"ProcessingState":"Complete"`), unknown, nil},
		"a success that failed":                 {sent(200, 1, "", "", state("Failed")), unknown, nil},
		"a success that was cancelled":          {sent(200, 1, "", "", state("Cancelled")), unknown, nil},
		"a success without record":              {ok(plain), unknown, nil},
		"a success whose record is null":        {ok(`{"ResultCode":1,"TransferRecord":null}`), unknown, nil},
		"a success in a new state":              {sent(200, 1, "", "", state("Pondering")), unknown, nil},
		"a success in no state":                 {sent(200, 1, "", "", named+`"SkuCode":"S"`), unknown, nil},
		"a success with TransferRef 0":          {sent(200, 1, "", "", `"TransferId":{"TransferRef":"0"},"ProcessingState":"Complete"`), unknown, nil},
		"a success with an empty TransferRef":   {sent(200, 1, "", "", `"TransferId":{"TransferRef":""},"ProcessingState":"Complete"`), unknown, nil},
		"a success without TransferRef":         {sent(200, 1, "", "", `"TransferId":{"DistributorRef":"order-1"},"ProcessingState":"Complete"`), unknown, nil},
		"a success without TransferId":          {sent(200, 1, "", "", `"ProcessingState":"Complete"`), unknown, nil},
		"a success with a price that is none":   {sent(200, 1, "", "", state("Complete")+`,"Price":{"SendValue":"?"}`), unknown, facade.ErrUndecodable},
		"rate limited":                          {envelope(429, 3, "RateLimited", ""), temporary, ding.CodeRateLimited},
		"rate limited in a 503":                 {envelope(503, 3, "RateLimited", ""), temporary, ding.CodeRateLimited},
		"rate limited as one is under way":      {envelope(429, 3, "RateLimited", "TransactionStillInProgress"), unknown, ding.ContextTransactionStillInProgress},
		"one is under way, and a failed record": {sent(429, 3, "RateLimited", "TransactionStillInProgress", failed), unknown, ding.ContextTransactionStillInProgress},
		"3 with a failed record":                {sent(503, 3, "TransientProviderError", "ProviderRefusedRequest", failed), temporary, ding.ContextProviderRefusedRequest},
		"3 with a cancelled record":             {sent(503, 3, "TransientProviderError", "", state("Cancelled")), temporary, ding.CodeTransientProviderError},
		"3 without record":                      {envelope(503, 3, "TransientProviderError", "ProviderTimedOut"), unknown, ding.ContextProviderTimedOut},
		"3 with a record in no state":           {sent(503, 3, "TransientProviderError", "", `"SkuCode":"S"`), unknown, ding.CodeTransientProviderError},
		"4":                                     {envelope(400, 4, "AccountNumberInvalid", "AccountNumberFailedRegex"), refused, ding.ContextAccountNumberFailedRegex},
		"4 in a 200":                            {envelope(200, 4, "ParameterInvalid", "SendValue, SkuCode"), refused, ding.Code("SkuCode")},
		"4 with a failed record":                {sent(400, 4, "AccountNumberInvalid", "", failed), refused, ding.CodeAccountNumberInvalid},
		"4 with a record in no state":           {sent(400, 4, "ParameterInvalid", "", `"SkuCode":"S"`), refused, ding.CodeParameterInvalid},
		"4 for a reference that was used":       {envelope(400, 4, "DuplicateTransactionPrevented", ""), unknown, ding.CodeDuplicateTransactionPrevented},
		"4 for a used reference, failed record": {sent(400, 4, "DuplicateTransactionPrevented", "", failed), unknown, ding.CodeDuplicateTransactionPrevented},
		"4 with a complete record":              {sent(400, 4, "ParameterInvalid", "", state("Complete")), unknown, ding.CodeParameterInvalid},
		"4 with a record in a new state":        {sent(400, 4, "ParameterInvalid", "", state("Pondering")), unknown, ding.CodeParameterInvalid},
		"4 with a complete, unreadable record":  {sent(400, 4, "ParameterInvalid", "", `"Price":"none",`+state("Complete")), unknown, ding.CodeParameterInvalid},
		"4 with a failed, unreadable record":    {sent(400, 4, "ParameterInvalid", "", `"Price":"none",`+state("Failed")), refused, ding.CodeParameterInvalid},
		"4 with a record that is none":          {reply{status: 400, body: `{"ResultCode":4,"TransferRecord":"Complete"}`}, unknown, facade.ErrUndecodable},
		"5 for want of balance":                 {envelope(500, 5, "InsufficientBalance", ""), refused, ding.CodeInsufficientBalance},
		"5 for want of balance, yet submitted":  {sent(500, 5, "InsufficientBalance", "", state("Submitted")), unknown, ding.CodeInsufficientBalance},
		"5 with a failed record":                {sent(500, 5, "ProviderError", "RechargeNotAllowed", failed), refused, ding.ContextRechargeNotAllowed},
		"5 with a failed, unreadable record":    {sent(500, 5, "ProviderError", "", `"StartedUtc":"soon",`+state("Failed")), refused, ding.CodeProviderError},
		"5 without record":                      {envelope(500, 5, "ProviderError", "ProviderUnknownError"), unknown, ding.ContextProviderUnknownError},
		"5 with a complete record":              {sent(500, 5, "OtherError", "", state("Complete")), unknown, ding.CodeOtherError},
		"5 with a record on its way":            {sent(500, 5, "OtherError", "", state("Processing")), unknown, ding.CodeOtherError},
		"ResultCode 6":                          {sent(200, 6, "", "", state("Failed")), unknown, nil},
		"no ResultCode":                         {ok(`{"TransferRecord":{` + state("Complete") + `}}`), unknown, facade.ErrUndecodable},
		"ResultCode as text":                    {ok(`{"ResultCode":"4"}`), unknown, facade.ErrUndecodable},
		"a bare 429":                            {reply{status: 429}, unknown, facade.ErrUndecodable},
		"a bare 503":                            {reply{status: 503, header: map[string]string{"Retry-After": "1"}}, unknown, facade.ErrUndecodable},
		"a bare 400":                            {reply{status: 400}, unknown, facade.ErrUndecodable},
		"an HTML 502":                           {html(502), unknown, facade.ErrUndecodable},
		"an HTML 200":                           {html(200), unknown, facade.ErrUndecodable},
		"a redirect":                            {reply{status: 307, header: map[string]string{"Location": "/elsewhere"}}, unknown, nil},
		"a body that broke off":                 {cut(accepted[:40]), unknown, nil},
		"JSON that was cut short":               {ok(accepted[:len(accepted)-3]), unknown, facade.ErrUndecodable},
		"a connection that was reset":           {reset(), unknown, nil},
	} {
		t.Run(name, func(t *testing.T) {
			attempts := 1
			if tc.outcome == temporary && name != "3 with a cancelled record" {
				attempts = impatient().MaxAttempts
			}
			s := serveMoney(t, times(attempts, tc.reply)...)

			answer, err := newClient(t, s).SendTransfer(t.Context(), transfer())

			assert.Len(t, s.seen(), attempts, "requests")
			assert.Equal(t, tc.outcome, facade.OutcomeOf(err), "%v", err)
			assert.Equal(t, tc.outcome == unknown, errors.Is(err, facade.ErrOutcomeUnknown), "%v", err)
			if tc.outcome == okay {
				require.NoError(t, err)
				assert.Equal(t, "700123", answer.TransferRecord.TransferID.TransferRef)
				return
			}
			assert.Nil(t, answer)
			lost := failure(t, err)
			assert.Equal(t, attempts, lost.Attempts)
			assert.Equal(t, tc.reply.status, lost.HTTPStatus*boolToInt(tc.reply.act == nil))
			if tc.is != nil {
				assert.ErrorIs(t, err, tc.is)
			}
			if json.Valid([]byte(tc.reply.body)) && strings.Contains(tc.reply.body, `"ProcessingState"`) {
				require.NotNil(t, lost.Record, "the record stays reachable")
			}
			if strings.Contains(tc.reply.body, `"ProcessingState":"Failed"`) {
				assert.Equal(t, ding.ProcessingStateFailed, lost.Record.ProcessingState)
			}
			if tc.outcome == unknown {
				assert.ErrorContains(t, err, "do not send again: recover it later, or ask Ding")
			}
		})
	}
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestCancelTransfersComesToWhatTheAnswerProves(t *testing.T) {
	for name, tc := range map[string]struct {
		reply   reply
		outcome facade.Outcome
	}{
		"success":                     {ok(`{"ResultCode":1,"Items":[{"BatchItemRef":"a","ResultCode":1,"ProcessingState":"Cancelled"}]}`), facade.OutcomeAccepted},
		"rate limited":                {envelope(429, 3, "RateLimited", ""), facade.OutcomeTemporary},
		"transient":                   {envelope(503, 3, "TransientProviderError", ""), facade.OutcomeTemporary},
		"under way":                   {envelope(429, 3, "RateLimited", "TransactionStillInProgress"), facade.OutcomeUnknown},
		"4":                           {envelope(400, 4, "RequestInvalid", ""), facade.OutcomeRefused},
		"5":                           {envelope(500, 5, "OtherError", ""), facade.OutcomeRefused},
		"ResultCode 6":                {ok(`{"ResultCode":6}`), facade.OutcomeUnknown},
		"a bare 503":                  {reply{status: 503}, facade.OutcomeUnknown},
		"an HTML 502":                 {html(502), facade.OutcomeUnknown},
		"a redirect":                  {reply{status: 308, header: map[string]string{"Location": "/"}}, facade.OutcomeUnknown},
		"a body that broke off":       {cut(`{"ResultCode":1`), facade.OutcomeUnknown},
		"JSON that was cut short":     {ok(`{"ResultCode":1,"Items":[`), facade.OutcomeUnknown},
		"a connection that was reset": {reset(), facade.OutcomeUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveMoney(t, tc.reply)

			_, err := newClient(t, s).CancelTransfers(t.Context(), []ding.CancellationRequest{cancellation("a")})

			assert.Len(t, s.seen(), 1, "exactly one request")
			assert.Equal(t, tc.outcome, facade.OutcomeOf(err), "%v", err)
			assert.Equal(t, tc.outcome == facade.OutcomeUnknown, errors.Is(err, facade.ErrOutcomeUnknown))
		})
	}
}

func TestAValidationIsARead(t *testing.T) {
	validation := transfer()
	validation.ValidateOnly = true
	validated := ok(`{"ResultCode":1,"TransferRecord":{"TransferId":{"TransferRef":"0"},"ProcessingState":"Complete"}}`)
	for name, tc := range map[string]struct {
		script  []reply
		outcome facade.Outcome
	}{
		"passes, though its TransferRef is 0":  {times(1, validated), facade.OutcomeAccepted},
		"passes without TransferId":            {times(1, sent(200, 1, "", "", `"ProcessingState":"Complete"`)), facade.OutcomeAccepted},
		"is repeated after a 502":              {[]reply{html(502), validated}, facade.OutcomeAccepted},
		"is repeated after a reset":            {[]reply{reset(), validated}, facade.OutcomeAccepted},
		"is repeated after 3":                  {[]reply{envelope(429, 3, "RateLimited", ""), validated}, facade.OutcomeAccepted},
		"is temporary at worst":                {times(3, reset()), facade.OutcomeTemporary},
		"is refused by 4":                      {times(1, envelope(400, 4, "DuplicateTransactionPrevented", "")), facade.OutcomeRefused},
		"is refused by 5 without record":       {times(1, envelope(500, 5, "ProviderError", "")), facade.OutcomeRefused},
		"is refused with an unreadable answer": {times(1, html(200)), facade.OutcomeRefused},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tc.script...)

			_, err := newClient(t, s).SendTransfer(t.Context(), validation)

			assert.Equal(t, tc.outcome, facade.OutcomeOf(err), "%v", err)
			assert.NotErrorIs(t, err, facade.ErrOutcomeUnknown)
			for _, request := range s.seen() {
				assert.Contains(t, request.body, `"ValidateOnly":true`)
			}
		})
	}
}

func TestACancellationIsNotSentAgainWithAFreshToken(t *testing.T) {
	idp := identityProvider(t, 2)
	s := serve(t, envelope(401, 4, "AuthenticationFailed", "TokenExpired"), ok(plain))
	client := newClientWith(t, s, ding.WithClientCredentials("client-1", clientSecret), ding.WithTokenURL(idp.url))

	_, err := client.CancelTransfers(t.Context(), []ding.CancellationRequest{cancellation("a")})

	assert.Equal(t, facade.OutcomeRefused, facade.OutcomeOf(err))
	assert.ErrorIs(t, err, ding.ContextTokenExpired)
	assert.Equal(t, 1, failure(t, err).Attempts)
	assert.Len(t, s.seen(), 1)

	_, err = client.GetBalance(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "Bearer token-number-2", s.seen()[1].header.Get("Authorization"), "the next call has a new token")
}

func TestALostAnswerKeepsItsCause(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, reply{act: func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}})

	_, err := newClient(t, s).SendTransfer(ctx, transfer())

	assert.ErrorIs(t, err, facade.ErrOutcomeUnknown, "the request had left")
	assert.ErrorIs(t, err, context.Canceled)
	assert.ErrorIs(t, fmt.Errorf("order 1: %w", err), facade.ErrOutcomeUnknown)
}
