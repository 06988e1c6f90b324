// Where credentials go: in a header spelled as documented, to the service alone, and never along with a redirect.

package pipeline

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// elsewhere is a server that nobody must be led to.
func elsewhere(t *testing.T) (*httptest.Server, *atomic.Int64) {
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	t.Cleanup(server.Close)
	return server, &requests
}

func TestARedirectIsNeverFollowed(t *testing.T) {
	for _, status := range []int{300, 301, 302, 303, 304, 307, 308} {
		for _, row := range []struct {
			name  string
			money bool
		}{{"a read", false}, {"money", true}} {
			t.Run(http.StatusText(status)+" for "+row.name, func(t *testing.T) {
				other, led := elsewhere(t)
				var asked atomic.Int64
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					asked.Add(1)
					w.Header().Set("Location", other.URL+"/?api_key="+testKey)
					w.WriteHeader(status)
				}))
				t.Cleanup(server.Close)
				r := newRig(t, ownTransport(t), func(s *Settings) { s.Retry.MaxAttempts = 1 })
				got, err := r.send(t.Context(), func(call *Call) {
					call.Money = row.money
					call.Build = post(server.URL, "{}")
				})
				require.Error(t, err)
				assert.Equal(t, Redirected, got.Failure)
				assert.Equal(t, status, got.Status)
				assert.Equal(t, int64(1), asked.Load())
				assert.Zero(t, led.Load())
				assert.ErrorContains(t, err, "check the base URL")
				assertNothingSecret(t, r, err)
			})
		}
	}
}

func TestARedirectToNowhereIsStillARedirect(t *testing.T) {
	for name, location := range map[string]string{
		"no Location":             "",
		"a Location that is none": "Location: http://[::1:" + testAccount + "/%zz\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			url := readThen(t, write("HTTP/1.1 302 Found\r\n"+location+"Content-Length: 0\r\n\r\n"))
			r := newRig(t, ownTransport(t), nil)
			got, err := r.send(t.Context(), money(url))
			require.Error(t, err)
			assert.Equal(t, Redirected, got.Failure)
			assert.Equal(t, 302, got.Status)
			assertNothingSecret(t, r, err)
		})
	}
}

func TestAHeaderNameGoesOutAsDocumented(t *testing.T) {
	for _, name := range []string{"api_key", "apikey", "Api-Key", "HTTP_MSISDN"} {
		t.Run(name, func(t *testing.T) {
			lines := make(chan []string, 1)
			url := rawServer(t, func(connection net.Conn) {
				reader := textproto.NewReader(bufio.NewReader(connection))
				var head []string
				for {
					line, err := reader.ReadLine()
					if err != nil || line == "" {
						break
					}
					head = append(head, line)
				}
				lines <- head
				_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
			})
			r := newRig(t, ownTransport(t), func(s *Settings) { s.Credentials = APIKey{Header: name, Key: testKey} })
			_, err := r.send(t.Context(), func(call *Call) { call.Build = get(url) })
			require.NoError(t, err)

			head := <-lines
			assert.Contains(t, head, name+": "+testKey)
			assert.Contains(t, head, "Accept: application/json")
			assert.Contains(t, head, "User-Agent: "+userAgent)
			for _, line := range head {
				assert.False(t, strings.HasPrefix(line, textproto.CanonicalMIMEHeaderKey(name)+":") && !strings.HasPrefix(line, name+":"), "sent twice: %s", line)
			}
		})
	}
}
