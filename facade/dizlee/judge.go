// What an answer is taken for.

package dizlee

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/pipeline"
	gen "github.com/airtime-go/airtime/gen/dizlee"
)

// judge decides what an answer means. Only an envelope with status 1 is a success; what is no envelope proves nothing.
func (k call) judge(answer pipeline.Answer) (envelope, error) {
	decoded, readable := decode(answer.Body)
	switch {
	case answer.Failure != pipeline.None || !readable:
		return envelope{}, k.fail(answer, envelope{})
	case decoded.status() != StatusCodeOK:
		return envelope{}, k.fail(answer, decoded)
	}
	return decoded, nil
}

// statusHidden stands for a status that cannot be shown as it came. It is none of the documented ones, so that nothing
// else is lost.
const statusHidden Code = "[redacted]"

// fail makes the error of an answer that is no success; decoded is empty if the answer is no envelope.
func (k call) fail(answer pipeline.Answer, decoded envelope) *Error {
	clean := func(text string) string { return answer.Scrub(k.mask(text)) }
	e := &Error{
		Operation:        k.operation,
		HTTPStatus:       answer.Status,
		Status:           Code(decoded.Status),
		StatusDetail:     clean(string(decoded.StatusDetail)),
		RequestID:        k.id,
		ChargeResponseID: clean(decoded.chargeResponseID()),
		Attempts:         answer.Attempt,
		RetryAfter:       answer.RetryAfter,
		notSent:          answer.Failure == pipeline.NotSent,
		cause:            answer.Err,
	}
	if clean(string(decoded.Status)) != string(decoded.Status) {
		e.Status = statusHidden
	}
	if answer.Err != nil {
		e.reason = clean(answer.Err.Error())
	}
	if e.Status == "" {
		e.undecodable = answer.Failure != pipeline.NotSent && answer.Failure != pipeline.Lost
		e.Excerpt = k.mask(answer.Excerpt())
	}
	return e
}

// mask hides the subscriber in a text that came from outside.
func (k call) mask(text string) string {
	return strings.ReplaceAll(text, k.msisdn, facade.MaskAccount(k.msisdn))
}

// envelope is the answer of every operation; what an operation doesn't have is empty.
type envelope struct {
	Status           scalar `json:"status"`
	StatusDetail     scalar `json:"statusDetail"`
	ChargeResponseID scalar `json:"chargeResponseId"`
}

// decode reads an answer, and reports whether it is an envelope: one JSON object with a status in it.
func decode(body []byte) (envelope, bool) {
	var answer envelope
	// .NET services like to begin with a byte order mark.
	err := json.Unmarshal(bytes.TrimPrefix(body, []byte("\uFEFF")), &answer)
	return answer, err == nil && answer.Status != ""
}

func (e envelope) status() StatusCode { return gen.StatusCode(e.Status) }

// chargeResponseID returns the operator's id, and nothing for the -1 that stands for nothing.
func (e envelope) chargeResponseID() string {
	if e.ChargeResponseID == "-1" {
		return ""
	}
	return string(e.ChargeResponseID)
}

// scalar is a string that may come as a number, with blanks around it, or as null. Anything that is no scalar counts as
// absent: a surprise in one field must not cost the others.
type scalar string

// UnmarshalJSON takes any JSON value.
func (s *scalar) UnmarshalJSON(data []byte) error {
	var text string
	switch {
	case data[0] == '"':
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
	case data[0] != '{' && data[0] != '[' && string(data) != "null":
		text = string(data)
	}
	*s = scalar(strings.TrimSpace(text))
	return nil
}
