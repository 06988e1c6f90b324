// Tests of what a call puts on the wire, and what comes back when all is well.

package dizlee_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/dizlee"
	"github.com/airtime-go/airtime/money"
)

func TestChargeFillsInWhatWasLeftEmpty(t *testing.T) {
	s := serve(t, answers(200, succeeded))

	got, err := client(t, s.URL).Charge(t.Context(), charge())

	require.NoError(t, err)
	assert.Equal(t, charged("Successful Operation.", "29320"), got)
	request := s.only(t)
	assert.Equal(t, "/charge", request.path)
	assert.Equal(t, "application/json", request.header.Get("Content-Type"))
	assert.JSONEq(t, `{
		"chargeRequestId": "acme-c-1", "subscriptionId": "SP", "userId": "9647700900123", "type": "SinglePurchase", "firstCharge": true,
		"amount": 0.250, "currency": "KWD", "totalCharge_p30d": 0, "aggregatorId": "Aggregate", "merchantId": "Acme", "product": "Games",
		"subProduct": "Coins", "channel": "WEB", "promoter": "Acme"
	}`, request.raw)
	assert.Equal(t, "0.250", string(request.body["amount"]), "the amount keeps its places")
}

func TestChargeSendsWhatWasGiven(t *testing.T) {
	s := serve(t, answers(200, succeeded))
	request, vat := charge(), 5
	request.SubscriptionID, request.Type, request.Channel, request.Promoter = "acme-sub-1", "Renewal", "USSD", "Operator"
	request.AggregatorID, request.MerchantID, request.Product, request.SubProduct = "A", "M", "P", "S"
	request.FirstCharge, request.TotalCharge30Days = false, money.MustParse("12.500")
	request.VATAmount, request.BillingType, request.ProfileRequestID = &vat, dizlee.BillingTypePrepaid, "profile-1"
	request.SID, request.PID = "sid-1", "pid-1"

	_, err := client(t, s.URL).Charge(t.Context(), request)

	require.NoError(t, err)
	assert.JSONEq(t, `{
		"chargeRequestId": "acme-c-1", "subscriptionId": "acme-sub-1", "userId": "9647700900123", "type": "Renewal", "firstCharge": false,
		"amount": 0.250, "currency": "KWD", "totalCharge_p30d": 12.500, "aggregatorId": "A", "merchantId": "M", "product": "P",
		"subProduct": "S", "channel": "USSD", "promoter": "Operator", "vatAmount": 5, "billingType": "Prepaid",
		"profileRequestId": "profile-1", "SID": "sid-1", "PID": "pid-1"
	}`, s.only(t).raw)
}

func TestRefundOfEverythingLeavesTheAmountOut(t *testing.T) {
	s := serve(t, answers(200, `{"status":"1","statusDetail":" Successful Operation."}`))

	got, err := client(t, s.URL).Refund(t.Context(), refund())

	require.NoError(t, err)
	assert.Equal(t, dizlee.StatusCodeOK, got.Status)
	assert.Equal(t, "Successful Operation.", got.StatusDetail)
	assert.False(t, got.ByDuplicate)
	assert.Equal(t, "/refund", s.only(t).path)
	assert.JSONEq(t, `{
		"refundRequestId": "acme-r-1", "subscriptionId": "SP", "userId": "9647700900123", "transactionId": "acme-c-1", "currency": "KWD",
		"aggregatorId": "Aggregate", "merchantId": "Acme", "product": "Games", "subProduct": "Coins", "reason": "not delivered",
		"purpose": "Acme-Games"
	}`, s.only(t).raw)
}

func TestRefundOfAPartSendsTheAmountAndLeavesTheCallersAlone(t *testing.T) {
	s := serve(t, answers(200, succeeded))
	request, amount := refund(), money.MustParse("0.12500")
	request.Amount, request.ChargeResponseID, request.ChargeID, request.Purpose = &amount, "29320", "acme-c-1", "Acme-Gifts"

	_, err := client(t, s.URL).Refund(t.Context(), request)

	require.NoError(t, err)
	body := s.only(t).body
	assert.Equal(t, "0.125", string(body["amount"]))
	assert.Equal(t, `"29320"`, string(body["chargeResponseId"]))
	assert.Equal(t, `"acme-c-1"`, string(body["chargeId"]))
	assert.Equal(t, `"Acme-Gifts"`, string(body["purpose"]))
	assert.Equal(t, "0.12500", amount.String())
}

func TestSendSMSSendsTheTextAsItIs(t *testing.T) {
	s := serve(t, answers(200, `{"status":"1","statusDetail":"Sms successfully sent."}`))
	request := sms()
	request.Language, request.MessageBody = dizlee.LanguageArabic, "رصيدك <10> & أكثر 🎉"

	got, err := client(t, s.URL).SendSMS(t.Context(), request)

	require.NoError(t, err)
	assert.Equal(t, &dizlee.SendSMSResponse{Status: dizlee.StatusCodeOK, StatusDetail: "Sms successfully sent."}, got)
	assert.Equal(t, "/sms", s.only(t).path)
	assert.JSONEq(t, `{
		"smsRequestId": "acme-s-1", "sender": "Acme", "receiver": "9647700900123", "language": "Ar", "msgBody": "رصيدك <10> & أكثر 🎉",
		"aggregatorId": "Aggregate", "merchantId": "Acme", "product": "Games", "subProduct": "Coins"
	}`, s.only(t).raw)
}

// A gateway in front may compare header names literally, so they are read here as they arrive, byte by byte.
func TestHeadersAreSpelledAsDocumented(t *testing.T) {
	for name, operation := range operations {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer listener.Close()
			head := make(chan string, 1)
			go func() {
				connection, err := listener.Accept()
				if err != nil {
					close(head)
					return
				}
				defer connection.Close()
				head <- readHead(connection)
				_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n"+`{"status":"1"}`)
			}()

			require.NoError(t, operation(t.Context(), client(t, "http://"+listener.Addr().String())))

			lines := strings.Split(<-head, "\r\n")
			assert.Contains(t, lines, "HTTP_MSISDN: "+msisdn)
			assert.Contains(t, lines, "apikey: "+key)
			assert.NotContains(t, strings.ToLower(strings.Join(lines, "\n")), "idempotency-key")
		})
	}
}

// readHead reads a request up to its body, and then the body, so that closing the connection is no reset.
func readHead(connection net.Conn) string {
	reader := bufio.NewReader(connection)
	var head strings.Builder
	length := 0
	for {
		line, err := reader.ReadString('\n')
		if err != nil || line == "\r\n" {
			break
		}
		head.WriteString(line)
		if name, value, _ := strings.Cut(strings.TrimSpace(line), ": "); strings.EqualFold(name, "Content-Length") {
			for _, digit := range value {
				length = length*10 + int(digit-'0')
			}
		}
	}
	_, _ = io.CopyN(io.Discard, reader, int64(length))
	return head.String()
}

func TestEveryOperationMayHaveAURLOfItsOwn(t *testing.T) {
	s := serve(t, answers(200, succeeded))
	c, err := dizlee.NewClient(dizlee.WithAPIKey(key), dizlee.WithMerchant(acme), dizlee.WithChargeURL(s.URL+"/dob/v2/pay/"),
		dizlee.WithRefundURL(s.URL+"/dob/back"), dizlee.WithSMSURL(s.URL+"/mt"))
	require.NoError(t, err)

	for _, name := range []string{"Charge", "Refund", "SendSMS"} {
		require.NoError(t, operations[name](t.Context(), c))
	}

	assert.Equal(t, "/dob/v2/pay/", s.requests[0].path, "a slash at the end may matter to the server")
	assert.Equal(t, "/dob/back", s.requests[1].path)
	assert.Equal(t, "/mt", s.requests[2].path)
}

func TestAURLOfItsOwnLeavesTheOthersAtTheBaseURL(t *testing.T) {
	base, own := serve(t, answers(200, succeeded)), serve(t, answers(200, succeeded))
	c := client(t, base.URL+"/api/", dizlee.WithRefundURL(own.URL+"/refunds"))

	for _, name := range []string{"Charge", "Refund", "SendSMS"} {
		require.NoError(t, operations[name](t.Context(), c))
	}

	assert.Equal(t, "/refunds", own.only(t).path)
	require.Equal(t, 2, base.count())
	assert.Equal(t, "/api/charge", base.requests[0].path)
	assert.Equal(t, "/api/sms", base.requests[1].path)
}

func TestResponseHeadIsHandedOutWithoutTheRequest(t *testing.T) {
	for status, body := range map[int]string{200: succeeded, 500: `{"status":"-500"}`} {
		s := serve(t, answers(status, body, "X-Trace", "abc"))
		var head *http.Response

		_, err := client(t, s.URL).Charge(t.Context(), charge(), nil, dizlee.WithResponseHead(&head))

		assert.Equal(t, status != 200, err != nil)
		require.NotNil(t, head)
		assert.Equal(t, status, head.StatusCode)
		assert.Equal(t, "abc", head.Header.Get("X-Trace"))
		assert.Nil(t, head.Request, "the request's header holds the key")
	}
}

func TestAttemptHookSeesTheCallersID(t *testing.T) {
	s := serve(t, answers(200, `{"status":"-304"}`))
	var attempts []facade.Attempt
	c := client(t, s.URL, dizlee.WithAttemptHook(func(_ context.Context, a facade.Attempt) { attempts = append(attempts, a) }))

	_, err := c.Charge(t.Context(), charge())

	require.Len(t, attempts, 1)
	assert.Equal(t, "Charge", attempts[0].Operation)
	assert.Equal(t, "acme-c-1", attempts[0].CorrelationID)
	assert.Equal(t, 200, attempts[0].Status)
	assert.Equal(t, err, attempts[0].Err)
	assert.False(t, attempts[0].Repeated)
}

// Run with -race.
func TestClientIsSafeForConcurrentUse(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/refund" {
			answers(200, `{"status":"-319","statusDetail":"Operation Failed."}`)(w, r)
			return
		}
		answers(200, succeeded)(w, r)
	})
	c := client(t, s.URL, dizlee.WithMerchantCode("acme"))
	var group sync.WaitGroup
	for i := range 10 {
		number := strconv.Itoa(i)
		group.Go(func() {
			r := charge()
			r.ChargeRequestID += number
			_, err := c.Charge(t.Context(), r)
			assert.NoError(t, err)
		})
		group.Go(func() {
			r := refund()
			r.RefundRequestID += number
			_, err := c.Refund(t.Context(), r)
			assert.ErrorIs(t, err, dizlee.CodeChargeNotFound)
		})
		group.Go(func() {
			r := sms()
			r.SMSRequestID += number
			_, err := c.SendSMS(t.Context(), r)
			assert.NoError(t, err)
		})
	}
	group.Wait()
	assert.Equal(t, 30, s.count())
}

func TestAnOperationWithoutAURLIsReportedAndNotSent(t *testing.T) {
	c, err := dizlee.NewClient(dizlee.WithAPIKey(key), dizlee.WithMerchant(acme), dizlee.WithChargeURL("https://dizlee.example/pay"))
	require.NoError(t, err)

	_, err = c.SendSMS(t.Context(), sms())

	var refused *facade.RequestError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "URL", refused.Problems[0].Field)
	assert.ErrorContains(t, err, "WithBaseURL")
}
