// Tests made from the outcome table: for every row, an answer that fits it and no earlier one is played to the client, and
// what the client makes of it must be what the row says.

package ding

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/settle"
)

// sample is what can come back from an attempt.
type sample struct {
	came   came
	status int
	body   string
}

// recordsLike are records as the table tells them apart, as JSON.
var recordsLike = map[recordIs]string{
	recordNone:    `null`,
	recordDone:    `{"TransferId":{"TransferRef":"700123","DistributorRef":"order-1"},"ProcessingState":"Complete"}`,
	recordMoving:  `{"TransferId":{"TransferRef":"700123","DistributorRef":"order-1"},"ProcessingState":"Processing"}`,
	recordFailed:  `{"SkuCode":"GB_TEST_10","ProcessingState":"Failed"}`,
	recordCancel:  `{"TransferId":{"TransferRef":"700123","DistributorRef":"order-1"},"ProcessingState":"Cancelled"}`,
	recordNoRef:   `{"TransferId":{"TransferRef":"0"},"ProcessingState":"Complete"}`,
	recordOther:   `{"TransferId":{"TransferRef":"700124","DistributorRef":"order-2"},"ProcessingState":"Failed"}`,
	recordStrange: `{"TransferId":{"TransferRef":"700123","DistributorRef":"order-1"},"ProcessingState":"Pondering"}`,
}

var everyRecord = []recordIs{recordNone, recordFailed, recordCancel, recordDone, recordMoving, recordNoRef, recordStrange, recordOther}

// bodies are envelopes that could fit a row, the likely ones first.
func (r row) bodies() []string {
	codes := []ResultCode{r.resultCode}
	if r.resultCode == 0 {
		codes = []ResultCode{4, 3, 5, 1, 7}
	}
	records := r.records
	if len(records) == 0 {
		records = everyRecord
	}
	code := r.code
	if code == "" {
		code = "NewlyInvented"
	}
	var bodies []string
	for _, resultCode := range codes {
		for _, record := range records {
			bodies = append(bodies, fmt.Sprintf(`{"ResultCode":%d,"ErrorCodes":[{"Code":%q,"Context":%q}],"TransferRecord":%s}`, resultCode, code, r.context, recordsLike[record]))
		}
	}
	return bodies
}

// read is the finding that a body comes to.
func read(operation string, status int, body string) *finding {
	f := &finding{operation: operation}
	f.Status, f.Body = status, []byte(body)
	if operation == operationCancelTransfers {
		f.read(&CancelTransfersResponse{})
		return f
	}
	if operation == operationSendDeferred {
		f.operation, f.deferred = operationSendTransfer, true
	}
	request := order("order-1")
	f.request = &request
	f.read(&SendTransferResponse{})
	return f
}

// decides returns the place of the row that decides about a finding; -1 for none.
func decides(f *finding) int {
	for i, r := range outcomeTable {
		if r.fits(f) {
			return i
		}
	}
	return -1
}

// samples returns answers for which the row decides: one, with several statuses where the status makes no difference.
func samples(t *testing.T, place int, operation string) []sample {
	t.Helper()
	r := outcomeTable[place]
	if r.came != cameEnvelope {
		return []sample{{came: r.came}}
	}
	for _, body := range r.bodies() {
		if decides(read(operation, 200, body)) != place {
			continue
		}
		var all []sample
		for _, status := range []int{200, 400, 503} {
			all = append(all, sample{came: cameEnvelope, status: status, body: body})
		}
		return all
	}
	require.Failf(t, "no answer reaches the row", "%s of %s", r, operation)
	return nil
}

func TestEveryRowMeansWhatItSays(t *testing.T) {
	for place, r := range outcomeTable {
		for _, operation := range r.operations {
			for _, s := range samples(t, place, operation) {
				t.Run(fmt.Sprintf("%d %s %s %d", place, operation, s.came, s.status), func(t *testing.T) {
					bubble(t, func(t *testing.T) {
						if operation == operationCancelTransfers {
							cancelsAs(t, r, s)
						} else {
							sendsAs(t, r, s, operation == operationSendDeferred)
						}
					})
				})
			}
		}
	}
}

// plays lets the service answer so, and returns the options that it takes.
func (b *book) plays(s sample) []Option {
	oauth := []Option{WithClientCredentials("client-1", "s3cret-of-the-tests"), WithTokenURL("http://localhost/token")}
	var act func(w http.ResponseWriter)
	switch s.came {
	case cameNoRoom:
		limits := WithUsageLimits(map[string]int{operationSendTransfer: 1, operationCancelTransfers: 1})
		return append(b.plays(sample{came: cameEnvelope, status: 400, body: `{"ResultCode":4,"ErrorCodes":[{"Code":"ParameterInvalid"}]}`}), limits)
	case cameNothingLeft:
		b.refusing = true
	case cameNoToken:
		b.token = func(w http.ResponseWriter) { answer(w, 500, "") }
		return oauth
	case cameTokenRefused:
		b.token = func(w http.ResponseWriter) { answer(w, 400, `{"error":"invalid_client"}`) }
		return oauth
	case cameLost:
		act = drop
	case cameRedirect:
		act = func(w http.ResponseWriter) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(307)
		}
	case cameTooLarge:
		act = func(w http.ResponseWriter) { _, _ = io.WriteString(w, strings.Repeat(" ", defaultBound+1)) }
	case cameUnreadable:
		act = func(w http.ResponseWriter) { answer(w, 502, "<html>Bad Gateway</html>") }
	default:
		act = func(w http.ResponseWriter) { answer(w, s.status, s.body) }
	}
	b.send = func(_ *book, _ int, _ SendTransferRequest, w http.ResponseWriter, _ *http.Request) { act(w) }
	b.cancel = func(w http.ResponseWriter, _ *http.Request) { act(w) }
	return []Option{WithAPIKey("key-of-the-tests")}
}

func (s sample) client(t *testing.T) (*book, *Client) {
	b := open(t, &book{})
	opts := append(b.plays(s), WithBaseURL("http://localhost"), WithHTTPClient(b.client))
	client, err := NewClient(opts...)
	require.NoError(t, err)
	if s.came == cameNoRoom {
		_, err := client.SendTransfer(t.Context(), order("order-0"))
		require.Error(t, err)
		_, err = client.CancelTransfers(t.Context(), []CancellationRequest{{BatchItemRef: "a", TransferID: TransferID{TransferRef: "1"}}})
		require.Error(t, err)
		b.sends, b.cancels = nil, 0
	}
	return b, client
}

func sendsAs(t *testing.T, r row, s sample, deferred bool) {
	b, client := s.client(t)
	begun := time.Now()

	var answered *SendTransferResponse
	var err error
	if deferred {
		_, err = client.SendTransferDeferred(t.Context(), order("order-1"))
	} else {
		answered, err = client.SendTransfer(t.Context(), order("order-1"))
	}

	attempts, outcome := 1, outcomes[r.verdict]
	switch {
	case r.once: // an API key cannot be renewed
		outcome = facade.OutcomeRefused
	case r.again:
		attempts = facade.DefaultRetryPolicy().MaxAttempts
	}
	reached := attempts
	if s.came == cameNoRoom || s.came == cameNothingLeft || s.came == cameNoToken || s.came == cameTokenRefused {
		reached = 0
	}
	sends, lists := b.count()
	assert.Equal(t, reached, sends, "sends")
	assert.Equal(t, outcome, facade.OutcomeOf(err), "%v", err)
	assert.Equal(t, r.verdict == settle.LookUp || r.asked, lists > 0, "look-ups")
	if outcome == facade.OutcomeAccepted {
		require.NoError(t, err)
		assert.Equal(t, "700123", answered.TransferRecord.TransferID.TransferRef)
		assert.Equal(t, r.verdict == settle.Pending, IsPending(answered.TransferRecord))
		return
	}
	assert.Nil(t, answered)
	failed := failureOf(t, err)
	assert.Equal(t, attempts, failed.Attempts)
	assert.Equal(t, s.status, failed.HTTPStatus*one(s.came == cameEnvelope))
	if strings.Contains(s.body, "ProcessingState") {
		assert.NotNil(t, failed.Record, "the record stays reachable")
	}
	if r.verdict == settle.LookUp {
		assert.Equal(t, DefaultSettleTimeout, time.Since(begun).Truncate(time.Second))
		assert.ErrorIs(t, err, facade.ErrOutcomeUnknown)
		assert.ErrorContains(t, err, "looked up: the list does not have it")
		assert.Equal(t, s.came == cameUnreadable, errors.Is(err, facade.ErrUndecodable))
		if s.came == cameEnvelope {
			assert.ErrorContains(t, err, r.why)
		}
	}
}

func cancelsAs(t *testing.T, r row, s sample) {
	b, client := s.client(t)

	answered, err := client.CancelTransfers(t.Context(), []CancellationRequest{{BatchItemRef: "a", TransferID: TransferID{TransferRef: "700123"}}})

	assert.LessOrEqual(t, b.cancels, 1, "it is never sent twice")
	assert.Equal(t, s.came != cameNoRoom && s.came != cameNothingLeft && s.came != cameNoToken && s.came != cameTokenRefused, b.cancels == 1, "it was sent")
	assert.Equal(t, outcomes[r.verdict], facade.OutcomeOf(err), "%v", err)
	_, lists := b.count()
	// The sample answers no item, so what was accepted is read back too.
	assert.Equal(t, r.verdict == settle.LookUp || r.verdict == settle.Accepted, lists > 0, "it is read back, again and again, since the list does not have it")
	if r.verdict != settle.Accepted {
		assert.Nil(t, answered)
		return
	}
	require.Len(t, answered.Results, 1)
	assert.ErrorIs(t, answered.Results[0].Err, facade.ErrOutcomeUnknown)
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func failureOf(t *testing.T, err error) *Error {
	t.Helper()
	var failed *Error
	require.ErrorAs(t, err, &failed)
	return failed
}

func TestTheTableDecidesAboutEverything(t *testing.T) {
	for _, operation := range append(deferOnly, both...) {
		for resultCode := range ResultCode(8) {
			for _, record := range everyRecord {
				for _, code := range []Code{"", CodeRateLimited, CodeInsufficientBalance, CodeDuplicateTransactionPrevented, CodeAuthenticationFailed, "New"} {
					for _, context := range []Code{"", ContextTransactionStillInProgress, ContextProviderTimedOut} {
						f := read(operation, 200, fmt.Sprintf(`{"ResultCode":%d,"ErrorCodes":[{"Code":%q,"Context":%q}],"TransferRecord":%s}`, resultCode, code, context, recordsLike[record]))
						require.GreaterOrEqual(t, decides(f), 0)
						checkDecision(t, f, outcomeOf(f), record)
					}
				}
			}
		}
	}
	nothing := &finding{operation: "GetBalance"}
	assert.Equal(t, settle.LookUp, outcomeOf(nothing).verdict, "what is not in the table proves nothing")
}

// checkDecision holds a decision against what can be said without the table.
func checkDecision(t *testing.T, f *finding, decided row, record recordIs) {
	t.Helper()
	send := f.operation == operationSendTransfer
	switch decided.verdict {
	case settle.Accepted, settle.Pending:
		assert.True(t, succeeded(f.envelope.ResultCode), "only a success is accepted: %+v", f.envelope)
		assert.True(t, !send || record == recordDone || record == recordMoving, "only with a record: %v", record)
	case settle.Refused, settle.Later:
		assert.False(t, succeeded(f.envelope.ResultCode))
		assert.True(t, !send || record == recordNone || record == recordFailed || record == recordCancel, "a record that may be paid is no refusal: %v", record)
		if send && f.envelope.ResultCode == ResultCodeServerError && record == recordNone {
			assert.True(t, has(f.envelope.ErrorCodes, CodeInsufficientBalance))
			assert.True(t, decided.asked, "no record proves it")
		}
	}
	if decided.again {
		assert.False(t, record == recordCancel && !has(f.envelope.ErrorCodes, CodeRateLimited) && !decided.once, "what was cancelled is not to be sent")
		assert.Equal(t, settle.Later, decided.verdict)
		assert.False(t, f.deferred && record == recordFailed && !has(f.envelope.ErrorCodes, CodeRateLimited) && !decided.once, "Ding tries it again by itself")
		assert.False(t, has(f.envelope.ErrorCodes, ContextTransactionStillInProgress))
		assert.False(t, has(f.envelope.ErrorCodes, CodeDuplicateTransactionPrevented))
		late := f.envelope.ResultCode == ResultCodeTransientError && has(f.envelope.ErrorCodes, ContextProviderTimedOut)
		assert.False(t, late && !has(f.envelope.ErrorCodes, CodeRateLimited))
	}
}

func TestAProofAmongDoubtsIsNone(t *testing.T) {
	for name, tc := range map[string]struct {
		resultCode int
		codes      string
		verdict    settle.Verdict
	}{
		"rate limited, and the provider timed out":    {3, `{"Code":"RateLimited"},{"Code":"TransientProviderError","Context":"ProviderTimedOut"}`, settle.LookUp},
		"rate limited twice":                          {3, `{"Code":"RateLimited"},{"Code":"RateLimited"}`, settle.Later},
		"rate limited as a context":                   {3, `{"Code":"TransientProviderError","Context":"RateLimited"}`, settle.LookUp},
		"no balance, and the provider is at a loss":   {5, `{"Code":"InsufficientBalance"},{"Code":"ProviderError","Context":"ProviderUnknownError"}`, settle.LookUp},
		"no balance as a context":                     {5, `{"Code":"OtherError","Context":"InsufficientBalance"}`, settle.LookUp},
		"a bad key, and a reference that was used":    {4, `{"Code":"AuthenticationFailed"},{"Code":"DuplicateTransactionPrevented"}`, settle.LookUp},
		"one is under way, whatever else it is":       {3, `{"Code":"New"},{"Code":"RateLimited","Context":"TransactionStillInProgress"}`, settle.LookUp},
		"no codes at all":                             {3, ``, settle.LookUp},
		"a bad parameter and another, as is usual":    {4, `{"Code":"ParameterMissing","Context":"A"},{"Code":"ParameterInvalid","Context":"B"}`, settle.Refused},
		"a record with a reference and without state": {4, `],"TransferRecord":{"TransferId":{"TransferRef":"7"}},"Ignored":[`, settle.LookUp},
	} {
		t.Run(name, func(t *testing.T) {
			f := read(operationSendTransfer, 200, fmt.Sprintf(`{"ResultCode":%d,"ErrorCodes":[%s]}`, tc.resultCode, tc.codes))
			require.NoError(t, f.unreadable)
			assert.Equal(t, tc.verdict, outcomeOf(f).verdict)
		})
	}
}

func TestARefusedTokenIsRenewedOnce(t *testing.T) {
	refusal := `{"ResultCode":4,"ErrorCodes":[{"Code":"AuthenticationFailed","Context":"TokenExpired"}]}`
	for name, tc := range map[string]struct {
		ways    []int // how many sends are refused
		sends   int
		outcome facade.Outcome
	}{
		"and the transfer is sent again": {[]int{1}, 2, facade.OutcomeAccepted},
		"and no more than that":          {[]int{1, 2}, 2, facade.OutcomeRefused},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := open(t, &book{send: func(b *book, n int, request SendTransferRequest, w http.ResponseWriter, r *http.Request) {
					if n <= len(tc.ways) {
						answer(w, 401, refusal)
						return
					}
					complete(b, n, request, w, r)
				}})
				tokens := 0
				b.token = func(w http.ResponseWriter) {
					tokens++
					_ = json.NewEncoder(w).Encode(map[string]any{"access_token": fmt.Sprint("token-number-", tokens), "token_type": "Bearer", "expires_in": 1800})
				}
				client, err := NewClient(WithClientCredentials("client-1", "s3cret-of-the-tests"), WithTokenURL("http://localhost/token"),
					WithBaseURL("http://localhost"), WithHTTPClient(b.client))
				require.NoError(t, err)

				_, err = client.SendTransfer(t.Context(), order("order-1"))

				assert.Equal(t, tc.outcome, facade.OutcomeOf(err), "%v", err)
				assert.Len(t, b.sends, tc.sends)
				assert.Equal(t, 2, tokens)
			})
		})
	}
}
