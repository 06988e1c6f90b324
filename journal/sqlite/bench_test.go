// What a note costs: alone and in company, with a commit for each and with group commit.

package sqlite

import (
	"context"
	"fmt"
	"os"
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

// BenchmarkFsync is what the disk takes for a note's worth of bytes: the measure for the others.
func BenchmarkFsync(b *testing.B) {
	file, err := os.Create(filepath.Join(b.TempDir(), "file"))
	require.NoError(b, err)
	defer file.Close()
	pages := make([]byte, 3*4096)
	for b.Loop() {
		_, err := file.Write(pages)
		require.NoError(b, err)
		require.NoError(b, file.Sync())
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

// BenchmarkOpen opens a journal of 60 000 settled entries, whose content is checked.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "journal")
	journal, err := Open(path)
	require.NoError(b, err)
	require.NoError(b, journal.writer.do(b.Context(), func(t *transaction) error {
		for n := range 60_000 {
			i := intent(fmt.Sprintf("order-%08d", n))
			if _, err := t.change(t.insert, i.Scope, i.Operation, i.Reference, i.Request, i.NotedAt.Format(timeLayout), "nobody", 0); err != nil {
				return err
			}
			if _, err := t.change(t.settle, "accepted", []byte(`{"TransferRef":"7"}`), "answer", i.NotedAt.Format(timeLayout),
				i.Scope, i.Operation, i.Reference, "nobody"); err != nil {
				return err
			}
		}
		return nil
	}))
	require.NoError(b, journal.Close())
	file, err := os.Stat(path)
	require.NoError(b, err)
	require.Less(b, file.Size(), int64(checkedSize))
	for b.Loop() {
		journal, err := Open(path)
		require.NoError(b, err)
		require.NoError(b, journal.Close())
	}
	b.ReportMetric(float64(file.Size())/(1<<20), "MiB")
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
