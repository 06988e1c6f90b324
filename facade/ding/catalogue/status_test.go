package catalogue

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/ding"
)

func TestStatusTellsWhoIsDownNow(t *testing.T) {
	s := &service{down: map[string]string{"DOWN": "Back at noon.", "MUTE": ""}}
	c := selling(t, s, parts{})
	status, err := c.Status(t.Context(), "DOWN", "MUTE", "UP")
	require.NoError(t, err)
	assert.Equal(t, []string{"DOWN", "MUTE", "UP"}, s.codes)
	for code, want := range map[string]struct {
		down    bool
		message string
	}{"DOWN": {true, "Back at noon."}, "MUTE": {true, ""}, "UP": {false, ""}, "SILENT": {false, ""}} {
		down, message := status.Down(code)
		assert.Equal(t, want.down, down, code)
		assert.Equal(t, want.message, message, code)
	}
	down, _ := Status(nil).Down("UP")
	assert.False(t, down)

	delete(s.down, "DOWN")
	status, err = c.Status(t.Context(), "DOWN")
	require.NoError(t, err)
	down, _ = status.Down("DOWN")
	assert.False(t, down, "it is asked every time")
	assert.Equal(t, 2, s.requests["GetProviderStatus"])
}

func TestAStatusOfAllNamesNobody(t *testing.T) {
	s := &service{}
	_, err := selling(t, s, parts{}).Status(t.Context())
	require.NoError(t, err)
	assert.Empty(t, s.codes)
}

func TestAStatusThatCannotBeHadIsAnError(t *testing.T) {
	_, err := selling(t, &service{statusFails: true}, parts{}).Status(t.Context(), "P")
	require.ErrorIs(t, err, ding.CodeRateLimited)
}
