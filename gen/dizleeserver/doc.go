// Package dizleeserver holds the server interface of Dizlee's carrier-billing API, generated from
// api/openapi/dizlee.yaml: one method for each operation, so that a server stops compiling when the document gains one.
// That does not count as a breaking change.
//
// Handlers get the plain request. The bodies are the models of package dizlee, the headers HTTP_MSISDN and apikey are
// read from the request, and nothing is validated on the way: the caller holds requests against the document.
package dizleeserver

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config=config.yaml ../../api/openapi/dizlee.yaml
