// How a journal is used, with a client and by hand.

package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/journal/sqlite"
)

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "airtime")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()

	journal, err := sqlite.Open(filepath.Join(dir, "airtime.journal"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer journal.Close()

	key := facade.Key{Scope: "ding https://api.dingconnect.com", Operation: "SendTransfer", Reference: "order-1"}
	intent := facade.Intent{Key: key, Request: []byte(`{"DistributorRef":"order-1"}`), NotedAt: time.Now()}
	for range 2 {
		_, fresh, err := journal.Begin(ctx, intent)
		fmt.Println("may be sent:", fresh, err)
	}
	err = journal.Settle(ctx, key, facade.Settlement{Outcome: facade.OutcomeAccepted, By: "answer", SettledAt: time.Now()})
	fmt.Println("settled:", err)
	// Output:
	// may be sent: true <nil>
	// may be sent: false <nil>
	// settled: <nil>
}
