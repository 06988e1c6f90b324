// Package spec has the two OpenAPI documents in parsed form, for whoever holds traffic against them.
package spec

import (
	"fmt"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/airtime-go/airtime/api/openapi"
)

// Ding returns api/openapi/ding.yaml, and Dizlee api/openapi/dizlee.yaml. Each is parsed once per process and shared: it must
// not be changed.
var (
	Ding   = sync.OnceValues(func() (*openapi3.T, error) { return Parse("ding.yaml", openapi.Ding) })
	Dizlee = sync.OnceValues(func() (*openapi3.T, error) { return Parse("dizlee.yaml", openapi.Dizlee) })
)

// Parse reads a document; the name is for the error.
func Parse(name string, text []byte) (*openapi3.T, error) {
	document, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return document, nil
}
