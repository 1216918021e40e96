package core_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReadme_ExampleIsTheOneThatIsTested keeps the README's program from ageing:
// each of its lines is one of Example.
func TestReadme_ExampleIsTheOneThatIsTested(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	example, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	_, program, found := strings.Cut(string(readme), "```go\n")
	require.True(t, found)
	program, _, _ = strings.Cut(program, "```")
	program = strings.ReplaceAll(program, `":3000"`, `"127.0.0.1:0"`)
	require.Greater(t, strings.Count(program, "\n"), 10)
	tested := strings.ReplaceAll(string(example), "\n\t", "\n")
	require.Contains(t, tested, program)
}
