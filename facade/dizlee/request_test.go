// Tests of the checks before sending: each field at fault is named as on the wire, and nothing is sent.

package dizlee_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/dizlee"
	"github.com/airtime-go/airtime/money"
)

func decimal(text string) money.Decimal { return money.MustParse(text) }

// refusedFields returns the fields that an error names, and fails if it is no RequestError or a request was sent.
func refusedFields(t *testing.T, s *server, operation string, err error) []string {
	t.Helper()
	var refusal *facade.RequestError
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, operation, refusal.Operation)
	assert.Equal(t, facade.OutcomeUsage, facade.OutcomeOf(err))
	assert.NotContains(t, err.Error(), msisdn)
	assert.Zero(t, s.count(), "requests that arrived")
	var fields []string
	for _, problem := range refusal.Problems {
		fields = append(fields, problem.Field)
	}
	return fields
}

func TestChargeRefusesWhatCannotBeAccepted(t *testing.T) {
	negative := -1
	for name, tc := range map[string]struct {
		change func(*dizlee.ChargeRequest)
		field  string
	}{
		"no id":                        {func(r *dizlee.ChargeRequest) { r.ChargeRequestID = "" }, "chargeRequestId"},
		"a blank id":                   {func(r *dizlee.ChargeRequest) { r.ChargeRequestID = " \t" }, "chargeRequestId"},
		"an id that is not UTF-8":      {func(r *dizlee.ChargeRequest) { r.ChargeRequestID = "a\xff" }, "chargeRequestId"},
		"no number":                    {func(r *dizlee.ChargeRequest) { r.UserID = "" }, "userId"},
		"a number with a plus":         {func(r *dizlee.ChargeRequest) { r.UserID = "+" + msisdn }, "userId"},
		"a number with 00":             {func(r *dizlee.ChargeRequest) { r.UserID = "00" + msisdn }, "userId"},
		"a national number":            {func(r *dizlee.ChargeRequest) { r.UserID = "07700900123" }, "userId"},
		"a number with a blank":        {func(r *dizlee.ChargeRequest) { r.UserID = "964 7700900123" }, "userId"},
		"a line break in a number":     {func(r *dizlee.ChargeRequest) { r.UserID = msisdn + "\r\nx: y" }, "userId"},
		"other digits":                 {func(r *dizlee.ChargeRequest) { r.UserID = "٩٦٤٧٧٠٠" }, "userId"},
		"a number that is short":       {func(r *dizlee.ChargeRequest) { r.UserID = "96477" }, "userId"},
		"a number that is long":        {func(r *dizlee.ChargeRequest) { r.UserID = "9647700900123456" }, "userId"},
		"no amount":                    {func(r *dizlee.ChargeRequest) { r.Amount = money.Decimal{} }, "amount"},
		"an amount below 0":            {func(r *dizlee.ChargeRequest) { r.Amount = decimal("-1") }, "amount"},
		"four places":                  {func(r *dizlee.ChargeRequest) { r.Amount = decimal("0.0001") }, "amount"},
		"an absurd amount":             {func(r *dizlee.ChargeRequest) { r.Amount = decimal("1e60").Mul(decimal("1e60")) }, "amount"},
		"no currency":                  {func(r *dizlee.ChargeRequest) { r.Currency = "" }, "currency"},
		"a currency in small print":    {func(r *dizlee.ChargeRequest) { r.Currency = "kwd" }, "currency"},
		"a currency of four":           {func(r *dizlee.ChargeRequest) { r.Currency = "KWDS" }, "currency"},
		"a total below 0":              {func(r *dizlee.ChargeRequest) { r.TotalCharge30Days = decimal("-0.001") }, "totalCharge_p30d"},
		"a total of four places":       {func(r *dizlee.ChargeRequest) { r.TotalCharge30Days = decimal("1.0001") }, "totalCharge_p30d"},
		"a tax below 0":                {func(r *dizlee.ChargeRequest) { r.VATAmount = &negative }, "vatAmount"},
		"a promoter that no one reads": {func(r *dizlee.ChargeRequest) { r.Promoter = "\xc3\x28" }, "promoter"},
		"a billing type likewise":      {func(r *dizlee.ChargeRequest) { r.BillingType = "\xff" }, "billingType"},
		"a profile request likewise":   {func(r *dizlee.ChargeRequest) { r.ProfileRequestID = "\xff" }, "profileRequestId"},
		"a service id likewise":        {func(r *dizlee.ChargeRequest) { r.SID = "\xff" }, "SID"},
		"a product id likewise":        {func(r *dizlee.ChargeRequest) { r.PID = "\xff" }, "PID"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, answers(200, succeeded))
			request := charge()
			tc.change(&request)

			got, err := client(t, s.URL).Charge(t.Context(), request)

			assert.Nil(t, got)
			assert.Equal(t, []string{tc.field}, refusedFields(t, s, "Charge", err))
		})
	}
}

func TestEveryFieldAtFaultIsNamedAtOnce(t *testing.T) {
	s := serve(t, answers(200, succeeded))
	c, err := dizlee.NewClient(dizlee.WithAPIKey(key), dizlee.WithBaseURL(s.URL))
	require.NoError(t, err)

	_, err = c.Charge(t.Context(), dizlee.ChargeRequest{})
	assert.Equal(t, []string{
		"chargeRequestId", "userId", "amount", "currency", "aggregatorId", "merchantId", "product", "subProduct", "promoter",
	}, refusedFields(t, s, "Charge", err))

	zero := money.Decimal{}
	_, err = c.Refund(t.Context(), dizlee.RefundRequest{Amount: &zero})
	assert.Equal(t, []string{
		"refundRequestId", "userId", "transactionId", "amount", "currency", "aggregatorId", "merchantId", "product", "subProduct", "reason", "purpose",
	}, refusedFields(t, s, "Refund", err))

	_, err = c.SendSMS(t.Context(), dizlee.SendSMSRequest{})
	assert.Equal(t, []string{
		"smsRequestId", "sender", "receiver", "language", "msgBody", "aggregatorId", "merchantId", "product", "subProduct",
	}, refusedFields(t, s, "SendSMS", err))
}

func TestRefundRefusesWhatCannotBeAccepted(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*dizlee.RefundRequest)
		field  string
	}{
		"an amount below 0":          {func(r *dizlee.RefundRequest) { d := decimal("-0.1"); r.Amount = &d }, "amount"},
		"an amount of 0":             {func(r *dizlee.RefundRequest) { d := decimal("0.000"); r.Amount = &d }, "amount"},
		"four places":                {func(r *dizlee.RefundRequest) { d := decimal("0.1234"); r.Amount = &d }, "amount"},
		"no charge":                  {func(r *dizlee.RefundRequest) { r.TransactionID = "" }, "transactionId"},
		"no reason":                  {func(r *dizlee.RefundRequest) { r.Reason = " " }, "reason"},
		"an operator's id of no use": {func(r *dizlee.RefundRequest) { r.ChargeResponseID = "\xff" }, "chargeResponseId"},
		"a charge id of no use":      {func(r *dizlee.RefundRequest) { r.ChargeID = "\xff" }, "chargeId"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, answers(200, succeeded))
			request := refund()
			tc.change(&request)
			_, err := client(t, s.URL).Refund(t.Context(), request)
			assert.Equal(t, []string{tc.field}, refusedFields(t, s, "Refund", err))
		})
	}
}

func TestSMSRefusesWhatCannotBeAccepted(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*dizlee.SendSMSRequest)
		field  string
	}{
		"a text that is not UTF-8": {func(r *dizlee.SendSMSRequest) { r.MessageBody = "caf\xe9" }, "msgBody"},
		"no text":                  {func(r *dizlee.SendSMSRequest) { r.MessageBody = "" }, "msgBody"},
		"no language":              {func(r *dizlee.SendSMSRequest) { r.Language = "" }, "language"},
		"a receiver with a blank":  {func(r *dizlee.SendSMSRequest) { r.Receiver = " " + msisdn }, "receiver"},
		"a blank subscription":     {func(r *dizlee.SendSMSRequest) { r.SubscriptionID = "  " }, "subscriptionId"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, answers(200, succeeded))
			request := sms()
			tc.change(&request)
			_, err := client(t, s.URL).SendSMS(t.Context(), request)
			assert.Equal(t, []string{tc.field}, refusedFields(t, s, "SendSMS", err))
		})
	}
}

func TestIDsWithoutTheMerchantCodeAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		call   func(context.Context, *dizlee.Client) error
		fields []string
	}{
		"charge": {func(ctx context.Context, c *dizlee.Client) error {
			r := charge()
			r.ChargeRequestID, r.SubscriptionID = "x-acme-1", "sub-1"
			_, err := c.Charge(ctx, r)
			return err
		}, []string{"chargeRequestId", "subscriptionId"}},
		"refund": {func(ctx context.Context, c *dizlee.Client) error {
			r := refund()
			r.RefundRequestID, r.TransactionID, r.SubscriptionID = "r-1", "c-1", "sp"
			_, err := c.Refund(ctx, r)
			return err
		}, []string{"refundRequestId", "subscriptionId", "transactionId"}},
		"SMS": {func(ctx context.Context, c *dizlee.Client) error {
			r := sms()
			r.SMSRequestID, r.SubscriptionID = "ACME-1", "sub"
			_, err := c.SendSMS(ctx, r)
			return err
		}, []string{"smsRequestId", "subscriptionId"}},
		"the code and nothing else": {func(ctx context.Context, c *dizlee.Client) error {
			r := charge()
			r.ChargeRequestID = "acme-"
			_, err := c.Charge(ctx, r)
			return err
		}, []string{"chargeRequestId"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, answers(200, succeeded))
			err := tc.call(t.Context(), client(t, s.URL, dizlee.WithMerchantCode("acme-")))
			operation, _, _ := strings.Cut(err.Error(), " ")
			assert.Equal(t, tc.fields, refusedFields(t, s, operation, err))
			assert.ErrorContains(t, err, "acme-")
		})
	}
}

func TestIDsWithTheMerchantCodeGoOutUnchanged(t *testing.T) {
	s := serve(t, answers(200, succeeded))
	request := sms()
	request.SubscriptionID = "acme-sub-7"

	_, err := client(t, s.URL, dizlee.WithMerchantCode("acme-")).SendSMS(t.Context(), request)

	require.NoError(t, err)
	assert.Equal(t, `"acme-s-1"`, string(s.only(t).body["smsRequestId"]))
	assert.Equal(t, `"acme-sub-7"`, string(s.only(t).body["subscriptionId"]))
}

func TestAmountsLeaveExactly(t *testing.T) {
	for given, sent := range map[string]string{
		"0.001": "0.001", "0.70": "0.70", "5": "5", "1e3": "1000", "2.5000": "2.500", "123456789012345678.125": "123456789012345678.125",
	} {
		s := serve(t, answers(200, succeeded))
		request := charge()
		request.Amount, request.TotalCharge30Days = decimal(given), decimal(given)

		_, err := client(t, s.URL).Charge(t.Context(), request)

		require.NoError(t, err, given)
		assert.Equal(t, sent, string(s.only(t).body["amount"]), given)
		assert.Equal(t, sent, string(s.only(t).body["totalCharge_p30d"]), given)
	}
}

func TestTheMSISDNIsGivenOnceAndSentTwice(t *testing.T) {
	for name, field := range map[string]string{"Charge": "userId", "Refund": "userId", "SendSMS": "receiver"} {
		s := serve(t, answers(200, succeeded))
		require.NoError(t, operations[name](t.Context(), client(t, s.URL)))
		assert.Equal(t, `"`+msisdn+`"`, string(s.only(t).body[field]))
		// net/http's server has respelled the name; TestHeadersAreSpelledAsDocumented sees how it left.
		assert.Equal(t, []string{msisdn}, s.only(t).header["Http_msisdn"])
	}
}
