package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
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
` + "`gannet config print`" + ` prints all settings as they are, with where each comes from, and
` + "`gannet config check --config FILE`" + ` says all that is wrong with a file.

At SIGHUP all settings are read again, with the files that they name. The log level, the
keys of tokens (` + "`jwt-secret`, `jwt-secret-file`, `jwt-public-key-file`" + `) and those of the API
(` + "`api-key`, `api-key-file`, `api-keys-file`" + `) are taken at once;
of others that have changed the log says that they need a restart, or with workers SIGUSR2.
If gannet would not start with the settings as they are, none is taken.

This page is written by ` + "`make docs`" + `.
`)
	notes := readNotes(t)
	for _, group := range groupFlags(serveNode(parser.Model).Flags) {
		fmt.Fprintf(&page, "\n## %s\n\n| flag | environment | default | unit | |\n| --- | --- | --- | --- | --- |\n", group.title)
		for _, flag := range group.flags {
			page.WriteString(flagRow(flag, notes[flag.Name]))
		}
	}
	return page.String()
}

func flagRow(f *kong.Flag, n note) string {
	form := "--" + f.Name
	if f.PlaceHolder != "" {
		form += " " + f.PlaceHolder
	}
	byDefault := ""
	if f.Default != "" {
		byDefault = "`" + f.Default + "`"
	}
	return row("`"+form+"`", "`"+strings.Join(f.Envs, "`, `")+"`", byDefault, unitOf(f), f.Help+n.html())
}

// note is what the page says of a setting beside its help.
type note struct{ Bounds, Costs, Change string }

func (n note) html() (text string) {
	for _, part := range []struct{ title, text string }{{"Bounds", n.Bounds}, {"Costs", n.Costs}, {"Change it", n.Change}} {
		if part.text != "" {
			text += "<br>**" + part.title + ":** " + part.text
		}
	}
	return text
}

// readNotes returns the notes by the names of settings.
func readNotes(t *testing.T) map[string]note {
	text, err := os.ReadFile(filepath.Join("docs", "settings.yaml"))
	require.NoError(t, err)
	notes := map[string]note{}
	require.NoError(t, yaml.UnmarshalWithOptions(text, &notes, yaml.Strict()))
	return notes
}

// Every setting has its note, every note its setting, and the metrics that notes speak
// of are there. A note says when to change the setting; that of a number, a size or a
// time says what it bounds and costs, too.
func TestDocs_NotesAreOfSettingsAndMetrics(t *testing.T) {
	notes, flags := readNotes(t), serveFlags(t)
	for name, flag := range flags {
		if flag.Hidden {
			continue
		}
		n, unit := notes[name], unitOf(flag)
		assert.NotEmpty(t, n.Change, "docs/settings.yaml says when to change %s", name)
		if slices.Contains([]string{"number", "size", "time"}, unit) {
			assert.NotEmpty(t, n.Bounds, "docs/settings.yaml says what %s, a %s, bounds", name, unit)
			assert.NotEmpty(t, n.Costs, "docs/settings.yaml says what %s, a %s, costs", name, unit)
		}
	}
	var metrics []string
	for _, m := range admin.Metrics() {
		metrics = append(metrics, m.Name)
	}
	for name, n := range notes {
		assert.Contains(t, flags, name)
		for _, metric := range regexp.MustCompile(`gannet_[a-z_]+`).FindAllString(n.html(), -1) {
			assert.Contains(t, metrics, metric, name)
		}
	}
}

// Notes stand in the order of the page.
func TestDocs_NotesStandInOrder(t *testing.T) {
	parser, err := newParser(context.Background(), &cli{}, io.Discard)
	require.NoError(t, err)
	var want, got []string
	for _, group := range groupFlags(serveNode(parser.Model).Flags) {
		for _, flag := range group.flags {
			want = append(want, flag.Name)
		}
	}
	text, err := os.ReadFile(filepath.Join("docs", "settings.yaml"))
	require.NoError(t, err)
	var notes yaml.MapSlice
	require.NoError(t, yaml.Unmarshal(text, &notes))
	for _, n := range notes {
		got = append(got, n.Key.(string))
	}
	require.Equal(t, want, got)
}

// metricsPage lists the metrics.
func metricsPage() string {
	var page strings.Builder
	page.WriteString(`# Metrics

` + "`/metrics`" + ` of the admin listener has these, beside those of the Go runtime (` + "`go_…`" + `)
and of the process (` + "`process_…`" + `). Those of the connection to other nodes are absent
where there is none. ` + "`/api/stats`" + ` has the figures of the server as JSON, but neither histograms
nor those of the admin listener (` + "`gannet_admin_…`, `gannet_api_…`, `gannet_idempotency_…`" + `), of
readiness, of the lag at present, and of workers that were started again. A histogram has ` + "`…_bucket`, `…_sum` and `…_count`" + `; the routes by which one is told apart are
those that the application has handlers for.

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
