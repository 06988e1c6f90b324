// Tests over loopback HTTP: what is taken, what is refused, and how it is answered.

package inbound_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/internal/inbound"
)

// receiver takes everything that is an object, unless take says otherwise, and remembers it.
type receiver struct {
	inbound.Limits
	admit func() error
	take  func(ctx context.Context) error

	mu    sync.Mutex
	taken []string
	errs  []error
}

func (h *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := h.Serve(w, r, h.admit, func(ctx context.Context, body []byte) error {
		var object struct {
			Known string `json:"known"`
		}
		if err := inbound.Decode(body, &object); err != nil {
			return err
		}
		h.mu.Lock()
		h.taken = append(h.taken, string(body))
		h.mu.Unlock()
		if h.take != nil {
			return h.take(ctx)
		}
		return nil
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	h.errs = append(h.errs, err)
}

// serve serves the handler until the test ends, without a word about panics.
func serve(t *testing.T, handler http.Handler) *httptest.Server {
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	return server
}

// answered is an answer, read to its end.
type answered struct {
	status int
	header http.Header
	body   string
	// last reports that the connection ends with it.
	last bool
}

func deliver(t *testing.T, method, url, body string, header ...string) answered {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Add(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	return whole(t, answer)
}

func whole(t *testing.T, answer *http.Response) answered {
	t.Helper()
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answered{answer.StatusCode, answer.Header, string(text), answer.Close}
}

const marker = "m4rk3r" // is in everything that is sent, and must be in no answer

func TestWhatIsTakenAndWhatIsNot(t *testing.T) {
	object := `{"` + marker + `":1}`
	for name, tc := range map[string]struct {
		method, contentType, body string
		status                    int
		says                      string
	}{
		"JSON":                              {"POST", "application/json", object, 200, ""},
		"JSON in UTF-8":                     {"POST", "application/json; charset=utf-8", object, 200, ""},
		"JSON in UTF-8, in capitals":        {"POST", `Application/JSON;Charset="UTF-8"`, object, 200, ""},
		"JSON in utf8":                      {"POST", "application/json;charset=utf8", object, 200, ""},
		"JSON with another parameter":       {"POST", "application/json; v=2", object, 200, ""},
		"another kind of JSON":              {"POST", "application/vnd.ding.v1+json", object, 200, ""},
		"no type at all":                    {"POST", "", object, 200, ""},
		"a byte order mark":                 {"POST", "application/json", "\uFEFF" + object, 200, ""},
		"blanks around":                     {"POST", "application/json", " \r\n\t" + object + "\n\n", 200, ""},
		"as large as can be":                {"POST", "application/json", sized(inbound.DefaultBody), 200, ""},
		"GET":                               {"GET", "", "", 405, "deliver with POST"},
		"HEAD":                              {"HEAD", "", "", 405, ""},
		"PUT":                               {"PUT", "application/json", object, 405, "deliver with POST"},
		"OPTIONS":                           {"OPTIONS", "", "", 405, "deliver with POST"},
		"a form":                            {"POST", "application/x-www-form-urlencoded", object, 415, "must be application/json"},
		"text":                              {"POST", "text/plain", object, 415, "must be application/json"},
		"JSON in Latin 1":                   {"POST", "application/json; charset=iso-8859-1", object, 415, "in UTF-8"},
		"JSON in UTF-16":                    {"POST", "application/json; charset=utf-16", object, 415, "in UTF-8"},
		"two charsets":                      {"POST", "application/json; charset=utf-8; charset=utf-16", object, 415, "in UTF-8"},
		"a type that is none":               {"POST", marker, object, 415, "must be application/json"},
		"a byte too large":                  {"POST", "application/json", sized(inbound.DefaultBody + 1), 413, "more than 65536 bytes"},
		"much too large":                    {"POST", "application/json", sized(1 << 20), 413, "more than 65536 bytes"},
		"nothing":                           {"POST", "application/json", "", 400, "the body is empty"},
		"blanks alone":                      {"POST", "application/json", " \n", 400, "the body is empty"},
		"a byte order mark alone":           {"POST", "application/json", "\uFEFF", 400, "the body is empty"},
		"two byte order marks":              {"POST", "application/json", "\uFEFF\uFEFF" + object, 400, "not a JSON object"},
		"null":                              {"POST", "application/json", "null", 400, "not a JSON object"},
		"an array":                          {"POST", "application/json", "[" + object + "]", 400, "not a JSON object"},
		"a string":                          {"POST", "application/json", `"` + marker + `"`, 400, "not a JSON object"},
		"junk":                              {"POST", "application/json", marker, 400, "not a JSON object"},
		"half an object":                    {"POST", "application/json", `{"` + marker, 400, "not one JSON object"},
		"two objects":                       {"POST", "application/json", object + object, 400, "nothing else"},
		"an object, and junk":               {"POST", "application/json", object + marker, 400, "nothing else"},
		"a wrong type":                      {"POST", "application/json", `{"known":{"` + marker + `":1}}`, 400, "known has a value of the wrong type"},
		"nested too deeply":                 {"POST", "application/json", `{"a":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + "}", 400, "not one JSON object"},
		"Latin 1 that doesn't say so":       {"POST", "application/json", "{\"" + marker + "\":\"caf\xe9\"}", 400, "not UTF-8"},
		"half a character":                  {"POST", "application/json", "{\"" + marker + "\":\"\xd8\"}", 400, "not UTF-8"},
		"a surrogate, in bytes":             {"POST", "application/json", "{\"" + marker + "\":\"\xed\xa0\x80\"}", 400, "not UTF-8"},
		"a NUL that is longer than must be": {"POST", "application/json", "{\"" + marker + "\":\"\xc0\x80\"}", 400, "not UTF-8"},
		"UTF-16 that doesn't say so":        {"POST", "application/json", "\xff\xfe{\x00}\x00", 400, "not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			h := &receiver{}
			header := []string{"X-Marker", marker}
			if tc.contentType != "" {
				header = append(header, "Content-Type", tc.contentType)
			}
			got := deliver(t, tc.method, serve(t, h).URL+"/"+marker, tc.body, header...)
			assert.Equal(t, tc.status, got.status, got.body)
			assert.Equal(t, "nosniff", got.header.Get("X-Content-Type-Options"))
			require.Len(t, h.errs, 1)
			if tc.status == http.StatusOK {
				assert.Empty(t, got.body)
				assert.NoError(t, h.errs[0])
				assert.Equal(t, []string{strings.TrimPrefix(tc.body, "\uFEFF")}, h.taken)
				return
			}
			assert.Empty(t, h.taken)
			assert.Equal(t, "text/plain; charset=utf-8", got.header.Get("Content-Type"))
			assert.Contains(t, got.body, tc.says)
			assert.NotContains(t, got.body, marker)
			assert.LessOrEqual(t, len(got.body), 100)
			assert.Equal(t, tc.status == http.StatusMethodNotAllowed, got.header.Get("Allow") == "POST")
			var refusal *inbound.Refusal
			require.ErrorAs(t, h.errs[0], &refusal)
			assert.Equal(t, tc.status, refusal.Status)
		})
	}
}

// sized returns an object of so many bytes.
func sized(bytes int) string { return `{"a":"` + strings.Repeat("b", bytes-8) + `"}` }

func TestWhatAHandlerSaysIsAnswered(t *testing.T) {
	const secret = "s3cret of the database"
	for name, tc := range map[string]struct {
		err    error
		status int
		body   string
		retry  string
	}{
		"an error":                  {errors.New(secret), 500, "not taken; send it again later\n", ""},
		"a refusal":                 {inbound.Refuse(403, "this is not so"), 403, "this is not so\n", ""},
		"a refusal, wrapped":        {fmt.Errorf("%s: %w", secret, inbound.Refuse(403, "this is not so")), 403, "this is not so\n", ""},
		"not now":                   {&inbound.Refusal{Status: 503, Text: "not now", RetryAfter: 30 * time.Second}, 503, "not now\n", "30"},
		"not now, in parts of such": {&inbound.Refusal{Status: 503, Text: "not now", RetryAfter: 1100 * time.Millisecond}, 503, "not now\n", "2"},
	} {
		t.Run(name, func(t *testing.T) {
			h := &receiver{take: func(context.Context) error { return tc.err }}
			got := deliver(t, "POST", serve(t, h).URL, "{}")
			assert.Equal(t, tc.status, got.status)
			assert.Equal(t, tc.body, got.body)
			assert.Equal(t, tc.retry, got.header.Get("Retry-After"))
			assert.Equal(t, []error{tc.err}, h.errs)
		})
	}
}

func TestWhoIsNotAdmittedIsNotReadFrom(t *testing.T) {
	h := &receiver{admit: func() error { return inbound.Refuse(http.StatusUnauthorized, "who are you?") }}
	server := serve(t, h)
	for name, body := range map[string]string{
		"with a length":       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{",
		"in chunks":           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{",
		"waiting for a 100":   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n",
		"that is much":        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000\r\n\r\n{",
		"of some other type":  "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nContent-Length: 1000\r\n\r\n{",
		"that is compressed":  "POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 1000\r\n\r\n",
		"with the old HTTP":   "POST / HTTP/1.0\r\nContent-Length: 1000\r\n\r\n{",
		"that is none at all": "POST / HTTP/1.1\r\nHost: a\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			got := raw(t, server, body, false)
			assert.Equal(t, http.StatusUnauthorized, got.status)
			assert.Equal(t, "who are you?\n", got.body)
		})
	}
	assert.Equal(t, http.StatusMethodNotAllowed, deliver(t, "GET", server.URL, "").status, "the method comes first")
	assert.Empty(t, h.taken)
}

// raw sends bytes over a connection of their own, and half closes it then, or not; the answer has to come without more.
func raw(t *testing.T, server *httptest.Server, bytes string, halfClose bool) answered {
	t.Helper()
	connection, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = connection.Close() }()
	_, err = io.WriteString(connection, bytes)
	require.NoError(t, err)
	if halfClose {
		require.NoError(t, connection.(*net.TCPConn).CloseWrite())
	}
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	require.NoError(t, err)
	return whole(t, answer)
}

func TestBodiesThatComeInPiecesOrNotWhole(t *testing.T) {
	const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
	const chunked = head + "Transfer-Encoding: chunked\r\n\r\n"
	for name, tc := range map[string]struct {
		sent   string
		status int
		says   string
	}{
		"chunks":                      {chunked + "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", 200, ""},
		"chunks with a trailer":       {head + "Trailer: X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: y\r\n\r\n", 200, ""},
		"chunks without an end":       {chunked + "2\r\n{}\r\n", 400, "cut short"},
		"half a chunk":                {chunked + "8\r\n{}", 400, "cut short"},
		"a chunk that is none":        {chunked + "zz\r\n{}\r\n0\r\n\r\n", 400, "malformed"},
		"chunks that are too many":    {chunked + strings.Repeat("400\r\n"+strings.Repeat(" ", 0x400)+"\r\n", 65), 413, "65536 bytes"},
		"half of what was promised":   {head + "Content-Length: 4\r\n\r\n{}", 400, "cut short"},
		"nothing of what was said":    {head + "Content-Length: 4\r\n\r\n", 400, "cut short"},
		"much more than allowed":      {head + "Content-Length: 1000000000000\r\n\r\n{}", 413, "65536 bytes"},
		"compressed":                  {head + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", 415, "must not be compressed"},
		"compressed in name only":     {head + "Content-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}", 200, ""},
		"the old HTTP":                {"POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}", 200, ""},
		"less is promised than comes": {head + "Content-Length: 2\r\n\r\n{}" + marker, 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := &receiver{}
			got := raw(t, serve(t, h), tc.sent, true)
			assert.Equal(t, tc.status, got.status)
			assert.Contains(t, got.body, tc.says)
			assert.Len(t, h.taken, map[bool]int{true: 1}[tc.status == 200])
		})
	}
}

// connections counts those that are made to the server from now on.
func connections(server *httptest.Server) func() int {
	var mu sync.Mutex
	made := 0
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		if state == http.StateNew {
			made++
		}
	}
	return func() int { mu.Lock(); defer mu.Unlock(); return made }
}

func TestAnOrdinaryRefusalKeepsTheConnection(t *testing.T) {
	server := httptest.NewUnstartedServer(&receiver{})
	made := connections(server)
	server.Start()
	t.Cleanup(server.Close)
	assert.Equal(t, 405, deliver(t, "GET", server.URL, "").status)
	for body, status := range map[string]int{"{}": 200, "junk": 400, "\xff": 400, "": 400} {
		assert.Equal(t, status, deliver(t, "POST", server.URL, body).status)
	}
	assert.Equal(t, 1, made())
}

func TestOverHTTP2(t *testing.T) {
	h := &receiver{Limits: inbound.Limits{Body: 100}}
	server := httptest.NewUnstartedServer(h)
	made := connections(server)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	for range 2 {
		for body, status := range map[string]int{"{}": 200, "junk": 400, sized(101): 413} {
			answer, err := server.Client().Post(server.URL, "application/json", strings.NewReader(body))
			require.NoError(t, err)
			assert.Equal(t, 2, answer.ProtoMajor)
			assert.Equal(t, status, whole(t, answer).status)
		}
	}
	assert.Equal(t, 1, made())
}

func TestAPanicIsAnsweredAndGoesOn(t *testing.T) {
	for name, value := range map[string]any{"of an error": errors.New("s3cret"), "that aborts": http.ErrAbortHandler} {
		t.Run(name, func(t *testing.T) {
			h := &receiver{take: func(context.Context) error { panic(value) }}
			passed := make(chan any, 1)
			server := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer func() {
					if got := recover(); got != nil {
						passed <- got
						panic(got)
					}
				}()
				h.ServeHTTP(w, r)
			}))
			got := deliver(t, "POST", server.URL, "{}")
			assert.Equal(t, 500, got.status)
			assert.Equal(t, "not taken; send it again later\n", got.body)
			assert.Equal(t, value, <-passed)
			assert.True(t, got.last, "nobody may use the connection again")

			h.take = nil
			assert.Equal(t, 200, deliver(t, "POST", server.URL, "{}").status, "the next is taken")
		})
	}
}

func TestAWriterWithoutDeadlinesIsNoObstacle(t *testing.T) {
	h, recorder := &receiver{}, httptest.NewRecorder()
	h.ServeHTTP(recorder, httptest.NewRequest("POST", "/", strings.NewReader("{}")))
	assert.Equal(t, 200, recorder.Code)
	assert.Equal(t, []string{"{}"}, h.taken)
}

// upsidedown is a type whose errors say nothing about the field.
type upsidedown struct{}

func (*upsidedown) UnmarshalJSON(raw []byte) error { return fmt.Errorf("what is %s?", raw) }

func TestErrorsOfTypesAreNotRepeated(t *testing.T) {
	var target struct {
		Inner struct {
			Count int `json:"count"`
		} `json:"inner"`
		Odd upsidedown `json:"odd"`
	}
	for body, want := range map[string]string{
		`{"inner":{"count":"` + marker + `"}}`: "inner.count has a value of the wrong type",
		`{"inner":{"count":1.5}}`:              "inner.count has a value of the wrong type",
		`{"inner":["` + marker + `"]}`:         "inner has a value of the wrong type",
		`{"odd":"` + marker + `"}`:             "the body has a value of the wrong type",
		``:                                     "the body is not a JSON object",
	} {
		assert.EqualError(t, inbound.Decode([]byte(body), &target), want)
	}
	require.NoError(t, inbound.Decode([]byte(`{"INNER":{"count":1},"inner":{"count":2},"other":null}`), &target))
	assert.Equal(t, 2, target.Inner.Count)
}
