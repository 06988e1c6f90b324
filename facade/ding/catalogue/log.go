package catalogue

import (
	"log/slog"

	"github.com/airtime-go/airtime/facade"
)

// What names a customer is masked in logs, as it is for the client's own types.

// LogValue masks the account number, and names the candidates by their codes.
func (m Match) LogValue() slog.Value {
	codes := make([]string, len(m.Candidates))
	for i, candidate := range m.Candidates {
		codes[i] = candidate.Provider.ProviderCode + " by " + string(candidate.By)
	}
	return slog.GroupValue(
		slog.String("AccountNumber", facade.MaskAccount(m.AccountNumber)), slog.String("CountryIso", m.CountryISO),
		slog.Any("Candidates", codes), slog.Int("Warnings", len(m.Warnings)),
	)
}

// LogValue masks the account number, and names the product by its SKU.
func (q Quote) LogValue() slog.Value {
	var sku string
	if q.Product != nil {
		sku = q.Product.SKUCode
	}
	return slog.GroupValue(
		slog.String("SkuCode", sku), slog.String("AccountNumber", facade.MaskAccount(q.AccountNumber)),
		slog.Any("Price", q.Price), slog.Bool("Exact", q.Exact), slog.Bool("Down", q.Down), slog.Time("MadeAt", q.MadeAt), slog.Int("Warnings", len(q.Warnings)),
	)
}

// LogValue masks the account number and leaves out the settings, which can identify the customer.
func (o Order) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("AccountNumber", facade.MaskAccount(o.AccountNumber)), slog.String("DistributorRef", o.DistributorRef), slog.String("BillRef", o.BillRef),
	)
}
