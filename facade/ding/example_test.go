// Examples of the package, as the documentation shows them. Each talks to a service of its own in this process.

package ding_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/money"
)

// answering is a service that answers every call of a method with the same JSON, by the method's name.
func answering(answers map[string]string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, answers[r.URL.Path[len("/api/V1/"):]])
	}))
}

// exampleClient is a client for that service.
func exampleClient(service *httptest.Server) *ding.Client {
	client, err := ding.NewClient(ding.WithAPIKey("your-key"), ding.WithBaseURL(service.URL))
	if err != nil {
		log.Fatal(err)
	}
	return client
}

func ExampleNewClient() {
	service := answering(map[string]string{"GetBalance": `{"ResultCode":1,"ErrorCodes":[],"Balance":1250.00,"CurrencyIso":"EUR"}`})
	defer service.Close()

	// Leave WithBaseURL out for the live service.
	client, err := ding.NewClient(ding.WithAPIKey("your-key"), ding.WithBaseURL(service.URL))
	if err != nil {
		log.Fatal(err)
	}
	balance, err := client.GetBalance(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(balance.Balance, balance.CurrencyISO)
	// Output: 1250.00 EUR
}

func ExampleNewClient_everyProblemAtOnce() {
	_, err := ding.NewClient(ding.WithClientCredentials("your-id", ""), ding.WithBaseURL("http://api.example"))
	fmt.Println(err)
	// Output:
	// ding: no client can be made:
	// the client secret is empty
	// the base URL must be https, since credentials travel along (http is for loopback hosts only)
}

func ExampleClient_SendTransfer() {
	service := answering(map[string]string{"SendTransfer": `{"ResultCode":1,"ErrorCodes":[],"TransferRecord":{
		"TransferId":{"TransferRef":"700123","DistributorRef":"order-1001"},"SkuCode":"GB_TEST_10","AccountNumber":"447700900123",
		"ProcessingState":"Complete","CommissionApplied":0.50}}`})
	defer service.Close()
	client := exampleClient(service)

	answer, err := client.SendTransfer(context.Background(), ding.SendTransferRequest{
		SKUCode:        "GB_TEST_10",
		SendValue:      money.MustParse("10.00"),
		AccountNumber:  "447700900123",
		DistributorRef: "order-1001", // new for every transfer
	})
	switch facade.OutcomeOf(err) {
	case facade.OutcomeAccepted:
		record := answer.TransferRecord
		fmt.Println("accepted:", record.TransferID.TransferRef, record.ProcessingState)
	case facade.OutcomeUnknown:
		fmt.Println("look it up before sending again:", err)
	case facade.OutcomeTemporary:
		fmt.Println("nothing moved, later it may work:", err)
	default: // refused, or never sent
		fmt.Println("nothing moved:", err)
	}
	// Output: accepted: 700123 Complete
}

func ExampleClient_SendTransfer_lostAnswer() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "<html><h1>502 Bad Gateway</h1></html>", http.StatusBadGateway)
	}))
	defer service.Close()
	// Leave WithSettleTimeout out: the default reaches past the 90 seconds that Ding may work on a transfer.
	client, err := ding.NewClient(ding.WithAPIKey("your-key"), ding.WithBaseURL(service.URL), ding.WithSettleTimeout(time.Millisecond))
	if err != nil {
		log.Fatal(err)
	}

	_, err = client.SendTransfer(context.Background(), ding.SendTransferRequest{
		SKUCode:        "GB_TEST_10",
		SendValue:      money.MustParse("10.00"),
		AccountNumber:  "447700900123",
		DistributorRef: "order-1002",
	})
	// The proxy's page does not tell whether the transfer behind it was made, and the list could not be read either.
	fmt.Println(facade.OutcomeOf(err), errors.Is(err, facade.ErrOutcomeUnknown))
	// Output: unknown true
}

func ExampleClient_GetProducts() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("asked for", r.URL.RawQuery)
		_, _ = io.WriteString(w, `{"ResultCode":1,"ErrorCodes":[],"Items":[{"SkuCode":"JM_DATA_1","DefaultDisplayText":"1 GB, 7 days",
			"Minimum":{"SendValue":4.50,"SendCurrencyIso":"EUR"},"Maximum":{"SendValue":4.50,"SendCurrencyIso":"EUR"}}]}`)
	}))
	defer service.Close()
	client := exampleClient(service)

	products, err := client.GetProducts(context.Background(), ding.GetProductsParams{
		CountryISOs: []string{"JM", "HT"}, // either country
		Benefits:    []ding.Benefit{ding.BenefitData},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, product := range products.Items {
		fmt.Println(product.SKUCode, product.DefaultDisplayText, product.Minimum.SendValue, product.Minimum.SendCurrencyISO)
	}
	// Output:
	// asked for benefits=Data&countryIsos=JM&countryIsos=HT
	// JM_DATA_1 1 GB, 7 days 4.50 EUR
}

func ExampleClient_TransferRecords() {
	service := answering(map[string]string{"ListTransferRecords": `{"ResultCode":1,"ErrorCodes":[],"ThereAreMoreItems":false,"Items":[
		{"ResultCode":1,"ErrorCodes":[],"TransferRecord":{"TransferId":{"TransferRef":"700124","DistributorRef":"order-1002"},"ProcessingState":"Processing"}},
		{"ResultCode":1,"ErrorCodes":[],"TransferRecord":{"TransferId":{"TransferRef":"700123","DistributorRef":"order-1001"},"ProcessingState":"Complete"}}]}`})
	defer service.Close()
	client := exampleClient(service)

	filter := ding.TransferFilter{AccountNumber: "447700900123"}
	for item, err := range client.TransferRecords(context.Background(), filter) {
		if err != nil {
			log.Fatal(err) // the listing is incomplete
		}
		record := item.TransferRecord
		fmt.Println(record.TransferID.DistributorRef, record.ProcessingState)
	}
	// Output:
	// order-1002 Processing
	// order-1001 Complete
}

func ExampleClient_EstimatePrices() {
	service := answering(map[string]string{"EstimatePrices": `{"ResultCode":1,"ErrorCodes":[],"Items":[
		{"BatchItemRef":"exact","ResultCode":1,"ErrorCodes":[],"SkuCode":"JM_TEST","Price":{"SendValue":5.00,"SendCurrencyIso":"EUR","ReceiveValue":850.00,"ReceiveCurrencyIso":"JMD"}},
		{"BatchItemRef":"typo","ResultCode":4,"ErrorCodes":[{"Code":"ParameterInvalid","Context":"SkuCode"}]}]}`})
	defer service.Close()
	client := exampleClient(service)

	answer, err := client.EstimatePrices(context.Background(), []ding.EstimationRequest{
		{BatchItemRef: "typo", SKUCode: "JM_TSET", SendValue: money.MustParse("5.00")},
		{BatchItemRef: "exact", SKUCode: "JM_TEST", SendValue: money.MustParse("5.00")},
	}, ding.WithCorrelationID("quote-7"))
	if err != nil {
		log.Fatal(err) // the call as a whole
	}
	for _, result := range answer.Results { // in the order of the request
		if result.Err != nil {
			fmt.Println(result.Err)
			continue
		}
		price := result.Item.Price
		fmt.Println(result.BatchItemRef, price.SendValue, price.SendCurrencyISO, "buys", price.ReceiveValue, price.ReceiveCurrencyISO)
	}
	// Output:
	// ding: EstimatePrices item "typo": refused: ParameterInvalid/SkuCode [HTTP 200, ResultCode 4, correlation id quote-7]
	// exact 5.00 EUR buys 850.00 JMD
}

func ExampleError() {
	service := answering(map[string]string{"SendTransfer": `{"ResultCode":4,"ErrorCodes":[{"Code":"AccountNumberInvalid","Context":"ProviderRefusedRequest"}],
		"TransferRecord":{"SkuCode":"GB_TEST_10","AccountNumber":"447700900123","ProcessingState":"Failed"}}`})
	defer service.Close()
	client := exampleClient(service)

	_, err := client.SendTransfer(context.Background(), ding.SendTransferRequest{
		SKUCode:        "GB_TEST_10",
		SendValue:      money.MustParse("10.00"),
		AccountNumber:  "447700900123",
		DistributorRef: "order-1003",
	}, ding.WithCorrelationID("order-1003-a"))
	switch {
	case errors.Is(err, ding.CodeInsufficientBalance):
		fmt.Println("add funds")
	case errors.Is(err, ding.CodeAccountNumberInvalid):
		fmt.Println("ask the customer for the number again")
	}
	var failed *ding.Error
	if errors.As(err, &failed) {
		fmt.Println(failed.Outcome(), failed.HTTPStatus, failed.ResultCode, failed.Codes[0].Context, failed.Record.ProcessingState)
	}
	fmt.Println(err)
	// Output:
	// ask the customer for the number again
	// refused 200 4 ProviderRefusedRequest Failed
	// ding: SendTransfer: refused: AccountNumberInvalid/ProviderRefusedRequest; check the account number and its provider [HTTP 200, ResultCode 4, correlation id order-1003-a]
}

func ExampleClient_Describe() {
	service := answering(map[string]string{
		"GetBalance": `{"ResultCode":5,"ErrorCodes":[{"Code":"ProviderError","Context":"ProductUnavailable"}]}`,
		"GetErrorCodeDescriptions": `{"ResultCode":1,"ErrorCodes":[],"Items":[
			{"Code":"ProviderError","Message":"The provider failed."},{"Code":"ProductUnavailable","Message":"Not on sale at present."}]}`,
	})
	defer service.Close()
	client := exampleClient(service)

	_, failed := client.GetBalance(context.Background())
	descriptions, err := client.Describe(context.Background(), failed)
	if err != nil {
		log.Fatal(err)
	}
	for _, description := range descriptions {
		fmt.Println(description.Code.Code+":", description.Message, description.ContextMessage)
	}
	// Output: ProviderError: The provider failed. Not on sale at present.
}

func ExampleNewNotificationHandler() {
	const record = `{"TransferId":{"TransferRef":"700123","DistributorRef":"order-1001"},"SkuCode":"GB_TEST_10","AccountNumber":"447700900123","ProcessingState":"Complete"}`
	service := answering(map[string]string{"ListTransferRecords": `{"ResultCode":1,"ErrorCodes":[],"Items":[{"ResultCode":1,"ErrorCodes":[],"TransferRecord":` + record + `}]}`})
	defer service.Close()
	client := exampleClient(service) // with a journal, if you can

	handler, err := ding.NewNotificationHandler(client, func(ctx context.Context, n ding.Notification) error {
		// Note it in your database: what returns nil does not come again.
		fmt.Println(n.CorrelationID, n.TransferRecord.TransferID.DistributorRef, n.TransferRecord.ProcessingState, n.Verified)
		return nil
	}, ding.WithPathSecret("a-long-random-text"))
	if err != nil {
		log.Fatal(err)
	}
	receiver := httptest.NewServer(handler) // with TLS, as Ding wants it
	defer receiver.Close()

	for _, body := range []string{
		`{"ResultCode":1,"ErrorCodes":[],"TransferRecord":` + record + `}`,
		`{"ResultCode":1,"ErrorCodes":[],"TransferRecord":` + record + `}`,                                         // a double
		`{"ResultCode":1,"ErrorCodes":[],"TransferRecord":` + strings.Replace(record, "700123", "700999", 1) + `}`, // a forged one
	} {
		request, err := http.NewRequest(http.MethodPost, receiver.URL+"/a-long-random-text", strings.NewReader(body))
		if err != nil {
			log.Fatal(err)
		}
		request.Header.Set("X-Correlation-Id", "order-1001-a")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			log.Fatal(err)
		}
		_ = answer.Body.Close()
		fmt.Println(answer.StatusCode)
	}
	// Output:
	// order-1001-a order-1001 Complete true
	// 200
	// 200
	// 403
}
