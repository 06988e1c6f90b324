package main

// What changed about the messages of an operation: parameters, bodies, statuses, headers, and how a caller proves who it is.

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

const (
	goneMeaning     = "Calls that still send it are refused, or it is ignored without a word."
	requiredMeaning = "Calls that do not send it are refused."
)

// parameter is where oasdiff keeps one.
type parameter struct{ in, name string }

func (p parameter) String() string { return fmt.Sprintf("the %s parameter %s", p.in, p.name) }

func parameterOf(node *yaml.Node) parameter { return parameter{text(node, "in"), text(node, "name")} }

func parametersIn(found tree) []parameter {
	var list []parameter
	for _, in := range found.keys() {
		for _, name := range found.names(in) {
			list = append(list, parameter{in, name})
		}
	}
	return list
}

func parameterNode(list *yaml.Node, of parameter) *yaml.Node {
	for node := range items(list) {
		if parameterOf(node) == of {
			return node
		}
	}
	return nil
}

func (c *comparison) parameters(at place, found tree, before, after *yaml.Node) {
	at.sent = true
	lost, gained := parametersIn(found.sub("deleted")), parametersIn(found.sub("added"))
	for _, old := range slices.Clone(lost) {
		now, ok := c.successor(old, lost, gained, before, after)
		if !ok {
			continue
		}
		lost = slices.DeleteFunc(lost, func(p parameter) bool { return p == old })
		gained = slices.DeleteFunc(gained, func(p parameter) bool { return p == now })
		c.parameterMoved(at, old, now)
	}
	for _, one := range lost {
		c.add(at.named("%s", one), breaking, fmt.Sprintf("%s is gone", one), goneMeaning)
	}
	for _, one := range gained {
		if isTrue(field(parameterNode(after, one), "required")) {
			c.add(at.named("%s", one), breaking, fmt.Sprintf("%s is new and required", one), requiredMeaning)
		} else {
			c.add(at.named("%s", one), compatible, fmt.Sprintf("%s is new and optional", one), fineMeaning)
		}
	}
	modified := found.sub("modified")
	for _, in := range modified.keys() {
		for _, name := range modified.sub(in).keys() {
			one := parameter{in, name}
			c.parameter(at.named("%s", one), modified.sub(in).sub(name), parameterNode(before, one), parameterNode(after, one))
		}
	}
}

func (c *comparison) parameterMoved(at place, old, now parameter) {
	words := fmt.Sprintf("%s seems to be called %s now", old, now.name)
	if old.name == now.name {
		words = fmt.Sprintf("the parameter %s is sent in the %s now, not in the %s", old.name, now.in, old.in)
	}
	c.add(at.named("%s", old), breaking, words, goneMeaning)
}

// successor finds what a lost parameter has become: the same name elsewhere, or spelt in another way, or the only new one of
// its type and place.
func (c *comparison) successor(old parameter, lost, gained []parameter, before, after *yaml.Node) (parameter, bool) {
	for _, now := range gained {
		if now.name == old.name {
			return now, true
		}
	}
	for _, now := range gained {
		if letters(now.name) == letters(old.name) && now.in == old.in {
			return now, true
		}
	}
	look := func(p parameter, in *yaml.Node) string {
		return p.in + " " + typeName(field(parameterNode(in, p), "schema"))
	}
	alike := func(list []parameter, in *yaml.Node) []parameter {
		return slices.DeleteFunc(slices.Clone(list), func(p parameter) bool { return look(p, in) != look(old, before) })
	}
	now := alike(gained, after)
	if len(now) == 1 && len(alike(lost, before)) == 1 {
		return now[0], true
	}
	return parameter{}, false
}

func (c *comparison) parameter(at place, found tree, before, after *yaml.Node) {
	for _, key := range found.keys() {
		switch part := found.sub(key); {
		case key == "name": // of a place in the path, which callers fill in without naming it
			c.add(at, cosmetic, fmt.Sprintf("%s is called %v now", at.name, part["to"]), proseMeaning)
		case key == "required":
			c.required(at, part["to"] == true)
		case key == "schema":
			c.schema(at, part, field(before, key), field(after, key))
		case key == "style" || key == "explode":
			if found.sub("schema")["type"] == nil && (key == "style" || found["style"] == nil) { // else it is part of that change
				c.add(at, breaking, fmt.Sprintf("%s is written in another way: %s is %v now, not %v", at.name, key, part["to"], part["from"]),
					"Calls that write it in the old way are misread or refused.")
			}
		case key == "deprecated":
			c.add(at, compatible, deprecation(at.name, part), "It still works; its end may be near.")
		case key == "allowEmptyValue" || key == "allowReserved":
			c.bound(at, part["to"] != true, part["to"] == true, fmt.Sprintf("%s: %s is %v now", at.name, key, part["to"] == true))
		case key == "content":
			c.content(at, part, field(before, key), field(after, key))
		case isProse(key):
			c.prose(at, key)
		default:
			c.unknown(at, key, found[key])
		}
	}
}

// required reports that something may not be left out any more, or may be.
func (c *comparison) required(at place, now bool) {
	switch words := at.name + " is optional now"; {
	case now && at.sent:
		c.add(at, breaking, at.name+" is required now", requiredMeaning)
	case now:
		c.add(at, compatible, at.name+" is always there now", fineMeaning)
	case at.received:
		c.add(at, breaking, words, "Programs that count on it can find it missing.")
	default:
		c.add(at, compatible, words, fineMeaning)
	}
}

func isTrue(node *yaml.Node) bool { return node != nil && node.Value == "true" }

func (c *comparison) requestBody(at place, found tree, before, after *yaml.Node) {
	at = at.named("the body of the request")
	at.sent = true
	for _, key := range found.keys() {
		switch part := found.sub(key); {
		case key == "added" && isTrue(field(after, "required")):
			c.add(at, breaking, "the request has a body now, which is required", requiredMeaning)
		case key == "added":
			c.add(at, compatible, "the request can have a body now", fineMeaning)
		case key == "deleted":
			c.add(at, breaking, "the request has no body any more", goneMeaning)
		case key == "required":
			c.required(at, part["to"] == true)
		case key == "content":
			c.content(at, part, field(before, key), field(after, key))
		case isProse(key):
			c.prose(at, key)
		default:
			c.unknown(at, key, found[key])
		}
	}
}

func (c *comparison) content(at place, found tree, before, after *yaml.Node) {
	lost, gained := found.names("deleted"), found.names("added")
	none := func(content *yaml.Node) bool { return content == nil || len(content.Content) == 0 }
	switch {
	case none(before) && len(gained) > 0:
		c.add(at, compatible, fmt.Sprintf("%s has content now: %s", at.name, onlyType(after)), fineMeaning)
		gained = nil
	case none(after) && len(lost) > 0:
		c.add(at, breaking, fmt.Sprintf("%s has no content any more; it was %s", at.name, onlyType(before)),
			"Programs that read or write it fail.")
		lost = nil
	case len(lost) == 1 && len(gained) == 1:
		c.add(at, breaking, fmt.Sprintf("%s is %s now, not %s", at.name, gained[0], lost[0]), "Programs that read or write it fail.")
		lost, gained = nil, nil
	}
	for _, name := range lost {
		c.add(at, breaking, fmt.Sprintf("%s is not offered as %s any more", at.name, name), "Programs that ask for it fail.")
	}
	for _, name := range gained {
		c.add(at, compatible, fmt.Sprintf("%s is offered as %s as well", at.name, name), fineMeaning)
	}
	for _, name := range found.sub("modified").keys() {
		media := found.sub("modified").sub(name)
		for _, key := range media.keys() {
			switch {
			case key == "schema":
				c.schema(at, media.sub(key), field(field(before, name), key), field(field(after, name), key))
			case isProse(key):
				c.prose(at, key)
			default:
				c.unknown(at, key, media[key])
			}
		}
	}
}

func onlyType(content *yaml.Node) string {
	for name, media := range fields(content) {
		if schema := field(media, "schema"); schema != nil {
			return typeName(schema)
		}
		return name
	}
	return "nothing"
}

func (c *comparison) responses(at place, found tree, before, after *yaml.Node) {
	at.received = true
	lost, gained := found.names("deleted"), found.names("added")
	look := func(in *yaml.Node) func(string) string {
		return func(status string) string {
			return status[:min(1, len(status))] + onlyType(field(field(in, status), "content"))
		}
	}
	for old, now := range pairs(lost, gained, look(before), look(after)) {
		lost = slices.DeleteFunc(lost, func(status string) bool { return status == old })
		gained = slices.DeleteFunc(gained, func(status string) bool { return status == now })
		c.add(at.named("the answer %s", old), breaking, fmt.Sprintf("the answer %s is %s now, with the same content", old, now),
			"Programs that look at the status take it for something else.")
	}
	for _, status := range lost {
		c.statusLost(at.named("the answer %s", status), strings.HasPrefix(status, "2") || status == "default")
	}
	for _, status := range gained {
		c.add(at.named("the answer %s", status), compatible, fmt.Sprintf("the answer %s is new: %s", status, onlyType(field(field(after, status), "content"))),
			"The library reads its ResultCode, and without one goes by the class of the status.")
	}
	for _, status := range found.sub("modified").keys() {
		c.response(at.named("the answer %s", status), found.sub("modified").sub(status), field(before, status), field(after, status))
	}
}

func (c *comparison) statusLost(at place, success bool) {
	if success {
		c.add(at, breaking, at.name+" is gone", "Programs that wait for it take another answer for a failure.")
		return
	}
	c.add(at, compatible, at.name+" is not documented any more", fineMeaning)
}

func (c *comparison) response(at place, found tree, before, after *yaml.Node) {
	for _, key := range found.keys() {
		switch part := found.sub(key); {
		case key == "headers":
			c.headers(at, part, field(before, key), field(after, key))
		case key == "content":
			c.content(at, part, field(before, key), field(after, key))
		case isProse(key) || key == "links":
			c.prose(at, key)
		default:
			c.unknown(at, key, found[key])
		}
	}
}

func (c *comparison) headers(at place, found tree, before, after *yaml.Node) {
	for _, name := range found.names("deleted") {
		c.add(at.named("%s, header %s", at.name, name), breaking, fmt.Sprintf("%s lost the header %s", at.name, name),
			"Programs that read it find nothing.")
	}
	for _, name := range found.names("added") {
		c.add(at.named("%s, header %s", at.name, name), compatible, fmt.Sprintf("%s has the new header %s", at.name, name), fineMeaning)
	}
	for _, name := range found.sub("modified").keys() {
		c.parameter(at.named("%s, header %s", at.name, name), found.sub("modified").sub(name), field(before, name), field(after, name))
	}
}

// security compares the ways in which a call can prove who sends it.
func (c *comparison) security(at place, found tree, before, after *yaml.Node) {
	at = at.named("the credentials")
	lost, gained := ways(found["deleted"]), ways(found["added"])
	switch none := func(list *yaml.Node) bool { return list == nil || len(list.Content) == 0 }; {
	case len(lost) > 0 && len(gained) > 0:
		c.add(at, breaking, fmt.Sprintf("the operation asks for %s now, not for %s", either(gained), either(lost)), "Calls with the old credentials are refused.")
	case len(gained) > 0 && none(before):
		c.add(at, breaking, fmt.Sprintf("the operation asks for %s now, and for nothing before", either(gained)), "Calls without credentials are refused.")
	case len(gained) > 0:
		c.add(at, compatible, fmt.Sprintf("the operation takes %s as well", either(gained)), fineMeaning)
	case len(lost) > 0 && none(after):
		c.add(at, compatible, "the operation asks for no credentials any more", fineMeaning)
	case len(lost) > 0:
		c.add(at, breaking, fmt.Sprintf("the operation does not take %s any more", either(lost)), "Calls with these credentials are refused.")
	}
	if found["modified"] != nil {
		c.add(at, breaking, "the operation asks for other scopes", "Calls with the old scopes can be refused.")
	}
}

// ways names the alternatives in a list of oasdiff's.
func ways(list any) []string {
	var names []string
	alternatives, _ := list.([]any)
	for _, alternative := range alternatives {
		inner, _ := alternative.(map[string]any)
		schemes := slices.Sorted(maps.Keys(tree(inner).sub("schemes")))
		names = append(names, cmp.Or(strings.Join(schemes, " and "), "nothing"))
	}
	return names
}

func either(names []string) string { return strings.Join(names, " or ") }

func (c *comparison) securitySchemes(found tree) {
	for _, name := range found.names("deleted") {
		c.add(place{name: name}, breaking, fmt.Sprintf("the credentials %s are not taken any more", name), "Calls that send them are refused.")
	}
	for _, name := range found.names("added") {
		c.add(place{name: name}, compatible, fmt.Sprintf("the credentials %s are new", name), fineMeaning)
	}
	for _, name := range found.sub("modified").keys() {
		scheme, sentAs := found.sub("modified").sub(name), []string{}
		for _, key := range scheme.keys() {
			if isProse(key) || key == "bearerFormat" {
				c.prose(place{name: "the credentials " + name}, key)
				continue
			}
			words := key
			if key == "OAuthFlows" {
				words = "the flow, its scopes or the address of its tokens is another"
			}
			if part := scheme.sub(key); part["to"] != nil {
				words = fmt.Sprintf("%s is %v, not %v", key, part["to"], part["from"])
			}
			sentAs = append(sentAs, words)
		}
		if len(sentAs) > 0 {
			c.add(place{name: name}, breaking, fmt.Sprintf("the credentials %s are sent in another way: %s", name, strings.Join(sentAs, ", ")),
				"Calls that send them in the old way are refused.")
		}
	}
}
