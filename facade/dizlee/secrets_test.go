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
	"testing/synctest"

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

func TestTheSubscriberIsMaskedHoweverTheServiceSpellsTheNumber(t *testing.T) {
	for name, tc := range map[string]struct{ number, spelled string }{
		"as it was sent":    {msisdn, msisdn},
		"with a plus":       {msisdn, "+" + msisdn},
		"in groups":         {msisdn, "+964 770 0900 123"},
		"with dashes":       {msisdn, "964-770-0900-123"},
		"without a country": {msisdn, "07700900123"},
		"a short one":       {"964770", "964770"},
	} {
		for where, answer := range map[string]string{
			"in the detail": `{"status":"-304","statusDetail":"no funds for %s"}`,
			"in the id":     `{"status":"-304","chargeResponseId":"%s"}`,
			"in a page":     `<p>no funds for %s</p>`,
			"in a success":  `{"status":"1","statusDetail":"charged %s"}`,
		} {
			if where == "in the id" && tc.spelled != msisdn && tc.spelled != tc.number {
				continue // an id is no text, and is needed to ask about the charge
			}
			t.Run(name+" "+where, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w, j := newWorld(t, step(answers(200, fmt.Sprintf(answer, tc.spelled)))), newMemory()
					var log bytes.Buffer
					text := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
					request := charge()
					request.UserID = tc.number
					for range 2 { // the second time, by the journal
						got, err := w.client(dizlee.WithJournal(j), dizlee.WithLogger(text)).Charge(t.Context(), request)
						shown := log.String()
						if err != nil {
							text.Error("failed", "error", err)
							shown += err.Error() + fmt.Sprintf("%+v", err)
						} else {
							shown += got.StatusDetail
						}
						assert.NotContains(t, shown, tc.spelled)
						assert.NotContains(t, shown, tc.number)
					}
				})
			})
		}
	}
}

func TestAnOperatorsIDIsKeptAsItIs(t *testing.T) {
	for id, want := range map[string]string{"29320": "29320", msisdn + "-29320": msisdn + "-29320", key: "[redacted]"} {
		s := serve(t, answers(200, `{"status":"1","chargeResponseId":`+quoted(id)+`}`))
		got, err := client(t, s.URL).Charge(t.Context(), charge())
		require.NoError(t, err)
		assert.Equal(t, want, got.ChargeResponseID, "a refund needs it")
	}
}

func TestWhatAJournalHoldsIsMaskedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newWorld(t, says("-304")), newMemory()
		c := w.client(dizlee.WithJournal(j))
		_, err := c.Charge(t.Context(), charge())
		require.Error(t, err)
		j.entries[noted("Charge")].Settlement.Answer = []byte(`{"error":{"status":"-304","statusDetail":"no funds for +964 770 0900 123","chargeResponseId":"` + msisdn + `","reason":"not ` + msisdn + `"}}`)
		_, err = c.Charge(t.Context(), charge())
		assert.ErrorIs(t, err, dizlee.ErrInsufficientFunds)
		for _, number := range []string{msisdn, "0900 123"} {
			assert.NotContains(t, err.Error(), number)
		}
	})
}
