// Package openapi holds the documents that everything else is generated from and tested against.
package openapi

import _ "embed"

// Ding is ding.yaml: DingConnect as OpenAPI 3, written by internal/specsync.
//
//go:embed ding.yaml
var Ding []byte

// Dizlee is dizlee.yaml: Dizlee's carrier billing and messaging as OpenAPI 3, written by hand.
//
//go:embed dizlee.yaml
var Dizlee []byte
