package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what the tests expect")

const emptyReadme = "# Title\n\n" + beginMark + "\nold\n" + endMark + "\n\nThe rest.\n"

// writeInto writes the figures of a folder into a new project, and returns it with
// what was said.
func writeInto(t *testing.T, folder string) (root, said string, err error) {
	root = t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, readmeFile), []byte(emptyReadme), 0o600))
	var log bytes.Buffer
	err = write(folder, root, &log)
	return root, log.String(), err
}

func TestFiguresAreWrittenAsExpected(t *testing.T) {
	root, said, err := writeInto(t, filepath.Join("testdata", "results"))
	require.NoError(t, err)
	assert.Equal(t, "left out, as testdata/results has no result: fanout-1000, fanout-100000, flood-single, idle, idle-massive, echo-10000, cluster-flood\n", said)
	for _, file := range []string{readmeFile, "fanout.svg", "merged.svg", "idle.svg", "latency.svg"} {
		path := filepath.Join(root, chartsFolder, file)
		if file == readmeFile {
			path = filepath.Join(root, file)
		}
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		golden := filepath.Join("testdata", "expected", file)
		if *update {
			require.NoError(t, os.WriteFile(golden, got, 0o600))
		}
		want, err := os.ReadFile(golden)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), "go test ./bench/readme -update writes it")
	}
}

func TestChartsNeedNothingElseAndFitBothSchemes(t *testing.T) {
	measured, err := readResults(filepath.Join("testdata", "results"))
	require.NoError(t, err)
	require.Len(t, measured.charts(), 4)
	for _, c := range measured.charts() {
		text := string(c.draw())
		decoder := xml.NewDecoder(strings.NewReader(text))
		for {
			if _, err = decoder.Token(); err != nil {
				break
			}
		}
		assert.ErrorIs(t, err, io.EOF, c.file)
		assert.Contains(t, text, "prefers-color-scheme: dark")
		for _, bad := range []string{"url(", "@import", "href", "NaN", "Inf", "no value"} {
			assert.NotContains(t, text, bad, c.file)
		}
	}
}

func TestFiguresOfAnythingButPeers(t *testing.T) {
	folder := t.TempDir()
	copyResult(t, folder, "rooms")
	root, said, err := writeInto(t, folder)
	require.NoError(t, err)
	assert.Contains(t, said, "peers, fanout-1000, ")
	readme, err := os.ReadFile(filepath.Join(root, readmeFile))
	require.NoError(t, err)
	assert.Contains(t, string(readme), "10,000 sockets in 1,000 rooms that talk, each sends every 10s<br>`gannet bench rooms --spawn`")
	assert.NotContains(t, string(readme), "<img")
	assert.NotContains(t, string(readme), "receiving node")
}

func copyResult(t *testing.T, folder, name string) {
	text, err := os.ReadFile(filepath.Join("testdata", "results", name+".json"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, name+".json"), text, 0o600))
}

func TestNothingIsWrittenWithoutResults(t *testing.T) {
	empty, broken := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(broken, "rooms.json"), []byte("{"), 0o600))
	for folder, want := range map[string]string{empty: "there are no results", broken: "rooms.json"} {
		root, _, err := writeInto(t, folder)
		require.ErrorContains(t, err, want)
		readme, err := os.ReadFile(filepath.Join(root, readmeFile))
		require.NoError(t, err)
		assert.Equal(t, emptyReadme, string(readme))
	}
}

func TestReplaceBlock(t *testing.T) {
	got, err := replaceBlock(emptyReadme, "\nnew\n\n")
	require.NoError(t, err)
	assert.Equal(t, strings.Replace(emptyReadme, "old", "new", 1), got)
	for name, readme := range map[string]string{
		"no marks": "# Title\n",
		"no begin": strings.Replace(emptyReadme, beginMark, "", 1),
		"no end":   strings.Replace(emptyReadme, endMark, "", 1),
		"twice":    emptyReadme + emptyReadme,
		"reversed": endMark + "\n" + beginMark + "\n",
		"in words": "see " + strings.Replace(emptyReadme, endMark+"\n", endMark+" there", 1),
	} {
		_, err := replaceBlock(readme, "new")
		assert.ErrorIs(t, err, errMarks, name)
	}
}

// The README itself: what this program needs of it, and the charts that it shows.
func TestReadmeHasTheMarksAndItsCharts(t *testing.T) {
	root := filepath.Join("..", "..")
	readme, err := os.ReadFile(filepath.Join(root, readmeFile))
	require.NoError(t, err)
	_, err = replaceBlock(string(readme), "")
	require.NoError(t, err)
	for _, match := range regexp.MustCompile(`<img src="([^"]+)"`).FindAllStringSubmatch(string(readme), -1) {
		_, err := os.Stat(filepath.Join(root, match[1]))
		assert.False(t, errors.Is(err, os.ErrNotExist), match[1])
	}
}

func TestMicros(t *testing.T) {
	for v, want := range map[float64]string{0.0996: "0.100 µs", 1: "1.00 µs", 9.876: "9.88 µs", 12.34: "12.3 µs", 1234: "1,234 µs"} {
		assert.Equal(t, want, micros(v))
	}
}

func TestThousands(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 999: "999", 1000: "1,000", 123456.7: "123,457", 1234567: "1,234,567"} {
		assert.Equal(t, want, thousands(v))
	}
}
