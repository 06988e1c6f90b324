// How exchanges pass through a Transport: nothing is held, nothing is read in advance, and every way in which an exchange can
// end is let through.

package contract_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/contract"
	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/money"
)

// product is an item of GetProducts as the document has it, but for its one unknown field.
const product = `{"ProviderCode":"KESV","SkuCode":"KE_SV_TopUp","LocalizationKey":"k","SettingDefinitions":[],` +
	`"Maximum":{"CustomerFee":0,"DistributorFee":0,"ReceiveValue":9000.0,"ReceiveCurrencyIso":"KES","ReceiveValueExcludingTax":9000.0,"TaxRate":0,"TaxName":null,"TaxCalculation":null,"SendValue":70.0,"SendCurrencyIso":"EUR"},` +
	`"Minimum":{"CustomerFee":0,"DistributorFee":0,"ReceiveValue":10.0,"ReceiveCurrencyIso":"KES","ReceiveValueExcludingTax":10.0,"TaxRate":0,"TaxName":null,"TaxCalculation":null,"SendValue":0.08,"SendCurrencyIso":"EUR"},` +
	`"CommissionRate":0.07,"ProcessingMode":"Instant","RedemptionMechanism":"Immediate","Benefits":["Mobile"],"UatNumber":"254000000000",` +
	`"DefaultDisplayText":"10 - 9000 KES","RegionCode":"KE","PaymentTypes":["Prepaid"],"LookupBillsRequired":false,"Colour":"red"}`

// products returns an answer of GetProducts with so many of them.
func products(count int) string {
	return `{"ResultCode":1,"ErrorCodes":[],"Items":[` + strings.TrimSuffix(strings.Repeat(product+",", count), ",") + `]}`
}

// serve starts a server that answers everything with text, as JSON.
func serve(t *testing.T, text string) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			packed := gzip.NewWriter(w)
			_, _ = io.WriteString(packed, text)
			_ = packed.Close()
			return
		}
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(server.Close)
	return server
}

func TestAnswersAreExaminedHoweverTheyCome(t *testing.T) {
	text := products(40)
	want := []string{"response body /Items/0/Colour unknown ×40"}
	for _, row := range []struct {
		name     string
		http2    bool
		encoding string // asked for by the caller, who then gets it raw
	}{
		{name: "gzip that net/http undoes"},
		{name: "gzip that it leaves alone", encoding: "gzip"},
		{name: "plain", encoding: "identity"},
		{name: "HTTP/2", http2: true},
		{name: "HTTP/2 plain", http2: true, encoding: "identity"},
	} {
		t.Run(row.name, func(t *testing.T) {
			server := serve(t, text)
			server.EnableHTTP2 = row.http2
			server.StartTLS()
			client, noted := examined(t, server.Client().Transport, contract.Strict(), contract.WithDingURL(server.URL))
			request := newRequest(t, http.MethodGet, server.URL+"/api/V1/GetProducts", "")
			if row.encoding != "" {
				request.Header.Set("Accept-Encoding", row.encoding)
			}
			got := fetch(t, client, request)
			if row.encoding == "gzip" {
				unpacked, err := gzip.NewReader(strings.NewReader(got))
				require.NoError(t, err)
				plain, err := io.ReadAll(unpacked)
				require.NoError(t, err)
				got = string(plain)
			}
			assert.Equal(t, text, got)
			assert.Equal(t, want, noted.lines())
		})
	}
}

func TestWhatWasReadIsWhatIsExamined(t *testing.T) {
	// A value is judged once it is complete, so of the first of these, the third item is not.
	text := products(3)
	for name, read := range map[string]func(t *testing.T, body io.ReadCloser){
		"response body /Items/0/Colour unknown ×2": func(t *testing.T, body io.ReadCloser) {
			_, err := io.ReadFull(body, make([]byte, len(text)-len("}]}")))
			require.NoError(t, err)
		},
		"response body /Items/0/Colour unknown ×3": func(t *testing.T, body io.ReadCloser) {
			var answer ding.GetProductsResponse
			require.NoError(t, json.NewDecoder(body).Decode(&answer)) // which does not read up to io.EOF
		},
		"": func(*testing.T, io.ReadCloser) {},
	} {
		client, noted := examined(t, answers{status: 200, body: text}, contract.Strict())
		response, err := client.Do(newRequest(t, http.MethodGet, api+"GetProducts", ""))
		require.NoError(t, err)
		read(t, response.Body)
		assert.Empty(t, noted.lines(), "reported before it was over")
		require.NoError(t, response.Body.Close())
		require.NoError(t, response.Body.Close())
		assert.Equal(t, name, strings.Join(noted.lines(), ", "))
	}
}

// endless writes one product after another, and nothing of it is kept.
type endless struct {
	left int
	rest string
}

func (e *endless) Read(p []byte) (int, error) {
	if e.rest == "" {
		e.rest = product + ","
		if e.left--; e.left == 0 {
			e.rest = product + "]}"
		}
	}
	if e.left < 0 {
		return 0, io.EOF
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

func (e *endless) Close() error { return nil }

func TestALargeAnswerIsNotHeld(t *testing.T) {
	const count = 6 << 20 / len(product)
	body := io.MultiReader(strings.NewReader(`{"ResultCode":1,"ErrorCodes":[],"Items":[`), &endless{left: count})
	client, noted := examined(t, roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(body)}, nil
	}), contract.Strict())
	response, err := client.Do(newRequest(t, http.MethodGet, api+"GetProducts", ""))
	require.NoError(t, err)
	defer response.Body.Close()

	held := func() int64 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return int64(stats.HeapAlloc)
	}
	before := held()
	_, err = io.CopyN(io.Discard, response.Body, 5<<20)
	require.NoError(t, err)
	assert.Less(t, held()-before, int64(2<<20), "of 5 MB that have passed")
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, err)
	assert.Equal(t, []string{fmt.Sprintf("response body /Items/0/Colour unknown ×%d", count)}, noted.lines())
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// watched is a body that tells whether it was read.
type watched struct {
	io.Reader
	read, closed bool
}

func (w *watched) Read(p []byte) (int, error) { w.read = true; return w.Reader.Read(p) }

func (w *watched) Close() error { w.closed = true; return nil }

func TestARequestPassesAsItIs(t *testing.T) {
	body := &watched{Reader: strings.NewReader(order)}
	request := newRequest(t, http.MethodPost, api+"SendTransfer", order)
	request.Body, request.GetBody = body, nil
	original := *request
	broken := errors.New("no route to host")
	var passed *http.Request
	transport, err := contract.NewTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
		passed = r
		assert.False(t, body.read, "nothing is read in advance")
		if r.Method == http.MethodPost {
			assert.NoError(t, r.Body.Close())
		}
		return nil, broken
	}), func(v contract.Violation) { t.Error(v) })
	require.NoError(t, err)

	_, err = transport.RoundTrip(request)
	assert.Equal(t, broken, err)
	assert.Equal(t, original, *request)
	assert.Equal(t, request.Context(), passed.Context())
	assert.Nil(t, passed.GetBody, "what could not be sent again still cannot")
	assert.Equal(t, request.ContentLength, passed.ContentLength)
	assert.True(t, body.closed)

	for _, nothing := range []io.ReadCloser{nil, http.NoBody} {
		request := newRequest(t, http.MethodGet, api+"GetBalance", "")
		request.Body = nothing
		_, err = transport.RoundTrip(request)
		assert.Error(t, err)
		assert.Same(t, request, passed)
	}
}

func TestARequestThatIsSentAgainIsJudgedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which would notice if the first examination went on
		client, noted := examined(t, roundTrip(func(r *http.Request) (*http.Response, error) {
			_, _ = io.CopyN(io.Discard, r.Body, 20) // and the connection turns out to be dead
			require.NoError(t, r.Body.Close())
			again, err := r.GetBody()
			require.NoError(t, err)
			r.Body = again
			return answers{status: 200, body: `{"ResultCode":1,"ErrorCodes":[]}`}.RoundTrip(r)
		}), contract.Strict())
		request := newRequest(t, http.MethodPost, api+"SendTransfer", strings.Replace(order, "SkuCode", "Sku", 1))
		response, err := client.Transport.RoundTrip(request)
		require.NoError(t, err)
		assert.Same(t, request, response.Request)
		_, err = io.Copy(io.Discard, response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, []string{"request body /Sku unknown", "request body /SkuCode required"}, noted.lines())
	})
}

func TestARequestIsJudgedWithoutAnAnswer(t *testing.T) {
	client, noted := examined(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, r.Body)
		return nil, io.ErrUnexpectedEOF
	}))
	_, err := client.Do(newRequest(t, http.MethodPost, api+"ListTransferRecords", `{"Take":0}`))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, []string{"request body /Take minimum"}, noted.lines())
	assert.Zero(t, noted.found[0].Status)
}

func TestAnAnswerThatBreaksOffIsNobodysViolation(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, products(2)[:len(product)+80])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer server.Close()
	client, noted := examined(t, nil, contract.Strict(), contract.WithDingURL(server.URL))
	response, err := client.Do(newRequest(t, http.MethodGet, server.URL+"/api/V1/GetProducts", ""))
	require.NoError(t, err)
	defer response.Body.Close()
	_, err = io.ReadAll(response.Body)
	require.Error(t, err)
	assert.Equal(t, []string{"response body /Items/0/Colour unknown"}, noted.lines())
}

func TestACancelledCallEndsAsWithoutTheTransport(t *testing.T) {
	stuck := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"ResultCode":1,`)
		_ = http.NewResponseController(w).Flush()
		<-stuck
	}))
	defer server.Close()
	defer close(stuck)
	client, noted := examined(t, nil, contract.Strict(), contract.WithDingURL(server.URL))
	ctx, cancel := context.WithCancel(t.Context())
	response, err := client.Do(newRequest(t, http.MethodGet, server.URL+"/api/V1/GetBalance", "").WithContext(ctx))
	require.NoError(t, err)
	defer response.Body.Close()
	_, err = io.ReadFull(response.Body, make([]byte, 10))
	require.NoError(t, err)
	cancel()
	_, err = io.ReadAll(response.Body)
	assert.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, noted.lines())
}

func TestAConnectionThatChangesItsProtocolPasses(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	client, noted := examined(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusSwitchingProtocols, Header: http.Header{}, Body: near, Request: r}, nil
	}), contract.Strict())
	response, err := client.Do(newRequest(t, http.MethodGet, api+"GetBalance", ""))
	require.NoError(t, err)
	defer response.Body.Close()
	assert.Implements(t, (*io.Writer)(nil), response.Body)
	assert.Equal(t, []string{"response status  unknown"}, noted.lines())
}

func TestManyCallsAtOnce(t *testing.T) {
	server := serve(t, products(20))
	server.Start()
	client, noted := examined(t, nil, contract.Strict(), contract.WithDingURL(server.URL))
	const calls = 16
	var all sync.WaitGroup
	for i := range calls {
		all.Go(func() {
			response, err := client.Do(newRequest(t, http.MethodGet, server.URL+"/api/V1/GetProducts", ""))
			if !assert.NoError(t, err) {
				return
			}
			if i%2 == 0 {
				// The reader and who closes are not always the same goroutine.
				all.Go(func() { _, _ = io.Copy(io.Discard, response.Body) })
			} else {
				_, err = io.Copy(io.Discard, response.Body)
				assert.NoError(t, err)
			}
			assert.NoError(t, response.Body.Close())
		})
	}
	all.Wait()
	whole := 0
	for _, line := range noted.lines() {
		if line == "response body /Items/0/Colour unknown ×20" {
			whole++
		}
	}
	assert.GreaterOrEqual(t, whole, calls/2)
}

func TestWhatCouldNotBeSentIsStillKnownAsSuch(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	refused := "http://" + listener.Addr().String()
	require.NoError(t, listener.Close())

	client, noted := examined(t, nil, contract.WithDingURL(refused))
	once, err := ding.NewClient(ding.WithAPIKey("k"), ding.WithBaseURL(refused), ding.WithHTTPClient(client),
		ding.WithRetryPolicy(facade.RetryPolicy{MaxAttempts: 1}))
	require.NoError(t, err)
	_, err = once.SendTransfer(t.Context(), ding.SendTransferRequest{
		SKUCode: "KE_SV_TopUp", SendValue: money.MustParse("5"), AccountNumber: "254722123456", DistributorRef: "r",
	})
	assert.Equal(t, facade.OutcomeTemporary, facade.OutcomeOf(err), "%v", err)
	assert.Empty(t, noted.lines())
}

// BenchmarkPassing compares what the client needs for an answer with what it needs through a Transport: see the package's
// documentation.
func BenchmarkPassing(b *testing.B) {
	for name, text := range map[string]string{"GetBalance": balance, "GetProducts": products(17_700)} {
		body := []byte(text)
		for mode, options := range map[string][]contract.Option{"bare": nil, "lenient": {}, "strict": {contract.Strict()}} {
			b.Run(name+"/"+mode, func(b *testing.B) {
				var transport http.RoundTripper = roundTrip(func(r *http.Request) (*http.Response, error) {
					return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
				})
				if options != nil {
					examining, err := contract.NewTransport(transport, func(contract.Violation) {}, options...)
					require.NoError(b, err)
					transport = examining
				}
				client, err := ding.NewClient(ding.WithAPIKey("k"), ding.WithHTTPClient(&http.Client{Transport: transport}), ding.WithoutUsageLimits())
				require.NoError(b, err)
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				for b.Loop() {
					if name == "GetBalance" {
						_, err = client.GetBalance(b.Context())
					} else {
						_, err = client.GetProducts(b.Context(), ding.GetProductsParams{})
					}
					require.NoError(b, err)
				}
			})
		}
	}
}
