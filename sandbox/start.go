// A sandbox for the tests of those who use the services: served for one test, and asked afterwards what was really done.

package sandbox

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/wire"
)

// TB is what [Start] needs of a *testing.T, *testing.B or *testing.F. It stands here so that a program that serves a
// sandbox does not get the flags of package testing.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Served is a sandbox that a test has started. Its requirements look into the books, so they hold whatever the client was
// told; they end the test, as those of testify's require do, and call from the test's own goroutine only.
type Served struct {
	*Sandbox
	// URL is the root, which is also DingConnect's base URL; TokenURL is the identity provider's endpoint, and DizleeURL
	// Dizlee's base URL.
	URL, TokenURL, DizleeURL string

	tb TB
}

// Start serves a sandbox on a loopback address until the test ends, with a balance of 1000.00 USD unless an option
// says otherwise: [WithBalance], [WithEmptyAccount], [WithPreventDuplicates], [WithTokenLifetime] and [WithFault] make accounts
// and days of other kinds. What a client needs besides the URLs is in [Sandbox.Credentials]. In a testing/synctest bubble, where
// no real network is, serve [New] over a network in memory.
func Start(tb TB, opts ...Option) *Served {
	tb.Helper()
	sb, err := New(opts...)
	if err != nil {
		tb.Fatalf("%s", err)
		return nil
	}
	server := httptest.NewServer(sb)
	tb.Cleanup(func() {
		_ = sb.Close() // first, so that no callback is under way
		server.Close()
	})
	return &Served{Sandbox: sb, URL: server.URL, TokenURL: server.URL + tokenPath, DizleeURL: server.URL + dizleeRoot, tb: tb}
}

// RequirePaidOnce ends the test unless exactly one transfer was paid under that DistributorRef, and returns it.
func (s *Served) RequirePaidOnce(distributorRef string) Payment {
	s.tb.Helper()
	return once(s, "transfers paid under the DistributorRef", distributorRef, s.paid(distributorRef))
}

// RequireNotPaid ends the test if a transfer was paid under that DistributorRef.
func (s *Served) RequireNotPaid(distributorRef string) {
	s.tb.Helper()
	never(s, "transfers paid under the DistributorRef", distributorRef, s.paid(distributorRef))
}

// RequireBalance ends the test unless the account holds that amount of USD.
func (s *Served) RequireBalance(want money.Decimal) {
	s.tb.Helper()
	if got := s.Balance(); !got.Equal(want) {
		s.tb.Fatalf("sandbox: the balance is %s USD, and not %s\n%s", got, want, s.books(""))
	}
}

// RequireChargedOnce ends the test unless a subscriber was charged exactly once under that chargeRequestId, and returns
// the charge.
func (s *Served) RequireChargedOnce(chargeRequestID string) Charge {
	s.tb.Helper()
	return once(s, "charges under the chargeRequestId", chargeRequestID, s.charged(chargeRequestID))
}

// RequireNotCharged ends the test if somebody was charged under that chargeRequestId.
func (s *Served) RequireNotCharged(chargeRequestID string) {
	s.tb.Helper()
	never(s, "charges under the chargeRequestId", chargeRequestID, s.charged(chargeRequestID))
}

// RequireRefundedOnce ends the test unless exactly one refund was made of the charge with that chargeRequestId, and
// returns it.
func (s *Served) RequireRefundedOnce(chargeRequestID string) Refund {
	s.tb.Helper()
	return once(s, "refunds of the chargeRequestId", chargeRequestID, s.refunded(chargeRequestID))
}

// RequireNotRefunded ends the test if anything was given back of the charge with that chargeRequestId.
func (s *Served) RequireNotRefunded(chargeRequestID string) {
	s.tb.Helper()
	never(s, "refunds of the chargeRequestId", chargeRequestID, s.refunded(chargeRequestID))
}

// RequireDeliveredOnce ends the test unless exactly one SMS was delivered under that smsRequestId, and returns it.
func (s *Served) RequireDeliveredOnce(smsRequestID string) Message {
	s.tb.Helper()
	return once(s, "SMS delivered under the smsRequestId", smsRequestID, s.delivered(smsRequestID))
}

func (s *Served) paid(ref string) []Payment {
	return those(s.Payments(), func(p Payment) bool { return p.DistributorRef == ref })
}

func (s *Served) charged(id string) []Charge {
	return those(s.Charges(), func(c Charge) bool { return c.ChargeRequestID == id })
}

func (s *Served) refunded(id string) []Refund {
	return those(s.Refunds(), func(r Refund) bool { return r.ChargeRequestID == id })
}

func (s *Served) delivered(id string) []Message {
	return those(s.Messages(), func(m Message) bool { return m.SMSRequestID == id })
}

func those[T any](all []T, meant func(T) bool) (found []T) {
	for _, one := range all {
		if meant(one) {
			found = append(found, one)
		}
	}
	return found
}

func once[T any](s *Served, what, id string, found []T) (one T) {
	s.tb.Helper()
	if len(found) != 1 {
		s.tb.Fatalf("sandbox: %s %q: %d, and not 1\n%s", what, id, len(found), s.books(id))
		return one
	}
	return found[0]
}

func never[T any](s *Served, what, id string, found []T) {
	s.tb.Helper()
	if len(found) > 0 {
		s.tb.Fatalf("sandbox: %s %q: %d, and not 0\n%s", what, id, len(found), s.books(id))
	}
}

// maxLines bounds how much of a book is told.
const maxLines = 20

// books tells the ledger, and what became of transfers under that reference that were not paid. Numbers are masked.
func (s *Served) books(ref string) string {
	l := s.Ledger()
	var told strings.Builder
	fmt.Fprintf(&told, "the ledger: balance %s %s, %d paid, %d charged, %d refunded, %d SMS\n",
		l.Balance, l.Currency, len(l.Payments), len(l.Charges), len(l.Refunds), len(l.Messages))
	tell(&told, l.Payments, func(p Payment) string {
		return fmt.Sprintf("paid %s %s for %s to %s, DistributorRef %q, TransferRef %s, at %s",
			p.Amount, p.Currency, p.SKUCode, wire.MaskAccount(p.AccountNumber), p.DistributorRef, p.TransferRef, p.At.Format(time.RFC3339))
	})
	tell(&told, l.Charges, func(c Charge) string {
		return fmt.Sprintf("charged %s %s to %s, chargeRequestId %q, refunded %s, at %s",
			c.Amount, c.Currency, wire.MaskAccount(c.MSISDN), c.ChargeRequestID, c.Refunded, c.At.Format(time.RFC3339))
	})
	tell(&told, l.Refunds, func(r Refund) string {
		return fmt.Sprintf("refunded %s %s to %s, chargeRequestId %q, refundRequestId %q, at %s",
			r.Amount, r.Currency, wire.MaskAccount(r.MSISDN), r.ChargeRequestID, r.RefundRequestID, r.At.Format(time.RFC3339))
	})
	tell(&told, l.Messages, func(m Message) string {
		return fmt.Sprintf("SMS to %s, smsRequestId %q, at %s", wire.MaskAccount(m.Receiver), m.SMSRequestID, m.At.Format(time.RFC3339))
	})
	tell(&told, s.account.unpaid(ref, now(s.settings.clock)), func(t transfer) string {
		why := spelt(t.codes)
		if t.test {
			why = "to a UatNumber " + why
		}
		return fmt.Sprintf("not paid: DistributorRef %q, TransferRef %s, %s %s", ref, t.ref, t.state, why)
	})
	return told.String()
}

func tell[T any](told *strings.Builder, entries []T, line func(T) string) {
	if more := len(entries) - maxLines; more > 0 {
		fmt.Fprintf(told, "  … %d earlier\n", more)
		entries = entries[more:]
	}
	for _, entry := range entries {
		fmt.Fprintf(told, "  %s\n", strings.TrimSpace(line(entry)))
	}
}

// unpaid returns the transfers under a reference that have not been paid.
func (a *account) unpaid(distributorRef string, at time.Time) []transfer {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle(at)
	var found []transfer
	for _, t := range a.archive.byDistributorRef[distributorRef] {
		if !t.paid {
			found = append(found, *t)
		}
	}
	return found
}

// spelt writes codes as Code/Context.
func spelt(codes []ding.ErrorCode) string {
	var words []string
	for _, c := range codes {
		words = append(words, strings.TrimSuffix(c.Code+"/"+c.Context, "/"))
	}
	return strings.Join(words, ", ")
}
