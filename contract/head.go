// Everything about an exchange but the bodies: parameters, credentials, the status, headers and media types.

package contract

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

func (x *exchange) judgeRequest() []Violation {
	var found []Violation
	add := func(part Part, field string, rule Rule, reason string) {
		found = append(found, Violation{Direction: Request, Part: part, Field: field, Rule: rule, Reason: reason})
	}
	input := x.input()
	if !x.authenticated(input) {
		add(PartCredentials, "", RuleRequired, "are missing, or not where the document has them")
	}
	for _, ref := range x.route.Operation.Parameters {
		part := PartHeader
		if ref.Value.In == openapi3.ParameterInQuery {
			part = PartQuery
		}
		if err := openapi3filter.ValidateParameter(x.request.Context(), input, ref.Value); err != nil {
			rule, reason := ofParameter(err)
			add(part, ref.Value.Name, rule, reason)
		}
	}
	x.judgeQuery(input.QueryParams, add)
	x.judgeSentBody(add)
	if sent := x.sent.Load(); sent != nil {
		found = append(found, sent.end(false)...)
	}
	return found
}

// judgeQuery looks for what kin-openapi lets pass: parameters that are empty, and those that nobody knows.
func (x *exchange) judgeQuery(query url.Values, add func(Part, string, Rule, string)) {
	for _, name := range slices.Sorted(maps.Keys(query)) {
		known := x.route.Operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name)
		switch {
		case known == nil && x.transport.strict:
			add(PartQuery, shown(name), RuleUnknown, "is none that the document has")
		case known != nil && !known.AllowEmptyValue && slices.Contains(query[name], ""):
			add(PartQuery, name, RuleEmpty, "is there and empty")
		}
	}
}

func (x *exchange) judgeSentBody(add func(Part, string, Rule, string)) {
	declared := x.route.Operation.RequestBody
	present := x.request.Body != nil && x.request.Body != http.NoBody
	switch {
	case declared == nil && x.someSent.Load() && x.transport.strict:
		add(PartBody, "", RuleUnknown, "is none that the document has")
	case declared != nil && declared.Value.Required && !present:
		add(PartBody, "", RuleRequired, "is missing")
	case declared != nil && present && declared.Value.Content.Get(x.request.Header.Get("Content-Type")) == nil:
		add(PartHeader, "Content-Type", RuleMediaType, "is none that the document has")
	}
}

// input is the request as a server sees it: with canonical header names, whatever the spelling on the wire, and without a body.
func (x *exchange) input() *openapi3filter.RequestValidationInput {
	header := make(http.Header, len(x.request.Header))
	for name, values := range x.request.Header {
		header[http.CanonicalHeaderKey(name)] = values
	}
	return &openapi3filter.RequestValidationInput{
		Request:     &http.Request{Method: x.request.Method, URL: x.request.URL, Header: header},
		QueryParams: x.request.URL.Query(),
		Route:       x.route,
		Options:     &openapi3filter.Options{SkipSettingDefaults: true, AuthenticationFunc: present},
	}
}

func (x *exchange) authenticated(input *openapi3filter.RequestValidationInput) bool {
	security := x.route.Operation.Security
	if security == nil {
		security = &x.route.Spec.Security
	}
	return openapi3filter.ValidateSecurityRequirements(x.request.Context(), input, *security) == nil
}

// present reports whether a request has what a security scheme asks for. Whether it is right, the service knows.
func present(_ context.Context, input *openapi3filter.AuthenticationInput) error {
	header := input.RequestValidationInput.Request.Header
	found := strings.HasPrefix(header.Get("Authorization"), "Bearer ")
	if input.SecurityScheme.Type == "apiKey" {
		found = header.Get(input.SecurityScheme.Name) != ""
	}
	if !found {
		return errMissing
	}
	return nil
}

var errMissing = errors.New("there are no credentials of this kind")

func ofParameter(err error) (Rule, string) {
	if errors.Is(err, openapi3filter.ErrInvalidRequired) {
		return RuleRequired, "is missing"
	}
	if violated := (*openapi3.SchemaError)(nil); errors.As(err, &violated) {
		return ofSchema(violated)
	}
	return RuleType, "cannot be read as what the document has"
}

func (x *exchange) judgeResponse(whole bool) []Violation {
	var found []Violation
	add := func(part Part, field string, rule Rule, reason string) {
		found = append(found, Violation{Direction: Response, Part: part, Field: field, Rule: rule, Reason: reason})
	}
	declared := x.declared()
	switch {
	case declared == nil && x.notModified():
		// An answer of HTTP's own to a condition of HTTP's own.
	case declared == nil && x.transport.strict:
		add(PartStatus, "", RuleUnknown, "is none that the document has")
	case declared != nil:
		judgeHeaders(declared, x.response.Header, add)
		x.judgeReceivedBody(declared, whole, add)
	}
	if received := x.received.Load(); received != nil {
		found = append(found, received.end(whole)...)
	}
	return found
}

// notModified reports a 304 to a request that asked for one.
func (x *exchange) notModified() bool {
	asked := x.request.Header
	return x.response.StatusCode == http.StatusNotModified && (asked.Get("If-None-Match") != "" || asked.Get("If-Modified-Since") != "")
}

func judgeHeaders(declared *openapi3.Response, header http.Header, add func(Part, string, Rule, string)) {
	for _, name := range slices.Sorted(maps.Keys(declared.Headers)) {
		known := declared.Headers[name].Value
		value := header.Get(name)
		switch {
		case value == "" && known.Required:
			add(PartHeader, name, RuleRequired, "is missing")
		case value == "" || known.Schema == nil:
		default:
			var read any = value
			if !known.Schema.Value.Type.Permits(openapi3.TypeString) && json.Unmarshal([]byte(value), &read) != nil {
				read = value
			}
			if violated := (*openapi3.SchemaError)(nil); errors.As(known.Schema.Value.VisitJSON(read), &violated) {
				rule, reason := ofSchema(violated)
				add(PartHeader, name, rule, reason)
			}
		}
	}
}

// judgeReceivedBody looks at whether there is a body, and of which kind. What a proxy in front writes with a 500 or above is
// documented to be no JSON, so only a strict transport minds.
func (x *exchange) judgeReceivedBody(declared *openapi3.Response, whole bool, add func(Part, string, Rule, string)) {
	if len(declared.Content) == 0 || x.response.StatusCode >= 500 && !x.transport.strict && x.received.Load() == nil {
		return
	}
	switch {
	case !x.someReceived.Load():
		if whole {
			add(PartBody, "", RuleRequired, "is missing")
		}
	case x.received.Load() == nil:
		add(PartHeader, "Content-Type", RuleMediaType, "is none that the document has")
	}
}
