// Whatever a service answers, a Transport passes it on unchanged, ends, and says the same about it however it comes.

package contract_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/contract"
)

func FuzzTransport(f *testing.F) {
	for _, seed := range []string{
		balance, products(2), "\uFEFF" + balance, `{"Items":[{}],"ErrorCodes":null}`, `{"Items":[1,{"Minimum":null}],"Items":{}}`,
		`[`, `{"Items":[}`, `{"Items":[1 2]}`, `{"":{},"/":1,"a~b":[null]}`, `nul`, ` `, `{"ResultCode":1e400}`, `{} {}`, "\x1f\x8b\x08\x00",
		`{"ErrorCodes":[{"Code":"\ud800","254722123456":"254722123456"}]}`,
	} {
		f.Add([]byte(seed), "application/json", "", 200)
	}
	f.Add([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00"), "application/json", "gzip", 200)
	f.Add([]byte("<html>"), "text/html; charset", "br", 503)
	f.Fuzz(func(t *testing.T, body []byte, contentType, encoding string, status int) {
		var said [2][]string
		for i, cut := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.OneByteReader} {
			noted := &notes{}
			transport, err := contract.NewTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
				header := http.Header{"Content-Type": {contentType}, "Content-Encoding": {encoding}}
				return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(cut(bytes.NewReader(body))), Request: r}, nil
			}), noted.add, contract.Strict())
			require.NoError(t, err)
			response, err := transport.RoundTrip(newRequest(t, http.MethodGet, api+"GetProducts", ""))
			require.NoError(t, err)
			if status == http.StatusSwitchingProtocols {
				return // the body is a connection, and nobody's to read
			}
			got, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			assert.Equal(t, body, got)
			said[i] = noted.lines()
			for _, v := range noted.found {
				assert.NotEqual(t, "could not be examined", v.Reason)
				assert.NotContains(t, v.String(), "254722123456")
			}
		}
		assert.Equal(t, said[0], said[1])
	})
}
