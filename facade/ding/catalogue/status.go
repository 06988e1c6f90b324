package catalogue

import (
	"context"

	"github.com/airtime-go/airtime/facade/ding"
)

// Status is what providers said of themselves when they were asked.
type Status map[string]ding.ProviderStatus

// Down reports whether the provider said that it is not processing transfers, and its own message. One that said nothing of
// itself is not down.
func (s Status) Down(providerCode string) (down bool, message string) {
	said, known := s[providerCode]
	return known && !said.IsProcessingTransfers, said.Message
}

// Status asks which providers are processing transfers now: those named, or all. It always asks the service.
func (c *Catalogue) Status(ctx context.Context, providerCodes ...string) (Status, error) {
	answer, err := c.client.GetProviderStatus(ctx, ding.GetProviderStatusParams{ProviderCodes: providerCodes})
	if err != nil {
		return nil, err
	}
	status := make(Status, len(answer.Items))
	for _, said := range answer.Items {
		status[said.ProviderCode] = said
	}
	return status, nil
}
