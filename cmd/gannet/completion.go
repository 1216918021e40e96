package main

import (
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/gannet-ws/gannet/profiles"
)

// completionCommand is gannet completion.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish. In bash and zsh: source <(gannet completion SHELL); in fish: gannet completion fish | source."`
}

// Run prints the script for a shell.
func (c *completionCommand) Run(k *kong.Kong, out io.Writer) error {
	script := map[string]func([]place) string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}[c.Shell]
	_, err := io.WriteString(out, script(places(k.Model.Node, nil)))
	return err
}

// place is where a command line has got to, by the words of its commands, and what
// may follow there.
type place struct {
	path     string // the words with slashes between them; empty: none yet
	commands []*kong.Node
	flags    []*kong.Flag // of the command and of those that it belongs to
	words    []string     // that its first argument can be; none: anything
}

// places returns all places of a command and of those beneath it, but the hidden ones.
func places(node *kong.Node, path []string) []place {
	p := place{path: strings.Join(path, "/"), words: argumentWords(node)}
	for _, flags := range node.AllFlags(true) {
		p.flags = append(p.flags, flags...)
	}
	var beneath []place
	for _, child := range node.Children {
		if child.Hidden {
			continue
		}
		p.commands = append(p.commands, child)
		beneath = append(beneath, places(child, append(path[:len(path):len(path)], child.Name))...)
	}
	return append([]place{p}, beneath...)
}

// argumentWords returns what a command's first argument can be.
func argumentWords(node *kong.Node) []string {
	switch {
	case node.Path() == "profiles":
		return profiles.Names()
	case len(node.Positional) > 0 && node.Positional[0].Enum != "":
		return node.Positional[0].EnumSlice()
	}
	return nil
}

// valueWords returns what the value of a flag can be; none: anything.
func valueWords(flag *kong.Flag) []string {
	switch {
	case flag.Name == "profile":
		return profiles.Names()
	case flag.Enum != "":
		return flag.EnumSlice()
	}
	return nil
}

// takesFile reports whether the value of a flag is the name of a file.
func takesFile(flag *kong.Flag) bool {
	return flag.PlaceHolder == "FILE" || flag.PlaceHolder == "PATH"
}

// firstSentence is the beginning of a help, which has to fit into a line.
func firstSentence(help string) string {
	sentence, _, _ := strings.Cut(help, ". ")
	return strings.TrimSuffix(sentence, ".")
}
