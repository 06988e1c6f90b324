// One call as it goes over the wire: the same bytes however often it is sent.

package dizlee

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/settle"
	gen "github.com/airtime-go/airtime/gen/dizlee"
)

// maxBody bounds an answer, which is a hundred bytes when all is well.
const maxBody = 4 << 20

// headerMSISDN is spelled as documented. A gateway in front may compare it literally, so it is never set through
// Header.Set, which would make it Http_msisdn.
const headerMSISDN = "HTTP_MSISDN"

// The operations' names, in errors, logs, hooks and the journal.
const (
	operationCharge  = "Charge"
	operationRefund  = "Refund"
	operationSendSMS = "SendSMS"
)

// allOperations is in the order of the documentation.
var allOperations = []string{operationCharge, operationRefund, operationSendSMS}

// call is one operation with its request.
type call struct {
	operation  string
	subject    subject
	id, msisdn string
	// body is the request as JSON.
	body []byte
	// build makes the request for a base URL, through the generated client.
	build func(server, contentType string, body io.Reader) (*http.Request, error)
}

func chargeCall(r ChargeRequest) call {
	return call{operation: operationCharge, subject: aCharge, id: r.ChargeRequestID, msisdn: r.UserID, build: gen.NewChargeRequestWithBody}
}

func refundCall(r RefundRequest) call {
	k := call{operation: operationRefund, subject: fullRefund, id: r.RefundRequestID, msisdn: r.UserID, build: gen.NewRefundRequestWithBody}
	if r.Amount != nil {
		k.subject = partRefund
	}
	return k
}

func smsCall(r SendSMSRequest) call {
	return call{operation: operationSendSMS, subject: anSMS, id: r.SMSRequestID, msisdn: r.Receiver, build: gen.NewSendSMSRequestWithBody}
}

// readCall reads a call back from what the journal kept, and returns its request too. One whose id is not that of the entry
// would be sent under another one than it was.
func readCall(entry facade.Entry) (call, any, error) {
	var (
		k       call
		request any
		err     error
	)
	switch body := entry.Request; entry.Operation {
	case operationCharge:
		k, request, err = reread(body, chargeCall)
	case operationRefund:
		k, request, err = reread(body, refundCall)
	case operationSendSMS:
		k, request, err = reread(body, smsCall)
	default:
		err = errors.New("it is of an operation that does not exist")
	}
	if err == nil && k.id != entry.Reference {
		err = errors.New("its request has another id")
	}
	k.body = entry.Request
	return k, request, err
}

func reread[Request any](body []byte, of func(Request) call) (call, any, error) {
	var request Request
	if err := json.Unmarshal(body, &request); err != nil {
		return call{}, nil, err
	}
	return of(request), request, nil
}

// ownURL returns the URL that an operation was given for itself; nil if it has none.
func (c *Client) ownURL(operation string) *url.URL {
	return map[string]*url.URL{operationCharge: c.chargeURL, operationRefund: c.refundURL, operationSendSMS: c.smsURL}[operation]
}

// address returns where an operation goes, or the root below which it goes; empty if that is not known.
func (c *Client) address(operation string) string {
	if own := c.ownURL(operation); own != nil {
		return own.String()
	}
	return strings.TrimSuffix(c.server, "/")
}

// request makes the HTTP request of one attempt.
func (c *Client) request(ctx context.Context, k call) (*http.Request, error) {
	request, err := k.build(c.server, "application/json", bytes.NewReader(k.body))
	if err != nil {
		return nil, fmt.Errorf("the request could not be built: %w", err)
	}
	if own := c.ownURL(k.operation); own != nil {
		copied := *own
		request.URL, request.Host = &copied, copied.Host
	}
	request.Header[headerMSISDN] = []string{k.msisdn}
	return request.WithContext(ctx), nil
}

// run takes a call through the protocol. A resumed one is judged as a repetition from the beginning.
func (c *Client) run(ctx context.Context, k call, request any, resumed bool, opts []CallOption) (answer, error) {
	var checks facade.Checks
	checks.Require(c.address(k.operation) != "", "URL", "is not configured: use WithBaseURL, or the option for this operation's own URL")
	body, err := json.Marshal(request)
	checks.Require(err == nil, "the request", "cannot be written as JSON")
	if err := checks.Err(k.operation); err != nil {
		return answer{}, err
	}
	k.body = body
	var options callOptions
	for _, option := range opts {
		if option != nil {
			option(&options)
		}
	}
	for {
		t := newTransaction(c, k)
		t.resumed, t.repeating = resumed, resumed
		if err := ctx.Err(); err != nil {
			// Asked here, since whoever joins others leaves only once they have begun.
			return t.answered(ctx, settle.Result[ended]{Verdict: settle.Later, Err: err}, options)
		}
		result := c.share(ctx, t.newCase())
		if !result.Result.calledOff || !k.subject.repeatable() || ctx.Err() != nil {
			return t.answered(ctx, result, options)
		}
		// Those who began it left, and took the permission to find out along. It is asked again, as a repetition.
		resumed = true
	}
}
