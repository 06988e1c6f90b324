// LookupBills: the open bills of an account. They follow from the account number, so that looking again finds the same.

package sandbox

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/airtime-go/airtime/gen/ding"
	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/sandbox/internal/catalogue"
)

// openBills is how many bills every account has. Paying one leaves it open: the sandbox pays what it is told to.
const openBills = 2

// LookupBills lists bills that SendTransfer can pay.
func (s *dingServer) LookupBills(w http.ResponseWriter, r *http.Request) {
	request, ok := decode[ding.LookupBillsRequest](w, r, "LookupBills")
	if !ok {
		return
	}
	offer, found := s.catalogue.Offer(request.SKUCode)
	if !found || !offer.Product.LookupBillsRequired {
		refuse(w, "LookupBills", ding.ErrorCode{Code: codeParameterInvalid, Context: "SkuCode"})
		return
	}
	if missing := offer.MissingSettings(request.Settings); len(missing) > 0 {
		refuse(w, "LookupBills", ding.ErrorCode{Code: codeParameterMissing, Context: strings.Join(missing, ",")})
		return
	}
	if verdict, _ := accountVerdict(offer, request.AccountNumber); len(verdict) > 0 {
		refuse(w, "LookupBills", verdict...)
		return
	}
	answer(w, http.StatusOK, ding.LookupBillsResponse{
		Items: s.bills(offer, request.AccountNumber), ResultCode: ding.ResultCodeSuccess, ErrorCodes: success(),
	})
}

func (s *dingServer) bills(offer *catalogue.Offer, account string) []ding.Bill {
	bills := make([]ding.Bill, 0, openBills)
	for i := range openBills {
		serial := strconv.Itoa(i)
		cents := 500 + s.ids.number(10_000, "bill amount", offer.Product.SKUCode, account, serial)
		bills = append(bills, ding.Bill{
			BillRef: s.ids.label("bill", offer.Product.SKUCode, account, serial),
			Price:   offer.PriceOf(money.New(int64(cents), -2)),
			AdditionalInfo: map[string]string{
				"InvoiceNumber": s.ids.digits(8, "invoice", offer.Product.SKUCode, account, serial),
			},
		})
	}
	return bills
}

// bill finds the open bill with that reference.
func (s *dingServer) bill(offer *catalogue.Offer, account, ref string) (ding.Bill, bool) {
	for _, bill := range s.bills(offer, account) {
		if bill.BillRef == ref {
			return bill, true
		}
	}
	return ding.Bill{}, false
}
