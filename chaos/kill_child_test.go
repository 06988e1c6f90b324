// The processes of kill_test.go: the sandbox, and the one that pays until it is killed. They tell on their standard output
// what they do, one line each, before it is done and after.

package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/facade/dizlee"
	"github.com/airtime-go/airtime/journal/sqlite"
	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/sandbox"
)

// serveSandbox serves one with short delays around its work, so that kills find requests under way, and with a few lost
// answers. It tells its address, and ends with its standard input.
func serveSandbox() error {
	options := []sandbox.Option{sandbox.WithBalance(money.FromInt(10_000_000))}
	for _, operation := range []string{"SendTransfer", "Charge", "Refund"} {
		options = append(options,
			sandbox.WithFault(sandbox.Fault{Kind: sandbox.Delay, When: sandbox.BeforeWork, For: 2 * time.Millisecond, Probability: 0.5, Operation: operation}),
			sandbox.WithFault(sandbox.Fault{Kind: sandbox.Delay, When: sandbox.AfterWork, For: 2 * time.Millisecond, Probability: 0.5, Operation: operation}),
			sandbox.WithFault(sandbox.Fault{Kind: sandbox.DropConnection, When: sandbox.AfterWork, Probability: 0.03, Operation: operation}))
	}
	sb, err := sandbox.New(options...)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: sb, ReadHeaderTimeout: time.Minute}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	fmt.Println("http://" + listener.Addr().String())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// payer is a program that takes orders.
type payer struct {
	journal *sqlite.Journal
	process process
	next    atomic.Int64
	// shared is the first of the numbers that both payers of a life use.
	shared int64
	output sync.Mutex
}

func newPayer() (*payer, error) {
	base := os.Getenv(addressVariable)
	sb, err := sandbox.New() // for its credentials alone
	if err != nil {
		return nil, err
	}
	keys := sb.Credentials()
	p := &payer{}
	if p.journal, err = sqlite.Open(os.Getenv(journalVariable)); err != nil {
		return nil, err
	}
	// The sandbox answers within milliseconds, so that looking for 90 seconds would tell no more.
	p.process.ding, err = ding.NewClient(ding.WithBaseURL(base), ding.WithAPIKey(keys.DingAPIKey), ding.WithJournal(p.journal),
		ding.WithSettleTimeout(1500*time.Millisecond))
	if err != nil {
		return nil, err
	}
	p.process.dizlee, err = dizlee.NewClient(dizlee.WithBaseURL(base+"/dizlee"), dizlee.WithAPIKey(keys.DizleeAPIKey), dizlee.WithJournal(p.journal),
		dizlee.WithSettleTimeout(3*time.Second),
		dizlee.WithMerchant(dizlee.Merchant{AggregatorID: keys.DizleeAggregatorID, MerchantID: keys.DizleeMerchantID, Product: keys.DizleeProduct, SubProduct: keys.DizleeSubProduct}))
	if err != nil {
		return nil, err
	}
	first, err := strconv.ParseInt(os.Getenv(firstVariable), 10, 64)
	p.next.Store(first)
	p.shared = first
	if text := os.Getenv(sharedVariable); text != "" && err == nil {
		p.shared, err = strconv.ParseInt(text, 10, 64)
	}
	return p, err
}

func (p *payer) say(words ...any) {
	p.output.Lock()
	defer p.output.Unlock()
	fmt.Println(words...)
}

// serve has an order done, and tells.
func (p *payer) serve(number string, k kind) {
	o := realOrder(string(k), number)
	p.say("asks", number, k)
	_, err := p.process.do(context.Background(), o, byCall)
	p.say("told", number, k, facade.OutcomeOf(err))
}

// takeOrders serves one order after the other until it is to stop.
func (p *payer) takeOrders(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		number := p.next.Add(1)
		if number%8 == 3 {
			number = p.shared + number%100
		}
		text := strconv.FormatInt(number, 10)
		switch number % 4 {
		case 0:
			p.serve(text, message)
		case 1:
			p.serve(text, charge)
			p.serve(text, refund)
		default:
			p.serve(text, transfer)
		}
	}
}

// recover settles what earlier lives left open, and tells.
func (p *payer) recover() error {
	tell := func(operation, reference string, err error) {
		_, number, _ := strings.Cut(reference, "-")
		p.say("recovered", number, operation, facade.OutcomeOf(err))
	}
	for found, err := range p.process.ding.RecoverTransfers(context.Background()) {
		if err != nil {
			return err
		}
		tell(string(transfer), found.Request.DistributorRef, found.Err)
	}
	for found, err := range p.process.dizlee.Recover(context.Background()) {
		if err != nil {
			return err
		}
		tell(found.Operation, found.RequestID, found.Err)
	}
	return nil
}

// payUntilKilled recovers, asks again for what was cut off, and takes new orders, all at once.
func payUntilKilled() error {
	p, err := newPayer()
	if err != nil {
		return err
	}
	failed := make(chan error)
	go func() {
		if err := p.recover(); err != nil {
			failed <- err
		}
	}()
	for _, id := range strings.Split(os.Getenv(againVariable), ",") {
		if number, operation, found := strings.Cut(id, " "); found {
			go p.serve(number, kind(operation))
		}
	}
	for range 4 {
		go p.takeOrders(nil)
	}
	return <-failed
}

// finishWhatIsOpen recovers, and takes orders meanwhile: a transfer that succeeds resets Ding's usage limits.
func finishWhatIsOpen() error {
	p, err := newPayer()
	if err != nil {
		return err
	}
	stop := make(chan struct{})
	var orders sync.WaitGroup
	orders.Go(func() { p.takeOrders(stop) })
	err = p.recover()
	close(stop)
	orders.Wait()
	return errors.Join(err, p.journal.Close())
}
