package main

import (
	"fmt"
	"io"

	"github.com/alecthomas/kong"

	"github.com/gannet-ws/gannet/profiles"
)

// profilesCommand is gannet profiles.
type profilesCommand struct {
	Name string `arg:"" optional:"" help:"The preset to show."`
}

// Run lists the presets, or prints the file of one.
func (p *profilesCommand) Run(out io.Writer) error {
	if p.Name == "" {
		return listProfiles(out)
	}
	text, err := openProfile(p.Name)
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}

func listProfiles(out io.Writer) error {
	for _, name := range profiles.Names() {
		summary, err := profiles.Summary(name)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%-8s  %s\n", name, summary); err != nil {
			return err
		}
	}
	return nil
}

// openProfile returns the file of a preset. The error for one that is not there
// names the nearest.
func openProfile(name string) ([]byte, error) {
	text, err := profiles.Read(name)
	if err != nil {
		return nil, fmt.Errorf("%w%s", err, suggest(name, profiles.Names()))
	}
	return text, nil
}

// readProfile returns the settings of the preset that --profile names or, if that
// is set neither on the command line nor in the environment, the configuration
// file. It returns nil if there is none, as for commands that have no profiles.
func readProfile(command *kong.Context, file *fileResolver) (*fileResolver, error) {
	flag := findFlag(command, "profile")
	if flag == nil {
		return nil, nil
	}
	name, _ := command.FlagValue(flag).(string)
	if file != nil && !onCommandLine(command, flag) {
		value, err := file.Resolve(command, nil, flag)
		if err != nil {
			return nil, err
		}
		if value != nil {
			name = fmt.Sprint(value)
		}
	}
	if name == "" {
		return nil, nil
	}
	text, err := openProfile(name)
	if err != nil {
		return nil, err
	}
	return newFileResolver("profile "+name, text)
}
