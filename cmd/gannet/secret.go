package main

import (
	"fmt"
	"os"
	"strings"
)

// readSecret sets a secret from a file, without the line's end.
func readSecret(name string, secret *string, path string) error {
	if path == "" {
		return nil
	}
	if *secret != "" {
		return fmt.Errorf("%s and %s-file are both set: choose one", name, name)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("cannot read %s-file: %w", name, err)
	}
	if *secret = strings.TrimRight(string(raw), "\r\n"); *secret == "" {
		return fmt.Errorf("%s-file %s is empty", name, path)
	}
	return nil
}
