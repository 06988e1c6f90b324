// What went over the wire in airtime demo: recorded by a RoundTripper, and shown without secrets.

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// exchange is one request and its answer, with secrets taken out.
type exchange struct {
	Method       string            `json:"method"`
	Path         string            `json:"path"`
	Headers      map[string]string `json:"headers"`
	RequestBody  any               `json:"requestBody,omitempty"`
	Status       int               `json:"status"`
	ResponseBody any               `json:"responseBody,omitempty"`
}

// recorder keeps what passes through it, in the order in which it began: one exchange may be the reason for another.
type recorder struct {
	next http.RoundTripper

	mu   sync.Mutex
	kept []*exchange
}

// RoundTrip sends the request and records it with its answer.
func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	sent, err := drain(request.Body)
	if err != nil {
		return nil, err
	}
	passed := request.Clone(request.Context())
	if request.Body != nil {
		passed.Body = io.NopCloser(bytes.NewReader(sent))
	}
	kept := r.begin(exchange{
		Method: request.Method, Path: request.URL.RequestURI(), Headers: shownHeaders(request.Header), RequestBody: shownBody(sent),
	})
	response, err := r.next.RoundTrip(passed)
	if err != nil {
		return nil, err
	}
	received, err := drain(response.Body)
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(received))
	r.mu.Lock()
	defer r.mu.Unlock()
	kept.Status, kept.ResponseBody = response.StatusCode, shownBody(received)
	return response, nil
}

func (r *recorder) begin(e exchange) *exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = append(r.kept, &e)
	return &e
}

// take returns the exchanges that belong to a step, all if it does not say which, and keeps the others.
func (r *recorder) take(belongs func(exchange) bool) []exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken, others := []exchange{}, []*exchange{}
	for _, e := range r.kept {
		if belongs == nil || belongs(*e) {
			taken = append(taken, *e)
		} else {
			others = append(others, e)
		}
	}
	r.kept = others
	return taken
}

func drain(body io.ReadCloser) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	defer body.Close()
	return io.ReadAll(body)
}

const hiddenSecret = "[redacted]"

// shownHeaders picks those that say something about the services.
func shownHeaders(header http.Header) map[string]string {
	shown := map[string]string{}
	for name, values := range header {
		switch strings.ToLower(name) {
		case "authorization":
			shown[name] = "Bearer " + hiddenSecret
		case "apikey", "api_key", "authkey":
			shown[name] = hiddenSecret
		case "content-type", "x-correlation-id", "x-options", "http_msisdn":
			shown[name] = strings.Join(values, ", ")
		}
	}
	return shown
}

var secretFields = regexp.MustCompile(`("(?:access_token|client_secret)"\s*:\s*)"[^"]*"`)

// shownBody returns a body as JSON if it is that, and as text if not.
func shownBody(body []byte) any {
	if len(body) == 0 {
		return nil
	}
	if json.Valid(body) {
		return json.RawMessage(secretFields.ReplaceAll(body, []byte(`$1"`+hiddenSecret+`"`)))
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || !form.Has("client_secret") {
		return string(body)
	}
	form.Set("client_secret", hiddenSecret)
	text, _ := url.QueryUnescape(form.Encode()) // it was encoded just now
	return text
}

// text shows the exchange to people.
func (e exchange) text() string {
	var text strings.Builder
	fmt.Fprintf(&text, "   → %s %s\n", e.Method, e.Path)
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		fmt.Fprintf(&text, "     %s: %s\n", name, e.Headers[name])
	}
	text.WriteString(indented(e.RequestBody))
	if e.Status == 0 {
		return text.String() + "   ← no answer\n"
	}
	fmt.Fprintf(&text, "   ← %d %s\n", e.Status, http.StatusText(e.Status))
	text.WriteString(indented(e.ResponseBody))
	return text.String()
}

// indented writes a body below its head, and no more of it than fits on a screen.
func indented(body any) string {
	const longest = 24
	var all []string
	switch body := body.(type) {
	case json.RawMessage:
		var pretty bytes.Buffer
		if json.Indent(&pretty, body, "", "  ") == nil {
			all = strings.Split(pretty.String(), "\n")
		}
	case string:
		all = strings.Split(lines(body), "\n")
	}
	var text strings.Builder
	for i, line := range all {
		if i == longest && len(all) > longest+1 {
			fmt.Fprintf(&text, "     … %d more lines\n", len(all)-i)
			break
		}
		text.WriteString("     " + line + "\n")
	}
	return text.String()
}
