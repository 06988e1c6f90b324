// Reading DingConnect's requests: the rules that the specification can't state, and the codes that flaws are told by.

package sandbox

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/routers"

	"github.com/airtime-go/airtime/gen/ding"
)

// spellQuery gives the parameters of a query the names that the specification has for them: .NET takes them in any case.
func spellQuery(r *http.Request, route *routers.Route) {
	query := r.URL.Query()
	for _, ref := range route.Operation.Parameters {
		for _, spelling := range slices.Sorted(maps.Keys(query)) {
			if name := ref.Value.Name; ref.Value.In == "query" && spelling != name && strings.EqualFold(spelling, name) {
				query[name] = append(query[name], query[spelling]...)
				query.Del(spelling)
				r.URL.RawQuery = query.Encode()
			}
		}
	}
}

// queryViolations finds what the real service refuses and OpenAPI has no words for: a parameter that is present but
// empty, and a list with commas where the parameter is to be repeated.
func queryViolations(r *http.Request, route *routers.Route) []violation {
	var found []violation
	query := r.URL.Query()
	for _, ref := range route.Operation.Parameters {
		parameter := ref.Value
		if parameter.In != "query" {
			continue
		}
		list := parameter.Schema.Value.Type.Is("array")
		for _, value := range query[parameter.Name] {
			if value == "" || list && strings.Contains(value, ",") {
				found = append(found, violation{flaw: flawValue, name: parameter.Name})
			}
		}
	}
	return found
}

// refusal tells flaws in the service's codes, one code with all the names it is about. A body that is wrong as a
// whole, or a batch entry without its reference, says nothing about parameters.
func refusal(found []violation) []ding.ErrorCode {
	names := map[string][]string{}
	for _, v := range found {
		code := flawCode(v)
		if code == codeRequestInvalid {
			return []ding.ErrorCode{{Code: codeRequestInvalid}}
		}
		if !slices.Contains(names[code], v.name) {
			names[code] = append(names[code], v.name)
		}
	}
	var codes []ding.ErrorCode
	for _, code := range []string{codeParameterMissing, codeParameterInvalid, codeParameterOutOfRange} {
		if len(names[code]) > 0 {
			codes = append(codes, ding.ErrorCode{Code: code, Context: strings.Join(names[code], ",")})
		}
	}
	return codes
}

func flawCode(v violation) string {
	switch {
	case v.flaw == flawForm, v.name == "BatchItemRef":
		return codeRequestInvalid
	case v.flaw == flawMissing && v.name == "ValidateOnly":
		return codeParameterInvalid // measured against the real service
	case v.flaw == flawMissing:
		return codeParameterMissing
	case v.flaw == flawRange:
		return codeParameterOutOfRange
	default:
		return codeParameterInvalid
	}
}

// decode reads a body that has passed the specification. It can still fail over a number with too many digits.
func decode[T any](w http.ResponseWriter, r *http.Request, operation string) (T, bool) {
	var request T
	body, err := readBody(w, r)
	if err == nil {
		err = json.Unmarshal(body, &request)
	}
	if err != nil {
		refuse(w, operation, ding.ErrorCode{Code: codeRequestInvalid})
		return request, false
	}
	return request, true
}

// uniqueRefs holds the references of a batch to the rule that each is there once, and not blank.
func uniqueRefs[T any](items []T, ref func(T) string) (ding.ErrorCode, bool) {
	seen := make(map[string]bool, len(items))
	for _, item := range items {
		switch r := ref(item); {
		case r == "":
			return ding.ErrorCode{Code: codeRequestInvalid}, false
		case seen[r]:
			return ding.ErrorCode{Code: codeBatchItemRefMustBeUnique}, false
		default:
			seen[r] = true
		}
	}
	return ding.ErrorCode{}, true
}
