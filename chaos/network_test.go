// The network between processes and the sandbox: connections in memory, requests that take their time, and a service in
// front of the sandbox that does what the sandbox does not: fail at a provider, prevent duplicates, list validations, and
// give the strange answers of strange_test.go.

package chaos

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/airtime-go/airtime/gen/ding"
)

// address is where the clients think the sandbox is.
const address = "http://127.0.0.1:8645"

// subject is the reference that a request is about.
type subject struct {
	operation string
	reference string
}

// arrival is a request that has reached the service.
type arrival struct {
	subject
	body string
	// sent is when it left the client, at when the service began with it, and left when it had done with it.
	sent, at, left time.Time
	// answer is what was written of an answer, whether it arrived or not.
	answer []byte
	// strange reports an answer of strange_test.go, and stranger a request of another program's.
	strange, stranger bool
}

// front is what requests meet before the sandbox.
type front struct {
	world *world

	mu       sync.Mutex
	arrivals []*arrival
	// seen counts how often the same request has come.
	seen map[string]int
	// working counts the SendTransfers of a reference that are in progress.
	working map[string]int
	// disguised are the accounts of transfers that were made to fail, by reference.
	disguised map[string]string
}

// validation is a SendTransfer that pays nothing.
const validation = "ValidateOnly"

func subjectOf(path string, body []byte) subject {
	var names struct {
		DistributorRef, ChargeRequestID, RefundRequestID, SMSRequestID string
		ValidateOnly                                                   bool
	}
	_ = json.Unmarshal(body, &names) // a request for a token names nothing
	path = strings.TrimPrefix(strings.TrimPrefix(path, "/api/V1/"), "/dizlee/")
	switch path {
	case "charge":
		return subject{string(charge), names.ChargeRequestID}
	case "refund":
		return subject{string(refund), names.RefundRequestID}
	case "sms":
		return subject{string(message), names.SMSRequestID}
	}
	if names.ValidateOnly {
		path = validation
	}
	return subject{path, names.DistributorRef}
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the process died while it wrote
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	sent, about := time.Now(), subjectOf(r.URL.Path, body)
	number := f.count(r.URL.Path + string(body))
	pause(r.Context(), f.world.dice.spread(5*time.Millisecond, 500*time.Millisecond, "travels", r.URL.Path, string(body), number))

	came := f.arrive(about, string(body), sent)
	came.stranger = r.Header.Get(strangerHeader) != ""
	defer f.leave(came)
	answer := &watched{ResponseWriter: w, came: came, front: f}
	switch {
	case f.isStrange(about, number):
		came.strange = true
		f.answerStrangely(answer, r, number)
	case about.operation == listing:
		f.list(answer, r, body, number)
	case about.operation != string(transfer):
		f.world.sandbox.ServeHTTP(answer, r)
	case f.world.dice.chance(f.world.plan.limited, "limited", about.reference, number):
		w.Header().Set("Retry-After", "90") // longer than the client waits
		refuse(answer, http.StatusTooManyRequests, ding.ResultCodeTransientError, "RateLimited")
	case f.prevented(about):
		refuse(answer, http.StatusBadRequest, ding.ResultCodeClientError, "DuplicateTransactionPrevented")
	default:
		if f.world.dice.chance(f.world.plan.failing, "failing", about.reference, number) {
			f.failOnce(w, r, body, number)
		}
		f.world.sandbox.ServeHTTP(answer, r)
	}
}

func (f *front) count(request string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen[request]++
	return f.seen[request]
}

func (f *front) arrive(about subject, body string, sent time.Time) *arrival {
	came := &arrival{subject: about, body: body, sent: sent, at: time.Now()}
	f.mu.Lock()
	f.arrivals = append(f.arrivals, came)
	f.working[about.operation+about.reference]++
	f.mu.Unlock()
	f.note(about, "service: %s arrives", about.operation)
	return came
}

func (f *front) leave(came *arrival) {
	f.mu.Lock()
	came.left = time.Now()
	f.working[came.operation+came.reference]--
	f.mu.Unlock()
	f.note(came.subject, "service: done with %s", came.operation)
}

// note writes down what happened to a reference; the rest of the traffic is of no interest.
func (f *front) note(about subject, format string, args ...any) {
	if about.reference != "" {
		f.world.diary.note(about.reference, format, args...)
	}
}

// isDuplicate reports whether a transfer under the reference is in progress or has been paid: what the feature Prevent
// Duplicates looks at.
func (f *front) isDuplicate(reference string) bool {
	f.mu.Lock()
	working := f.working[string(transfer)+reference]
	f.mu.Unlock()
	if working > 1 {
		return true
	}
	for _, p := range f.world.sandbox.Payments() {
		if p.DistributorRef == reference {
			return true
		}
	}
	return false
}

func refuse(w http.ResponseWriter, status int, result ding.ResultCode, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// If the process has died, nobody is left to tell.
	_, _ = w.Write(written(ding.SendTransferResponse{ResultCode: result, ErrorCodes: []ding.ErrorCode{{Code: code}}}))
}

// failOnce has this attempt fail at the provider, by sending it to the account of the same product that does. In answers
// and lists it keeps its own account.
func (f *front) failOnce(w http.ResponseWriter, r *http.Request, body []byte, number int) {
	var request ding.SendTransferRequest
	if json.Unmarshal(body, &request) != nil || request.SKUCode != topUp || f.world.orderOf(transfer, request.DistributorRef).stranger != (other{}) {
		return // of two failures under one reference, nobody could tell whose is whose
	}
	if f.world.dice.chance(0.5, "wants a pause", request.DistributorRef, number) {
		w.Header().Set("Retry-After", "20") // others who look meanwhile find the failure alone
	}
	f.mu.Lock()
	f.disguised[request.DistributorRef] = request.AccountNumber
	f.mu.Unlock()
	// 2 and 3 are failures for now, of which 3 is sent again, and 4 is one for good.
	request.AccountNumber = failingAccount + string("3333324"[f.world.dice.pick(7, "fails with", request.DistributorRef, number)])
	body, _ = json.Marshal(request) // it was read from JSON
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
}

// topUp is a product for any value, of which failingAccount is the UatNumber without the last digit, which picks the
// outcome; ten is one for 10 alone.
const (
	topUp          = "GB_AB_TopUp"
	ten            = "GB_AB_10"
	failingAccount = "44000000000"
)

// watched notes what is answered, undoes failOnce's disguise, and shows lists as lists_test.go has them.
type watched struct {
	http.ResponseWriter
	came  *arrival
	front *front
}

// Unwrap lets the sandbox take the connection over.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *watched) WriteHeader(status int) {
	w.front.note(w.came.subject, "service: answers %s with %d", w.came.operation, status)
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(body []byte) (int, error) {
	shown := body
	switch w.came.operation {
	case string(transfer):
		shown = w.front.asAnswered(w.came.reference, body)
	case listing:
		shown = w.front.asListed(w.came, body)
	}
	w.came.answer = append(w.came.answer, shown...)
	if _, err := w.ResponseWriter.Write(shown); err != nil {
		return 0, err
	}
	return len(body), nil
}

// asAnswered gives the transfer in an answer that is whole its own account back.
func (f *front) asAnswered(reference string, body []byte) []byte {
	var sent ding.SendTransferResponse
	if !bytes.Contains(body, []byte(failingAccount)) || json.Unmarshal(body, &sent) != nil || sent.TransferRecord == nil {
		return body
	}
	f.ownAccount(reference, sent.TransferRecord) // a failure has no TransferId
	return written(sent)
}

// ownAccount gives a transfer its own account back, and reports whether it had another.
func (f *front) ownAccount(reference string, record *ding.TransferRecord) (changed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !strings.HasPrefix(record.AccountNumber, failingAccount) {
		return false
	}
	own, disguised := f.disguised[reference]
	if disguised {
		record.AccountNumber = own
	}
	return disguised
}

func written(answer any) []byte {
	text, err := json.Marshal(answer)
	if err != nil {
		panic(err) // it was read from JSON
	}
	return text
}

// failedAtLast reports whether the list holds nothing but failures of a transfer.
func (w *world) failedAtLast(reference string) bool {
	request := httptest.NewRequest(http.MethodPost, "/api/V1/ListTransferRecords", bytes.NewReader(written(ding.ListTransferRecordsRequest{DistributorRef: reference, Take: 100})))
	request.Header.Set("api_key", w.sandbox.Credentials().DingAPIKey)
	request.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	w.sandbox.ServeHTTP(answer, request)
	var listed ding.ListTransferRecordsResponse
	if err := json.Unmarshal(answer.Body.Bytes(), &listed); err != nil || listed.ResultCode != ding.ResultCodeSuccess {
		panic("the list cannot be read: " + answer.Body.String())
	}
	return len(listed.Items) > 0 && !slices.ContainsFunc(listed.Items, func(item ding.TransferRecordWithErrorCodes) bool {
		return item.TransferRecord.ProcessingState != ding.ProcessingStateFailed
	})
}
