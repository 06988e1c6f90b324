// Values made from schemas: an ordinary one, and one for everything that a schema says about each of its fields. Whatever is
// added to a document makes values here, and so tests.

package contract_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/api/openapi"
	"github.com/airtime-go/airtime/contract"
)

// variant is a value that differs from the ordinary one in one place.
type variant struct {
	// pointer is the JSON pointer of the place, and what is what the value there is.
	pointer, what string
	body          any
	// violated is the rule that a strict transport finds violated there; empty if none is.
	violated contract.Rule
	// tolerated reports that a lenient transport accepts an answer with it all the same.
	tolerated bool
}

// name is the variant's as a test: the field, and what is special about it.
func (v variant) name() string {
	field := strings.ReplaceAll(strings.TrimPrefix(v.pointer, "/")+"/", "0/", "[]/")
	return strings.TrimPrefix(strings.TrimSuffix(field, "/")+"/"+v.what, "/")
}

// merged is a schema together with those that it is made of.
func merged(schema *openapi3.Schema) *openapi3.Schema {
	whole := *schema
	whole.Properties = maps.Clone(schema.Properties)
	for _, ref := range schema.AllOf {
		part := merged(ref.Value)
		if whole.Type == nil {
			whole.Type = part.Type
		}
		if whole.Properties == nil {
			whole.Properties = openapi3.Schemas{}
		}
		maps.Copy(whole.Properties, part.Properties)
		whole.Required = append(slices.Clone(whole.Required), part.Required...)
		whole.Pattern += part.Pattern
		whole.MinLength = max(whole.MinLength, part.MinLength)
		if whole.Example == nil {
			whole.Example = part.Example
		}
		if len(whole.Extensions) == 0 {
			whole.Extensions = part.Extensions
		}
	}
	return &whole
}

// known are the values that an open list has so far.
func known(schema *openapi3.Schema) []any {
	var values []any
	listed, _ := schema.Extensions["x-extensible-enum"].([]any)
	for _, value := range listed {
		if number, ok := value.(float64); ok {
			value = json.Number(strconv.Itoa(int(number)))
		}
		values = append(values, value)
	}
	return values
}

// ordinary returns a value with everything in it, or with no more than what is required.
func ordinary(schema *openapi3.Schema, everything bool) any {
	schema = merged(schema)
	text, _ := schema.Example.(string)
	values := known(schema)
	switch {
	case schema.Type.Is(openapi3.TypeObject):
		object := map[string]any{}
		for name, property := range schema.Properties {
			if everything || slices.Contains(schema.Required, name) {
				object[name] = ordinary(property.Value, everything)
			}
		}
		if of := schema.AdditionalProperties.Schema; of != nil {
			object["name"] = ordinary(of.Value, everything)
		}
		return object
	case schema.Type.Is(openapi3.TypeArray):
		return []any{ordinary(schema.Items.Value, everything)}
	case schema.Type.Is(openapi3.TypeBoolean):
		return true
	case len(values) > 0:
		return values[0]
	case schema.Type.Is(openapi3.TypeInteger):
		return json.Number("7")
	case schema.Type.Is(openapi3.TypeNumber):
		return json.Number("12.50")
	case text != "":
		return text
	case schema.Format == "date-time":
		return "2026-05-08T15:23:28Z"
	default:
		return "text"
	}
}

// variants returns everything that there is to try about a schema. Base has everything in it.
func variants(schema *openapi3.Schema, base any) []variant {
	g := &generator{base: base}
	g.found = append(g.found, variant{what: "everything", body: clone(base)}, variant{what: "required only", body: ordinary(schema, false)})
	g.walk(merged(schema), "")
	return g.found
}

type generator struct {
	base  any
	found []variant
}

// add adds a variant with another value at a place; absent takes the place out.
func (g *generator) add(pointer, what string, value any, violated contract.Rule, tolerated bool) {
	g.found = append(g.found, variant{pointer, what, with(clone(g.base), steps(pointer), value), violated, tolerated})
}

type absent struct{}

func (g *generator) walk(schema *openapi3.Schema, pointer string) {
	switch {
	case schema.Type.Is(openapi3.TypeObject):
		g.object(schema, pointer)
	case schema.Type.Is(openapi3.TypeArray):
		item := ordinary(schema.Items.Value, true)
		g.add(pointer, "empty", []any{}, "", true)
		g.add(pointer, "two items", []any{item, item}, "", true)
		g.walk(merged(schema.Items.Value), pointer+"/0")
	case schema.Type.Is(openapi3.TypeString):
		g.text(schema, pointer)
	case schema.Type.Is(openapi3.TypeInteger), schema.Type.Is(openapi3.TypeNumber):
		g.number(schema, pointer)
	case schema.Type.Is(openapi3.TypeBoolean):
		g.add(pointer, "false", false, "", true)
	}
}

func (g *generator) object(schema *openapi3.Schema, pointer string) {
	if of := schema.AdditionalProperties.Schema; of != nil {
		value := ordinary(of.Value, true)
		g.add(pointer, "empty", map[string]any{}, "", true)
		g.add(pointer, "several", map[string]any{"pin": value, "providerRef": value, "": value}, "", true)
		g.walk(merged(of.Value), pointer+"/name")
		return
	}
	g.add(pointer+"/AddedLater", "unknown", map[string]any{"Any": json.Number("1")}, contract.RuleUnknown, true)
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		g.property(schema, name, pointer+"/"+name)
	}
}

func (g *generator) property(object *openapi3.Schema, name, pointer string) {
	schema := object.Properties[name].Value
	if slices.Contains(object.Required, name) {
		g.add(pointer, "missing", absent{}, contract.RuleRequired, false)
	} else {
		g.add(pointer, "absent", absent{}, "", true)
		alone := ordinary(object, false).(map[string]any)
		alone[name] = ordinary(schema, true)
		g.found = append(g.found, variant{strings.TrimSuffix(pointer, "/"+name), name + " alone", with(clone(g.base), steps(strings.TrimSuffix(pointer, "/"+name)), alone), "", true})
	}
	if schema.Nullable {
		g.add(pointer, "null", nil, "", true)
	} else {
		g.add(pointer, "null", nil, contract.RuleNull, true)
	}
	if whole := merged(schema); whole.Type.Is(openapi3.TypeObject) || whole.Type.Is(openapi3.TypeArray) {
		g.add(pointer, "another type", "text", contract.RuleType, false)
	} else {
		g.add(pointer, "another type", []any{}, contract.RuleType, false)
	}
	g.walk(merged(schema), pointer)
}

func (g *generator) text(schema *openapi3.Schema, pointer string) {
	values := known(schema)
	if len(values) > 6 { // of long lists, both ends
		values = []any{values[0], values[len(values)-1]}
	}
	for _, value := range values {
		g.add(pointer, value.(string), value, "", true)
	}
	switch {
	case schema.Format == "date-time":
		for _, date := range []string{"2026-05-08T15:23:28.1234567Z", "2026-05-08T15:23:28", "2026-05-08T15:23:28.5", "2026-05-08T17:23:28+02:00", "9999-12-31T23:59:59.9999999", "0001-01-01T00:00:00"} {
			g.add(pointer, date, date, "", true)
		}
		g.add(pointer, "no date", "tomorrow", contract.RuleFormat, false)
		return
	case schema.Pattern != "":
		g.add(pointer, "no match", "?", "pattern", false)
		return
	case schema.MinLength > 0:
		g.add(pointer, "blank", "", "minLength", false)
	default:
		g.add(pointer, "blank", "", "", true)
	}
	g.add(pointer, "long", strings.Repeat("a long text ", 200)+"ends", "", true)
	g.add(pointer, "special characters", "\"quoted\" \\ / <b>&amp; é \u0639 \U0001F600 \u2028\t\n.", "", true)
}

func (g *generator) number(schema *openapi3.Schema, pointer string) {
	whole := schema.Type.Is(openapi3.TypeInteger)
	for _, value := range known(schema) {
		g.add(pointer, value.(json.Number).String(), value, "", true)
	}
	bounded := func(number string, value int64) {
		if slices.Contains(known(schema), any(json.Number(number))) {
			return
		}
		violated := contract.Rule("")
		switch {
		case schema.Min != nil && value < int64(*schema.Min):
			violated = "minimum"
		case schema.Min != nil && schema.ExclusiveMin.Bool != nil && *schema.ExclusiveMin.Bool && value == int64(*schema.Min):
			violated = "exclusiveMinimum"
		case schema.Max != nil && value > int64(*schema.Max):
			violated = "maximum"
		}
		g.add(pointer, number, json.Number(number), violated, violated == "")
	}
	bounded("0", 0)
	bounded("-1", -1)
	bounded("1", 1)
	if schema.Max != nil {
		bounded(strconv.FormatInt(int64(*schema.Max), 10), int64(*schema.Max))
		bounded(strconv.FormatInt(int64(*schema.Max)+1, 10), int64(*schema.Max)+1)
	}
	switch {
	case whole && schema.Format == "int32":
		if schema.Max == nil {
			bounded("2147483647", 1<<31-1)
		}
		if schema.Min == nil {
			bounded("-2147483648", -1<<31)
		}
		g.add(pointer, "2147483648", json.Number("2147483648"), contract.RuleFormat, false)
		fallthrough
	case whole:
		g.add(pointer, "1.5", json.Number("1.5"), contract.RuleType, false)
	default:
		for _, amount := range []string{"0.1", "1.10", "0.0000000000000000000000000001", "79228162514264337593543950335", "9007199254740993.01"} {
			g.add(pointer, amount, json.Number(amount), "", true)
		}
	}
}

// steps are the names and positions of a JSON pointer; none of the documents' needs to be unescaped.
func steps(pointer string) []string {
	if pointer == "" {
		return nil
	}
	return strings.Split(pointer[1:], "/")
}

// with returns a value with another one at a place.
func with(value any, steps []string, other any) any {
	if len(steps) == 0 {
		return other
	}
	switch value := value.(type) {
	case map[string]any:
		changed := with(value[steps[0]], steps[1:], other)
		value[steps[0]] = changed
		if changed == (any)(absent{}) {
			delete(value, steps[0])
		}
	case []any:
		position, _ := strconv.Atoi(steps[0])
		value[position] = with(value[position], steps[1:], other)
	}
	return value
}

func clone(value any) any {
	switch value := value.(type) {
	case map[string]any:
		copied := map[string]any{}
		for name, member := range value {
			copied[name] = clone(member)
		}
		return copied
	case []any:
		copied := []any{}
		for _, item := range value {
			copied = append(copied, clone(item))
		}
		return copied
	default:
		return value
	}
}

// written is a value as JSON.
func written(t testing.TB, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return text
}

// answer is one documented answer of an operation.
type answer struct {
	operation, path, method string
	status                  int
	schema                  *openapi3.Schema
}

// answersOf lists all documented answers; one for any other status is tried with one that is not listed.
func answersOf(document *openapi3.T) []answer {
	var all []answer
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			for listed, response := range operation.Responses.Map() {
				status := 502
				if listed != "default" {
					status, _ = strconv.Atoi(listed)
				}
				if media := response.Value.Content.Get("application/json"); media != nil {
					all = append(all, answer{operation.OperationID, path, method, status, media.Schema.Value})
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b answer) int {
		return strings.Compare(a.operation+strconv.Itoa(a.status), b.operation+strconv.Itoa(b.status))
	})
	return all
}

// everything is the ordinary answer: a success with 200, and a failure of the usual kind with any other status.
func (a answer) everything() any {
	body := ordinary(a.schema, true)
	object := body.(map[string]any)
	if _, ding := object["ResultCode"]; ding && a.status != 200 {
		usual := map[int]string{400: "4", 401: "4", 429: "3", 500: "5", 503: "3"}
		object["ResultCode"] = json.Number(usual[a.status])
		if record, sent := object["TransferRecord"].(map[string]any); sent {
			record["ProcessingState"] = "Failed"
		}
	} else if _, dizlee := object["status"]; dizlee && a.status != 200 {
		object["status"] = "-100"
	}
	return body
}

// variants are those of the answer, by name.
func (a answer) variants() []variant { return variants(a.schema, a.everything()) }

// names lists the tests that a document makes, of one status of one operation.
func names(document *openapi3.T, operation string, status int) []string {
	var found []string
	for _, a := range answersOf(document) {
		if a.operation == operation && a.status == status {
			for _, v := range a.variants() {
				found = append(found, v.name())
			}
		}
	}
	return found
}

func TestAddingToADocumentMakesTestsAppear(t *testing.T) {
	edited := load(t, openapi.Ding).doc
	request := edited.Components.Schemas["SendTransferRequest"].Value
	request.Properties["Priority"] = openapi3.NewSchemaRef("", openapi3.NewInt32Schema().WithMin(1).WithMax(9))
	post := edited.Paths.Value("/api/V1/SendTransfer").Post
	post.Responses.Set("402", post.Responses.Value("400"))
	edited.Paths.Set("/api/V1/PauseTransfer", &openapi3.PathItem{Post: &openapi3.Operation{
		OperationID: "PauseTransfer", RequestBody: post.RequestBody, Responses: post.Responses,
	}})

	assert.NotEmpty(t, names(edited, "SendTransfer", 402))
	assert.Equal(t, names(edited, "SendTransfer", 200), names(edited, "PauseTransfer", 200))
	for _, a := range requestsOf(edited) {
		var found []string
		for _, v := range a.variants() {
			found = append(found, v.name())
		}
		if a.operation == "SendTransfer" || a.operation == "PauseTransfer" {
			assert.Subset(t, found, []string{"Priority/absent", "Priority/null", "Priority/0", "Priority/1", "Priority/9", "Priority/10", "Priority/another type"})
		}
	}
}

func TestAddingAFieldMakesTestsAppear(t *testing.T) {
	before := names(load(t, openapi.Ding).doc, "GetProducts", 200)
	require.Greater(t, len(before), 300)
	assert.Equal(t, len(before), len(slices.Compact(slices.Sorted(slices.Values(before)))), "every test has a name of its own")

	edited := load(t, openapi.Ding).doc
	edited.Components.Schemas["Product"].Value.Properties["DeliverySeconds"] = openapi3.NewSchemaRef("", openapi3.NewInt32Schema().WithNullable())
	edited.Components.Schemas["Price"].Value.Properties["Discount"] = openapi3.NewSchemaRef("", openapi3.NewFloat64Schema())
	edited.Components.Schemas["Price"].Value.Required = append(edited.Components.Schemas["Price"].Value.Required, "Discount")
	after := names(edited, "GetProducts", 200)
	for _, name := range []string{
		"Items/[]/DeliverySeconds/absent", "Items/[]/DeliverySeconds/null", "Items/[]/DeliverySeconds/2147483647", "Items/[]/DeliverySeconds/another type",
		"Items/[]/Minimum/Discount/missing", "Items/[]/Maximum/Discount/null", "Items/[]/Maximum/Discount/79228162514264337593543950335",
	} {
		assert.NotContains(t, before, name)
		assert.Contains(t, after, name)
	}

	// And the tests fail, as long as the client does not know the fields.
	for _, a := range answersOf(edited) {
		if a.operation == "GetProducts" && a.status == 200 {
			body := a.everything()
			got, err := callDing(t, a, body)
			require.NoError(t, err)
			assert.Equal(t, []string{
				"/Items/0/DeliverySeconds is 7 on the wire and missing in the result", "/Items/0/Maximum/Discount is 12.50 on the wire and missing in the result",
				"/Items/0/Minimum/Discount is 12.50 on the wire and missing in the result",
			}, differences(a.schema, body, got, ""))
		}
	}
}
