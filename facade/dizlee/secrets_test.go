// Tests that what a server repeats of a request comes out of no error and no log.

package dizlee_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/dizlee"
)

// echo tells all headers that came, as careless debugging pages do.
func echo(r *http.Request) string {
	var text strings.Builder
	for name, values := range r.Header {
		fmt.Fprintf(&text, "%s: %s\n", name, strings.Join(values, ", "))
	}
	return text.String()
}

func quoted(text string) string {
	out, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(out)
}

func TestWhatAServerRepeatsIsShownNowhere(t *testing.T) {
	for name, answer := range map[string]script{
		"in a page": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(500)
			_, _ = io.WriteString(w, "<pre>"+html.EscapeString(echo(r))+"</pre>")
		},
		"in plain text": func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, echo(r)) },
		"in a URL": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "/help?"+url.Values{"k": {r.Header.Get("apikey")}, "n": {msisdn}}.Encode())
		},
		"in JSON that is no envelope": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `{"error":`+quoted(echo(r))+`}`)
		},
		"in the detail": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `{"status":"-101","statusDetail":`+quoted(echo(r))+`}`)
		},
		"in the status": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `{"status":`+quoted(r.Header.Get("apikey"))+`}`)
		},
		"the number as the status": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"status":"`+msisdn+`"}`)
		},
		"in the operator's id": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `{"status":"-304","chargeResponseId":`+quoted(r.Header.Get("apikey")+msisdn)+`}`)
		},
		"in a redirect": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/?key="+url.QueryEscape(r.Header.Get("apikey")))
			w.WriteHeader(302)
		},
		"in a broken header": func(w http.ResponseWriter, r *http.Request) {
			connection, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err)
			}
			_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\napikey "+r.Header.Get("apikey")+" "+msisdn+"\r\n\r\n")
			_ = connection.(*net.TCPConn).Close()
		},
	} {
		for operation, call := range operations {
			t.Run(name+" of "+operation, func(t *testing.T) {
				var log bytes.Buffer
				text := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
				s := serve(t, answer)

				err := call(t.Context(), client(t, s.URL, dizlee.WithLogger(text)))

				require.Error(t, err)
				text.Error("failed", "error", err)
				slog.New(slog.NewJSONHandler(&log, nil)).Error("failed", "error", err)
				shown := log.String() + err.Error() + fmt.Sprintf("%v %+v %#v %s %q", err, err, err, err, err)
				assert.Contains(t, shown, operation)
				for _, secret := range []string{key, key[:12], url.QueryEscape(key), html.EscapeString(key), strings.Trim(quoted(key), `"`), msisdn} {
					assert.NotContains(t, shown, secret)
				}
			})
		}
	}
}
