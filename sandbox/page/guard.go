// Who may open the page: the browser of whoever runs the sandbox, and no web site that it happens to show.

package page

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// adminRoot is where the sandbox has its admin endpoints (see package sandbox).
const adminRoot = "/_sandbox/"

// policy lets a browser load from this origin alone, and run and apply nothing that stands in the page itself. Pictures
// in data: URLs are in the viewer's style sheet.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func secure(w http.ResponseWriter) {
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "same-origin")
	w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
	w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
	w.Header().Set("Cache-Control", "no-store")
}

// problem is why a request is not served.
type problem struct {
	status int
	text   string
}

// refusal returns why a request is not served, nil if it is. A web site whose name is made to point here (DNS rebinding) is
// known by that name, and one that posts here by the headers of the browser.
func (p *page) refusal(r *http.Request) *problem {
	if !trusted(r.Host) {
		return &problem{http.StatusMisdirectedRequest,
			"The sandbox's page is served under an IP address or localhost only, such as http://127.0.0.1:8645/."}
	}
	if err := p.crossed.Check(r); err != nil {
		return &problem{http.StatusForbidden, "The sandbox takes this from its own page only: " + err.Error() + "."}
	}
	return nil
}

// trusted reports whether nobody else can own the name under which the page was asked for.
func trusted(hostport string) bool {
	host := hostport
	if name, _, err := net.SplitHostPort(hostport); err == nil {
		host = name
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return true
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
