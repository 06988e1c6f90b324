// Command airtime tops up phones through DingConnect and charges them through Dizlee, from a shell. `airtime demo` tells
// the whole story against a sandbox of its own; `airtime --help` lists the rest.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
)

func main() {
	// Where nobody reads stdout any more, writing to it fails, which is reported like any result that cannot be handed over.
	signal.Ignore(syscall.SIGPIPE)
	// SIGQUIT too: by itself it would end the program with 2, which stands for "nothing was sent".
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	// The first signal ends the call under way in good order; after it, a second one ends the program at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run is the whole program, and returns its exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	a := newApp(getenv, stdout, stderr)
	defer a.close()
	root := newRoot(a)
	// A nil slice would make cobra read the process's own arguments.
	root.SetArgs(slices.Concat([]string{}, args))
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	command, err := root.ExecuteContextC(ctx)
	return a.finish(command, args, err)
}
