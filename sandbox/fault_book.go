// The faults that are injected, and which of them strike a request.

package sandbox

import (
	"errors"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
)

// FaultStatus is an injected fault and what has become of it.
type FaultStatus struct {
	// ID counts the faults of a sandbox from 1, those that were removed included.
	ID    int   `json:"id"`
	Fault Fault `json:"fault"`
	// Matched is how many requests it fitted, and Struck how many it struck.
	Matched int `json:"matched"`
	Struck  int `json:"struck"`
}

// Inject makes something go wrong from now on, until remove is called (a second call does nothing), [Sandbox.ClearFaults]
// is, or the fault has struck Count times. The error names every member of the fault that makes no sense; nothing is
// injected then.
func (s *Sandbox) Inject(f Fault) (remove func(), err error) {
	injected, err := s.faults.add(f)
	if err != nil {
		return nil, err
	}
	return func() { s.faults.remove(injected.ID) }, nil
}

// RemoveFault removes the fault with that [FaultStatus].ID, and reports whether there was one.
func (s *Sandbox) RemoveFault(id int) bool { return s.faults.remove(id) }

// ClearFaults removes all faults. Delays that are under way, and hidden records, stay what they are.
func (s *Sandbox) ClearFaults() { s.faults.clear() }

// Faults returns the faults that are injected, oldest first. Those that have struck for the last time are among them.
func (s *Sandbox) Faults() []FaultStatus { return s.faults.list() }

// faultBook holds the injected faults. It is safe for concurrent use.
type faultBook struct {
	ids mint
	// busy spares a sandbox without faults the reading of every request.
	busy atomic.Bool

	mu       sync.Mutex
	added    int
	injected []*injectedFault
}

// injectedFault is a fault with its history.
type injectedFault struct {
	FaultStatus
	// seen counts the requests that fitted, by operation and reference. Only draws need it.
	seen map[string]int
}

func newFaultBook(ids mint, faults []Fault) (*faultBook, error) {
	b := &faultBook{ids: ids}
	var problems []error
	for _, f := range faults {
		_, err := b.add(f)
		problems = append(problems, err)
	}
	return b, errors.Join(problems...)
}

func (b *faultBook) add(f Fault) (FaultStatus, error) {
	f, err := f.completed()
	if err != nil {
		return FaultStatus{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.added++
	i := &injectedFault{FaultStatus: FaultStatus{ID: b.added, Fault: f}, seen: map[string]int{}}
	b.injected = append(b.injected, i)
	b.busy.Store(true)
	return i.FaultStatus, nil
}

// remove reports whether there was such a fault.
func (b *faultBook) remove(id int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := len(b.injected)
	b.injected = slices.DeleteFunc(b.injected, func(i *injectedFault) bool { return i.ID == id })
	b.busy.Store(len(b.injected) > 0)
	return len(b.injected) < before
}

func (b *faultBook) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.injected = nil
	b.busy.Store(false)
}

func (b *faultBook) list() []FaultStatus {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]FaultStatus, 0, len(b.injected))
	for _, i := range b.injected {
		all = append(all, i.FaultStatus)
	}
	return all
}

// strike returns the faults that strike a request, in the order in which they were injected: at most one that takes the
// answer's place among them.
func (b *faultBook) strike(about subject) []Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	var striking []Fault
	destroyed := false
	for _, i := range b.injected {
		if !about.fits(i.Fault) || !i.wants(b.ids, about) {
			continue
		}
		if i.Fault.destroys() && destroyed {
			continue
		}
		destroyed = destroyed || i.Fault.destroys()
		i.Struck++
		striking = append(striking, i.Fault)
	}
	return striking
}

// wants notes a request that fits and reports whether the fault would strike it. It draws whatever other faults do, so
// that each decides by itself.
func (i *injectedFault) wants(ids mint, about subject) bool {
	i.Matched++
	drawn := i.drawn(ids, about.key())
	return drawn && i.Matched > i.Fault.Skip && (i.Fault.Count == 0 || i.Struck < i.Fault.Count)
}

// drawn decides by the probability. The draw depends on the request and on how often it came before, and not on what
// other requests do meanwhile.
func (i *injectedFault) drawn(ids mint, key string) bool {
	if i.Fault.Probability == 0 || i.Fault.Probability == 1 {
		return true
	}
	const steps = 1 << 53 // as many as a float64 can tell apart
	i.seen[key]++
	draw := ids.number(steps, "fault", strconv.Itoa(i.ID), key, strconv.Itoa(i.seen[key]))
	return float64(draw) < i.Fault.Probability*steps
}
