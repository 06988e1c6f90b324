// What really happened, apart from what was answered: the books that tests hold a client against.

package sandbox

import (
	"time"

	"github.com/airtime-go/airtime/money"
)

// Payment is money that left the account for one transfer. Validations, test transfers and failures make none, and a
// cancelled transfer's payment is struck out.
type Payment struct {
	DistributorRef string // the caller's reference
	TransferRef    string // the sandbox's reference
	SKUCode        string // the product
	AccountNumber  string // who received it
	// Amount is SendValue plus DistributorFee, in Currency.
	Amount   money.Decimal
	Currency string    // ISO 4217
	At       time.Time // when, by the sandbox's clock
}

// Charge is an amount that a subscriber was charged.
type Charge struct {
	ChargeRequestID  string        // the caller's id of the charge
	ChargeResponseID string        // empty where the operator gives none
	MSISDN           string        // the subscriber
	Amount           money.Decimal // in Currency
	Refunded         money.Decimal // how much of Amount was given back since
	Currency         string        // ISO 4217
	At               time.Time     // when, by the sandbox's clock
}

// Refund is an amount that a subscriber was given back.
type Refund struct {
	RefundRequestID string        // the caller's id of the refund
	ChargeRequestID string        // of the charge
	MSISDN          string        // the subscriber
	Amount          money.Decimal // in Currency
	Currency        string        // ISO 4217
	At              time.Time     // when, by the sandbox's clock
}

// Message is an SMS that was delivered.
type Message struct {
	SMSRequestID string    // the caller's id of the message
	Sender       string    // as the caller gave it
	Receiver     string    // the subscriber
	Language     string    // En or Ar
	Text         string    // as it was delivered
	At           time.Time // when, by the sandbox's clock
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
