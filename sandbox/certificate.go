// Certificates for loopback addresses: receivers of callbacks speak https, and tests have no authority at hand.

package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"
)

// Certificate is a server's certificate with its key, and the authority that vouches for it. The authority's own key is
// forgotten, so that it vouches for nothing else, whoever trusts it.
type Certificate struct {
	// TLS is for a server's tls.Config.
	TLS tls.Certificate
	// RootCAs trusts the authority and nobody else.
	RootCAs *x509.CertPool
	// CertificatePEM has the server's certificate, KeyPEM its key in PKCS #8, and CAPEM the authority's certificate.
	CertificatePEM, KeyPEM, CAPEM []byte
}

// certificateLifetime is short enough for every verifier.
const certificateLifetime = 90 * 24 * time.Hour

// loopbackHosts are the names and addresses of every certificate.
var loopbackHosts = []string{"localhost", "127.0.0.1", "::1"}

// NewCertificate makes a certificate for localhost, 127.0.0.1, ::1 and the other names and IP addresses that are given. It
// holds from an hour ago for 90 days. Keys are random, and no seed repeats them.
func NewCertificate(hosts ...string) (*Certificate, error) {
	hosts = slices.Concat(loopbackHosts, hosts)
	for _, host := range hosts {
		if host == "" {
			return nil, errors.New("sandbox: certificate: one of the hosts is empty")
		}
	}
	ca, caKey, err := sign(authority(), nil, nil)
	if err != nil {
		return nil, fmt.Errorf("sandbox: certificate: %w", err)
	}
	leaf, key, err := sign(server(hosts), ca, caKey)
	if err != nil {
		return nil, fmt.Errorf("sandbox: certificate: %w", err)
	}
	return assemble(ca, leaf, key)
}

// String names the hosts, and keeps the key out of what is printed.
func (c Certificate) String() string {
	if c.TLS.Leaf == nil {
		return "no certificate"
	}
	return fmt.Sprintf("certificate for %s %s", c.TLS.Leaf.DNSNames, c.TLS.Leaf.IPAddresses)
}

func authority() *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: "Sandbox authority"}, IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign,
	}
}

func server(hosts []string) *x509.Certificate {
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: hosts[0]}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	return template
}

// sign makes a key and the certificate for it, signed by the parent or, without one, by itself.
func sign(template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if parent == nil {
		parent, parentKey = template, key
	}
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = template.NotBefore.Add(certificateLifetime)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return certificate, key, err
}

func assemble(ca, leaf *x509.Certificate, key *ecdsa.PrivateKey) (*Certificate, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("sandbox: certificate: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	return &Certificate{
		TLS:            tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf},
		RootCAs:        roots,
		CertificatePEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw}),
		KeyPEM:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		CAPEM:          pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw}),
	}, nil
}
