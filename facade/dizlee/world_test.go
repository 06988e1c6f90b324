// A server in memory for tests in virtual time: it plays a script, and notes what arrived when.

package dizlee_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/dizlee"
	"github.com/airtime-go/airtime/internal/memnet"
)

// serveInMemory serves the handler until the test ends, and returns a transport that goes there. Every request has a
// connection of its own, which can be refused.
func serveInMemory(t *testing.T, handler http.Handler, refuse func() error) *http.Transport {
	t.Helper()
	listener := memnet.Listen()
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(listener) }()
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		if err := refuse(); err != nil {
			return nil, err
		}
		return listener.Dial(ctx, network, address)
	}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
	})
	return transport
}

// step is what the server does with one request; nil lets no connection be made.
type step func(w http.ResponseWriter, r *http.Request)

var noConnection step

// says answers with a status.
func says(status string, header ...string) step {
	return step(answers(200, `{"status":"`+status+`","statusDetail":"So it is."}`, header...))
}

func page(w http.ResponseWriter, r *http.Request) {
	answers(502, "<h1>Bad Gateway</h1>", "Content-Type", "text/html")(w, r)
}

func redirect(w http.ResponseWriter, r *http.Request) {
	answers(307, "", "Location", "/elsewhere")(w, r)
}

func cutOff(w http.ResponseWriter, r *http.Request) {
	answers(200, `{"status":"1"`, "Content-Length", "1000")(w, r)
}

func tooLarge(w http.ResponseWriter, r *http.Request) {
	answers(200, `{"status":"1","statusDetail":"`+strings.Repeat("x", 4<<20)+`"}`)(w, r)
}

func lost(w http.ResponseWriter, _ *http.Request) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	_ = connection.Close()
}

// silent says nothing until the client has gone.
func silent(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// world is a scripted server. When the script is over, its last step is played on.
type world struct {
	t         *testing.T
	transport *http.Transport
	began     time.Time

	mu       sync.Mutex
	steps    []step
	arrived  []time.Duration
	bodies   []string
	refusals int
}

func newWorld(t *testing.T, steps ...step) *world {
	t.Helper()
	w := &world{t: t, steps: steps, began: time.Now()}
	w.transport = serveInMemory(t, w, w.refuse)
	return w
}

var errRefused = errors.New("connection refused")

func (w *world) refuse() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.steps[0] != nil {
		return nil
	}
	w.refusals++
	w.next()
	return errRefused
}

func (w *world) next() step {
	now := w.steps[0]
	if len(w.steps) > 1 {
		w.steps = w.steps[1:]
	}
	return now
}

func (w *world) ServeHTTP(writer http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	assert.NoError(w.t, err)
	w.mu.Lock()
	play := w.next()
	w.arrived = append(w.arrived, time.Since(w.began))
	w.bodies = append(w.bodies, r.URL.Path+" "+string(body))
	w.mu.Unlock()
	play(writer, r)
}

// then goes on with another script, and forgets what came.
func (w *world) then(steps ...step) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.steps, w.arrived, w.bodies, w.refusals, w.began = steps, nil, nil, 0, time.Now()
}

// seconds returns when requests arrived.
func (w *world) seconds() []float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := []float64{}
	for _, a := range w.arrived {
		at = append(at, a.Seconds())
	}
	return at
}

// sameBytes fails unless all that arrived was the same.
func (w *world) sameBytes() {
	w.t.Helper()
	for _, body := range w.bodies {
		assert.Equal(w.t, w.bodies[0], body)
	}
}

// client returns a client with the defaults of the package.
func (w *world) client(opts ...dizlee.Option) *dizlee.Client {
	w.t.Helper()
	c, err := dizlee.NewClient(append([]dizlee.Option{
		dizlee.WithAPIKey(key), dizlee.WithBaseURL("http://127.0.0.1"), dizlee.WithMerchant(acme),
		dizlee.WithHTTPClient(&http.Client{Transport: w.transport}),
	}, opts...)...)
	require.NoError(w.t, err)
	return c
}

// The calls of one client, with what they say about a duplicate.
type doing func(context.Context, *dizlee.Client) (byDuplicate bool, err error)

func doCharge(ctx context.Context, c *dizlee.Client) (bool, error) {
	a, err := c.Charge(ctx, charge())
	return a != nil && a.ByDuplicate, err
}

func doRefund(ctx context.Context, c *dizlee.Client) (bool, error) {
	a, err := c.Refund(ctx, refund())
	return a != nil && a.ByDuplicate, err
}

func doPart(ctx context.Context, c *dizlee.Client) (bool, error) {
	r, amount := refund(), decimal("0.125")
	r.Amount = &amount
	a, err := c.Refund(ctx, r)
	return a != nil && a.ByDuplicate, err
}

func doSMS(ctx context.Context, c *dizlee.Client) (bool, error) {
	_, err := c.SendSMS(ctx, sms())
	return false, err
}

func resumeCharge(ctx context.Context, c *dizlee.Client) (bool, error) {
	a, err := c.ResumeCharge(ctx, charge())
	return a != nil && a.ByDuplicate, err
}

func resumeRefund(ctx context.Context, c *dizlee.Client) (bool, error) {
	a, err := c.ResumeRefund(ctx, refund())
	return a != nil && a.ByDuplicate, err
}
