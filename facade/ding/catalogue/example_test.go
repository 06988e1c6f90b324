// Examples of the package, as the documentation shows them. Each talks to a sandbox of its own in this process.

package catalogue_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"time"

	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/facade/ding/catalogue"
	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/sandbox"
)

// exampleClient is a client of a new sandbox; stop ends that.
func exampleClient() (client *ding.Client, stop func()) {
	box, err := sandbox.New()
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(box)
	client, err = ding.NewClient(ding.WithAPIKey(box.Credentials().DingAPIKey), ding.WithBaseURL(server.URL))
	if err != nil {
		log.Fatal(err)
	}
	return client, server.Close
}

// exampleCatalogue is a catalogue of a new sandbox's products.
func exampleCatalogue(opts ...catalogue.Option) (known *catalogue.Catalogue, client *ding.Client, stop func()) {
	client, stop = exampleClient()
	known, err := catalogue.New(client, opts...)
	if err != nil {
		log.Fatal(err)
	}
	return known, client, stop
}

func ExampleNew() {
	client, stop := exampleClient()
	defer stop()

	// Make one, and keep it for as long as the program runs.
	known, err := catalogue.New(client, catalogue.WithLanguages("es"), catalogue.WithBackgroundRefresh())
	if err != nil {
		log.Fatal(err)
	}
	defer known.Close()

	match, err := known.Match(context.Background(), "+44 7911 123456")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(match.AccountNumber)
	for _, candidate := range match.Candidates { // best first
		fmt.Println(candidate.Provider.Name, "by", candidate.By, "with", len(candidate.Products()), "products")
	}
	// Output:
	// 447911123456
	// Albion Mobile by lookup with 4 products
	// Thistle SIM by lookup with 2 products
	// Orbit Gift Cards by everywhere with 3 products
}

func ExampleCatalogue_QuoteReceive() {
	known, client, stop := exampleCatalogue()
	defer stop()
	ctx := context.Background()

	quote, err := known.QuoteReceive(ctx, "ES_MS_TopUp", money.MustParse("9.20"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the customer pays", quote.CustomerPays(), quote.Price.SendCurrencyISO)
	fmt.Println("our balance loses", quote.LeavesBalance(), quote.Price.SendCurrencyISO)
	fmt.Println("what arrives:", quote.Arrives(), quote.Price.ReceiveCurrencyISO)

	// Once the customer has agreed:
	request, err := quote.Request(catalogue.Order{AccountNumber: "34600123456", DistributorRef: "order-7301"})
	if err != nil {
		log.Fatal(err) // names every field at fault; or the quote is too old
	}
	answer, err := client.SendTransfer(ctx, request)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.TransferRecord.ProcessingState)
	// Output:
	// the customer pays 10.00 USD
	// our balance loses 10.15 USD
	// what arrives: 9.20 EUR
	// Complete
}

// A provider that sells whole amounts only is asked for another one.
func ExampleDeviation() {
	known, _, stop := exampleCatalogue()
	defer stop()

	quote, err := known.QuoteReceive(context.Background(), "SN_TR_TopUp", money.MustParse("1000.40"))
	if err != nil {
		log.Fatal(err)
	}
	for _, warning := range quote.Warnings {
		fmt.Println(warning)
	}
	// Output: the price is for a ReceiveValue of 1000.00 XOF, 1000.40 was asked for: NearestMatch/ProviderCannotSupplyRequestReceiveValue
}

func ExampleCatalogue_Cheapest() {
	known, _, stop := exampleCatalogue()
	defer stop()

	// At least 90 shillings shall arrive, after tax.
	quote, err := known.Cheapest(context.Background(), "254722123456", money.MustParse("90"), "KES")
	if err != nil {
		log.Fatal(err) // errors.Is(err, catalogue.ErrNoProduct) if nothing will do
	}
	fmt.Println(quote.Product.SKUCode, "for", quote.CustomerPays(), quote.Price.SendCurrencyISO)
	fmt.Println(quote.Price.ReceiveValue, "before tax,", quote.Arrives(), "after")
	// Output:
	// KE_SV_TopUp for 0.78 USD
	// 100.00 before tax, 90.00 after
}

func ExampleData_ProductText() {
	known, _, stop := exampleCatalogue(catalogue.WithLanguages("es"))
	defer stop()

	data, err := known.Data(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	product, found := data.Product("MX_AZ_10")
	if !found {
		log.Fatal("it is not sold any more")
	}
	for _, wanted := range []string{"es-MX", "fr"} {
		text := data.ProductText(product, wanted)
		fmt.Println(wanted, "gets", text.LanguageCode+":", text.DisplayText)
	}
	// Output:
	// es-MX gets es: Azteca Recarga 10
	// fr gets en: Azteca Top-up 10
}

func ExampleData_Products() {
	known, _, stop := exampleCatalogue()
	defer stop()

	data, err := known.Data(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	// In Ghana or Kenya, and with data.
	for product := range data.Products(catalogue.Filter{CountryISOs: []string{"GH", "KE"}, Benefits: []ding.Benefit{ding.BenefitData}}) {
		fmt.Println(product.SKUCode, product.Minimum.SendValue)
	}
	// Output:
	// KE_SV_2GB 2.10
	// KE_SV_Day 0.45
	// KE_RF_Month 7.80
	// GH_GC_3GB 4.00
}

func ExampleCatalogue_Bills() {
	known, client, stop := exampleCatalogue()
	defer stop()
	ctx := context.Background()

	bills, err := known.Bills(ctx, "MX_CF_TopUp", "12345678")
	if err != nil {
		log.Fatal(err)
	}
	request, err := bills[0].Request("order-7302")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(request.BillRef == bills[0].BillRef, request.SendValue.Equal(bills[0].Price.SendValue))
	answer, err := client.SendTransfer(ctx, request)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.TransferRecord.ProcessingState) // a Batch product: follow it with TransferRecords
	// Output:
	// true true
	// Submitted
}

func ExampleCatalogue_Holdings() {
	known, _, stop := exampleCatalogue()
	defer stop()
	if _, err := known.Data(context.Background()); err != nil {
		log.Fatal(err)
	}
	for _, holding := range known.Holdings() {
		switch {
		case holding.Err != nil: // for a check of health
			fmt.Println(holding.Part, "could not be refreshed:", holding.Err)
		case holding.Part == catalogue.PartProducts:
			fmt.Println("prices are less than an hour old:", time.Since(holding.AsOf) < time.Hour)
		}
	}
	// Output: prices are less than an hour old: true
}

func ExampleCatalogue_Save() {
	known, client, stop := exampleCatalogue()
	ctx := context.Background()
	if _, err := known.Data(ctx); err != nil {
		log.Fatal(err)
	}
	var snapshot bytes.Buffer // or SaveFile and LoadFile
	if err := known.Save(&snapshot); err != nil {
		log.Fatal(err)
	}
	stop() // from here on, nobody answers

	another, err := catalogue.New(client)
	if err != nil {
		log.Fatal(err)
	}
	if err := another.Load(&snapshot); err != nil {
		log.Fatal(err) // of another account, damaged, or newer than this program
	}
	data, err := another.Data(ctx)
	if err != nil {
		log.Fatal(err)
	}
	_, found := data.Product("GB_AB_TopUp")
	fmt.Println(found)
	// Output: true
}
