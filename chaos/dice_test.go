// Dice: everything that a world leaves to chance, drawn from its seed.

package chaos

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"
)

// dice draw from a seed. What is drawn depends on what it is drawn for, and not on what was drawn before: goroutines may
// draw in any order.
type dice uint64

// roll returns the source of what is drawn about something.
func (d dice) roll(about ...any) *rand.Rand {
	hash := fnv.New64a()
	_, _ = fmt.Fprintf(hash, "%d|%v", uint64(d), about) // a hash takes everything
	return rand.New(rand.NewPCG(uint64(d), hash.Sum64()))
}

// chance is true with a probability.
func (d dice) chance(probability float64, about ...any) bool {
	return d.roll(about...).Float64() < probability
}

// pick returns a number from 0 to n-1.
func (d dice) pick(n int, about ...any) int { return d.roll(about...).IntN(n) }

// between returns a time of any length, to the nanosecond, so that no two events fall on the same moment.
func (d dice) between(least, most time.Duration, about ...any) time.Duration {
	return least + time.Duration(d.roll(about...).Int64N(int64(most-least)+1))
}

// spread is between with short times as likely as long ones: 1 to 10 ms come as often as 1 to 10 s.
func (d dice) spread(least, most time.Duration, about ...any) time.Duration {
	share := d.roll(about...).Float64()
	return time.Duration(float64(least) * math.Pow(float64(most)/float64(least), share))
}
