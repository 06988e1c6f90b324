package catalogue

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/money"
	"github.com/airtime-go/airtime/wire"
)

func TestAPromotionRunsFromItsStartToItsEnd(t *testing.T) {
	day := func(d int) wire.Time { return wire.Time{Time: time.Date(2026, 11, d, 12, 0, 0, 0, time.UTC)} }
	var endless wire.Time
	assert.NoError(t, endless.UnmarshalJSON([]byte(`"9999-12-31T23:59:59.9999999"`)))
	for name, tc := range map[string]struct {
		start, end    wire.Time
		at            wire.Time
		running, open bool
	}{
		"within":             {day(1), day(9), day(5), true, false},
		"at its start":       {day(1), day(9), day(1), true, false},
		"at its end":         {day(1), day(9), day(9), true, false},
		"before":             {day(2), day(9), day(1), false, false},
		"after":              {day(1), day(8), day(9), false, false},
		"without end":        {day(1), endless, day(30), true, true},
		"before one without": {day(10), endless, day(9), false, true},
		"no dates at all":    {wire.Time{}, wire.Time{}, day(9), true, true},
	} {
		t.Run(name, func(t *testing.T) {
			promotion := &ding.Promotion{StartUTC: tc.start, EndUTC: tc.end, ProviderCode: "P"}
			assert.Equal(t, tc.running, Running(promotion, tc.at.Time))
			assert.Equal(t, tc.open, IsOpenEnded(promotion))
			found := 0
			for range newData(parts{promotions: []ding.Promotion{*promotion}}).RunningPromotions(Filter{}, tc.at.Time) {
				found++
			}
			assert.Equal(t, tc.running, found == 1)
		})
	}
}

func TestDatesAreSeparatedBySemicolons(t *testing.T) {
	for dates, want := range map[string][]string{
		"":                             nil,
		"  ":                           nil,
		"1 Nov 2026":                   {"1 Nov 2026"},
		"1 Nov 2026; 15 Nov 2026;":     {"1 Nov 2026", "15 Nov 2026"},
		";;1 Nov 2026 ;; 2 Nov, all; ": {"1 Nov 2026", "2 Nov, all"},
	} {
		assert.Equal(t, want, PromotionDates(ding.LocalizedPromotionDescription{Dates: dates}), dates)
	}
}

func TestBonusesAreThoseOfTheRangeThatHoldsTheValue(t *testing.T) {
	bonus := func(kind ding.BonusType, quantity string) []ding.PromotionBonus {
		return []ding.PromotionBonus{{BonusType: kind, Quantity: money.MustParse(quantity)}}
	}
	amounts := func(from, to string, bonuses []ding.PromotionBonus) ding.PromotionSendAmount {
		return ding.PromotionSendAmount{Minimum: money.MustParse(from), Maximum: money.MustParse(to), Bonuses: bonuses}
	}
	promotion := &ding.Promotion{MinimumSendAmount: money.MustParse("5")}
	text := ding.LocalizedPromotionDescription{SendAmounts: []ding.PromotionSendAmount{
		amounts("1", "9.99", bonus("%", "50")), amounts("10", "20", bonus("x", "2")), amounts("30", "0", bonus("CRYSTALS", "7")),
	}}
	for value, want := range map[string][]ding.PromotionBonus{
		"4.99":  nil,
		"5":     bonus("%", "50"),
		"9.99":  bonus("%", "50"),
		"9.995": nil,
		"10.00": bonus("x", "2"),
		"20":    bonus("x", "2"),
		"20.01": nil,
		"1000":  bonus("CRYSTALS", "7"),
	} {
		assert.Equal(t, want, Bonuses(promotion, text, money.MustParse(value)), value)
	}
}
