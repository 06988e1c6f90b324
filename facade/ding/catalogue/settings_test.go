package catalogue

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
)

func TestMandatorySettingsAreAskedForWithTheirOwnHint(t *testing.T) {
	product := &ding.Product{SettingDefinitions: []ding.SettingDefinition{
		{Name: "Identity", Description: "The number of an identity card, 8 digits", IsMandatory: true},
		{Name: "Note", Description: "Anything"},
		{Name: "Bare", IsMandatory: true},
	}}
	setting := func(name, value string) ding.Setting { return ding.Setting{Name: name, Value: value} }
	for name, tc := range map[string]struct {
		settings []ding.Setting
		want     string
	}{
		"all of them":    {[]ding.Setting{setting("Identity", "12345678"), setting("Bare", "x")}, ""},
		"more than that": {[]ding.Setting{setting("Identity", "1"), setting("Bare", "x"), setting("Ours", "y")}, ""},
		"none":           {nil, "SendTransfer was not sent: Settings[Identity] is missing: The number of an identity card, 8 digits; Settings[Bare] is missing"},
		"a blank one":    {[]ding.Setting{setting("Identity", "1"), setting("Bare", " ")}, "SendTransfer was not sent: Settings[Bare] is missing"},
		"one twice":      {[]ding.Setting{setting("Identity", "1"), setting("Bare", "x"), setting("Bare", "y")}, "SendTransfer was not sent: Settings[2].Name is given twice: Bare"},
	} {
		t.Run(name, func(t *testing.T) {
			err := CheckSettings(product, tc.settings)
			if tc.want == "" {
				assert.NoError(t, err)
				return
			}
			assert.EqualError(t, err, tc.want)
			assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(err))
		})
	}
}
