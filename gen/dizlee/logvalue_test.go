package dizlee

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/airtime-go/airtime/money"
)

func TestLogsMaskTheSubscriberAndLeaveOutTexts(t *testing.T) {
	const msisdn, text = "9647700000001", "between us"
	amount := money.MustParse("0.250")
	for name, value := range map[string]any{
		"charge":  ChargeRequest{ChargeRequestID: "id-1", UserID: msisdn, Amount: amount},
		"refund":  &RefundRequest{RefundRequestID: "id-1", UserID: msisdn, Amount: &amount},
		"SMS":     SendSMSRequest{SMSRequestID: "id-1", Receiver: msisdn, MessageBody: text},
		"inbound": &InboundMessage{Sender: msisdn, Destination: "id-1", MessageText: text},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "value", value)
			slog.New(slog.NewTextHandler(&log, nil)).Info("m", "value", value)
			assert.NotContains(t, log.String(), msisdn)
			assert.NotContains(t, log.String(), text)
			assert.Contains(t, log.String(), "964********01")
			assert.Contains(t, log.String(), "id-1")
		})
	}
}
