package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// fileResolver gives flags the values that a file has for them. A nil one has none.
type fileResolver struct {
	path     string
	settings map[string]any
	lines    map[string]int    // on which they stand
	octals   map[string]string // those that are octal numbers, as they are written
}

func newFileResolver(path string, raw []byte) (*fileResolver, error) {
	settings := map[string]any{}
	if err := yaml.Unmarshal(raw, &settings); err != nil {
		return nil, fmt.Errorf("%s is not YAML: %w", path, err)
	}
	r := &fileResolver{path: path, settings: settings, lines: map[string]int{}, octals: map[string]string{}}
	r.look(raw)
	return r, nil
}

// look finds out what of the file its values do not tell.
func (r *fileResolver) look(raw []byte) {
	file, err := parser.ParseBytes(raw, 0)
	if err != nil || len(file.Docs) == 0 {
		return
	}
	mapping, _ := file.Docs[0].Body.(*ast.MappingNode)
	if mapping == nil {
		return
	}
	for _, pair := range mapping.Values {
		key := pair.Key.GetToken()
		r.lines[key.Value] = key.Position.Line
		if value, ok := pair.Value.(*ast.IntegerNode); ok && strings.HasPrefix(value.GetToken().Value, "0") {
			r.octals[key.Value] = value.GetToken().Value
		}
	}
}

// names returns the names of the settings, from the file's top to its end.
func (r *fileResolver) names() []string {
	return slices.SortedFunc(maps.Keys(r.settings), func(a, b string) int {
		return cmp.Or(cmp.Compare(r.lines[a], r.lines[b]), cmp.Compare(a, b))
	})
}

// at is the place of a setting, as compilers write it.
func (r *fileResolver) at(name string) string {
	if line := r.lines[name]; line > 0 {
		return fmt.Sprintf("%s:%d", r.path, line)
	}
	return r.path
}

// mistake is what is wrong with a setting of a file.
type mistake struct {
	at   string // where it stands
	line int
	err  error
}

func (m *mistake) Error() string { return m.at + ": " + m.err.Error() }

// Unwrap returns it without the place.
func (m *mistake) Unwrap() error { return m.err }

// wrong returns what is wrong with a setting.
func (r *fileResolver) wrong(name string, err error) error {
	return &mistake{r.at(name), r.lines[name], err}
}

// has reports whether the file sets a flag.
func (r *fileResolver) has(flag *kong.Flag) bool {
	if r == nil {
		return false
	}
	_, ok := r.settings[flag.Name]
	return ok
}

// Validate refuses settings that no flag has.
func (r *fileResolver) Validate(app *kong.Application) error {
	return errors.Join(r.unknown(app)...)
}

// unknown returns an error for each setting that no flag has.
func (r *fileResolver) unknown(app *kong.Application) (errs []error) {
	known, offered := flagNames(app.Node), ownFlagNames(serveNode(app))
	for _, name := range r.names() {
		if !slices.Contains(known, name) {
			errs = append(errs, r.wrong(name, fmt.Errorf("%s: no such setting%s", name, suggest(name, offered))))
		}
	}
	return errs
}

// Resolve returns the file's value for a flag, as kong reads values. A flag that the
// environment sets has none, as kong would prefer the file's.
func (r *fileResolver) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if _, set := inEnvironment(flag); set || !r.has(flag) {
		return nil, nil
	}
	return r.value(flag)
}

// value returns the value that the file has for a flag: text, several of it for one
// that takes several, or a bool.
func (r *fileResolver) value(flag *kong.Flag) (any, error) {
	switch value := r.settings[flag.Name].(type) {
	case bool:
		if !flag.IsBool() {
			return nil, r.wrong(flag.Name, noBool(flag, value))
		}
		return value, nil
	case []any:
		if flag.IsSlice() {
			return texts(value), nil
		}
	case map[string]any, nil:
	default:
		return cmp.Or(r.octals[flag.Name], fmt.Sprint(value)), nil
	}
	return nil, r.wrong(flag.Name, fmt.Errorf("%s must be a single value", flag.Name))
}

// noBool returns the error of a flag that has a bool for another value, as YAML takes
// a true and a false without quotes.
func noBool(flag *kong.Flag, value bool) error {
	switch unit := unitOf(flag); {
	case unit == "text":
		return fmt.Errorf("%s is %t, which is no text in YAML unless it is in quotes", flag.Name, value)
	case flag.Enum != "":
		return fmt.Errorf("%s is %t: it is %s", flag.Name, value, unit)
	default:
		return fmt.Errorf("%s is %t: it is a %s", flag.Name, value, unit)
	}
}

func texts(values []any) []any {
	all := make([]any, len(values))
	for i, value := range values {
		all[i] = fmt.Sprint(value)
	}
	return all
}

// flagNames returns the names of all flags of a command and of those beneath it.
func flagNames(node *kong.Node) (names []string) {
	names = ownFlagNames(node)
	for _, child := range node.Children {
		names = append(names, flagNames(child)...)
	}
	return names
}

func ownFlagNames(node *kong.Node) (names []string) {
	for _, flag := range node.Flags {
		names = append(names, flag.Name)
	}
	return names
}
