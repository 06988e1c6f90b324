// The mobile operator behind Dizlee: its subscribers' charges, refunds and messages.

package sandbox

import (
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/airtime-go/airtime/gen/dizlee"
	"github.com/airtime-go/airtime/money"
)

// operator is safe for concurrent use.
type operator struct {
	mu       sync.Mutex
	ids      mint
	charges  []*Charge
	refunds  []Refund
	messages []Message

	charged  map[string]*Charge // by chargeRequestId
	refunded map[string]bool    // by refundRequestId, without an amount
}

func newOperator(ids mint) *operator {
	return &operator{ids: ids, charged: map[string]*Charge{}, refunded: map[string]bool{}}
}

// thirtyDayLimits are limits in currencies whose unit is worth much more or much less than a dollar.
var thirtyDayLimits = map[string]money.Decimal{
	"IQD": money.FromInt(100_000),
	"BHD": money.FromInt(30), "JOD": money.FromInt(60), "KWD": money.FromInt(30), "OMR": money.FromInt(35),
}

// ThirtyDayLimit returns how much a subscriber may be charged in 30 days, the new charge included: 100,000 IQD,
// 30 KWD or BHD, 35 OMR, 60 JOD, and 300 of any other currency.
func ThirtyDayLimit(currency string) money.Decimal {
	if limit, special := thirtyDayLimits[currency]; special {
		return limit
	}
	return money.FromInt(300)
}

// charge returns the status, and the operator's id of the charge if it gives one. An id that was refused may be used
// again: nothing was charged under it.
func (o *operator) charge(request dizlee.ChargeRequest, at time.Time) (dizlee.StatusCode, string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.charged[request.ChargeRequestID] != nil {
		return dizlee.StatusCodeDuplicateTransaction, ""
	}
	verdict := chargeVerdict(request.UserID)
	if request.TotalCharge30Days.Add(request.Amount).Cmp(ThirtyDayLimit(request.Currency)) > 0 {
		verdict = dizlee.StatusCodeThirtyDayLimitExceeded
	}
	if !done(verdict) {
		return verdict, ""
	}
	charge := &Charge{
		ChargeRequestID: request.ChargeRequestID, ChargeResponseID: o.nextID(request.UserID), MSISDN: request.UserID,
		Amount: request.Amount, Currency: request.Currency, At: at,
	}
	o.charges = append(o.charges, charge)
	o.charged[charge.ChargeRequestID] = charge
	return verdict, charge.ChargeResponseID
}

// nextID numbers charges upwards from a number that the seed picks; the odd operator numbers nothing.
func (o *operator) nextID(msisdn string) string {
	if oddOperator(msisdn) {
		return ""
	}
	const first, span = 10_000, 80_000
	return strconv.FormatUint(first+o.ids.number(span, "charge ids")+uint64(len(o.charges)), 10)
}

// refund returns the status. Without an amount it gives back what is left of the charge.
func (o *operator) refund(request dizlee.RefundRequest, at time.Time) dizlee.StatusCode {
	o.mu.Lock()
	defer o.mu.Unlock()
	verdict := refundVerdict(request.UserID)
	if !done(verdict) {
		return verdict
	}
	charge := o.charged[request.TransactionID]
	if refused := o.refundFlaw(request, charge); refused != "" {
		return refused
	}
	amount := charge.Amount.Sub(charge.Refunded)
	if request.Amount != nil {
		amount = *request.Amount
	}
	charge.Refunded = charge.Refunded.Add(amount)
	// That a part is not given back twice under one id is documented nowhere, so it is.
	if request.Amount == nil {
		o.refunded[request.RefundRequestID] = true
	}
	o.refunds = append(o.refunds, Refund{
		RefundRequestID: request.RefundRequestID, ChargeRequestID: charge.ChargeRequestID, MSISDN: charge.MSISDN,
		Amount: amount, Currency: charge.Currency, At: at,
	})
	return verdict
}

// refundFlaw returns the code by which the books refuse a refund, and "" if they don't.
func (o *operator) refundFlaw(request dizlee.RefundRequest, charge *Charge) dizlee.StatusCode {
	switch {
	case charge == nil || !charge.isMeant(request):
		return dizlee.StatusCodeChargeNotFound
	case o.refunded[request.RefundRequestID] || charge.Refunded.Equal(charge.Amount):
		return dizlee.StatusCodeAlreadyRefunded
	case request.Currency != charge.Currency:
		return dizlee.StatusCodeRefundRejected
	case request.Amount != nil && charge.Refunded.Add(*request.Amount).Cmp(charge.Amount) > 0:
		return dizlee.StatusCodeRefundRejected
	}
	return ""
}

// isMeant reports whether a refund names the charge without contradicting itself.
func (c *Charge) isMeant(request dizlee.RefundRequest) bool {
	id := request.ChargeResponseID
	return request.UserID == c.MSISDN &&
		(id == "" || id == noChargeResponseID || id == c.ChargeResponseID) &&
		(request.ChargeID == "" || request.ChargeID == c.ChargeRequestID || request.ChargeID == c.ChargeResponseID)
}

// deliver returns the status. Nothing protects against delivering twice.
func (o *operator) deliver(request dizlee.SendSMSRequest, at time.Time) dizlee.StatusCode {
	o.mu.Lock()
	defer o.mu.Unlock()
	verdict := messageVerdict(request.Receiver)
	if done(verdict) {
		o.messages = append(o.messages, Message{
			SMSRequestID: request.SMSRequestID, Sender: request.Sender, Receiver: request.Receiver,
			Language: string(request.Language), Text: request.MessageBody, At: at,
		})
	}
	return verdict
}

func (o *operator) chargesSoFar() []Charge {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.copyCharges()
}

func (o *operator) copyCharges() []Charge {
	charges := make([]Charge, 0, len(o.charges))
	for _, c := range o.charges {
		charges = append(charges, *c)
	}
	return charges
}

// enter writes the operator's books.
func (o *operator) enter(l *Ledger) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l.Charges = o.copyCharges()
	l.Refunds, l.Messages = append([]Refund{}, o.refunds...), append([]Message{}, o.messages...)
}

func (o *operator) refundsSoFar() []Refund {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.refunds)
}

func (o *operator) messagesSoFar() []Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.messages)
}
