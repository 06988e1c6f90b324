package ding

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/pipeline"
	"github.com/airtime-go/airtime/facade/internal/settle"
)

// Client calls DingConnect. It is safe for concurrent use; make one and keep it.
type Client struct {
	pipeline *pipeline.Pipeline
	logger   *slog.Logger
	server   string
	oauth    bool
	account  string

	retry             facade.RetryPolicy
	journal           facade.Journal
	settleTimeout     time.Duration
	settleAfterCancel time.Duration
	preventDuplicates bool
	flights           *settle.Flights[transferred]
	sweeper           *sweeper
	endings           *endings
	correlated        *correlated
}

// NewClient returns a client, or an error that names every option that is wrong or missing. It sends nothing.
func NewClient(opts ...Option) (*Client, error) {
	config, err := newConfig(opts)
	pipe, pipeErr := pipeline.New(config.Settings)
	if err := errors.Join(err, pipeErr); err != nil {
		return nil, fmt.Errorf("ding: no client can be made:\n%w", err)
	}
	retry, _ := config.Retry.WithDefaults()
	c := &Client{
		pipeline: pipe,
		logger:   pipe.Logger(),
		// The generated builders resolve paths against a base that ends in a slash.
		server:            config.baseURL + "/",
		oauth:             config.clientID != "",
		account:           config.account(),
		retry:             retry,
		journal:           config.journal,
		settleTimeout:     config.settleTimeout,
		settleAfterCancel: config.settleAfterCancel,
		preventDuplicates: config.preventDuplicates,
		flights:           &settle.Flights[transferred]{},
		endings:           &endings{},
		correlated:        &correlated{ids: map[string]TransferID{}},
	}
	c.sweeper = newSweeper(c.listOnce, func(last time.Time) time.Duration {
		return config.Limits.Pace(operationListTransferRecords, last)
	}, func(percent int) bool {
		return config.Limits.Spare(operationListTransferRecords, percent)
	})
	return c, nil
}

// Account returns a name for the service's address and the credentials, which tells neither: 32 hex digits. What is one account's
// own, such as a catalogue with its prices, can be kept apart by it. A new API key or client id makes another name.
func (c *Client) Account() string { return c.account }

// String names the service and the host, and nothing secret.
func (c Client) String() string { return "ding client for " + c.server }

// GoString is String: %#v must not print credentials either.
func (c Client) GoString() string { return c.String() }

// Format writes String, whatever the verb: at one that does not fit, fmt would print all that the client holds.
func (c Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// CallOption configures one call.
type CallOption func(*callOptions)

type callOptions struct {
	correlationID string
	head          **http.Response
	condition     condition
	decode        func(body []byte, answer any) error
	// deferred makes a SendTransfer a deferred one.
	deferred bool
}

// WithCorrelationID sends id as X-Correlation-Id, instead of a generated UUID. It is kept over all attempts and in
// every error. It must be printable ASCII without blanks, at most 128 characters.
func WithCorrelationID(id string) CallOption {
	return func(o *callOptions) { o.correlationID = id }
}

// WithResponseHead stores the head of the last HTTP answer in head: status and header, no body and no request. It is
// left alone if no answer came.
func WithResponseHead(head **http.Response) CallOption {
	return func(o *callOptions) { o.head = head }
}

func collect(opts []CallOption) callOptions {
	o := callOptions{correlationID: uuid.NewString()}
	for _, opt := range opts {
		if opt != nil {
			opt(&o)
		}
	}
	return o
}

func newCallOptions(operation string, opts []CallOption) (callOptions, error) {
	o := collect(opts)
	var checks facade.Checks
	checks.Require(isCorrelationID(o.correlationID), "X-Correlation-Id", correlationIDRule)
	return o, checks.Err(operation)
}

const correlationIDRule = "must be 1 to 128 printable ASCII characters without blanks"

func isCorrelationID(id string) bool { return len(id) <= 128 && pipeline.CheckSecret("", id) == nil }

// fixCorrelationID makes several calls share one correlation id, and returns it.
func fixCorrelationID(opts []CallOption) ([]CallOption, string) {
	correlationID := collect(opts).correlationID
	return append(slices.Clone(opts), WithCorrelationID(correlationID)), correlationID
}

// operation is what sets one method apart from the others.
type operation struct {
	name string
	// money marks a method that moves money: the pipeline makes one attempt, and every doubt is an unknown outcome.
	money bool
	// judge decides about an answer; nil means judgeRead, or judgeMoney for money.
	judge func(finding) pipeline.Verdict
	// bound is the largest body that is read, in bytes; 0 means defaultBound.
	bound int64
	// private is what the request says of the customer, which no error and no log may show.
	private []string
	// earlier is how many attempts of the same transfer were made before.
	earlier int
	// usage is the row of the usage limits; empty means the one of its name.
	usage string
	// patient waits for room in that row as long as the context lasts.
	patient bool
}

const (
	operationSendTransfer        = "SendTransfer"
	operationCancelTransfers     = "CancelTransfers"
	operationListTransferRecords = "ListTransferRecords"
	operationLookupBills         = "LookupBills"
	operationGetAccountLookup    = "GetAccountLookup"

	defaultBound = 4 << 20
	// productsBound leaves room for the whole catalogue, some 15 to 20 MB.
	productsBound = 64 << 20
)

// build makes an operation's request for the server, through the generated client.
type build func(server string) (*http.Request, error)

// call sends an operation and returns its decoded answer.
func call[T any](ctx context.Context, c *Client, op operation, opts []CallOption, build build) (*T, error) {
	answer, _, err := exchange[T](ctx, c, op, opts, build)
	return answer, err
}

// exchange is call for who needs to know about the last attempt too, such as a batch, whose items have errors of their own.
func exchange[T any](ctx context.Context, c *Client, op operation, opts []CallOption, build build) (*T, *finding, error) {
	options, err := newCallOptions(op.name, opts)
	if err != nil {
		return nil, &finding{}, err
	}
	if op.bound == 0 {
		op.bound = defaultBound
	}
	if op.money {
		options.condition, options.decode = condition{}, nil
	}
	judge := op.judge
	switch {
	case judge != nil:
	case op.money:
		judge = judgeMoney
	default:
		judge = judgeRead
	}
	var answer *T
	var found finding
	unchanged := false
	err = c.pipeline.Do(ctx, pipeline.Call{
		Operation:     op.name,
		CorrelationID: options.correlationID,
		Money:         op.money,
		Earlier:       op.earlier,
		Usage:         cmp.Or(op.usage, op.name),
		Patient:       op.patient,
		MaxBody:       op.bound,
		Private:       op.private,
		Head:          options.head,
		Build: func(ctx context.Context) (*http.Request, error) {
			request, err := build(c.server)
			if err != nil {
				return nil, fmt.Errorf("the request could not be built: %w", err)
			}
			request.Header.Set("X-Correlation-Id", options.correlationID)
			options.condition.set(request.Header)
			request.URL.RawQuery = withoutEmpty(request.URL.RawQuery)
			return request.WithContext(ctx), nil
		},
		Judge: func(a pipeline.Answer) pipeline.Verdict {
			answer = new(T)
			found = finding{Answer: a, operation: op.name, correlationID: options.correlationID, decode: options.decode}
			if unchanged = options.condition.met(a); unchanged {
				return pipeline.Verdict{}
			}
			found.read(answer)
			verdict := judge(found)
			if verdict.Err == nil && found.envelope.ResultCode == ResultCodeSuccessWithWarning {
				c.logger.LogAttrs(ctx, slog.LevelWarn, "answered with a warning",
					slog.String("service", "ding"), slog.String("operation", op.name),
					slog.String("correlationId", options.correlationID), slog.Any("codes", found.codes(found.envelope.ErrorCodes)))
			}
			return verdict
		},
	})
	if err == nil && unchanged {
		err = ErrNotModified
	}
	if err != nil {
		return nil, &found, err
	}
	return answer, &found, nil
}

// withoutEmpty drops parameters without a value: the service refuses a parameter that is present but empty.
func withoutEmpty(query string) string {
	values, err := url.ParseQuery(query)
	if err != nil {
		return query
	}
	for name, list := range values {
		kept := list[:0]
		for _, value := range list {
			if value != "" {
				kept = append(kept, value)
			}
		}
		values[name] = kept
	}
	return values.Encode()
}
