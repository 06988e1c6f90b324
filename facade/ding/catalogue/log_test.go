package catalogue

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/ding"
)

func TestLogsDoNotNameTheCustomer(t *testing.T) {
	m, err := selling(t, &service{}, world()).Match(t.Context(), "+447700900123")
	require.NoError(t, err)
	q := quoted(t, shop(), "Ten", "10")
	q.AccountNumber = "447700900123"
	order := Order{AccountNumber: "447700900123", DistributorRef: "order-1", Settings: []ding.Setting{{Name: "Rut", Value: "87654321"}}}
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	logger.Info("x", "match", m, "quote", q, "order", order, "empty", Quote{})
	for _, said := range []string{"ABGB by pattern", `"SkuCode":"Ten"`, "order-1", "GB"} {
		assert.Contains(t, log.String(), said)
	}
	for _, secret := range []string{"447700900123", "7700900", "87654321"} {
		assert.NotContains(t, log.String(), secret)
	}
}
