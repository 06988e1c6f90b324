package sandbox_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/sandbox"
)

func TestAMessageIsHandedOnInEitherSpelling(t *testing.T) {
	inbox := newInbox(t, "ReceiveSMS")
	c := serve(t, sandbox.WithSMSMO(inbox.open()), sandbox.WithDizleeAuthKey("a-test-key"))
	for _, test := range []struct {
		message   sandbox.InboundMessage
		body, key string
	}{
		{sandbox.InboundMessage{Sender: "9647701234567", Destination: "1234", Text: "STOP"},
			`{"Sender":"9647701234567","Destination":"1234","MessageType":"0","MessageText":"STOP"}`, "a-test-key"},
		{sandbox.InboundMessage{Sender: "9647701234567", Destination: "1234", Text: "إلغاء 🙂\u200f", MessageType: "1", LowerCase: true},
			`{"Sender":"9647701234567","Destination":"1234","messageType":"1","messageText":"إلغاء 🙂\u200f"}`, "a-test-key"},
		{sandbox.InboundMessage{Sender: "9647701234567", Destination: "1234", MessageType: "7", AuthKey: "another-test-key"},
			`{"Sender":"9647701234567","Destination":"1234","MessageType":"7","MessageText":""}`, "another-test-key"},
	} {
		sent, err := c.sb.SendSMSMO(t.Context(), test.message)
		require.NoError(t, err)
		require.Len(t, sent, 1)
		assert.Equal(t, sandbox.DeliveryTaken, sent[0].State)
		assert.Equal(t, sandbox.CallbackSMSMO, sent[0].Callback)
		letters := inbox.all()
		last := letters[len(letters)-1]
		assert.JSONEq(t, test.body, string(last.body))
		assert.Equal(t, test.key, last.header.Get("authkey"))
		assert.Empty(t, last.header.Get("X-Correlation-Id"))
	}
	assert.Len(t, c.sb.Deliveries(), 3)
}

func TestAMessageComesAgainOnlyWhenAsked(t *testing.T) {
	send := func(c *client) []sandbox.Delivery {
		sent, err := c.sb.SendSMSMO(t.Context(), sandbox.InboundMessage{Sender: "9647701234567", Destination: "1234"})
		require.NoError(t, err)
		return sent
	}
	inbox := newInbox(t, "ReceiveSMS", 500)
	to := inbox.open()
	c := serve(t, sandbox.WithSMSMO(to))
	assert.Equal(t, sandbox.DeliveryGivenUp, send(c)[0].State)

	inbox = newInbox(t, "ReceiveSMS", 500)
	to = inbox.open()
	to.Attempts = 2
	require.NoError(t, c.sb.SetSMSMO(to))
	sent := send(c)
	assert.Equal(t, sandbox.DeliveryWaiting, sent[0].State)
	assert.Equal(t, []int{500}, statuses(sent[0]))
	c.clock.advance(time.Second)
	c.deliver()
	assert.Equal(t, []int{500, 200}, statuses(c.sb.Deliveries()[1]))

	to.Twice = true
	require.NoError(t, c.sb.SetSMSMO(to))
	sent = send(c)
	require.Len(t, sent, 2)
	assert.Equal(t, sent[0].Body, sent[1].Body)
	assert.Equal(t, sandbox.DeliveryTaken, sent[1].State)

	to.Shuffle = time.Minute
	require.NoError(t, c.sb.SetSMSMO(to))
	sent = send(c)
	assert.Empty(t, sent[0].Attempts, "it comes later")
	c.clock.advance(time.Minute)
	c.deliver()
	assert.Len(t, inbox.all(), 6)
}

func TestOneReceiverIsClearedWithoutTheOther(t *testing.T) {
	inbox := newInbox(t, "ReceiveSMS", 500, 500)
	to := inbox.open()
	to.Attempts = 3
	c := serve(t, sandbox.WithSMSMO(to), sandbox.WithNotifications(sandbox.Receiver{URL: unserved(t)}))
	_, err := c.sb.SendSMSMO(t.Context(), sandbox.InboundMessage{Sender: "9647701234567", Destination: "1234"})
	require.NoError(t, err)
	c.deferOne()
	c.deliver()
	c.sb.ClearNotifications()
	c.clock.advance(time.Minute)
	c.deliver()
	sent := c.sb.Deliveries()
	assert.Equal(t, []int{500, 500, 200}, statuses(sent[0]))
	assert.Equal(t, sandbox.DeliveryGivenUp, sent[1].State)
}

func TestAMessageNeedsBothNumbersAndAReceiver(t *testing.T) {
	c := serve(t)
	_, err := c.sb.SendSMSMO(t.Context(), sandbox.InboundMessage{Text: "STOP"})
	require.ErrorContains(t, err, "Sender")
	require.ErrorContains(t, err, "Destination")
	_, err = c.sb.SendSMSMO(t.Context(), sandbox.InboundMessage{Sender: "9647701234567", Destination: "1234"})
	require.ErrorContains(t, err, "no receiver of SMSMO")
	require.NoError(t, c.sb.SetSMSMO(sandbox.Receiver{URL: unserved(t)}))
	c.sb.ClearSMSMO()
	_, err = c.sb.SendSMSMO(t.Context(), sandbox.InboundMessage{Sender: "9647701234567", Destination: "1234"})
	require.ErrorContains(t, err, "no receiver of SMSMO")
	assert.Empty(t, c.sb.Deliveries())
	_, err = sandbox.New(sandbox.WithDizleeAuthKey(""))
	require.ErrorContains(t, err, "auth key")
}

func TestAKeyThatNoHeaderCanHoldIsNotTold(t *testing.T) {
	c := serve(t, sandbox.WithSMSMO(sandbox.Receiver{URL: unserved(t), Client: http.DefaultClient}))
	sent, err := c.sb.SendSMSMO(t.Context(), sandbox.InboundMessage{Sender: "1", Destination: "1", AuthKey: "hidden\n"})
	require.NoError(t, err)
	assert.Contains(t, sent[0].Attempts[0].Problem, "invalid header")
	assert.NotContains(t, sent[0].Attempts[0].Problem, "hidden")
}
