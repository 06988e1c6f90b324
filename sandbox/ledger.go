// What really happened, apart from what was answered: the books that tests hold a client against.

package sandbox

import (
	"time"

	"github.com/airtime-go/airtime/money"
)

// Payment is money that left the account for one transfer. Validations, test transfers and failures make none, and a
// cancelled transfer's payment is struck out.
type Payment struct {
	DistributorRef string
	TransferRef    string
	SKUCode        string
	AccountNumber  string
	// Amount is SendValue plus DistributorFee, in Currency.
	Amount   money.Decimal
	Currency string
	At       time.Time
}

// Charge is an amount that a subscriber was charged.
type Charge struct {
	ChargeRequestID  string
	ChargeResponseID string // empty where the operator gives none
	MSISDN           string
	Amount           money.Decimal
	Refunded         money.Decimal
	Currency         string
	At               time.Time
}

// Refund is an amount that a subscriber was given back.
type Refund struct {
	RefundRequestID string
	ChargeRequestID string // of the charge
	MSISDN          string
	Amount          money.Decimal
	Currency        string
	At              time.Time
}

// Message is an SMS that was delivered.
type Message struct {
	SMSRequestID string
	Sender       string
	Receiver     string
	Language     string // En or Ar
	Text         string
	At           time.Time
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
