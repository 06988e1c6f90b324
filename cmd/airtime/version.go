// airtime version: which build this is.

package main

import (
	"context"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// build is what the Go toolchain noted about the program.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
	Go       string `json:"go"`
}

func readBuild(info *debug.BuildInfo, ok bool) build {
	if !ok {
		return build{Version: "unknown"}
	}
	b := build{Version: or(info.Main.Version, "(devel)"), Go: info.GoVersion}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			b.Revision = setting.Value
		}
	}
	return b
}

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Show which build this is", Args: cobra.NoArgs,
		RunE: a.reads(func(context.Context, []string) error {
			b := readBuild(debug.ReadBuildInfo())
			if a.json {
				return a.printJSON(b)
			}
			return a.printFields(field{"airtime", b.Version}, field{"revision", b.Revision}, field{"built with", b.Go})
		}),
	}
}
