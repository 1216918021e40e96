package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/gannet-ws/gannet/"

// mayImport is the rule of the layout: which of our folders a folder's code,
// tests included, may import, beside its own.
var mayImport = map[string][]string{
	"codec":    {},
	"shard":    {"codec"},
	"bus":      {"codec"},
	"core":     {"codec", "shard", "bus"},
	"bench":    {"codec"},
	"profiles": {},
	"cmd":      {"codec", "shard", "bus", "core", "bench", "profiles"},
}

func TestLayout_FoldersImportWhatTheyMay(t *testing.T) {
	root := filepath.Join("..", "..")
	files := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		files++
		relative, err := filepath.Rel(root, path)
		require.NoError(t, err)
		for _, broken := range brokenImports(t, path, filepath.ToSlash(relative)) {
			t.Errorf("%s must not import %s", relative, broken)
		}
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, files, 50, "the walk has to find the code")
}

// brokenImports returns the imports of a file that its folder may not have.
func brokenImports(t *testing.T, path, relative string) (broken []string) {
	folder, _, _ := strings.Cut(relative, "/")
	allowed, known := mayImport[folder]
	if !known {
		return []string{"anything: folder " + folder + " is not in the layout"}
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	require.NoError(t, err)
	for _, spec := range parsed.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		require.NoError(t, err)
		ours, isOurs := strings.CutPrefix(name, module)
		target, _, _ := strings.Cut(ours, "/")
		if isOurs && target != folder && !slices.Contains(allowed, target) {
			broken = append(broken, name)
		}
	}
	return broken
}

func TestLayout_BrokenImportIsFound(t *testing.T) {
	path := filepath.Join("testdata", "layout", "broken.go.txt")
	require.Equal(t, []string{module + "core"}, brokenImports(t, path, "codec/broken.go"))
	require.Empty(t, brokenImports(t, path, "cmd/broken.go"))
	require.NotEmpty(t, brokenImports(t, path, "elsewhere/broken.go"))
}
