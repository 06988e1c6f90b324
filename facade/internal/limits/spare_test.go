package limits_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/airtime-go/airtime/facade/internal/limits"
)

func TestWhatIsSpare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limits.New(window, map[string]int{"ListTransferRecords": 4})
		spare := func() (percents []int) {
			for _, percent := range []int{0, 25, 50, 75} {
				if l.Spare("ListTransferRecords", percent) {
					percents = append(percents, percent)
				}
			}
			return percents
		}
		for _, want := range [][]int{{0, 25, 50, 75}, {0, 25, 50}, {0, 25}, {0}, nil} {
			assert.Equal(t, want, spare())
			request, err := l.Acquire(t.Context(), "ListTransferRecords", 0, nil)
			if want == nil {
				assert.Error(t, err)
				break
			}
			assert.NoError(t, err)
			request.Answered()
		}
		time.Sleep(window + limits.Margin)
		assert.Len(t, spare(), 4, "in the next window")
		assert.True(t, l.Spare("SendTransfer", 99), "what has no limit always is")
		assert.True(t, (*limits.Limiter)(nil).Spare("SendTransfer", 99))
	})
}
