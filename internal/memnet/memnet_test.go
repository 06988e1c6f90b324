package memnet

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAServerIsReachedInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := Listen()
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Hour)
			_, _ = io.WriteString(w, r.Host)
		})}
		go func() { _ = server.Serve(listener) }()
		transport := &http.Transport{DialContext: listener.Dial}
		response, err := (&http.Client{Transport: transport}).Get("http://anywhere.example/")
		require.NoError(t, err)
		said, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		assert.Equal(t, "anywhere.example", string(said))
		assert.NoError(t, response.Body.Close())
		transport.CloseIdleConnections()
		assert.NoError(t, server.Close())
		synctest.Wait()
		assert.NoError(t, listener.Close(), "a second time")
	})
}

func TestNobodyWaitsForWhatDoesNotCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := Listen()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := listener.Dial(ctx, "tcp", "anywhere.example:80")
		assert.ErrorIs(t, err, context.DeadlineExceeded, "nobody accepts")
		require.NoError(t, listener.Close())
		_, err = listener.Dial(t.Context(), "tcp", "anywhere.example:80")
		assert.ErrorIs(t, err, net.ErrClosed)
		_, err = listener.Accept()
		assert.ErrorIs(t, err, net.ErrClosed)
		assert.Equal(t, "memory", listener.Addr().String())
	})
}
