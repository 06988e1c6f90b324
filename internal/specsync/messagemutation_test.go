package main

// The kinds of change that concern operations and the document as a whole.

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// movePaths gives the paths other names, in their places.
func (m *mutant) movePaths(rename func(path string) string) {
	paths := field(m.doc, "paths")
	for path := range fields(paths) {
		renameKey(paths, path, rename(path))
	}
}

func (m *mutant) expectMoves() {
	for path, item := range fields(field(m.doc, "paths")) {
		for method, operation := range fields(item) {
			m.expect(breaking, fmt.Sprintf("%s: %s", text(operation, "operationId"), address{path, method}))
		}
	}
}

var messageMutations = map[string]func(m *mutant){
	"nothing": func(*mutant) {},
	"the order of everything": func(m *mutant) {
		reverse(m.doc)
	},
	"an operation is removed": func(m *mutant) {
		m.expectMoves()
		keep := newMapping()
		setField(keep, "/api/V1/Other", object("get", object("operationId", "Other", "responses", object("204", object("description", "")))))
		setField(m.doc, "paths", keep)
		m.expect(compatible, "Other: GET /api/V1/Other")
	},
	"a path moves": func(m *mutant) {
		m.eachOperation(func(name string, _ *yaml.Node) { m.expect(breaking, name+": the path /api/V1/") })
		m.movePaths(func(path string) string { return strings.Replace(path, "/V1/", "/V2/", 1) })
	},
	"an operation and its path have another name": func(m *mutant) {
		m.expectMoves()
		m.eachOperation(func(name string, operation *yaml.Node) { setField(operation, "operationId", newString("Do"+name)) })
		m.movePaths(func(path string) string { return strings.Replace(path, "/V1/", "/V1/Do", 1) })
	},
	"an operation has another name": func(m *mutant) {
		m.eachOperation(func(name string, operation *yaml.Node) {
			m.expect(compatible, name+": the operation")
			setField(operation, "operationId", newString("Do"+name))
		})
	},
	"an operation has another method": func(m *mutant) {
		m.expectMoves()
		for _, item := range fields(field(m.doc, "paths")) {
			renameKey(item, "get", "put")
			renameKey(item, "post", "patch")
		}
	},
	"an operation is deprecated": func(m *mutant) {
		m.eachOperation(func(name string, operation *yaml.Node) {
			setField(operation, "deprecated", boolean("true"))
			m.expect(compatible, name+": the operation")
		})
	},
	"a parameter is removed": func(m *mutant) {
		m.eachParameter(func(subject string, parameter, list *yaml.Node) {
			list.Content = slices.DeleteFunc(list.Content, func(p *yaml.Node) bool { return p == parameter })
			m.expect(breaking, subject)
		})
	},
	"an optional parameter is added": func(m *mutant) {
		m.eachOperation(func(name string, operation *yaml.Node) {
			list := field(operation, "parameters")
			list.Content = append(list.Content, object("in", "query", "name", "extra", "type", "string"))
			m.expect(compatible, name+": the query parameter extra")
		})
	},
	"a required parameter is added": func(m *mutant) {
		m.eachOperation(func(name string, operation *yaml.Node) {
			list := field(operation, "parameters")
			list.Content = append(list.Content, object("in", "header", "name", "X-Extra", "type", "string", "required", boolean("true")))
			m.expect(breaking, name+": the header parameter X-Extra")
		})
	},
	"a parameter is renamed": func(m *mutant) {
		m.eachOperation(func(name string, operation *yaml.Node) {
			parameter := field(operation, "parameters").Content[0]
			if text(parameter, "in") == "body" {
				return
			}
			m.expect(breaking, fmt.Sprintf("%s: the %s parameter %s", name, text(parameter, "in"), text(parameter, "name")))
			setField(parameter, "name", newString(text(parameter, "name")+"Now"))
		})
	},
	"a parameter has another type": func(m *mutant) {
		m.eachParameter(func(subject string, parameter, _ *yaml.Node) {
			setField(parameter, "type", newString("integer"))
			dropField(parameter, "items")
			dropField(parameter, "collectionFormat")
			m.expect(breaking, subject)
		})
	},
	"a parameter is required": func(m *mutant) {
		m.eachParameter(func(subject string, parameter, _ *yaml.Node) {
			setField(parameter, "required", boolean("true"))
			m.expect(breaking, subject)
		})
	},
	"a parameter moves to another place": func(m *mutant) {
		m.eachParameter(func(subject string, parameter, _ *yaml.Node) {
			dropField(parameter, "collectionFormat")
			setField(parameter, "in", newString(map[string]string{"query": "header", "header": "query"}[text(parameter, "in")]))
			m.expect(breaking, subject)
		})
	},
	"a list is written in another way": func(m *mutant) {
		m.eachParameter(func(subject string, parameter, _ *yaml.Node) {
			if dropField(parameter, "collectionFormat") {
				m.expect(breaking, subject)
			}
		})
	},
	"the body of a request has another name": func(m *mutant) {
		m.eachOperation(func(_ string, operation *yaml.Node) {
			for parameter := range items(field(operation, "parameters")) {
				if text(parameter, "in") == "body" {
					setField(parameter, "name", newString("anything"))
				}
			}
		})
	},
	"the body of a request is optional, missing or new": func(m *mutant) {
		m.eachOperation(func(name string, operation *yaml.Node) {
			list := field(operation, "parameters")
			body := list.Content[len(list.Content)-1]
			switch {
			case text(body, "in") != "body":
				list.Content = append(list.Content, object("in", "body", "name", "b", "required", boolean("true"), "schema", object("type", "object")))
				m.expect(breaking, name+": the body of the request")
			case name == "SendTransfer":
				list.Content = list.Content[:len(list.Content)-1]
				m.expect(breaking, name+": the body of the request")
			default:
				dropField(body, "required")
				m.expect(compatible, name+": the body of the request")
			}
		})
	},
	"a success has another status": func(m *mutant) {
		m.eachOperation(func(name string, operation *yaml.Node) {
			renameKey(field(operation, "responses"), "200", "202")
			m.expect(breaking, name+": the answer 200")
		})
	},
	"a success is removed": func(m *mutant) {
		m.eachOperation(func(name string, operation *yaml.Node) {
			dropField(field(operation, "responses"), "200")
			m.expect(breaking, name+": the answer 200")
		})
	},
	"a failure is removed": func(m *mutant) {
		m.eachOperation(func(name string, operation *yaml.Node) {
			dropField(field(operation, "responses"), "401")
			m.expect(compatible, name+": the answer 401")
		})
	},
	"a status is added": func(m *mutant) {
		m.eachOperation(func(name string, operation *yaml.Node) {
			setField(field(operation, "responses"), "404", object("description", "", "schema", object("$ref", "#/definitions/IApiResponse")))
			m.expect(compatible, name+": the answer 404")
		})
	},
	"the status that the overlay adds is documented by the service": func(m *mutant) {
		m.eachOperation(func(name string, operation *yaml.Node) {
			if name != "SendTransfer" {
				setField(field(operation, "responses"), "429", object("description", "", "schema", object("$ref", "#/definitions/IApiResponse")))
			}
		})
	},
	"the status that the overlay adds is another one at the service": func(m *mutant) {
		m.eachOperation(func(name string, operation *yaml.Node) {
			setField(field(operation, "responses"), "429", object("description", "", "schema", object("$ref", "#/definitions/Error")))
			m.expect(breaking, name+": the answer 429")
		})
	},
	"an answer is something else": func(m *mutant) {
		m.eachOperation(func(name string, operation *yaml.Node) {
			setField(field(field(operation, "responses"), "200"), "schema", object("type", "array", "items", object("$ref", "#/definitions/Setting")))
			m.expect(breaking, name+": the answer 200")
		})
	},
	"an answer is empty": func(m *mutant) {
		m.eachOperation(func(name string, operation *yaml.Node) {
			dropField(field(field(operation, "responses"), "200"), "schema")
			m.expect(breaking, name+": the answer 200")
		})
	},
	"an answer has a header": func(m *mutant) {
		m.eachOperation(func(name string, operation *yaml.Node) {
			setField(field(field(operation, "responses"), "200"), "headers", object("X-Extra", object("type", "string")))
			m.expect(compatible, name+": the answer 200, header X-Extra")
		})
	},
	"another media type": func(m *mutant) {
		m.eachOperation(func(_ string, operation *yaml.Node) {
			setField(operation, "produces", newList(newString("application/xml")))
		})
		m.eachOperation(func(name string, operation *yaml.Node) {
			for status := range fields(field(operation, "responses")) {
				m.expect(breaking, name+": the answer "+status)
			}
		})
	},
	"the body of a request is written out where its definition was named": func(m *mutant) {
		m.eachOperation(func(name string, operation *yaml.Node) {
			for parameter := range items(field(operation, "parameters")) {
				target, named := strings.CutPrefix(text(field(parameter, "schema"), "$ref"), "#/definitions/")
				if !named {
					continue
				}
				setField(parameter, "schema", clone(field(field(m.doc, "definitions"), target)))
				m.expect(compatible, name+": the body of the request")
			}
		})
	},
	"parameters are spelt in another way": func(m *mutant) {
		m.eachParameter(func(subject string, parameter, _ *yaml.Node) {
			if name := text(parameter, "name"); text(parameter, "in") == "query" {
				setField(parameter, "name", newString(strings.ToUpper(name[:1])+name[1:]))
				m.expect(breaking, subject)
			}
		})
	},
	"the header that the overlay adds is documented by the service": func(m *mutant) {
		m.eachOperation(func(name string, operation *yaml.Node) {
			if list := field(operation, "parameters"); name == "SendTransfer" {
				list.Content = append(list.Content, object("in", "header", "name", "X-Options", "type", "string"))
			}
		})
	},
	"what the overlay has words for is described": func(m *mutant) {
		m.eachOperation(func(_ string, operation *yaml.Node) {
			setField(operation, "summary", newString("Other words."))
			setField(field(field(operation, "responses"), "401"), "description", newString("Other words."))
		})
		m.eachField(func(_, name string, definition *yaml.Node, _, _ bool) {
			if property := field(field(definition, "properties"), name); field(property, "$ref") == nil {
				setField(property, "description", newString("Other words."))
			}
		})
		m.eachParameter(func(_ string, parameter, _ *yaml.Node) { setField(parameter, "description", newString("Other words.")) })
	},
	"another version": func(m *mutant) {
		setField(m.doc, "info", object("version", "V2", "title", "Ding API"))
		m.expect(cosmetic, "the document")
	},
	"another host": func(m *mutant) {
		setField(m.doc, "host", newString("api.example.com"))
		m.expect(breaking, "the address")
	},
	"another base path": func(m *mutant) {
		setField(m.doc, "basePath", newString("/gateway"))
		m.eachOperation(func(name string, _ *yaml.Node) { m.expect(breaking, name+": the path /api/V1/") })
	},
	"a base path that the paths had in them": func(m *mutant) {
		paths := newMapping()
		for path, item := range fields(field(m.doc, "paths")) {
			setField(paths, strings.TrimPrefix(path, "/api"), item)
		}
		setField(m.doc, "paths", paths)
		setField(m.doc, "basePath", newString("/api"))
	},
	"another scheme": func(m *mutant) {
		setField(m.doc, "schemes", newList(newString("https"), newString("http")))
		m.expect(compatible, "the address")
	},
	"the key is sent in another header": func(m *mutant) {
		setField(m.doc, "securityDefinitions", object("APIKeyHeader", object("type", "apiKey", "name", "x-key", "in", "header")))
		m.expect(breaking, "APIKeyHeader")
	},
	"the key is not taken any more": func(m *mutant) {
		dropField(m.doc, "securityDefinitions")
		m.expect(breaking, "APIKeyHeader")
	},
	"other credentials are taken too": func(m *mutant) {
		setField(field(m.doc, "securityDefinitions"), "Basic", object("type", "basic"))
		m.expect(compatible, "Basic")
	},
	"the service says itself what the overlay says of credentials": func(m *mutant) {
		setField(m.doc, "security", newList(object("APIKeyHeader", newList())))
	},
	"an operation takes one kind of credentials only": func(m *mutant) {
		m.eachOperation(func(name string, operation *yaml.Node) {
			setField(operation, "security", newList(object("APIKeyHeader", newList())))
			m.expect(breaking, name+": the credentials")
		})
	},
	"an operation takes nothing else but what is new": func(m *mutant) {
		setField(field(m.doc, "securityDefinitions"), "Basic", object("type", "basic"))
		m.expect(compatible, "Basic")
		m.eachOperation(func(name string, operation *yaml.Node) {
			setField(operation, "security", newList(object("Basic", newList())))
			m.expect(breaking, name+": the credentials")
		})
	},
	"an operation is open to everybody": func(m *mutant) {
		m.eachOperation(func(name string, operation *yaml.Node) {
			setField(operation, "security", newList())
			m.expect(compatible, name+": the credentials")
		})
	},
}

// reverse turns every object and every list around.
func reverse(node *yaml.Node) {
	for _, child := range node.Content {
		reverse(child)
	}
	slices.Reverse(node.Content)
	if node.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(node.Content); i += 2 {
			node.Content[i], node.Content[i+1] = node.Content[i+1], node.Content[i]
		}
	}
}
