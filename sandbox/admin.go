// The admin endpoints: faults, books and callbacks over HTTP, for tests that know the sandbox from outside only.

package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// adminRoot is where the admin endpoints live. No service has such a path.
const adminRoot = "/_sandbox/"

func (s *Sandbox) newAdmin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+adminRoot+"ledger", func(w http.ResponseWriter, _ *http.Request) {
		answerAdmin(w, http.StatusOK, s.Ledger())
	})
	mux.HandleFunc("GET "+adminRoot+"faults", func(w http.ResponseWriter, _ *http.Request) {
		answerAdmin(w, http.StatusOK, map[string]any{"faults": s.Faults()})
	})
	mux.HandleFunc("POST "+adminRoot+"faults", s.faults.receive)
	mux.HandleFunc("DELETE "+adminRoot+"faults", func(w http.ResponseWriter, _ *http.Request) {
		s.ClearFaults()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("DELETE "+adminRoot+"faults/{id}", s.faults.discard)
	s.addCallbacks(mux)
	return mux
}

// receive injects the fault in the body.
func (b *faultBook) receive(w http.ResponseWriter, r *http.Request) {
	var f Fault
	body, err := readBody(w, r)
	if err == nil {
		err = json.Unmarshal(body, &f)
	}
	if err != nil {
		refuseAdmin(w, http.StatusBadRequest, err.Error())
		return
	}
	injected, err := b.add(f)
	if err != nil {
		refuseAdmin(w, http.StatusBadRequest, err.Error())
		return
	}
	w.Header().Set("Location", adminRoot+"faults/"+strconv.Itoa(injected.ID))
	answerAdmin(w, http.StatusCreated, injected)
}

// discard removes the fault that the path names.
func (b *faultBook) discard(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || !b.remove(id) {
		refuseAdmin(w, http.StatusNotFound, "there is no such fault")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func answerAdmin(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	answer(w, status, body)
	_, _ = w.Write([]byte("\n")) // for people, whose prompt comes next; they may have gone
}

func refuseAdmin(w http.ResponseWriter, status int, problem string) {
	answerAdmin(w, status, map[string]string{"error": problem})
}
