// Command release keeps the module's promise to those who import it.
//
//	release compat           what the working tree changed in the exported API since the last release
//	release prepare v0.2.0   turn the CHANGELOG's Unreleased section into a release commit and an annotated tag, locally
//
// The last release is the highest tag vMAJOR.MINOR.PATCH that HEAD can reach and that the module path admits. compat fails
// when a package changed incompatibly and the CHANGELOG does not own up to it under "### Breaking". Where there is no such
// tag (before the first release, or in a clone without tags) it says so and passes. prepare never pushes.
//
// It exits 0 when all is well, 1 when something is wrong or failed, and 2 when it was called wrongly. CONTRIBUTING.md says
// what counts as the API.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

// Exit codes of the command.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, ".", time.Now(), os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole command except for the process around it: dir is the root of the module and of its repository, now
// dates a release.
func run(ctx context.Context, dir string, now time.Time, args []string, stdout, stderr io.Writer) int {
	repo := repository{dir: dir}
	var err error
	switch {
	case len(args) == 1 && args[0] == "compat":
		err = compat(ctx, repo, stdout)
	case len(args) == 2 && args[0] == "prepare":
		err = prepare(ctx, repo, args[1], now, stdout)
	default:
		fmt.Fprintln(stderr, "usage: release compat | release prepare vMAJOR.MINOR.PATCH")
		return exitUsage
	}
	if err != nil {
		fmt.Fprintf(stderr, "release: %v\n", err)
		return exitFailed
	}
	return exitOK
}
