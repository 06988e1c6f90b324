package catalogue

import (
	"math/bits"
	"regexp"
	"regexp/syntax"
	"sync"
	"unicode/utf8"
)

// What a pattern can match at all, told by its length and its first characters. A number of no known country is held against the
// patterns of all providers, thousands of them: compiled, they would take more memory than the rest of the catalogue.

const (
	// outlined is how many characters an outline tells of.
	outlined = 8
	// unbounded is the length of what has no bound.
	unbounded = 1 << 14
	// charKinds is how many kinds of characters are told apart: ten digits, and one for all others.
	charKinds = 11
	// anything is the set of all characters.
	anything uint16 = 1<<charKinds - 1
)

// lookAround matches a look-ahead or look-behind without groups and escaped brackets in it; and, so that none is seen in them, escapes
// and classes.
var lookAround = regexp.MustCompile(`\(\?<?[=!](?:[^()\[\]\\]|\\d|\[[^\[\]\\]+\])*\)|\\.|\[\^?\]?(?:[^\]\\]|\\.)*\]`)

// withoutLookAround returns a pattern that matches all that this one does, and more.
func withoutLookAround(pattern string) string {
	return lookAround.ReplaceAllStringFunc(pattern, func(found string) string {
		if found[0] == '(' {
			return "(?:)"
		}
		return found
	})
}

// outline is what every text that the pattern matches is like. Sets are bits: ten for the digits, and one for all other characters.
type outline struct {
	once             sync.Once
	lead             [outlined]uint16
	shortest, widest int16
	// none: nothing can be told.
	none bool
}

// excludes reports that the pattern cannot match the account number; false says nothing.
func (o *outline) excludes(pattern, account string) bool {
	o.once.Do(func() { o.draw(pattern) })
	if o.none {
		return false
	}
	if length := utf8.RuneCountInString(account); length < int(o.shortest) || length > int(o.widest) {
		return true
	}
	i := 0
	for _, char := range account {
		if i == outlined {
			break
		}
		if o.lead[i]&setOf(char, char) == 0 {
			return true
		}
		i++
	}
	return false
}

// leading returns the sets of the first characters.
func (o *outline) leading(pattern string) [outlined]uint16 {
	o.once.Do(func() { o.draw(pattern) })
	return o.lead
}

// leadOf returns the kinds of an account number's first two characters. What matches one that has no
// second has all kinds there.
func leadOf(account string) (first, second int) {
	kinds := [2]int{}
	at := 0
	for _, char := range account {
		if at == len(kinds) {
			break
		}
		kinds[at] = bits.TrailingZeros16(setOf(char, char))
		at++
	}
	return kinds[0], kinds[1]
}

func (o *outline) draw(pattern string) {
	o.none = true
	for i := range o.lead {
		o.lead[i] = anything
	}
	if len(pattern) > longestPattern {
		return
	}
	if pattern = withoutLookAround(pattern); !isPlain(pattern) {
		return
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return
	}
	s := sketchOf(parsed)
	if !s.begins {
		s.lead = nil
	}
	if !s.ends {
		s.widest = unbounded
	}
	o.none, o.shortest, o.widest = !s.begins, int16(s.shortest), int16(s.widest)
	copy(o.lead[:], s.lead)
}

// setOf returns the set of a range of characters.
func setOf(from, to rune) (set uint16) {
	for digit := max(from, '0'); digit <= min(to, '9'); digit++ {
		set |= 1 << (digit - '0')
	}
	if from < '0' || to > '9' {
		set |= 1 << 10
	}
	return set
}

// sketch is an outline of a part of a pattern. lead tells of the first characters, of no more than shortest.
type sketch struct {
	lead             []uint16
	shortest, widest int
	begins, ends     bool
}

func (s sketch) bounded() sketch {
	s.shortest, s.widest = min(s.shortest, unbounded), min(s.widest, unbounded)
	s.lead = s.lead[:min(len(s.lead), outlined)]
	return s
}

func sketchOf(re *syntax.Regexp) sketch {
	switch re.Op {
	case syntax.OpLiteral:
		s := sketch{shortest: len(re.Rune), widest: len(re.Rune)}
		for _, char := range re.Rune {
			s.lead = append(s.lead, setOf(char, char))
		}
		return s.bounded()
	case syntax.OpCharClass:
		var set uint16
		for i := 0; i+1 < len(re.Rune); i += 2 {
			set |= setOf(re.Rune[i], re.Rune[i+1])
		}
		return sketch{lead: []uint16{set}, shortest: 1, widest: 1}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return sketch{lead: []uint16{anything}, shortest: 1, widest: 1}
	case syntax.OpBeginText:
		return sketch{begins: true}
	case syntax.OpEndText:
		return sketch{ends: true}
	case syntax.OpEmptyMatch:
		return sketch{}
	case syntax.OpCapture:
		return sketchOf(re.Sub[0])
	case syntax.OpConcat:
		whole := sketch{}
		for _, sub := range re.Sub {
			whole = whole.then(sketchOf(sub))
		}
		return whole
	case syntax.OpAlternate:
		return either(re.Sub)
	case syntax.OpStar:
		return sketch{widest: unbounded}
	case syntax.OpQuest:
		return sketch{widest: sketchOf(re.Sub[0]).widest}
	case syntax.OpPlus:
		return repeated(sketchOf(re.Sub[0]), 1, -1)
	case syntax.OpRepeat:
		return repeated(sketchOf(re.Sub[0]), re.Min, re.Max)
	}
	return sketch{widest: unbounded}
}

// then is one part after another. What follows a part whose length varies can be anywhere.
func (s sketch) then(next sketch) sketch {
	joined := sketch{lead: s.lead, shortest: s.shortest + next.shortest, widest: s.widest + next.widest, ends: next.ends || s.ends && next.widest == 0}
	joined.begins = s.begins || s.widest == 0 && next.begins
	if s.shortest == s.widest && len(s.lead) == s.shortest {
		joined.lead = append(s.lead[:len(s.lead):len(s.lead)], next.lead...)
	}
	return joined.bounded()
}

func either(alternatives []*syntax.Regexp) sketch {
	all := sketchOf(alternatives[0])
	for _, alternative := range alternatives[1:] {
		other := sketchOf(alternative)
		lead := make([]uint16, min(len(all.lead), len(other.lead)))
		for i := range lead {
			lead[i] = all.lead[i] | other.lead[i]
		}
		all = sketch{
			lead: lead, shortest: min(all.shortest, other.shortest), widest: max(all.widest, other.widest),
			begins: all.begins && other.begins, ends: all.ends && other.ends,
		}
	}
	return all
}

// repeated is a part that comes so many times; at most below 0 is no bound.
func repeated(s sketch, least, most int) sketch {
	// An anchor within what is repeated is rare, and not worth a thought.
	s.begins, s.ends = false, false
	whole := sketch{}
	for range min(least, outlined) {
		whole = whole.then(s)
	}
	whole.shortest = s.shortest * least
	whole.widest = unbounded
	if most >= 0 {
		whole.widest = s.widest * most
	}
	if least == 0 {
		whole.lead = nil
	}
	return whole.bounded()
}
