package catalogue

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/airtime-go/airtime/facade/ding"
	"github.com/airtime-go/airtime/money"
)

// The large answers say the same things again and again, in the same order. The reader recognises what it has met before by
// its bytes, and lets encoding/json read only what is new: names, lists, unusual amounts. It knows how to walk from one value to the next
// and what escapes stand for, and no more of JSON than that. Whatever is unusual about an answer makes it give up, and encoding/json
// reads the whole of it, so that both always agree.

// errUnusual gives an answer up to encoding/json: it is no JSON, does not fit, or is rare enough not to be provided for.
var errUnusual = errors.New("catalogue: not for the fast reader")

type reader struct {
	body []byte
	at   int
	*collector
	known []string
	// fields are those met so far, by their names with quotes as they stand in the body.
	fields map[string]*field
	// field is the one whose value is read.
	field *field
	// unescaped is room for a text that had escapes.
	unescaped []byte
	// latest is the last amount as it stands in the body, and latestAt its place: one without tax is the one with it, mostly.
	latest   []byte
	latestAt place
}

// field is a name in the body.
type field struct {
	quoted []byte
	// name is the known name that is meant, and bit one of its own; empty and 0 if nobody knows it.
	name string
	bit  uint64
	// next is the field that came after it the last time, and first the first one in its value: they mostly will again.
	next, first *field
	// latest is the last value as it stands in the body, and what it was read as: often the next is the same.
	latest []byte
	number uint32
}

// newReader reads a body whose objects have fields of these names, at most 60, no matter which object has which.
func newReader(body []byte, known []string) *reader {
	return &reader{
		body:      body,
		collector: newCollector(),
		known:     append([]string{"ResultCode", "ErrorCodes", "Items"}, known...),
		fields:    map[string]*field{},
		field:     &field{},
	}
}

// envelope is what every answer has beside its items.
type envelope struct {
	ResultCode ding.ResultCode
	ErrorCodes []ding.ErrorCode
}

// answer reads an answer to its end, and calls item at each of its items.
func (r *reader) answer(item func() error) (e envelope, err error) {
	err = r.object(func(name string) error {
		switch name {
		case "ResultCode":
			return r.value(&e.ResultCode)
		case "ErrorCodes":
			return r.value(&e.ErrorCodes)
		case "Items":
			return r.array(item)
		}
		return r.skip()
	})
	if err == nil && (r.next() != 0 || r.at < len(r.body)) {
		err = errUnusual
	}
	return e, err
}

// object calls read with each name of an object, which is empty if nobody knows it, to read the value or to skip it. A null has
// no fields. A field that comes twice is unusual.
func (r *reader) object(read func(name string) error) error {
	if r.next() != '{' {
		return r.null()
	}
	r.at++
	if r.next() == '}' {
		r.at++
		return nil
	}
	expected := &r.field.first
	for seen := uint64(0); ; {
		f, err := r.name(*expected)
		if err != nil {
			return err
		}
		*expected = f
		if seen&f.bit != 0 {
			return errUnusual
		}
		seen |= f.bit
		r.field = f
		if err := read(f.name); err != nil {
			return err
		}
		// The value may have been an object with fields of its own.
		r.field, expected = f, &f.next
		switch r.next() {
		case ',':
			r.at++
		case '}':
			r.at++
			return nil
		default:
			return errUnusual
		}
	}
}

// array calls item at each element. A null has no elements.
func (r *reader) array(item func() error) error {
	if r.next() != '[' {
		return r.null()
	}
	r.at++
	if r.next() == ']' {
		r.at++
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		switch r.next() {
		case ',':
			r.at++
		case ']':
			r.at++
			return nil
		default:
			return errUnusual
		}
	}
}

// name reads a name and the colon after it. One is expected, if it is not nil.
func (r *reader) name(f *field) (*field, error) {
	if r.next() != '"' {
		return nil, errUnusual
	}
	if f != nil && r.ahead(f.quoted) {
		r.at += len(f.quoted)
	} else {
		quoted, err := r.raw()
		if err != nil {
			return nil, err
		}
		if f, err = r.fieldOf(quoted); err != nil {
			return nil, err
		}
	}
	if r.next() != ':' {
		return nil, errUnusual
	}
	r.at++
	return f, nil
}

func (r *reader) fieldOf(quoted []byte) (*field, error) {
	if met := r.fields[string(quoted)]; met != nil {
		return met, nil
	}
	var spelled string
	if err := json.Unmarshal(quoted, &spelled); err != nil {
		return nil, err
	}
	f := &field{quoted: quoted}
	for i, known := range r.known {
		// The same name counts more than one that differs in case.
		if known == spelled || f.name == "" && strings.EqualFold(known, spelled) {
			f.name, f.bit = known, 1<<i
		}
	}
	const most = 1024
	if len(r.fields) < most {
		r.fields[string(quoted)] = f
	}
	return f, nil
}

// text reads a string; a null leaves what is there.
func (r *reader) text(into *place) error {
	raw, number, err := r.orLatest()
	if err != nil {
		return err
	}
	if raw == nil {
		*into = place(number)
		return nil
	}
	if string(raw) == "null" {
		return nil
	}
	if raw[0] != '"' {
		return errUnusual
	}
	text := raw[1 : len(raw)-1]
	if bytes.IndexByte(text, '\\') >= 0 {
		var plain bool
		if r.unescaped, plain = unescape(r.unescaped[:0], text); !plain {
			return errUnusual
		}
		text = r.unescaped
	}
	at, fresh := r.add(text)
	if fresh && !isClean(raw) {
		return errUnusual
	}
	*into, r.field.latest, r.field.number = at, raw, uint32(at)
	return nil
}

// amount reads an amount, which is kept as money writes it: as a text, of which 0 is the empty one. Most are different, so that
// looking each up would cost more than to keep it; but not rates, which are the same in most prices.
func (r *reader) amount(into *place) error { return r.decimal(into, (*collector).put) }
func (r *reader) rate(into *place) error   { return r.decimal(into, (*collector).only) }

func (r *reader) decimal(into *place, keep func(*collector, []byte) place) error {
	raw, number, err := r.orLatest()
	if err != nil || raw == nil {
		*into = place(number)
		return err
	}
	if !bytes.Equal(raw, r.latest) {
		text, err := plainAmount(raw)
		if err != nil {
			return err
		}
		r.latest, r.latestAt = raw, 0
		if string(text) != "0" {
			r.latestAt = keep(r.collector, text)
		}
	}
	*into, r.field.latest, r.field.number = r.latestAt, raw, uint32(r.latestAt)
	return nil
}

// plainAmount returns an amount as money writes it.
func plainAmount(raw []byte) ([]byte, error) {
	if isPlainAmount(raw) {
		return raw, nil
	}
	var amount money.Decimal
	err := amount.UnmarshalJSON(raw)
	return []byte(amount.String()), err
}

// isPlainAmount reports that a number is as money writes it. Nearly all are.
func isPlainAmount(raw []byte) bool {
	whole := countDigits(raw)
	if whole == 0 || whole > money.MaxDigits || raw[0] == '0' && whole > 1 {
		return false
	}
	if whole == len(raw) {
		return true
	}
	fraction := countDigits(raw[whole+1:])
	return raw[whole] == '.' && fraction > 0 && fraction <= money.MaxDigits && whole+1+fraction == len(raw)
}

// countDigits counts the digits at the beginning.
func countDigits(text []byte) (n int) {
	for n < len(text) && '0' <= text[n] && text[n] <= '9' {
		n++
	}
	return n
}

// orLatest returns the next value as it stands in the body; or nil if it is the same as the field had last, and what that was
// read as.
func (r *reader) orLatest() (raw []byte, number uint32, err error) {
	r.next()
	if latest := r.field.latest; latest != nil && r.ahead(latest) && r.endsAfter(latest) {
		r.at += len(latest)
		return nil, r.field.number, nil
	}
	raw, err = r.raw()
	return raw, 0, err
}

// endsAfter reports that a value which is ahead ends where this one does: 0.5 is ahead in 0.55.
func (r *reader) endsAfter(value []byte) bool {
	switch value[len(value)-1] {
	case '"', ']', '}':
		return true
	}
	end := r.at + len(value)
	return end < len(r.body) && isDelimiter(r.body[end])
}

// truth reads a boolean; a null leaves what is there.
func (r *reader) truth(into *bool) error {
	raw, err := r.raw()
	if err != nil {
		return err
	}
	switch string(raw) {
	case "null":
	case "true", "false":
		*into = raw[0] == 't'
	default:
		return errUnusual
	}
	return nil
}

// value reads anything.
func (r *reader) value(into any) error {
	raw, err := r.raw()
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

// skip reads over a value.
func (r *reader) skip() error {
	raw, _, err := r.orLatest()
	if err != nil || raw == nil {
		return err
	}
	if !json.Valid(raw) {
		return errUnusual
	}
	if r.field.name == "" {
		// Elsewhere, a field with a known name may mean something.
		r.field.latest = raw
	}
	return nil
}

// null reads a null.
func (r *reader) null() error {
	if raw, err := r.raw(); err != nil || string(raw) != "null" {
		return errUnusual
	}
	return nil
}

// next passes over blanks, and returns the byte there; 0 at the end.
func (r *reader) next() byte {
	for ; r.at < len(r.body); r.at++ {
		if b := r.body[r.at]; b > ' ' || !isBlank(b) {
			return b
		}
	}
	return 0
}

// ahead reports whether these bytes come next.
func (r *reader) ahead(text []byte) bool { return bytes.HasPrefix(r.body[r.at:], text) }

// raw returns the next value as it stands in the body. Where it ends is right for every value that is JSON; whether it is, remains
// to be seen.
func (r *reader) raw() ([]byte, error) {
	first := r.next()
	from := r.at
	switch first {
	case '"':
		r.at = r.afterString(from)
	case '{', '[':
		r.at = r.afterBrackets(from)
	default:
		for r.at < len(r.body) && !isDelimiter(r.body[r.at]) {
			r.at++
		}
	}
	if r.at <= from {
		return nil, errUnusual
	}
	return r.body[from:r.at], nil
}

// afterString returns the end of the string that begins there; 0 if it has none.
func (r *reader) afterString(from int) int {
	for at, quote := from+1, from; ; {
		if quote < at {
			next := bytes.IndexByte(r.body[min(at, len(r.body)):], '"')
			if next < 0 {
				return 0
			}
			quote = at + next
		}
		escape := bytes.IndexByte(r.body[at:quote], '\\')
		if escape < 0 {
			return quote + 1
		}
		at += escape + 2
	}
}

// afterBrackets returns the end of the object or array that begins there; 0 if it has none.
func (r *reader) afterBrackets(from int) int {
	depth := 0
	for at := from; at < len(r.body); at++ {
		switch r.body[at] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return at + 1
			}
		case '"':
			if at = r.afterString(at) - 1; at < 0 {
				return 0
			}
		}
	}
	return 0
}

func isBlank(b byte) bool { return b == ' ' || b == '\n' || b == '\r' || b == '\t' }

// isDelimiter reports what ends a number, true, false or null.
func isDelimiter(b byte) bool { return b == ',' || b == '}' || b == ']' || isBlank(b) }

// shared are values of which few are different, each kept once. The zero value of T is number 0.
type shared[T any] struct {
	values []T
	known  map[string]uint32
}

func newShared[T any]() *shared[T] {
	return &shared[T]{values: make([]T, 1), known: map[string]uint32{"null": 0}}
}

// read returns the number of the value that comes next. The same bytes are the same value.
func (s *shared[T]) read(r *reader, into *uint32) error {
	raw, number, err := r.orLatest()
	if err != nil || raw == nil {
		*into = number
		return err
	}
	number, known := s.known[string(raw)]
	if !known {
		var value T
		if err := json.Unmarshal(raw, &value); err != nil {
			return err
		}
		number = s.keep(string(raw), value)
	}
	*into, r.field.latest, r.field.number = number, raw, number
	return nil
}
