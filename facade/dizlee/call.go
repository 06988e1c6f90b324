// One call on its way to the pipeline.

package dizlee

import (
	"context"
	"net/http"
	"net/url"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/pipeline"
)

// maxBody bounds an answer, which is a hundred bytes when all is well.
const maxBody = 4 << 20

// headerMSISDN is spelled as documented. A gateway in front may compare it literally, so it is never set through
// Header.Set, which would make it Http_msisdn.
const headerMSISDN = "HTTP_MSISDN"

// call is one operation, as far as the answer's treatment has to know it.
type call struct {
	operation, id, msisdn string
	// url is the operation's own, if it has one.
	url *url.URL
	// build makes the request for the client's base URL.
	build func() (*http.Request, error)
}

// send makes the one attempt that a call gets.
func (c *Client) send(ctx context.Context, opts []CallOption, k call) (envelope, error) {
	var checks facade.Checks
	checks.Require(k.url != nil || c.server != "", "URL", "is not configured: use WithBaseURL, or the option for this operation's own URL")
	if err := checks.Err(k.operation); err != nil {
		return envelope{}, err
	}
	var options callOptions
	for _, option := range opts {
		if option != nil {
			option(&options)
		}
	}
	var result envelope
	err := c.do(ctx, pipeline.Call{
		Operation:     k.operation,
		CorrelationID: k.id,
		Build:         k.request,
		Money:         true,
		MaxBody:       maxBody,
		Head:          options.head,
		Judge: func(answer pipeline.Answer) pipeline.Verdict {
			var err error
			result, err = k.judge(answer)
			return pipeline.Verdict{Err: err}
		},
	})
	return result, err
}

func (k call) request(ctx context.Context) (*http.Request, error) {
	request, err := k.build()
	if err != nil {
		return nil, err
	}
	if k.url != nil {
		own := *k.url
		request.URL, request.Host = &own, own.Host
	}
	request.Header[headerMSISDN] = []string{k.msisdn}
	return request.WithContext(ctx), nil
}
