package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

func TestAPropertyThatTheServiceDroppedIsNotBroughtBackByItsDescription(t *testing.T) {
	parse := func(text string) *yaml.Node {
		var doc yaml.Node
		assert.NoError(t, yaml.Unmarshal([]byte(text), &doc))
		return doc.Content[0]
	}
	before := properties(parse(`{components: {schemas: {Paper: {properties: {Code: {type: string}, Anything: {}}}}}}`))
	after := parse(`{components: {schemas: {Paper: {properties: {
		Code: {type: string, description: A code.},
		Anything: {description: Whatever it is.},
		Edition: {description: Gone since., nullable: true, x-go-name: Edition},
		Price: {description: Added in full., type: number},
		Shelf: {$ref: '#/components/schemas/Shelf'}}}}}}`)

	warnings := dropGhosts(after, before)

	assert.Equal(t, []string{"Paper.Edition is described, but the service has no such property: it is left out"}, warnings)
	assert.Equal(t, map[string]bool{"Paper.Code": true, "Paper.Anything": true, "Paper.Price": true, "Paper.Shelf": true}, properties(after))
}

func TestADroppedPropertyIsMissingFromTheWholePipelinesOutput(t *testing.T) {
	overlay := temporary(t, "overlay.yaml", `overlay: 1.0.0
x-speakeasy-jsonpath: rfc9535
info: {title: Kiosk, version: 1.0.0}
actions:
  - target: $.components.schemas.Order
    update:
      properties:
        Amount: {description: Total to pay.}
        Voucher: {description: Dropped by the service.}
`)

	code, stdout, stderr := specsync(t, "-source", kioskSwagger, "-overlay", overlay, "-out", "-")

	assert.Equal(t, exitOK, code)
	assert.Contains(t, stdout, "description: Total to pay.")
	assert.NotContains(t, stdout, "Voucher")
	assert.Contains(t, stderr, "Order.Voucher is described, but the service has no such property")
}

func TestNothingIsWrittenBesideAReference(t *testing.T) {
	doc := newMapping()
	setField(doc, "description", newString("ignored by every reader"))
	setField(doc, "$ref", newString("#/components/schemas/Paper"))
	setField(doc, "type", newString("object"))

	arrange(doc, "schema")

	require.Len(t, doc.Content, 2, "one key and its value")
	assert.Equal(t, "#/components/schemas/Paper", text(doc, "$ref"))
}
