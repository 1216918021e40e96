// Command readme writes the section "Figures" of README.md, and its charts, from
// the results that make bench-full leaves in a folder:
//
//	go run ./bench/readme bin/bench-full
//
// It runs at the root of the project. What has no result is left out, and said.
package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
)

// Where the figures go, from the root of the project.
const (
	readmeFile   = "README.md"
	chartsFolder = "bench/figures"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("readme: ")
	if len(os.Args) != 2 {
		log.Fatal("usage: go run ./bench/readme FOLDER, which has the results of make bench-full")
	}
	if err := write(os.Args[1], ".", os.Stderr); err != nil {
		log.Fatal(err)
	}
}

// write reads the results in a folder, and writes what they say into the project at
// root. What is left out it tells log.
func write(folder, root string, log io.Writer) error {
	measured, err := readResults(folder)
	if err != nil {
		return err
	}
	if missing := measured.missing(); len(missing) > 0 {
		_, _ = fmt.Fprintf(log, "left out, as %s has no result: %s\n", folder, strings.Join(missing, ", "))
	}
	readme := filepath.Join(root, readmeFile)
	before, err := os.ReadFile(readme)
	if err != nil {
		return err
	}
	after, err := replaceBlock(string(before), measured.markdown())
	if err != nil {
		return fmt.Errorf("%s: %w", readme, err)
	}
	if err := writeCharts(filepath.Join(root, chartsFolder), measured); err != nil {
		return err
	}
	return os.WriteFile(readme, []byte(after), 0o644)
}

// writeCharts writes a file for each chart.
func writeCharts(folder string, measured *results) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, c := range measured.charts() {
		if err := os.WriteFile(filepath.Join(folder, c.file), c.draw(), 0o644); err != nil {
			return err
		}
	}
	return nil
}
