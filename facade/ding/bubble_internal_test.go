// The DingConnect that the tests of the money protocol talk to, over connections in memory, so that time is virtual: what
// it answers to SendTransfer is given, its list is that of its books, and it counts what it is asked.

package ding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/internal/memnet"
	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/wire"
)

// book is the service, and what is in its books.
type book struct {
	t *testing.T
	// send answers SendTransfer number n, from 1.
	send func(b *book, n int, request SendTransferRequest, w http.ResponseWriter, r *http.Request)
	// cancel answers CancelTransfers, list ListTransferRecords in place of the books.
	cancel, list func(http.ResponseWriter, *http.Request)
	// token answers for the identity provider.
	token func(http.ResponseWriter)
	// direct, if set, is served instead of all that.
	direct http.Handler
	// hidden is how long a new record stays out of the list.
	hidden time.Duration
	// dialling is how long a connection takes.
	dialling time.Duration
	refusing bool // connections

	client *http.Client

	mu      sync.Mutex
	sends   []SendTransferRequest
	sentAt  []time.Time
	lists   []ListTransferRecordsRequest
	listsAt []time.Time
	cancels int
	records []entered
}

// entered is a record and when it was entered, which is not what it says.
type entered struct {
	TransferRecordWithErrorCodes
	at time.Time
}

var errNoConnection = errors.New("connection refused")

// open runs the service in the bubble of the test.
func open(t *testing.T, b *book) *book {
	t.Helper()
	b.t = t
	listener := memnet.Listen()
	server := &http.Server{Handler: http.HandlerFunc(b.serve)}
	go func() { _ = server.Serve(listener) }()
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(b.dialling):
		}
		if b.refusing {
			return nil, errNoConnection
		}
		return listener.Dial(ctx, network, address)
	}}
	b.client = &http.Client{Transport: transport}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		synctest.Wait()
	})
	return b
}

// newClient returns a client of the service.
func (b *book) newClient(opts ...Option) *Client {
	b.t.Helper()
	client, err := NewClient(append([]Option{WithAPIKey("key-of-the-tests"), WithBaseURL("http://localhost"), WithHTTPClient(b.client)}, opts...)...)
	require.NoError(b.t, err)
	return client
}

func (b *book) serve(w http.ResponseWriter, r *http.Request) {
	if b.direct != nil {
		b.direct.ServeHTTP(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	switch strings.TrimPrefix(r.URL.Path, "/api/V1/") {
	case operationSendTransfer:
		var request SendTransferRequest
		assert.NoError(b.t, json.Unmarshal(body, &request))
		b.mu.Lock()
		b.sends, b.sentAt = append(b.sends, request), append(b.sentAt, time.Now())
		n := len(b.sends)
		b.mu.Unlock()
		b.send(b, n, request, w, r)
	case operationCancelTransfers:
		b.mu.Lock()
		b.cancels++
		b.mu.Unlock()
		b.cancel(w, r)
	case operationListTransferRecords:
		var request ListTransferRecordsRequest
		assert.NoError(b.t, json.Unmarshal(body, &request))
		b.mu.Lock()
		b.lists, b.listsAt = append(b.lists, request), append(b.listsAt, time.Now())
		b.mu.Unlock()
		if b.list != nil {
			b.list(w, r)
			return
		}
		b.page(w, request)
	case "/token":
		b.token(w)
	default:
		_, _ = io.WriteString(w, `{"ResultCode":1}`)
	}
}

// page answers with a page of what the list shows, newest first.
func (b *book) page(w http.ResponseWriter, request ListTransferRecordsRequest) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var fit []TransferRecordWithErrorCodes
	for i := len(b.records) - 1; i >= 0; i-- {
		record := b.records[i]
		id := record.TransferRecord.TransferID
		if time.Since(record.at) >= b.hidden && (request.DistributorRef == "" || id == nil || id.DistributorRef == request.DistributorRef) &&
			(request.TransferRef == "" || id != nil && id.TransferRef == request.TransferRef) {
			fit = append(fit, record.TransferRecordWithErrorCodes)
		}
	}
	from := min(int(request.Skip), len(fit))
	to := min(from+int(request.Take), len(fit))
	_ = json.NewEncoder(w).Encode(ListTransferRecordsResponse{ResultCode: 1, Items: fit[from:to], ThereAreMoreItems: to < len(fit)})
}

// enter puts a transfer into the books.
func (b *book) enter(request SendTransferRequest, state ProcessingState, change ...func(*TransferRecordWithErrorCodes)) TransferRecord {
	b.mu.Lock()
	defer b.mu.Unlock()
	item := TransferRecordWithErrorCodes{ResultCode: 1, TransferRecord: TransferRecord{
		TransferID:      &TransferID{TransferRef: fmt.Sprint(700000 + len(b.records)), DistributorRef: request.DistributorRef},
		SKUCode:         request.SKUCode,
		AccountNumber:   request.AccountNumber,
		Price:           &Price{SendValue: request.SendValue, SendCurrencyISO: "EUR"},
		ProcessingState: state,
		StartedUTC:      wire.NewTime(time.Now()),
	}}
	for _, c := range change {
		c(&item)
	}
	b.records = append(b.records, entered{item, time.Now()})
	return item.TransferRecord
}

func (b *book) count() (sends, lists int) {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.sends), len(b.lists)
}

// mostListsWithin returns the largest number of list requests in any span of that length.
func (b *book) mostListsWithin(span time.Duration) int {
	most := 0
	for i, from := range b.listsAt {
		n := 0
		for _, at := range b.listsAt[i:] {
			if at.Sub(from) <= span {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// drop closes the connection without an answer.
func drop(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// answer writes an envelope.
func answer(w http.ResponseWriter, status int, envelope string) {
	w.WriteHeader(status)
	_, _ = io.WriteString(w, envelope)
}

// complete enters the transfer as paid and says so.
func complete(b *book, _ int, request SendTransferRequest, w http.ResponseWriter, _ *http.Request) {
	record := b.enter(request, ProcessingStateComplete)
	_ = json.NewEncoder(w).Encode(SendTransferResponse{ResultCode: 1, TransferRecord: &record})
}

// loseAfter enters the transfer in a state, and loses the answer.
func loseAfter(state ProcessingState, change ...func(*TransferRecordWithErrorCodes)) func(*book, int, SendTransferRequest, http.ResponseWriter, *http.Request) {
	return func(b *book, _ int, request SendTransferRequest, w http.ResponseWriter, _ *http.Request) {
		b.enter(request, state, change...)
		drop(w)
	}
}

// lose loses request and answer.
func lose(_ *book, _ int, _ SendTransferRequest, w http.ResponseWriter, _ *http.Request) { drop(w) }

// inTurn answers each send in another way, and the last way from then on.
func inTurn(ways ...func(*book, int, SendTransferRequest, http.ResponseWriter, *http.Request)) func(*book, int, SendTransferRequest, http.ResponseWriter, *http.Request) {
	return func(b *book, n int, request SendTransferRequest, w http.ResponseWriter, r *http.Request) {
		ways[min(n, len(ways))-1](b, n, request, w, r)
	}
}

// says answers with an envelope.
func says(status int, envelope string) func(*book, int, SendTransferRequest, http.ResponseWriter, *http.Request) {
	return func(_ *book, _ int, _ SendTransferRequest, w http.ResponseWriter, _ *http.Request) {
		answer(w, status, envelope)
	}
}

// order is a request that nothing is wrong with.
func order(ref string) SendTransferRequest {
	return SendTransferRequest{SKUCode: "GB_TEST_10", SendValue: money.MustParse("10.00"), AccountNumber: "447700900123", DistributorRef: ref}
}

// bubble runs a test with virtual time.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}
