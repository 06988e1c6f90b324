package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const overlayHead = "overlay: 1.0.0\nx-speakeasy-jsonpath: rfc9535\ninfo: {title: t, version: 1.0.0}\n"

func TestAnInvalidOverlayFailsAndSaysWhy(t *testing.T) {
	tests := map[string]struct{ overlay, says string }{
		"nothing":                         {"", "overlay version is invalid"},
		"no YAML":                         {"overlay: [", "is not a valid overlay: yaml"},
		"a list":                          {"- a\n", "is not a valid overlay: yaml"},
		"a version of the future":         {"overlay: 9.0.0\ninfo: {title: t, version: 1.0.0}\nactions: [{target: $, remove: true}]\n", "overlay version must be one of"},
		"no title":                        {"overlay: 1.0.0\ninfo: {version: 1.0.0}\nactions: [{target: $, remove: true}]\n", "title must be defined"},
		"no actions":                      {overlayHead, "at least one action"},
		"an action without a target":      {overlayHead + "actions: [{update: {a: 1}}]", "index 0 target must be defined"},
		"an action that removes and adds": {overlayHead + "actions: [{target: $, update: {a: 1}, remove: true}]", "should not both"},
		"an action that does nothing":     {overlayHead + "actions: [{target: $.info}]", "action 1 (target $.info): none of update, remove and copy"},
		"a misspelt field":                {overlayHead + "actions: [{target: $.info, updates: {a: 1}}]", "action 1 (target $.info): unknown field updates"},
		"a target that is no JSONPath":    {overlayHead + "actions: [{target: '$.info', update: {x-a: 1}}, {target: '$[', remove: true}]", "action 2 (target $[)"},
		"an alias that contains itself":   {overlayHead + "actions: [{target: $.info, update: &u {x-a: *u}}]", "contains itself"},
		"a document it makes invalid":     {overlayHead + "actions: [{target: $.info.title, remove: true}]", "not valid OpenAPI 3: invalid info"},
		"an update of the wrong kind":     {"overlay: 1.1.0\ninfo: {title: t, version: 1.0.0}\nactions: [{target: $.info, update: [a]}]", "action 1 (target $.info): target is object but update is array"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := specsync(t, "-source", kioskSwagger, "-out", "-", "-overlay", temporary(t, "bad.yaml", test.overlay))
			assert.Equal(t, exitFailed, code)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, test.says)
		})
	}
}

// overlaid applies the actions to the Kiosk and returns the document and the messages.
func overlaid(t *testing.T, actions string) (out, stderr string) {
	t.Helper()
	code, out, stderr := specsync(t, "-source", kioskSwagger, "-out", "-", "-overlay", temporary(t, "o.yaml", overlayHead+"actions:\n"+actions))
	require.Equal(t, exitOK, code, stderr)
	return out, stderr
}

func TestActionsThatFindNothingAreWarningsAndTheOthersApply(t *testing.T) {
	out, stderr := overlaid(t, `
  - {target: "$.paths['/v3/None'].get", update: {summary: lost}}
  - {target: $.info, update: {description: Found.}}
  - {target: $.components.schemas.None, remove: true}
  - {target: $.info, copy: $.components.none}
  - {target: $.info, update: {title: Kiosk}}
`)
	assert.Contains(t, out, "description: Found.")
	assert.NotContains(t, out, "lost")
	assert.Contains(t, stderr, "action 1 (target $.paths['/v3/None'].get) is left out: $.paths['/v3/None'].get matches nothing")
	assert.Contains(t, stderr, "action 3 (target $.components.schemas.None) is left out")
	assert.Contains(t, stderr, "action 4 (target $.info) is left out: $.components.none matches nothing")
	assert.Contains(t, stderr, "action 5 (target $.info) changes nothing")
	assert.NotContains(t, stderr, "action 2")
}

func TestAnOverlayThatNeedsTheNewJSONPathIsWarnedAbout(t *testing.T) {
	code, _, stderr := specsync(t, "-source", kioskSwagger, "-out", "-", "-overlay", temporary(t, "o.yaml",
		"overlay: 1.0.0\ninfo: {title: t, version: 1.0.0}\nactions: [{target: \"$.paths.*.*.parameters[?(@.name=='X-Trace')]\", remove: true}]\n"))
	assert.Equal(t, exitOK, code)
	assert.Contains(t, stderr, "warning")
	assert.Contains(t, stderr, "rfc9535")
}

func TestAliasesAndMergeKeysAreWrittenOut(t *testing.T) {
	out, _ := overlaid(t, `
  - target: $.components.schemas.Paper.properties.Edition
    update: &edition # which of the day's editions
      description: Which edition.
      x-level: 2
  - target: $.components.schemas.Paper.properties.PaperCode
    update:
      <<: *edition
      description: What the paper is called.
  - target: $.components.schemas.Order.properties.PaperCode
    update:
      <<: [{x-a: 1}, *edition, {x-a: 2}]
  - target: $.components.schemas.Receipt.properties.OrderNumber
    update: *edition
`)
	assert.Contains(t, out, "description: What the paper is called.\n          type: string\n          x-level: 2\n")
	assert.Contains(t, out, "description: Which edition.\n          type: string\n          x-a: 1\n          x-level: 2\n")
	assert.Regexp(t, `OrderNumber:\n +description: Which edition\.\n +type: string\n +x-level: 2\n`, out)
	assert.NotContains(t, out, "edition #")
	assert.NotContains(t, out, "*edition")
	assert.NotContains(t, out, "<<")
}

func TestValuesKeepTheirTypes(t *testing.T) {
	out, _ := overlaid(t, `
  - target: $.info
    update: {x-texts: [yes please, "yes", "0042", "1.50", "null", "2026-01-02", ""], x-values: [true, 42, 1.50, null, 2026-01-02]}
  - target: $.paths['/v3/Shelves'].get.parameters[?(@.name == 'depth')].schema
    update: {default: 3, minimum: 1.5}
  - target: $.paths['/v3/Orders'].post.responses
    update: {503: {description: Closed.}, default: {description: Else.}}
`)
	assert.Contains(t, out, `
  x-texts:
    - yes please
    - "yes"
    - "0042"
    - "1.50"
    - "null"
    - "2026-01-02"
    - ""
  x-values:
    - true
    - 42
    - 1.50
    - null
    - 2026-01-02
`)
	assert.Contains(t, out, "default: 3\n            minimum: 1.5\n")
	assert.Regexp(t, `(?s)"503":\n +description: Closed\.\n +default:\n +description: Else\.`, out)
}

func TestWhatAnOverlayAddsFollowsTheServicesOwnProperties(t *testing.T) {
	out, _ := overlaid(t, `
  - target: $.components.schemas.Fault
    update: {required: [Text, Code, Advice], properties: {Advice: {type: string}, Text: {description: What happened.}}}
`)
	assert.Contains(t, out, `
    Fault:
      type: object
      required:
        - Advice
        - Code
        - Text
      properties:
        Text:
          description: What happened.
          type: string
        Code:
          type: string
        Advice:
          type: string
`)
}
