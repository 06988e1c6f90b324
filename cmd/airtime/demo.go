// airtime demo: the whole story, told against a sandbox over real HTTP. The steps are in demo_steps.go and
// demo_callbacks.go, and how an exchange is recorded and shown is in demo_wire.go.

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/facade/dizlee"
	"github.com/airtime-go/airtime/sandbox"
)

const demoLong = `Start a sandbox on a loopback address and tell the whole story against it: a token, the balance, a number and what can be
bought for it, a top-up, its record; a deferred one, and the notification of its end; then a charge, its refund, an SMS and the
subscriber's reply. Each step shows what went over the wire and what came back, with secrets taken out, and checks what it
should have brought about. What the services tell by themselves comes to a receiver on a loopback address, by https. All
numbers are made up.

With --json each step is one JSON object on a line of its own, and the summary is the last.`

func newDemo(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "demo", Short: "Tell the whole story against a sandbox", Long: demoLong, Args: cobra.NoArgs,
		RunE: a.reads(func(ctx context.Context, _ []string) error {
			clock := &skippingClock{}
			embedded, err := a.embedSandbox(sandbox.WithClock(clock.now))
			if err != nil {
				return err
			}
			tale, err := newStory(embedded.url, embedded.Sandbox, clock)
			if err != nil {
				return err
			}
			defer tale.close()
			a.stdout.hide(secretsIn(embedded.getenv))
			return a.tell(ctx, tale)
		}),
	}
}

// story is what the steps share: the two clients, the wire, who is called back, and what has been learnt so far.
type story struct {
	box      *sandbox.Sandbox
	clock    *skippingClock
	trusted  *http.Transport
	wire     *recorder
	ding     *ding.Client
	dizlee   *dizlee.Client
	receiver receiver

	before, after *ding.GetBalanceResponse
	product       ding.Product
	price         ding.Price
	record        ding.TransferRecord
	deferred      ding.DeferredTransfer
	charge        *dizlee.ChargeResponse
	refund        *dizlee.RefundResponse
	sms           *dizlee.SendSMSResponse
	reply         dizlee.Message
}

// newStory makes clients for the sandbox, which is at a URL, and a receiver of what it tells.
func newStory(url string, box *sandbox.Sandbox, clock *skippingClock) (*story, error) {
	trusted := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	s := &story{box: box, clock: clock, trusted: trusted, wire: &recorder{next: trusted}}
	credentials := box.Credentials()
	client := &http.Client{Transport: s.wire}
	var err error
	s.ding, err = ding.NewClient(
		ding.WithBaseURL(url),
		ding.WithIssuer(url),
		ding.WithClientCredentials(credentials.DingClientID, credentials.DingClientSecret),
		ding.WithHTTPClient(client),
		ding.WithRetryPolicy(retryPolicy),
	)
	if err != nil {
		return nil, badEnvironment("DING", err)
	}
	s.dizlee, err = dizlee.NewClient(
		dizlee.WithBaseURL(url+"/dizlee"),
		dizlee.WithAPIKey(credentials.DizleeAPIKey),
		dizlee.WithMerchantCode(demoMerchantCode),
		dizlee.WithMerchant(dizlee.Merchant{
			AggregatorID: credentials.DizleeAggregatorID,
			MerchantID:   credentials.DizleeMerchantID,
			Product:      credentials.DizleeProduct,
			SubProduct:   credentials.DizleeSubProduct,
		}),
		dizlee.WithHTTPClient(client),
	)
	if err != nil {
		return nil, badEnvironment("DIZLEE", err)
	}
	return s, s.receive()
}

// told is one step as it went, and as --json prints it.
type told struct {
	Step      int        `json:"step"`
	Name      string     `json:"name"`
	About     string     `json:"about"`
	Exchanges []exchange `json:"exchanges"`
	Facts     []string   `json:"facts"`
}

// tell goes through the steps and stops at the first that fails.
func (a *app) tell(ctx context.Context, s *story) error {
	for i, step := range steps {
		facts, err := step.run(s, ctx)
		belongs := step.wire
		if err != nil {
			belongs = nil // what comes later does not, so all of it is this step's
		}
		t := told{Step: i + 1, Name: step.name, About: step.about, Exchanges: s.wire.take(belongs), Facts: notNull(facts)}
		if printErr := a.printTold(t); printErr != nil {
			return printErr
		}
		if err != nil {
			return fmt.Errorf("step %d, %s: %w", t.Step, t.Name, err)
		}
	}
	return a.printSummary(s.summary())
}

func (a *app) printTold(t told) error {
	if a.json {
		return a.printLine(t)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%d. %s: %s\n", t.Step, t.Name, t.About)
	for _, e := range t.Exchanges {
		text.WriteString(e.text())
	}
	for _, fact := range t.Facts {
		fmt.Fprintf(&text, "   ✓ %s\n", fact)
	}
	text.WriteString("\n")
	return a.print([]byte(text.String()))
}

func (a *app) printSummary(s summary) error {
	if a.json {
		return a.printLine(map[string]any{"summary": s})
	}
	if err := a.print([]byte("Summary\n")); err != nil {
		return err
	}
	return a.printFields(
		field{"Paid", fmt.Sprintf("%s to %s, who received %s", s.Paid, s.Account, s.Received)},
		field{"Transfer", s.TransferRef + ", " + s.State},
		field{"Deferred", fmt.Sprintf("%s, %s by notification", s.Deferred, s.DeferredState)},
		field{"Balance", fmt.Sprintf("%s before, %s after", s.BalanceBefore, s.BalanceAfter)},
		field{"Charged", fmt.Sprintf("%s from %s, status %s", s.Charged, s.Subscriber, s.ChargeStatus)},
		field{"Refunded", "all of it, status " + s.RefundStatus},
		field{"SMS", fmt.Sprintf("to %s, status %s", s.Subscriber, s.SMSStatus)},
		field{"Reply", s.Reply},
	)
}

// printLine prints one JSON object on one line.
func (a *app) printLine(value any) error {
	line, err := marshal(value, "")
	if err != nil {
		return failed("the step cannot be written: %s", err)
	}
	return a.print(line)
}

// failed reports that the sandbox did not do what the story says.
func failed(format string, args ...any) error {
	return &outcomeError{outcome: facade.OutcomeRefused, message: fmt.Sprintf(format, args...)}
}

// summary is what the story came to. Amounts have their currency with them.
type summary struct {
	Paid          string `json:"paid"`
	Account       string `json:"account"`
	Received      string `json:"received"`
	TransferRef   string `json:"transferRef"`
	State         string `json:"state"`
	Deferred      string `json:"deferred"`
	DeferredState string `json:"deferredState"`
	BalanceBefore string `json:"balanceBefore"`
	BalanceAfter  string `json:"balanceAfter"`
	Subscriber    string `json:"subscriber"`
	Charged       string `json:"charged"`
	ChargeStatus  string `json:"chargeStatus"`
	RefundStatus  string `json:"refundStatus"`
	SMSStatus     string `json:"smsStatus"`
	Reply         string `json:"reply"`
}

func (s *story) summary() summary {
	return summary{
		Paid:          priceOf(&s.price).sent(),
		Account:       s.record.AccountNumber,
		Received:      priceOf(&s.price).received(),
		TransferRef:   idOf(s.record).TransferRef,
		State:         string(s.record.ProcessingState),
		Deferred:      priceOf(s.deferred.TransferRecord.Price).sent(),
		DeferredState: string(s.deferred.TransferRecord.ProcessingState),
		BalanceBefore: value(s.before.Balance, s.before.CurrencyISO),
		BalanceAfter:  value(s.after.Balance, s.after.CurrencyISO),
		Subscriber:    chargedNumber,
		Charged:       value(chargedAmount, chargedCurrency),
		ChargeStatus:  string(s.charge.Status),
		RefundStatus:  string(s.refund.Status),
		SMSStatus:     string(s.sms.Status),
		Reply:         s.reply.Text,
	}
}
