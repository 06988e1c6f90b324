// Whether a process lives, asked of real ones.

package sqlite

import (
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAProcessIsAliveUntilItIsGone(t *testing.T) {
	self := thisProcess()
	if self.boot == "" {
		assert.Equal(t, undecided, self.liveness(self), "this system can't tell")
		return
	}
	assert.Equal(t, alive, self.liveness(self))

	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), roleVariable+"=wait")
	_, err := child.StdinPipe() // open until Wait
	require.NoError(t, err)
	require.NoError(t, child.Start())
	status, err := readStatus(child.Process.Pid)
	require.NoError(t, err)
	other := self
	other.pid, other.started = child.Process.Pid, status.started
	assert.Equal(t, alive, other.liveness(self))

	require.NoError(t, child.Process.Kill())
	assert.Eventually(t, func() bool { return other.liveness(self) == dead }, 10*time.Second, time.Millisecond,
		"a zombie is dead, although nobody has waited for it")
	assert.Error(t, child.Wait())
	assert.Equal(t, dead, other.liveness(self))
}

func TestAProcessIsJudgedOnlyWhereItRan(t *testing.T) {
	here := thisProcess()
	tests := map[string]struct {
		change func(*process)
		want   liveness
	}{
		"its number was given to another": {func(p *process) { p.started = "1" + p.started }, dead},
		"before the last reboot":          {func(p *process) { p.boot = "another" }, undecided},
		"in another container":            {func(p *process) { p.namespace = "pid:[1]" }, undecided},
		"where nobody can look":           {func(p *process) { p.boot = "" }, undecided},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			other := here
			test.change(&other)
			if here.boot == "" {
				test.want = undecided
			}
			assert.Equal(t, test.want, other.liveness(here))
		})
	}
}

func TestTheStatusOfAProcessIsReadBehindItsName(t *testing.T) {
	const rest = " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 3 18 4711 20 21"
	tests := map[string]struct {
		text string
		want status
		bad  bool
	}{
		"running":                {"7 (airtime) S" + rest, status{threads: 3, started: "4711"}, false},
		"a zombie":               {"7 (airtime) Z" + rest, status{ended: true, threads: 3, started: "4711"}, false},
		"brackets in the name":   {"7 (a) Z (b)) R" + rest, status{threads: 3, started: "4711"}, false},
		"cut short":              {"7 (airtime) S 1 2", status{}, true},
		"nothing":                {"", status{}, true},
		"threads without digits": {"7 (airtime) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 x 18 4711", status{}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseStatus(test.text)
			assert.Equal(t, test.bad, err != nil, strconv.Quote(test.text))
			assert.Equal(t, test.want, got)
		})
	}
}

func TestAnOwnerThatVanishedIsForgotten(t *testing.T) {
	w := watch{}
	o := owner{id: "gone", lease: time.Minute}
	assert.Equal(t, undecided, w.look(o, 1, process{}))
	w.remember(map[string]bool{}, map[string]bool{})
	assert.Empty(t, w.observed)
}
