// What all tests of this package share: a server that answers as scripted, a client for it, and requests that pass.

package dizlee_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/dizlee"
	"github.com/airtime-go/airtime/money"
)

const (
	// key is short enough not to be taken for a token by its looks alone.
	key    = "k3y-for+tests/only&not<real>"
	msisdn = "9647700900123"
)

var acme = dizlee.Merchant{AggregatorID: "Aggregate", MerchantID: "Acme", Product: "Games", SubProduct: "Coins"}

// server answers every request with the same script, and remembers what came.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	requests []seen
}

type seen struct {
	path   string
	header http.Header
	body   map[string]json.RawMessage
	raw    string
}

// script writes an answer.
type script func(w http.ResponseWriter, r *http.Request)

// answers writes a JSON answer.
func answers(status int, body string, header ...string) script {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

const succeeded = `{"status":"1","statusDetail":"Successful Operation.","chargeResponseId":"29320"}`

func serve(t *testing.T, answer script) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		one := seen{path: r.URL.Path, header: r.Header, raw: string(raw)}
		assert.NoError(t, json.Unmarshal(raw, &one.body))
		s.mu.Lock()
		s.requests = append(s.requests, one)
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// only returns the one request that came, and fails if it was not one.
func (s *server) only(t *testing.T) seen {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Len(t, s.requests, 1, "requests that arrived")
	return s.requests[0]
}

func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

// client returns a client for the server, with the merchant set. It sends nothing again that was refused, and repeats
// what was lost once, almost at once.
func client(t *testing.T, url string, opts ...dizlee.Option) *dizlee.Client {
	t.Helper()
	c, err := dizlee.NewClient(append([]dizlee.Option{
		dizlee.WithAPIKey(key), dizlee.WithBaseURL(url), dizlee.WithMerchant(acme),
		dizlee.WithRetryPolicy(facade.RetryPolicy{MaxAttempts: 1}), dizlee.WithSettleTimeout(time.Millisecond),
	}, opts...)...)
	require.NoError(t, err)
	return c
}

func charge() dizlee.ChargeRequest {
	return dizlee.ChargeRequest{
		ChargeRequestID: "acme-c-1", UserID: msisdn, FirstCharge: true, Amount: money.MustParse("0.250"), Currency: "KWD",
	}
}

func refund() dizlee.RefundRequest {
	return dizlee.RefundRequest{
		RefundRequestID: "acme-r-1", TransactionID: "acme-c-1", UserID: msisdn, Currency: "KWD", Reason: "not delivered",
	}
}

func sms() dizlee.SendSMSRequest {
	return dizlee.SendSMSRequest{
		SMSRequestID: "acme-s-1", Receiver: msisdn, Sender: "Acme", Language: dizlee.LanguageEnglish, MessageBody: "Your coins are here",
	}
}

// operations are the three calls, reduced to their errors, for what must hold of each.
var operations = map[string]func(context.Context, *dizlee.Client) error{
	"Charge": func(ctx context.Context, c *dizlee.Client) error {
		_, err := c.Charge(ctx, charge())
		return err
	},
	"Refund": func(ctx context.Context, c *dizlee.Client) error {
		_, err := c.Refund(ctx, refund())
		return err
	},
	"SendSMS": func(ctx context.Context, c *dizlee.Client) error {
		_, err := c.SendSMS(ctx, sms())
		return err
	},
}

// charged is the answer to a charge that went through at once.
func charged(detail, id string) *dizlee.ChargeResponse {
	var r dizlee.ChargeResponse
	r.Status, r.StatusDetail, r.ChargeResponseID = dizlee.StatusCodeOK, detail, id
	return &r
}
