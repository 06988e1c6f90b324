// Tests that a PIN travels in JSON and shows nowhere else.

package wire_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/wire"
)

// pin is what must not be seen, in any of the spellings that fmt has for it.
const pin = "4929-0000-1234"

const redacted = "[redacted]"

// record is a model as the generator would write it, without a LogValue of its own.
type record struct {
	TransferRef   string
	ReceiptText   wire.ReceiptText
	ReceiptParams wire.ReceiptParams
}

func voucher() record {
	return record{"T1", "Your PIN is " + pin, wire.ReceiptParams{"pin": pin, "providerRef": "77"}}
}

// assertHidden fails if the PIN shows as text, or as hex in any of fmt's forms.
func assertHidden(t *testing.T, shown string) {
	t.Helper()
	for _, form := range []string{"%s", "%x", "%X", "% x", "% X", "%#x", "%# x"} {
		assert.NotContains(t, shown, fmt.Sprintf(form, pin))
	}
	assert.NotContains(t, shown, "4929")
}

func TestReceiptIsRedactedForEveryVerb(t *testing.T) {
	r := voucher()
	var noText *wire.ReceiptText
	holders := map[string]any{
		"text":                  r.ReceiptText,
		"params":                r.ReceiptParams,
		"pointer to text":       &r.ReceiptText,
		"pointer to params":     &r.ReceiptParams,
		"struct":                r,
		"pointer to struct":     &r,
		"struct within structs": struct{ Items []record }{[]record{r}},
		"list of texts":         []wire.ReceiptText{r.ReceiptText},
		"map to params":         map[string]wire.ReceiptParams{"a": r.ReceiptParams},
		"map by text":           map[wire.ReceiptText]int{r.ReceiptText: 1},
		"interface":             struct{ Any any }{r.ReceiptParams},
		"nil pointer":           noText,
	}
	// All verbs of fmt but %T, which prints the type, and %p and %w, for which fmt calls no methods.
	for _, flags := range []string{"", "+", "#", " ", "-", "0", "# ", "40", "-40", ".3", "+#60.5"} {
		for _, verb := range "vsqxXdboOcUeEfFgGt" {
			format := "%" + flags + string(verb)
			for name, holder := range holders {
				t.Run(name+" "+format, func(t *testing.T) { assertHidden(t, fmt.Sprintf(format, holder)) })
			}
		}
	}
}

func TestReceiptShowsThatThereIsSomething(t *testing.T) {
	r := voucher()
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		assert.Equal(t, redacted, fmt.Sprintf(format, r.ReceiptText), format)
		assert.Equal(t, redacted, fmt.Sprintf(format, r.ReceiptParams), format)
		assert.Equal(t, redacted, fmt.Sprintf(format, &r.ReceiptText), format)
		assert.Empty(t, fmt.Sprintf(format, wire.ReceiptText("")), format)
		assert.Empty(t, fmt.Sprintf(format, wire.ReceiptParams{}), format)
		assert.Empty(t, fmt.Sprintf(format, wire.ReceiptParams(nil)), format)
	}
	assert.Equal(t, "{T1 [redacted] [redacted]}", fmt.Sprint(r))
	assert.Equal(t, "{T2  }", fmt.Sprint(record{TransferRef: "T2"}))
	assert.Equal(t, redacted, r.ReceiptText.String())
	assert.Equal(t, redacted, r.ReceiptText.GoString())
	assert.Equal(t, redacted, r.ReceiptParams.String())
	assert.Equal(t, redacted, r.ReceiptParams.GoString())
}

func TestReceiptIsRedactedInLogs(t *testing.T) {
	r := voucher()
	attrs := map[string]slog.Attr{
		"text":              slog.Any("receipt", r.ReceiptText),
		"params":            slog.Any("receipt", r.ReceiptParams),
		"pointer to text":   slog.Any("receipt", &r.ReceiptText),
		"pointer to params": slog.Any("receipt", &r.ReceiptParams),
		"group":             slog.Group("transfer", "text", r.ReceiptText, "params", r.ReceiptParams),
	}
	handlers := map[string]func(*bytes.Buffer) slog.Handler{
		"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		"JSON": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	}
	for handlerName, handler := range handlers {
		for name, attr := range attrs {
			t.Run(handlerName+" handler, "+name, func(t *testing.T) {
				var log bytes.Buffer
				slog.New(handler(&log)).Info("sent", attr)
				assertHidden(t, log.String())
				assert.Contains(t, log.String(), redacted)
			})
		}
	}
	t.Run("text handler, struct", func(t *testing.T) {
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("sent", "record", r)
		assertHidden(t, log.String())
	})
	t.Run("empty shows as empty", func(t *testing.T) {
		assert.Empty(t, wire.ReceiptText("").LogValue().String())
		assert.Empty(t, wire.ReceiptParams{}.LogValue().String())
	})
}

func TestReceiptTextTravelsInJSON(t *testing.T) {
	for name, tc := range map[string]struct {
		json string
		want wire.ReceiptText
	}{
		"text":                       {`"Your PIN is 4929-0000-1234"`, "Your PIN is 4929-0000-1234"},
		"lines and quotes":           {`"PIN:\n\"4929\" \u0026 keep"`, "PIN:\n\"4929\" & keep"},
		"empty":                      {`""`, ""},
		"null":                       {`null`, ""},
		"a number keeps its digits":  {`4929`, "4929"},
		"a long number":              {`49290000123412345678`, "49290000123412345678"},
		"a structure keeps its text": {`{ "pin" : "4929" }`, `{"pin":"4929"}`},
	} {
		t.Run(name, func(t *testing.T) {
			got := wire.ReceiptText("from before")
			require.NoError(t, json.Unmarshal([]byte(tc.json), &got))
			assert.True(t, tc.want == got, "want %q, got %q", string(tc.want), string(got))
			assert.Equal(t, string(tc.want), got.Reveal())

			written, err := json.Marshal(got)
			require.NoError(t, err)
			var back string
			require.NoError(t, json.Unmarshal(written, &back))
			assert.Equal(t, string(tc.want), back)
		})
	}
}

func TestReceiptParamsTravelInJSON(t *testing.T) {
	for name, tc := range map[string]struct {
		json    string
		want    map[string]string
		written string
	}{
		"strings": {
			`{"pin":"4929-0000-1234","providerRef":"77"}`,
			map[string]string{"pin": "4929-0000-1234", "providerRef": "77"},
			`{"pin":"4929-0000-1234","providerRef":"77"}`,
		},
		"no parameters":           {`{}`, map[string]string{}, `{}`},
		"null":                    {`null`, nil, `null`},
		"null as a value":         {`{"pin":null}`, map[string]string{"pin": ""}, `{"pin":""}`},
		"booleans":                {`{"used":true,"void":false}`, map[string]string{"used": "true", "void": "false"}, `{"used":"true","void":"false"}`},
		"numbers as written":      {`{"pin":49290000123412345678,"units":10.00}`, map[string]string{"pin": "49290000123412345678", "units": "10.00"}, `{"pin":"49290000123412345678","units":"10.00"}`},
		"bytes that are no UTF-8": {"{\"pins\":[\"\xb0\"]}", map[string]string{"pins": "[\"\uFFFD\"]"}, `{"pins":"[\"\ufffd\"]"}`},
		"a structure as text":     {`{"pins":[ "1", 2 ]}`, map[string]string{"pins": `["1",2]`}, `{"pins":"[\"1\",2]"}`},
	} {
		t.Run(name, func(t *testing.T) {
			got := wire.ReceiptParams{"from": "before"}
			require.NoError(t, json.Unmarshal([]byte(tc.json), &got))
			assert.Equal(t, tc.want, got.Reveal())
			assert.Equal(t, tc.want["pin"], got["pin"])

			written, err := json.Marshal(got)
			require.NoError(t, err)
			assert.JSONEq(t, tc.written, string(written))
		})
	}
}

func TestReceiptParamsRevealGivesACopy(t *testing.T) {
	params := wire.ReceiptParams{"pin": pin}
	params.Reveal()["pin"] = "changed"
	assert.Equal(t, pin, params["pin"])
}

func TestReceiptErrorsQuoteNothing(t *testing.T) {
	for name, text := range map[string]string{
		"a string":  `"4929-0000-1234"`,
		"a number":  `492900001234`,
		"a list":    `["4929-0000-1234"]`,
		"cut short": `{"pin":"4929-0000-1234"`,
		"no JSON":   `4929-0000-1234`,
	} {
		t.Run(name, func(t *testing.T) {
			params := wire.ReceiptParams{"pin": "kept"}
			err := params.UnmarshalJSON([]byte(text))
			require.EqualError(t, err, "wire: receipt parameters are not a JSON object")
			assert.Equal(t, "kept", params["pin"], "a failed decode changes nothing")
		})
	}
	for name, text := range map[string]string{
		"a string cut short": `"4929-0000-1234`,
		"no JSON":            `4929-0000-1234`,
		"nothing":            ``,
	} {
		t.Run("text: "+name, func(t *testing.T) {
			receipt := wire.ReceiptText("kept")
			require.EqualError(t, receipt.UnmarshalJSON([]byte(text)), "wire: a receipt text is not valid JSON")
			assert.Equal(t, "kept", receipt.Reveal())
		})
	}
}
