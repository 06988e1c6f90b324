package terminal_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/ding/catalogue/terminal"
)

func TestWithoutColourTheTextIsPlainAndWrapped(t *testing.T) {
	text, err := terminal.Render("# Terms\n\n"+strings.Repeat("word ", 40)+"\n\n- one\n- two", 40, false)
	require.NoError(t, err)
	assert.NotContains(t, text, "\x1b")
	assert.Contains(t, text, "Terms")
	assert.Contains(t, text, "• one")
	for line := range strings.Lines(text) {
		assert.LessOrEqual(t, len([]rune(strings.TrimRight(line, "\n"))), 44, line)
	}
}

func TestInColourTheTextHasSequences(t *testing.T) {
	text, err := terminal.Render("**bold**", 0, true)
	require.NoError(t, err)
	assert.Contains(t, text, "\x1b[")
	assert.Contains(t, text, "bold")
}

func TestATextCannotSteerTheTerminal(t *testing.T) {
	for _, hostile := range []string{"a\x1b]0;owned\x07b \u009b31mred\x00", "a&#27;]0;owned&#7;", "a&#x1B;]0;owned&#x9b;", "`a&#27;`", "&amp;#27;[31m", "&#&#27;27;"} {
		text, err := terminal.Render(hostile, 80, false)
		require.NoError(t, err)
		for _, forbidden := range []string{"\x1b", "\x07", "\u009b", "\x00"} {
			assert.NotContains(t, text, forbidden, hostile)
		}
	}
}

func ExampleRender() {
	text, err := terminal.Render("**Double data** until Sunday", 60, false)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.TrimSpace(text))
	// Output: **Double data** until Sunday
}
