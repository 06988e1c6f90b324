// Tests of what is taken for a message, and of what a message shows of itself.

package dizlee_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/dizlee"
)

// stop is a message as the specification's sample spells it.
const stop = `{"Sender":"9647700900123","Destination":"1234","MessageType":"0","MessageText":"STOP"}`

func TestMessagesAreReadInEverySpelling(t *testing.T) {
	english := dizlee.Message{Sender: msisdn, Destination: "1234", Text: "STOP", Language: dizlee.LanguageEnglish, MessageType: dizlee.MessageTypeEnglish}
	for name, tc := range map[string]struct {
		body   string
		change func(*dizlee.Message)
	}{
		"as in the sample": {stop, nil},
		"as in the table":  {`{"Sender":"9647700900123","Destination":"1234","messageType":"0","messageText":"STOP"}`, nil},
		"all in small":     {`{"sender":"9647700900123","destination":"1234","messageType":"0","messageText":"STOP"}`, nil},
		"a mixture":        {`{"sender":"9647700900123","Destination":"1234","MessageType":"0","messageText":"STOP"}`, nil},
		"both, and equal":  {`{"Sender":"9647700900123","sender":"9647700900123","Destination":"1234","destination":"1234","MessageType":"0","messageType":0,"MessageText":"STOP","messageText":"\u0053TOP"}`, nil},
		"both, one null":   {`{"Sender":"9647700900123","sender":null,"destination":null,"Destination":"1234","MessageType":null,"messageType":"0","MessageText":"STOP","messageText":null}`, nil},
		"twice, and equal": {`{"Sender":"9647700900123","Sender":"9647700900123","Destination":"1234","messageType":"0","messageText":"STOP","messageText":"STOP"}`, nil},
		"with more":        {`{"id":[{"Sender":"1"}],` + stop[1:], nil},
		"with a mark":      {"\uFEFF" + stop, nil},
		"a number":         {strings.Replace(stop, `"0"`, `0`, 1), nil},
		"Arabic": {strings.Replace(stop, `"0"`, `"1"`, 1), func(m *dizlee.Message) {
			m.Language, m.MessageType = dizlee.LanguageArabic, dizlee.MessageTypeArabic
		}},
		"Arabic, as a number": {strings.Replace(stop, `"0"`, `1`, 1), func(m *dizlee.Message) {
			m.Language, m.MessageType = dizlee.LanguageArabic, dizlee.MessageTypeArabic
		}},
		"Arabic, with blanks": {strings.Replace(stop, `"0"`, `" 1 "`, 1), func(m *dizlee.Message) {
			m.Language, m.MessageType = dizlee.LanguageArabic, " 1 "
		}},
		"some other language":         {strings.Replace(stop, `"0"`, `"2"`, 1), func(m *dizlee.Message) { m.Language, m.MessageType = "", "2" }},
		"a language by its name":      {strings.Replace(stop, `"0"`, `"En"`, 1), func(m *dizlee.Message) { m.Language, m.MessageType = "", "En" }},
		"a number that is none of it": {strings.Replace(stop, `"0"`, `-1.50e3`, 1), func(m *dizlee.Message) { m.Language, m.MessageType = "", "-1.50e3" }},
		"no language":                 {strings.Replace(stop, `"0"`, `""`, 1), func(m *dizlee.Message) { m.Language, m.MessageType = "", "" }},
		"null for a language":         {strings.Replace(stop, `"0"`, `null`, 1), func(m *dizlee.Message) { m.Language, m.MessageType = "", "" }},
		"nothing for a language":      {strings.Replace(stop, `"MessageType":"0",`, ``, 1), func(m *dizlee.Message) { m.Language, m.MessageType = "", "" }},
		"a number with blanks":        {strings.Replace(stop, msisdn, ` +964 770 `, 1), func(m *dizlee.Message) { m.Sender = " +964 770 " }},
		"a name for a destination":    {strings.Replace(stop, "1234", "Acme", 1), func(m *dizlee.Message) { m.Destination = "Acme" }},
	} {
		t.Run(name, func(t *testing.T) {
			want := english
			if tc.change != nil {
				tc.change(&want)
			}
			box := newInbox()
			assert.Equal(t, 200, box.deliver(t, tc.body).status)
			assert.Equal(t, []dizlee.Message{want}, box.messages())
		})
	}
}

func TestTextsAreNeverChanged(t *testing.T) {
	for name, tc := range map[string]struct{ written, read string }{
		"empty":                         {`""`, ""},
		"blanks alone":                  {`"  "`, "  "},
		"blanks around":                 {`"\t STOP \r\n"`, "\t STOP \r\n"},
		"Arabic":                        {`"إلغاء الاشتراك"`, "إلغاء الاشتراك"},
		"Arabic, escaped":               {`"\u0625\u0644\u063a\u0627\u0621"`, "إلغاء"},
		"Arabic with marks of its own":  {`"شُكْرًا"`, "شُكْرًا"},
		"letters as they are presented": {`"ﻻ"`, "ﻻ"},
		"composed, and not":             {`"é e\u0301"`, "é e\u0301"},
		"directions":                    {`"\u202eSTOP\u202c\u200f\u061c\u2067"`, "\u202eSTOP\u202c\u200f\u061c\u2067"},
		"joiners":                       {`"می\u200cخواهم"`, "می\u200cخواهم"},
		"digits of Arabic":              {`"٠١٤"`, "٠١٤"},
		"an emoji":                      {`"👍🏽"`, "👍🏽"},
		"an emoji, escaped":             {`"\ud83d\udc4d"`, "👍"},
		"NUL":                           {`"a\u0000b"`, "a\x00b"},
		"a mark in the text":            {`"\ufeffSTOP"`, "\uFEFFSTOP"},
		"half a pair, the first":        {`"a\ud83d"`, "a\uFFFD"},
		"half a pair, the second":       {`"\udc4db"`, "\uFFFDb"},
		"two halves, in the wrong way":  {`"\udc4d\ud83d"`, "\uFFFD\uFFFD"},
		"no character":                  {`"\ufffe"`, "\uFFFE"},
		"HTML":                          {`"<b>&amp;\u003c"`, "<b>&amp;<"},
	} {
		t.Run(name, func(t *testing.T) {
			box := newInbox()
			assert.Equal(t, 200, box.deliver(t, strings.Replace(stop, `"STOP"`, tc.written, 1)).status)
			require.Len(t, box.messages(), 1)
			assert.Equal(t, tc.read, box.messages()[0].Text)
		})
	}
}

func TestWhatIsNoMessageIsToldByTheNamesOfItsFields(t *testing.T) {
	for name, tc := range map[string]struct{ body, want string }{
		"nothing in it":          {`{}`, "Sender is missing; Destination is missing; messageText is missing"},
		"nulls":                  {`{"Sender":null,"sender":null,"Destination":null,"messageText":null,"messageType":null}`, "Sender is missing; Destination is missing; messageText is missing"},
		"no sender":              {strings.Replace(stop, "Sender", "From", 1), "Sender is missing"},
		"no destination":         {strings.Replace(stop, "Destination", "To", 1), "Destination is missing"},
		"no text":                {strings.Replace(stop, "MessageText", "Text", 1), "messageText is missing"},
		"blank":                  {strings.Replace(stop, msisdn, " \u00a0", 1), "Sender is blank"},
		"empty":                  {strings.Replace(stop, "1234", "", 1), "Destination is blank"},
		"a number":               {strings.Replace(stop, `"`+msisdn+`"`, msisdn, 1), "Sender is no string"},
		"a number for text":      {strings.Replace(stop, `"STOP"`, "14", 1), "messageText is no string"},
		"true":                   {strings.Replace(stop, `"1234"`, "true", 1), "Destination is no string"},
		"an array":               {strings.Replace(stop, `"STOP"`, `["STOP"]`, 1), "messageText is no string"},
		"an object":              {strings.Replace(stop, `"0"`, `{"0":"0"}`, 1), "messageType is no string"},
		"two senders":            {`{"sender":"1",` + stop[1:], "Sender is there more than once, with different values"},
		"two destinations":       {`{"destination":"1",` + stop[1:], "Destination is there more than once, with different values"},
		"two types":              {`{"messageType":1,` + stop[1:], "messageType is there more than once, with different values"},
		"two texts":              {`{"messageText":"START",` + stop[1:], "messageText is there more than once, with different values"},
		"the same key":           {`{"MessageText":"START",` + stop[1:], "messageText is there more than once, with different values"},
		"a text and none":        {`{"messageText":"",` + stop[1:], "messageText is there more than once, with different values"},
		"three, two alike":       {`{"messageText":"STOP",` + stop[1:len(stop)-1] + `,"MESSAGETEXT":"START"}`, "messageText is there more than once, with different values"},
		"three, the first other": {`{"messageText":"START","MessageText":"STOP",` + stop[1:], "messageText is there more than once, with different values"},
		"an array of them":       {"[" + stop + "]", "the body is not a JSON object"},
		"two of them":            {stop + stop, "the body is not one JSON object and nothing else"},
		"a bomb":                 {`{"Sender":` + strings.Repeat(`{"Sender":`, 6000), "the body is not one JSON object and nothing else"},
		"half a character":       {strings.Replace(stop, "STOP", "\xd8", 1), "the body is not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			box := newInbox()
			got := box.deliver(t, tc.body)
			assert.Equal(t, 400, got.status)
			assert.Equal(t, tc.want+"\n", got.body)
			assert.Empty(t, box.messages())
		})
	}
}

func TestLogsHoldNoNumbersAndNoTexts(t *testing.T) {
	for destination, shown := range map[string]string{"1234": "1234", "964770": "******", "9647700900555": "964********55"} {
		var log bytes.Buffer
		message := dizlee.Message{Sender: msisdn, Destination: destination, Text: "سر", Language: dizlee.LanguageArabic, MessageType: "1"}
		slog.New(slog.NewJSONHandler(&log, nil)).Info("came", "message", message)
		var line struct{ Message map[string]any }
		require.NoError(t, json.Unmarshal(log.Bytes(), &line))
		assert.Equal(t, map[string]any{"sender": "964********23", "destination": shown, "language": "Ar", "characters": 2.0}, line.Message)
	}
}

func FuzzMessage(f *testing.F) {
	for _, seed := range []string{
		stop, "\uFEFF" + stop, `{"sender":"1","SENDER":"1","destination":"2","messageText":"\ud83d","messageType":1e0}`,
		`{}`, `{"Sender":null}`, `[` + stop + `]`, stop + "x", `{"Sender":{"a":[1]},"Destination":true}`, "\xff", "", "null",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		box := newInbox()
		got := box.deliver(t, string(body))
		if got.status != 200 {
			assert.Contains(t, []int{400, 413}, got.status)
			assert.Empty(t, box.messages())
			assert.LessOrEqual(t, len(got.body), 300)
			assert.NotContains(t, got.body, "\uFFFD")
			return
		}
		require.Len(t, box.messages(), 1)
		message := box.messages()[0]
		for _, text := range []string{message.Sender, message.Destination, message.Text, string(message.MessageType)} {
			assert.True(t, utf8.ValidString(text))
		}
		assert.NotEmpty(t, strings.TrimSpace(message.Sender))
		assert.NotEmpty(t, strings.TrimSpace(message.Destination))
		assert.Contains(t, []dizlee.Language{"", dizlee.LanguageEnglish, dizlee.LanguageArabic}, message.Language)

		// What was read is read again from what it is written as.
		again, err := json.Marshal(map[string]string{
			"sender": message.Sender, "Destination": message.Destination, "messageText": message.Text, "MessageType": string(message.MessageType),
		})
		require.NoError(t, err)
		if len(again) <= 1<<16 { // escapes may have made it longer
			assert.Equal(t, 200, box.deliver(t, string(again)).status)
			assert.Equal(t, message, box.messages()[1])
		}
	})
}
