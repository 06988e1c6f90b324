// Where ids, tokens and PINs come from: the seed, and nothing else, so that a run can be repeated.

package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
)

// mint derives values that look random from the seed and from what they are for.
type mint struct{ key [sha256.Size]byte }

func newMint(seed uint64) mint {
	return mint{sha256.Sum256([]byte("airtime sandbox " + strconv.FormatUint(seed, 10)))}
}

// mac is the one derivation that everything else uses. Parts are separated, so that "a","bc" differs from "ab","c".
func (m mint) mac(parts ...string) []byte {
	h := hmac.New(sha256.New, m.key[:])
	h.Write([]byte(strings.Join(parts, "\x00")))
	return h.Sum(nil)
}

// number derives an integer from 0 up to, and without, the bound.
func (m mint) number(bound uint64, parts ...string) uint64 {
	return binary.BigEndian.Uint64(m.mac(parts...)) % bound
}

// digits derives a string of so many digits, 18 at most.
func (m mint) digits(count int, parts ...string) string {
	const enough = 1_000_000_000_000_000_000
	text := strconv.FormatUint(enough+m.number(enough, parts...), 10)
	return text[len(text)-count:]
}

// label derives a short string of letters and digits.
func (m mint) label(parts ...string) string {
	return strings.ToUpper(hex.EncodeToString(m.mac(parts...)[:6]))
}
