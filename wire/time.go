// Points in time, as .NET services write them: with a zone, with seven fraction digits, or with no zone at all.

package wire

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"time"
	"unicode/utf8"
)

// maxTimeExcerpt is how many bytes of refused input an error shows.
const maxTimeExcerpt = 40

// timeForm is RFC 3339 with the zone left optional. The package time is laxer than that document: it takes a comma
// for the point, one digit for the hour, and an offset of a whole day.
var timeForm = regexp.MustCompile(
	`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?$`)

// lastMoment is .NET's DateTime.MaxValue.
var lastMoment = time.Date(9999, time.December, 31, 23, 59, 59, 999_999_900, time.UTC)

// Time is a point in time on the wire. It reads RFC 3339 with any offset and up to nine fraction digits, and the same
// without a zone, which then means UTC; null and "" mean that there is none, and give the zero Time. It writes RFC
// 3339 in UTC with Z, with a fraction only where there is one, and null for the zero Time. JSON, text and String agree,
// but for the zero Time, which is empty as text. What was read is always in UTC.
//
// The embedded time.Time brings the usual methods; IsZero makes the struct tag omitzero work.
type Time struct{ time.Time }

// NewTime returns the moment t in UTC, without a monotonic clock reading, as if it had been read from an answer.
func NewTime(t time.Time) Time { return Time{t.UTC().Round(0)} }

// OpenEnded reports whether the time lies in the year 9999, which stands for "no end": promotions without an end
// carry .NET's DateTime.MaxValue, 9999-12-31T23:59:59.9999999.
func (t Time) OpenEnded() bool { return t.UTC().Year() == lastMoment.Year() }

// String returns the form on the wire, such as 2026-05-08T15:23:28Z, and "" for the zero Time.
func (t Time) String() string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// MarshalJSON writes RFC 3339 in UTC, or null for the zero Time. A year beyond 9999 is an error.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return t.UTC().MarshalJSON()
}

// UnmarshalJSON reads a string as described at [Time], or null. On an error the value stays as it was.
func (t *Time) UnmarshalJSON(data []byte) error {
	var text *string
	if err := json.Unmarshal(data, &text); err != nil {
		return refuseTime(string(data))
	}
	if text == nil {
		*t = Time{}
		return nil
	}
	return t.UnmarshalText([]byte(*text))
}

// MarshalText writes RFC 3339 in UTC, or nothing for the zero Time. A year beyond 9999 is an error.
func (t Time) MarshalText() ([]byte, error) { return t.AppendText(nil) }

// AppendText appends what [Time.MarshalText] writes.
func (t Time) AppendText(b []byte) ([]byte, error) {
	if t.IsZero() {
		return b, nil
	}
	return t.UTC().AppendText(b)
}

// UnmarshalText reads text as described at [Time]. On an error the value stays as it was.
func (t *Time) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*t = Time{}
		return nil
	}
	parsed, err := parseTime(string(text))
	if err != nil {
		return err
	}
	*t = Time{parsed}
	return nil
}

// UnmarshalBinary reads what MarshalBinary wrote, into UTC.
func (t *Time) UnmarshalBinary(data []byte) error {
	if err := t.Time.UnmarshalBinary(data); err != nil {
		return err
	}
	t.Time = t.UTC()
	return nil
}

// GobDecode reads what GobEncode wrote, into UTC.
func (t *Time) GobDecode(data []byte) error { return t.UnmarshalBinary(data) }

// parseTime checks the form, adds the zone where there is none, and leaves the calendar to package time.
func parseTime(text string) (time.Time, error) {
	form := timeForm.FindStringSubmatch(text)
	if form == nil {
		return time.Time{}, refuseTime(text)
	}
	zoned := text
	if form[1] == "" {
		zoned += "Z"
	}
	parsed, err := time.Parse(time.RFC3339, zoned)
	if err != nil {
		return time.Time{}, refuseTime(text)
	}
	return withinCalendar(parsed.UTC()), nil
}

// withinCalendar keeps .NET's first and last moment what they are when a service writes them with an offset: taken
// to UTC they would fall out of the years that RFC 3339 has, and one promotion without an end would spoil the answer.
func withinCalendar(t time.Time) time.Time {
	switch {
	case t.Year() > lastMoment.Year():
		return lastMoment
	case t.Year() < 1:
		return time.Time{}
	default:
		return t
	}
}

func refuseTime(text string) error {
	const why = "is not a time in the form of RFC 3339"
	if len(text) <= maxTimeExcerpt {
		return fmt.Errorf("wire: %s %s", strconv.Quote(text), why)
	}
	end := maxTimeExcerpt
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return fmt.Errorf("wire: %s… %s", strconv.Quote(text[:end]), why)
}
