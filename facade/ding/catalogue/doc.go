// Package catalogue keeps DingConnect's reference data at hand: what can be sold to a number, what it costs, what arrives,
// and how to tell a customer.
//
//	client, err := ding.NewClient(ding.WithAPIKey(os.Getenv("DING_API_KEY")))
//	…
//	known, err := catalogue.New(client, catalogue.WithLanguages("es"), catalogue.WithBackgroundRefresh())
//	…
//	defer known.Close()
//	data, err := known.Data(ctx)
//	…
//	product, ok := data.Product("JM_DC_TopUp")
//
// # From a number to a transfer
//
//	match, err := known.Match(ctx, "+1 876 555 0100") // whose number it is, and who is down
//	quote, err := known.Cheapest(ctx, match.AccountNumber, money.MustParse("500"), "JMD", catalogue.Matched(match))
//	request, err := quote.Request(catalogue.Order{DistributorRef: "order-7301"}) // checked against limits, settings and age
//	transfer, err := client.SendTransfer(ctx, request)
//
// A [Quote] says what the customer pays, what leaves the balance and what arrives after tax; its Warnings say what a buyer may want to
// know. [Catalogue.QuoteSend] and [Catalogue.QuoteReceive] make one for a product that has been chosen already. One that needs a bill is sold by [Catalogue.Bills] and [OpenBill.Request].
//
// # One generation at a time
//
// [Catalogue.Data] returns a [Data]: countries, currencies, regions, providers, products, promotions, the texts of both and the
// descriptions of errors, joined, indexed and never changed. A newer one takes its place at once and as a whole; readers never
// wait for each other. The first call loads some 30 MB; [WithProgress] tells how far that is. Live prices, account look-ups,
// provider status and bills are no reference data: they are asked for each time.
//
// # How long answers are used
//
// By their headers, as RFC 9111 has it for a private cache: Cache-Control, Expires, Age and Date; and ETag and Last-Modified to ask
// whether anything has changed. Where they are silent, products are used for three hours and the rest for a day. What is
// no-store is asked for by every call of Data, what is no-cache or stale is asked about. Whoever calls while a part is loading
// waits for the same request; nothing is shared between catalogues, since prices differ between accounts.
//
// Where the service fails, an answer stands in for up to a day after its time ([WithStaleIfError]) unless its headers forbid it, and
// the service is asked again after ten seconds or its Retry-After. A refusal is no failure: it is returned. [Catalogue.Holdings] tells
// how old every part is, and what failed; [WithOptional] names the parts that may be missing.
//
// # Snapshots
//
// [Catalogue.Save] and [Catalogue.Load] spare a thousand processes the same load. A snapshot keeps the age of every part, and
// belongs to the account, languages and countries that it was made for.
package catalogue
