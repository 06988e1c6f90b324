// The client and its three operations.

package dizlee

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/pipeline"
	"github.com/airtime-go/airtime/facade/internal/settle"
)

// Client talks to Dizlee. It is safe for concurrent use.
type Client struct {
	// do is the pipeline's Do, and share lets callers with the same request share one send. A function shows nothing when
	// something that holds a client is printed; a pointer may be followed, down to the key and to subscribers' numbers.
	do    func(context.Context, pipeline.Call) error
	share func(context.Context, *settle.Case[ended]) settle.Result[ended]
	// server is the root of operations without a URL of their own; empty if there is none. It ends in a slash, which is
	// what the generated builders want.
	server                       string
	chargeURL, refundURL, smsURL *url.URL
	merchant                     Merchant
	merchantCode                 string
	logger                       *slog.Logger

	retry              facade.RetryPolicy
	journal            facade.Journal
	settleTimeout      time.Duration
	settleAfterCancel  time.Duration
	duplicateAsUnknown bool
}

// NewClient makes a client, or reports everything that is wrong with its options at once. [WithAPIKey] is required, and
// [WithBaseURL] or the URL of at least one operation. No request is sent.
func NewClient(opts ...Option) (*Client, error) {
	c := config{
		settings:          pipeline.Settings{Service: "dizlee"},
		given:             map[string]bool{},
		settleTimeout:     DefaultSettleTimeout,
		settleAfterCancel: DefaultSettleAfterCancel,
	}
	var problems []error
	for i, option := range opts {
		if option == nil {
			problems = append(problems, fmt.Errorf("option %d is nil", i+1))
			continue
		}
		problems = append(problems, option(&c))
	}
	problems = append(problems, c.missing())
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("dizlee: no client can be made:\n%w", err)
	}
	sender, err := pipeline.New(c.settings)
	if err != nil {
		return nil, fmt.Errorf("dizlee: no client can be made:\n%w", err)
	}
	retry, _ := c.settings.Retry.WithDefaults()
	server := ""
	if c.baseURL != "" {
		server = c.baseURL + "/"
	}
	return &Client{
		do:        sender.Do,
		share:     new(settle.Flights[ended]).Do,
		server:    server,
		chargeURL: c.chargeURL, refundURL: c.refundURL, smsURL: c.smsURL,
		merchant:           c.merchant,
		merchantCode:       c.merchantCode,
		logger:             sender.Logger(),
		retry:              retry,
		journal:            c.journal,
		settleTimeout:      c.settleTimeout,
		settleAfterCancel:  c.settleAfterCancel,
		duplicateAsUnknown: c.duplicateAsUnknown,
	}, nil
}

// String names the service, and nothing secret.
func (c Client) String() string { return "dizlee client" }

// GoString is String: %#v must not print what the client holds either.
func (c Client) GoString() string { return c.String() }

// Format writes String, whatever the verb: at one that does not fit, fmt would print all that the client holds.
func (c Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// Charge takes the amount from the subscriber's credit, or adds it to the bill. The call ends in one of three ways:
//
//   - an answer: the subscriber was charged. If it is marked ByDuplicate, the answer was lost, and a duplicate's refusal
//     proves the charge.
//   - an [*Error] whose Outcome is refused or temporary: the subscriber was not charged.
//   - an error that is [facade.ErrOutcomeUnknown]: the subscriber may have been charged, and it could not be found out. With
//     [ErrIDUsedBefore], the id was not new.
//
// What never left, and what was refused before processing (-429), is sent again. After a lost answer, and after -504, -500
// or -308, the same request is repeated with the same id, for up to [WithSettleTimeout]: that is the only way to learn what
// became of it, and it charges at most once. When the context ends, nothing more is sent, and the call blocks for at most
// [WithSettleAfterCancel] longer. docs/outcomes.md has the whole table. Goroutines that send the same request under the same
// id share one send; a different request under it is [facade.ErrReferenceConflict].
//
// Left empty, these are filled in: SubscriptionID with "SP", Type with SinglePurchase, Channel with WEB, AggregatorID,
// MerchantID, Product and SubProduct from [WithMerchant], and Promoter with the MerchantID. FirstCharge is sent as it is;
// the specification wants true for every single purchase. Amount must be above 0, TotalCharge30Days must not be below. A
// field at fault is reported as a [*facade.RequestError], before anything is sent.
func (c *Client) Charge(ctx context.Context, request ChargeRequest, opts ...CallOption) (*ChargeResponse, error) {
	return c.charge(ctx, request, false, opts)
}

func (c *Client) charge(ctx context.Context, request ChargeRequest, resumed bool, opts []CallOption) (*ChargeResponse, error) {
	c.completeCharge(&request)
	if err := c.checkCharge(request); err != nil {
		return nil, err
	}
	a, err := c.run(ctx, chargeCall(request), request, resumed, opts)
	if err != nil {
		return nil, err
	}
	return a.charge(), nil
}

// Refund gives back all of a charge, or part of it. It ends as [Client.Charge] does. Only a refund of everything is
// repeated after a lost answer; the outcome of a lost refund of a part is unknown, since nothing protects it from being made
// twice.
//
// TransactionID is the charge's ChargeRequestID. A nil Amount refunds everything that is left. Left empty, these are
// filled in: SubscriptionID with "SP", AggregatorID, MerchantID, Product and SubProduct from [WithMerchant], and Purpose
// with the MerchantID, a hyphen and the Product.
func (c *Client) Refund(ctx context.Context, request RefundRequest, opts ...CallOption) (*RefundResponse, error) {
	return c.refund(ctx, request, false, opts)
}

func (c *Client) refund(ctx context.Context, request RefundRequest, resumed bool, opts []CallOption) (*RefundResponse, error) {
	c.completeRefund(&request)
	if err := c.checkRefund(request); err != nil {
		return nil, err
	}
	a, err := c.run(ctx, refundCall(request), request, resumed, opts)
	if err != nil {
		return nil, err
	}
	return a.refund(), nil
}

// SendSMS sends a message to the subscriber. A nil error means that it was sent; after an error with
// [facade.ErrOutcomeUnknown] in its chain that may be so too. Nothing protects against sending it twice, so it is sent again
// only if it never left, or was refused before processing (-429); every lost answer is an unknown outcome.
//
// Left empty, AggregatorID, MerchantID, Product and SubProduct are filled in from [WithMerchant]. SubscriptionID may stay
// empty while a subscriber is being identified; it is "SP" for a one-time purchase.
func (c *Client) SendSMS(ctx context.Context, request SendSMSRequest, opts ...CallOption) (*SendSMSResponse, error) {
	c.merchant.fill(&request.AggregatorID, &request.MerchantID, &request.Product, &request.SubProduct)
	if err := c.checkSMS(request); err != nil {
		return nil, err
	}
	a, err := c.run(ctx, smsCall(request), request, false, opts)
	if err != nil {
		return nil, err
	}
	return a.sms(), nil
}
