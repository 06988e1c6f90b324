// What the sandbox publishes about the services, for other people's generators and clients: DingConnect's Swagger document,
// where the real service has it, and Postman collections of both services.

package sandbox

import (
	"net/http"

	"github.com/airtime-go/airtime/api/openapi"
	"github.com/airtime-go/airtime/sandbox/internal/published"
)

const (
	swaggerPath       = "/swagger/docs/v1"
	postmanDingPath   = "/postman/ding.json"
	postmanDizleePath = "/postman/dizlee.json"
)

// publications are made when they are asked for.
func (s *Sandbox) publications() map[string]func(*http.Request) ([]byte, error) {
	return map[string]func(*http.Request) ([]byte, error){
		swaggerPath: func(r *http.Request) ([]byte, error) { return published.Swagger(openapi.Ding, placeOf(r)) },
		postmanDingPath: func(r *http.Request) ([]byte, error) {
			return published.DingCollection(openapi.Ding, s.variables(r))
		},
		postmanDizleePath: func(r *http.Request) ([]byte, error) {
			return published.DizleeCollection(openapi.Dizlee, s.variables(r))
		},
	}
}

// publish answers with a publication, or 404.
func (s *Sandbox) publish(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	publication := s.publications()[r.URL.Path]
	switch {
	case publication == nil:
		http.NotFound(w, r)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET is served here", http.StatusMethodNotAllowed)
		return
	}
	text, err := publication(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if r.URL.Path == swaggerPath {
		w.Header().Set("Access-Control-Allow-Origin", "*") // for editors and viewers in a browser; the others hold keys
	}
	_, _ = w.Write(text)
}

// placeOf is where the request has found the service, as the real one tells it.
func placeOf(r *http.Request) published.Place {
	place := published.Place{Scheme: "http", Host: r.Host}
	if r.TLS != nil {
		place.Scheme = "https"
	}
	identity := r.Host
	if hostName(r) == HostDing || hostName(r) == HostDingPortal {
		identity = HostIdentity
	}
	place.TokenURL = place.Scheme + "://" + identity + tokenPath
	return place
}

// variables are what a collection needs to run against this sandbox.
func (s *Sandbox) variables(r *http.Request) published.Variables {
	place, keys := placeOf(r), s.Credentials()
	base := place.Scheme + "://" + place.Host
	return published.Variables{
		BaseURL: base, TokenURL: place.TokenURL,
		APIKey: keys.DingAPIKey, ClientID: keys.DingClientID, ClientSecret: keys.DingClientSecret,
		DizleeBaseURL: base + dizleeRoot, DizleeAPIKey: keys.DizleeAPIKey,
	}
}
