// airtime sandbox --tls: the services under their own names.

package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/airtime-go/airtime/sandbox"
)

// certificateFor makes a certificate for the names of the services, if one is wanted.
func certificateFor(wanted bool) (*sandbox.Certificate, error) {
	if !wanted {
		return nil, nil
	}
	certificate, err := sandbox.NewCertificate(sandbox.Hosts()...)
	if err != nil {
		return nil, usagef("the certificate cannot be made: %s", err)
	}
	return certificate, nil
}

// writeAuthority writes the authority of a certificate, if there is one, once the sandbox is served: the file may be that of
// another one that is.
func writeAuthority(certificate *sandbox.Certificate, file string) error {
	if certificate == nil {
		return nil
	}
	const everybodyReads = 0o644
	if err := os.WriteFile(file, certificate.CAPEM, everybodyReads); err != nil {
		return usagef("the authority cannot be written: %s", err)
	}
	return nil
}

// byNameText says what a client with the names built in needs to run against the sandbox.
func byNameText(root, caFile string) string {
	if path, err := filepath.Abs(caFile); err == nil {
		caFile = path
	}
	address := strings.TrimPrefix(root, "http://")
	host, port, _ := net.SplitHostPort(address) // a listener's address has both
	return strings.NewReplacer(
		"{names}", strings.Join(sandbox.Hosts(), " "), "{file}", quote(caFile), "{root}", root,
		"{address}", address, "{host}", host, "{port}", port,
	).Replace(byNameHelp)
}

const byNameHelp = `by https, the sandbox is also {names}
A client that has these names built in needs two things. It has to trust the authority in {file}:
  Go, Ruby, OpenSSL   export SSL_CERT_FILE={file}
  Node.js             export NODE_EXTRA_CA_CERTS={file}
  Python requests     export REQUESTS_CA_BUNDLE={file}
  curl                export CURL_CA_BUNDLE={file}
  PHP                 php -d openssl.cafile={file} -d curl.cainfo={file}
  Java                keytool -importcert -noprompt -alias sandbox -file {file} -keystore KEYSTORE
And it has to be led here, in one of these ways:
  most clients        export HTTPS_PROXY={root} (the sandbox is a proxy to these names and to nothing else)
  Node.js 24          the same, and export NODE_USE_ENV_PROXY=1
  curl                curl --connect-to ::{address} https://api.dingconnect.com/api/V1/GetBalance
  all others          the line "{host} {names}" in /etc/hosts, and :{port} in the client's URL or --addr {host}:443 here`
