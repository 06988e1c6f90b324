// How long a service's Retry-After is waited: row by row, and in virtual time.

package pipeline

import (
	"context"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
)

// Every date in the rows is told from here. It is the clock's start in a synctest bubble.
var epoch = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

func TestRetryAfterIsReadAsItIsWritten(t *testing.T) {
	for _, row := range []struct {
		name, value string
		want        time.Duration
	}{
		{"seconds", "120", 2 * time.Minute},
		{"seconds with blanks around them", "  7\t", 7 * time.Second},
		{"seconds with zeros before them", "007", 7 * time.Second},
		{"a fraction of a second", "0.25", 250 * time.Millisecond},
		{"a fraction without a zero before it", ".5", 500 * time.Millisecond},
		{"zero counts as absent", "0", 0},
		{"a zero with decimals counts as absent", "0.000", 0},
		{"less than a nanosecond counts as absent", "0.0000000001", 0},
		{"a date in the format of RFC 1123", "Sat, 01 Jan 2000 00:00:30 GMT", 30 * time.Second},
		{"a date in the format of RFC 850", "Saturday, 01-Jan-00 00:00:30 GMT", 30 * time.Second},
		{"a date in the format of asctime", "Sat Jan  1 00:00:30 2000", 30 * time.Second},
		{"a past date of RFC 1123 counts as absent", "Fri, 31 Dec 1999 23:59:30 GMT", 0},
		{"a past date of RFC 850 counts as absent", "Friday, 31-Dec-99 23:59:30 GMT", 0},
		{"a past date of asctime counts as absent", "Fri Dec 31 23:59:30 1999", 0},
		{"this very second counts as absent", "Sat, 01 Jan 2000 00:00:00 GMT", 0},
		{"the end of time is longer than anybody waits", "Fri, 31 Dec 9999 23:59:59 GMT", math.MaxInt64},
		{"junk counts as absent", "soon", 0},
		{"a negative number counts as absent", "-5", 0},
		{"a number with a plus counts as absent", "+5", 0},
		{"NaN counts as absent", "NaN", 0},
		{"infinity counts as absent", "Inf", 0},
		{"an exponent counts as absent", "1e9", 0},
		{"a hexadecimal number counts as absent", "0x10", 0},
		{"a hexadecimal float counts as absent", "0x1p4", 0},
		{"digits with underscores count as absent", "1_000", 0},
		{"two points count as absent", "1.2.3", 0},
		{"a point alone counts as absent", ".", 0},
		{"two numbers count as absent", "5, 10", 0},
		{"a unit counts as absent", "5s", 0},
		{"digits of another script count as absent", "٣٠", 0},
		{"blank counts as absent", " ", 0},
		{"empty counts as absent", "", 0},
		{"a date of ISO 8601 counts as absent", "2000-01-01T00:00:30Z", 0},
		{"the largest Duration, and a second", "9223372037", math.MaxInt64},
		{"an overflow of 64 bits", "18446744073709551617", math.MaxInt64},
		{"an overflow of 20 digits", "99999999999999999999", math.MaxInt64},
		{"an overflow of a float", strings.Repeat("9", 400), math.MaxInt64},
	} {
		t.Run(row.name, func(t *testing.T) {
			assert.Equal(t, row.want, retryAfter(http.Header{"Retry-After": {row.value}}, epoch))
		})
	}
	assert.Zero(t, retryAfter(http.Header{}, epoch), "no header")
}

// TestRetryAfterIsKeptExactly runs net/http in virtual time: the second request comes when the first answer said, or
// never does.
func TestRetryAfterIsKeptExactly(t *testing.T) {
	const bound = time.Minute
	for _, row := range []struct {
		name, value string
		deadline    time.Duration
		// waited is how long the pause was; -1 means that there was no second attempt.
		waited time.Duration
		// told is what the error says.
		told time.Duration
	}{
		{"seconds", "5", 0, 5 * time.Second, 0},
		{"a fraction", "1.5", 0, 1500 * time.Millisecond, 0},
		{"a date", "Sat, 01 Jan 2000 00:00:30 GMT", 0, 30 * time.Second, 0},
		{"equal to the cap", "60", 0, bound, 0},
		{"a second beyond the cap", "61", 0, -1, 61 * time.Second},
		{"a date beyond the cap", "Sat, 01 Jan 2000 01:00:00 GMT", 0, -1, time.Hour},
		{"an overflow", "99999999999999999999", 0, -1, math.MaxInt64},
		{"within the deadline", "5", 6 * time.Second, 5 * time.Second, 0},
		{"at the deadline", "5", 5 * time.Second, -1, 5 * time.Second},
		{"beyond the deadline", "30", 10 * time.Second, -1, 30 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				require.True(t, start.Equal(epoch))
				var arrivals []time.Duration
				r := newRig(t, inMemory(t, func(w http.ResponseWriter, _ *http.Request) {
					arrivals = append(arrivals, time.Since(start))
					if len(arrivals) == 1 {
						w.Header().Set("Retry-After", row.value)
						w.WriteHeader(http.StatusTooManyRequests)
					}
				}), func(s *Settings) { s.Retry.MaxRetryAfter = bound })
				ctx := t.Context()
				if row.deadline > 0 {
					limited, cancel := context.WithTimeout(ctx, row.deadline)
					defer cancel()
					ctx = limited
				}
				got, err := r.send(ctx, nil)

				if row.waited >= 0 {
					require.NoError(t, err)
					assert.Equal(t, []time.Duration{0, row.waited}, arrivals)
					assert.Equal(t, row.waited, r.attempts[0].Pause)
					return
				}
				require.Error(t, err)
				assert.Equal(t, []time.Duration{0}, arrivals)
				assert.Zero(t, time.Since(start), "returned at once")
				assert.Equal(t, row.told, got.RetryAfter)
				assert.False(t, r.attempts[0].Repeated)
			})
		})
	}
}

// TestAnUnusableRetryAfterBacksOff holds that no header makes the client hurry.
func TestAnUnusableRetryAfterBacksOff(t *testing.T) {
	for _, value := range []string{"Fri, 31 Dec 1999 23:59:30 GMT", "-5", "NaN", "0x10", "0", ""} {
		t.Run(value, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				policy := facade.RetryPolicy{BaseDelay: time.Hour, MaxDelay: time.Hour}
				r := newRig(t, scripted(t, respond(429, "", "Retry-After", value), respond(200, "")),
					func(s *Settings) { s.Retry = policy })
				_, err := r.send(t.Context(), nil)
				require.NoError(t, err)
				assert.Equal(t, r.attempts[0].Pause, time.Since(start))
				assert.Positive(t, r.attempts[0].Pause)
				assert.LessOrEqual(t, r.attempts[0].Pause, time.Hour)
			})
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{
		"0", "120", "1.5", "-1", "NaN", "1e9", "0x10", "9223372036.854775807", "9223372036.9", "99999999999999999999",
		"Sat, 01 Jan 2000 00:00:30 GMT", "Saturday, 01-Jan-00 00:00:30 GMT", "Sat Jan  1 00:00:30 2000", "Fri, 31 Dec 9999 23:59:59 GMT",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		got := retryAfter(http.Header{"Retry-After": {value}}, epoch)
		assert.GreaterOrEqual(t, got, time.Duration(0), "never negative")
		trimmed := strings.TrimSpace(value)
		switch {
		case trimmed == "":
			assert.Zero(t, got)
		case strings.Trim(trimmed, "0123456789") == "" && len(strings.TrimLeft(trimmed, "0")) <= 9:
			assert.Zero(t, got%time.Second, "whole seconds stay whole")
		case strings.Trim(trimmed, "0123456789") == "" && len(strings.TrimLeft(trimmed, "0")) > 10:
			assert.Equal(t, time.Duration(math.MaxInt64), got, "an overflow is never cut short")
		case strings.HasPrefix(trimmed, "-"):
			assert.Zero(t, got)
		}
	})
}
