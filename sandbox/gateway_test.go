package sandbox_test

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/sandbox"
)

// namedClient is a client that knows the services by their names alone, and is led to a gateway.
type namedClient struct {
	*http.Client
	address string
	roots   *tls.Config
}

func newNamedClient(t *testing.T) namedClient {
	t.Helper()
	sb, err := sandbox.New()
	require.NoError(t, err)
	certificate, err := sandbox.NewCertificate(sandbox.Hosts()...)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	gateway := sandbox.NewGateway(listener, sb, certificate)
	server := &http.Server{Handler: gateway}
	served := make(chan error, 1)
	go func() { served <- server.Serve(gateway) }()
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		assert.ErrorIs(t, <-served, http.ErrServerClosed)
	})
	address := gateway.Addr().String()
	roots := &tls.Config{RootCAs: certificate.RootCAs}
	transport := &http.Transport{
		Proxy:           http.ProxyURL(&url.URL{Scheme: "http", Host: address}),
		TLSClientConfig: roots, ForceAttemptHTTP2: true,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return namedClient{&http.Client{Transport: transport}, address, roots}
}

func (s namedClient) fetch(t *testing.T, method, address string, body string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	require.NoError(t, err)
	request.Header["api_key"] = []string{"sandbox-ding-api-key"}
	if body != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := s.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(text)
}

func TestClientsWithTheNamesBuiltInAreServed(t *testing.T) {
	s := newNamedClient(t)
	for _, host := range []string{"api.dingconnect.com", "www.dingconnect.com"} {
		response, body := s.fetch(t, "GET", "https://"+host+"/api/V1/GetBalance", "")
		assert.Equal(t, 2, response.ProtoMajor, "HTTP/2")
		assert.JSONEq(t, `{"Balance":1000.00,"CurrencyIso":"USD","ResultCode":1,"ErrorCodes":[]}`, body)
	}
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"sandbox-client"}, "client_secret": {"sandbox+client/secret=="},
	}
	response, body := s.fetch(t, "POST", "https://idp.ding.com/connect/token", form.Encode())
	assert.Equal(t, http.StatusOK, response.StatusCode, body)
	response, _ = s.fetch(t, "POST", "https://dizlee.test/charge", "{}")
	assert.Equal(t, http.StatusUnauthorized, response.StatusCode, "Dizlee, which wants another key")
	response, _ = s.fetch(t, "POST", "https://dizlee.test/dizlee/charge", "{}")
	assert.Equal(t, http.StatusUnauthorized, response.StatusCode)
}

func TestDiscoveryLeadsToTheNameThatWasAsked(t *testing.T) {
	s := newNamedClient(t)
	_, body := s.fetch(t, "GET", "https://idp.ding.com/.well-known/openid-configuration", "")
	var found struct {
		Issuer        string `json:"issuer"`
		Keys          string `json:"jwks_uri"`
		TokenEndpoint string `json:"token_endpoint"`
	}
	require.NoError(t, json.Unmarshal([]byte(body), &found))
	assert.Equal(t, "https://idp.ding.com", found.Issuer)
	assert.Equal(t, "https://idp.ding.com/connect/token", found.TokenEndpoint)
	_, keys := s.fetch(t, "GET", found.Keys, "")
	assert.JSONEq(t, `{"keys":[]}`, keys)
}

func TestEachNameIsOneServiceAndNothingElse(t *testing.T) {
	s := newNamedClient(t)
	for _, address := range []string{
		"https://api.dingconnect.com/connect/token", "https://api.dingconnect.com/_sandbox/ledger", "https://api.dingconnect.com/",
		"https://idp.ding.com/api/V1/GetBalance", "https://idp.ding.com/_sandbox/ledger", "https://dizlee.test/api/V1/GetBalance",
		"https://dizlee.test/_sandbox/ledger", "https://api.dingconnect.com/postman/ding.json",
	} {
		response, _ := s.fetch(t, "GET", address, "")
		assert.Equal(t, http.StatusNotFound, response.StatusCode, address)
	}
}

func TestTheProxyLeadsNowhereElse(t *testing.T) {
	s := newNamedClient(t)
	_, err := s.Get("https://example.com/")
	assert.ErrorContains(t, err, "Forbidden")
}

func TestOnePortSpeaksHTTPAndHTTPS(t *testing.T) {
	s := newNamedClient(t)
	plain, err := http.Get("http://" + s.address + "/_sandbox/ledger")
	require.NoError(t, err)
	require.NoError(t, plain.Body.Close())
	assert.Equal(t, http.StatusOK, plain.StatusCode)

	direct := &http.Client{Transport: &http.Transport{TLSClientConfig: s.roots}}
	defer direct.CloseIdleConnections()
	secure, err := direct.Get("https://" + s.address + "/_sandbox/ledger")
	require.NoError(t, err)
	require.NoError(t, secure.Body.Close())
	assert.Equal(t, http.StatusOK, secure.StatusCode)
}

func TestAClientThatSaysNothingKeepsNobodyWaiting(t *testing.T) {
	s := newNamedClient(t)
	silent, err := net.Dial("tcp", s.address)
	require.NoError(t, err)
	defer silent.Close()
	response, _ := s.fetch(t, "GET", "https://api.dingconnect.com/api/V1/GetBalance", "")
	assert.Equal(t, http.StatusOK, response.StatusCode)
}

// stumbling is a listener that fails once.
type stumbling struct {
	net.Listener
	once sync.Once
}

func (s *stumbling) Accept() (c net.Conn, err error) {
	s.once.Do(func() { err = errors.New("too many open files") })
	if err != nil {
		return nil, err
	}
	return s.Listener.Accept()
}

func TestAGatewayPassesErrorsOnAndGoesOn(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	certificate, err := sandbox.NewCertificate()
	require.NoError(t, err)
	gateway := sandbox.NewGateway(&stumbling{Listener: listener}, http.NotFoundHandler(), certificate)
	_, err = gateway.Accept()
	assert.EqualError(t, err, "too many open files")

	client, err := net.Dial("tcp", gateway.Addr().String())
	require.NoError(t, err)
	defer client.Close()
	_, err = io.WriteString(client, "GET /")
	require.NoError(t, err)
	server, err := gateway.Accept()
	require.NoError(t, err)
	said := make([]byte, 5)
	_, err = io.ReadFull(server, said)
	require.NoError(t, err)
	assert.Equal(t, "GET /", string(said))
	require.NoError(t, server.Close())

	require.NoError(t, gateway.Close())
	_, err = gateway.Accept()
	assert.ErrorIs(t, err, net.ErrClosed)
	assert.Error(t, gateway.Close(), "the listener's word")
}

func TestConnectInPlainWords(t *testing.T) {
	s := newNamedClient(t)
	connection, err := net.Dial("tcp", s.address)
	require.NoError(t, err)
	defer connection.Close()
	// The handshake comes along with the request, before anybody has answered.
	client := tls.Client(eager{connection, "CONNECT API.dingconnect.com:443 HTTP/1.1\r\nHost: API.dingconnect.com:443\r\n\r\n"}, &tls.Config{
		RootCAs: s.roots.RootCAs, ServerName: "api.dingconnect.com",
	})
	require.NoError(t, client.HandshakeContext(t.Context()))
	_, err = fmt.Fprintf(client, "GET /api/V1/GetBalance HTTP/1.1\r\nHost: api.dingconnect.com\r\nConnection: close\r\n\r\n")
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(client), nil)
	require.NoError(t, err)
	defer response.Body.Close()
	assert.Equal(t, http.StatusUnauthorized, response.StatusCode)
}

// eager sends a proxy's request in front of what is written first, and takes its answer out of what is read.
type eager struct {
	net.Conn
	request string
}

func (e eager) Write(p []byte) (int, error) {
	if len(p) > 0 && p[0] == 0x16 && strings.HasPrefix(e.request, "CONNECT") {
		if _, err := io.WriteString(e.Conn, e.request); err != nil {
			return 0, err
		}
		n, err := e.Conn.Write(p)
		if err != nil {
			return n, err
		}
		answer := make([]byte, len("HTTP/1.1 200 Connection established\r\n\r\n"))
		_, err = io.ReadFull(e.Conn, answer)
		return n, err
	}
	return e.Conn.Write(p)
}
