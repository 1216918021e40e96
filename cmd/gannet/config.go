package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
)

// BeforeResolve adds what stands beneath the environment and the command line,
// before flags get their values: a configuration file and, beneath that, a profile.
func (c *cli) BeforeResolve(command *kong.Context) error {
	file, err := readConfiguration(command)
	if err != nil {
		return err
	}
	profile, err := readProfile(command, file)
	if err != nil {
		return err
	}
	for _, r := range []*fileResolver{profile, file} {
		if r != nil {
			command.AddResolver(r)
		}
	}
	return nil
}

// readConfiguration returns the settings of the file that --config names, nil if
// it names none.
func readConfiguration(command *kong.Context) (*fileResolver, error) {
	path, _ := command.FlagValue(findFlag(command, "config")).(string)
	if path == "" {
		return nil, nil
	}
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

// fileResolver gives flags the values that a file has for them.
type fileResolver struct {
	path     string
	settings map[string]any
}

func newFileResolver(path string, raw []byte) (*fileResolver, error) {
	settings := map[string]any{}
	if err := yaml.Unmarshal(raw, &settings); err != nil {
		return nil, fmt.Errorf("%s is not YAML: %w", path, err)
	}
	return &fileResolver{path: path, settings: settings}, nil
}

// Validate refuses settings that no flag has.
func (r *fileResolver) Validate(app *kong.Application) error {
	known := flagNames(app.Node)
	for name := range r.settings {
		if !slices.Contains(known, name) {
			return fmt.Errorf("%s: unknown setting %q%s", r.path, name, suggest(name, known))
		}
	}
	return nil
}

// Resolve returns the file's value for a flag, as kong reads values: text. A flag
// that the environment sets has none, as kong would prefer the file's.
func (r *fileResolver) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	value, ok := r.settings[flag.Name]
	if !ok || inEnvironment(flag) {
		return nil, nil
	}
	switch value := value.(type) {
	case map[string]any, nil:
		return nil, fmt.Errorf("%s: %s must be a single value", r.path, flag.Name)
	case []any:
		parts := make([]string, len(value))
		for i, part := range value {
			parts[i] = fmt.Sprint(part)
		}
		return strings.Join(parts, ","), nil
	case bool:
		return value, nil
	default:
		return fmt.Sprint(value), nil
	}
}

// inEnvironment reports whether the environment sets a flag, if only to nothing.
func inEnvironment(flag *kong.Flag) bool {
	return slices.ContainsFunc(flag.Envs, func(name string) bool {
		_, ok := os.LookupEnv(name)
		return ok
	})
}

func flagNames(node *kong.Node) (names []string) {
	for _, flag := range node.Flags {
		names = append(names, flag.Name)
	}
	for _, child := range node.Children {
		names = append(names, flagNames(child)...)
	}
	return names
}

// suggest names the flag that a mistyped one is nearest to.
func suggest(name string, known []string) string {
	best, nearest := "", 4
	for _, k := range known {
		if d := editDistance(name, k); d < nearest {
			best, nearest = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// editDistance is the number of letters to change, add or drop.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
