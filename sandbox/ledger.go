// What really happened, apart from what was answered: the books that tests hold a client against.

package sandbox

import (
	"time"

	"github.com/airtime-go/airtime/money"
)

// Payment is money that left the account for one transfer. Validations, test transfers and failures make none, and a
// cancelled transfer's payment is struck out.
type Payment struct {
	DistributorRef string `json:"distributorRef"` // the caller's reference
	TransferRef    string `json:"transferRef"`    // the sandbox's reference
	SKUCode        string `json:"skuCode"`        // the product
	AccountNumber  string `json:"accountNumber"`  // who received it
	// Amount is SendValue plus DistributorFee, in Currency.
	Amount   money.Decimal `json:"amount"`
	Currency string        `json:"currency"` // ISO 4217
	At       time.Time     `json:"at"`       // when, by the sandbox's clock
}

// Charge is an amount that a subscriber was charged.
type Charge struct {
	ChargeRequestID  string        `json:"chargeRequestId"`  // the caller's id of the charge
	ChargeResponseID string        `json:"chargeResponseId"` // empty where the operator gives none
	MSISDN           string        `json:"msisdn"`           // the subscriber
	Amount           money.Decimal `json:"amount"`           // in Currency
	Refunded         money.Decimal `json:"refunded"`         // how much of Amount was given back since
	Currency         string        `json:"currency"`         // ISO 4217
	At               time.Time     `json:"at"`               // when, by the sandbox's clock
}

// Refund is an amount that a subscriber was given back.
type Refund struct {
	RefundRequestID string        `json:"refundRequestId"` // the caller's id of the refund
	ChargeRequestID string        `json:"chargeRequestId"` // of the charge
	MSISDN          string        `json:"msisdn"`          // the subscriber
	Amount          money.Decimal `json:"amount"`          // in Currency
	Currency        string        `json:"currency"`        // ISO 4217
	At              time.Time     `json:"at"`              // when, by the sandbox's clock
}

// Message is an SMS that was delivered.
type Message struct {
	SMSRequestID string    `json:"smsRequestId"` // the caller's id of the message
	Sender       string    `json:"sender"`       // as the caller gave it
	Receiver     string    `json:"receiver"`     // the subscriber
	Language     string    `json:"language"`     // En or Ar
	Text         string    `json:"text"`         // as it was delivered
	At           time.Time `json:"at"`           // when, by the sandbox's clock
}

// Payments returns what was paid for transfers, oldest first.
func (s *Sandbox) Payments() []Payment { return s.account.paymentsAt(now(s.settings.clock)) }

// Balance returns what the account holds, in USD.
func (s *Sandbox) Balance() money.Decimal { return s.account.balanceAt(now(s.settings.clock)) }

// Charges returns what subscribers were charged, oldest first.
func (s *Sandbox) Charges() []Charge { return s.operator.chargesSoFar() }

// Refunds returns what subscribers were given back, oldest first.
func (s *Sandbox) Refunds() []Refund { return s.operator.refundsSoFar() }

// Messages returns the SMS that were delivered, oldest first.
func (s *Sandbox) Messages() []Message { return s.operator.messagesSoFar() }

// Ledger is all books of one moment. Its JSON has amounts as numbers, and no list that is null.
type Ledger struct {
	Balance  money.Decimal `json:"balance"`
	Currency string        `json:"currency"` // of the balance
	Payments []Payment     `json:"payments"`
	Charges  []Charge      `json:"charges"`
	Refunds  []Refund      `json:"refunds"`
	Messages []Message     `json:"messages"`
}

// Ledger returns the books of both services, each as of one moment.
func (s *Sandbox) Ledger() Ledger {
	l := Ledger{Currency: accountCurrency}
	s.account.enter(&l, now(s.settings.clock))
	s.operator.enter(&l)
	return l
}
