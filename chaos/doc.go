// Package chaos proves that money moves at most once. It holds tests only.
//
// # The simulation
//
// A world (world_test.go) is a sandbox with faults, a few processes with their clients, a journal that outlives them, and
// callers who send transfers, charges, refunds and messages: several at once for one reference, some of whom lose patience,
// and all of whom try again after a crash. Everything about a world follows from its seed: which faults strike, when
// whoever loses patience, at which step of the protocol which process dies (plan_test.go). It runs in virtual time
// (testing/synctest, net/http over pipes), so that hours pass in milliseconds.
//
// Beside the sandbox's faults there are answers that tell nothing (strange_test.go), lists that show a transfer late, among
// others' or not at all (lists_test.go), strangers who have used a reference before, and lives before there was a journal.
//
// Afterwards the books are compared: what the sandbox really paid, what callers were told, and what the journal holds.
// invariants_test.go says what must be true of them; read that file first. conduct_test.go says the same of what was sent:
// a second send on a guess is a violation although it happens to do no harm in that world.
//
//	go test ./chaos                                     a few worlds of every kind of weather
//	make chaos SEEDS=1000                               a long run; FROM=5000 for other seeds
//	CHAOS_SEED=17 go test ./chaos -run TestWeather -v   one world, with its history if it fails
//
// A world's events happen at moments that are all different, so that a seed gives the same run again. Where a weather
// is one that production could have, the share of unknown outcomes is bounded too.
//
// # Does it bite?
//
// controls_test.go runs worlds with something broken on purpose, such as a transport that replays a lost request or a
// journal that forgets, and asserts that an invariant is violated then.
//
// # For real
//
// kill_test.go does without any simulation: a child process pays through a sandbox in another process, over loopback, with
// a journal on the disk, and is killed with SIGKILL again and again.
package chaos
