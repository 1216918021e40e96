package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/profiles"
)

// script returns the script for a shell.
func script(t *testing.T, shell string) string {
	t.Helper()
	text, err := tool(t, "completion", shell)
	require.NoError(t, err)
	return text
}

// completions returns what bash proposes, by its script, for the last of a command
// line's words.
func completions(t *testing.T, script string, words ...string) []string {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	run := exec.Command(bash, "--norc", "--noprofile", "-uc", script+`
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_gannet
printf '%s\n' "${COMPREPLY[@]}"`, "bash")
	run.Args = append(run.Args, append([]string{"gannet"}, words...)...)
	run.Dir = t.TempDir()
	require.NoError(t, os.WriteFile(run.Dir+"/gannet.yaml", nil, 0o600))
	out, err := run.CombinedOutput()
	require.NoError(t, err, string(out))
	found := strings.Fields(string(out))
	slices.Sort(found)
	return found
}

func TestCompletion_Bash(t *testing.T) {
	bash := script(t, "bash")
	for line, want := range map[string][]string{
		"se":                              {"serve"},
		"config p":                        {"print"},
		"serve --max-b":                   {"--max-backlog", "--max-blocking", "--max-blocking-per-client", "--max-byte-rate"},
		"serve --demo --require":          {"--require-auth", "--require-origin"},
		"serve --slow-consumer ":          {"close", "latest", "skip"},
		"serve --slow-consumer = s":       {"skip"},
		"serve --slow-consumer =":         {"close", "latest", "skip"},
		"serve --slow-consumer=c":         {"--slow-consumer=close"},
		"serve --profile ":                profiles.Names(),
		"config print --log-level w":      {"warn"},
		"serve --config gan":              {"gannet.yaml"},
		"--config ":                       {"gannet.yaml"},
		"serve --addr ":                   {},
		"serve --conf":                    {"--config"},
		"token mint --jwt-secret-file g":  {"gannet.yaml"},
		"token inspect --jwt-secret-f":    {"--jwt-secret-file"},
		"token inspect --max":             {},
		"bench floor-":                    {},
		"completion ":                     {"bash", "fish", "zsh"},
		"profiles m":                      {"massive"},
		"publish --redis-m":               {"--redis-max-payload"},
		"--config gannet.yaml serve --wo": {"--worker-start-timeout", "--workers"},
	} {
		t.Run(line, func(t *testing.T) {
			require.Equal(t, want, completions(t, bash, strings.Split(line, " ")...))
		})
	}
	all := completions(t, bash, "")
	for _, command := range []string{"serve", "publish", "bench", "config", "token", "version", "completion", "profiles"} {
		require.Contains(t, all, command)
	}
	require.Equal(t, []string{"check", "print"}, completions(t, bash, "config", ""))
	require.Equal(t, []string{"--config", "--help"}, completions(t, bash, "-"))
	require.Contains(t, completions(t, bash, "serve", ""), "--addr", "nothing else may follow")
}

// Every flag that can be seen is completed, in each shell.
func TestCompletion_HasAllFlags(t *testing.T) {
	all, fish := completions(t, script(t, "bash"), "serve", "--"), script(t, "fish")
	for name, flag := range serveFlags(t) {
		require.Equal(t, !flag.Hidden, slices.Contains(all, "--"+name), name)
		require.Equal(t, !flag.Hidden, strings.Contains(fish, `"__gannet_at 'serve'" -l `+name+" "), name)
	}
}

// The shells that are there can read their scripts.
func TestCompletion_ScriptsAreRead(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		t.Run(shell, func(t *testing.T) {
			script := script(t, shell)
			require.NotRegexp(t, `(?m)^(VALUES|WORDS)$|PATHS|COMMANDS`, script, "nothing is left to be filled in")
			path, err := exec.LookPath(shell)
			if err != nil {
				t.Skip("there is no " + shell)
			}
			out, err := exec.Command(path, "-n", newFiles(t).write("script", script)).CombinedOutput()
			require.NoError(t, err, string(out))
			require.Empty(t, string(out))
		})
	}
	_, err := tool(t, "completion", "csh")
	require.ErrorContains(t, err, "csh")
}

func TestCompletion_FishQuotes(t *testing.T) {
	require.Equal(t, `'it\'s a \\'`, fishText(`it's a \`))
}
