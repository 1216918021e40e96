package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// unknownVariables returns a sentence for each variable of the environment that
// looks like a setting of gannet and is none, in the order of the alphabet.
func unknownVariables(app *kong.Application) (sentences []string) {
	known, offered := variables(app.Node), ownVariables(serveNode(app))
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "GANNET_") || slices.Contains(known, name) || isServiceLink(name, value) {
			continue
		}
		sentences = append(sentences, fmt.Sprintf("the environment variable %s is no setting%s", name, suggest(name, offered)))
	}
	slices.Sort(sentences)
	return sentences
}

// variables returns the environment variables of all flags of a command and of those
// beneath it.
func variables(node *kong.Node) (names []string) {
	names = ownVariables(node)
	for _, child := range node.Children {
		names = append(names, variables(child)...)
	}
	return names
}

func ownVariables(node *kong.Node) (names []string) {
	for _, flag := range node.Flags {
		names = append(names, flag.Envs...)
	}
	return names
}

var serviceLink = regexp.MustCompile(`_SERVICE_(HOST|PORT)(_|$)|_PORT_[0-9]+_(TCP|UDP|SCTP)(_|$)`)

// isServiceLink reports whether Kubernetes has set a variable, for a service that is
// called gannet as well.
func isServiceLink(name, value string) bool {
	return serviceLink.MatchString(name) ||
		strings.HasSuffix(name, "_PORT") && (strings.HasPrefix(value, "tcp://") || strings.HasPrefix(value, "udp://"))
}
