package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"unicode"

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
	mistakes := file.mistakes(ctx, command.Model)
	serve, _ := file.tryServe(ctx) // what it would refuse is among the mistakes
	if warning := serve.shortKey(); warning != "" {
		fmt.Fprintln(command.Stderr, "warning:", warning)
	}
	for _, warning := range warnings {
		if _, err := fmt.Fprintln(out, "warning:", warning); err != nil {
			return err
		}
	}
	if len(mistakes) > 0 {
		return fmt.Errorf("mistakes in %s: %d\n%w", c.Config, len(mistakes), errors.Join(mistakes...))
	}
	_, err = fmt.Fprintf(out, "%s: settings: %d, nothing is wrong with them\n", c.Config, size)
	return err
}

// mistakes returns all that is wrong with the file, by line: each setting for itself,
// and all of them together. It leaves out of the file's settings those that it finds
// wrong.
func (r *fileResolver) mistakes(ctx context.Context, app *kong.Application) []error {
	errs := r.unknown(flagNames(app.Node))
	known := flagsByName(serveNode(app))
	for _, name := range r.names() {
		flag := known[name]
		if flag == nil {
			delete(r.settings, name)
			continue
		}
		if err := r.checkValue(flag); err != nil {
			errs = append(errs, err)
			delete(r.settings, name)
		}
	}
	errs = append(errs, r.conflicts(ctx)...)
	slices.SortStableFunc(errs, func(a, b error) int { return cmp.Compare(lineOf(a), lineOf(b)) })
	return errs
}

// lineOf is the line that an error is about, 0 if it is about none.
func lineOf(err error) int {
	var m *mistake
	if errors.As(err, &m) {
		return m.line
	}
	return 0
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

// checkValue returns an error if a flag cannot have the value that the file has for
// it.
func (r *fileResolver) checkValue(flag *kong.Flag) error {
	value, err := r.value(flag)
	if err != nil {
		return err
	}
	if err := parseValue(flag, value, reflect.New(flag.Target.Type()).Elem()); err != nil {
		return r.wrong(flag.Name, err)
	}
	return nil
}

// conflicts returns what gannet serve would refuse to start with, one thing after
// another: the setting that a sentence is about is left out, to hear the next.
func (r *fileResolver) conflicts(ctx context.Context) (errs []error) {
	for {
		_, err := r.tryServe(ctx)
		if err == nil {
			return errs
		}
		left := len(r.settings)
		for _, one := range separate(err) {
			name := r.named(one.Error())
			if name == "" {
				errs = append(errs, one)
				continue
			}
			errs = append(errs, r.wrong(name, one))
			delete(r.settings, name)
		}
		if len(r.settings) == left {
			return errs
		}
	}
}

// separate returns the errors that were joined to one.
func separate(err error) []error {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		return joined.Unwrap()
	}
	return []error{err}
}

// tryServe returns gannet serve with the settings of the file, as far as it could be
// made, and what it would refuse to start with.
func (r *fileResolver) tryServe(ctx context.Context) (*serveCommand, error) {
	c := cli{file: r}
	parser, err := newParser(ctx, &c, io.Discard)
	if err != nil {
		return &c.Serve, err
	}
	command, err := parser.Parse([]string{"serve"})
	if err != nil {
		return &c.Serve, err
	}
	if err := refuseZeros(command.Flags()); err != nil {
		return &c.Serve, err
	}
	return &c.Serve, c.Serve.check()
}

// named returns the setting of the file that a sentence names first; none if it is
// about the environment.
func (r *fileResolver) named(sentence string) (name string) {
	if strings.Contains(sentence, "(from envar ") {
		return ""
	}
	for word := range strings.FieldsFuncSeq(sentence, func(r rune) bool { return r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if _, set := r.settings[strings.Trim(word, "-")]; set {
			return strings.Trim(word, "-")
		}
	}
	return ""
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
