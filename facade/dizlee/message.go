// Messages from subscribers (SMSMO), as the operator delivers them.

package dizlee

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/inbound"
	"github.com/airtime-go/airtime/facade/internal/pipeline"
)

// Message is an SMS from a subscriber to the merchant: to subscribe, to unsubscribe, to confirm, or anything else that
// somebody types into a phone. Nothing of it has been trimmed or normalised.
type Message struct {
	// Sender is the MSISDN of the subscriber, as the operator spells it; never blank.
	Sender string
	// Destination is the short code or number that the message was sent to; never blank.
	Destination string
	// Text is what the subscriber wrote; empty if that was nothing. It is valid UTF-8: half a surrogate pair has become
	// U+FFFD. Compare keywords without regard to case, blanks and invisible marks.
	Text string
	// Language is what the operator says that the text is in, fit for [SendSMSRequest]: [LanguageEnglish] or
	// [LanguageArabic]; empty if MessageType is neither.
	Language Language
	// MessageType is the language as it came: [MessageTypeEnglish], [MessageTypeArabic], whatever else an operator sends, or
	// empty if it sends none.
	MessageType MessageType
}

// LogValue masks the numbers and leaves the text out.
func (m Message) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("sender", facade.MaskAccount(m.Sender)),
		slog.String("destination", shownDestination(m.Destination)),
		slog.String("language", string(m.Language)),
		slog.Int("characters", utf8.RuneCountInString(m.Text)),
	)
}

// shownDestination leaves short codes as they are: no MSISDN has less than six digits.
func shownDestination(number string) string {
	if len(number) < 6 {
		return number
	}
	return facade.MaskAccount(number)
}

// inboundMessage is the body of an SMSMO. The specification spells the last two keys with a capital and without; either may
// come, of all four, and encoding/json takes them for the same.
type inboundMessage struct {
	Sender      said `json:"Sender"`
	Destination said `json:"Destination"`
	MessageType said `json:"messageType"`
	MessageText said `json:"messageText"`
}

// said is one value, however often and in whichever spellings of its key it was said.
type said struct {
	value string
	// given reports that it was said at all, otherwise than by null.
	given bool
	// number reports that it came as a number, other that it came as neither that nor a string, differs that it was said more
	// than once, and not the same.
	number, other, differs bool
}

// UnmarshalJSON takes any JSON value; check tells what is wrong with it.
func (s *said) UnmarshalJSON(raw []byte) (err error) {
	var value string
	switch {
	case string(raw) == "null":
		return nil
	case raw[0] == '"':
		err = json.Unmarshal(raw, &value)
	case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
		s.number = true
		value = string(raw)
	default:
		s.other = true
	}
	s.differs = s.differs || s.given && s.value != value
	s.value, s.given = value, true
	return err
}

// check returns what is wrong with a value; empty for nothing.
func (s said) check() string {
	switch {
	case s.other:
		return "is no string"
	case s.differs:
		return "is there more than once, with different values"
	}
	return ""
}

// required is check for a string that has to be there.
func (s said) required() string {
	switch {
	case !s.given:
		return "is missing"
	case s.number:
		return "is no string"
	}
	return s.check()
}

// number is required for what must say something.
func number(s said) string {
	if wrong := s.required(); wrong != "" || !pipeline.Blank(s.value) {
		return wrong
	}
	return "is blank"
}

// readMessage reads a body. Its errors are refusals that name every field at fault.
func readMessage(body []byte) (Message, error) {
	var came inboundMessage
	if err := inbound.Decode(body, &came); err != nil {
		return Message{}, err
	}
	var problems []string
	for _, field := range []struct{ name, wrong string }{
		{"Sender", number(came.Sender)},
		{"Destination", number(came.Destination)},
		{"messageType", came.MessageType.check()},
		{"messageText", came.MessageText.required()},
	} {
		if field.wrong != "" {
			problems = append(problems, field.name+" "+field.wrong)
		}
	}
	if problems != nil {
		return Message{}, inbound.Refuse(http.StatusBadRequest, strings.Join(problems, "; "))
	}
	return Message{
		Sender: came.Sender.value, Destination: came.Destination.value, Text: came.MessageText.value,
		Language: languageOf(came.MessageType.value), MessageType: MessageType(came.MessageType.value),
	}, nil
}

// languageOf never fails: who wants to unsubscribe must get through in any language.
func languageOf(messageType string) Language {
	switch MessageType(strings.TrimSpace(messageType)) {
	case MessageTypeEnglish:
		return LanguageEnglish
	case MessageTypeArabic:
		return LanguageArabic
	}
	return ""
}
