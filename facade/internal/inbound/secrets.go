package inbound

import (
	"crypto/sha256"
	"crypto/subtle"
)

// Secrets are the values one of which a sender has to present: several of them while one replaces another. They are kept as
// digests, so that nothing that prints them shows them.
type Secrets [][sha256.Size]byte

// NewSecrets returns them.
func NewSecrets(values ...string) Secrets {
	secrets := make(Secrets, len(values))
	for i, value := range values {
		secrets[i] = sha256.Sum256([]byte(value))
	}
	return secrets
}

// Match reports whether what was presented is one of the secrets. How long that takes tells neither which, nor how much of it
// was right: all are compared, in constant time.
func (s Secrets) Match(presented string) bool {
	digest := sha256.Sum256([]byte(presented))
	matches := 0
	for _, secret := range s {
		matches |= subtle.ConstantTimeCompare(secret[:], digest[:])
	}
	return matches == 1
}
