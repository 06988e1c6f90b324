// Package page is what people see of a sandbox: a page at / that shows live what clients do to it and lets faults and
// inbound messages be sent by hand, and interactive documentation of both services at /docs/. All of it comes out of the
// program itself; the browser is allowed to load from nowhere else.
//
//	sb, err := sandbox.New()
//	http.ListenAndServe("127.0.0.1:8645", page.Around(sb))
//
// The page works without JavaScript; with it, it follows by itself. It shows the sandbox's keys to whoever may open it, and
// what clients have sent in full, but tokens by their last characters alone, and receipts, which can hold a PIN, on demand.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/airtime-go/airtime/sandbox"
)

// root is where everything of the page lives that has no better place. No service has such a path.
const root = "/_page/"

// entriesShown is how many entries of a list are shown.
const entriesShown = 50

//go:embed assets
var assets embed.FS

// templates are parsed when they are first needed: most runs of a program that holds them never show the page.
var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(words).ParseFS(assets, "assets/*.html"))
})

// page serves one sandbox.
type page struct {
	sandbox *sandbox.Sandbox
	own     *http.ServeMux
	started time.Time
	crossed *http.CrossOriginProtection
}

// Around returns a handler that serves the page at /, the documentation at /docs/, and everything else as the sandbox does.
// Requests for the page are answered only under an IP address or a name of the loopback interface, which keeps other
// people's web sites out; what changes something, the sandbox's admin endpoints included, is refused where a browser
// says that it comes from another site.
func Around(sb *sandbox.Sandbox) http.Handler {
	p := &page{sandbox: sb, own: http.NewServeMux(), started: time.Now(), crossed: http.NewCrossOriginProtection()}
	p.own.HandleFunc("GET /{$}", p.show)
	p.own.HandleFunc("GET "+root+"live", p.live)
	p.own.HandleFunc("GET "+root+"{asset}", p.asset)
	p.own.HandleFunc("POST "+root+"faults", p.inject)
	p.own.HandleFunc("POST "+root+"faults/remove", p.remove)
	p.own.HandleFunc("POST "+root+"receivers", p.setReceiver)
	p.own.HandleFunc("POST "+root+"messages", p.sendMessage)
	for _, form := range []string{"faults", "receivers", "messages"} { // for those who ask again for what a form has led to
		p.own.Handle("GET "+root+form, http.RedirectHandler("/#"+form, http.StatusSeeOther))
	}
	p.addDocumentation()
	return http.HandlerFunc(p.serve)
}

// serve keeps the sandbox's own paths away from the mux, which would redirect some of them.
func (p *page) serve(w http.ResponseWriter, r *http.Request) {
	switch {
	case isOwn(r.URL.Path):
		secure(w)
		if problem := p.refusal(r); problem != nil {
			http.Error(w, problem.text, problem.status)
			return
		}
		p.own.ServeHTTP(w, r)
	case strings.HasPrefix(r.URL.Path, adminRoot) && r.Header.Get("Origin") != "":
		if problem := p.refusal(r); problem != nil {
			http.Error(w, problem.text, problem.status)
			return
		}
		fallthrough
	default:
		p.sandbox.ServeHTTP(w, r)
	}
}

func isOwn(path string) bool {
	return path == "/" || path == "/docs" || strings.HasPrefix(path, docsRoot) || strings.HasPrefix(path, root)
}

// show answers with the whole page.
func (p *page) show(w http.ResponseWriter, r *http.Request) {
	p.answer(w, r, http.StatusOK, newForms())
}

// answer writes the page, with forms as they were filled in.
func (p *page) answer(w http.ResponseWriter, r *http.Request, status int, filled forms) {
	write(w, status, "page.html", p.look(r, filled))
}

// live answers with the panels alone, or with 304 as long as they are the same.
func (p *page) live(w http.ResponseWriter, r *http.Request) {
	var panels bytes.Buffer
	if err := templates().ExecuteTemplate(&panels, "live.html", p.look(r, newForms())); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	sum := sha256.Sum256(panels.Bytes())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Etag", `"`+hex.EncodeToString(sum[:8])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(panels.Bytes()))
}

// asset answers with a style sheet, a script or a picture.
func (p *page) asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("asset")
	text, err := assets.ReadFile("assets/" + path.Base(name))
	if err != nil || strings.HasSuffix(name, ".html") {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, name, p.started, bytes.NewReader(text))
}

// write fills a template in before anything of it is sent.
func write(w http.ResponseWriter, status int, name string, data any) {
	var text bytes.Buffer
	if err := templates().ExecuteTemplate(&text, name, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes())
}
