package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"

	"github.com/alecthomas/kong"
)

// configCommand is gannet config.
type configCommand struct {
	Print configPrint `cmd:"" help:"Print the settings of gannet serve as they are, in the form of a configuration file. What gannet serve would refuse is said on standard error, and the status is 0 nevertheless: see gannet config check."`
	Check configCheck `cmd:"" help:"Say all that is wrong with a configuration file."`
}

// BeforeResolve adds what stands beneath the environment and the command line,
// before flags get their values: a configuration file and, beneath that, a profile.
// Who checks a file reads it without that.
func (c *cli) BeforeResolve(command *kong.Context) error {
	if checksFile(command.Selected()) {
		return nil
	}
	var err error
	if c.file == nil {
		if c.file, err = readConfiguration(command); err != nil {
			return err
		}
	}
	if c.profile, err = readProfile(command, c.file); err != nil {
		return err
	}
	for _, r := range []*fileResolver{c.profile, c.file} {
		if r != nil {
			command.AddResolver(r)
		}
	}
	return nil
}

// checksFile reports whether a command is gannet config check.
func checksFile(command *kong.Node) bool {
	if command == nil {
		return false
	}
	_, checks := command.Target.Addr().Interface().(*configCheck)
	return checks
}

// readConfiguration returns the settings of the file that --config names, nil if
// it names none.
func readConfiguration(command *kong.Context) (*fileResolver, error) {
	path, _ := command.FlagValue(findFlag(command, "config")).(string)
	if path == "" {
		return nil, nil
	}
	return openConfiguration(path)
}

func openConfiguration(path string) (*fileResolver, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the configuration: %w", err)
	}
	return newFileResolver(path, raw)
}

// findFlag returns a flag of the command that is called, nil if it has none of
// that name.
func findFlag(command *kong.Context, name string) *kong.Flag {
	for _, flag := range command.Flags() {
		if flag.Name == name {
			return flag
		}
	}
	return nil
}

// source says where the value of a flag of the command that is called comes from.
func (c *cli) source(command *kong.Context, flag *kong.Flag) string {
	switch variable, set := inEnvironment(flag); {
	case onCommandLine(command, flag):
		return "flag"
	case set:
		return "environment " + variable
	case c.file.has(flag):
		return "file " + c.file.at(flag.Name)
	case c.profile.has(flag):
		return c.profile.path
	}
	return sourceDefault
}

// sourceDefault is the source of a value that nobody has set.
const sourceDefault = "default"

// onCommandLine reports whether the command line sets a flag, if only to nothing.
func onCommandLine(command *kong.Context, flag *kong.Flag) bool {
	return slices.ContainsFunc(command.Path, func(p *kong.Path) bool { return p.Flag == flag && !p.Resolved })
}

// inEnvironment returns the variable of the environment that sets a flag, if only
// to nothing.
func inEnvironment(flag *kong.Flag) (variable string, set bool) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return name, true
		}
	}
	return "", false
}

// flagGroup is the flags of a command that belong together.
type flagGroup struct {
	title string
	flags []*kong.Flag
}

// groupFlags returns a command's flags but the hidden ones, in the order in which
// their groups come first.
func groupFlags(flags []*kong.Flag) (groups []flagGroup) {
	for _, flag := range flags {
		if flag.Hidden {
			continue
		}
		title := "Command"
		if flag.Group != nil {
			title = cmp.Or(flag.Group.Title, title)
		}
		at := slices.IndexFunc(groups, func(g flagGroup) bool { return g.title == title })
		if at < 0 {
			at, groups = len(groups), append(groups, flagGroup{title: title})
		}
		groups[at].flags = append(groups[at].flags, flag)
	}
	return groups
}
