// The command that tells what something costs and what arrives, and how to send it.

package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/facade/ding/catalogue"
	"github.com/airtime-go/airtime/money"
)

const quoteLong = `Show what a product costs, what arrives, and the command that sends it. Nothing is sent or paid.

  airtime ding quote --sku S --send 10.00                            what a value buys
  airtime ding quote --sku S --receive 500                           what it takes for so much to be received, before tax
  airtime ding quote --account NUMBER --receive 500 --currency NGN   the cheapest product that delivers so much to the number

The last one counts what arrives after tax, and leaves out products that need a bill and providers that are down. --all lists what
it chose among. Where no product will do, the exit code is 1; it is 3 if one may do later, since its provider is down or its price or
the look-up failed for now.

The price is the service's own. Where a provider cannot supply the amount, it is for the nearest one, and there is a warning. With
--estimate the price is reckoned from the catalogue, and the service is not asked for it.

` + catalogueLong

// quoting is what a quote is asked for.
type quoting struct {
	sku, account, currency string
	send, receive          *money.Decimal
	all, afterTax, local   bool
	kept                   snapshot
}

func newQuote(a *app) *cobra.Command {
	var q quoting
	command := &cobra.Command{Use: "quote", Short: "Show what arrives for what price, and find the cheapest product", Long: quoteLong, Args: cobra.NoArgs}
	flags := command.Flags()
	flags.StringVar(&q.sku, "sku", "", "`code` of the product; without it the cheapest one for --account is found")
	optionalAmountFlag(flags, &q.send, "send", "the `amount` to send")
	optionalAmountFlag(flags, &q.receive, "receive", "the `amount` to be received; without --sku, the least that must arrive")
	flags.StringVar(&q.account, "account", "", "account `number` to send to")
	flags.StringVar(&q.currency, "currency", "", "ISO `code` of the currency of --receive, where there is no --sku")
	flags.BoolVar(&q.all, "all", false, "list all offers, the cheapest first")
	flags.BoolVar(&q.afterTax, "after-tax", false, "with --sku, take --receive as what arrives after tax")
	flags.BoolVar(&q.local, "estimate", false, "reckon the price from the catalogue")
	q.kept.define(flags)
	command.RunE = func(cobraCommand *cobra.Command, args []string) error {
		if err := q.check(); err != nil {
			return err
		}
		return a.reads(func(ctx context.Context, _ []string) error { return a.quote(ctx, q) })(cobraCommand, args)
	}
	return command
}

// check refuses flags that do not go together.
func (q quoting) check() error {
	switch {
	case q.sku == "" && q.account == "":
		return usagef("--sku or --account must be given")
	case q.send == nil && q.receive == nil:
		return usagef("--send or --receive must be given")
	case q.send != nil && q.receive != nil:
		return usagef("--send and --receive do not go together")
	case q.sku == "" && (q.receive == nil || q.currency == ""):
		return usagef("a quote for --account needs --receive and --currency, or --sku")
	case q.sku != "" && q.currency != "":
		return usagef("--currency does not go with --sku: the product has its own")
	case q.sku != "" && q.all:
		return usagef("--all does not go with --sku: there is one offer")
	case q.send != nil && q.send.Sign() <= 0:
		return usagef("--send must be above 0")
	case q.send != nil && !q.send.Equal(q.send.Round(2)):
		return usagef("--send must have two decimals at most")
	case q.receive != nil && q.receive.Sign() <= 0:
		return usagef("--receive must be above 0")
	case q.afterTax && q.receive == nil:
		return usagef("--after-tax is about --receive")
	}
	return nil
}

func (a *app) quote(ctx context.Context, q quoting) error {
	client, err := a.dingClient()
	if err != nil {
		return err
	}
	if q.sku != "" {
		quote, err := a.quoteProduct(ctx, client, q)
		if err != nil {
			return err
		}
		return a.printQuote(quote)
	}
	quotes, err := a.quoteNumber(ctx, client, q)
	switch {
	case errors.Is(err, catalogue.ErrNoProduct):
		return noProduct(err, q.account)
	case err != nil:
		return err
	case q.all:
		return a.printOffers(quotes)
	}
	return a.printQuote(quotes[0])
}

// noProduct tells what to do where nothing can be sold: wait for a provider that is down, or choose something else.
func noProduct(err error, account string) error {
	what, why, _ := strings.Cut(err.Error(), "\n")
	refused := &outcomeError{outcome: facade.OutcomeOf(err), message: what, cause: err}
	if why != "" {
		refused.message += ": " + strings.ReplaceAll(why, "\n", "; ")
	}
	return &adviceError{error: refused, advice: "see what there is with: airtime ding match " + oneLine(quote(account)) + " --products"}
}

func (q quoting) options() (opts []catalogue.QuoteOption) {
	if q.afterTax {
		opts = append(opts, catalogue.AfterTax())
	}
	if q.local {
		opts = append(opts, catalogue.LocalEstimate())
	}
	return opts
}

// quoteProduct quotes one product, and loads that one alone.
func (a *app) quoteProduct(ctx context.Context, client *ding.Client, q quoting) (*catalogue.Quote, error) {
	var from catalogue.Client = oneProduct{lean{client}, q.sku}
	if q.kept != "" {
		from = client
	}
	c, data, err := a.openCatalogue(ctx, from, q.kept)
	if err != nil {
		return nil, err
	}
	if _, known := data.Product(q.sku); !known {
		return nil, &outcomeError{outcome: facade.OutcomeRefused, message: "there is no product " + quote(oneLine(q.sku)) + "; airtime ding products lists them"}
	}
	var found *catalogue.Quote
	if q.send != nil {
		found, err = c.QuoteSend(ctx, q.sku, *q.send, q.options()...)
	} else {
		found, err = c.QuoteReceive(ctx, q.sku, *q.receive, q.options()...)
	}
	if err != nil {
		return nil, err
	}
	if q.account != "" {
		found.AccountNumber, err = catalogue.ProductAccount(found.Product, q.account)
	}
	return found, err
}

// quoteNumber finds the products that deliver enough to a number, the cheapest first.
func (a *app) quoteNumber(ctx context.Context, client *ding.Client, q quoting) ([]*catalogue.Quote, error) {
	c, err := a.catalogueFor(ctx, client, q.account, q.kept)
	if err != nil {
		return nil, err
	}
	return c.Offers(ctx, q.account, *q.receive, q.currency, q.options()...)
}

// quoted is a quote for programs. Amounts are in the currencies of the price.
type quoted struct {
	SKUCode          string `json:"SkuCode"`
	AccountNumber    string
	By               catalogue.By   `json:",omitzero"`
	WantedSend       *money.Decimal `json:",omitzero"`
	WantedReceive    *money.Decimal `json:",omitzero"`
	Price            ding.Price
	CustomerPays     money.Decimal
	ProviderGets     money.Decimal
	LeavesBalance    money.Decimal
	ArrivesBeforeTax money.Decimal
	ArrivesAfterTax  money.Decimal
	Exact            bool
	Down             bool
	Message          string
	Warnings         []quoteWarning
	MadeAt           string
	Command          string
	Product          *ding.Product
}

// quoteWarning is a warning; Field and what follows are there if the price is for another amount than the one that was asked for.
type quoteWarning struct {
	Message  string
	Field    string           `json:",omitzero"`
	Wanted   *money.Decimal   `json:",omitzero"`
	Given    *money.Decimal   `json:",omitzero"`
	Currency string           `json:",omitzero"`
	Codes    []ding.ErrorCode `json:",omitzero"`
}

func (a *app) newQuoted(q *catalogue.Quote) quoted {
	made := quoted{
		SKUCode: q.Product.SKUCode, AccountNumber: q.AccountNumber, By: q.By, WantedSend: unlessZero(q.WantedSend), WantedReceive: unlessZero(q.WantedReceive),
		Price: q.Price, CustomerPays: q.CustomerPays(), ProviderGets: q.ProviderGets(), LeavesBalance: q.LeavesBalance(),
		ArrivesBeforeTax: q.Price.ReceiveValue, ArrivesAfterTax: q.Arrives(),
		Exact: q.Exact, Down: q.Down, Message: q.Message, Warnings: []quoteWarning{},
		MadeAt: q.MadeAt.UTC().Format(time.RFC3339), Command: a.sendCommand(q), Product: q.Product,
	}
	for _, warning := range q.Warnings {
		told := quoteWarning{Message: messageOf(warning)}
		if d := (*catalogue.Deviation)(nil); errors.As(warning, &d) {
			told.Field, told.Wanted, told.Given, told.Currency, told.Codes = d.Field, &d.Wanted, &d.Given, d.Currency, notNull(d.Codes)
		}
		made.Warnings = append(made.Warnings, told)
	}
	return made
}

func unlessZero(amount money.Decimal) *money.Decimal {
	if amount.IsZero() {
		return nil
	}
	return &amount
}

func (a *app) printQuote(q *catalogue.Quote) error {
	if a.json {
		return a.printJSON(a.newQuoted(q))
	}
	price := q.Price
	fields := []field{
		{"Product", q.Product.SKUCode + " " + q.Product.DefaultDisplayText},
		{"Provider", q.Product.ProviderCode},
		{"Account number", q.AccountNumber},
		{"Found by", foundBy(q.By)},
		{"Send value", value(price.SendValue, price.SendCurrencyISO)},
		{"Customer fee", feeOf(price.CustomerFee, price.SendCurrencyISO, "contained in it")},
		{"Distributor fee", feeOf(price.DistributorFee, price.SendCurrencyISO, "on top of it")},
		{"Customer pays", value(q.CustomerPays(), price.SendCurrencyISO)},
		{"Leaves the balance", value(q.LeavesBalance(), price.SendCurrencyISO)},
		{"Arrives", value(price.ReceiveValue, price.ReceiveCurrencyISO) + " before tax, " + value(q.Arrives(), price.ReceiveCurrencyISO) + " after"},
		{"Tax", taxOf(price)},
		{"Delivery", deliveryOf(q.Product)},
		{"Price", exactness(q.Exact)},
	}
	if q.Down || q.Message != "" {
		fields = append(fields, field{"Provider is down", down(q.Down, q.Message)})
	}
	for _, message := range firstMessages(q.Warnings) {
		fields = append(fields, field{"Warning", message})
	}
	if err := a.printFields(fields...); err != nil {
		return err
	}
	return a.printSendCommand(q)
}

func feeOf(fee money.Decimal, currency, how string) string {
	if fee.IsZero() {
		return "none"
	}
	return value(fee, currency) + ", " + how
}

// taxOf tells what the service says about tax; empty if that is nothing.
func taxOf(price ding.Price) string {
	if price.TaxRate.IsZero() {
		return ""
	}
	return strings.Join(strings.Fields(plainNumber(price.TaxRate)+" % "+price.TaxName+" "+strings.ToLower(string(price.TaxCalculation))), " ")
}

// plainNumber writes a number without the zeros at its end: the service writes a rate of ten per cent as 10.0000.
func plainNumber(d money.Decimal) string {
	if text := d.String(); strings.Contains(text, ".") {
		return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return d.String()
}

// deliveryOf tells what is unusual about the way in which a product reaches the customer; empty if nothing is.
func deliveryOf(product *ding.Product) string {
	var parts []string
	if mode := product.ProcessingMode; mode != "" && mode != ding.ProcessingModeInstant {
		parts = append(parts, string(mode)+", not at once")
	}
	switch mechanism := product.RedemptionMechanism; mechanism {
	case "", ding.RedemptionMechanismImmediate:
	case ding.RedemptionMechanismReadReceipt:
		parts = append(parts, "by what the receipt says, such as a PIN")
	case ding.RedemptionMechanismReadAdditionalInformation:
		parts = append(parts, strings.TrimSuffix("by its instructions: "+product.AdditionalInformation, ": "))
	default:
		parts = append(parts, string(mechanism))
	}
	return strings.Join(parts, "; ")
}

func exactness(exact bool) string {
	if exact {
		return "exact"
	}
	return "estimated from the catalogue"
}

// printSendCommand prints how to send what was quoted: that validates it, and pays with --confirm.
func (a *app) printSendCommand(q *catalogue.Quote) error {
	text := "\nTo send it (add --confirm to pay):\n\n  " + a.sendCommand(q) + "\n"
	if q.Product.LookupBillsRequired {
		text += "\nIt needs a bill, whose price is paid: airtime ding bills --sku " + oneLine(quote(q.Product.SKUCode)) + " --account " + accountOr(q) + "\n"
	}
	return a.print([]byte(text))
}

// sendCommand is the command that sends what was quoted, with capitals where something is to be filled in.
func (a *app) sendCommand(q *catalogue.Quote) string {
	words := []string{"airtime"}
	if a.sandbox {
		words = append(words, "--sandbox")
	}
	words = append(words, "ding", "send", "--sku", quote(q.Product.SKUCode), "--value", q.Price.SendValue.String(),
		"--currency", quote(q.Price.SendCurrencyISO), "--account", accountOr(q))
	for _, setting := range q.Product.SettingDefinitions {
		if setting.IsMandatory {
			words = append(words, "--setting", quote(setting.Name+"=VALUE"))
		}
	}
	if q.Product.LookupBillsRequired {
		words = append(words, "--bill-ref", "BILL-REF")
	}
	return oneLine(strings.Join(append(words, "--ref", "REF"), " "))
}

func accountOr(q *catalogue.Quote) string {
	if q.AccountNumber == "" {
		return "NUMBER"
	}
	return quote(q.AccountNumber)
}

func (a *app) printOffers(quotes []*catalogue.Quote) error {
	if a.json {
		all := make([]quoted, len(quotes))
		for i, q := range quotes {
			all[i] = a.newQuoted(q)
		}
		return a.printJSON(all)
	}
	for _, warning := range quotes[0].Warnings {
		if !errors.As(warning, new(*catalogue.Deviation)) {
			a.notice("%s", messageOf(warning))
		}
	}
	if err := printList(a, quotes, offerColumns); err != nil {
		return err
	}
	return a.printSendCommand(quotes[0])
}

var offerColumns = []column[*catalogue.Quote]{
	{"SKU", func(q *catalogue.Quote) string { return q.Product.SKUCode }},
	{"PROVIDER", func(q *catalogue.Quote) string { return q.Product.ProviderCode }},
	{"PRODUCT", func(q *catalogue.Quote) string { return q.Product.DefaultDisplayText }},
	{"FOUND BY", func(q *catalogue.Quote) string { return foundBy(q.By) }},
	{"CUSTOMER PAYS", func(q *catalogue.Quote) string { return value(q.CustomerPays(), q.Price.SendCurrencyISO) }},
	{"LEAVES BALANCE", func(q *catalogue.Quote) string { return value(q.LeavesBalance(), q.Price.SendCurrencyISO) }},
	{"ARRIVES", func(q *catalogue.Quote) string { return value(q.Arrives(), q.Price.ReceiveCurrencyISO) }},
	{"PRICE", func(q *catalogue.Quote) string { return exactness(q.Exact) }},
}
