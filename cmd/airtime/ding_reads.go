// The ding commands that read one thing: the balance, an account number, a price, bills, transfers.

package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/money"
)

func newDing(a *app) *cobra.Command {
	group := newGroup("ding", "Put credit on phones, through DingConnect",
		"Put credit on phones, through DingConnect. See airtime --help for the environment and the exit codes.",
		newBalance(a), newLookup(a), newMatch(a), newEstimate(a), newQuote(a), newBills(a), newTransfers(a), newSend(a), newCancel(a),
		newDingRecover(a), newDingResume(a), newDingSettle(a), newDingListen(a))
	group.AddCommand(newListings(a)...)
	return group
}

func newBalance(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "balance", Short: "Show what the account holds", Args: cobra.NoArgs,
		RunE: a.reads(func(ctx context.Context, _ []string) error {
			client, err := a.dingClient()
			if err != nil {
				return err
			}
			answer, err := client.GetBalance(ctx)
			if err != nil {
				return err
			}
			a.warn("GetBalance", answer.ErrorCodes)
			if a.json {
				answer.ErrorCodes = notNull(answer.ErrorCodes)
				return a.printJSON(answer)
			}
			return a.printFields(field{"Balance", answer.Balance.String() + " " + answer.CurrencyISO})
		}),
	}
}

// notNull makes a list that the answer lacks an empty one: its readers iterate over it.
func notNull[I any](items []I) []I {
	if items == nil {
		return []I{}
	}
	return items
}

func newLookup(a *app) *cobra.Command {
	var account string
	command := &cobra.Command{
		Use: "lookup ACCOUNT", Short: "Normalise an account number and name its providers",
		Long: "Normalise an account number and name the providers that it may belong to. The number is given as the argument or by\n--account: digits only, country code first.",
		Args: cobra.MaximumNArgs(1),
	}
	command.Flags().StringVar(&account, "account", "", "account `number`, instead of the argument")
	command.RunE = a.reads(func(ctx context.Context, args []string) error {
		number, err := oneAccount(args, account)
		if err != nil {
			return err
		}
		client, err := a.dingClient()
		if err != nil {
			return err
		}
		answer, err := client.GetAccountLookup(ctx, number)
		if err != nil {
			return err
		}
		a.warn("GetAccountLookup", answer.ErrorCodes)
		return a.printLookup(answer)
	})
	return command
}

func (a *app) printLookup(answer *ding.GetAccountLookupResponse) error {
	if a.json {
		answer.ErrorCodes, answer.Items = notNull(answer.ErrorCodes), notNull(answer.Items)
		return a.printJSON(answer)
	}
	fields := []field{{"Account number", answer.AccountNumberNormalized}, {"Country", answer.CountryISO}}
	for _, item := range answer.Items {
		fields = append(fields, field{"Provider", strings.TrimSpace(item.ProviderCode + " " + item.RegionCode)})
	}
	if len(answer.Items) == 0 {
		a.notice("no provider is known for this number")
	}
	return a.printFields(fields...)
}

func newEstimate(a *app) *cobra.Command {
	request := ding.EstimationRequest{BatchItemRef: "1"}
	command := &cobra.Command{
		Use: "estimate", Short: "Show what a product costs and delivers", Args: cobra.NoArgs,
		Long: "Show what a product costs and delivers, for a value at one of the two ends.",
	}
	flags := command.Flags()
	flags.StringVar(&request.SKUCode, "sku", "", "`code` of the product")
	amountFlag(flags, &request.SendValue, "send-value", "the `amount` to send")
	amountFlag(flags, &request.ReceiveValue, "receive-value", "the `amount` to be received")
	flags.StringVar(&request.SendCurrencyISO, "currency", "", "ISO `code` of the currency to pay in; the account's own by default")
	command.MarkFlagsMutuallyExclusive("send-value", "receive-value")
	command.MarkFlagsOneRequired("send-value", "receive-value")
	command.RunE = a.reads(func(ctx context.Context, _ []string) error {
		client, err := a.dingClient()
		if err != nil {
			return err
		}
		answer, err := client.EstimatePrices(ctx, []ding.EstimationRequest{request})
		if err != nil {
			return err
		}
		a.warn("EstimatePrices", answer.ErrorCodes)
		result := answer.Results[0]
		if result.Err != nil {
			return result.Err
		}
		a.warn("EstimatePrices", result.Item.ErrorCodes)
		return printList(a, []ding.EstimatedPrice{*result.Item}, []column[ding.EstimatedPrice]{
			{"SKU", func(e ding.EstimatedPrice) string { return or(e.SKUCode, request.SKUCode) }},
			{"SEND", func(e ding.EstimatedPrice) string { return priceOf(e.Price).sent() }},
			{"RECEIVE", func(e ding.EstimatedPrice) string { return priceOf(e.Price).received() }},
			{"WITHOUT TAX", func(e ding.EstimatedPrice) string { return priceOf(e.Price).receivedWithoutTax() }},
			{"FEES", func(e ding.EstimatedPrice) string { return priceOf(e.Price).fees() }},
		})
	})
	return needs(command, "sku")
}

func newBills(a *app) *cobra.Command {
	var request ding.LookupBillsRequest
	command := &cobra.Command{
		Use: "bills", Short: "List the open bills of an account", Args: cobra.NoArgs,
		Long: "List the open bills of an account, for a product that asks for a bill. Pay one with\nairtime ding send --bill-ref and the price's value, with the same SKU and account.",
	}
	flags := command.Flags()
	flags.StringVar(&request.SKUCode, "sku", "", "`code` of the product")
	flags.StringVar(&request.AccountNumber, "account", "", "account `number`")
	settingFlag(flags, &request.Settings)
	command.RunE = a.reads(func(ctx context.Context, _ []string) error {
		client, err := a.dingClient()
		if err != nil {
			return err
		}
		answer, err := client.LookupBills(ctx, request)
		if err != nil {
			return err
		}
		a.warn("LookupBills", answer.ErrorCodes)
		return printList(a, answer.Items, []column[ding.Bill]{
			{"BILL REF", func(b ding.Bill) string { return b.BillRef }},
			{"SEND", func(b ding.Bill) string { return priceOf(&b.Price).sent() }},
			{"RECEIVE", func(b ding.Bill) string { return priceOf(&b.Price).received() }},
			{"ABOUT", func(b ding.Bill) string { return pairs(b.AdditionalInfo) }},
		})
	})
	return needs(command, "sku", "account")
}

// defaultLimit is one page of the API.
const defaultLimit = 100

func newTransfers(a *app) *cobra.Command {
	var filter ding.TransferFilter
	limit := defaultLimit
	command := &cobra.Command{
		Use: "transfers", Short: "List transfers, newest first", Args: cobra.NoArgs,
		Long: "List transfers of the last two months, newest first. The API hands out 600 at most: where it has more, and\n--limit asks for them, those are printed and the command fails (exit code 1).",
	}
	flags := command.Flags()
	flags.StringVar(&filter.DistributorRef, "ref", "", "your own `reference`, as given to send")
	flags.StringVar(&filter.TransferRef, "transfer-ref", "", "Ding's `reference`")
	flags.StringVar(&filter.AccountNumber, "account", "", "account `number` as it was sent")
	flags.IntVar(&limit, "limit", defaultLimit, "list no more than this `many`; 0 lists all that the API hands out")
	command.RunE = a.reads(func(ctx context.Context, _ []string) error {
		if limit < 0 {
			return usagef("--limit must not be negative")
		}
		client, err := a.dingClient()
		if err != nil {
			return err
		}
		records, err := readTransfers(ctx, client, filter, limit)
		if err != nil && !errors.Is(err, ding.ErrPagingLimit) && !errors.Is(err, ding.ErrEmptyPage) {
			return err
		}
		if err == nil && limit > 0 && len(records) == limit {
			a.notice("listed the newest %d; there may be more, which --limit lists", limit)
		}
		return errors.Join(err, printList(a, records, transferColumns))
	})
	return command
}

func readTransfers(ctx context.Context, client *ding.Client, filter ding.TransferFilter, limit int) ([]ding.TransferRecordWithErrorCodes, error) {
	var records []ding.TransferRecordWithErrorCodes
	for record, err := range client.TransferRecords(ctx, filter) {
		if err != nil {
			return records, err
		}
		records = append(records, record)
		if len(records) == limit {
			break
		}
	}
	return records, nil
}

var transferColumns = []column[ding.TransferRecordWithErrorCodes]{
	{"STARTED", func(r ding.TransferRecordWithErrorCodes) string { return r.TransferRecord.StartedUTC.String() }},
	{"STATE", func(r ding.TransferRecordWithErrorCodes) string { return string(r.TransferRecord.ProcessingState) }},
	{"REF", func(r ding.TransferRecordWithErrorCodes) string { return idOf(r.TransferRecord).DistributorRef }},
	{"TRANSFER REF", func(r ding.TransferRecordWithErrorCodes) string { return idOf(r.TransferRecord).TransferRef }},
	{"SKU", func(r ding.TransferRecordWithErrorCodes) string { return r.TransferRecord.SKUCode }},
	{"ACCOUNT", func(r ding.TransferRecordWithErrorCodes) string { return r.TransferRecord.AccountNumber }},
	{"SEND", func(r ding.TransferRecordWithErrorCodes) string { return priceOf(r.TransferRecord.Price).sent() }},
	{"RECEIVE", func(r ding.TransferRecordWithErrorCodes) string { return priceOf(r.TransferRecord.Price).received() }},
	{"ERROR", func(r ding.TransferRecordWithErrorCodes) string {
		return codesOf(r.ErrorCodes)
	}},
}

// codesOf writes error codes for people.
func codesOf(all []ding.ErrorCode) string {
	var codes []string
	for _, code := range all {
		codes = append(codes, strings.TrimSuffix(code.Code+"/"+code.Context, "/"))
	}
	return strings.Join(codes, ", ")
}

// idOf returns a record's references, which a record of a validation lacks.
func idOf(record ding.TransferRecord) ding.TransferID {
	if record.TransferID == nil {
		return ding.TransferID{}
	}
	return *record.TransferID
}

// shownPrice writes the parts of a price; one that is absent has none.
type shownPrice struct{ *ding.Price }

func priceOf(price *ding.Price) shownPrice { return shownPrice{price} }

func (p shownPrice) sent() string {
	if p.Price == nil {
		return ""
	}
	return value(p.SendValue, p.SendCurrencyISO)
}

func (p shownPrice) received() string {
	if p.Price == nil {
		return ""
	}
	return value(p.ReceiveValue, p.ReceiveCurrencyISO)
}

func (p shownPrice) receivedWithoutTax() string {
	if p.Price == nil {
		return ""
	}
	return value(p.ReceiveValueExcludingTax, p.ReceiveCurrencyISO)
}

// fees adds up both fees: what the sale costs beside its value.
func (p shownPrice) fees() string {
	if p.Price == nil {
		return ""
	}
	return value(p.CustomerFee.Add(p.DistributorFee), p.SendCurrencyISO)
}

func value(amount money.Decimal, currency string) string {
	return strings.TrimSpace(amount.String() + " " + currency)
}

// valueRange writes one amount or, for a product that takes any amount between two, both.
func valueRange(low, high money.Decimal, currency string) string {
	if low.Equal(high) || high.IsZero() {
		return value(low, currency)
	}
	return value(low, "to "+value(high, currency))
}

// pairs writes names and values in a steady order.
func pairs(values map[string]string) string {
	var parts []string
	for name, text := range values {
		parts = append(parts, name+": "+text)
	}
	slices.Sort(parts)
	return strings.Join(parts, "; ")
}
