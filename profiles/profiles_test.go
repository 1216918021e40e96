package profiles_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/profiles"
)

func TestNames(t *testing.T) {
	require.Equal(t, []string{"chat", "fanout", "massive", "small"}, profiles.Names())
	slices.Reverse(profiles.Names())
	require.Equal(t, []string{"chat", "fanout", "massive", "small"}, profiles.Names(), "the slice is the caller's")
}

func TestRead(t *testing.T) {
	for _, name := range profiles.Names() {
		want, err := os.ReadFile(name + ".yaml")
		require.NoError(t, err)
		got, err := profiles.Read(name)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got))

		clear(got)
		again, err := profiles.Read(name)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(again), "the bytes are the caller's")
	}
}

func TestSummary(t *testing.T) {
	for _, name := range profiles.Names() {
		text, err := profiles.Read(name)
		require.NoError(t, err)
		summary, err := profiles.Summary(name)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(string(text), "# "+summary+"\n"), "%s begins with %q", name, summary)
		assert.True(t, strings.HasSuffix(summary, "."), "it is a sentence: %s", summary)
	}
}

func TestUnknown(t *testing.T) {
	for _, name := range []string{"", ".", "none", "Small", "small.yaml", "../profiles/small", "kernel", "kernel/99-gannet.conf"} {
		_, err := profiles.Read(name)
		require.ErrorContains(t, err, "they are chat, fanout, massive, small", name)
		_, err = profiles.Summary(name)
		require.Error(t, err, name)
	}
}

// The README has a row for each preset.
func TestREADME(t *testing.T) {
	page, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, name := range profiles.Names() {
		assert.Contains(t, string(page), "\n| [`"+name+"`]("+name+".yaml) | ")
	}
}
