package sandbox_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/sandbox"
)

// statuses are those of a delivery's attempts.
func statuses(d sandbox.Delivery) []int {
	var all []int
	for _, a := range d.Attempts {
		all = append(all, a.Status)
	}
	return all
}

// deliver makes what is due now.
func (c *client) deliver() {
	c.t.Helper()
	require.NoError(c.t, c.sb.Deliver(c.t.Context()))
}

// deferOne sends a deferred transfer and lets it end.
func (c *client) deferOne() {
	c.t.Helper()
	c.deferring("1").sent(nil)
	c.clock.advance(sandbox.DeferDelay)
}

func TestANotificationIsRepeatedUntilItIsTaken(t *testing.T) {
	inbox := newInbox(t, "TransferFinished", 500, 404, 302, 503)
	c := serve(t, sandbox.WithNotifications(inbox.open()))
	c.deferOne()
	for attempts, wait := range []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second} {
		if wait > 0 {
			c.clock.advance(wait - 1)
			c.deliver()
			require.Len(t, inbox.all(), attempts, "it is too early")
			c.clock.advance(1)
		}
		c.deliver()
		require.Len(t, inbox.all(), attempts+1)
	}
	c.clock.advance(time.Hour)
	c.deliver()
	sent := c.sb.Deliveries()
	require.Len(t, sent, 1)
	assert.Equal(t, []int{500, 404, 302, 503, 200}, statuses(sent[0]))
	assert.Equal(t, sandbox.DeliveryTaken, sent[0].State)
	assert.Equal(t, sandbox.CallbackNotification, sent[0].Callback)
	assert.Equal(t, "1", sent[0].CorrelationID)
	assert.Equal(t, start.Add(sandbox.DeferDelay), sent[0].Attempts[0].At)
	for _, l := range inbox.all() {
		assert.Equal(t, string(sent[0].Body), string(l.body), "every attempt says the same")
	}
}

func TestANotificationThatIsNeverTakenIsGivenUp(t *testing.T) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }))
	defer refusing.Close()
	for name, test := range map[string]struct{ asked, want int }{"by default": {0, 8}, "as asked": {3, 3}} {
		t.Run(name, func(t *testing.T) {
			c := serve(t, sandbox.WithNotifications(sandbox.Receiver{URL: refusing.URL, Attempts: test.asked}))
			c.deferOne()
			for range test.want {
				c.deliver()
				c.clock.advance(sandbox.MaxRedeliveryDelay)
			}
			c.deliver()
			sent := c.sb.Deliveries()[0]
			assert.Len(t, sent.Attempts, test.want)
			assert.Equal(t, sandbox.DeliveryGivenUp, sent.State)
		})
	}
}

func TestTheWaitBetweenAttemptsDoublesUpToAMinute(t *testing.T) {
	c := serve(t, sandbox.WithNotifications(sandbox.Receiver{URL: unserved(t), Attempts: 9}))
	c.deferOne()
	for range 200 {
		c.deliver()
		c.clock.advance(time.Second)
	}
	var waits []time.Duration
	attempts := c.sb.Deliveries()[0].Attempts
	for i, a := range attempts[1:] {
		waits = append(waits, a.At.Sub(attempts[i].At))
		assert.Contains(t, a.Problem, "refused")
		assert.Zero(t, a.Status)
	}
	const s = time.Second
	assert.Equal(t, []time.Duration{s, 2 * s, 4 * s, 8 * s, 16 * s, 32 * s, 60 * s, 60 * s}, waits)
}

// unserved is a URL where nobody listens.
func unserved(t *testing.T) string {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	return server.URL
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := newInbox(t, "TransferFinished")
	target := elsewhere.open().URL
	redirecting := httptest.NewServer(http.RedirectHandler(target, http.StatusTemporaryRedirect))
	defer redirecting.Close()
	eager := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
	for name, client := range map[string]*http.Client{"its own client": nil, "a client that would": eager} {
		t.Run(name, func(t *testing.T) {
			c := serve(t, sandbox.WithNotifications(sandbox.Receiver{URL: redirecting.URL, Client: client}))
			c.deferOne()
			c.deliver()
			assert.Equal(t, []int{307}, statuses(c.sb.Deliveries()[0]))
			assert.Equal(t, sandbox.DeliveryWaiting, c.sb.Deliveries()[0].State)
		})
	}
	assert.Empty(t, elsewhere.all())
}

// A receiver can do worse than to refuse.
func TestAnAnswerThatIsNoneIsAFailure(t *testing.T) {
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		tell   string
	}{
		"no HTTP": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			assert.NoError(t, err)
			_, _ = conn.Write([]byte("\x00\x01garbage\r\n\r\n"))
			_ = conn.Close()
		}, "malformed"},
		"none at all": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
		"too late":    {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "no answer in time"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				swallow(r)
				test.answer(w, r)
			}))
			defer server.Close()
			c := serve(t, sandbox.WithNotifications(sandbox.Receiver{URL: server.URL + "/secret-path", Timeout: 200 * time.Millisecond}))
			c.deferOne()
			c.deliver()
			attempt := c.sb.Deliveries()[0].Attempts[0]
			assert.Zero(t, attempt.Status)
			assert.Contains(t, attempt.Problem, test.tell)
			assert.NotContains(t, attempt.Problem, "secret-path")
		})
	}
}

func TestALongAnswerCountsByItsStatus(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, 1<<20))
	}))
	defer server.Close()
	c := serve(t, sandbox.WithNotifications(sandbox.Receiver{URL: server.URL}))
	c.deferOne()
	c.deliver()
	assert.Equal(t, sandbox.DeliveryTaken, c.sb.Deliveries()[0].State)
}

func TestNotificationsComeTwiceAndOutOfOrderWhenAsked(t *testing.T) {
	const count = 20
	order := func(seed uint64) []string {
		inbox := newInbox(t, "TransferFinished")
		to := inbox.open()
		to.Twice, to.Shuffle = true, 30*time.Second
		c := serve(t, sandbox.WithNotifications(to), sandbox.WithSeed(seed))
		for i := range count {
			c.deferring("1").sent(map[string]any{"DistributorRef": fmt.Sprint(i), "AccountNumber": "440000000000"})
		}
		c.clock.advance(sandbox.DeferDelay)
		c.deliver()
		assert.Less(t, len(inbox.all()), count, "most come later")
		c.clock.advance(to.Shuffle)
		c.deliver()
		return inbox.references()
	}
	once := order(1)
	assert.Len(t, once, 2*count)
	times := map[string]int{}
	for _, ref := range once {
		times[ref]++
	}
	for i := range count {
		assert.Equal(t, 2, times[fmt.Sprint(i)])
	}
	assert.NotEqual(t, "0", once[0]+once[1])
	assert.Equal(t, once, order(1), "the seed decides")
	assert.NotEqual(t, once, order(2))
}

func TestOnlyWhatEndsWhileThereIsAReceiverIsTold(t *testing.T) {
	inbox := newInbox(t, "TransferFinished", 500, 500)
	c := serve(t)
	c.deferOne()
	c.deliver()
	to := inbox.open()
	require.NoError(t, c.sb.SetNotifications(to))
	c.deliver()
	assert.Empty(t, inbox.all(), "it had ended before")

	c.deferOne()
	c.deliver()
	another := newInbox(t, "TransferFinished")
	require.NoError(t, c.sb.SetNotifications(another.open()))
	c.clock.advance(time.Second)
	c.deliver()
	assert.Len(t, inbox.all(), 1)
	assert.Len(t, another.all(), 1, "what waits goes to the new one")

	require.NoError(t, c.sb.SetNotifications(to))
	c.deferOne()
	c.deliver()
	c.sb.ClearNotifications()
	c.deferOne()
	c.deliver()
	assert.Len(t, inbox.all(), 2)
	sent := c.sb.Deliveries()
	assert.Len(t, sent, 2)
	assert.Equal(t, sandbox.DeliveryGivenUp, sent[1].State)
}

func TestAReceiverIsCheckedMemberByMember(t *testing.T) {
	certificate, err := sandbox.NewCertificate()
	require.NoError(t, err)
	for name, test := range map[string]struct {
		to   sandbox.Receiver
		tell string
	}{
		"no URL":                     {sandbox.Receiver{}, "URL"},
		"no URL at all":              {sandbox.Receiver{URL: "https://secret%zz"}, "URL"},
		"no host":                    {sandbox.Receiver{URL: "https:///secret"}, "URL"},
		"another scheme":             {sandbox.Receiver{URL: "ftp://localhost/secret"}, "URL"},
		"http beyond this machine":   {sandbox.Receiver{URL: "http://secret.example/hook"}, "URL"},
		"http that only looks local": {sandbox.Receiver{URL: "http://localhost.secret.example"}, "URL"},
		"http at any address":        {sandbox.Receiver{URL: "http://0.0.0.0:80/secret"}, "URL"},
		"two who trust": {
			sandbox.Receiver{URL: "https://shop.example", Client: http.DefaultClient, RootCAs: certificate.RootCAs}, "RootCAs"},
		"a negative timeout":        {sandbox.Receiver{URL: "https://shop.example", Timeout: -1}, "Timeout"},
		"a negative number":         {sandbox.Receiver{URL: "https://shop.example", Attempts: -1}, "Attempts"},
		"attempts without end":      {sandbox.Receiver{URL: "https://shop.example", Attempts: 201}, "Attempts"},
		"a shuffle into the past":   {sandbox.Receiver{URL: "https://shop.example", Shuffle: -1}, "Shuffle"},
		"several problems, the 2nd": {sandbox.Receiver{URL: "secret", Timeout: -1}, "Timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			c := serve(t)
			_, failed := sandbox.New(sandbox.WithNotifications(test.to))
			for _, err := range []error{c.sb.SetNotifications(test.to), failed} {
				require.ErrorContains(t, err, "receiver of Notification: "+test.tell)
				assert.NotContains(t, err.Error(), "secret")
			}
			require.ErrorContains(t, c.sb.SetSMSMO(test.to), "receiver of SMSMO: "+test.tell)
		})
	}
	for _, address := range []string{
		"https://shop.example/hook", "HTTPS://shop.example", "http://localhost:1/x", "http://LOCALHOST.", "http://shop.localhost",
		"http://127.1.2.3", "http://[::1]:80",
	} {
		assert.NoError(t, serve(t).sb.SetNotifications(sandbox.Receiver{URL: address}), address)
	}
}

func TestNotificationsGoOverHTTPS(t *testing.T) {
	certificate, err := sandbox.NewCertificate()
	require.NoError(t, err)
	inbox := newInbox(t, "TransferFinished")
	server := httptest.NewUnstartedServer(inbox)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate.TLS}}
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()

	c := serve(t, sandbox.WithNotifications(sandbox.Receiver{URL: server.URL + "/hook", RootCAs: certificate.RootCAs}))
	c.deferOne()
	c.deliver()
	assert.Equal(t, []int{200}, statuses(c.sb.Deliveries()[0]))

	require.NoError(t, c.sb.SetNotifications(sandbox.Receiver{URL: server.URL + "/hook"}))
	c.deferOne()
	c.deliver()
	assert.Contains(t, c.sb.Deliveries()[1].Attempts[0].Problem, "certificate", "the system trusts nobody of ours")
	assert.Len(t, inbox.all(), 1)
}

func TestDeliverEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		swallow(r)
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	c := serve(t, sandbox.WithNotifications(sandbox.Receiver{URL: server.URL, Twice: true}))
	c.deferOne()
	require.ErrorIs(t, c.sb.Deliver(ctx), context.Canceled)
	sent := c.sb.Deliveries()
	assert.Equal(t, sandbox.DeliveryWaiting, sent[0].State)
	assert.Len(t, sent[0].Attempts, 1)
	assert.Empty(t, sent[1].Attempts)
}
