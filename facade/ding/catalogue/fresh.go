package catalogue

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pquerna/cachecontrol/cacheobject"
)

// How long an answer may be used: RFC 9111 for a private cache, and stale-if-error of RFC 5861. s-maxage and proxy-revalidate
// are for shared caches; a lifetime is never guessed from Last-Modified. A catalogue always asks in the same way
// (but for the correlation id, which nothing depends on), so Vary makes no difference, unless it is *, which no later request can meet.

// longestLifetime is what every lifetime is cut to, so that no sum of two of them and a date overflows: the most that RFC 9111,
// section 1.2.2, asks caches to tell apart, some 68 years.
const longestLifetime = 1 << 31 * time.Second

// freshness is what an answer's headers say about its use.
type freshness struct {
	// header has the fields that decide: those of the answer, and what later 304s changed.
	header http.Header
	// born is when the answer left the service, as far as can be known: when it was received, less its age then.
	born time.Time
	// lifetime is how long it is fresh from then on.
	lifetime time.Duration
	// noStore: it must not be kept, nor saved. noCache: it must not be used again unasked. mustRevalidate: not once it is stale,
	// whatever happens.
	noStore, noCache, mustRevalidate bool
	// staleIfError is for how long after its lifetime it may stand in where the service fails; negative if the headers do not say.
	staleIfError time.Duration
}

// kept are the fields of an answer's header that are remembered.
var kept = []string{"Cache-Control", "Expires", "Date", "ETag", "Last-Modified", "Vary"}

// freshnessOf judges an answer: asked is when its request left, received when the answer was there, and lifetime for how long it
// is good if the headers are silent.
func freshnessOf(header http.Header, asked, received time.Time, lifetime time.Duration) freshness {
	remembered := http.Header{}
	for _, name := range kept {
		if values := header.Values(name); len(values) > 0 {
			remembered[http.CanonicalHeaderKey(name)] = values
		}
	}
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		// RFC 9110, section 6.6.1: who keeps an answer without a date adds it.
		date = received
		remembered.Set("Date", received.UTC().Format(http.TimeFormat))
	}
	// RFC 9111, section 4.2.3.
	age := max(received.Sub(date), seconds(firstMember(header.Get("Age")))+received.Sub(asked), 0)
	return rebuilt(remembered, received.Add(-age), lifetime)
}

// rebuilt judges an answer by the fields that were remembered.
func rebuilt(header http.Header, born time.Time, lifetime time.Duration) freshness {
	f := freshness{header: header, born: born.Round(0), lifetime: lifetime, staleIfError: -1}
	explicit := f.obey(strings.Join(header.Values("Cache-Control"), ","))
	if expires := header.Values("Expires"); !explicit && len(expires) > 0 {
		// Whatever is no date, such as 0, lies in the past: RFC 9111, section 5.3.
		f.lifetime = 0
		date, _ := http.ParseTime(header.Get("Date"))
		if end, err := http.ParseTime(expires[0]); err == nil {
			f.lifetime = max(0, end.Sub(date))
		}
	}
	f.lifetime, f.staleIfError = min(f.lifetime, longestLifetime), min(f.staleIfError, longestLifetime)
	f.noCache = f.noCache || slices.Contains(members(strings.Join(header.Values("Vary"), ",")), "*")
	return f
}

// refreshed is what a 304 makes of it: the fields that it has replace the earlier ones, and its age counts (RFC 9111, section 3.2).
func (f freshness) refreshed(header http.Header, asked, received time.Time, lifetime time.Duration) freshness {
	merged := header.Clone()
	if merged == nil {
		merged = http.Header{}
	}
	for name, values := range f.header {
		if name != "Date" && len(merged.Values(name)) == 0 {
			merged[name] = values
		}
	}
	return freshnessOf(merged, asked, received, lifetime)
}

// obey takes in the directives of a Cache-Control, and reports whether they set a lifetime. Of a directive that comes
// twice, the first counts; a max-age that is no number makes the answer stale (both RFC 9111, section 4.2.1).
func (f *freshness) obey(control string) (explicit bool) {
	for _, directive := range members(control) {
		said, err := cacheobject.ParseResponseCacheControl(directive)
		name, _, _ := strings.Cut(strings.ToLower(directive), "=")
		switch name = strings.TrimSpace(name); {
		case name == "max-age" && !explicit:
			explicit, f.lifetime = true, 0
			if err == nil && said.MaxAge > 0 {
				f.lifetime = time.Duration(said.MaxAge) * time.Second
			}
		case name == "no-store":
			// An argument makes no sense here; that the answer is not to be kept is clear all the same.
			f.noStore = true
		case name == "must-revalidate":
			f.mustRevalidate = true
		case name == "stale-if-error" && f.staleIfError < 0:
			f.staleIfError = 0
			if err == nil && said.StaleIfError > 0 {
				f.staleIfError = time.Duration(said.StaleIfError) * time.Second
			}
		case name == "no-cache":
			// With names of fields, it is about those fields alone, of which nothing is used.
			f.noCache = f.noCache || err != nil || len(said.NoCache) == 0
		}
	}
	return explicit
}

// members splits a list of directives at its commas, not those in quotes: one that cannot be read must not spoil the others. A quote that
// is never closed is none, lest it hide a no-store.
func members(control string) []string {
	var list []string
	quoted, opened, from := false, 0, 0
	add := func(to int) {
		if member := strings.Trim(control[from:to], " \t"); member != "" {
			list = append(list, member)
		}
		from = to + 1
	}
	for i := 0; i < len(control); i++ {
		switch {
		case quoted && control[i] == '\\':
			i++
		case control[i] == '"':
			quoted, opened = !quoted, i
		case control[i] == ',' && !quoted:
			add(i)
		}
	}
	if quoted {
		for i := opened; i < len(control); i++ {
			if control[i] == ',' {
				add(i)
			}
		}
	}
	add(max(from, len(control)))
	return list
}

// firstMember is the first value of a field that should have one alone.
func firstMember(value string) string {
	first, _, _ := strings.Cut(value, ",")
	return strings.TrimSpace(first)
}

// seconds reads delta-seconds. What is none counts as 0, what is too large as the most that counts (RFC 9111, section 1.2.2).
func seconds(text string) time.Duration {
	if strings.Trim(text, "0123456789") != "" || text == "" {
		return 0
	}
	const most = 1 << 31
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		n = most
	}
	return time.Duration(min(n, most)) * time.Second
}

// reusable reports that it may be used without asking again.
func (f freshness) reusable(now time.Time) bool { return now.Before(f.freshUntil()) }

// freshUntil is the end of its lifetime; the zero time if it must not be used again unasked.
func (f freshness) freshUntil() time.Time {
	if f.noStore || f.noCache {
		return time.Time{}
	}
	return f.born.Add(f.lifetime)
}

// standsIn is until when it may stand in where the service fails: the shorter of what its headers and the catalogue's
// owner allow; the zero time if it may not.
func (f freshness) standsIn(allowed time.Duration) time.Time {
	if f.noStore || f.noCache || f.mustRevalidate {
		return time.Time{}
	}
	if f.staleIfError >= 0 {
		allowed = min(allowed, f.staleIfError)
	}
	return f.born.Add(f.lifetime + min(allowed, longestLifetime))
}

// validators are what asks whether it has changed.
func (f freshness) validators() (etag, lastModified string) {
	if etag = f.header.Get("ETag"); etag == "*" {
		// Which is no ETag, and every later answer would match it.
		etag = ""
	}
	return etag, f.header.Get("Last-Modified")
}

// contradicts reports a 304 with another ETag than the one that was asked about, or, without one, another Last-Modified: it is about
// another answer (RFC 9111, section 4.3.4).
func (f freshness) contradicts(header http.Header) bool {
	etag, said := f.header.Get("ETag"), header.Get("ETag")
	if etag != "" && said != "" {
		return strings.TrimPrefix(etag, "W/") != strings.TrimPrefix(said, "W/")
	}
	date, said := f.header.Get("Last-Modified"), header.Get("Last-Modified")
	return date != "" && said != "" && date != said
}
