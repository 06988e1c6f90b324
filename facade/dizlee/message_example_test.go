package dizlee_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/airtime-go/airtime/facade/dizlee"
)

func ExampleNewMessageHandler() {
	handler, err := dizlee.NewMessageHandler(
		func(_ context.Context, message dizlee.Message) error {
			// Store it here: nil means that it is safe.
			fmt.Printf("%q to %s, in %s\n", message.Text, message.Destination, message.Language)
			return nil
		},
		dizlee.WithAuthKeys("the-new-key", "the-old-key"),
		dizlee.WithoutRepeats(10*time.Minute),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(handler) // in life, an http.Server with ReadHeaderTimeout, behind TLS
	defer server.Close()

	// What the operator does; the second time, because the first answer was lost.
	for range 2 {
		request, _ := http.NewRequest(http.MethodPost, server.URL, strings.NewReader(
			`{"Sender":"9647700900123","Destination":"1234","MessageType":"1","MessageText":"إلغاء"}`))
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("authkey", "the-old-key")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			fmt.Println(err)
			return
		}
		_ = answer.Body.Close()
		fmt.Println(answer.Status)
	}
	// Output:
	// "إلغاء" to 1234, in Ar
	// 200 OK
	// 200 OK
}
