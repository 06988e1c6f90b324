// Tests of the encodings beyond the shared grammar: structs, null, map keys, flags, XML, and results out of bounds.

package money_test

import (
	"encoding/json"
	"encoding/xml"
	"flag"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/money"
)

type price struct {
	CustomerFee money.Decimal `json:"CustomerFee,omitzero"`
	SendValue   money.Decimal `json:"SendValue"`
}

func TestStructsKeepEveryDigitAsWritten(t *testing.T) {
	for name, tc := range map[string]struct{ in, out string }{
		"scale":            {`{"CustomerFee":0.10,"SendValue":10.00}`, `{"CustomerFee":0.10,"SendValue":10.00}`},
		"29 digits":        {`{"SendValue":79228162514264337593543950335}`, `{"SendValue":79228162514264337593543950335}`},
		"quoted":           {`{"SendValue":"0.70"}`, `{"SendValue":0.70}`},
		"null is absent":   {`{"CustomerFee":null,"SendValue":null}`, `{"SendValue":0}`},
		"absent":           {`{}`, `{"SendValue":0}`},
		"zero with places": {`{"CustomerFee":0.00,"SendValue":0.00}`, `{"SendValue":0.00}`},
		"exponent":         {`{"CustomerFee":1e-7,"SendValue":1E+2}`, `{"CustomerFee":0.0000001,"SendValue":100}`},
		"an escaped plus":  {`{"SendValue":"1E\u002B2"}`, `{"SendValue":100}`},
	} {
		t.Run(name, func(t *testing.T) {
			var p price
			require.NoError(t, json.Unmarshal([]byte(tc.in), &p))
			written, err := json.Marshal(p)
			require.NoError(t, err)
			assert.Equal(t, tc.out, string(written))
		})
	}
}

func TestNullGivesZero(t *testing.T) {
	p := price{SendValue: money.FromInt(5)}
	require.NoError(t, json.Unmarshal([]byte(`{"SendValue":null}`), &p))
	assert.True(t, p.SendValue.IsZero(), "an amount from an earlier answer does not stay")
}

func TestOtherJSONIsNoAmount(t *testing.T) {
	for _, text := range []string{`true`, `false`, `[]`, `[1]`, `{}`, `{"Value":1}`, `""`, `" "`, `"null"`, `"0x10"`, `"\n1"`} {
		var d money.Decimal
		assert.ErrorIs(t, json.Unmarshal([]byte(text), &d), money.ErrSyntax, text)
	}
	var d money.Decimal
	assert.ErrorIs(t, d.UnmarshalJSON([]byte(`"1`)), money.ErrSyntax, "a caller other than encoding/json")
	assert.ErrorIs(t, d.UnmarshalJSON(nil), money.ErrSyntax)
}

func TestMapKeysAreText(t *testing.T) {
	bonus := map[money.Decimal]string{}
	require.NoError(t, json.Unmarshal([]byte(`{"10.00":"double","5":"none"}`), &bonus))
	assert.Equal(t, map[money.Decimal]string{money.New(1000, -2): "double", money.FromInt(5): "none"}, bonus)

	written, err := json.Marshal(bonus)
	require.NoError(t, err)
	assert.JSONEq(t, `{"10.00":"double","5":"none"}`, string(written))
}

func TestFlagsReadAmounts(t *testing.T) {
	flags := flag.NewFlagSet("send", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	var value money.Decimal
	flags.TextVar(&value, "value", money.FromInt(1), "amount to send")

	require.NoError(t, flags.Parse([]string{"--value", "10.00"}))
	assert.Equal(t, "10.00", value.String())
	require.ErrorContains(t, flags.Parse([]string{"--value", "ten"}), `"ten" is not a decimal number`)
}

func TestXMLHoldsText(t *testing.T) {
	type charge struct {
		Currency string        `xml:"currency,attr"`
		Amount   money.Decimal `xml:"amount"`
		Fee      money.Decimal `xml:"fee,attr"`
	}
	in := `<charge currency="IQD" fee="0.10"><amount>0.001</amount></charge>`
	var c charge
	require.NoError(t, xml.Unmarshal([]byte(in), &c))
	out, err := xml.Marshal(c)
	require.NoError(t, err)
	assert.Equal(t, in, string(out))
}

func TestResultsOutOfBoundsAreNotWritten(t *testing.T) {
	for name, d := range map[string]money.Decimal{
		"too many digits": money.MustParse(nines).Add(money.FromInt(1)),
		"too many places": money.MustParse("0." + nines).Mul(money.MustParse("0.1")),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.MarshalText()
			require.ErrorIs(t, err, money.ErrRange)
			assert.ErrorContains(t, err, "round it first")
			_, err = json.Marshal(price{SendValue: d})
			assert.ErrorIs(t, err, money.ErrRange)
		})
	}
	rounded, err := json.Marshal(money.MustParse("0." + nines).Mul(money.MustParse("0.1")).Round(3))
	require.NoError(t, err)
	assert.Equal(t, "0.100", string(rounded))
}
