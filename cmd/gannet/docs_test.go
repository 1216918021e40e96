package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/admin"
)

var update = flag.Bool("update", false, "write the reference pages instead of comparing them")

// TestDocs_AreUpToDate compares the reference pages in docs with what the code
// says, or writes them with -update.
func TestDocs_AreUpToDate(t *testing.T) {
	for name, text := range map[string]string{"configuration.md": configurationPage(t), "metrics.md": metricsPage()} {
		path := filepath.Join("docs", name)
		if *update {
			require.NoError(t, os.MkdirAll("docs", 0o755))
			require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		}
		written, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, text, string(written), "%s is not what the code says: run make docs", path)
	}
}

// configurationPage lists the flags of gannet serve.
func configurationPage(t *testing.T) string {
	parser, err := newParser(context.Background(), &cli{}, io.Discard)
	require.NoError(t, err)
	var page strings.Builder
	page.WriteString(`# Configuration

Every setting of ` + "`gannet serve`" + ` is a flag, an environment variable, and a line of a
YAML file (` + "`--config FILE`" + `) whose key is the flag's name. A command line beats
the environment, which beats the file, which beats a profile (` + "`--profile NAME`" + `, a
preset that ` + "`gannet profiles`" + ` lists and shows). Sizes are written as 512, 64KiB, 1MiB or 2GiB,
times as 500ms, 30s or 1h. What cannot be is refused at start, with a sentence.

This page is written by ` + "`make docs`" + `.
`)
	serve := slices.IndexFunc(parser.Model.Children, func(n *kong.Node) bool { return n.Name == "serve" })
	writeFlags(&page, parser.Model.Children[serve])
	return page.String()
}

// writeFlags writes a table of a command's flags for each of their groups, in the
// order in which they come first.
func writeFlags(page *strings.Builder, command *kong.Node) {
	var groups []string
	rows := map[string][]string{}
	for _, f := range command.Flags {
		if f.Hidden {
			continue
		}
		group := "Command"
		if f.Group != nil {
			group = f.Group.Title
		}
		if rows[group] == nil {
			groups = append(groups, group)
		}
		rows[group] = append(rows[group], flagRow(f))
	}
	for _, group := range groups {
		fmt.Fprintf(page, "\n## %s\n\n| flag | environment | default | |\n| --- | --- | --- | --- |\n%s", group, strings.Join(rows[group], ""))
	}
}

func flagRow(f *kong.Flag) string {
	form := "--" + f.Name
	if f.PlaceHolder != "" {
		form += " " + f.PlaceHolder
	}
	byDefault := ""
	if f.Default != "" {
		byDefault = "`" + f.Default + "`"
	}
	return row("`"+form+"`", "`"+strings.Join(f.Envs, "`, `")+"`", byDefault, f.Help)
}

// metricsPage lists the metrics.
func metricsPage() string {
	var page strings.Builder
	page.WriteString(`# Metrics

` + "`/metrics`" + ` of the admin listener has these, beside those of the Go runtime (` + "`go_…`" + `)
and of the process (` + "`process_…`" + `). Those of the connection to other nodes are absent
where there is none. ` + "`/api/stats`" + ` has the same figures as JSON.

This page is written by ` + "`make docs`" + `.

| name | type | label | |
| --- | --- | --- | --- |
`)
	for _, m := range admin.Metrics() {
		label := ""
		if m.Label != "" {
			label = "`" + m.Label + "`"
		}
		page.WriteString(row("`"+m.Name+"`", m.Type, label, m.Help))
	}
	return page.String()
}

// row is a line of a table.
func row(cells ...string) string {
	for i := range cells {
		cells[i] = strings.ReplaceAll(cells[i], "|", `\|`)
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}
