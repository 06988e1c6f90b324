// One exchange: the request and the answer are watched as they pass, and judged once, when it is over.

package contract

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
)

type exchange struct {
	transport *Transport
	service   Service
	route     *routers.Route
	request   *http.Request
	response  *http.Response
	// sent and received examine the bodies; nil where there is none to examine.
	sent, received atomic.Pointer[stream]
	// someSent and someReceived tell that there was a body, examined or not.
	someSent, someReceived atomic.Bool
	over                   sync.Once
}

// watchRequest returns the request with its body watched. Nothing is read here, nothing is added, and what lets net/http send
// a body again is there only if it was before.
func (x *exchange) watchRequest() *http.Request {
	if x.request.Body == nil || x.request.Body == http.NoBody || x.route.Operation == nil {
		return x.request
	}
	watched := x.request.WithContext(x.request.Context()) // a shallow copy: a RoundTripper may not change the request
	watched.Body = x.watchSent(x.request.Body)
	if rewind := x.request.GetBody; rewind != nil {
		watched.GetBody = func() (io.ReadCloser, error) {
			body, err := rewind()
			if err != nil {
				return nil, err
			}
			return x.watchSent(body), nil
		}
	}
	return watched
}

// watchSent watches a body from its beginning. If the other transport sends it again, the last time counts.
func (x *exchange) watchSent(body io.ReadCloser) io.ReadCloser {
	examined := x.examineSent()
	if before := x.sent.Swap(examined); before != nil {
		before.end(false)
	}
	return &sentBody{ReadCloser: body, exchange: x, examined: examined}
}

// sentBody is a request's body, which the other transport reads.
type sentBody struct {
	io.ReadCloser
	exchange *exchange
	examined *stream
}

func (b *sentBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.exchange.someSent.Store(true)
		b.examined.write(p[:n])
	}
	if err == io.EOF {
		b.examined.whole()
	}
	return n, err
}

// watchResponse has the answer's body watched.
func (x *exchange) watchResponse(response *http.Response) {
	x.response = response
	if response.Request != nil && response.Request != x.request {
		response.Request = x.request
	}
	if x.route.Operation == nil || response.Body == nil || response.Body == http.NoBody || response.StatusCode == http.StatusSwitchingProtocols {
		x.end(true)
		return
	}
	x.received.Store(x.examineReceived())
	response.Body = &receivedBody{ReadCloser: response.Body, exchange: x}
}

// receivedBody is an answer's body, which the caller reads.
type receivedBody struct {
	io.ReadCloser
	exchange *exchange
}

func (b *receivedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.exchange.someReceived.Store(true)
		b.exchange.received.Load().write(p[:n])
	}
	if err != nil {
		b.exchange.end(err == io.EOF)
	}
	return n, err
}

// Close ends the examination where the reading ended.
func (b *receivedBody) Close() error {
	err := b.ReadCloser.Close()
	b.exchange.end(false)
	return err
}

// end reports what is wrong. Whole says that the answer has been read to its end.
func (x *exchange) end(whole bool) {
	x.over.Do(func() {
		for _, violation := range x.judge(whole) {
			violation.Service = x.service
			if x.route.Operation != nil {
				violation.Operation = x.route.Operation.OperationID
			}
			if x.response != nil {
				violation.Status = x.response.StatusCode
			}
			violation.Count = max(violation.Count, 1)
			x.transport.report(violation)
		}
	})
}

func (x *exchange) judge(whole bool) []Violation {
	if x.route.Operation == nil {
		return []Violation{{Direction: Request, Part: PartURL, Rule: RuleOperation, Reason: "is no operation that the document has"}}
	}
	found := x.judgeRequest()
	if x.response != nil {
		found = append(found, x.judgeResponse(whole)...)
	}
	return found
}

// examineSent returns what examines the request's body; it examines nothing if the document does not say what should be in it.
func (x *exchange) examineSent() *stream {
	var content openapi3.Content
	if body := x.route.Operation.RequestBody; body != nil {
		content = body.Value.Content
	}
	return x.examine(Request, x.request.Header, content)
}

// examineReceived is examineSent for the answer.
func (x *exchange) examineReceived() *stream {
	declared := x.declared()
	if declared == nil {
		return nil
	}
	return x.examine(Response, x.response.Header, declared.Content)
}

func (x *exchange) examine(direction Direction, header http.Header, content openapi3.Content) *stream {
	media := content.Get(header.Get("Content-Type"))
	if media == nil || media.Schema == nil {
		return nil
	}
	return newStream(newCheck(direction, x.transport.strict), media.Schema.Value, header.Get("Content-Encoding"))
}

// declared is what the document says of the answer's status; nil if it says nothing.
func (x *exchange) declared() *openapi3.Response {
	declared := x.route.Operation.Responses.Status(x.response.StatusCode)
	if declared == nil {
		declared = x.route.Operation.Responses.Default()
	}
	if declared == nil {
		return nil
	}
	return declared.Value
}
