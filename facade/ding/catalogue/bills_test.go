package catalogue

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/money"
)

// billing is a client that has bills.
type billing struct {
	Client
	asked []ding.LookupBillsRequest
	bills []ding.Bill
	err   error
}

func (b *billing) LookupBills(_ context.Context, request ding.LookupBillsRequest, _ ...ding.CallOption) (*ding.LookupBillsResponse, error) {
	b.asked = append(b.asked, request)
	return &ding.LookupBillsResponse{ResultCode: ding.ResultCodeSuccess, Items: b.bills}, b.err
}

// utilities sells one product that needs a bill and a setting.
func utilities() parts {
	return parts{products: []ding.Product{{
		SKUCode: "WATER", ProviderCode: "MZKE", LookupBillsRequired: true,
		SettingDefinitions: []ding.SettingDefinition{{Name: "District", Description: "The first two digits on the bill", IsMandatory: true}},
	}}}
}

func bill(ref, sendValue string) ding.Bill {
	return ding.Bill{BillRef: ref, Price: ding.Price{SendValue: money.MustParse(sendValue), SendCurrencyISO: "USD"}}
}

var district = ding.Setting{Name: "District", Value: "07"}

func TestABillBecomesTheRequestThatPaysIt(t *testing.T) {
	b := &billing{bills: []ding.Bill{bill("B-1", "12.34"), bill("B-2", "5.00")}}
	bills, err := holding(t, b, utilities()).Bills(t.Context(), "WATER", "12345678", district)
	require.NoError(t, err)
	assert.Equal(t, []ding.LookupBillsRequest{{SKUCode: "WATER", AccountNumber: "12345678", Settings: []ding.Setting{district}}}, b.asked)
	require.Len(t, bills, 2)
	bills[0].MaxAge = time.Minute
	request, err := bills[0].Request("order-1")
	require.NoError(t, err)
	assert.Equal(t, ding.SendTransferRequest{
		SKUCode: "WATER", SendValue: money.MustParse("12.34"), SendCurrencyISO: "USD", AccountNumber: "12345678",
		DistributorRef: "order-1", BillRef: "B-1", Settings: []ding.Setting{district},
	}, request)
}

func TestNoBillsAreAskedForThatCannotBePaid(t *testing.T) {
	for name, tc := range map[string]struct{ sku, field, says string }{
		"an unknown product":             {"GAS", "SkuCode", "is not in the catalogue"},
		"a mandatory setting is missing": {"WATER", "Settings[District]", "The first two digits on the bill"},
	} {
		t.Run(name, func(t *testing.T) {
			b := &billing{}
			_, err := holding(t, b, utilities()).Bills(t.Context(), tc.sku, "12345678")
			var wrong *facade.RequestError
			require.ErrorAs(t, err, &wrong)
			assert.Equal(t, "LookupBills", wrong.Operation)
			assert.Equal(t, tc.field, wrong.Problems[0].Field)
			assert.Contains(t, wrong.Problems[0].Reason, tc.says)
			assert.Empty(t, b.asked)
		})
	}
}

func TestABillIsLookedUpUnderItsOwnNumber(t *testing.T) {
	p := utilities()
	p.products[0].Benefits = []ding.Benefit{ding.BenefitUtility}
	b := &billing{bills: []ding.Bill{bill("B-1", "12.34")}}
	bills, err := holding(t, b, p).Bills(t.Context(), "WATER", " 0012345678 ", district)
	require.NoError(t, err)
	assert.Equal(t, "0012345678", b.asked[0].AccountNumber, "zeros in front are no dialling prefix there")
	assert.Equal(t, "0012345678", bills[0].AccountNumber)
}

func TestBillsFailAsTheServiceDoes(t *testing.T) {
	b := &billing{err: &ding.Error{Operation: "LookupBills", ResultCode: ding.ResultCode(4)}}
	_, err := holding(t, b, utilities()).Bills(t.Context(), "WATER", "12345678", district)
	require.ErrorIs(t, err, b.err)

	c, err := New(b)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	_, err = c.Bills(t.Context(), "WATER", "12345678", district)
	require.ErrorIs(t, err, ErrClosed)
}

func TestABillThatCannotBePaidSaysWhy(t *testing.T) {
	product := &ding.Product{SKUCode: "WATER"}
	for name, tc := range map[string]struct {
		bill      ding.Bill
		reference string
		fields    []string
	}{
		"no reference":             {bill("B-1", "5.00"), " ", []string{"DistributorRef"}},
		"no bill reference":        {bill("", "5.00"), "order-1", []string{"BillRef"}},
		"no amount":                {bill("B-1", "0"), "order-1", []string{"SendValue"}},
		"less than nothing":        {bill("B-1", "-1"), "order-1", []string{"SendValue"}},
		"everything, told at once": {bill("", "0"), "", []string{"DistributorRef", "BillRef", "SendValue"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := OpenBill{Bill: tc.bill, Product: product, At: time.Now(), MaxAge: time.Hour}.Request(tc.reference)
			var wrong *facade.RequestError
			require.ErrorAs(t, err, &wrong)
			var fields []string
			for _, problem := range wrong.Problems {
				fields = append(fields, problem.Field)
			}
			assert.Equal(t, tc.fields, fields)
		})
	}
}

func TestABillIsPaidWhileItIsFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New(&billing{bills: []ding.Bill{bill("B-1", "5.00")}}, WithQuoteAge(10*time.Minute))
		require.NoError(t, err)
		c.current.Store(holding(t, nil, utilities()).current.Load())
		bills, err := c.Bills(t.Context(), "WATER", "12345678", district)
		require.NoError(t, err)
		time.Sleep(10 * time.Minute)
		_, err = bills[0].Request("order-1")
		require.NoError(t, err)
		time.Sleep(time.Second)
		_, err = bills[0].Request("order-1")
		require.ErrorIs(t, err, ErrQuoteTooOld)
		assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(err), "as it is for a quote")
		assert.ErrorContains(t, err, "10m1s ago, 10m0s are allowed")
	})
}
