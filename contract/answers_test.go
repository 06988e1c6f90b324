// Every answer that the documents allow, given to the clients: what they return must be what was on the wire. And every one
// that they do not allow: the transport must say so, and the clients must not stumble.

package contract_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/api/openapi"
	"github.com/airtime-go/airtime/contract"
	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/facade/dizlee"
)

// once is a policy that repeats nothing.
var once = facade.RetryPolicy{MaxAttempts: 1}

// scripted answers requests for one path with a generated body, and look-ups with an empty list.
type scripted struct {
	answer answer
	body   []byte
}

func (s scripted) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body != nil {
		_, _ = io.Copy(io.Discard, request.Body)
		request.Body.Close()
	}
	status, body := s.answer.status, s.body
	if !strings.HasSuffix(request.URL.Path, s.answer.path) {
		status, body = http.StatusOK, []byte(`{"ResultCode":1,"ErrorCodes":[],"Items":[],"ThereAreMoreItems":false}`)
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)), Request: request}, nil
}

// call calls a client's method by the operation's name, with what JSON says.
func call(t testing.TB, client any, operation string, input any) (any, error) {
	t.Helper()
	method := reflect.ValueOf(client).MethodByName(operation)
	require.True(t, method.IsValid(), "the client has no method for %s", operation)
	arguments := []reflect.Value{reflect.ValueOf(t.Context())}
	if argument := argumentOf(client, operation); argument != nil {
		require.NoError(t, json.Unmarshal(written(t, input), argument))
		arguments = append(arguments, reflect.ValueOf(argument).Elem().Convert(method.Type().In(1)))
	}
	returned := method.Call(arguments)
	err, _ := returned[1].Interface().(error)
	return returned[0].Interface(), err
}

// argumentOf returns a pointer to what a client's method is asked for; nil if it is asked for nothing.
func argumentOf(client any, operation string) any {
	method := reflect.ValueOf(client).MethodByName(operation)
	if method.Type().NumIn() < 3 { // the context, what is asked for, and options
		return nil
	}
	if argument := reflect.New(method.Type().In(1)); argument.Elem().Kind() != reflect.String {
		return argument.Interface()
	}
	return new(single)
}

// single is the argument of a method with one parameter, which is given by itself.
type single string

// UnmarshalJSON takes the only member of an object.
func (s *single) UnmarshalJSON(text []byte) error {
	var members map[string]string
	err := json.Unmarshal(text, &members)
	for _, only := range members {
		*s = single(only)
	}
	return err
}

// input returns an ordinary request of an operation: its body, or its parameters by name.
func input(document *openapi3.T, name string) any {
	operation := operationOf(document, name)
	if operation.RequestBody != nil {
		return sensible(ordinary(operation.RequestBody.Value.Content.Get("application/json").Schema.Value, true))
	}
	params := map[string]any{}
	for _, ref := range operation.Parameters {
		if ref.Value.In == openapi3.ParameterInQuery {
			params[ref.Value.Name] = ordinary(ref.Value.Schema.Value, true)
		}
	}
	return params
}

func operationOf(document *openapi3.T, name string) *openapi3.Operation {
	for _, item := range document.Paths.Map() {
		for _, operation := range item.Operations() {
			if operation.OperationID == name {
				return operation
			}
		}
	}
	return nil
}

// sensible keeps to what a schema cannot say: an estimate is asked for from one end.
func sensible(body any) any {
	if batch, ok := body.([]any); ok {
		if first, ok := batch[0].(map[string]any); ok && first["SendValue"] != nil && first["ReceiveValue"] != nil {
			first["ReceiveValue"] = json.Number("0")
		}
	}
	return body
}

// callDing gives the client an answer and returns what it makes of it, as JSON.
func callDing(t testing.TB, a answer, body any) (any, error) {
	t.Helper()
	client := newDing(t, scripted{a, written(t, body)})
	returned, err := call(t, client, a.operation, input(load(t, openapi.Ding).doc, a.operation))
	return result(t, returned), err
}

func newDing(t testing.TB, transport http.RoundTripper) *ding.Client {
	t.Helper()
	client, err := ding.NewClient(ding.WithAPIKey("k"), ding.WithHTTPClient(&http.Client{Transport: transport}), ding.WithRetryPolicy(once), ding.WithoutUsageLimits())
	require.NoError(t, err)
	return client
}

func newDizlee(t testing.TB, transport http.RoundTripper) *dizlee.Client {
	t.Helper()
	client, err := dizlee.NewClient(dizlee.WithAPIKey("k"), dizlee.WithBaseURL("https://dizlee.example"), dizlee.WithRetryPolicy(once),
		dizlee.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)
	return client
}

// judged wraps a transport in a strict and a lenient one.
func judged(t testing.TB, next http.RoundTripper) (outer http.RoundTripper, strict, lenient *notes) {
	t.Helper()
	strict, lenient = &notes{}, &notes{}
	here := contract.WithDizleeURL("https://dizlee.example")
	inner, err := contract.NewTransport(next, lenient.add, here)
	require.NoError(t, err)
	outer, err = contract.NewTransport(inner, strict.add, here, contract.Strict())
	require.NoError(t, err)
	return outer, strict, lenient
}

// requireJudged holds what the transports found against what the variant is.
func requireJudged(t testing.TB, v variant, operation string, direction contract.Direction, strict, lenient *notes) {
	t.Helper()
	found := func(n *notes) []string {
		lines := []string{}
		for _, one := range n.found {
			if one.Operation == operation {
				assert.Equal(t, direction, one.Direction, "%v", one)
				lines = append(lines, one.Field+" "+string(one.Rule))
			}
		}
		return lines
	}
	want := []string{}
	if v.violated != "" {
		want = append(want, v.pointer+" "+string(v.violated))
	}
	assert.Equal(t, want, found(strict), "strict")
	if v.tolerated {
		want = []string{}
	}
	assert.Equal(t, want, found(lenient), "lenient")
}

func TestDingReturnsWhatIsOnTheWire(t *testing.T) {
	t.Parallel()
	document := load(t, openapi.Ding).doc
	for _, a := range answersOf(document) {
		t.Run(a.operation+"/"+strconv.Itoa(a.status), func(t *testing.T) {
			t.Parallel()
			for _, v := range a.variants() {
				t.Run(v.name(), func(t *testing.T) {
					if a.operation == "SendTransfer" || a.operation == "CancelTransfers" {
						// A doubt about money is looked up, which takes its time.
						synctest.Test(t, func(t *testing.T) { requireDing(t, document, a, v) })
						return
					}
					requireDing(t, document, a, v)
				})
			}
		})
	}
}

func requireDing(t *testing.T, document *openapi3.T, a answer, v variant) {
	wire := scripted{a, written(t, v.body)}
	transport, strict, lenient := judged(t, wire)
	asked := input(document, a.operation)
	returned, err := call(t, newDing(t, transport), a.operation, asked)
	requireJudged(t, v, a.operation, contract.Response, strict, lenient)
	if v.violated == "" || v.tolerated {
		requireSameDing(t, a, v, returned, err)
	}
	if a.operation == "SendTransfer" && (a.status == 200 || a.status == 500) {
		// The same, but paid: with the look-ups of the money protocol, which find nothing.
		asked.(map[string]any)["ValidateOnly"] = false
		returned, err = call(t, newDing(t, wire), a.operation, asked)
		if v.violated == "" || v.tolerated {
			requireSameDing(t, a, v, returned, err)
		}
	}
}

// requireSameDing holds a result, or an error, against what was on the wire.
func requireSameDing(t *testing.T, a answer, v variant, returned any, err error) {
	t.Helper()
	wire := v.body.(map[string]any)
	if err == nil {
		assert.Empty(t, differences(a.schema, wire, result(t, returned), ""))
		return
	}
	var failed *ding.Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, a.status, failed.HTTPStatus)
	code, _ := wire["ResultCode"].(json.Number)
	if value, _ := code.Int64(); value >= 1 && value <= 5 {
		assert.Equal(t, fmt.Sprint(value), fmt.Sprint(failed.ResultCode))
		if value <= 2 {
			assert.ErrorIs(t, err, facade.ErrOutcomeUnknown, "a success is an error only where it contradicts itself")
		}
		codes, _ := wire["ErrorCodes"].([]any)
		if plain.Match(written(t, codes)) {
			shape := operationAnswer(a, "ErrorCodes")
			assert.Empty(t, differences(shape, codes, result(t, failed.Codes), "/ErrorCodes"))
		}
		if record := wire["TransferRecord"]; record != nil {
			assert.Empty(t, differences(operationAnswer(a, "TransferRecord"), record, result(t, failed.Record), "/TransferRecord"))
		}
	}
}

// plain matches codes that an error shows as they came: longer ones are cut, and what looks like a secret is taken out.
var plain = regexp.MustCompile(`^[A-Za-z0-9 ":,{}\[\]-]{0,400}$`)

func operationAnswer(a answer, property string) *openapi3.Schema {
	return a.schema.Properties[property].Value
}

func TestDizleeReturnsWhatIsOnTheWire(t *testing.T) {
	t.Parallel()
	document := load(t, openapi.Dizlee).doc
	for _, a := range answersOf(document) {
		t.Run(a.operation+"/"+strconv.Itoa(a.status), func(t *testing.T) {
			t.Parallel()
			for _, v := range a.variants() {
				t.Run(v.name(), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { requireDizlee(t, document, a, v) })
				})
			}
		})
	}
}

func requireDizlee(t *testing.T, document *openapi3.T, a answer, v variant) {
	transport, strict, lenient := judged(t, scripted{a, written(t, v.body)})
	returned, err := call(t, newDizlee(t, transport), a.operation, input(document, a.operation))
	strict.found, lenient.found = unique(strict.found), unique(lenient.found)
	requireJudged(t, v, a.operation, contract.Response, strict, lenient)
	if v.violated != "" && !v.tolerated {
		return
	}
	wire := trimmed(v.body.(map[string]any))
	if !plain.Match(written(t, wire["statusDetail"])) {
		a.schema = without(a.schema, "statusDetail") // the client shows it cut, and without what may be a secret
	}
	if err == nil {
		if a.operation != "Charge" {
			a.schema = without(a.schema, "chargeResponseId") // the document has it in every envelope, and means that of a charge
		}
		assert.Empty(t, differences(a.schema, wire, result(t, returned), ""))
		return
	}
	var failed *dizlee.Error
	if !assert.True(t, errors.As(err, &failed), "%v", err) {
		return
	}
	assert.Equal(t, a.status, failed.HTTPStatus)
	got := map[string]any{"status": string(failed.Status), "statusDetail": failed.StatusDetail, "chargeResponseId": failed.ChargeResponseID}
	if plain.Match(written(t, wire["status"])) && plain.Match(written(t, wire["chargeResponseId"])) && wire["status"] != nil {
		assert.Empty(t, differences(a.schema, wire, got, ""))
	}
}

// without is a schema without one of its properties.
func without(schema *openapi3.Schema, property string) *openapi3.Schema {
	less := merged(schema)
	delete(less.Properties, property)
	return less
}

// unique drops what repetitions of a request report again.
func unique(found []contract.Violation) []contract.Violation {
	var kept []contract.Violation
	for _, one := range found {
		if len(kept) == 0 || kept[len(kept)-1] != one {
			kept = append(kept, one)
		}
	}
	return kept
}

// trimmed is an answer as the document says to read it: without blanks around texts, and with -1 for no id.
func trimmed(wire map[string]any) map[string]any {
	read := map[string]any{}
	for name, value := range wire {
		if text, ok := value.(string); ok {
			value = strings.TrimSpace(text)
		}
		if name == "chargeResponseId" && value == "-1" {
			value = ""
		}
		read[name] = value
	}
	return read
}
