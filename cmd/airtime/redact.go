// The last line of defence for secrets: whatever a server answers, no key of the environment is ever written.

package main

import (
	"encoding/json"
	"io"
	"net/url"
	"strings"
)

// secretVariables are the variables of the environment that hold secrets.
var secretVariables = []string{
	"DING_API_KEY", "DING_CLIENT_SECRET", "DIZLEE_API_KEY",
	"DIZLEE_AUTH_KEY", "DIZLEE_AUTH_KEY_2", "DING_WEBHOOK_SECRET", "DING_WEBHOOK_SECRET_2",
}

func secretsIn(getenv func(string) string) []string {
	var secrets []string
	for _, name := range secretVariables {
		secrets = append(secrets, getenv(name))
	}
	return secrets
}

// redactor takes secrets out of what is written through it. Every Write must be a whole text, since a secret that is
// split over two would pass.
type redactor struct {
	to       io.Writer
	replacer *strings.Replacer
}

// shortestSecret keeps a toy key such as "test" from blotting out words of the output.
const shortestSecret = 8

// hide says which secrets are taken out from now on, instead of those before.
func (r *redactor) hide(secrets []string) {
	const shown = "[redacted]"
	var pairs []string
	for _, secret := range secrets {
		if len(secret) < shortestSecret {
			continue
		}
		quoted, _ := json.Marshal(secret) // a string can always be marshalled
		for _, form := range []string{secret, url.QueryEscape(secret), strings.Trim(string(quoted), `"`)} {
			pairs = append(pairs, form, shown)
		}
	}
	r.replacer = strings.NewReplacer(pairs...)
}

// Write writes p without the secrets, and reports all of p as written.
func (r *redactor) Write(p []byte) (int, error) {
	if _, err := io.WriteString(r.to, r.redact(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// redact takes the secrets out of a text: before anything is done to it that could break one up.
func (r *redactor) redact(text string) string {
	if r.replacer == nil {
		return text
	}
	return r.replacer.Replace(text)
}
