// Tests of the handler for messages: who may deliver, when they are answered 200, and what is dropped.

package dizlee_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade/dizlee"
)

const (
	authKey    = "auth-k3y-for-tests"
	olderKey   = "older-k3y"
	notTheirs  = "auth-k3y-for-test"
	notTakenIs = "not taken; send it again later\n"
)

// inbox is a handler whose function keeps what it takes.
type inbox struct {
	http.Handler
	mu    sync.Mutex
	taken []dizlee.Message
	log   bytes.Buffer
	// fail is called with every message, before it is kept.
	fail func(context.Context, dizlee.Message) error
}

func newInbox(opts ...dizlee.MessageOption) *inbox {
	box := &inbox{fail: func(context.Context, dizlee.Message) error { return nil }}
	logger := slog.New(slog.NewTextHandler(&box.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	opts = append([]dizlee.MessageOption{dizlee.WithAuthKeys(authKey, olderKey), dizlee.WithMessageLogger(logger)}, opts...)
	handler, err := dizlee.NewMessageHandler(box.take, opts...)
	if err != nil {
		panic(err)
	}
	box.Handler = handler
	return box
}

func (b *inbox) take(ctx context.Context, message dizlee.Message) error {
	if err := b.fail(ctx, message); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken = append(b.taken, message)
	return nil
}

func (b *inbox) messages() []dizlee.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.taken
}

// reply is what a delivery is answered.
type reply struct {
	status int
	body   string
}

// deliver delivers a body with the right key, without a network.
func (b *inbox) deliver(t *testing.T, body string) reply {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), "POST", "/smsmo", strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("authkey", authKey)
	recorder := httptest.NewRecorder()
	b.ServeHTTP(recorder, request)
	assert.Equal(t, "nosniff", recorder.Header().Get("X-Content-Type-Options"))
	return reply{recorder.Code, recorder.Body.String()}
}

// send delivers over the network.
func send(t *testing.T, client *http.Client, url, body string, header http.Header) reply {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)
	request.Header = header
	answer, err := client.Do(request)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return reply{answer.StatusCode, string(text)}
}

func TestOnlyWhoHasAKeyMayDeliver(t *testing.T) {
	for name, tc := range map[string]struct {
		header http.Header
		status int
	}{
		"the key":                        {http.Header{"authkey": {authKey}}, 200},
		"the older key":                  {http.Header{"authkey": {olderKey}}, 200},
		"in the table's spelling":        {http.Header{"Authkey": {authKey}}, 200},
		"in capitals":                    {http.Header{"AUTHKEY": {authKey}}, 200},
		"in both spellings":              {http.Header{"authkey": {authKey}, "Authkey": {authKey}}, 200},
		"with blanks around":             {http.Header{"authkey": {"  " + authKey + "\t"}}, 200},
		"both keys":                      {http.Header{"authkey": {authKey, olderKey}}, 200},
		"none":                           {http.Header{}, 401},
		"an empty one":                   {http.Header{"authkey": {""}}, 401},
		"a wrong one":                    {http.Header{"authkey": {"wrong"}}, 401},
		"the beginning of it":            {http.Header{"authkey": {notTheirs}}, 401},
		"in other letters":               {http.Header{"authkey": {strings.ToUpper(authKey)}}, 401},
		"both in one":                    {http.Header{"authkey": {authKey + ", " + olderKey}}, 401},
		"the key, then a wrong one":      {http.Header{"authkey": {authKey, "wrong"}}, 401},
		"a wrong one, then the key":      {http.Header{"authkey": {"wrong", authKey}}, 401},
		"wrong in the other spelling":    {http.Header{"authkey": {authKey}, "Authkey": {"wrong"}}, 401},
		"in the header of the other way": {http.Header{"apikey": {authKey}}, 401},
		"as a bearer":                    {http.Header{"Authorization": {"Bearer " + authKey}}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			box := newInbox()
			server := httptest.NewServer(box)
			defer server.Close()
			got := send(t, server.Client(), server.URL, stop, tc.header)
			assert.Equal(t, tc.status, got.status)
			assert.Len(t, box.messages(), map[int]int{200: 1}[tc.status])
			server.Close()
			for _, secret := range []string{authKey, olderKey, notTheirs, "wrong,"} {
				assert.NotContains(t, got.body+box.log.String(), secret)
			}
			if tc.status == 401 {
				assert.Contains(t, box.log.String(), "status=401")
				assert.Equal(t, "authkey is missing or wrong: send the key that the merchant gave to Dizlee\n", got.body)
			}
		})
	}
}

func TestAKeyInTheAddressIsNone(t *testing.T) {
	box := newInbox()
	server := httptest.NewServer(box)
	defer server.Close()
	got := send(t, server.Client(), server.URL+"?authkey="+authKey, stop, http.Header{})
	assert.Equal(t, 401, got.status)
}

func TestOnlyWhatIsTakenIsAnswered200(t *testing.T) {
	box := newInbox()
	assert.Equal(t, reply{200, ""}, box.deliver(t, stop))
	assert.Contains(t, box.log.String(), `level=DEBUG msg="a message was taken" message.sender=964********23`)

	box.fail = func(context.Context, dizlee.Message) error { return errors.New("no row for " + msisdn) }
	assert.Equal(t, reply{500, notTakenIs}, box.deliver(t, stop))
	assert.Contains(t, box.log.String(), `level=ERROR msg="a message was not taken"`)
	assert.Contains(t, box.log.String(), `error="no row for 964********23"`)

	box.fail = func(context.Context, dizlee.Message) error { panic("at the database") }
	assert.PanicsWithValue(t, "at the database", func() { box.deliver(t, stop) })
	assert.Len(t, box.messages(), 1)
	assert.NotContains(t, box.log.String(), msisdn)
	assert.NotContains(t, box.log.String(), "STOP")
}

func TestBadHandlersAreNotMade(t *testing.T) {
	take := func(context.Context, dizlee.Message) error { return nil }
	for name, tc := range map[string]struct {
		take func(context.Context, dizlee.Message) error
		opts []dizlee.MessageOption
		want string
	}{
		"no key": {take, nil, "WithAuthKeys is missing"},
		"everything": {nil, []dizlee.MessageOption{
			nil, dizlee.WithAuthKeys("good", "", "s3cret with blanks"), dizlee.WithoutRepeats(0), dizlee.WithMessageLogger(nil),
		}, `there is no function to take messages
option 1 is nil
WithAuthKeys: the auth key 2 is empty
WithAuthKeys: the auth key 3 holds a blank, a line break or another character that cannot travel in a header
WithoutRepeats: the window is not positive; leave the option out to take repeats
WithMessageLogger: the logger is nil; leave the option out to log nothing`},
		"an empty list": {take, []dizlee.MessageOption{dizlee.WithAuthKeys()}, "WithAuthKeys: there is no key, so that everybody could deliver messages"},
	} {
		t.Run(name, func(t *testing.T) {
			handler, err := dizlee.NewMessageHandler(tc.take, tc.opts...)
			assert.Nil(t, handler)
			assert.EqualError(t, err, "dizlee: no message handler can be made:\n"+tc.want)
		})
	}
	handler, err := dizlee.NewMessageHandler(take, dizlee.WithAuthKeys(authKey))
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.NotContains(t, fmt.Sprintf(verb, handler), authKey)
	}
}

func TestAMessageThatComesTwiceIsTakenTwiceUnlessAskedNotTo(t *testing.T) {
	box := newInbox()
	for range 3 {
		assert.Equal(t, 200, box.deliver(t, stop).status)
	}
	assert.Len(t, box.messages(), 3)
}

func TestRepeatsAreDroppedWithinTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := newInbox(dizlee.WithoutRepeats(time.Minute))
		deliver := func(body string, taken int) {
			t.Helper()
			assert.Equal(t, reply{200, ""}, box.deliver(t, body))
			assert.Len(t, box.messages(), taken)
		}
		deliver(stop, 1)
		deliver(stop, 1)
		assert.Contains(t, box.log.String(), "a message that came again was dropped")
		deliver(`{"messageText":"STOP","messageType":0,"destination":"1234","sender":"9647700900123"}`, 1) // spelled differently
		deliver(strings.Replace(stop, msisdn, msisdn+"4", 1), 2)
		deliver(strings.Replace(stop, "1234", "12345", 1), 3)
		deliver(strings.Replace(stop, "STOP", "STOP ", 1), 4)
		deliver(strings.Replace(stop, `"0"`, `"1"`, 1), 5)
		deliver(strings.Replace(stop, `"0"`, `"2"`, 1), 6)
		deliver(strings.Replace(stop, "STOP", "stop", 1), 7)
		time.Sleep(time.Minute - 1)
		deliver(stop, 7)
		time.Sleep(time.Nanosecond)
		deliver(stop, 8)
		assert.NotContains(t, box.log.String(), msisdn)
	})
}

func TestAMessageThatWasNotTakenIsNoRepeat(t *testing.T) {
	box := newInbox(dizlee.WithoutRepeats(time.Hour))
	box.fail = func(context.Context, dizlee.Message) error { return errors.New("no") }
	assert.Equal(t, 500, box.deliver(t, stop).status)
	box.fail = func(context.Context, dizlee.Message) error { panic("no") }
	assert.Panics(t, func() { box.deliver(t, stop) })
	box.fail = func(context.Context, dizlee.Message) error { return nil }
	assert.Equal(t, 200, box.deliver(t, stop).status)
	assert.Equal(t, 200, box.deliver(t, stop).status)
	assert.Len(t, box.messages(), 1)
}

func TestTheSameMessageFromManySidesIsTakenOnce(t *testing.T) {
	for result, want := range map[error]int{nil: 200, errors.New("no"): 500} {
		synctest.Test(t, func(t *testing.T) {
			box := newInbox(dizlee.WithoutRepeats(time.Hour))
			var calls, answers int
			box.fail = func(context.Context, dizlee.Message) error { calls++; time.Sleep(time.Second); return result }
			var senders sync.WaitGroup
			var mu sync.Mutex
			for range 50 {
				senders.Go(func() {
					got := box.deliver(t, stop)
					mu.Lock()
					defer mu.Unlock()
					assert.Equal(t, want, got.status)
					answers++
				})
			}
			senders.Wait()
			assert.Equal(t, 1, calls)
			assert.Equal(t, 50, answers)
		})
	}
}

func TestNothingIsLostOrDoubledWhileTheFunctionFailsNowAndThen(t *testing.T) {
	const messages = 100
	box := newInbox(dizlee.WithoutRepeats(time.Hour))
	var mu sync.Mutex
	calls := 0
	box.fail = func(context.Context, dizlee.Message) error {
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls%10 == 1 {
			return errors.New("now and then")
		}
		return nil
	}
	server := httptest.NewServer(box)
	defer server.Close()
	var senders sync.WaitGroup
	for range 4 { // each of whom delivers everything, until it is taken, and once more
		senders.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for i := range messages {
				body := strings.Replace(stop, "STOP", fmt.Sprint("VOTE ", i), 1)
				header := http.Header{"Authkey": {authKey}}
				for send(t, client, server.URL, body, header).status != 200 {
				}
				assert.Equal(t, 200, send(t, client, server.URL, body, header).status)
			}
		})
	}
	senders.Wait()
	taken := map[string]int{}
	for _, message := range box.messages() {
		taken[message.Text]++
	}
	assert.Len(t, taken, messages, "none is lost")
	assert.Len(t, box.messages(), messages, "none is doubled")
}

func TestWhileAMessageHangsItsRepeatsAreToldToComeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := newInbox(dizlee.WithoutRepeats(time.Hour))
		free := make(chan struct{})
		box.fail = func(context.Context, dizlee.Message) error { <-free; return nil } // whatever its context says
		var first sync.WaitGroup
		first.Go(func() { assert.Equal(t, 200, box.deliver(t, stop).status) })
		synctest.Wait()
		begun := time.Now()
		got := box.deliver(t, stop)
		assert.Equal(t, reply{503, "the same delivery is still being taken; send it again later\n"}, got)
		assert.Equal(t, 30*time.Second, time.Since(begun))
		close(free)
		first.Wait()
		assert.Equal(t, 200, box.deliver(t, stop).status)
		assert.Len(t, box.messages(), 1)
	})
}

func TestASenderWhoHangsUpDoesNotLoseTheMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := newInbox(dizlee.WithoutRepeats(time.Hour))
		box.fail = func(ctx context.Context, _ dizlee.Message) error {
			deadline, bounded := ctx.Deadline()
			assert.True(t, bounded)
			assert.Equal(t, 30*time.Second, time.Until(deadline))
			time.Sleep(20 * time.Second)
			return ctx.Err()
		}
		client := &http.Client{Transport: serveInMemory(t, box, func() error { return nil })}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://merchant.example", strings.NewReader(stop))
		require.NoError(t, err)
		request.Header.Set("authkey", authKey)
		_, err = client.Do(request)
		require.ErrorIs(t, err, context.DeadlineExceeded)

		// They come again while it is still being taken, and are told what it came to.
		got := send(t, client, "http://merchant.example", stop, http.Header{"Authkey": {authKey}})
		assert.Equal(t, 200, got.status)
		assert.Len(t, box.messages(), 1)
	})
}

func TestWhatTheHandlerIsNotForIsRefused(t *testing.T) {
	box := newInbox()
	server := httptest.NewServer(box)
	defer server.Close()
	key := http.Header{"Authkey": {authKey}, "Content-Type": {"application/json"}}
	assert.Equal(t, 413, send(t, server.Client(), server.URL, strings.Replace(stop, "STOP", strings.Repeat("x", 1<<16), 1), key).status)
	assert.Equal(t, 415, send(t, server.Client(), server.URL, stop, http.Header{"Authkey": {authKey}, "Content-Type": {"text/xml"}}).status)
	answer, err := server.Client().Get(server.URL)
	require.NoError(t, err)
	_ = answer.Body.Close()
	assert.Equal(t, 405, answer.StatusCode)
	assert.Equal(t, "POST", answer.Header.Get("Allow"))
	assert.Empty(t, box.messages())
}
