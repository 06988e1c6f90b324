// Package dizlee holds the models of Dizlee's carrier-billing API and a low-level client for it, generated from
// api/openapi/dizlee.yaml; overlay.yaml beside this file gives the models their Go names.
//
// The models are the ones that users of facade/dizlee see. The client sends a request and hands out the answer as it is:
// it adds neither the apikey nor the HTTP_MSISDN header, and knows nothing about charging twice. Use facade/dizlee to
// move money.
//
// ClientInterface gains a method with each operation that the document gains, which does not count as a breaking change.
package dizlee

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config=config.yaml ../../api/openapi/dizlee.yaml
