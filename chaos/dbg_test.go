package chaos
import ("testing";"fmt")
func TestDbg(t *testing.T) {
		p := planFor(seedOf("a failing provider", 1))
		e := run(t, p, mutation{})
		k := 0
		for r, g := range e.sends() { if r.kind==transfer {
			if len(g[0].answer)>0 && k<12 { ag, _ := g[0].refused(); if len(string(g[0].answer))>0 && string(g[0].answer[:8])!="" { k++; fmt.Printf("%s n=%d again=%v strange=%v took=%v %.420s\n", r.reference, len(g), ag, g[0].strange, g[0].left.Sub(g[0].sent), g[0].answer) } } } }
}
