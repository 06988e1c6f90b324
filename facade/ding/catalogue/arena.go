package catalogue

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
)

// A catalogue says the same things thousands of times: a currency, a name, a paragraph that a provider's products share. Every text
// is therefore kept once, all of them in one string, and named by its place there. What is made of such places holds no
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
	length, begin := lengthAt(a, p)
	return string(a[begin : begin+length])
}

// lengthAt reads a text's length, which is an unsigned varint, and returns where the text itself begins.
func lengthAt[T ~string | ~[]byte](all T, p place) (length, begin int) {
	at := int(p)
	for shift := 0; ; shift += 7 {
		b := all[at]
		at++
		length |= int(b&0x7f) << shift
		if b < 0x80 {
			return length, at
		}
	}
}

// collector fills an arena. Its table of what is there already is given up with it.
type collector struct {
	texts []byte
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
	return &collector{texts: make([]byte, 1), slots: make([]slot, 1<<12), seed: maphash.MakeSeed()}
}

// add returns the place of a text, and whether it is a new one.
func (c *collector) add(text []byte) (at place, fresh bool) {
	if len(text) == 0 {
		return 0, false
	}
	hash, mask := uint32(maphash.Bytes(c.seed, text)), uint32(len(c.slots)-1)
	i := hash & mask
	for ; c.slots[i].at != 0; i = (i + 1) & mask {
		if c.slots[i].hash == hash && bytes.Equal(c.bytesAt(c.slots[i].at), text) {
			return c.slots[i].at, false
		}
	}
	at = place(len(c.texts))
	c.texts = append(binary.AppendUvarint(c.texts, uint64(len(text))), text...)
	c.slots[i] = slot{hash, at}
	if c.used++; c.used > len(c.slots)/2 {
		c.grow()
	}
	return at, true
}

func (c *collector) bytesAt(p place) []byte {
	length, begin := lengthAt(c.texts, p)
	return c.texts[begin : begin+length]
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

// arena returns all that was added, without a byte to spare.
func (c *collector) arena() arena { return arena(c.texts) }
