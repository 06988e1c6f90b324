// The models: those that the specification generates, under names of this package.

package dizlee

import gen "github.com/airtime-go/airtime/gen/dizlee"

type (
	// ChargeRequest is one charge to one subscriber. See [Client.Charge] for what may be left out.
	ChargeRequest = gen.ChargeRequest
	// RefundRequest is one refund, full or partial, of one charge. See [Client.Refund] for what may be left out.
	RefundRequest = gen.RefundRequest
	// SendSMSRequest is one SMS to one subscriber. See [Client.SendSMS] for what may be left out.
	SendSMSRequest = gen.SendSMSRequest
	// SendSMSResponse is the answer to an SMS that was sent.
	SendSMSResponse = gen.SendSMSResponse
	// InboundMessage is an SMS from a subscriber to the merchant (SMSMO), as it is sent; a [MessageHandler] makes a [Message] of it.
	InboundMessage = gen.InboundMessage

	// MSISDN is a phone number in international format: 6 to 15 digits, country code first, without "+" or "00".
	MSISDN = gen.MSISDN
	// ChargeType is the kind of a charge. An open list: unknown values are sent as they are.
	ChargeType = gen.ChargeType
	// Channel is the way by which a subscriber came to a purchase. An open list.
	Channel = gen.Channel
	// BillingType says how the operator bills a subscriber. An open list.
	BillingType = gen.BillingType
	// Language is the language of an outgoing SMS. An open list.
	Language = gen.Language
	// MessageType is the language of an incoming SMS. An open list.
	MessageType = gen.MessageType
	// StatusCode is the status in an answer that went through; see [Code] for those of errors.
	StatusCode = gen.StatusCode
)

// ChargeResponse is the answer to a charge that went through. Its Status is always [StatusCodeOK].
type ChargeResponse struct {
	gen.ChargeResponse
	// ByDuplicate reports that the answer was lost, and that the charge is known to have gone through because the same
	// request was refused as a duplicate ([CodeDuplicateTransaction]). ChargeResponseID is empty then, and StatusDetail is
	// that of the refusal.
	ByDuplicate bool `json:"-"`
}

// RefundResponse is the answer to a refund that went through. Its Status is always [StatusCodeOK].
type RefundResponse struct {
	gen.RefundResponse
	// ByDuplicate reports that the answer was lost, and that the refund is known to have gone through because the same
	// request was refused, the charge being refunded already ([CodeAlreadyRefunded]). StatusDetail is that of the refusal.
	ByDuplicate bool `json:"-"`
}

// The values that the specification documents.
const (
	// ChargeTypeSinglePurchase is a one-time purchase, the only documented kind and the default.
	ChargeTypeSinglePurchase = gen.ChargeTypeSinglePurchase

	// ChannelWEB is a purchase on a web page, the default.
	ChannelWEB = gen.ChannelWEB
	// ChannelSMS is a purchase by SMS.
	ChannelSMS = gen.ChannelSMS
	// ChannelMobileApp is a purchase in an app.
	ChannelMobileApp = gen.ChannelMobileApp
	// ChannelCC is a purchase through "CC", which the specification does not spell out.
	ChannelCC = gen.ChannelCC

	// BillingTypePrepaid takes charges from credit.
	BillingTypePrepaid = gen.BillingTypePrepaid
	// BillingTypePostpaid adds charges to a bill.
	BillingTypePostpaid = gen.BillingTypePostpaid

	// LanguageEnglish marks an outgoing SMS in English.
	LanguageEnglish = gen.LanguageEnglish
	// LanguageArabic marks an outgoing SMS in Arabic.
	LanguageArabic = gen.LanguageArabic

	// MessageTypeEnglish marks an incoming SMS in English.
	MessageTypeEnglish = gen.MessageTypeEnglish
	// MessageTypeArabic marks an incoming SMS in Arabic.
	MessageTypeArabic = gen.MessageTypeArabic

	// StatusCodeOK is the one status of success.
	StatusCodeOK = gen.StatusCodeOK

	// OneTimePurchase is the subscription id of a purchase that belongs to no subscription.
	OneTimePurchase = "SP"
)
