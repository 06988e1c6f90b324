// Examples of package money, as the documentation shows them.

package money_test

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/airtime-go/airtime/money"
)

func Example() {
	var product struct {
		SendValue   money.Decimal
		CustomerFee money.Decimal
	}
	answer := `{"SendValue": 10.00, "CustomerFee": 0.70}`
	if err := json.Unmarshal([]byte(answer), &product); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("to the provider:", product.SendValue.Sub(product.CustomerFee))

	request, err := json.Marshal(product)
	fmt.Println(string(request), err)
	// Output:
	// to the provider: 9.30
	// {"SendValue":10.00,"CustomerFee":0.70} <nil>
}

func ExampleParse() {
	for _, text := range []string{"0.70", "1E+2", "1,50", "1e999999999"} {
		amount, err := money.Parse(text)
		switch {
		case errors.Is(err, money.ErrSyntax), errors.Is(err, money.ErrRange):
			fmt.Println(err)
		default:
			fmt.Println(amount)
		}
	}
	// Output:
	// 0.70
	// 100
	// money: "1,50" is not a decimal number
	// money: "1e999999999" is beyond 64 digits before or after the point
}

func ExampleNew() {
	fmt.Println(money.New(70, -2), money.New(1000, -2), money.FromInt(25))
	// Output: 0.70 10.00 25
}

func ExampleDecimal_Places() {
	amount := money.MustParse("0.0015")
	if amount.Places() > 3 {
		fmt.Printf("%s has more than three decimals\n", amount)
	}
	// Output: 0.0015 has more than three decimals
}

func ExampleDecimal_Round() {
	price, commission := money.MustParse("12.35"), money.MustParse("0.075")
	fmt.Println(price.Mul(commission), price.Mul(commission).Round(2))
	// Output: 0.92625 0.93
}

func ExampleDecimal_Equal() {
	tenths, cents := money.MustParse("0.7"), money.MustParse("0.70")
	fmt.Println(tenths.Equal(cents), tenths == cents)
	// Output: true false
}
