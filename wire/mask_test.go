package wire_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/airtime-go/airtime/wire"
)

func TestMaskAccountLeavesOnlyTheEndsOfALongNumber(t *testing.T) {
	for account, shown := range map[string]string{
		"447700900123":     "447*******23",
		"447700900":        "447****00",
		"44770090":         "********",
		"":                 "",
		"jörg@example.com": "jör***********om",
	} {
		assert.Equal(t, shown, wire.MaskAccount(account), account)
	}
}
