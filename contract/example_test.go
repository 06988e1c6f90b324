// A Transport as the documentation shows it.

package contract_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/airtime-go/airtime/contract"
	"github.com/airtime-go/airtime/facade/ding"
)

func ExampleNewTransport() {
	// A service that has changed: the balance has become a text, and there is a new field.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"Balance":"12.50","CreditLimit":100,"CurrencyIso":"EUR","ResultCode":1,"ErrorCodes":[]}`)
	}))
	defer server.Close()

	transport, err := contract.NewTransport(nil, func(v contract.Violation) { fmt.Println(v) }, contract.Strict(), contract.WithDingURL(server.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := ding.NewClient(ding.WithAPIKey("key"), ding.WithBaseURL(server.URL), ding.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := client.GetBalance(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("the call itself goes on:", answer.Balance, answer.CurrencyISO)
	// Output:
	// ding response of GetBalance (HTTP 200): body /Balance is not of the type number
	// ding response of GetBalance (HTTP 200): body /CreditLimit is a field that the document does not have
	// the call itself goes on: 12.50 EUR
}
