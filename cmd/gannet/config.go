package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
)

// configFile is the path of a YAML file whose keys are the names of flags. Its
// values stand beneath the environment and the command line.
type configFile string

// BeforeResolve adds the file's settings before flags get their values.
func (f configFile) BeforeResolve(k *kong.Kong, command *kong.Context, trace *kong.Path) error {
	path := string(command.FlagValue(trace.Flag).(configFile))
	if path == "" {
		return nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("cannot read the configuration: %w", err)
	}
	settings := map[string]any{}
	if err := yaml.Unmarshal(raw, &settings); err != nil {
		return fmt.Errorf("%s is not YAML: %w", path, err)
	}
	command.AddResolver(&fileResolver{path: path, settings: settings})
	return nil
}

// fileResolver gives flags the values that a file has for them.
type fileResolver struct {
	path     string
	settings map[string]any
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

// Resolve returns the file's value for a flag, as kong reads values: text.
func (r *fileResolver) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	value, ok := r.settings[flag.Name]
	if !ok {
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
