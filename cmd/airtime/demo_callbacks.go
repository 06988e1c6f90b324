// The callbacks of airtime demo: a receiver with a certificate that is made on the fly, and the steps that it has a part in.

package main

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/facade/dizlee"
	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/sandbox"
)

const (
	deferredRef = "demo-transfer-2"
	shortCode   = "1234"
	reply       = "شكرا" // thanks

	dingHook   = "/callbacks/ding"
	dizleeHook = "/callbacks/dizlee"
)

var deferredValue = money.MustParse("5.00")

// skippingClock is the sandbox's: the time, put forward by what nobody wants to wait for.
type skippingClock struct{ ahead atomic.Int64 }

func (c *skippingClock) now() time.Time       { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *skippingClock) skip(d time.Duration) { c.ahead.Add(int64(d)) }

// receiver is where the story's callbacks come to.
type receiver struct {
	*serving
	notifications chan ding.Notification
	messages      chan dizlee.Message
}

// receive starts the receiver, and has the sandbox call it through the recorder.
func (s *story) receive() error {
	certificate, err := sandbox.NewCertificate()
	if err != nil {
		return failed("no certificate can be made: %s", err)
	}
	s.receiver.notifications, s.receiver.messages = make(chan ding.Notification, 1), make(chan dizlee.Message, 1)
	notifications, err := ding.NewNotificationHandler(s.ding, keep(s.receiver.notifications))
	if err != nil {
		return badEnvironment("DING", err)
	}
	messages, err := dizlee.NewMessageHandler(keep(s.receiver.messages), dizlee.WithAuthKeys(s.box.Credentials().DizleeAuthKey))
	if err != nil {
		return badEnvironment("DIZLEE", err)
	}
	mux := http.NewServeMux()
	mux.Handle(dingHook, notifications)
	mux.Handle(dizleeHook, messages)
	s.receiver.serving, err = bind("the receiver", "127.0.0.1:0", &http.Server{Handler: mux, ReadHeaderTimeout: headerTimeout}, certificate.TLS)
	if err != nil {
		return err
	}
	s.receiver.start()
	s.trusted.TLSClientConfig.RootCAs = certificate.RootCAs
	caller := &http.Client{Transport: s.wire}
	if err := s.box.SetNotifications(sandbox.Receiver{URL: s.receiver.url + dingHook, Client: caller}); err != nil {
		return failed("the sandbox cannot call back: %s", err)
	}
	if err := s.box.SetSMSMO(sandbox.Receiver{URL: s.receiver.url + dizleeHook, Client: caller}); err != nil {
		return failed("the sandbox cannot call back: %s", err)
	}
	return nil
}

// keep makes the function that takes what comes, for a story that has room for one.
func keep[Event any](kept chan<- Event) func(context.Context, Event) error {
	return func(_ context.Context, event Event) error {
		select {
		case kept <- event:
			return nil
		default:
			return failed("something came that nobody waits for")
		}
	}
}

// taken returns what came, if anything did.
func taken[Event any](kept <-chan Event, what string) (event Event, err error) {
	select {
	case event = <-kept:
		return event, nil
	default:
		return event, failed("no %s was taken", what)
	}
}

func (s *story) close() {
	_ = s.box.Close()
	if s.receiver.serving != nil {
		s.receiver.close()
	}
	s.trusted.CloseIdleConnections()
}

func (s *story) sendDeferred(ctx context.Context) ([]string, error) {
	sent, err := s.ding.SendTransferDeferred(ctx, ding.SendTransferRequest{
		SKUCode: s.product.SKUCode, SendValue: deferredValue, SendCurrencyISO: s.price.SendCurrencyISO,
		AccountNumber: toppedUpNumber, DistributorRef: deferredRef,
	})
	if err != nil {
		return nil, err
	}
	if !ding.IsPending(sent.TransferRecord) {
		return nil, failed("the deferred transfer is %s already", sent.TransferRecord.ProcessingState)
	}
	s.deferred = *sent
	return []string{fmt.Sprintf("the transfer is %s; Ding will tell our webhook how it ends, under the same correlation id", sent.TransferRecord.ProcessingState)}, nil
}

func (s *story) beNotified(ctx context.Context) ([]string, error) {
	s.clock.skip(sandbox.DeferDelay)
	if err := s.box.Deliver(ctx); err != nil {
		return nil, failed("nothing could be delivered: %s", err)
	}
	told, err := taken(s.receiver.notifications, "notification")
	if err != nil {
		return nil, err
	}
	record := told.TransferRecord
	if idOf(record) != idOf(*s.deferred.TransferRecord) || record.ProcessingState != ding.ProcessingStateComplete ||
		told.CorrelationID != s.deferred.CorrelationID || !told.Verified {
		return nil, failed("what was told is not the end of the deferred transfer: it is %s", record.ProcessingState)
	}
	before := s.after
	s.after, err = s.ding.GetBalance(ctx)
	if err != nil {
		return nil, err
	}
	s.deferred.TransferRecord = &record
	return []string{
		fmt.Sprintf("%s later (the sandbox's clock was put forward), the notification came over https: %s", sandbox.DeferDelay, record.ProcessingState),
		"it was answered with 200 only after the list of transfers had said the same: nobody else can make us believe one",
		fmt.Sprintf("the balance fell from %s to %s", before.Balance, value(s.after.Balance, s.after.CurrencyISO)),
	}, nil
}

func (s *story) hearReply(ctx context.Context) ([]string, error) {
	_, err := s.box.SendSMSMO(ctx, sandbox.InboundMessage{Sender: chargedNumber, Destination: shortCode, Text: reply, MessageType: string(dizlee.MessageTypeArabic)})
	if err != nil {
		return nil, failed("the subscriber cannot write: %s", err)
	}
	s.reply, err = taken(s.receiver.messages, "message")
	if err != nil {
		return nil, err
	}
	if s.reply.Sender != chargedNumber || s.reply.Text != reply || s.reply.Language != dizlee.LanguageArabic {
		return nil, failed("what came is not what the subscriber wrote")
	}
	return []string{fmt.Sprintf("%s wrote %q to %s; the key in authkey shows that it was Dizlee who told", s.reply.Sender, s.reply.Text, s.reply.Destination)}, nil
}
