// What of a service's own words may be shown.

package pipeline

import (
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

// from is an answer to a client with the secrets.
func from(body string, secrets ...string) Answer {
	return Answer{Body: []byte(body), scrub: &Scrubber{secrets: secrets}}
}

func asJSON(text string) string {
	encoded, _ := json.Marshal(text)
	return string(encoded[1 : len(encoded)-1])
}

// numbered writes every character as HTML's number for it.
func numbered(text string) string {
	var out strings.Builder
	for _, char := range text {
		fmt.Fprintf(&out, "&#%d;", char)
	}
	return out.String()
}

var oddSecrets = []string{
	"plain-secret", testKey, testSecret, "a+b/c=d&e", `quote"d'back\slash`, "<tag>secret</tag>", "100%secret%41", "ünïcödé-secret", "two words", "[a-z]+.*?(x)",
}

func TestASecretIsFoundInWhateverSpelling(t *testing.T) {
	for _, secret := range oddSecrets {
		for name, spell := range map[string]func(string) string{
			"raw":                      func(s string) string { return s },
			"escaped for a query":      url.QueryEscape,
			"escaped for a path":       url.PathEscape,
			"escaped in lower case":    func(s string) string { return lowerEscapes(url.QueryEscape(s)) },
			"escaped for HTML":         html.EscapeString,
			"escaped for JSON":         asJSON,
			"slashes escaped for JSON": func(s string) string { return strings.ReplaceAll(s, "/", `\/`) },
		} {
			t.Run(secret+" "+name, func(t *testing.T) {
				text := "before " + spell(secret) + " after"
				a := from(text, "other-secret", secret)
				assert.Equal(t, "before [redacted] after", a.Scrub(text))
				assert.Equal(t, "before [redacted] after", a.Excerpt())
			})
		}
		t.Run(secret+" as numbers of HTML", func(t *testing.T) {
			assert.Equal(t, "before [redacted] after", from("before "+numbered(secret)+" after", secret).Excerpt())
		})
	}
}

func lowerEscapes(text string) string {
	parts := strings.Split(text, "%")
	for i := 1; i < len(parts); i++ {
		parts[i] = strings.ToLower(parts[i][:2]) + parts[i][2:]
	}
	return strings.Join(parts, "%")
}

func TestScrub(t *testing.T) {
	for _, row := range []struct {
		name, text string
		secrets    []string
		want       string
	}{
		{"plain words stay", "Account number is invalid", []string{"secret"}, "Account number is invalid"},
		{"words of any script stay", "Número inválido 番号", nil, "Número inválido 番号"},
		{"a secret twice", "secret and secret", []string{"secret"}, "[redacted] and [redacted]"},
		{"a secret within a word", "xsecrety", []string{"secret"}, "x[redacted]y"},
		{"a secret that begins another", "secret-longer secret", []string{"secret", "secret-longer"}, "[redacted] [redacted]"},
		{"a toy key blots out nothing", "x marks the spot", []string{"x", "", "the"}, "x marks the spot"},
		{"line breaks become blanks", "a\r\nb\tc", nil, "a  b c"},
		{"control characters are dropped", "a\x00b\x1b[31mc\x7f", nil, "ab[31mc"},
		{"direction marks are dropped", "a\u202eb\u200bc\ufeffd", nil, "abcd"},
		{"a secret broken by something invisible", "sec\u200bret and sec\x00ret", []string{"secret"}, "[redacted] and [redacted]"},
		{"broken UTF-8 becomes valid", "a\xffb\xc3", nil, "a\ufffdb\ufffd"},
		{"a long text is cut", strings.Repeat("ä", 201), nil, strings.Repeat("ä", 200) + "…"},
		{"a text of just the length is not", strings.Repeat("ä", 200), nil, strings.Repeat("ä", 200)},
		{"a secret at the cut", strings.Repeat("a", 197) + "secret", []string{"secret"}, strings.Repeat("a", 197) + "[re…"},
		{"empty", "", []string{"secret"}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			assert.Equal(t, row.want, from("", row.secrets...).Scrub(row.text))
		})
	}
	assert.Equal(t, "without a client", Answer{}.Scrub("without a client"))
}

func TestExcerpt(t *testing.T) {
	const secret = "k3y!odd"
	for _, row := range []struct{ name, body, want string }{
		{"plain words", "upstream connect error", "upstream connect error"},
		{"markup is dropped and blanks are folded", "<html>\r\n<head><title>502 Bad Gateway</title></head>\n\n<h1 class='x'>nginx</h1>", "502 Bad Gateway nginx"},
		{"scripts and styles are dropped with what is in them", "<style>p{color:red}</style>Oops<script type='x'>\nvar key = 1 < 2;\n</script>!", "Oops !"},
		{"entities are read", "Tom &amp; Jerry&nbsp;&lt;3", "Tom & Jerry <3"},
		{"a long token", "token eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln is bad", "token [redacted] is bad"},
		{"a phone number", "no account 447700900123", "no account [redacted]"},
		{"a phone number with a plus", "no account +447700900123", "no account +[redacted]"},
		{"a phone number in groups", "call 07700 900 123 now", "call [redacted] now"},
		{"a phone number with dashes", "call 555-010-1234 now", "call [redacted] now"},
		{"a phone number with points", "call 447.700.900.123 now", "call [redacted] now"},
		{"a phone number with brackets", "call (555) 010-1234 now", "call ([redacted] now"},
		{"a phone number broken by something invisible", "447\u200b700\u200b900\u200b123", "[redacted]"},
		{"a phone number in markup", "<b>4477</b><b>00900123</b>", "[redacted]"},
		{"short numbers stay", "Error 502 at 10:15, code 12345", "Error 502 at 10:15, code 12345"},
		{"the secret", "wrong key k3y!odd.", "wrong key [redacted]."},
		{"the secret escaped", "wrong key k3y%21odd or k3y&#33;odd", "wrong key [redacted] or [redacted]"},
		{"empty", "", ""},
		{"markup alone", "<html><body></body></html>", ""},
		{"control characters", "a\x00\x1b[2Jb", "a[2Jb"},
		{"broken UTF-8", "a\xff\xfeb", "a\ufffd\ufffdb"},
		{"a secret cut off at the end of what is read", strings.Repeat("<p></p>", 584) + " k3y!odd" + strings.Repeat("x", 4096), ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			assert.Equal(t, row.want, from(row.body, secret).Excerpt())
		})
	}
}

func TestWhatIsShownOfAHugeTextIsShort(t *testing.T) {
	huge := strings.Repeat("word ", 10<<20)
	a := from(huge, "secret")
	assert.Equal(t, 201, utf8.RuneCountInString(a.Excerpt()))
	assert.Equal(t, 201, utf8.RuneCountInString(a.Scrub(huge)))
	assert.Empty(t, a.Scrub(strings.Repeat("\x00", enough-10)+" "+strings.Repeat("secret", 10)), "nor is half a secret at the end")
}

func FuzzExcerpt(f *testing.F) {
	for _, secret := range oddSecrets {
		for _, spell := range []func(string) string{strings.ToUpper, url.QueryEscape, html.EscapeString, asJSON, numbered} {
			f.Add(spell(secret)+" and "+secret, secret)
		}
	}
	f.Add("<html>\xff\xfe<script>secret</script>&lt;sec\u200bret&gt; 447700900123", "secret")
	f.Add(strings.Repeat("<p>", 2000)+"secret", "secret")
	f.Fuzz(func(t *testing.T, body, secret string) {
		// What stands in a secret's place, and what cannot be shown, is no fair secret.
		if len(secret) < shortestSecret || len(secret) > 500 || !utf8.ValidString(secret) || strings.Contains("[redacted]…", strings.ToLower(secret)) ||
			strings.ContainsFunc(secret, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
			return
		}
		a := from(body, secret)
		for name, text := range map[string]string{"excerpt": a.Excerpt(), "scrubbed": a.Scrub(body)} {
			assert.True(t, utf8.ValidString(text), name)
			assert.LessOrEqual(t, utf8.RuneCountInString(text), 201, name)
			assert.False(t, strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }), name)
			// Whatever was put in between may complete what stands around it; a secret made of that is the fuzzer's, not ours.
			if !strings.Contains(secret, "[") && !strings.Contains(secret, "]") && !strings.Contains(secret, "…") {
				assert.NotContains(t, text, secret, name)
			}
		}
	})
}

func TestASecretIsFoundWhereSpellingsOverlap(t *testing.T) {
	for _, row := range []struct{ name, secret, text, want string }{
		{"a backslash, escaped or not", `a\\b`, `a\\b a\\\b a\\\\b`, "[redacted] [redacted] [redacted]"},
		{"a percent sign that is followed by its own number", "key%25", "key%25 key%2525", "[redacted] [redacted]"},
		{"an ampersand that is followed by its own name", "key&amp;x", "key&amp;x key&amp;amp;x", "[redacted] [redacted]"},
		{"numbers of HTML with zeros", "key=1", "key&#61;1 key&#0061;1 key&#x3d;1 key&#X003D;1", "[redacted] [redacted] [redacted] [redacted]"},
		{"numbers of JSON in either case", "key=a/b", `key\u003da\u002Fb key\u003Da\/b`, "[redacted] [redacted]"},
		{"a character that JSON writes as two", "key😀", `key\uD83D\uDE00 key\ud83d\ude00 key%F0%9F%98%80`, "[redacted] [redacted] [redacted]"},
		{"a blank of any kind", "two\u00a0words", "two words two+words two%C2%A0words", "[redacted] [redacted] [redacted]"},
		{"one that begins with an odd character", "=key", "x=key &#61;key &#61 key", "x[redacted] [redacted] &#61 key"},
		{"one after a beginning of it", "aab=", "aaaab= aab aab=", "aa[redacted] aab [redacted]"},
		{"half of it at the end", "key=secret", "key=sec", "key=sec"},
		{"numbers that are not its own", "key=1", "key&#62;1 key&#6 key&#x key&# key%3 key\\u003", "key&#62;1 key&#6 key&#x key&# key%3 key\\u003"},
	} {
		t.Run(row.name, func(t *testing.T) {
			assert.Equal(t, row.want, from("", row.secret).scrub.Redact(row.text))
		})
	}
}

// Account numbers differ with every call, so that whatever is prepared for one is prepared for nothing.
func TestLookingForASecretCostsNextToNothing(t *testing.T) {
	a := from("", testKey, testAccount, "jane.doe@example.org")
	text := strings.Repeat("no such provider; ", 8)
	assert.Less(t, testing.AllocsPerRun(100, func() { _ = a.scrub.Redact(text) }), 5.0)
}

func TestWhatMayBeANumberIsNotShown(t *testing.T) {
	a := from("", "secret")
	for text, want := range map[string]string{
		"ParameterInvalid":              "ParameterInvalid",
		"SendValue, SkuCode":            "SendValue, SkuCode",
		"no account 447700900123":       "no account [redacted]",
		"PIN 4929-0000-1234 of secret":  "PIN [redacted] of [redacted]",
		"PIN 4929 0000 1234, 12.50 EUR": "PIN [redacted], 12.50 EUR",
	} {
		assert.Equal(t, want, a.Shown(text))
		assert.Equal(t, want, a.Shown(want), "and so it stays")
	}
	assert.Equal(t, "no [redacted]", Answer{}.Shown("no 447700900123"))
}

func TestAClientsOwnSecretsAreToldFromWhatIsPrivate(t *testing.T) {
	r := newRig(t, nil, nil)
	s := r.Scrubber(testAccount)
	assert.Equal(t, "[redacted] of [redacted]", s.Redact(testKey+" of "+testAccount))
	assert.True(t, s.HoldsSecret("id-"+url.QueryEscape(testKey)))
	assert.False(t, s.HoldsSecret("id-"+testAccount))
	assert.False(t, (*Scrubber)(nil).HoldsSecret("id"))
	assert.Equal(t, strings.Repeat("long ", 100), s.Redact(strings.Repeat("long ", 100)), "it is not cut")
}

func BenchmarkScrub(b *testing.B) {
	a := from("", testKey, testAccount, "jane.doe@example.org")
	text := strings.Repeat("no such provider; ", 8)
	b.ReportAllocs()
	for b.Loop() {
		_ = a.Scrub(text)
	}
}
