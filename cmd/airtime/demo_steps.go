// The steps of airtime demo, each with what it has to bring about.

package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/facade/dizlee"
	"github.com/airtime-go/airtime/money"
)

// Who and what the story is about. The first number is one that Ofcom keeps for fiction.
const (
	toppedUpNumber  = "447700900123"
	chargedNumber   = "9647701234567"
	chargedCurrency = "IQD"
	transferRef     = "demo-transfer-1"
)

var (
	sentValue     = money.MustParse("12.50")
	chargedAmount = money.MustParse("250.000")
)

// step is one part of the story.
type step struct {
	name, about string
	// wire says which exchanges belong to the step; nil means all that are new.
	wire func(exchange) bool
	run  func(*story, context.Context) (facts []string, err error)
}

var steps = []step{
	{"Token", "client credentials become an access token", toIdentityProvider, (*story).getToken},
	{"Balance", "what the account holds", nil, (*story).getBalance},
	{"Lookup", "whose number is it?", nil, (*story).lookUp},
	{"Products", "what can be bought for it", nil, (*story).chooseProduct},
	{"Price", "what it will cost and deliver", nil, (*story).estimate},
	{"Send", "buy it", nil, (*story).send},
	{"Records", "find the transfer again, and the money gone from the balance", nil, (*story).findRecord},
	{"Defer", "buy for it again, and let Ding take its time", nil, (*story).sendDeferred},
	{"Notification", "Ding tells our webhook the end, which is looked up before it is believed", nil, (*story).beNotified},
	{"Charge", "take an amount from a subscriber of another operator", nil, (*story).takeCharge},
	{"Refund", "give it back", nil, (*story).giveBack},
	{"SMS", "tell the subscriber", nil, (*story).sendSMS},
	{"Reply", "hear what the subscriber writes back", nil, (*story).hearReply},
}

func toIdentityProvider(e exchange) bool { return !strings.HasPrefix(e.Path, "/api/") }

// getToken makes the first call of all, which has to fetch a token; the next step shows the call itself.
func (s *story) getToken(ctx context.Context) ([]string, error) {
	var err error
	s.before, err = s.ding.GetBalance(ctx)
	if err != nil {
		return nil, err
	}
	return []string{"the token is in hand, and goes with every call to DingConnect from here on"}, nil
}

func (s *story) getBalance(context.Context) ([]string, error) {
	if s.before.Balance.Sign() <= 0 {
		return nil, failed("the balance is %s, so that nothing can be bought", s.before.Balance)
	}
	return []string{"the account holds " + value(s.before.Balance, s.before.CurrencyISO)}, nil
}

func (s *story) lookUp(ctx context.Context) ([]string, error) {
	answer, err := s.ding.GetAccountLookup(ctx, toppedUpNumber)
	if err != nil {
		return nil, err
	}
	if len(answer.Items) == 0 {
		return nil, failed("no provider is known for %s", toppedUpNumber)
	}
	return []string{fmt.Sprintf("%s belongs to provider %s in %s", answer.AccountNumberNormalized, answer.Items[0].ProviderCode, answer.CountryISO)}, nil
}

// chooseProduct picks one that takes any amount in a range and asks for nothing else.
func (s *story) chooseProduct(ctx context.Context) ([]string, error) {
	answer, err := s.ding.GetProducts(ctx, ding.GetProductsParams{AccountNumber: toppedUpNumber})
	if err != nil {
		return nil, err
	}
	for _, product := range answer.Items {
		fits := product.Minimum.SendValue.Cmp(sentValue) <= 0 && product.Maximum.SendValue.Cmp(sentValue) >= 0
		if fits && product.ProcessingMode == ding.ProcessingModeInstant && asksFor(product) == "" {
			s.product = product
			return []string{fmt.Sprintf("%d products; %q (%s) takes any amount from %s to %s", len(answer.Items), product.DefaultDisplayText,
				product.SKUCode, product.Minimum.SendValue, value(product.Maximum.SendValue, product.Maximum.SendCurrencyISO))}, nil
		}
	}
	return nil, failed("none of %d products takes %s", len(answer.Items), sentValue)
}

func (s *story) estimate(ctx context.Context) ([]string, error) {
	answer, err := s.ding.EstimatePrices(ctx, []ding.EstimationRequest{{SKUCode: s.product.SKUCode, SendValue: sentValue, BatchItemRef: "1"}})
	if err != nil {
		return nil, err
	}
	result := answer.Results[0]
	switch {
	case result.Err != nil:
		return nil, result.Err
	case result.Item.Price == nil:
		return nil, failed("the estimate has no price")
	}
	s.price = *result.Item.Price
	return []string{fmt.Sprintf("%s will deliver %s", priceOf(&s.price).sent(), priceOf(&s.price).received())}, nil
}

func (s *story) send(ctx context.Context) ([]string, error) {
	answer, err := s.ding.SendTransfer(ctx, ding.SendTransferRequest{
		SKUCode: s.product.SKUCode, SendValue: sentValue, SendCurrencyISO: s.price.SendCurrencyISO,
		AccountNumber: toppedUpNumber, DistributorRef: transferRef,
	})
	if err != nil {
		return nil, err
	}
	s.record = *answer.TransferRecord
	if s.record.ProcessingState != ding.ProcessingStateComplete {
		return nil, failed("the transfer is %s", s.record.ProcessingState)
	}
	return []string{fmt.Sprintf("the transfer is %s, and Ding calls it %s", s.record.ProcessingState, idOf(s.record).TransferRef)}, nil
}

func (s *story) findRecord(ctx context.Context) ([]string, error) {
	records, err := readTransfers(ctx, s.ding, ding.TransferFilter{DistributorRef: transferRef}, 0)
	if err != nil {
		return nil, err
	}
	if len(records) != 1 {
		return nil, failed("%d records are listed under %s, not one", len(records), transferRef)
	}
	found := records[0].TransferRecord
	if idOf(found) != idOf(s.record) || found.ProcessingState != ding.ProcessingStateComplete {
		return nil, failed("the record listed under %s is %s, and not the one that was sent", transferRef, found.ProcessingState)
	}
	s.after, err = s.ding.GetBalance(ctx)
	if err != nil {
		return nil, err
	}
	return s.compareBalances()
}

// compareBalances makes sure that what left the balance is the price: the value and the distributor's fee.
func (s *story) compareBalances() ([]string, error) {
	cost := s.price.SendValue.Add(s.price.DistributorFee)
	fallen := s.before.Balance.Sub(s.after.Balance)
	if !fallen.Equal(cost) {
		return nil, failed("the balance fell by %s, and the price was %s", fallen, cost)
	}
	return []string{
		fmt.Sprintf("one record under %s, and it is the transfer that was sent", transferRef),
		fmt.Sprintf("the balance fell from %s to %s, by the price of %s", s.before.Balance, s.after.Balance, value(cost, s.after.CurrencyISO)),
	}, nil
}

// demoMerchantCode is the prefix of every id that the demo makes up, as a merchant's would be.
const demoMerchantCode = "SBX"

// id makes an id of the merchant's own.
func (s *story) id(name string) string { return demoMerchantCode + "-demo-" + name }

func (s *story) takeCharge(ctx context.Context) ([]string, error) {
	var err error
	s.charge, err = s.dizlee.Charge(ctx, dizlee.ChargeRequest{
		ChargeRequestID: s.id("charge"), UserID: chargedNumber,
		Amount: chargedAmount, Currency: chargedCurrency, FirstCharge: true,
	})
	if err != nil {
		return nil, err
	}
	return []string{fmt.Sprintf("%s was charged %s; the operator calls it %s", chargedNumber, value(chargedAmount, chargedCurrency), or(s.charge.ChargeResponseID, "nothing"))}, nil
}

func (s *story) giveBack(ctx context.Context) ([]string, error) {
	var err error
	s.refund, err = s.dizlee.Refund(ctx, dizlee.RefundRequest{
		RefundRequestID: s.id("refund"), TransactionID: s.id("charge"), UserID: chargedNumber,
		ChargeResponseID: s.charge.ChargeResponseID, Currency: chargedCurrency, Reason: "the demo is over",
	})
	if err != nil {
		return nil, err
	}
	return []string{"all of the charge was given back"}, nil
}

func (s *story) sendSMS(ctx context.Context) ([]string, error) {
	var err error
	s.sms, err = s.dizlee.SendSMS(ctx, dizlee.SendSMSRequest{
		SMSRequestID: s.id("sms"), Receiver: chargedNumber, Sender: "airtime",
		Language: dizlee.LanguageEnglish, MessageBody: "Your purchase has been refunded.",
	})
	if err != nil {
		return nil, err
	}
	return []string{"the message was taken"}, nil
}
