package ding

import (
	"errors"
	"net/http"

	"github.com/airtime-go/airtime/facade/internal/pipeline"
)

// What a cache needs of a call: to ask whether anything has changed, and to read what is large in its own way. Package
// facade/ding/catalogue is such a cache.

// ErrNotModified is returned by a call with [WithCondition] if the service says that nothing has changed (HTTP 304).
var ErrNotModified = errors.New("ding: nothing has changed since (HTTP 304)")

// condition are the validators of an earlier answer.
type condition struct{ etag, lastModified string }

// WithCondition asks for an answer only if it has changed since the one with this ETag and Last-Modified, either of which may
// be empty; if it has not, the call returns [ErrNotModified], which is no failure and is not repeated. Calls that move money take no
// notice of it.
func WithCondition(etag, lastModified string) CallOption {
	return func(o *callOptions) { o.condition = condition{etag, lastModified} }
}

func (c condition) set(header http.Header) {
	if c.etag != "" {
		header.Set("If-None-Match", c.etag)
	}
	if c.lastModified != "" {
		header.Set("If-Modified-Since", c.lastModified)
	}
}

// met reports an answer that says so.
func (c condition) met(answer pipeline.Answer) bool {
	return c != (condition{}) && answer.Failure == pipeline.None && answer.Status == http.StatusNotModified
}

// WithDecoder reads answers with decode instead of encoding/json, for those that have many megabytes. The answer is a pointer
// to the operation's own type, such as *[GetProductsResponse], of which ResultCode and ErrorCodes must be filled in too; the body
// must not be kept. Where decode fails, or finds a failure, encoding/json is asked for the failure; an error of decode that is none of
// those is [facade.ErrUndecodable]. Calls that move money take no notice of it.
func WithDecoder(decode func(body []byte, answer any) error) CallOption {
	return func(o *callOptions) { o.decode = decode }
}
