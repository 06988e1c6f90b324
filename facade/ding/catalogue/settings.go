package catalogue

import (
	"slices"
	"strconv"
	"strings"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
)

// CheckSettings reports every mandatory setting of the product that is missing or blank, as a [*facade.RequestError] that
// quotes the definition's own description. Settings that the product does not define are let through, since Ding stores
// them with the transfer; the same name twice is not.
func CheckSettings(product *ding.Product, settings []ding.Setting) error {
	problems := settingProblems(product, settings)
	if len(problems) == 0 {
		return nil
	}
	return &facade.RequestError{Operation: "SendTransfer", Problems: problems}
}

func settingProblems(product *ding.Product, settings []ding.Setting) []facade.FieldProblem {
	var problems []facade.FieldProblem
	for i, setting := range settings {
		if slices.ContainsFunc(settings[:i], func(s ding.Setting) bool { return s.Name == setting.Name }) {
			problems = append(problems, facade.FieldProblem{Field: "Settings[" + strconv.Itoa(i) + "].Name", Reason: "is given twice: " + setting.Name})
		}
	}
	for _, definition := range product.SettingDefinitions {
		if definition.IsMandatory && !isSet(settings, definition.Name) {
			problems = append(problems, facade.FieldProblem{Field: "Settings[" + definition.Name + "]", Reason: hinted("is missing", definition.Description)})
		}
	}
	return problems
}

func isSet(settings []ding.Setting, name string) bool {
	return slices.ContainsFunc(settings, func(s ding.Setting) bool { return s.Name == name && strings.TrimSpace(s.Value) != "" })
}

// hinted adds a definition's description to a reason, if there is one.
func hinted(reason, description string) string {
	if description = strings.TrimSpace(description); description == "" {
		return reason
	}
	return reason + ": " + description
}
