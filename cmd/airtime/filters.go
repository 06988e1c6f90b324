// Flags that several commands share: the API's filters, amounts and settings; and how a field at fault is traced back
// to its flag.

package main

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/money"
)

// filters are the values of all filters that the API's lists have.
type filters struct {
	countries, providers, skus, benefits, regions, languages []string
	account                                                  string
	// codes are the arguments of the command that lists error codes.
	codes []string
}

// filter is one of them as a flag.
type filter func(*filters, *pflag.FlagSet)

const repeatable = " (repeat it, or separate several with commas)"

func byCountry(f *filters, flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.countries, "country", nil, "ISO `code` of a country, such as JM"+repeatable)
}

func byProvider(f *filters, flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.providers, "provider", nil, "`code` of a provider"+repeatable)
}

func bySKU(f *filters, flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.skus, "sku", nil, "`code` of a product"+repeatable)
}

func byBenefit(f *filters, flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.benefits, "benefit", nil, "`benefit` of a product, such as Data"+repeatable)
}

func (f filters) wantedBenefits() (benefits []ding.Benefit) {
	for _, benefit := range f.benefits {
		benefits = append(benefits, ding.Benefit(benefit))
	}
	return benefits
}

func byRegion(f *filters, flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.regions, "region", nil, "`code` of a region"+repeatable)
}

func byLanguage(f *filters, flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.languages, "language", nil, "`code` of a language; ask for en along with any other, which can have gaps"+repeatable)
}

func byAccount(f *filters, flags *pflag.FlagSet) {
	flags.StringVar(&f.account, "account", "", "account `number`: digits only, country code first; one that matches no provider filters nothing, so look it up first")
}

// amountFlag defines a flag for an exact amount.
func amountFlag(flags *pflag.FlagSet, target *money.Decimal, name, usage string) {
	flags.Func(name, usage, func(text string) error { return target.UnmarshalText([]byte(text)) })
}

// optionalAmountFlag defines a flag for an exact amount that may be absent, which is not the same as 0.
func optionalAmountFlag(flags *pflag.FlagSet, target **money.Decimal, name, usage string) {
	flags.Func(name, usage, func(text string) error {
		amount, err := money.Parse(text)
		*target = &amount
		return err
	})
}

// settingFlag defines the repeatable flag for a product's settings.
func settingFlag(flags *pflag.FlagSet, target *[]ding.Setting) {
	flags.Func("setting", "a product's setting as `Name=Value` (repeat it)", func(text string) error {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return errors.New("it must be Name=Value")
		}
		*target = append(*target, ding.Setting{Name: name, Value: value})
		return nil
	})
}

// flagOf tells how the user gives a field that a client finds at fault.
var flagOf = map[string]string{
	"AccountNumber":  "--account",
	"accountNumber":  "--account",
	"SkuCode":        "--sku",
	"DistributorRef": "--ref",
	"SendValue":      "--value",
	"TransferId":     "--transfer-ref or --ref",

	// EstimatePrices is the one whose values have flags of other names.
	"[0].SendValue":    "--send-value",
	"[0].ReceiveValue": "--receive-value",

	"chargeRequestId": "--id", "refundRequestId": "--id", "smsRequestId": "--id",
	"userId": "--msisdn", "receiver": "--to",
	"transactionId":    "--transaction",
	"subscriptionId":   "--subscription",
	"totalCharge_p30d": "--total-30d",
	"chargeResponseId": "--charge-response-id",
	"chargeId":         "--charge-id",
	"vatAmount":        "--vat-amount",
	"billingType":      "--billing-type",
	"profileRequestId": "--profile-request-id",
	"SID":              "--sid",
	"PID":              "--pid",
	"msgBody":          "--text",
	"aggregatorId":     "--aggregator or DIZLEE_AGGREGATOR_ID",
	"merchantId":       "--merchant or DIZLEE_MERCHANT_ID",
	"product":          "--product or DIZLEE_PRODUCT",
	"subProduct":       "--sub-product or DIZLEE_SUB_PRODUCT",
}

// listIndex is what stands before the field's name where a request holds a list.
var listIndex = regexp.MustCompile(`^\[\d+\]\.`)

// withFlags adds to a request that was not sent which flags its problems are about.
func withFlags(err error) error {
	var request *facade.RequestError
	if !errors.As(err, &request) {
		return err
	}
	var flags []string
	for _, problem := range request.Problems {
		flag := or(flagOf[problem.Field], flagOf[listIndex.ReplaceAllString(problem.Field, "")])
		if flag != "" && !slices.Contains(flags, flag) {
			flags = append(flags, flag)
		}
	}
	if len(flags) == 0 {
		return err
	}
	return &adviceError{error: err, advice: "see " + strings.Join(flags, ", ")}
}
