// Tests of the times that services write, and of those they should not.

package wire_test

import (
	"bytes"
	"encoding"
	"encoding/gob"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/wire"
)

func TestTimeReadsWhatServicesWrite(t *testing.T) {
	for name, tc := range map[string]struct{ json, wire string }{
		"UTC":                                   {`"2026-05-08T15:23:28Z"`, "2026-05-08T15:23:28Z"},
		"no zone means UTC":                     {`"2026-05-08T15:23:28"`, "2026-05-08T15:23:28Z"},
		"seven digits of .NET":                  {`"2026-05-08T15:23:28.1234567Z"`, "2026-05-08T15:23:28.1234567Z"},
		"seven digits and no zone":              {`"2026-05-08T15:23:28.1234567"`, "2026-05-08T15:23:28.1234567Z"},
		"one digit":                             {`"2026-05-08T15:23:28.5Z"`, "2026-05-08T15:23:28.5Z"},
		"nine digits":                           {`"2026-05-08T15:23:28.123456789Z"`, "2026-05-08T15:23:28.123456789Z"},
		"a fraction of zeros is none":           {`"2026-05-08T15:23:28.0000000Z"`, "2026-05-08T15:23:28Z"},
		"east of Greenwich":                     {`"2026-05-08T17:23:28+02:00"`, "2026-05-08T15:23:28Z"},
		"west of Greenwich, into the next day":  {`"2026-05-08T22:23:28.25-07:30"`, "2026-05-09T05:53:28.25Z"},
		"a plus sign as .NET may escape it":     {`"2026-05-08T17:23:28\u002B02:00"`, "2026-05-08T15:23:28Z"},
		"a leap day":                            {`"2028-02-29T00:00:00"`, "2028-02-29T00:00:00Z"},
		".NET's last moment":                    {`"9999-12-31T23:59:59.9999999"`, "9999-12-31T23:59:59.9999999Z"},
		".NET's last moment, west of Greenwich": {`"9999-12-31T23:59:59.9999999-05:00"`, "9999-12-31T23:59:59.9999999Z"},
	} {
		t.Run(name, func(t *testing.T) {
			var got wire.Time
			require.NoError(t, json.Unmarshal([]byte(tc.json), &got))

			assert.Equal(t, tc.wire, got.String())
			assert.Equal(t, time.UTC, got.Location())
			written, err := json.Marshal(got)
			require.NoError(t, err)
			assert.Equal(t, `"`+tc.wire+`"`, string(written))
		})
	}
}

func TestTimeIsZeroWhereThereIsNone(t *testing.T) {
	for name, text := range map[string]string{
		"null":                                   `null`,
		"empty text":                             `""`,
		".NET's first moment":                    `"0001-01-01T00:00:00"`,
		".NET's first moment, east of Greenwich": `"0001-01-01T00:00:00+03:00"`,
		".NET's first moment in UTC":             `"0001-01-01T00:00:00Z"`,
	} {
		t.Run(name, func(t *testing.T) {
			got := wire.NewTime(time.Date(2026, 5, 8, 15, 23, 28, 0, time.UTC))
			require.NoError(t, json.Unmarshal([]byte(text), &got))

			assert.True(t, got.IsZero())
			assert.Equal(t, wire.Time{}, got)
			assert.Empty(t, got.String())
			assert.False(t, got.OpenEnded())
		})
	}
}

func TestTimeRefusesJunk(t *testing.T) {
	for name, text := range map[string]string{
		"a date alone":                `"2026-05-08"`,
		"a space for the T":           `"2026-05-08 15:23:28Z"`,
		"a comma for the point":       `"2026-05-08T15:23:28,5Z"`,
		"an offset of sixty minutes":  `"2026-05-08T15:23:28+02:60"`,
		"digits beyond ASCII":         `"2026-05-08T15:23:2\u0668Z"`,
		"second 60":                   `"2026-12-31T23:59:60Z"`,
		"a line feed behind":          `"2026-05-08T15:23:28Z\n"`,
		"a point and no digits":       `"2026-05-08T15:23:28.Z"`,
		"ten digits":                  `"2026-05-08T15:23:28.1234567891Z"`,
		"an hour of one digit":        `"2026-05-08T5:23:28Z"`,
		"hour 24":                     `"2026-05-08T24:00:00Z"`,
		"month 13":                    `"2026-13-08T15:23:28Z"`,
		"a day that the month lacks":  `"2026-02-29T15:23:28Z"`,
		"an offset of a day":          `"2026-05-08T15:23:28+24:00"`,
		"an offset without colon":     `"2026-05-08T15:23:28+0200"`,
		"something behind the zone":   `"2026-05-08T15:23:28Z tomorrow"`,
		"a blank in front":            `" 2026-05-08T15:23:28Z"`,
		"a year of five digits":       `"12026-05-08T15:23:28Z"`,
		"the date format of old .NET": `"/Date(1778253808000)/"`,
		"seconds since 1970":          `1778253808`,
		"a boolean":                   `true`,
		"an object":                   `{"time":"2026-05-08T15:23:28Z"}`,
		"text beyond ASCII":           `"` + strings.Repeat("π", 50) + `"`,
		"the word null as a string":   `"null"`,
		"megabytes of digits":         `"` + strings.Repeat("9", 1<<22) + `"`,
	} {
		t.Run(name, func(t *testing.T) {
			before := wire.NewTime(time.Date(2026, 5, 8, 15, 23, 28, 0, time.UTC))
			got := before
			err := json.Unmarshal([]byte(text), &got)

			require.ErrorContains(t, err, "is not a time in the form of")
			assert.Less(t, len(err.Error()), 200, "the error shows an excerpt only")
			assert.Equal(t, before, got, "a failed decode changes nothing")
		})
	}
}

func TestTimeErrorQuotesTheInputAsItCame(t *testing.T) {
	var got wire.Time
	assert.EqualError(t, json.Unmarshal([]byte(`"2026-05-08T15:23:61"`), &got),
		`wire: "2026-05-08T15:23:61" is not a time in the form of RFC 3339`)
	assert.EqualError(t, got.UnmarshalText([]byte(strings.Repeat("€", 20))),
		`wire: "`+strings.Repeat("€", 13)+`"… is not a time in the form of RFC 3339`)
}

func TestTimeTextIsAsJSON(t *testing.T) {
	cairo := time.FixedZone("EET", 2*60*60)
	moment := wire.Time{Time: time.Date(2026, 5, 8, 17, 23, 28, 500_000_000, cairo)}

	text, err := moment.MarshalText()
	require.NoError(t, err)
	assert.Equal(t, "2026-05-08T15:23:28.5Z", string(text))
	var appender encoding.TextAppender = moment
	appended, err := appender.AppendText([]byte("at "))
	require.NoError(t, err)
	assert.Equal(t, "at 2026-05-08T15:23:28.5Z", string(appended))

	var back wire.Time
	require.NoError(t, back.UnmarshalText(text))
	assert.Equal(t, wire.NewTime(moment.Time), back)
	require.NoError(t, back.UnmarshalText([]byte("2026-05-08T15:23:28.5")))
	assert.Equal(t, wire.NewTime(moment.Time), back)

	empty, err := wire.Time{}.MarshalText()
	require.NoError(t, err)
	assert.Empty(t, empty)
	require.NoError(t, back.UnmarshalText(empty))
	assert.True(t, back.IsZero())

	byTime, err := json.Marshal(map[wire.Time]int{moment: 1})
	require.NoError(t, err)
	assert.JSONEq(t, `{"2026-05-08T15:23:28.5Z":1}`, string(byTime))
}

func TestTimeOutsideTheCalendarIsNotWritten(t *testing.T) {
	far := wire.NewTime(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))

	_, err := json.Marshal(far)
	require.Error(t, err)
	_, err = far.MarshalText()
	require.Error(t, err)
}

func TestTimeOmitzeroLeavesAbsentTimesOut(t *testing.T) {
	type promotion struct {
		StartUtc wire.Time `json:"StartUtc"`
		EndUtc   wire.Time `json:"EndUtc,omitzero"`
	}
	written, err := json.Marshal(promotion{})
	require.NoError(t, err)
	assert.Equal(t, `{"StartUtc":null}`, string(written))
}

func TestTimeOpenEnded(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want bool
	}{
		"DateTime.MaxValue":            {"9999-12-31T23:59:59.9999999", true},
		"MaxValue cut to seconds":      {"9999-12-31T23:59:59Z", true},
		"MaxValue with an offset":      {"9999-12-31T23:59:59.9999999-08:00", true},
		"MaxValue as a date":           {"9999-12-31T00:00:00", true},
		"a promotion that ends":        {"2026-12-31T23:59:59Z", false},
		"the last moment of year 9998": {"9998-12-31T23:59:59Z", false},
		"no time":                      {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			var end wire.Time
			require.NoError(t, end.UnmarshalText([]byte(tc.text)))
			assert.Equal(t, tc.want, end.OpenEnded())
		})
	}
}

func TestTimeSurvivesGobInUTC(t *testing.T) {
	local := wire.Time{Time: time.Date(2026, 5, 8, 17, 23, 28, 0, time.FixedZone("EET", 2*60*60))}

	var buffer bytes.Buffer
	require.NoError(t, gob.NewEncoder(&buffer).Encode(local))
	var back wire.Time
	require.NoError(t, gob.NewDecoder(&buffer).Decode(&back))

	assert.Equal(t, wire.NewTime(local.Time), back)
	assert.Error(t, back.UnmarshalBinary([]byte("junk")))
}

func TestNewTimeIsWhatDecodingGives(t *testing.T) {
	now := time.Now()
	written, err := json.Marshal(wire.NewTime(now))
	require.NoError(t, err)
	var back wire.Time
	require.NoError(t, json.Unmarshal(written, &back))

	assert.True(t, back == wire.NewTime(now), "the same moment is == after a round trip")
	assert.True(t, back.Equal(now))
}
