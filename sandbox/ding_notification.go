// The notification of a deferred transfer's end, in the form that Ding's sample has.

package sandbox

import (
	"net/http"
	"strconv"

	"github.com/airtime-go/airtime/gen/ding"
)

// notification is an answer to SendTransfer, but for the prices.
type notification struct {
	TransferRecord notifiedRecord   `json:"TransferRecord"`
	ResultCode     ding.ResultCode  `json:"ResultCode"`
	ErrorCodes     []ding.ErrorCode `json:"ErrorCodes"`
}

type notifiedRecord struct {
	recordJSON
	Price notifiedPrice `json:"Price"`
}

// notifiedPrice knows the rate of the tax only: in Ding's sample the name and the calculation are null, although the
// answer to the same request has them.
type notifiedPrice struct {
	ding.Price
	TaxName        *string `json:"TaxName"`
	TaxCalculation *string `json:"TaxCalculation"`
}

// notification tells of a transfer that has ended.
func (s *dingServer) notification(t transfer) []byte {
	record := s.record(t)
	body, _ := marshal(notification{ // decimals, strings and times always marshal
		TransferRecord: notifiedRecord{recordJSON: record, Price: notifiedPrice{Price: *record.Price}},
		ResultCode:     outcome(t.codes), ErrorCodes: t.codes,
	})
	return s.order.Arrange(sendTransfer, strconv.Itoa(http.StatusOK), body)
}
