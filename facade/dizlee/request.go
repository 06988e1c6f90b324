// Requests before they are sent: what is filled in, and what is refused.

package dizlee

import (
	"strings"
	"unicode/utf8"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/pipeline"
	"github.com/airtime-go/airtime/money"
)

// fill puts the merchant's own names where the request has none.
func (m Merchant) fill(aggregator, merchant, product, subProduct *string) {
	fill(aggregator, m.AggregatorID)
	fill(merchant, m.MerchantID)
	fill(product, m.Product)
	fill(subProduct, m.SubProduct)
}

func fill[T ~string](field *T, value T) {
	if pipeline.Blank(string(*field)) {
		*field = value
	}
}

func (c *Client) completeCharge(r *ChargeRequest) {
	c.merchant.fill(&r.AggregatorID, &r.MerchantID, &r.Product, &r.SubProduct)
	fill(&r.SubscriptionID, OneTimePurchase)
	fill(&r.Type, ChargeTypeSinglePurchase)
	fill(&r.Channel, ChannelWEB)
	fill(&r.Promoter, r.MerchantID)
	r.Amount = threePlaces(r.Amount)
	r.TotalCharge30Days = threePlaces(r.TotalCharge30Days)
}

func (c *Client) completeRefund(r *RefundRequest) {
	c.merchant.fill(&r.AggregatorID, &r.MerchantID, &r.Product, &r.SubProduct)
	fill(&r.SubscriptionID, OneTimePurchase)
	if !pipeline.Blank(r.MerchantID) && !pipeline.Blank(r.Product) {
		fill(&r.Purpose, r.MerchantID+"-"+r.Product)
	}
	if r.Amount != nil {
		amount := threePlaces(*r.Amount)
		r.Amount = &amount
	}
}

// maxPlaces is the most that any of the currencies has: IQD, KWD, BHD, JOD and OMR have three.
const maxPlaces = 3

// threePlaces cuts off zeros beyond the third place, as a database may add them. It never changes the amount.
func threePlaces(amount money.Decimal) money.Decimal {
	if amount.Places() > maxPlaces {
		if shorter := amount.Round(maxPlaces); shorter.Equal(amount) {
			return shorter
		}
	}
	return amount
}

func (c *Client) checkCharge(r ChargeRequest) error {
	checks := requestChecks{merchantCode: c.merchantCode}
	checks.id("chargeRequestId", r.ChargeRequestID)
	checks.subscription(r.SubscriptionID)
	checks.msisdn("userId", r.UserID)
	checks.text("type", string(r.Type))
	checks.Require(r.Amount.Sign() > 0, "amount", "must be above 0")
	checks.exact("amount", r.Amount)
	checks.currency(r.Currency)
	checks.Require(r.TotalCharge30Days.Sign() >= 0, "totalCharge_p30d", "must not be below 0")
	checks.exact("totalCharge_p30d", r.TotalCharge30Days)
	checks.merchant(r.AggregatorID, r.MerchantID, r.Product, r.SubProduct)
	checks.text("channel", string(r.Channel))
	checks.text("promoter", r.Promoter)
	checks.Require(r.VATAmount == nil || *r.VATAmount >= 0, "vatAmount", "must not be below 0")
	checks.optional("billingType", string(r.BillingType))
	checks.optional("profileRequestId", r.ProfileRequestID)
	checks.optional("SID", r.SID)
	checks.optional("PID", r.PID)
	return checks.Err(operationCharge)
}

func (c *Client) checkRefund(r RefundRequest) error {
	checks := requestChecks{merchantCode: c.merchantCode}
	checks.id("refundRequestId", r.RefundRequestID)
	checks.subscription(r.SubscriptionID)
	checks.msisdn("userId", r.UserID)
	checks.id("transactionId", r.TransactionID)
	checks.optional("chargeResponseId", r.ChargeResponseID)
	checks.optional("chargeId", r.ChargeID)
	if r.Amount != nil {
		checks.Require(r.Amount.Sign() > 0, "amount", "must be above 0, or absent to refund everything")
		checks.exact("amount", *r.Amount)
	}
	checks.currency(r.Currency)
	checks.merchant(r.AggregatorID, r.MerchantID, r.Product, r.SubProduct)
	checks.text("reason", r.Reason)
	checks.text("purpose", r.Purpose)
	return checks.Err(operationRefund)
}

func (c *Client) checkSMS(r SendSMSRequest) error {
	checks := requestChecks{merchantCode: c.merchantCode}
	checks.id("smsRequestId", r.SMSRequestID)
	if r.SubscriptionID != "" {
		checks.subscription(r.SubscriptionID)
	}
	checks.text("sender", r.Sender)
	checks.msisdn("receiver", r.Receiver)
	checks.text("language", string(r.Language))
	checks.text("msgBody", r.MessageBody)
	checks.merchant(r.AggregatorID, r.MerchantID, r.Product, r.SubProduct)
	checks.optional("SID", r.SID)
	checks.optional("PID", r.PID)
	return checks.Err(operationSendSMS)
}

// requestChecks are the rules that several requests share. Reasons never repeat a value.
type requestChecks struct {
	facade.Checks
	merchantCode string
}

func (c *requestChecks) text(field, value string) {
	c.Require(!pipeline.Blank(value), field, "is missing")
	c.optional(field, value)
}

// optional refuses what encoding/json would silently rewrite.
func (c *requestChecks) optional(field, value string) {
	c.Require(utf8.ValidString(value), field, "is not valid UTF-8")
}

func (c *requestChecks) id(field, value string) {
	c.text(field, value)
	if c.merchantCode != "" && !pipeline.Blank(value) {
		own := strings.HasPrefix(value, c.merchantCode) && len(value) > len(c.merchantCode)
		c.Require(own, field, "does not start with the merchant code "+c.merchantCode+", followed by something of its own")
	}
}

func (c *requestChecks) subscription(value string) {
	if value != OneTimePurchase {
		c.id("subscriptionId", value)
	}
}

func (c *requestChecks) msisdn(field, value string) {
	if pipeline.Blank(value) {
		c.Require(false, field, "is missing")
		return
	}
	digits := strings.Trim(value, "0123456789") == ""
	c.Require(digits && value[0] != '0' && len(value) >= 6 && len(value) <= 15, field,
		"must be 6 to 15 digits, country code first, without + or 00")
}

// exact refuses amounts that would have to be rounded, and results of arithmetic too large to be written.
func (c *requestChecks) exact(field string, amount money.Decimal) {
	_, err := amount.MarshalText()
	c.Require(err == nil && amount.Places() <= maxPlaces, field, "must be exact to three decimal places, and of a size that can be paid")
}

func (c *requestChecks) currency(value string) {
	if pipeline.Blank(value) {
		c.Require(false, "currency", "is missing")
		return
	}
	capitals := strings.Trim(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
	c.Require(capitals && len(value) == 3, "currency", "must be three capital letters, such as KWD")
}

func (c *requestChecks) merchant(aggregator, merchant, product, subProduct string) {
	c.text("aggregatorId", aggregator)
	c.text("merchantId", merchant)
	c.text("product", product)
	c.text("subProduct", subProduct)
}
