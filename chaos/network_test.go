// The network between processes and the sandbox: connections in memory, requests that take their time, and a service in
// front of the sandbox that does what the sandbox does not: fail at a provider, and prevent duplicates.

package chaos

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
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

// pipes is a listener in memory.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error { close(p.closed); return nil }

func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }

// subject is the reference that a request is about.
type subject struct {
	operation string
	reference string
}

// arrival is a request that has reached the service.
type arrival struct {
	subject
	at   time.Time
	left time.Time // when the service had done with it
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

func subjectOf(path string, body []byte) subject {
	var names struct {
		DistributorRef, ChargeRequestID, RefundRequestID, SMSRequestID string
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
	return subject{path, names.DistributorRef}
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the process died while it wrote
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	about := subjectOf(r.URL.Path, body)
	number := f.count(r.URL.Path + string(body))
	pause(r.Context(), f.world.dice.spread(5*time.Millisecond, 500*time.Millisecond, "travels", r.URL.Path, string(body), number))

	came := f.arrive(about)
	defer f.leave(came)
	answer := &watched{ResponseWriter: w, about: about, front: f}
	switch {
	case about.operation != string(transfer):
		f.world.sandbox.ServeHTTP(answer, r)
	case f.world.dice.chance(f.world.plan.limited, "limited", about.reference, number):
		w.Header().Set("Retry-After", "90") // longer than the client waits
		refuse(answer, http.StatusTooManyRequests, ding.ResultCodeTransientError, "RateLimited")
	case f.world.plan.preventsDuplicates && !f.world.mutation.featureIsOff && f.isDuplicate(about.reference):
		refuse(answer, http.StatusBadRequest, ding.ResultCodeClientError, "DuplicateTransactionPrevented")
	default:
		if f.world.dice.chance(f.world.plan.failing, "failing", about.reference, number) {
			f.failOnce(r, body, number)
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

func (f *front) arrive(about subject) *arrival {
	came := &arrival{subject: about, at: time.Now()}
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
func (f *front) failOnce(r *http.Request, body []byte, number int) {
	var request ding.SendTransferRequest
	if json.Unmarshal(body, &request) != nil || request.SKUCode != topUp {
		return
	}
	f.mu.Lock()
	f.disguised[request.DistributorRef] = request.AccountNumber
	f.mu.Unlock()
	// 2 and 3 are failures for now, of which 3 is sent again, and 4 is one for good.
	request.AccountNumber = failingAccount + string("3333324"[f.world.dice.pick(7, "fails with", request.DistributorRef, number)])
	body, _ = json.Marshal(request) // it was read from JSON
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
}

// topUp is a product, and failingAccount its UatNumber without the last digit, which picks the outcome.
const (
	topUp          = "GB_AB_TopUp"
	failingAccount = "44000000000"
)

// watched notes what is answered, and undoes failOnce's disguise.
type watched struct {
	http.ResponseWriter
	about subject
	front *front
}

// Unwrap lets the sandbox take the connection over.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *watched) WriteHeader(status int) {
	w.front.note(w.about, "service: answers %s with %d", w.about.operation, status)
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(body []byte) (int, error) {
	if _, err := w.ResponseWriter.Write(w.front.undisguise(w.about.operation, body)); err != nil {
		return 0, err
	}
	return len(body), nil
}

// undisguise gives the transfers in an answer that is whole their own accounts back.
func (f *front) undisguise(operation string, body []byte) []byte {
	var sent ding.SendTransferResponse
	var listed ding.ListTransferRecordsResponse
	switch {
	case !bytes.Contains(body, []byte(failingAccount)):
		return body
	case operation == string(transfer) && json.Unmarshal(body, &sent) == nil && sent.TransferRecord != nil:
		f.ownAccount(sent.TransferRecord)
		return written(sent)
	case operation == "ListTransferRecords" && json.Unmarshal(body, &listed) == nil:
		for i := range listed.Items {
			f.ownAccount(&listed.Items[i].TransferRecord)
		}
		return written(listed)
	}
	return body
}

func (f *front) ownAccount(record *ding.TransferRecord) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if record.TransferID == nil || !strings.HasPrefix(record.AccountNumber, failingAccount) {
		return
	}
	if own, disguised := f.disguised[record.TransferID.DistributorRef]; disguised {
		record.AccountNumber = own
	}
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
