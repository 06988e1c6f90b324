package main

// Every kind of change at every place of Ding's Swagger: each has to be told once, and as what it is.

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// mutant is a Swagger document that is being changed, and what drift has to say about it.
type mutant struct {
	doc  *yaml.Node
	want []string
}

// expect notes a change inside a definition, or at an operation as "SendTransfer: the answer 200".
func (m *mutant) expect(class class, subject string) {
	m.want = append(m.want, fmt.Sprintf("%s %s", class, subject))
}

// told returns a report's changes in the same form.
func told(r report) []string {
	list := []string{}
	for _, one := range r.Changes {
		if !strings.Contains(one.Subject, "the ") && !strings.Contains(one.Subject, " /") {
			list = append(list, fmt.Sprintf("%s %s", one.Class, one.Subject))
			continue
		}
		for _, operation := range one.Operations {
			list = append(list, fmt.Sprintf("%s %s: %s", one.Class, operation, one.Subject))
		}
		if len(one.Operations) == 0 {
			list = append(list, fmt.Sprintf("%s %s", one.Class, one.Subject))
		}
	}
	return list
}

// driftOf compares a Swagger document with Ding's committed document.
func driftOf(t *testing.T, swagger *yaml.Node) (code int, found report) {
	t.Helper()
	code, stdout, stderr := specsync(t, "-drift", "-json", "-overlay", dingOverlay, "-out", dingCommitted,
		"-source", temporary(t, "swagger.json", toJSON(swagger)))
	require.NotEqual(t, exitUnread, code, stderr)
	require.NoError(t, json.Unmarshal([]byte(stdout), &found), stdout)
	return code, found
}

// eachDefinition visits the definitions, with who meets them.
func (m *mutant) eachDefinition(visit func(name string, definition *yaml.Node, sent, received bool)) {
	sent, received := m.reached()
	for name, definition := range fields(field(m.doc, "definitions")) {
		visit(name, definition, sent[name], received[name])
	}
}

// reached tells which definitions bodies are made of, and which answers are made of.
func (m *mutant) reached() (sent, received map[string]bool) {
	sent, received = map[string]bool{}, map[string]bool{}
	m.eachOperation(func(_ string, operation *yaml.Node) {
		m.reach(field(operation, "parameters"), sent)
		m.reach(field(operation, "responses"), received)
	})
	return sent, received
}

func (m *mutant) reach(node *yaml.Node, seen map[string]bool) {
	if name, ok := strings.CutPrefix(text(node, "$ref"), "#/definitions/"); ok && !seen[name] {
		seen[name] = true
		m.reach(field(field(m.doc, "definitions"), name), seen)
	}
	if node != nil {
		for _, child := range node.Content {
			m.reach(child, seen)
		}
	}
}

func (m *mutant) eachOperation(visit func(name string, operation *yaml.Node)) {
	for _, item := range fields(field(m.doc, "paths")) {
		for _, operation := range fields(item) {
			visit(text(operation, "operationId"), operation)
		}
	}
}

func (m *mutant) eachParameter(visit func(subject string, parameter, list *yaml.Node)) {
	m.eachOperation(func(name string, operation *yaml.Node) {
		list := field(operation, "parameters")
		for parameter := range items(clone(list)) {
			if text(parameter, "in") == "body" {
				continue
			}
			at := slices.IndexFunc(list.Content, func(p *yaml.Node) bool { return text(p, "name") == text(parameter, "name") })
			visit(fmt.Sprintf("%s: the %s parameter %s", name, text(parameter, "in"), text(parameter, "name")), list.Content[at], list)
		}
	})
}

// eachField visits every nth field of every definition, beginning at another one in each.
func (m *mutant) eachField(visit func(subject, name string, definition *yaml.Node, sent, received bool)) {
	index := 0
	m.eachDefinition(func(definitionName string, definition *yaml.Node, sent, received bool) {
		index++
		names := []string{}
		for name := range fields(field(definition, "properties")) {
			names = append(names, name)
		}
		name := names[index%len(names)]
		visit(definitionName+"."+name, name, definition, sent, received)
	})
}

// when chooses a class.
func when(condition bool, yes, no class) class {
	if condition {
		return yes
	}
	return no
}

func requires(definition *yaml.Node, name string) bool {
	for item := range items(field(definition, "required")) {
		if item.Value == name {
			return true
		}
	}
	return false
}

func demand(definition *yaml.Node, name string) {
	list := field(definition, "required")
	if list == nil {
		list = newList()
		setField(definition, "required", list)
	}
	list.Content = append(list.Content, newString(name))
}

func release(definition *yaml.Node, name string) {
	list := field(definition, "required")
	list.Content = slices.DeleteFunc(list.Content, func(item *yaml.Node) bool { return item.Value == name })
	if len(list.Content) == 0 {
		dropField(definition, "required")
	}
}

// renameKey gives an entry of a mapping another name, in its place.
func renameKey(node *yaml.Node, from, to string) {
	for i := 0; i < len(node.Content); i += 2 {
		if node.Content[i].Value == from {
			node.Content[i] = newString(to)
		}
	}
}

// mutations are the kinds of change. Each is made at every operation, parameter or definition at once.
var mutations = map[string]func(m *mutant){
	"a field is removed": func(m *mutant) {
		m.eachField(func(subject, name string, definition *yaml.Node, sent, received bool) {
			dropField(field(definition, "properties"), name)
			if requires(definition, name) {
				release(definition, name)
			}
			m.expect(when(sent || received, breaking, compatible), subject)
		})
	},
	"an optional field is added": func(m *mutant) {
		m.eachDefinition(func(name string, definition *yaml.Node, _, _ bool) {
			setField(field(definition, "properties"), "Extra", object("type", "string"))
			m.expect(compatible, name+".Extra")
		})
	},
	"a required field is added": func(m *mutant) {
		m.eachDefinition(func(name string, definition *yaml.Node, sent, _ bool) {
			setField(field(definition, "properties"), "Extra", object("type", "string", "description", "What is new."))
			demand(definition, "Extra")
			m.expect(when(sent, breaking, compatible), name+".Extra")
		})
	},
	"a field is renamed": func(m *mutant) {
		m.eachField(func(subject, name string, definition *yaml.Node, _, _ bool) {
			renameKey(field(definition, "properties"), name, name+"Now")
			if requires(definition, name) {
				release(definition, name)
				demand(definition, name+"Now")
			}
			m.expect(breaking, subject)
		})
	},
	"a field has another type": func(m *mutant) {
		m.eachField(func(subject, name string, definition *yaml.Node, _, _ bool) {
			kind := when(text(field(field(definition, "properties"), name), "type") == "boolean", "string", "boolean")
			setField(field(definition, "properties"), name, object("type", string(kind)))
			m.expect(breaking, subject)
		})
	},
	"a field becomes a list of what it was": func(m *mutant) {
		m.eachField(func(subject, name string, definition *yaml.Node, _, _ bool) {
			properties := field(definition, "properties")
			setField(properties, name, object("type", "array", "items", field(properties, name)))
			if text(field(field(properties, name), "items"), "type") == "array" {
				subject = "an element of " + subject
			}
			m.want = append(m.want, "breaking "+subject)
		})
	},
	"a field has another format": func(m *mutant) {
		m.eachField(func(subject, name string, definition *yaml.Node, _, _ bool) {
			if property := field(field(definition, "properties"), name); field(property, "$ref") == nil {
				setField(property, "format", newString("unheard-of"))
				m.expect(breaking, subject)
			}
		})
	},
	"a field is required, or not any more": func(m *mutant) {
		m.eachField(func(subject, name string, definition *yaml.Node, sent, received bool) {
			if requires(definition, name) {
				release(definition, name)
				m.expect(when(received, breaking, compatible), subject)
			} else {
				demand(definition, name)
				m.expect(when(sent, breaking, compatible), subject)
			}
		})
	},
	"the values of a field are listed": func(m *mutant) {
		m.eachField(func(subject, name string, definition *yaml.Node, sent, _ bool) {
			if property := field(field(definition, "properties"), name); text(property, "type") == "string" {
				setField(property, "enum", newList(newString("One"), newString("Two")))
				m.expect(when(sent, breaking, compatible), subject)
			}
		})
	},
	"a number has a limit": func(m *mutant) {
		m.eachField(func(subject, name string, definition *yaml.Node, sent, _ bool) {
			if property := field(field(definition, "properties"), name); text(property, "type") == "number" {
				setField(property, "maximum", boolean("7"))
				m.expect(when(sent, breaking, compatible), subject)
			}
		})
	},
	"a definition is renamed": func(m *mutant) {
		m.eachDefinition(func(name string, _ *yaml.Node, _, _ bool) { m.expect(compatible, name) })
		for name := range fields(field(m.doc, "definitions")) {
			renameKey(field(m.doc, "definitions"), name, "Api."+name)
			redirect(m.doc, "#/definitions/"+name, "#/definitions/Api."+name)
		}
	},
	"a definition is added that nothing uses": func(m *mutant) {
		setField(field(m.doc, "definitions"), "Voucher", object("type", "object", "properties", object("Pin", object("type", "string"))))
		m.expect(compatible, "Voucher")
	},
	"a definition is added with an operation": func(m *mutant) {
		setField(field(m.doc, "definitions"), "Voucher", object("type", "object", "properties", object("Pin", object("type", "string"))))
		setField(field(m.doc, "paths"), "/api/V1/GetVoucher", object("get", object("operationId", "GetVoucher", "responses",
			object("200", object("description", "", "schema", object("$ref", "#/definitions/Voucher"))))))
		m.expect(compatible, "GetVoucher: GET /api/V1/GetVoucher")
	},
	"inheritance instead of repeated fields": func(m *mutant) {
		m.eachDefinition(func(name string, definition *yaml.Node, _, _ bool) {
			if strings.HasPrefix(name, "Get") {
				own := clone(definition)
				for _, key := range []string{"ResultCode", "ErrorCodes"} {
					dropField(field(own, "properties"), key)
					release(own, key)
				}
				definition.Content = object("allOf", newList(object("$ref", "#/definitions/IApiResponse"), own)).Content
			}
		})
	},
}

func TestEveryKindOfChangeIsToldOnceAndAsWhatItIs(t *testing.T) {
	original := dingSwagger(t)
	for _, table := range []map[string]func(*mutant){mutations, messageMutations} {
		for name, mutate := range table {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				m := mutant{doc: clone(original)}
				mutate(&m)
				code, found := driftOf(t, m.doc)
				assert.ElementsMatch(t, m.want, told(found))
				decide := slices.ContainsFunc(m.want, func(line string) bool { return !strings.HasPrefix(line, string(cosmetic)) })
				assert.Equal(t, decide, code == exitDecision)
				assert.Equal(t, decide, found.Decision)
				assert.Equal(t, len(found.Changes), found.Breaking+found.Compatible+found.Cosmetic)
			})
		}
	}
}

func TestOneChangeAloneIsOneLine(t *testing.T) {
	tests := map[string]struct {
		change func(doc *yaml.Node)
		want   string
	}{
		"a field of an answer": {
			func(doc *yaml.Node) {
				dropField(field(field(field(doc, "definitions"), "TransferRecord"), "properties"), "Price")
			},
			"ListTransferRecords, SendTransfer: the answer lost the field TransferRecord.Price: breaking",
		},
		"a field of a request": {
			func(doc *yaml.Node) {
				definition := field(field(doc, "definitions"), "SendTransferRequest")
				setField(field(definition, "properties"), "Purpose", object("type", "string"))
				demand(definition, "Purpose")
			},
			"SendTransfer: the request has the new required field SendTransferRequest.Purpose: breaking",
		},
		"a field that every answer carries": {
			func(doc *yaml.Node) {
				dropField(field(field(field(doc, "definitions"), "Error"), "properties"), "Context")
			},
			"all 17 operations: the answer lost the field Error.Context: breaking",
		},
		"a parameter": {
			func(doc *yaml.Node) {
				operation := field(field(field(doc, "paths"), "/api/V1/GetBalance"), "get")
				list := field(operation, "parameters")
				list.Content = append(list.Content, object("in", "query", "name", "currencyIso", "type", "string"))
			},
			"GetBalance: the query parameter currencyIso is new and optional: compatible",
		},
		"an answer": {
			func(doc *yaml.Node) {
				responses := field(field(field(field(doc, "paths"), "/api/V1/GetBalance"), "get"), "responses")
				setField(field(responses, "200"), "schema", object("$ref", "#/definitions/Currency"))
			},
			"GetBalance: the answer 200 is a Currency now, not a GetBalanceResponse: breaking",
		},
	}
	original := dingSwagger(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := clone(original)
			test.change(doc)
			_, stdout, _ := specsync(t, "-drift", "-overlay", dingOverlay, "-out", dingCommitted, "-source", temporary(t, "s.json", toJSON(doc)))
			assert.Contains(t, stdout, "- "+test.want+"\n")
			assert.Equal(t, 1, strings.Count(stdout, "\n- "), stdout)
		})
	}
}
