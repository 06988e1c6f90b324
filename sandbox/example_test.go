package sandbox_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

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

// A test of code that pays.
func ExampleStart() {
	_ = func(t *testing.T) {
		sb := sandbox.Start(t, sandbox.WithFault(sandbox.Fault{
			Kind: sandbox.DropConnection, When: sandbox.AfterWork, Operation: "SendTransfer", Count: 1,
		}))
		payOrder := func(baseURL, apiKey, order string) { /* the code under test */ }
		payOrder(sb.URL, sb.Credentials().DingAPIKey, "order-17")
		sb.RequirePaidOnce("order-17")
	}
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

// A deferred top-up, whose end is told, and a subscriber who writes.
func ExampleSandbox_Deliver() {
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			log.Print(err)
			return
		}
		if id := r.Header.Get("X-Correlation-Id"); id != "" {
			fmt.Println(id, strings.Contains(string(body), `"ProcessingState":"Complete"`))
			return
		}
		fmt.Println(string(body))
	}))
	defer receiver.Close()
	clock := time.Date(2026, time.May, 8, 15, 0, 0, 0, time.UTC)
	to := sandbox.Receiver{URL: receiver.URL}
	sb, err := sandbox.New(sandbox.WithNotifications(to), sandbox.WithSMSMO(to), sandbox.WithClock(func() time.Time { return clock }))
	if err != nil {
		log.Fatal(err)
	}
	defer sb.Close()

	request := httptest.NewRequest(http.MethodPost, "/api/V1/SendTransfer", strings.NewReader(`{
		"SkuCode": "GB_AB_TopUp", "SendValue": 10.00, "AccountNumber": "447700900123",
		"DistributorRef": "order-17", "ValidateOnly": false}`))
	request.Header.Set("api_key", sb.Credentials().DingAPIKey)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Options", "DeferTransfer")
	request.Header.Set("X-Correlation-Id", "7b1c")
	sb.ServeHTTP(httptest.NewRecorder(), request)

	clock = clock.Add(sandbox.DeferDelay)
	if err := sb.Deliver(context.Background()); err != nil {
		log.Fatal(err)
	}
	message := sandbox.InboundMessage{Sender: "9647701234567", Destination: "1234", Text: "STOP"}
	if _, err := sb.SendSMSMO(context.Background(), message); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 7b1c true
	// {"Destination":"1234","MessageText":"STOP","MessageType":"0","Sender":"9647701234567"}
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
