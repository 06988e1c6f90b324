// Runnable examples. Each talks to a small server of its own that answers as Dizlee does.

package dizlee_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/dizlee"
	"github.com/airtime-go/airtime/money"
)

// answering stands in for Dizlee with one fixed answer.
func answering(body string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
}

// exampleClient is how a program makes its one client; the key and names come from Dizlee.
func exampleClient(root string) *dizlee.Client {
	client, err := dizlee.NewClient(
		dizlee.WithAPIKey("example-key"),
		dizlee.WithBaseURL(root),
		dizlee.WithMerchant(dizlee.Merchant{AggregatorID: "Aggregate", MerchantID: "Acme", Product: "Games", SubProduct: "Coins"}),
		dizlee.WithMerchantCode("acme"),
	)
	if err != nil {
		panic(err)
	}
	return client
}

func ExampleNewClient() {
	server := answering(`{"status":"1","statusDetail":"Successful Operation.","chargeResponseId":"29320"}`)
	defer server.Close()

	client, err := dizlee.NewClient(
		dizlee.WithAPIKey("example-key"),
		dizlee.WithBaseURL(server.URL),
		dizlee.WithMerchant(dizlee.Merchant{AggregatorID: "Aggregate", MerchantID: "Acme", Product: "Games", SubProduct: "Coins"}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := client.Charge(context.Background(), dizlee.ChargeRequest{
		ChargeRequestID: "acme-c-1",
		UserID:          "9647700900123",
		FirstCharge:     true,
		Amount:          money.MustParse("0.250"),
		Currency:        "KWD",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("charged:", answer.ChargeResponseID)
	// Output: charged: 29320
}

func ExampleNewClient_everythingWrong() {
	_, err := dizlee.NewClient(dizlee.WithBaseURL("http://dizlee.example"))
	fmt.Println(err)
	// Output:
	// dizlee: no client can be made:
	// WithBaseURL: the base URL must be https, since credentials travel along (http is for loopback hosts only)
	// WithAPIKey is missing
}

func ExampleClient_Refund() {
	server := answering(`{"status":"1","statusDetail":" Successful Operation."}`)
	defer server.Close()

	part := money.MustParse("0.125") // leave Amount out to refund everything
	answer, err := exampleClient(server.URL).Refund(context.Background(), dizlee.RefundRequest{
		RefundRequestID:  "acme-r-1",
		TransactionID:    "acme-c-1",
		ChargeResponseID: "29320",
		UserID:           "9647700900123",
		Amount:           &part,
		Currency:         "KWD",
		Reason:           "half of it was not delivered",
	})
	fmt.Println(answer.StatusDetail, err)
	// Output: Successful Operation. <nil>
}

func ExampleClient_SendSMS() {
	server := answering(`{"status":"1","statusDetail":"Sms successfully sent."}`)
	defer server.Close()

	answer, err := exampleClient(server.URL).SendSMS(context.Background(), dizlee.SendSMSRequest{
		SMSRequestID: "acme-s-1",
		Receiver:     "9647700900123",
		Sender:       "Acme",
		Language:     dizlee.LanguageEnglish,
		MessageBody:  "Your coins are here.",
	})
	fmt.Println(answer.StatusDetail, err)
	// Output: Sms successfully sent. <nil>
}

func ExampleError() {
	server := answering(`{"status":"-304","statusDetail":"Operation Failed. Insufficient Funds.","chargeResponseId":"-1"}`)
	defer server.Close()

	_, err := exampleClient(server.URL).Charge(context.Background(), dizlee.ChargeRequest{
		ChargeRequestID: "acme-c-1", UserID: "9647700900123", FirstCharge: true, Amount: money.MustParse("0.250"), Currency: "KWD",
	})
	var failure *dizlee.Error
	switch {
	case errors.Is(err, facade.ErrOutcomeUnknown):
		fmt.Println("keep the id: Recover with a journal, or ResumeCharge without, may tell later")
	case errors.Is(err, dizlee.ErrInsufficientFunds):
		fmt.Println("too little credit: top up and come back")
	case errors.As(err, &failure) && failure.Advice() == dizlee.AdviceRetryLater:
		fmt.Println("later, after", failure.RetryAfter)
	}
	// Output: too little credit: top up and come back
}

func ExampleError_Advice() {
	server := answering(`{"status":"-326","statusDetail":"User is not eligible"}`)
	defer server.Close()

	_, err := exampleClient(server.URL).Charge(context.Background(), dizlee.ChargeRequest{
		ChargeRequestID: "acme-c-1", UserID: "9647700900123", FirstCharge: true, Amount: money.MustParse("0.250"), Currency: "KWD",
	})
	var failure *dizlee.Error
	if errors.As(err, &failure) {
		fmt.Println(failure.Status, "→", failure.Advice())
		fmt.Println(failure.Outcome())
	}
	// Output:
	// status -326, not eligible: the number belongs to a company → stop
	// refused
}
