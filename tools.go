//go:build tools

// Package airtime pins the programs that the build runs: the generator behind `go generate ./...` and the linter
// behind `make lint`. The tag keeps them out of every consumer's build.
package airtime

import (
	_ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"
	_ "honnef.co/go/tools/cmd/staticcheck"
)
