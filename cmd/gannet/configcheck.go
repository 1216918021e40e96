package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/alecthomas/kong"
)

// configCheck is gannet config check.
type configCheck struct{}

// Run returns all that is wrong with the configuration file, a line each, as gannet
// serve would take it here: with this environment and this machine's limits. What
// gannet serve would warn of at its start is written to standard error.
func (*configCheck) Run(ctx context.Context, c *cli, command *kong.Context, out io.Writer) error {
	if c.Config == "" {
		return errors.New("there is nothing to check: say --config FILE")
	}
	file, err := openConfiguration(c.Config)
	if err != nil {
		return err
	}
	size, warnings := len(file.settings), append(file.foreign(command.Model), unknownVariables(command.Model)...)
	found := file.examine(ctx, command.Model)
	if err := errors.Join(writeWarnings(command.Stderr, found.weaknesses), writeWarnings(out, warnings)); err != nil {
		return err
	}
	if len(found.mistakes) > 0 {
		return fmt.Errorf("mistakes in %s: %d\n%w", c.Config, len(found.mistakes), errors.Join(found.mistakes...))
	}
	_, err = fmt.Fprintf(out, "%s: settings: %d, nothing is wrong with them\n", c.Config, size)
	return err
}

func writeWarnings(to io.Writer, warnings []string) error {
	for _, warning := range warnings {
		if _, err := fmt.Fprintln(to, "warning:", warning); err != nil {
			return err
		}
	}
	return nil
}

// foreign returns a sentence for each setting that only other commands have.
func (r *fileResolver) foreign(app *kong.Application) (warnings []string) {
	all, known := flagNames(app.Node), flagsByName(serveNode(app))
	for _, name := range r.names() {
		if known[name] == nil && slices.Contains(all, name) {
			warnings = append(warnings, fmt.Sprintf("%s: %s is not for gannet serve", r.at(name), name))
		}
	}
	return warnings
}

// serveNode returns gannet serve.
func serveNode(app *kong.Application) *kong.Node {
	at := slices.IndexFunc(app.Children, func(n *kong.Node) bool { return n.Name == "serve" })
	return app.Children[at]
}

func flagsByName(command *kong.Node) map[string]*kong.Flag {
	flags := map[string]*kong.Flag{}
	for _, flag := range command.Flags {
		flags[flag.Name] = flag
	}
	return flags
}
