// What comes back from an attempt, and what is made of it.

package dizlee

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/pipeline"
	"github.com/airtime-go/airtime/facade/internal/settle"
	gen "github.com/airtime-go/airtime/gen/dizlee"
)

// judge decides what an answer means, by the outcome table. What went through has an answer, all else an error.
func (t *transaction) judge(came pipeline.Answer) (row, *answer, *Error) {
	decoded, readable := decode(came.Body)
	if came.Failure != pipeline.None || !readable {
		decoded = envelope{}
	}
	f := finding{subject: t.call.subject, came: cameOf(came.Failure, readable), status: Code(decoded.Status), turn: first}
	if t.repeating {
		f.turn = repeat
	}
	decided := outcomeOf(f)
	if decided.byDuplicate && t.client.duplicateAsUnknown {
		decided.verdict, decided.why = settle.Unknown, "a duplicate was refused, which this client does not take for a proof"
	}
	if decided.verdict != settle.Accepted {
		return decided, nil, t.call.failed(came, decoded, decided)
	}
	return decided, &answer{
		// The one status of success, for those who compare; the detail stays the service's own.
		Status:           StatusCodeOK,
		StatusDetail:     t.call.shown(came, string(decoded.StatusDetail)),
		ChargeResponseID: withoutSecrets(came, decoded.chargeResponseID()),
		ByDuplicate:      decided.byDuplicate,
	}, nil
}

// withoutSecrets leaves an id as it is, which is needed later, unless it repeats the client's key.
func withoutSecrets(came pipeline.Answer, id string) string {
	if came.HoldsSecret(id) {
		return came.Scrub(id)
	}
	return id
}

// answer is what a call that went through came to.
type answer struct {
	Status           StatusCode `json:"status"`
	StatusDetail     string     `json:"statusDetail,omitempty"`
	ChargeResponseID string     `json:"chargeResponseId,omitempty"`
	ByDuplicate      bool       `json:"byDuplicate,omitempty"`
}

func (a answer) charge() *ChargeResponse {
	response := gen.ChargeResponse{Status: a.Status, StatusDetail: a.StatusDetail, ChargeResponseID: a.ChargeResponseID}
	return &ChargeResponse{ChargeResponse: response, ByDuplicate: a.ByDuplicate}
}

func (a answer) refund() *RefundResponse {
	return &RefundResponse{RefundResponse: gen.RefundResponse{Status: a.Status, StatusDetail: a.StatusDetail}, ByDuplicate: a.ByDuplicate}
}

func (a answer) sms() *SendSMSResponse {
	return &SendSMSResponse{Status: a.Status, StatusDetail: a.StatusDetail}
}

// statusHidden stands for a status that cannot be shown as it came. It is none of the documented ones, so that nothing
// else is lost.
const statusHidden Code = "[redacted]"

// failed makes the error of an answer that is no success; decoded is empty if the answer is no envelope.
func (k call) failed(came pipeline.Answer, decoded envelope, decided row) *Error {
	clean := func(text string) string { return came.Scrub(k.mask(text)) }
	e := k.fail(outcomes[decided.verdict])
	e.HTTPStatus = came.Status
	e.Status = Code(decoded.Status)
	e.StatusDetail = k.shown(came, string(decoded.StatusDetail))
	e.ChargeResponseID = clean(decoded.chargeResponseID())
	e.Attempts = came.Attempt
	e.RetryAfter = came.RetryAfter
	e.usedBefore = decided.usedBefore
	e.notSent = came.Failure == pipeline.NotSent && decided.verdict == settle.Later
	e.cause = came.Err
	if clean(string(decoded.Status)) != string(decoded.Status) {
		e.Status = statusHidden
	}
	switch {
	case came.Err != nil:
		e.reason = clean(came.Err.Error())
	case decided.turn == repeat && decided.verdict == settle.Unknown:
		// Elsewhere, the code's own meaning says it all.
		e.reason = decided.why
	}
	if e.Status == "" {
		e.undecodable = came.Failure != pipeline.NotSent && came.Failure != pipeline.Lost
		e.Excerpt = k.mask(came.Excerpt())
	}
	return e
}

// mask hides the subscriber in a text that came from outside.
func (k call) mask(text string) string {
	if k.msisdn == "" {
		return text
	}
	return strings.ReplaceAll(text, k.msisdn, facade.MaskAccount(k.msisdn))
}

// shown returns an explanation for people as an error or a log may show it: without the subscriber, however the number is
// grouped or spelled. The ids that it may name as well are in fields of their own.
func (k call) shown(came pipeline.Answer, detail string) string { return came.Shown(k.mask(detail)) }

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
