// Callbacks over HTTP: receivers are set, messages sent, and deliveries seen.

package sandbox

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// addCallbacks adds the admin endpoints of the callbacks.
func (s *Sandbox) addCallbacks(mux *http.ServeMux) {
	for path, callback := range map[string]Callback{
		adminRoot + "notifications": CallbackNotification, adminRoot + "mo/receiver": CallbackSMSMO,
	} {
		mux.HandleFunc("POST "+path, s.courier.receive(callback))
		mux.HandleFunc("DELETE "+path, func(w http.ResponseWriter, _ *http.Request) {
			s.courier.clear(callback)
			w.WriteHeader(http.StatusNoContent)
		})
	}
	mux.HandleFunc("GET "+adminRoot+"notifications", s.courier.show(CallbackNotification))
	mux.HandleFunc("GET "+adminRoot+"mo", s.courier.show(CallbackSMSMO))
	mux.HandleFunc("POST "+adminRoot+"mo", s.receiveMessage)
}

// receive sets the receiver in the body.
func (c *courier) receive(callback Callback) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var written receiverJSON
		err := readStrictly(w, r, "receiver", &written)
		var to Receiver
		if err == nil {
			to, err = written.receiver()
		}
		if err == nil {
			err = c.set(callback, to)
		}
		if err != nil {
			refuseAdmin(w, http.StatusBadRequest, err.Error())
			return
		}
		c.show(callback)(w, r)
	}
}

// show lists the deliveries of a kind, and where they go as far as that is no secret.
func (c *courier) show(callback Callback) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		answerAdmin(w, http.StatusOK, map[string]any{"to": c.destination(callback), "deliveries": c.list(callback)})
	}
}

// destination is the origin of a receiver's URL, or empty.
func (c *courier) destination(callback Callback) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if to := c.receivers[callback]; to != nil {
		return to.origin()
	}
	return ""
}

// receiveMessage sends the message in the body.
func (s *Sandbox) receiveMessage(w http.ResponseWriter, r *http.Request) {
	var message InboundMessage
	err := readStrictly(w, r, "message", &message)
	var sent []Delivery
	if err == nil {
		sent, err = s.SendSMSMO(r.Context(), message)
	}
	if err != nil {
		refuseAdmin(w, http.StatusBadRequest, err.Error())
		return
	}
	answerAdmin(w, http.StatusOK, map[string]any{"deliveries": sent})
}

// receiverJSON is a Receiver with its durations as text and its authorities as PEM.
type receiverJSON struct {
	URL      string `json:"url"`
	RootCAs  string `json:"rootCAs"`
	Timeout  string `json:"timeout"`
	Attempts int    `json:"attempts"`
	Twice    bool   `json:"twice"`
	Shuffle  string `json:"shuffle"`
}

func (j receiverJSON) receiver() (Receiver, error) {
	timeout, problem := readSpan("timeout", j.Timeout)
	shuffle, otherProblem := readSpan("shuffle", j.Shuffle)
	to := Receiver{URL: j.URL, Timeout: timeout, Attempts: j.Attempts, Twice: j.Twice, Shuffle: shuffle}
	var unusable error
	if j.RootCAs != "" {
		to.RootCAs = x509.NewCertPool()
		if !to.RootCAs.AppendCertsFromPEM([]byte(j.RootCAs)) {
			unusable = errors.New("sandbox: receiver: rootCAs: there is no certificate in PEM in it")
		}
	}
	return to, errors.Join(problem, otherProblem, unusable)
}

func readSpan(member, text string) (time.Duration, error) {
	span, err := time.ParseDuration(cmp.Or(text, "0s"))
	if err != nil {
		return 0, fmt.Errorf("sandbox: receiver: %s: %q is no duration such as \"2s\"", member, text)
	}
	return span, nil
}

// readStrictly reads one object. A member that it does not know is an error: it is a misspelt one.
func readStrictly(w http.ResponseWriter, r *http.Request, what string, into any) error {
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("sandbox: %s: %w", what, err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return fmt.Errorf("sandbox: %s: something follows it", what)
	}
	return nil
}
