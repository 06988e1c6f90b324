// The client and its three operations.

package dizlee

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/airtime-go/airtime/facade/internal/pipeline"
	gen "github.com/airtime-go/airtime/gen/dizlee"
)

// Client talks to Dizlee. It is safe for concurrent use.
type Client struct {
	// do is the pipeline's Do. A function shows nothing when a client is printed, whatever the verb; with %s, fmt follows
	// a pointer down to the key.
	do func(context.Context, pipeline.Call) error
	// server is the root of operations without a URL of their own; empty if there is none. It ends in a slash, which is
	// what the generated builders want.
	server                       string
	chargeURL, refundURL, smsURL *url.URL
	merchant                     Merchant
	merchantCode                 string
}

// NewClient makes a client, or reports everything that is wrong with its options at once. [WithAPIKey] is required, and
// [WithBaseURL] or the URL of at least one operation. No request is sent.
func NewClient(opts ...Option) (*Client, error) {
	c := config{settings: pipeline.Settings{Service: "dizlee"}, given: map[string]bool{}}
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
	server := ""
	if c.baseURL != "" {
		server = c.baseURL + "/"
	}
	return &Client{
		do:        sender.Do,
		server:    server,
		chargeURL: c.chargeURL, refundURL: c.refundURL, smsURL: c.smsURL,
		merchant:     c.merchant,
		merchantCode: c.merchantCode,
	}, nil
}

// String names the service, and nothing secret.
func (c Client) String() string { return "dizlee client" }

// GoString is String: %#v must not print what the client holds either.
func (c Client) GoString() string { return c.String() }

// Format writes String, whatever the verb: at one that does not fit, fmt would print all that the client holds.
func (c Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// The operations' names, in errors, logs and hooks.
const (
	operationCharge  = "Charge"
	operationRefund  = "Refund"
	operationSendSMS = "SendSMS"
)

// Charge takes the amount from the subscriber's credit, or adds it to the bill. A nil error means that the subscriber
// was charged; after an error with [facade.ErrOutcomeUnknown] in its chain that may be so too.
//
// Left empty, these are filled in: SubscriptionID with "SP", Type with SinglePurchase, Channel with WEB, AggregatorID,
// MerchantID, Product and SubProduct from [WithMerchant], and Promoter with the MerchantID. FirstCharge is sent as it is;
// the specification wants true for every single purchase. Amount must be above 0, TotalCharge30Days must not be below.
func (c *Client) Charge(ctx context.Context, request ChargeRequest, opts ...CallOption) (*ChargeResponse, error) {
	c.completeCharge(&request)
	if err := c.checkCharge(request); err != nil {
		return nil, err
	}
	answer, err := c.send(ctx, opts, call{
		operation: operationCharge, id: request.ChargeRequestID, msisdn: request.UserID, url: c.chargeURL,
		build: func() (*http.Request, error) { return gen.NewChargeRequest(c.server, request) },
	})
	if err != nil {
		return nil, err
	}
	return &ChargeResponse{
		Status:           answer.status(),
		StatusDetail:     string(answer.StatusDetail),
		ChargeResponseID: answer.chargeResponseID(),
	}, nil
}

// Refund gives back all of a charge, or part of it. A nil error means that it was refunded; after an error with
// [facade.ErrOutcomeUnknown] in its chain that may be so too.
//
// TransactionID is the charge's ChargeRequestID. A nil Amount refunds everything that is left. Left empty, these are
// filled in: SubscriptionID with "SP", AggregatorID, MerchantID, Product and SubProduct from [WithMerchant], and Purpose
// with the MerchantID, a hyphen and the Product.
func (c *Client) Refund(ctx context.Context, request RefundRequest, opts ...CallOption) (*RefundResponse, error) {
	c.completeRefund(&request)
	if err := c.checkRefund(request); err != nil {
		return nil, err
	}
	answer, err := c.send(ctx, opts, call{
		operation: operationRefund, id: request.RefundRequestID, msisdn: request.UserID, url: c.refundURL,
		build: func() (*http.Request, error) { return gen.NewRefundRequest(c.server, request) },
	})
	if err != nil {
		return nil, err
	}
	return &RefundResponse{Status: answer.status(), StatusDetail: string(answer.StatusDetail)}, nil
}

// SendSMS sends a message to the subscriber. A nil error means that it was sent; after an error with
// [facade.ErrOutcomeUnknown] in its chain that may be so too, and nothing protects against sending it twice.
//
// Left empty, AggregatorID, MerchantID, Product and SubProduct are filled in from [WithMerchant]. SubscriptionID may stay
// empty while a subscriber is being identified; it is "SP" for a one-time purchase.
func (c *Client) SendSMS(ctx context.Context, request SendSMSRequest, opts ...CallOption) (*SendSMSResponse, error) {
	c.merchant.fill(&request.AggregatorID, &request.MerchantID, &request.Product, &request.SubProduct)
	if err := c.checkSMS(request); err != nil {
		return nil, err
	}
	answer, err := c.send(ctx, opts, call{
		operation: operationSendSMS, id: request.SMSRequestID, msisdn: request.Receiver, url: c.smsURL,
		build: func() (*http.Request, error) { return gen.NewSendSMSRequest(c.server, request) },
	})
	if err != nil {
		return nil, err
	}
	return &SendSMSResponse{Status: answer.status(), StatusDetail: string(answer.StatusDetail)}, nil
}
