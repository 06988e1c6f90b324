// The command that tells who may serve an account number.

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/facade/ding/catalogue"
)

const matchLong = `List the providers that may serve an account number, best first, and which of them are down. The number is given as the
argument or by --account; a phone number may be written with a +, blanks and dashes.

Ding's own look-up names the providers of a phone number. Where it does not know, the providers' patterns decide. FOUND BY says
which it was:

  lookup       the look-up named the provider
  pattern      the number fits the provider's pattern, which is no proof: operators' ranges overlap
  test number  it is the UatNumber of the provider's products: transfers to it cost and deliver nothing
  country      the provider serves the number's country, and its pattern cannot be used
  everywhere   the provider sells everywhere (XG) and takes the number

` + catalogueLong

const catalogueLong = `No more of the catalogue is loaded than is needed: a country's part if the look-up names a provider, else all of it, some
20 MB. Nothing is kept unless --snapshot FILE says where. It then holds the whole catalogue, is used as long as the service's answers
say (products three hours and the rest a day, where they don't), is replaced if it is of another account, and can be read by its
owner only.`

func newMatch(a *app) *cobra.Command {
	var (
		account  string
		kept     snapshot
		products bool
	)
	command := &cobra.Command{Use: "match ACCOUNT", Short: "List the providers that may serve an account number", Long: matchLong, Args: cobra.MaximumNArgs(1)}
	flags := command.Flags()
	flags.StringVar(&account, "account", "", "account `number`, instead of the argument")
	flags.BoolVar(&products, "products", false, "list the products that fit, too")
	kept.define(flags)
	command.RunE = a.reads(func(ctx context.Context, args []string) error {
		number, err := oneAccount(args, account)
		if err != nil {
			return err
		}
		client, err := a.dingClient()
		if err != nil {
			return err
		}
		c, err := a.catalogueFor(ctx, client, number, kept)
		if err != nil {
			return err
		}
		match, err := c.Match(ctx, number)
		if err != nil {
			return err
		}
		a.tellOfMatch(match)
		return a.printMatch(match, products)
	})
	return command
}

// oneAccount returns the account number that is given as the argument or by a flag.
func oneAccount(args []string, flag string) (string, error) {
	number := flag
	if len(args) > 0 {
		number = args[0]
	}
	switch {
	case flag != "" && flag != number:
		return "", usagef("two account numbers are given: the argument and --account")
	case strings.TrimSpace(number) == "":
		return "", usagef("an account number is missing: give it as the argument or see --account")
	}
	return number, nil
}

// tellOfMatch tells what a list of candidates does not.
func (a *app) tellOfMatch(match *catalogue.Match) {
	warnings := match.Warnings
	if match.LookupErr != nil {
		a.notice("the look-up failed, and patterns decided: %s", messageOf(match.LookupErr))
		// The match says the same in its own words.
		warnings = withoutCause(warnings, match.LookupErr)
	}
	for _, message := range firstMessages(warnings) {
		a.notice("%s", message)
	}
	switch {
	case len(match.Candidates) == 0:
		hint := ""
		if _, isPhone := catalogue.PhoneNumber(match.AccountNumber); !isPhone {
			hint = "; a phone number begins with its country's dialling prefix, such as +44"
		}
		a.notice("no provider is known for this number%s", hint)
	case match.Candidates[0].By == catalogue.ByUAT:
		a.notice("this is a test number: transfers to it cost and deliver nothing")
	}
}

// firstMessages returns the first of the messages, and how many more there are: hundreds of patterns can be unusable alike.
func firstMessages(warnings []error) []string {
	const most = 5
	var messages []string
	for i, warning := range warnings {
		if i == most {
			return append(messages, fmt.Sprintf("and %d more warnings", len(warnings)-most))
		}
		messages = append(messages, messageOf(warning))
	}
	return messages
}

// withoutCause drops the warnings about an error.
func withoutCause(warnings []error, cause error) []error {
	var others []error
	for _, warning := range warnings {
		if !errors.Is(warning, cause) {
			others = append(others, warning)
		}
	}
	return others
}

// candidate is a provider's own fields, and what is known about the number.
type candidate struct {
	*ding.Provider
	AccountNumber string
	RegionCode    string
	By            catalogue.By
	Down          bool
	Message       string
	// Products are there if they were asked for.
	Products []*ding.Product `json:",omitzero"`
}

func (a *app) printMatch(match *catalogue.Match, withProducts bool) error {
	candidates := make([]candidate, len(match.Candidates))
	var all []ding.Product
	for i, c := range match.Candidates {
		candidates[i] = candidate{Provider: c.Provider, AccountNumber: match.AccountNumber, RegionCode: c.RegionCode, By: c.By, Down: c.Down, Message: c.Message}
		if withProducts {
			candidates[i].Products = notNull(c.Products())
			for _, product := range candidates[i].Products {
				all = append(all, *product)
			}
		}
	}
	if a.json {
		return a.printJSON(candidates)
	}
	if len(candidates) == 0 {
		return nil
	}
	if err := printList(a, candidates, candidateColumns); err != nil || !withProducts {
		return err
	}
	if len(all) == 0 {
		a.notice("they have no products for it")
		return nil
	}
	if err := a.print([]byte("\n")); err != nil {
		return err
	}
	return printList(a, all, productColumns)
}

var candidateColumns = []column[candidate]{
	{"PROVIDER", func(c candidate) string { return c.ProviderCode }},
	{"NAME", func(c candidate) string { return c.Name }},
	{"COUNTRY", func(c candidate) string { return c.CountryISO }},
	{"REGION", func(c candidate) string { return c.RegionCode }},
	{"FOUND BY", func(c candidate) string { return foundBy(c.By) }},
	{"DOWN", func(c candidate) string { return down(c.Down, c.Message) }},
}

func foundBy(by catalogue.By) string {
	switch by {
	case catalogue.ByUAT:
		return "test number"
	case catalogue.ByUnchecked:
		return "country"
	}
	return string(by)
}

// down tells that a provider is, and what it has to say.
func down(is bool, message string) string {
	return strings.TrimSuffix(yesNo(is)+": "+message, ": ")
}
