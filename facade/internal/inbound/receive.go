package inbound

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"
	"unicode/utf8"
)

// What is taken from a sender, and what is refused before anybody looks at what it means.

// receive checks the request and reads its body, which is nil if it has not been read to its end.
func (l Limits) receive(w http.ResponseWriter, r *http.Request, admit func() error) ([]byte, error) {
	// It holds for what net/http reads of refused bodies as well, and ends with the body. That it cannot be set, as in
	// http.TimeoutHandler, is no reason to lose a delivery.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(l.Read))
	if r.Method != http.MethodPost {
		return nil, Refuse(http.StatusMethodNotAllowed, "deliver with POST")
	}
	if admit != nil {
		if err := admit(); err != nil {
			return nil, err
		}
	}
	if err := checkContent(r.Header); err != nil {
		return nil, err
	}
	body, err := l.read(w, r)
	if err != nil {
		return nil, err
	}
	body = bytes.TrimPrefix(body, []byte("\uFEFF")) // which some libraries put in front of UTF-8
	switch {
	case len(bytes.TrimLeft(body, blanks)) == 0:
		return body, Refuse(http.StatusBadRequest, "the body is empty")
	case !utf8.Valid(body):
		return body, Refuse(http.StatusBadRequest, "the body is not UTF-8")
	}
	return body, nil
}

// checkContent takes JSON, whatever its media type is called in detail, and what does not say what it is.
func checkContent(header http.Header) error {
	if coding := header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return Refuse(http.StatusUnsupportedMediaType, "the body must not be compressed: leave Content-Encoding out")
	}
	declared := header.Get("Content-Type")
	if declared == "" {
		return nil
	}
	media, parameters, err := mime.ParseMediaType(declared)
	isJSON := err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
	switch strings.ToLower(parameters["charset"]) {
	case "", "utf-8", "utf8":
	default:
		isJSON = false
	}
	if !isJSON {
		return Refuse(http.StatusUnsupportedMediaType, "the Content-Type must be application/json, in UTF-8")
	}
	return nil
}

func (l Limits) read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	tooLarge := Refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d bytes", l.Body))
	if r.ContentLength > l.Body {
		return nil, tooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, l.Body))
	var exceeded *http.MaxBytesError
	switch {
	case err == nil:
		return body, nil
	case errors.As(err, &exceeded):
		return nil, tooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, Refuse(http.StatusRequestTimeout, fmt.Sprintf("the body took longer than %v", l.Read))
	}
	return nil, Refuse(http.StatusBadRequest, "the body is cut short or malformed")
}

// blanks is what JSON allows between its parts.
const blanks = " \t\r\n"

// Decode reads a body that has to be one JSON object, and nothing else, into target, a pointer to a struct: as encoding/json
// does, so names of fields match in any case and the last of several wins, unless the field's own UnmarshalJSON sees to it.
// Its errors are refusals with status 400 that name the field where there is one.
func Decode(body []byte, target any) error {
	if opening := bytes.TrimLeft(body, blanks); len(opening) == 0 || opening[0] != '{' {
		return Refuse(http.StatusBadRequest, "the body is not a JSON object")
	}
	err := json.Unmarshal(body, target)
	var mismatch *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax):
		return Refuse(http.StatusBadRequest, "the body is not one JSON object and nothing else")
	case errors.As(err, &mismatch) && mismatch.Field != "":
		return Refuse(http.StatusBadRequest, mismatch.Field+" has a value of the wrong type")
	}
	return Refuse(http.StatusBadRequest, "the body has a value of the wrong type")
}
