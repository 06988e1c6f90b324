package catalogue

import "time"

// Holding says how a catalogue stands with one part: as of when it is, and whether the service could be asked last time.
type Holding struct {
	Part Part
	// Items is how many items the part has.
	Items int
	// AsOf is when the answer in use left the service, or when the service last confirmed that nothing has changed since; the zero time if
	// none is in use.
	AsOf time.Time
	// FreshUntil is until when it is used without asking again; the zero time if it is asked about every time.
	FreshUntil time.Time
	// Err is what the last request came to if it failed; nil otherwise. An older answer stands in while AsOf is not the zero time.
	Err error
}

// Holdings returns all parts of the generation in use, in the order in which they are declared: for "prices as of", for metrics and for
// checks of health. It asks nothing and never waits for the service.
func (c *Catalogue) Holdings() []Holding {
	g := c.current.Load()
	holdings := make([]Holding, 0, partCount)
	for i, s := range c.sources {
		holding := Holding{Part: s.part, Err: s.failed()}
		if g != nil && !g.answers[i].missing() {
			a := g.answers[i]
			holding.Items, holding.AsOf, holding.FreshUntil = a.items, a.born, a.freshUntil()
		}
		holdings = append(holdings, holding)
	}
	return holdings
}

// failed is what the last request came to if it failed.
func (s *source) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}
