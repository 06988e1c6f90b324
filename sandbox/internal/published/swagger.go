// Swagger 2.0, for generators.

package published

import (
	"slices"
	"strings"
)

// Place is where a document says that the service is.
type Place struct {
	Scheme, Host string
	// TokenURL is the identity provider's endpoint.
	TokenURL string
}

// Swagger turns an OpenAPI 3 document back into Swagger 2.0, in the shape that DingConnect's own has. Like that, it knows
// nothing of X-Options and callbacks, requires no credentials in so many words, and refers to objects only: lists of words
// that can grow stand where they are used. What may be null is marked by the extension that generators know, x-nullable; all other
// extensions, and whatever else Swagger 2.0 has no words for, are left out.
func Swagger(text []byte, place Place) ([]byte, error) {
	document, err := read(text)
	if err != nil {
		return nil, err
	}
	t := turner{document}
	return indented(object{
		{"swagger", "2.0"},
		{"info", document.at("info")},
		{"host", place.Host},
		{"schemes", []any{place.Scheme}},
		{"paths", t.paths()},
		{"definitions", t.definitions()},
		{"responses", t.responses(document.at("components", "responses"))},
		{"securityDefinitions", t.security(place.TokenURL)},
	}.with("externalDocs", document.at("externalDocs")))
}

// turner turns parts of one document.
type turner struct{ document object }

// bodyNames are what DingConnect calls bodies that are not just a request; OpenAPI 3 has no name for a body.
var bodyNames = map[string]string{"CancelTransfers": "cancellationRequests", "EstimatePrices": "requestedEstimations"}

func (t turner) paths() object {
	paths := object{}
	for _, path := range t.document.at("paths") {
		item := object{}
		for _, method := range operations(path.value.(object)) {
			item = append(item, member{method.name, t.operation(method.value.(object))})
		}
		paths = append(paths, member{path.name, item})
	}
	return paths
}

func (t turner) operation(o object) object {
	id, body := o.text("operationId"), o.at("requestBody")
	turned := object{}.with("tags", o.list("tags")).with("summary", o.text("summary")).
		with("description", o.text("description")).with("operationId", id)
	if body != nil {
		turned = turned.with("consumes", []any{"application/json"})
	}
	return turned.with("produces", []any{"application/json"}).
		with("parameters", append(t.parameters(o), t.body(bodyNames[id], body)...)).
		with("responses", t.responses(o.at("responses")))
}

func (t turner) parameters(o object) []any {
	parameters := []any{}
	for _, p := range o.list("parameters") {
		parameter := p.(object)
		if parameter.text("name") == "X-Options" {
			continue
		}
		turned := object{}.with("in", parameter.text("in")).with("name", parameter.text("name")).
			with("description", parameter.text("description")).with("required", parameter.get("required"))
		turned = append(turned, wordless(t.schema(parameter.at("schema")))...)
		if parameter.text("in") == "query" && parameter.at("schema").text("type") == "array" {
			turned = turned.with("collectionFormat", "multi")
		}
		parameters = append(parameters, turned)
	}
	return parameters
}

// wordless takes the description out of what a list of a parameter holds: Swagger 2.0 allows none there.
func wordless(schema object) object {
	for i, m := range schema {
		if items, ok := m.value.(object); ok && m.name == "items" {
			schema[i].value = slices.DeleteFunc(items, func(m member) bool { return m.name == "description" })
		}
	}
	return schema
}

func (t turner) body(name string, body object) []any {
	if body == nil {
		return nil
	}
	if name == "" {
		name = "request"
	}
	return []any{object{}.with("in", "body").with("name", name).with("description", body.text("description")).
		with("required", body.get("required")).with("schema", t.schema(body.at("content", "application/json", "schema")))}
}

func (t turner) responses(responses object) object {
	turned := object{}
	for _, r := range responses {
		response := r.value.(object)
		if ref := response.text("$ref"); ref != "" {
			turned = append(turned, member{r.name, object{{"$ref", "#/responses/" + lastOf(ref)}}})
			continue
		}
		turned = append(turned, member{r.name, object{{"description", response.text("description")}}.
			with("headers", t.headers(response.at("headers"))).
			with("schema", t.schema(response.at("content", "application/json", "schema")))})
	}
	return turned
}

func (t turner) headers(headers object) object {
	turned := object{}
	for _, h := range headers {
		header := t.document.resolve(h.value.(object))
		turned = append(turned, member{h.name,
			append(object{}.with("description", header.text("description")), t.schema(header.at("schema"))...)})
	}
	return turned
}

func (t turner) definitions() object {
	definitions := object{}
	for _, s := range t.document.at("components", "schemas") {
		if schema := s.value.(object); schema.text("type") == "object" {
			definitions = append(definitions, member{s.name, t.schema(schema)})
		}
	}
	return definitions
}

// schema turns a schema. One that only adds words to another is that other: a reference to an object, or what is known
// of anything else.
func (t turner) schema(schema object) object {
	if len(schema) == 0 {
		return nil
	}
	if target, name := t.target(schema); target != nil {
		if target.text("type") == "object" {
			return object{{"$ref", "#/definitions/" + name}}
		}
		return t.schema(merged(schema, target))
	}
	turned := object{}
	for _, m := range schema {
		switch m.name {
		case "properties":
			properties := object{}
			for _, p := range m.value.(object) {
				properties = append(properties, member{p.name, t.schema(p.value.(object))})
			}
			turned = append(turned, member{m.name, properties})
		case "items", "additionalProperties":
			if inner, ok := m.value.(object); ok {
				m.value = t.schema(inner)
			}
			turned = append(turned, m)
		case "nullable":
			turned = append(turned, member{"x-nullable", m.value})
		default:
			if !strings.HasPrefix(m.name, "x-") {
				turned = append(turned, m)
			}
		}
	}
	return turned
}

// target returns the schema that another one refers to, by itself or as its only part.
func (t turner) target(schema object) (target object, name string) {
	ref := schema.text("$ref")
	if parts := schema.list("allOf"); len(parts) == 1 {
		ref = parts[0].(object).text("$ref")
	}
	if ref == "" {
		return nil, ""
	}
	return t.document.resolve(object{{"$ref", ref}}), lastOf(ref)
}

// merged is what a schema says itself, and then what the one behind it says besides.
func merged(schema, target object) object {
	whole := object{}
	for _, m := range schema {
		if m.name != "allOf" && m.name != "$ref" {
			whole = append(whole, m)
		}
	}
	for _, m := range target {
		if whole.get(m.name) == nil {
			whole = append(whole, m)
		}
	}
	return whole
}

func (t turner) security(tokenURL string) object {
	turned := object{}
	for _, s := range t.document.at("components", "securitySchemes") {
		scheme := s.value.(object)
		if scheme.text("type") == "oauth2" {
			scheme = object{{"type", "oauth2"}, {"flow", "application"}, {"tokenUrl", tokenURL}, {"scopes", object{}}}.
				with("description", scheme.text("description"))
		}
		turned = append(turned, member{s.name, scheme})
	}
	return turned
}

func lastOf(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }
