package main

// Fetching: a file or a URL becomes bytes, under the limits that any download deserves.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

const (
	// maxSource bounds the document: far beyond what describes an API of some dozen methods.
	maxSource = 16 << 20
	// fetchTimeout covers connecting, waiting and reading together.
	fetchTimeout = 60 * time.Second
)

// fetch reads the Swagger document from a file or from an http(s) URL, without a UTF-8 byte order mark.
func fetch(ctx context.Context, source string) ([]byte, error) {
	var data []byte
	var err error
	if strings.Contains(source, "://") {
		data, err = fetchURL(ctx, source)
	} else {
		data, err = fetchFile(source)
	}
	if err != nil {
		return nil, err
	}
	return bytes.TrimPrefix(data, []byte("\uFEFF")), nil
}

// sourceName is how messages call the source: a URL loses its password.
func sourceName(source string) string {
	if !strings.Contains(source, "://") {
		return source
	}
	u, err := url.Parse(source)
	if err != nil {
		return "the source URL"
	}
	return u.Redacted()
}

func fetchFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := readBounded(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}

func fetchURL(ctx context.Context, source string) ([]byte, error) {
	name := sourceName(source)
	u, err := url.Parse(source)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be parsed", name)
	}
	if err := checkURL(u); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, source, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	request.Header.Set("Accept", "application/json")

	// A redirect is handed back instead of followed: the specification of a payment API comes from where we asked
	// for it or not at all.
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return nil, err // a *url.Error, which already carries the redacted URL
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode >= 300 && response.StatusCode < 400:
		return nil, fmt.Errorf("%s answers with a redirect (HTTP %d) to %q, which is not followed",
			name, response.StatusCode, response.Header.Get("Location"))
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s answers HTTP %d, not 200", name, response.StatusCode)
	}
	data, err := readBounded(response.Body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}

func checkURL(u *url.URL) error {
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("scheme %q is not supported, only https", u.Scheme)
	case u.Hostname() == "":
		return errors.New("the URL has no host")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return errors.New("plain http is only accepted from this machine: use https")
	}
	return nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func readBounded(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSource+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxSource {
		return nil, fmt.Errorf("is larger than %d MiB", maxSource>>20)
	}
	return data, nil
}
