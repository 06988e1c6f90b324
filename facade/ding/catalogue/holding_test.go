package catalogue

import (
	"math"
	"testing"
)

// holding returns a catalogue that holds the parts for ever and loads nothing.
func holding(_ testing.TB, client Client, p parts) *Catalogue {
	c := &Catalogue{client: client}
	c.current.Store(&generation{data: newData(p), until: math.MaxInt64})
	return c
}
