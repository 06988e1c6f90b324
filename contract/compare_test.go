// What came over the wire and what a client returned, compared by the schema: amounts to the last digit, dates as points in
// time, and null, absent and zero as the same.

package contract_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// result is what a client returned, as JSON that was read again.
func result(t testing.TB, returned any) any {
	t.Helper()
	var value any
	decoder := json.NewDecoder(bytes.NewReader(written(t, returned)))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&value))
	return value
}

// differences lists the places where the two differ, in order. What the schema does not know is not compared.
func differences(schema *openapi3.Schema, wire, got any, pointer string) []string {
	schema = merged(schema)
	if isNothing(wire) && isNothing(got) {
		return nil
	}
	differ := func() []string {
		return []string{fmt.Sprintf("%s is %v on the wire and %v in the result", pointer, wire, got)}
	}
	switch wire := wire.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			return differ()
		}
		return members(schema, wire, object, pointer)
	case []any:
		items, ok := got.([]any)
		if !ok || len(items) != len(wire) {
			return differ()
		}
		var found []string
		for i := range wire {
			found = append(found, differences(schema.Items.Value, wire[i], items[i], pointer+"/"+strconv.Itoa(i))...)
		}
		return found
	}
	switch {
	case got == nil:
		return []string{fmt.Sprintf("%s is %v on the wire and missing in the result", pointer, wire)}
	case same(schema, wire, got):
		return nil
	}
	return differ()
}

func members(schema *openapi3.Schema, wire, got map[string]any, pointer string) []string {
	var found []string
	names := slices.Collect(maps.Keys(schema.Properties))
	if of := schema.AdditionalProperties.Schema; of != nil {
		for name := range wire {
			found = append(found, differences(of.Value, wire[name], got[name], pointer+"/"+name)...)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		found = append(found, differences(schema.Properties[name].Value, wire[name], got[name], pointer+"/"+name)...)
	}
	return found
}

// isNothing reports null and what has nothing in it, which clients do not tell from what is absent.
func isNothing(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case string:
		at, err := instant(value)
		return value == "" || err == nil && at.IsZero()
	case bool:
		return !value
	case json.Number:
		number, err := decimal.NewFromString(value.String())
		return err == nil && number.IsZero()
	case []any:
		return len(value) == 0
	case map[string]any:
		for _, member := range value {
			if !isNothing(member) {
				return false
			}
		}
		return true
	}
	return false
}

func same(schema *openapi3.Schema, wire, got any) bool {
	switch wire := wire.(type) {
	case json.Number:
		number, ok := got.(json.Number)
		if !ok {
			return false
		}
		sent, sentErr := decimal.NewFromString(wire.String())
		read, readErr := decimal.NewFromString(number.String())
		return sentErr == nil && readErr == nil && sent.Equal(read)
	case string:
		text, ok := got.(string)
		if ok && schema.Format == "date-time" {
			sent, sentErr := instant(wire)
			read, readErr := instant(text)
			return sentErr == nil && readErr == nil && sent.Equal(read)
		}
		return ok && text == wire
	}
	return wire == got
}

// instant reads a date as the documents have it: without a zone, it is UTC.
func instant(text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		at, err = time.Parse(time.RFC3339Nano, text+"Z")
	}
	return at, err
}

func TestTheComparisonSeesWhatDiffers(t *testing.T) {
	schema := openapi3.NewObjectSchema().
		WithProperty("Amount", openapi3.NewFloat64Schema()).
		WithProperty("At", openapi3.NewDateTimeSchema()).
		WithProperty("Texts", openapi3.NewArraySchema().WithItems(openapi3.NewStringSchema()))
	for _, row := range []struct{ wire, got, differ string }{
		{`{"Amount":1.10,"At":"2026-05-08T15:23:28","Texts":["a"]}`, `{"Amount":1.1,"At":"2026-05-08T17:23:28+02:00","Texts":["a"]}`, ""},
		{`{"Amount":0,"At":null,"Texts":[],"Later":1}`, `{}`, ""},
		{`{"Amount":9007199254740993}`, `{"Amount":9007199254740992}`, "/Amount"},
		{`{"Amount":1}`, `{"Amount":"1"}`, "/Amount"},
		{`{"Amount":1}`, `{}`, "/Amount"},
		{`{}`, `{"Amount":1}`, "/Amount"},
		{`{"At":"2026-05-08T15:23:28.0000001Z"}`, `{"At":"2026-05-08T15:23:28Z"}`, "/At"},
		{`{"Texts":["a","b"]}`, `{"Texts":["a"]}`, "/Texts"},
		{`{"Texts":["a","b"]}`, `{"Texts":["b","a"]}`, "/Texts/0 /Texts/1"},
		{`{"Texts":["a "]}`, `{"Texts":["a"]}`, "/Texts/0"},
	} {
		found := differences(schema, result(t, json.RawMessage(row.wire)), result(t, json.RawMessage(row.got)), "")
		for i := range found {
			found[i], _, _ = strings.Cut(found[i], " ")
		}
		assert.Equal(t, row.differ, strings.Join(found, " "), row.wire)
	}
}
