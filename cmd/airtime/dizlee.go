// The dizlee commands: charge, refund and sms. Each has effects that cannot be taken back, so without --confirm it only
// prints what it would send.

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/airtime-go/airtime/facade/dizlee"
)

const (
	chargeLong = "A lost answer is found out about with the same request under the same id, for --settle-timeout: it is done at most\nonce, and a refusal as a duplicate then shows that it was done before."
	refundLong = "A refund of everything whose answer was lost is found out about with the same request under the same id, for\n--settle-timeout. One of a part (--amount) is never repeated, since it might be done twice."

	journalLong = "\n\nEvery --id must be new. It is noted in a journal before it leaves: the same command prints the stored outcome later, and\nanother request under the id is wrong usage (exit code 2). What stays unknown (exit code 4) stays open: see \"airtime dizlee\nrecover\". The journal holds subscribers' numbers and no keys; only this user can read it."
)

const previewLong = "\n\nWithout --confirm this only prints what it would send, and exits 2; that needs no key."

func newDizlee(a *app) *cobra.Command {
	return newGroup("dizlee", "Take credit from phones, through Dizlee",
		"Take credit from phones, through Dizlee. See airtime --help for the environment and the exit codes.",
		newCharge(a), newRefund(a), newSMS(a), newDizleeRecover(a), newDizleeResume(a), newDizleeSettle(a), newDizleeListen(a))
}

// merchantFlags defines the four flags that say on whose behalf a request is made.
func merchantFlags(flags *pflag.FlagSet, aggregator, merchant, product, subProduct *string) {
	flags.StringVar(aggregator, "aggregator", "", "aggregator `id`, instead of DIZLEE_AGGREGATOR_ID")
	flags.StringVar(merchant, "merchant", "", "merchant `id`, instead of DIZLEE_MERCHANT_ID")
	flags.StringVar(product, "product", "", "`product`, instead of DIZLEE_PRODUCT")
	flags.StringVar(subProduct, "sub-product", "", "`sub-product`, instead of DIZLEE_SUB_PRODUCT")
}

// fillMerchant takes from the environment what no flag gave.
func fillMerchant(getenv func(string) string, aggregator, merchant, product, subProduct *string) {
	*aggregator = or(*aggregator, getenv("DIZLEE_AGGREGATOR_ID"))
	*merchant = or(*merchant, getenv("DIZLEE_MERCHANT_ID"))
	*product = or(*product, getenv("DIZLEE_PRODUCT"))
	*subProduct = or(*subProduct, getenv("DIZLEE_SUB_PRODUCT"))
}

// effect is one of the three commands: how its request is completed from the environment, and how it is sent.
type effect[Request, Answer any] struct {
	operation   string
	urlVariable string
	fill        func(getenv func(string) string, request *Request)
	send        func(ctx context.Context, client *dizlee.Client, request Request) (*Answer, error)
	id          func(Request) string
	// repeats reports that the request may be repeated to find out about a lost answer.
	repeats func(Request) bool
	show    func(Answer) []field
	// byDuplicate reports that only the refusal of a duplicate proves that it was done.
	byDuplicate func(Answer) bool
}

// runs returns the command's work, on a request that its flags fill in.
func (e effect[Request, Answer]) runs(a *app, request *Request, s *settling, confirm *bool) func(*cobra.Command, []string) error {
	return a.moves(func(ctx context.Context, _ []string) error {
		getenv, err := a.environment()
		if err != nil {
			return err
		}
		e.fill(getenv, request)
		if !*confirm {
			return a.preview(*request)
		}
		o := &observer{app: a, ctx: ctx, operation: e.operation, reference: e.id(*request)}
		if e.repeats(*request) {
			o.finding = "repeating it with the same id, which is done once at most, for up to " + briefly(s.timeout)
		}
		client, err := a.dizleePayer(getenv, e.urlVariable, s, o)
		if err != nil {
			return err
		}
		answer, err := e.send(ctx, client, *request)
		if err != nil {
			return o.explains(err, func(bool) string { return a.afterLostEffect(e.operation, o.reference, e.repeats(*request), *s) })
		}
		return e.prints(a, o, *answer)
	})
}

// markByDuplicate is a field of our own in --json: only the refusal of a duplicate proves that the request was done.
const markByDuplicate = "byDuplicate"

func (e effect[Request, Answer]) prints(a *app, o *observer, answer Answer) error {
	a.tellWhereFrom(o, "the answer", "")
	if e.byDuplicate(answer) {
		a.notice("done, as the refusal of a duplicate shows: an earlier attempt with this id went through")
	}
	var err error
	switch {
	case a.json && e.byDuplicate(answer):
		var marked json.RawMessage
		if marked, err = withMember(answer, markByDuplicate, true); err == nil {
			err = a.printJSON(marked)
		}
	case a.json:
		err = a.printJSON(answer)
	default:
		err = a.printFields(e.show(answer)...)
	}
	return afterMoney(err, e.operation, "the service has accepted "+quote(o.reference))
}

// afterLostEffect says what to do about an effect whose outcome is unknown.
func (a *app) afterLostEffect(operation, id string, repeats bool, s settling) string {
	command := commandOf[operation]
	switch {
	case s.journal.none && repeats:
		return "find out with the same flags and: airtime dizlee resume " + command
	case s.journal.none:
		return "do not repeat " + quote(id) + ", which may be done twice then; ask Dizlee"
	case a.sandbox && s.journal.file == "":
		return quote(id) + " cannot be followed up, since the sandbox and its journal end with this run"
	}
	decide := "ask Dizlee, and decide with: " + dizleeSettle(operation, id, s.journal)
	if !repeats {
		return quote(id) + " stays open in the journal, and is never repeated; " + decide
	}
	return quote(id) + " stays open in the journal; find out with: airtime dizlee recover" + s.journal.flag() + "; if that does not help, " + decide
}

func confirmFlag(flags *pflag.FlagSet, confirm *bool) {
	flags.BoolVar(confirm, "confirm", false, "do it")
}

func newCharge(a *app) *cobra.Command {
	return newChargeCommand(a, charge, &cobra.Command{
		Use: "charge", Short: "Take an amount from a subscriber", Args: cobra.NoArgs,
		Long: "Take an amount from a subscriber's credit, or add it to the bill.\n\n" + chargeLong + journalLong + previewLong,
	})
}

// newChargeCommand gives a command the flags of a charge.
func newChargeCommand(a *app, how effect[dizlee.ChargeRequest, dizlee.ChargeResponse], command *cobra.Command) *cobra.Command {
	var (
		request dizlee.ChargeRequest
		s       settling
		confirm bool
	)
	flags := command.Flags()
	flags.StringVar(&request.ChargeRequestID, "id", "", "your own `id` of this charge, new for every charge")
	flags.StringVar(&request.UserID, "msisdn", "", "the subscriber's `number`: digits only, country code first")
	amountFlag(flags, &request.Amount, "amount", "the `amount`, with at most three decimals")
	flags.StringVar(&request.Currency, "currency", "", "ISO `code` of the currency")
	flags.StringVar((*string)(&request.Type), "type", string(dizlee.ChargeTypeSinglePurchase), "`kind` of charge")
	flags.StringVar(&request.SubscriptionID, "subscription", dizlee.OneTimePurchase, "subscription `id`; SP for a one-time purchase")
	flags.BoolVar(&request.FirstCharge, "first-charge", true, "the first charge of a subscription, or a single purchase")
	amountFlag(flags, &request.TotalCharge30Days, "total-30d", "the `amount` that the subscriber was charged in the last 30 days (default 0)")
	flags.StringVar((*string)(&request.Channel), "channel", string(dizlee.ChannelWEB), "`channel` of the purchase: WEB, SMS, MobileApp or CC")
	flags.StringVar(&request.Promoter, "promoter", "", "`who` promotes the campaign; the merchant by default")
	flags.Func("vat-amount", "the tax as a whole `number`; some operators want it", func(text string) error {
		amount, err := strconv.Atoi(text)
		request.VATAmount = &amount
		return err
	})
	flags.StringVar((*string)(&request.BillingType), "billing-type", "", "Prepaid or Postpaid, the `kind` that getProfile told; some operators want it")
	flags.StringVar(&request.ProfileRequestID, "profile-request-id", "", "the `id` that getProfile was called with; some operators want it")
	flags.StringVar(&request.SID, "sid", "", "service `id` from Dizlee; some operators want it")
	flags.StringVar(&request.PID, "pid", "", "product `id` from Dizlee; some operators want it")
	merchantFlags(flags, &request.AggregatorID, &request.MerchantID, &request.Product, &request.SubProduct)
	confirmFlag(flags, &confirm)
	s.define(flags)
	command.RunE = how.runs(a, &request, &s, &confirm)
	return needs(command, "id", "msisdn", "amount", "currency")
}

var charge = effect[dizlee.ChargeRequest, dizlee.ChargeResponse]{
	operation: "Charge", urlVariable: "DIZLEE_CHARGE_URL",
	fill: func(getenv func(string) string, r *dizlee.ChargeRequest) {
		fillMerchant(getenv, &r.AggregatorID, &r.MerchantID, &r.Product, &r.SubProduct)
		r.Promoter = or(r.Promoter, r.MerchantID)
	},
	send: func(ctx context.Context, client *dizlee.Client, r dizlee.ChargeRequest) (*dizlee.ChargeResponse, error) {
		return client.Charge(ctx, r)
	},
	id:          func(r dizlee.ChargeRequest) string { return r.ChargeRequestID },
	repeats:     func(dizlee.ChargeRequest) bool { return true },
	byDuplicate: func(answer dizlee.ChargeResponse) bool { return answer.ByDuplicate },
	show: func(answer dizlee.ChargeResponse) []field {
		return []field{{"Status", string(answer.Status)}, {"Detail", answer.StatusDetail}, {"Operator's id", answer.ChargeResponseID}}
	},
}

func newRefund(a *app) *cobra.Command {
	return newRefundCommand(a, refund, &cobra.Command{
		Use: "refund", Short: "Give a charge back", Args: cobra.NoArgs,
		Long: "Give a charge back, or part of it.\n\n" + refundLong + journalLong + previewLong,
	})
}

// newRefundCommand gives a command the flags of a refund.
func newRefundCommand(a *app, how effect[dizlee.RefundRequest, dizlee.RefundResponse], command *cobra.Command) *cobra.Command {
	var (
		request dizlee.RefundRequest
		s       settling
		confirm bool
	)
	flags := command.Flags()
	flags.StringVar(&request.RefundRequestID, "id", "", "your own `id` of this refund, new for every refund")
	flags.StringVar(&request.TransactionID, "transaction", "", "the `id` that the charge was made with")
	flags.StringVar(&request.UserID, "msisdn", "", "the subscriber's `number`: digits only, country code first")
	optionalAmountFlag(flags, &request.Amount, "amount", "the `amount` to give back; all of the charge by default")
	flags.StringVar(&request.Currency, "currency", "", "ISO `code` of the currency")
	flags.StringVar(&request.Reason, "reason", "", "the `reason`, in words")
	flags.StringVar(&request.SubscriptionID, "subscription", dizlee.OneTimePurchase, "subscription `id`; SP for a one-time purchase")
	flags.StringVar(&request.ChargeResponseID, "charge-response-id", "", "the operator's `id` of the charge; some operators want it")
	flags.StringVar(&request.ChargeID, "charge-id", "", "the operator's `id` under the name that other operators want")
	flags.StringVar(&request.Purpose, "purpose", "", "the `purpose`; merchant-product by default")
	merchantFlags(flags, &request.AggregatorID, &request.MerchantID, &request.Product, &request.SubProduct)
	confirmFlag(flags, &confirm)
	s.define(flags)
	command.RunE = how.runs(a, &request, &s, &confirm)
	return needs(command, "id", "transaction", "msisdn", "currency", "reason")
}

var refund = effect[dizlee.RefundRequest, dizlee.RefundResponse]{
	operation: "Refund", urlVariable: "DIZLEE_REFUND_URL",
	fill: func(getenv func(string) string, r *dizlee.RefundRequest) {
		fillMerchant(getenv, &r.AggregatorID, &r.MerchantID, &r.Product, &r.SubProduct)
		if r.Purpose == "" && r.MerchantID != "" && r.Product != "" {
			r.Purpose = r.MerchantID + "-" + r.Product
		}
	},
	send: func(ctx context.Context, client *dizlee.Client, r dizlee.RefundRequest) (*dizlee.RefundResponse, error) {
		return client.Refund(ctx, r)
	},
	id:          func(r dizlee.RefundRequest) string { return r.RefundRequestID },
	repeats:     func(r dizlee.RefundRequest) bool { return r.Amount == nil },
	byDuplicate: func(answer dizlee.RefundResponse) bool { return answer.ByDuplicate },
	show: func(answer dizlee.RefundResponse) []field {
		return []field{{"Status", string(answer.Status)}, {"Detail", answer.StatusDetail}}
	},
}

func newSMS(a *app) *cobra.Command {
	var (
		request dizlee.SendSMSRequest
		s       settling
		confirm bool
	)
	command := &cobra.Command{
		Use: "sms", Short: "Send a subscriber an SMS", Args: cobra.NoArgs,
		Long: "Send a subscriber an SMS. After exit code 4 the subscriber may have it. It is never repeated on a guess, since nothing\nkeeps a repetition from being delivered as well." + journalLong + previewLong,
	}
	flags := command.Flags()
	flags.StringVar(&request.SMSRequestID, "id", "", "your own `id` of this message")
	flags.StringVar(&request.Receiver, "to", "", "the subscriber's `number`: digits only, country code first")
	flags.StringVar(&request.Sender, "sender", "", "`what` the subscriber sees as the sender")
	flags.StringVar((*string)(&request.Language), "language", "", "`language` of the text: En or Ar")
	flags.StringVar(&request.MessageBody, "text", "", "the `text`")
	flags.StringVar(&request.SubscriptionID, "subscription", "", "subscription `id`; SP for a one-time purchase")
	flags.StringVar(&request.SID, "sid", "", "service `id` from Dizlee; some operators want it")
	flags.StringVar(&request.PID, "pid", "", "product `id` from Dizlee; some operators want it")
	merchantFlags(flags, &request.AggregatorID, &request.MerchantID, &request.Product, &request.SubProduct)
	confirmFlag(flags, &confirm)
	s.define(flags)
	command.RunE = sms.runs(a, &request, &s, &confirm)
	return needs(command, "id", "to", "sender", "language", "text")
}

var sms = effect[dizlee.SendSMSRequest, dizlee.SendSMSResponse]{
	operation: "SendSMS", urlVariable: "DIZLEE_SMS_URL",
	fill: func(getenv func(string) string, r *dizlee.SendSMSRequest) {
		fillMerchant(getenv, &r.AggregatorID, &r.MerchantID, &r.Product, &r.SubProduct)
	},
	send: func(ctx context.Context, client *dizlee.Client, r dizlee.SendSMSRequest) (*dizlee.SendSMSResponse, error) {
		return client.SendSMS(ctx, r)
	},
	id:          func(r dizlee.SendSMSRequest) string { return r.SMSRequestID },
	repeats:     func(dizlee.SendSMSRequest) bool { return false },
	byDuplicate: func(dizlee.SendSMSResponse) bool { return false },
	show: func(answer dizlee.SendSMSResponse) []field {
		return []field{{"Status", string(answer.Status)}, {"Detail", answer.StatusDetail}}
	},
}

// preview prints the request that --confirm would send, and fails: a script that forgot --confirm must notice.
func (a *app) preview(request any) error {
	if err := a.printRequest(request); err != nil {
		return err
	}
	return usagef("nothing was sent: this is what would be; add --confirm to send it")
}

func (a *app) printRequest(request any) error {
	if a.json {
		return a.printJSON(request)
	}
	text, err := marshal(request, "")
	if err != nil {
		return usagef("the request cannot be written: %s", err)
	}
	return a.printFields(fieldsOf(text)...)
}

// fieldsOf returns the fields of a JSON object in its own order, values as they are written, but strings without quotes.
func fieldsOf(object []byte) []field {
	var fields []field
	decoder := json.NewDecoder(bytes.NewReader(object))
	_, _ = decoder.Token() // the opening brace
	for decoder.More() {
		name, _ := decoder.Token()
		var raw json.RawMessage
		if decoder.Decode(&raw) != nil {
			break
		}
		text := string(raw)
		var unquoted string
		if json.Unmarshal(raw, &unquoted) == nil {
			text = unquoted
		}
		fields = append(fields, field{name.(string), text})
	}
	return fields
}
