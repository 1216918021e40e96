package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// tokenCommand is gannet token.
type tokenCommand struct {
	Mint    tokenMint    `cmd:"" help:"Make a token and print it."`
	Inspect tokenInspect `cmd:"" help:"Print what stands in a token and, with a key, whether a server would take it."`
}

// hideForTokens keeps the settings of a server that do not concern tokens out of the
// help of gannet token inspect.
func hideForTokens(k *kong.Kong) error {
	for _, command := range k.Model.Leaves(false) {
		if command.Path() != "token inspect" {
			continue
		}
		for _, flag := range command.Flags {
			flag.Hidden = flag.Hidden || !strings.HasPrefix(flag.Name, "jwt-")
		}
	}
	return nil
}

// maxTokenInput bounds what is read for a token: a server takes less.
const maxTokenInput = 64 << 10

// readToken returns a token from the command line or, for -, from standard input.
func readToken(argument string) (string, error) {
	if argument != "-" {
		return argument, nil
	}
	raw, err := io.ReadAll(io.LimitReader(stdin, maxTokenInput))
	if err != nil {
		return "", fmt.Errorf("cannot read the token: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}
