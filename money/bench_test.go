package money_test

import (
	"encoding/json"
	"testing"

	"github.com/airtime-go/airtime/money"
)

func BenchmarkUnmarshal(b *testing.B) {
	input := []byte("12345.67")
	b.ReportAllocs()
	for b.Loop() {
		var d money.Decimal
		if err := json.Unmarshal(input, &d); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMarshal(b *testing.B) {
	d := money.MustParse("12345.67")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := json.Marshal(d); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	price, fee := money.MustParse("12345.67"), money.MustParse("0.70")
	b.ReportAllocs()
	for b.Loop() {
		_ = price.Add(fee)
	}
}
