// The documentation: Swagger UI, out of a Go module that carries it, with both specifications pointed at this sandbox.

package page

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"

	viewer "github.com/swaggest/swgui/v5/static"
	"go.yaml.in/yaml/v3"

	"github.com/airtime-go/airtime/api/openapi"
	"github.com/airtime-go/airtime/sandbox"
)

const docsRoot = "/docs/"

// book is one of the specifications.
type book struct {
	ID, Name string
	text     []byte
	// server is where the sandbox plays the service, below its root.
	server string
}

var books = []book{
	{"ding", "DingConnect", openapi.Ding, "/"},
	{"dizlee", "Dizlee", openapi.Dizlee, "/dizlee"},
}

// reading is what the template of the documentation is given.
type reading struct {
	Book  book
	Books []book
	Keys  sandbox.Credentials
}

func (p *page) addDocumentation() {
	p.own.Handle("GET /docs", http.RedirectHandler(docsRoot+books[0].ID, http.StatusSeeOther))
	p.own.Handle("GET "+docsRoot+"{$}", http.RedirectHandler(docsRoot+books[0].ID, http.StatusSeeOther))
	for _, b := range books {
		p.own.HandleFunc("GET "+docsRoot+b.ID, func(w http.ResponseWriter, _ *http.Request) {
			write(w, http.StatusOK, "docs.html", reading{b, books, p.sandbox.Credentials()})
		})
		p.own.HandleFunc("GET "+docsRoot+b.ID+".yaml", func(w http.ResponseWriter, _ *http.Request) {
			text, err := b.here()
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
			_, _ = w.Write(text)
		})
	}
	p.own.HandleFunc("GET "+docsRoot+"viewer/{asset}", p.viewerAsset)
}

// here returns the specification with this sandbox for its server and identity provider.
func (b book) here() ([]byte, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(b.text, &document); err != nil {
		return nil, err
	}
	servers := member(document.Content[0], "servers")
	if err := servers.Encode([]map[string]string{{"url": b.server, "description": "This sandbox"}}); err != nil {
		return nil, err
	}
	if tokenURL := member(document.Content[0], "components", "securitySchemes", "OAuth2", "flows", "clientCredentials", "tokenUrl"); tokenURL != nil {
		tokenURL.Value = "/connect/token"
	}
	return yaml.Marshal(&document)
}

// member follows names into a mapping, and returns nil where they lead nowhere.
func member(node *yaml.Node, names ...string) *yaml.Node {
	for _, name := range names {
		var found *yaml.Node
		for i := 0; node != nil && i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == name {
				found = node.Content[i+1]
			}
		}
		node = found
	}
	return node
}

// viewerAsset answers with a file of the viewer, most of which are compressed in the module already.
func (p *page) viewerAsset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("asset")
	text, err := viewer.FS.ReadFile(name)
	if err != nil {
		text, err = viewer.FS.ReadFile(name + ".gz")
		w.Header().Set("Vary", "Accept-Encoding")
		switch {
		case err != nil:
		case strings.Contains(r.Header.Get("Accept-Encoding"), "gzip"):
			w.Header().Set("Content-Encoding", "gzip")
		default:
			text, err = unpack(text)
		}
	}
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, name, p.started, bytes.NewReader(text))
}

func unpack(packed []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(reader)
}
