// Examples of the types of package wire, as the documentation shows them.

package wire_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/airtime-go/airtime/wire"
)

func ExampleTime() {
	var promotion struct {
		StartUtc, EndUtc wire.Time
	}
	answer := `{"StartUtc": "2026-05-08T15:23:28.1230000", "EndUtc": "9999-12-31T23:59:59.9999999"}`
	if err := json.Unmarshal([]byte(answer), &promotion); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("starts", promotion.StartUtc)
	fmt.Println("has an end:", !promotion.EndUtc.OpenEnded())
	// Output:
	// starts 2026-05-08T15:23:28.123Z
	// has an end: false
}

func ExampleNewTime() {
	nairobi := time.FixedZone("EAT", 3*60*60)
	text, err := json.Marshal(wire.NewTime(time.Date(2026, time.May, 8, 18, 23, 28, 0, nairobi)))
	fmt.Println(string(text), err)
	// Output: "2026-05-08T15:23:28Z" <nil>
}

func ExampleReceiptParams() {
	var params wire.ReceiptParams
	if err := json.Unmarshal([]byte(`{"pin": "0000-1111-2222", "providerRef": null}`), &params); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("in a log:", params)
	fmt.Println("for the customer:", params["pin"])
	// Output:
	// in a log: [redacted]
	// for the customer: 0000-1111-2222
}

func ExampleReceiptText_Reveal() {
	receipt := wire.ReceiptText("PIN 0000-1111-2222")
	fmt.Printf("%v / %s\n", receipt, receipt.Reveal())
	// Output: [redacted] / PIN 0000-1111-2222
}
