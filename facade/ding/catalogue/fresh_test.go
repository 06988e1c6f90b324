package catalogue

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// fields makes a header of lines such as "Age: 5".
func fields(lines ...string) http.Header {
	header := http.Header{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		header.Add(name, value)
	}
	return header
}

func TestFreshnessFollowsTheHeaders(t *testing.T) {
	received := time.Date(2026, 5, 8, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return received.Add(d).Format(http.TimeFormat) }
	const silent = 3 * time.Hour
	for name, test := range map[string]struct {
		header []string
		// fresh is for how long after it was received; never if it is below zero.
		fresh time.Duration
	}{
		"silent":                             {nil, silent},
		"Last-Modified alone":                {[]string{"Last-Modified: " + at(-1000*time.Hour)}, silent},
		"an ETag alone":                      {[]string{`ETag: "a"`}, silent},
		"private alone":                      {[]string{"Cache-Control: private"}, silent},
		"max-age":                            {[]string{"Cache-Control: max-age=60"}, time.Minute},
		"max-age of a long time":             {[]string{"Cache-Control: max-age=604800"}, 7 * 24 * time.Hour},
		"max-age in quotes":                  {[]string{`Cache-Control: max-age="60"`}, time.Minute},
		"max-age in capitals":                {[]string{"Cache-Control: MAX-AGE=60"}, time.Minute},
		"max-age among others":               {[]string{"Cache-Control: private, max-age=60, immutable"}, time.Minute},
		"max-age without blanks":             {[]string{"Cache-Control: private,max-age=60,immutable"}, time.Minute},
		"max-age in a line of its own":       {[]string{"Cache-Control: private", "Cache-Control: max-age=60"}, time.Minute},
		"max-age of nothing":                 {[]string{"Cache-Control: max-age=0"}, 0},
		"max-age below nothing":              {[]string{"Cache-Control: max-age=-5"}, 0},
		"max-age that is no number":          {[]string{"Cache-Control: max-age=soon"}, 0},
		"max-age without a value":            {[]string{"Cache-Control: max-age"}, 0},
		"max-age with an empty value":        {[]string{"Cache-Control: max-age="}, 0},
		"max-age of a fraction":              {[]string{"Cache-Control: max-age=1.5"}, 0},
		"max-age beyond 31 bits":             {[]string{"Cache-Control: max-age=99999999999999999999"}, (1<<31 - 1) * time.Second},
		"max-age twice, the first counts":    {[]string{"Cache-Control: max-age=60, max-age=600"}, time.Minute},
		"max-age before Expires":             {[]string{"Cache-Control: max-age=60", "Expires: " + at(time.Hour)}, time.Minute},
		"s-maxage is for others":             {[]string{"Cache-Control: s-maxage=5, max-age=60"}, time.Minute},
		"s-maxage alone":                     {[]string{"Cache-Control: s-maxage=5"}, silent},
		"a junk directive beside it":         {[]string{"Cache-Control: max-age=60, no-transform=x, ;;, =, stale-while-revalidate=x"}, time.Minute},
		"an open quote before it":            {[]string{`Cache-Control: foo="a, max-age=60`}, time.Minute},
		"an open quote before no-store":      {[]string{`Cache-Control: max-age=60, foo="a, bar="\", no-store`}, -1},
		"an open quote in the line before":   {[]string{`Cache-Control: foo="a`, "Cache-Control: no-store"}, -1},
		"a quoted comma before it":           {[]string{`Cache-Control: foo="a\", max-age=1", max-age=60`}, time.Minute},
		"a directive that only begins so":    {[]string{"Cache-Control: max-ages=5"}, silent},
		"no-store":                           {[]string{"Cache-Control: no-store, max-age=60"}, -1},
		"no-store with an argument":          {[]string{"Cache-Control: no-store=yes, max-age=60"}, -1},
		"no-cache":                           {[]string{"Cache-Control: max-age=60, no-cache"}, -1},
		"no-cache about a field":             {[]string{`Cache-Control: max-age=60, no-cache="Set-Cookie, Age"`}, time.Minute},
		"must-revalidate":                    {[]string{"Cache-Control: max-age=60, must-revalidate"}, time.Minute},
		"must-revalidate alone":              {[]string{"Cache-Control: must-revalidate"}, silent},
		"Expires":                            {[]string{"Date: " + at(0), "Expires: " + at(time.Minute)}, time.Minute},
		"Expires counts from Date":           {[]string{"Date: " + at(-30*time.Second), "Expires: " + at(time.Minute)}, time.Minute},
		"Expires by a clock that is ahead":   {[]string{"Date: " + at(time.Hour), "Expires: " + at(time.Hour+time.Minute)}, time.Minute},
		"Expires without Date":               {[]string{"Expires: " + at(time.Minute)}, time.Minute},
		"Expires in the past":                {[]string{"Date: " + at(0), "Expires: " + at(-time.Minute)}, 0},
		"Expires that is no date":            {[]string{"Expires: 0"}, 0},
		"Expires twice, the first counts":    {[]string{"Expires: " + at(time.Minute), "Expires: " + at(time.Hour)}, time.Minute},
		"Age":                                {[]string{"Cache-Control: max-age=60", "Age: 20"}, 40 * time.Second},
		"Age beyond max-age":                 {[]string{"Cache-Control: max-age=60", "Age: 90"}, 0},
		"Age that is no number":              {[]string{"Cache-Control: max-age=60", "Age: old"}, time.Minute},
		"Age below nothing":                  {[]string{"Cache-Control: max-age=60", "Age: -20"}, time.Minute},
		"Age beyond 63 bits":                 {[]string{"Cache-Control: max-age=60", "Age: 99999999999999999999"}, 0},
		"Age twice, the first counts":        {[]string{"Cache-Control: max-age=60", "Age: 20, 50"}, 40 * time.Second},
		"Age where the headers are silent":   {[]string{"Age: 3600"}, 2 * time.Hour},
		"Date in the past":                   {[]string{"Cache-Control: max-age=60", "Date: " + at(-15*time.Second)}, 45 * time.Second},
		"Date in the future":                 {[]string{"Cache-Control: max-age=60", "Date: " + at(time.Hour)}, time.Minute},
		"Date that is none":                  {[]string{"Cache-Control: max-age=60", "Date: today"}, time.Minute},
		"Date and Age, the larger counts":    {[]string{"Cache-Control: max-age=60", "Age: 20", "Date: " + at(-50*time.Second)}, 10 * time.Second},
		"Vary makes no difference":           {[]string{"Cache-Control: max-age=60", "Vary: Accept"}, time.Minute},
		"Vary of everything does":            {[]string{"Cache-Control: max-age=60", "Vary: *"}, 0},
		"Pragma is for others":               {[]string{"Cache-Control: max-age=60", "Pragma: no-cache"}, time.Minute},
		"stale-while-revalidate is not used": {[]string{"Cache-Control: max-age=60, stale-while-revalidate=600"}, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			f := freshnessOf(fields(test.header...), received, received, silent)
			for after, fresh := range map[time.Duration]bool{0: test.fresh > 0, test.fresh - 1: test.fresh > 0, test.fresh: false} {
				assert.Equal(t, fresh && after >= 0, f.reusable(received.Add(max(after, 0))), "after %v", after)
			}
			assert.Equal(t, f.freshUntil(), rebuilt(f.header, f.born, silent).freshUntil(), "what is remembered says the same")
		})
	}
}

func TestTheTimeThatAnAnswerTookCounts(t *testing.T) {
	received := time.Date(2026, 5, 8, 12, 0, 0, 0, time.UTC)
	f := freshnessOf(fields("Cache-Control: max-age=60", "Age: 10"), received.Add(-5*time.Second), received, time.Hour)
	assert.True(t, f.reusable(received.Add(44*time.Second)))
	assert.False(t, f.reusable(received.Add(45*time.Second)))
}

func TestForHowLongAnAnswerStandsIn(t *testing.T) {
	received := time.Date(2026, 5, 8, 12, 0, 0, 0, time.UTC)
	for control, after := range map[string]time.Duration{
		"max-age=60":                                          time.Minute + 24*time.Hour,
		"max-age=60, stale-if-error=600":                      time.Minute + 10*time.Minute,
		"max-age=60, stale-if-error=99999999":                 time.Minute + 24*time.Hour,
		"max-age=60, stale-if-error=0":                        time.Minute,
		"max-age=60, stale-if-error=x":                        time.Minute,
		"max-age=60, stale-if-error":                          time.Minute,
		"max-age=60, stale-if-error=600, stale-if-error=6000": time.Minute + 10*time.Minute,
		"max-age=60, must-revalidate, stale-if-error=600":     -1,
		"max-age=60, no-cache, stale-if-error=600":            -1,
		"no-store, stale-if-error=600":                        -1,
	} {
		end := freshnessOf(fields("Cache-Control: "+control), received, received, time.Hour).standsIn(24 * time.Hour)
		if after < 0 {
			assert.True(t, end.IsZero(), control)
			continue
		}
		assert.Equal(t, received.Add(after), end, control)
	}
}

func TestA304ChangesWhatItNames(t *testing.T) {
	received := time.Date(2026, 5, 8, 12, 0, 0, 0, time.UTC)
	later := received.Add(time.Hour)
	before := freshnessOf(fields("Cache-Control: max-age=60", `ETag: "a"`, "Last-Modified: then", "Age: 30", "Date: "+received.Format(http.TimeFormat)), received, received, time.Hour)

	same := before.refreshed(nil, later, later, time.Hour)
	assert.Equal(t, later.Add(time.Minute), same.freshUntil(), "the lifetime counts anew, and neither the old Age nor the old Date does")
	etag, lastModified := same.validators()
	assert.Equal(t, []string{`"a"`, "then"}, []string{etag, lastModified})

	changed := before.refreshed(fields("Cache-Control: max-age=600", `ETag: "b"`, "Age: 100"), later, later, time.Hour)
	assert.Equal(t, later.Add(500*time.Second), changed.freshUntil())
	etag, lastModified = changed.validators()
	assert.Equal(t, []string{`"b"`, "then"}, []string{etag, lastModified})

	assert.False(t, before.contradicts(fields(`ETag: W/"a"`)))
	assert.False(t, before.contradicts(fields("Age: 1")))
	assert.True(t, before.contradicts(fields(`ETag: "b"`)))
	assert.False(t, before.contradicts(fields("Last-Modified: then")))
	assert.True(t, before.contradicts(fields("Last-Modified: some other time")))
	assert.False(t, before.contradicts(fields(`ETag: "a"`, "Last-Modified: some other time")), "the ETag decides where there is one")
}

func TestAStarIsNoETag(t *testing.T) {
	now := time.Date(2026, 5, 8, 12, 0, 0, 0, time.UTC)
	etag, _ := freshnessOf(fields("ETag: *"), now, now, time.Hour).validators()
	assert.Empty(t, etag, "it would match whatever the service has")
}

func FuzzFreshness(f *testing.F) {
	f.Add("max-age=60, no-cache=\"a\", stale-if-error=5", "Fri, 08 May 2026 12:00:00 GMT", "5")
	f.Add(`a="\`, "0", "99999999999999999999")
	f.Fuzz(func(t *testing.T, control, expires, age string) {
		now := time.Date(2026, 5, 8, 12, 0, 0, 0, time.UTC)
		header := http.Header{"Cache-Control": {control}, "Expires": {expires}, "Age": {age}}
		said := freshnessOf(header, now, now, time.Hour)
		assert.GreaterOrEqual(t, said.lifetime, time.Duration(0))
		assert.False(t, said.born.After(now))
		if strings.Contains(control, "\"") {
			return
		}
		for _, word := range strings.Split(control, ",") {
			if strings.EqualFold(strings.TrimSpace(word), "no-store") {
				assert.False(t, said.reusable(now))
			}
		}
	})
}
