package core

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The console has words for each reason and trouble, and for nothing else.
func TestConsole_HasWordsForAll(t *testing.T) {
	page, err := os.ReadFile("admin/console/page/words.js")
	require.NoError(t, err)
	var closed []string
	for _, reason := range reasons {
		closed = append(closed, reason.label)
	}
	for name, want := range map[string][]string{
		"CLOSED":   closed,
		"REFUSED":  refusals[:],
		"TROUBLES": slices.Collect(maps.Keys(troubles)),
	} {
		table := regexp.MustCompile(`(?s)const ` + name + ` = \{\n(.*?)\n\};`).FindSubmatch(page)
		require.NotNil(t, table, name)
		var words []string
		for _, entry := range regexp.MustCompile(`(?m)^  (\w+): \["[^"]+", "[^"]*"\],$`).FindAllSubmatch(table[1], -1) {
			words = append(words, string(entry[1]))
		}
		assert.ElementsMatch(t, want, words, name)
	}
}
