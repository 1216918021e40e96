package lint

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stages returns the stages of the Dockerfile, of which BuildKit has nothing to
// complain.
func stages(t *testing.T) []instructions.Stage {
	t.Helper()
	file, err := os.Open("../docker/Dockerfile")
	require.NoError(t, err)
	defer file.Close()
	parsed, err := parser.Parse(file)
	require.NoError(t, err)
	require.Empty(t, parsed.Warnings)
	lint := linter.New(&linter.Config{Warn: func(rule, _, _, message string, _ []parser.Range) {
		t.Errorf("%s: %s", rule, message)
	}})
	found, _, err := instructions.Parse(parsed.AST, lint)
	require.NoError(t, err)
	require.Len(t, found, 2)
	return found
}

// of returns the instructions of a kind in a stage.
func of[T instructions.Command](stage instructions.Stage) (found []T) {
	for _, command := range stage.Commands {
		if c, ok := command.(T); ok {
			found = append(found, c)
		}
	}
	return found
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func TestDockerfile_Build(t *testing.T) {
	build := stages(t)[0]
	version := regexp.MustCompile(`^golang:(\d+\.\d+)\.\d+$`).FindStringSubmatch(build.BaseName)
	require.NotNil(t, version, "%s is no version", build.BaseName)
	assert.Contains(t, read(t, root+"/go.mod"), "\ngo "+version[1]+".", "the code's Go")
	assert.Equal(t, "$BUILDPLATFORM", build.Platform)

	flags := regexp.MustCompile(`build (-trimpath .*) -o bin/gannet`).FindStringSubmatch(read(t, root+"/Makefile"))
	require.NotNil(t, flags)
	runs := of[*instructions.RunCommand](build)
	require.Len(t, runs, 2)
	linked := strings.Replace(flags[1], "'-s -w'", `"-s -w -X main.version=$VERSION"`, 1) // the repository is not there to tell
	assert.Contains(t, strings.Join(runs[1].CmdLine, " "), "go build "+linked+" -o /gannet ./cmd/gannet", "as make build does it")
	assert.Contains(t, strings.Join(runs[1].CmdLine, " "), "CGO_ENABLED=0")
}

func TestDockerfile_Image(t *testing.T) {
	image := stages(t)[1]
	assert.Equal(t, "scratch", image.BaseName)

	users := of[*instructions.UserCommand](image)
	require.Len(t, users, 1)
	assert.Regexp(t, `^[1-9]\d*:[1-9]\d*$`, users[0].User)

	checks := of[*instructions.HealthCheckCommand](image)
	require.Len(t, checks, 1)
	assert.Equal(t, []string{"CMD", "/gannet", "health"}, checks[0].Health.Test, "there is no shell")
	entries := of[*instructions.EntrypointCommand](image)
	require.Len(t, entries, 1)
	assert.False(t, entries[0].PrependShell)
	assert.Equal(t, []string{"/gannet"}, []string(entries[0].CmdLine))
	commands := of[*instructions.CmdCommand](image)
	require.Len(t, commands, 1)
	assert.False(t, commands[0].PrependShell)

	variables := map[string]string{}
	for _, env := range of[*instructions.EnvCommand](image) {
		for _, pair := range env.Env {
			variables[pair.Key] = pair.Value
		}
	}
	known(t, variables)
	for _, label := range of[*instructions.LabelCommand](image) {
		for _, pair := range label.Labels {
			assert.Regexp(t, `^org\.opencontainers\.image\.[a-z]+$`, pair.Key)
		}
	}
	copied := of[*instructions.CopyCommand](image)
	require.Len(t, copied, 2)
	for _, c := range copied {
		assert.Equal(t, stages(t)[0].Name, c.From)
	}
}

// What the binary is made of reaches the builder, for each machine, and nothing that
// it is not made of.
func TestDockerfile_Context(t *testing.T) {
	file, err := os.Open("../docker/Dockerfile.dockerignore")
	require.NoError(t, err)
	defer file.Close()
	patterns, err := ignorefile.ReadAll(file)
	require.NoError(t, err)
	matcher, err := patternmatcher.New(patterns)
	require.NoError(t, err)
	ignored := func(path string) bool {
		match, err := matcher.MatchesOrParentMatches(filepath.FromSlash(path))
		require.NoError(t, err)
		return match
	}
	for _, machine := range []string{"amd64", "arm64"} {
		sources := sourcesOf(t, machine)
		require.Greater(t, len(sources), 200)
		for _, path := range sources {
			assert.False(t, ignored(path), "%s is needed", path)
		}
	}
	for _, path := range []string{"go.mod", "go.sum", "profiles/gannet.pgo"} {
		assert.False(t, ignored(path), "%s is needed", path)
	}
	for _, path := range []string{
		".git/config", ".env", "bin/gannet", "README.md", "gannet.yaml", "core/server_test.go", "codec/testdata/fuzz/x",
		"bench/peers/main.go", "bench/figures/fanout.svg", "profiles/compose/.env", "profiles/lint/go.mod",
	} {
		assert.True(t, ignored(path), "%s is not needed", path)
	}
}

// sourcesOf returns the files of the module that the command is compiled from.
func sourcesOf(t *testing.T, machine string) []string {
	t.Helper()
	const ofPackage = `{{$p := .}}{{range .GoFiles}}{{$p.Dir}}/{{.}}{{"\n"}}{{end}}{{range .SFiles}}{{$p.Dir}}/{{.}}{{"\n"}}{{end}}{{range .EmbedFiles}}{{$p.Dir}}/{{.}}{{"\n"}}{{end}}`
	list := exec.Command("go", "list", "-deps", "-f", `{{with .Module}}{{if .Main}}{{with $}}`+ofPackage+`{{end}}{{end}}{{end}}`, "./cmd/gannet")
	list.Dir = root
	list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+machine)
	list.Stderr = os.Stderr
	output, err := list.Output()
	require.NoError(t, err)
	base, err := filepath.Abs(root)
	require.NoError(t, err)
	var files []string
	for line := range strings.Lines(string(output)) {
		if path := strings.TrimSpace(line); path != "" {
			relative, err := filepath.Rel(base, path)
			require.NoError(t, err)
			files = append(files, filepath.ToSlash(relative))
		}
	}
	return files
}
