package main

import (
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/gannet-ws/gannet/core"
)

// unitOf says in what a setting is written.
func unitOf(flag *kong.Flag) string {
	switch flag.Target.Interface().(type) {
	case time.Duration:
		return "time"
	case core.Size:
		return "size"
	case []string:
		return "list"
	}
	switch {
	case flag.Enum != "":
		return "one of " + strings.Join(flag.EnumSlice(), ", ")
	case flag.IsBool():
		return "true or false"
	case flag.Target.Kind() == reflect.Int:
		return "number"
	}
	return "text"
}

// parseValue reads a value that a file or a tag has for a flag into target.
func parseValue(flag *kong.Flag, value any, target reflect.Value) error {
	err := flag.Parse(kong.Scan().PushTyped(value, kong.FlagValueToken), target)
	switch {
	case err != nil:
		return fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "--"))
	case flag.Enum != "" && !slices.Contains(flag.EnumSlice(), fmt.Sprint(target)):
		return fmt.Errorf("%s is %q: it is %s", flag.Name, fmt.Sprint(target), unitOf(flag))
	}
	return checkZero(flag, target)
}

// checkZero refuses a zero where the default is not zero: in options a zero means the
// default, and would be taken for it without a word.
func checkZero(flag *kong.Flag, value reflect.Value) error {
	switch flag.Default {
	case "", "0", "0s", "false":
		return nil
	}
	switch negative := negativeOf(flag); {
	case !value.IsZero():
		return nil
	case value.Kind() == reflect.String:
		return fmt.Errorf("%s cannot be empty", flag.Name)
	case negative != "":
		return fmt.Errorf("%s cannot be 0: it is above zero, or negative (%s)", flag.Name, negative)
	}
	return fmt.Errorf("%s must be above zero", flag.Name)
}

var negativeHelp = regexp.MustCompile(`\b[Nn]egative: ([^.;]+)`)

// negativeOf returns what a negative value of a flag means, as its help has it; nothing
// if there must be none.
func negativeOf(flag *kong.Flag) (meaning string) {
	if found := negativeHelp.FindStringSubmatch(flag.Help); found != nil {
		return found[1]
	}
	return ""
}

// check returns what keeps gannet serve from starting, as far as its settings and the
// files that they name tell. It neither listens nor connects. Secrets are read from
// their files.
func (s *serveCommand) check() error {
	s.Server.Log = slog.New(slog.DiscardHandler)
	err := errors.Join(s.checkWorkers(), s.Runtime.check(), s.readSecrets(), s.readCertificate(), s.joinOthers(), s.Admin.Check())
	if err != nil {
		return err
	}
	s.shareLoops(s.Workers)
	_, err = core.New(s.Server)
	return err
}
