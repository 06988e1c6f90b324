// Tests of what a sender has to present.

package inbound_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/airtime-go/airtime/facade/internal/inbound"
)

func TestOneOfTheSecretsIsEnoughAndNothingElse(t *testing.T) {
	secrets := inbound.NewSecrets("the-first", "the-second", "the-second")
	for presented, want := range map[string]bool{
		"the-first": true, "the-second": true,
		"": false, "the-": false, "the-first ": false, "The-First": false, "the-third": false, "the-firstthe-second": false,
	} {
		assert.Equal(t, want, secrets.Match(presented), presented)
	}
	assert.False(t, inbound.NewSecrets().Match(""), "nothing matches nothing")
}

func TestSecretsDoNotShowThemselves(t *testing.T) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		shown := fmt.Sprintf(verb, inbound.NewSecrets("the-first"))
		assert.NotContains(t, shown, "the-first")
		assert.NotContains(t, strings.ToLower(shown), fmt.Sprintf("%x", "the-first"))
	}
}
