// Fuzz tests: no input panics or hangs, and whatever is accepted survives the round trip, amount and scale.

package money_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/money"
)

func FuzzDecimalJSON(f *testing.F) {
	for _, tc := range accepted {
		f.Add([]byte(tc.text))
		f.Add([]byte(`"` + tc.text + `"`))
	}
	for _, tc := range refused {
		if len(tc.text) < 1000 {
			f.Add([]byte(tc.text))
			f.Add([]byte(`"` + tc.text + `"`))
		}
	}
	f.Add([]byte(`null`))
	f.Add([]byte(`"1E\u002B2"`))
	f.Add([]byte(`[1]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		// The method itself must hold against bytes that encoding/json would never pass on.
		var direct money.Decimal
		directErr := direct.UnmarshalJSON(data)

		var got money.Decimal
		if err := json.Unmarshal(data, &got); err != nil {
			assert.Equal(t, money.Decimal{}, got)
			return
		}
		if strings.TrimSpace(string(data)) == string(data) {
			require.NoError(t, directErr)
			assert.Equal(t, got, direct)
		}

		written, err := json.Marshal(got)
		require.NoError(t, err)
		require.True(t, json.Valid(written), "%s is not JSON", written)
		assert.NotContains(t, strings.ToLower(string(written)), "e")
		var back money.Decimal
		require.NoError(t, json.Unmarshal(written, &back))
		assert.Equal(t, got, back)
	})
}

func FuzzParse(f *testing.F) {
	for _, tc := range accepted {
		f.Add(tc.text)
	}
	for _, tc := range refused {
		if len(tc.text) < 1000 {
			f.Add(tc.text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := money.Parse(text)
		if err != nil {
			assert.True(t, errors.Is(err, money.ErrSyntax) != errors.Is(err, money.ErrRange), "one reason: %v", err)
			assert.Less(t, len(err.Error()), 200)
			return
		}
		again, err := money.Parse(got.String())
		require.NoError(t, err)
		assert.Equal(t, got, again)

		// Arithmetic takes the other way through the type: it must come back to the same amount and scale.
		var zero money.Decimal
		assert.Equal(t, got, got.Add(zero))
		assert.Equal(t, got, got.Neg().Neg())
		assert.Equal(t, got, got.Round(got.Places()))
		assert.Equal(t, got.Sign(), got.Cmp(zero))
		assert.True(t, got.Sub(got).IsZero())
		assert.True(t, json.Valid([]byte(got.String())))
	})
}
