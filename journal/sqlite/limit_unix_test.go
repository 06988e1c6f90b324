//go:build unix

// A file that may not grow, as on a full disk: what is acknowledged is there, and nothing else is said to be.

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func init() {
	roles["limited"] = limitedChild
}

// limitedChild notes until it can't, and tells of each note, and of the error.
func limitedChild(path, _ string) error {
	const most = 200_000
	limit := syscall.Rlimit{Cur: most, Max: most}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	journal, err := Open(path)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		large := intent(fmt.Sprint("order-", n))
		large.Request = make([]byte, 4000)
		_, fresh, err := journal.Begin(context.Background(), large)
		if err != nil || !fresh {
			return errors.Join(err, journal.Close())
		}
		fmt.Println("begun", large.Reference)
	}
}

func TestAFileThatMayNotGrowLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	child, lines := startChild(t, "limited", path, "")
	begun := []string{}
	failure := ""
	for lines.Scan() {
		what, rest, _ := strings.Cut(lines.Text(), " ")
		if what == "begun" {
			begun = append(begun, rest)
			continue
		}
		failure += rest
	}
	require.Error(t, child.Wait())
	assert.Contains(t, failure, "the file may not grow (ulimit -f)")
	assert.Contains(t, failure, path)
	require.NotEmpty(t, begun)
	assert.ElementsMatch(t, begun, opened(t, open(t, path)))
}
