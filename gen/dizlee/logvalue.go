package dizlee

import (
	"log/slog"

	"github.com/airtime-go/airtime/wire"
)

// This file is written by hand, since methods can only stand beside their type: what names a subscriber says how it may
// be logged.

// The types without methods keep slog from asking again.
type (
	plainCharge  ChargeRequest
	plainRefund  RefundRequest
	plainSMS     SendSMSRequest
	plainInbound InboundMessage
)

// LogValue masks the subscriber's number.
func (r ChargeRequest) LogValue() slog.Value {
	r.UserID = wire.MaskAccount(r.UserID)
	return slog.AnyValue(plainCharge(r))
}

// LogValue masks the subscriber's number.
func (r RefundRequest) LogValue() slog.Value {
	r.UserID = wire.MaskAccount(r.UserID)
	return slog.AnyValue(plainRefund(r))
}

// LogValue masks the subscriber's number and leaves out the text, which is between the two.
func (r SendSMSRequest) LogValue() slog.Value {
	r.Receiver, r.MessageBody = wire.MaskAccount(r.Receiver), ""
	return slog.AnyValue(plainSMS(r))
}

// LogValue masks the subscriber's number and leaves out the text, which is between the two.
func (m InboundMessage) LogValue() slog.Value {
	m.Sender, m.MessageText = wire.MaskAccount(m.Sender), ""
	return slog.AnyValue(plainInbound(m))
}
