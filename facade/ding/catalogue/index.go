package catalogue

import (
	"hash/maphash"
	"slices"
)

// index finds rows by a key that they hold themselves, in a third of the memory of a map. Rows with an empty key are not in it.
type index struct {
	// slots is addressed by the low bits of the hash.
	slots []indexSlot
	// earlier has for each row the one before it with the same key; nil if all keys are different.
	earlier []uint32
	seed    maphash.Seed
}

// indexSlot is a key: its hash, and the last row that has it. Rows count from 1 here, and in earlier; 0 is none.
type indexSlot struct{ hash, row uint32 }

// newIndex sorts n rows in by their keys.
func newIndex(n int, key func(row uint32) string) index {
	size := 8
	for size*3/4 < n {
		size *= 2
	}
	x := index{slots: make([]indexSlot, size), seed: maphash.MakeSeed()}
	used := 0
	for row := range uint32(n) {
		text := key(row)
		if text == "" {
			continue
		}
		hash, at := x.slot(text, key)
		if was := x.slots[at].row; was != 0 {
			if x.earlier == nil {
				x.earlier = make([]uint32, n)
			}
			x.earlier[row] = was
		} else {
			used++
		}
		x.slots[at] = indexSlot{hash, row + 1}
	}
	x.shrink(used)
	return x
}

// shrink makes the slots as few as the keys allow, if the rows were many more.
func (x *index) shrink(used int) {
	size := len(x.slots)
	for size > 8 && size/2*3/4 >= used {
		size /= 2
	}
	if size == len(x.slots) {
		return
	}
	old, mask := x.slots, uint32(size-1)
	x.slots = make([]indexSlot, size)
	for _, s := range old {
		if s.row == 0 {
			continue
		}
		at := s.hash & mask
		for x.slots[at].row != 0 {
			at = (at + 1) & mask
		}
		x.slots[at] = s
	}
}

// slot returns the key's hash, and where the key is or would be.
func (x *index) slot(wanted string, key func(row uint32) string) (hash, at uint32) {
	hash = uint32(maphash.String(x.seed, wanted))
	mask := uint32(len(x.slots) - 1)
	for at = hash & mask; ; at = (at + 1) & mask {
		if s := x.slots[at]; s.row == 0 || s.hash == hash && key(s.row-1) == wanted {
			return hash, at
		}
	}
}

// last returns the last row that has the key.
func (x *index) last(wanted string, key func(row uint32) string) (row uint32, found bool) {
	_, at := x.slot(wanted, key)
	if x.slots[at].row == 0 {
		return 0, false
	}
	return x.slots[at].row - 1, true
}

// all returns the rows that have the key, in their order.
func (x *index) all(wanted string, key func(row uint32) string) []uint32 {
	row, found := x.last(wanted, key)
	if !found {
		return nil
	}
	rows := []uint32{row}
	for x.earlier != nil && x.earlier[row] != 0 {
		row = x.earlier[row] - 1
		rows = append(rows, row)
	}
	slices.Reverse(rows)
	return rows
}

// anyOf returns the rows that have one of the keys.
func (x *index) anyOf(wanted []string, key func(row uint32) string) []uint32 {
	var rows []uint32
	for _, one := range wanted {
		rows = append(rows, x.all(one, key)...)
	}
	return rows
}
