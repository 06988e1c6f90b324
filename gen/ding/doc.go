// Package ding holds the models and the low-level client of DingConnect, generated from api/openapi/ding.yaml.
//
// The client builds requests and hands back *http.Response: it retries nothing, decodes nothing and knows nothing of
// money. Programs want [github.com/airtime-go/airtime/facade/ding], whose types these are.
//
// ClientInterface gains a method with each operation that the document gains, which does not count as a breaking change.
package ding

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config=config.yaml ../../api/openapi/ding.yaml
