package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/gannet-ws/gannet/profiles"
)

// examination finds all that is wrong with a configuration file. To hear what is wrong
// beside a mistake it leaves the setting out that the mistake is about, and tries again.
// What then says that this one is missing only follows from the mistake, and is not told.
type examination struct {
	file       *fileResolver
	known      map[string]*kong.Flag // of gannet serve
	leftOut    map[string]bool
	mistakes   []error  // by line
	weaknesses []string // what gannet serve would warn of
}

// examine examines the file. Its settings are fewer afterwards.
func (r *fileResolver) examine(ctx context.Context, app *kong.Application) *examination {
	e := &examination{file: r, known: flagsByName(serveNode(app)), leftOut: map[string]bool{}, mistakes: r.unknown(app)}
	for _, name := range r.names() {
		flag := e.known[name]
		if flag == nil {
			delete(r.settings, name)
			continue
		}
		if err := r.checkValue(flag); err != nil {
			e.mistakes = append(e.mistakes, err)
			e.leaveOut(name)
		}
	}
	serve := e.tryAll(ctx)
	for _, warning := range serve.weaknesses() {
		if !e.follows(warning) {
			e.weaknesses = append(e.weaknesses, warning)
		}
	}
	slices.SortStableFunc(e.mistakes, func(a, b error) int { return cmp.Compare(lineOf(a), lineOf(b)) })
	return e
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

// tryAll notes what gannet serve would refuse to start with, until it would start or
// nothing is left to leave out. It returns the last that was tried.
func (e *examination) tryAll(ctx context.Context) *serveCommand {
	for {
		serve, err := e.file.tryServe(ctx)
		if err == nil {
			return serve
		}
		left := len(e.file.settings)
		var wrong []string
		for _, one := range separate(err) {
			wrong = append(wrong, e.note(one))
		}
		for _, name := range wrong {
			e.leaveOut(name)
		}
		if len(e.file.settings) == left {
			return serve
		}
	}
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

// note keeps a mistake that has not been kept yet and does not follow from another, and
// returns the setting of the file that it is about, if it is about one.
func (e *examination) note(err error) (setting string) {
	sentence := err.Error()
	if fromEnvironment := strings.Contains(sentence, "(from envar "); !fromEnvironment {
		setting = e.setIn(sentence)
	}
	if e.follows(sentence) {
		return setting
	}
	if setting != "" {
		err = e.file.wrong(setting, err)
	}
	if !slices.ContainsFunc(e.mistakes, func(m error) bool { return m.Error() == err.Error() }) {
		e.mistakes = append(e.mistakes, err)
	}
	return setting
}

// follows reports whether a sentence may be true only because of what has been left
// out, as it speaks of that.
func (e *examination) follows(sentence string) bool {
	return slices.ContainsFunc(e.namesIn(sentence), func(name string) bool { return e.leftOut[name] })
}

// setIn returns the setting of the file that a sentence speaks of first.
func (e *examination) setIn(sentence string) string {
	names := e.namesIn(sentence)
	at := slices.IndexFunc(names, func(name string) bool { _, set := e.file.settings[name]; return set })
	if at < 0 {
		return ""
	}
	return names[at]
}

// namesIn returns the settings that a sentence speaks of, in its order, and behind each
// the one of its file, which what it says of a secret may be about.
func (e *examination) namesIn(sentence string) (names []string) {
	for word := range strings.FieldsSeq(sentence) {
		word, _, _ = strings.Cut(word, "=")
		word = strings.Trim(word, "-:;,.()")
		for _, name := range []string{word, word + "-file"} {
			if e.known[name] != nil && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// leaveOut leaves a setting out: with a profile, all that any profile has and the file
// has not, too.
func (e *examination) leaveOut(setting string) {
	if setting == "" {
		return
	}
	e.leftOut[setting] = true
	delete(e.file.settings, setting)
	if setting != "profile" {
		return
	}
	for _, name := range profiles.Names() {
		text, _ := profiles.Read(name) // tests read all
		profile, _ := newFileResolver(name, text)
		for _, setting := range profile.names() {
			_, set := e.file.settings[setting]
			e.leftOut[setting] = e.leftOut[setting] || !set
		}
	}
}

// separate returns the errors that were joined to one.
func separate(err error) (errs []error) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	for _, one := range joined.Unwrap() {
		errs = append(errs, separate(one)...)
	}
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
