package main

// Applying the overlay: what people know about the API, as OpenAPI Overlay actions on the converted document.

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/speakeasy-api/openapi/overlay"
	"gopkg.in/yaml.v3"
)

// applyOverlay changes doc as the overlay in the file says, action by action. An action that finds nothing to act on is a
// warning and not a failure: the service may drop a method at any time, and the rest has to convert all the same. The
// warnings are valid beside an error too.
func applyOverlay(doc *yaml.Node, path string) (warnings []string, err error) {
	plan, err := readOverlay(path)
	if err != nil {
		return nil, err
	}
	for i, action := range plan.Actions {
		found, err := applyAction(doc, plan, action)
		for _, warning := range found {
			warnings = append(warnings, fmt.Sprintf("action %d (target %s) %s", i+1, action.Target, warning))
		}
		if err != nil {
			return warnings, fmt.Errorf("action %d (target %s): %w", i+1, action.Target, err)
		}
	}
	return warnings, nil
}

func readOverlay(path string) (*overlay.Overlay, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	plan, err := overlay.ParseReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("is not a valid overlay: %w", err)
	}
	if err := plan.Validate(); err != nil {
		return nil, fmt.Errorf("is not a valid overlay: %w", err)
	}
	for i := range plan.Actions {
		action := &plan.Actions[i]
		if err := checkAction(*action); err != nil {
			return nil, fmt.Errorf("is not a valid overlay: action %d (target %s): %w", i+1, action.Target, err)
		}
		expanded, err := expandAliases(&action.Update, nil)
		if err != nil {
			return nil, fmt.Errorf("is not a valid overlay: action %d (target %s): %w", i+1, action.Target, err)
		}
		action.Update = *expanded
	}
	return plan, nil
}

// checkAction finds what the library lets pass: a misspelt field, which it takes for an extension, and so an action that
// would do nothing.
func checkAction(action overlay.Action) error {
	var unknown []string
	for key := range action.Extensions {
		if !isExtension(key) {
			unknown = append(unknown, key)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return fmt.Errorf("unknown field %s", strings.Join(unknown, ", "))
	}
	if !action.Remove && action.Update.IsZero() && action.Copy == "" {
		return errors.New("none of update, remove and copy is set")
	}
	return nil
}

// applyAction applies one action on its own, which is what tells an unmatched target apart from a failure.
func applyAction(doc *yaml.Node, plan *overlay.Overlay, action overlay.Action) (warnings []string, err error) {
	defer func() { // the two JSONPath implementations below meet paths that nobody has tried on them
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the overlay library gave up: %v", cause)
		}
	}()
	for _, selector := range []string{action.Target, action.Copy} {
		if selector == "" {
			continue
		}
		path, err := plan.NewPath(selector, nil)
		if err != nil {
			return nil, err
		}
		if len(path.Query(doc)) == 0 {
			return []string{fmt.Sprintf("is left out: %s matches nothing in the document", selector)}, nil
		}
	}
	single := *plan
	single.Actions = []overlay.Action{action}
	notes, err := single.ApplyToStrict(doc)
	for _, note := range notes {
		if strings.HasSuffix(note, ": does nothing") {
			note = "changes nothing: the document already says so"
		}
		warnings = append(warnings, note)
	}
	return warnings, err
}

// expandAliases returns a copy of the node in which YAML aliases and merge keys are written out, so that an overlay may use
// them against repetition, and the document, which is read by other tools too, has none. It fails on an alias inside itself.
func expandAliases(node *yaml.Node, open []*yaml.Node) (*yaml.Node, error) {
	if slices.Contains(open, node) || len(open) > maxDepth {
		return nil, errors.New("a YAML alias contains itself, or the update is nested too deeply")
	}
	open = append(open, node)
	if node.Kind == yaml.AliasNode {
		return expandAliases(node.Alias, open)
	}
	expanded := &yaml.Node{Kind: node.Kind, Style: node.Style, Tag: node.Tag, Value: node.Value}
	if node.Kind == yaml.ScalarNode && node.ShortTag() != tagString && node.Style == 0 {
		expanded.Tag = "" // see parseValue
	}
	for _, child := range node.Content {
		inner, err := expandAliases(child, open)
		if err != nil {
			return nil, err
		}
		expanded.Content = append(expanded.Content, inner)
	}
	return mergeKeys(expanded), nil
}

// mergeKeys resolves `<<`: the mapping's own keys win over the merged ones, which follow them.
func mergeKeys(node *yaml.Node) *yaml.Node {
	merged := field(node, "<<")
	if merged == nil {
		return node
	}
	dropField(node, "<<")
	sources := []*yaml.Node{merged}
	if merged.Kind == yaml.SequenceNode {
		sources = merged.Content
	}
	for _, source := range sources {
		for key, value := range fields(source) {
			if field(node, key) == nil {
				setField(node, key, value)
			}
		}
	}
	return node
}
