package sandbox_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/sandbox"
)

func TestACertificateHoldsForLoopbackAndWhatWasNamed(t *testing.T) {
	certificate, err := sandbox.NewCertificate("receiver.example", "192.0.2.1")
	require.NoError(t, err)
	for _, host := range []string{"localhost", "127.0.0.1", "::1", "receiver.example", "192.0.2.1"} {
		_, err := certificate.TLS.Leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: certificate.RootCAs})
		assert.NoError(t, err, host)
	}
	for _, host := range []string{"shop.example", "127.0.0.2"} {
		_, err := certificate.TLS.Leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: certificate.RootCAs})
		assert.Error(t, err, host)
	}
	another, err := sandbox.NewCertificate()
	require.NoError(t, err)
	_, err = certificate.TLS.Leaf.Verify(x509.VerifyOptions{Roots: another.RootCAs})
	require.Error(t, err)
	assert.NotEqual(t, another.TLS.Leaf.SerialNumber, certificate.TLS.Leaf.SerialNumber)
	assert.WithinDuration(t, certificate.TLS.Leaf.NotBefore.AddDate(0, 0, 90), certificate.TLS.Leaf.NotAfter, time.Second)
}

func TestACertificateCanBeKeptInFiles(t *testing.T) {
	certificate, err := sandbox.NewCertificate()
	require.NoError(t, err)
	pair, err := tls.X509KeyPair(certificate.CertificatePEM, certificate.KeyPEM)
	require.NoError(t, err)
	assert.Equal(t, certificate.TLS.Leaf.Raw, pair.Leaf.Raw)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(certificate.CAPEM))
	assert.True(t, roots.Equal(certificate.RootCAs))
	block, rest := pem.Decode(certificate.CAPEM)
	assert.Empty(t, rest)
	ca, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	assert.True(t, ca.IsCA)
	assert.False(t, certificate.TLS.Leaf.IsCA)
}

func TestAPrintedCertificateKeepsItsKey(t *testing.T) {
	certificate, err := sandbox.NewCertificate()
	require.NoError(t, err)
	for _, text := range []string{fmt.Sprint(certificate), fmt.Sprintf("%+v", *certificate)} {
		assert.Equal(t, "certificate for [localhost] [127.0.0.1 ::1]", text)
	}
	assert.Equal(t, "no certificate", sandbox.Certificate{}.String())
}

func TestACertificateOfNoHostIsNone(t *testing.T) {
	_, err := sandbox.NewCertificate("")
	require.ErrorContains(t, err, "empty")
	_, err = sandbox.NewCertificate("übung.example")
	require.ErrorContains(t, err, "sandbox: certificate")
}
