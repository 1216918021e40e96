package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Somebody sets the clock of a machine, and it jumps. Durations are measured by the
// monotonic reading that a time.Time has beside its wall time, so that nobody is pinged,
// dropped or let in too early or too late. What takes that reading away, or asks for the
// wall time alone, is for what others are told, and for tokens and certificates, which
// end at a date.

// wallClock are the methods that make wall times, or take the monotonic reading away.
var wallClock = []string{"Unix", "UnixMilli", "UnixMicro", "UnixNano", "UTC", "Local", "In", "Round", "Truncate"}

// mayAskTheWall are the functions that may call them, and what for.
var mayAskTheWall = map[string]string{
	"core/system.go isoNow":               "replies tell it",
	"core/announce.go announceConnected":  "an announcement tells it",
	"core/demo/controller.go send":        "a chat line tells it",
	"core/gaps.go gapNotice":              "a notice tells it",
	"core/secure.go tlsExpires":           "a metric tells when a certificate ends",
	"core/expiry.go expired":              "a token ends at a date",
	"core/expiry.go userOf":               "a token ends at a date",
	"core/expiry.go refreshed":            "a reply tells when a token ends",
	"core/auth/claims.go UnmarshalJSON":   "a claim is a date",
	"cmd/gannet/tokenmint.go claims":      "a claim is a date",
	"cmd/gannet/tokeninspect.go times":    "it is printed",
	"cmd/gannet/tokeninspect.go distance": "a duration is rounded, to be printed",
}

func TestLayout_DurationsAreNotMeasuredOnTheWall(t *testing.T) {
	root := filepath.Join("..", "..")
	found := map[string]bool{}
	for _, folder := range []string{"codec", "shard", "bus", "core", filepath.Join("cmd", "gannet")} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			relative, err := filepath.Rel(root, path)
			require.NoError(t, err)
			for _, function := range askTheWall(t, path) {
				at := filepath.ToSlash(relative) + " " + function
				found[at] = true
				if mayAskTheWall[at] == "" {
					t.Errorf("%s reads the wall clock: measure durations by times that have their monotonic reading, or say here what it is for", at)
				}
			}
			return nil
		})
		require.NoError(t, err)
	}
	for at := range mayAskTheWall {
		require.True(t, found[at], "%s does not read the wall clock any more", at)
	}
}

// askTheWall returns the functions of a file that read the wall clock.
func askTheWall(t *testing.T, path string) (functions []string) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	for _, declaration := range file.Decls {
		name := "outside of functions"
		if f, ok := declaration.(*ast.FuncDecl); ok {
			name = f.Name.Name
		}
		ast.Inspect(declaration, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			selected, ok := call.Fun.(*ast.SelectorExpr)
			if ok && slices.Contains(wallClock, selected.Sel.Name) && !slices.Contains(functions, name) {
				functions = append(functions, name)
			}
			return true
		})
	}
	return functions
}

func TestLayout_TheWallClockIsFound(t *testing.T) {
	path := filepath.Join("testdata", "layout", "wall.go.txt")
	require.Equal(t, []string{"outside of functions", "method", "nested"}, askTheWall(t, path))
}
