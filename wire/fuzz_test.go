// Fuzz tests: whatever a service writes, decoding ends in a value that survives the round trip, or in a plain error.

package wire_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/wire"
)

func FuzzTimeJSON(f *testing.F) {
	for _, seed := range []string{
		`null`, `""`, `"2026-05-08T15:23:28Z"`, `"2026-05-08T15:23:28.1234567"`, `"2026-05-08T17:23:28+02:00"`,
		`"9999-12-31T23:59:59.9999999"`, `"9999-12-31T23:59:59.9999999-05:00"`, `"0001-01-01T00:00:00+03:00"`,
		`"2026-05-08T15:23:28,5Z"`, `"2026-05-08"`, `1778253808`, `{}`, `"2026-05-08T17:23:28\u002B02:00"`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var got wire.Time
		if err := json.Unmarshal(data, &got); err != nil {
			assert.Less(t, len(err.Error()), 300)
			assert.True(t, got.IsZero())
			return
		}
		assert.Equal(t, time.UTC, got.Location())
		written, err := json.Marshal(got)
		require.NoError(t, err, "what was read can be written")
		var back wire.Time
		require.NoError(t, json.Unmarshal(written, &back))
		assert.True(t, got == back, "%s became %s", got, back)
		require.NoError(t, back.UnmarshalText([]byte(got.String())))
		assert.True(t, got == back, "text is as JSON")
	})
}

func FuzzReceiptParamsJSON(f *testing.F) {
	for _, seed := range []string{
		`null`, `{}`, `{"pin":"4929-0000-1234"}`, `{"pin":null,"n":1E+2,"b":true}`, `{"a":{"b":[1, 2]}}`, `[]`, `"x"`,
		`{"pin":"\ud800"}`, `{"":""}`, `{"pin":"1","pin":2}`,
		"{\"\":{\"\xb0\":[]}}", "{\"\xff\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var got wire.ReceiptParams
		if err := json.Unmarshal(data, &got); err != nil {
			assert.Nil(t, got)
			return
		}
		written, err := json.Marshal(got)
		require.NoError(t, err)
		var back wire.ReceiptParams
		require.NoError(t, json.Unmarshal(written, &back))
		assert.Equal(t, got.Reveal(), back.Reveal())

		want := redacted
		if len(got) == 0 {
			want = ""
		}
		assert.Equal(t, want, fmt.Sprintf("%+v", got))
	})
}
