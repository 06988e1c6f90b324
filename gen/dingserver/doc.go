// Package dingserver holds the server interface of DingConnect, generated from api/openapi/ding.yaml. The sandbox
// implements it, so that a method added to the document does not compile until the sandbox serves it. Such
// a method does not count as a breaking change.
package dingserver

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config=config.yaml ../../api/openapi/ding.yaml
