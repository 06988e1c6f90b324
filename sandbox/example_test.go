package sandbox_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/airtime-go/airtime/sandbox"
)

// A top-up over plain HTTP, and what the books say afterwards.
func ExampleNew() {
	sb, err := sandbox.New()
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(sb)
	defer server.Close()

	request, err := http.NewRequest(http.MethodPost, server.URL+"/api/V1/SendTransfer", strings.NewReader(`{
		"SkuCode": "GB_AB_TopUp", "SendValue": 10.00, "AccountNumber": "447700900123",
		"DistributorRef": "order-17", "ValidateOnly": false}`))
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("api_key", sb.Credentials().DingAPIKey)
	request.Header.Set("Content-Type", "application/json")
	response, err := server.Client().Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		log.Fatal(err)
	}

	fmt.Println(response.StatusCode)
	for _, payment := range sb.Payments() {
		fmt.Println(payment.DistributorRef, payment.Amount, payment.Currency)
	}
	fmt.Println(sb.Balance())
	// Output:
	// 200
	// order-17 10.00 USD
	// 990.00
}

// A top-up whose answer is lost after the money has left.
func ExampleSandbox_Inject() {
	sb, err := sandbox.New()
	if err != nil {
		log.Fatal(err)
	}
	remove, err := sb.Inject(sandbox.Fault{
		Kind: sandbox.DropConnection, When: sandbox.AfterWork, Operation: "SendTransfer", Reference: "order-17",
	})
	if err != nil {
		log.Fatal(err)
	}
	defer remove()
	server := httptest.NewServer(sb)
	defer server.Close()

	request, err := http.NewRequest(http.MethodPost, server.URL+"/api/V1/SendTransfer", strings.NewReader(`{
		"SkuCode": "GB_AB_TopUp", "SendValue": 10.00, "AccountNumber": "447700900123",
		"DistributorRef": "order-17", "ValidateOnly": false}`))
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("api_key", sb.Credentials().DingAPIKey)
	request.Header.Set("Content-Type", "application/json")
	response, err := server.Client().Do(request)
	if err == nil {
		_ = response.Body.Close()
	}

	fmt.Println("answered:", err == nil)
	for _, payment := range sb.Payments() {
		fmt.Println("paid:", payment.DistributorRef, payment.Amount, payment.Currency)
	}
	// Output:
	// answered: false
	// paid: order-17 10.00 USD
}

// What a program that reads its settings from the environment needs.
func ExampleSandbox_Environment() {
	sb, err := sandbox.New()
	if err != nil {
		log.Fatal(err)
	}
	for _, line := range sb.Environment("http://127.0.0.1:8645")[:5] {
		fmt.Println(line)
	}
	// Output:
	// DING_API_KEY=sandbox-ding-api-key
	// DING_CLIENT_ID=sandbox-client
	// DING_CLIENT_SECRET=sandbox+client/secret==
	// DING_TOKEN_URL=http://127.0.0.1:8645/connect/token
	// DING_BASE_URL=http://127.0.0.1:8645
}
