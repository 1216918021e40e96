// Package profiles has presets for gannet serve: files in the form of a
// configuration file, YAML whose keys are the names of flags. A comment over each
// setting says why it is there. Any goroutine may call it.
package profiles

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed *.yaml
var files embed.FS

const extension = ".yaml"

// Names returns the names of the presets in the order of the alphabet. The caller
// owns the slice.
func Names() []string {
	entries, _ := files.ReadDir(".") // of what is embedded
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = strings.TrimSuffix(entry.Name(), extension)
	}
	return names
}

// Read returns the file of a preset, which the caller owns. Where there is none of
// that name the error names those that there are.
func Read(name string) ([]byte, error) {
	text, err := files.ReadFile(name + extension)
	if err != nil {
		return nil, fmt.Errorf("there is no profile %q: they are %s", name, strings.Join(Names(), ", "))
	}
	return text, nil
}

// Summary returns the first sentence of a preset's file: what it is for.
func Summary(name string) (string, error) {
	text, err := Read(name)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimPrefix(line, "# "), nil
}
