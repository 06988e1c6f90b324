// What a note costs: alone and in company, with a commit for each and with group commit.

package sqlite

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/airtime-go/airtime/facade"
)

// withBatch bounds the notes per commit: 1 is what it would be without group commit.
func withBatch(limit int) Option {
	return func(s *settings) error {
		s.maxBatch = limit
		return nil
	}
}

func BenchmarkBegin(b *testing.B) {
	for _, goroutines := range []int{1, 64} {
		for _, batch := range []int{1, maxBatch} {
			b.Run(fmt.Sprintf("goroutines=%d/batch=%d", goroutines, batch), func(b *testing.B) {
				journal, err := Open(filepath.Join(b.TempDir(), "journal"), withBatch(batch))
				require.NoError(b, err)
				defer func() { require.NoError(b, journal.Close()) }()
				beginAll(b, journal, goroutines)
			})
		}
	}
}

// beginAll shares b.N fresh intents among the goroutines.
func beginAll(b *testing.B, journal *Journal, goroutines int) {
	var next atomic.Int64
	failures := make(chan error, goroutines)
	b.ResetTimer()
	for range goroutines {
		go func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if _, _, err := journal.Begin(context.Background(), intent(fmt.Sprintf("order-%08d", n))); err != nil {
					failures <- err
					return
				}
			}
			failures <- nil
		}()
	}
	for range goroutines {
		require.NoError(b, <-failures)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "notes/s")
}

// BenchmarkOpen opens a journal of 100 000 entries, whose content is checked.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "journal")
	journal, err := Open(path)
	require.NoError(b, err)
	require.NoError(b, journal.writer.do(b.Context(), func(t *transaction) error {
		for n := range 100_000 {
			i := intent(fmt.Sprintf("order-%08d", n))
			if _, err := t.change(t.insert, i.Scope, i.Operation, i.Reference, i.Request, i.NotedAt.Format(timeLayout), "nobody"); err != nil {
				return err
			}
		}
		return nil
	}))
	require.NoError(b, journal.Close())
	for b.Loop() {
		journal, err := Open(path)
		require.NoError(b, err)
		require.NoError(b, journal.Close())
	}
}

// noted is when the intents of these tests were noted.
var noted = time.Date(2026, 3, 4, 5, 6, 7, 890, time.UTC)

const scope = "ding https://api.dingconnect.com"

func key(reference string) facade.Key {
	return facade.Key{Scope: scope, Operation: "SendTransfer", Reference: reference}
}

func intent(reference string) facade.Intent {
	return facade.Intent{Key: key(reference), Request: []byte(`{"AccountNumber":"447700900123","SendValue":"5.00","SkuCode":"GBXX","DistributorRef":"` + reference + `"}`), NotedAt: noted}
}
