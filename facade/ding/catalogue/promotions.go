package catalogue

import (
	"iter"
	"strings"
	"time"

	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/money"
)

// Running reports whether the promotion is under way at the time: from StartUTC to EndUTC, both included. An end in the year
// 9999 is none, and so is one that is not given; a start that is not given lies in the past.
func Running(promotion *ding.Promotion, at time.Time) bool {
	begun := promotion.StartUTC.IsZero() || !at.Before(promotion.StartUTC.Time)
	return begun && (IsOpenEnded(promotion) || !at.After(promotion.EndUTC.Time))
}

// IsOpenEnded reports that no end of the promotion is set: EndUTC is in the year 9999, or missing.
func IsOpenEnded(promotion *ding.Promotion) bool {
	return promotion.EndUTC.IsZero() || promotion.EndUTC.OpenEnded()
}

// RunningPromotions yields the promotions of the providers that pass the filter and that are under way at the time.
func (d *Data) RunningPromotions(filter Filter, at time.Time) iter.Seq[*ding.Promotion] {
	return func(yield func(*ding.Promotion) bool) {
		for promotion := range d.Promotions(filter) {
			if Running(promotion, at) && !yield(promotion) {
				return
			}
		}
	}
}

// PromotionDates returns the days in a promotion's Dates, which are text for display, separated by semicolons; none if the
// promotion runs without fixed days.
func PromotionDates(text ding.LocalizedPromotionDescription) []string {
	var days []string
	for day := range strings.SplitSeq(text.Dates, ";") {
		if day = strings.TrimSpace(day); day != "" {
			days = append(days, day)
		}
	}
	return days
}

// Bonuses returns what the promotion adds to a transfer of this SendValue, which is in the promotion's CurrencyISO. There are none
// below MinimumSendAmount; otherwise they are those of the first range in the text's SendAmounts that holds the value. A
// Maximum of zero sets no bound. A BonusType that has no constant is one that came later: show it as it is.
func Bonuses(promotion *ding.Promotion, text ding.LocalizedPromotionDescription, sendValue money.Decimal) []ding.PromotionBonus {
	if sendValue.Cmp(promotion.MinimumSendAmount) < 0 {
		return nil
	}
	for _, amounts := range text.SendAmounts {
		if sendValue.Cmp(amounts.Minimum) >= 0 && (amounts.Maximum.IsZero() || sendValue.Cmp(amounts.Maximum) <= 0) {
			return amounts.Bonuses
		}
	}
	return nil
}
