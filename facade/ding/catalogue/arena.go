package catalogue

import (
	"encoding/binary"
	"hash/maphash"
	"strings"

	"github.com/airtime-go/airtime/money"
)

// A catalogue says the same things thousands of times: a currency, a name, a paragraph that a provider's products share. Every text
// is therefore kept once (but for amounts), all of them in one string, and named by its place there. What is made of such places holds no
// pointers, so that the garbage collector has nothing to look for in it.

// place is where a text lies in its arena; 0 is the empty text.
type place uint32

// arena is all texts one after another, each after its length.
type arena string

// at returns the text at the place. It shares the arena's memory.
func (a arena) at(p place) string {
	if p == 0 {
		return ""
	}
	// The length is an unsigned varint.
	length, begin := 0, int(p)
	for shift := 0; ; shift += 7 {
		b := a[begin]
		begin++
		length |= int(b&0x7f) << shift
		if b < 0x80 {
			return string(a[begin : begin+length])
		}
	}
}

// amount returns the amount at the place, where a collector kept it.
func (a arena) amount(p place) money.Decimal {
	if p == 0 {
		return money.Decimal{}
	}
	return money.MustParse(a.at(p))
}

// collector fills an arena. Its table of what is there already is given up with it.
type collector struct {
	texts strings.Builder
	slots []slot
	used  int
	seed  maphash.Seed
}

// slot is a text in the collector's table, which is addressed by the low bits of the hash; free if at is 0.
type slot struct {
	hash uint32
	at   place
}

func newCollector() *collector {
	c := &collector{slots: make([]slot, 1<<12), seed: maphash.MakeSeed()}
	c.texts.WriteByte(0)
	return c
}

// add returns the place of a text, and whether it is a new one.
func (c *collector) add(text []byte) (at place, fresh bool) {
	if len(text) == 0 {
		return 0, false
	}
	hash, mask := uint32(maphash.Bytes(c.seed, text)), uint32(len(c.slots)-1)
	i := hash & mask
	for ; c.slots[i].at != 0; i = (i + 1) & mask {
		if c.slots[i].hash == hash && arena(c.texts.String()).at(c.slots[i].at) == string(text) {
			return c.slots[i].at, false
		}
	}
	at = c.put(text)
	c.slots[i] = slot{hash, at}
	if c.used++; c.used > len(c.slots)/2 {
		c.grow()
	}
	return at, true
}

// only is add without telling more.
func (c *collector) only(text []byte) place {
	at, _ := c.add(text)
	return at
}

// put keeps a text, whether it is there already or not.
func (c *collector) put(text []byte) place {
	at := place(c.texts.Len())
	var length [binary.MaxVarintLen64]byte
	c.texts.Write(binary.AppendUvarint(length[:0], uint64(len(text))))
	c.texts.Write(text)
	return at
}

// grow makes the table four times as large.
func (c *collector) grow() {
	old := c.slots
	c.slots = make([]slot, 4*len(old))
	mask := uint32(len(c.slots) - 1)
	for _, s := range old {
		if s.at == 0 {
			continue
		}
		i := s.hash & mask
		for c.slots[i].at != 0 {
			i = (i + 1) & mask
		}
		c.slots[i] = s
	}
}

// arena returns all that was added, with little room to spare.
func (c *collector) arena() arena {
	all := c.texts.String()
	if c.texts.Cap()-len(all) > len(all)/32 {
		all = strings.Clone(all)
	}
	return arena(all)
}
