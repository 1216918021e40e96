package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tool carries out a command line and returns what it prints.
func tool(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, _, err := toolWarning(t, args...)
	return out, err
}

// toolWarning is tool with what goes to standard error.
func toolWarning(t *testing.T, args ...string) (printed, warned string, _ error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var out, warnings bytes.Buffer
	parser, err := newParser(ctx, &cli{}, &out)
	require.NoError(t, err)
	parser.Stdout, parser.Stderr = &out, &warnings
	command, err := parser.Parse(args)
	if err != nil {
		return "", "", err
	}
	err = command.Run()
	return out.String(), warnings.String(), err
}

// typed is tool with something on standard input.
func typed(t *testing.T, input string, args ...string) (string, error) {
	t.Helper()
	before := stdin
	t.Cleanup(func() { stdin = before })
	stdin = strings.NewReader(input)
	return tool(t, args...)
}

// ended is how a program has ended.
type ended struct {
	stdout, stderr string
	status         int
}

// program runs gannet as a process of its own.
func program(t *testing.T, input string, environment []string, args ...string) ended {
	t.Helper()
	var out, failed bytes.Buffer
	command := exec.Command(os.Args[0], args...)
	command.Env = append(append(os.Environ(), "GANNET_TEST_AS_COMMAND=1", "GORACE=atexit_sleep_ms=0"), environment...)
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(input), &out, &failed
	err := command.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return ended{out.String(), failed.String(), command.ProcessState.ExitCode()}
}
