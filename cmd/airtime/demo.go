// airtime demo: the whole story, told against a sandbox over real HTTP. The steps are in demo_steps.go, and how an
// exchange is recorded and shown is in demo_wire.go.

package main

import (
	"context"
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
bought for it, a top-up, its record; then a charge, its refund and an SMS. Each step shows what went over the wire and
what came back, with secrets taken out, and checks what it should have brought about. All numbers are made up.

With --json each step is one JSON object on a line of its own, and the summary is the last.`

func newDemo(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "demo", Short: "Tell the whole story against a sandbox", Long: demoLong, Args: cobra.NoArgs,
		RunE: a.reads(func(ctx context.Context, _ []string) error {
			embedded, err := a.embedSandbox()
			if err != nil {
				return err
			}
			tale, err := newStory(embedded.url, embedded.Credentials())
			if err != nil {
				return err
			}
			a.stdout.hide(secretsIn(embedded.getenv))
			return a.tell(ctx, tale)
		}),
	}
}

// story is what the steps share: the two clients, the wire, and what has been learnt so far.
type story struct {
	wire   *recorder
	ding   *ding.Client
	dizlee *dizlee.Client

	before, after *ding.GetBalanceResponse
	product       ding.Product
	price         ding.Price
	record        ding.TransferRecord
	charge        *dizlee.ChargeResponse
	refund        *dizlee.RefundResponse
	sms           *dizlee.SendSMSResponse
}

// newStory makes clients for the sandbox at a URL.
func newStory(url string, credentials sandbox.Credentials) (*story, error) {
	s := &story{wire: &recorder{next: http.DefaultTransport}}
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
	return s, nil
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
		field{"Balance", fmt.Sprintf("%s before, %s after", s.BalanceBefore, s.BalanceAfter)},
		field{"Charged", fmt.Sprintf("%s from %s, status %s", s.Charged, s.Subscriber, s.ChargeStatus)},
		field{"Refunded", "all of it, status " + s.RefundStatus},
		field{"SMS", fmt.Sprintf("to %s, status %s", s.Subscriber, s.SMSStatus)},
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
	BalanceBefore string `json:"balanceBefore"`
	BalanceAfter  string `json:"balanceAfter"`
	Subscriber    string `json:"subscriber"`
	Charged       string `json:"charged"`
	ChargeStatus  string `json:"chargeStatus"`
	RefundStatus  string `json:"refundStatus"`
	SMSStatus     string `json:"smsStatus"`
}

func (s *story) summary() summary {
	return summary{
		Paid:          priceOf(&s.price).sent(),
		Account:       s.record.AccountNumber,
		Received:      priceOf(&s.price).received(),
		TransferRef:   idOf(s.record).TransferRef,
		State:         string(s.record.ProcessingState),
		BalanceBefore: value(s.before.Balance, s.before.CurrencyISO),
		BalanceAfter:  value(s.after.Balance, s.after.CurrencyISO),
		Subscriber:    chargedNumber,
		Charged:       value(chargedAmount, chargedCurrency),
		ChargeStatus:  string(s.charge.Status),
		RefundStatus:  string(s.refund.Status),
		SMSStatus:     string(s.sms.Status),
	}
}
