// Postman collections.

package published

import (
	"encoding/json"
	"slices"
	"strings"
)

// Variables are the values that a collection starts with.
type Variables struct {
	// BaseURL is the root of DingConnect, TokenURL the identity provider's endpoint.
	BaseURL, TokenURL string
	// APIKey, ClientID and ClientSecret are DingConnect's.
	APIKey, ClientID, ClientSecret string
	// DizleeBaseURL and DizleeAPIKey are Dizlee's.
	DizleeBaseURL, DizleeAPIKey string
}

const postmanSchema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"

// DingCollection makes a Postman collection, version 2.1, of DingConnect's document: a request for each operation, and one
// for a token. Requests identify themselves with the key, as DingConnect's own collection does.
func DingCollection(text []byte, v Variables) ([]byte, error) {
	document, err := read(text)
	if err != nil {
		return nil, err
	}
	c := collector{
		document: document, base: "{{baseUrl}}", headers: []any{header("api_key", "{{api_key}}")},
		fresh:   map[string]string{"SendTransfer": "distributorRef"},
		known:   map[string]string{"DistributorRef": "distributorRef"},
		enabled: map[string][]string{"GetAccountLookup": {"accountNumber"}},
	}
	return indented(collection("DingConnect", document, append([]any{tokenRequest()}, c.requests()...), []any{
		variable("baseUrl", v.BaseURL), variable("tokenUrl", v.TokenURL), variable("api_key", v.APIKey),
		variable("client_id", v.ClientID), variable("client_secret", v.ClientSecret), variable("access_token", ""),
		variable("distributorRef", "postman-1"),
	}))
}

// DizleeCollection makes one of Dizlee's document.
func DizleeCollection(text []byte, v Variables) ([]byte, error) {
	document, err := read(text)
	if err != nil {
		return nil, err
	}
	c := collector{
		document: document, base: "{{dizleeBaseUrl}}", headers: []any{header("apikey", "{{apikey}}")},
		fresh: map[string]string{"Charge": "chargeRequestId", "Refund": "refundRequestId", "SendSMS": "smsRequestId"},
		known: map[string]string{
			"chargeRequestId": "chargeRequestId", "transactionId": "chargeRequestId",
			"refundRequestId": "refundRequestId", "smsRequestId": "smsRequestId",
		},
	}
	return indented(collection("Dizlee", document, c.requests(), []any{
		variable("dizleeBaseUrl", v.DizleeBaseURL), variable("apikey", v.DizleeAPIKey),
		variable("chargeRequestId", "postman-1"), variable("refundRequestId", "postman-2"), variable("smsRequestId", "postman-3"),
	}))
}

func collection(name string, document object, items, variables []any) object {
	return object{
		{"info", object{
			{"name", name}, {"description", document.at("info").text("description")}, {"schema", postmanSchema},
		}},
		{"item", items},
		{"variable", variables},
	}
}

func header(name, value string) object { return object{{"key", name}, {"value", value}} }

func variable(name, value string) object {
	return object{{"key", name}, {"value", value}, {"type", "string"}}
}

// tokenRequest asks for a token and keeps it, for those who prefer tokens to the key.
func tokenRequest() object {
	form := []any{}
	for _, name := range []string{"grant_type", "client_id", "client_secret"} {
		value := "{{" + name + "}}"
		if name == "grant_type" {
			value = "client_credentials"
		}
		form = append(form, object{{"key", name}, {"value", value}})
	}
	return object{
		{"name", "Token"},
		{"event", []any{script("test", "pm.collectionVariables.set('access_token', pm.response.json().access_token);")}},
		{"request", object{
			{"method", "POST"}, {"header", []any{}},
			{"body", object{{"mode", "urlencoded"}, {"urlencoded", form}}},
			{"url", "{{tokenUrl}}"},
			{"description", "A token for the client credentials. Sent as `Authorization: Bearer {{access_token}}` it replaces `api_key`."},
		}},
		{"response", []any{}},
	}
}

// script runs before the request ("prerequest") or after the answer ("test").
func script(when, line string) object {
	return object{{"listen", when}, {"script", object{{"type", "text/javascript"}, {"exec", []any{line}}}}}
}

// collector makes requests of one document's operations.
type collector struct {
	document object
	base     string
	headers  []any
	// fresh has the variable that gets a new value before an operation, and known the variables that fields are filled from: an
	// id is to be used once, and then by those who refer to it.
	fresh, known map[string]string
	// enabled are parameters that an operation cannot do without, whatever the document says.
	enabled map[string][]string
}

func (c collector) requests() []any {
	requests := []any{}
	for _, path := range c.document.at("paths") {
		for _, method := range operations(path.value.(object)) {
			operation := method.value.(object)
			requests = append(requests, object{{"name", operation.text("operationId")}}.
				with("event", c.events(operation.text("operationId"))).
				with("request", c.request(path.name, strings.ToUpper(method.name), operation)).
				with("response", c.samples(operation)))
		}
	}
	return requests
}

func (c collector) events(operation string) []any {
	name := c.fresh[operation]
	if name == "" {
		return nil
	}
	return []any{script("prerequest", "pm.collectionVariables.set('"+name+"', pm.variables.replaceIn('{{$guid}}'));")}
}

func (c collector) request(path, method string, operation object) object {
	headers, query := append([]any{}, c.headers...), []any{}
	for _, p := range operation.list("parameters") {
		parameter := c.document.resolve(p.(object))
		entry := c.parameter(operation.text("operationId"), parameter)
		if parameter.text("in") == "query" {
			query = append(query, entry)
		} else {
			headers = append(headers, entry)
		}
	}
	request := object{{"method", method}}
	body := c.document.resolve(operation.at("requestBody"))
	if body != nil {
		headers = append(headers, header("Content-Type", "application/json"))
	}
	request = append(request, member{"header", headers})
	if body != nil {
		request = append(request, member{"body", object{
			{"mode", "raw"}, {"raw", c.raw(body.at("content", "application/json"))},
			{"options", object{{"raw", object{{"language", "json"}}}}},
		}})
	}
	return append(request, member{"url", c.url(path, query)}).with("description", operation.text("description"))
}

// parameter is one that is sent if it has to be, and else is there to be switched on.
func (c collector) parameter(operation string, p object) object {
	schema := c.document.resolve(p.at("schema"))
	entry := object{{"key", p.text("name")}, {"value", plain(example(p, schema))}}.with("description", p.text("description"))
	if p.get("required") != true && !slices.Contains(c.enabled[operation], p.text("name")) {
		entry = append(entry, member{"disabled", true})
	}
	return entry
}

func (c collector) url(path string, query []any) object {
	raw, parts := c.base+path, []any{}
	for _, part := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		parts = append(parts, part)
	}
	return object{{"raw", raw}, {"host", []any{c.base}}, {"path", parts}}.with("query", query)
}

// raw is the example of a body.
func (c collector) raw(content object) string {
	body := content.get("example")
	if examples := content.at("examples"); body == nil && len(examples) > 0 {
		body = c.document.resolve(examples[0].value.(object)).get("value")
	}
	text, _ := json.MarshalIndent(c.filled(body), "", "  ") // it comes from a document, so that it can be written
	return string(text)
}

// filled puts variables where they are known.
func (c collector) filled(value any) any {
	switch v := value.(type) {
	case object:
		changed := object{}
		for _, m := range v {
			if name := c.known[m.name]; name != "" {
				changed = append(changed, member{m.name, "{{" + name + "}}"})
			} else {
				changed = append(changed, member{m.name, c.filled(m.value)})
			}
		}
		return changed
	case []any:
		changed := []any{}
		for _, item := range v {
			changed = append(changed, c.filled(item))
		}
		return changed
	}
	return value
}

// samples are the answers that the document has examples of.
func (c collector) samples(operation object) []any {
	samples := []any{}
	for _, r := range operation.at("responses") {
		content := c.document.resolve(r.value.(object)).at("content", "application/json")
		for _, e := range content.at("examples") {
			sample := c.document.resolve(e.value.(object))
			text, _ := json.MarshalIndent(sample.get("value"), "", "  ") // as in raw
			samples = append(samples, object{
				{"name", e.name}, {"code", json.Number(r.name)}, {"_postman_previewlanguage", "json"},
				{"header", []any{header("Content-Type", "application/json")}}, {"body", string(text)},
			})
		}
	}
	return samples
}

// example is the value that a parameter is shown with.
func example(p, schema object) any {
	for _, found := range []any{p.get("example"), schema.get("example"), schema.get("default")} {
		if found != nil {
			return found
		}
	}
	return ""
}

// plain is a value as a header or a query has it.
func plain(value any) string {
	if list, ok := value.([]any); ok && len(list) > 0 {
		value = list[0]
	}
	if text, ok := value.(string); ok {
		return text
	}
	text, _ := json.Marshal(value) // it comes from a document, so that it can be written
	return string(text)
}
