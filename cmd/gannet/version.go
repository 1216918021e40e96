package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

// version and commit are for whoever builds gannet where the Go command does not see
// the repository: -ldflags '-X main.version=v1.2.3 -X main.commit=0123abc'.
var version, commit string

// versionCommand is gannet version.
type versionCommand struct {
	JSON bool `name:"json" help:"Print it as JSON."`
}

// build says which program this is.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified,omitempty"` // the commit is not all of it
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Run prints the version, the commit, Go's version and the platform.
func (v *versionCommand) Run(out io.Writer) error {
	b := readBuild()
	if v.JSON {
		return json.NewEncoder(out).Encode(b)
	}
	line := "gannet " + b.Version
	if b.Commit != "" {
		line += ", commit " + b.Commit
	}
	if b.Modified {
		line += " with changes"
	}
	_, err := fmt.Fprintf(out, "%s, %s, %s\n", line, b.Go, b.Platform)
	return err
}

// readBuild returns what the linker was told and, for the rest, what the Go command
// has noted in the program.
func readBuild() build {
	b := build{Version: version, Commit: commit, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.Version = cmp.Or(b.Version, info.Main.Version, "(devel)")
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && commit == "":
			b.Commit = s.Value
		case s.Key == "vcs.modified" && commit == "":
			b.Modified = s.Value == "true"
		}
	}
	return b
}
